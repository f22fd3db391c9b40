"""Frames and notes in the style for papers: a thin outline with its title, and plain text."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QAbstractTextDocumentLayout, QFontMetricsF, QPainter, QPalette, QPen
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from graph.framing import TITLE
from gui.canvas.annotations import TITLE_Z, AnnotationItem
from gui.canvas.markdown import MarkdownDocument
from gui.canvas.palette import Colors, ui_font

OUTLINE = 1.2
CORNER = 6.0
PADDING = 8.0
PALE = 0.05  # how much of its color is on the ground of a frame
TITLE_FONT = 17  # canvas units
NOTE_FONTS = range(17, 12, -1)  # the first with which the text of a note fits in its area; the last if none does


class FigureFrame(QGraphicsItem):
    """An outline behind what is in the frame."""

    def __init__(self, frame: AnnotationItem, colors: Colors) -> None:
        super().__init__()
        self._area, self._role, self._colors = QRectF(frame.area), frame.role, colors
        self.setZValue(frame.zValue())

    def boundingRect(self) -> QRectF:
        return self._area.adjusted(-2, -2, 2, 2)

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self._colors.mix(self._role, "text", 0.6), OUTLINE))
        painter.setBrush(self._colors(self._role, PALE))
        painter.drawRoundedRect(self._area, CORNER, CORNER)


class FigureTitle(QGraphicsItem):
    """The title in the upper left corner of a frame; no wire runs through it."""

    def __init__(self, frame: AnnotationItem, colors: Colors) -> None:
        super().__init__()
        self._colors, self._role, area = colors, frame.role, frame.area
        font = ui_font(TITLE_FONT, bold=True)
        metrics, room = QFontMetricsF(font), area.width() - 2 * PADDING
        self._font, self._text = font, metrics.elidedText(frame.annotation.text, Qt.TextElideMode.ElideRight, room)
        width = min(room, metrics.horizontalAdvance(self._text))
        self._area = QRectF(area.left() + PADDING, area.top() + 4, width + 2, TITLE)
        self.setZValue(TITLE_Z)

    def boundingRect(self) -> QRectF:
        return self._area.adjusted(-2, 0, 2, 0)

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        if self._text:
            painter.fillRect(self.boundingRect().adjusted(0, 3, 0, -3), self._colors.mix(self._role, "card", PALE))
            painter.setPen(self._colors("text"))
            painter.setFont(self._font)
            painter.drawText(self._area, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, self._text)


class FigureNote(QGraphicsItem):
    """The text of a note, as large as fits in its area."""

    def __init__(self, note: AnnotationItem, colors: Colors) -> None:
        super().__init__()
        self._area, self._colors = QRectF(note.area), colors
        self.setZValue(note.zValue())
        self.document = _fitting(note.annotation.text, self._area, colors)

    def boundingRect(self) -> QRectF:
        return QRectF(self._area.topLeft(), self.document.size())

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        context = QAbstractTextDocumentLayout.PaintContext()
        context.palette.setColor(QPalette.ColorRole.Text, self._colors("text"))
        painter.save()
        painter.translate(self._area.topLeft())
        self.document.documentLayout().draw(painter, context)
        painter.restore()


def _fitting(text: str, area: QRectF, colors: Colors) -> MarkdownDocument:
    for pixels in NOTE_FONTS:
        document = MarkdownDocument(text, ui_font(pixels), colors)
        document.setTextWidth(area.width())
        if document.size().height() <= area.height():
            break
    return document
