"""Nodes that go into a wire: which wire a card over it would take, and the edit that puts it there."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPen
from PySide6.QtWidgets import QGraphicsPathItem

from graph.areas import GRID
from graph.arranging import Box, make_room
from graph.catalog import Catalog, NodeType
from graph.edits import insert_node
from graph.look import RIGHT
from graph.messages import tr
from graph.model import Graph, Link, NodeId, Port
from graph.topology import ancestors
from gui.canvas.along import distance
from gui.canvas.connecting import ends_inside
from gui.canvas.geometry import card_sizes
from gui.canvas.wires import WireItem

if TYPE_CHECKING:
    from gui.canvas.view import CanvasView

CORE = 0.8  # the share of a card, around its middle, that must lie over the wire
GLOW_Z = 4.5  # over the card that is dragged, which hides short wires
ABOVE = 64.0  # pixels from the wire to what is said about it
GLOW = 6.0  # width of the line behind the wire, in canvas units
_BOUNDING = Qt.ItemSelectionMode.IntersectsItemBoundingRect


class Place(NamedTuple):
    """A wire that takes a node, and the names of the input and the output by which it does."""

    link: Link
    entry: str
    leave: str

    def put(self, graph: Graph, node: NodeId, catalog: Catalog) -> Graph:
        """The drawing with a node of it in the wire."""
        return insert_node(graph, self.link, Port(node, self.entry), Port(node, self.leave), catalog=catalog)


class Inserter:
    """Shows over which wire a card is, and knows what happens when it is let go there."""

    def __init__(self, view: CanvasView) -> None:
        self._view, self._scene = view, view.scene()
        self._glow = QGraphicsPathItem()
        self._glow.setZValue(GLOW_Z)
        self.place: Place | None = None

    def aim(self, node_type: NodeType | None, body: QRectF) -> None:
        """A card of that type lies over this area: light up the wire that would take it."""
        place = None if node_type is None else self._find(node_type, body)
        if place != self.place:
            self._show(place)

    def aim_at(self, node_type: NodeType, link: Link) -> Place | None:
        """How a wire would take a node of that type; None if it would not."""
        project = self._view.editor.view
        ends = ends_inside(node_type, project, link, self._view.editor.view_analysis.spec(link.source))
        return None if ends is None else Place(link, *ends)

    def clear(self) -> None:
        """Nothing is over a wire."""
        self._show(None)

    def _find(self, node_type: NodeType, body: QRectF) -> Place | None:
        """The wire next to the middle of a card that runs below it and takes it."""
        core = QRectF(0, 0, CORE * body.width(), CORE * body.height())
        core.moveCenter(body.center())
        wires = [item for item in self._scene.items(core, _BOUNDING) if isinstance(item, WireItem) and item.isVisible()]
        near = [(distance(wire.path(), body.center()), wire.link) for wire in wires]
        reach = min(core.width(), core.height()) / 2
        for _, link in sorted(pair for pair in near if pair[0] <= reach):
            if place := self.aim_at(node_type, link):
                return place
        return None

    def _show(self, place: Place | None) -> None:
        before, self.place = self.place, place
        if before is not None:
            self._scene.pill.setVisible(False)
        if place is None:
            if self._glow.scene() is not None:
                self._scene.removeItem(self._glow)
            return
        pen = QPen(self._scene.colors("accent", 0.55), GLOW)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        self._glow.setPen(pen)
        self._glow.setPath(self._scene.wires[place.link].path())
        if self._glow.scene() is None:
            self._scene.addItem(self._glow)
        names = [self._scene.graph.nodes[end.node].name for end in place.link]
        text = tr("Let go to put it between {source} and {target}", source=names[0], target=names[1])
        middle = self._glow.path().pointAtPercent(0.5)
        self._scene.pill.show_hint(text, self._view.in_sight(middle - QPointF(0, ABOVE / self._view.zoom)))


def with_room(graph: Graph, node: NodeId, link: Link, *, catalog: Catalog) -> Graph:
    """The drawing in which what comes after a node that was put into a wire stands out of its way.

    In a row, the node joins that row.
    """
    sizes = card_sizes(graph, catalog)
    boxes = {i: Box(*n.position, *sizes[i]) for i, n in graph.nodes.items()}
    axis = 0 if graph.look.flow == RIGHT else 1
    source, target, across = boxes[link.source.node], boxes[link.target.node], 1 - axis
    if source.meets(target, across) and source.meets(boxes[node], across):
        top = source.start(across) + (source.size(across) - boxes[node].size(across)) / 2
        boxes[node] = boxes[node].at(across, GRID * round(top / GRID))
    free = graph.nodes.keys() - ancestors(graph, [node]) - {node}
    row = [i for i in free if boxes[i].end(axis) > source.end(axis)]
    return graph.move({node: boxes[node][:2], **make_room(boxes, link.source.node, node, row, flow=graph.look.flow)})
