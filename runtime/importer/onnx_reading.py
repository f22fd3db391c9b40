"""An ONNX file as plain records: its inputs, the numbers that it holds, its operations in order. Nothing of it is run. No torch.

The format: https://onnx.ai/onnx/repo-docs/IR.html; the operators: https://onnx.ai/onnx/operators.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from graph.messages import Message, RunError, msg

if TYPE_CHECKING:
    import numpy as np

OLDEST = 9  # operator sets: what stands before it has other meanings
NEWEST = 28
MAX_BYTES = 2**34  # of a file and of what lies beside it
SIZED = ("NonZero", "Unique", "Compress", "NonMaxSuppression", "StringSplit")
FORBIDDEN: Mapping[str, Message] = {
    **dict.fromkeys(("If", "Loop", "Scan", "SequenceMap"), msg(
        "it holds graphs of its own that run by the numbers of a tensor, and a drawing has no such decisions. Export the model without "
        "it: with a fixed number of steps, or with Where instead of a branch.")),
    **dict.fromkeys(SIZED, msg(
        "how much it gives depends on the numbers in a tensor. A drawing needs shapes that follow from shapes. Export the model without "
        "this step.")),
    **dict.fromkeys("RandomNormal RandomUniform RandomNormalLike RandomUniformLike Multinomial Bernoulli".split(), msg(
        "it draws random numbers, so that nothing can be compared. Export the model with an input in its place.")),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class OnnxInput:
    """What the graph is given. `shape` has None for each size that is open, and may be empty."""

    name: str
    dtype: str
    shape: tuple[int | None, ...]


@dataclass(frozen=True, slots=True, eq=False)
class OnnxNode:
    """An operation. `scopes` are the modules that it was written in, `classes` what these are, from the outermost on.

    `of_shapes` says that it needs no numbers of an input, only shapes; `number` counts the nodes of the file from 1.
    """

    number: int
    name: str
    operator: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any] = field(default_factory=dict)
    scopes: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    of_shapes: bool = False
    proto: Any = None


@dataclass(frozen=True)
class OnnxGraph:
    """The whole file. `numbers` are the tensors that it holds, by name; those of `Constant` nodes are among the nodes."""

    path: Path
    inputs: tuple[OnnxInput, ...]
    outputs: tuple[str, ...]
    nodes: tuple[OnnxNode, ...]
    numbers: Mapping[str, np.ndarray]
    operators: int  # the version of the operator set
    content: bytes  # the file, with what lay beside it


class OnnxRefusal(RunError):
    """A graph that cannot become a drawing: which operation stands in the way, and the name of its node."""

    def __init__(self, node: OnnxNode, reason: Message) -> None:
        text = msg("'{operator}' at the node '{node}' of the graph: {reason}", operator=node.operator,
                   node=node.name or ", ".join(node.outputs), reason=reason)  # fmt: skip
        super().__init__(text)
        self.operator, self.node_name = node.operator, node.name


def require_onnx() -> Any:
    """The package `onnx`.

    Raises:
        RunError: it, or onnxruntime, is not installed; the message says how to install them.
    """
    try:
        import onnx
        import onnxruntime  # noqa: F401 - what is imported is compared with it
    except Exception as error:
        text = msg("Reading an ONNX file needs packages that cannot be loaded here. Install them with: {command}",
                   command="python -m pip install onnx onnxruntime")  # fmt: skip
        raise RunError(text) from error
    return onnx


def read(path: Path) -> OnnxGraph:
    """The graph of a file.

    Raises:
        RunError: there is no such file, it is no ONNX or is broken, something that it needs is missing, or is too old or too new.
        OnnxRefusal: one of its operations has no place in a drawing.
    """
    onnx = require_onnx()
    model = _loaded(onnx, path)
    _check_versions(model, path)
    _with_external_data(onnx, model, path)
    if not all(
        entry.type.tensor_type.HasField("shape") for entry in model.graph.output
    ):  # what some leave out, and the rules ask for
        model = onnx.shape_inference.infer_shapes(model)
    _check(onnx, model, path)
    if model.functions:
        from onnx.inliner import inline_local_functions

        model = inline_local_functions(model)
    graph = model.graph
    numbers = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer}
    inputs = tuple(_input(onnx, entry) for entry in graph.input if entry.name not in numbers)
    nodes = tuple(_nodes(onnx, graph.node, set(numbers)))
    version = next(entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx"))
    outputs = tuple(entry.name for entry in graph.output)
    return OnnxGraph(path, inputs, outputs, nodes, numbers, version, model.SerializeToString())


def _loaded(onnx: Any, path: Path) -> Any:
    if not path.is_file():
        raise RunError(msg("There is no file '{path}'. Check the path.", path=path))
    if path.stat().st_size > MAX_BYTES:
        raise RunError(msg("'{path}' is larger than 16 GiB, which is too large to be drawn.", path=path))
    not_onnx = msg(
        "'{path}' is not an ONNX file, or is broken. Export it again, with torch.onnx.export for example.", path=path
    )
    try:
        model = onnx.load_model(str(path), format="protobuf", load_external_data=False)
    except Exception as error:  # protobuf raises errors of its own
        raise RunError(not_onnx) from error
    if not model.ir_version or not model.opset_import or not model.graph.output:
        raise RunError(not_onnx)
    return model


def _check_versions(model: Any, path: Path) -> None:
    known = {"", "ai.onnx"}
    versions = [entry.version for entry in model.opset_import if entry.domain in known]
    if not versions:
        text = msg("'{path}' uses no operators of ONNX itself, only those of {domains}, which no drawing has.",
                   path=path, domains=", ".join(entry.domain for entry in model.opset_import))  # fmt: skip
        raise RunError(text)
    if not OLDEST <= versions[0] <= NEWEST:
        text = msg("'{path}' uses the operators of version {version}; versions {oldest} to {newest} can be read. Export it again with one "
                   "of these, or convert it with onnx.version_converter.",
                   path=path, version=versions[0], oldest=OLDEST, newest=NEWEST)  # fmt: skip
        raise RunError(text)


# ---- what lies beside the file


def _with_external_data(onnx: Any, model: Any, path: Path) -> None:
    """Read the numbers that lie in other files of the same folder.

    Raises:
        RunError: one leads elsewhere, is missing, or is too short.
    """
    from onnx.external_data_helper import _get_all_tensors, load_external_data_for_model, uses_external_data

    folder = path.resolve().parent
    total = 0
    for tensor in _get_all_tensors(model):
        if not uses_external_data(tensor):
            continue
        told = {entry.key: entry.value for entry in tensor.external_data}
        location = told.get("location", "")
        file = (folder / location).resolve()
        parts = PurePosixPath(location.replace("\\", "/")).parts
        if not location or ".." in parts or Path(location).is_absolute() or not file.is_relative_to(folder):
            raise RunError(msg("'{path}' says that the numbers of '{tensor}' lie in '{location}', outside its folder, and is not read.",
                               path=path, tensor=tensor.name, location=location))  # fmt: skip
        if not file.is_file():
            raise RunError(msg("The numbers of '{tensor}' lie in '{location}', which is missing. Put that file beside '{path}'.",
                               path=path, tensor=tensor.name, location=location))  # fmt: skip
        start, length = _whole(told.get("offset")), _whole(told.get("length"))
        total += length
        if start + length > file.stat().st_size or total > MAX_BYTES:
            raise RunError(msg("'{location}' is too short to hold the numbers of '{tensor}'. Copy it again, whole.",
                               tensor=tensor.name, location=location))  # fmt: skip
    try:
        load_external_data_for_model(model, str(folder))
    except Exception as error:
        raise RunError(
            msg("The numbers beside '{path}' cannot be read: {error}", path=path, error=_line(error))
        ) from error


def _whole(text: str | None) -> int:
    return int(text) if text and text.isdecimal() else 0


def _check(onnx: Any, model: Any, path: Path) -> None:
    """Refuse what breaks the rules of the format, and operations that no drawing can hold; these have better reasons."""
    for node in _nodes(onnx, model.graph.node, {tensor.name for tensor in model.graph.initializer}):
        if node.operator in FORBIDDEN and not (node.of_shapes and node.operator in SIZED):
            raise OnnxRefusal(node, FORBIDDEN[node.operator])
    try:
        if model.ByteSize() < 2**31 - 1:
            onnx.checker.check_model(model)
    except Exception as error:
        raise RunError(msg("'{path}' breaks the rules of ONNX: {error}", path=path, error=_line(error))) from error
    if model.graph.sparse_initializer:
        raise RunError(
            msg("'{path}' holds sparse tensors, which no drawing has. Export it with dense ones.", path=path)
        )


def _line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__)[:300]


# ---- the graph


def _input(onnx: Any, entry: Any) -> OnnxInput:
    kind = entry.type.tensor_type
    if not entry.type.HasField("tensor_type"):
        text = msg(
            "The input '{name}' is no tensor but a sequence, a map or optional, which no drawing is given.",
            name=entry.name,
        )
        raise RunError(text)
    dtype = str(onnx.helper.tensor_dtype_to_np_dtype(kind.elem_type)) if kind.elem_type else ""
    if not kind.HasField("shape"):
        text = msg("The file does not say what shape its input '{name}' has. Export it with shapes.", name=entry.name)
        raise RunError(text)
    shape = tuple(d.dim_value if d.HasField("dim_value") and d.dim_value > 0 else None for d in kind.shape.dim)
    return OnnxInput(entry.name, dtype, shape)


def _nodes(onnx: Any, protos: Iterable[Any], known: set[str]) -> Iterator[OnnxNode]:
    """The nodes, where it is said which of them need no numbers of an input."""
    known = known | {""}
    for node in _plain_nodes(onnx, protos):
        of_shapes = node.operator in ("Shape", "Size", "Constant") or all(name in known for name in node.inputs)
        if of_shapes:
            known |= set(node.outputs)
        yield replace(node, of_shapes=of_shapes)


def _plain_nodes(onnx: Any, protos: Iterable[Any]) -> Iterator[OnnxNode]:
    for number, proto in enumerate(protos, start=1):
        domain = proto.domain if proto.domain not in ("", "ai.onnx") else ""
        operator = f"{domain}.{proto.op_type}" if domain else proto.op_type
        attributes = {a.name: onnx.helper.get_attribute_value(a) for a in proto.attribute if not a.ref_attr_name}
        scopes, classes = _scopes(proto)
        yield OnnxNode(
            number,
            proto.name,
            operator,
            tuple(proto.input),
            tuple(proto.output),
            attributes,
            scopes,
            classes,
            proto=proto,
        )


def _scopes(proto: Any) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The modules around a node as PyTorch's exporters write them: in the metadata, or as a path in the name of the node."""
    told = {entry.key: entry.value for entry in proto.metadata_props}
    names = _listed(told.get("pkg.torch.onnx.name_scopes"))
    classes = _listed(told.get("pkg.torch.onnx.class_hierarchy"))
    if len(names) > 2:
        inner = names[1:-1]
        found = tuple(
            name.rpartition(".")[2] if i and name.startswith(inner[i - 1] + ".") else name
            for i, name in enumerate(inner)
        )
        kinds = tuple(name.rpartition(".")[2] for name in classes[1:-1])
        return found, kinds if len(kinds) == len(found) else ("",) * len(found)
    if proto.name.startswith("/"):
        path = tuple(part for part in proto.name.split("/")[1:-1] if part)
        return path, ("",) * len(path)
    return (), ()


def _listed(text: str | None) -> list[str]:
    try:
        found = ast.literal_eval(text or "[]")
    except (ValueError, SyntaxError):
        return []
    return [str(part) for part in found] if isinstance(found, list) else []
