"""Which wires make sense, and what is said about those that do not."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from graph.messages import EditError
from graph.model import Graph, Link, Node, Port
from graph.wiring import can_connect, check_connect, connectable_inputs, free_inputs, with_output
from tiny import FACTS, TINY, draw, link, node

GRAPH = draw(
    "d > t", "t > u", d="numbers", t="times", u="times", w="weight", g="goal", s="sum", m="score", i="given", r="result"
)


def refusal(graph: Graph, source: str, target: str) -> str:
    assert not can_connect(graph, link(source, target), TINY)
    with pytest.raises(EditError) as caught:
        check_connect(graph, link(source, target), TINY)
    return str(caught.value)


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("d.value", "w.x"),
        ("d.answer", "g.target"),
        ("d.answer", "m.target"),
        ("u.out", "s.term0"),
        ("u.out", "s.term7"),
        ("t.out", "g.x"),
        ("u.out", "r.x"),
        ("i.out", "w.x"),
    ],
)
def test_sensible_wires_pass(source, target):
    check_connect(GRAPH, link(source, target), TINY)
    assert can_connect(GRAPH, link(source, target), TINY)


@pytest.mark.parametrize(
    ("source", "target", "reason"),
    [
        ("gone.out", "t.x", "There is no node 'gone' in this drawing."),
        ("d.value", "gone.x", "There is no node 'gone' in this drawing."),
        ("d.nothing", "w.x", "'d' has no output 'nothing'."),
        ("d.value", "w.nothing", "'w' has no input 'nothing'."),
        ("d.value", "s.term", "'s' has no input 'term'."),
        ("d.value", "s.term01", "'s' has no input 'term01'."),
        ("m.out", "w.x", "'m' has no output 'out'."),
        ("t.out", "t.x", "'t' cannot feed itself."),
        ("d.value", "u.x", "Input 'x' of 'u' has a wire already."),
        ("g.out", "w.x", "'g' is a loss"),
        ("d.value", "g.target", "'target' of 'g' takes whole numbers (classes), but 'value' of 'd' gives fractions."),
        ("d.answer", "w.x", "'x' of 'w' takes fractions, but 'answer' of 'd' gives whole numbers (classes)."),
    ],
)
def test_nonsense_is_refused_with_its_reason(source, target, reason):
    assert refusal(GRAPH, source, target).startswith(reason)


def test_a_cycle_is_refused_and_named():
    graph = draw("a > b", "b > c", a="minus", b="times", c="times")
    assert "a → b → c → a" in refusal(graph, "c.out", "a.y")


def test_a_long_cycle_is_shown_shortened():
    names = [f"t{i}" for i in range(9)]
    graph = draw(*(f"{a} > {b}" for a, b in pairwise(names)), **dict.fromkeys(names, "times"))
    assert "t0 → t1 → t2 → … → t7 → t8 → t0" in refusal(graph, "t8.out", "t0.x")


def test_an_unknown_type_has_no_ports_to_wire():
    graph = draw(a="given", odd="future.Layer", t="times")
    assert "does not know the type 'future.Layer' of 'odd'" in refusal(graph, "a.out", "odd.x")
    assert "does not know the type 'future.Layer' of 'odd'" in refusal(graph, "odd.out", "t.x")


def test_facts_of_the_data_decide_about_the_dtype():
    floats = {**FACTS, "outputs": {**FACTS["outputs"], "answer": {"shape": [1], "dtype": "float32"}}}
    graph = GRAPH.put(replace(GRAPH.nodes["d"], facts=floats))
    assert can_connect(graph, link("d.answer", "w.x"), TINY)
    assert "gives fractions" in refusal(graph, "d.answer", "g.target")


@pytest.mark.parametrize("facts", [None, {"outputs": []}, {"samples": 1, "outputs": {"answer": {"shape": "no"}}}])
def test_facts_that_make_no_sense_are_passed_over(facts):
    graph = GRAPH.put(replace(GRAPH.nodes["d"], facts=facts))
    assert can_connect(graph, link("d.answer", "g.target"), TINY)


def test_the_dtype_of_an_input_node_is_its_parameter():
    graph = GRAPH.put(node("i", "given", dtype="int64"))
    assert "gives whole numbers" in refusal(graph, "i.out", "w.x")
    assert can_connect(graph, link("i.out", "g.target"), TINY)


def test_free_inputs_spread_a_variadic_port():
    graph = draw("d > s.term2", d="numbers", s="sum", odd="future.Layer")
    assert free_inputs(graph, "s", TINY) == (Port("s", "term0"), Port("s", "term1"), Port("s", "term3"))
    assert free_inputs(graph, "odd", TINY) == ()


@pytest.mark.parametrize("source", ["d.value", "d.answer", "t.out", "u.out", "g.out", "i.out"])
def test_connectable_inputs_are_those_that_can_be_connected(source):
    start = Port(*source.split("."))
    every = [port for name in GRAPH.nodes for port in free_inputs(GRAPH, name, TINY)]
    expected = [port for port in every if can_connect(GRAPH, Link(start, port), TINY)]
    assert list(connectable_inputs(GRAPH, start, TINY)) == expected
    assert bool(expected) == (source != "g.out")


def cut(type_id: str, **params) -> Graph:
    """Something to cut, the cut, and two nodes that could take a piece."""
    nodes = (Node("n1", "layerloom.Input", "x", {"shape": (12,)}), Node("n2", type_id, "cut", params),
             Node("n3", "torch.nn.ReLU", "relu"))  # fmt: skip
    return Graph({n.id: n for n in nodes}).connect(Link(Port("n1", "output"), Port("n2", "input")))


@pytest.mark.parametrize(
    ("type_id", "params", "following", "grown"),
    [
        ("layerloom.Chunk", {"chunks": 3}, "output3", {"chunks": 4}),
        ("layerloom.Split", {"split_sizes": (4, 8)}, "output2", {"split_sizes": (4, 4, 4)}),
        ("layerloom.Split", {"split_sizes": (4, 7)}, "output2", {"split_sizes": (4, 4, 3)}),
    ],
)
def test_a_wire_from_behind_the_last_output_adds_one(type_id, params, following, grown):
    graph, source = cut(type_id, **params), Port("n2", following)
    link = Link(source, Port("n3", "input"))
    assert can_connect(graph, link)
    assert Port("n3", "input") in connectable_inputs(graph, source)
    assert with_output(graph, source).nodes["n2"].params == grown
    assert not can_connect(graph, Link(Port("n2", "output9"), Port("n3", "input")))
    assert with_output(graph, Port("n2", "output0")) is graph


@pytest.mark.parametrize("params", [{"chunks": 8}, {"chunks": "=heads"}])
def test_outputs_that_cannot_grow_take_no_wire_behind_the_last(params):
    graph = cut("layerloom.Chunk", **params)
    assert not any(can_connect(graph, Link(Port("n2", f"output{i}"), Port("n3", "input"))) for i in range(8, 10))
    assert with_output(graph, Port("n2", "output2")).nodes["n2"].params == params
