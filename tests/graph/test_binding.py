"""Expressions in the place of values, and the values that they have."""

from __future__ import annotations

import pytest

from graph.binding import bind, bind_node, bound, defaults, is_expression
from graph.messages import EditError
from graph.model import Block, BlockParam, Graph, Node

NAMES = {"channels": 16, "rate": 0.5, "wide": True}


@pytest.mark.parametrize("value", ["=4", "=channels", (1, "=channels"), ("=1",), "="])
def test_what_is_an_expression(value):
    assert is_expression(value)


@pytest.mark.parametrize("value", ["same", "", 4, None, True, (1, 2), ("a", "b"), " =4", ()])
def test_what_is_none(value):
    assert not is_expression(value) and bound(value, NAMES) == value


@pytest.mark.parametrize(
    ("value", "result"),
    [
        ("=4 * channels", 64),
        ("=channels // 3", 5),
        ("=rate * 2", 1.0),
        ("=channels if wide else 1", 16),
        ((1, "=channels", -1), (1, 16, -1)),
        (("=channels", "=channels + 1"), (16, 17)),
        ("=  channels ", 16),
    ],
)
def test_values(value, result):
    assert bound(value, NAMES) == result and type(bound(value, NAMES)) is type(result)


@pytest.mark.parametrize("value", ["=height", (1, "=height"), "=1 / 0", "=", "=channels.real", "=(channels"])
def test_what_has_no_value_names_the_node(value):
    node = Node("n1", "torch.nn.Linear", "fc", {"out_features": value})
    with pytest.raises(EditError, match="In 'fc': ") as caught:
        bind_node(node, NAMES)
    assert caught.value.node == "n1"


def test_a_drawing_keeps_what_has_no_value_and_what_needs_none():
    plain = Node("n1", "torch.nn.ReLU", "relu")
    good = Node("n2", "torch.nn.Linear", "fc", {"out_features": "=2 * channels", "bias": False})
    bad = Node("n3", "torch.nn.Linear", "fc2", {"out_features": "=height"})
    graph = Graph({node.id: node for node in (plain, good, bad)})
    result = bind(graph, NAMES)
    assert result.nodes["n1"] is plain and result.nodes["n3"] is bad
    assert result.nodes["n2"].params == {"out_features": 32, "bias": False}
    assert list(result.nodes) == ["n1", "n2", "n3"] and good.params["out_features"] == "=2 * channels"
    assert bind(graph.only(["n1"]), NAMES) == graph.only(["n1"])


def test_one_bad_value_leaves_the_others_of_its_node_unbound():
    node = Node("n1", "torch.nn.Conv2d", "conv", {"out_channels": "=channels", "kernel_size": "=1 / 0"})
    assert bind(Graph({"n1": node}), NAMES).nodes["n1"] is node


def test_defaults_of_a_block():
    block = Block("b1", "Layer", params=(BlockParam("channels", 8), BlockParam("rate", 0.1)))
    assert defaults(block) == {"channels": 8, "rate": 0.1} and defaults(None) == {}
