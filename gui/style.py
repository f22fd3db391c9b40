"""Dresses the application: Fusion underneath, a palette and one style sheet made from the table of the theme.

In the sheet, pixels are those at 100 %: from 3 on they grow with the size of text. `5px-1` is what 5 grow to, less 1: it
makes room for a frame that is 2 pixels wide instead of 1, so that nothing moves when the focus comes.

Widgets say what they are by dynamic properties (`widget.setProperty("kind", "primary")`):

    QLabel          tone   title, figure, heading, muted, faint, accent, good, warning, error;   kind   key: a key to press
    any widget      mono   true: the fixed-width font of values and shapes
    QPushButton     kind   primary (the one accent), small, icon, menu (with a chevron)
    QToolButton     kind   flat
    QLineEdit       kind   title;   invalid  true: the frame of an error
    QCheckBox       kind   field: framed like the other fields
    QFrame          kind   card, banner, row, rule;   QScrollArea   kind   cards
    QPlainTextEdit  kind   field: framed like the other fields;   QListView   kind   popup
    QTextEdit       kind   plain: a text on the surface around it
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from string import Template

from PySide6.QtCore import QObject, Slot
from PySide6.QtGui import QColor, QFontDatabase, QPalette
from PySide6.QtWidgets import QApplication, QWidget

from gui.icons import icon_file
from gui.theme import THEMES, theme

FONT_SIZE = 13
HAIR = 2  # pixels up to which lines stay as they are when text grows
SHEET = Path(__file__).resolve().parent.parent / "resources" / "style.qss"

_PALETTE = {
    QPalette.ColorRole.Window: "window",
    QPalette.ColorRole.WindowText: "text",
    QPalette.ColorRole.Base: "field",
    QPalette.ColorRole.AlternateBase: "card",
    QPalette.ColorRole.Text: "text",
    QPalette.ColorRole.Button: "card",
    QPalette.ColorRole.ButtonText: "text",
    QPalette.ColorRole.BrightText: "error",
    QPalette.ColorRole.ToolTipBase: "card",
    QPalette.ColorRole.ToolTipText: "text",
    QPalette.ColorRole.PlaceholderText: "faint",
    QPalette.ColorRole.Highlight: "selection",
    QPalette.ColorRole.HighlightedText: "text",
    QPalette.ColorRole.Accent: "accent",
    QPalette.ColorRole.Link: "accent",
    QPalette.ColorRole.LinkVisited: "accent",
    QPalette.ColorRole.Light: "hover",
    QPalette.ColorRole.Midlight: "hover",
    QPalette.ColorRole.Mid: "border",
    QPalette.ColorRole.Dark: "border",
    QPalette.ColorRole.Shadow: "border",
}
_FAINT_WHEN_DISABLED = (QPalette.ColorRole.WindowText, QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText)

# Icons of the style sheet, and the colors they come in.
_ICONS = {
    "chevron_down": ("chevron-down", "muted"),
    "chevron_right": ("chevron-right", "muted"),
    "chevron_left": ("chevron-left", "muted"),
    "check": ("check", "on_accent"),
    "check_text": ("check", "text"),
    "dot": ("dot", "on_accent"),
    "close": ("close", "muted"),
    "info": ("info", "accent"),
    "warning_sign": ("warning", "warning"),
    "error_sign": ("error", "error"),
}
_PIXELS = re.compile(r"\b(\d+)px(-1)?")


def apply_style(app: QApplication) -> None:
    """Dress the application in the theme in use, now and whenever the theme changes."""
    if app.findChild(Dresser) is None:
        Dresser(app).dress()


def palette(colors: Mapping[str, str]) -> QPalette:
    """The palette that a table of colors makes."""
    made = QPalette()
    for role, name in _PALETTE.items():
        made.setColor(role, QColor(colors[name]))
    for role in _FAINT_WHEN_DISABLED:
        made.setColor(QPalette.ColorGroup.Disabled, role, QColor(colors["faint"]))
    return made


def style_sheet(name: str, factor: float = 1.0) -> str:
    """The style sheet of the theme `name` where text is `factor` times as large as drawn."""
    colors = THEMES[name]
    sheet = Template(SHEET.read_text("utf-8")).substitute(
        colors,
        **{key: icon_file(file, colors[role]) for key, (file, role) in _ICONS.items()},
        mono=QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont).family(),
    )
    return _PIXELS.sub(lambda found: _grown(int(found[1]), factor, less=bool(found[2])), sheet)


def _grown(pixels: int, factor: float, *, less: bool) -> str:
    grown = pixels if pixels <= HAIR else round(pixels * factor)
    return f"{grown - less}px"


def set_property(widget: QWidget, name: str, value: object) -> None:
    """Set a dynamic property of a widget that is on show already, and dress it anew if it changed."""
    if widget.property(name) != value:
        widget.setProperty(name, value)
        widget.style().unpolish(widget)
        widget.style().polish(widget)


class Dresser(QObject):
    """Dresses its application in two steps: what widgets measure themselves by at once, the style sheet by `dress`.

    A window that is put together before the second step opens sooner: with a style sheet Qt dresses the widgets anew each
    time that they move into another.
    """

    def __init__(self, app: QApplication) -> None:
        super().__init__(app)
        self._app = app
        theme.follow_system()
        app.setStyle("Fusion")
        self._set_measures()
        self._is_dressed = False
        theme.changed.connect(self._on_theme_changed)

    def dress(self) -> None:
        """Use the style sheet of the theme, now and whenever the theme changes."""
        self._is_dressed = True
        self._app.setStyleSheet("")  # from nothing to a sheet costs Qt a fifth of what from one to another does
        self._app.setStyleSheet(style_sheet(theme.name, theme.factor))

    @Slot()
    def _on_theme_changed(self) -> None:
        """The first to hear of it: widgets that measure text afterwards find it in its new size."""
        self._set_measures()
        if self._is_dressed:
            self.dress()

    def _set_measures(self) -> None:
        font = QFontDatabase.systemFont(QFontDatabase.SystemFont.GeneralFont)
        font.setPixelSize(theme.px(FONT_SIZE))
        self._app.setFont(font)
        self._app.setPalette(palette(THEMES[theme.name]))
