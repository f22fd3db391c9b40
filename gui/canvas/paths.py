"""The whole path through a node or wire: everything upstream to the data and downstream to the losses."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from graph.model import Graph, Link, NodeId


class Path(NamedTuple):
    """Part of a drawing that signals flow through on their way."""

    nodes: frozenset[NodeId] = frozenset()
    links: frozenset[Link] = frozenset()


def path_of_node(graph: Graph, node: NodeId) -> Path:
    """The node, and all nodes and links that feed it or that it feeds, however far away."""
    up, down = _walk(node, graph.incoming, 0), _walk(node, graph.outgoing, 1)
    return Path(frozenset((node, *_nodes(up), *_nodes(down))), frozenset((*up, *down)))


def path_of_link(graph: Graph, link: Link) -> Path:
    """The link, and all nodes and links before its source and after its target."""
    up, down = _walk(link.source.node, graph.incoming, 0), _walk(link.target.node, graph.outgoing, 1)
    links = frozenset((link, *up, *down))
    return Path(frozenset(_nodes(links)), links)


def _walk(start: NodeId, beside: Callable[[NodeId], Iterable[Link]], end: int) -> dict[Link, None]:
    """The links on all ways from a node in one direction; `end` of each link (0 source, 1 target) leads on."""
    links: dict[Link, None] = {}
    seen, waiting = {start}, [start]
    while waiting:
        for link in beside(waiting.pop()):
            links[link] = None
            if link[end].node not in seen:
                seen.add(link[end].node)
                waiting.append(link[end].node)
    return links


def _nodes(links: Iterable[Link]) -> Iterable[NodeId]:
    return (end.node for link in links for end in link)
