"""Who comes before whom in a drawing: order, cycles, and what lies up and down the wires."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import TYPE_CHECKING

from graph.model import Graph, Link, NodeId

if TYPE_CHECKING:  # networkx takes a tenth of a second to import: only what needs it does
    from networkx import DiGraph

Neighbors = Callable[[NodeId], Iterable[NodeId]]


def to_networkx(graph: Graph) -> DiGraph:
    """The nodes in the order in which they were added, with an edge where at least one wire goes."""
    import networkx as nx

    directed = nx.DiGraph()
    directed.add_nodes_from(graph.nodes)
    directed.add_edges_from((link.source.node, link.target.node) for link in graph.links.values())
    return directed


def execution_order(graph: Graph) -> tuple[NodeId, ...]:
    """Every node after those that feed it; among equals, the one that was added first.

    Nodes on a cycle, and those behind one, have no place in the order and are left out.
    """
    import networkx as nx

    added = {node: number for number, node in enumerate(graph.nodes)}
    order: list[NodeId] = []
    try:
        order.extend(nx.lexicographical_topological_sort(to_networkx(graph), key=added.__getitem__))
    except nx.NetworkXUnfeasible:
        pass  # what came before the first cycle is in the list
    return tuple(order)


def cycles(graph: Graph) -> tuple[tuple[NodeId, ...], ...]:
    """One cycle for each knot of nodes that feed each other, in the direction of the wires.

    Listing all cycles can take for ever; one a knot (strongly connected component) is enough to show where to cut. Each
    begins with the node of its knot that was added first, and is as short as a cycle through that node can be.
    """
    import networkx as nx

    added = {node: number for number, node in enumerate(graph.nodes)}
    directed = to_networkx(graph)
    knots = [k for k in nx.strongly_connected_components(directed) if len(k) > 1 or directed.has_edge(*k, *k)]
    firsts = sorted((min(knot, key=added.__getitem__) for knot in knots), key=added.__getitem__)
    loops = (way(graph, first, first) for first in firsts)
    return tuple(loop[:-1] for loop in loops if loop is not None)


def wires_along(graph: Graph, nodes: Iterable[NodeId]) -> tuple[Link, ...]:
    """The first wire from each node to the next."""
    return tuple(
        next(link for link in graph.outgoing(here) if link.target.node == there) for here, there in pairwise(nodes)
    )


def ancestors(graph: Graph, ids: Iterable[NodeId]) -> frozenset[NodeId]:
    """Every node from which a wire leads, over whatever lies between, to one of these."""
    return _reachable(_upstream(graph), ids)


def descendants(graph: Graph, ids: Iterable[NodeId]) -> frozenset[NodeId]:
    """Every node to which a wire leads, over whatever lies between, from one of these."""
    return _reachable(_downstream(graph), ids)


def way(graph: Graph, source: NodeId, target: NodeId) -> tuple[NodeId, ...] | None:
    """The shortest way along the wires, both ends included, or None. From a node to itself it is a cycle."""
    return _shortest_way(_downstream(graph), source, target)


def _downstream(graph: Graph) -> Neighbors:
    return lambda node: (link.target.node for link in graph.outgoing(node))


def _upstream(graph: Graph) -> Neighbors:
    return lambda node: (link.source.node for link in graph.incoming(node))


def _reachable(neighbors: Neighbors, starts: Iterable[NodeId]) -> frozenset[NodeId]:
    found: set[NodeId] = set()
    waiting = list(starts)
    while waiting:
        new = set(neighbors(waiting.pop())) - found
        found |= new
        waiting += new
    return frozenset(found)


def _shortest_way(neighbors: Neighbors, source: NodeId, target: NodeId) -> tuple[NodeId, ...] | None:
    """Breadth first; every node is looked at once."""
    before: dict[NodeId, NodeId] = {}
    frontier = [source]
    while frontier and target not in before:
        following = []
        for here in frontier:
            for there in neighbors(here):
                if there not in before:
                    before[there] = here
                    following.append(there)
        frontier = following
    if target not in before:
        return None
    steps = [target, before[target]]
    while steps[-1] != source:
        steps.append(before[steps[-1]])
    return tuple(reversed(steps))
