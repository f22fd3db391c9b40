"""Paints keys as the caps of a keyboard, for lists."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QFont, QFontInfo, QFontMetricsF, QPainter

from gui.shortcuts import caps
from gui.theme import GRID, theme

CAP_GAP, STROKE_GAP, KEY_GAP = 2, GRID, 2 * GRID  # between caps, between the strokes of a key, between keys
SMALLER = 0.85  # than the text beside it
HEIGHT = 1.8  # of a cap, in heights of its letters


def paint_caps(painter: QPainter, area: QRectF, keys: Sequence[str], *, at_right: bool = False) -> float:
    """Paint keys such as "Ctrl+K" at the left or the right of an area, as many as there is room for.

    Returns:
        The x at which the caps begin.
    """
    font = cap_font(painter.font())
    widths = [width_of(key, font) for key in keys]
    while widths and sum(widths) + KEY_GAP * (len(widths) - 1) > area.width():
        widths.pop()
    whole = sum(widths) + KEY_GAP * (len(widths) - 1) if widths else 0.0
    begin = x = area.right() - whole if at_right else area.left()
    painter.save()
    painter.setFont(font)
    for key, width in zip(keys, widths, strict=False):
        _paint_key(painter, x, area.center().y(), key)
        x += width + KEY_GAP
    painter.restore()
    return begin


def width_of(key: str, font: QFont) -> float:
    """How wide the caps of a key are."""
    strokes = caps(key)
    names = [name for stroke in strokes for name in stroke]
    gaps = CAP_GAP * (len(names) - 1) + STROKE_GAP * (len(strokes) - 1)
    return sum(_cap_width(name, font) for name in names) + gaps


def cap_font(base: QFont) -> QFont:
    """The font of the letters on the caps, beside text in the font `base`."""
    font = QFont(base)
    font.setPixelSize(round(SMALLER * QFontInfo(base).pixelSize()))
    font.setBold(False)
    return font


def _paint_key(painter: QPainter, x: float, middle: float, key: str) -> None:
    height = _cap_height(painter.font())
    top = round(middle - height / 2)
    for stroke in caps(key):
        for name in stroke:
            width = _cap_width(name, painter.font())
            cap = QRectF(round(x) + 0.5, top + 0.5, width - 1, height - 1)
            painter.setPen(theme.color("border"))
            painter.setBrush(theme.color("field"))
            painter.drawRoundedRect(cap, 4, 4)
            painter.setPen(theme.color("muted"))
            painter.drawText(cap, Qt.AlignmentFlag.AlignCenter, name)
            x += width + CAP_GAP
        x += STROKE_GAP


def _cap_height(font: QFont) -> int:
    return round(HEIGHT * font.pixelSize())


def _cap_width(name: str, font: QFont) -> int:
    return max(_cap_height(font), round(QFontMetricsF(font).horizontalAdvance(name)) + 3 * GRID)
