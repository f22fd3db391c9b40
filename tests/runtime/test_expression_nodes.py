"""Expressions of a person, drawn: each method and function that is let through computes what PyTorch's own does."""

from __future__ import annotations

from operator import attrgetter
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor, nn

from expression_tools import ARGUMENTS, CALLS, SHAPE, computed, drawn
from graph.tensor_expressions import FUNCTIONS, METHODS
from operation_tools import BATCH
from runtime.analyser import analyse

ARITHMETIC = ("a + 2 * b", "a // 0.5 % 3", "-a ** -0.5", "2 ** a", "a @ b.transpose(-2, -1)", "a[:, 1:, ::2, None]", "a[..., 0]",
              "(a >= b).float() - (a != 1).float()", "a / 6 ** 0.5", "a.masked_fill(a > b, -1)")  # fmt: skip


@pytest.fixture
def tensors() -> dict[str, Tensor]:
    torch.manual_seed(0)
    return {name: torch.rand(BATCH, *SHAPE) + 0.5 for name in ("in_a", "in_b")}


@pytest.mark.parametrize("name", sorted(METHODS - {"masked_fill"}))
def test_every_method_is_that_of_pytorch(tensors, name):
    call = f"a.{name}({ARGUMENTS.get(name, '')})"
    assert torch.equal(computed(call, tensors), eval(call, {"a": tensors["in_a"]}))


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_every_function_is_that_of_pytorch(tensors, name):
    call = CALLS.get(name, f"{name}(a)")
    function = attrgetter(FUNCTIONS[name])(SimpleNamespace(torch=torch, nn=nn))
    names = {"a": tensors["in_a"], "b": tensors["in_b"], name: function}
    assert torch.equal(computed(call, tensors), eval(call, names))


@pytest.mark.parametrize("text", ARITHMETIC)
def test_arithmetic_is_that_of_python(tensors, text):
    assert torch.equal(computed(text, tensors), eval(text, {"a": tensors["in_a"], "b": tensors["in_b"]}))


def test_gradients_flow_back(tensors):
    a, b = (tensor.requires_grad_() for tensor in tensors.values())
    computed("(a - b).abs().mean(dim=-1)", tensors).sum().backward()
    assert torch.equal(a.grad, (a - b).sign() / 6)
    assert torch.equal(b.grad, -a.grad)


def test_what_is_wired_counts_by_its_name_not_by_its_place(tensors):
    assert torch.equal(computed("b - a", tensors), tensors["in_b"] - tensors["in_a"])


@pytest.mark.parametrize(
    "text", ["a.__class__", "__import__('os').system('true')", "a.save('f')", "9**9**9 * a", "lambda: a"]
)
def test_a_text_that_is_no_expression_is_a_problem_and_no_code(text):
    d = drawn(text)
    (problem,) = [p for p in analyse(d.project).errors if p.code == "bad-parameter"]
    assert "cannot be computed" in str(problem.message)
    assert problem.fixes


@pytest.mark.parametrize(("text", "dtype"), [("a - b", "bool"), ("a.round() + b", "bool"), ("-a + b", "bool")])
def test_kinds_of_numbers_that_nothing_computes_are_a_problem(text, dtype):
    (problem,) = analyse(drawn(text, dtype).project).errors
    assert problem.code == "wrong-dtype"
    assert f"(in_a: {dtype}, in_b: {dtype})" in str(problem.message)


def test_shapes_that_do_not_fit_are_told_by_pytorch():
    (problem,) = analyse(drawn("a @ b").project).errors
    assert problem.code == "shape-mismatch"
    assert "in_a: B × 4 × 6" in str(problem.message)
