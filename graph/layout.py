"""Tidy up: nodes in layers from left to right, few crossings, long networks wrapped into rows like text."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean
from typing import TYPE_CHECKING, NamedTuple

from graph.model import Graph, NodeId, Position
from graph.topology import to_networkx

if TYPE_CHECKING:  # imported where it is used: it takes a tenth of a second
    from networkx import DiGraph

Size = tuple[float, float]

GRID = 4.0
NODE_SIZE: Size = (148.0, 66.0)
COLUMN_GAP = 46.0
ROW_GAP = 64.0  # between rows, where the wires run
STACK_GAP = 32.0  # between nodes of one layer
WRAP = 5
SWEEPS = 4
LONG = 8  # wires over more layers than this run between the rows and have no say in the order
ASPECT = 1.2  # (width of a page / its height) × row pitch / column pitch, for pages somewhat wider than high


class Dummy(NamedTuple):
    """The place that a wire from `source` takes in a layer that it passes."""

    source: NodeId
    layer: int


Item = NodeId | Dummy
Neighbors = defaultdict[Item, list[Item]]


@dataclass(frozen=True, slots=True)
class Place:
    """A node's column, and its distance from the top of its row."""

    node: NodeId
    column: int
    top: float


Row = list[Place]


def tidy(
    graph: Graph, *, sizes: Mapping[NodeId, Size] | None = None, wrap: int = WRAP, origin: Position = (0.0, 0.0)
) -> dict[NodeId, Position]:
    """Where the nodes would stand well: positions of their upper left corners, on a grid of 4 canvas units.

    Layers go from left to right in the direction of the wires; after `wrap` layers (more in large drawings, so that the
    page stays wider than high) a new row begins. Connected parts stand below each other, nodes without wires last.
    `sizes` are widths and heights; nodes without an entry have `NODE_SIZE`.
    """
    height = {node: _up((sizes or {}).get(node, NODE_SIZE)[1]) for node in graph.nodes}
    width = {node: _up((sizes or {}).get(node, NODE_SIZE)[0] + COLUMN_GAP) for node in graph.nodes}
    rows: list[Row] = []
    for layers in _parts(graph, height):
        rows += _rows(layers, wrap)
    placed = {place.node for row in rows for place in row}
    rows += _grid([node for node in graph.nodes if node not in placed], wrap)
    return _positions(rows, width, height, origin)


def goes_right(graph: Graph, sizes: Mapping[NodeId, Size]) -> bool:
    """Whether every wire ends to the right of the node that it comes from; `sizes` as for `tidy`."""
    return all(
        graph.nodes[link.source.node].position[0] + sizes.get(link.source.node, NODE_SIZE)[0]
        <= graph.nodes[link.target.node].position[0]
        for link in graph.links.values()
    )


def _positions(
    rows: list[Row], width: Mapping[NodeId, float], height: Mapping[NodeId, float], origin: Position
) -> dict[NodeId, Position]:
    widths: dict[int, float] = defaultdict(float)
    for place in (place for row in rows for place in row):
        widths[place.column] = max(widths[place.column], width[place.node])
    left, top = origin[0], origin[1]
    lefts = {}
    for column in range(max(widths, default=-1) + 1):
        lefts[column] = left
        left += widths[column]
    positions = {}
    for row in rows:
        positions |= {place.node: (lefts[place.column], top + place.top) for place in row}
        top += _up(max(place.top + height[place.node] for place in row) + ROW_GAP)
    return positions


# ---- from layers to rows


def _rows(layers: list[list[Place]], wrap: int) -> Iterator[Row]:
    """The layers as lines of a text of even length; the last one stands in the middle."""
    columns = _columns(len(layers), wrap)
    for start in range(0, len(layers), columns):
        line = layers[start : start + columns]
        shift = (columns - len(line)) // 2 if start else 0
        highest = min(place.top for layer in line for place in layer)
        yield [
            Place(place.node, column + shift, place.top - highest)
            for column, layer in enumerate(line)
            for place in layer
        ]


def _grid(nodes: list[NodeId], wrap: int) -> Iterator[Row]:
    columns = _columns(len(nodes), wrap)
    for start in range(0, len(nodes), columns):
        yield [Place(node, column, 0.0) for column, node in enumerate(nodes[start : start + columns])]


def _columns(count: int, wrap: int) -> int:
    """How many of `count` layers a row has: no more than `wrap`, or than a page of good shape needs, and rows alike."""
    most = max(wrap, math.ceil(math.sqrt(ASPECT * count)))
    return math.ceil(count / math.ceil(count / most)) if count else 1


# ---- from a drawing to layers


def _parts(graph: Graph, height: Mapping[NodeId, float]) -> Iterator[list[list[Place]]]:
    """The layers of each connected part that has wires."""
    import networkx as nx

    directed = to_networkx(graph)
    directed.remove_edges_from(_backward(directed))
    added = {node: i for i, node in enumerate(graph.nodes)}
    for part in nx.weakly_connected_components(directed):
        if len(part) > 1:
            members = sorted(part, key=added.__getitem__)
            yield _Part(directed, _layers(directed, members)).places(height)


def _backward(directed: DiGraph) -> list[tuple[NodeId, NodeId]]:
    """Edges without which there is no cycle: those within a knot that lead to a node added earlier."""
    import networkx as nx

    knot = {node: i for i, nodes in enumerate(nx.strongly_connected_components(directed)) for node in nodes}
    added = {node: i for i, node in enumerate(directed)}
    return [(a, b) for a, b in directed.edges if knot[a] == knot[b] and added[a] >= added[b]]


def _layers(directed: DiGraph, members: list[NodeId]) -> dict[NodeId, int]:
    """Each node's layer: after all that feed it; what nothing feeds stands right before the first that needs it."""
    import networkx as nx

    generations = nx.topological_generations(directed.subgraph(members))
    layers = {node: i for i, nodes in enumerate(generations) for node in nodes}
    for node in members:
        if not directed.pred[node]:
            layers[node] = min(layers[following] for following in directed.succ[node]) - 1
    return {node: layers[node] for node in members}


class _Part:
    """A connected part while its layers are put in order: items, and which are next to which in the layers around."""

    def __init__(self, directed: DiGraph, layer_of: Mapping[NodeId, int]) -> None:
        self.layers: list[list[Item]] = [[] for _ in range(max(layer_of.values()) + 1)]
        self.before: Neighbors = defaultdict(list)
        self.after: Neighbors = defaultdict(list)
        for node, layer in layer_of.items():
            self.layers[layer].append(node)
        for source in layer_of:
            for target in directed.succ[source]:
                if layer_of[target] - layer_of[source] <= LONG:
                    self._join(source, target, range(layer_of[source] + 1, layer_of[target]))

    def places(self, height: Mapping[NodeId, float]) -> list[list[Place]]:
        """The nodes of each layer from top to bottom, each level with what feeds it as far as there is room."""
        self._untangle()
        tops: dict[Item, float] = {}
        return [list(self._stack(layer, tops, height)) for layer in self.layers]

    def _join(self, source: NodeId, target: NodeId, passed: range) -> None:
        here: Item = source
        for layer in passed:
            dummy = Dummy(source, layer)
            if dummy not in self.before:
                self.layers[layer].append(dummy)
                self._link(here, dummy)
            here = dummy
        self._link(here, target)

    def _link(self, here: Item, there: Item) -> None:
        self.after[here].append(there)
        self.before[there].append(here)

    def _untangle(self) -> None:
        """Sweeps that put every item at the mean position of its neighbors."""
        for _ in range(SWEEPS):
            for layer, following in reversed(list(pairwise(self.layers))):
                _arrange(layer, following, self.after)
            for previous, layer in pairwise(self.layers):
                _arrange(layer, previous, self.before)

    def _stack(self, layer: Iterable[Item], tops: dict[Item, float], height: Mapping[NodeId, float]) -> Iterator[Place]:
        free = -math.inf
        for item in layer:
            feeding = sorted(tops[other] for other in self.before[item])
            wish = feeding[(len(feeding) - 1) // 2] if feeding else max(free, 0.0)
            tops[item] = wish
            if not isinstance(item, Dummy):
                tops[item] = max(wish, free)
                free = tops[item] + height[item] + STACK_GAP
                yield Place(item, 0, tops[item])


def _arrange(layer: list[Item], fixed: list[Item], neighbors: Neighbors) -> None:
    """Sort a layer by the mean positions of its neighbors in a fixed one; items without any come last."""
    position = {item: i for i, item in enumerate(fixed)}
    layer.sort(key=lambda item: fmean(position[n] for n in neighbors[item]) if neighbors[item] else math.inf)


def _up(length: float) -> float:
    return GRID * math.ceil(length / GRID)
