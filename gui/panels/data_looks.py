"""More of how data is shown: figures of columns, texts, points in the plane, and what was skipped."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from graph.messages import Message, tr
from gui.figures import figure, grouped
from gui.panels.parts import IconLabel, breakable, column, empty, label, row
from gui.panels.pulse import paint_bars
from gui.theme import GRID, mono_font, theme

if TYPE_CHECKING:
    import numpy as np

    from runtime.data.records import ColumnLook

ROW = 22  # pixels at 100 %
BARS = 64  # pixels at 100 % of a small histogram
MOST_COLUMNS, MOST_TEXTS, MOST_BROKEN, MOST_CHARACTERS = 64, 8, 20, 400
SIDE = 240  # pixels at 100 % of the square that points are in
DOT = 2.2  # radius
ROLES = ("train", "validation", "good", "error", "rate", "speed", "metric", "pooling")  # of classes of points


class ColumnFigures(QWidget):
    """A line a column: its name, how its numbers are spread, mean and deviation; or how many different words it has."""

    def __init__(self) -> None:
        super().__init__()
        self._columns: tuple[ColumnLook, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setMouseTracking(True)

    def show_columns(self, columns: Sequence[ColumnLook]) -> None:
        """Show these columns; many are cut off, with a line that says how many."""
        self._columns = tuple(columns)
        self.setAccessibleName("; ".join(column_text(found) for found in self._columns[:MOST_COLUMNS]))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        lines = min(len(self._columns), MOST_COLUMNS) + (len(self._columns) > MOST_COLUMNS)
        return QSize(200, lines * theme.px(ROW))

    def event(self, event) -> bool:
        if event.type() == event.Type.ToolTip:
            place = event.pos().y() // theme.px(ROW)
            self.setToolTip(column_text(self._columns[place]) if place < min(len(self._columns), MOST_COLUMNS) else "")
        return super().event(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        height = theme.px(ROW)
        for line, found in enumerate(self._columns[:MOST_COLUMNS]):
            self._paint_line(painter, QRect(0, line * height, self.width(), height), found)
        if len(self._columns) > MOST_COLUMNS:
            painter.setPen(theme.color("faint"))
            rest = QRect(0, MOST_COLUMNS * height, self.width(), height)
            text = tr("… and {count} more.", count=len(self._columns) - MOST_COLUMNS)
            painter.drawText(rest, Qt.AlignmentFlag.AlignVCenter, text)

    def _paint_line(self, painter: QPainter, box: QRect, found: ColumnLook) -> None:
        painter.setFont(mono_font(theme.px(11)))
        metrics = painter.fontMetrics()
        short = _short(found)
        painter.setPen(theme.color("warning" if found.missing else "text"))
        painter.drawText(box, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, short)
        bars = theme.px(BARS) if found.histogram else 0
        room = box.width() - metrics.horizontalAdvance(short) - bars - 4 * GRID
        painter.setPen(theme.color("muted"))
        name = metrics.elidedText(found.name, Qt.TextElideMode.ElideRight, room)
        painter.drawText(box, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, name)
        if bars:
            left = box.right() - metrics.horizontalAdvance(short) - 2 * GRID - bars
            paint_bars(painter, QRectF(left, box.top() + 4, bars, box.height() - 8), found.histogram, role="data")


class TextSamples(QWidget):
    """Texts below each other, each over what belongs to it."""

    def __init__(self) -> None:
        super().__init__()
        self._column = column(self, spacing=2 * GRID)

    def show_texts(self, texts: Sequence[tuple[str, str]]) -> None:
        """Show the first of these pairs."""
        empty(self._column)
        for text, belonging in texts[:MOST_TEXTS]:
            self._column.addWidget(label(_cut(text), wrap=True))
            if belonging:
                self._column.addWidget(label(_cut(belonging), tone="muted", mono=True, wrap=True))


class PointCloud(QWidget):
    """Points in the plane, a color a class."""

    def __init__(self) -> None:
        super().__init__()
        self._points: np.ndarray | None = None
        self._labels: np.ndarray | None = None
        policy = QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def show_points(self, points: np.ndarray | None, labels: np.ndarray | None) -> None:
        """Show points (N × 2) and the classes that they are of."""
        self._points, self._labels = points, labels
        self.setAccessibleName(tr("{count} points", count=0 if points is None else len(points)))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(theme.px(SIDE), theme.px(SIDE))

    def heightForWidth(self, width: int) -> int:
        return min(width, theme.px(SIDE))

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.color("field"))
        if self._points is None or not len(self._points):
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        low, high = self._points.min(0), self._points.max(0)
        span = max(float((high - low).max()), 1e-9)
        side = min(self.width(), self.height()) - 4 * GRID
        middle, center = (low + high) / 2, QRectF(self.rect()).center()
        labels = [0] * len(self._points) if self._labels is None else self._labels.astype(int).tolist()
        for (x, y), kind in zip(((self._points - middle) * (side / span)).tolist(), labels, strict=True):
            painter.setBrush(theme.color(ROLES[kind % len(ROLES)], 0.8))
            painter.drawEllipse(center + QPointF(x, -y), DOT, DOT)


class SkippedList(QWidget):
    """What was left out of the data, with the reasons."""

    def __init__(self) -> None:
        super().__init__()
        self._column = column(self, spacing=GRID)

    def show_broken(self, broken: Sequence[Message]) -> None:
        """Show the first of these reasons."""
        empty(self._column)
        for reason in broken[:MOST_BROKEN]:
            self._column.addWidget(label(breakable(str(reason)), tone="warning", wrap=True))
        if len(broken) > MOST_BROKEN:
            self._column.addWidget(label(tr("… and {count} more.", count=len(broken) - MOST_BROKEN), tone="faint"))


class NoteList(QWidget):
    """What is worth knowing of data in which nothing is wrong."""

    def __init__(self) -> None:
        super().__init__()
        self._column = column(self, spacing=GRID)

    def show_notes(self, notes: Sequence[Message]) -> None:
        """Show these."""
        empty(self._column)
        for note in notes:
            holder = QWidget()
            line = row(holder, spacing=GRID)
            line.addWidget(IconLabel("warning", "warning", text=tr("Warning")), 0, Qt.AlignmentFlag.AlignTop)
            line.addWidget(label(breakable(str(note)), wrap=True), 1)
            self._column.addWidget(holder)
        self.setVisible(bool(notes))


def column_text(found: ColumnLook) -> str:
    """Everything that is known of a column, in a sentence."""
    parts = [found.name]
    if found.least is not None and found.most is not None:
        parts.append(tr("{low} to {high}", low=figure(found.least), high=figure(found.most)))
    if found.mean is not None and found.deviation is not None:
        parts.append(
            tr("mean {mean}, deviation {deviation}", mean=figure(found.mean), deviation=figure(found.deviation))
        )
    if found.distinct is not None:
        parts.append(tr("{count} different", count=grouped(found.distinct)))
    if found.missing:
        parts.append(tr("{count} missing", count=grouped(found.missing)))
    return ", ".join(parts)


def _short(found: ColumnLook) -> str:
    if found.missing:
        return tr("{count} missing", count=grouped(found.missing))
    if found.mean is not None and found.deviation is not None:
        return f"{figure(found.mean)} ± {figure(found.deviation)}"
    return tr("{count} different", count=grouped(found.distinct or 0))


def _cut(text: str) -> str:
    return breakable(text if len(text) <= MOST_CHARACTERS else text[:MOST_CHARACTERS] + "…")
