"""What nodes that join several branches cannot take: sides that differ, sides that stretch, a residual without projection."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

from graph import fixes
from graph.messages import msg
from graph.model import Port, Value
from graph.problems import Fix, Problem
from graph.topology import ancestors
from runtime.analysis import TensorSpec
from runtime.diagnosis_mends import written_size
from runtime.diagnosis_sizes import repad, unstride
from runtime.diagnosis_tools import FLOATS, LINEAR, Shape, broadcast_shape, insert, origin, removable, times, together

if TYPE_CHECKING:
    from runtime.diagnosis import Situation

COMPARING = ("torch.nn.TripletMarginLoss", "torch.nn.MarginRankingLoss")  # each side number by number
SCALING = ("layerloom.Multiply", "layerloom.Divide")  # one number for many is what gates and weights are for


_OTHER_SHAPES = msg(
    "'{node}' needs the same shape on every side, but '{a}' gives {sa} and '{b}' gives {sb}. "
    "Change one of them, for example with a layer that gives the other's number of channels."
)
_OTHER_SIZES = msg(
    "'{node}' needs the same shape on every side, but '{a}' gives {sa} and '{b}' gives {sb}: the channels agree, the sizes differ. "
    "Pad the layers that make one side smaller, or bring both to one size with an Interpolate."
)


def check_same_shapes(s: Situation) -> Iterator[Problem]:
    """Every side has the shape of the first, or stretches to it as is meant."""
    (first, *others) = s.inputs
    for other in others:
        a, b = s.inputs[first], s.inputs[other]
        if a.shape == b.shape:
            continue
        sides = {"node": s.node.name, "a": s.source(first), "sa": a, "b": s.source(other), "sb": b}
        result = broadcast_shape(a.shape, b.shape)
        if result is None:
            text = replace(_OTHER_SIZES if _agree_in_channels(s, a.shape, b.shape) else _OTHER_SHAPES, values=sides)
            mends = (
                *repad(s, first, other),
                *_project(s, first, other),
                *unstride(s, first, other),
                *_squeeze(s, first, other),
            )
            yield s.problem("shape-mismatch", text, *mends, port=other)
        elif _is_surprising(s, a.shape, b.shape, result):
            text = msg("'{node}' stretches one side to fit the other: '{a}' gives {sa}, '{b}' gives {sb}. "
                       "Check that this is meant.", **sides)  # fmt: skip
            outcome = msg("What comes out is {shape}.", shape=times(result))
            mends = (*_project(s, first, other), *_squeeze(s, first, other))
            yield s.problem("broadcast", together(text, outcome), *mends, port=other, warn=True)


def _squeeze(s: Situation, first: str, other: str) -> Iterator[Fix]:
    """What takes a dimension of size 1 out of one side that is compared with the other."""
    for port, model in ((first, other), (other, first)):
        extra = removable(s.inputs[port].shape, s.inputs[model].shape)
        if extra is not None and s.node.type in COMPARING:
            yield insert(s, port, "layerloom.Squeeze", dim=extra)


def _is_surprising(s: Situation, a: Shape, b: Shape, result: Shape) -> bool:
    """Stretching is what is meant for one number a channel, for what has no batch, and for weights that multiply."""
    if not all(any(isinstance(size, str) for size in side) for side in (a, b)):
        return False
    if len(a) != len(b) or result not in (a, b):
        return True
    stretched = [dim for dim, (x, y) in enumerate(zip(a, b, strict=True)) if x != y]
    return stretched[0] < 2 and s.node.type not in SCALING


def _check_concatenate(s: Situation) -> Iterator[Problem]:
    (first, *others) = s.inputs
    dim = s.values["dim"]
    for other in others:
        a, b = list(s.inputs[first].shape), list(s.inputs[other].shape)
        if len(a) == len(b) and -len(a) <= dim < len(a):
            a[dim] = b[dim]
        if a != b:
            text = msg(
                "'{node}' joins along dimension {dim}, so every other dimension must agree, but '{a}' gives {sa} and '{b}' gives {sb}.",
                node=s.node.name, dim=dim, a=s.source(first), sa=s.inputs[first], b=s.source(other), sb=s.inputs[other],
            )  # fmt: skip
            yield s.problem("shape-mismatch", text, port=other)


def _agree_in_channels(s: Situation, a: Shape, b: Shape) -> bool:
    return len(a) == len(b) > 2 and a[:2] == b[:2] and _has_channels_first(s)


# ---- the projection on a shortcut


def _project(s: Situation, first: str, other: str) -> Iterator[Fix]:
    """A 1 × 1 convolution, or a Linear, that gives one side the shape of the other: on the shorter path, if it can."""
    if any(s.inputs[port].dtype not in FLOATS for port in (first, other)):
        return
    by_length = sorted((first, other), key=lambda port: len(ancestors(s.graph, [s.feed(port).node])))
    for port, model in (tuple(by_length), tuple(reversed(by_length))):
        layer = _projection(s, s.inputs[port], s.inputs[model])
        if layer is not None:
            type_id, params, shown = layer
            params = _as_written(s, model, params)
            label = msg("Insert {layer} after {source}", layer=shown, source=s.source(port))
            yield fixes.insert_before(label, Port(s.node.id, port), type_id, params)
            return


def _projection(s: Situation, given: TensorSpec, wanted: TensorSpec) -> tuple[str, Mapping[str, Value], str] | None:
    """The type, the parameters and the words of the layer that turns one shape into the other."""
    old, new = given.shape, wanted.shape
    rank = len(old)
    if rank != len(new) or rank < 2 or old[0] != new[0] or not all(isinstance(d, int) for d in (*old[1:], *new[1:])):
        return None
    if old[1:-1] == new[1:-1] and (rank == 2 or not _has_channels_first(s)):
        return LINEAR, {"out_features": new[-1]}, f"Linear ({new[-1]})"
    strides = tuple(_stride(*sizes) for sizes in zip(old[2:], new[2:], strict=True))
    if rank not in (3, 4, 5) or None in strides:
        return None
    stride = strides[0] if all(x == y for x, y in pairwise(strides)) else strides
    params: dict[str, Value] = {"out_channels": new[1], "kernel_size": 1}
    shown = f"1 × 1 Conv{rank - 2}d ({new[1]}" if rank == 4 else f"Conv{rank - 2}d ({new[1]}, kernel_size 1"
    if stride != 1:
        params["stride"] = stride  # type: ignore[assignment]
        shown += f", stride {times(strides) if isinstance(stride, tuple) else stride}"
    return f"torch.nn.Conv{rank - 2}d", params, f"{shown})"


def _as_written(s: Situation, model: str, params: Mapping[str, Value]) -> Mapping[str, Value]:
    """The parameters of a projection with the size as the layer on the other side has it: `=channels` stays right elsewhere."""
    name, size = next(iter(params.items()))
    return {**params, name: written_size(s.raw or s.graph, s.feed(model), size, s.names)}  # type: ignore[arg-type]


def _has_channels_first(s: Situation) -> bool:
    """Whether a convolution made one of the sides, rather than a layer that works on the last dimension."""
    sources = (s.graph.nodes[origin(s.graph, s.feed(port)).node] for port in s.inputs)
    spatial = any(len(spec.shape) > 3 for spec in s.inputs.values())
    return spatial or any(source.type.startswith("torch.nn.Conv") for source in sources)


def _stride(size: object, wanted: object) -> int | None:
    """The stride with which a kernel of 1 takes `wanted` places out of `size`: (size - 1) // stride + 1."""
    assert isinstance(size, int) and isinstance(wanted, int)
    return next(
        (stride for stride in (-(-size // wanted), size // wanted) if stride and (size - 1) // stride + 1 == wanted),
        None,
    )


_ALIKE = ("torch.nn.CosineSimilarity", "torch.nn.PairwiseDistance", "torch.nn.TripletMarginLoss")
_OPERATIONS = tuple(
    f"layerloom.{name}"
    for name in ("Add", "Subtract", "Multiply", "Divide", "Minimum", "Maximum", "Greater", "GreaterEqual", "Less", "LessEqual",
                 "Equal", "NotEqual", "LogicalAnd", "LogicalOr")
)  # fmt: skip
JOIN_CHECKS: Mapping[str, tuple[Callable[[Situation], Iterator[Problem]], ...]] = {
    **dict.fromkeys((*_OPERATIONS, *_ALIKE), (check_same_shapes,)),
    "layerloom.Concatenate": (_check_concatenate,),
}
