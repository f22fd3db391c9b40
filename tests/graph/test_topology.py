"""Order, cycles, and reaching."""

from __future__ import annotations

import time

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.model import Graph, Link, Node, Port
from graph.topology import ancestors, cycles, descendants, execution_order, to_networkx, way, wires_along
from tiny import draw

DIAMOND = draw("a > l", "a > r", "l > s", "r > s", s="sum", r="times", l="times", a="given")


def numbered(count: int, edges: list[tuple[int, int]]) -> Graph:
    """Nodes 0, 1, ... with a wire for each edge, each into an input of its own."""
    links = (Link(Port(str(a), "out"), Port(str(b), f"term{i}")) for i, (a, b) in enumerate(edges))
    return Graph({str(i): Node(str(i), "sum", f"s{i}") for i in range(count)}, {link.target: link for link in links})


graphs = st.integers(1, 8).flatmap(
    lambda n: st.builds(
        numbered, st.just(n), st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)), max_size=14)
    )
)


def test_order_puts_sources_first_and_keeps_the_order_of_adding():
    assert list(to_networkx(DIAMOND)) == ["s", "r", "l", "a"]
    assert execution_order(DIAMOND) == ("a", "r", "l", "s")


def test_nodes_on_and_behind_a_cycle_have_no_order():
    graph = draw("a > m", "m > t", "t > m.y", "t > b", a="given", m="minus", t="times", b="times", alone="given")
    assert execution_order(graph) == ("a", "alone")


def test_a_cycle_is_given_once_and_in_the_direction_of_the_wires():
    graph = draw("a > m", "m > t", "t > u", "u > m.y", u="times", t="times", m="minus", a="given")
    assert cycles(graph) == (("u", "m", "t"),)
    assert cycles(DIAMOND) == ()


def test_a_node_that_feeds_itself_is_a_cycle():
    assert cycles(draw("t > t", t="times")) == (("t",),)


def test_two_knots_come_in_the_order_of_their_first_nodes():
    graph = draw("a > b", "b > a", "c > d", "d > c", d="times", a="times", c="times", b="times")
    assert cycles(graph) == (("d", "c"), ("a", "b"))


def test_up_and_down_the_wires():
    assert ancestors(DIAMOND, ["l"]) == {"a"}
    assert ancestors(DIAMOND, ["s"]) == {"a", "l", "r"}
    assert descendants(DIAMOND, ["a"]) == {"l", "r", "s"}
    assert descendants(DIAMOND, ["s"]) == frozenset()


def test_a_node_reaches_itself_only_over_a_cycle():
    assert way(DIAMOND, "a", "a") is None
    assert way(draw("t > t", t="times"), "t", "t") == ("t", "t")


def test_the_shortest_way_and_its_wires():
    graph = draw("a > b", "b > s", "a > s", a="given", b="times", s="sum")
    assert way(graph, "a", "s") == ("a", "s")
    assert way(graph, "s", "a") is None
    assert [link.target.name for link in wires_along(graph, ["a", "b", "s"])] == ["x", "term0"]


@given(graphs)
def test_agrees_with_networkx(graph):
    directed = to_networkx(graph)
    for node in graph.nodes:
        assert descendants(graph, [node]) - {node} == nx.descendants(directed, node)
        assert ancestors(graph, [node]) - {node} == nx.ancestors(directed, node)
        for other in graph.nodes:
            if node != other:
                assert (way(graph, node, other) is not None) == nx.has_path(directed, node, other)
    assert (cycles(graph) == ()) == nx.is_directed_acyclic_graph(directed)


@given(graphs)
def test_every_cycle_is_one(graph):
    for loop in cycles(graph):
        assert len(set(loop)) == len(loop)
        assert [link.target.node for link in wires_along(graph, (*loop, loop[0]))] == [*loop[1:], loop[0]]


@given(graphs)
def test_the_order_respects_every_wire(graph):
    order = execution_order(graph)
    place = {node: i for i, node in enumerate(order)}
    assert all(
        place[link.source.node] < place[link.target.node] for link in graph.links.values() if link.target.node in place
    )
    cyclic = {node for loop in cycles(graph) for node in loop}
    assert set(order) == graph.nodes.keys() - cyclic - descendants(graph, cyclic)


@pytest.mark.parametrize("ask", [lambda g: way(g, "0", "4999"), lambda g: way(g, "4999", "0")])
def test_reaching_stays_fast_at_5000_nodes(ask):
    graph = numbered(5000, [(i, j) for i in range(5000) for j in (i + 1, i + 7) if j < 5000])
    ask(graph)  # indexes the wires
    start = time.perf_counter()
    ask(graph)
    assert time.perf_counter() - start < 0.1
