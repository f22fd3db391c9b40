"""How a drawing looks beyond the places of its nodes: frames, notes, bends of wires, collapsed cards, its direction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import count
from typing import TYPE_CHECKING, Self

from graph.areas import Area

if TYPE_CHECKING:
    from graph.model import Graph, NodeId, Port, Position

FRAME, NOTE = "frame", "note"
RIGHT, DOWN = "right", "down"
FLOWS = (RIGHT, DOWN)
FARTHEST = 1e7  # canvas units from the origin that anything may be away


@dataclass(frozen=True, slots=True)
class Annotation:
    """Something written on a drawing: a frame around nodes with a title, or a note in Markdown.

    `color` is a role of the theme; empty leaves it to the canvas. A frame belongs to what lies within its area.
    """

    id: str
    kind: str
    text: str
    area: Area
    color: str = ""


@dataclass(frozen=True)
class Look:
    """What can be changed about a drawing without changing what it means.

    `bends` are the corner points that a person gave a wire, by the input it ends at. `flow` is the direction in which
    the drawing is read: "right" or "down".
    """

    annotations: Mapping[str, Annotation] = field(default_factory=dict)
    bends: Mapping[Port, tuple[Position, ...]] = field(default_factory=dict)
    collapsed: frozenset[NodeId] = frozenset()
    flow: str = RIGHT

    def free_id(self) -> str:
        """An id that no annotation has: a1, a2, ..."""
        return next(i for n in count(1) if (i := f"a{n}") not in self.annotations)

    def put(self, annotation: Annotation) -> Self:
        """Add an annotation, or put a changed one in the place of the one with its id."""
        return replace(self, annotations={**self.annotations, annotation.id: annotation})

    def without(self, annotations: Iterable[str]) -> Self:
        """Take annotations away."""
        gone = set(annotations)
        return replace(self, annotations={k: v for k, v in self.annotations.items() if k not in gone})

    def bend(self, target: Port, points: Iterable[Position]) -> Self:
        """Give the wire that ends at an input these corner points; none lets it find its own way again."""
        bends = {k: v for k, v in self.bends.items() if k != target}
        corners = tuple(map(within_reach, points))
        return replace(self, bends={**bends, target: corners} if corners else bends)

    def collapse(self, nodes: Iterable[NodeId], collapsed: bool) -> Self:
        """Show the cards of nodes small, or whole."""
        return replace(self, collapsed=self.collapsed | set(nodes) if collapsed else self.collapsed - set(nodes))

    def fitting(self, graph: Graph) -> Self:
        """The same without what belongs to nodes and wires that the drawing does not have."""
        bends = {k: v for k, v in self.bends.items() if k in graph.links}
        collapsed = self.collapsed & graph.nodes.keys()
        if len(bends) == len(self.bends) and len(collapsed) == len(self.collapsed):
            return self
        return replace(self, bends=bends, collapsed=collapsed)

    def joined(self, part: Look, ids: Mapping[NodeId, NodeId], offset: Position) -> Self:
        """The same with a copy of what another look says; `ids` are those of its copied nodes.

        Annotations of the copy that have an id of this look get another one.
        """
        dx, dy = offset
        annotations = dict(self.annotations)
        free = (i for n in count(1) if (i := f"a{n}") not in self.annotations)
        for annotation, i in zip(part.annotations.values(), free, strict=False):
            left, top, *size = annotation.area
            annotations[i] = replace(annotation, id=i, area=(*within_reach((left + dx, top + dy)), *size))
        bends = {
            target._replace(node=ids[target.node]): tuple(within_reach((x + dx, y + dy)) for x, y in points)
            for target, points in part.bends.items()
        }
        collapsed = {ids[i] for i in part.collapsed}
        bends = {**self.bends, **bends}
        return replace(self, annotations=annotations, bends=bends, collapsed=self.collapsed | collapsed)


def within_reach(position: Position) -> Position:
    """The position, or the nearest one that a drawing may have."""
    x, y = position
    return (float(max(-FARTHEST, min(x, FARTHEST))), float(max(-FARTHEST, min(y, FARTHEST))))


def with_look(graph: Graph, look: Look) -> Graph:
    """The drawing with another look; the same value if nothing differs."""
    return graph if look == graph.look else replace(graph, look=look)
