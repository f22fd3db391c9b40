"""What several tabs and windows share, and what each has for itself."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import shiboken6
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication

from drawings import lenet5
from graph import files
from gui.app import keep
from gui.hints import Hints
from gui.main_window import MainWindow
from gui.settings import Settings
from gui.theme import theme
from gui.tongue import tongue
from person import Person, end, seat


@pytest.fixture
def person(qtbot, project_folder) -> Person:
    return seat(qtbot)


@pytest.fixture
def saved(project_folder) -> Path:
    path = project_folder / "one.layerloom"
    files.save(lenet5().project, path)
    return path


def sizes(window: MainWindow) -> list[int]:
    return window.frame._across.sizes()


def test_panels_keep_their_sizes_from_tab_to_tab(person, saved):
    window = person.window
    window.editor.rename_project("One")
    window.file_actions.open_path(saved)
    window.frame._across.setSizes([260, 1000, 340])
    wanted = sizes(window)
    window.tabs.setCurrentIndex(0)
    assert sizes(window) == wanted
    window.tabs.setCurrentIndex(1)
    assert sizes(window) == wanted
    try:
        tongue.use("zh_CN")
        assert sizes(window) == wanted
    finally:
        tongue.use("en")


def test_every_tab_says_its_keys(person, saved):
    window = person.window
    window.editor.rename_project("One")
    window.file_actions.open_path(saved)
    assert window.frame.tool_bar.buttons["save"].toolTip() == "Save the drawing (Ctrl+S)"


def test_a_file_that_cannot_be_opened_makes_no_tab_and_no_wait(person, project_folder):
    window = person.window
    window.editor.rename_project("One")
    window.start_background()
    began = time.monotonic()
    window.file_actions.open_path(project_folder / "missing.layerloom")
    assert time.monotonic() - began < 1
    assert len(window.pages) == 1 and "missing.layerloom" in window.notice.text


def test_quit_closes_all_windows(person, qtbot):
    other = MainWindow(Settings())
    qtbot.addWidget(other, before_close_func=end)
    other.show()
    person.window.run_action("quit")
    assert not person.window.isVisible() and not other.isVisible()


def test_the_first_window_can_be_closed_while_another_stays(qtbot, project_folder):
    first, second = MainWindow(Settings()), MainWindow(Settings())
    qtbot.addWidget(second, before_close_func=end)
    keep(first)
    for window in (first, second):
        window.show()
    first.close()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert not shiboken6.isValid(first)
    try:
        tongue.use("zh_CN")
        assert second.menuBar().actions()[0].text().startswith("文件")
    finally:
        tongue.use("en")


def test_the_menus_of_all_windows_say_what_is_in_force(person, qtbot):
    other = MainWindow(Settings())
    qtbot.addWidget(other, before_close_func=end)
    before = theme.name
    try:
        other.view_actions.use_theme("high_contrast_dark")
        person.window.menus["theme"].aboutToShow.emit()
        marked = [action.text() for action in person.window.menus["theme"].actions() if action.isChecked()]
        assert marked == ["High contrast, dark"]
    finally:
        theme.use(before)


def test_a_panel_that_was_put_away_comes_back_when_it_is_needed(person):
    window = person.window
    project = lenet5().project
    person.open(project.with_graph(project.graph.remove([project.graph.node_named("loss").id])))
    window.view_actions.show_panel("bottom", False)
    assert not window.frame.bottom.isVisible()
    window.run_action("train_or_pause")
    QApplication.processEvents()
    assert window.frame.bottom.isVisible() and window.frame.bottom.currentWidget() is window.frame.problems
    assert Settings().hidden_panels == []


def test_first_steps_are_shown_once(person):
    for _ in range(2):
        person.window.run_action("show_hints")
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert len(person.canvas.findChildren(Hints)) == 1
    person.window.shortcuts.add("train_or_pause", "Ctrl+F9")
    person.window.shortcuts.remove("train_or_pause", "F5")
    assert "Ctrl+F9" in person.canvas.findChild(Hints).sentence.text()


def test_what_is_pasted_lies_under_the_cursor_else_in_sight(person, saved):
    window = person.window
    window.file_actions.open_path(saved)
    QApplication.processEvents()
    person = Person(window)
    window.editor.select([person.id("conv1"), person.id("tanh1")])
    window.run_action("copy")
    spot = person.canvas.mapToScene(300, 200)
    person.hand.move(spot)
    for count in range(2):
        window.run_action("paste")
        corners = [window.editor.graph.nodes[i].position for i in window.editor.selection]
        x, y = min(x for x, _ in corners), min(y for _, y in corners)
        assert abs(x - spot.x() - 24 * count) < 1 and abs(y - spot.y() - 24 * count) < 1
    window.editor.move(dict.fromkeys(window.editor.selection, (9000.0, 9000.0)))
    window.run_action("copy")
    QCoreApplication.sendEvent(person.canvas, QEvent(QEvent.Type.Leave))
    window.run_action("paste")
    seen = person.canvas.visible_area()
    assert all(seen.contains(person.canvas.scene().nodes[i].body()) for i in window.editor.selection)
