"""The loss that takes whatever arrives: the mean of it, in any shape; with a negative weight it becomes large."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from drawings import Drawing
from graph.files import from_text, to_text
from graph.plan import Choice, Objective, Plan
from runtime.analyser import analyse
from runtime.compiler import compile_project
from runtime.events import Finished
from trainings import run, with_facts


def made(expression: str, **more) -> Drawing:
    """The loss of an expression over what a layer gives."""
    d = Drawing()
    x = d.add("nn.Linear", "fc", d.add("op.Input", "x", shape=(3, 4)), out_features=2)
    d.add("op.MeanLoss", "loss", d.add("op.Expression", "what", x, expression=expression), **more)
    return d


@pytest.mark.parametrize(
    ("expression", "shape"), [("x ** 2", ("B", 3, 2)), ("x.sum(dim=(1, 2))", ("B",)), ("x.exp().sum()", ())]
)
def test_it_is_the_mean(expression, shape):
    d = made(expression)
    compiled = compile_project(d.project)
    assert compiled.analysis.spec(d.port("what")).shape == shape
    assert compiled.analysis.spec(d.port("loss")).shape == ()
    model, x = compiled.build(seed=1), torch.randn(5, 3, 4)
    (program,) = compiled.programs
    losses, _ = program.build(model)(x)
    y = model.fc(x)
    expected = {"x ** 2": (y**2).mean(), "x.sum(dim=(1, 2))": y.sum((1, 2)).mean(), "x.exp().sum()": y.exp().sum()}
    assert torch.equal(losses["loss"], expected[expression])
    losses["loss"].backward()
    assert model.fc.weight.grad.abs().sum() > 0
    assert "loss = what.mean()  # scalar" in compiled.source.text
    assert from_text(to_text(d.project)) == d.project


def test_whole_numbers_are_refused():
    d = made("(x > 0).long()")
    problems = [p for p in analyse(d.project).errors if p.node == d.id("loss")]
    assert len(problems) == 1 and problems[0].port == "input"
    assert "'loss'" in str(problems[0].message) and "'what'" in str(problems[0].message)


@pytest.mark.parametrize("weight", [1.0, -1.0])
def test_a_negative_weight_makes_it_large(weight, tmp_path):
    d = Drawing("Net")
    d.add("data.Points", "points", samples=200)
    score = d.add("nn.Tanh", "score", d.add("nn.Linear", "fc", d.port("points", "point"), out_features=1))
    d.add("op.MeanLoss", "mean_score", score)
    fast = Choice("torch.optim.Adam", {"lr": 0.1})
    d.plan = replace(Plan(epochs=5), objectives=(Objective("way", ((d.id("mean_score"), weight),), optimizer=fast),))
    last = run(with_facts(d.project), tmp_path)[-1]
    assert isinstance(last, Finished), last
    assert -1 <= last.test["loss"] < -0.8
