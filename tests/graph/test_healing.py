"""Nodes that go into a wire, and nodes that are pulled out of the flow so that the wire heals."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canvas_hand import linked
from drawings import Drawing, with_images
from graph.edits import insert_node, pull_out, remove_and_heal
from graph.messages import EditError
from graph.model import Port
from graph.topology import descendants


def chain(*names: str) -> Drawing:
    d = Drawing()
    port = None
    for name in names:
        port = d.add("nn.ReLU", name, *([port] if port else []))
    return d


def test_a_node_goes_into_a_wire():
    d = chain("a", "b")
    d.add("nn.Tanh", "t")
    (link,) = d.graph.links.values()
    graph = insert_node(d.graph, link, d.port("t", "input"), d.port("t"))
    assert linked(graph) == {("a.output", "t.input"), ("t.output", "b.input")}


def test_a_node_that_does_not_fit_is_refused():
    d, image, label = with_images()
    d.add("nn.CrossEntropyLoss", "loss", image, label)
    d.add("nn.ReLU", "r")
    link = next(link for link in d.graph.links.values() if link.source == label)
    with pytest.raises(EditError):
        insert_node(d.graph, link, d.port("r", "input"), d.port("r"))


def test_a_pulled_node_is_free_and_the_wire_heals():
    d = chain("a", "b", "c")
    graph = pull_out(d.graph, [d.id("b")])
    assert linked(graph) == {("a.output", "c.input")}
    assert d.id("b") in graph.nodes


def test_what_is_pulled_together_stays_wired_together():
    d = chain("a", "b", "c", "e")
    graph = pull_out(d.graph, [d.id("b"), d.id("c")])
    assert linked(graph) == {("a.output", "e.input"), ("b.output", "c.input")}


def test_all_consumers_get_what_came_first_into_the_node():
    d = chain("a", "b")
    add = d.add("layerloom.Add", "sum", d.port("b"), d.port("a"))
    for name in ("x", "y"):
        d.add("nn.ReLU", name, add)
    graph = pull_out(d.graph, [d.id("sum")])
    assert linked(graph) == {("a.output", "b.input"), ("b.output", "x.input"), ("b.output", "y.input")}


def test_without_anything_before_it_nothing_is_wired():
    d = chain("a", "b")
    assert linked(pull_out(d.graph, [d.id("a")])) == set()
    assert linked(pull_out(d.graph, [d.id("b")])) == set()


def test_numbers_of_the_wrong_kind_are_not_wired():
    """A target that came over One-hot would get whole numbers where fractions are needed: no wire then."""
    d, _, label = with_images()
    hot = d.add("layerloom.OneHot", "hot", label, num_classes=10)
    cast = d.add("nn.Linear", "fc", hot, out_features=4)
    d.add("nn.Sigmoid", "out", cast)
    graph = pull_out(d.graph, [d.id("hot"), d.id("fc")])
    assert ("hot.output", "fc.input") in linked(graph)


def test_deleting_heals_chains():
    d = chain("a", "b", "c", "e")
    graph = remove_and_heal(d.graph, [d.id("b"), d.id("c")])
    assert linked(graph) == {("a.output", "e.input")}
    assert set(graph.names) == {"a", "e"}


@given(st.sets(st.sampled_from("abcdef"), max_size=6))
def test_what_is_left_of_a_chain_is_a_chain(gone):
    d = chain(*"abcdef")
    graph = remove_and_heal(d.graph, [d.id(name) for name in gone])
    left = [name for name in "abcdef" if name not in gone]
    assert linked(graph) == {(f"{a}.output", f"{b}.input") for a, b in itertools.pairwise(left)}
    for name in left[:1]:
        assert len(descendants(graph, [d.id(name)])) == len(left) - 1


def test_every_output_is_healed():
    d = chain("a")
    parts = d.add("layerloom.Chunk", "parts", d.port("a"))
    d.add("nn.ReLU", "x", Port(parts.node, "output0"))
    d.add("nn.ReLU", "y", Port(parts.node, "output1"))
    graph = pull_out(d.graph, [parts.node])
    assert linked(graph) == {("a.output", "x.input"), ("a.output", "y.input")}
