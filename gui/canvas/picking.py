"""What a press begins: the gesture for the thing under the cursor, the button and the modifiers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, Qt

from graph.model import Link, Port
from gui.canvas.annotation_gestures import annotation_gesture_for
from gui.canvas.gestures import ALT, CONTROL, SHIFT, Gesture, Modifiers, Pan, PanByMinimap, RubberBand
from gui.canvas.gestures_bend import BendWire, CutWires
from gui.canvas.gestures_move import CopyNodes, MoveNodes
from gui.canvas.gestures_wire import DrawWire
from gui.canvas.scene import Hit
from gui.selecting import only_link, selection_of

if TYPE_CHECKING:
    from gui.canvas.view import CanvasView


def gesture_for(view: CanvasView, point: QPointF, *, button: Qt.MouseButton, modifiers: Modifiers) -> Gesture | None:
    """The gesture that a press begins at a point of the canvas. A press that is no drag acts at once."""
    if button is Qt.MouseButton.MiddleButton or (button is Qt.MouseButton.LeftButton and view.pointer.is_panning):
        return Pan(view)
    if button is not Qt.MouseButton.LeftButton:
        return None
    hit = view.hit(point)
    if hit.on_map:
        return PanByMinimap(view)
    if (gesture := annotation_gesture_for(view, hit, modifiers)) is not None:
        return gesture
    if hit.port is not None:
        return _wire_from(view, hit.port, is_output=hit.is_output)
    if hit.node is not None:
        return _on_card(view, hit, modifiers)
    if hit.link is not None:
        return _on_wire(view, hit.link, modifiers, at_end=hit.at_end)
    return CutWires(view) if modifiers & ALT else RubberBand(view, modifiers)


def _wire_from(view: CanvasView, port: Port, *, is_output: bool) -> DrawWire:
    moving = None if is_output else view.editor.graph.links.get(port)
    if moving is not None:
        return DrawWire(view, moving.source, is_output=True, moving=moving)
    return DrawWire(view, port, is_output=is_output)


def _on_card(view: CanvasView, hit: Hit, modifiers: Modifiers) -> Gesture | None:
    assert hit.node is not None
    if hit.on_badge:
        view.editor.select([hit.node])
        view.problem_clicked.emit(hit.node)
        return None
    if modifiers & ALT and modifiers & SHIFT:
        return CopyNodes(view, hit.node)
    return MoveNodes(view, hit.node, modifiers)


def _on_wire(view: CanvasView, link: Link, modifiers: Modifiers, *, at_end: bool) -> Gesture | None:
    if modifiers & ALT:
        return CutWires(view)
    if modifiers & (SHIFT | CONTROL):
        view.editor.select(*selection_of(view.editor).toggled(only_link(link)))
        return None
    return DrawWire(view, link.source, is_output=True, moving=link) if at_end else BendWire(view, link)
