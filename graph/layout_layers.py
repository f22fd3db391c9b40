"""From a drawing to layers: which nodes stand side by side, in which order, and how far from the top of their row."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from graph.areas import GRID
from graph.layout_order import settle, untangled
from graph.model import Graph, NodeId
from graph.topology import to_networkx

if TYPE_CHECKING:  # imported where it is used: it takes a tenth of a second
    from networkx import DiGraph

STACK_GAP = 32.0  # between nodes of one layer
LONG = 8  # wires over more layers than this run between the rows and have no say in the order
PASSES = 3  # forward, backward and forward again; from the last one the main line is straight


class Ports(Protocol):
    """How far the ports of a card lie across the flow, from its upper (or left) edge, by name."""

    @property
    def inputs(self) -> Mapping[str, float]: ...
    @property
    def outputs(self) -> Mapping[str, float]: ...


AllPorts = Mapping[NodeId, Ports]
Ends = Mapping[tuple[NodeId, NodeId], tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Place:
    """A node's column, and its distance from the top of its row."""

    node: NodeId
    column: int
    top: float


def parts(graph: Graph, height: Mapping[NodeId, float], ports: AllPorts) -> Iterator[list[list[Place]]]:
    """The layers of each connected part that has wires; within a layer from top to bottom, all in column 0.

    Cards are placed so that ports which are wired to each other are level; those of which nothing is known count as at the
    edge of their card.
    """
    return (part.places(height) for part in ordered(graph, ports))


def ordered(graph: Graph, ports: AllPorts | None = None) -> Iterator[Part]:
    """Each connected part that has wires, with its layers in an order of few crossings."""
    import networkx as nx

    directed = to_networkx(graph)
    directed.remove_edges_from(_backward(directed))
    added = {node: i for i, node in enumerate(graph.nodes)}
    ends = _ends(graph, ports or {})
    for nodes in nx.weakly_connected_components(directed):
        if len(nodes) > 1:
            members = sorted(nodes, key=added.__getitem__)
            part = Part(directed, _layers(directed, members), ends)
            part.layers = untangled(part.layers, part.before, part.after)
            part.sort_by_ports(graph)
            yield part


def up(length: float) -> float:
    """The next multiple of the grid."""
    return GRID * math.ceil(length / GRID)


def _ends(graph: Graph, ports: AllPorts) -> Ends:
    """How far the ports of the first wire from one node to another lie from the edges of their cards."""
    ends: dict[tuple[NodeId, NodeId], tuple[float, float]] = {}
    for (source, output), (target, entry) in graph.links.values() if ports else ():
        out = ports[source].outputs.get(output, 0.0) if source in ports else 0.0
        ends.setdefault((source, target), (out, ports[target].inputs.get(entry, 0.0) if target in ports else 0.0))
    return ends


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

    def __init__(self, directed: DiGraph, layer_of: Mapping[NodeId, int], ends: Ends) -> None:
        self.nodes = list(layer_of)
        self.layers: list[list[int]] = [[] for _ in range(max(layer_of.values()) + 1)]
        self.before: list[list[int]] = [[] for _ in self.nodes]
        self.after: list[list[int]] = [[] for _ in self.nodes]
        self._passing: dict[tuple[int, int], int] = {}
        self._drops: dict[tuple[int, int], float] = {}  # how much lower the second one is if the wire is straight
        number = {node: i for i, node in enumerate(self.nodes)}
        for node, layer in layer_of.items():
            self.layers[layer].append(number[node])
        for source, start in layer_of.items():
            for target in directed.succ[source]:
                if layer_of[target] - start <= LONG:
                    passed = range(start + 1, layer_of[target])
                    self._join(number[source], number[target], passed, ends.get((source, target), (0.0, 0.0)))

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
            for layer in self.layers if turn % 2 == 0 else self.layers[::-1]:
                self._align(layer, tops, room, turn=turn)
        return [[Place(self.nodes[i], 0, tops[i]) for i in layer if i < len(self.nodes)] for layer in self.layers]

    def passing(self, source: int, layer: int) -> int | None:
        """The item of the wires of a node in a layer that they pass; None if they run between the rows."""
        return self._passing.get((source, layer))

    def _join(self, source: int, target: int, passed: range, ends: tuple[float, float]) -> None:
        here, drop = source, ends[0]
        for layer in passed:
            item = self._passing.get((source, layer))
            if item is None:
                item = self._passing[source, layer] = len(self.before)
                self.before.append([])
                self.after.append([])
                self.layers[layer].append(item)
                self._link(here, item, drop)
            here, drop = item, 0.0
        self._link(here, target, drop - ends[1])

    def _link(self, here: int, there: int, drop: float) -> None:
        self.after[here].append(there)
        self.before[there].append(here)
        self._drops[here, there] = drop

    def _align(self, layer: list[int], tops: list[float], room: list[float], *, turn: int) -> None:
        """Put the items of a layer level with their neighbors on one side; wires that pass take no room."""
        cards, wishes, above, offset = [], [], 0.0, 0.0
        for item in layer:
            wish = self._wish(item, tops, forward=turn % 2 == 0)
            if item >= len(self.nodes):
                tops[item] = tops[item] if wish is None else wish
                continue
            if wish is None:
                wish = tops[item] if turn else above + offset
            cards.append(item)
            above = wish - offset
            wishes.append(above)
            offset += room[item]
        offset = 0.0
        for item, level in zip(cards, _rising(wishes), strict=True):
            tops[item] = GRID * round((level + offset) / GRID)
            offset += room[item]

    def _wish(self, item: int, tops: list[float], *, forward: bool) -> float | None:
        """Where an item is level with its neighbors in the layer before it, or after it; None if there are none.

        It is the median; of two in the middle the upper one, unless only the lower one is a node.
        """
        sides = self.before if forward else self.after
        drops = ((i, self._drops[i, item] if forward else -self._drops[item, i]) for i in sides[item])
        levels = sorted((tops[i] + drop, i >= len(self.nodes)) for i, drop in drops)
        if not levels:
            return None
        upper, lower = levels[(len(levels) - 1) // 2], levels[len(levels) // 2]
        return (lower if upper[1] and not lower[1] else upper)[0]


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
