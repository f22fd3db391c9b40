"""A tensor that does not learn: what it holds by what it is told, where it is kept, and what does not fit."""

from __future__ import annotations

import pytest
import torch

from drawings import Drawing
from graph.catalog.sources import fixed_numbers
from graph.messages import EditError
from runtime.analyser import analyse
from runtime.compiler import compile_project

CASES = [
    ({"shape": (2, 2), "values": "1.5, -2, 0.1, inf"}, torch.tensor([[1.5, -2.0], [0.1, float("inf")]])),
    ({"shape": (3,), "values": "-inf"}, torch.full((3,), float("-inf"))),
    ({"shape": (2, 3), "dtype": "int64", "values": "count"}, torch.arange(6).reshape(2, 3)),
    ({"shape": (2, 3), "values": "count"}, torch.arange(6.0).reshape(2, 3)),
    ({"shape": (3, 3), "dtype": "bool", "values": "upper 1"}, torch.ones(3, 3, dtype=torch.bool).triu(1)),
    ({"shape": (3, 3), "values": "lower"}, torch.ones(3, 3).tril()),
    ({"shape": (2, 1)}, torch.zeros(2, 1)),
    ({"shape": (2,), "dtype": "bool", "values": "1, 0"}, torch.tensor([True, False])),
    ({"shape": (2,), "dtype": "bfloat16", "values": "0.5"}, torch.full((2,), 0.5, dtype=torch.bfloat16)),
]


def drawn(params: dict, *, wired: bool = False):
    d = Drawing()
    x = d.add("op.Input", "x", shape=(3,))
    table = d.add("op.Fixed", "table", *([x] if wired else []), **params)
    d.add("op.Output", "first", d.add("op.Negate", "negative", x))
    d.add("op.Output", "second", table)
    return d.project


def given(compiled, model):
    """What the table gives, for a batch of 4."""
    names = [compiled.project.graph.nodes[port.node].name for port in compiled.outputs]
    return model(torch.zeros(4, 3))[names.index("table")]


@pytest.mark.parametrize(("params", "wanted"), CASES)
def test_it_holds_what_it_is_told(params, wanted):
    compiled = compile_project(drawn(params))
    model = compiled.build()
    assert sum(p.numel() for p in model.parameters()) == 0
    assert list(model.state_dict()) == ["table"]
    found = given(compiled, model)
    assert found.dtype == wanted.dtype
    assert torch.equal(found, wanted)
    spec = compiled.analysis.nodes[drawn(params).graph.node_named("table").id].outputs["output"]
    assert (spec.shape, spec.dtype) == (tuple(wanted.shape), str(wanted.dtype).removeprefix("torch."))


def test_every_sample_gets_it():
    compiled = compile_project(drawn({"shape": (1, 2), "values": "3, 4"}, wired=True))
    found = given(compiled, compiled.build())
    assert torch.equal(found, torch.tensor([[3.0, 4.0]]).expand(4, 2))


@pytest.mark.parametrize(
    ("params", "wired", "said"),
    [
        ({"shape": (2, 2), "values": "1, 2, 3"}, False, "needs 4 numbers, but it is told 3"),
        ({"shape": (2, 2)}, True, "only a first size of 1 becomes the size of the batch"),
    ],
)
def test_what_does_not_fit_is_said(params, wired, said):
    (problem,) = analyse(drawn(params, wired=wired)).errors
    assert said in str(problem.message)


@pytest.mark.parametrize("text", ["", "a", "1 2", "nan", "lower x", "upper 1 2", "count 3", "__import__('os')"])
def test_other_texts_are_refused(text):
    with pytest.raises(EditError, match="are no numbers with commas between them"):
        fixed_numbers(text)
