"""The menus from the table: whose method is called, when; marks, reasons, keys that change, menus that are made anew."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMainWindow, QMenu

from graph.messages import msg, set_language
from gui import actions
from gui.settings import Settings
from gui.shortcuts import Shortcuts


class Document(QObject):
    """One of the things that the menus call; what was called is in `calls`."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[str] = []
        self.flows = "right"
        self.reason = None

    def find(self) -> None:
        self.calls.append("find")

    def tidy(self) -> None:
        self.calls.append("tidy")

    def undo(self) -> None:
        self.calls.append("undo")

    def delete(self) -> None:
        self.calls.append("delete")

    def flow_down(self) -> None:
        self.flows = "down"

    @property
    def flows_down(self) -> bool:
        return self.flows == "down"

    def why_not(self, action: str):
        return self.reason if action == "tidy" else None


class Window(QMainWindow):
    def __init__(self) -> None:
        super().__init__()
        self.document: Document | None = Document()
        self.shortcuts = Shortcuts(Settings(), self)
        self.told: list[str] = []
        self.fill()

    def fill(self) -> None:
        self.made, self.menus = actions.fill(
            self.menuBar(), self, self._document, shortcuts=self.shortcuts, tell=lambda m: self.told.append(str(m))
        )

    def save(self) -> None:
        self.told.append("saved")

    def _document(self) -> Document | None:
        return self.document

    def menu(self, title: str) -> QMenu:
        return next(menu for a in self.menuBar().actions() if (menu := a.menu()) and menu.title() == title)


@pytest.fixture
def window(qtbot):
    made = Window()
    qtbot.addWidget(made)
    with qtbot.waitActive(made):
        made.show()
        made.activateWindow()
    return made


def test_an_entry_calls_the_method_of_its_owner(window):
    window.made["save"].trigger()
    window.made["tidy"].trigger()
    assert window.told == ["saved"] and window.document.calls == ["tidy"]


def test_the_owner_is_looked_up_at_the_time_of_the_call(window):
    first, window.document = window.document, Document()
    window.made["tidy"].trigger()
    assert first.calls == [] and window.document.calls == ["tidy"]


def test_an_entry_without_a_method_is_left_out_and_so_is_a_menu_without_entries(window):
    assert "export_model" not in window.made
    texts = [action.text() for action in window.menu("&File").actions()]
    assert "&Save" in texts and "Compare with a run…" not in texts
    titles = [action.text() for action in window.menuBar().actions() if action.isVisible()]
    assert "&Arrange" in titles and "&Train" not in titles


def test_methods_that_every_widget_has_are_not_those_of_an_action(window):
    window.made["find"].trigger()
    assert window.document.calls == ["find"]
    assert window.made["close"].why_not() is None


def test_keys_of_the_window_are_heard_and_those_of_the_canvas_are_only_shown(window):
    QTest.keyClick(window, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(window, Qt.Key.Key_T, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(window, Qt.Key.Key_Delete)
    assert window.document.calls == ["find", "tidy"]
    assert window.made["delete"].shortcut() == QKeySequence("Del")


def test_keys_that_change_are_heard_at_once(window):
    window.shortcuts.add("find", "Ctrl+T")
    QTest.keyClick(window, Qt.Key.Key_T, Qt.KeyboardModifier.ControlModifier)
    assert window.document.calls == ["find"]
    window.shortcuts.add("tidy", "Ctrl+K, Ctrl+T")
    for key in (Qt.Key.Key_K, Qt.Key.Key_T):
        QTest.keyClick(window, key, Qt.KeyboardModifier.ControlModifier)
    assert window.document.calls == ["find", "tidy"]
    assert "Ctrl+K, Ctrl+T" in window.made["tidy"].toolTip()


def test_what_cannot_be_done_says_why_in_its_menu_and_when_its_key_is_pressed(window):
    window.document.reason = msg("Press a key.")
    menu = window.menu("&Arrange")
    menu.popup(window.mapToGlobal(window.rect().center()))
    assert not window.made["tidy"].isEnabled()
    assert "Press a key." in window.made["tidy"].toolTip() and menu.toolTipsVisible()
    menu.close()
    assert window.made["tidy"].isEnabled()
    QTest.keyClick(window, Qt.Key.Key_T, Qt.KeyboardModifier.ControlModifier)
    assert window.told == ["Press a key."] and window.document.calls == []


def test_a_menu_leaves_alone_what_the_window_disabled(window):
    window.made["undo"].setEnabled(False)
    menu = window.menu("&Edit")
    menu.popup(window.mapToGlobal(window.rect().center()))
    menu.close()
    assert not window.made["undo"].isEnabled()


def test_without_a_document_an_entry_says_so(window):
    window.document = None
    window.fill()
    window.made["tidy"].trigger()
    assert "no drawing" in window.told[-1]


def test_marks_follow_the_property(window):
    action = window.made["flow_down"]
    assert action.isCheckable() and not action.isChecked()
    action.trigger()
    assert action.isChecked() and window.document.flows == "down"
    action.trigger()
    assert action.isChecked()
    window.document.flows = "right"
    menu = window.menu("&Arrange")
    menu.popup(window.mapToGlobal(window.rect().center()))
    assert not action.isChecked()
    menu.close()


def test_menus_are_made_anew_in_another_language(qtbot, window):
    titles = [action.text() for action in window.menuBar().actions()]
    old = window.made["tidy"]
    set_language("zh_CN")
    window.fill()
    qtbot.waitUntil(lambda: len(window.menuBar().findChildren(actions.Action)) == len(window.made))
    assert len(window.menuBar().actions()) == len(titles)
    assert window.menuBar().actions()[0].text() == "文件(&F)"
    assert window.made["tidy"].text() == "自动整理(&T)" and window.made["tidy"] is not old
    QTest.keyClick(window, Qt.Key.Key_T, Qt.KeyboardModifier.ControlModifier)
    assert window.document.calls == ["tidy"]
    assert len([a for a in window.actions() if a.shortcut() == QKeySequence("Ctrl+T")]) == 1


def test_an_action_of_a_past_menu_takes_no_part_any_more(window):
    window.fill()
    window.shortcuts.add("find", "Ctrl+J")
    QTest.keyClick(window, Qt.Key.Key_J, Qt.KeyboardModifier.ControlModifier)
    assert window.document.calls == ["find"]


@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_the_letters_of_the_menus_are_different(language):
    set_language(language)
    letters = [str(menu.title).split("&")[1][0].casefold() for menu in actions.MENUS if menu.in_bar]
    assert len(letters) == len(set(letters))


def test_every_action_has_a_handler_in_the_window(qtbot, tmp_path):
    """Every id of the table is the name of a method that the window, or what it shows, has."""
    from person import seat

    window = seat(qtbot).window
    assert sorted(actions.ACTIONS.keys() - window.actions_by_id.keys()) == []
