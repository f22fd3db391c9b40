"""The canvas that moves by itself while something is dragged near an edge of the view."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, Qt, QTimer

if TYPE_CHECKING:
    from gui.canvas.view import CanvasView

EDGE = 28.0  # pixels from the edge of the view
FASTEST = 18.0  # pixels a tick, at the edge itself and beyond
TICK = 16  # milliseconds


Move = Callable[[QPointF, Qt.KeyboardModifier], None]


class EdgePan:
    """Goes the faster the closer the cursor is to the edge; `move` is what a mouse that moved would call."""

    def __init__(self, view: CanvasView, move: Move) -> None:
        self._view, self._move = view, move
        self._cursor = QPointF()
        self._modifiers = Qt.KeyboardModifier.NoModifier
        self._timer = QTimer(view, interval=TICK)
        self._timer.timeout.connect(self._on_tick)

    def follow(self, pixel: QPointF, modifiers: Qt.KeyboardModifier, *, is_wanted: bool) -> None:
        """The cursor is at this pixel of the viewport, dragging something."""
        self._cursor, self._modifiers = pixel, modifiers
        if not is_wanted or self._speed().isNull():
            self.stop()
        elif not self._timer.isActive():
            self._timer.start()

    def stop(self) -> None:
        """The drag is over, or away from the edge."""
        self._timer.stop()

    def _on_tick(self) -> None:
        self._view.pan_by(-self._speed())
        self._move(self._cursor, self._modifiers)

    def _speed(self) -> QPointF:
        size = self._view.viewport().size()
        return QPointF(_push(self._cursor.x(), size.width()), _push(self._cursor.y(), size.height()))


def _push(at: float, size: int) -> float:
    """Pixels a tick, towards the edge that a coordinate is close to."""
    if size < 4 * EDGE:
        return 0.0
    before, after = min(1.0, (EDGE - at) / EDGE), min(1.0, (at - size + EDGE) / EDGE)
    return -FASTEST * before if before > 0 else FASTEST * after if after > 0 else 0.0
