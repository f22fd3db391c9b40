"""The mouse or a finger over the canvas: what is dragged at the moment, and what a double click does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, Qt, QTimer

from graph.messages import msg
from graph.model import Link, NodeId
from gui.canvas.annotation_gestures import SwitchCard
from gui.canvas.card import has_inside
from gui.canvas.edge_pan import EdgePan
from gui.canvas.gestures import Gesture
from gui.canvas.gestures_bend import corner_at, without_corner
from gui.canvas.hover import NOTHING, Hover
from gui.canvas.picking import gesture_for

if TYPE_CHECKING:
    from gui.canvas.view import CanvasView

Modifiers = Qt.KeyboardModifier
NONE, LEFT = Modifiers.NoModifier, Qt.MouseButton.LeftButton
SETTLED = 60  # milliseconds without another movement of the canvas after which it looks again at what is under it


class Pointer:
    """Pixels are those of the viewport. `pixel` is where it is; None if it is elsewhere.

    What one button or finger drags, no other one touches. A finger has no button: None.
    """

    def __init__(self, view: CanvasView) -> None:
        self._view = view
        self.gesture: Gesture | None = None
        self._button: Qt.MouseButton | None = None  # that was pressed last
        self._last: Gesture | None = None  # that which ended last
        self.hover = Hover(view)
        self._modifiers = NONE
        self.pixel: QPointF | None = None
        self._seen: QPointF | None = None  # the last pixel that it was at
        self._rested: QPointF | None = None  # that at which it was when `rest` was called
        self.is_panning = False  # the space bar is held: a drag pans
        self._edge_pan = EdgePan(view, self._drag)
        self._settling = QTimer(view, singleShot=True, interval=SETTLED)
        self._settling.timeout.connect(self._on_settled)

    @property
    def point(self) -> QPointF | None:
        """The point of the canvas under it; None if it is elsewhere."""
        return None if self.pixel is None else self._at(self.pixel)

    @property
    def has_moved(self) -> bool:
        """Whether it went to where it is after `rest`."""
        if self.pixel is None or self._rested is None:
            return self.pixel is not None
        return (self.pixel - self._rested).manhattanLength() >= self._view.drag_distance

    def rest(self) -> None:
        """What it points at from now on counts when it moves there."""
        self._rested = self._seen

    def press(self, pixel: QPointF, *, button: Qt.MouseButton | None = None, modifiers: Modifiers = NONE) -> None:
        """A button or a finger goes down."""
        if self.gesture is not None:
            return
        self._view.hold_still()
        self.hover.leave()
        self._view.scene().pill.setVisible(False)
        self._button, self._modifiers = button, modifiers
        self.pixel = self._seen = pixel if button is not None else None
        point = self._at(pixel)
        held = LEFT if button is None else button
        self.gesture = gesture_for(self._view, point, button=held, modifiers=modifiers)
        if self.gesture is not None:
            self.gesture.start(point)
        self._choose_cursor()

    def move(self, pixel: QPointF, *, buttons: Qt.MouseButton | None = None, modifiers: Modifiers = NONE) -> None:
        """It is here now, with these buttons down. If that of the drag is not, nobody will say that it was let go."""
        if self._holds(buttons):
            self._drag(pixel, modifiers)
            return
        if buttons is not None and self._button is not None and self.gesture is not None:
            self.cancel()
        if buttons is not None and self.gesture is None:
            self.pixel, self._modifiers = pixel, modifiers
            self._seen = pixel
            self._look()

    def modify(self, modifiers: Modifiers) -> None:
        """A modifier is pressed or let go while it rests."""
        self._modifiers = modifiers
        self._look()

    def release(self, pixel: QPointF, *, button: Qt.MouseButton | None = None, modifiers: Modifiers = NONE) -> None:
        """The button or the finger is let go."""
        if button != self._button:
            return
        self._edge_pan.stop()
        gesture, self.gesture = self.gesture, None
        self._last = gesture
        if gesture is not None:
            gesture.end(self._at(pixel), modifiers)
        self.look_again()

    def cancel(self) -> None:
        """Give up what is being dragged."""
        self._edge_pan.stop()
        gesture, self.gesture = self.gesture, None
        if gesture is not None:
            gesture.cancel()
        self.look_again()

    def leave(self) -> None:
        """It goes elsewhere."""
        self.pixel = None
        self.hover.leave()
        self._choose_cursor()

    def look_again(self) -> None:
        """Something else may lie under it now; what that is counts as soon as all rests."""
        if self.gesture is None:
            self.hover.leave()
            self._settling.start()
            self._choose_cursor()

    def set_panning(self, panning: bool) -> None:
        """Let a drag pan whatever lies under it, or not any more."""
        self.is_panning = panning
        self.look_again()

    def forget_keys(self) -> None:
        """Others hear now that keys are let go."""
        self._modifiers = NONE
        self.set_panning(False)

    def double_click(self, pixel: QPointF) -> bool:
        """Open a node, edit a text, take a corner out of a wire or ask what to put into it, or ask what to add.

        False where it means nothing but a second press.
        """
        if isinstance(self._last, SwitchCard):  # which moved away from under the cursor
            return True
        point = self._at(pixel)
        hit = self._view.hit(point)
        if hit.annotation is not None:
            self._view.annotator.edit(hit.annotation.id)
        elif hit.node is not None and hit.port is None:
            self._open(hit.node)
        elif hit.link is not None:
            self._straighten_or_insert(hit.link, point)
        elif hit == NOTHING:
            self._view.quick_add((point.x(), point.y()))
        else:
            return False
        return True

    def is_over_nothing(self, pixel: QPointF) -> bool:
        """Whether nothing lies under a pixel."""
        return self._view.hit(self._at(pixel)) == NOTHING

    def _holds(self, buttons: Qt.MouseButton | None) -> bool:
        """Whether it is what holds the drag that moves here: its button, or a finger."""
        if self.gesture is None or buttons is None or self._button is None:
            return self.gesture is not None and buttons is self._button
        return bool(buttons & self._button)

    def _drag(self, pixel: QPointF, modifiers: Modifiers) -> None:
        if self.gesture is not None:
            self.pixel, self._modifiers = (pixel if self._button is not None else None), modifiers
            self._seen = self.pixel
            self.gesture.move(self._at(pixel), modifiers)
            self._edge_pan.follow(pixel, modifiers, is_wanted=self.gesture.pans_at_edges)

    def _look(self) -> None:
        """Show what lies under it, unless something is dragged or is going to be."""
        if self.pixel is not None and self.gesture is None and not self.is_panning:
            self.hover.at(self._at(self.pixel), self._modifiers)
            self._choose_cursor()

    def _on_settled(self) -> None:
        if not self._view.scene().pill.isVisible():  # what is said there is not the shape of a wire
            self._look()

    def _choose_cursor(self) -> None:
        shape = Qt.CursorShape.OpenHandCursor if self.is_panning else self.hover.cursor
        if self.gesture is not None:
            shape = self.gesture.cursor
        if shape is not self._view.viewport().cursor().shape():
            self._view.viewport().setCursor(shape)

    def _open(self, node: NodeId) -> None:
        editor = self._view.editor
        opens = has_inside(editor.catalog.get(editor.graph.nodes[node].type))
        (self._view.inside_requested if opens else self._view.nodeActivated).emit(node)

    def _straighten_or_insert(self, link: Link, point: QPointF) -> None:
        number = corner_at(self._view, link, point)
        if number is None:
            self._view.insert_at(link, point)
        else:
            edit = self._view.editor.edit
            edit(lambda graph: without_corner(graph, link, number), msg("Take a corner out of a wire"))

    def _at(self, pixel: QPointF) -> QPointF:
        return self._view.mapToScene(pixel.toPoint())
