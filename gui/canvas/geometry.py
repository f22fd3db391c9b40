"""Sizes of a node's card and the places of its ports, in canvas units."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from graph.catalog import CATALOG
from graph.model import Graph, Node, Position
from gui.theme import GRID

WIDTH = 148.0
HEIGHT = 66.0
CORNER = 8.0
PORT_RADIUS = 5.0
PORT_PITCH = 18.0
MARGIN = 10.0  # what shadow, ports and badge need around the card


@dataclass(frozen=True, slots=True)
class Shape:
    """Height of a card, and for each port its distance from the card's top; inputs are on the left edge."""

    height: float
    inputs: Mapping[str, float]
    outputs: Mapping[str, float]


def shape_of(graph: Graph, node: Node) -> Shape:
    """The shape of a node's card: the ports of its type, and those that wires name although the type has none such."""
    inputs, outputs, variadic = _declared(node.type)
    into = [link.target.name for link in graph.incoming(node.id)]
    if variadic:
        inputs = tuple(port.name for port in CATALOG[node.type].input_ports(into))
    return _shape(_with(inputs, into), _with(outputs, [link.source.name for link in graph.outgoing(node.id)]))


def snap(position: Position) -> Position:
    """The nearest point of the 4-unit grid."""
    x, y = position
    return (GRID * round(x / GRID), GRID * round(y / GRID))


@lru_cache
def _declared(type_id: str) -> tuple[tuple[str, ...], tuple[str, ...], bool]:
    node_type = CATALOG.get(type_id)
    if node_type is None:
        return (), (), False
    inputs = tuple(port.name for port in node_type.input_ports())
    return inputs, tuple(port.name for port in node_type.outputs), any(port.variadic for port in node_type.inputs)


def _with(declared: tuple[str, ...], connected: Iterable[str]) -> tuple[str, ...]:
    extra = dict.fromkeys(name for name in connected if name not in declared)
    return (*declared, *extra) if extra else declared


@lru_cache(maxsize=4096)
def _shape(inputs: tuple[str, ...], outputs: tuple[str, ...]) -> Shape:
    height = max(HEIGHT, PORT_PITCH * (max(len(inputs), len(outputs)) + 1) - 6)
    return Shape(height, _spread(inputs, height), _spread(outputs, height))


def _spread(names: tuple[str, ...], height: float) -> dict[str, float]:
    return {name: float(round(height * (i + 1) / (len(names) + 1))) for i, name in enumerate(names)}
