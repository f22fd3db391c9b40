"""Numbers to enter with the mouse: a point in the plane, and a row of numbers as a curve to bend."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from graph.messages import tr
from gui.figures import figure
from gui.panels.data_looks import ROLES
from gui.panels.parts import label
from gui.panels.try_entries import EntryCard
from gui.theme import GRID, RADIUS, theme
from runtime.trying import Field, NumbersEntry, PlaneEntry

DOT, MARK = 2.0, 6.0  # radius of a point of the data, and of that which was entered
KEY_STEPS = 50  # of an arrow key across the plane
_ARROWS = {Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Up: (0, 1), Qt.Key.Key_Down: (0, -1)}


class Plane(QWidget):
    """Points of the data, and one to move: by a click, a drag, or the arrow keys. `moved(x, y)`.

    Behind them, if it is known, the class that the network says everywhere, the stronger the surer.
    """

    moved = Signal(float, float)

    def __init__(self, name: str, low: Sequence[float], high: Sequence[float], *, can_move: bool = True) -> None:
        super().__init__()
        self.low, self.high = np.array(low, float), np.array(high, float)
        self.at: tuple[float, float] | None = None
        self.marks: np.ndarray | None = None  # N × 2: answers
        self._can_move = can_move
        self._points: np.ndarray | None = None
        self._labels: np.ndarray | None = None
        self._field: Field | None = None
        self._image = QImage()
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(theme.px(120), theme.px(64))
        if can_move:
            self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            self.setCursor(Qt.CursorShape.CrossCursor)
            self.setAccessibleDescription(tr("The arrow keys move the point."))
        theme.changed.connect(self._use_theme)

    def sizeHint(self) -> QSize:
        return QSize(theme.px(220), theme.px(120))

    def show_data(self, points: np.ndarray | None, labels: np.ndarray | None) -> None:
        """Show points of the data (N × 2), in the colors of their classes."""
        self._points, self._labels = points, labels
        self.update()

    def show_field(self, field: Field | None) -> None:
        """Show what the network says everywhere."""
        self._field = field
        self._use_theme()

    def show_marks(self, marks: np.ndarray | None) -> None:
        """Show points that the network made (N × 2); the plane grows where they lie outside."""
        self.marks = marks
        if marks is not None and len(marks):
            finite = marks[np.isfinite(marks).all(1)]
            if len(finite):
                self.low, self.high = np.minimum(self.low, finite.min(0)), np.maximum(self.high, finite.max(0))
        self.update()

    def move_to(self, x: float, y: float) -> None:
        """Put the point somewhere."""
        self.at = (x, y)
        self.setAccessibleDescription(tr("The point is at {x}, {y}. The arrow keys move it.", x=figure(x), y=figure(y)))
        self.update()

    # ---- events

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton:
            self._move(event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._move(event.position())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = _ARROWS.get(Qt.Key(event.key()))
        if step is None or not self._can_move:
            super().keyPressEvent(event)
            return
        x, y = np.array(self.at or (self.low + self.high) / 2) + np.array(step) * (self.high - self.low) / KEY_STEPS
        self.move_to(float(x), float(y))
        self.moved.emit(float(x), float(y))

    def _move(self, at: QPointF) -> None:
        if self._can_move:
            box = self._box()
            x = self.low[0] + (at.x() - box.left()) / box.width() * (self.high[0] - self.low[0])
            y = self.high[1] - (at.y() - box.top()) / box.height() * (self.high[1] - self.low[1])
            self.move_to(float(x), float(y))
            self.moved.emit(float(x), float(y))

    # ---- painting

    def place(self, x: float, y: float) -> QPointF:
        """Where a point of the plane is in the widget."""
        box, span = self._box(), np.maximum(self.high - self.low, 1e-9)
        across, up = (np.array((x, y)) - self.low) / span
        return QPointF(box.left() + float(across) * box.width(), box.bottom() - float(up) * box.height())

    def _box(self) -> QRectF:
        """The part of the widget that has the proportions of the plane."""
        span = np.maximum(self.high - self.low, 1e-9)
        times = min((self.width() - 2) / span[0], (self.height() - 2) / span[1])
        box = QRectF(0, 0, float(span[0] * times), float(span[1] * times))
        box.moveCenter(QRectF(self.rect()).center())
        return box

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter, box = QPainter(self), self._box()
        painter.fillRect(box, theme.color("canvas"))
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        if not self._image.isNull():
            painter.drawImage(box, self._image)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.color("accent" if self.hasFocus() else "border"), 2 if self.hasFocus() else 1))
        painter.drawRect(box)
        painter.setPen(Qt.PenStyle.NoPen)
        self._paint_points(painter)
        if self.marks is not None:
            painter.setBrush(theme.color("accent"))
            painter.setPen(QPen(theme.color("canvas"), 1))
            for x, y in self.marks[np.isfinite(self.marks).all(1)].tolist():
                painter.drawEllipse(self.place(x, y), DOT * 1.8, DOT * 1.8)
        if self.at is not None:
            self._paint_mark(painter, self.place(*self.at))

    def _paint_points(self, painter: QPainter) -> None:
        if self._points is None:
            return
        kinds = [None] * len(self._points) if self._labels is None else self._labels.astype(int).tolist()
        for (x, y), kind in zip(self._points.tolist(), kinds, strict=True):
            painter.setBrush(theme.color("faint" if kind is None else ROLES[kind % len(ROLES)], 0.75))
            painter.drawEllipse(self.place(x, y), DOT, DOT)

    @staticmethod
    def _paint_mark(painter: QPainter, at: QPointF) -> None:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for role, width in (("canvas", 5), ("text", 2)):
            painter.setPen(QPen(theme.color(role), width))
            painter.drawEllipse(at, MARK, MARK)
        painter.setPen(QPen(theme.color("text"), 2))
        painter.drawPoint(at)

    @Slot()
    def _use_theme(self) -> None:
        """The field as a picture: the color of each class, as strong as the network is sure."""
        self._image = QImage()
        if self._field is not None:
            count = int(self._field.classes.max()) + 1
            table = np.array([rgb(ROLES[kind % len(ROLES)]) for kind in range(count)], float)
            ground = np.array(rgb("canvas"), float)
            sure = (0.12 + 0.4 * self._field.shares[::-1, :, None]).clip(0, 1)
            pixels = np.ascontiguousarray(
                (ground * (1 - sure) + table[self._field.classes[::-1]] * sure).astype(np.uint8)
            )
            self._image = QImage(
                pixels.data, pixels.shape[1], pixels.shape[0], pixels.strides[0], QImage.Format.Format_RGB888
            ).copy()
        self.update()


class PlaneCard(EntryCard):
    """A point in the plane of the data. It knows where it is in figures, too."""

    def __init__(self, entry: PlaneEntry) -> None:
        super().__init__(entry)
        self.plane = Plane(tr("A point in the plane"), entry.low, entry.high)
        self.plane.show_data(entry.points, entry.labels)
        self.place = label("", tone="faint", mono=True)
        self.header.addWidget(self.place)
        self.body.addWidget(self.plane, 1)
        self.plane.moved.connect(self._on_moved)
        self.setMinimumWidth(theme.px(220))

    def value(self) -> tuple[float, float] | None:
        return self.plane.at

    def show_value(self, value: tuple[float, float]) -> None:
        self.plane.move_to(*value)
        self._say()

    @Slot(float, float)
    def _on_moved(self, _x: float, _y: float) -> None:
        self._say()
        self.changed.emit()

    def _say(self) -> None:
        if self.plane.at is not None:
            self.place.setText("({}, {})".format(*map(figure, self.plane.at)))


class Curve(QWidget):
    """A row of numbers as a curve; where `can_bend`, it is drawn with the mouse, or a place changed with the arrow keys.

    `bent()`: the person changed it.
    """

    bent = Signal()

    def __init__(self, name: str, low: float, high: float, *, can_bend: bool) -> None:
        super().__init__()
        self.values: np.ndarray | None = None
        self.low, self.high = low, high
        self._can_bend, self._place = can_bend, 0
        self._last: tuple[int, float] | None = None
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(theme.px(160), theme.px(56))
        if can_bend:
            self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            self.setCursor(Qt.CursorShape.CrossCursor)

    def sizeHint(self) -> QSize:
        return QSize(theme.px(320), theme.px(120))

    def show_values(self, values: np.ndarray) -> None:
        """Show these numbers; the axis grows where they lie outside."""
        self.values = np.array(values, dtype=np.float32)
        finite = self.values[np.isfinite(self.values)]
        if finite.size:
            self.low, self.high = min(self.low, float(finite.min())), max(self.high, float(finite.max()))
        self.update()

    def point(self, place: int, value: float) -> QPointF:
        """Where a number is in the widget."""
        box, count = self._box(), 1 if self.values is None else len(self.values)
        x = box.left() + box.width() * (place + 0.5) / count
        return QPointF(x, box.bottom() - box.height() * (value - self.low) / max(self.high - self.low, 1e-9))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton and self._can_bend and self.values is not None:
            self._last = None
            self._bend(event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton and self._can_bend and self.values is not None:
            self._bend(event.position())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = _ARROWS.get(Qt.Key(event.key()))
        if step is None or not self._can_bend or self.values is None:
            super().keyPressEvent(event)
            return
        self._place = max(0, min(len(self.values) - 1, self._place + step[0]))
        if step[1]:
            self.values[self._place] += step[1] * (self.high - self.low) / KEY_STEPS
            self.bent.emit()
        value = float(self.values[self._place])
        self.setAccessibleDescription(tr("Number {place}: {value}", place=self._place + 1, value=figure(value)))
        self.update()

    def _bend(self, at: QPointF) -> None:
        """Let the curve go through here, and between here and where the mouse was before."""
        assert self.values is not None
        box, count = self._box(), len(self.values)
        place = max(0, min(count - 1, int((at.x() - box.left()) / box.width() * count)))
        share = max(0.0, min(1.0, (box.bottom() - at.y()) / box.height()))
        value = self.low + share * (self.high - self.low)
        start, before = self._last or (place, value)
        for between in range(min(start, place), max(start, place) + 1):
            part = 1.0 if place == start else (between - start) / (place - start)
            self.values[between] = before + part * (value - before)
        self._last, self._place = (place, value), place
        self.update()
        self.bent.emit()

    def _box(self) -> QRectF:
        return QRectF(self.rect()).adjusted(1, 4, -1, -4)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.color("accent" if self.hasFocus() else "border"), 2 if self.hasFocus() else 1))
        painter.setBrush(theme.color("canvas"))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), RADIUS, RADIUS)
        if self.values is None or not len(self.values):
            return
        if self.low < 0 < self.high:
            painter.setPen(QPen(theme.color("border"), 1))
            painter.drawLine(self.point(0, 0.0), self.point(len(self.values) - 1, 0.0))
        points = [self.point(place, value) for place, value in enumerate(self.values.tolist()) if np.isfinite(value)]
        painter.setPen(QPen(theme.color("accent"), 2))
        painter.drawPolyline(QPolygonF(points))
        if len(points) <= 64:
            painter.setBrush(theme.color("accent"))
            painter.setPen(Qt.PenStyle.NoPen)
            for point in points:
                painter.drawEllipse(point, DOT, DOT)
        if self.hasFocus():
            painter.setPen(QPen(theme.color("text"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawEllipse(self.point(self._place, float(self.values[self._place])), MARK - 1, MARK - 1)


class CurveCard(EntryCard):
    """A row of numbers to bend."""

    def __init__(self, entry: NumbersEntry) -> None:
        super().__init__(entry)
        self.curve = Curve(tr("Draw the {count} numbers", count=entry.count), entry.low, entry.high, can_bend=True)
        self.curve.setToolTip(
            tr("Draw over the curve with the mouse. Left and Right choose a number, Up and Down change it.")
        )
        self.curve.show_values(np.zeros(entry.count))
        self.curve.bent.connect(self.changed)
        self.header.addWidget(label(tr("{count} numbers", count=entry.count), tone="faint"))
        self.header.setSpacing(2 * GRID)
        self.body.addWidget(self.curve, 1)
        self.setMinimumWidth(theme.px(260))

    def value(self) -> np.ndarray | None:
        return None if self.curve.values is None else self.curve.values.copy()

    def show_value(self, value: np.ndarray) -> None:
        self.curve.show_values(value)


def rgb(role: str) -> tuple[int, int, int]:
    """The color of a role as red, green and blue, 0 to 255."""
    color = theme.color(role)
    return color.red(), color.green(), color.blue()
