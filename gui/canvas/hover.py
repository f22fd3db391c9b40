"""What rests under the cursor: it lights up, a wire says its shape, and with a wire or Ctrl the whole path is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, Qt, QTimer
from PySide6.QtGui import QPainterPath, QPen
from PySide6.QtWidgets import QGraphicsPathItem

from graph.look import RIGHT
from graph.model import Link
from gui.canvas.annotations import cursor_over
from gui.canvas.bending import is_level, stretch_at, stretched
from gui.canvas.gestures_bend import corner_at
from gui.canvas.paths import path_of_link, path_of_node
from gui.canvas.scene import Hit
from gui.canvas.tips import spec_text
from gui.canvas.viewport import LABELS_ABOVE, MANY_WIRES
from gui.canvas.wires import WireItem

if TYPE_CHECKING:
    from gui.canvas.view import CanvasView

NOTHING = Hit()
CORNERS_Z = 2.5  # over wires and their labels
HANDLE = 4.0  # radius of a corner point, in pixels
REST = 150  # milliseconds that the cursor rests before a path is worked out


class Hover:
    """The state of the view while nothing is dragged. Points are in canvas units; `cursor` is what the mouse looks like."""

    def __init__(self, view: CanvasView) -> None:
        self._view, self._scene = view, view.scene()
        self._hit = NOTHING
        self._wants_path = False
        self.cursor = Qt.CursorShape.ArrowCursor
        self._lit: list[WireItem] = []
        self._rest = QTimer(view, singleShot=True, interval=REST)
        self._rest.timeout.connect(self._light_path)
        self._corners = QGraphicsPathItem()
        self._corners.setZValue(CORNERS_Z)
        self._corners.setVisible(False)
        self._scene.addItem(self._corners)

    def at(self, point: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        """The cursor is at a point now. Ctrl shows the path through a node; a wire shows its own without."""
        hit = self._view.hit(point)
        wants_path = hit.link is not None or (
            hit.node is not None and bool(modifiers & Qt.KeyboardModifier.ControlModifier)
        )
        cursor = _cursor_for(self._view, hit, point)
        if (hit, wants_path) == (self._hit, self._wants_path):
            self.cursor = cursor
            return
        self.leave()
        self.cursor = cursor
        self._hit, self._wants_path = hit, wants_path
        self._scene.point_at(hit.node)
        if hit.link is not None:
            wire = self._scene.wires[hit.link]
            wire.set_state(hovered=True)
            middle = wire.middle()
            self._scene.pill.show_text(spec_text(wire.spec), middle if self._view.in_sight(middle) == middle else point)
            self._show_corners(hit.link)
        if wants_path:
            self._rest.start()

    def leave(self) -> None:
        """The cursor is elsewhere, or something is dragged."""
        self.cursor = Qt.CursorShape.ArrowCursor
        if self._hit == NOTHING:
            return
        hit, self._hit, self._wants_path = self._hit, NOTHING, False
        self._rest.stop()
        self._darken()
        self._corners.setVisible(False)
        self._scene.point_at(None)
        if hit.link is not None:
            self._scene.pill.setVisible(False)
            if hit.link in self._scene.wires:
                self._scene.wires[hit.link].set_state(hovered=False)

    def _show_corners(self, link: Link) -> None:
        """Show the corner points of a wire as handles."""
        radius = HANDLE / self._view.zoom
        dots = QPainterPath()
        for x, y in self._scene.graph.look.bends.get(link.target, ()):
            dots.addEllipse(QPointF(x, y), radius, radius)
        self._corners.setPath(dots)
        self._corners.setPen(QPen(self._scene.colors("text"), 1.5 / self._view.zoom))
        self._corners.setBrush(self._scene.colors("canvas"))
        self._corners.setVisible(not dots.isEmpty())

    def _light_path(self) -> None:
        """Light up what can be seen of the path, and in large drawings only from near by: all else would cost time."""
        if self._view.zoom < LABELS_ABOVE and len(self._scene.wires) >= MANY_WIRES:
            return
        graph, hit, links = self._scene.graph, self._hit, frozenset[Link]()
        if hit.link is not None and graph.links.get(hit.link.target) == hit.link:
            links = path_of_link(graph, hit.link).links
        elif hit.node is not None and hit.node in graph.nodes:
            links = path_of_node(graph, hit.node).links
        seen = self._scene.items(self._view.visible_area(), Qt.ItemSelectionMode.IntersectsItemBoundingRect)
        self._lit = [item for item in seen if isinstance(item, WireItem) and item.link in links]
        for wire in self._lit:
            wire.set_state(on_path=True)

    def _darken(self) -> None:
        for wire in self._lit:
            if self._scene.wires.get(wire.link) is wire:
                wire.set_state(on_path=False)
        self._lit = []


def _cursor_over_wire(view: CanvasView, link: Link, point: QPointF) -> Qt.CursorShape:
    """Which way the part of a wire under the cursor can be dragged."""
    if corner_at(view, link, point) is not None:
        return Qt.CursorShape.SizeAllCursor
    flow, route = view.editor.graph.look.flow, view.scene().wires[link].route
    way = stretched(route.turned(flow).points, curved=route.curved)
    here = point.toTuple() if flow == RIGHT else (point.y(), point.x())
    across = is_level(way, stretch_at(way, here)) is (flow == RIGHT)
    return Qt.CursorShape.SizeVerCursor if across else Qt.CursorShape.SizeHorCursor


def _cursor_for(view: CanvasView, hit: Hit, point: QPointF) -> Qt.CursorShape:
    if hit.annotation is not None:
        return cursor_over(hit.annotation)
    if hit.port is not None or hit.at_end:
        return Qt.CursorShape.CrossCursor
    if hit.link is not None:
        return _cursor_over_wire(view, hit.link, point)
    is_button = hit.on_badge or hit.on_chevron or hit.on_map
    return Qt.CursorShape.PointingHandCursor if is_button else Qt.CursorShape.ArrowCursor
