"""Sizes of a node's card and the places of its ports, in canvas units."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from graph.catalog import CATALOG, Catalog, NodeType
from graph.look import RIGHT
from graph.model import Graph, Node, NodeId, Position
from gui.theme import GRID

WIDTH = 148.0
HEIGHT = 66.0
SMALL_WIDTH, SMALL_HEIGHT = 108.0, 26.0  # of a collapsed card
CORNER = 8.0
PORT_RADIUS = 5.0
PORT_PITCH = 18.0
LINE_PITCH = 20.0  # of ports below each other that have their names beside them
SMALL_PITCH = 12.0  # of the ports of a collapsed card
NAME_PITCH = 52.0  # of ports beside each other that have their names below or above them
NAME_ROW = 14.0
MARGIN = 10.0  # what shadow, ports and badge need around the card
FEW_PORTS = 2  # on a side: a card with more has a line for each port, with its name


@dataclass(frozen=True, slots=True)
class Shape:
    """Size of a card, and for each port how far along the edge it lies.

    Where the drawing flows to the right, inputs are on the left edge and outputs on the right one, at distances from the
    top; where it flows down they are on the upper and lower edge, at distances from the left. `named` says that there is
    room for the names of the ports, `collapsed` that there is room for little else than the name of the node.
    """

    height: float
    inputs: Mapping[str, float]
    outputs: Mapping[str, float]
    named: bool = False
    width: float = WIDTH
    flow: str = RIGHT
    collapsed: bool = False

    @property
    def depth(self) -> float:
        """The extent in the direction of the flow: how far the outputs are from the inputs."""
        return self.turned(self.width, self.height)[0]

    @property
    def text_top(self) -> float:
        """Where the room for the texts begins: below the names of the inputs if these are on the upper edge."""
        return NAME_ROW if self.named and self.flow != RIGHT else 0.0

    def turned(self, x: float, y: float) -> Position:
        """A point of the card as (along the flow, across it), and such a point as (x, y)."""
        return (x, y) if self.flow == RIGHT else (y, x)

    def spot(self, name: str, *, output: bool) -> Position:
        """The middle of a port, from the card's upper left corner."""
        return self.turned(self.depth, self.outputs[name]) if output else self.turned(0.0, self.inputs[name])


def shape_of(graph: Graph, node: Node, catalog: Catalog = CATALOG) -> Shape:
    """The shape of a node's card: the ports of its type, and those that wires name although the type has none such."""
    node_type = catalog.of(node)
    inputs, outputs, variadic = _declared(node_type) if node_type is not None else ((), (), False)
    into = tuple(link.target.name for link in graph.incoming(node.id))
    if variadic and node_type is not None:
        inputs = _spread_out(node_type, into)
    inputs = _with(inputs, into)
    outputs = _with(outputs, [link.source.name for link in graph.outgoing(node.id)])
    flow = graph.look.flow
    if node.id in graph.look.collapsed:
        return _collapsed(inputs, outputs, flow)
    named = not variadic and max(len(inputs), len(outputs)) > FEW_PORTS
    return (_named if named else _plain)(inputs, outputs, flow)


def card_shapes(graph: Graph, catalog: Catalog) -> dict[NodeId, Shape]:
    """The shape of the card of every node."""
    return {i: shape_of(graph, node, catalog) for i, node in graph.nodes.items()}


def card_sizes(graph: Graph, catalog: Catalog) -> dict[NodeId, tuple[float, float]]:
    """Width and height of the card of every node."""
    return {i: (shape.width, shape.height) for i, shape in card_shapes(graph, catalog).items()}


def snap(position: Position) -> Position:
    """The nearest point of the 4-unit grid."""
    x, y = position
    return (GRID * round(x / GRID), GRID * round(y / GRID))


@lru_cache(maxsize=1024)
def _declared(node_type: NodeType) -> tuple[tuple[str, ...], tuple[str, ...], bool]:
    """Keyed by the type itself: a block that changes gets a new one."""
    inputs = tuple(port.name for port in node_type.input_ports())
    following = node_type.next_output
    outputs = (*node_type.outputs, following) if following is not None else node_type.outputs
    return inputs, tuple(port.name for port in outputs), any(port.variadic for port in node_type.inputs)


@lru_cache(maxsize=4096)
def _spread_out(node_type: NodeType, connected: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(port.name for port in node_type.input_ports(connected))


def _with(declared: tuple[str, ...], connected: Iterable[str]) -> tuple[str, ...]:
    extra = dict.fromkeys(name for name in connected if name not in declared)
    return (*declared, *extra) if extra else declared


@lru_cache(maxsize=4096)
def _plain(inputs: tuple[str, ...], outputs: tuple[str, ...], flow: str) -> Shape:
    """The ports spread over their edges."""
    needed = PORT_PITCH * (max(len(inputs), len(outputs)) + 1) - 6
    width, height = (WIDTH, max(HEIGHT, needed)) if flow == RIGHT else (max(WIDTH, needed), HEIGHT)
    edge = height if flow == RIGHT else width
    places = _spread(inputs, edge, flow), _spread(outputs, edge, flow)
    return Shape(height, *places, width=width, flow=flow)


@lru_cache(maxsize=1024)
def _named(inputs: tuple[str, ...], outputs: tuple[str, ...], flow: str) -> Shape:
    """The ports with their names: in lines below the texts, or in rows above and below them."""
    lines = max(len(inputs), len(outputs))
    if flow == RIGHT:
        return Shape(HEIGHT + LINE_PITCH * lines + 4, _listed(inputs), _listed(outputs), named=True)
    width = max(WIDTH, NAME_PITCH * lines)
    places = _cells(inputs, width, flow), _cells(outputs, width, flow)
    return Shape(HEIGHT + 2 * NAME_ROW, *places, named=True, width=width, flow=flow)


@lru_cache(maxsize=4096)
def _collapsed(inputs: tuple[str, ...], outputs: tuple[str, ...], flow: str) -> Shape:
    """The ports close together."""
    needed = SMALL_PITCH * max(len(inputs), len(outputs))
    size = (SMALL_WIDTH, max(SMALL_HEIGHT, needed)) if flow == RIGHT else (max(SMALL_WIDTH, needed), SMALL_HEIGHT)
    edge = size[1] if flow == RIGHT else size[0]
    places = _cells(inputs, edge, flow), _cells(outputs, edge, flow)
    return Shape(size[1], *places, width=size[0], flow=flow, collapsed=True)


def _listed(names: tuple[str, ...]) -> dict[str, float]:
    return {name: _level(HEIGHT + LINE_PITCH * (i + 0.5), RIGHT) for i, name in enumerate(names)}


def _spread(names: tuple[str, ...], edge: float, flow: str) -> dict[str, float]:
    return {name: _level(edge * (i + 1) / (len(names) + 1), flow) for i, name in enumerate(names)}


def _cells(names: tuple[str, ...], edge: float, flow: str) -> dict[str, float]:
    return {name: _level(edge * (i + 0.5) / len(names), flow) for i, name in enumerate(names)}


def _level(place: float, flow: str) -> float:
    """The nearest place on an edge that is whole steps of the grid from the middle of a plain card.

    Cards lie on the grid, so that any two of their ports can be level.
    """
    middle = (HEIGHT if flow == RIGHT else WIDTH) / 2
    return middle + GRID * round((place - middle) / GRID)
