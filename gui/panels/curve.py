"""A curve of a plot: its points, and the items that draw them. Imports pyqtgraph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QPen

from gui.panels.legend import DIAMOND, MARKS, ROUND, LegendEntry
from gui.panels.series import BLOCKS, Array, Series, Smoothing
from gui.panels.units import Unit
from gui.theme import theme

WIDTH = 1.6  # pixels
THIN_FROM = 400  # drawn points from which on a line is one device pixel wide: wider ones cost several times more
SMOOTH_WIDTH = 3  # pixels between two points of an average
MIN_BLOCKS = 32
DOTS_UNTIL = 120  # points up to which a curve shows each as a dot
DOT_SIZE = {ROUND: 5, DIAMOND: 8}
FEW = 50  # points that are all shown, however steep they begin
BEGINNING = 0.03  # the part of a curve
STEEP = 8  # times the range of the rest
DASHES = (5.0, 2.5)  # widths of the line that are drawn and left out, where the mark is a diamond
FAINT = 0.3  # opacity of the points behind their average
EMPTY = np.empty(0)
Picture: TypeAlias = tuple[Array, Array]  # x and y of a line
NOTHING: Picture = (EMPTY, EMPTY)


class Line(pg.PlotCurveItem):
    """A line that may be anywhere in the plot, which clips it: where exactly it is need not be known before it is painted."""

    def __init__(self) -> None:
        super().__init__(antialias=True)
        self._dressed: tuple[object, ...] = ()

    def boundingRect(self) -> QRectF:
        if self._boundingRect is None:
            box = self.getViewBox()
            self._boundingRect = box.viewRect() if box is not None else QRectF()
        return self._boundingRect

    def viewTransformChanged(self) -> None:
        """What is hidden looks for its place when it is shown: there may be hundreds, at every turn of the wheel."""
        if self.isVisible():
            super().viewTransformChanged()
        else:
            self._boundingRect = None

    def dress(self, color: QColor, width: float, dashes: tuple[float, float] | None) -> None:
        """Take a pen for what is drawn from now on, where it is another one."""
        if (dressed := (color.rgba(), width, dashes)) != self._dressed:
            self._dressed = dressed
            self.setPen(pg.mkPen(color, width=width, dash=dashes))


class Curve:
    """A growing series and the items that draw it: the points as they are, faint, and smoothed where that is wanted."""

    def __init__(self, key: str, role: str, *, dots: bool = False, mark: str = "", raw_behind: bool = True) -> None:
        """`mark` is that of the role where there is none; with `raw_behind` the points are drawn behind their average."""
        self.key, self.role, self.name = key, role, key
        self.raw, self.smooth = Series(), Series()
        self.entry: LegendEntry | None = None
        self.bounds = NOTHING  # of what was drawn last
        self.pixel_ratio = 1.0  # device pixels a pixel: pens count in those
        self._shown = True
        self._smoothing: Smoothing | None = None
        self._drawn = (NOTHING, NOTHING)  # behind, in front
        self.end = -np.inf  # the last step that is drawn
        self._faint, self._line = Line(), Line()
        self._has_marks = False
        self.mark = mark or MARKS.get(role, ROUND)
        self._raw_behind = raw_behind
        self._dots = (
            pg.ScatterPlotItem(size=DOT_SIZE[self.mark], symbol=self.mark, pen=None, antialias=True) if dots else None
        )
        self.items = [item for item in (self._faint, self._line, self._dots) if item is not None]

    def smooth_over(self, span: float) -> None:
        """Draw an average over about `span` points, and the points themselves faintly; up to one, the points alone."""
        self._smoothing, self.smooth = (Smoothing(span), Series()) if span > 1 else (None, Series())
        if self._smoothing and len(self.raw):
            self.smooth.extend(self.raw.x, self._smoothing(self.raw.y.tolist()))

    def extend(self, x: Sequence[float], y: Sequence[float]) -> None:
        """Append points."""
        self.raw.extend(x, y)
        if self._smoothing:
            self.smooth.extend(x, self._smoothing(y))

    def cut(self, until: float) -> None:
        """Forget the points beyond a step."""
        size = int(np.searchsorted(self.raw.x, until, side="right"))
        self.raw.cut(size)
        if self._smoothing:
            self.smooth.cut(size)
            self._smoothing.go_on_from(float(self.smooth.y[-1]) if size else None)

    def clear(self) -> None:
        """Forget all points."""
        self.raw, self.smooth, self._smoothing = Series(), Series(), None
        self.bounds, self._drawn, self.end = NOTHING, (NOTHING, NOTHING), -np.inf
        for item in self.items:
            item.setData([], [])

    def show(self, shown: bool) -> None:
        """Draw the curve from now on, or leave it out. Items without points are hidden: painting nothing costs time."""
        self._shown = shown
        for item in self.items:
            x, _ = item.getData()
            item.setVisible(shown and x is not None and len(x) > 0)

    def draw(self, span: tuple[float, float], width: int, *, unit: Unit, log: bool) -> None:
        """Draw what lies between two steps on so many device pixels; `unit` is what the x axis counts."""
        raw = picture_of(self.raw.points(*span, blocks=min(BLOCKS, max(width, MIN_BLOCKS))), unit, log)
        smooth = picture_of(self.smooth.middle(*span, blocks=max(width // SMOOTH_WIDTH, MIN_BLOCKS)), unit, log)
        behind = raw if self._raw_behind else NOTHING
        self._drawn = (behind, smooth) if self._smoothing else (NOTHING, raw)
        self._set(self._faint, self._drawn[0], FAINT)
        self._set(self._line, self._drawn[1], 1.0)
        self._mark(self.dots_drawn())
        self.show(self._shown)
        self.end = self.raw.x[-1] if len(self.raw) else -np.inf
        self.bounds = bounds_of(self._drawn[0] if len(self._drawn[0][0]) else self._drawn[1])

    def drawn(self) -> list[tuple[Picture, QPen]]:
        """The lines as they were drawn last, in units of the axes, with pens of their width in pixels."""
        line = QPen(theme.color(self.role), WIDTH)
        if self.mark == DIAMOND:
            line.setDashPattern(DASHES)
        pens = (QPen(theme.color(self.role, FAINT), 1 / self.pixel_ratio), line)
        return list(zip(self._drawn, pens, strict=True))

    def dots_drawn(self) -> Picture:
        """The points that were drawn as dots."""
        x, y = self._drawn[1]
        if self._dots is None or self._smoothing or len(x) > DOTS_UNTIL:
            return NOTHING
        finite = np.isfinite(y)
        return x[finite], y[finite]

    def _mark(self, points: Picture) -> None:
        """Draw dots, where there are or were any."""
        if self._dots is not None and (len(points[0]) or self._has_marks):
            self._dots.setData(*points, brush=theme.color(self.role))
            self._has_marks = len(points[0]) > 0

    def _set(self, item: Line, picture: Picture, alpha: float) -> None:
        width = 1 if len(picture[0]) > THIN_FROM or alpha < 1 else WIDTH * self.pixel_ratio
        dashes = DASHES if self.mark == DIAMOND else None
        item.dress(theme.color(self.role, alpha), width, dashes)
        item.setData(*picture, connect="finite")


def picture_of(points: Picture, unit: Unit, log: bool) -> Picture:
    """Points over steps in units of the axes."""
    x, y = points
    if log:
        y = np.log10(np.where(y > 0, y, np.nan))
    return unit.of(x), y


def bounds_of(picture: Picture, *, is_finite: bool = False) -> Picture:
    """Both ends of a line in x, and its range in y without a steep beginning; `is_finite` where all of y is known to be numbers."""
    x, y = picture
    if not is_finite and not (finite := np.isfinite(y)).all():
        if not finite.any():
            return EMPTY, EMPTY
        return x[[0, -1]], np.array(_range(x[finite], y[finite]))
    return (x[:: len(x) - 1] if len(x) > 1 else x[[0, -1]], np.array(_range(x, y))) if len(x) else (EMPTY, EMPTY)


def _range(x: Array, y: Array) -> tuple[float, float]:
    """The lowest and the highest value, where a steep beginning is cut off: it would make what follows a flat line."""
    low, high = np.minimum.reduce(y), np.maximum.reduce(y)
    if len(y) < FEW:
        return low, high
    later = y[x.searchsorted(x[0] + BEGINNING * (x[-1] - x[0])) :]
    bottom, top = np.minimum.reduce(later), np.maximum.reduce(later)
    room = top - bottom
    if high - low <= STEEP * room:
        return low, high
    return max(low, bottom - room), min(high, top + room)
