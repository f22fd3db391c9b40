"""Tidying up: rows like text, wires forwards, no card on another."""

from __future__ import annotations

import time
from collections.abc import Mapping
from itertools import combinations
from typing import NamedTuple

import pytest
from hypothesis import given

from drawings import lenet5
from generated import graphs
from graph.areas import GRID
from graph.layout import NODE_SIZE, ROW_GAP, goes_right, tidy, tidy_part
from graph.look import DOWN, FLOWS, RIGHT
from graph.model import Graph, Link, Node, Port


def drawn(*wires: str, alone: str = "") -> Graph:
    """A drawing from wires like "a b": from node a to node b; nodes are added as they are named."""
    pairs = [wire.split() for wire in wires]
    names = dict.fromkeys([*(name for pair in pairs for name in pair), *alone.split()])
    links = [Link(Port(a, "output"), Port(b, f"input{i}")) for i, (a, b) in enumerate(pairs)]
    return Graph({n: Node(n, "t", n) for n in names}, {link.target: link for link in links})


def chain(length: int) -> Graph:
    return drawn(*(f"n{i} n{i + 1}" for i in range(length - 1)))


def overlaps(places: dict, sizes: dict) -> list[tuple[str, str]]:
    def apart(a: str, b: str) -> bool:
        (ax, ay), (bx, by) = places[a], places[b]
        (aw, ah), (bw, bh) = sizes.get(a, NODE_SIZE), sizes.get(b, NODE_SIZE)
        return ax + aw <= bx or bx + bw <= ax or ay + ah <= by or by + bh <= ay

    return [(a, b) for a, b in combinations(places, 2) if not apart(a, b)]


def table(graph: Graph, places: dict) -> list[list[str]]:
    """The names of the nodes, row by row."""
    heights = sorted({y for _, y in places.values()})
    return [
        [graph.nodes[node].name for node, (_, y) in sorted(places.items(), key=lambda item: item[1]) if y == height]
        for height in heights
    ]


def test_lenet_reads_like_a_text():
    graph = lenet5().graph
    places = tidy(graph)
    assert table(graph, places) == [
        ["digits", "conv1", "tanh1", "pool1", "conv2"],
        ["tanh2", "pool2", "flatten", "fc1", "tanh3"],
        ["fc2", "tanh4", "logits", "loss"],
        ["accuracy"],
    ]
    of = {graph.nodes[node].name: place for node, place in places.items()}
    assert of["digits"] == (0, 0) and of["conv1"] == (196, 0) and of["tanh2"] == (0, 132)
    assert of["accuracy"][0] == of["loss"][0] and of["accuracy"][1] > of["loss"][1] + NODE_SIZE[1]


def test_a_short_last_row_stands_in_the_middle():
    graph = chain(13)
    assert [len(row) for row in table(graph, tidy(graph))] == [5, 5, 3]
    assert tidy(graph)["n10"] == (196, 264)


def test_rows_are_alike():
    assert [len(row) for row in table(chain(6), tidy(chain(6)))] == [3, 3]
    assert [len(row) for row in table(chain(5), tidy(chain(5)))] == [5]
    assert [len(row) for row in table(chain(6), tidy(chain(6), wrap=6))] == [6]


def test_a_page_of_many_nodes_is_wider_than_high():
    places = tidy(chain(400)).values()
    assert 1 < max(x for x, _ in places) / max(y for _, y in places) < 3


def test_a_skip_leaves_the_main_line_straight():
    graph = drawn("a b", "b c", "c d", "a d", "d e")
    assert {y for _, y in tidy(graph).values()} == {0}


def test_branches_do_not_cross():
    graph = drawn("in a1", "in b1", "in c1", "b1 b2", "a1 a2", "c1 c2", "a2 out", "b2 out", "c2 out")
    places = tidy(graph)
    assert sorted("abc", key=lambda s: places[f"{s}1"][1]) == sorted("abc", key=lambda s: places[f"{s}2"][1])
    assert all(places[f"{s}1"][1] == places[f"{s}2"][1] for s in "abc")


def test_crossed_wires_are_untangled():
    graph = drawn("in a", "in b", "in c", "c x", "b y", "a z", "x out", "y out", "z out")
    places = tidy(graph)
    order = sorted("abc", key=lambda node: places[node][1])
    assert [{"a": "z", "b": "y", "c": "x"}[node] for node in order] == sorted("xyz", key=lambda n: places[n][1])


def test_what_nothing_feeds_stands_right_before_what_needs_it():
    graph = drawn("a b", "b c", "c d", "noise d")
    places = tidy(graph)
    assert places["noise"][0] == places["c"][0] and places["noise"][1] > places["c"][1]


def test_parts_and_lonely_nodes_stand_below_each_other():
    graph = drawn("a b", "x y", alone="p q r s t u")
    assert table(graph, tidy(graph)) == [["a", "b"], ["x", "y"], ["p", "q", "r"], ["s", "t", "u"]]


def test_sizes_make_room():
    graph = chain(10)
    sizes = {"n1": (400.0, 66.0), "n2": (148.0, 301.0)}
    places = tidy(graph, sizes=sizes)
    assert overlaps(places, sizes) == []
    assert places["n2"][0] >= 196 + 400 and places["n5"][1] >= 301


def test_the_origin_moves_everything():
    assert tidy(chain(2), origin=(40, 80)) == {"n0": (40, 80), "n1": (236, 80)}


def test_nothing_to_tidy():
    assert tidy(Graph()) == {}


@given(graphs())
def test_any_drawing_even_with_cycles_is_placed_on_the_grid_without_overlap(graph):
    places = tidy(graph)
    assert places.keys() == graph.nodes.keys()
    assert all(x % GRID == 0 and y % GRID == 0 for x, y in places.values())
    assert overlaps(places, {}) == []
    assert tidy(graph) == places


def test_a_thousand_nodes_with_skips():
    wires = [f"n{i} n{j}" for i in range(1000) for j in (i + 1, i + 3) if j < 1000]
    graph = drawn(*wires)
    tidy(chain(3))  # imports networkx
    start = time.perf_counter()
    places = tidy(graph)
    assert time.perf_counter() - start < 3  # 0.15 s on two cores; minutes where a step is quadratic
    assert len(set(places.values())) == 1000


def test_whether_all_wires_go_right():
    graph = drawn("a b", "b c")
    row = graph.move({"a": (0, 0), "b": (148, 90), "c": (400, 0)})
    assert goes_right(row, {}) and not goes_right(row, {"b": (300, 66)})
    assert not goes_right(row.move({"c": (0, 200)}), {})


def test_a_flow_down_is_the_same_picture_with_its_axes_exchanged():
    graph = drawn("in a1", "in b1", "a1 a2", "b1 b2", "a2 out", "b2 out", "in out")
    turned = dict.fromkeys(graph.nodes, NODE_SIZE[::-1])
    across = tidy(graph, sizes=turned, origin=(40, 80), wrap=10)
    down = tidy(graph, origin=(80, 40), wrap=10, flow=DOWN)
    assert down == {node: (y, x) for node, (x, y) in across.items()}
    assert goes_right(graph.move(down), {}, flow=DOWN) and not goes_right(graph.move(down), {})


def test_a_chain_that_flows_down_is_wrapped_into_columns():
    places = tidy(chain(13), flow=DOWN)
    columns = {x: [node for node, (left, _) in places.items() if left == x] for x, _ in places.values()}
    assert [len(column) for column in columns.values()] == [5, 5, 3]


def test_a_row_ends_where_few_wires_are_cut():
    block = "{0} a{0}", "{0} b{0}", "{0} c{0}", "a{0} {1}", "b{0} {1}", "c{0} {1}"
    wires = [wire.format(i, i + 1) for i in range(4) for wire in block]
    rows = [row for row in table(drawn(*wires), tidy(drawn(*wires))) if any(name.isdecimal() for name in row)]
    assert [[name for name in row if name.isdecimal()] for row in rows] == [["0", "1", "2"], ["3", "4"]]


def test_a_drawing_with_many_nodes_a_layer_is_not_wrapped():
    wires = [f"l{i}n{k} l{i + 1}n{k}" for i in range(7) for k in range(20)] + [f"l0n{k} l1n0" for k in range(20)]
    assert len({x for x, _ in tidy(drawn(*wires)).values()}) == 8


def test_what_leads_to_one_node_stands_in_the_order_of_its_ports():
    graph = drawn("in k", "in q", "in v", "q out", "k out", "v out")
    places = tidy(graph)
    assert sorted("qkv", key=lambda node: places[node][1]) == list("qkv")


def test_gaps_have_room_for_the_wires_that_run_in_them():
    wires = [f"n{a} n{b}" for a in range(8) for b in range(a + 1, 8)]
    places = tidy(drawn(*wires), wrap=4)
    assert places["n4"][1] - places["n0"][1] > 66 + ROW_GAP


def test_a_part_is_tidied_around_its_middle_and_nothing_else_moves():
    graph = chain(8).move({f"n{i}": (100.0 * i, 70.0 * i) for i in range(8)})
    ids = ["n2", "n3", "n4"]
    places = tidy_part(graph, ids)
    assert places.keys() == set(ids)
    assert len({y for _, y in places.values()}) == 1
    before, after = ([where[node] for node in ids] for where in ({n: graph.nodes[n].position for n in ids}, places))
    assert all(
        abs(min(a) + max(a) - min(b) - max(b)) <= 2 * GRID
        for a, b in zip(zip(*before, strict=True), zip(*after, strict=True), strict=True)
    )
    assert tidy_part(graph, []) == {}


def test_the_same_drawing_is_always_laid_out_the_same():
    graph = drawn(*(f"n{i} n{(7 * i) % 50 + 50}" for i in range(50)), *(f"n{i + 50} n{i + 100}" for i in range(50)))
    assert tidy(graph) == tidy(Graph(dict(graph.nodes), dict(graph.links)))


def test_five_thousand_nodes():
    graph = drawn(*[f"n{i} n{j}" for i in range(5000) for j in (i + 1, i + 3) if j < 5000])
    tidy(chain(3))  # imports networkx
    start = time.process_time()
    tidy(graph)
    assert time.process_time() - start < 10  # 0.7 s on two cores


class Ports(NamedTuple):
    """Where ports are on a card."""

    inputs: Mapping[str, float]
    outputs: Mapping[str, float]


@pytest.mark.parametrize("flow", FLOWS)
def test_wired_ports_are_level_whatever_the_heights_of_the_cards(flow):
    graph = drawn("a b", "b c", "c d")
    heights = {"a": 66.0, "b": 26.0, "c": 144.0, "d": 66.0}
    sizes = {i: (148.0, h) if flow == RIGHT else (h, 148.0) for i, h in heights.items()}
    ports = {
        "a": Ports({}, {"output": 33.0}),
        "b": Ports({"input0": 13.0}, {"output": 13.0}),
        "c": Ports({"input1": 77.0}, {"output": 97.0}),
        "d": Ports({"input2": 33.0}, {}),
    }
    across = 1 if flow == RIGHT else 0
    of = {i: place[across] for i, place in tidy(graph, sizes=sizes, ports=ports, flow=flow).items()}
    assert of["a"] + 33 == of["b"] + 13 == of["c"] + 77
    assert of["c"] + 97 == of["d"] + 33
    assert min(of.values()) == 0


def test_a_node_is_level_with_the_one_before_it_rather_than_with_a_wire_that_passes():
    graph = drawn("a b", "b d", "a d")
    ports = {
        "a": Ports({}, {"output": 33.0}),
        "b": Ports({"input0": 33.0}, {"output": 33.0}),
        "d": Ports({"input1": 77.0, "input2": 97.0}, {}),
    }
    of = tidy(graph, sizes=dict.fromkeys("abd", (148.0, 144.0)), ports=ports)
    assert of["a"][1] == of["b"][1] and of["d"][1] + 77 == of["b"][1] + 33
