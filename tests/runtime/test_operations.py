"""Every operation against PyTorch's own function called by hand: shape, dtype, value and gradient."""

from __future__ import annotations

import ast
import re
from itertools import product

import pytest
import torch

from drawings import Drawing, with_images
from graph.catalog import CATALOG
from graph.catalog.arithmetic import EQUATION
from operation_cases import BY_FORMULA, CASES, OPERATION_TYPES, WITHOUT_GRADIENT, Case, each, is_constant, outputs_of
from operation_tools import BATCH, FLOATS, HEADS, IMAGE, MARKS, SEQUENCE, WHOLE, WHOLES, Given, drawn
from runtime.analyser import analyse
from runtime.analysis import Analysis
from runtime.codegen import generate
from runtime.compiler import compile_project, execute
from runtime.guard import FUNCTIONS, TENSOR_ATTRIBUTES, check_source
from runtime.helpers import HELPERS
from runtime.operations import OPERATIONS


def network(d: Drawing, analysis: Analysis) -> torch.nn.Module:
    source = generate(d.project, analysis)
    return execute(source.text)[source.class_name]()


def line_of(name: str, *inputs: Given | tuple[int, ...], **params) -> str:
    """The expression that the operation becomes."""
    d = drawn(name, params, inputs)
    text = generate(d.project, analyse(d.project)).text
    (line,) = [
        row
        for row in text.splitlines()
        if row.startswith(("        result = ", "        result, ", "        result0, "))
    ]
    return line.partition(" = ")[2].partition("  #")[0]


# ---- what they compute


def test_every_operation_is_written_and_tested():
    assert OPERATION_TYPES.keys() == OPERATIONS.keys() == {f"layerloom.{case.name}" for case in CASES}


def finished(case: Case) -> Drawing:
    """The operation drawn alone, with an Output at each of its outputs."""
    d = drawn(case.name, case.params, case.inputs)
    for port in outputs_of(case):
        d.add("op.Output", f"end_{port.name}", d.port("result", port.name))
    return d


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_shape_dtype_value_and_gradient_are_those_of_pytorch(case: Case):
    d = finished(case)
    analysis = analyse(d.project)
    assert analysis.errors == ()
    tensors = [given.tensor() for given in case.inputs]
    ours, theirs = ([t.clone().requires_grad_(t.is_floating_point()) for t in tensors] for _ in range(2))
    torch.manual_seed(1)
    results = each(network(d, analysis)(*ours))
    torch.manual_seed(1)
    expected = each(case.by_hand(*theirs))
    for port, result, wanted in zip(outputs_of(case), results, expected, strict=True):
        assert result.dtype == wanted.dtype
        assert close(result, wanted, exactly=case.name not in BY_FORMULA)
        spec = analysis.spec(d.port("result", port.name))
        assert tuple(BATCH if dim == "B" else dim for dim in spec.shape) == tuple(wanted.shape)
        assert f"torch.{spec.dtype}" == str(wanted.dtype)
    fractions = [t for t in ours if t.is_floating_point()]
    learning = [result for result in results if result.is_floating_point()]
    learns = bool(learning and fractions) and case.name not in WITHOUT_GRADIENT and not is_constant(case)
    assert all(result.requires_grad == learns for result in learning)
    if learns:
        sum(result.square().sum() for result in learning).backward()
        sum(wanted.square().sum() for wanted in expected if wanted.is_floating_point()).backward()
        gradients = [(a.grad, b.grad) for a, b in zip(ours, theirs, strict=True) if a.is_floating_point()]
        assert all(close(a, b, exactly=case.name not in BY_FORMULA) for a, b in gradients)


def close(a: torch.Tensor, b: torch.Tensor, *, exactly: bool) -> bool:
    return torch.equal(a, b) if exactly else a.shape == b.shape and torch.allclose(a, b, atol=1e-6)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_described_output_holds(case: Case):
    results = each(case.by_hand(*[given.tensor() for given in case.inputs]))
    for port, result in zip(outputs_of(case), results, strict=True):
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
            spec = analysis.spec(d.port("result", outputs_of(case)[0].name))
            assert str(result.dtype) == f"torch.{spec.dtype}", dtypes


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
        ("data0.split([1, 3], dim=1)", "Split", (SEQUENCE,), {"split_sizes": (1, 3)}),
        ("data0.chunk(2, dim=1)", "Chunk", (SEQUENCE,), {}),
        ("data0.unbind(dim=1)", "Unbind", ((2, 6),), {}),
        ("data0.topk(2, largest=False)", "TopK", (SEQUENCE,), {"k": 2, "largest": False}),
        ("data0.sort(descending=True)", "Sort", (SEQUENCE,), {"descending": True}),
        ("data0.max(dim=-1)", "MaxWithIndices", (SEQUENCE,), {}),
        ("data0[:, [0, 2]]", "IndexSelect", (SEQUENCE,), {"index": (0, 2)}),
        ("data0.movedim(1, -1)", "Movedim", (SEQUENCE,), {}),
        ("data0.repeat_interleave(2, dim=1)", "RepeatInterleave", (SEQUENCE,), {}),
        ("nn.functional.one_hot(data0, 10)", "OneHot", (WHOLE,), {}),
        ("torch.zeros(data0.shape[0], 2, 3, device=data0.device)", "Full", (SEQUENCE,), {"shape": (2, 3)}),
        ("torch.full((data0.shape[0], 1), 0.5, device=data0.device)", "Full", (SEQUENCE,), {"fill_value": 0.5}),
        ("torch.randn(data0.shape[0], 64, device=data0.device)", "Random", (SEQUENCE,), {}),
        ("torch.arange(data0.shape[1], device=data0.device)", "Positions", (SEQUENCE,), {"batch": False}),
        ("data0 + sinusoidal_encoding(data0)", "PositionalEncoding", (SEQUENCE,), {}),
        ("(data0 - data1).abs().mean(dim=-1)", "Expression", (SEQUENCE, SEQUENCE), {}),
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
        "x = lambda: y",
        "x = print(y)",
        "x = torch.nn.init.zeros_(y)",
        "x = nn.init._no_grad_fill_(y)",
        "while x: y = z",
        "x = (y := z)",
    ],
)
def test_the_second_wall_stays_closed_around_what_operations_need(text):
    with pytest.raises(AssertionError):
        check_source(text)


def test_the_second_wall_lets_through_only_what_operations_write():
    """Every name on the list of allowed ones occurs in the source of some case, or in what generated source defines itself."""
    helpers = [ast.parse(text) for text in HELPERS.values()]
    names = {node.attr for tree in helpers for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    for name, params, inputs, _ in CASES:
        d = drawn(name, params, inputs)
        tree = ast.parse(generate(d.project, analyse(d.project)).text)
        names |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    functions = {name for owner, functions in FUNCTIONS.items() if owner != "nn.init" for name in functions}
    functions -= {"Generator"}  # which initializers with a seed write
    assert (functions | TENSOR_ATTRIBUTES) - names == set()


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
