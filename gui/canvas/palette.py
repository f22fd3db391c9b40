"""Colors and fonts of what is painted on the canvas."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from PySide6.QtGui import QColor, QFont, QGuiApplication

from gui.theme import THEMES, mono_font


class Colors:
    """The colors of a theme, each made once."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._made: dict[tuple[str, float], QColor] = {}

    def __call__(self, role: str, alpha: float = 1.0) -> QColor:
        """The color of a role, with an opacity from 0 to 1."""
        color = self._made.get((role, alpha))
        if color is None:
            color = self._made[role, alpha] = QColor(THEMES[self.name][role])
            color.setAlphaF(alpha)
        return color

    def mix(self, role: str, other: str, share: float) -> QColor:
        """`share` of one color over another."""
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
