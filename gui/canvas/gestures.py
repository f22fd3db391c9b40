"""What a drag of the mouse or a finger does: one class a gesture, each with start, move, end and cancel.

A gesture shows on the scene what would happen, and asks the editor for it when it ends; cancelled, it leaves no trace:
what it showed is gone, and what was selected before it is selected again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPen
from PySide6.QtWidgets import QGraphicsRectItem

from graph.model import NodeId
from gui.canvas.items import NodeItem
from gui.selecting import Selection, selection_of

if TYPE_CHECKING:
    from gui.canvas.view import CanvasView

Modifiers = Qt.KeyboardModifier
SHIFT, CONTROL, ALT = Modifiers.ShiftModifier, Modifiers.ControlModifier, Modifiers.AltModifier
OVERLAY_Z = 5.0


class Gesture:
    """Points are in canvas units. The view pans by itself under one that `pans_at_edges`, when it comes near an edge.

    `cursor` is what the mouse looks like meanwhile.
    """

    pans_at_edges = True
    cursor = Qt.CursorShape.ArrowCursor

    def __init__(self, view: CanvasView) -> None:
        self.view = view
        self.scene = view.scene()
        self.editor = view.editor
        self.before = selection_of(view.editor)
        self._drawing = (view.editor.history, view.editor.scope)

    def start(self, point: QPointF) -> None:
        """The drag begins."""

    def move(self, point: QPointF, modifiers: Modifiers) -> None:
        """The cursor is here now."""

    def end(self, point: QPointF, modifiers: Modifiers) -> None:
        """The button is let go: do it."""

    def clear(self) -> None:
        """Take off the screen what is shown of it."""

    def cancel(self) -> None:
        """Leave everything as it was."""
        self.clear()
        history, scope = self._drawing
        if self.editor.history is history and self.editor.scope == scope:  # in another drawing ids mean other things
            self.editor.select(*self.before)


class Pan(Gesture):
    """Moves the canvas under the cursor."""

    pans_at_edges = False
    cursor = Qt.CursorShape.ClosedHandCursor

    def start(self, point: QPointF) -> None:
        self._held = point

    def move(self, point: QPointF, modifiers: Modifiers) -> None:
        self.view.pan_by((point - self._held) * self.view.zoom)


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
        self._modifiers = modifiers
        self._band = QGraphicsRectItem()

    def start(self, point: QPointF) -> None:
        self._origin = point
        self._bodies = [(i, *_edges(item)) for i, item in self.scene.nodes.items()]  # nothing moves meanwhile
        colors = self.scene.colors
        self._band.setPen(QPen(colors("accent"), 0.0))
        self._band.setBrush(colors("accent", 0.12))
        self._band.setZValue(OVERLAY_Z)
        self.scene.addItem(self._band)

    def move(self, point: QPointF, modifiers: Modifiers) -> None:
        area = QRectF(self._origin, point).normalized()
        self._band.setRect(area)
        self._select(Selection(self._touched(area), annotations=self.scene.annotations.inside(area)))

    def end(self, point: QPointF, modifiers: Modifiers) -> None:
        self.clear()
        if not self._band.rect().isValid():  # a click on nothing
            self._select(Selection())

    def clear(self) -> None:
        self.scene.removeItem(self._band)

    def _touched(self, area: QRectF) -> frozenset[NodeId]:
        left, top, right, bottom = area.left(), area.top(), area.right(), area.bottom()
        return frozenset(
            [i for i, x0, y0, x1, y1 in self._bodies if x0 < right and x1 > left and y0 < bottom and y1 > top]
        )

    def _select(self, touched: Selection) -> None:
        if self._modifiers & CONTROL:
            touched = self.before.toggled(touched)
        elif self._modifiers & SHIFT:
            touched = self.before.joined(touched)
        self.editor.select(*touched)


def _edges(item: NodeItem) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of a card."""
    (x, y), shape = item.place, item.ports
    return x, y, x + shape.width, y + shape.height
