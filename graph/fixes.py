"""The mends that problems offer: a label for the button, and an edit that is a plain function of the project."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

from graph import edits
from graph.catalog.types import shown
from graph.messages import Message, msg
from graph.model import Graph, Link, Node, NodeId, Port, Project, Value
from graph.plan import Plan
from graph.problems import Fix


def graph_fix(label: Message, change: Callable[..., Graph], *arguments: object) -> Fix:
    """The mend that puts `change(graph, *arguments)` in the place of the drawing."""
    return Fix(label, partial(_change_graph, change, arguments))


def plan_fix(label: Message, change: Callable[..., Plan], *arguments: object) -> Fix:
    """The mend that puts `change(plan, *arguments)` in the place of the training plan."""
    return Fix(label, partial(_change_plan, change, arguments))


def set_plan(label: Message, **changes: object) -> Fix:
    """Set fields of the training plan."""
    return plan_fix(label, _replaced, changes)


def delete_node(node: Node) -> Fix:
    """Remove a node and its wires."""
    return graph_fix(msg("Delete {name}", name=node.name), Graph.remove, (node.id,))


def add_output(graph: Graph, source: Port) -> Fix:
    """Wire a port to an Output node of its own."""
    return graph_fix(msg("Add an Output for {port}", port=shown_port(graph, source)), edits.add_output, source)


def remove_wire(graph: Graph, link: Link) -> Fix:
    """Remove a wire."""
    source, target = (shown_port(graph, end) for end in link)
    return graph_fix(
        msg("Remove the wire from {source} to {target}", source=source, target=target), Graph.disconnect, (link,)
    )


def add_wire(graph: Graph, link: Link) -> Fix:
    """Draw a wire."""
    source, target = (shown_port(graph, end) for end in link)
    return graph_fix(msg("Connect {source} to {target}", source=source, target=target), Graph.connect, link)


def unshare(node: Node) -> Fix:
    """Give a node weights of its own."""
    return graph_fix(msg("Give {name} its own weights", name=node.name), Graph.unshare, (node.id,))


def reset_init(node: NodeId, name: str) -> Fix:
    """Let the weights (`weight_init`) or biases (`bias_init`) of a node begin as the project says."""
    return graph_fix(msg("Reset {name}", name=name), edits.reset_init, node, name)


def reset_param(node: NodeId, name: str) -> Fix:
    """Give a parameter its default."""
    return graph_fix(msg("Reset {name}", name=name), Graph.reset_params, node, (name,))


def infer_param(node: NodeId, name: str) -> Fix:
    """Let a pinned parameter follow from the input again."""
    return graph_fix(msg("Infer {param} again", param=name), Graph.reset_params, node, (name,))


def set_param(node: NodeId, name: str, value: Value) -> Fix:
    """Give a parameter a value."""
    label = msg("Set {name} to {value}", name=name, value=shown(value))
    return graph_fix(label, Graph.set_params, node, {name: value})


def insert_before(label: Message, target: Port, type_id: str, params: Mapping[str, Value] | None = None) -> Fix:
    """Put a new node of a type into the wire that ends at an input."""
    return graph_fix(label, edits.insert_before, target, type_id, params)


def insert_chain(label: Message, target: Port, *chain: tuple[str, Mapping[str, Value]]) -> Fix:
    """Put new nodes, each (type, parameters), into the wire that ends at an input."""
    return graph_fix(label, edits.insert_chain, target, chain)


def change_type(node: Node, type_id: str) -> Fix:
    """Make a node one of another type, which keeps its wires."""
    label = msg("Use {type} instead", type=type_id.rpartition(".")[2])
    return graph_fix(label, edits.change_type, node.id, type_id)


def rename(node: NodeId, name: str) -> Fix:
    """Give a node another name."""
    return graph_fix(msg("Rename to {name}", name=name), Graph.rename, node, name)


def shown_port(graph: Graph, port: Port) -> str:
    """A port in words: `images1.label`."""
    return f"{graph.nodes[port.node].name}.{port.name}"


def _change_graph(change: Callable[..., Graph], arguments: tuple[object, ...], project: Project) -> Project:
    return project.with_graph(change(project.graph, *arguments))


def _replaced(plan: Plan, changes: Mapping[str, object]) -> Plan:
    return replace(plan, **changes)


def _change_plan(change: Callable[..., Plan], arguments: tuple[object, ...], project: Project) -> Project:
    return project.with_plan(change(project.plan, *arguments))
