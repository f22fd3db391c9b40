"""The minimap: the whole drawing in a corner of the view, with a frame around what is on show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QPainter, QPen, QPixmap

from gui.canvas.painting import Colors

if TYPE_CHECKING:
    from gui.canvas.viewport import ZoomView

LARGEST, SMALLEST = (140, 84), (100, 60)
SHARE = 0.16  # of the width of the view
LEAST_VIEW = (360, 260)  # in a smaller one it would be in the way
GAP = 16  # from the corner of the view
PADDING = 8.0
ROOM = 60.0  # canvas units around the cards
FRAME_SHADE = 0.18  # opacity of frames


class Minimap:
    """Painted by the view over its picture (a widget there would stop the view from scrolling by copying pixels)."""

    def __init__(self, view: ZoomView) -> None:
        self._view = view
        self._picture: QPixmap | None = None
        self._painted_for: tuple = ()
        self.is_wanted = True

    @property
    def visible(self) -> bool:
        """Whether it is on show: only where part of the drawing is out of sight, and there is room."""
        bounds, port = self._view.scene().bounds(), self._view.viewport()
        if not self.is_wanted or port.width() < LEAST_VIEW[0] or port.height() < LEAST_VIEW[1]:
            return False
        return not bounds.isNull() and not self._view.visible_area().contains(bounds)

    def area(self) -> QRect:
        """Where it lies in the viewport."""
        port = self._view.viewport().rect()
        width = round(min(LARGEST[0], max(SMALLEST[0], SHARE * port.width())) / 4) * 4
        height = width * LARGEST[1] // LARGEST[0]
        return QRect(port.right() - GAP - width, port.bottom() - GAP - height, width, height)

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
        painted_for = (scene.arrangement, scene.bounds().getRect(), colors, ratio, self.area().size().toTuple())
        if self._picture is None or painted_for != self._painted_for:
            self._picture, self._painted_for = self._render(colors, ratio), painted_for
        return self._picture

    def _render(self, colors: Colors, ratio: float) -> QPixmap:
        size = self.area().size()
        picture = QPixmap(round(size.width() * ratio), round(size.height() * ratio))
        picture.setDevicePixelRatio(ratio)
        picture.fill(Qt.GlobalColor.transparent)
        scale, origin = self._fit()
        origin -= QPointF(self.area().topLeft())
        by_color: dict[str, list[QRectF]] = {}
        scene = self._view.scene()
        for node, item in scene.nodes.items():
            body = item.body()
            size = (max(2.0, body.width() * scale), max(1.5, body.height() * scale))
            place = origin + QPointF(*scene.graph.nodes[node].position) * scale  # also while the card glides there
            by_color.setdefault(item.box.color, []).append(QRectF(place.x(), place.y(), *size))
        painter = QPainter(picture)
        for frame in scene.annotations.frames():
            area = QRectF(*frame.annotation.area)  # also while it glides there
            at = QRectF(origin + area.topLeft() * scale, area.size() * scale)
            painter.fillRect(at, colors(frame.role, FRAME_SHADE))
            painter.setPen(QPen(colors(frame.role, 0.5), 1.0))
            painter.drawRect(at)
        for role, cards in by_color.items():
            for card in cards:
                painter.fillRect(card, colors(role, 0.8))
        painter.end()
        return picture
