"""The dots behind the drawing: opaque tiles, so that filling the background is a few copies of pixels."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainter, QPixmap, QTransform

from gui.canvas.painting import Colors

PITCH = 24.0
CELLS = 8  # dots along a tile
DOT = 1.5  # side of a dot, in pixels of the screen
FAINTEST = 0.4  # below this zoom dots would be fog


class Grid:
    """Paints the background of an area of the view."""

    def __init__(self) -> None:
        self._tile: QPixmap | None = None
        self._made_for: tuple = ()

    def paint(self, painter: QPainter, area: QRectF, view: QTransform, *, colors: Colors, ratio: float) -> None:
        """Fill `area` (in pixels of the viewport); `view` maps canvas units to them."""
        scale = view.m11()
        if scale < FAINTEST:
            painter.fillRect(area, colors("canvas"))
            return
        side = PITCH * CELLS * scale
        tile = self._tile_for(scale, ratio, colors)
        for row in range(math.floor((area.top() - view.dy()) / side), math.ceil((area.bottom() - view.dy()) / side)):
            for column in range(
                math.floor((area.left() - view.dx()) / side), math.ceil((area.right() - view.dx()) / side)
            ):
                x, y = view.dx() + column * side, view.dy() + row * side
                painter.drawPixmap(QPointF(math.floor(x * ratio) / ratio, math.floor(y * ratio) / ratio), tile)

    def _tile_for(self, scale: float, ratio: float, colors: Colors) -> QPixmap:
        made_for = (scale, ratio, colors)
        if self._tile is None or made_for != self._made_for:
            self._tile, self._made_for = _render(scale, ratio, colors), made_for
        return self._tile


def _render(scale: float, ratio: float, colors: Colors) -> QPixmap:
    side = math.ceil(PITCH * CELLS * scale * ratio) + 1  # tiles overlap by what rounding may leave open
    tile = QPixmap(side, side)
    tile.setDevicePixelRatio(ratio)
    tile.fill(colors("canvas"))
    painter = QPainter(tile)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    step = PITCH * scale
    for row in range(CELLS):
        for column in range(CELLS):
            center = QPointF(round((column + 0.5) * step * ratio) / ratio, round((row + 0.5) * step * ratio) / ratio)
            painter.fillRect(QRectF(center.x(), center.y(), DOT, DOT), colors("grid"))
    painter.end()
    return tile
