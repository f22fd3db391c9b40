"""The command palette and what it finds, by keyboard."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAccessible
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QMainWindow

from canvas_hand import CONTROL, SHIFT
from drawings import lenet5
from graph.messages import msg, set_language
from gui import actions
from gui.palette import CommandPalette, open_palette
from gui.settings import Settings
from gui.shortcuts import Shortcuts
from person import seat

ENTER, DOWN, ESCAPE = Qt.Key.Key_Return, Qt.Key.Key_Down, Qt.Key.Key_Escape


class Everything(QObject):
    """Has every action; remembers what was done and what had the focus then."""

    def __init__(self) -> None:
        super().__init__()
        self.done: list[str] = []
        self.focus = None
        self.flows_down = True

    def why_not(self, action: str):
        return msg("Press a key.") if action == "stop" else None

    def open_recent(self, name: str) -> None:
        self.done.append(f"open {name}")


def _method(name: str):
    def call(self) -> None:
        self.done.append(name)
        self.focus = QApplication.focusWidget()

    call.__name__ = name
    return call


for _name in actions.ACTIONS:
    setattr(Everything, _name, _method(_name))


class Window(QMainWindow):
    def __init__(self) -> None:
        super().__init__()
        self.everything = Everything()
        self.field = QLineEdit()
        self.setCentralWidget(self.field)
        self.settings, self.shortcuts = Settings(), Shortcuts(Settings(), self)
        self.fill()

    def fill(self) -> None:
        self.made, self.menus = actions.fill(
            self.menuBar(), self, self._owner, shortcuts=self.shortcuts, tell=lambda _message: None
        )
        files = {name: name for name in ("lenet.layerloom", "unet.layerloom")}
        self.menus["recent"].aboutToShow.connect(self._fill_recent)
        actions.fill_choices(self.menus["theme"], {"dark": str(msg("Dark")), "light": str(msg("Light"))}, "dark",
                             lambda name: self.everything.done.append(f"theme {name}"))  # fmt: skip
        self._files = files

    def _owner(self) -> Everything:
        return self.everything

    def _fill_recent(self) -> None:
        self.menus["recent"].clear()
        actions.fill_choices(self.menus["recent"], self._files, "", self.everything.open_recent)

    def open_box(self) -> CommandPalette:
        made = open_palette(self, self.made, self.menus, shortcuts=self.shortcuts, settings=self.settings)
        assert made is not None
        return made


@pytest.fixture
def window(qtbot):
    made = Window()
    qtbot.addWidget(made)
    made.resize(1000, 700)
    with qtbot.waitActive(made):
        made.show()
        made.activateWindow()
    made.field.setFocus()
    return made


def texts(box: CommandPalette) -> list[str]:
    return [entry.text for entry in box.entries()]


def type_in(box: CommandPalette, words: str) -> None:
    """Type words in the place of those that are there; what no keyboard of the test has comes as by an input method."""
    box.edit.selectAll()
    if words.isascii():
        QTest.keyClicks(box.edit, words)
    else:
        box.edit.insert(words)


def test_it_lists_every_action_and_every_choice(window):
    box = window.open_box()
    listed = {entry.name for entry in box.entries()}
    assert listed >= actions.ACTIONS.keys() - {"command_palette"}
    assert {"theme:dark", "recent:unet.layerloom"} <= listed
    assert box.edit.hasFocus()
    assert abs(box.geometry().center().x() - window.rect().center().x()) <= 1 and box.y() < window.height() / 4


@pytest.mark.parametrize(
    ("words", "first"),
    [
        ("tidy", "tidy"),
        ("zoom sel", "zoom_to_selection"),
        ("fit", "fit"),
        ("export pic", "export_picture"),
        ("undo", "undo"),
        ("aling left", "align_left"),
        ("keys", "show_keys"),
        ("unet", "recent:unet.layerloom"),
        ("theme dark", "theme:dark"),
        ("dark", "theme:dark"),
        ("save as", "save_as"),
        ("nwe window", "new_window"),
        ("same gaps down", "distribute_vertically"),
        ("next prob", "next_problem"),
        ("block", "make_block"),
        ("自动整理", "tidy"),
        ("导出图片", "export_picture"),
        ("撤销", "undo"),
        ("左对齐", "align_left"),
        ("深色", "theme:dark"),
    ],
)
@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_words_of_both_languages_find_it_whatever_is_shown(window, language, words, first):
    set_language(language)
    window.fill()
    box = window.open_box()
    type_in(box, words)
    found = box.entries()[0]
    assert found.name == first


def test_enter_runs_it_after_the_box_has_closed_and_the_focus_is_back(window):
    box = window.open_box()
    type_in(box, "tidy up")
    QTest.keyClick(box.edit, ENTER)
    assert window.everything.done == ["tidy"]
    assert window.everything.focus is window.field
    assert not box.isVisible()


def test_the_arrows_choose_and_a_click_takes(window):
    box = window.open_box()
    type_in(box, "zoom")
    QTest.keyClick(box.edit, DOWN)
    second = box.entries()[1].name
    QTest.keyClick(box.edit, ENTER)
    assert window.everything.done == [second]
    box = window.open_box()
    type_in(box, "theme light")
    at = box.list.visualItemRect(box.list.item(0)).center()
    QTest.mouseClick(box.list.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert window.everything.done[-1] == "theme light"


def test_escape_gives_the_focus_back_and_does_nothing(window):
    box = window.open_box()
    QTest.keyClick(box.edit, ESCAPE)
    assert window.field.hasFocus() and not box.isVisible()
    assert window.everything.done == []


def test_a_click_elsewhere_closes_it_and_the_focus_stays_there(window):
    other = QLineEdit(window)
    other.show()
    box = window.open_box()
    other.setFocus()
    assert not box.isVisible() and other.hasFocus()


def test_the_key_opens_and_closes_it(window):
    box = window.open_box()
    assert open_palette(window, window.made, window.menus, shortcuts=window.shortcuts, settings=window.settings) is None
    assert not box.isVisible() and window.field.hasFocus()


def test_what_was_used_lately_comes_first_also_after_a_new_start(window):
    for words in ("tidy up", "theme light"):
        box = window.open_box()
        type_in(box, words)
        QTest.keyClick(box.edit, ENTER)
    assert [entry.name for entry in window.open_box().entries()[:2]] == ["theme:light", "tidy"]
    assert Settings().commands == ["theme:light", "tidy"]


def test_what_cannot_be_done_is_shown_with_its_reason_and_is_not_done(window):
    box = window.open_box()
    type_in(box, "stop")
    entry = box.entries()[0]
    assert entry.name == "stop" and str(entry.reason) == "Press a key."
    QTest.keyClick(box.edit, ENTER)
    assert box.isVisible() and window.everything.done == []
    assert "Press a key." in box.edit.accessibleDescription()


def test_what_the_window_disabled_is_shown_so(window):
    window.made["undo"].setEnabled(False)
    box = window.open_box()
    type_in(box, "undo")
    assert "nothing to do this with" in str(box.entries()[0].reason)
    QTest.keyClick(box.edit, ENTER)
    assert window.everything.done == []


def test_keys_in_force_and_marks_are_shown(window):
    window.shortcuts.add("tidy", "Ctrl+J")
    window.shortcuts.remove("tidy", "Ctrl+T")
    entries = {entry.name: entry for entry in window.open_box().entries()}
    assert entries["tidy"].keys == ("Ctrl+J",)
    assert entries["flow_down"].checked and entries["theme:dark"].checked and not entries["theme:light"].checked


def test_nothing_found_is_said(window):
    box = window.open_box()
    type_in(box, "qqqq")
    assert box.entries() == []
    assert "No action is called that" in box.edit.accessibleDescription()


def test_rows_have_names_for_those_who_listen(window):
    box = window.open_box()
    type_in(box, "tidy up")
    rows = QAccessible.queryAccessibleInterface(box.list)
    assert rows.child(0).text(QAccessible.Text.Name) == "Tidy up, Arrange, Ctrl+T"
    assert box.edit.accessibleDescription() == "Tidy up, Arrange, Ctrl+T"


# ---- in the window itself


def test_the_window_is_worked_by_typing_what_one_wants(qtbot):
    person = seat(qtbot)
    window = person.window
    person.canvas.setFocus()
    before = person.canvas.zoom
    person.key(Qt.Key.Key_P, CONTROL | SHIFT)
    box = window.findChild(CommandPalette)
    assert box.edit.hasFocus()
    type_in(box, "zoom out")
    QTest.keyClick(box.edit, ENTER)
    assert person.canvas.zoom < before and person.canvas.hasFocus()
    assert box.words_of(next(e for e in box.entries() if e.name == "zoom_out")).startswith("Zoom out, View, Ctrl+-")


def test_a_key_of_the_canvas_that_a_person_chose_reaches_the_window(qtbot):
    person = seat(qtbot)
    person.open(lenet5().project)
    person.window.shortcuts.add("tidy_selection", "T")
    person.window.shortcuts.add("zoom_to_actual", "T")
    person.canvas.zoom_in()
    person.key(Qt.Key.Key_T)
    assert person.canvas.zoom == 1
    person.window.shortcuts.add("select_all", "Q")
    person.key(Qt.Key.Key_Q)
    assert len(person.editor.selection) == len(person.editor.graph.nodes)


def test_what_was_used_lately_is_known_in_every_language(window):
    type_in(window.open_box(), "dark")
    QTest.keyClick(QApplication.focusWidget(), ENTER)
    assert window.everything.done == ["theme dark"]
    set_language("zh_CN")
    window.fill()
    first, *_ = window.open_box().entries()
    assert (first.name, first.text) == ("theme:dark", "深色")
