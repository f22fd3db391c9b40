"""The look of the application: one table of colours a theme, one scale of type and spacing."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QGuiApplication

GRID = 4  # every distance is a multiple of this many pixels
RADIUS = 6

DARK = MappingProxyType(
    {
        "window": "#20242b", "canvas": "#191c22", "grid": "#262a32", "panel": "#20242b", "card": "#272c35",
        "field": "#17191f", "border": "#333944", "hover": "#2e3440", "pressed": "#232830",
        "text": "#e8eaee", "muted": "#9aa3b0", "faint": "#7d8693",
        "accent": "#5b9cff", "on_accent": "#0d1420", "wire": "#8b93a1", "port": "#aeb6c2",
        "good": "#4fd08a", "warning": "#ffb454", "error": "#ff6b7f", "selection": "#2b4a7a",
        "data": "#2fbfa0", "convolution": "#5b9cff", "pooling": "#4fc3f7", "activation": "#ffcc4d",
        "linear": "#a78bfa", "normalization": "#66d98a", "regularization": "#94a3b8", "shape": "#94a3b8",
        "arithmetic": "#f0a36b", "loss": "#ff6b7f", "metric": "#f472b6", "network": "#c0c7d2",
        "embedding": "#c98bf5", "padding": "#8fb3d9", "vision": "#a9d45b", "distance": "#d9b38c",
        "recurrent": "#5fd4d0", "attention": "#ff9e80", "block": "#8fa8ff", "code": "#b0b8c4",
        "train": "#5b9cff", "validation": "#ffa24d", "rate": "#a78bfa", "speed": "#2fbfa0",
    }
)  # fmt: skip
LIGHT = MappingProxyType(
    {
        "window": "#ffffff", "canvas": "#f6f7f9", "grid": "#e3e6eb", "panel": "#ffffff", "card": "#ffffff",
        "field": "#eef0f3", "border": "#d5dae1", "hover": "#e9edf3", "pressed": "#dfe4ec",
        "text": "#171b22", "muted": "#566070", "faint": "#69727f",
        "accent": "#2a6df0", "on_accent": "#ffffff", "wire": "#79818f", "port": "#9aa3b2",
        "good": "#157a45", "warning": "#9a5b00", "error": "#c9304a", "selection": "#cfe0ff",
        "data": "#0d8f7d", "convolution": "#2a6df0", "pooling": "#0b7cb4", "activation": "#a16f00",
        "linear": "#6d3fd6", "normalization": "#1b8a4b", "regularization": "#5b6778", "shape": "#5b6778",
        "arithmetic": "#b4560f", "loss": "#d0324b", "metric": "#c02a7a", "network": "#4a5361",
        "embedding": "#8e24c9", "padding": "#3f6a94", "vision": "#56790f", "distance": "#8a5a2b",
        "recurrent": "#0b7a80", "attention": "#b3401f", "block": "#4353c9", "code": "#545e6e",
        "train": "#2a6df0", "validation": "#e07b1a", "rate": "#7c4fe0", "speed": "#0d8f7d",
    }
)  # fmt: skip
THEMES: Mapping[str, Mapping[str, str]] = MappingProxyType({"dark": DARK, "light": LIGHT})


class Theme(QObject):
    """The theme in use. `changed` tells views to read their colours again."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.name = "dark"

    def use(self, wish: str) -> None:
        """Use "dark", "light", or what the system uses ("system")."""
        name = wish if wish in THEMES else system_theme()
        if name != self.name:
            self.name = name
            self.changed.emit()

    def color(self, role: str, alpha: float = 1.0) -> QColor:
        """The colour of a role, with an opacity from 0 to 1."""
        color = QColor(THEMES[self.name][role])
        color.setAlphaF(alpha)
        return color


def system_theme() -> str:
    """The theme that the system asks for; light where it does not say."""
    return "dark" if QGuiApplication.styleHints().colorScheme() is Qt.ColorScheme.Dark else "light"


def mono_font(size: float) -> QFont:
    """The fixed-width font for shapes, numbers and code; `size` in pixels."""
    font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
    font.setPixelSize(round(size))
    return font


theme = Theme()
