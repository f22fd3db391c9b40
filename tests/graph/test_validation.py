"""Every problem that validation finds, and that its mends mend."""

from __future__ import annotations

import time
from dataclasses import replace
from itertools import pairwise

import pytest

from drawings import IMAGES, Drawing, lenet5, mlp
from graph.catalog import CATALOG
from graph.model import Graph, Link, Node, Port, Project
from graph.problems import Problem, Severity
from graph.validation import needed, relax, validate
from tiny import TINY, draw, link, node, trainable

GOOD = trainable()
OPEN_ENDED = ("no-loss",)


def found(project: Project | Graph, catalog=TINY) -> list[Problem]:
    return list(validate(project if isinstance(project, Project) else Project(project), catalog))


def codes(project: Project | Graph, catalog=TINY) -> list[str]:
    return [problem.code for problem in found(project, catalog)]


def only(project: Project | Graph, code: str, catalog=TINY) -> Problem:
    (problem,) = [p for p in found(project, catalog) if p.code == code]
    return problem


def mended(project: Project | Graph, problem: Problem, index: int = 0) -> Project:
    return problem.fixes[index].edit(project if isinstance(project, Project) else Project(project))


@pytest.mark.parametrize("project", [GOOD, lenet5().project, mlp().project], ids=["tiny", "lenet5", "mlp"])
def test_a_drawing_ready_to_train_has_no_problem(project):
    assert found(project, TINY if project is GOOD else CATALOG) == []


def test_an_empty_drawing_says_what_to_do():
    (problem,) = found(Project())
    assert (problem.code, problem.severity, problem.node) == ("empty", Severity.WARNING, None)
    assert "library" in str(problem.message)


def test_an_unknown_type_is_kept_or_deleted():
    graph = draw("d > odd.x", "odd.out > r", d="numbers", odd="future.Layer", r="result")
    problem = only(graph, "unknown-type")
    assert (problem.node, problem.severity) == ("odd", Severity.ERROR)
    assert "future.Layer" in str(problem.message)
    assert list(mended(graph, problem).graph.nodes) == ["d", "r"]


@pytest.mark.parametrize(("source", "target"), [("w.gone", "r.x"), ("w.out", "r.gone")])
def test_a_wire_to_a_port_that_does_not_exist_can_be_removed(source, target):
    graph = draw("d > w", d="numbers", w="weight", r="result")
    bad = graph.connect(link(source, target))
    problem = only(bad, "unknown-port")
    assert problem.node == "r"
    assert "'gone'" in str(problem.message)
    assert mended(bad, problem).graph.links == graph.links


def test_a_wire_out_of_a_loss_can_be_removed():
    graph = GOOD.graph.add(node("t", "times")).connect(link("g.out", "t.x"))
    problem = only(graph, "bad-wire")
    assert problem.node == "t"
    assert link("g.out", "t.x") not in mended(graph, problem).graph.links.values()


@pytest.mark.parametrize(
    ("params", "code", "words"),
    [
        ({"factor": 0}, "bad-parameter", "'factor' cannot be 0. It takes a whole number, at least 1."),
        ({"factor": "3"}, "bad-parameter", "'factor' cannot be 3."),
        ({"fctor": 3}, "unknown-parameter", "'fctor'"),
    ],
)
def test_a_wrong_parameter_can_be_reset(params, code, words):
    graph = draw("i > t", i="given", t="times").set_params("t", params)
    problem = only(graph, code)
    assert problem.node == "t"
    assert "'t'" in str(problem.message)
    assert words in str(problem.message)
    assert mended(graph, problem).graph.nodes["t"].params == {}


def test_a_missing_input_is_named():
    graph = draw("i > m", i="given", j="given", k="given", m="minus")
    problem = only(graph, "missing-input")
    assert (problem.node, problem.port, problem.severity) == ("m", "y", Severity.ERROR)
    assert problem.fixes == ()  # j or k: there is a choice


def test_the_one_loose_end_is_offered_for_a_missing_input():
    graph = draw("i > t", i="given", t="times", u="times")
    assert mended(graph, only(graph, "missing-input")).graph.inputs("u") == {"x": Port("t", "out")}


def test_no_wire_is_offered_that_would_be_refused():
    graph = draw("t > u", t="times", u="times")
    assert only(graph, "missing-input").fixes == ()  # u → t would close a cycle


def test_the_answers_of_the_data_are_offered_to_a_loss():
    graph = GOOD.graph.disconnect([link("d.answer", "g.target")])
    problem = only(graph, "missing-input")
    assert str(problem.fixes[0].label) == "Connect d.answer to g.target"
    assert mended(graph, problem) == GOOD


def test_what_the_loss_looks_at_is_offered_to_a_metric():
    graph = GOOD.graph.add(node("m", "score"))
    for problem in found(graph):
        graph = mended(graph, problem).graph
    assert graph.inputs("m") == {"x": Port("w", "out"), "target": Port("d", "answer")}
    assert codes(graph) == []


def test_an_operation_on_many_needs_two():
    graph = draw("i > s.term4", i="given", s="sum", r="result").connect(link("s.out", "r.x"))
    problem = only(graph, "missing-input")
    assert (problem.node, problem.port) == ("s", "term0")
    assert "needs at least 2 inputs and has 1." in str(problem.message)
    assert codes(graph.connect(link("i.out", "s.term0"))) == [*OPEN_ENDED]


def test_a_cycle_is_cut_at_its_newest_wire():
    graph = draw("i > m", "m > t", "t > u", "t > m.y", i="given", m="minus", t="times", u="times")
    problem = only(graph, "cycle")
    assert "m → t → m" in str(problem.message)
    assert problem.node == "m"
    cut = mended(graph, problem).graph
    assert link("t.out", "m.y") not in cut.links.values()
    assert "cycle" not in codes(cut)


def test_two_nodes_of_one_name():
    graph = Graph({"a": Node("a", "given", "x1"), "b": Node("b", "given", "x1")})
    problem = only(graph, "name-clash")
    assert problem.node == "b"
    assert mended(graph, problem).graph.nodes["b"].name == "given1"


@pytest.mark.parametrize("name", ["forward", "2nd", "ﬁ", "class", "a b", "", "_x"])
def test_a_name_that_python_refuses(name):
    graph = Graph({"a": Node("a", "given", name), "odd": Node("odd", "future.Layer", "node1")})
    problem = only(graph, "bad-name")
    assert problem.node == "a"
    assert mended(graph, problem).graph.nodes["a"].name == "given1"


def test_data_that_was_not_read():
    graph = GOOD.graph.set_facts("d", None)
    assert only(graph, "data-not-read").node == "d"
    assert only(graph.set_facts("d", {"outputs": 3}), "data-not-read").severity is Severity.ERROR


def test_a_value_that_nobody_uses_can_be_deleted():
    graph = draw("w > t", w="weight", t="times")
    assert "unused" not in codes(graph)  # without an end, a dead end is the result
    graph = GOOD.graph.add(node("t", "times")).connect(link("w.out", "t.x"))
    problem = only(graph, "unused")
    assert (problem.node, problem.severity) == ("t", Severity.WARNING)
    assert mended(graph, problem) == GOOD


def test_a_drawing_without_loss_is_told_how_to_train():
    graph = draw("i > w", i="given", w="weight")
    problem = only(graph, "no-loss")
    assert (problem.node, problem.severity, problem.fixes) == (None, Severity.WARNING, ())
    assert codes(draw(d="numbers")) == []


def test_the_loss_that_fits_the_answers_is_offered():
    whole = mlp().graph
    graph = whole.remove([n.id for n in whole.nodes.values() if n.name in ("loss", "accuracy")])
    problem = only(graph, "no-loss", CATALOG)
    better = mended(graph, problem)
    loss = better.graph.node_named("loss1")
    assert loss.type == "torch.nn.CrossEntropyLoss"
    assert found(better, CATALOG) == []


@pytest.mark.parametrize(
    ("last", "dtype", "expected"),
    [
        ("torch.nn.Linear", "int64", "torch.nn.CrossEntropyLoss"),
        ("torch.nn.LogSoftmax", "int64", "torch.nn.NLLLoss"),
        ("torch.nn.Linear", "float32", "torch.nn.MSELoss"),
    ],
)
def test_the_offered_loss_follows_the_data(last, dtype, expected):
    facts = {
        "samples": 9,
        "outputs": {"features": {"shape": [4], "dtype": "float32"}, "target": {"shape": [1], "dtype": dtype}},
    }
    graph = Graph().add(Node("d", "layerloom.data.Table", "table1", facts=facts)).add(Node("e", last, "end1"))
    graph = graph.connect(Link(Port("d", "features"), Port("e", "input")))
    better = mended(graph, only(graph, "no-loss", CATALOG))
    assert better.graph.node_named("loss1").type == expected


def test_no_loss_is_offered_for_data_that_was_not_read():
    graph = draw("d > w", d="numbers", w="weight").set_facts("d", None)
    assert only(graph, "no-loss").fixes == ()


def test_a_loss_that_no_parameter_reaches():
    graph = draw("d > t", "t > g", "d.answer > g.target", d="numbers", t="times", g="goal")
    problem = only(graph, "loss-without-parameters")
    assert (problem.node, problem.severity) == ("g", Severity.ERROR)


def test_a_loss_behind_an_unknown_node_gets_the_benefit_of_the_doubt():
    graph = draw("odd.out > g", "d.answer > g.target", d="numbers", odd="future.Layer", g="goal")
    assert codes(graph) == ["unknown-type"]


def test_a_switch_decides_whether_a_layer_has_parameters():
    switched = CATALOG["torch.nn.BatchNorm2d"]
    assert switched.is_trainable(Node("n", switched.id, "norm1"))
    assert not switched.is_trainable(Node("n", switched.id, "norm1", {"affine": False}))


def test_an_input_node_cannot_be_trained():
    graph = draw("i > w", "w > g", "d.answer > g.target", i="given", d="numbers", w="weight", g="goal")
    problem = only(graph, "no-data")
    assert (problem.node, problem.severity) == ("i", Severity.WARNING)


def test_an_input_node_beside_the_training_is_no_problem():
    graph = draw("i > r", i="given", r="result").merge(GOOD.graph)[0]
    assert codes(graph) == []


def test_what_nothing_needs_stops_nobody():
    graph = GOOD.graph.add(node("t", "times")).add(node("odd", "future.Layer"))
    assert {p.severity for p in found(graph)} == {Severity.WARNING}
    assert needed(graph, TINY) == {"d", "w", "g"}


def test_without_an_end_everything_is_needed():
    graph = draw("i > t", i="given", t="times", u="times")
    assert needed(graph, TINY) == {"i", "t", "u"}
    assert only(graph, "missing-input").severity is Severity.ERROR


def test_problems_of_the_whole_drawing_are_not_relaxed():
    problem = Problem("any", GOOD_MESSAGE := found(Project())[0].message)
    assert relax([problem], GOOD.graph, TINY) == (Problem("any", GOOD_MESSAGE),)


def test_the_order_is_always_the_same():
    graph = draw("t > u", t="times", u="times", m="minus", odd="future.Layer", x="goal")
    assert [(p.code, p.node) for p in found(graph)] == [
        ("unknown-type", "odd"),
        ("missing-input", "t"),
        ("missing-input", "m"),
        ("missing-input", "m"),
        ("missing-input", "x"),
        ("missing-input", "x"),
        ("unused", "u"),
        ("unused", "m"),
    ]


@pytest.mark.parametrize("wires", [0, 999])
def test_a_thousand_nodes_are_checked_at_once(wires):
    names = [f"w{i}" for i in range(1000)]
    links = [link(f"{a}.out", f"{b}.x") for a, b in pairwise(names)][:wires]
    graph = Graph({name: node(name, "weight") for name in names}, {wire.target: wire for wire in links})
    validate(Project(graph), TINY)  # imports networkx
    start = time.perf_counter()
    problems = validate(Project(replace(graph)), TINY)
    assert time.perf_counter() - start < 0.2
    assert len(problems) == 1001 - wires


def test_an_output_that_is_left_over_beside_one_in_use_is_no_loose_end():
    d = Drawing()
    d.add("data.Images", "digits", facts=IMAGES, source="builtin:digits", image_size=32)
    rows = d.add("op.Squeeze", "rows", d.port("digits", "image"), dim=1)
    d.add("nn.LSTM", "lstm", rows, hidden_size=8)
    last = d.add("op.Select", "last", d.port("lstm", "h_n"), dim=0, index=0)
    d.add("nn.Linear", "head", last, out_features=10)
    assert [str(fix.label) for fix in only(d.project, "no-loss", CATALOG).fixes] == ["Add CrossEntropyLoss after head"]
