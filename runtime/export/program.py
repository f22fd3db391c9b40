"""PyTorch programs (`.pt2`): the network as a graph of PyTorch's operations, run by torch alone without its Python code."""

from __future__ import annotations

import inspect
import io
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from graph.catalog import CATALOG
from graph.messages import ExportError, msg
from runtime.analysis import TensorSpec
from runtime.data.sources import SERIES
from runtime.export.onnx_file import first_line
from runtime.export.open_lengths import whole_recurrent_layers
from runtime.export.verify import exportable, input_specs, random_batches, still_copy

if TYPE_CHECKING:
    from torch import Tensor, nn
    from torch.export import ExportedProgram

    from runtime.predict import Trained

BATCH, LENGTH = "batch", "length"
EXAMPLE = "7"  # the batch that is traced; a batch of 1 would be taken for a constant
Batches = Mapping[str, "tuple[Tensor, ...]"]


class Program(NamedTuple):
    """An exported network.

    `shapes` gives for each argument its dimensions: numbers, and words for those that are open ("batch", "length");
    `batches` are more inputs to compare it on, those of other lengths.
    """

    exported: ExportedProgram
    shapes: Mapping[str, tuple[int | str, ...]]
    batches: Batches

    def content(self) -> bytes:
        """The bytes of the `.pt2` file: JSON and the raw numbers of the weights, no pickle."""
        import torch

        buffer = io.BytesIO()
        with _quiet():
            torch.export.save(self.exported, buffer)
        return buffer.getvalue()


def to_program(trained: Trained) -> Program:
    """The network in evaluation mode as a program of any batch size, and of any length of its sequences where it allows that.

    Raises:
        ExportError: `torch.export` cannot write it; the message names the node where that is known.
    """

    specs = input_specs(trained.compiled)
    example = random_batches(specs)[EXAMPLE]
    model = exportable(still_copy(trained.model))
    open_axes = _sequences(trained, specs)
    exported = _export(trained, model, example, open_axes)
    if any(open_axes) and not _runs(model, _shorter(exported, example)):  # traced, but the layers want that very length
        exported = _export(trained, model, example, [False] * len(specs))
    names = inspect.signature(model.forward).parameters
    shapes = {
        name: tuple(map(_dim, range(len(shape)), shape)) for name, shape in zip(names, _shapes(exported), strict=True)
    }
    shorter = _shorter(exported, example)
    return Program(exported, shapes, _named(shorter, example))


def trace(model: nn.Module, example: tuple[Tensor, ...], shapes: Sequence[Mapping[int, Any]]) -> ExportedProgram:
    """`torch.export`, without the traces of the stack, which name folders of this computer, and without the example."""
    import torch

    with _quiet(), whole_recurrent_layers():
        exported = torch.export.export(model, example, dynamic_shapes=tuple(shapes))
    for module in exported.graph_module.modules():
        for node in getattr(getattr(module, "graph", None), "nodes", ()):
            node.meta.pop("stack_trace", None)
    exported._example_inputs = None
    return exported


def dynamic_shapes(open_axes: Sequence[bool]) -> list[dict[int, Any]]:
    """What `torch.export` takes: the batch is open by all means, a length as far as the network allows."""
    import torch

    batch = torch.export.Dim("batch")
    return [{0: batch, 1: torch.export.Dim.AUTO} if is_open else {0: batch} for is_open in open_axes]


def _export(trained: Trained, model: nn.Module, example: tuple[Tensor, ...], axes: Sequence[bool]) -> ExportedProgram:
    from runtime.training.failures import culprit

    try:
        return trace(model, example, dynamic_shapes(axes))
    except Exception as error:  # whatever a layer raises while it is traced
        node = culprit(error, trained.compiled)
        reason = first_line(error)
        if node is None:
            text = msg("This network cannot be written as a PyTorch program: {error}", error=reason)
        else:
            text = msg(
                "'{name}' cannot be written as a PyTorch program: {error} Replace it, or export the Python project.",
                name=trained.compiled.project.graph.nodes[node].name,
                error=reason.rstrip(".") + ".",
            )
        raise ExportError(text, node=node) from error


def _sequences(trained: Trained, specs: Sequence[TensorSpec]) -> list[bool]:
    """For each input whether its second dimension counts the steps of a sequence: rows of tokens, windows of a series."""
    nodes = trained.project.graph.nodes
    kinds = [CATALOG[nodes[port.node].type].id for port in trained.compiled.inputs]
    return [
        len(spec.shape) == (3 if kind == SERIES else 2) and (kind == SERIES or not spec.dtype.startswith("float"))
        for spec, kind in zip(specs, kinds, strict=True)
    ]


def _shapes(exported: ExportedProgram) -> list[tuple]:
    """The traced shapes of the inputs, open dimensions as symbols."""
    inputs = exported.graph_signature.user_inputs
    found = {node.name: node.meta["val"].shape for node in exported.graph.nodes if node.name in inputs}
    return [tuple(map(_known, found[str(name)])) for name in inputs]


def _known(size: Any) -> Any:
    """The number behind a dimension that turned out to be one."""
    known = None if isinstance(size, int) else size.node.maybe_as_int()
    return size if known is None else known


def _dim(axis: int, size: Any) -> int | str:
    return size if isinstance(size, int) else LENGTH if axis else BATCH


def _shorter(exported: ExportedProgram, example: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """The example with half the length where lengths are open, but at least what the program allows."""
    shorter = []
    for shape, tensor in zip(_shapes(exported), example, strict=True):
        if len(shape) > 1 and not isinstance(shape[1], int):
            bounds = exported.range_constraints.get(shape[1].node.expr)
            tensor = tensor[:, : max(tensor.shape[1] // 2, int(bounds.lower) if bounds else 2)]
        shorter.append(tensor)
    return tuple(shorter)


def _runs(model: nn.Module, batch: tuple[Tensor, ...]) -> bool:
    import torch

    try:
        with torch.random.fork_rng(devices=[]), torch.inference_mode():
            model(*(tensor.clone() for tensor in batch))
    except (RuntimeError, ValueError, IndexError, AssertionError):
        return False
    return True


def _named(shorter: tuple[Tensor, ...], example: tuple[Tensor, ...]) -> Batches:
    """The batch under the name `7x32`: 7 samples of length 32; `7x13,6` where two inputs have lengths of their own."""
    pairs = zip(shorter, example, strict=True)
    lengths = dict.fromkeys(str(new.shape[1]) for new, old in pairs if new.shape != old.shape)
    return {f"{EXAMPLE}x{','.join(lengths)}": shorter} if lengths else {}


@contextmanager
def _quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
