"""The minimap: the whole drawing in a corner of the view, with a frame around what is on show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QPainter, QPen, QPixmap

from gui.canvas.painting import Colors

if TYPE_CHECKING:
    from gui.canvas.viewport import ZoomView

SIZE = (140, 84)
GAP = 16  # from the corner of the view
PADDING = 8.0
ROOM = 60.0  # canvas units around the cards


class Minimap:
    """Painted by the view over its picture (a widget there would stop the view from scrolling by copying pixels)."""

    def __init__(self, view: ZoomView) -> None:
        self._view = view
        self._picture: QPixmap | None = None
        self._painted_for: tuple = ()

    @property
    def visible(self) -> bool:
        """Whether it is on show: only where part of the drawing is out of sight."""
        bounds = self._view.scene().bounds()
        return not bounds.isNull() and not self._view.visible_area().contains(bounds)

    def area(self) -> QRect:
        """Where it lies in the viewport."""
        port = self._view.viewport().rect()
        return QRect(port.right() - GAP - SIZE[0], port.bottom() - GAP - SIZE[1], *SIZE)

    def to_scene(self, point: QPointF) -> QPointF:
        """The place of the drawing that a point of the viewport shows in the minimap."""
        scale, origin = self._fit()
        return (point - origin) / scale

    def paint(self, painter: QPainter, colors: Colors) -> None:
        """Paint it at its place in the viewport."""
        area = QRectF(self.area())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(colors("border"))
        painter.setBrush(colors("field", 0.94))
        painter.drawRoundedRect(area.adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)
        painter.drawPixmap(area.topLeft(), self._cards(colors))
        scale, origin = self._fit()
        seen = self._view.visible_area()
        frame = QRectF(origin + seen.topLeft() * scale, seen.size() * scale)
        painter.setPen(QPen(colors("accent"), 1.5))
        painter.setBrush(colors("accent", 0.08))
        painter.drawRoundedRect(frame.intersected(area.adjusted(3, 3, -3, -3)), 3, 3)

    def _fit(self) -> tuple[float, QPointF]:
        """Viewport pixels a canvas unit, and where the origin of the canvas lies in the viewport."""
        bounds = self._view.scene().bounds().adjusted(-ROOM, -ROOM, ROOM, ROOM)
        inner = QRectF(self.area()).adjusted(PADDING, PADDING, -PADDING, -PADDING)
        scale = min(inner.width() / bounds.width(), inner.height() / bounds.height())
        return scale, inner.center() - bounds.center() * scale

    def _cards(self, colors: Colors) -> QPixmap:
        scene, ratio = self._view.scene(), self._view.devicePixelRatioF()
        painted_for = (scene.graph, colors, ratio)
        if self._picture is None or not all(
            a is b or a == ratio for a, b in zip(painted_for, self._painted_for, strict=True)
        ):
            self._picture, self._painted_for = self._render(colors, ratio), painted_for
        return self._picture

    def _render(self, colors: Colors, ratio: float) -> QPixmap:
        picture = QPixmap(round(SIZE[0] * ratio), round(SIZE[1] * ratio))
        picture.setDevicePixelRatio(ratio)
        picture.fill(Qt.GlobalColor.transparent)
        scale, origin = self._fit()
        origin -= QPointF(self.area().topLeft())
        by_color: dict[str, list[QRectF]] = {}
        for item in self._view.scene().nodes.values():
            body = item.body()
            size = (max(2.0, body.width() * scale), max(1.5, body.height() * scale))
            place = origin + body.topLeft() * scale
            by_color.setdefault(item.box.color, []).append(QRectF(place.x(), place.y(), *size))
        painter = QPainter(picture)
        for role, cards in by_color.items():
            for card in cards:
                painter.fillRect(card, colors(role, 0.8))
        painter.end()
        return picture
