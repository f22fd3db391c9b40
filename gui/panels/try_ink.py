"""Ink on a pad: strokes, the picture that they make, and the same strokes in another size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from PySide6.QtCore import QPointF, QSize, Qt
from PySide6.QtGui import QImage, QPainter, QPen

FAINT = 25  # of 255: ink below this is none
MOST_ENLARGED = 4.0  # times: a dot stays one


class Stroke(NamedTuple):
    """Where the pen went, in pixels."""

    places: Sequence[QPointF]
    is_erasing: bool


class Ink:
    """White strokes on black. Those that erase are twice as wide."""

    def __init__(self, size: QSize, pen: float) -> None:
        """`pen`: how wide strokes are, in pixels."""
        self._image = _blank(size)
        self._pen = pen
        self._strokes: list[Stroke] = []

    def width(self) -> int:
        """Pixels from left to right."""
        return self._image.width()

    def height(self) -> int:
        """Pixels from top to bottom."""
        return self._image.height()

    def size(self) -> QSize:
        """Of the picture, in pixels."""
        return self._image.size()

    def copy(self) -> Ink:
        """The same once more, to go on with."""
        made = Ink(self.size(), self._pen)
        made._image, made._strokes = self._image.copy(), list(self._strokes)
        return made

    def clear(self) -> None:
        """Take all of it away."""
        self._image.fill(0)
        self._strokes = []

    def go_to(self, here: QPointF, *, is_erasing: bool, begins: bool) -> None:
        """Lead the pen to a place, or `begin` a stroke there."""
        before = () if begins or not self._strokes else self._strokes.pop().places
        self._strokes.append(Stroke((*before, here), is_erasing))
        _draw(self._image, Stroke(self._strokes[-1].places[-2:], is_erasing), self._pen)

    def levels(self) -> np.ndarray:
        """How much ink is where, 0 to 255: height × width."""
        return _levels(self._image)

    def fitted(self, extent: float) -> np.ndarray:
        """The levels of the strokes brought to this share of the larger side, in the middle, and as wide as they were drawn."""
        is_ink = self.levels() > FAINT
        if not is_ink.any():
            return np.zeros_like(is_ink, np.uint8)
        ends = [
            np.flatnonzero(is_ink.any(axis))[[0, -1]].tolist() for axis in (0, 1)
        ]  # from left to right, from top to bottom
        rooms = [max(extent * side - self._pen, 1) for side in (self.width(), self.height())]
        sizes = [max(last + 1 - first - self._pen, 1) for first, last in ends]
        scale = min(MOST_ENLARGED, *(room / size for room, size in zip(rooms, sizes, strict=True)))
        middle = QPointF(*((first + last + 1) / 2 for first, last in ends))
        center = QPointF(self.width() / 2, self.height() / 2)
        image = _blank(self.size())
        for stroke in self._strokes:
            places = [(place - middle) * scale + center for place in stroke.places]
            _draw(image, Stroke(places, stroke.is_erasing), self._pen * (scale if stroke.is_erasing else 1))
        return _levels(image)


def _blank(size: QSize) -> QImage:
    image = QImage(size, QImage.Format.Format_Grayscale8)
    image.fill(0)
    return image


def _levels(image: QImage) -> np.ndarray:
    bits = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return bits[:, : image.width()].copy()  # the picture may go before it


def _draw(image: QImage, stroke: Stroke, pen: float) -> None:
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    color, width = (Qt.GlobalColor.black, 2 * pen) if stroke.is_erasing else (Qt.GlobalColor.white, pen)
    painter.setPen(QPen(color, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin))
    if len(stroke.places) > 1:
        painter.drawPolyline(stroke.places)
    else:
        painter.drawPoint(stroke.places[0])
    painter.end()
