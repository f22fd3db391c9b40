"""What a drag of the mouse or a finger does: one class a gesture, each with start, move, end and cancel.

A gesture shows on the scene what would happen, and asks the editor for it when it ends; cancelled, it leaves no trace.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPen
from PySide6.QtWidgets import QGraphicsRectItem

from graph.model import NodeId

if TYPE_CHECKING:
    from gui.canvas.view import CanvasView

Modifiers = Qt.KeyboardModifier
SHIFT, CONTROL, ALT = Modifiers.ShiftModifier, Modifiers.ControlModifier, Modifiers.AltModifier
OVERLAY_Z = 5.0


class Gesture:
    """Points are in canvas units. The view pans by itself under one that `pans_at_edges`, when it comes near an edge."""

    pans_at_edges = True

    def __init__(self, view: CanvasView) -> None:
        self.view = view
        self.scene = view.scene()
        self.editor = view.editor

    def start(self, point: QPointF) -> None:
        """The drag begins."""

    def move(self, point: QPointF, modifiers: Modifiers) -> None:
        """The cursor is here now."""

    def end(self, point: QPointF, modifiers: Modifiers) -> None:
        """The button is let go: do it."""

    def cancel(self) -> None:
        """Leave everything as it was."""


class Pan(Gesture):
    """Moves the canvas under the cursor."""

    pans_at_edges = False

    def start(self, point: QPointF) -> None:
        self._held = point
        self.view.viewport().setCursor(Qt.CursorShape.ClosedHandCursor)

    def move(self, point: QPointF, modifiers: Modifiers) -> None:
        self.view.pan_by((point - self._held) * self.view.zoom)

    def end(self, point: QPointF, modifiers: Modifiers) -> None:
        self.view.viewport().unsetCursor()

    def cancel(self) -> None:
        self.view.viewport().unsetCursor()


class PanByMinimap(Gesture):
    """Shows the place of the drawing that the cursor points at in the minimap."""

    pans_at_edges = False

    def start(self, point: QPointF) -> None:
        self.move(point, Modifiers.NoModifier)

    def move(self, point: QPointF, modifiers: Modifiers) -> None:
        self.view.centerOn(self.view.minimap.to_scene(QPointF(self.view.mapFromScene(point))))


class RubberBand(Gesture):
    """Selects the cards that a rectangle touches, and the frames and notes that lie wholly in it.

    With shift it adds them, with control it toggles them.
    """

    def __init__(self, view: CanvasView, modifiers: Modifiers) -> None:
        super().__init__(view)
        self._before = (self.editor.selection, self.editor.selected_links, self.editor.selected_annotations)
        self._modifiers = modifiers
        self._band = QGraphicsRectItem()

    def start(self, point: QPointF) -> None:
        self._origin = point
        colors = self.scene.colors
        self._band.setPen(QPen(colors("accent"), 0.0))
        self._band.setBrush(colors("accent", 0.12))
        self._band.setZValue(OVERLAY_Z)
        self.scene.addItem(self._band)

    def move(self, point: QPointF, modifiers: Modifiers) -> None:
        area = QRectF(self._origin, point).normalized()
        self._band.setRect(area)
        self._select(self.scene.nodes_in(area), self.scene.annotations.inside(area))

    def end(self, point: QPointF, modifiers: Modifiers) -> None:
        self.scene.removeItem(self._band)
        if not self._band.rect().isValid():  # a click on nothing
            self._select(frozenset(), frozenset())

    def cancel(self) -> None:
        self.scene.removeItem(self._band)
        self.editor.select(*self._before)

    def _select(self, nodes: frozenset[NodeId], annotations: frozenset[str]) -> None:
        before, links, others = self._before
        if self._modifiers & CONTROL:
            self.editor.select(before ^ nodes, links, others ^ annotations)
        elif self._modifiers & SHIFT:
            self.editor.select(before | nodes, links, others | annotations)
        else:
            self.editor.select(nodes, (), annotations)
