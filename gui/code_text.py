"""Python text that can be edited: it indents, undoes, colors strings over several lines, and marks the line of an error."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent, QTextBlock, QTextCursor
from PySide6.QtWidgets import QPlainTextEdit, QTextEdit

from gui.panels.code_view import CodeView
from gui.panels.highlight import PythonHighlighter, spans
from gui.theme import theme

INDENT = 4
MARK_OPACITY = 0.18
_QUOTES = ("", '"""', "'''")  # by the state of a line: what is open at its end
_STRINGS = re.compile(r"""#.*|(?P<triple>\"{3}|'{3})|"(?:\\.|[^"\\])*"?|'(?:\\.|[^'\\])*'?""")
_ENDS_A_BLOCK = re.compile(r"\s*(return|pass|raise|break|continue)\b")


class CodeText(CodeView):
    """A plain text with line numbers. Tab and Shift+Tab indent; Ctrl+Tab goes on to the next field."""

    def __init__(self, accessible_name: str) -> None:
        super().__init__()
        self._highlighter.setDocument(None)
        self._highlighter = _Highlighter(self.document())
        self.setReadOnly(False)
        self.setTabChangesFocus(False)
        self.setUndoRedoEnabled(True)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextEditorInteraction)
        self.setTabStopDistance(INDENT * self.fontMetrics().horizontalAdvance(" "))
        self.setAccessibleName(accessible_name)
        self.blockCountChanged.connect(self._fit_gutter)
        self._keys: Mapping[int, Callable[[], object]] = {
            Qt.Key.Key_Return: self._break_line,
            Qt.Key.Key_Enter: self._break_line,
            Qt.Key.Key_Tab: self._indent,
            Qt.Key.Key_Backtab: self._unindent,
        }

    def set_wrapped(self, wrapped: bool) -> None:
        """Break long lines at the edge, so that nothing is out of sight."""
        mode = QPlainTextEdit.LineWrapMode
        self.setLineWrapMode(mode.WidgetWidth if wrapped else mode.NoWrap)

    def replace_text(self, text: str) -> None:
        """Put another text in the place of this one, as an edit that can be undone."""
        cursor = QTextCursor(self.document())
        cursor.select(QTextCursor.SelectionType.Document)
        cursor.insertText(text)
        self.moveCursor(QTextCursor.MoveOperation.Start)

    def mark_error(self, line: int | None) -> None:
        """Mark the line, counted from 1, without moving the text; None takes the mark away."""
        self._marked = () if line is None else (line,)
        self._mark_again()

    def go_to(self, line: int) -> None:
        """Put the cursor at the start of a line, counted from 1, and the focus into the text."""
        self.setTextCursor(QTextCursor(self.document().findBlockByNumber(line - 1)))
        self.centerCursor()
        self.setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        modifiers = event.modifiers() & ~(Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier)
        if event.key() in (Qt.Key.Key_Tab, Qt.Key.Key_Backtab) and modifiers == Qt.KeyboardModifier.ControlModifier:
            self._leave(forward=event.key() == Qt.Key.Key_Tab)
        elif event.key() in self._keys and not modifiers:
            self._keys[event.key()]()
        elif event.key() == Qt.Key.Key_Backspace and not modifiers and self._is_in_indentation():
            self._unindent()
        else:
            QPlainTextEdit.keyPressEvent(self, event)

    # ---- keys

    def _leave(self, *, forward: bool) -> None:
        """Move the focus on, as Tab does elsewhere."""
        self.setTabChangesFocus(True)
        self.focusNextPrevChild(forward)
        self.setTabChangesFocus(False)

    def _break_line(self) -> None:
        """A new line, indented like this one; more after a colon, less after the end of a block."""
        cursor = self.textCursor()
        line = cursor.block().text()
        before = line[: min(cursor.selectionStart() - cursor.block().position(), cursor.positionInBlock())]
        width = _indentation(before)
        if before.rstrip().endswith(":"):
            width += INDENT
        elif _ENDS_A_BLOCK.match(before):
            width = max(0, width - INDENT)
        cursor.insertText("\n" + " " * width)
        self.setTextCursor(cursor)
        self.ensureCursorVisible()

    def _indent(self) -> None:
        cursor = self.textCursor()
        if cursor.hasSelection():
            with self._edit() as edit:
                for block in self._chosen_blocks():
                    if block.text().strip():
                        edit.setPosition(block.position())
                        edit.insertText(" " * INDENT)
        else:
            cursor.insertText(" " * (INDENT - cursor.positionInBlock() % INDENT))

    def _unindent(self) -> None:
        with self._edit() as edit:
            for block in self._chosen_blocks():
                width = _indentation(block.text())
                edit.setPosition(block.position())
                edit.setPosition(
                    block.position() + (width and (width - 1) % INDENT + 1), QTextCursor.MoveMode.KeepAnchor
                )
                edit.removeSelectedText()

    @contextmanager
    def _edit(self) -> Iterator[QTextCursor]:
        """A cursor for changes that are undone together."""
        cursor = QTextCursor(self.document())
        cursor.beginEditBlock()
        yield cursor
        cursor.endEditBlock()

    def _chosen_blocks(self) -> list[QTextBlock]:
        """The lines that the selection touches; the line of the cursor without one."""
        cursor, document = self.textCursor(), self.document()
        first = document.findBlock(cursor.selectionStart()).blockNumber()
        last = document.findBlock(
            max(cursor.selectionStart(), cursor.selectionEnd() - cursor.hasSelection())
        ).blockNumber()
        return [document.findBlockByNumber(number) for number in range(first, last + 1)]

    def _is_in_indentation(self) -> bool:
        cursor = self.textCursor()
        before = cursor.block().text()[: cursor.positionInBlock()]
        return not cursor.hasSelection() and bool(before) and not before.strip(" ")

    def _stripe(self, line: int) -> QTextEdit.ExtraSelection:
        stripe = super()._stripe(line)
        stripe.format.setBackground(theme.color("error", MARK_OPACITY))
        return stripe


class _Highlighter(PythonHighlighter):
    """Knows from the line before which triple quotes are open."""

    def highlightBlock(self, text: str) -> None:
        opened = _QUOTES[max(0, self.previousBlockState())]
        for start, length, role in spans(opened + text):
            begin, end = max(0, start - len(opened)), start + length - len(opened)
            self.setFormat(begin, end - begin, theme.color(role))
        self.setCurrentBlockState(_QUOTES.index(open_quote(text, opened)))


def open_quote(line: str, opened: str) -> str:
    """The triple quotes that are open at the end of a line, when those in `opened` are at its start; "" for none."""
    position = 0
    while opened or (found := _STRINGS.search(line, position)):
        if opened:
            end = line.find(opened, position)
            if end < 0:
                return opened
            position, opened = end + len(opened), ""
        else:
            position, opened = found.end(), found["triple"] or ""
    return ""


def _indentation(line: str) -> int:
    return len(line) - len(line.lstrip(" "))
