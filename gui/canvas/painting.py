"""Paints a card: the same strokes on the screen, in SVG, PNG and PDF."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QGuiApplication, QPainter, QPainterPath, QPen, QPolygonF

from graph.problems import Severity
from gui.canvas.card import SEPARATOR, Box, Card
from gui.canvas.geometry import CORNER, PORT_PITCH, PORT_RADIUS, WIDTH, Shape
from gui.canvas.kinship import Kin
from gui.theme import THEMES, mono_font

BAR = 5.0
TEXT_LEFT = 16.0
TEXT_RIGHT = WIDTH - 12.0
BADGE_RADIUS = 9.0
LEGIBLE = 0.45  # screen pixels a canvas unit from which on a card shows all that it has to say
PORT_NAMES_ABOVE = 0.7  # and from which on it has the names of its ports
NAMED = 0.26  # and from which on it is a coloured box with a name; below it is a coloured box
NAME_PIXELS = (12.0, 10.0, 8.0)  # heights on the screen of a name that is all that a card says: the first that fits

_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_CENTER = Qt.AlignmentFlag.AlignCenter
_SHEET = 4.0  # how far each sheet behind the card of a block shows below the one before
_PILL_HEIGHT = 16.0
_PORT_NAME_LEFT, _PORT_NAME_GAP = 11.0, 8.0
# Growing, fading outlines below the card add up to a soft shadow; gradients and blurs do not survive in SVG.
_SHADOW = ((0.0, 0.05), (1.0, 0.04), (2.0, 0.03), (3.5, 0.02), (5.0, 0.012))


class Mood(NamedTuple):
    """What the moment adds to a card: selected, under the cursor, ports that a wire may be dropped on.

    `kin` says that a node which shares its weights is selected or under the cursor.
    """

    selected: bool = False
    hovered: bool = False
    lit: frozenset[str] = frozenset()
    kin: bool = False


class Colors:
    """The colours of a theme, each made once."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._made: dict[tuple[str, float], QColor] = {}

    def __call__(self, role: str, alpha: float = 1.0) -> QColor:
        """The colour of a role, with an opacity from 0 to 1."""
        color = self._made.get((role, alpha))
        if color is None:
            color = self._made[role, alpha] = QColor(THEMES[self.name][role])
            color.setAlphaF(alpha)
        return color

    def mix(self, role: str, other: str, share: float) -> QColor:
        """`share` of one colour over another."""
        a, b = self(role), self(other)
        pairs = ((a.red(), b.red()), (a.green(), b.green()), (a.blue(), b.blue()))
        return QColor(*(round(share * x + (1 - share) * y) for x, y in pairs))


def ui_font(pixels: float, *, bold: bool = False) -> QFont:
    """The application's font in that height."""
    font = QFont(QGuiApplication.font())
    font.setPixelSize(round(pixels))
    font.setWeight(QFont.Weight.DemiBold if bold else QFont.Weight.Normal)
    return font


class Fonts(NamedTuple):
    """The fonts of a card: name, summary, values, badge, and the names of ports."""

    name: QFont
    text: QFont
    mono: QFont
    badge: QFont
    port: QFont


@lru_cache(maxsize=64)
def _fonts(family: str) -> Fonts:
    return Fonts(ui_font(13, bold=True), ui_font(11), mono_font(11), ui_font(12, bold=True), ui_font(10))


def card_fonts() -> Fonts:
    """The fonts of cards."""
    return _fonts(QGuiApplication.font().family())


def paint_card(painter: QPainter, card: Card, mood: Mood, *, colors: Colors, scale: float = 1.0) -> None:
    """Paint a card with its upper left corner at the origin, with the detail that `scale` pixels a unit deserve."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    if scale >= LEGIBLE:
        _paint_shadow(painter, card, colors)
        _paint_sheets(painter, card.box, colors)
        _paint_body(painter, card, mood, colors=colors)
        _paint_texts(painter, card, mood, colors=colors)
        if card.shape.named and scale >= PORT_NAMES_ABOVE:
            _paint_port_names(painter, card.shape, colors)
        _paint_ports(painter, card, mood, colors=colors)
        paint_badge(painter, card, colors)
    else:
        paint_box(painter, card.box, selected=mood.selected, colors=colors)
        _paint_name(painter, card, colors=colors, scale=scale)


def paint_box(painter: QPainter, box: Box, *, selected: bool, colors: Colors) -> None:
    """Paint what can be seen of a card from afar."""
    role = "accent" if selected else box.severity.value if box.severity else box.color
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    _paint_sheets(painter, box, colors)
    painter.setPen(QPen(colors(role), 2.0 if role == box.color else 6.0))
    painter.setBrush(colors.mix(box.color, "card", 0.55))
    painter.drawRoundedRect(QRectF(1, 1, WIDTH - 2, box.height - 2), CORNER, CORNER)


def badge_center() -> QPointF:
    """The middle of the problem badge, from the card's upper left corner."""
    return QPointF(WIDTH - 3.0, 3.0)


def paint_badge(painter: QPainter, card: Card, colors: Colors) -> None:
    """The mark of a problem: a disc for an error, a triangle for a warning, each with its exclamation mark."""
    if card.severity is None:
        return
    center = badge_center()
    painter.setPen(QPen(colors("canvas"), 2.0))
    painter.setBrush(colors(card.severity.value))
    if card.severity is Severity.ERROR:
        painter.drawEllipse(center, BADGE_RADIUS, BADGE_RADIUS)
    else:
        painter.drawPolygon(QPolygonF([center + QPointF(x, y) for x, y in ((0, -10), (10.5, 8.5), (-10.5, 8.5))]))
    painter.setPen(colors("canvas"))
    painter.setFont(card_fonts().badge)
    painter.drawText(
        QRectF(center.x() - 9, center.y() - 9 + (card.severity is not Severity.ERROR), 18, 18), _CENTER, "!"
    )


def _paint_shadow(painter: QPainter, card: Card, colors: Colors) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    strength = 1.0 if colors.name == "light" else 2.2
    for grow, alpha in _SHADOW:
        painter.setBrush(QColor.fromRgbF(0.0, 0.0, 0.0, alpha * strength))
        area = QRectF(-grow, 1.5 - grow, WIDTH + 2 * grow, card.shape.height + 2 * grow)
        painter.drawRoundedRect(area, CORNER + grow, CORNER + grow)


def _paint_sheets(painter: QPainter, box: Box, colors: Colors) -> None:
    """What lies behind the card of a block: the drawing inside it, once more where it runs several times."""
    for number in range(box.sheets, 0, -1):
        inset = 4.0 + 5.0 * number
        painter.setPen(QPen(colors(box.color, 0.9 if number == 1 else 0.55), 1.2))
        painter.setBrush(colors.mix(box.color, "card", 0.22 if number == 1 else 0.12))
        area = QRectF(inset, box.height - 2 * CORNER + _SHEET * number, WIDTH - 2 * inset, 2 * CORNER)
        painter.drawRoundedRect(area, CORNER - 2, CORNER - 2)


def _paint_body(painter: QPainter, card: Card, mood: Mood, *, colors: Colors) -> None:
    height = card.shape.height
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colors("card"))
    painter.drawRoundedRect(QRectF(0, 0, WIDTH, height), CORNER, CORNER)
    painter.setBrush(colors(card.color))
    painter.drawPath(_bar(height))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    pen = _border(card, mood, colors)
    painter.setPen(pen)
    inset = pen.widthF() / 2
    painter.drawRoundedRect(QRectF(inset, inset, WIDTH - 2 * inset, height - 2 * inset), CORNER - inset, CORNER - inset)


def _border(card: Card, mood: Mood, colors: Colors) -> QPen:
    if mood.selected:
        return QPen(colors("accent"), 2.0)
    if mood.kin and card.kin is not None:
        return QPen(colors(card.kin.color), 2.0)
    pen = QPen(colors("faint" if mood.hovered or not card.known else "border"), 1.0)
    if not card.known:
        pen.setDashPattern([4.0, 3.0])
    return pen


@lru_cache(maxsize=64)
def _bar(height: float) -> QPainterPath:
    """The left edge of the card, as wide as the bar, with the card's rounded corners."""
    path = QPainterPath(QPointF(BAR, 0))
    path.lineTo(CORNER, 0)
    path.arcTo(0, 0, 2 * CORNER, 2 * CORNER, 90, 90)
    path.arcTo(0, height - 2 * CORNER, 2 * CORNER, 2 * CORNER, 180, 90)
    path.lineTo(BAR, height)
    path.closeSubpath()
    strip = QPainterPath()
    strip.addRect(0, 0, BAR, height)
    return path.intersected(strip)


def _paint_texts(painter: QPainter, card: Card, mood: Mood, *, colors: Colors) -> None:
    name, text, mono, *_ = card_fonts()
    width = TEXT_RIGHT - TEXT_LEFT
    if card.kin:
        _paint_kin(painter, card.kin, lit=mood.kin, colors=colors)
    _line(painter, QRectF(TEXT_LEFT, 6, width, 21), card.name, font=name, color=colors("text"))
    summary, metrics = card.summary, QFontMetricsF(text)
    while SEPARATOR in summary and metrics.horizontalAdvance(summary) > width:
        summary = summary.rpartition(SEPARATOR)[0]
    _line(painter, QRectF(TEXT_LEFT, 25, width, 18), summary, font=text, color=colors("muted"))
    right = QFontMetricsF(mono).horizontalAdvance(card.right) + 6 if card.right else 0.0
    area = QRectF(TEXT_LEFT, 44, width, 17)
    _line(painter, area.adjusted(0, 0, -right, 0), card.left, font=mono, color=colors(card.color))
    if card.right:
        painter.setPen(colors("muted"))
        painter.drawText(area, _RIGHT, card.right)


def _paint_kin(painter: QPainter, kin: Kin, *, lit: bool, colors: Colors) -> None:
    """The mark of shared weights on the upper edge, two links of a chain and the letter of the group."""
    ink = colors("card" if lit else kin.color)
    font = card_fonts().badge
    letter = QFontMetricsF(font).horizontalAdvance(kin.letter)
    width = letter + 31.0
    area = QRectF(badge_center().x() - BADGE_RADIUS - 4 - width, -_PILL_HEIGHT / 2, width, _PILL_HEIGHT)
    painter.setPen(QPen(colors(kin.color), 1.0))
    painter.setBrush(colors(kin.color) if lit else colors.mix(kin.color, "card", 0.16))
    painter.drawRoundedRect(area, _PILL_HEIGHT / 2, _PILL_HEIGHT / 2)
    painter.setPen(QPen(ink, 1.4))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    middle = area.center().y()
    for left in (area.left() + 5, area.left() + 11):
        painter.drawRoundedRect(QRectF(left, middle - 2.5, 9, 5), 2.5, 2.5)
    painter.setFont(font)
    painter.drawText(area.adjusted(23, 0, 0, 0), _LEFT, kin.letter)


def _paint_port_names(painter: QPainter, shape: Shape, colors: Colors) -> None:
    """The names of the ports, each beside its port; a pair too long for the card shares its width."""
    font = card_fonts().port
    metrics, room = QFontMetricsF(font), WIDTH - 2 * _PORT_NAME_LEFT
    inputs = {y: name for name, y in shape.inputs.items()}
    outputs = {y: name for name, y in shape.outputs.items()}
    for y in inputs.keys() | outputs.keys():
        left, right = inputs.get(y, ""), outputs.get(y, "")
        needed = [metrics.horizontalAdvance(text) for text in (left, right)]
        half = (room - _PORT_NAME_GAP) / 2
        widths = needed
        if left and right and sum(needed) > room - _PORT_NAME_GAP:
            first = min(needed[0], max(half, room - _PORT_NAME_GAP - needed[1]))
            widths = [first, room - _PORT_NAME_GAP - first]
        area = QRectF(_PORT_NAME_LEFT, y - PORT_PITCH / 2, room, PORT_PITCH)
        painter.setFont(font)
        painter.setPen(colors("muted"))
        for text, width, side in ((left, widths[0], _LEFT), (right, widths[1], _RIGHT)):
            shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, min(width, room) + 1)
            painter.drawText(area, side, shown)


def _line(painter: QPainter, area: QRectF, text: str, *, font: QFont, color: QColor) -> None:
    painter.setFont(font)
    painter.setPen(color)
    painter.drawText(area, _LEFT, QFontMetricsF(font).elidedText(text, Qt.TextElideMode.ElideRight, area.width()))


def _paint_ports(painter: QPainter, card: Card, mood: Mood, *, colors: Colors) -> None:
    for name, y in card.shape.inputs.items():
        ring = "error" if name in card.faulty else "accent" if name in mood.lit else "port"
        fill = colors("accent", 0.45) if name in mood.lit else colors("field" if colors.name == "dark" else "card")
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colors("canvas"))
        painter.drawEllipse(QPointF(0, y), PORT_RADIUS + 1, PORT_RADIUS + 1)
        painter.setPen(QPen(colors(ring), 2.0))
        painter.setBrush(fill)
        painter.drawEllipse(QPointF(0, y), PORT_RADIUS - 0.5, PORT_RADIUS - 0.5)
    painter.setPen(QPen(colors("canvas"), 1.0))
    for name, y in card.shape.outputs.items():
        painter.setBrush(colors("error" if name in card.faulty else "accent" if name in mood.lit else "port"))
        painter.drawEllipse(QPointF(WIDTH, y), PORT_RADIUS + 0.5, PORT_RADIUS + 0.5)


def _paint_name(painter: QPainter, card: Card, *, colors: Colors, scale: float) -> None:
    """The name in the largest font that it fits in; in the smallest, shortened, if there is none."""
    room, fonts = WIDTH - 8, _name_fonts(QGuiApplication.font().family(), scale)
    font, metrics = next((pair for pair in fonts if pair[1].horizontalAdvance(card.name) <= room), fonts[-1])
    painter.setFont(font)
    painter.setPen(colors("text"))
    name = metrics.elidedText(card.name, Qt.TextElideMode.ElideRight, room)
    painter.drawText(QRectF(0, 0, WIDTH, card.shape.height), _CENTER, name)


@lru_cache(maxsize=64)
def _name_fonts(_family: str, scale: float) -> tuple[tuple[QFont, QFontMetricsF], ...]:
    """The fonts for names at a zoom, the largest first, with their measures."""
    fonts = (ui_font(pixels / scale, bold=True) for pixels in NAME_PIXELS)
    return tuple((font, QFontMetricsF(font)) for font in fonts)
