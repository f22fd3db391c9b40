"""Which ports and node types go with a port: what a wire may end at, and what to offer where it ends in the void."""

from __future__ import annotations

from collections.abc import Iterable

from graph.catalog import CATALOG, NodeType, PortType
from graph.model import Graph, Link, NodeId, Port
from graph.topology import descendants
from graph.wiring import can_connect, connectable_inputs, free_inputs, misuse, output_dtype
from runtime.analysis import TensorSpec


def inputs_for(graph: Graph, source: Port) -> tuple[Port, ...]:
    """Every free input that a wire from this output may end at."""
    return connectable_inputs(graph, source)


def outputs_for(graph: Graph, target: Port) -> tuple[Port, ...]:
    """Every output that may feed this input, as far as that can be told for all at once."""
    blocked = descendants(graph, [target.node]) | {target.node}
    ports = (port for node in graph.nodes if node not in blocked for port in _outputs(graph, node))
    return tuple(port for port in ports if misuse(graph, Link(port, target)) is None)


def first_fitting_input(graph: Graph, source: Port, node: NodeId) -> Port | None:
    """The first free input of a node that takes a wire from this output."""
    return next((port for port in free_inputs(graph, node) if can_connect(graph, Link(source, port))), None)


def first_fitting_output(graph: Graph, target: Port, node: NodeId) -> Port | None:
    """The first output of a node that may feed this input; a wire that is there already does not count."""
    free = graph.disconnect([graph.links[target]]) if target in graph.links else graph
    return next((port for port in _outputs(graph, node) if can_connect(free, Link(port, target))), None)


def types_after(graph: Graph, source: Port, spec: TensorSpec | None) -> list[NodeType]:
    """The node types with an input that takes what leaves this output."""
    return [t for t in CATALOG.values() if entry_for(t, graph, source, spec=spec) is not None]


def types_before(graph: Graph, target: Port) -> list[NodeType]:
    """The node types with an output that can feed this input."""
    entry = _port_type(graph, target, output=False)
    return [t for t in CATALOG.values() if t.role != "loss" and any(_go_together(o.dtype, entry) for o in t.outputs)]


def entry_for(node_type: NodeType, graph: Graph, source: Port, *, spec: TensorSpec | None = None) -> PortType | None:
    """The first input of a node type that takes what leaves an output."""
    leaving = _port_type(graph, source, output=True)
    if leaving is None or graph.nodes[source.node].type not in CATALOG:
        return None
    feeder = CATALOG[graph.nodes[source.node].type]
    if feeder.role == "loss":
        return None
    dtype = output_dtype(graph, source, leaving, feeder)
    fitting = (p for p in node_type.input_ports() if _go_together(dtype, p) and _has_dimensions(p, spec))
    return next(fitting, None)


def leave_for(node_type: NodeType, graph: Graph, target: Port) -> PortType | None:
    """The first output of a node type that can feed an input."""
    entry = _port_type(graph, target, output=False)
    return next((port for port in node_type.outputs if _go_together(port.dtype, entry)), None)


def _outputs(graph: Graph, node: NodeId) -> Iterable[Port]:
    node_type = CATALOG.get(graph.nodes[node].type)
    return (Port(node, port.name) for port in node_type.outputs) if node_type else ()


def _port_type(graph: Graph, port: Port, *, output: bool) -> PortType | None:
    node_type = CATALOG.get(graph.nodes[port.node].type)
    if node_type is None:
        return None
    return node_type.output(port.name) if output else node_type.input(port.name)


def _go_together(dtype: str, entry: PortType | None) -> bool:
    return entry is not None and ("any" in (dtype, entry.dtype) or dtype == entry.dtype)


def _has_dimensions(entry: PortType, spec: TensorSpec | None) -> bool:
    return spec is None or not entry.ndim or len(spec.shape) in entry.ndim
