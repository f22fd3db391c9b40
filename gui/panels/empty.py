"""What a panel shows while it has nothing: an icon, what is missing, and what to do for it."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt, Slot
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from gui.icons import paint_icon
from gui.panels.parts import column, label
from gui.theme import GRID, theme

ICON = 32


class EmptyState(QWidget):
    """An icon over a title over a hint, in the middle."""

    def __init__(self, icon_name: str, title: str, hint: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._hint = label(hint, tone="muted", wrap=True)
        words = [label(title, tone="heading", wrap=True), self._hint]
        layout = column(self, spacing=2 * GRID)
        layout.setContentsMargins(8 * GRID, 2 * GRID, 8 * GRID, 2 * GRID)
        layout.addStretch(1)
        layout.addWidget(_Picture(icon_name), 0, Qt.AlignmentFlag.AlignHCenter)
        for word in words:
            word.setAlignment(Qt.AlignmentFlag.AlignCenter)
            layout.addWidget(word)
        layout.addStretch(1)

    def set_hint(self, hint: str) -> None:
        """Say something else to do about it."""
        self._hint.setText(hint)


class _Picture(QWidget):
    def __init__(self, icon_name: str) -> None:
        super().__init__()
        self._name = icon_name
        theme.changed.connect(self._use_scale)
        self._use_scale()

    def paintEvent(self, event: QPaintEvent) -> None:
        paint_icon(QPainter(self), QRectF(self.rect()), self._name, role="faint")

    @Slot()
    def _use_scale(self) -> None:
        self.setFixedSize(QSize(theme.px(ICON), theme.px(ICON)))
