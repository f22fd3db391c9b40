"""A picture as large as there is room, its pixels crisp."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Slot
from PySide6.QtGui import QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from gui.panels.samples import to_picture
from gui.theme import theme

SIDE = 88  # pixels at 100 %: at most


class PictureView(QWidget):
    """Shows an array of height × width (× 3) in 0..1."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._picture = QImage()
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self._use_scale)

    def show_array(self, pixels: object) -> None:
        """Show this; None shows nothing."""
        self._picture = QImage() if pixels is None else to_picture(pixels)
        self._use_scale()

    def sizeHint(self) -> QSize:
        if self._picture.isNull():
            return QSize(0, 0)
        return self._scaled(QSize(theme.px(SIDE), theme.px(SIDE)))

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self._picture.isNull():
            size = self._scaled(self.size())
            QPainter(self).drawImage(QRect(0, 0, size.width(), size.height()), self._picture)

    def _scaled(self, room: QSize) -> QSize:
        scale = min(room.width() / self._picture.width(), room.height() / self._picture.height())
        return QSize(max(1, int(self._picture.width() * scale)), max(1, int(self._picture.height() * scale)))

    @Slot()
    def _use_scale(self) -> None:
        self.updateGeometry()
        self.update()
