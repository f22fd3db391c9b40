"""Sizes of a node's card and the places of its ports, in canvas units."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from graph.catalog import CATALOG, Catalog, NodeType
from graph.model import Graph, Node, NodeId, Position
from gui.theme import GRID

WIDTH = 148.0
HEIGHT = 66.0
CORNER = 8.0
PORT_RADIUS = 5.0
PORT_PITCH = 18.0
MARGIN = 10.0  # what shadow, ports and badge need around the card
FEW_PORTS = 2  # on a side: a card with more has a line for each port, with its name


@dataclass(frozen=True, slots=True)
class Shape:
    """Height of a card, and for each port its distance from the card's top; inputs are on the left edge.

    `named` says that the ports lie below the texts, where there is room for their names.
    """

    height: float
    inputs: Mapping[str, float]
    outputs: Mapping[str, float]
    named: bool = False


def shape_of(graph: Graph, node: Node, catalog: Catalog = CATALOG) -> Shape:
    """The shape of a node's card: the ports of its type, and those that wires name although the type has none such."""
    node_type = catalog.of(node)
    inputs, outputs, variadic = _declared(node_type) if node_type is not None else ((), (), False)
    into = [link.target.name for link in graph.incoming(node.id)]
    if variadic and node_type is not None:
        inputs = tuple(port.name for port in node_type.input_ports(into))
    inputs = _with(inputs, into)
    outputs = _with(outputs, [link.source.name for link in graph.outgoing(node.id)])
    return _shape(inputs, outputs, named=not variadic and max(len(inputs), len(outputs)) > FEW_PORTS)


def card_sizes(graph: Graph, catalog: Catalog) -> dict[NodeId, tuple[float, float]]:
    """Width and height of the card of every node."""
    return {i: (WIDTH, shape_of(graph, node, catalog).height) for i, node in graph.nodes.items()}


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


def _with(declared: tuple[str, ...], connected: Iterable[str]) -> tuple[str, ...]:
    extra = dict.fromkeys(name for name in connected if name not in declared)
    return (*declared, *extra) if extra else declared


@lru_cache(maxsize=4096)
def _shape(inputs: tuple[str, ...], outputs: tuple[str, ...], *, named: bool) -> Shape:
    lines = max(len(inputs), len(outputs))
    if named:
        return Shape(HEIGHT + PORT_PITCH * lines + 4, _listed(inputs), _listed(outputs), named=True)
    height = max(HEIGHT, PORT_PITCH * (lines + 1) - 6)
    return Shape(height, _spread(inputs, height), _spread(outputs, height))


def _listed(names: tuple[str, ...]) -> dict[str, float]:
    return {name: HEIGHT + PORT_PITCH * (i + 0.5) for i, name in enumerate(names)}


def _spread(names: tuple[str, ...], height: float) -> dict[str, float]:
    return {name: float(round(height * (i + 1) / (len(names) + 1))) for i, name in enumerate(names)}
