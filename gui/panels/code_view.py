"""Read-only Python text with line numbers, some lines of it marked."""

from __future__ import annotations

from itertools import takewhile

from PySide6.QtCore import QRect, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QResizeEvent, QTextCursor, QTextFormat
from PySide6.QtWidgets import QPlainTextEdit, QTextEdit, QWidget

from graph.messages import tr
from gui.panels.highlight import PythonHighlighter
from gui.theme import GRID, mono_font, theme

FONT_SIZE = 12


class CodeView(QPlainTextEdit):
    """Lines are numbered from 1. `line_clicked(number)`: a click on a line, or Enter with the cursor in it."""

    line_clicked = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self._marked: tuple[int, ...] = ()
        self._highlighter = PythonHighlighter(self.document())
        self._gutter = _Gutter(self)
        self.setReadOnly(True)
        self.setTabChangesFocus(True)
        self.setUndoRedoEnabled(False)
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.setAccessibleName(tr("Generated Python"))
        self.document().setDocumentMargin(2 * GRID)
        self.updateRequest.connect(self._on_update_request)
        theme.changed.connect(self._use_theme)
        self._use_theme()

    def show_text(self, text: str) -> None:
        """Show a text; only the lines that differ from the present ones are replaced and coloured."""
        old, new = self.toPlainText().split("\n"), text.split("\n")
        if old == new:
            return
        first = _common(old, new)
        last = _common(old[first:][::-1], new[first:][::-1])
        self._replace(first, len(old) - last, new[first : len(new) - last])
        self._fit_gutter()

    def mark(self, lines: tuple[int, ...]) -> None:
        """Mark these lines, and scroll to them if none of them is in view."""
        self._marked = lines
        self._mark_again()
        if lines and not any(self._is_in_view(line) for line in lines):
            self.verticalScrollBar().setValue(max(0, lines[0] - 1 - self._lines_in_view() // 3))

    @property
    def marked(self) -> tuple[int, ...]:
        """The lines that are marked."""
        return self._marked

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        if event.button() == Qt.MouseButton.LeftButton and not self.textCursor().hasSelection():
            self.line_clicked.emit(self.cursorForPosition(event.position().toPoint()).blockNumber() + 1)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.line_clicked.emit(self.textCursor().blockNumber() + 1)
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_gutter()

    def paint_gutter(self, painter: QPainter, area: QRect) -> None:
        """Paint the line numbers of an area of the gutter."""
        painter.setFont(self.font())
        block = self.firstVisibleBlock()
        while block.isValid():
            box = self.blockBoundingGeometry(block).translated(self.contentOffset())
            if box.top() > area.bottom():
                break
            self._paint_number(painter, block.blockNumber() + 1, box)
            block = block.next()

    def gutter_width(self) -> int:
        """Pixels that the widest line number needs."""
        digits = max(2, len(str(self.blockCount())))
        return self.fontMetrics().horizontalAdvance("9" * digits) + 4 * GRID

    def _paint_number(self, painter: QPainter, number: int, box: QRectF) -> None:
        marked = number in self._marked
        if marked:
            painter.fillRect(QRectF(0, box.top(), 3, box.height()), theme.color("accent"))
        painter.setPen(theme.color("text" if marked else "faint"))
        space = QRectF(0, box.top(), self._gutter.width() - 2 * GRID, self.fontMetrics().lineSpacing())
        painter.drawText(space, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, str(number))

    def _replace(self, first: int, end: int, lines: list[str]) -> None:
        """Put lines (counted from 0) in the place of those from `first` to before `end`."""
        document = self.document()
        cursor = QTextCursor(document)
        if end < document.blockCount():
            cursor.setPosition(document.findBlockByNumber(first).position())
            cursor.setPosition(document.findBlockByNumber(end).position(), QTextCursor.MoveMode.KeepAnchor)
            cursor.insertText("".join(f"{line}\n" for line in lines))
        else:  # at the end of the text the line break before goes along, as there is none after
            before = document.findBlockByNumber(first - 1)
            cursor.setPosition(before.position() + before.length() - 1 if first else 0)
            cursor.movePosition(QTextCursor.MoveOperation.End, QTextCursor.MoveMode.KeepAnchor)
            cursor.insertText("".join(f"\n{line}" for line in lines) if first else "\n".join(lines))

    def _mark_again(self) -> None:
        self.setExtraSelections([self._stripe(line) for line in self._marked])
        self._gutter.update()

    @Slot()
    def _use_theme(self) -> None:
        self.setFont(mono_font(theme.px(FONT_SIZE)))
        self._mark_again()
        self._fit_gutter()

    def _stripe(self, line: int) -> QTextEdit.ExtraSelection:
        stripe = QTextEdit.ExtraSelection()
        stripe.format.setBackground(theme.color("selection", 0.55))
        stripe.format.setProperty(QTextFormat.Property.FullWidthSelection, True)
        stripe.cursor = QTextCursor(self.document().findBlockByNumber(line - 1))
        return stripe

    def _lines_in_view(self) -> int:
        return max(1, self.viewport().height() // self.fontMetrics().lineSpacing())

    def _is_in_view(self, line: int) -> bool:
        top = self.firstVisibleBlock().blockNumber() + 1
        return top <= line < top + self._lines_in_view() - 1

    def _fit_gutter(self) -> None:
        self.setViewportMargins(self.gutter_width(), 0, 0, 0)
        area = self.contentsRect()
        self._gutter.setGeometry(area.left(), area.top(), self.gutter_width(), area.height())

    def _on_update_request(self, area: QRect, scrolled: int) -> None:
        if scrolled:
            self._gutter.scroll(0, scrolled)
        else:
            self._gutter.update(0, area.top(), self._gutter.width(), area.height())


class _Gutter(QWidget):
    """The strip with the line numbers."""

    def __init__(self, view: CodeView) -> None:
        super().__init__(view)
        self._view = view

    def sizeHint(self) -> QSize:
        return QSize(self._view.gutter_width(), 0)

    def paintEvent(self, event: QPaintEvent) -> None:
        self._view.paint_gutter(QPainter(self), event.rect())


def _common(first: list[str], second: list[str]) -> int:
    """The number of equal entries at the start."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(first, second, strict=False)))
