"""The mouse or a finger over the canvas: what is dragged at the moment, and what a double click does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, Qt

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


class Pointer:
    """Pixels are those of the viewport. `pixel` is where it is; None if it is elsewhere."""

    def __init__(self, view: CanvasView) -> None:
        self._view = view
        self.gesture: Gesture | None = None
        self._last: Gesture | None = None  # that which ended last
        self.hover = Hover(view)
        self.pixel: QPointF | None = None
        self.is_panning = False  # the space bar is held: a drag pans
        self._edge_pan = EdgePan(view, self.move)

    @property
    def point(self) -> QPointF | None:
        """The point of the canvas under it; None if it is elsewhere."""
        return None if self.pixel is None else self._at(self.pixel)

    def press(self, pixel: QPointF, *, button: Qt.MouseButton, modifiers: Modifiers) -> None:
        """A button or a finger goes down."""
        if self.gesture is not None:
            return
        self._view.hold_still()
        self.hover.leave()
        self._view.scene().pill.setVisible(False)
        self.pixel = pixel
        point = self._at(pixel)
        self.gesture = gesture_for(self._view, pixel.toPoint(), point, button=button, modifiers=modifiers)
        if self.gesture is not None:
            self.gesture.start(point)

    def move(self, pixel: QPointF, modifiers: Modifiers) -> None:
        """It is here now."""
        self.pixel = pixel
        if self.gesture is not None:
            self.gesture.move(self._at(pixel), modifiers)
            self._edge_pan.follow(pixel, modifiers, is_wanted=self.gesture.pans_at_edges)
        elif not self.is_panning:
            self.hover.at(self._at(pixel), modifiers)

    def modify(self, modifiers: Modifiers) -> None:
        """A modifier is pressed or let go while it rests."""
        if self.pixel is not None and self.gesture is None:
            self.hover.at(self._at(self.pixel), modifiers)

    def release(self, pixel: QPointF, modifiers: Modifiers) -> None:
        """The button or the finger is let go."""
        self._edge_pan.stop()
        gesture, self.gesture = self.gesture, None
        self._last = gesture
        if gesture is not None:
            gesture.end(self._at(pixel), modifiers)

    def cancel(self) -> None:
        """Give up what is being dragged."""
        self._edge_pan.stop()
        gesture, self.gesture = self.gesture, None
        if gesture is not None:
            gesture.cancel()

    def leave(self) -> None:
        """It goes elsewhere."""
        self.pixel = None
        self.hover.leave()

    def double_click(self, pixel: QPointF) -> None:
        """Open a node, edit a text, take a corner out of a wire or ask what to put into it, or ask what to add."""
        if isinstance(self._last, SwitchCard):  # which moved away from under the cursor
            return
        self.pixel, point = pixel, self._at(pixel)
        hit = self._view.hit(point)
        if hit.annotation is not None:
            self._view.annotator.edit(hit.annotation.id)
        elif hit.node is not None and hit.port is None:
            self._open(hit.node)
        elif hit.link is not None:
            self._straighten_or_insert(hit.link, point)
        elif hit == NOTHING:
            self._view.quick_add((point.x(), point.y()))

    def is_over_nothing(self, pixel: QPointF) -> bool:
        """Whether nothing lies under a pixel."""
        minimap = self._view.minimap
        on_map = minimap.visible and minimap.area().contains(pixel.toPoint())
        return not on_map and self._view.hit(self._at(pixel)) == NOTHING

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
