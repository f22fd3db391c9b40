"""The keys of the canvas: what each does, so that a network can be drawn without a mouse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QKeyEvent

from graph.model import Graph, NodeId

if TYPE_CHECKING:
    from gui.canvas.view import CanvasView

STEP = 4.0
LEAP = 20.0
PAN_STEP = 60.0
SHIFT, CONTROL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier
_OTHER_MODIFIERS = CONTROL | Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.MetaModifier

# Methods of the view by key, and by character typed (which does not depend on the layout of the keyboard).
BY_KEY = {
    Qt.Key.Key_Delete: "remove_selected",
    Qt.Key.Key_Backspace: "remove_or_leave",
    Qt.Key.Key_Home: "fit",
    Qt.Key.Key_Tab: "quick_add",
    Qt.Key.Key_Return: "activate",
    Qt.Key.Key_Enter: "activate",
    Qt.Key.Key_Escape: "clear_selection",
}
BY_TEXT = {
    "+": "zoom_in",
    "=": "zoom_in",
    "-": "zoom_out",
    "0": "fit",
    "f": "fit",
    "1": "zoom_to_actual",
    "/": "quick_add",
    "c": "connect_selected",
}
ARROWS = {
    Qt.Key.Key_Left: (-1.0, 0.0),
    Qt.Key.Key_Right: (1.0, 0.0),
    Qt.Key.Key_Up: (0.0, -1.0),
    Qt.Key.Key_Down: (0.0, 1.0),
}


def handle_key(view: CanvasView, event: QKeyEvent) -> bool:
    """Do what a key asks for; whether it asked for anything here."""
    key, modifiers = Qt.Key(event.key()), event.modifiers()
    if key in ARROWS and not modifiers & (_OTHER_MODIFIERS & ~CONTROL):
        _arrow(view, ARROWS[key], modifiers)
        return True
    if modifiers & _OTHER_MODIFIERS:
        return False
    name = BY_KEY.get(key) or BY_TEXT.get(event.text().lower())
    if name:
        getattr(view, name)()
    return name is not None


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
    elif view.editor.selection:
        step = LEAP if modifiers & SHIFT else STEP
        view.nudge(dx * step, dy * step)
    else:
        view.pan_by(QPointF(-dx * PAN_STEP, -dy * PAN_STEP))
