"""Changing the keys of actions, by keyboard: finding one, pressing a key, conflicts, taking back, and what follows live."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QToolButton

from gui.help import KeysDialog
from gui.key_recorder import KeyChip
from gui.settings import Settings
from gui.shortcuts import Shortcuts
from gui.shortcuts_dialog import ShortcutsDialog
from panel_tools import show, texts

CONTROL, NONE = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.NoModifier
ENTER, ESCAPE = Qt.Key.Key_Return, Qt.Key.Key_Escape


@pytest.fixture
def shortcuts(qapp) -> Shortcuts:
    return Shortcuts(Settings())


@pytest.fixture
def dialog(qtbot, shortcuts) -> ShortcutsDialog:
    return show(qtbot, ShortcutsDialog(shortcuts), 680, 640)


def rows(dialog) -> list[str]:
    model = dialog.list.model()
    return [model.index(line, 0).data() for line in range(model.rowCount())]


def keys_of(dialog, name: str) -> str:
    model = dialog.list.model()
    return next(model.index(n, 2).data() for n in range(model.rowCount()) if model.index(n, 0).data() == name)


def find(dialog, words: str) -> None:
    """Search an action and go into the list."""
    dialog.search.setFocus()
    dialog.search.selectAll()
    QTest.keyClicks(dialog.search, words)
    dialog.list.setFocus()


def press(dialog, key, modifiers=NONE) -> None:
    QTest.keyClick(dialog.editor.recorder, key, modifiers)


def test_it_lists_all_actions_with_their_keys(dialog):
    assert {"Save", "Tidy up", "Collapse the cards"} <= set(rows(dialog))
    assert keys_of(dialog, "Fit the drawing") == "Ctrl+9, 0, F, Home"
    assert keys_of(dialog, "Export a picture…") == "no key"


@pytest.mark.parametrize(
    ("words", "name"), [("tidy", "Tidy up"), ("zoom sel", "Zoom to the selection"), ("ctrl+w", "Close the tab")]
)
def test_actions_are_found_by_words_and_by_keys(dialog, words, name):
    find(dialog, words)
    assert name in rows(dialog)
    assert len(rows(dialog)) < 6


def test_a_free_key_is_pressed_and_taken_with_enter(dialog, shortcuts):
    find(dialog, "tidy")
    QTest.keyClick(dialog.list, ENTER)
    assert QApplication.focusWidget() is dialog.editor.recorder
    press(dialog, Qt.Key.Key_J, CONTROL)
    assert "Ctrl+J is free" in dialog.editor.verdict.text()
    press(dialog, ENTER)
    assert shortcuts.keys("tidy") == ("Ctrl+T", "Ctrl+J")
    assert keys_of(dialog, "Tidy up") == "Ctrl+T, Ctrl+J"
    assert QApplication.focusWidget() is dialog.list


def test_a_conflict_is_named_in_place_and_can_be_taken_over(qtbot, dialog, shortcuts):
    dialog.choose("find")
    dialog.editor.record()
    press(dialog, Qt.Key.Key_T, CONTROL)
    assert "Ctrl+T belongs to: Tidy up." in dialog.editor.verdict.text()
    assert dialog.editor.use.text() == "Take it over"
    assert shortcuts.keys("tidy") == ("Ctrl+T",)
    qtbot.mouseClick(dialog.editor.use, Qt.MouseButton.LeftButton)
    assert shortcuts.keys("find") == ("Ctrl+F", "Ctrl+T") and shortcuts.keys("tidy") == ()
    qtbot.mouseClick(dialog.undo, Qt.MouseButton.LeftButton)
    assert shortcuts.keys("find") == ("Ctrl+F",) and shortcuts.keys("tidy") == ("Ctrl+T",)
    assert not dialog.undo.isEnabled()


def test_two_strokes_make_one_key(dialog, shortcuts):
    dialog.choose("tidy")
    dialog.editor.record()
    press(dialog, Qt.Key.Key_K, CONTROL)
    press(dialog, Qt.Key.Key_T, CONTROL)
    assert dialog.editor.recorder.key == "Ctrl+K, Ctrl+T"
    press(dialog, Qt.Key.Key_J, CONTROL)
    assert dialog.editor.recorder.key == "Ctrl+J"


@pytest.mark.parametrize(("key", "words"), [(Qt.Key.Key_S, "types text"), (Qt.Key.Key_Space, "pans")])
def test_a_key_that_cannot_be_had_is_refused_with_the_reason(dialog, shortcuts, key, words):
    dialog.choose("save")
    dialog.editor.record()
    press(dialog, key)
    assert words in dialog.editor.verdict.text()
    assert not dialog.editor.use.isEnabled()
    press(dialog, ENTER)
    assert shortcuts.keys("save") == ("Ctrl+S",)


def test_escape_leaves_without_a_change(dialog, shortcuts):
    dialog.choose("tidy")
    dialog.editor.record()
    press(dialog, Qt.Key.Key_J, CONTROL)
    press(dialog, ESCAPE)
    assert QApplication.focusWidget() is dialog.list and dialog.isVisible()
    assert shortcuts.state() == {}


def test_a_key_is_taken_away_and_reset(qtbot, dialog, shortcuts):
    dialog.choose("fit")
    QApplication.processEvents()
    chips = [chip for chip in dialog.editor.findChildren(KeyChip) if chip.isVisible()]
    assert len(chips) == 4
    button = chips[2].findChild(QToolButton)
    assert button.accessibleName() == "Take F away"
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert shortcuts.keys("fit") == ("Ctrl+9", "0", "Home")
    assert dialog.editor.reset.isEnabled()
    qtbot.mouseClick(dialog.editor.reset, Qt.MouseButton.LeftButton)
    assert shortcuts.keys("fit") == ("Ctrl+9", "0", "F", "Home")
    assert not dialog.editor.reset.isEnabled()


def test_reset_says_from_whom_it_takes_a_key(dialog, shortcuts):
    shortcuts.add("find", "Ctrl+T")
    shortcuts.add("tidy", "Ctrl+J")
    dialog.choose("tidy")
    assert "Find in the drawing" in dialog.editor.reset.toolTip()


def test_all_are_reset_and_that_can_be_undone(qtbot, dialog, shortcuts):
    shortcuts.add("find", "Ctrl+T")
    qtbot.mouseClick(dialog.reset_all, Qt.MouseButton.LeftButton)
    assert shortcuts.keys("tidy") == ("Ctrl+T",)
    qtbot.mouseClick(dialog.undo, Qt.MouseButton.LeftButton)
    assert shortcuts.keys("find") == ("Ctrl+F", "Ctrl+T")


def test_nothing_found_leaves_nothing_to_change(dialog):
    find(dialog, "qqqq")
    assert rows(dialog) == []
    assert not dialog.editor.isEnabled()
    assert "No action is called that." in texts(dialog.editor)


def test_the_help_shows_the_keys_in_force(qtbot, shortcuts):
    page = show(qtbot, KeysDialog(shortcuts), 824, 700)
    assert "Ctrl+T" in texts(page) and "Ctrl+J" not in texts(page)
    shortcuts.add("tidy", "Ctrl+J")
    shortcuts.remove("tidy", "Ctrl+T")
    assert "Ctrl+J" in texts(page) and "Ctrl+T" not in texts(page)
