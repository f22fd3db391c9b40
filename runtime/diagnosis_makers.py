"""Which layer decides about a size: the way back from an output over nodes that only move dimensions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from graph.model import Graph, Node, NodeId, Port
from runtime.analysis import Dim, NodeAnalysis
from runtime.diagnosis_tools import LINEAR, RANKS, Shape, keeps_shape

if TYPE_CHECKING:
    from runtime.diagnosis import Situation

Values = Mapping[str, Any]


class Maker(NamedTuple):
    """A layer, and the parameter of it that is the size."""

    node: Node
    param: str


def maker_of(s: Situation, port: str, dim: int) -> Maker | None:
    """The layer that decides about dimension `dim` of what arrives at an input; None where none is found.

    Args:
        s: the node; what comes before it must be known.
        port: one of its inputs.
        dim: a dimension of what arrives there, negative ones from the end.
    """
    end, dim = s.feed(port), dim % len(s.inputs[port].shape)
    while (step := _step(s.graph, s.known, end, dim)) is not None:
        end, dim = step
    made = _MAKERS.get(s.graph.nodes[end.node].type)
    known = s.known.get(end.node)
    if made is None or known is None or end.name not in known.outputs:
        return None
    at, param = made
    return Maker(s.graph.nodes[end.node], param) if at % len(known.outputs[end.name].shape) == dim else None


def _step(graph: Graph, known: Mapping[NodeId, NodeAnalysis], end: Port, dim: int) -> tuple[Port, int] | None:
    """One node further back: the output that feeds it, and the dimension there that becomes `dim`."""
    node, found = graph.nodes[end.node], known.get(end.node)
    if found is None or "input" not in found.inputs or end.name not in found.outputs:
        return None
    given, made = found.inputs["input"].shape, found.outputs[end.name].shape
    if node.type in _MOVES:
        before = _MOVES[node.type](found.resolved, len(made), dim)
    elif node.type in _RESHAPING:
        before = _same_place(given, made, dim)
    else:
        before = dim if keeps_shape(node) else None
    return None if before is None else (graph.inputs(node.id)["input"], before)


def _transposed(values: Values, rank: int, dim: int) -> int:
    one, other = values["dim0"] % rank, values["dim1"] % rank
    return {one: other, other: one}.get(dim, dim)


def _permuted(values: Values, rank: int, dim: int) -> int:
    return values["dims"][dim] % rank


def _same_place(given: Shape, made: Shape, dim: int) -> int | None:
    """The dimension that keeps its size and its place in memory where numbers stay in their order; none of size 1, which could be any."""
    wanted = (_numbers(made[:dim]), made[dim])
    if made[dim] == 1:
        return None
    return next((i for i, size in enumerate(given) if (_numbers(given[:i]), size) == wanted), None)


def _numbers(sizes: Shape) -> tuple[int, int]:
    """How many numbers these dimensions count together, as a factor and a power of the batch."""
    factor, power = 1, 0
    for size in sizes:
        factor *= _factor(size)
        power += isinstance(size, str)
    return factor, power


def _factor(size: Dim) -> int:
    return size if isinstance(size, int) else int(size.rpartition("·")[0] or 1)


_MOVES: Mapping[str, Callable[[Values, int, int], int]] = {
    "layerloom.Transpose": _transposed,
    "layerloom.Permute": _permuted,
}
_RESHAPING = frozenset(
    ("torch.nn.Flatten", "torch.nn.Unflatten", "layerloom.Reshape", "layerloom.Squeeze", "layerloom.Unsqueeze")
)
# What makes a size: the dimension that has it, and the parameter.
_MAKERS: Mapping[str, tuple[int, str]] = {
    LINEAR: (-1, "out_features"),
    "torch.nn.Bilinear": (-1, "out_features"),
    **{f"torch.nn.{kind}{dims}d": (1, "out_channels") for kind in ("Conv", "ConvTranspose") for dims in RANKS},
}
