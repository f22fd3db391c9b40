"""Which ports and node types go with a port: what a wire may end at, and what to offer where it ends in the void.

A project is given as it is seen from the drawing on the canvas.
"""

from __future__ import annotations

from collections.abc import Iterable

from graph.catalog import NodeType, PortType, Role
from graph.model import Link, NodeId, Port, Project
from graph.topology import descendants
from graph.wiring import can_connect, connectable_inputs, free_inputs, misuse, output_dtype
from runtime.analysis import TensorSpec


def inputs_for(project: Project, source: Port, *, among: Iterable[NodeId] | None = None) -> tuple[Port, ...]:
    """Every free input that a wire from this output may end at; of the nodes `among` only, if given."""
    return connectable_inputs(project.graph, source, project.catalog, among=among)


def outputs_for(project: Project, target: Port, *, among: Iterable[NodeId] | None = None) -> tuple[Port, ...]:
    """Every output that may feed this input, as far as that can be told for all at once; of the nodes `among`, if given."""
    graph = project.graph
    blocked = descendants(graph, [target.node]) | {target.node}
    nodes = graph.nodes if among is None else among
    ports = (port for node in nodes if node not in blocked for port in _outputs(project, node))
    return tuple(port for port in ports if misuse(graph, Link(port, target), project.catalog) is None)


def first_fitting_input(project: Project, source: Port, node: NodeId) -> Port | None:
    """The first free input of a node that takes a wire from this output."""
    graph, catalog = project.graph, project.catalog
    ports = free_inputs(graph, node, catalog)
    return next((port for port in ports if can_connect(graph, Link(source, port), catalog)), None)


def first_fitting_output(project: Project, target: Port, node: NodeId) -> Port | None:
    """The first output of a node that may feed this input; a wire that is there already does not count."""
    graph, catalog = project.graph, project.catalog
    free = graph.disconnect([graph.links[target]]) if target in graph.links else graph
    return next((p for p in _outputs(project, node) if can_connect(free, Link(p, target), catalog)), None)


def first_free_output(project: Project, node: NodeId) -> Port | None:
    """The first output of a node from which no wire starts."""
    used = {link.source for link in project.graph.outgoing(node)}
    return next((port for port in _outputs(project, node) if port not in used), None)


def types_after(types: Iterable[NodeType], project: Project, source: Port, spec: TensorSpec | None) -> list[NodeType]:
    """Those of the node types with an input that takes what leaves this output."""
    return [t for t in types if entry_for(t, project, source, spec=spec) is not None]


def types_before(types: Iterable[NodeType], project: Project, target: Port) -> list[NodeType]:
    """Those of the node types with an output that can feed this input."""
    return [t for t in types if t.role is not Role.LOSS and leave_for(t, project, target) is not None]


def entry_for(
    node_type: NodeType, project: Project, source: Port, *, spec: TensorSpec | None = None
) -> PortType | None:
    """The first input of a node type that takes what leaves an output."""
    feeder = project.catalog.of(project.graph.nodes[source.node])
    leaving = feeder.output_or_next(source.name) if feeder is not None else None
    if feeder is None or leaving is None or feeder.role is Role.LOSS:
        return None
    dtype = output_dtype(project.graph, source, leaving, feeder)
    fitting = (p for p in node_type.input_ports() if _go_together(dtype, p) and _has_dimensions(p, spec))
    return next(fitting, None)


def leave_for(node_type: NodeType, project: Project, target: Port) -> PortType | None:
    """The first output of a node type that can feed an input."""
    taker = project.catalog.of(project.graph.nodes[target.node])
    entry = taker.input(target.name) if taker is not None else None
    return next((port for port in node_type.outputs if _go_together(port.dtype, entry)), None)


def ends_inside(
    node_type: NodeType, project: Project, link: Link, spec: TensorSpec | None = None
) -> tuple[str, str] | None:
    """The first input and output by which a wire takes a node of a type between its ends; None if they do not fit.

    `spec` is what flows through the wire.
    """
    if node_type.role is Role.LOSS or not all(project.catalog.of(project.graph.nodes[end.node]) for end in link):
        return None
    entry, leave = entry_for(node_type, project, link.source, spec=spec), leave_for(node_type, project, link.target)
    return None if entry is None or leave is None else (entry.name, leave.name)


def insertable_types(
    types: Iterable[NodeType], project: Project, link: Link, spec: TensorSpec | None
) -> list[NodeType]:
    """Those of the node types that a wire takes between its ends."""
    return [t for t in types if ends_inside(t, project, link, spec) is not None]


def _outputs(project: Project, node: NodeId) -> Iterable[Port]:
    node_type = project.catalog.of(project.graph.nodes[node])
    return (Port(node, port.name) for port in node_type.outputs) if node_type else ()


def _go_together(dtype: str, entry: PortType | None) -> bool:
    return entry is not None and ("any" in (dtype, entry.dtype) or dtype == entry.dtype)


def _has_dimensions(entry: PortType, spec: TensorSpec | None) -> bool:
    return spec is None or not entry.ndim or len(spec.shape) in entry.ndim
