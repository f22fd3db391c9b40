"""A box over the canvas in which a text is edited where it stands: the title of a frame, or a note."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, QRectF, Qt, Signal, Slot
from PySide6.QtGui import QFocusEvent, QKeyEvent, QTextCursor
from PySide6.QtWidgets import QFrame, QPlainTextEdit

from graph.strict_json import MAX_STRING
from gui.canvas.palette import ui_font

if TYPE_CHECKING:
    from gui.canvas.annotations import AnnotationItem
    from gui.canvas.viewport import ZoomView

PASSING = (Qt.FocusReason.PopupFocusReason, Qt.FocusReason.ActiveWindowFocusReason)  # the focus will come back
LEAST_FONT = 12  # pixels, whatever the zoom
LINE = 28  # height of a box for one line
LEAST_SIZE = (200, 80)
MOST_WIDE = 320  # for one line
BORDER, PADDING = 2, 8
ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class NoteEditor(QPlainTextEdit):
    """`committed` gives the text when the person is done: with Escape, Ctrl+Enter, or by going elsewhere.

    A box for one line is done with Enter too. What is more than a file can hold is left out; `cut_short` says so.
    """

    committed = Signal(str)
    cut_short = Signal()

    def __init__(self, view: ZoomView, item: AnnotationItem, *, font_size: float, one_line: bool) -> None:
        super().__init__(view)
        self._view, self._item, self._font_size, self._one_line = view, item, font_size, one_line
        self._is_done = False
        self._added_to = 0  # where what was typed or pasted last ends
        self.setProperty("kind", "field")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setTabChangesFocus(True)
        self.setPlainText(item.annotation.text)
        self.document().setDocumentMargin(PADDING)
        if one_line:
            self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
            self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
            self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
            self.selectAll()
        else:
            self.moveCursor(QTextCursor.MoveOperation.End)
        for bar in (view.horizontalScrollBar(), view.verticalScrollBar()):
            bar.valueChanged.connect(self._on_view_moved)
        self.document().contentsChange.connect(self._on_contents_change)
        self.textChanged.connect(self._on_text_changed)
        self._place()
        item.set_edited(True)

    def open(self) -> None:
        """Show the box and let the person type."""
        self.show()
        self.raise_()
        self.setFocus(Qt.FocusReason.PopupFocusReason)

    def commit(self) -> None:
        """The text is as it should be: give it and close the box."""
        if not self._is_done:
            text = self.toPlainText()
            self.shut()
            self.committed.emit(" ".join(text.split()) if self._one_line else text)

    def shut(self) -> None:
        """Close the box; the text in it is forgotten."""
        if self._is_done:
            return
        self._is_done = True
        had_focus = self.hasFocus()
        self._item.set_edited(False)
        self.hide()
        self.deleteLater()
        if had_focus:
            self._view.setFocus(Qt.FocusReason.OtherFocusReason)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        enters = event.key() in ENTER and (
            (self._one_line and plain) or bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        )
        if enters or event.key() == Qt.Key.Key_Escape:
            self.commit()
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        if event.reason() not in PASSING:
            self.commit()

    @Slot(int, int, int)
    def _on_contents_change(self, position: int, _removed: int, added: int) -> None:
        self._added_to = position + added

    @Slot()
    def _on_text_changed(self) -> None:
        """Take back as much of the end of what was just added as is too much."""
        units = self.toPlainText().encode("utf-16-le", "surrogatepass")  # a cursor counts two bytes each
        too_many = len(units.decode("utf-16-le", "replace").encode()) - MAX_STRING
        if too_many <= 0:
            return
        end = min(self._added_to, len(units) // 2)
        kept = units[: 2 * end].decode("utf-16-le", "replace")
        while kept and too_many > 0:
            too_many -= len(kept[-1].encode())
            kept = kept[:-1]
        cursor = QTextCursor(self.document())
        cursor.joinPreviousEditBlock()
        cursor.setPosition(len(kept.encode("utf-16-le")) // 2)
        cursor.setPosition(end, QTextCursor.MoveMode.KeepAnchor)
        cursor.removeSelectedText()
        cursor.endEditBlock()
        self.cut_short.emit()

    @Slot()
    def _on_view_moved(self) -> None:
        self._place()

    def _place(self) -> None:
        """Lie over the item, with a text as large as there, but never too small to be read."""
        zoom, area = self._view.zoom, self._item.area
        self.setFont(ui_font(max(LEAST_FONT, min(self._font_size * zoom, 4 * LEAST_FONT)), bold=self._one_line))
        shown = self._view.mapFromScene(area).boundingRect().translated(self._view.viewport().pos())
        if self._one_line:
            height = max(LINE, round(1.8 * self.font().pixelSize()))
            shown = QRect(shown.left(), shown.top(), max(LEAST_SIZE[0], min(shown.width(), MOST_WIDE)), height)
            self.document().setDocumentMargin((height - self.fontMetrics().height()) / 2 - BORDER)
        else:
            shown.setSize(shown.size().expandedTo(QRectF(0, 0, *LEAST_SIZE).toRect().size()))
        room = self._view.rect()
        shown.moveLeft(max(room.left(), min(shown.left(), room.right() - LEAST_SIZE[0])))
        shown.moveTop(max(room.top(), min(shown.top(), room.bottom() - LINE)))
        self.setGeometry(shown.intersected(room))
