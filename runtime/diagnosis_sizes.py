"""Two branches that meet with other sizes: which convolution or pooling lost the places, and what gives them back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

from graph import fixes
from graph.catalog import CATALOG
from graph.messages import Message, msg
from graph.model import Graph, Node, NodeId, Value
from graph.problems import Fix
from graph.topology import ancestors
from runtime.analysis import NodeAnalysis
from runtime.diagnosis_tools import Shape, per_axis, times

if TYPE_CHECKING:
    from runtime.diagnosis import Situation

Changes = Mapping[NodeId, Mapping[str, Value]]

_ONE: Mapping[str, Value] = {"stride": 1}
_FAMILIES = ("convolution", "pooling")
_PADDING = msg("Set padding of {node} to {value}")
_STRIDE = msg("Set stride of {node} to 1")
_BOTH = msg("Set padding of {node} to {value} and its stride to 1")


def repad(s: Situation, first: str, other: str) -> Iterator[Fix]:
    """Paddings after which one branch has the shape of the other: of one layer, or, where none is enough, of several alike."""
    for path, wanted in _branches(s, first, other):
        padded = {node.id: change for node in path if (change := _padded(node, s.known[node.id]))}
        found = list(_fitting(s, path, wanted, [{node: change} for node, change in padded.items()]))
        alike = len({tuple(change.items()) for change in padded.values()}) == 1
        for changes in found or (_fitting(s, path, wanted, [padded]) if alike else ()):
            yield _mend(s.graph, _PADDING, changes)


def unstride(s: Situation, first: str, other: str) -> Iterator[Fix]:
    """Layers that skip places, and without that would give one branch the shape of the other; some need padding too."""
    for path, wanted in _branches(s, first, other):
        for node in path:
            if _skips(node, s.known[node.id]):
                padding = _padded(node, s.known[node.id])
                both = [(_BOTH, {**padding, **_ONE})] if padding else []
                for text, change in ((_STRIDE, _ONE), *both):
                    for changes in _fitting(s, path, wanted, [{node.id: change}]):
                        yield _mend(s.graph, text, changes)


def _branches(s: Situation, first: str, other: str) -> Iterator[tuple[list[Node], Shape]]:
    """The layers of each of two inputs of a node, and the shape that they should give."""
    for port, model in ((first, other), (other, first)):
        yield _branch(s, port, model), s.inputs[model].shape


def _fitting(s: Situation, path: list[Node], wanted: Shape, candidates: Iterable[Changes]) -> Iterator[Changes]:
    return (changes for changes in candidates if _outcome(s.known, path, changes) == wanted)


def _branch(s: Situation, port: str, model: str) -> list[Node]:
    """The nodes from an input back to where both branches part, along the first wires, the last of them first."""
    end = s.feed(model).node
    common = ancestors(s.graph, [end]) | {end}
    path, node = [], s.feed(port).node
    while node not in common and node in s.known and s.known[node].inputs:
        path.append(s.graph.nodes[node])
        node = s.graph.inputs(node)[next(iter(s.known[node].inputs))].node
    return path


def _has(node: Node, param: str) -> bool:
    node_type = CATALOG.get(node.type)
    return node_type is not None and node_type.family in _FAMILIES and node_type.param(param) is not None


def _skips(node: Node, found: NodeAnalysis) -> bool:
    """Whether a layer has a stride other than 1; that of a pooling is its kernel where it says nothing."""
    return _has(node, "stride") and any(step != 1 for step in per_axis(found.resolved["stride"], 1))


def _padded(node: Node, found: NodeAnalysis) -> dict[str, Value]:
    """The padding with which a layer with a stride of 1 keeps the size; nothing where it has that, or none would do."""
    if not _has(node, "padding") or isinstance(found.resolved["padding"], str):
        return {}
    dims = len(next(iter(found.inputs.values())).shape) - 2
    kernel, dilation = (per_axis(found.resolved.get(name, 1), dims) for name in ("kernel_size", "dilation"))
    lost = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
    sizes = tuple(size // 2 for size in lost)
    if any(size % 2 for size in lost) or sizes == per_axis(found.resolved["padding"], dims):
        return {}
    return {"padding": sizes[0] if all(a == b for a, b in pairwise(sizes)) else sizes}


def _outcome(known: Mapping[NodeId, NodeAnalysis], path: Sequence[Node], changes: Changes) -> Shape | None:
    """What leaves a branch once its layers are changed; None where that cannot be computed."""
    from runtime.shapes import evaluate  # imports torch

    shape: Shape | None = None
    for node in reversed(path):
        node_type, found = CATALOG.get(node.type), known[node.id]
        if node_type is None or not found.inputs:
            return None
        (port, spec), *others = found.inputs.items()
        inputs = ((port, spec if shape is None else replace(spec, shape=shape)), *others)
        values = {**found.resolved, **changes.get(node.id, {})}
        try:
            outputs, _, _ = evaluate(node_type, tuple(values.items()), inputs)
        except Exception:  # a padding that this layer does not take, or a later one that no longer fits
            return None
        shape = next(iter(outputs.values())).shape
    return shape


def _mend(graph: Graph, text: Message, changes: Changes) -> Fix:
    names = ", ".join(graph.nodes[node].name for node in reversed(list(changes)))
    padding = next(iter(changes.values())).get("padding")
    value = times(padding) if isinstance(padding, tuple) else padding
    return fixes.graph_fix(replace(text, values={"node": names, "value": value}), _changed, changes)


def _changed(graph: Graph, changes: Changes) -> Graph:
    for node, values in changes.items():
        graph = graph.set_params(node, values)
    return graph
