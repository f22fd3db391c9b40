"""Expressions change nothing but their own result, and ask for no memory before they are run."""

from __future__ import annotations

import subprocess
import sys
from itertools import product
from pathlib import Path

import pytest
import torch
from torch import nn

from expression_tools import ARGUMENTS, CALLS, computed, drawn
from graph.messages import EditError
from graph.tensor_expressions import FUNCTIONS, METHODS, check_expression, inputs_of, written
from runtime.analyser import analyse
from runtime.analysis import TensorSpec
from runtime.diagnosis_expressions import _failure

ROOT = Path(__file__).parents[2]
MORE = ("True", "1", "b", "inplace=True", "True, True", "1, True", "1, 1, True", "1, 1, 1, True", "dim=1, inplace=True")


def spellings() -> list[str]:
    """Each function and method with what it needs, if anything, and more behind it."""
    methods = [f"a.{name}({', '.join(filter(None, [given, more]))})"
               for name, more in product(sorted(METHODS), MORE) for given in {"", ARGUMENTS.get(name, "")}]  # fmt: skip
    functions = [f"{CALLS.get(name, f'{name}(a)')[:-1]}, {more})" for name, more in product(sorted(FUNCTIONS), MORE)]
    return [*methods, *functions]


def is_let_through(text: str) -> bool:
    try:
        check_expression(text)
    except EditError:
        return False
    return True


def test_no_call_overwrites_what_it_is_given():
    torch.manual_seed(0)
    names = {"x0": torch.randn(2, 4, 6), "x1": torch.randn(2, 4, 6)}
    before = {name: tensor.clone() for name, tensor in names.items()}
    ran = 0
    for text in filter(is_let_through, spellings()):
        variables = list(names)[: len(inputs_of(text))]
        try:
            eval(written(text, variables), {"torch": torch, "nn": nn, **names})
        except (TypeError, RuntimeError, ValueError, IndexError, SyntaxError):
            continue
        ran += 1
        assert all(torch.equal(names[name], before[name]) for name in names), text
    assert ran > len(METHODS)


@pytest.mark.parametrize("text", ["silu(x, True)", "silu(x, inplace=True)", "silu(x, 1)", "silu(x, inplace=False)"])
def test_silu_takes_one_input(text):
    with pytest.raises(EditError, match="'silu' takes one input"):
        check_expression(text)


@pytest.mark.parametrize(
    "text",
    [
        "x.squeeze()",
        "x.squeeze(0)",
        "x.squeeze(dim=0)",
        "x.squeeze((0, 1))",
        "x.squeeze(dim=(1, 0))",
        "x.squeeze(1 - 1)",
    ],
)
def test_squeeze_never_removes_the_batch(text):
    with pytest.raises(EditError, match="squeeze needs the dimension"):
        check_expression(text)


@pytest.mark.parametrize("text", ["x.squeeze(1)", "x.squeeze(-1)", "x.squeeze(dim=1)", "x.squeeze((1, 2))"])
def test_squeeze_of_named_dimensions_is_let_through(text):
    check_expression(text)


def test_einsum_in_an_expression_says_what_comes_out():
    with pytest.raises(EditError, match="needs an arrow and what comes out: 'bi,bj->ij'"):
        check_expression("einsum('bi,bj', a, b)")


# ---- memory

LARGE = (
    "x.repeat(1, 10000000).sum(1)",
    "sum(einsum('bi,bj,bk,bl,bm->bijklm', x, x, x, x, x))",
    "x.repeat(1, 9000000).abs().mean(1)",
)
PEAK = """
import resource, sys
sys.path[:0] = ["tests", "."]
from drawings import Drawing
from runtime.analyser import analyse
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for i, text in enumerate(["x.abs()", *sys.argv[1:]]):
    d = Drawing()
    d.add("op.Expression", "it", d.add("op.Input", "x", shape=(64,)), expression=text)
    assert analyse(d.project).errors == (), text
    before = before if i else peak()
print((peak() - before) // 1024)
"""


@pytest.mark.slow
def test_opening_a_file_with_large_intermediate_results_takes_no_memory():
    """In a process of its own, in MB beyond what a small expression takes; the smallest of these has 2,300 MB."""
    done = subprocess.run([sys.executable, "-c", PEAK, *LARGE], cwd=ROOT, capture_output=True, text=True, check=True)
    assert int(done.stdout) < 300


def test_what_nothing_computes_is_found_behind_a_result_of_fair_size():
    (problem,) = analyse(drawn("a.repeat(1, 1, 9) - b.repeat(1, 1, 9)", "bool").project).errors
    assert problem.code == "wrong-dtype"


def test_a_result_too_large_to_try_has_nothing_said_of_it():
    assert _failure("(x - x).sum()", (TensorSpec(("B", 4), "bool"),))
    assert _failure("(x.repeat(1, 9999999) - x.repeat(1, 9999999)).sum()", (TensorSpec(("B", 4), "bool"),)) == ""


def test_an_expression_that_squeezes_keeps_a_batch_of_one_sample():
    torch.manual_seed(0)
    names = {"in_a": torch.rand(5, 4, 6)}
    assert torch.equal(computed("a.mean(dim=1, keepdim=True).squeeze(1)", names), names["in_a"].mean(dim=1))
