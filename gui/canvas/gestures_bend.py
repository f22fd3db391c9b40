"""The gestures on wires that are there: corner points, and a cut across them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QLineF, QPointF, Qt
from PySide6.QtGui import QPainterPath, QPen
from PySide6.QtWidgets import QGraphicsPathItem

from graph.areas import GRID
from graph.look import RIGHT, with_look
from graph.messages import msg
from graph.model import Graph, Link, Position
from gui.canvas.along import crosses
from gui.canvas.bending import corner_dragged, is_level, lines_of, snapped, stretch_at, stretch_dragged, stretched
from gui.canvas.gestures import CONTROL, OVERLAY_Z, Gesture, Modifiers
from gui.canvas.wires import WireItem

if TYPE_CHECKING:
    from gui.canvas.view import CanvasView

CORNER_REACH = 10.0  # pixels within which a corner point is taken hold of
STRAIGHT = 6.0  # pixels within which a stretch of a wire becomes level or upright
CUT_DASH = [4.0, 3.0]
FADED = 0.25  # opacity of a wire that goes when the button is let go


class BendWire(Gesture):
    """Drags a stretch of a wire across itself, or a corner point, as one step; without a drag it is a click that selects.

    They snap to the grid, and to the height and place of what else the wire has, so that it becomes straight again;
    control switches that off.
    """

    def __init__(self, view: CanvasView, link: Link) -> None:
        super().__init__(view)
        self._link = link
        self._flow = self.editor.graph.look.flow
        wire = self.scene.wires[link]
        route = wire.route.turned(self._flow)
        self._way = stretched(route.points, curved=route.curved)
        self._old = [self._turned(point) for point in self.editor.graph.look.bends.get(link.target, ())]
        self._bends = self._old
        self._is_dragged = False

    def start(self, point: QPointF) -> None:
        self._origin = point
        self._corner = corner_at(self.view, self._link, point)
        self._stretch = stretch_at(self._way, self._turned(point.toTuple()))

    def move(self, point: QPointF, modifiers: Modifiers) -> None:
        if not self._is_dragged:
            if (point - self._origin).manhattanLength() * self.view.zoom < self.view.drag_distance:
                return
            self._is_dragged = True
        x, y = self._turned(point.toTuple())
        reach = 0.0 if modifiers & CONTROL else STRAIGHT / self.view.zoom
        grid = 1.0 if modifiers & CONTROL else GRID
        ends = (self._way[0], self._way[-1])
        if self._corner is not None:
            others = [*self._old[: self._corner], *self._old[self._corner + 1 :], *ends]
            x = snapped(x, [other[0] for other in others], reach=reach, grid=grid)
            y = snapped(y, [other[1] for other in others], reach=reach, grid=grid)
            self._bends = corner_dragged(self._old, self._corner, (x, y))
        else:
            level = is_level(self._way, self._stretch)
            others = [*lines_of(self._way, level=level), *(end[1 if level else 0] for end in ends)]
            to = snapped(y if level else x, others, reach=reach, grid=grid)
            self._bends = stretch_dragged(self._way, self._stretch, to)
        self.scene.router.bend(self.scene.wires[self._link], [self._turned(bend) for bend in self._bends])

    def end(self, point: QPointF, modifiers: Modifiers) -> None:
        self.clear()
        self.editor.select([], [self._link])
        if self._bends != self._old:
            look = self.editor.graph.look.bend(self._link.target, [self._turned(bend) for bend in self._bends])
            self.editor.set_look(look, msg("Bend a wire"))

    def clear(self) -> None:
        if self._is_dragged and self._link in self.scene.wires:
            self.scene.router.bend(self.scene.wires[self._link], None)

    def _turned(self, point: Position) -> Position:
        """A point of the canvas as in the flow to the right, and back."""
        return point if self._flow == RIGHT else (point[1], point[0])


class CutWires(Gesture):
    """Removes the wires that a line is drawn across, as one step; a click removes the wire under it."""

    cursor = Qt.CursorShape.CrossCursor

    def start(self, point: QPointF) -> None:
        self._clicked = self.view.hit(point).link
        self._way = QPainterPath(point)
        self._line = QGraphicsPathItem(self._way)
        pen = QPen(self.scene.colors("error"), 1.5)
        pen.setCosmetic(True)
        pen.setDashPattern(CUT_DASH)
        self._line.setPen(pen)
        self._line.setZValue(OVERLAY_Z)
        self.scene.addItem(self._line)
        self._cut: set[Link] = set()

    def move(self, point: QPointF, modifiers: Modifiers) -> None:
        step = QPainterPath(self._way.currentPosition())
        step.lineTo(point)
        area = step.boundingRect().adjusted(-1, -1, 1, 1)
        for wire in self.scene.items(area, Qt.ItemSelectionMode.IntersectsItemBoundingRect):
            if isinstance(wire, WireItem) and wire.link not in self._cut and crosses(wire.path(), step):
                self._cut.add(wire.link)
                wire.setOpacity(FADED)
        self._way.lineTo(point)
        self._line.setPath(self._way)

    def end(self, point: QPointF, modifiers: Modifiers) -> None:
        self.clear()
        moved = QLineF(self._way.elementAt(0).x, self._way.elementAt(0).y, point.x(), point.y()).length()
        is_click = moved * self.view.zoom < self.view.drag_distance
        cut = {self._clicked} if is_click and self._clicked is not None else self._cut
        if cut:
            self.editor.disconnect_links(cut)

    def clear(self) -> None:
        self.scene.removeItem(self._line)
        for link in self._cut & self.scene.wires.keys():
            self.scene.wires[link].setOpacity(1.0)


def corner_at(view: CanvasView, link: Link, point: QPointF) -> int | None:
    """The number of the corner point of a wire that is under a point of the canvas."""
    bends = view.editor.graph.look.bends.get(link.target, ())
    near = [(QLineF(point, QPointF(*bend)).length(), number) for number, bend in enumerate(bends)]
    away, number = min(near, default=(0.0, -1))
    return number if number >= 0 and away * view.zoom <= CORNER_REACH else None


def without_corner(graph: Graph, link: Link, number: int) -> Graph:
    """The drawing in which a wire lost one of its corner points."""
    bends = list(graph.look.bends.get(link.target, ()))
    del bends[number]
    return with_look(graph, graph.look.bend(link.target, bends))
