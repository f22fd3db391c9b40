"""Shapes of custom code that depend on more than what arrives: other numbers, or whether it trains."""

from __future__ import annotations

import pytest

from drawings import Drawing
from graph.model import Code, Definitions
from runtime import trust
from runtime.analyser import analyse
from runtime.analysis import Analysis

LAYER = """\
import torch
from torch import nn

class Own(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm1d(4)
        self.fixed = nn.Parameter(torch.ones(5), requires_grad=False)

    def forward(self, x):
        {body}
"""


def analysed(text: str, dtype: str = "float32") -> Analysis:
    """What is known about a drawing with this code, which is allowed, as its node n2."""
    trust.allow(text)
    d = Drawing(definitions=Definitions(codes={"c1": Code("c1", "own", text)}))
    d.add("op.Output", "y", d.add("code.c1", "own", d.add("op.Input", "x", shape=(4,), dtype=dtype)))
    return analyse(d.project)


@pytest.mark.parametrize(
    ("body", "dtype"),
    [
        ("x[x > 0]", "float32"),
        ("x if float(x[0, 0]) < 0 else x[:, :1]", "float32"),
        ("x if bool((x >= 0).all()) else x.double()", "float32"),
        ("x[x]", "bool"),
    ],
)
def test_shapes_that_other_numbers_change_cannot_be_foreseen(body, dtype):
    (problem,) = analysed(f"def own(x):\n    return {body}\n", dtype).errors
    assert problem.code == "bad-code" and "so its shape cannot be foreseen" in str(problem.message)


@pytest.mark.parametrize("look", ["", "; x.max().item()"])
def test_shapes_that_training_changes_cannot_be_foreseen(look):
    body = f"y = self.norm(x){look}; return y if self.training else y[:, :2]"
    (problem,) = analysed(LAYER.format(body=body)).errors
    told = "is B × 4 (float32) while it trains and B × 2 (float32) afterwards"
    assert problem.code == "bad-code" and told in str(problem.message)


@pytest.mark.parametrize(
    "body",
    [
        "return self.norm(x) * 2 if self.training else self.norm(x)",
        "assert x.min().item() >= 0; return self.norm(x)",  # what refuses some numbers may do so
        "return self.norm(x)\n\n    def train(self, mode=True):\n        super().train(mode)",  # and forgets to return itself
    ],
)
def test_code_that_always_gives_the_same_shape_is_understood_and_what_is_frozen_is_not_trainable(body):
    analysis = analysed(LAYER.format(body=body))
    assert not analysis.errors
    assert analysis.nodes["n2"].outputs["output"].shape == ("B", 4) and analysis.nodes["n2"].parameters == 8
