"""Edits made of several smaller ones: what fixes and gestures ask for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from graph.binding import is_expression
from graph.bypassing import traced_back
from graph.catalog import CATALOG, Catalog, Param
from graph.messages import EditError
from graph.model import Graph, Link, Node, NodeId, Port, Position, Value
from graph.wiring import can_connect, rewired

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


def insert_chain(graph: Graph, target: Port, chain: Iterable[tuple[str, Mapping[str, Value]]]) -> Graph:
    """Put new nodes, each (type, parameters), one after the other into the wire that ends at an input."""
    for type_id, params in chain:
        graph = insert_before(graph, target, type_id, params)
    return graph


def insert_node(graph: Graph, link: Link, entry: Port, leave: Port, *, catalog: Catalog = CATALOG) -> Graph:
    """Put a node that is there into a wire: the wire ends at its input `entry`, its output `leave` goes on.

    Raises:
        EditError: as `graph.wiring.check_connect`.
    """
    graph = rewired(graph.disconnect([link]), Link(link.source, entry), catalog)
    return rewired(graph, Link(leave, link.target), catalog)


def pull_out(graph: Graph, ids: Iterable[NodeId], catalog: Catalog = CATALOG) -> Graph:
    """Take nodes out of the flow: their wires among each other stay, those to other nodes go, and the gap is healed.

    What a pulled node fed is fed from then on by what came into it: over the first wired input of each node on the way
    back to one that stays. Where that makes no sense (numbers of the wrong kind) there is no wire then.
    """
    inside = set(ids)
    crossing = [link for link in graph.links.values() if (link.source.node in inside) != (link.target.node in inside)]
    healed = graph.disconnect(crossing)
    for link in crossing:
        source = traced_back(graph, link.source, lambda node: node.id in inside, catalog=catalog)
        if (
            link.source.node in inside
            and source is not None
            and can_connect(healed, Link(source, link.target), catalog)
        ):
            healed = healed.connect(Link(source, link.target))
    return healed


def remove_and_heal(graph: Graph, ids: Iterable[NodeId], catalog: Catalog = CATALOG) -> Graph:
    """Remove nodes and let what came into them go on to what they fed, see `pull_out`."""
    gone = frozenset(ids)
    return pull_out(graph, gone, catalog).remove(gone)


def change_type(graph: Graph, node: NodeId, type_id: str) -> Graph:
    """Make a node one of another type: it keeps its name, the wires whose ports that type has, and the parameters that fit."""
    node_type, old = CATALOG[type_id], graph.require(node)
    fitting = {name: _fit(param, old.params[name]) for name in old.params if (param := node_type.param(name))}
    params = {name: value for name, value in fitting.items() if value is not None}
    graph = graph.unshare([node])
    changed = replace(graph.nodes[node], type=node_type.id, params=params)
    ports = node_type.of(changed)
    lost = [link for link in graph.incoming(node) if ports.input(link.target.name) is None]
    lost += [link for link in graph.outgoing(node) if ports.output(link.source.name) is None]
    return graph.disconnect(lost).put(changed)


def skip_before(graph: Graph, target: Port) -> Graph:
    """Feed an input from what feeds the node before it; that node stays as it is."""
    link = graph.links[target]
    before = graph.inputs(link.source.node)["input"]
    return graph.disconnect([link]).connect(Link(before, target))


def move_before(graph: Graph, node: NodeId, target: Port) -> Graph:
    """Take a node with one input and one output out of its place and put it into the wire that ends at an input further up."""
    node_type = CATALOG[graph.require(node).type]
    entry, leave = Port(node, node_type.inputs[0].name), Port(node, node_type.outputs[0].name)
    before, fed = graph.links[entry].source, graph.outgoing(node)
    graph = graph.disconnect([graph.links[entry], *fed])
    for link in fed:
        graph = graph.connect(Link(before, link.target))
    link = graph.links[target]
    graph = graph.move({node: between(graph, link)}).disconnect([link])
    return graph.connect(Link(link.source, entry)).connect(Link(leave, target))


def add_output(graph: Graph, source: Port) -> Graph:
    """Give what leaves a port away: a new Output node to the right, wired to it."""
    x, y = graph.require(source.node).position
    stem = CATALOG["layerloom.Output"].stem
    node = Node(graph.free_id(), "layerloom.Output", graph.free_name(stem), position=(x + SPACING, y))
    return graph.add(node).connect(Link(source, Port(node.id, "input")))


def between(graph: Graph, link: Link) -> Position:
    """The place half way along a wire."""
    (x0, y0), (x1, y1) = (graph.nodes[end.node].position for end in link)
    return ((x0 + x1) / 2, (y0 + y1) / 2)


def _fit(param: Param, value: Value) -> Value:
    """The value, or its first number where the parameter takes only one; None where neither fits. Expressions stay."""
    if is_expression(value):
        return value
    for candidate in (value, value[0] if isinstance(value, tuple) and value else None):
        try:
            return param.check(candidate)
        except EditError:
            continue
    return None


def reset_init(graph: Graph, node: NodeId, name: str) -> Graph:
    """Let the weights (`weight_init`) or biases (`bias_init`) of a node begin as the project says."""
    return graph.put(replace(graph.require(node), **{name: None}))
