"""How points on a map look: the marks of classes, names on a ground of their own, a legend."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QPainter, QPixmap, QPolygonF

from graph.messages import tr
from gui.theme import GRID, theme

RADIUS = 4.0  # of a mark, in pixels at 100 %
CELL = (8, 7)  # pixels of the squares in which names are kept apart
GAP = 3  # pixels from a mark to its name
TEXT_EDGE = 3  # pixels above and below the letters of a name
LEGEND = 12  # classes that it names
NAME = 24 * GRID  # pixels at 100 % that a class has in the legend at most
LETTER = 7  # pixels at 100 % that a letter of it takes, about

# How classes look: ten colors of the theme and six shapes, so that no two of thirty look the same.
ROLES = (
    "convolution",
    "activation",
    "data",
    "loss",
    "linear",
    "arithmetic",
    "metric",
    "pooling",
    "normalization",
    "shape",
)
_SHAPES = tuple(
    QPolygonF([QPointF(*corner) for corner in corners])
    for corners in (
        (),
        ((-1, -1), (1, -1), (1, 1), (-1, 1)),
        ((0, -1.4), (1.4, 0), (0, 1.4), (-1.4, 0)),
        ((0, -1.4), (1.3, 1), (-1.3, 1)),
        ((0, 1.4), (1.3, -1), (-1.3, -1)),
        ((-1.4, -0.5), (-0.5, -0.5), (-0.5, -1.4), (0.5, -1.4), (0.5, -0.5), (1.4, -0.5), (1.4, 0.5), (0.5, 0.5), (0.5, 1.4),
         (-0.5, 1.4), (-0.5, 0.5), (-1.4, 0.5)),
    )
)  # fmt: skip


def role_of(label: int) -> str:
    """The color of a class."""
    return ROLES[int(label) % len(ROLES)]


def draw_mark(painter: QPainter, center: QPointF, label: int, radius: float) -> None:
    """The mark of a class, in the brush of the painter."""
    shape = _SHAPES[label % len(_SHAPES)]
    if shape.isEmpty():
        painter.drawEllipse(center, radius, radius)
    else:
        painter.save()
        painter.translate(center)
        painter.scale(radius * 0.9, radius * 0.9)
        painter.drawPolygon(shape)
        painter.restore()


def stamp_marks(painter: QPainter, places: Sequence[Sequence[float]], label: int, radius: float, ratio: float) -> None:
    """The mark of a class at many places (x, y), in the brush of the painter; `ratio` is the number of dots in a pixel."""
    side = math.ceil(3 * radius) + 2
    stamp = QPixmap(math.ceil(side * ratio), math.ceil(side * ratio))
    stamp.setDevicePixelRatio(ratio)
    stamp.fill(Qt.GlobalColor.transparent)
    brush = QPainter(stamp)
    brush.setRenderHint(QPainter.RenderHint.Antialiasing)
    brush.setPen(Qt.PenStyle.NoPen)
    brush.setBrush(painter.brush())
    draw_mark(brush, QPointF(side / 2, side / 2), label, radius)
    brush.end()
    for x, y in places:
        painter.drawPixmap(QPointF(x - side / 2, y - side / 2), stamp)


def draw_name(painter: QPainter, rect: QRectF, text: str, *, strong: bool = False) -> None:
    """A name, on a ground of its own where it may stand over points."""
    if strong:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("card", 0.85))
        painter.drawRoundedRect(rect.adjusted(-2, 0, 2, 0), 3, 3)
    painter.setPen(theme.color("text" if strong else "muted"))
    painter.drawText(rect, Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine, text)


class NameKeeper:
    """Finds room for names beside points (points × 2, pixels) so that no name covers a point or another name."""

    def __init__(self, pixels: np.ndarray, radius: float, inside: QRectF) -> None:
        self._radius, self._inside = radius, inside
        self._taken: set[tuple[int, int]] = set()
        # How many points lie to the left of and above each place: those in a rectangle are then a sum of four numbers.
        self._limits = (int(inside.width()) + 1, int(inside.height()) + 1)
        counts, _, _ = np.histogram2d(*pixels.T, bins=self._limits, range=[(0, side) for side in self._limits])
        self._counts = np.pad(counts.cumsum(0).cumsum(1), ((1, 0), (1, 0)))

    def room_for(self, point: QPointF, size: QSizeF, *, over_points: bool = False) -> QRectF | None:
        """Where a name of that size goes: at the right of its point, at the left, below or above; None where there is no room."""
        gap, width, height = self._radius + GAP, size.width(), size.height()
        for corner in (
            QPointF(gap, -height / 2),
            QPointF(-gap - width, -height / 2),
            QPointF(-width / 2, self._radius),
            QPointF(-width / 2, -self._radius - height),
        ):
            rect = QRectF(point + corner, size)
            cells = _cells(rect)
            if (
                self._inside.contains(rect)
                and self._taken.isdisjoint(cells)
                and (over_points or not self._covers(rect))
            ):
                self._taken |= cells
                return rect
        return None

    def _covers(self, rect: QRectF) -> bool:
        across, down = self._limits
        left, right = (int(min(max(x, 0), across)) for x in (rect.left() - self._radius, rect.right() + self._radius))
        edge = TEXT_EDGE - self._radius
        top, bottom = (int(min(max(y, 0), down)) for y in (rect.top() + edge, rect.bottom() - edge))
        sums = self._counts
        return bool(sums[right, bottom] - sums[left, bottom] - sums[right, top] + sums[left, top])


def legend_width(classes: Sequence[str]) -> int:
    """Pixels at 100 % that the legend takes, about, up to the points."""
    longest = max((len(str(name)) for name in classes), default=0)
    return 9 * GRID + min(NAME, LETTER * longest)


def draw_legend(painter: QPainter, present: Sequence[int], classes: Sequence[str], height: float) -> None:
    """The marks and names of the classes that are there, at the left upper corner: as many as find room, and how many do not."""
    room = height - theme.px(2 * GRID)
    line = min(theme.px(4 * GRID), max(theme.px(3 * GRID), room / max(1, min(len(present), LEGEND + 1))))
    fitting = max(1, int(room / line + 1e-6))
    shown = len(present) if len(present) <= min(fitting, LEGEND) else min(fitting - 1, LEGEND)
    name = QRectF(theme.px(5 * GRID), theme.px(GRID), theme.px(NAME), line)
    for label in present[:shown]:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color(role_of(label)))
        draw_mark(painter, QPointF(theme.px(3 * GRID), name.center().y()), label, theme.px(RADIUS))
        text = painter.fontMetrics().elidedText(str(classes[label]), Qt.TextElideMode.ElideRight, theme.px(NAME))
        draw_name(painter, name, text)
        name.translate(0, line)
    if len(present) > shown:
        draw_name(painter, name, tr("and {count} more", count=len(present) - shown))


def _cells(rect: QRectF) -> set[tuple[int, int]]:
    """The squares of a grid that a name touches."""
    across = range(int(rect.left()) // CELL[0], int(rect.right()) // CELL[0] + 1)
    down = range(int(rect.top()) // CELL[1], int(rect.bottom()) // CELL[1] + 1)
    return {(x, y) for x in across for y in down}
