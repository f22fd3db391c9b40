"""Whether a wire makes sense: asked while it is dragged, insisted on when it is dropped."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from graph.catalog import CATALOG, Catalog, NodeType, PortType, Role
from graph.facts import read_facts
from graph.messages import EditError, Message, msg
from graph.model import Graph, Link, NodeId, Port, Value, has_a_wire
from graph.topology import ancestors, way

_SHOWN_OF_A_WAY = 6


def check_connect(graph: Graph, link: Link, catalog: Catalog = CATALOG) -> None:
    """Refuse a wire that makes nonsense. Whether shapes fit is left to the analysis: an unfinished drawing is legal.

    Raises:
        EditError: an end does not exist, the input has a wire, the ends do not go together, or it would close a cycle.
    """
    graph = with_output(graph, link.source, catalog)
    reason = _misfit(graph, link, catalog) or _cycle(graph, link)
    if reason is not None:
        raise EditError(reason, node=link.target.node)


def can_connect(graph: Graph, link: Link, catalog: Catalog = CATALOG) -> bool:
    """Whether `check_connect` would let the wire pass."""
    try:
        check_connect(graph, link, catalog)
    except EditError:
        return False
    return True


def with_output(graph: Graph, port: Port, catalog: Catalog = CATALOG) -> Graph:
    """The drawing in which a node has this output, if it is the one that a wire would add; else as it is."""
    node = graph.nodes.get(port.node)
    node_type = catalog.of(node) if node is not None else None
    if node is None or node_type is None or node_type.output(port.name) or not node_type.output_or_next(port.name):
        return graph
    grown = node_type.grown(node)
    return graph if grown is None else graph.set_params(node.id, grown)


def rewired(graph: Graph, link: Link, catalog: Catalog = CATALOG) -> Graph:
    """The drawing with a wire, which takes the place of another one at its input and may add an output where it starts.

    Raises:
        EditError: as `check_connect`.
    """
    if link.target in graph.links:
        graph = graph.disconnect([graph.links[link.target]])
    check_connect(graph, link, catalog)
    return with_output(graph, link.source, catalog).connect(link)


def with_answers(graph: Graph, node: NodeId, catalog: Catalog = CATALOG) -> Graph:
    """The drawing in which the free inputs of a node for right answers are fed, each where only one output gives fitting ones."""
    node_type = catalog.of(graph.nodes[node])
    if node_type is None or not any(port.target for port in node_type.inputs):
        return graph
    known = [(other.id, catalog.of(other)) for other in graph.nodes.values()]
    answers = [Port(i, port.name) for i, other in known if other for port in other.outputs if port.target]
    for entry in free_inputs(graph, node, catalog):
        port = node_type.input(entry.name)
        links = [Link(source, entry) for source in answers] if port is not None and port.target else []
        fitting = [link for link in links if can_connect(graph, link, catalog)]
        graph = graph.connect(fitting[0]) if len(fitting) == 1 else graph
    return graph


def connectable_inputs(
    graph: Graph, source: Port, catalog: Catalog = CATALOG, *, among: Iterable[NodeId] | None = None
) -> tuple[Port, ...]:
    """Every free input (of the nodes `among`, if given) that a wire from this output may end at.

    As fast for all as `can_connect` is for a few.
    """
    graph = with_output(graph, source, catalog)
    behind = ancestors(graph, [source.node])
    nodes = graph.nodes if among is None else among
    inputs = (port for node in nodes if node not in behind for port in free_inputs(graph, node, catalog))
    return tuple(port for port in inputs if _misfit(graph, Link(source, port), catalog) is None)


def free_inputs(graph: Graph, node: NodeId, catalog: Catalog = CATALOG) -> tuple[Port, ...]:
    """The inputs of a node that have no wire, in the order of its type; none where the type is unknown."""
    node_type = catalog.of(graph.nodes[node])
    ports = node_type.input_ports(graph.inputs(node)) if node_type else ()
    return tuple(end for port in ports if (end := Port(node, port.name)) not in graph.links)


def port_types(graph: Graph, link: Link, catalog: Catalog = CATALOG) -> tuple[PortType, PortType] | Message:
    """The descriptions of both ends of a wire between known nodes, or what does not exist."""
    nodes = [graph.nodes[end.node] for end in link]
    source, target = (catalog.of(node) for node in nodes)
    if source is None or target is None:
        node = nodes[0] if source is None else nodes[1]
        text = msg("Layerloom does not know the type '{type}' of '{node}', so it cannot be wired.")
        return replace(text, values={"type": node.type, "node": node.name})
    output, entry = source.output(link.source.name), target.input(link.target.name)
    if output is None:
        return msg("'{node}' has no output '{port}'.", node=nodes[0].name, port=link.source.name)
    if entry is None:
        return msg("'{node}' has no input '{port}'.", node=nodes[1].name, port=link.target.name)
    return output, entry


def misuse(graph: Graph, link: Link, catalog: Catalog = CATALOG) -> Message | None:
    """Why the value of one node is of no use to the other, or None. Both types are known."""
    if catalog[graph.nodes[link.source.node].type].role is Role.LOSS:
        return msg(
            "'{node}' is a loss: training makes it small, and nothing comes after it. "
            "To train on several losses, add them all; their weights are in the training plan.",
            node=graph.nodes[link.source.node].name,
        )
    return None


def _misfit(graph: Graph, link: Link, catalog: Catalog) -> Message | None:
    for end in link:
        graph.require(end.node)
    target = graph.nodes[link.target.node]
    if link.source.node == link.target.node:
        return msg("'{node}' cannot feed itself. Wire it to another node.", node=target.name)
    ends = port_types(graph, link, catalog)
    if isinstance(ends, Message):
        return ends
    if link.target in graph.links:
        return has_a_wire(graph, link.target)
    return misuse(graph, link, catalog) or _dtype_clash(graph, link, *ends, catalog)


def _dtype_clash(graph: Graph, link: Link, output: PortType, entry: PortType, catalog: Catalog) -> Message | None:
    """Only where it is certain: a float is no class index, a class index no float."""
    source, target = graph.nodes[link.source.node], graph.nodes[link.target.node]
    given = output_dtype(graph, link.source, output, catalog[source.type])
    if "any" in (given, entry.dtype) or given == entry.dtype:
        return None
    names = {"source": source.name, "output": output.name, "node": target.name, "port": link.target.name}
    if entry.dtype == "integer":
        return msg(
            "'{port}' of '{node}' takes whole numbers (classes), but '{output}' of '{source}' gives fractions.",
            **names,
        )
    return msg(
        "'{port}' of '{node}' takes fractions, but '{output}' of '{source}' gives whole numbers (classes).",
        **names,
    )


def output_dtype(graph: Graph, port: Port, port_type: PortType, node_type: NodeType) -> str:
    """ "float", "integer", or "any" where only running it could tell."""
    node = graph.nodes[port.node]
    if node_type.role is Role.INPUT:
        return _kind_of(node_type.values(node)["dtype"])
    facts = read_facts(node) if node_type.role is Role.DATA else None
    if facts is not None and port.name in facts.outputs:
        return _kind_of(facts.outputs[port.name].dtype)
    return port_type.dtype


def _kind_of(dtype: Value) -> str:
    return "float" if "float" in str(dtype) else "integer" if "int" in str(dtype) else "any"


def _cycle(graph: Graph, link: Link) -> Message | None:
    loop = way(graph, link.target.node, link.source.node)
    if loop is None:
        return None
    return msg(
        "That wire would close a cycle: {way}. Signals flow one way only; remove a wire of the cycle first.",
        way=shown_way(graph, (*loop, link.target.node)),
    )


def shown_way(graph: Graph, nodes: tuple[NodeId, ...]) -> str:
    """The names along a way, with the middle left out where it is long."""
    names = [graph.nodes[node].name for node in nodes]
    if len(names) > _SHOWN_OF_A_WAY:
        names[_SHOWN_OF_A_WAY // 2 : -_SHOWN_OF_A_WAY // 2] = ["…"]
    return " → ".join(names)
