"""The keys of the canvas, so that a network can be drawn without a mouse: arrows, and the actions whose keys need no Ctrl."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QKeyEvent

from graph.model import Graph, NodeId
from gui.shortcuts import strokes_on_canvas

if TYPE_CHECKING:
    from gui.canvas.view import CanvasView

STEP = 4.0
LEAP = 20.0
PAN_STEP = 60.0
SHIFT, CONTROL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier
_OTHER_MODIFIERS = CONTROL | Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.MetaModifier

# The actions that the view does itself; it asks for the others.
OWN_ACTIONS = frozenset(
    "quick_add connect_selected activate clear_selection delete remove_or_leave zoom_in zoom_out zoom_to_actual fit".split()
)
ARROWS = {
    Qt.Key.Key_Left.value: (-1.0, 0.0),
    Qt.Key.Key_Right.value: (1.0, 0.0),
    Qt.Key.Key_Up.value: (0.0, -1.0),
    Qt.Key.Key_Down.value: (0.0, 1.0),
}


def handle_key(view: CanvasView, event: QKeyEvent) -> bool:
    """Do what a key asks for; whether it asked for anything here. Keys with Ctrl or Alt are heard by the menus."""
    key, modifiers = event.key(), event.modifiers()
    if key in ARROWS and not modifiers & (_OTHER_MODIFIERS & ~CONTROL):
        _arrow(view, ARROWS[key], modifiers)
        return True
    if modifiers & _OTHER_MODIFIERS:
        return False
    action = view.shortcuts.action_for(*strokes_on_canvas(event))
    if action in OWN_ACTIONS:
        getattr(view, action)()
    elif action is not None:
        view.action_requested.emit(action)
    return action is not None


def neighbor(graph: Graph, node: NodeId, direction: tuple[float, float]) -> NodeId | None:
    """The node to go to from a node: along a wire to the right or left if there is one, else the nearest that way."""
    dx, dy = direction
    linked = {link.target.node for link in graph.outgoing(node)} if dx > 0 else set()
    linked |= {link.source.node for link in graph.incoming(node)} if dx < 0 else set()
    x, y = graph.nodes[node].position

    def offset(other: NodeId) -> tuple[float, float]:
        ox, oy = graph.nodes[other].position
        return ox - x, oy - y

    def distance(other: NodeId) -> float:
        ox, oy = offset(other)
        along, across = (ox * dx + oy * dy), abs(ox * dy) + abs(oy * dx)
        return along + 2 * across

    ahead = [i for i in graph.nodes if i != node and (o := offset(i))[0] * dx + o[1] * dy > 0]
    return min(linked or ahead, key=distance, default=None)


def _arrow(view: CanvasView, direction: tuple[float, float], modifiers: Qt.KeyboardModifier) -> None:
    dx, dy = direction
    if modifiers & CONTROL:
        view.go(direction)
    elif view.editor.selection or view.editor.selected_annotations:
        step = LEAP if modifiers & SHIFT else STEP
        view.nudge(dx * step, dy * step)
    else:
        view.pan_by(QPointF(-dx * PAN_STEP, -dy * PAN_STEP))
