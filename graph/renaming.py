"""Another name for a node: what refers to it by its name follows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from graph.catalog.definitions import INPUT, LAST, OUTPUT, PREFIX
from graph.model import Graph, Link, NodeId, Port, Project, Scope


def rename_node(project: Project, scope: Scope, node: NodeId, name: str) -> Project:
    """Give a node of a drawing another name.

    An Output that hands its value on to a renamed Input goes on doing so. The Input and Output nodes of a block are the
    ports of its instances, whose wires follow.

    Raises:
        EditError: the name is not a free identifier.
    """
    graph = project.drawing(scope)
    old = graph.require(node)
    renamed = graph.rename(node, name)
    if old.type == INPUT:
        for end in graph.nodes.values():
            if end.type == OUTPUT and end.params.get("state") == old.name:
                renamed = renamed.set_params(end.id, {"state": name})
    project = project.with_drawing(scope, renamed)
    if scope is None or old.type not in (INPUT, OUTPUT):
        return project
    entries = {old.name: name} if old.type == INPUT else {}
    ends = {old.name: name, f"{old.name}_{LAST}": f"{name}_{LAST}"} if old.type == OUTPUT else {}
    for place in (None, *project.blocks):
        project = project.with_drawing(place, _moved(project.drawing(place), PREFIX + scope, entries, ends))
    return project


def _moved(graph: Graph, type_id: str, entries: Mapping[str, str], ends: Mapping[str, str]) -> Graph:
    """The drawing, where the wires at nodes of a type go to other inputs and come from other outputs."""

    def at(port: Port, names: Mapping[str, str]) -> Port:
        mine = graph.nodes[port.node].type == type_id
        return Port(port.node, names.get(port.name, port.name)) if mine else port

    links = [Link(at(link.source, ends), at(link.target, entries)) for link in graph.links.values()]
    return graph if links == list(graph.links.values()) else replace(graph, links={link.target: link for link in links})
