"""How tangled a layered drawing is: the number of times its wires cross on their way from layer to layer."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from graph.layout_layers import ordered
from graph.model import Graph


class Way(NamedTuple):
    """A wire in a layered drawing: the layer where it starts, and how far down it is in that layer and in each after."""

    layer: int
    heights: Sequence[float]


def crossings(ways: Iterable[Way]) -> int:
    """How many times two ways cross, each drawn straight from one layer to the next; to touch is not to cross."""
    gaps: dict[int, list[tuple[float, float]]] = defaultdict(list)
    for way in ways:
        for i, step in enumerate(pairwise(way.heights)):
            gaps[way.layer + i].append(step)
    return sum(_inversions(steps) for steps in gaps.values())


def ways(graph: Graph) -> list[Way]:
    """The ways of all wires as `tidy` orders a drawing of one part; wires that run above the row are at height -1."""
    (part,) = ordered(graph)
    place = {item: (i, height) for i, layer in enumerate(part.layers) for height, item in enumerate(layer)}
    number = {node: i for i, node in enumerate(part.nodes)}
    found = []
    for source, target in dict.fromkeys((link.source.node, link.target.node) for link in graph.links.values()):
        start, end = place[number[source]], place[number[target]]
        passed = [part.passing(number[source], layer) for layer in range(start[0] + 1, end[0])]
        if any(item is None for item in passed):
            between = [-1.0] * len(passed)
        else:
            between = [place[item][1] for item in passed if item is not None]
        found.append(Way(start[0], [start[1], *between, end[1]]))
    return found


def _inversions(steps: list[tuple[float, float]]) -> int:
    """How many pairs change their order from the first number to the second."""
    seen: list[float] = []
    count = 0
    start = 0
    steps.sort()
    for here, there in steps:
        while steps[start][0] < here:  # those that start together do not cross
            insort(seen, steps[start][1])
            start += 1
        count += len(seen) - bisect_right(seen, there)
    return count
