"""Every operation against PyTorch's own function called by hand: shape, dtype, value and gradient."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from itertools import product
from typing import NamedTuple

import pytest
import torch
from torch.nn import functional as F

from drawings import Drawing, with_images
from graph.catalog import CATALOG, Role
from graph.catalog.arithmetic import EQUATION
from operation_tools import BATCH, FLOATS, HEADS, IMAGE, MARK, MARKS, SEQUENCE, WHOLE, WHOLES, Given, drawn
from runtime.analysis import Analysis
from runtime.codegen import generate
from runtime.compiler import compile_project, execute
from runtime.guard import FUNCTIONS, TENSOR_ATTRIBUTES, check_source
from runtime.operations import OPERATIONS
from runtime.shapes import analyse


class Case(NamedTuple):
    """An operation with parameters and inputs, and the same by hand."""

    name: str
    params: dict
    inputs: tuple[Given, ...]
    by_hand: Callable[..., torch.Tensor]


def case(name: str, by_hand: Callable[..., torch.Tensor], *inputs: Given | tuple[int, ...], **params) -> Case:
    given = tuple(i if isinstance(i, Given) else Given(i) for i in inputs)
    return Case(name, params, given, by_hand)


def positions(length: int, lengths: torch.Tensor) -> torch.Tensor:
    return torch.tensor([[step < end for step in range(length)] for end in lengths.tolist()])


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
    case("Minimum", torch.minimum, SEQUENCE, SEQUENCE),
    case("Maximum", torch.maximum, SEQUENCE, SEQUENCE),
    case("MatMul", torch.matmul, (4, 6), (6, 3)),
    case("MatMul", torch.matmul, (2, 4, 6), (1, 6, 3)),
    case("BatchMatMul", torch.bmm, (4, 6), (6, 3)),
    case("Einsum", torch.bmm, (4, 6), (6, 3)),
    case("Einsum", lambda a, b: torch.einsum("b h i d, b h j d -> b h i j", a, b), HEADS, HEADS,
         equation="b h i d, b h j d -> b h i j"),
    case("Einsum", lambda a, b: torch.einsum("...i,...i", a, b), SEQUENCE, SEQUENCE, equation="...i,...i"),
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
    case("ChunkPiece", lambda x: torch.chunk(x, 2, 1)[0], SEQUENCE),
    case("ChunkPiece", lambda x: torch.chunk(x, 4, -1)[2], SEQUENCE, dim=-1, chunks=4, index=2),
    case("Gather", lambda x, i: torch.gather(x, 2, i), SEQUENCE, Given((4, 2), WHOLES), dim=2),
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
    case("Roll", lambda x: torch.roll(x, 1, 1), SEQUENCE),
    case("Roll", lambda x: torch.roll(x, (-3, 2), (2, 3)), IMAGE, shifts=(-3, 2), dims=(2, 3)),
    case("Flip", lambda x: torch.flip(x, (-1,)), SEQUENCE),
    case("Flip", lambda x: torch.flip(x, (2, 3)), IMAGE, dims=(2, 3)),
]  # fmt: skip
WITHOUT_GRADIENT = {"Constant", "Noise", "Detach", "CausalMask", "PaddingMask"}  # although they take fractions
OPERATION_TYPES = {t.id: t for t in CATALOG.values() if t.role is Role.OPERATION}


def network(d: Drawing, analysis: Analysis) -> torch.nn.Module:
    source = generate(d.project, analysis)
    return execute(source.text)[source.class_name]()


def line_of(name: str, *inputs: Given | tuple[int, ...], **params) -> str:
    """The expression that the operation becomes."""
    d = drawn(name, params, inputs)
    text = generate(d.project, analyse(d.project)).text
    (line,) = [row for row in text.splitlines() if row.startswith("        result = ")]
    return line.removeprefix("        result = ").partition("  #")[0]


# ---- what they compute


def test_every_operation_is_written_and_tested():
    assert OPERATION_TYPES.keys() == OPERATIONS.keys() == {f"layerloom.{case.name}" for case in CASES}
    assert all(len(node_type.outputs) == 1 for node_type in OPERATION_TYPES.values())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_shape_dtype_value_and_gradient_are_those_of_pytorch(case: Case):
    d = drawn(case.name, case.params, case.inputs)
    analysis = analyse(d.project)
    assert analysis.errors == ()
    tensors = [given.tensor() for given in case.inputs]
    ours, theirs = ([t.clone().requires_grad_(t.is_floating_point()) for t in tensors] for _ in range(2))
    torch.manual_seed(1)
    result = network(d, analysis)(*ours)
    torch.manual_seed(1)
    expected = case.by_hand(*theirs)
    assert result.dtype == expected.dtype
    assert torch.equal(result, expected)
    spec = analysis.spec(d.port("result"))
    assert (tuple(BATCH if dim == "B" else dim for dim in spec.shape), spec.dtype) == (
        tuple(expected.shape), str(expected.dtype).removeprefix("torch."),
    )  # fmt: skip
    fractions = [t for t in ours if t.is_floating_point()]
    learns = result.is_floating_point() and bool(fractions) and case.name not in WITHOUT_GRADIENT
    assert result.requires_grad == learns
    if learns:
        result.square().sum().backward()
        expected.square().sum().backward()
        assert all(torch.equal(a.grad, b.grad) for a, b in zip(ours, theirs, strict=True) if a.is_floating_point())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_described_output_holds(case: Case):
    (port,) = OPERATION_TYPES[f"layerloom.{case.name}"].outputs
    result = case.by_hand(*[given.tensor() for given in case.inputs])
    assert port.dtype in ("any", "float" if result.is_floating_point() else "integer")
    assert not port.ndim or result.dim() in port.ndim


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_the_analysis_lets_pass_runs_whatever_kind_of_numbers_comes(case: Case):
    for dtypes in product((FLOATS, WHOLES, MARKS), repeat=len(case.inputs)):
        inputs = tuple(Given(given.shape, dtype) for given, dtype in zip(case.inputs, dtypes, strict=True))
        d = drawn(case.name, case.params, inputs)
        analysis = analyse(d.project)
        if not analysis.errors:
            result = network(d, analysis)(*[given.tensor() for given in inputs])
            assert str(result.dtype) == f"torch.{analysis.spec(d.port('result')).dtype}", dtypes


def test_analysis_draws_no_random_numbers():
    torch.manual_seed(0)
    before = torch.get_rng_state()
    analyse(drawn("Noise", {"scale": 0.123}, (SEQUENCE,)).project)
    assert torch.equal(before, torch.get_rng_state())


def test_multiply_accumulates_of_a_product_are_counted():
    d = drawn("MatMul", {}, (Given((4, 6)), Given((6, 3))))
    assert analyse(d.project).nodes[d.id("result")].macs == 4 * 6 * 3


# ---- how they read


@pytest.mark.parametrize(
    ("line", "name", "inputs", "params"),
    [
        ("data0 @ data1", "MatMul", ((4, 6), (6, 3)), {}),
        ("data0 ** 2", "Power", (SEQUENCE,), {}),
        ("data0 * 0.125 + 1", "Scale", (SEQUENCE,), {"factor": 0.125, "offset": 1.0}),
        ("data0 * 2 - 1", "Scale", (SEQUENCE,), {"factor": 2.0, "offset": -1.0}),
        ("data0 ** -0.5", "Power", (SEQUENCE,), {"exponent": -0.5}),
        ("data0.clamp(min=0, max=1)", "Clamp", (SEQUENCE,), {}),
        ("data0.mean(dim=(2, 3), keepdim=True)", "Mean", (IMAGE,), {"dim": (2, 3), "keepdim": True}),
        ("torch.linalg.vector_norm(data0, dim=-1)", "Norm", (SEQUENCE,), {}),
        ("data0 > 0", "Greater", (SEQUENCE,), {}),
        ("data0 > data1", "Greater", (SEQUENCE, SEQUENCE), {"value": 3.0}),
        ("data0[:, 1:4:2]", "Slice", (SEQUENCE,), {"start": 1, "stop": 4, "step": 2}),
        ("data0[..., :3, :]", "Slice", (SEQUENCE,), {"dim": -2, "stop": 3}),
        ("data0[:, -1]", "Select", (SEQUENCE,), {"index": -1}),
        ("data0.chunk(3, dim=2)[1]", "ChunkPiece", (SEQUENCE,), {"chunks": 3, "dim": 2, "index": 1}),
        ("data0.roll(1, dims=1)", "Roll", (SEQUENCE,), {}),
        ("0.1 * torch.randn_like(data0)", "Noise", (SEQUENCE,), {"scale": 0.1}),
        ("data0.to(torch.int64)", "ToDtype", (SEQUENCE,), {"dtype": "int64"}),
        ("nn.functional.scaled_dot_product_attention(data0, data1, data2, attn_mask=data3)",
         "ScaledDotProductAttention", (HEADS, HEADS, HEADS, (1, 4, 4)), {}),
    ],
)  # fmt: skip
def test_an_operation_is_one_line_that_reads_like_a_textbook(line, name, inputs, params):
    names = {f"data{i}_input" if len(inputs) > 1 else "input": f"data{i}" for i in range(len(inputs))}
    written = line_of(name, *inputs, **params)
    for variable, short in names.items():
        written = written.replace(variable, short)
    assert written == line


def test_torch_is_imported_where_it_is_used():
    def text(name: str, **params) -> str:
        d = drawn(name, params, (SEQUENCE,))
        return generate(d.project, analyse(d.project)).text

    assert "import torch\n" in text("ToDtype")
    assert "import torch\n" not in text("Pad")


def test_torch_is_imported_for_what_only_training_needs():
    d, image, label = with_images()
    scores = d.add("nn.Linear", "scores", d.add("nn.Flatten", "flat", image), out_features=10)
    d.add("op.Output", "answer", scores)
    d.add("nn.CrossEntropyLoss", "loss", d.add("op.Minimum", "least", scores, scores), label)
    losses, _ = program_of(d)(torch.rand(3, 1, 32, 32), torch.zeros(3, dtype=torch.int64))
    assert losses["loss"].isfinite()


def program_of(d: Drawing) -> torch.nn.Module:
    compiled = compile_project(d.project)
    return compiled.programs[0].build(compiled.build(seed=0))


# ---- the walls


@pytest.mark.parametrize(
    "text",
    [
        "x = torch.from_file('f')",
        "x = torch.save(y, 'f')",
        "x = torch.linalg.eig(y)",
        "x = torch.nn",
        "x = nn.functional.conv2d(y)",
        "x = nn.functional.__dict__",
        "x = nn.utils",
        "x = y.tofile('f')",
        "x = y.apply_(z)",
        "x = y.numpy()",
        "x = torch.bool.__class__",
        "x = y if z else w",
        "x = (y := z)",
    ],
)
def test_the_second_wall_stays_closed_around_what_operations_need(text):
    with pytest.raises(AssertionError):
        check_source(text)


def test_the_second_wall_lets_through_only_what_operations_write():
    """Every name on the list of allowed ones occurs in the source of some case."""
    names: set[str] = set()
    for name, params, inputs, _ in CASES:
        d = drawn(name, params, inputs)
        tree = ast.parse(generate(d.project, analyse(d.project)).text)
        names |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert set().union(*FUNCTIONS.values(), TENSOR_ATTRIBUTES) - names == set()


@pytest.mark.parametrize("equation", ["", "bij,bjk->bik", "...ij,...jk->...ik", "b i , b j -> i j", "ii->"])
def test_equations(equation):
    assert CATALOG["layerloom.Einsum"].param("equation").check(equation) == equation


@pytest.mark.parametrize(
    "equation", ["ij->kl->m", "i1,j", "..,i", "i;j", "i\nj", "{self}", "__import__('os')", "ij, jk → ik", "'"]
)
def test_texts_that_are_no_equation_are_refused(equation):
    d = drawn("Einsum", {"equation": equation}, (SEQUENCE, SEQUENCE))
    (problem,) = [p for p in analyse(d.project).problems if p.code == "bad-parameter"]
    assert "a text such as bij,bjk->bik" in str(problem.message)
    assert "einsum" not in generate(d.project, analyse(d.project)).text


def test_a_long_text_is_refused_as_fast_as_a_short_one():
    assert re.fullmatch(EQUATION, "a" * 5000 + " ..." + "a" * 4000 + "!") is None
