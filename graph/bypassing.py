"""Nodes that a person switched off: what runs is the drawing with a wire in the place of each."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from graph.catalog import Catalog, NodeType, Role
from graph.messages import EditError, msg
from graph.model import Graph, Link, Node, NodeId, Port, Project
from graph.plan import Objective

_NEEDED = (Role.DATA, Role.INPUT, Role.OUTPUT)  # the ends of a drawing: without them it is another one


def can_bypass(node_type: NodeType | None) -> bool:
    """Whether a node of that type can be switched off: it has something to pass on, or is a loss or metric."""
    return node_type is not None and node_type.role not in _NEEDED and bool(node_type.inputs)


def bypass(graph: Graph, ids: Iterable[NodeId], catalog: Catalog, *, bypassed: bool) -> Graph:
    """Switch nodes off, or on again.

    Raises:
        EditError: one of them cannot be switched off.
    """
    for i in ids:
        node = graph.require(i)
        if bypassed and not can_bypass(catalog.get(node.type)):
            raise EditError(
                msg("'{node}' cannot be bypassed: nothing could pass through it. Choose a layer.", node=node.name)
            )
        graph = graph if node.bypassed == bypassed else graph.put(replace(node, bypassed=bypassed))
    return graph


def off(graph: Graph, catalog: Catalog) -> frozenset[NodeId]:
    """The nodes that are switched off."""
    nodes = (node for node in graph.nodes.values() if node.bypassed)
    return frozenset(node.id for node in nodes if can_bypass(catalog.get(node.type)))


def origin(graph: Graph, source: Port, catalog: Catalog) -> Port | None:
    """The output whose value leaves a port: its own, or what arrives first at a node that is switched off."""
    return traced_back(
        graph, source, lambda node: node.bypassed and can_bypass(catalog.get(node.type)), catalog=catalog
    )


def traced_back(graph: Graph, source: Port, passes: Callable[[Node], bool], *, catalog: Catalog) -> Port | None:
    """The output that a value comes from if it went through nodes unchanged, from the first wired input of each.

    `passes` says which nodes those are. None where such a node has no wired input, or the way goes round in a circle.
    """
    seen: set[NodeId] = set()
    while passes(node := graph.nodes[source.node]):
        inputs, node_type = graph.inputs(node.id), catalog.of(node)
        names = [port.name for port in node_type.input_ports(inputs)] if node_type is not None else []
        first = next((name for name in (*names, *inputs) if name in inputs), None)
        if first is None or node.id in seen:
            return None
        seen.add(node.id)
        source = inputs[first]
    return source


def running(project: Project) -> Project:
    """The project as it runs: nodes that are switched off have become wires, here and in the blocks."""
    catalog = project.catalog
    for block in project.blocks.values():
        if (graph := running_graph(block.graph, catalog)) is not block.graph:
            project = project.with_block(replace(block, graph=graph))
    gone = off(project.graph, catalog)
    if not gone:
        return project
    plan = replace(project.plan, objectives=tuple(_without(o, gone) for o in project.plan.objectives))
    return project.with_plan(plan).with_graph(running_graph(project.graph, catalog))


def running_graph(graph: Graph, catalog: Catalog) -> Graph:
    """The drawing with a wire in the place of every node that is switched off."""
    gone = off(graph, catalog)
    if not gone:
        return graph
    healed = {target: origin(graph, link.source, catalog) for target, link in graph.links.items()}
    links = {target: Link(source, target) for target, source in healed.items() if source and target.node not in gone}
    return replace(graph.remove(gone), links=links)


def _without(objective: Objective, gone: frozenset[NodeId]) -> Objective:
    """An objective without the nodes that are switched off. None at all would mean all of the drawing, so it keeps them then."""
    losses = tuple(term for term in objective.losses if term[0] not in gone)
    parameters = tuple(i for i in objective.parameters if i not in gone)
    return replace(objective, losses=losses or objective.losses, parameters=parameters or objective.parameters)
