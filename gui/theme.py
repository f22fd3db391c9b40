"""The look of the application: one table of colors a theme, one scale of type and spacing."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtGui import QColor, QFont, QFontDatabase, QFontInfo, QGuiApplication

GRID = 4  # every distance is a multiple of this many pixels
RADIUS = 6
SCALES = (100, 115, 130, 150)  # percent: the sizes of text to choose from
_ORDINARY_TEXT = 15  # pixels: a system that asks for larger text than this gets all of it larger

# Every text reads at 4.5:1 on what it stands on, every icon, frame of a field, port and wire at 3:1; with high contrast
# every text reads at 7:1. tests/gui/test_theme.py has the table.
DARK = MappingProxyType(
    {
        "window": "#20242b", "canvas": "#191c22", "grid": "#262a32", "panel": "#20242b", "card": "#272c35",
        "field": "#17191f", "border": "#333944", "outline": "#67717f", "hover": "#2e3440", "pressed": "#232830",
        "text": "#e8eaee", "muted": "#a4adba", "faint": "#8c949f",
        "accent": "#5b9cff", "accent_hover": "#71a9ff", "on_accent": "#0d1420", "wire": "#8b93a1", "port": "#aeb6c2",
        "good": "#4fd08a", "warning": "#ffb454", "error": "#ff6b7f", "selection": "#22406d",
        "data": "#2fbfa0", "convolution": "#5b9cff", "pooling": "#4fc3f7", "activation": "#ffcc4d",
        "linear": "#a78bfa", "normalization": "#66d98a", "regularization": "#94a3b8", "shape": "#94a3b8",
        "arithmetic": "#f0a36b", "loss": "#ff6b7f", "metric": "#f472b6", "network": "#c0c7d2",
        "embedding": "#c98bf5", "padding": "#8fb3d9", "vision": "#a9d45b", "augmentation": "#4fc3c7", "distance": "#d9b38c",
        "recurrent": "#5fd4d0", "attention": "#ff9e80", "block": "#8fa8ff", "code": "#b0b8c4",
        "train": "#5b9cff", "validation": "#ffa24d", "rate": "#a78bfa", "speed": "#2fbfa0",
    }
)  # fmt: skip
LIGHT = MappingProxyType(
    {
        "window": "#ffffff", "canvas": "#f6f7f9", "grid": "#e3e6eb", "panel": "#ffffff", "card": "#ffffff",
        "field": "#eef0f3", "border": "#d5dae1", "outline": "#7f8a9a", "hover": "#e9edf3", "pressed": "#dfe4ec",
        "text": "#171b22", "muted": "#4f5968", "faint": "#656d7a",
        "accent": "#1a62ef", "accent_hover": "#0f52d0", "on_accent": "#ffffff", "wire": "#79818f", "port": "#848fa1",
        "good": "#157a45", "warning": "#9a5b00", "error": "#c9304a", "selection": "#cfe0ff",
        "data": "#0c8574", "convolution": "#2a6df0", "pooling": "#0a73a7", "activation": "#926400",
        "linear": "#6d3fd6", "normalization": "#1a874a", "regularization": "#5b6778", "shape": "#5b6778",
        "arithmetic": "#ae530f", "loss": "#d0324b", "metric": "#c02a7a", "network": "#4a5361",
        "embedding": "#8e24c9", "padding": "#3f6a94", "vision": "#56790f", "augmentation": "#0b7285", "distance": "#8a5a2b",
        "recurrent": "#0b7a80", "attention": "#b3401f", "block": "#4353c9", "code": "#545e6e",
        "train": "#2a6df0", "validation": "#ce7118", "rate": "#7c4fe0", "speed": "#0d8f7d",
    }
)  # fmt: skip
HIGH_CONTRAST_DARK = MappingProxyType(
    {
        **DARK,
        "window": "#000000", "canvas": "#000000", "grid": "#2a2e36", "panel": "#000000", "card": "#0b0d11",
        "field": "#000000", "border": "#7d8694", "outline": "#b4bcc8", "hover": "#1c2430", "pressed": "#2a3442",
        "text": "#ffffff", "muted": "#d5dae2", "faint": "#b9c0cb",
        "accent_hover": "#8ab8ff", "on_accent": "#000000", "wire": "#c2c9d4", "port": "#e8eaee",
        "selection": "#0b3a7a",
    }
)  # fmt: skip
HIGH_CONTRAST_LIGHT = MappingProxyType(
    {
        **LIGHT,
        "canvas": "#ffffff", "grid": "#d4d8de",
        "field": "#ffffff", "border": "#7b8492", "outline": "#4a5361", "hover": "#e6ecf5", "pressed": "#d5deeb",
        "text": "#000000", "muted": "#2c333d", "faint": "#434b57",
        "accent": "#0e4ecb", "accent_hover": "#0a3fa8", "wire": "#3f4753", "port": "#2c333d",
        "good": "#116539", "warning": "#804c00", "error": "#a5273d", "selection": "#bcd7ff",
        "data": "#096357", "convolution": "#0e4ecb", "pooling": "#085e89", "activation": "#765100",
        "linear": "#6332d3", "normalization": "#136437", "regularization": "#4e5967", "shape": "#4e5967",
        "arithmetic": "#8e440c", "loss": "#a6263a", "metric": "#a22367",
        "embedding": "#8622bd", "padding": "#365b80", "vision": "#45600c", "augmentation": "#095a69", "distance": "#7a4f26",
        "recurrent": "#096267", "attention": "#9a371b", "block": "#394ac6", "code": "#4f5968",
    }
)  # fmt: skip
THEMES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "dark": DARK,
        "light": LIGHT,
        "high_contrast_dark": HIGH_CONTRAST_DARK,
        "high_contrast_light": HIGH_CONTRAST_LIGHT,
    }
)


class Theme(QObject):
    """The theme and the size of text in use. `changed` tells views to read colors and sizes again."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.name = "dark"
        self.scale = 100
        self._wish = "dark"
        self._system_factor = 1.0
        self._follows = False

    @property
    def is_dark(self) -> bool:
        """Whether text is lighter than what it stands on."""
        return is_dark(self.name)

    @property
    def factor(self) -> float:
        """How much larger than drawn text, rows and icons are: the person's wish times what the system asks for."""
        return self.scale / 100 * self._system_factor

    def use(self, wish: str) -> None:
        """Use a theme by its key in `THEMES`, or what the system uses ("system")."""
        self._wish = wish
        name = wish if wish in THEMES else system_theme()
        if name != self.name:
            self.name = name
            self.changed.emit()

    def set_scale(self, percent: int) -> None:
        """Show text, rows and icons that much larger; what is not between 100 and 150 goes to the nearer end."""
        percent = max(SCALES[0], min(percent, SCALES[-1]))
        if percent != self.scale:
            self.scale = percent
            self.changed.emit()

    def follow_system(self) -> None:
        """Go along from now on when the system changes its colors or contrast; start from its size of text."""
        self._system_factor = system_factor()
        if self._follows:
            return
        self._follows = True
        hints = QGuiApplication.styleHints()
        hints.colorSchemeChanged.connect(self._on_system_changed)
        if hasattr(hints, "accessibility"):  # since Qt 6.10
            hints.accessibility().contrastPreferenceChanged.connect(self._on_system_changed)

    def color(self, role: str, alpha: float = 1.0) -> QColor:
        """The color of a role, with an opacity from 0 to 1."""
        color = QColor(THEMES[self.name][role])
        color.setAlphaF(alpha)
        return color

    def px(self, pixels: float) -> int:
        """So many pixels at 100 % in the size of text in use: for fonts, rows, icons and least widths."""
        return round(pixels * self.factor)

    @Slot()
    def _on_system_changed(self) -> None:
        self.use(self._wish)


def is_dark(name: str) -> bool:
    """Whether a theme has light text on dark ground."""
    return name.endswith("dark")


def system_theme() -> str:
    """The theme that the system asks for; light and of ordinary contrast where it does not say."""
    hints = QGuiApplication.styleHints()
    scheme = "dark" if hints.colorScheme() is Qt.ColorScheme.Dark else "light"
    wants_contrast = (
        hasattr(hints, "accessibility")  # since Qt 6.10
        and hints.accessibility().contrastPreference() is Qt.ContrastPreference.HighContrast
    )
    return f"high_contrast_{scheme}" if wants_contrast else scheme


def system_factor() -> float:
    """How much larger than usual the system shows text, from 1."""
    font = QFontDatabase.systemFont(QFontDatabase.SystemFont.GeneralFont)
    return max(1.0, QFontInfo(font).pixelSize() / _ORDINARY_TEXT)


def mono_font(size: float) -> QFont:
    """The fixed-width font for shapes, numbers and code; `size` in pixels, as they are: see `Theme.px`."""
    font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
    font.setPixelSize(round(size))
    return font


theme = Theme()
