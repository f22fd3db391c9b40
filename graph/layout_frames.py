"""Frames in a layout: what lies in one is laid out by itself, and stands in the drawing around it as one large card."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from statistics import median

from graph.areas import Area
from graph.framing import Held, Load, carried_along, framed, ways_around
from graph.layout_layers import AllPorts, Ports
from graph.look import DOWN, FRAME, NOTE, RIGHT
from graph.model import Graph, Link, Node, NodeId, Port, Position

Size = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Cluster:
    """A frame with the nodes and notes in it, also those of the frames in it; `id` stands for it among the nodes."""

    id: NodeId
    load: Load


@dataclass(frozen=True, slots=True)
class Edges:
    """The ports of a folded frame: those of the nodes in it, for the wires that lead in and out."""

    inputs: dict[str, float] = field(default_factory=dict)
    outputs: dict[str, float] = field(default_factory=dict)


def clusters(graph: Graph, sizes: Mapping[NodeId, Size], ids: Iterable[NodeId]) -> list[Cluster]:
    """The frames that can be kept together, those with only these nodes in them, inner ones first.

    Of frames that share some of their nodes, and not one all of those of the other, only the smallest is one.
    """
    there, chosen, found, held = graph.look.annotations, set(ids), list[Cluster](), Held(graph, sizes)
    for frame in sorted((a for a in there.values() if a.kind == FRAME), key=lambda a: a.area[2] * a.area[3]):
        load = held.load(frame)
        nested = all(c.load.nodes <= load.nodes or c.load.nodes.isdisjoint(load.nodes) for c in found)
        if load.nodes and load.nodes <= chosen and nested:
            found.append(Cluster(f"frame {frame.id}", load))
    return found


class Folds:
    """A drawing in which frames become large cards, one after the other, from the inside out."""

    def __init__(self, graph: Graph, sizes: Mapping[NodeId, Size], ports: AllPorts, *, across: int) -> None:
        self.graph = Graph(dict(graph.nodes), dict(graph.links))
        self.sizes = dict(sizes)
        self.ports: dict[NodeId, Ports] = dict(ports)
        self._whole, self._across = graph, across
        self._card_of = {node: node for node in graph.nodes}
        self._edges: dict[NodeId, Edges] = {}
        self._insides: dict[NodeId, dict[NodeId, Position]] = {}
        self._written: set[str] = set()  # notes that lie in frames which are folded

    def part(self, cluster: Cluster) -> Graph:
        """What lies in a frame, with the frames in it folded."""
        cards = {self._card_of[node] for node in cluster.load.nodes}
        links = {k: v for k, v in self.graph.links.items() if k.node in cards and v.source.node in cards}
        return Graph({i: node for i, node in self.graph.nodes.items() if i in cards}, links)

    def fold(self, cluster: Cluster, places: Mapping[NodeId, Position]) -> None:
        """Put a card in the place of a frame, as large as that will be around its part with these places."""
        areas = [(*place, *self.sizes[card]) for card, place in places.items()]
        ways = ways_around(self.graph, dict(zip(places, areas, strict=True)), RIGHT if self._across else DOWN)
        left, top, *size = framed([*areas, *ways, *self._notes(cluster.load, places, areas)]) or (0.0, 0.0, 0.0, 0.0)
        self._insides[cluster.id] = {card: (x - left, y - top) for card, (x, y) in places.items()}
        self.sizes[cluster.id] = (size[0], size[1])
        self.ports[cluster.id] = self._edges[cluster.id] = Edges()
        self._card_of |= dict.fromkeys(cluster.load.nodes, cluster.id)
        self.graph = self._contracted(cluster.id)

    def spans(self, widths: Mapping[NodeId, float]) -> dict[NodeId, int]:
        """How many columns the folded frames take, from the room that cards need along the flow."""
        usual = median([widths[node] for node in self._whole.nodes]) if self._whole.nodes else 1.0
        return {frame: max(1, round(widths[frame] / usual)) for frame in self._insides if frame in widths}

    def unfolded(self, places: Mapping[NodeId, Position]) -> dict[NodeId, Position]:
        """The places of the nodes, from those of cards among which folded frames are."""
        found: dict[NodeId, Position] = {}
        for card, (x, y) in places.items():
            inside = self._insides.get(card)
            if inside is None:
                found[card] = (x, y)
            else:
                found |= self.unfolded({i: (x + dx, y + dy) for i, (dx, dy) in inside.items()})
        return found

    def _notes(self, load: Load, places: Mapping[NodeId, Position], cards: list[Area]) -> list[Area]:
        """Where the notes of a frame will be."""
        annotations, now = self._whole.look.annotations, {i: self._whole.nodes[i].position for i in load.nodes}
        mine = load.annotations - self._written
        notes = [i for i, note in annotations.items() if i in mine and note.kind == NOTE]
        self._written.update(notes)
        (x0, y0), (x1, y1) = _corner(now), _corner(self.unfolded(places))
        return carried_along([annotations[i].area for i in notes], (x1 - x0, y1 - y0), cards)

    def _contracted(self, folded: NodeId) -> Graph:
        inside = self._insides[folded]
        nodes = {(folded if i in inside else i): node for i, node in self.graph.nodes.items()}
        nodes[folded] = Node(folded, "", folded)
        links = {}
        for source, target in self.graph.links.values():
            if source.node in inside and target.node in inside:
                continue
            link = Link(self._outside(source, folded, output=True), self._outside(target, folded, output=False))
            links[link.target] = link
        return Graph(nodes, links)

    def _outside(self, port: Port, folded: NodeId, *, output: bool) -> Port:
        """The port of a card, or that of the folded frame in which the card is."""
        place = self._insides[folded].get(port.node)
        if place is None:
            return port
        known, edges = self.ports.get(port.node, Edges()), self._edges[folded]
        side, levels = (edges.outputs, known.outputs) if output else (edges.inputs, known.inputs)
        name = f"{port.node} {port.name}"
        side[name] = place[self._across] + levels.get(port.name, 0.0)
        return Port(folded, name)


def _corner(places: Mapping[NodeId, Position]) -> Position:
    return min(x for x, _ in places.values()), min(y for _, y in places.values())
