"""Every state of the window, as somebody meets it who cannot see or has no mouse: names, descriptions, Tab, visible focus."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from unittest.mock import Mock

import pytest
import shiboken6
from PySide6.QtCore import SIGNAL, Qt
from PySide6.QtGui import QAccessible, QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QLabel, QLineEdit, QPushButton, QWidget

from accessibility_tools import complaints, name_of, nameless, namesakes, pictures_without_words
from amount import some
from block_drawings import showcase
from canvas_hand import SHIFT
from drawings import Drawing
from fake_runs import classes_tested, epoch_ended, numbers_tested, started, steps
from graph import files
from graph.messages import msg, set_language
from graph.model import Code
from gui.announcer import Announcer, selection_sentence
from gui.code_editor import CodeEditor
from gui.export_dialog import ExportDialog
from gui.panes import Panes, can_take_focus
from gui.style import Dresser, apply_style
from panel_tools import show
from person import Person, seat
from runtime import examples
from runtime.events import Event

CANVAS = ("CanvasView",)  # there, Tab adds a layer; Shift+Tab and F6 lead on


@pytest.fixture(autouse=True)
def dressed(qapp):
    """The application in its style; undressed afterwards."""
    font, colors = qapp.font(), qapp.palette()
    apply_style(qapp)
    yield
    shiboken6.delete(qapp.findChild(Dresser))
    qapp.setStyleSheet("")
    qapp.setPalette(colors)
    qapp.setFont(font)


@pytest.fixture
def person(qtbot) -> Person:
    person = seat(qtbot)
    person.open(files.load(examples.path("lenet5_digits")))
    return person


def select(*names: str) -> Callable[[Person], None]:
    return lambda person: person.editor.select([person.id(name) for name in names])


def tab(part: str, number: int) -> Callable[[Person], None]:
    def bring(person: Person) -> None:
        select("conv1")(person)
        getattr(person.window.frame, part).setCurrentIndex(number)

    return bring


def finished(*tested: Event) -> Callable[[Person], None]:
    """A run has ended; the panels of it are looked at one after the other."""

    def run(person: Person) -> None:
        events = [started(), steps(1, 40, accuracy=0.5), epoch_ended(1, accuracy=0.6), *tested]
        person.window.controller.events.emit(events)
        person.window.frame.bottom.setCurrentWidget(person.window.frame.predictions)

    return run


def metrics(person: Person) -> None:
    finished(classes_tested())(person)
    person.window.frame.bottom.setCurrentWidget(person.window.frame.metrics)


def in_block(person: Person) -> None:
    person.open(showcase())
    node = next(n for n in person.editor.graph.nodes.values() if n.type.startswith("block."))
    person.window.block_editor.enter(node.id)


def block_chosen(person: Person) -> None:
    person.open(showcase())
    node = next(n for n in person.editor.graph.nodes.values() if n.type.startswith("block."))
    person.editor.select([node.id])


def problems(person: Person) -> None:
    d = Drawing()
    x = d.add("layerloom.Input", "x", shape=(3, 32, 32))
    d.add("nn.Conv2d", "conv1", x, in_channels=4, out_channels=8)
    d.add("nn.CrossEntropyLoss", "loss")
    person.open(d.project)
    person.editor.select([person.id("conv1")])
    person.window.frame.bottom.setCurrentWidget(person.window.frame.problems)


def notice(person: Person) -> None:
    person.window.notice.show_message(msg("The clipboard holds no part of a drawing. Copy some nodes first."), "error")


STATES = {
    "nothing selected": select(),
    "two selected": select("conv1", "conv2"),
    "data selected": select("digits"),
    **{f"left {n}": tab("left", n) for n in range(3)},
    **{f"side {n}": tab("side", n) for n in range(4)},
    **{f"bottom {n}": tab("bottom", n) for n in range(5)},
    "metrics": metrics,
    "predicted classes": finished(classes_tested()),
    "predicted numbers": finished(numbers_tested()),
    "in a block": in_block,
    "block selected": block_chosen,
    "problems": problems,
    "notice": notice,
}


@pytest.mark.parametrize("state", some(STATES, every=3))
def test_the_window_can_be_heard_and_worked_without_a_mouse(person, state):
    STATES[state](person)
    person.canvas.setFocus()
    QApplication.processEvents()
    found = complaints(person.window, swallows_tab=CANVAS)
    assert not found, "\n".join(found)


def export_dialog(person: Person) -> QDialog:
    return ExportDialog(Path("net.runs") / "one", Path(), person.window, exporter=Mock())


def code_dialog(person: Person) -> QDialog:
    return CodeEditor(Code("", "Mine", ""), person.canvas)


def by_action(name: str) -> Callable[[Person], QDialog]:
    def open_dialog(person: Person) -> QDialog:
        person.choose(name)
        QApplication.processEvents()
        (dialog,) = (d for d in person.window.findChildren(QDialog) if d.isVisible())
        return dialog

    return open_dialog


DIALOGS = {
    "export": export_dialog,
    "code": code_dialog,
    "keys": by_action("show_keys"),
    "shortcuts": by_action("edit_shortcuts"),
    "picture": by_action("export_picture"),
}


@pytest.mark.parametrize("dialog", DIALOGS)
def test_a_dialog_can_be_heard_and_worked_without_a_mouse(person, qtbot, dialog):
    opened = DIALOGS[dialog](person)
    with qtbot.waitActive(opened):
        opened.show()
        opened.activateWindow()
    qtbot.waitUntil(lambda: opened.isAncestorOf(QApplication.focusWidget()))
    found = complaints(opened)
    assert not found, "\n".join(found)
    opened.close()


BOXES = ("quick_add", "command_palette", "find", "make_block", "connect_selected")


@pytest.mark.parametrize("action", BOXES)
def test_a_box_over_the_canvas_can_be_heard(person, action):
    person.editor.select([person.id("conv1")])
    if action == "connect_selected":
        person.editor.disconnect_links(person.editor.graph.outgoing(person.id("conv1")))
    person.choose(action)
    QApplication.processEvents()
    assert QApplication.focusWidget() is not person.canvas
    found = [*nameless(person.window), *namesakes(person.window), *pictures_without_words(person.window)]
    assert not found, "\n".join(found)
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Escape)


def test_names_are_spoken_in_the_language_in_use(qtbot):
    set_language("zh_CN")
    person = seat(qtbot)
    assert person.canvas.accessibleName() == "画布"


# ---- the walk itself finds what is wrong


def test_the_walk_finds_what_is_wrong(qtbot):
    window = show(qtbot, QWidget())
    unnamed, twins = QPushButton(window), [QPushButton("Twin", window), QPushButton("Twin", window)]
    unseen, picture = QLineEdit(window), QLabel(window)
    unnamed.grab()
    unseen.setAccessibleName("Unseen")
    unseen.setStyleSheet("border: 0; color: transparent; background: gray;")
    unseen.setCursorPosition(0)
    picture.setPixmap(QPushButton("x").grab())
    caught = _Keeper(window)
    for place, widget in enumerate((unnamed, *twins, unseen, picture, caught)):
        widget.setGeometry(10, 10 + 60 * place, 200, 40)
        widget.show()
    unnamed.setFocus()
    found = " | ".join(complaints(window))
    for words in (
        "no name: QPushButton",
        "2 QPushButton called 'Twin'",
        "picture without words: QLabel",
        "does not leave",
    ):
        assert words in found, found


class _Keeper(QPushButton):
    """A button that Tab does not leave."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__("Keeper", parent)

    def focusNextPrevChild(self, _forward: bool) -> bool:
        return False

    def keyPressEvent(self, event: QKeyEvent) -> None:
        event.accept()


def test_tab_goes_through_panels_where_they_stand(person):
    frame = person.window.frame
    frame.left.setCurrentWidget(frame.outline)
    select("conv1")(person)
    for tabs, first in ((frame.side, "Name of the node"), (frame.left, "Outline")):
        QApplication.processEvents()  # new widgets are shown
        tabs.tabBar().setFocus()
        QTest.keyClick(tabs.tabBar(), Qt.Key.Key_Tab)
        assert name_of(QApplication.focusWidget()) == first


# ---- panes


def test_f6_goes_from_pane_to_pane_and_back_to_where_the_person_was(person):
    frame = person.window.frame
    panes = Panes([frame.tool_bar, frame.left, frame.canvas, frame.side, frame.bottom], frame)
    select("conv1")(person)
    frame.library.search.setFocus()
    panes.go(1)
    assert QApplication.focusWidget() is person.canvas
    panes.go(1)
    inside = QApplication.focusWidget()
    assert frame.side.isAncestorOf(inside)
    panes.go(-1)
    panes.go(-1)
    assert QApplication.focusWidget() is frame.library.search
    frame.side.hide()
    panes.go(2)
    assert frame.bottom.isAncestorOf(QApplication.focusWidget())
    panes.go(1)
    assert frame.tool_bar.isAncestorOf(QApplication.focusWidget())


def test_f6_forgets_what_is_gone(person):
    frame = person.window.frame
    panes = Panes([frame.canvas, frame.side], frame)
    select("conv1")(person)
    panes.go(1)
    panes.go(1)
    select("fc1")(person)  # another form in the place of the one that had the focus
    QApplication.sendPostedEvents(None, 0)
    QApplication.processEvents()
    panes.go(1)
    assert frame.side.isAncestorOf(QApplication.focusWidget())


def test_going_to_and_fro_ties_nothing_more_to_a_widget(person):
    frame = person.window.frame
    field, other = frame.library.search, frame.canvas
    before = field.receivers(SIGNAL("destroyed(QObject*)"))
    for _ in range(5):
        field.setFocus()
        next(w for w in frame.left.findChildren(QWidget) if w is not field and can_take_focus(w)).setFocus()
        other.setFocus()
    assert field.receivers(SIGNAL("destroyed(QObject*)")) == before


def test_shift_and_tab_leave_the_canvas(person):
    person.canvas.setFocus()
    QTest.keyClick(person.canvas, Qt.Key.Key_Backtab, SHIFT)
    assert QApplication.focusWidget() is not person.canvas


# ---- what is selected on the canvas


@pytest.fixture
def listening():
    QAccessible.setActive(True)
    yield
    QAccessible.setActive(False)


def test_what_is_selected_on_the_canvas_is_said(person, listening):
    announcer = Announcer(person.editor, person.canvas)
    assert "Outline" in person.canvas.accessibleDescription()
    person.editor.select([person.id("conv1")])
    said = "conv1: Conv2d, out_channels 6, kernel_size 5 × 5. Gives B × 6 × 28 × 28. 156 parameters."
    assert announcer.said == said
    assert person.canvas.accessibleDescription().startswith(said)
    person.editor.select([person.id("conv1"), person.id("conv2")])
    assert announcer.said == "2 nodes selected"
    (link,) = person.editor.graph.incoming(person.id("tanh1"))
    person.editor.select([], [link])
    assert announcer.said == "Wire from conv1.output to tanh1.input"
    person.editor.select([])
    assert announcer.said == "Nothing is selected"


def test_notices_and_choices_are_said(person, listening, monkeypatch):
    heard: list[str] = []
    for module in ("gui.notice", "gui.canvas.chooser", "gui.announcer"):
        monkeypatch.setattr(f"{module}.say", lambda _widget, text: heard.append(text))
    person.window.notice.show_message(msg("Disconnect"))
    assert heard == ["Disconnect"]
    person.choose("quick_add")
    QTest.keyClicks(QApplication.focusWidget(), "batchnorm2d")
    assert heard[-1].startswith("BatchNorm2d")
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Escape)


def test_nothing_is_said_while_nobody_listens(person):
    announcer = Announcer(person.editor, person.canvas)
    person.editor.select([person.id("conv1")])
    assert announcer.said == "" and "conv1" in selection_sentence(person.editor)
