"""The legend of a picture: the families of layers that occur, and what the marks mean, in columns."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from PySide6.QtCore import QLineF, QRectF, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QPainter, QPen
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from graph.catalog import FAMILY_LABELS
from graph.messages import tr
from gui.canvas.annotations import FrameItem
from gui.canvas.card import color_role
from gui.canvas.figure_annotations import FigureFrame
from gui.canvas.palette import Colors
from gui.canvas.scene import CanvasScene
from gui.icons import family_icon, paint_icon

SWATCH = 26.0  # width of the mark before the words
GAP = 10.0  # between mark and words
COLUMN_GAP = 28.0

Mark = Callable[[QPainter, QRectF, Colors], None]


class Entry(NamedTuple):
    """A mark, and the words that say what it means."""

    mark: Mark
    text: str


class Legend(QGraphicsItem):
    """The entries in as many columns of the same width as there is room for; its upper left corner is its place."""

    def __init__(self, entries: list[Entry], colors: Colors, *, font: QFont, width: float) -> None:
        super().__init__()
        self._entries, self._colors, self._font = entries, colors, font
        self._pitch = math.ceil(QFontMetricsF(font).height()) + 8.0
        widest = max(QFontMetricsF(font).horizontalAdvance(entry.text) for entry in entries)
        self._column = math.ceil(SWATCH + GAP + widest)
        most = max(1, int((width + COLUMN_GAP) // (self._column + COLUMN_GAP)))
        self._lines = math.ceil(len(entries) / most)
        self._columns = math.ceil(len(entries) / self._lines)

    def boundingRect(self) -> QRectF:
        columns = self._columns
        return QRectF(0, 0, columns * self._column + (columns - 1) * COLUMN_GAP + 4, self._lines * self._pitch)

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for number, entry in enumerate(self._entries):
            column, line = divmod(number, self._lines)
            left, top = column * (self._column + COLUMN_GAP), line * self._pitch
            entry.mark(painter, QRectF(left + 1, top + (self._pitch - 18) / 2, SWATCH, 18), self._colors)
            painter.setFont(self._font)
            painter.setPen(self._colors("text"))
            words = QRectF(left + SWATCH + GAP, top, self._column, self._pitch)
            painter.drawText(words, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, entry.text)


def entries_of(scene: CanvasScene) -> list[Entry]:
    """What the visible part of a scene needs explained, families in the order of the library."""
    shown = [item for item in scene.nodes.values() if item.isVisible()]
    families = {color_role(scene.catalog.get(item.node.type)) for item in shown}
    entries = [Entry(_family(name), str(label)) for name, label in FAMILY_LABELS.items() if name in families]
    if any(wire.carries_labels and wire.isVisible() for wire in scene.wires.values()):
        entries.append(Entry(_dashes(scene.pens.pen("data", dashed=True)), tr("Targets for losses and metrics")))
    if any(item.card.kin for item in shown):
        entries.append(Entry(_letter, tr("The same letter: shared weights")))
    if any(item.card.bypassed for item in shown):
        entries.append(Entry(_bypassed, tr("Switched off: what arrives passes")))
    if any(isinstance(item, (FrameItem, FigureFrame)) and item.isVisible() for item in scene.items()):
        entries.append(Entry(_frame, tr("A part with a name")))
    return entries


def _family(family: str) -> Mark:
    def mark(painter: QPainter, area: QRectF, colors: Colors) -> None:
        painter.setPen(QPen(colors(family), 1.2))
        painter.setBrush(colors.mix(family, "card", 0.14))
        painter.drawRoundedRect(area, 4, 4)
        center = area.center()
        paint_icon(painter, QRectF(center.x() - 7, center.y() - 7, 14, 14), family_icon(family), color=colors(family))

    return mark


def _dashes(pen: QPen) -> Mark:
    def mark(painter: QPainter, area: QRectF, _colors: Colors) -> None:
        painter.setPen(pen)
        painter.drawLine(QLineF(area.left(), area.center().y(), area.right(), area.center().y()))

    return mark


def _bypassed(painter: QPainter, area: QRectF, colors: Colors) -> None:
    pen = QPen(colors("muted"), 1.2)
    pen.setDashPattern([4.0, 3.0])
    painter.setPen(pen)
    painter.setBrush(colors("card"))
    painter.drawRoundedRect(area, 4, 4)


def _frame(painter: QPainter, area: QRectF, colors: Colors) -> None:
    painter.setPen(QPen(colors("muted"), 1.2))
    painter.setBrush(colors("network", 0.08))
    painter.drawRoundedRect(area, 4, 4)
    painter.drawLine(QLineF(area.left() + 4, area.top() + 5, area.left() + 13, area.top() + 5))


def _letter(painter: QPainter, area: QRectF, colors: Colors) -> None:
    painter.setPen(QPen(colors("muted"), 1.2))
    painter.setBrush(colors("card"))
    painter.drawRoundedRect(area, 9, 9)
    painter.drawText(area, Qt.AlignmentFlag.AlignCenter, "A")
