"""Every operation with parameters and inputs, beside the same computed by PyTorch's own functions."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch.nn import functional as F

from graph.catalog import CATALOG, PortType, Role
from graph.model import Node
from operation_tools import HEADS, IMAGE, MARK, SEQUENCE, WHOLE, WHOLES, Given

OPERATION_TYPES = {t.id: t for t in CATALOG.values() if t.role is Role.OPERATION}


class Case(NamedTuple):
    """An operation with parameters and inputs, and the same by hand."""

    name: str
    params: dict
    inputs: tuple[Given, ...]
    by_hand: Callable[..., torch.Tensor | tuple[torch.Tensor, ...]]


def case(
    name: str,
    by_hand: Callable[..., torch.Tensor | tuple[torch.Tensor, ...]],
    *inputs: Given | tuple[int, ...],
    **params,
) -> Case:
    given = tuple(i if isinstance(i, Given) else Given(i) for i in inputs)
    return Case(name, params, given, by_hand)


def positions(length: int, lengths: torch.Tensor) -> torch.Tensor:
    return torch.tensor([[step < end for step in range(length)] for end in lengths.tolist()])


def sinusoids(length: int, features: int) -> torch.Tensor:
    """The formula of section 3.5 of "Attention Is All You Need", number by number."""
    waves = [
        [(math.cos if i % 2 else math.sin)(place / 10000 ** ((i - i % 2) / features)) for i in range(features)]
        for place in range(length)
    ]
    return torch.tensor(waves)


CLASSES = Given((4,), WHOLES)
CASES = [
    case("Add", lambda a, b, c: torch.add(torch.add(a, b), c), SEQUENCE, SEQUENCE, SEQUENCE),
    case("Subtract", torch.sub, SEQUENCE, SEQUENCE),
    case("Multiply", torch.mul, SEQUENCE, SEQUENCE),
    case("Divide", torch.div, SEQUENCE, SEQUENCE),
    case("Divide", torch.div, WHOLE, WHOLE),
    case("Scale", lambda x: x, SEQUENCE),
    case("Scale", lambda x: torch.add(torch.mul(x, 0.125), -1), SEQUENCE, factor=0.125, offset=-1.0),
    case("Scale", lambda x: torch.mul(x, 2), WHOLE, factor=2.0),
    case("Power", lambda x: torch.pow(x, 2), SEQUENCE),
    case("Power", lambda x: torch.pow(x, -0.5), SEQUENCE, exponent=-0.5),
    case("Power", lambda x: torch.pow(x, 3), WHOLE, exponent=3.0),
    case("Power", lambda x: torch.pow(x, -1.0), WHOLE, exponent=-1.0),
    case("Negate", torch.neg, SEQUENCE),
    case("Abs", torch.abs, SEQUENCE),
    case("Exp", torch.exp, SEQUENCE),
    case("Log", torch.log, SEQUENCE),
    case("Log", torch.log, WHOLE),
    case("Sqrt", torch.sqrt, SEQUENCE),
    case("Square", torch.square, WHOLE),
    case("Square", torch.square, SEQUENCE),
    case("Clamp", lambda x: torch.clamp(x, 0, 1), SEQUENCE),
    case("Clamp", lambda x: torch.clamp(x, 0, 2), WHOLE, max=2.0),
    case("Clamp", lambda x: torch.clamp(x, max=0.75), SEQUENCE, min=None, max=0.75),
    case("Reciprocal", torch.reciprocal, SEQUENCE),
    case("Reciprocal", torch.reciprocal, WHOLE),
    case("Rsqrt", torch.rsqrt, SEQUENCE),
    case("Sin", torch.sin, SEQUENCE),
    case("Cos", torch.cos, SEQUENCE),
    case("Sign", torch.sign, SEQUENCE),
    case("Round", torch.round, SEQUENCE),
    case("Floor", torch.floor, SEQUENCE),
    case("Ceil", torch.ceil, SEQUENCE),
    case("Outer", lambda a, b: torch.einsum("bi,bj->bij", a, b), (4,), (6,)),
    case("Cross", torch.linalg.cross, (4, 3), (4, 3)),
    case("Cross", lambda a, b: torch.linalg.cross(a, b, dim=1), (3, 2), (3, 2), dim=1),
    case("Minimum", torch.minimum, SEQUENCE, SEQUENCE),
    case("Maximum", torch.maximum, SEQUENCE, SEQUENCE),
    case("MatMul", torch.matmul, (4, 6), (6, 3)),
    case("MatMul", torch.matmul, (2, 4, 6), (1, 6, 3)),
    case("BatchMatMul", torch.bmm, (4, 6), (6, 3)),
    case("Einsum", torch.bmm, (4, 6), (6, 3)),
    case("Einsum", lambda a, b: torch.einsum("b h i d, b h j d -> b h i j", a, b), HEADS, HEADS,
         equation="b h i d, b h j d -> b h i j"),
    case("Einsum", lambda a, b: torch.einsum("...i,...i", a, b), SEQUENCE, SEQUENCE, equation="...i,...i->..."),
    case("Concatenate", lambda a, b: torch.cat((a, b), -1), SEQUENCE, (4, 2), dim=-1),
    case("Stack", lambda a, b: torch.stack((a, b), 1), SEQUENCE, SEQUENCE),
    case("Stack", lambda a, b, c: torch.stack((a, b, c), -1), WHOLE, WHOLE, WHOLE, dim=-1),
    case("Constant", lambda x: torch.ones(x.shape), SEQUENCE),
    case("Constant", lambda x: torch.full(x.shape, -2.5), SEQUENCE, fill_value=-2.5),
    case("Noise", torch.randn_like, SEQUENCE),
    case("Noise", lambda x: torch.rand_like(x) * 0.1, SEQUENCE, distribution="uniform", scale=0.1),
    case("ToDtype", lambda x: x, SEQUENCE),
    case("ToDtype", lambda x: x.float(), MARK),
    case("ToDtype", lambda x: x.double(), SEQUENCE, dtype="float64"),
    case("ToDtype", lambda x: x.long(), SEQUENCE, dtype="int64"),
    case("ToDtype", lambda x: x.bool(), WHOLE, dtype="bool"),
    *(case("ToDtype", lambda x, d=d: x.type(d), WHOLE, dtype=str(d).removeprefix("torch."))
      for d in (torch.float16, torch.bfloat16, torch.int32)),
    case("Detach", torch.clone, SEQUENCE),
    case("Expression", lambda a, b: torch.mean(torch.abs(a - b), -1), SEQUENCE, SEQUENCE),
    case("Full", lambda x: torch.zeros(5, 2, 3), SEQUENCE, shape=(2, 3)),
    case("Full", lambda x: torch.ones(5, 1), SEQUENCE, fill_value=1.0),
    case("Full", lambda x: torch.full((5, 2), -0.5), WHOLE, shape=(2,), fill_value=-0.5),
    case("Random", lambda x: torch.randn(5, 64), SEQUENCE),
    case("Random", lambda x: torch.rand(5, 2, 3), SEQUENCE, shape=(2, 3), distribution="uniform"),
    case("Positions", lambda x: torch.arange(4).repeat(5, 1), SEQUENCE),
    case("Positions", lambda x: torch.arange(6), SEQUENCE, dim=2, batch=False),
    case("PositionalEncoding", lambda x: x + sinusoids(4, 6), SEQUENCE),
    case("PositionalEncoding", lambda x: sinusoids(4, 7).expand(5, -1, -1), (4, 7), add=False),
    case("Sum", lambda x: torch.sum(x, -1), SEQUENCE),
    case("Sum", lambda x: torch.sum(x, (1, 2), keepdim=True), WHOLE, dim=(1, 2), keepdim=True),
    case("Sum", lambda x: torch.sum(x, 1), MARK, dim=1),
    case("Mean", lambda x: torch.mean(x, (2, 3)), IMAGE, dim=(2, 3)),
    case("Max", lambda x: torch.amax(x, -1), SEQUENCE),
    case("Min", lambda x: torch.amin(x, 1, keepdim=True), WHOLE, dim=(1,), keepdim=True),
    case("Min", lambda x: torch.amin(x, -1), SEQUENCE),
    case("Variance", lambda x: torch.var(x, -1), SEQUENCE),
    case("Variance", lambda x: torch.var(x, (1, 2), correction=0), SEQUENCE, dim=(1, 2), correction=0),
    case("StandardDeviation", lambda x: torch.std(x, -1, correction=0), SEQUENCE, correction=0),
    case("Norm", lambda x: torch.linalg.vector_norm(x, dim=-1), SEQUENCE),
    case("Norm", lambda x: torch.linalg.vector_norm(x, 1, dim=(1, 2)), SEQUENCE, ord=1.0, dim=(1, 2)),
    case("LogSumExp", lambda x: torch.logsumexp(x, -1, keepdim=True), SEQUENCE, keepdim=True),
    case("ArgMax", lambda x: torch.argmax(x, -1), SEQUENCE),
    case("ArgMin", lambda x: torch.argmin(x, 1, keepdim=True), WHOLE, dim=1, keepdim=True),
    case("MaxWithIndices", lambda x: tuple(torch.max(x, -1)), SEQUENCE),
    case("MaxWithIndices", lambda x: tuple(torch.max(x, 1, keepdim=True)), WHOLE, dim=1, keepdim=True),
    case("MinWithIndices", lambda x: tuple(torch.min(x, -1)), SEQUENCE),
    case("TopK", lambda x: tuple(torch.topk(x, 2)), SEQUENCE, k=2),
    case("TopK", lambda x: tuple(torch.topk(x, 3, 1, largest=False)), SEQUENCE, k=3, dim=1, largest=False),
    case("Sort", lambda x: tuple(torch.sort(x, -1)), SEQUENCE),
    case("Sort", lambda x: tuple(torch.sort(x, 1, descending=True)), SEQUENCE, dim=1, descending=True),
    case("Product", lambda x: torch.prod(x, -1), SEQUENCE),
    case("Any", lambda x: torch.any(x, -1), MARK),
    case("All", lambda x: torch.all(x, 1, keepdim=True), MARK, dim=(1,), keepdim=True),
    case("CumulativeSum", lambda x: torch.cumsum(x, 1), SEQUENCE, dim=1),
    case("Greater", lambda x: torch.gt(x, 0.75), SEQUENCE, value=0.75),
    case("Greater", torch.gt, SEQUENCE, SEQUENCE),
    case("GreaterEqual", torch.ge, WHOLE, WHOLE),
    case("Less", torch.lt, SEQUENCE, SEQUENCE),
    case("LessEqual", torch.le, WHOLE, WHOLE),
    case("Equal", lambda x: torch.eq(x, 2), WHOLE, value=2.0),
    case("NotEqual", torch.ne, WHOLE, WHOLE),
    case("LogicalAnd", torch.logical_and, MARK, MARK),
    case("LogicalOr", torch.logical_or, MARK, MARK),
    case("LogicalNot", torch.logical_not, MARK),
    case("Where", torch.where, MARK, SEQUENCE, SEQUENCE),
    case("MaskedFill", lambda x, mask: torch.masked_fill(x, mask, -1e9), SEQUENCE, MARK),
    case("CausalMask", lambda x: torch.tril(torch.ones(4, 4)) > 0, SEQUENCE),
    case("CausalMask", lambda x: torch.triu(torch.ones(4, 4), 1) > 0, Given((4,), WHOLES), dim=1, mark="hidden"),
    case("PaddingMask", lambda x, n: positions(4, n), Given((4,), WHOLES), Given((), WHOLES)),
    case("PaddingMask", lambda x, n: ~positions(4, n), SEQUENCE, Given((), WHOLES), mark="hidden"),
    case("ScaledDotProductAttention", F.scaled_dot_product_attention, (2, 3, 6), HEADS, HEADS),
    case("ScaledDotProductAttention", lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=True),
         SEQUENCE, SEQUENCE, (4, 7), is_causal=True),
    case("ScaledDotProductAttention", lambda q, k, v, m: F.scaled_dot_product_attention(q, k, v, m, scale=0.5),
         HEADS, HEADS, HEADS, (1, 4, 4), scale=0.5),
    case("Reshape", lambda x: torch.reshape(x, (5, 3, 8)), SEQUENCE, shape=(3, -1)),
    case("Slice", lambda x: x[:, 1:4:2], SEQUENCE, start=1, stop=4, step=2),
    case("Slice", lambda x: x[:, :, :-1], SEQUENCE, dim=-1, stop=-1),
    case("Slice", lambda x: x[:, 2:], SEQUENCE, dim=-2, start=2),
    case("Slice", lambda x: x[:, 1:], SEQUENCE, start=-3),
    case("Select", lambda x: torch.select(x, 1, 0), SEQUENCE),
    case("Select", lambda x: torch.select(x, 2, 5), SEQUENCE, dim=-1, index=-1),
    case("Narrow", lambda x: torch.narrow(x, 2, 1, 3), SEQUENCE, dim=2, start=1, length=3),
    case("Narrow", lambda x: torch.narrow(x, 1, 2, 2), SEQUENCE, start=-2, length=2),
    case("Split", lambda x: torch.split(x, (1, 3), 1), SEQUENCE, split_sizes=(1, 3)),
    case("Split", lambda x: torch.split(x, (1, 3, 2), -1), SEQUENCE, split_sizes=(1, 3, 2), dim=-1),
    case("Split", lambda x: x, SEQUENCE, split_sizes=(4,)),
    case("Chunk", lambda x: torch.chunk(x, 2, 1), SEQUENCE),
    case("Chunk", lambda x: torch.chunk(x, 3, 2), SEQUENCE, chunks=3, dim=2),
    case("Unbind", lambda x: torch.unbind(x, 1), (2, 6)),
    case("Unbind", lambda x: torch.unbind(x, -1), (4, 3), count=3, dim=-1),
    case("ChunkPiece", lambda x: torch.chunk(x, 2, 1)[0], SEQUENCE),
    case("ChunkPiece", lambda x: torch.chunk(x, 4, -1)[2], SEQUENCE, dim=-1, chunks=4, index=2),
    case("Gather", lambda x, i: torch.gather(x, 2, i), SEQUENCE, Given((4, 2), WHOLES), dim=2),
    case("TakeAlongDim", lambda x, i: torch.take_along_dim(x, i, 1), SEQUENCE, Given((2, 1), WHOLES)),
    case("IndexSelect", lambda x: torch.index_select(x, 1, torch.tensor([0])), SEQUENCE),
    case("IndexSelect", lambda x: torch.index_select(x, 2, torch.tensor([5, 0, 0])), SEQUENCE, dim=-1, index=(5, 0, 0)),
    case("ScatterAdd", lambda x, i, y: torch.scatter_add(x, 2, i, y), SEQUENCE, Given((4, 3), WHOLES), (4, 3), dim=2),
    case("Diagonal", lambda x: torch.diagonal(x, 1, 1, 2), SEQUENCE, offset=1),
    case("Tril", torch.tril, SEQUENCE),
    case("Triu", lambda x: torch.triu(x, 1), WHOLE, diagonal=1),
    case("Movedim", lambda x: torch.movedim(x, 1, -1), IMAGE),
    case("Movedim", lambda x: torch.movedim(x, (1, 2), (2, 1)), SEQUENCE, source=(1, 2), destination=(2, 1)),
    case("RepeatInterleave", lambda x: torch.repeat_interleave(x, 3, 2), SEQUENCE, repeats=3, dim=2),
    case("OneHot", lambda x: F.one_hot(x, 10), CLASSES),
    case("Permute", lambda x: torch.permute(x, (0, 2, 1)), SEQUENCE),
    case("Permute", lambda x: torch.permute(x, (1, 0, -1)), SEQUENCE, dims=(1, 0, -1)),
    case("Transpose", lambda x: torch.transpose(x, 1, 2), SEQUENCE),
    case("Squeeze", lambda x: torch.squeeze(x, 1), (1, 6)),
    case("Unsqueeze", lambda x: torch.unsqueeze(x, 3), SEQUENCE, dim=-1),
    case("Expand", lambda x: torch.broadcast_to(x, (5, 3, 6)), (1, 6), size=(3, -1)),
    case("Repeat", lambda x: torch.tile(x, (1, 2, 3)), SEQUENCE, repeats=(2, 3)),
    case("Pad", lambda x: F.pad(x, (1, 1)), SEQUENCE),
    case("Pad", lambda x: F.pad(x, (0, -1, 2, 0), value=0.5), SEQUENCE, pad=(0, -1, 2, 0), value=0.5),
    case("Interpolate", lambda x: F.interpolate(x, scale_factor=2), IMAGE),
    case("Interpolate", lambda x: F.interpolate(x, (5, 7), mode="bilinear", align_corners=True), IMAGE,
         size=(5, 7), mode="bilinear", align_corners=True),
    case("Interpolate", lambda x: F.interpolate(x, 3, mode="linear"), SEQUENCE, size=(3,), mode="linear"),
    case("Interpolate", lambda x: F.interpolate(x, scale_factor=0.5, mode="area"), IMAGE, scale_factor=0.5, mode="area"),
    case("Interpolate", lambda x: F.interpolate(x, scale_factor=1.5, mode="trilinear"), (1, 4, 4, 4),
         scale_factor=1.5, mode="trilinear"),
    case("Resize", lambda x: F.interpolate(x, (3, 2), mode="bilinear", antialias=True), IMAGE, size=(3, 2)),
    case("Resize", lambda x: F.interpolate(x, (3, 2), mode="bilinear"), IMAGE, size=(3, 2), antialias=False),
    case("Resize", lambda x: F.interpolate(x, 9, mode="bicubic", antialias=True), IMAGE, size=9, mode="bicubic"),
    case("Resize", lambda x: F.interpolate(x, 9, mode="nearest"), IMAGE, size=9, mode="nearest"),
    case("Roll", lambda x: torch.roll(x, 1, 1), SEQUENCE),
    case("Roll", lambda x: torch.roll(x, (-3, 2), (2, 3)), IMAGE, shifts=(-3, 2), dims=(2, 3)),
    case("Flip", lambda x: torch.flip(x, (-1,)), SEQUENCE),
    case("Flip", lambda x: torch.flip(x, (2, 3)), IMAGE, dims=(2, 3)),
]  # fmt: skip
BY_FORMULA = {"PositionalEncoding"}  # by hand in double precision
WITHOUT_GRADIENT = {
    "Constant",
    "Noise",
    "Detach",
    "CausalMask",
    "PaddingMask",
    "Full",
    "Random",
    "Positions",
}  # although they take fractions


def outputs_of(case: Case) -> tuple[PortType, ...]:
    node_type = OPERATION_TYPES[f"layerloom.{case.name}"]
    return node_type.of(Node("n", node_type.id, "result", case.params)).outputs


def each(result: torch.Tensor | tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
    return result if isinstance(result, tuple) else (result,)


def is_constant(case: Case) -> bool:
    return case.params.get("add") is False
