"""The history list: every step in words and with its time, and a click or Enter goes there."""

from __future__ import annotations

import time
from datetime import datetime

import pytest
from PySide6.QtCore import QModelIndex, QPoint, Qt
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication

from graph.messages import msg
from graph.model import Project
from gui.editor import Editor
from gui.panels.history import LATER, PRESENT, SAVED, HistoryPanel
from panel_tools import show, texts
from safe_tools import chain


@pytest.fixture
def editor() -> Editor:
    made = Editor(chain(3))
    made.rename("n0", "first")
    made.rename("n1", "second")
    made.rename("n2", "third")
    return made


@pytest.fixture
def panel(qtbot, editor) -> HistoryPanel:
    return show(qtbot, HistoryPanel(editor), 320, 400)


def words(panel: HistoryPanel) -> list[str]:
    return [panel.model.index(row, 0).data() for row in range(panel.model.rowCount())]


def rows(panel: HistoryPanel, role: int) -> list[int]:
    return [row for row in range(panel.model.rowCount()) if panel.model.index(row, 0).data(role)]


def click(qtbot, panel: HistoryPanel, row: int) -> None:
    place = panel.list.visualRect(panel.model.index(row, 0)).center()
    qtbot.mouseClick(panel.list.viewport(), Qt.MouseButton.LeftButton, pos=place)


def test_all_steps_in_words(panel):
    assert words(panel) == ["The beginning", "Rename to first", "Rename to second", "Rename to third"]
    assert rows(panel, PRESENT) == [3] and rows(panel, SAVED) == [0] and rows(panel, LATER) == []
    assert "3 steps" in texts(panel)


def test_a_click_goes_there(panel, editor, qtbot):
    click(qtbot, panel, 1)
    assert [node.name for node in editor.graph.nodes.values()] == ["first", "fc1", "fc2"]
    assert rows(panel, PRESENT) == [1] and rows(panel, LATER) == [2, 3]
    assert "3 steps, 2 of them undone" in texts(panel)
    click(qtbot, panel, 3)
    assert editor.graph.nodes["n2"].name == "third"


def test_keys_go_there(panel, editor, qtbot):
    panel.list.setFocus()
    for _ in range(2):
        qtbot.keyClick(panel.list, Qt.Key.Key_Up)
    assert rows(panel, PRESENT) == [3]
    qtbot.keyClick(panel.list, Qt.Key.Key_Return)
    assert editor.graph.nodes["n1"].name == "fc1" and rows(panel, PRESENT) == [1]
    qtbot.keyClick(panel.list, Qt.Key.Key_Home)
    qtbot.keyClick(panel.list, Qt.Key.Key_Enter)
    assert editor.project.graph == chain(3).graph and editor.is_saved


def test_it_follows(panel, editor, qtbot):
    QAbstractItemModelTester(panel.model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    editor.undo()
    editor.undo()
    assert rows(panel, PRESENT) == [1]
    editor.rename("n0", "other")
    assert words(panel)[1:] == ["Rename to first", "Rename to other"]
    editor.mark_saved(editor.project)
    assert rows(panel, SAVED) == [2]
    editor.open(Project())
    assert words(panel) == ["The beginning"]
    editor.undo()
    assert panel.list.currentIndex().row() == 0


def test_who_cannot_see_hears_it_all(panel, editor):
    editor.undo()
    role = Qt.ItemDataRole.AccessibleTextRole
    today = f"{datetime.now():%H:%M}"
    spoken = [panel.model.index(row, 0).data(role) for row in range(4)]
    assert spoken[0].endswith(", saved") and spoken[2].endswith(", now") and spoken[3].endswith(", undone")
    assert all(today[:2] in line for line in spoken)
    assert panel.list.accessibleName() == "History"


def test_an_older_day_is_named(panel, editor, monkeypatch):
    step = editor.history.steps[1]
    object.__setattr__(step, "time", time.time() - 10 * 86400)
    shown = panel.model.time(1)
    assert shown == f"{datetime.fromtimestamp(step.time):%Y-%m-%d %H:%M}"


def test_a_panel_that_is_gone_hears_nothing(qtbot, editor):
    panel = HistoryPanel(editor)
    panel.deleteLater()
    QApplication.sendPostedEvents(None, 52)  # DeferredDelete
    editor.rename("n0", "again")
    assert editor.graph.nodes["n0"].name == "again"


def test_the_model_tells_from_which_row_on_it_says_something_else(panel, editor, qtbot):
    with qtbot.waitSignal(panel.model.dataChanged) as told:
        editor.undo()
    assert [index.row() for index in told.args[:2]] == [2, 3]
    with qtbot.waitSignal(panel.model.dataChanged) as told:
        editor.rename("n2", "other")  # in the place of the one that was undone
    assert [index.row() for index in told.args[:2]] == [2, 3]
    assert words(panel)[3] == "Rename to other"
    with qtbot.waitSignal(panel.model.dataChanged) as told:
        editor.set_param("n0", "out_features", 1)
    assert [index.row() for index in told.args[:2]] == [3, 3]
    with qtbot.waitSignal(panel.model.dataChanged) as told:
        editor.set_param("n0", "out_features", 12)  # the same step, gone on with
    assert [index.row() for index in told.args[:2]] == [4, 4]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("count", [3_000, pytest.param(100_000, marks=pytest.mark.slow)])
def test_many_steps_are_listed_at_once(qtbot, count):
    editor = Editor(Project())
    push = editor.history.push
    for number in range(count):
        push(Project(name=f"net{number}"), msg("Step {number}", number=number))
    began = time.perf_counter()
    panel = show(qtbot, HistoryPanel(editor), 320, 400)
    assert time.perf_counter() - began < 2
    began = time.perf_counter()
    for _ in range(5):
        editor.undo()
        panel.list.repaint()
    assert (time.perf_counter() - began) / 5 < 0.1
    assert panel.list.indexAt(QPoint(20, 20)) != QModelIndex()
    click(qtbot, panel, panel.model.rowCount() - 1)
    assert editor.project.name == f"net{count - 1}"
