"""Paints pictures of what a network does: planes, curves, points and images, in the colours of the theme. It needs NumPy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QPen, QPolygonF

from graph.messages import tr
from gui.figures import figure, percent
from gui.theme import GRID, theme
from runtime.events import Boundary, FunctionDrawn, ImagesAgain, ImagesMade, Picture, PointsMade

CLASSES = ("train", "validation", "speed", "metric", "rate", "activation", "good", "error")  # roles of colours
PALE, STRONG = (
    0.10,
    0.62,
)  # how much of the colour of a class there is where the network does not know, and where it does
SMALL = 11  # pixels at 100 % of words
RADIUS = 2.6  # of a mark
GAP = 2  # pixels between images
_SHAPES = (
    None,  # a disc
    ((0, -1.3), (1.3, 0), (0, 1.3), (-1.3, 0)),
    ((-1, -1), (1, -1), (1, 1), (-1, 1)),
    ((0, -1.3), (1.2, 0.9), (-1.2, 0.9)),
)
Box = tuple[float, float, float, float]


class Painted(Protocol):
    """A picture in the colours of the theme in use."""

    def paint(self, painter: QPainter, area: QRectF) -> None:
        """Draw it into an area."""
        ...

    def text_at(self, at: QPointF) -> str:
        """What is at a place of the area that it was drawn into; empty where there is nothing to say."""
        ...


def painted(picture: Picture) -> Painted:
    """What paints a picture."""
    kinds: dict[type, Any] = {
        Boundary: _Plane,
        FunctionDrawn: _Line,
        PointsMade: _Points,
        ImagesMade: _Images,
        ImagesAgain: _Pairs,
    }
    return kinds[type(picture)](picture)


# ---- planes and lines


class _Plot:
    """What has two axes: the plot in pixels, and the numbers at its sides."""

    def __init__(self, box: Box) -> None:
        self._box, self._plot = box, QRectF()

    def numbers_at(self, at: QPointF) -> tuple[float, float] | None:
        """The numbers at a place, or None outside of the plot."""
        left, right, bottom, top = self._box
        if self._plot.isEmpty() or not self._plot.contains(at):
            return None
        x = left + (at.x() - self._plot.left()) / self._plot.width() * (right - left)
        return x, top - (at.y() - self._plot.top()) / self._plot.height() * (top - bottom)

    def text_at(self, at: QPointF) -> str:
        """The numbers in words."""
        found = self.numbers_at(at)
        return "" if found is None else f"({figure(found[0])}, {figure(found[1])})"


class _Plane(_Plot):
    """The classes as fields of colour, and points with a colour and a shape for each class."""

    def __init__(self, picture: Boundary) -> None:
        super().__init__(picture.box)
        self._picture = picture
        self._count = max(
            2, len(picture.classes), int(picture.targets.max(initial=0)) + 1, int(picture.guess.max()) + 1
        )
        self._ground = _image(self._pixels())

    def _pixels(self) -> np.ndarray:
        """A colour for each place, the top row first."""
        picture, least = self._picture, 1 / self._count
        colors = np.array([_rgb(_class_color(number)) for number in range(self._count)], np.float32)
        sure = np.clip((picture.confidence - least) / (1 - least), 0, 1)
        share = (PALE + (STRONG - PALE) * sure)[..., None]
        pixels = (1 - share) * np.array(_rgb(theme.color("field"))) + share * colors[picture.guess]
        return pixels[::-1].round().astype(np.uint8)

    def paint(self, painter: QPainter, area: QRectF) -> None:
        picture = self._picture
        names = [(self._name(number), _class_color(number), number) for number in range(self._count)]
        plot = self._plot = _paint_legend(painter, area, names)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(plot, self._ground)
        for number in range(self._count):
            chosen = picture.points[picture.targets == number]
            _paint_marks(painter, _placed(chosen, picture.box, plot), _class_color(number), number)
        _paint_frame(painter, plot)

    def text_at(self, at: QPointF) -> str:
        text, found, picture = super().text_at(at), self.numbers_at(at), self._picture
        if found is None:
            return text
        left, right, bottom, top = picture.box
        rows, columns = picture.guess.shape
        row = round((found[1] - bottom) / (top - bottom) * (rows - 1))
        column = round((found[0] - left) / (right - left) * (columns - 1))
        share = percent(float(picture.confidence[row, column]))
        return f"{text}: {self._name(int(picture.guess[row, column]))} ({share})"

    def _name(self, number: int) -> str:
        classes = self._picture.classes
        return classes[number] if number < len(classes) else str(number)


class _Line(_Plot):
    """A curve over points."""

    def __init__(self, picture: FunctionDrawn) -> None:
        self._picture = picture
        y = picture.points[:, 1]
        margin = 0.1 * float(np.ptp(y)) or 1.0
        super().__init__((float(picture.x[0]), float(picture.x[-1]), float(y.min()) - margin, float(y.max()) + margin))

    def paint(self, painter: QPainter, area: QRectF) -> None:
        picture, box = self._picture, self._box
        data, curve = theme.color("validation"), theme.color("accent")
        plot = self._plot = _paint_legend(painter, area, [(tr("data"), data, 1), (tr("network"), curve, 0)])
        painter.fillRect(plot, theme.color("field"))
        _paint_marks(painter, _placed(picture.points, box, plot), data, 1)
        drawn = np.stack([picture.x, picture.y], 1)
        painter.save()
        painter.setClipRect(plot)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(curve, 2))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPolyline(QPolygonF(_placed(drawn[np.isfinite(drawn).all(1)], box, plot)))
        painter.restore()
        _paint_frame(painter, plot)


class _Points(_Plot):
    """Points that were made, over real ones."""

    def __init__(self, picture: PointsMade) -> None:
        super().__init__(picture.box)
        self._picture = picture

    def paint(self, painter: QPainter, area: QRectF) -> None:
        picture, real, made = self._picture, theme.color("faint"), theme.color("accent", 0.75)
        plot = self._plot = _paint_legend(painter, area, [(tr("data"), real, 0), (tr("network"), made, 1)])
        painter.fillRect(plot, theme.color("field"))
        for points, color, shape in ((picture.real, real, 0), (picture.points, made, 1)):
            _paint_marks(painter, _placed(points, picture.box, plot), color, shape)
        _paint_frame(painter, plot)


def _class_color(number: int) -> QColor:
    return theme.color(CLASSES[number % len(CLASSES)])


def _placed(points: np.ndarray, box: Box, plot: QRectF) -> list[QPointF]:
    """Where points are in a plot; those outside are left out."""
    left, right, bottom, top = box
    x = plot.left() + (points[:, 0] - left) / (right - left) * plot.width()
    y = plot.bottom() - (points[:, 1] - bottom) / (top - bottom) * plot.height()
    return [QPointF(*at) for at in zip(x.tolist(), y.tolist(), strict=True) if _is_near(at, plot)]


def _is_near(at: tuple[float, float], plot: QRectF) -> bool:
    """Whether a place is in a plot, or not farther from it than the plot is large: curves lead there."""
    x, y = at
    width, height = plot.width(), plot.height()
    return plot.left() - width <= x <= plot.right() + width and plot.top() - height <= y <= plot.bottom() + height


def _paint_marks(painter: QPainter, places: Sequence[QPointF], color: QColor, shape: int) -> None:
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(theme.color("field"), 0.7))
    painter.setBrush(color)
    path = _mark(shape, RADIUS)
    for at in places:
        painter.drawPath(path.translated(at))
    painter.restore()


def _mark(shape: int, radius: float) -> QPainterPath:
    corners, path = _SHAPES[shape % len(_SHAPES)], QPainterPath()
    if corners is None:
        path.addEllipse(QPointF(0, 0), radius, radius)
    else:
        path.addPolygon(QPolygonF([QPointF(x, y) * radius for x, y in corners]))
        path.closeSubpath()
    return path


def _paint_legend(painter: QPainter, area: QRectF, entries: Sequence[tuple[str, QColor, int]]) -> QRectF:
    """Marks with their names below a plot, as many as there is room for; gives the plot."""
    font = painter.font()
    font.setPixelSize(theme.px(SMALL))
    painter.setFont(font)
    line = painter.fontMetrics().height() + GRID
    at, middle = area.left() + RADIUS, area.bottom() - line / 2 + GRID / 2
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for name, color, shape in entries:
        width = painter.fontMetrics().horizontalAdvance(name)
        if at + 2 * GRID + width > area.right():
            break
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color)
        painter.drawPath(_mark(shape, RADIUS + 0.6).translated(at + 1, middle))
        painter.setPen(theme.color("muted"))
        words = QRectF(at + 2 * GRID, area.bottom() - line + GRID / 2, width + 1, line)
        painter.drawText(words, Qt.AlignmentFlag.AlignVCenter, name)
        at += 2 * GRID + width + 3 * GRID
    return area.adjusted(0, 0, 0, -line)


def _paint_frame(painter: QPainter, plot: QRectF) -> None:
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    painter.setPen(QPen(theme.color("border"), 1))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRect(plot.adjusted(0, 0, -1, -1))


# ---- images


class _Images:
    """Images beside and below each other."""

    def __init__(self, picture: ImagesMade) -> None:
        self._images = [_image(pixels) for pixels in picture.images]

    def paint(self, painter: QPainter, area: QRectF) -> None:
        count = len(self._images)
        columns = max(range(1, count + 1), key=lambda n: (_pixel(self._images, area, n, -(-count // n)), -(-count % n)))
        _paint_grid(painter, area, self._images, columns, -(-count // columns))

    def text_at(self, at: QPointF) -> str:
        """Nothing: an image says all of itself."""
        return ""


class _Pairs:
    """Images that the network was given, and below each what it made of it."""

    def __init__(self, picture: ImagesAgain) -> None:
        self._given = [_image(pixels) for pixels in picture.given]
        self._made = [_image(pixels) for pixels in picture.made]

    def paint(self, painter: QPainter, area: QRectF) -> None:
        font = painter.font()
        font.setPixelSize(theme.px(SMALL))
        painter.setFont(font)
        names = (tr("input"), tr("output"))
        room = max(painter.fontMetrics().horizontalAdvance(name) for name in names) + 2 * GRID
        area = area.adjusted(room, 0, 0, 0)
        count = len(self._given)
        bands = max(
            range(1, count + 1), key=lambda n: (_pixel(self._given, area, -(-count // n), 2 * n), -(-count % n))
        )
        columns = -(-count // bands)
        height = area.height() / bands
        for band in range(bands):
            part = slice(band * columns, (band + 1) * columns)
            place = QRectF(area.left(), area.top() + band * height, area.width(), height - GRID)
            cells = _paint_grid(painter, place, [*_filled(self._given[part], columns), *self._made[part]], columns, 2)
            painter.setPen(theme.color("muted"))
            for name, top in zip(names, (cells.top(), cells.center().y()), strict=True):
                words = QRectF(cells.left() - room, top, room - 2 * GRID, cells.height() / 2)
                painter.drawText(words, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, name)

    def text_at(self, at: QPointF) -> str:
        """Nothing: an image says all of itself."""
        return ""


def _filled(images: list[QImage], count: int) -> list[QImage]:
    return images + [QImage()] * (count - len(images))


def _cell(images: Sequence[QImage]) -> tuple[int, int]:
    return max(image.width() for image in images), max(image.height() for image in images)


def _pixel(images: Sequence[QImage], area: QRectF, columns: int, rows: int) -> float:
    """How many pixels of the window a pixel of an image gets: a whole number, unless that wastes much."""
    width, height = _cell(images)
    room = min((area.width() / columns - GAP) / width, (area.height() / rows - GAP) / height)
    return float(int(room)) if room >= 2 else max(0.05, room)


def _paint_grid(painter: QPainter, area: QRectF, images: Sequence[QImage], columns: int, rows: int) -> QRectF:
    """Draw images in the middle of an area, each pixel as large as any other; gives the area that they fill."""
    scale = _pixel(images, area, columns, rows)
    width, height = (side * scale for side in _cell(images))
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, scale < 1)
    taken = QRectF(0, 0, columns * (width + GAP) - GAP, rows * (height + GAP) - GAP)
    taken.moveCenter(area.center())
    left, top = round(taken.left()), round(taken.top())
    for number, image in enumerate(images):
        row, column = divmod(number, columns)
        at = QRectF(left + column * (width + GAP), top + row * (height + GAP), width, height)
        if not image.isNull():
            painter.drawImage(at, image)
    return QRectF(left, top, taken.width(), taken.height())


def _image(pixels: np.ndarray) -> QImage:
    """Bytes of height × width (× 3) as an image."""
    pixels = np.ascontiguousarray(pixels)
    form = QImage.Format.Format_Grayscale8 if pixels.ndim == 2 else QImage.Format.Format_RGB888
    return QImage(pixels.data, pixels.shape[1], pixels.shape[0], pixels.strides[0], form).copy()


def _rgb(color: QColor) -> tuple[int, int, int]:
    return color.red(), color.green(), color.blue()
