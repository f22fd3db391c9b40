"""An ONNX file becomes a drawing that gives what onnxruntime gives, or a refusal that says which operation of it stands in the way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from graph.catalog.definitions import OUTPUT
from graph.messages import Message, RunError, msg
from graph.model import Port, Project
from runtime.compiler import compile_project
from runtime.importer.module import Imported, InputSpec, Report, import_module
from runtime.importer.onnx_fusing import fused
from runtime.importer.onnx_module import OnnxModule
from runtime.importer.onnx_reading import OnnxGraph, OnnxInput, OnnxNode, OnnxRefusal, read, require_onnx
from runtime.importer.onnx_values import FEWEST
from runtime.importer.proof import difference
from runtime.importer.recording import Refusal

TOLERANCE = 1e-5  # of the largest number of a tensor: what two libraries may differ by that compute the same
BATCHES = (1, 2, 7)  # on which both are compared where the file takes any
MADE_ON = 2  # samples of the batch on which the layers are made
SEED = 3
KINDS = {"float32": "float32", "int64": "int64", "int32": "int64", "bool": "bool"}
Given = InputSpec


@dataclass(frozen=True)
class OnnxReport:
    """What came of a file. `module` is the report of the drawing; `batches` and `outputs` say on what it was compared with onnxruntime,
    and the largest difference as a share of the largest number; `fixed` is the one batch that the file takes, if it is only one.

    `numbers` counts those in float32 that the file holds and uses, `learned` those of them that learn in the drawing: all others stay as
    they are, in settings, constants and statistics. `more` learn in the drawing beside them: exporters keep tensors that are the same
    number all over only once, such as the zeros of several layers. `unused` are tensors that nothing needs, `loose` those that no layer
    holds and that learn in nodes of their own.
    """

    module: Report
    batches: tuple[int, ...]
    outputs: float
    fixed: int | None
    numbers: int
    learned: int
    more: int = 0
    unused: tuple[str, ...] = ()
    loose: tuple[str, ...] = ()


@dataclass(frozen=True)
class OnnxImported:
    """A drawing with the weights for its network, by their names in its `state_dict`."""

    project: Project
    weights: Mapping[str, Tensor]
    report: OnnxReport


def import_onnx(path: Path, given: Sequence[InputSpec] = (), *, name: str = "") -> OnnxImported:
    """The drawing of an ONNX file. `given` describes its inputs in their order where the file leaves sizes open beside the batch,
    or where whole numbers have another range than that of the tables that they look up.

    Raises:
        OnnxRefusal: it does what no drawing can; the message names the operation and the node.
        RunError: the file cannot be read, its inputs do not fit, or the drawing is not the same.
    """
    require_onnx()
    graph = read(path)
    specs, fixed = _inputs(graph, given)
    nodes = fused(graph)
    module = OnnxModule(graph, nodes, fixed)
    examples = dict(zip(module.names, specs, strict=True))
    _made(module, examples, fixed)
    session = _session(graph)
    batches = (fixed,) if fixed is not None else BATCHES
    _check_module(module, session, examples, batches)
    try:
        made = import_module(module, specs, name=name or path.stem)
    except Refusal as refusal:
        raise _refused(refusal, graph) from None
    worst = _compared(made, module, session, examples, batches)
    return OnnxImported(made.project, made.weights, _report(graph, module, made, batches, worst, fixed))


# ---- inputs


def _inputs(graph: OnnxGraph, given: Sequence[InputSpec]) -> tuple[list[InputSpec], int | None]:
    """One sample of each input, and the batch if the file takes only one.

    Raises:
        RunError: they have no batch in common, or sizes are open that nobody said.
    """
    if not graph.inputs:
        raise RunError(msg("The graph has no inputs: it always gives the same. There is nothing to draw."))
    if given and len(given) != len(graph.inputs):
        text = msg("The graph takes {names}, and {count} inputs are described. Describe each with {option}, in this order.",
                   option="--input", names=", ".join(entry.name for entry in graph.inputs), count=len(given))  # fmt: skip
        raise RunError(text)
    firsts = {entry.shape[0] if entry.shape else 0 for entry in graph.inputs}
    if len(firsts) > 1 or 0 in firsts:
        shapes = ", ".join(f"{entry.name} ({_shown(entry)})" for entry in graph.inputs)
        text = msg("The inputs of the graph do not all have the batch as their first dimension: {shapes}. A drawing works on batches: "
                   "export the model with the batch first everywhere.", shapes=shapes)  # fmt: skip
        raise RunError(text)
    specs = [_spec(graph, entry, given[i] if given else None) for i, entry in enumerate(graph.inputs)]
    return specs, firsts.pop()


def _shown(entry: OnnxInput) -> str:
    return " × ".join("?" if size is None else str(size) for size in entry.shape)


def _spec(graph: OnnxGraph, entry: OnnxInput, said: InputSpec | None) -> InputSpec:
    dtype = KINDS.get(entry.dtype)
    if dtype is None:
        text = msg("The input '{name}' is of the kind {kind}, and a drawing is given float32, int64 or bool. Convert the file first.",
                   name=entry.name, kind=entry.dtype or "?")  # fmt: skip
        raise RunError(text)
    sizes = entry.shape[1:]
    count = said.count if said is not None and said.count > 2 else _rows(graph, entry.name) or 2
    if said is not None:
        fits = len(said.shape) == len(sizes) and all(
            size in (None, told) for size, told in zip(sizes, said.shape, strict=True)
        )
        if not fits:
            raise RunError(msg("The input '{name}' is {shape} with the batch first, and other sizes are described for it.",
                               name=entry.name, shape=_shown(entry)))  # fmt: skip
        return InputSpec(said.shape, dtype, count)
    if None in sizes:
        raise RunError(msg("The input '{name}' is {shape}: the file leaves sizes of a sample open. Say them with {option}, such as "
                           "3,32,32, once for each input.", option="--input", name=entry.name, shape=_shown(entry)))  # fmt: skip
    return InputSpec(tuple(size for size in sizes if size is not None), dtype, count)


def _rows(graph: OnnxGraph, name: str) -> int | None:
    """How many rows the table has that an input looks up, if it does."""
    names = {name}
    rows: list[int] = []
    for node in graph.nodes:
        if (
            node.operator in ("Cast", "Identity", "Reshape", "Flatten", "Unsqueeze", "Squeeze", "Transpose", "Slice")
            and node.inputs[0] in names
        ):
            names.add(node.outputs[0])
        if (
            node.operator == "Gather"
            and node.inputs[1] in names
            and node.inputs[0] in graph.numbers
            and not node.attributes.get("axis")
        ):
            rows.append(graph.numbers[node.inputs[0]].shape[0])
    return min(rows) if rows else None


def _examples(specs: Mapping[str, InputSpec], batch: int, seed: int = SEED) -> dict[str, Tensor]:
    draw = torch.Generator().manual_seed(seed + batch)
    return {name: spec.example(batch, draw) for name, spec in specs.items()}


# ---- running


def _made(module: OnnxModule, specs: Mapping[str, InputSpec], fixed: int | None) -> None:
    """Run it once, so that its layers are made. A file for one batch runs on that."""
    module.eval()
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        module(**_examples(specs, fixed or MADE_ON))


def _session(graph: OnnxGraph) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    try:
        return onnxruntime.InferenceSession(graph.content, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        text = msg(
            "onnxruntime does not take '{path}', so nothing can be compared with it: {error}",
            path=graph.path,
            error=f"{error}"[:300],
        )
        raise RunError(text) from error


def _truth(session: Any, module: OnnxModule, given: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """What onnxruntime gives, by the names of the outputs of the module."""
    feed = {entry.name: given[name].numpy().astype(entry.dtype) for name, entry in module.names.items()}
    try:
        found = session.run(list(module.results.values()), feed)
    except Exception as error:
        text = msg("onnxruntime does not run the file on a batch of {batch}: {error}",
                   batch=len(next(iter(given.values()))), error=f"{error}"[:300])  # fmt: skip
        raise RunError(text) from error
    return {name: torch.from_numpy(np.asarray(array)) for name, array in zip(module.results, found, strict=True)}


def _differs(truth: Tensor, found: Tensor) -> float:
    found = found.detach()
    if truth.dtype != found.dtype and not (truth.is_floating_point() or found.is_floating_point()):
        found = found.to(truth.dtype)
    return difference(truth, found)


def _check_module(module: OnnxModule, session: Any, specs: Mapping[str, InputSpec], batches: Sequence[int]) -> None:
    """Before it is drawn: the operations as PyTorch runs them give what onnxruntime gives.

    Raises:
        OnnxRefusal: one does not; the message names the first.
    """
    for batch in batches:
        given = _examples(specs, batch)
        truth = _truth(session, module, given)
        with torch.no_grad():
            found = module(**given)
        for name, tensor in truth.items():
            worst = _differs(tensor, found[name])
            if worst > TOLERANCE:
                raise _first_that_differs(module, given, worst)


def _first_that_differs(module: OnnxModule, given: Mapping[str, Tensor], worst: float) -> RunError:
    """Which operation gives something else than onnxruntime, by looking at everything in between."""
    import onnx

    model = onnx.load_from_string(module.graph.content)
    known = {name: value for name, value in module.values.items() if isinstance(value, Tensor)}
    nodes = [node for node in module.graph.nodes if any(out in known for out in node.outputs)]
    told = {output.name for output in model.graph.output}
    for node in nodes:
        model.graph.output.extend(
            onnx.ValueInfoProto(name=out) for out in node.outputs if out in known and out not in told
        )
        told |= set(node.outputs)
    session = _session(OnnxGraph(**{**module.graph.__dict__, "content": model.SerializeToString()}))
    feed = {entry.name: given[name].numpy().astype(entry.dtype) for name, entry in module.names.items()}
    names = [out for node in nodes for out in node.outputs if out in known]
    found = dict(zip(names, session.run(names, feed), strict=True))
    for node in nodes:
        for out in node.outputs:
            if out in known and _differs(torch.from_numpy(np.asarray(found[out])), known[out]) > TOLERANCE:
                return OnnxRefusal(node, _other_numbers(worst))
    return RunError(_other_numbers(worst))


def _other_numbers(worst: float) -> Message:
    return msg("it gives other numbers here than in onnxruntime (a share of {share:.1e} of the largest), so nothing is imported. Please "
               "report this.", share=worst)  # fmt: skip


# ---- the drawing


def _refused(refusal: Refusal, graph: OnnxGraph) -> RunError:
    """The refusal of a drawing as one that names the node of the graph."""
    place = refusal.place
    reason = refusal.message.values.get("reason")
    if place is None or place.file != str(graph.path) or not isinstance(reason, Message):
        return refusal
    return OnnxRefusal(graph.nodes[place.line - 1], reason)


def _compared(
    made: Imported, module: OnnxModule, session: Any, specs: Mapping[str, InputSpec], batches: Sequence[int]
) -> float:
    """The largest difference of an output of the drawing and of onnxruntime.

    Raises:
        RunError: it is larger than two libraries can differ.
    """
    compiled = compile_project(made.project)
    network = compiled.build(seed=0)
    network.load_state_dict(dict(made.weights))
    network.eval()
    inputs = [made.project.graph.nodes[port.node].name for port in compiled.inputs]
    ports = [_port(made.project, number) for number in range(len(module.results))]
    worst = 0.0
    for batch in batches:
        given = _examples(specs, batch)
        with torch.no_grad():
            result = network(*(given[name] for name in inputs))
        found = dict(zip(compiled.outputs, result if isinstance(result, tuple) else (result,), strict=True))
        for port, (name, tensor) in zip(ports, _truth(session, module, given).items(), strict=True):
            share = _differs(tensor, found[port])
            worst = max(worst, share)
            if share > TOLERANCE:
                text = msg("The output '{name}' of the drawing is not that of onnxruntime (a share of {share:.1e} of the largest), so "
                           "nothing is imported. Please report this.", name=name, share=share)  # fmt: skip
                raise RunError(text)
    return worst


def _port(project: Project, number: int) -> Port:
    """What goes into an Output node; these stand in the order of the outputs of the graph."""
    ends = [node.id for node in project.graph.nodes.values() if node.type == OUTPUT]
    return next(link.source for link in project.graph.links.values() if link.target.node == ends[number])


def _report(
    graph: OnnxGraph, module: OnnxModule, made: Imported, batches: Sequence[int], worst: float, fixed: int | None
) -> OnnxReport:
    floats = {name: array for name, array in graph.numbers.items() if array.dtype == np.float32}
    used = {name: array.size for name, array in floats.items() if name in module.used}
    learned = sum(size for name, size in used.items() if name in module.learning)
    return OnnxReport(
        module=made.report, batches=tuple(batches), outputs=worst, fixed=fixed, numbers=sum(used.values()), learned=learned,
        more=max(0, made.report.parameters - learned),
        unused=tuple(name for name, array in floats.items() if name not in used and array.size >= FEWEST),
        loose=tuple(name for name, _ in module.named_parameters(recurse=False)),
    )  # fmt: skip


__all__ = ["Given", "OnnxImported", "OnnxNode", "OnnxReport", "import_onnx"]
