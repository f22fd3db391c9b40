"""A curve of a plot: its points, and the items that draw them. Imports pyqtgraph."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from PySide6.QtGui import QPen

from gui.panels.legend import LegendEntry
from gui.panels.series import Array, Series, Smoothing
from gui.theme import theme

WIDTH = 1.6  # pixels
THIN_FROM = 640  # drawn points from which on a line is one device pixel wide: wider ones cost several times more
SMOOTH_BLOCKS = THIN_FROM // 2
DOTS_UNTIL = 120  # points up to which a curve shows each as a dot
FAINT = 0.3  # opacity of the points behind their average
EMPTY = np.empty(0)


class Curve:
    """A growing series and the items that draw it: the points as they are, faint, and smoothed where that is wanted."""

    def __init__(self, key: str, role: str, *, dots: bool = False) -> None:
        self.key, self.role = key, role
        self.raw, self.smooth = Series(), Series()
        self.entry: LegendEntry | None = None
        self.bounds: tuple[Array, Array] = (EMPTY, EMPTY)  # of what was drawn last
        self.pixel_ratio = 1.0  # device pixels a pixel: pens count in those
        self._smoothing: Smoothing | None = None
        self._faint, self._line = pg.PlotCurveItem(antialias=True), pg.PlotCurveItem(antialias=True)
        self._dots = pg.ScatterPlotItem(size=5, pen=None, antialias=True) if dots else None
        self.items = [item for item in (self._faint, self._line, self._dots) if item is not None]

    @property
    def name(self) -> str:
        """Its name in the legend."""
        return self.entry.text() if self.entry else self.key

    def smooth_over(self, span: float) -> None:
        """Draw an average over about `span` points, and the points themselves faintly."""
        self._smoothing = Smoothing(span)

    def extend(self, x: Sequence[float], y: Sequence[float]) -> None:
        """Append points."""
        self.raw.extend(x, y)
        if self._smoothing:
            self.smooth.extend(x, self._smoothing(y))

    def clear(self) -> None:
        """Forget all points."""
        self.raw, self.smooth, self._smoothing = Series(), Series(), None
        self.bounds = (EMPTY, EMPTY)
        for item in self.items:
            item.setData([], [])

    def draw(self, left: float, right: float, scale: float, log: bool) -> None:
        """Draw what lies between two steps; `scale` turns steps into the unit of the x axis."""
        raw = _picture(self.raw.points(left, right), scale, log)
        smooth = _picture(self.smooth.points(left, right, blocks=SMOOTH_BLOCKS), scale, log)
        main = smooth if self._smoothing else raw
        if self._smoothing:
            self._set(self._faint, raw, FAINT)
        self._set(self._line, main, 1.0)
        if self._dots is not None:
            self._dots.setData(*(main if len(main[0]) <= DOTS_UNTIL else ([], [])), brush=theme.color(self.role))
        self.bounds = _bounds(raw)

    def drawn(self) -> list[tuple[Array, Array, QPen]]:
        """The lines as they were drawn last, in units of the axes, and pens of their width in pixels."""
        faint = QPen(theme.color(self.role, FAINT), 1 / self.pixel_ratio)
        return [(*self._faint.getData(), faint), (*self._line.getData(), QPen(theme.color(self.role), WIDTH))]

    def dots_drawn(self) -> tuple[Array, Array]:
        """The points that were drawn as dots."""
        return self._dots.getData() if self._dots is not None else (EMPTY, EMPTY)

    def _set(self, item: pg.PlotCurveItem, picture: tuple[Array, Array], alpha: float) -> None:
        width = 1 if len(picture[0]) > THIN_FROM or alpha < 1 else WIDTH * self.pixel_ratio
        item.setData(*picture, pen=pg.mkPen(theme.color(self.role, alpha), width=width), connect="finite")


def _picture(points: tuple[Array, Array], scale: float, log: bool) -> tuple[Array, Array]:
    x, y = points
    if log:
        y = np.log10(np.where(y > 0, y, np.nan))
    return x * scale, y


def _bounds(picture: tuple[Array, Array]) -> tuple[Array, Array]:
    x, y = picture
    finite = np.isfinite(y)
    if not finite.any():
        return EMPTY, EMPTY
    return x[[0, -1]], np.array([y[finite].min(), y[finite].max()])
