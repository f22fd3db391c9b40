"""The confusion matrix: a row for each true class, its samples coloured by the class that was predicted."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QHelpEvent, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QToolTip, QWidget

from graph.messages import tr
from gui.figures import percent
from gui.panels.card import Card
from gui.theme import GRID, theme

Counts = Sequence[Sequence[int]]

GAP_FROM = 5  # pixels that a cell has before there are gaps between cells
TEXT_FROM = 20  # pixels that a cell has before its count is written into it
NAMES_FROM = 9  # pixels that a cell has before the classes are named beside it
TITLE = 5 * GRID  # room for "true" and "predicted"
MAX_NAME = 72
_MOVES = {
    Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Down: (1, 0),
    Qt.Key.Key_Left: (0, -1),
    Qt.Key.Key_Right: (0, 1),
}


class ConfusionView(QWidget):
    """Paints `counts[true][predicted]`, each row in shares of its sum. `cell_clicked` gives (true, predicted).

    Arrow keys go from cell to cell, Enter is a click.
    """

    cell_clicked = Signal(int, int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._counts: Counts = ()
        self._classes: Sequence[str] = ()
        self._shares: list[list[float]] = []
        self._image = QImage()
        self._cell = (0, 0)  # where the keys are
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setMinimumSize(120, 80)  # as a plot
        theme.changed.connect(self._make_image)

    def set_confusion(self, counts: Counts, classes: Sequence[str]) -> None:
        """Show a square matrix of counts and the names of its classes."""
        self._counts, self._classes = counts, classes
        self._cell = (0, 0)
        self._shares = [[count / (sum(line) or 1) for count in line] for line in counts]
        right = sum(line[i] for i, line in enumerate(counts))
        total = sum(map(sum, counts))
        self.setAccessibleName(tr("Confusion matrix: {right} of {total} samples are right", right=right, total=total))
        self._make_image()

    def sizeHint(self) -> QSize:
        return QSize(240, 240)

    def cell_text(self, true: int, predicted: int) -> str:
        """What a cell says of itself."""
        return tr(
            "true {true}, predicted {predicted}: {count} of {total} ({share})",
            true=self._classes[true],
            predicted=self._classes[predicted],
            count=self._counts[true][predicted],
            total=sum(self._counts[true]),
            share=percent(self._shares[true][predicted]),
        )

    def cell_at(self, at: QPointF) -> tuple[int, int] | None:
        """The (true, predicted) of the cell there, or None."""
        area = self._area()
        if not self._counts or not area.contains(at.toPoint()):
            return None
        size = area.width() // len(self._counts)
        return int(at.y() - area.top()) // size, int(at.x() - area.left()) // size

    # ---- painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        self.paint(painter)
        if self.hasFocus() and self._counts:
            area, (row, column) = self._area(), self._cell
            cell = area.width() // len(self._counts)
            painter.setPen(QPen(theme.color("text"), 2))
            painter.drawRect(QRect(area.left() + column * cell, area.top() + row * cell, cell - 1, cell - 1))

    def paint(self, painter: QPainter) -> None:
        """Draw the matrix."""
        area = self._area()
        cell = area.width() // max(1, len(self._counts))
        if cell < GAP_FROM:
            painter.drawImage(area, self._image)
        else:
            self._paint_cells(painter, area, cell)
        if cell >= TEXT_FROM:
            self._paint_counts(painter, area, cell)
        if self._are_named() and self._counts:
            self._paint_names(painter, area, cell)

    def _area(self) -> QRect:
        """The square of the cells: whole pixels for each, and names beside it where they can be read."""
        count = max(1, len(self._counts))
        margin = self._margin() + theme.px(TITLE) if self._are_named() else 0
        side = max(1, self._fitting(margin)) * count
        left = margin + (self.width() - margin - side) // 2
        return QRect(left, max(0, (self.height() - margin - side) // 2), side, side)

    def _are_named(self) -> bool:
        """Whether there is room for the names of the classes beside and below the cells."""
        return self._fitting(self._margin() + theme.px(TITLE)) >= NAMES_FROM

    def _fitting(self, margin: int) -> int:
        """How many pixels a cell gets where the names take so many."""
        return min(self.width() - margin, self.height() - margin) // max(1, len(self._counts))

    def _margin(self) -> int:
        return min(theme.px(MAX_NAME), max((self._metrics_width(name) for name in self._classes), default=0)) + 2 * GRID

    def _metrics_width(self, text: str) -> int:
        return self.fontMetrics().horizontalAdvance(text)

    def _make_image(self) -> None:
        """One pixel a cell: for so many classes that cells run into each other."""
        count = len(self._counts)
        self._image = QImage(count, count, QImage.Format.Format_RGB32)
        for row, line in enumerate(self._shares):
            for column, share in enumerate(line):
                self._image.setPixel(column, row, _blend(share).rgb())
        self.update()

    def _paint_cells(self, painter: QPainter, area: QRect, cell: int) -> None:
        for row, line in enumerate(self._shares):
            for column, share in enumerate(line):
                rect = QRect(area.left() + column * cell, area.top() + row * cell, cell - 1, cell - 1)
                painter.fillRect(rect, _blend(share))

    def _paint_counts(self, painter: QPainter, area: QRect, cell: int) -> None:
        painter.setFont(_sized(self.font(), min(theme.px(12), round(cell * 0.42))))
        for row, line in enumerate(self._counts):
            for column, count in enumerate(line):
                if count:
                    painter.setPen(theme.color("on_accent" if self._shares[row][column] > 0.5 else "text"))
                    rect = QRect(area.left() + column * cell, area.top() + row * cell, cell, cell)
                    painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, str(count))

    def _paint_names(self, painter: QPainter, area: QRect, cell: int) -> None:
        painter.setFont(_sized(self.font(), min(theme.px(11), cell - 1)))
        painter.setPen(theme.color("muted"))
        names = [
            painter.fontMetrics().elidedText(n, Qt.TextElideMode.ElideRight, theme.px(MAX_NAME)) for n in self._classes
        ]
        flat = all(painter.fontMetrics().horizontalAdvance(name) < cell for name in names)
        margin = self._margin()
        for i, name in enumerate(names):
            beside = QRect(area.left() - margin, area.top() + i * cell, margin - GRID, cell)
            painter.drawText(beside, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, name)
            self._paint_below(painter, QRect(area.left() + i * cell, area.bottom() + GRID, cell, margin), name, flat)
        self._paint_titles(painter, area, margin if not flat else theme.px(4 * GRID))

    @staticmethod
    def _paint_below(painter: QPainter, rect: QRect, name: str, flat: bool) -> None:
        if flat:
            painter.drawText(rect, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop, name)
            return
        painter.save()
        painter.translate(rect.center().x(), rect.top())
        painter.rotate(90)
        across = QRectF(0, -rect.width() / 2, rect.height(), rect.width())
        painter.drawText(across, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, name)
        painter.restore()

    def _paint_titles(self, painter: QPainter, area: QRect, below: int) -> None:
        painter.setFont(_sized(self.font(), theme.px(11)))
        painter.setPen(theme.color("faint"))
        rect = QRect(area.left(), area.bottom() + below + GRID, area.width(), theme.px(TITLE))
        painter.drawText(rect, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop, tr("predicted"))
        painter.save()
        painter.translate(area.left() - self._margin() - theme.px(TITLE), area.bottom())
        painter.rotate(-90)
        painter.drawText(QRect(0, 0, area.height(), theme.px(TITLE)), Qt.AlignmentFlag.AlignHCenter, tr("true"))
        painter.restore()

    # ---- keys and mouse

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if self._counts and key in _MOVES:
            last = len(self._counts) - 1
            row, column = (max(0, min(at + step, last)) for at, step in zip(self._cell, _MOVES[key], strict=True))
            self._cell = (row, column)
            self.setAccessibleDescription(self.cell_text(row, column))
            self.update()
        elif self._counts and key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.cell_clicked.emit(*self._cell)
        else:
            super().keyPressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        over = self.cell_at(event.position()) is not None
        self.setCursor(Qt.CursorShape.PointingHandCursor if over else Qt.CursorShape.ArrowCursor)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if cell := self.cell_at(event.position()):
            self.cell_clicked.emit(*cell)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            cell = self.cell_at(QPointF(event.pos()))
            QToolTip.showText(event.globalPos(), self.cell_text(*cell) if cell else "", self)
            return True
        return super().event(event)


class ConfusionCard(Card):
    """A confusion matrix on a card of its own."""

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(title, parent)
        self.view = ConfusionView()
        self.body.addWidget(self.view, 1)
        self.add_pictures(self.add_menu())

    def paint_content(self, painter: QPainter) -> None:
        painter.translate(self.view.pos())
        self.view.paint(painter)


def _blend(share: float) -> QColor:
    """From the ground to the accent; the square root lets a few wrong samples be seen."""
    ground, full = theme.color("grid"), theme.color("accent")
    part = share**0.5
    pairs = ((ground.red(), full.red()), (ground.green(), full.green()), (ground.blue(), full.blue()))
    return QColor(*(round(a + part * (b - a)) for a, b in pairs))


def _sized(font: QFont, pixels: int) -> QFont:
    sized = QFont(font)
    sized.setPixelSize(max(6, pixels))
    return sized
