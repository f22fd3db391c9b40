"""Nodes that are switched off: what may be, what leaves them, and what is left of the drawing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from graph.bypassing import bypass, can_bypass, off, origin, running, running_graph
from graph.catalog import CATALOG
from graph.messages import EditError
from graph.model import Graph, Port, Project
from graph.plan import Objective, Plan
from graph.validation import validate
from tiny import TINY, draw, link, trainable


@pytest.fixture
def chain() -> Graph:
    """d > a > b > c > g, with the answer of d at g."""
    return draw(
        "d > a",
        "a > b",
        "b > c",
        "c > g",
        "d.answer > g.target",
        d="numbers",
        a="times",
        b="weight",
        c="times",
        g="goal",
    )


def test_the_ends_of_a_drawing_cannot_be_switched_off(chain):
    with pytest.raises(EditError, match="'d' cannot be bypassed"):
        bypass(chain, ["a", "d"], TINY, bypassed=True)
    assert not can_bypass(None)
    assert not can_bypass(TINY["given"]) and not can_bypass(TINY["result"])
    assert can_bypass(TINY["times"]) and can_bypass(TINY["goal"]) and can_bypass(TINY["score"])
    assert not can_bypass(CATALOG["layerloom.data.Images"]) and can_bypass(CATALOG["torch.nn.Dropout"])


def test_switching_off_and_on_again_gives_the_same_value(chain):
    once = bypass(chain, ["a", "b"], TINY, bypassed=True)
    assert off(once, TINY) == {"a", "b"}
    assert bypass(once, ["a", "b"], TINY, bypassed=False) == chain
    assert bypass(once, ["a"], TINY, bypassed=True) is once


def test_what_arrives_leaves(chain):
    graph = bypass(chain, ["a", "b"], TINY, bypassed=True)
    assert origin(graph, Port("b", "out"), TINY) == Port("d", "value")
    assert origin(graph, Port("c", "out"), TINY) == Port("c", "out")
    assert running_graph(graph, TINY).links.keys() == {Port("c", "x"), Port("g", "x"), Port("g", "target")}
    assert running_graph(graph, TINY).links[Port("c", "x")] == link("d.value", "c.x")


def test_the_first_wired_input_passes():
    graph = draw("a > s", "b > s", "s > t", a="given", b="given", s="sum", t="times")
    graph = bypass(graph, ["s"], TINY, bypassed=True)
    assert origin(graph, Port("s", "out"), TINY) == Port("a", "out")
    graph = graph.disconnect(graph.incoming("s")[:1])
    assert origin(graph, Port("s", "out"), TINY) == Port("b", "out")


def test_nothing_leaves_a_node_that_nothing_arrives_at(chain):
    graph = bypass(chain.disconnect(chain.incoming("a")), ["a", "b"], TINY, bypassed=True)
    assert origin(graph, Port("b", "out"), TINY) is None
    assert Port("c", "x") not in running_graph(graph, TINY).links


def test_a_ring_of_nodes_that_are_off_ends():
    graph = draw("a > b", "b > a", "b > t", a="times", b="times", t="times")
    graph = Graph({i: replace(n, bypassed=i != "t") for i, n in graph.nodes.items()}, graph.links)
    assert origin(graph, Port("b", "out"), TINY) is None
    assert running_graph(graph, TINY).nodes.keys() == {"t"}


def test_nothing_off_changes_nothing(chain):
    project = Project(chain)
    assert running(project) is project
    assert running_graph(chain, TINY) is chain


def test_a_node_of_an_unknown_type_stays_on():
    graph = draw(u="acme.Twist")
    graph = Graph({"u": replace(graph.nodes["u"], bypassed=True)})
    assert off(graph, TINY) == frozenset()
    assert running_graph(graph, TINY) is graph


def project_of(graph: Graph, *objectives: Objective) -> Project:
    """A project of real types that a plan is checked with."""
    return Project(graph, Plan(objectives=objectives))


def test_objectives_forget_what_is_off():
    graph = Graph()
    for i, type_id in {"x": "Input", "l": "nn", "m": "nn"}.items():
        name = "torch.nn.Linear" if type_id == "nn" else "layerloom.Input"
        graph = graph.add(replace(trainable().graph.nodes["w"], id=i, name=i, type=name))
    for i in ("p", "q"):
        graph = graph.add(
            replace(trainable().graph.nodes["w"], id=i, name=i, type="torch.nn.MSELoss", bypassed=i == "q")
        )
    graph = graph.put(replace(graph.nodes["m"], bypassed=True))
    project = project_of(
        graph,
        Objective("both", (("p", 1.0), ("q", 2.0)), ("l", "m")),
        Objective("rest", (("q", 1.0),), ("m",)),
        Objective("all"),
    )
    both, rest, everything = project.running.plan.objectives
    assert (both.losses, both.parameters) == ((("p", 1.0),), ("l",))
    assert (rest.losses, rest.parameters) == ((("q", 1.0),), ("m",))  # nothing would mean everything
    assert everything == Objective("all")
    assert {"missing-loss", "missing-parameters"} <= {problem.code for problem in validate(project)}


def test_what_shares_the_weights_of_a_node_that_is_off_goes_on_sharing(chain):
    nodes = {
        i: replace(n, shares="b" if i in ("a", "c") else None, type="weight" if i in "abc" else n.type)
        for i, n in chain.nodes.items()
    }
    graph = bypass(Graph(nodes, chain.links), ["b"], TINY, bypassed=True)
    left = running_graph(graph, TINY)
    assert left.nodes["a"].shares is None
    assert left.nodes["c"].shares == "a"
