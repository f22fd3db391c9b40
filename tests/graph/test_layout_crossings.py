"""Tidy up is as good as Graphviz `dot` at crossings: compared with what dot gave on the same drawings."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from crossing_graphs import crossing_graphs
from graph.layout_crossings import Way, crossings, ways

DOT = json.loads((Path(__file__).parent / "fixtures" / "dot_layouts.json").read_text("utf-8"))["layouts"]
GRAPHS = crossing_graphs()
EASY = 2  # crossings more than dot that are nothing to speak of


def dots(name: str) -> int:
    return crossings(Way(layer, heights) for layer, heights in DOT[name])


def test_dot_was_asked_about_the_same_drawings():
    assert DOT.keys() == GRAPHS.keys() and len(GRAPHS) == 15
    for name, graph in GRAPHS.items():
        assert len(DOT[name]) == len(ways(graph))


@pytest.mark.parametrize("name", GRAPHS)
def test_no_drawing_is_much_worse_than_dots(name):
    assert crossings(ways(GRAPHS[name])) <= 1.25 * dots(name) + EASY


def test_on_the_whole_it_is_no_worse_than_dot():
    ours = {name: crossings(ways(graph)) for name, graph in GRAPHS.items()}
    theirs = {name: dots(name) for name in GRAPHS}
    print(*(f"{name:32}{ours[name]:5}{theirs[name]:5}" for name in GRAPHS), sep="\n")
    assert sum(ours.values()) <= sum(theirs.values())
    assert sum(ours[name] <= theirs[name] for name in GRAPHS) > len(GRAPHS) / 2


def test_what_a_crossing_is():
    assert crossings([Way(0, [0, 1]), Way(0, [1, 0])]) == 1
    assert crossings([Way(0, [0, 1]), Way(0, [0, 0])]) == 0  # from one node
    assert crossings([Way(0, [0, 1]), Way(0, [1, 1])]) == 0  # to one node
    assert crossings([Way(0, [0, 1]), Way(1, [1, 0])]) == 0  # in other layers
    assert crossings([Way(0, [0, 2, 0]), Way(0, [1, 1, 1])]) == 2
    assert crossings([Way(0, [i, 3 - i]) for i in range(4)]) == 6
