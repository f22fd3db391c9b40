"""The surface that plots and tables of results lie on: a card with a title, a legend and a menu."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QRect, Qt, Signal, Slot
from PySide6.QtGui import QContextMenuEvent, QPaintDevice, QPainter, QPixmap
from PySide6.QtWidgets import (
    QFileDialog,
    QFrame,
    QMenu,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from graph.messages import Message, msg, tr
from gui.panels.parts import ElidedLabel, flat_button, row
from gui.theme import GRID, theme

PNG_SCALE = 2
HEADER_HEIGHT = 5 * GRID


class Card(QFrame):
    """A rounded surface with a header. `failed` says why a file could not be written, `exported` which file was."""

    failed = Signal(object)  # Message
    exported = Signal(object)  # Path

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(title)
        self.setProperty("kind", "card")
        self.title = ElidedLabel(title, tone="heading")
        self.header = row()
        self.header.addWidget(self.title, 1)
        self.body = QVBoxLayout(self)
        self.body.setContentsMargins(3 * GRID, 2 * GRID, 2 * GRID, 2 * GRID)
        self.body.setSpacing(GRID)
        self.body.addLayout(self.header)
        self._menu: QMenu | None = None
        theme.changed.connect(self._use_scale)
        self._use_scale()

    @Slot()
    def _use_scale(self) -> None:
        self.title.setMinimumHeight(theme.px(HEADER_HEIGHT))

    def add_menu(self) -> QMenu:
        """A menu behind a button at the right end of the header."""
        button = flat_button("more", tr("Scale and export of '{title}'", title=self.title.text()))
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._menu = QMenu(button)
        button.setMenu(self._menu)
        self.header.addWidget(button)
        return self._menu

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if self._menu:
            self._menu.popup(event.globalPos())

    def add_export(self, menu: QMenu, text: str, suffix: str, save: Callable[[Path], None]) -> None:
        """A menu entry that asks for a file name and saves there."""
        menu.addAction(text, lambda: self._ask_and_save(suffix, save))

    def add_pictures(self, menu: QMenu) -> None:
        """Menu entries that save the card as a picture."""
        self.add_export(menu, tr("Save as PNG…"), "png", self.save_png)
        self.add_export(menu, tr("Save as SVG…"), "svg", self.save_svg)

    def _ask_and_save(self, suffix: str, save: Callable[[Path], None]) -> None:
        name, _ = QFileDialog.getSaveFileName(self, tr("Save as"), f"{self.title.text()}.{suffix}", f"*.{suffix}")
        if name:
            path = Path(name)
            save(path if path.suffix else path.with_suffix(f".{suffix}"))

    # ---- pictures

    def save_png(self, path: Path) -> None:
        """Write the card as a PNG of twice its size on the screen; `failed` tells of an error."""
        pixmap = QPixmap(self.size() * PNG_SCALE)
        pixmap.setDevicePixelRatio(PNG_SCALE)
        pixmap.fill(Qt.GlobalColor.transparent)
        self._draw_on(pixmap)
        self.write(path, lambda: _must(pixmap.save(str(path), "PNG")))

    def save_svg(self, path: Path) -> None:
        """Write the card as an SVG drawing; `failed` tells of an error."""
        self.write(path, lambda: self._write_svg(path))

    def write(self, path: Path, work: Callable[[], object]) -> None:
        """Do something that writes a file; tell whether it worked."""
        try:
            work()
        except OSError as error:
            reason = error.strerror or msg("the disk may be full, or the folder may not be writable")
            self.failed.emit(_not_written(path, reason))
        else:
            self.exported.emit(path)

    def _write_svg(self, path: Path) -> None:
        from PySide6.QtSvg import QSvgGenerator

        with path.open("wb"):  # QSvgGenerator cannot say why a file does not open
            pass
        generator = QSvgGenerator()
        generator.setFileName(str(path))
        generator.setSize(self.size())
        generator.setViewBox(self.rect())
        generator.setTitle(self.title.text())
        self._draw_on(generator)

    def paint_content(self, painter: QPainter) -> None:
        """Draw what is below the title on a picture of the card, in its pixels."""

    def _draw_on(self, device: QPaintDevice) -> None:
        painter = QPainter(device)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), theme.color("field"))
        painter.setFont(self.title.font())
        painter.setPen(theme.color("text"))
        area = QRect(self.title.pos(), self.title.size())
        painter.drawText(area, Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextDontClip, self.title.text())
        self.paint_content(painter)
        painter.end()


def _must(done: bool) -> None:
    if not done:
        raise OSError


def _not_written(path: Path, reason: object) -> Message:
    return msg("'{name}' could not be written: {reason}. Choose another place.", name=path.name, reason=reason)
