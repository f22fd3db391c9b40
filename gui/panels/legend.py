"""The quiet words on a plot: the entries of its legend, the unit of its axis; and choices. Each is a button."""

from __future__ import annotations

from typing import NamedTuple

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Slot
from PySide6.QtGui import QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from graph.messages import tr
from gui.theme import GRID, theme

FONT_SIZE = 12
ROUND, DIAMOND = "o", "d"  # as pyqtgraph calls them
MARKS = {"validation": DIAMOND}  # by role: two curves are told apart by more than their color
SIGNS = {ROUND: "●", DIAMOND: "◆"}
DOT = 8
EDGE = 3  # pixels on both sides, for the ring of the focus


def draw_mark(painter: QPainter, center: QPointF, mark: str, *, radius: float) -> None:
    """Draw the mark of a curve, round or a diamond, in the pen and brush of the painter."""
    if mark == ROUND:
        painter.drawEllipse(center, radius, radius)
    else:
        corners = ((0.0, -1.3), (1.3, 0.0), (0.0, 1.3), (-1.3, 0.0))
        painter.drawPolygon(QPolygonF([center + QPointF(x, y) * radius for x, y in corners]))


class Entry(NamedTuple):
    """An entry of a legend as a picture shows it: the name of a curve, the role of its colour, its mark."""

    name: str
    role: str
    mark: str


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
        theme.changed.connect(self._use_theme)
        self._use_theme()

    def sizeHint(self) -> QSize:
        width = self.indent + self.fontMetrics().horizontalAdvance(self.text()) + 2 * EDGE
        return QSize(width, max(theme.px(5 * GRID), self.fontMetrics().height() + GRID))

    def shown_text(self) -> str:
        """The word that is drawn."""
        return self.text()

    def text_role(self) -> str:
        """The colour of the word."""
        return "text" if self.underMouse() or self.hasFocus() else "muted"

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(theme.color(self.text_role()))
        area = self.rect().adjusted(self.indent + EDGE, 0, 0, 0)
        painter.drawText(area, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, self.shown_text())
        if self.hasFocus():
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(theme.color("accent"), 2))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), GRID, GRID)

    def enterEvent(self, event: object) -> None:
        self.update()

    def leaveEvent(self, event: object) -> None:
        self.update()

    @Slot()
    def _use_theme(self) -> None:
        font = self.font()
        font.setPixelSize(theme.px(FONT_SIZE))
        self.setFont(font)
        self.updateGeometry()
        self.update()


class LegendEntry(QuietButton):
    """A colour dot and the name of a curve; a click hides or shows the curve (`toggled`). A short one is the dot alone."""

    indent = DOT + 5

    def __init__(self, text: str, role: str, parent: QWidget | None = None, *, mark: str = "") -> None:
        """`mark` is that of the role where there is none."""
        super().__init__(text, tr("Show or hide this curve"), parent)
        self.role, self._mark = role, mark or MARKS.get(role, ROUND)
        self._is_short = False
        self.setCheckable(True)
        self.setChecked(True)

    def sizeHint(self) -> QSize:
        whole = super().sizeHint()
        return QSize(DOT + 2 * EDGE, whole.height()) if self._is_short else whole

    def set_short(self, short: bool) -> None:
        """Leave the name out, or show it again."""
        if short is not self._is_short:
            self._is_short = short
            tip = tr("Show or hide this curve")
            self.setToolTip(f"{self.text()} — {tip}" if short else tip)
            self.updateGeometry()
            self.update()

    def as_entry(self) -> Entry:
        """What a picture shows of it."""
        return Entry(self.text(), self.role, self._mark)

    def shown_text(self) -> str:
        return "" if self._is_short else super().shown_text()

    def text_role(self) -> str:
        return super().text_role() if not self.isChecked() or self.underMouse() or self.hasFocus() else "muted"

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        color = theme.color(self.role)
        painter.setPen(QPen(color, 1.5))
        painter.setBrush(color if self.isChecked() else Qt.BrushStyle.NoBrush)
        draw_mark(painter, QPointF(EDGE + DOT / 2, self.height() / 2), self._mark, radius=DOT / 2 - 1)


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
            line = QRectF(EDGE, self.height() - 2, self.width() - 2 * EDGE, 2)
            QPainter(self).fillRect(line, theme.color("accent"))
