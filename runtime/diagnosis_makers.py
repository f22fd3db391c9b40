"""Which layer decides about a size: the way back from an output over nodes that only move dimensions, and into blocks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from graph.binding import SIGN, is_expression
from graph.model import Block, Graph, Node, NodeId, Port
from runtime.analysis import Dim, Inside, NodeAnalysis
from runtime.diagnosis_tools import LINEAR, RANKS, Shape, keeps_shape

if TYPE_CHECKING:
    from runtime.diagnosis import Situation

Values = Mapping[str, Any]


class Maker(NamedTuple):
    """A layer or an instance of a block, and the parameter of it that is the size."""

    node: Node
    param: str


def maker_of(s: Situation, port: str, dim: int) -> Maker | None:
    """The layer that decides about dimension `dim` of what arrives at an input; None where none is found.

    Args:
        s: the node; what comes before it must be known.
        port: one of its inputs.
        dim: a dimension of what arrives there, negative ones from the end.
    """
    return _maker(_Place(s.graph, s.known, s.blocks), s.feed(port), dim % len(s.inputs[port].shape))


class _Place(NamedTuple):
    """A drawing, what is known of its nodes, and all blocks."""

    graph: Graph
    known: Mapping[NodeId, NodeAnalysis]
    blocks: Mapping[str, Block]


def _maker(place: _Place, end: Port, dim: int) -> Maker | None:
    while (step := _step(place.graph, place.known, end, dim)) is not None:
        end, dim = step
    node, known = place.graph.nodes[end.node], place.known.get(end.node)
    if known is None or end.name not in known.outputs:
        return None
    rank = len(known.outputs[end.name].shape)
    if len(known.inside) == 1:
        return _in_block(place.blocks, node, known.inside[0], end.name, dim - rank)
    at, param = _MAKERS.get(node.type, (0, ""))
    return Maker(node, param) if param and at % rank == dim else None


def _in_block(blocks: Mapping[str, Block], node: Node, inside: Inside, output: str, dim: int) -> Maker | None:
    """The parameter of an instance that a layer inside takes as its size; `dim` is counted from the end, as a scan adds one in front."""
    block, spec = blocks.get(inside.block), inside.outputs.get(output)
    drawn = block.graph.node_named(output) if block is not None else None
    if block is None or drawn is None or spec is None or len(spec.shape) + dim < 0:
        return None
    end = block.graph.inputs(drawn.id)["input"]
    made = _maker(_Place(block.graph, inside.nodes, blocks), end, len(spec.shape) + dim)
    written = made.node.params.get(made.param) if made is not None else None
    name = written.removeprefix(SIGN).strip() if isinstance(written, str) and is_expression(written) else ""
    return Maker(node, name) if any(param.name == name for param in block.params) else None


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
