"""How the axes of parallel coordinates look: their lines, marks, titles and ranges."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPen

from graph.messages import tr
from gui.panels.parallel_axes import FLOOR, NONE, Scale
from gui.panels.parallel_lines import SHADES, shades
from gui.panels.point_marks import ROLES, role_of
from gui.theme import GRID, mono_font, theme

TITLE, MARK = 12, 10  # pixels of the fonts at 100 %
HEAD, LINE = 8 * GRID, 5 * GRID  # pixels at 100 % above the axes, and for a second line of titles
LEFT, RIGHT, FOOT = 12 * GRID, 16 * GRID, 3 * GRID  # pixels at 100 % that stay free at the sides of the axes
GAP = 6  # pixels from an axis to what is written at it
RANGE = 12  # pixels that a range on an axis is wide
BETTER = {True: " ↑", False: " ↓", None: ""}  # behind a title: which end is the good one


@dataclass(frozen=True)
class Frame:
    """Where axes stand in a view of this size: side by side in their order, `floor` is the lowest place in shares. Titles are
    written on so many `lines`, by turns."""

    size: QSizeF
    count: int
    floor: float
    lines: int = 1

    @property
    def top(self) -> float:
        """Where the upper ends of the axes are, in pixels."""
        return theme.px(HEAD + (self.lines - 1) * (LINE - GRID)) + 0.5  # in the middle of a pixel

    @property
    def bottom(self) -> float:
        """Where the lowest place of the axes is, in pixels."""
        return self.size.height() - theme.px(FOOT) - 0.5

    @property
    def slot(self) -> float:
        """How many pixels axes are apart."""
        room = self.size.width() - theme.px(LEFT) - theme.px(RIGHT)
        return room / max(self.count - 1, 1)

    def x(self, slot: int) -> float:
        """Where the axis at a place in the order stands."""
        return theme.px(LEFT) + (slot * self.slot if self.count > 1 else self.slot / 2)

    def slot_at(self, x: float) -> int:
        """The place in the order that is nearest."""
        return min(max(round((x - self.x(0)) / max(self.slot, 1e-6)), 0), self.count - 1)

    def y(self, shares: NDArray[np.float64]) -> NDArray[np.float64]:
        """Where shares of an axis are in pixels."""
        return self.top + (1 - shares) / (1 - self.floor) * (self.bottom - self.top)

    def height_of(self, share: float) -> float:
        """Where a share of an axis is in pixels."""
        return float(self.y(np.array(share)))

    def share_at(self, y: float) -> float:
        """What share of an axis is there, from a little below the lowest to a little above the highest."""
        share = 1 - (y - self.top) / max(self.bottom - self.top, 1e-6) * (1 - self.floor)
        return min(max(share, FLOOR), 1 - FLOOR)

    def title(self, slot: int, width: float) -> QRectF:
        """Where a title of this width is written, within the view."""
        reach = self.lines * self.slot / 2 - GRID if self.count > 1 else self.size.width()
        left, right = max(self.x(slot) - reach, GRID), min(self.x(slot) + reach, self.size.width() - GRID)
        width = min(width, max(right - left, 0))
        top = theme.px(LINE) * (slot % self.lines)
        rect = QRectF(
            self.x(slot) - width / 2, top, width, theme.px(HEAD) - GRID if self.lines == 1 else theme.px(LINE)
        )
        rect.moveLeft(min(max(rect.left(), left), right - width))
        return rect


def colors_of(scale: Scale | None) -> tuple[list[QColor], NDArray[np.int_]]:
    """A palette, and the place in it of each row: from worst to best along an axis, of texts one each."""
    if scale is None:
        return [theme.color("accent")], np.empty(0, int)
    if scale.names:
        places = np.round(scale.shares * (len(scale.names) - 1)).astype(int) % len(ROLES) + 1
        palette = [theme.color("outline"), *(theme.color(role) for role in ROLES)]
    else:
        shares = scale.shares if scale.axis.larger_is_better is not False else 1 - scale.shares
        places, palette = 1 + np.clip(shares * SHADES, 0, SHADES - 1).astype(int), shades()
    return palette, np.where(scale.shares == NONE, 0, places)


def title_of(scale: Scale) -> str:
    """What stands above an axis."""
    return scale.axis.title + BETTER[scale.axis.larger_is_better]


def title_font(base: QFont) -> QFont:
    """The font of titles."""
    font = QFont(base)
    font.setPixelSize(theme.px(TITLE))
    return font


def draw_axis(
    painter: QPainter,
    frame: Frame,
    slot: int,
    scale: Scale,
    *,
    range_: tuple[float, float] | None,
    colored: bool,
    current: bool,
    grabbed: bool,
) -> None:
    """An axis with its title and marks; `current` is the one that keys go to, `grabbed` one that is moved to another place."""
    painter.save()
    x = frame.x(slot)
    if range_ is not None:
        _draw_range(painter, frame, x, range_)
    low = frame.height_of(NONE if scale.has_none else 0.0)
    painter.setPen(QPen(theme.color("accent" if current else "outline"), 1))
    painter.drawLine(QPointF(x, frame.height_of(1.0)), QPointF(x, low))
    if colored:
        _draw_colors(painter, frame, x, scale)
    _draw_title(painter, frame, slot, scale, current=current or grabbed)
    painter.setFont(mono_font(theme.px(MARK)))
    for y, text in _room_for(frame, scale, painter.fontMetrics().height()):
        _draw_mark(painter, frame, x, y, text)
    painter.restore()


def _draw_title(painter: QPainter, frame: Frame, slot: int, scale: Scale, *, current: bool) -> None:
    painter.setFont(title_font(painter.font()))
    metrics, text = painter.fontMetrics(), title_of(scale)
    rect = frame.title(slot, metrics.horizontalAdvance(text) + 2)
    painter.setPen(theme.color("accent" if current else "text"))
    shown = metrics.elidedText(text, Qt.TextElideMode.ElideMiddle, round(rect.width()))
    painter.drawText(rect, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextSingleLine, shown)


def _draw_colors(painter: QPainter, frame: Frame, x: float, scale: Scale) -> None:
    """What the colours of lines mean, along the axis that they come from."""
    if scale.names:
        painter.setPen(Qt.PenStyle.NoPen)
        for place, (share, _) in enumerate(scale.marks):
            painter.setBrush(theme.color(role_of(place)))
            painter.drawEllipse(QPointF(x, frame.height_of(share)), theme.px(4), theme.px(4))
        return
    colors = shades()[1:]
    for place, color in enumerate(reversed(colors) if scale.axis.larger_is_better is False else colors):
        ends = (frame.height_of(place / SHADES), frame.height_of((place + 1) / SHADES))
        painter.fillRect(QRectF(x - 1.5, ends[1], 3, ends[0] - ends[1]), color)


def _draw_range(painter: QPainter, frame: Frame, x: float, range_: tuple[float, float]) -> None:
    upper, lower = frame.height_of(min(range_[1], 1.04)), frame.height_of(max(range_[0], frame.floor - 0.04))
    painter.setPen(QPen(theme.color("accent"), 1))
    painter.setBrush(theme.color("accent", 0.25))
    painter.drawRoundedRect(QRectF(x - RANGE / 2, upper, RANGE, max(lower - upper, 2)), 3, 3)


def _room_for(frame: Frame, scale: Scale, apart: float) -> Iterator[tuple[float, str]]:
    """The marks that find room, both ends first."""
    marks = [(frame.height_of(share), text) for share, text in scale.marks]
    if scale.has_none:
        marks.append((frame.height_of(NONE), tr("none")))
    taken: list[float] = []
    for y, text in (*marks[-1:], *marks[:1], *marks[1:-1]):
        if all(abs(y - other) >= apart for other in taken):
            taken.append(y)
            yield y, text


def _draw_mark(painter: QPainter, frame: Frame, x: float, y: float, text: str) -> None:
    metrics = painter.fontMetrics()
    room = min(frame.slot - 3 * GAP, 24 * GRID) if x + frame.slot < frame.size.width() else theme.px(RIGHT) - 2 * GAP
    shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, round(max(room, 0)))
    rect = QRectF(x + GAP, y - metrics.height() / 2, metrics.horizontalAdvance(shown) + 1, metrics.height())
    painter.fillRect(rect.adjusted(-2, 1, 2, -1), theme.color("card", 0.8))
    painter.setPen(QPen(theme.color("outline"), 1))
    painter.drawLine(QPointF(x - 3, y), QPointF(x + 3, y))
    painter.setPen(theme.color("muted"))
    painter.drawText(rect, Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine, shown)


def draw_line(painter: QPainter, x: Sequence[float], y: Sequence[float], color: QColor) -> None:
    """A line that stands out, with a dot on each axis."""
    points = [QPointF(*point) for point in zip(x, y, strict=True)]
    painter.setPen(QPen(theme.color("card"), 5))
    painter.drawPolyline(points)
    painter.setPen(QPen(color, 2))
    painter.drawPolyline(points)
    painter.setPen(QPen(theme.color("card"), 1.5))
    painter.setBrush(color)
    for point in points:
        painter.drawEllipse(point, 4, 4)
