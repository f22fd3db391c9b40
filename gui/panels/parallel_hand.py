"""What the mouse and the keys do to parallel coordinates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication

from graph.messages import tr
from gui.panels.parallel_axes import FLOOR
from gui.theme import GRID

if TYPE_CHECKING:
    from gui.panels.parallel import ParallelView

REACH = 10  # pixels from an axis or a line to a mouse that is on it
END = 5  # pixels from the end of a range within which it is taken by that end
STEP, LEAST = 0.05, 0.02  # of an axis: how far a key moves a range, and how narrow one may be
TOP = 1 - FLOOR  # the highest place of a range
Range: TypeAlias = tuple[float, float]


@dataclass
class _Ranging:
    """A range of an axis that follows the mouse: from `start` on a new one, or `before` taken by its `grip`."""

    axis: int
    start: float
    grip: str
    before: Range

    def range_at(self, share: float) -> Range:
        """The range when the mouse is there."""
        low, high = self.before
        if self.grip == "low":
            return share, high
        if self.grip == "high":
            return low, share
        if self.grip == "middle":
            return moved(self.before, share - self.start)
        return self.start, share


@dataclass
class _Moving:
    """An axis that follows the mouse to another place."""

    axis: int


class Hand:
    """The mouse on a view: what it presses is what it drags."""

    def __init__(self, view: ParallelView) -> None:
        self._view = view
        self._pressed: QPointF | None = None
        self._gesture: _Ranging | _Moving | None = None
        self._is_dragging = False

    @property
    def moved_axis(self) -> int | None:
        """The axis that is being moved to another place."""
        return self._gesture.axis if isinstance(self._gesture, _Moving) else None

    def press(self, at: QPointF) -> None:
        """The button goes down."""
        view, frame = self._view, self._view.frame()
        self._pressed, self._gesture, self._is_dragging = at, None, False
        axis = view.order[self._slot_at(at)]
        if self._is_on_title(at):
            self._gesture = _Moving(axis)
        elif self._is_on_axis(at):
            before = view.ranges.get(axis, (0.0, 0.0))
            self._gesture = _Ranging(axis, frame.share_at(at.y()), self._grip(at), before)
        if self._gesture is not None:
            view.point_at(None)
            view.go_to(axis)

    def move(self, at: QPointF) -> bool:
        """The mouse moves; False if the button is not down."""
        if self._pressed is None:
            return False
        if (at - self._pressed).manhattanLength() >= QApplication.startDragDistance():
            self._is_dragging = True
        if self._is_dragging and isinstance(self._gesture, _Ranging):
            share = self._view.frame().share_at(at.y())
            self._view.set_range(self._gesture.axis, self._gesture.range_at(share))
        elif self._is_dragging and self._gesture is not None:
            self._view.move_axis(self._gesture.axis, self._view.frame().slot_at(at.x()))
        return True

    def release(self, at: QPointF) -> None:
        """The button comes up again: where nothing was dragged, that was a click."""
        gesture, self._gesture = self._gesture, None
        was_click = self._pressed is not None and not self._is_dragging and not isinstance(gesture, _Moving)
        self._pressed, view = None, self._view
        if was_click and gesture is not None and gesture.axis in view.ranges:
            view.set_range(gesture.axis, None)
        elif was_click and view.ranges:
            view.clear_ranges()
        elif was_click and (row := view.row_at(at)) is not None:
            view.chosen.emit(row)
        view.update()

    def cursor(self, at: QPointF) -> Qt.CursorShape:
        """What the mouse looks like there."""
        if self._is_on_title(at):
            return Qt.CursorShape.OpenHandCursor
        if self._is_on_axis(at):
            return Qt.CursorShape.SizeAllCursor if self._grip(at) == "middle" else Qt.CursorShape.SizeVerCursor
        return Qt.CursorShape.ArrowCursor if self._view.row is None else Qt.CursorShape.PointingHandCursor

    def help(self, at: QPointF) -> str:
        """What a person can do there."""
        view = self._view
        title = view.scales[view.order[self._slot_at(at)]].axis.title
        if self._is_on_title(at):
            return f"{title}\n{tr('Drag it to another place.')}"
        if self._is_on_axis(at):
            return tr("Drag along the axis to choose the rows within a range. Click to take the range away.")
        return tr("A click beside the axes takes all ranges away.") if view.ranges and view.row is None else ""

    def _slot_at(self, at: QPointF) -> int:
        """The axis that is meant there, by its place: the one whose title that is, else the nearest."""
        frame = self._view.frame()
        nearest = frame.slot_at(at.x())
        beside = (slot for slot in (nearest, nearest - 1, nearest + 1) if 0 <= slot < frame.count)
        return next((slot for slot in beside if self._view.title_rect(slot).contains(at)), nearest)

    def _is_on_title(self, at: QPointF) -> bool:
        return at.y() < self._view.frame().top - GRID and self._view.title_rect(self._slot_at(at)).contains(at)

    def _is_on_axis(self, at: QPointF) -> bool:
        frame = self._view.frame()
        return at.y() >= frame.top - GRID and abs(at.x() - frame.x(frame.slot_at(at.x()))) <= REACH

    def _grip(self, at: QPointF) -> str:
        """By what the range of an axis is taken there: an end, its middle, or not at all."""
        frame = self._view.frame()
        range_ = self._view.ranges.get(self._view.order[frame.slot_at(at.x())])
        if range_ is None:
            return ""
        low, high = map(frame.height_of, range_)
        away, end = min((abs(at.y() - low), "low"), (abs(at.y() - high), "high"))
        return end if away <= END else "middle" if high < at.y() < low else ""


# ---- keys

_SIDES = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
_HEIGHTS = {Qt.Key.Key_Up: 1, Qt.Key.Key_Down: -1}
_WIDTHS = {Qt.Key.Key_Plus: 1, Qt.Key.Key_Equal: 1, Qt.Key.Key_Minus: -1}
_PAGES = {Qt.Key.Key_PageUp: 1, Qt.Key.Key_PageDown: -1}


def press_key(view: ParallelView, event: QKeyEvent) -> bool:
    """Do what a key means; False if it means nothing here."""
    key = Qt.Key(event.key())
    if key in _SIDES:
        _go_aside(view, _SIDES[key], moves=bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier))
    elif key in _HEIGHTS:
        before = view.ranges.get(view.current)
        half = (0.5, TOP) if key == Qt.Key.Key_Up else (FLOOR, 0.5)
        view.set_range(view.current, moved(before, _HEIGHTS[key] * STEP) if before else half)
    elif key in _WIDTHS and view.current in view.ranges:
        view.set_range(view.current, _widened(view.ranges[view.current], _WIDTHS[key] * STEP))
    elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
        view.set_range(view.current, None)
    elif key == Qt.Key.Key_Escape and view.ranges:
        view.clear_ranges()
    elif key in _PAGES:
        _go_to_line(view, _PAGES[key])
    elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and view.row is not None:
        view.chosen.emit(view.row)
    else:
        return False
    return True


def moved(range_: Range, by: float) -> Range:
    """A range moved up, no further than it can go."""
    low, high = range_
    by = min(max(by, FLOOR - low), TOP - high)
    return low + by, high + by


def _widened(range_: Range, by: float) -> Range:
    low, high = max(range_[0] - by, FLOOR), min(range_[1] + by, TOP)
    return (low, high) if high - low >= LEAST else range_


def _go_aside(view: ParallelView, side: int, *, moves: bool) -> None:
    slot = min(max(view.order.index(view.current) + side, 0), len(view.order) - 1)
    if moves:
        view.move_axis(view.current, slot)
    view.go_to(view.order[slot])


def _go_to_line(view: ParallelView, side: int) -> None:
    """To the next line within all ranges, by its height on the current axis."""
    shares = view.scales[view.current].shares
    rows = sorted(view.rows, key=lambda row: (shares[row], row))
    if rows:
        here = rows.index(view.row) + side if view.row in rows else (0 if side > 0 else len(rows) - 1)
        view.point_at(rows[min(max(here, 0), len(rows) - 1)])
