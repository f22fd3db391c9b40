"""Parallel coordinates: an axis for each parameter and result, a line for each row. Imports pyqtgraph."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, QSizeF, Qt, QTimer, Signal, Slot
from PySide6.QtGui import (
    QFocusEvent,
    QFontMetricsF,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QResizeEvent,
)
from PySide6.QtWidgets import QLabel, QToolTip, QWidget

from graph.messages import tr
from gui.figures import grouped
from gui.panels.parallel_axes import NONE, Axis, Scale, text_of
from gui.panels.parallel_hand import REACH, Hand, Range, press_key
from gui.panels.parallel_lines import Lines, empty_picture
from gui.panels.parallel_paint import Frame, colors_of, draw_axis, draw_line, title_font, title_of
from gui.theme import GRID, theme

__all__ = ["Axis", "ParallelView"]

REST = 120  # milliseconds after other rows were chosen until all lines are drawn anew
ROUNDING = 1e-9
LEAST_SLOT = 14 * GRID  # pixels at 100 % that axes are apart at least


class ParallelView(QWidget):
    """Dragging along an axis chooses the rows within that range, on several axes those within all; a click beside clears all ranges, one
    on an axis its own. A range can be moved and taken by its ends, a title dragged to another place.

    Keys: left and right go to an axis, up and down make and move its range, + and - widen and narrow it, Delete takes it
    away, Escape all. Ctrl+left and Ctrl+right move the axis. Page up and page down go from line to line, Enter chooses one.

    `selected(rows)`: which rows are within all ranges now, in order; all rows where there are none. `hovered(row)`: the row
    under the mouse or None. `chosen(row)`: a line was clicked while there are no ranges, or Enter pressed on it.
    """

    selected = Signal(object)
    hovered = Signal(object)
    chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.scales: list[Scale] = []
        self.order: list[int] = []  # of the axes from the left
        self.ranges: dict[int, Range] = {}  # by axis, in shares of it
        self.row: int | None = None  # under the mouse, or gone to by keys
        self.current = 0  # the axis that keys go to
        self._names: Sequence[str] = ()
        self._colors_by: int | None = None
        self._marked = np.empty(0, int)
        self._lit = np.empty(0, bool)
        self._lines = Lines()
        self._lines_of_titles = 1  # two where one has no room for all of them
        self._is_stale = True
        self._hand = Hand(self)
        self._axes, self._axes_facts = QPixmap(), ""  # the picture of the axes, and what it was drawn from
        self._rest = QTimer(self, singleShot=True)
        self._rest.timeout.connect(self._draw_on)
        self._values = QLabel(self)
        self._values.setProperty("kind", "card")
        self._values.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._values.setContentsMargins(2 * GRID, GRID, 2 * GRID, GRID)
        self._values.hide()
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._say()
        theme.changed.connect(self._use_theme)

    # ---- content

    def set_data(self, axes: Sequence[Axis], colors_by: int | None, names: Sequence[str] = ()) -> None:
        """Show these axes, each with as many values; lines have colours by the axis `colors_by`; `names` are those of the rows.

        Axes that were there before (by title) keep their ranges; where the same ones are there, they keep their places too.
        """
        titles = [scale.axis.title for scale in self.scales]
        places = {titles[axis]: place for place, axis in enumerate(self.order)}
        kept = {titles[axis]: self.scales[axis].kept(*ends) for axis, ends in self.ranges.items()}
        at = titles[self.current] if titles else ""
        self.scales = [Scale(axis) for axis in axes]
        self._names, self._colors_by = names, colors_by
        now = [axis.title for axis in axes]
        is_same = set(now) == set(titles)
        self.order = sorted(range(len(now)), key=lambda axis: places[now[axis]] if is_same else axis)
        found = {axis: self.scales[axis].found(kept[title]) for axis, title in enumerate(now) if title in kept}
        self.ranges = {axis: ends for axis, ends in found.items() if ends is not None}
        self.current = now.index(at) if at in now else 0
        self._marked = np.empty(0, int)
        self.point_at(None)
        self._use_colors()
        self._lit = np.ones(self.count, bool)
        self._choose()
        self._start_over()
        self.updateGeometry()

    @property
    def count(self) -> int:
        """How many rows there are."""
        return len(self.scales[0].shares) if self.scales else 0

    @property
    def rows(self) -> list[int]:
        """The rows within all ranges."""
        return np.flatnonzero(self._lit).tolist()

    def mark(self, rows: Sequence[int]) -> None:
        """Let the lines of some rows stand out."""
        self._marked = np.array(rows, int)
        self.update()

    @Slot()
    def clear_ranges(self) -> None:
        """Take all ranges away."""
        self.ranges = {}
        self._choose()

    def set_range(self, axis: int, range_: Range | None) -> None:
        """Choose a range of an axis, in shares of it from the bottom; None takes it away."""
        if range_ is None:
            self.ranges.pop(axis, None)
        else:
            self.ranges[axis] = (min(range_), max(range_))
        self._choose()

    def move_axis(self, axis: int, slot: int) -> None:
        """Let an axis stand at another place, counted from the left."""
        if self.order.index(axis) != slot:
            self.order.remove(axis)
            self.order.insert(slot, axis)
            self.point_at(None)
            self._start_over()

    def go_to(self, axis: int) -> None:
        """Let keys go to an axis."""
        self.current = axis
        self._say()
        self.update()

    def position(self, row: int, axis: int) -> QPointF:
        """Where the line of a row meets an axis, in pixels of the widget."""
        frame = self.frame()
        return QPointF(frame.x(self.order.index(axis)), frame.height_of(float(self.scales[axis].shares[row])))

    def title_place(self, axis: int) -> QPointF:
        """Where the title of an axis is, in pixels of the widget."""
        return self.title_rect(self.order.index(axis)).center()

    def text_of(self, row: int) -> str:
        """What the values of a row are, a line each."""
        values = [f"{scale.axis.title}: {text_of(scale.axis.values[row])}" for scale in self._ordered()]
        return "\n".join([*self._names[row : row + 1], *values])

    def sizeHint(self) -> QSize:
        return QSize(max(480, self.minimumSizeHint().width()), theme.px(60 * GRID))

    def minimumSizeHint(self) -> QSize:
        return QSize(theme.px(24 * GRID + LEAST_SLOT * max(len(self.scales), 2)), theme.px(32 * GRID))

    # ---- machinery

    def _choose(self) -> None:
        """Find the rows within all ranges."""
        lit = np.ones(self.count, bool)
        for axis, (low, high) in self.ranges.items():
            shares = self.scales[axis].shares
            lit &= (shares >= low - ROUNDING) & (shares <= high + ROUNDING)
        if not np.array_equal(lit, self._lit):
            self._lit = lit
            self._lines.light(lit)
            self._rest.start(REST if self._lines.is_current else 0)
            self.selected.emit(self.rows)
        self._say()
        self.update()

    def _say(self) -> None:
        """Say to assistive technology what can be seen."""
        self.setAccessibleName(tr("Parallel coordinates of {count} rows", count=grouped(self.count)))
        chosen = tr(
            "{shown} of {count} rows are within the ranges", shown=grouped(self._lit.sum()), count=grouped(self.count)
        )
        words = [chosen] if self.ranges else []
        if self.hasFocus() and self.scales:
            words.append(tr("axis {title}", title=self.scales[self.current].axis.title))
        if self.row is not None:
            words.append(self.text_of(self.row).replace("\n", ", "))
        self.setAccessibleDescription(". ".join(words))

    def frame(self) -> Frame:
        """Where the axes stand."""
        floor = NONE if any(scale.has_none for scale in self.scales) else 0.0
        return Frame(QSizeF(self.size()), len(self.scales), floor, self._lines_of_titles)

    def title_rect(self, slot: int) -> QRectF:
        """Where the title is of the axis at a place from the left."""
        return self.frame().title(slot, self._title_width(self.scales[self.order[slot]]))

    def _title_width(self, scale: Scale) -> float:
        return QFontMetricsF(title_font(self.font())).horizontalAdvance(title_of(scale)) + 2

    def _ordered(self) -> list[Scale]:
        return [self.scales[axis] for axis in self.order]

    def _places(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Where axes stand (axes), and lines meet them (rows × axes), in pixels."""
        frame = self.frame()
        shares = np.stack([scale.shares for scale in self._ordered()], axis=1)
        return np.array([frame.x(slot) for slot in range(frame.count)]), frame.y(shares)

    def _start_over(self) -> None:
        room = self.frame().slot - 2 * GRID
        fits = len(self.scales) < 2 or all(self._title_width(scale) <= room for scale in self.scales)
        self._lines_of_titles = 1 if fits else 2
        self._is_stale, self._axes_facts = True, ""
        self.update()

    def _use_colors(self) -> None:
        palette, places = colors_of(None if self._colors_by is None else self.scales[self._colors_by])
        self._lines.color(places if len(places) else np.zeros(self.count, int), palette)

    @Slot()
    def _use_theme(self) -> None:
        self._use_colors()
        self._lines.light(self._lit)
        self._start_over()
        self.updateGeometry()

    # ---- painting

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self.count:
            return
        if self._is_stale:
            self._is_stale = False
            self._lines.begin(*self._places(), self.size(), self.devicePixelRatioF())
            self._draw_on()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.drawPixmap(0, 0, self._lines.picture)
        pen = QPen(theme.color("text"), 1.5)
        self._lines.stroke(painter, self._marked, pen)
        self._paint_axes()
        painter.drawPixmap(0, 0, self._axes)
        if self.row is not None:
            x, y = self._places()
            draw_line(painter, x.tolist(), y[self.row].tolist(), theme.color("text"))

    @Slot()
    def _draw_on(self) -> None:
        """Draw more of the lines, if some are left."""
        if self._is_stale:
            return
        if not self._lines.is_current:
            self._rest.start(REST if self._lines.draw_over() else 0)
        elif not self._lines.advance():
            self._rest.start(0)
        self.update()

    def _paint_axes(self) -> None:
        """On a picture, which stays as it is while the mouse goes from line to line."""
        grabbed = self._hand.moved_axis
        facts = (self.size(), self.devicePixelRatioF(), self.order, self.ranges, self.current, self.hasFocus(), grabbed)
        if repr(facts) == self._axes_facts:
            return
        self._axes_facts = repr(facts)
        self._axes = empty_picture(self.size(), self.devicePixelRatioF())
        painter, frame = QPainter(self._axes), self.frame()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(self.font())
        for slot, axis in enumerate(self.order):
            draw_axis(
                painter,
                frame,
                slot,
                self.scales[axis],
                range_=self.ranges.get(axis),
                colored=axis == self._colors_by,
                current=self.hasFocus() and axis == self.current,
                grabbed=axis == grabbed,
            )
        painter.end()

    # ---- lines under the mouse

    def row_at(self, at: QPointF) -> int | None:
        """The row within all ranges whose line is nearest to there, if it is near."""
        if not self.count or not self._lit.any():
            return None
        x, y = self._places()
        right = int(np.searchsorted(x, at.x()).clip(min(1, len(x) - 1), len(x) - 1))
        left = max(right - 1, 0)
        if not x[left] - REACH <= at.x() <= x[right] + REACH:
            return None
        share = min(max((at.x() - x[left]) / max(x[right] - x[left], 1e-6), 0.0), 1.0)
        slopes = (y[:, right] - y[:, left]) / max(x[right] - x[left], 1e-6)
        away = np.abs(y[:, left] + share * (y[:, right] - y[:, left]) - at.y()) / np.hypot(1, slopes)
        away[~self._lit] = np.inf
        row = int(away.argmin())
        return row if away[row] <= REACH else None

    def point_at(self, row: int | None, at: QPointF | None = None) -> None:
        """Let the line of a row stand out, with its values beside `at`; None: no line."""
        changed = row != self.row
        self.row = row
        if row is None:
            self._values.hide()
        else:
            if changed:
                self._values.setText(self.text_of(row))
                self._values.adjustSize()
            self._place_values(at or self.position(row, self.current))
            self._values.show()
        if changed:
            self.hovered.emit(row)
            self._say()
            self.update()

    def _place_values(self, at: QPointF) -> None:
        """Beside the mouse, on the side with more room."""
        size = self._values.size()
        left = at.x() + 4 * GRID if at.x() < self.width() / 2 else at.x() - 4 * GRID - size.width()
        top = min(max(at.y() - size.height() / 2, 0), max(self.height() - size.height(), 0))
        self._values.move(round(left), round(top))

    # ---- mouse and keys

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self.scales:
            self._hand.press(event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = event.position()
        if not self.scales or self._hand.move(at):
            return
        self.point_at(self.row_at(at) if at.y() >= self.frame().top - GRID else None, at)
        self.setCursor(self._hand.cursor(at))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self.scales:
            self._hand.release(event.position())

    def leaveEvent(self, event: QEvent) -> None:
        self.point_at(None)
        super().leaveEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not self.count or not press_key(self, event):
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self._say()
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.point_at(None)
        self._start_over()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent) and self.scales:
            QToolTip.showText(event.globalPos(), self._hand.help(QPointF(event.pos())), self)
            return True
        return super().event(event)
