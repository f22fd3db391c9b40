"""Targets far from what a fresh network gives: when that is told, and the nodes that the mend puts into a drawing."""

from __future__ import annotations

import pytest

from drawings import TABLE, Drawing
from graph.model import Node, Port, Project
from graph.plan import Plan
from graph.target_scaling import FAR_TARGET, is_far, restored, scaling_fix, split_key
from graph.validation import validate

MEAN, SPREAD = 179153.163, 79536.185


def facts(mean=(MEAN,), spread=(SPREAD,), plan: Plan | None = None) -> dict:
    outputs = {**TABLE["outputs"], "target": {"shape": [len(mean)], "dtype": "float32"}}
    moments = {"target": {"mean": list(mean), "spread": list(spread)}}
    return {**TABLE, "outputs": outputs, "moments": moments, "measured_on": split_key(plan or Plan())}


def houses(*ends: str, loss: str = "nn.MSELoss", known: dict | None = None) -> Drawing:
    """A network with a loss and further ends; an Output node takes the prediction alone."""
    d = Drawing("Net", Plan())
    d.add("data.Table", "houses", facts=known or facts())
    price = d.add("nn.Linear", "price", d.port("houses", "features"), out_features=1)
    d.add(loss, "mse", price, d.port("houses", "target"))
    for number, end in enumerate(ends):
        answers = () if end == "op.Output" else (d.port("houses", "target"),)
        d.add(end, f"end{number}", price, *answers)
    return d


def told(project: Project) -> list:
    return [problem for problem in validate(project) if problem.code == FAR_TARGET]


def mended(project: Project) -> Project:
    ((fix,),) = (problem.fixes for problem in told(project))
    return fix.edit(project)


def feeding(project: Project, name: str) -> dict[str, str]:
    """The names of the nodes that feed a node, by its inputs."""
    graph = project.graph
    return {port: graph.nodes[source.node].name for port, source in graph.inputs(graph.node_named(name).id).items()}


@pytest.mark.parametrize(
    ("mean", "spread", "far"),
    [(180_000, 79_000, True), (0, 1, False), (50, 1, True), (-50, 1, True), (0, 1e-3, True), (9, 9, False), (0, 0, False),
     (1e6, 0, True), (float("nan"), 1, False)],
)  # fmt: skip
def test_what_is_far(mean, spread, far):
    assert is_far([mean], [spread]) == far
    assert bool(told(houses(known=facts((mean,), (spread,))).project)) == far


def test_the_problem_says_how_large_the_targets_are_and_what_to_draw():
    (problem,) = told(houses().project)
    text = str(problem.message)
    assert problem.severity == "warning" and problem.port == "target"
    assert "mean 179,153, spread 79,536" in text
    assert "(target - 179153.2) / 79536.2" in text and "scaled * 79536.2 + 179153.2" in text


def test_the_mend_scales_for_the_loss_and_gives_the_rest_in_own_units():
    before = houses("metric.R2", "op.Output").project
    after = mended(before)
    assert told(after) == [] and not [p for p in validate(after) if p.severity == "error"]
    assert feeding(after, "mse") == {"input": "price", "target": "scaled_target1"}
    assert feeding(after, "scaled_target1") == {"target": "houses"} and feeding(after, "prediction1") == {
        "scaled": "price"
    }
    assert feeding(after, "end0") == {"input": "prediction1", "target": "houses"}
    assert feeding(after, "end1") == {"input": "prediction1"}
    assert len(after.graph.nodes) == len(before.graph.nodes) + 2
    places = [node.position for node in after.graph.nodes.values() if node.id not in before.graph.nodes]
    assert len(set(places)) == 2


def test_a_drawing_without_an_output_gets_one():
    after = mended(houses().project)
    assert feeding(after, "output1") == {"input": "prediction1"}


def test_several_losses_of_one_pair_are_told_and_mended_once():
    after = mended(houses("nn.L1Loss").project)
    assert feeding(after, "mse") == feeding(after, "end0") == {"input": "price", "target": "scaled_target1"}


def test_where_another_loss_would_compare_in_both_units_nothing_is_offered():
    (problem,) = told(houses("nn.PoissonNLLLoss").project)
    assert problem.fixes == ()


def test_several_columns_have_numbers_of_their_own():
    d = Drawing("Net", Plan())
    d.add("data.Table", "houses", facts=facts((MEAN, -2e-4), (SPREAD, 1e-3)))
    both = d.add("nn.Linear", "both", d.port("houses", "features"), out_features=2)
    d.add("nn.SmoothL1Loss", "loss", both, d.port("houses", "target"))
    after = mended(d.project)
    assert feeding(after, "scaled_target1") == {"target": "houses", "mean": "target_mean1", "spread": "target_spread1"}
    assert feeding(after, "prediction1") == {"scaled": "both", "mean": "target_mean1", "spread": "target_spread1"}
    assert after.graph.node_named("target_mean1").params == {"shape": (1, 2), "values": "179153.2, -0.0002"}
    assert after.graph.node_named("target_spread1").params["values"] == "79536.2, 0.001"


@pytest.mark.parametrize(
    ("mean", "spread", "expressions"),
    [(-50.0, 2.0, ("(target + 50) / 2", "scaled * 2 - 50")), (1e6, 0.0, ("(target - 1000000) / 1", "scaled * 1 + 1000000")),
     (1234567.891, 0.5, ("(target - 1234567.891) / 0.5", "scaled * 0.5 + 1234567.891")),
     (3e14, 2.5e13, ("(target - 300000000000000) / 25000000000000", "scaled * 25000000000000 + 300000000000000"))],
)  # fmt: skip
def test_numbers_are_as_exact_as_the_spread_asks_for(mean, spread, expressions):
    graph = mended(houses(known=facts((mean,), (spread,))).project).graph
    names = ("scaled_target1", "prediction1")
    assert tuple(graph.node_named(name).params["expression"] for name in names) == expressions


def test_numbers_of_another_split_are_not_offered():
    (problem,) = told(houses(known=facts(plan=Plan(seed=7))).project)
    assert problem.fixes == () and "read the data of 'houses' again" in str(problem.message)


def test_targets_that_come_from_elsewhere_are_left_alone():
    d = houses()
    graph = d.graph
    assert scaling_fix(graph, d.id("price"), [MEAN], [SPREAD]) is None
    loss = Port(d.id("mse"), "target")
    assert scaling_fix(graph.disconnect([graph.links[loss]]), d.id("mse"), [MEAN], [SPREAD]) is None


def test_a_metric_that_is_added_afterwards_is_offered_the_units_of_the_target():
    after = mended(houses().project)
    graph = after.graph.add(Node("m", "layerloom.metrics.R2", "r2"))
    missing = [p for p in validate(after.with_graph(graph)) if p.code == "missing-input" and p.port == "input"]
    assert [str(fix.label) for fix in missing[0].fixes] == ["Connect prediction1.output to r2.input"]


def test_only_what_is_changed_on_both_sides_answers_in_own_units():
    d = houses("op.Output")
    prediction, target = d.port("price"), d.port("houses", "target")
    assert restored(d.graph, prediction, target) is None
    graph = mended(d.project).graph
    ends = graph.inputs(d.id("mse"))
    assert restored(graph, ends["input"], ends["target"]) == (
        Port(graph.node_named("prediction1").id, "output"),
        target,
    )
