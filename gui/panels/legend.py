"""The quiet words on a plot: the entries of its legend, the unit of its axis; and choices. Each is a button."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from graph.messages import tr
from gui.theme import GRID, theme

FONT_SIZE = 12
DOT = 8


class QuietButton(QAbstractButton):
    """A small word that can be clicked; it brightens under the mouse and with the focus."""

    indent = 0

    def __init__(self, text: str, tip: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setText(text)
        self.setToolTip(tip)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        font = self.font()
        font.setPixelSize(FONT_SIZE)
        self.setFont(font)
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(self.indent + self.fontMetrics().horizontalAdvance(self.text()) + 2, 5 * GRID)

    def text_role(self) -> str:
        """The colour of the word."""
        return "text" if self.underMouse() or self.hasFocus() else "faint"

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(theme.color(self.text_role()))
        area = self.rect().adjusted(self.indent, 0, 0, 0)
        painter.drawText(area, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, self.text())

    def enterEvent(self, event: object) -> None:
        self.update()

    def leaveEvent(self, event: object) -> None:
        self.update()


class LegendEntry(QuietButton):
    """A colour dot and the name of a curve; a click hides or shows the curve (`toggled`)."""

    indent = DOT + 5

    def __init__(self, text: str, role: str, parent: QWidget | None = None) -> None:
        super().__init__(text, tr("Show or hide this curve"), parent)
        self._role = role
        self.setCheckable(True)
        self.setChecked(True)

    def text_role(self) -> str:
        return super().text_role() if not self.isChecked() or self.underMouse() or self.hasFocus() else "muted"

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        color = theme.color(self._role)
        painter.setPen(QPen(color, 1.5))
        painter.setBrush(color if self.isChecked() else Qt.BrushStyle.NoBrush)
        painter.drawEllipse(QRectF(1, (self.height() - DOT) / 2 + 1, DOT - 2, DOT - 2))


class Choice(QuietButton):
    """One of several choices; an accent line is under the one that is chosen, as under a tab."""

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(text, "", parent)
        self.setCheckable(True)

    def text_role(self) -> str:
        return "text" if self.isChecked() or self.underMouse() or self.hasFocus() else "muted"

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.isChecked():
            QPainter(self).fillRect(QRectF(0, self.height() - 2, self.width(), 2), theme.color("accent"))
