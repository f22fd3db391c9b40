"""The node item: a card on the canvas, painted once a zoom and kept as a picture."""

from __future__ import annotations

import math
from collections.abc import Hashable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt, QTimer
from PySide6.QtGui import QFont, QFontMetricsF, QPainter, QPixmap
from PySide6.QtWidgets import QGraphicsItem, QGraphicsRectItem, QStyleOptionGraphicsItem, QWidget

from graph.model import Node, Port, Position
from gui.canvas.card import Box, Card, color_role, is_bypassed, sheets, worst
from gui.canvas.geometry import MARGIN, PORT_RADIUS, Shape
from gui.canvas.living import Vital
from gui.canvas.marking import BADGE_RADIUS, CHEVRON, Mood, badge_center, chevron_center
from gui.canvas.painting import LEGIBLE, NAMED, paint_box, paint_card, paint_shadow, paint_told
from gui.canvas.palette import ui_font
from gui.theme import mono_font, theme

if TYPE_CHECKING:
    from gui.canvas.scene import CanvasScene

NODE_Z = 3.0
DRAGGED_Z = 4.0
PICTURE_BUDGET = 96 * 2**20  # bytes of pictures kept
CALM = Mood()


class Pictures:
    """The most recently used pictures of cards, up to a budget of memory."""

    def __init__(self) -> None:
        self._kept: dict[Hashable, QPixmap] = {}
        self._bytes = 0

    def get(self, key: Hashable) -> QPixmap | None:
        """The picture of that key, if it is kept."""
        picture = self._kept.pop(key, None)
        if picture is not None:
            self._kept[key] = picture
        return picture

    def put(self, key: Hashable, picture: QPixmap) -> None:
        """Keep a picture; the oldest go when the budget is spent."""
        self._kept[key] = picture
        self._bytes += _size(picture)
        while self._bytes > PICTURE_BUDGET and len(self._kept) > 1:
            self._bytes -= _size(self._kept.pop(next(iter(self._kept))))

    def clear(self) -> None:
        """Forget all pictures."""
        self._kept.clear()
        self._bytes = 0


class NodeItem(QGraphicsRectItem):
    """One node. What it says is asked from the scene when it is painted, so that building thousands costs little."""

    def __init__(self, canvas: CanvasScene, node: Node, ports: Shape) -> None:
        super().__init__(_outline(ports))
        self.canvas = canvas
        self.node = node
        self.ports = ports
        self.mood = CALM
        self.place: Position = node.position
        self._card: Card | None = None
        self._still: Card | None = None  # the same as its picture was painted: what a run tells is painted on that
        self._box: Box | None = None
        self._shown: Hashable = None
        self._far: tuple[float, float, QPixmap] | None = None  # its picture from afar, with scale and pixel ratio
        self.setPos(*node.position)
        self.setZValue(NODE_Z)

    # ---- what it is

    @property
    def card(self) -> Card:
        """What the card says now."""
        if self._card is None:
            self._card = self._still = self.canvas.card(self)
        return self._card

    @property
    def box(self) -> Box:
        """The card from afar, which costs less to know."""
        if self._box is None:
            node_type, severity = self.canvas.catalog.get(self.node.type), worst(self.canvas.problems_of(self.node.id))
            size, off = (self.ports.width, self.ports.height), is_bypassed(node_type, self.node)
            self._box = Box(color_role(node_type), severity, *size, sheets(node_type, self.node), off)
        return self._box

    def refresh(self) -> None:
        """Ask again what the card says."""
        self._card = self._box = self._far = None
        self.update()

    def tell(self, vital: Vital) -> None:
        """A run has other figures for it: what else the card says stays as it is painted."""
        card = self._card.told(vital) if self._card is not None else None
        if card is None:
            self.refresh()
        elif (card.left, card.curve) != (self.card.left, self.card.curve):
            self._card = card
            self.update(QRectF(0, 0, self.ports.width, self.ports.height))

    def move_to(self, place: Position) -> None:
        """Put the card there on the screen; the drawing itself is not touched."""
        if place != self.place:
            self.place = place
            self.setPos(*place)

    def reshape(self, ports: Shape) -> bool:
        """Take another set of ports; whether anything changed."""
        if ports == self.ports:
            return False
        self.ports = ports
        self.setRect(_outline(ports))
        self.refresh()
        return True

    def set_mood(self, **change: object) -> None:
        """Change parts of the mood."""
        mood = self.mood._replace(**change)
        if mood != self.mood:
            self.mood, self._far = mood, None
            self.update()

    # ---- where things are

    def body(self) -> QRectF:
        """The card itself, in the scene."""
        return QRectF(*self.place, self.ports.width, self.ports.height)

    def port_at(self, point: QPointF, slack: float) -> tuple[Port, bool] | None:
        """The port within reach of a point of the scene, and whether it is an output."""
        along, across = self.ports.turned(point.x() - self.place[0], point.y() - self.place[1])
        reach = PORT_RADIUS + slack
        for edge, ports in ((0.0, self.ports.inputs), (self.ports.depth, self.ports.outputs)):
            near = min(ports.items(), key=lambda port: abs(port[1] - across), default=None)
            if near and math.hypot(along - edge, across - near[1]) <= reach:
                return Port(self.node.id, near[0]), edge > 0
        return None

    def port_position(self, name: str, *, output: bool) -> Position:
        """The middle of a port, in the scene."""
        (left, top), (x, y) = self.place, self.ports.spot(name, output=output)
        return (left + x, top + y)

    def on_badge(self, point: QPointF) -> bool:
        """Whether a point of the scene is on the problem badge."""
        offset = point - QPointF(*self.place) - badge_center(self.ports.width)
        return self.box.severity is not None and math.hypot(offset.x(), offset.y()) <= BADGE_RADIUS + 1

    def on_chevron(self, point: QPointF) -> bool:
        """Whether a point of the scene is on the switch between small and whole."""
        offset = point - QPointF(*self.place) - chevron_center(self.ports)
        return max(abs(offset.x()), abs(offset.y())) <= CHEVRON

    # ---- painting

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        if self.canvas.node_painter is not None:
            self.canvas.node_painter(painter, self)
            return
        try:
            self._paint(painter)
        except Exception as error:  # it must not unwind through Qt, which would end the process
            QTimer.singleShot(0, partial(_report, error))

    def _paint(self, painter: QPainter) -> None:
        """Its picture, and on that what a run tells."""
        canvas, transform = self.canvas, painter.worldTransform()
        scale = transform.m11()
        if canvas.zooming and scale >= NAMED and (draft := canvas.pictures.get(self._shown)) is not None:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawPixmap(self.rect(), draft, QRectF(draft.rect()))
        else:
            ratio, margin = canvas.pixel_ratio, MARGIN * scale
            corner = QPointF(*(round((at - margin) * ratio) / ratio for at in (transform.dx(), transform.dy())))
            picture = self._picture(scale, ratio)
            painter.resetTransform()
            painter.drawPixmap(corner, picture)
            painter.translate(corner + QPointF(margin, margin))
            painter.scale(scale, scale)
        if scale >= LEGIBLE and self.card.is_told:
            paint_told(painter, self.card, self.mood, colors=canvas.colors, scale=scale)

    def _picture(self, scale: float, ratio: float) -> QPixmap:
        far = self._far
        if far is not None and far[0] == scale and far[1] == ratio:
            return far[2]
        key = (self._content(scale), scale, ratio)
        picture = self.canvas.pictures.get(key)
        if picture is None:
            picture = self._render(scale, ratio)
            self.canvas.pictures.put(key, picture)
        self._shown = key
        if scale < NAMED:
            self._far = (scale, ratio, picture)
        return picture

    def _content(self, scale: float) -> Hashable:
        """What its picture shows."""
        if scale >= NAMED:
            return (self.card if self._card is None else self._still, self.mood)
        return (self.box, self.mood if self.mood is CALM else self.mood.from_afar())

    def _render(self, scale: float, ratio: float) -> QPixmap:
        picture = self._ground(scale, ratio).copy()
        painter = self._painter_on(picture, scale)
        colors = self.canvas.colors
        try:
            if scale >= NAMED:
                paint_card(painter, self.card, self.mood, colors=colors, scale=scale, shadow=False, told=False)
            else:
                paint_box(painter, self.box, self.mood, colors=colors)
        finally:
            painter.end()  # Qt ends the process where a picture goes that is still being painted
        return picture

    def _ground(self, scale: float, ratio: float) -> QPixmap:
        """An empty picture of that size with the shadow of a card, made once for all cards of a shape."""
        bypassed = self.node.bypassed
        key = ("ground", self.ports.width, self.ports.height, bypassed, scale, ratio)
        ground = self.canvas.pictures.get(key)
        if ground is None:
            size = self.rect().size() * (scale * ratio)
            ground = QPixmap(math.ceil(size.width()), math.ceil(size.height()))
            ground.setDevicePixelRatio(ratio)
            ground.fill(Qt.GlobalColor.transparent)
            if scale >= LEGIBLE:
                painter = self._painter_on(ground, scale)
                paint_shadow(painter, self.ports, bypassed=bypassed, colors=self.canvas.colors)
                painter.end()
            self.canvas.pictures.put(key, ground)
        return ground

    @staticmethod
    def _painter_on(picture: QPixmap, scale: float) -> QPainter:
        painter = QPainter(picture)
        painter.scale(scale, scale)
        painter.translate(MARGIN, MARGIN)
        return painter


class Pill(QGraphicsItem):
    """A short text in a rounded box that keeps its size at every zoom: the shape of a wire, the reason of a refusal."""

    PADDING = 7.0
    LINE = 340.0  # the longest, like the texts in pixels at 100 %

    def __init__(self, canvas: CanvasScene) -> None:
        super().__init__()
        self.canvas = canvas
        self.text = ""
        self._role = "faint"
        self._font = mono_font(theme.px(11))
        self._area = QRectF()
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemIgnoresTransformations)
        self.setZValue(6.0)
        self.setVisible(False)

    def show_text(self, text: str, at: QPointF) -> None:
        """Show a shape centred on a point of the scene."""
        self._show(text, at, role="faint", font=mono_font(theme.px(11)))

    def show_hint(self, text: str, at: QPointF) -> None:
        """Show what would happen, centred on a point of the scene."""
        self._show(text, at, role="accent", font=ui_font(theme.px(12)))

    def show_refusal(self, text: str, at: QPointF) -> None:
        """Show why something cannot be done, centred on a point of the scene."""
        self._show(text, at, role="error", font=ui_font(theme.px(12)))

    def _show(self, text: str, at: QPointF, *, role: str, font: QFont) -> None:
        self.setVisible(True)
        self.setPos(at)
        if (text, role, font) != (self.text, self._role, self._font):
            self.prepareGeometryChange()
            self.text, self._role, self._font = text, role, font
            self._area = self._measure(text)
            self.update()

    def boundingRect(self) -> QRectF:
        return self._area.adjusted(-1, -1, 1, 1)

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        colors = self.canvas.colors
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(colors(self._role))
        painter.setBrush(colors("card"))
        painter.drawRoundedRect(self._area, 6, 6)
        painter.setPen(colors("text"))
        painter.setFont(self._font)
        painter.drawText(self._area, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self.text)

    def _measure(self, text: str) -> QRectF:
        room = QRectF(0, 0, theme.px(self.LINE), 1000)
        area = QFontMetricsF(self._font).boundingRect(room, Qt.TextFlag.TextWordWrap, text)
        width, height = math.ceil(area.width()) + 2 * self.PADDING, math.ceil(area.height()) + self.PADDING
        return QRectF(-width / 2, -height / 2, width, height)


def _report(error: Exception) -> None:
    raise error


def _outline(ports: Shape) -> QRectF:
    return QRectF(-MARGIN, -MARGIN, ports.width + 2 * MARGIN, ports.height + 2 * MARGIN)


def _size(picture: QPixmap) -> int:
    return 4 * picture.width() * picture.height()
