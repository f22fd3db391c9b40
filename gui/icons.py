"""The icons: stroke drawings in `resources/icons`, painted in the colours of the theme in use."""

from __future__ import annotations

from functools import cache, lru_cache
from pathlib import Path
from typing import Self

from PySide6.QtCore import QByteArray, QPoint, QRect, QRectF, QSize, Qt, QTemporaryDir
from PySide6.QtGui import QColor, QIcon, QIconEngine, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from gui.theme import theme

FOLDER = Path(__file__).resolve().parent.parent / "resources" / "icons"


def icon(name: str, role: str = "text") -> QIcon:
    """The icon `name` in the colour of a theme role, faint where disabled. It follows the theme by itself."""
    return QIcon(_ThemedIcon(name, role))


def paint_icon(painter: QPainter, rect: QRectF, name: str, *, role: str = "text", color: QColor | None = None) -> None:
    """Paint the icon `name` into a square, in a color or in that of a role of the theme in use."""
    _renderer(name, (color or theme.color(role)).name()).render(painter, rect)


def application_icon() -> QIcon:
    """The icon of Layerloom: three layers woven on two threads."""
    return QIcon(str(FOLDER.parent / "layerloom.svg"))


def family_icon(family: str) -> str:
    """The name of the icon of a family of node types (a key of `FAMILY_LABELS`); the family is its color too."""
    return f"family-{family}"


def icon_file(name: str, color: str) -> str:
    """The path of a file with the icon in a colour such as "#20242b", for use in a style sheet."""
    path = Path(_folder().path()) / f"{name}-{color.removeprefix('#')}.svg"
    if not path.exists():
        path.write_bytes(_source(name, color))
    return path.as_posix()


class _ThemedIcon(QIconEngine):
    """Looks the colour up when it paints, so that nobody has to give out new icons when the theme changes."""

    def __init__(self, name: str, role: str) -> None:
        super().__init__()
        self._name, self._role = name, role

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, _state: QIcon.State) -> None:
        role = "faint" if mode is QIcon.Mode.Disabled else self._role
        paint_icon(painter, QRectF(rect), self._name, role=role)

    def scaledPixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State, scale: float) -> QPixmap:
        pixmap = QPixmap(size * scale)
        pixmap.setDevicePixelRatio(scale)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        self.paint(painter, QRect(QPoint(), size), mode, state)
        painter.end()
        return pixmap

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        return self.scaledPixmap(size, mode, state, 1.0)

    def clone(self) -> Self:
        return type(self)(self._name, self._role)


@lru_cache(maxsize=256)
def _renderer(name: str, color: str) -> QSvgRenderer:
    return QSvgRenderer(QByteArray(_source(name, color)))


def _source(name: str, color: str) -> bytes:
    return (FOLDER / f"{name}.svg").read_text("utf-8").replace("currentColor", color).encode()


@cache
def _folder() -> QTemporaryDir:
    return QTemporaryDir()
