"""What the operators of ONNX are in PyTorch (https://onnx.ai/onnx/operators): arithmetic, comparisons, reductions.

Each takes the `Work` that it is part of and the values of its inputs, None for those that are left out, and gives a tensor, a
`Known`, or a tuple of these.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from graph.messages import msg
from runtime.importer.onnx_operators_layers import LAYERS, linear
from runtime.importer.onnx_operators_recurrent import RECURRENT
from runtime.importer.onnx_operators_shapes import SHAPES
from runtime.importer.onnx_reading import OnnxNode
from runtime.importer.onnx_values import Held, Known, Unable, Value, holds, number_of

if TYPE_CHECKING:
    from runtime.importer.onnx_module import Work

Operator = Callable[..., Any]


# ---- what needs no numbers of an input


def evaluated(work: Work, values: Sequence[Any]) -> Sequence[Value] | None:
    """What an operation gives whose inputs are all known, or of which only the shapes count; None where it is to be run."""
    node = work.node
    if node.operator in ("Shape", "Size"):
        return (_shape(work, values[0]),)
    if not all(isinstance(value, Known) or value is None for value in values):
        return None
    if node.operator == "Identity":
        return tuple(values)
    found = [value for value in values if isinstance(value, Known)]
    first = found[0] if found else None
    if (
        node.operator == "Transpose"
        and first
        and first.held
        and first.array.ndim == 2
        and work.attribute("perm", [1, 0]) == [1, 0]
    ):
        return (
            Known(
                first.array.T, node.outputs[0], held=Held(first.held.name, not first.held.turned), sources=first.sources
            ),
        )
    moves = any(value.moves for value in found)
    if work.kept is None or moves:
        work.kept = tuple(
            Known(array, name, moves) for array, name in zip(_run(work, values), node.outputs, strict=False)
        )
    if first and first.learns and first.held and (pieces := _pieces(node, values, first.array.ndim)):
        return tuple(_piece(first, result, piece) for result, piece in zip(work.kept, pieces, strict=True))
    if any(value.learns for value in found) and len(node.outputs) == 1 and node.operator in OPERATORS:
        (result,) = work.kept
        sources = frozenset().union(*(value.sources for value in found))
        make = lambda: OPERATORS[node.operator](work, *_tensors(work, values))  # noqa: E731
        return (Known(result.array, result.name, moves, make=make, sources=sources),)
    return work.kept


class _Piece(NamedTuple):
    """A stretch of a tensor along one dimension."""

    dim: int
    start: int
    stop: int


def _pieces(node: OnnxNode, values: Sequence[Any], ndim: int) -> list[_Piece] | None:
    """The stretches that an operation cuts a tensor into; None where it does something else."""
    if node.operator == "Split":
        sizes = values[0].array.shape
        dim = int(node.attributes.get("axis", 0)) % ndim
        told = values[1].array.tolist() if len(values) > 1 and values[1] is not None else node.attributes.get("split")
        lengths = list(told or [-(-sizes[dim] // len(node.outputs))] * len(node.outputs))
        ends = [sum(lengths[: i + 1]) for i in range(len(lengths))]
        return [_Piece(dim, end - length, min(end, sizes[dim])) for end, length in zip(ends, lengths, strict=True)]
    if node.operator == "Slice" and len(values) > 3:
        starts, stops, axes = (values[i].array.reshape(-1).tolist() for i in (1, 2, 3))
        steps = values[4].array.reshape(-1).tolist() if len(values) > 4 and values[4] is not None else [1]
        if len(axes) == 1 and steps == [1]:
            size = values[0].array.shape[axes[0]]
            start, stop, _ = slice(starts[0], stops[0]).indices(size)
            return [_Piece(axes[0] % ndim, start, stop)]
    return None


def _piece(whole: Known, result: Known, piece: _Piece) -> Known:
    """A stretch of a tensor that learns, which learns by itself: the file may use it in a layer of its own."""
    assert whole.held is not None
    dim = 1 - piece.dim if whole.held.turned else piece.dim
    name = f"{whole.held.name}[{dim}:{piece.start}:{piece.stop}]"
    return Known(result.array, result.name, result.moves, held=Held(name, whole.held.turned), sources=whole.sources)


def _tensors(work: Work, values: Sequence[Any]) -> list[Any]:
    return [work.tensor(value) if isinstance(value, Known) and value.learns else value for value in values]


def _run(work: Work, values: Sequence[Any]) -> list[np.ndarray]:
    """What the reference implementation of ONNX gives."""
    if work.evaluator is None:
        from onnx.reference import ReferenceEvaluator

        work.evaluator = ReferenceEvaluator(work.node.proto, opsets={"": work.owner.graph.operators})
    given = {name: value.array for name, value in zip(work.node.inputs, values, strict=True) if value is not None}
    return [np.asarray(array) for array in work.evaluator.run(None, given)]


def _shape(work: Work, value: Any) -> Known:
    sizes = value.array.shape if isinstance(value, Known) else tuple(value.shape)
    moves = not isinstance(value, Known) or value.moves
    name = work.node.outputs[0]
    if work.node.operator == "Size":
        return Known(np.array(int(np.prod(sizes)), np.int64), name, moves)
    end = work.attribute("end", len(sizes))
    return Known(np.array(sizes[work.attribute("start", 0) : end], np.int64), name, moves)


# ---- arithmetic


def _sides(work: Work, a: Any, b: Any) -> list[Any]:
    """Both sides; one number that is known as a number where the other side has its shape anyway."""
    tensors = [isinstance(value, Tensor) for value in (a, b)]
    sides = []
    for value, other, is_tensor in ((a, b, tensors[1]), (b, a, tensors[0])):
        number = _alone(value, other) if is_tensor else None
        sides.append(work.tensor(value) if number is None else number)
    return sides


def _alone(value: Any, other: Tensor) -> int | float | bool | None:
    """The one number that a known value has everywhere, where it does not make the other side larger; None for others."""
    if not isinstance(value, Known) or value.learns or not value.array.size:
        return None
    array = value.array
    if array.ndim > other.ndim or np.broadcast_shapes(array.shape, tuple(other.shape)) != tuple(other.shape):
        return None
    return number_of(Known(array.reshape(-1)[:1])) if (array == array.reshape(-1)[0]).all() else None


def _pair(function: Callable[[Any, Any], Tensor]) -> Operator:
    return lambda work, a, b: function(*_sides(work, a, b))


def _unary(function: Callable[[Tensor], Tensor]) -> Operator:
    return lambda work, x: function(work.tensor(x))


def _divide(work: Work, a: Any, b: Any) -> Tensor:
    x, y = _sides(work, a, b)
    whole = all(isinstance(v, int) or (isinstance(v, Tensor) and not v.is_floating_point()) for v in (x, y))
    return torch.div(x, y, rounding_mode="trunc") if whole else x / y


def _remainder(work: Work, a: Any, b: Any) -> Tensor:
    x, y = _sides(work, a, b)
    return torch.fmod(x, y) if work.attribute("fmod", 0) else x % y


def _folded(function: Callable[[Any, Any], Tensor]) -> Operator:
    def operator(work: Work, *values: Any) -> Tensor:
        first, *rest = sorted(
            values, key=lambda value: isinstance(value, Known)
        )  # tensors first, so that numbers stay numbers
        return reduce(lambda a, b: function(*_sides(work, a, b)), rest, work.tensor(first))

    return operator


def _extreme(both: Callable[[Tensor, Tensor], Tensor], end: str) -> Callable[[Any, Any], Tensor]:
    def function(a: Any, b: Any) -> Tensor:
        return both(a, b) if isinstance(b, Tensor) else torch.clamp(a, **{end: b})

    return function


def _mean(work: Work, *values: Any) -> Tensor:
    return _folded(torch.add)(work, *values) / len(values)


def _where(work: Work, condition: Any, a: Any, b: Any) -> Tensor:
    chosen = work.tensor(condition)
    sides = [_alone(value, chosen) for value in (a, b)]
    if all(side is not None for side in sides) or any(isinstance(s, float) and abs(s) == float("inf") for s in sides):
        sides = [None, None]
    x, y = (work.tensor(v) if s is None else s for v, s in zip((a, b), sides, strict=True))
    return torch.where(chosen, x, y)


def _clip(work: Work, x: Any, low: Any = None, high: Any = None) -> Tensor:
    least = work.number(low, "minimum") if low is not None else work.attribute("min")
    most = work.number(high, "maximum") if high is not None else work.attribute("max")
    ends = {"min": least, "max": most}
    wanted = {name: end for name, end in ends.items() if end is not None and abs(end) < 3.4e38}
    if not wanted:
        return work.tensor(x)
    if wanted == {"min": 0, "max": 6}:
        return work.layer(torch.nn.ReLU6)(work.tensor(x))
    return torch.clamp(work.tensor(x), min=wanted.get("min"), max=wanted.get("max"))


def _power(work: Work, a: Any, b: Any) -> Tensor:
    return torch.pow(*_sides(work, a, b))


def _infinite(work: Work, x: Any) -> Tensor:
    work.expect("detect_negative", 1)
    work.expect("detect_positive", 1)
    return torch.isinf(work.tensor(x))


# ---- reductions


def _axes(work: Work, axes: Any, rank: int) -> tuple[int, ...] | None:
    """The dimensions of a reduction; None where it leaves everything as it is."""
    found = work.whole(axes, "axes") if axes is not None else work.attribute("axes", [])
    if not found and work.attribute("noop_with_empty_axes", 0):
        return None
    return tuple(sorted(axis % rank for axis in found)) if found else tuple(range(rank))


def _reduction(
    function: Callable[[Tensor, tuple[int, ...], bool], Tensor], before: Callable[[Tensor], Tensor] = lambda x: x
) -> Operator:
    def operator(work: Work, x: Any, axes: Any = None) -> Tensor:
        tensor = work.tensor(x)
        dims = _axes(work, axes, tensor.ndim)
        return tensor if dims is None else function(before(tensor), dims, bool(work.attribute("keepdims", 1)))

    return operator


def _product(x: Tensor, dims: tuple[int, ...], keep: bool) -> Tensor:
    for dim in reversed(dims):
        x = torch.prod(x, dim, keepdim=keep)
    return x


def _place_of(function: Callable[..., Tensor]) -> Operator:
    def operator(work: Work, x: Any) -> Tensor:
        work.expect("select_last_index", 0)
        return function(work.tensor(x), dim=work.attribute("axis", 0), keepdim=bool(work.attribute("keepdims", 1)))

    return operator


def _top(work: Work, x: Any, count: Any = None) -> tuple[Tensor, Tensor]:
    k = int(work.number(count, "count")) if count is not None else work.attribute("k")
    found = torch.topk(work.tensor(x), k, dim=work.attribute("axis", -1), largest=bool(work.attribute("largest", 1)),
                       sorted=bool(work.attribute("sorted", 1)))  # fmt: skip
    return found[0], found[1]


def _cumulative(work: Work, x: Any, axis: Any) -> Tensor:
    work.expect("exclusive", 0)
    work.expect("reverse", 0)
    return torch.cumsum(work.tensor(x), dim=int(work.number(axis, "axis")))


def _matmul(work: Work, a: Any, b: Any) -> Tensor:
    if isinstance(a, Tensor) and holds(b) and b.array.ndim == 2 and b.sources:
        return linear(work, a, b)
    return torch.matmul(work.tensor(a), work.tensor(b))


def _einsum(work: Work, *values: Any) -> Tensor:
    return torch.einsum(work.attribute("equation"), *(work.tensor(value) for value in values))


def _summed(x: Tensor, dims: tuple[int, ...], keep: bool) -> Tensor:
    return torch.sum(x, dim=dims, keepdim=keep)


def _bits(function: Callable[..., Tensor], of_tensors: int) -> Operator:
    def operator(work: Work, *values: Any) -> Tensor:
        if len(values) != of_tensors:
            raise Unable(
                msg(
                    "it has {count} inputs, which has no counterpart here. Export the model without it.",
                    count=len(values),
                )
            )
        return function(*(work.tensor(value) for value in values))

    return operator


_UNARY = {
    "Abs": torch.abs, "Neg": torch.neg, "Exp": torch.exp, "Log": torch.log, "Sqrt": torch.sqrt, "Sin": torch.sin, "Cos": torch.cos,
    "Tan": torch.tan, "Asin": torch.asin, "Acos": torch.acos, "Atan": torch.atan, "Sinh": torch.sinh, "Cosh": torch.cosh,
    "Asinh": torch.asinh, "Acosh": torch.acosh, "Atanh": torch.atanh, "Erf": torch.erf, "Sign": torch.sign, "Floor": torch.floor,
    "Ceil": torch.ceil, "Round": torch.round, "Reciprocal": torch.reciprocal, "Not": torch.logical_not, "IsNaN": torch.isnan,
    "Det": torch.linalg.det,
}  # fmt: skip

OPERATORS: Mapping[str, Operator] = {
    **{name: _unary(function) for name, function in _UNARY.items()},
    "Add": _pair(lambda a, b: a + b), "Sub": _pair(lambda a, b: a - b), "Mul": _pair(lambda a, b: a * b), "Div": _divide, "Mod": _remainder,
    "Pow": _power, "Max": _folded(_extreme(torch.maximum, "min")), "Min": _folded(_extreme(torch.minimum, "max")),
    "Sum": _folded(lambda a, b: a + b), "Mean": _mean, "MatMul": _matmul, "Einsum": _einsum,
    "Equal": _pair(lambda a, b: a == b), "Greater": _pair(lambda a, b: a > b), "GreaterOrEqual": _pair(lambda a, b: a >= b),
    "Less": _pair(lambda a, b: a < b), "LessOrEqual": _pair(lambda a, b: a <= b), "And": _bits(torch.logical_and, 2),
    "Or": _bits(torch.logical_or, 2), "Xor": _bits(torch.logical_xor, 2), "Where": _where, "Clip": _clip, "IsInf": _infinite,
    "ReduceSum": _reduction(_summed), "ReduceMean": _reduction(lambda x, d, k: torch.mean(x, dim=d, keepdim=k)),
    "ReduceMax": _reduction(lambda x, d, k: torch.amax(x, dim=d, keepdim=k)),
    "ReduceMin": _reduction(lambda x, d, k: torch.amin(x, dim=d, keepdim=k)), "ReduceProd": _reduction(_product),
    "ReduceL1": _reduction(_summed, torch.abs),
    "ReduceL2": _reduction(lambda x, d, k: torch.linalg.vector_norm(x, 2, dim=d, keepdim=k)),
    "ReduceLogSumExp": _reduction(lambda x, d, k: torch.logsumexp(x, dim=d, keepdim=k)),
    "ReduceSumSquare": _reduction(_summed, torch.square), "ReduceLogSum": _reduction(lambda x, d, k: torch.log(_summed(x, d, k))),
    "ArgMax": _place_of(torch.argmax), "ArgMin": _place_of(torch.argmin), "TopK": _top, "CumSum": _cumulative,
    **SHAPES,
    **LAYERS,
    **RECURRENT,
}  # fmt: skip
