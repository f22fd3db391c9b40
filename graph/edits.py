"""Edits made of several smaller ones: what fixes and gestures ask for."""

from __future__ import annotations

from collections.abc import Mapping

from graph.catalog import CATALOG
from graph.model import Graph, Link, Node, Port, Position, Value

SPACING = 194.0


def insert_on_link(graph: Graph, link: Link, type_id: str, *, params: Mapping[str, Value] | None = None) -> Graph:
    """Put a new node of a type into a wire: the wire ends at its first input, its first output goes on."""
    node_type = CATALOG[type_id]
    node = Node(
        graph.free_id(),
        node_type.id,
        graph.free_name(node_type.stem),
        params=params or {},
        position=between(graph, link),
    )
    entry, leave = Port(node.id, node_type.input_ports()[0].name), Port(node.id, node_type.outputs[0].name)
    graph = graph.disconnect([link]).add(node)
    return graph.connect(Link(link.source, entry)).connect(Link(leave, link.target))


def insert_before(graph: Graph, target: Port, type_id: str, params: Mapping[str, Value] | None = None) -> Graph:
    """Put a new node of a type into the wire that ends at an input."""
    return insert_on_link(graph, graph.links[target], type_id, params=params)


def bypass(graph: Graph, target: Port) -> Graph:
    """Feed an input from what feeds the node before it; that node stays as it is."""
    link = graph.links[target]
    before = graph.inputs(link.source.node)["input"]
    return graph.disconnect([link]).connect(Link(before, target))


def between(graph: Graph, link: Link) -> Position:
    """The place half way along a wire."""
    (x0, y0), (x1, y1) = (graph.nodes[end.node].position for end in link)
    return ((x0 + x1) / 2, (y0 + y1) / 2)
