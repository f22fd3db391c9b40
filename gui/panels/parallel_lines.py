"""The lines of parallel coordinates on a picture that is drawn a moment's worth at a time. Imports pyqtgraph."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from time import perf_counter

import numpy as np
from numpy.typing import NDArray
from pyqtgraph.Qt.internals import PrimitiveArray
from PySide6.QtCore import QLineF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPixmap

from gui.theme import theme

MOMENT = 0.01  # seconds that drawing may take at once
CHUNK = 60  # rows that are drawn between two looks at the clock
SHADES = 12  # colours between the worst and the best value
WORST, BEST, UNKNOWN, OTHERS = "validation", "accent", "outline", "border"  # roles of colours


class Lines:
    """A line a row through its place on each axis; those that are lit have their colour, the others are dim.

    `begin` when places, colours or size changed, `light` when others are lit; then `advance` until it says that all is drawn.
    What other rows are lit is seen at once: their lines are drawn over, and all anew when there is time.
    """

    def __init__(self) -> None:
        self.picture = QPixmap()
        self._next = QPixmap()  # what the picture will be when all is drawn
        self._segments = np.empty((0, 0, 4))
        self._colors: NDArray[np.int_] = np.empty(0, int)
        self._palette: list[QColor] = []
        self._lit = self._seen = np.empty(0, bool)  # which rows are, and which the picture shows as such
        self._left: Iterator[None] | None = None
        self._batch = PrimitiveArray(QLineF, 4)

    @property
    def is_done(self) -> bool:
        """Whether all is drawn."""
        return self._left is None

    @property
    def is_current(self) -> bool:
        """Whether the picture shows which rows are lit."""
        return np.array_equal(self._seen, self._lit)

    def begin(self, x: NDArray[np.float64], y: NDArray[np.float64], size: QSize, ratio: float) -> None:
        """Draw lines through `x` (axes), `y` (rows × axes) in pixels on a picture of this size, from the first one on."""
        if len(x) == 1:  # one axis has no lines: a stroke at each value
            x, y = np.array([x[0] - 8, x[0] + 8]), np.repeat(y, 2, axis=1)
        self._segments = segments(x, y)
        self.picture = empty_picture(size, ratio)
        self._next, self._seen = self.picture, self._lit.copy()  # it may be seen growing
        self._left = self._draw_all()

    def color(self, colors: NDArray[np.int_], palette: Sequence[QColor]) -> None:
        """The colour of each row, as a place in the palette; the later ones of it lie on top."""
        self._colors, self._palette = colors, list(palette)
        self._lit, self._seen = np.ones(len(colors), bool), np.ones(len(colors), bool)
        self._segments = self._segments[:0]  # until the next beginning

    def light(self, lit: NDArray[np.bool_]) -> None:
        """Let these rows (a mask) be lit and no others."""
        self._lit = lit
        if len(self._segments) and not self.picture.isNull():
            self._next = empty_picture(self.picture.deviceIndependentSize().toSize(), self.picture.devicePixelRatio())
            self._left = self._draw_all()
            self.draw_over()

    def draw_over(self, seconds: float = MOMENT) -> bool:
        """Draw over what is lit no longer or newly, for a moment; True if all can be seen as it should be, if not as nicely."""
        end = perf_counter() + seconds
        painter = _painter(self.picture)
        dims = [(theme.color(OTHERS), np.flatnonzero(self._seen & ~self._lit))]
        for color, rows in (*dims, *self._batches(self._lit & ~self._seen)):
            for start in range(0, len(rows), CHUNK):
                if perf_counter() > end:
                    painter.end()
                    return False
                some = rows[start : start + CHUNK]
                self._stroke(painter, some, color)
                self._seen[some] = self._lit[some]
        painter.end()
        return True

    def advance(self, seconds: float = MOMENT) -> bool:
        """Draw on for a moment; True if all is drawn."""
        end = perf_counter() + seconds
        while self._left is not None and perf_counter() < end:
            if next(self._left, True) is True:
                self._left, self.picture, self._seen = None, self._next, self._lit.copy()
        return self.is_done

    def stroke(self, painter: QPainter, rows: NDArray[np.int_], pen: QPen) -> None:
        """Draw the lines of some rows with another pen."""
        if len(rows) and self._segments.size:
            painter.setPen(pen)
            flat = self._segments[rows].reshape(-1, 4)
            self._batch.resize(len(flat))
            self._batch.ndarray()[:] = flat
            painter.drawLines(*self._batch.drawargs())  # pyright: ignore[reportCallIssue, reportArgumentType]

    def _stroke(self, painter: QPainter, rows: NDArray[np.int_], color: QColor) -> None:
        pen = QPen(color, 1)
        pen.setCosmetic(True)
        self.stroke(painter, rows, pen)

    def _batches(self, lit: NDArray[np.bool_]) -> Iterator[tuple[QColor, NDArray[np.int_]]]:
        for place, color in enumerate(self._palette):
            yield color, np.flatnonzero(lit & (self._colors == place))

    def _draw_all(self) -> Iterator[None]:
        """Dim lines, then lit ones on top of them; a step a chunk."""
        dim = (theme.color(OTHERS), np.flatnonzero(~self._lit))
        target = self._next
        for color, rows in (dim, *self._batches(self._lit)):
            for start in range(0, len(rows), CHUNK):
                painter = _painter(target)
                self._stroke(painter, rows[start : start + CHUNK], color)
                painter.end()
                yield


def segments(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """The lines (rows × axes − 1 × [x, y, x, y]) through places x (axes), y (rows × axes)."""
    made = np.empty((len(y), max(len(x) - 1, 0), 4))
    made[..., 0], made[..., 1], made[..., 2], made[..., 3] = x[:-1], y[:, :-1], x[1:], y[:, 1:]
    return made


def shades() -> list[QColor]:
    """Colours of what is not known, and from worst to best."""
    worst, best = theme.color(WORST), theme.color(BEST)
    steps = [step / (SHADES - 1) for step in range(SHADES)]
    return [theme.color(UNKNOWN), *(_mixed(worst, best, share) for share in steps)]


def _mixed(one: QColor, other: QColor, share: float) -> QColor:
    parts = zip(one.getRgb()[:3], other.getRgb()[:3], strict=True)  # pyright: ignore[reportIndexIssue]
    return QColor(*(round(a + (b - a) * share) for a, b in parts))


def empty_picture(size: QSize, ratio: float) -> QPixmap:
    """A transparent picture of this size, with `ratio` dots in a pixel."""
    picture = QPixmap(size * ratio)
    picture.setDevicePixelRatio(ratio)
    picture.fill(Qt.GlobalColor.transparent)
    return picture


def _painter(picture: QPixmap) -> QPainter:
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    return painter
