"""Many curves as one item of a plot, drawn a moment's worth at a time. Imports pyqtgraph."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from time import perf_counter
from typing import TypeAlias

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from pyqtgraph.Qt.internals import PrimitiveArray
from PySide6.QtCore import QLineF, QRect, QRectF, Qt, QTimer, Slot
from PySide6.QtGui import QColor, QPainter, QPen, QPixmap, QTransform
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from gui.panels.curve import Picture
from gui.theme import theme

MOMENT = 0.008  # seconds that drawing may take of a frame
CHUNK = 500  # lines that are drawn between two looks at the clock
Lines: TypeAlias = NDArray[np.float64]  # x and y of their ends: lines × 4
Stroke: TypeAlias = tuple[QColor, Lines]
Facts: TypeAlias = tuple[QTransform, QRect, float, int, str]  # what a picture is drawn for


class Crowd(pg.GraphicsObject):
    """Draws what it is told to in units of the axes; it takes the whole plot and stands in nobody's way.

    While the plot moves, what was drawn before moves along, until a new picture is done: a moment's worth of it is drawn
    between two frames.
    """

    def __init__(self) -> None:
        super().__init__()
        self._lines: list[tuple[str, Lines]] = []
        self._version = 0
        self._shown, self._next = _Sheet(), _Sheet()
        self._rest = QTimer(singleShot=True, interval=0)
        self._rest.timeout.connect(self._draw_on)
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)

    def show_curves(self, curves: Iterable[tuple[str, Picture]]) -> None:
        """Draw these curves, each in the colour of a role; a line is left out where it has an end that is no number."""
        by_role: dict[str, list[Picture]] = {}
        for role, picture in curves:
            by_role.setdefault(role, []).append(picture)
        self._lines = [(role, _lines_of(pictures)) for role, pictures in by_role.items()]
        self._version += 1
        self.setVisible(bool(self._lines))
        self.update()

    def boundingRect(self) -> QRectF:
        box = self.getViewBox()
        return box.viewRect() if box is not None else QRectF()

    def dataBounds(self, *_args: object, **_more: object) -> tuple[None, None]:
        """It follows the axes, they do not follow it."""
        return None, None

    def viewTransformChanged(self) -> None:
        self.prepareGeometryChange()
        super().viewTransformChanged()

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        to_pixels, ratio = painter.worldTransform(), painter.device().devicePixelRatio()
        area = to_pixels.mapRect(self.boundingRect()).toAlignedRect()
        facts = (to_pixels, area, ratio, self._version, theme.name)
        if facts != self._shown.facts:
            if self._next.left is None:
                self._next = _Sheet(facts, self._strokes())
            is_on_screen = isinstance(painter.device(), QWidget)
            self._advance(MOMENT if is_on_screen and self._shown.facts else math.inf, facts)
        self._shown.paint(painter, to_pixels)

    def _advance(self, seconds: float, facts: Facts | None = None) -> None:
        """Draw more; with the facts of what is to be seen, until that is done where there is time for it."""
        end = perf_counter() + seconds
        while self._next.advance(end):
            self._shown, self._next = self._next, _Sheet()
            if facts is None or facts == self._shown.facts:
                return
            self._next = _Sheet(facts, self._strokes())
        self._rest.start()

    @Slot()
    def _draw_on(self) -> None:
        if self._next.left is not None:
            self._advance(MOMENT)
            if self._next.left is None:
                self.update()  # and if the plot has moved on meanwhile, the next picture is begun

    def _strokes(self) -> Iterator[Stroke]:
        for role, lines in self._lines:
            color = theme.color(role)
            for start in range(0, len(lines), CHUNK):
                yield color, lines[start : start + CHUNK]


class _Sheet:
    """A picture of lines, as far as it is drawn."""

    def __init__(self, facts: Facts | None = None, strokes: Iterator[Stroke] | None = None) -> None:
        self.facts, self.left = facts, strokes
        self._batch = PrimitiveArray(QLineF, 4)
        if facts is not None:
            to_pixels, self._area, ratio, *_ = facts
            self._to = to_pixels * QTransform.fromTranslate(-self._area.x(), -self._area.y())
            self._picture = QPixmap(self._area.size() * ratio)
            self._picture.setDevicePixelRatio(ratio)
            self._picture.fill(Qt.GlobalColor.transparent)

    def advance(self, end: float) -> bool:
        """Draw until then; True if all is drawn now."""
        if self.left is None:
            return False
        painter = QPainter(self._picture)
        while perf_counter() < end:
            stroke = next(self.left, None)
            if stroke is None:
                self.left = None
                break
            self._draw(painter, *stroke)
        painter.end()
        return self.left is None

    def paint(self, painter: QPainter, to_pixels: QTransform) -> None:
        """Show it where its values are now."""
        if self.facts is None:
            return
        back, can_go_back = self.facts[0].inverted()
        painter.save()
        painter.setTransform(back * to_pixels if can_go_back else QTransform())
        painter.drawPixmap(self._area.topLeft(), self._picture)
        painter.restore()

    def _draw(self, painter: QPainter, color: QColor, lines: Lines) -> None:
        pen, to = QPen(color, 1), self._to
        pen.setCosmetic(True)
        painter.setPen(pen)
        self._batch.resize(len(lines))
        places = self._batch.ndarray()
        np.multiply(lines, (to.m11(), to.m22(), to.m11(), to.m22()), out=places)
        places += (to.dx(), to.dy(), to.dx(), to.dy())
        painter.drawLines(*self._batch.drawargs())  # pyright: ignore[reportCallIssue, reportArgumentType]


def _lines_of(pictures: list[Picture]) -> Lines:
    """The lines from point to point of each, but not from one to the next one."""
    counts = [len(x) for x, _ in pictures]
    points = np.empty((sum(counts), 2))
    if len(points) < 2:
        return np.empty((0, 4))
    for axis in (0, 1):
        np.concatenate([picture[axis] for picture in pictures], out=points[:, axis])
    lines = np.hstack((points[:-1], points[1:]))
    is_finite = np.isfinite(points[:, 1])
    is_line = is_finite[:-1] & is_finite[1:]
    is_line[np.cumsum(counts)[:-1] - 1] = False
    return lines[is_line]
