"""The application in its style, in a theme and a size of text, for as long as a test needs it; and colors counted."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager

import shiboken6
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QApplication

from gui.style import Dresser, apply_style
from gui.theme import theme


def use(name: str, percent: int = 100) -> None:
    """Switch to a theme and a size of text."""
    theme.use(name)
    theme.set_scale(percent)


@contextmanager
def dressed_in(app: QApplication, name: str, percent: int = 100) -> Iterator[QApplication]:
    """The application in its style, with cursors that do not blink; undressed afterwards."""
    font, colors, before, blinking = app.font(), app.palette(), theme.name, app.cursorFlashTime()
    use(name, percent)
    apply_style(app)
    app.setCursorFlashTime(0)
    yield app
    dresser = app.findChild(Dresser)
    assert dresser is not None
    shiboken6.delete(dresser)
    use(before)
    app.setStyleSheet("")
    app.setPalette(colors)
    app.setFont(font)
    app.setCursorFlashTime(blinking)


def count(image: QImage, color: QColor) -> int:
    """How many pixels are of a color."""
    pixels = bytes(image.convertToFormat(QImage.Format.Format_RGB32).constBits())
    return sum(pixel == color.rgb() for (pixel,) in struct.iter_unpack("I", pixels))
