"""Python text that can be edited, by its keys: indentation, undo, colors over several lines."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QTextCursor

from gui.code_text import CodeText, open_quote
from panel_tools import show


@pytest.fixture
def text(qtbot):
    """An empty text with the focus."""
    made = show(qtbot, CodeText("Text"), 400, 300)
    made.setFocus()
    return made


@pytest.mark.parametrize(
    ("keys", "text_after"),
    [
        ("def f(x):\nreturn x\ny", "def f(x):\n    return x\ny"),
        ("if x:\nif y:\npass\nz", "if x:\n    if y:\n        pass\n    z"),
        ("a\tb", "a   b"),
        ("\t\tb\n\bc", "        b\n    c"),
        ("\t\b\bx", "x"),
        ("x = 1\n\ny", "x = 1\n\ny"),
        ("ab\b", "a"),
    ],
)
def test_keys_indent_as_python_wants_it(qtbot, text, keys, text_after):
    special = {"\n": Qt.Key.Key_Return, "\t": Qt.Key.Key_Tab, "\b": Qt.Key.Key_Backspace}
    for key in keys:
        qtbot.keyClick(text, special.get(key, key))
    assert text.toPlainText() == text_after


def test_tab_moves_all_chosen_lines_and_one_undo_takes_it_back(qtbot, text):
    text.setPlainText("a\n\nb\nc")
    text.moveCursor(QTextCursor.MoveOperation.Down, QTextCursor.MoveMode.KeepAnchor)
    text.moveCursor(QTextCursor.MoveOperation.Down, QTextCursor.MoveMode.KeepAnchor)
    text.moveCursor(QTextCursor.MoveOperation.Right, QTextCursor.MoveMode.KeepAnchor)
    qtbot.keyClick(text, Qt.Key.Key_Tab)
    assert text.toPlainText() == "    a\n\n    b\nc"
    qtbot.keyClick(text, Qt.Key.Key_Backtab, Qt.KeyboardModifier.ShiftModifier)
    assert text.toPlainText() == "a\n\nb\nc"
    qtbot.keyClick(text, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert text.toPlainText() == "    a\n\n    b\nc"
    qtbot.keyClick(text, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert text.toPlainText() == "a\n\nb\nc"


def test_the_line_of_the_cursor_gives_its_indentation_back(qtbot, text):
    text.setPlainText("      x")
    qtbot.keyClick(text, Qt.Key.Key_Backtab, Qt.KeyboardModifier.ShiftModifier)
    assert text.toPlainText() == "    x"


@pytest.mark.parametrize(
    ("line", "before", "after"),
    [
        ("x = 1", "", ""), ('"""a', "", '"""'), ('"""a"""', "", ""), ("end'''", "'''", ""), ("more", '"""', '"""'),
        ("# \"\"\"", "", ""), ("'\"\"\"'", "", ""), ('""" + \'\'\'b', '"""', "'''"), ("'it\\'s' + '''", "", "'''"),
    ],
)  # fmt: skip
def test_open_quotes_are_known_from_line_to_line(line, before, after):
    assert open_quote(line, before) == after
