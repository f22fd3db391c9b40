"""Points on a plane, with names that do not overlap or marks of their classes; a click or the arrow keys choose one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, QSizeF, Qt, Signal, Slot
from PySide6.QtGui import (
    QFont,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QToolTip, QWidget

from graph.messages import tr
from gui.panels.point_marks import (
    RADIUS,
    NameKeeper,
    draw_legend,
    draw_mark,
    draw_name,
    legend_width,
    role_of,
    stamp_marks,
)
from gui.theme import GRID, theme

NEAR = 14  # pixels from the mouse to a point that it is on
EDGE = 5 * GRID  # pixels that stay free around all points
FAR_RADIUS = 2.0  # of a point among thousands
CROWD = 1500  # points from which they are drawn small
FONT = 11
NAMED = 600  # points, the first ones, that may be named
ZOOM, LEAST_ZOOM, MOST_ZOOM = 1.25, 0.5, 200.0
AHEAD = 0.25  # how far ahead of a point the next one is at least, as a share of how far it is aside, for an arrow key

_SIDES = {Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Up: (0, -1), Qt.Key.Key_Down: (0, 1)}


class Points(NamedTuple):
    """What a map shows: places (points × 2), a caption each, a class each (a place in `classes`) or None; whether the captions are
    names to write beside the points."""

    places: np.ndarray
    captions: Sequence[str]
    labels: np.ndarray | None = None
    classes: Sequence[str] = ()
    named: bool = False


NOTHING = Points(np.zeros((0, 2)), ())


class PointMap(QWidget):
    """`chosen(row)`: a point was clicked, or the arrow keys went to it. The wheel and + and - zoom, dragging moves the map, a double
    click or Home shows all of it.
    """

    chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.points, self._shares = NOTHING, NOTHING.places
        self.row, self.near_rows, self.found_rows = -1, (), ()
        self._zoom, self._middle = 1.0, QPointF(0.5, 0.5)  # in shares of what holds all points
        self._grabbed: QPointF | None = None
        self._dragged = False
        self._ground: QPixmap | None = None
        self._marked_names: list[tuple[QRectF, str]] = []
        self._under_mouse = -1
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(160, 120)
        theme.changed.connect(self._forget_ground)

    def set_points(self, points: Points) -> None:
        """Show other points, all of them."""
        places = points.places
        low, span = (places.min(0), np.ptp(places, axis=0)) if len(places) else (np.zeros(2), np.ones(2))
        shares = (places - low) / np.where(span > 0, span, 1) + np.where(span > 0, 0, 0.5)
        self.points, self._shares = points, shares * (1, -1) + (0, 1)  # up is up
        self.row, self.near_rows, self.found_rows = -1, (), ()
        self.setAccessibleName(tr("Map of {count} points", count=len(points.places)))
        self.setAccessibleDescription("")
        self.show_all()

    def mark(self, row: int, near: Sequence[int] = ()) -> None:
        """Mark a point (-1: none) and those that are near it."""
        self.row, self.near_rows = row, tuple(near)
        self.setAccessibleDescription(self.text_of(row) if row >= 0 else "")
        self._forget_ground()

    def set_found(self, rows: Sequence[int]) -> None:
        """Show which points a search has found."""
        self.found_rows = tuple(rows)
        self._forget_ground()

    def text_of(self, row: int) -> str:
        """What a point says of itself."""
        labels = self.points.labels
        return text_of(self.points.captions[row], self.points.classes[int(labels[row])] if labels is not None else None)

    @Slot()
    def show_all(self) -> None:
        """Show the whole map."""
        self._zoom, self._middle = 1.0, QPointF(0.5, 0.5)
        self._forget_ground()

    def bring(self, row: int) -> None:
        """Move the map until a point is in it."""
        if not self._area().contains(self.position(row)):
            self._middle = QPointF(*self._shares[row])
            self._forget_ground()

    def position(self, row: int) -> QPointF:
        """Where a point is, in pixels of the widget."""
        return QPointF(*self._pixels()[row].tolist())

    def row_at(self, at: QPointF) -> int:
        """The point nearest to there, at most `NEAR` pixels away; -1 for none."""
        if not len(self.points.places):
            return -1
        distances = np.hypot(*(self._pixels() - (at.x(), at.y())).T)
        row = int(distances.argmin())
        return row if distances[row] <= theme.px(NEAR) else -1

    def sizeHint(self) -> QSize:
        return QSize(320, 120)  # it takes what there is, and never makes its panel scroll

    # ---- places

    def _area(self) -> QRectF:
        """Where all points are at first, beside the legend. Both directions fill it: their units need not be as long as each other."""
        left = EDGE if self.points.labels is None else theme.px(legend_width(self.points.classes))
        return QRectF(self.rect()).adjusted(left, EDGE, -EDGE, -EDGE)

    def _scale(self) -> np.ndarray:
        """How many pixels wide and high all points are."""
        area = self._area()
        return np.maximum((area.width(), area.height()), 1) * self._zoom

    def _shift(self, pixels: QPointF) -> QPointF:
        """How far so many pixels are in shares of all points."""
        across, down = self._scale()
        return QPointF(pixels.x() / across, pixels.y() / down)

    def _pixels(self) -> np.ndarray:
        """Where all points are, in pixels."""
        center = self._area().center()
        return (self._shares - (self._middle.x(), self._middle.y())) * self._scale() + (center.x(), center.y())

    def _zoom_by(self, factor: float, at: QPointF) -> None:
        """Come nearer to a place, which stays where it is."""
        away = at - self._area().center()
        self._middle += self._shift(away)
        self._zoom = min(max(self._zoom * factor, LEAST_ZOOM), MOST_ZOOM)
        self._middle -= self._shift(away)
        self._forget_ground()

    # ---- painting

    @Slot()
    def _forget_ground(self) -> None:
        self._ground = None
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._ground is None:
            self._ground = QPixmap(self.size() * self.devicePixelRatio())
            self._ground.setDevicePixelRatio(self.devicePixelRatio())
            self._ground.fill(Qt.GlobalColor.transparent)
            self._paint_points(painter := QPainter(self._ground), stamped=len(self.points.places) >= CROWD)
            painter.end()
        painter = QPainter(self)
        painter.drawPixmap(0, 0, self._ground)
        self._paint_over(painter)
        if self.hasFocus():
            painter.setPen(QPen(theme.color("accent"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), GRID, GRID)

    def paint(self, painter: QPainter) -> None:
        """Draw the map."""
        painter.setClipRect(self.rect())
        self._paint_points(painter, stamped=False)
        self._paint_over(painter)

    def _paint_points(self, painter: QPainter, *, stamped: bool) -> None:
        """All points and names: each point drawn as what it is, or stamped, which is as good on a screen and ten times as fast."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        radius = theme.px(RADIUS if len(self.points.places) < CROWD else FAR_RADIUS)
        pixels = self._pixels()
        rows = np.flatnonzero(self._is_seen(pixels))
        labels = np.zeros(len(pixels), int) if self.points.labels is None else self.points.labels
        for label in np.unique(labels[rows]):
            painter.setBrush(theme.color(role_of(label) if self.points.labels is not None else "accent", 0.75))
            places = pixels[rows[labels[rows] == label]].tolist()
            if stamped:
                stamp_marks(painter, places, int(label), radius, self.devicePixelRatio())
            else:
                for x, y in places:
                    draw_mark(painter, QPointF(x, y), int(label), radius)
        if not (self._dragged and stamped):  # names of thousands wait until the map lies still
            self._paint_names(painter, pixels, rows)

    def _is_seen(self, pixels: np.ndarray) -> np.ndarray:
        edge = 2 * theme.px(RADIUS)
        limits = (self.width() + edge, self.height() + edge)
        return np.all((pixels >= -edge) & (pixels <= limits), axis=1)

    def _paint_over(self, painter: QPainter) -> None:
        """What changes with the mouse: the marked point and those near it, with their names."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pixels = self._pixels()
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if self.row >= 0:
            painter.setPen(QPen(theme.color("accent", 0.6), 1))
            for near in self.near_rows:
                painter.drawLine(QPointF(*pixels[self.row]), QPointF(*pixels[near]))
        for rows, role, radius in (
            (self.found_rows, "warning", 7),
            (self.near_rows, "accent", 6),
            ((self.row,), "text", 8),
        ):
            painter.setPen(QPen(theme.color(role), 2))
            for row in rows:
                if row >= 0:
                    painter.drawEllipse(QPointF(*pixels[row]), theme.px(radius), theme.px(radius))
        self._paint_marked_names(painter, pixels)
        if self.points.labels is not None:
            draw_legend(painter, np.unique(self.points.labels).tolist(), self.points.classes, self.height())

    def _paint_names(self, painter: QPainter, pixels: np.ndarray, rows: np.ndarray) -> None:
        """The names of points, the first ones first, where they cover neither points nor other names. Those of marked points come
        before them, and are only given their room: they stand on top of all points."""
        keeper = NameKeeper(pixels[rows], theme.px(RADIUS), QRectF(self.rect()))
        painter.setFont(self._name_font())
        metrics = painter.fontMetrics()
        self._marked_names = []
        marked = [row for row in dict.fromkeys((self.row, *self.near_rows, *self.found_rows)) if row >= 0]
        others: list[int] = rows[:NAMED].tolist() if self.points.named else []
        for row in dict.fromkeys((*marked, *others)):
            text, is_marked = self._name_of(row), row in marked
            size = QSizeF(metrics.horizontalAdvance(text) + 1, metrics.height())
            rect = keeper.room_for(QPointF(*pixels[row]), size, over_points=is_marked)
            if rect is not None and is_marked:
                self._marked_names.append((rect, text))
            elif rect is not None:
                draw_name(painter, rect, text)

    def _paint_marked_names(self, painter: QPainter, pixels: np.ndarray) -> None:
        """The names of marked points and of the one under the mouse, on a ground of their own."""
        painter.setFont(self._name_font())
        for rect, text in self._marked_names:
            draw_name(painter, rect, text, strong=True)
        if self._under_mouse >= 0:
            text, metrics = self._name_of(self._under_mouse), painter.fontMetrics()
            size = QSizeF(metrics.horizontalAdvance(text) + 1, metrics.height())
            keeper = NameKeeper(pixels[:0], theme.px(RADIUS), QRectF(self.rect()))
            if (rect := keeper.room_for(QPointF(*pixels[self._under_mouse]), size)) is not None:
                draw_name(painter, rect, text, strong=True)

    def _name_of(self, row: int) -> str:
        return self.points.captions[row] if self.points.named else self.text_of(row)

    def _name_font(self) -> QFont:
        font = self.font()
        font.setPixelSize(theme.px(FONT))
        return font

    # ---- mouse and keys

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._forget_ground()

    def wheelEvent(self, event: QWheelEvent) -> None:
        self._zoom_by(ZOOM ** (event.angleDelta().y() / 120), event.position())
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() in (Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton):
            self._grabbed, self._dragged = event.position(), False

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._grabbed is not None and (self._dragged or (event.position() - self._grabbed).manhattanLength() > GRID):
            self._dragged = True
            self._middle -= self._shift(event.position() - self._grabbed)
            self._grabbed = event.position()
            self._forget_ground()
            return
        self._point_at(self.row_at(event.position()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        grabbed, self._grabbed = self._grabbed, None
        was_dragged, self._dragged = self._dragged, False
        if was_dragged:
            self._forget_ground()
        elif grabbed is not None and event.button() == Qt.MouseButton.LeftButton:
            row = self.row_at(event.position())
            if row >= 0:
                self.chosen.emit(row)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if self.row_at(event.position()) < 0:
            self.show_all()

    def leaveEvent(self, event: QEvent) -> None:
        self._point_at(-1)
        super().leaveEvent(event)

    def _point_at(self, row: int) -> None:
        if row != self._under_mouse:
            self._under_mouse = row
            self.setCursor(Qt.CursorShape.PointingHandCursor if row >= 0 else Qt.CursorShape.ArrowCursor)
            self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, center = Qt.Key(event.key()), self._area().center()
        if key in _SIDES and len(self.points.places):
            self._go(np.array(_SIDES[key]))
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal, Qt.Key.Key_Minus):
            at = self.position(self.row) if self.row >= 0 else center
            self._zoom_by(1 / ZOOM if key == Qt.Key.Key_Minus else ZOOM, at)
        elif key == Qt.Key.Key_Home:
            self.show_all()
        else:
            super().keyPressEvent(event)

    def _go(self, side: np.ndarray) -> None:
        """Choose the next point to a side of the one that is chosen; the one in the middle of the map if none is."""
        pixels = self._pixels()
        if self.row < 0:
            center = self._area().center()
            row = int(np.hypot(*(pixels - (center.x(), center.y())).T).argmin())
        else:
            steps = pixels - pixels[self.row]
            ahead, aside = steps @ side, np.abs(steps @ side[::-1])
            costs = np.where(ahead > np.maximum(AHEAD * aside, 0.5), ahead + 2 * aside, np.inf)
            row = int(costs.argmin())
            if not np.isfinite(costs[row]):
                return
        self.bring(row)
        self.chosen.emit(row)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            row = self.row_at(QPointF(event.pos()))
            QToolTip.showText(event.globalPos(), self.text_of(row) if row >= 0 else "", self)
            return True
        return super().event(event)


def text_of(caption: str, name: str | None) -> str:
    """A caption with the name of its class, if it has one."""
    return caption if name is None else tr("{caption} · class {name}", caption=caption, name=name)
