"""The path through a node or a wire, upstream and downstream."""

from __future__ import annotations

from graph.model import Graph, Link, Node, Port
from gui.canvas.paths import Path, path_of_link, path_of_node


def drawn(*wires: str) -> Graph:
    pairs = [wire.split() for wire in wires]
    links = [link(a, b) for a, b in pairs]
    return Graph({n: Node(n, "t", n) for pair in pairs for n in pair}, {each.target: each for each in links})


def link(a: str, b: str) -> Link:
    return Link(Port(a, "output"), Port(b, f"from_{a}"))


GRAPH = drawn("data a", "data b", "a join", "b join", "join loss", "join metric", "other metric")


def test_through_a_node():
    path = path_of_node(GRAPH, "a")
    assert path.nodes == {"data", "a", "join", "loss", "metric"}
    assert path.links == {link("data", "a"), link("a", "join"), link("join", "loss"), link("join", "metric")}


def test_through_a_wire_it_goes_where_its_signal_comes_from_and_goes_to():
    path = path_of_link(GRAPH, link("join", "loss"))
    assert path.nodes == {"data", "a", "b", "join", "loss"}
    assert link("join", "metric") not in path.links and link("join", "loss") in path.links


def test_alone():
    assert path_of_node(Graph({"a": Node("a", "t", "a")}), "a") == Path(frozenset("a"), frozenset())


def test_a_cycle_ends():
    assert path_of_node(drawn("a b", "b c", "c a"), "b").nodes == set("abc")
