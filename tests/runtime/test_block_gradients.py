"""A block used for its gradient: what PyTorch's own `autograd.grad` gives, in training and where nothing is changed."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import nn

from drawings import Drawing
from graph.files import load
from graph.model import Definitions, Port, Project
from runtime import examples
from runtime.analyser import analyse
from runtime.compiler import compile_project
from runtime.events import Finished, Noted
from runtime.summary import summarize
from runtime.why import why
from trainings import epochs_of, run, with_facts


def critic(*, dtype: str = "float32", ends: int = 1) -> Definitions:
    """Of a point, with a second input that scales the score."""
    d = Drawing("Critic")
    x = d.add("op.Input", "point", shape=(3,), dtype=dtype)
    scale = d.add("op.Input", "scale", shape=(1,))
    y = d.add("nn.Tanh", "bent", d.add("nn.Linear", "fc1", x, out_features=8)) if dtype == "float32" else x
    y = d.add("op.Multiply", "scaled", d.add("nn.Linear", "fc2", y, out_features=1), scale) if dtype == "float32" else y
    for number in range(ends):
        d.add("op.Output", f"score{number}", y)
    return d.as_block()


def penalized(definitions: Definitions | None = None, **params) -> Drawing:
    """The score of points, and the gradient of the same critic."""
    d = Drawing("Penalized", definitions=definitions or critic())
    x, scale = d.add("op.Input", "x", shape=(3,)), d.add("op.Input", "factor", shape=(1,))
    d.add("block.Critic", "judge", x, scale)
    d.add("block.Critic", "slope", x, scale, shares="judge", **{"use": "gradient", **params})
    return d


def drawn() -> Project:
    d = penalized()
    for name, port in (("score", d.port("judge", "score0")), ("gradient", d.port("slope", "gradient"))):
        d.add("op.Output", name, port)
    return d.project


def test_it_is_the_gradient_by_the_first_input():
    compiled = compile_project(drawn())
    model = compiled.build(seed=1)
    x, scale = torch.randn(5, 3), torch.randn(5, 1)
    score, slope = model(x, scale)
    watched = x.clone().requires_grad_()
    (expected,) = torch.autograd.grad(model.judge(watched, scale).sum(), watched, create_graph=True)
    assert torch.equal(slope, expected)
    assert torch.equal(score, model.judge(x, scale))
    with torch.no_grad():
        assert torch.equal(model(x, scale)[1], expected)
    assert "slope = input_gradient(self.judge, x, factor)  # B × 3" in compiled.source.text
    assert isinstance(model.judge, nn.Module) and not hasattr(model, "slope")


def test_what_depends_on_it_can_be_learned():
    """A gradient penalty moves the weights as one written by hand does (Gulrajani et al., 2017)."""
    model = compile_project(drawn()).build(seed=1)
    x, scale = torch.randn(5, 3), torch.randn(5, 1)
    ((model(x, scale)[1].norm(dim=1) - 1) ** 2).mean().backward()
    ours = [p.grad.clone() for p in model.parameters() if p.grad is not None]
    model.zero_grad(set_to_none=True)
    watched = x.clone().requires_grad_()
    (slope,) = torch.autograd.grad(model.judge(watched, scale).sum(), watched, create_graph=True)
    ((slope.norm(dim=1) - 1) ** 2).mean().backward()
    theirs = [p.grad for p in model.parameters() if p.grad is not None]
    assert len(ours) == len(theirs) == 3  # the last bias does not bend the score
    assert all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))


def test_where_it_comes_through_what_is_learned_both_learn():
    d = Drawing("Through", definitions=critic())
    x, scale = d.add("op.Input", "x", shape=(3,)), d.add("op.Input", "factor", shape=(1,))
    moved = d.add("nn.Linear", "moved", x, out_features=3)
    d.add("op.Output", "gradient", d.add("block.Critic", "slope", moved, scale, use="gradient"))
    model = compile_project(d.project).build(seed=1)
    model(torch.randn(4, 3), torch.ones(4, 1)).square().sum().backward()
    assert model.moved.weight.grad.abs().sum() > 0 and model.slope.fc1.weight.grad.abs().sum() > 0


def test_a_run_evaluates_it_without_gradients_too(tmp_path):
    d = Drawing("Run", definitions=critic())
    d.add("data.Points", "ring", set="ring", classes=4, samples=600)
    x = d.add(
        "op.Concatenate",
        "wide",
        d.port("ring", "point"),
        d.add("op.Full", "one", d.port("ring", "point"), shape=(1,)),
        dim=1,
    )
    scale = d.add("op.Full", "unit", x, shape=(1,), fill_value=1.0)
    slope = d.add("block.Critic", "slope", x, scale, use="gradient")
    d.add("op.MeanLoss", "penalty", d.add("op.Expression", "off", slope, expression="((g ** 2).sum(dim=1) - 1) ** 2"))
    events = run(with_facts(d.project), tmp_path, epochs=4)
    assert isinstance(events[-1], Finished), events[-1]
    assert events[-1].test["loss"] < 0.8 * epochs_of(events)[0].train["loss"]


def test_it_is_understood_before_it_runs():
    project = drawn()
    analysis = analyse(project)
    assert analysis.errors == ()
    judge, slope = (analysis.nodes[project.graph.node_named(name).id] for name in ("judge", "slope"))
    assert slope.outputs["gradient"].shape == ("B", 3)
    assert slope.macs == 3 * judge.macs > 0
    rows = {row.name: row for row in summarize(project, analysis).rows}
    assert rows["slope"].kind == "gradient of Critic"
    assert rows["slope"].macs == sum(part.macs for part in rows["slope"].parts)
    (asked, came) = why(project, analysis, Port(project.graph.node_named("slope").id, "gradient"), 1)
    assert str(asked.message) == "The gradient of 'slope' has the shape of 'point', its first input."
    assert "'x'" in str(came.message)


@pytest.mark.parametrize("wrong", [{"dtype": "int64"}, {"ends": 2}])
def test_what_cannot_be_differentiated_is_said(wrong):
    d = Drawing("Wrong", definitions=critic(**wrong))
    x = d.add("op.Input", "x", shape=(3,), dtype=wrong.get("dtype", "float32"))
    d.add("block.Critic", "slope", x, d.add("op.Input", "factor", shape=(1,)), use="gradient")
    (problem,) = analyse(d.project).errors
    assert problem.code == "gradient"
    assert "takes the gradient of Critic" in str(problem.message)
    assert [str(fix.label) for fix in problem.fixes]


def test_what_is_learned_by_a_gradient_is_not_compiled(tmp_path):
    """`torch.compile` cannot: "does not currently support double backward"."""
    project = load(examples.path("wgan_gp_points"))
    project = project.with_plan(replace(project.plan, compile=True, epochs=1))
    events = run(project, tmp_path)
    assert isinstance(events[-1], Finished), events[-1]
    (note,) = [event for event in events if isinstance(event, Noted)]
    assert "(a block is used for its gradient)" in str(note.message)
