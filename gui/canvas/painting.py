"""Paints a card: the same strokes on the screen, in SVG, PNG and PDF."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QGuiApplication, QPainter, QPainterPath, QPen

from gui.canvas.card import SEPARATOR, Box, Card
from gui.canvas.geometry import CORNER, HEIGHT, NAME_PITCH, NAME_ROW, PORT_PITCH, PORT_RADIUS, Shape
from gui.canvas.marking import (
    BADGE_RADIUS,
    STATES,
    Mood,
    paint_badge,
    paint_chevron,
    paint_curve,
    paint_hatch,
    paint_kin,
    paint_mark,
    paint_passing,
    paint_state,
    paint_surroundings,
)
from gui.canvas.palette import Colors, card_fonts, ui_font
from gui.theme import is_dark, mono_font

BAR = 5.0
TEXT_LEFT, TEXT_RIGHT = 16.0, 12.0  # what a card leaves free beside its texts
LEGIBLE = 0.45  # screen pixels a canvas unit from which on a card shows all that it has to say
PORT_NAMES_ABOVE = 0.7  # and from which on it has the names of its ports
NAMED = 0.26  # and from which on it is a colored box with a name; below it is a colored box
PALE = 0.62  # from here to `LEGIBLE` a card takes on the color of the box
TINT = 0.3  # how much of its color is in such a box
NAME_PIXELS = (12.0, 10.0, 8.0)  # heights on the screen of a name that is all that a card says: the first that fits
LEAST_NAME, LEAST_TEXT = 10.5, 8.5  # pixels on the screen: texts grow beyond their place in the drawing to keep that
LEAST_CARD_TEXT = 10.0  # canvas units to which a text may shrink before it is shortened
SWITCHED_OFF = 0.4  # how much of a card is left in the ground of one that is switched off
TEXT_ROOM = HEIGHT - 4.0  # for all lines of a card

_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_CENTER = Qt.AlignmentFlag.AlignCenter
_SHEET = 4.0  # how far each sheet behind the card of a block shows below the one before
_PORT_NAME_LEFT, _PORT_NAME_GAP = 11.0, 8.0
# What a card says, the most important line first: as many as there is room for, in the order of the third column.
_ALL = _NAME, _VALUES, _SUMMARY = 0, 1, 2
_LINES = ((_NAME, _SUMMARY, _VALUES), (_NAME, _VALUES), (_NAME,))
# Growing, fading outlines below the card add up to a soft shadow; gradients and blurs do not survive in SVG.
_SHADOW = ((0.0, 0.05), (1.0, 0.04), (2.0, 0.03), (3.5, 0.02), (5.0, 0.012))


def paint_card(
    painter: QPainter, card: Card, mood: Mood, *, colors: Colors, scale: float = 1.0, shadow: bool = True, told: bool = True,
) -> None:  # fmt: skip
    """Paint a card with its upper left corner at the origin, with the detail that `scale` pixels a unit deserve.

    Without `shadow` that is there already: see `paint_shadow`. Without `told` what a run tells is to be painted on it: see
    `paint_told`.
    """
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    shape = card.shape
    if scale < LEGIBLE:
        paint_box(painter, card.box, mood, colors=colors, sign=scale >= NAMED)
        _paint_name(painter, card, colors=colors, scale=scale)
        return
    if shadow:
        paint_shadow(painter, card.shape, bypassed=card.bypassed, colors=colors)
    _paint_sheets(painter, card.box, colors)
    paint_surroundings(painter, mood, QRectF(0, 0, shape.width, shape.height), colors=colors)
    _paint_body(painter, card, mood, colors=colors, scale=scale)
    if card.kin:
        paint_kin(painter, card.kin, shape.width, lit=mood.kin, colors=colors)
    lines = _ALL if told or not card.live else (_NAME, _SUMMARY)
    _paint_texts(painter, card, colors=colors, scale=scale, lines=lines)
    if shape.named and scale >= PORT_NAMES_ABOVE:
        _paint_port_names(painter, shape, colors)
    _paint_ports(painter, card, mood, colors=colors)
    paint_state(painter, card.state, shape, colors=colors)
    if told:
        _paint_curve(painter, card, colors=colors, scale=scale)
    _paint_signs(painter, card, mood, colors=colors)


def paint_told(painter: QPainter, card: Card, mood: Mood, *, colors: Colors, scale: float) -> None:
    """Paint on a card what a run tells of it, again and again: its live value, how its gradients went."""
    if scale < LEGIBLE or card.shape.collapsed:
        return
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    if card.live:
        _paint_texts(painter, card, colors=colors, scale=scale, lines=(_VALUES,))
    if card.curve:
        _paint_curve(painter, card, colors=colors, scale=scale)
        _paint_signs(painter, card, mood, colors=colors)


def _paint_curve(painter: QPainter, card: Card, *, colors: Colors, scale: float) -> None:
    if not card.shape.collapsed:
        role = STATES[card.state][1] if card.state else "good"
        paint_curve(painter, card.curve, _name_end(card, scale), card.shape.width, role=role, colors=colors)


def _paint_signs(painter: QPainter, card: Card, mood: Mood, *, colors: Colors) -> None:
    """What stands on the upper edge, above all else."""
    paint_badge(painter, card.severity, card.shape.width, colors=colors)
    paint_mark(painter, mood.mark, BADGE_RADIUS, colors=colors)
    if mood.hovered:
        paint_chevron(painter, card.shape, colors=colors)


def paint_box(painter: QPainter, box: Box, mood: Mood, *, colors: Colors, sign: bool = False) -> None:
    """Paint what can be seen of a card from afar; with `sign` also that of a difference."""
    role = "accent" if mood.selected else box.severity.value if box.severity else box.color
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    _paint_sheets(painter, box, colors)
    area = QRectF(1, 1, box.width - 2, box.height - 2)
    paint_surroundings(painter, mood, area, colors=colors)
    pen = QPen(colors(role), 2.0 if role == box.color else 6.0)
    if box.bypassed:
        pen.setDashPattern([4.0, 3.0])
    painter.setPen(pen)
    painter.setBrush(colors("canvas") if box.bypassed else colors.mix(box.color, "card", TINT))
    painter.drawRoundedRect(area, CORNER, CORNER)
    if sign:
        paint_mark(painter, mood.mark, 2 * BADGE_RADIUS, colors=colors)


def paint_shadow(painter: QPainter, shape: Shape, *, bypassed: bool, colors: Colors) -> None:
    """What a card throws on the canvas: the same for all cards of a shape."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    strength = 0.5 if bypassed else 2.2 if is_dark(colors.name) else 1.0
    for grow, alpha in _SHADOW:
        painter.setBrush(QColor.fromRgbF(0.0, 0.0, 0.0, alpha * strength))
        area = QRectF(-grow, 1.5 - grow, shape.width + 2 * grow, shape.height + 2 * grow)
        painter.drawRoundedRect(area, CORNER + grow, CORNER + grow)


def _paint_sheets(painter: QPainter, box: Box, colors: Colors) -> None:
    """What lies behind the card of a block: the drawing inside it, once more where it runs several times."""
    for number in range(box.sheets, 0, -1):
        inset = 4.0 + 5.0 * number
        painter.setPen(QPen(colors(box.color, 0.9 if number == 1 else 0.55), 1.2))
        painter.setBrush(colors.mix(box.color, "card", 0.22 if number == 1 else 0.12))
        area = QRectF(inset, box.height - 2 * CORNER + _SHEET * number, box.width - 2 * inset, 2 * CORNER)
        painter.drawRoundedRect(area, CORNER - 2, CORNER - 2)


def _paint_body(painter: QPainter, card: Card, mood: Mood, *, colors: Colors, scale: float) -> None:
    width, height = card.shape.width, card.shape.height
    whole = QRectF(0, 0, width, height)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colors.mix("card", "canvas", SWITCHED_OFF) if card.bypassed else _ground(card, colors, scale))
    painter.drawRoundedRect(whole, CORNER, CORNER)
    if card.bypassed:
        paint_hatch(painter, whole.adjusted(3, 3, -3, -3), colors=colors)
        painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colors(card.color, 0.5 if card.bypassed else 1.0))
    painter.drawPath(_bar(height))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    pen = _border(card, mood, colors)
    painter.setPen(pen)
    inset = pen.widthF() / 2
    painter.drawRoundedRect(whole.adjusted(inset, inset, -inset, -inset), CORNER - inset, CORNER - inset)
    if card.passing is not None and not card.shape.collapsed:
        paint_passing(painter, card.shape, card.passing, colors=colors)


def _ground(card: Card, colors: Colors, scale: float) -> QColor:
    """What the texts stand on: from afar it turns into the color of the box that is left of the card."""
    return colors.mix(card.color, "card", TINT * _paleness(scale))


def _paleness(scale: float) -> float:
    return max(0.0, min(1.0, (PALE - scale) / (PALE - LEGIBLE)))


def _border(card: Card, mood: Mood, colors: Colors) -> QPen:
    if mood.selected:
        return QPen(colors("accent"), 2.0)
    if mood.kin and card.kin is not None:
        return QPen(colors(card.kin.color), 2.0)
    plain = card.known and not card.bypassed
    pen = QPen(colors("outline" if card.bypassed else "faint" if mood.hovered or not plain else "border"), 1.0)
    if not plain:
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


@lru_cache(maxsize=256)
def _lines(_family: str, scale: float, room: float) -> tuple[tuple[int, float, float, QFont], ...]:
    """Which lines there is room for at a zoom: each with its top, height and font, all in canvas units."""
    name, text = max(13.0, LEAST_NAME / scale), max(11.0, LEAST_TEXT / scale)
    heights = {_NAME: 1.5 * name, _SUMMARY: 1.6 * text, _VALUES: 1.6 * text}
    lines = next((ls for ls in _LINES if sum(heights[line] for line in ls) <= room), _LINES[-1])
    fonts = {_NAME: ui_font(name, bold=True), _SUMMARY: ui_font(text), _VALUES: mono_font(text)}
    top, made = (room - sum(heights[line] for line in lines)) / 2, []
    for line in lines:
        made.append((line, top, heights[line], fonts[line]))
        top += heights[line]
    return tuple(made)


def _paint_texts(painter: QPainter, card: Card, *, colors: Colors, scale: float, lines: tuple[int, ...] = _ALL) -> None:
    shape = card.shape
    width, top = shape.width - TEXT_LEFT - TEXT_RIGHT, shape.text_top + (HEIGHT - TEXT_ROOM) / 2
    ink, least = colors("muted" if card.bypassed else "text"), LEAST_TEXT / scale
    if shape.collapsed:
        font = ui_font(min(max(12.0, LEAST_NAME / scale), 19.0), bold=True)
        room = QRectF(TEXT_LEFT - 2, 0, width + 6, shape.height)
        _line(painter, room, card.name, font=_fitting(font, card.name, room.width(), least), color=ink)
        return
    for line, y, height, font in _lines(QGuiApplication.font().family(), scale, TEXT_ROOM):
        if line not in lines:
            continue
        area = QRectF(TEXT_LEFT, top + y, width, height)
        if line == _NAME:
            font = _fitting(font, card.name, width, max(least, LEAST_CARD_TEXT))
            if card.bypassed:
                _clear(painter, area, card.name, font, colors)
            _line(painter, area, card.name, font=font, color=ink)
        elif line == _SUMMARY:
            text = _shortened(card.summary, font, width)
            font = _fitting(font, text, width, max(least, LEAST_CARD_TEXT))
            _line(painter, area, text, font=font, color=colors("muted"))
        else:
            font = ui_font(font.pixelSize()) if card.bypassed else font
            _paint_values(painter, card, area, font=font, ink=_ink(card, colors, scale), colors=colors)


def _name_end(card: Card, scale: float) -> float:
    """Where the name of a card that is not collapsed ends."""
    _, _, _, font = _lines(QGuiApplication.font().family(), scale, TEXT_ROOM)[0]
    width = card.shape.width - TEXT_LEFT - TEXT_RIGHT
    font = _fitting(font, card.name, width, max(LEAST_TEXT / scale, LEAST_CARD_TEXT))
    return TEXT_LEFT + QFontMetricsF(font).horizontalAdvance(card.name)


def _fitting(font: QFont, text: str, width: float, least: float) -> QFont:
    """The font, or the largest smaller one of at least that height in which the text fits, or the smallest."""
    fitting = QFont(font)
    while fitting.pixelSize() - 1 >= least and QFontMetricsF(fitting).horizontalAdvance(text) > width:
        fitting.setPixelSize(fitting.pixelSize() - 1)
    return fitting


def _clear(painter: QPainter, area: QRectF, text: str, font: QFont, colors: Colors) -> None:
    """Make room for the name of a card that is switched off: neither hatch nor wire runs through it."""
    metrics = QFontMetricsF(font)
    room = QRectF(area.left() - 3, area.center().y() - metrics.height() / 2, 0, metrics.height())
    room.setWidth(min(area.width(), metrics.horizontalAdvance(text)) + 6)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colors.mix("card", "canvas", SWITCHED_OFF))
    painter.drawRoundedRect(room, 3, 3)


def _ink(card: Card, colors: Colors, scale: float) -> QColor:
    """The color of the values: that of the family, as long as they do not stand on it."""
    return colors("muted" if card.bypassed else card.color if _paleness(scale) == 0.0 else "text")


def _shortened(text: str, font: QFont, width: float) -> str:
    """Without what may be left out, as far as there is no room for it."""
    metrics = QFontMetricsF(font)
    while SEPARATOR in text and metrics.horizontalAdvance(text) > width:
        text = text.rpartition(SEPARATOR)[0]
    return text


def _paint_values(painter: QPainter, card: Card, area: QRectF, *, font: QFont, ink: QColor, colors: Colors) -> None:
    """The third line: on the left the shape or live value, on the right the number of parameters."""
    metrics = QFontMetricsF(font)
    right, left = card.right, card.left
    if left and right and font.pixelSize() > 12 and metrics.horizontalAdvance(left + " " + right) > area.width():
        right, left = (right, "") if card.bypassed else ("", left)
    taken = metrics.horizontalAdvance(right) + 6 if right else 0.0
    _line(painter, area.adjusted(0, 0, -taken, 0), left, font=font, color=ink)
    if right:
        painter.setPen(colors("muted") if card.bypassed or ink != colors("text") else ink)
        painter.drawText(area, _RIGHT, right)


def _paint_port_names(painter: QPainter, shape: Shape, colors: Colors) -> None:
    """The names of the ports, each beside its port; a pair too long for the card shares its width."""
    painter.setFont(card_fonts().port)
    painter.setPen(colors("muted"))
    if shape.text_top:
        _paint_names_in_rows(painter, shape)
        return
    metrics, room = QFontMetricsF(painter.font()), shape.width - 2 * _PORT_NAME_LEFT
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
        for text, width, side in ((left, widths[0], _LEFT), (right, widths[1], _RIGHT)):
            shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, min(width, room) + 1)
            painter.drawText(area, side, shown)


def _paint_names_in_rows(painter: QPainter, shape: Shape) -> None:
    """The names of the ports below those on the upper edge, and above those on the lower one."""
    metrics = QFontMetricsF(painter.font())
    for ports, top in ((shape.inputs, PORT_RADIUS), (shape.outputs, shape.height - NAME_ROW - PORT_RADIUS)):
        room = shape.width / max(1, len(ports)) - 4
        for name, x in ports.items():
            shown = metrics.elidedText(name, Qt.TextElideMode.ElideRight, max(room, NAME_PITCH - 4))
            painter.drawText(QRectF(x - room / 2, top, room, NAME_ROW), _CENTER, shown)


def _line(painter: QPainter, area: QRectF, text: str, *, font: QFont, color: QColor) -> None:
    painter.setFont(font)
    painter.setPen(color)
    painter.drawText(area, _LEFT, QFontMetricsF(font).elidedText(text, Qt.TextElideMode.ElideRight, area.width()))


def _paint_ports(painter: QPainter, card: Card, mood: Mood, *, colors: Colors) -> None:
    shape = card.shape
    for name in shape.inputs:
        spot = QPointF(*shape.spot(name, output=False))
        ring = "error" if name in card.faulty else "accent" if name in mood.lit else "port"
        fill = colors("accent", 0.45) if name in mood.lit else colors("field" if is_dark(colors.name) else "card")
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colors("canvas"))
        painter.drawEllipse(spot, PORT_RADIUS + 1, PORT_RADIUS + 1)
        painter.setPen(QPen(colors(ring), 2.0))
        painter.setBrush(fill)
        painter.drawEllipse(spot, PORT_RADIUS - 0.5, PORT_RADIUS - 0.5)
    painter.setPen(QPen(colors("canvas"), 1.0))
    for name in shape.outputs:
        painter.setBrush(colors("error" if name in card.faulty else "accent" if name in mood.lit else "port"))
        painter.drawEllipse(QPointF(*shape.spot(name, output=True)), PORT_RADIUS + 0.5, PORT_RADIUS + 0.5)


def _paint_name(painter: QPainter, card: Card, *, colors: Colors, scale: float) -> None:
    """The name in the largest font that it fits in; in the smallest, shortened, if there is none."""
    room, fonts = card.shape.width - 8, _name_fonts(QGuiApplication.font().family(), scale)
    low = card.shape.height * 1.25
    fonts = [pair for pair in fonts if pair[1].height() <= low] or fonts[-1:]
    font, metrics = next((pair for pair in fonts if pair[1].horizontalAdvance(card.name) <= room), fonts[-1])
    painter.setFont(font)
    painter.setPen(colors("muted" if card.bypassed else "text"))
    name = metrics.elidedText(card.name, Qt.TextElideMode.ElideRight, room)
    painter.drawText(QRectF(0, 0, card.shape.width, card.shape.height), _CENTER | Qt.TextFlag.TextDontClip, name)


@lru_cache(maxsize=64)
def _name_fonts(_family: str, scale: float) -> tuple[tuple[QFont, QFontMetricsF], ...]:
    """The fonts for names at a zoom, the largest first, with their measures."""
    fonts = (ui_font(pixels / scale, bold=True) for pixels in NAME_PIXELS)
    return tuple((font, QFontMetricsF(font)) for font in fonts)
