"""Nodes that share their weights: what follows whom, and which settings must agree."""

from __future__ import annotations

from dataclasses import replace

import pytest

from drawings import Drawing
from graph.catalog.definitions import PREFIX
from graph.kinship import alike, model_of, with_owners
from graph.model import BlockParam, Graph, Node, Project
from graph.plan import Choice
from graph.problems import Problem
from graph.validation import validate

ZEROS = Choice("torch.nn.init.zeros_", {})
LAYER, BLOCK = "torch.nn.Linear", f"{PREFIX}b1"


def drawn(*params: dict, type_id: str = BLOCK) -> Graph:
    """Nodes a, b, c, ... of one type with these settings."""
    return Graph({letter: Node(letter, type_id, letter, p) for letter, p in zip("abcdef", params, strict=False)})


def errors(project: Project) -> list[Problem]:
    return [problem for problem in validate(project) if problem.severity == "error"]


def settings(graph: Graph) -> list[dict]:
    return [dict(node.params) for node in graph.nodes.values()]


ONE = ({}, {"use": "call"}, {"use": "scan"}, {"use": "scan", "direction": "backward"},
       {"use": "repeat", "shared_weights": True, "times": 9}, {"times": 5, "direction": "both", "shared_weights": True})  # fmt: skip
LIST = (
    {"use": "repeat"},
    {"use": "repeat", "times": 2},
    {"use": "repeat", "shared_weights": False, "direction": "both"},
)
LONGER, UNKNOWN, PAIR = (
    ({"use": "repeat", "times": 3},),
    ({"use": "repeat", "times": "=n"},),
    ({"use": "scan", "direction": "both"},),
)
GROUPS = (ONE, LIST, LONGER, UNKNOWN, PAIR)


@pytest.mark.parametrize("group", GROUPS)
def test_instances_that_hold_the_same_modules_can_share_them(group):
    nodes = list(drawn(*group).nodes.values())
    assert all(alike(a, b) for a in nodes for b in nodes)
    outside = [params for other in GROUPS if other is not group for params in other]
    assert not any(alike(nodes[0], replace(nodes[0], params=p)) for p in outside)
    assert not alike(nodes[0], replace(nodes[0], params={**nodes[0].params, "width": 2}))


def test_sharing_leaves_how_instances_run_and_takes_what_decides_the_weights():
    graph = drawn({"width": 4, "use": "scan"}, {"use": "call", "width": 3}, {"use": "repeat", "shared_weights": True})
    assert settings(graph.share("abc")) == [
        {"width": 4, "use": "scan"},
        {"width": 4, "use": "call"},
        {"width": 4, "use": "repeat", "shared_weights": True},
    ]


def test_sharing_takes_how_an_instance_runs_where_it_would_hold_other_modules():
    graph = drawn({"use": "repeat", "times": 3}, {"use": "repeat", "times": 5}, {"use": "scan"}).share("abc")
    assert settings(graph) == [{"use": "repeat", "times": 3}] * 3
    changed = graph.set_params("b", {"times": 7})
    assert settings(changed) == [{"use": "repeat", "times": 7}] * 3


def test_other_settings_go_to_those_that_share_as_far_as_the_weights_need_it():
    graph = drawn({"use": "scan"}, {"use": "call"}).share("ab")
    assert settings(graph.set_params("b", {"width": 8})) == [{"use": "scan", "width": 8}, {"use": "call", "width": 8}]
    assert settings(graph.set_params("a", {"direction": "backward"}))[1] == {"use": "call"}
    assert settings(graph.set_params("a", {"direction": "both"}))[1] == {"use": "scan", "direction": "both"}


def test_layers_of_one_type_take_all_settings_and_the_initialization():
    graph = drawn({"out_features": 3}, {"out_features": 4, "bias": False}, type_id=LAYER)
    graph = graph.put(replace(graph.nodes["a"], weight_init=ZEROS)).put(replace(graph.nodes["b"], bias_init=ZEROS))
    a, b = graph.share("ab").nodes.values()
    assert b.params == {"out_features": 3} and (b.weight_init, b.bias_init) == (ZEROS, None) == (
        a.weight_init,
        a.bias_init,
    )


def test_followers_of_another_type_have_one_module_among_themselves():
    graph = drawn({"out_features": 9}, {"out_features": 9}, {"out_features": 8}, type_id=LAYER).share("ab")
    graph = replace(graph, nodes={"e": Node("e", "torch.nn.Embedding", "e"), **graph.nodes}).share("eabc")
    assert [node.shares for node in graph.nodes.values()] == [None, "e", "e", "e"]
    models = {i: model_of(graph.nodes, node) for i, node in graph.nodes.items()}
    assert {i: model and model.id for i, model in models.items()} == {"e": None, "a": None, "b": "a", "c": "a"}
    assert graph.nodes["c"].params == {"out_features": 9}
    assert with_owners(graph.nodes, ["c"]) == {"c", "a", "e"}


def test_only_settings_that_decide_the_weights_are_a_problem():
    d = Drawing("Layer")
    d.add("op.Output", "y", d.add("nn.Linear", "fc", d.add("op.Input", "x", shape=(4,)), out_features=4))
    outer = Drawing(definitions=d.as_block())
    x = outer.add("op.Input", "x", shape=(4,))
    y = outer.add("block.Layer", "once", x)
    outer.add("op.Output", "y", outer.add("block.Layer", "again", y, shares="once", use="repeat", shared_weights=True))
    assert errors(outer.project) == []
    again = outer.graph.node_named("again")
    project = outer.project.with_graph(outer.graph.put(replace(again, params={"use": "repeat"})))
    (problem,) = errors(project)
    assert problem.code == "bad-sharing" and "its settings differ" in str(problem.message)
    assert errors(problem.fixes[0].edit(project)) == []


def test_a_default_that_is_written_out_is_no_other_setting():
    plain, written, other = drawn({}, {"bias": True}, {"bias": False}, type_id=LAYER).nodes.values()
    assert alike(plain, written) and not alike(plain, other) and not alike(written, other)
    d = Drawing()
    x = d.add("nn.Linear", "a", d.add("op.Input", "x", shape=(4,)), out_features=4)
    d.add("op.Output", "y", d.add("nn.Linear", "b", x, out_features=4, bias=True, shares="a"))
    assert not errors(d.project)


def test_the_defaults_of_a_block_are_those_of_its_type():
    d = Drawing("Layer")
    d.add("op.Output", "y", d.add("nn.ReLU", "relu", d.add("op.Input", "x", shape=(4,))))
    node_type = d.as_block(BlockParam("width", 3)).catalog[BLOCK]
    plain, written, other, timed = drawn({}, {"width": 3}, {"width": 4}, {"times": 2}).nodes.values()
    assert alike(plain, written, node_type) and alike(plain, timed, node_type) and not alike(plain, other, node_type)
