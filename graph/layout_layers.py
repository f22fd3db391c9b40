"""From a drawing to layers: which nodes stand side by side, in which order, and how far from the top of their row."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from graph.layout_order import settle, untangled
from graph.model import Graph, NodeId
from graph.topology import to_networkx

if TYPE_CHECKING:  # imported where it is used: it takes a tenth of a second
    from networkx import DiGraph

GRID = 4.0
STACK_GAP = 32.0  # between nodes of one layer
LONG = 8  # wires over more layers than this run between the rows and have no say in the order
PASSES = 3  # forward, backward and forward again; from the last one the main line is straight


@dataclass(frozen=True, slots=True)
class Place:
    """A node's column, and its distance from the top of its row."""

    node: NodeId
    column: int
    top: float


def parts(graph: Graph, height: Mapping[NodeId, float]) -> Iterator[list[list[Place]]]:
    """The layers of each connected part that has wires; within a layer from top to bottom, all in column 0."""
    return (part.places(height) for part in ordered(graph))


def ordered(graph: Graph) -> Iterator[Part]:
    """Each connected part that has wires, with its layers in an order of few crossings."""
    import networkx as nx

    directed = to_networkx(graph)
    directed.remove_edges_from(_backward(directed))
    added = {node: i for i, node in enumerate(graph.nodes)}
    for nodes in nx.weakly_connected_components(directed):
        if len(nodes) > 1:
            members = sorted(nodes, key=added.__getitem__)
            part = Part(directed, _layers(directed, members))
            part.layers = untangled(part.layers, part.before, part.after)
            part.sort_by_ports(graph)
            yield part


def up(length: float) -> float:
    """The next multiple of the grid."""
    return GRID * math.ceil(length / GRID)


def _backward(directed: DiGraph) -> list[tuple[NodeId, NodeId]]:
    """Edges without which there is no cycle: those within a knot that lead to a node added earlier."""
    import networkx as nx

    knot = {node: i for i, nodes in enumerate(nx.strongly_connected_components(directed)) for node in nodes}
    added = {node: i for i, node in enumerate(directed)}
    return [(a, b) for a, b in directed.edges if knot[a] == knot[b] and added[a] >= added[b]]


def _layers(directed: DiGraph, members: list[NodeId]) -> dict[NodeId, int]:
    """Each node's layer: after all that feed it; what feeds more than it is fed stands right before what needs it."""
    import networkx as nx

    generations = [list(nodes) for nodes in nx.topological_generations(directed.subgraph(members))]
    layers = {node: i for i, nodes in enumerate(generations) for node in nodes}
    for nodes in reversed(generations):
        for node in nodes:
            if len(directed.succ[node]) > len(directed.pred[node]):
                layers[node] = min(layers[following] for following in directed.succ[node]) - 1
    first = min(layers.values())
    return {node: layers[node] - first for node in members}


class Part:
    """A connected part while its layers are put in order. Items are numbers: the nodes, and after them one for each
    layer that the wires of a node pass."""

    def __init__(self, directed: DiGraph, layer_of: Mapping[NodeId, int]) -> None:
        self.nodes = list(layer_of)
        self.layers: list[list[int]] = [[] for _ in range(max(layer_of.values()) + 1)]
        self.before: list[list[int]] = [[] for _ in self.nodes]
        self.after: list[list[int]] = [[] for _ in self.nodes]
        self._passing: dict[tuple[int, int], int] = {}
        number = {node: i for i, node in enumerate(self.nodes)}
        for node, layer in layer_of.items():
            self.layers[layer].append(number[node])
        for source, start in layer_of.items():
            for target in directed.succ[source]:
                if layer_of[target] - start <= LONG:
                    self._join(number[source], number[target], range(start + 1, layer_of[target]))

    def sort_by_ports(self, graph: Graph) -> None:
        """Where it costs no crossing, let nodes that are wired to the same one stand in the order of its ports."""
        number = {node: i for i, node in enumerate(self.nodes)}
        ports: dict[tuple[int, int], int] = {}
        for node, i in number.items():
            for turn, link in enumerate(graph.incoming(node)):
                ports.setdefault((i, number.get(link.source.node, -1)), turn)
        settle(self.layers, self.before, self.after, ports)

    def places(self, height: Mapping[NodeId, float]) -> list[list[Place]]:
        """The nodes of each layer from top to bottom, each level with what it is wired to as far as there is room."""
        tops: list[float] = [0.0] * len(self.before)
        room = [height[node] + STACK_GAP for node in self.nodes]
        for turn in range(PASSES):
            layers, sides = (self.layers, self.before) if turn % 2 == 0 else (self.layers[::-1], self.after)
            for layer in layers:
                self._align(layer, sides, tops, room, first=turn == 0)
        return [[Place(self.nodes[i], 0, tops[i]) for i in layer if i < len(self.nodes)] for layer in self.layers]

    def passing(self, source: int, layer: int) -> int | None:
        """The item of the wires of a node in a layer that they pass; None if they run between the rows."""
        return self._passing.get((source, layer))

    def _join(self, source: int, target: int, passed: range) -> None:
        here = source
        for layer in passed:
            item = self._passing.get((source, layer))
            if item is None:
                item = self._passing[source, layer] = len(self.before)
                self.before.append([])
                self.after.append([])
                self.layers[layer].append(item)
                self._link(here, item)
            here = item
        self._link(here, target)

    def _link(self, here: int, there: int) -> None:
        self.after[here].append(there)
        self.before[there].append(here)

    def _align(
        self, layer: list[int], side: Sequence[Sequence[int]], tops: list[float], room: list[float], *, first: bool
    ) -> None:
        """Put the items of a layer level with their neighbors on one side; wires that pass take no room."""
        cards, wishes, above, offset = [], [], 0.0, 0.0
        for item in layer:
            beside = sorted(tops[other] for other in side[item])
            wish = beside[(len(beside) - 1) // 2] if beside else None
            if item >= len(self.nodes):
                tops[item] = tops[item] if wish is None else wish
                continue
            if wish is None:
                wish = above + offset if first else tops[item]
            cards.append(item)
            above = wish - offset
            wishes.append(above)
            offset += room[item]
        offset = 0.0
        for item, level in zip(cards, _rising(wishes), strict=True):
            tops[item] = up(level + offset)
            offset += room[item]


def _rising(wishes: list[float]) -> list[float]:
    """The values nearest to the wishes that never fall: where they would, a stretch shares its (upper) median."""
    stretches: list[list[float]] = []
    levels: list[float] = []
    for wish in wishes:
        stretch, level = [wish], wish
        while levels and levels[-1] > level:
            stretch = sorted(stretches.pop() + stretch)
            levels.pop()
            level = stretch[len(stretch) // 2]
        stretches.append(stretch)
        levels.append(level)
    return [level for stretch, level in zip(stretches, levels, strict=True) for _ in stretch]
