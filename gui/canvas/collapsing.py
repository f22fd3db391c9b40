"""Makes cards small or whole again; their middles stay where they are, so that wires between rows stay level."""

from __future__ import annotations

from collections.abc import Iterable

from graph.catalog import Catalog
from graph.look import with_look
from graph.model import Graph, NodeId
from gui.canvas.geometry import shape_of, snap


def collapsed(graph: Graph, ids: Iterable[NodeId], catalog: Catalog, *, small: bool) -> Graph:
    """The drawing with the cards of some nodes small, or whole; those that are so already stay as they are."""
    changed = [i for i in ids if (i in graph.look.collapsed) != small]
    after = with_look(graph, graph.look.collapse(changed, small))
    places = {}
    for i in changed:
        node = graph.nodes[i]
        old, new = shape_of(graph, node, catalog), shape_of(after, node, catalog)
        dx, dy = snap(((old.width - new.width) / 2, (old.height - new.height) / 2))
        places[i] = (node.position[0] + dx, node.position[1] + dy)
    return after.move(places) if places else graph
