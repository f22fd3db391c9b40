"""Comparing from the menus: with a file, with a run out of a list, with the file on the disk."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QFileDialog

from accessibility_tools import complaints
from clipping import clipped
from compare_tools import LOOKS, NEW, OLD, dressed, lines
from graph import files
from graph.messages import msg
from graph.model import Project
from gui.compare_runs import RunChooser
from gui.compare_window import CompareWindow
from gui.main_window import MainWindow
from gui.tongue import tongue
from panel_tools import texts
from person import Person, seat
from runtime.runs import FINISHED, STOPPED, create_run, list_runs


@pytest.fixture
def person(qtbot, tmp_path) -> Person:
    """Somebody with an edited LeNet-5 in front, of which the file has the first form."""
    person = seat(qtbot)
    path = tmp_path / "mine.layerloom"
    files.save(OLD, path)
    person.window.file_actions.open_path(path)
    person.editor = person.window.editor
    person.editor.push(NEW, msg("Edit"))
    person.editor.mark_saved(NEW)  # nothing is asked when the window closes
    return person


def dialog(window: MainWindow, kind: type[QDialog]) -> QDialog | None:
    QApplication.processEvents()
    return next((d for d in window.findChildren(kind) if d.isVisible()), None)


def answer(monkeypatch, what: str, path) -> None:
    given = str(path) if what == "getExistingDirectory" else (str(path), "")
    monkeypatch.setattr(QFileDialog, what, lambda *_: given)


def test_a_file_is_compared_with_the_document_in_front(person, monkeypatch, tmp_path):
    other = tmp_path / "other.layerloom"
    files.save(OLD, other)
    answer(monkeypatch, "getOpenFileName", other)
    person.choose("compare_files")
    window = dialog(person.window, CompareWindow)
    assert (window.old_title.text(), window.new_title.text()) == ("other.layerloom", "mine.layerloom as it is now")
    assert "changed, conv1, Conv2d" in lines(window)
    window.activateWindow()
    QTest.keyClick(window.tree, Qt.Key.Key_F8)  # here, not among the problems of the drawing
    assert window.tree.row.text == "conv1" and window.isActiveWindow()
    QTest.mouseClick(window.open_button, Qt.MouseButton.LeftButton)
    assert person.window.documents.path == other and len(person.window.pages) == 2
    QTest.mouseClick(window.swap_button, Qt.MouseButton.LeftButton)
    QTest.mouseClick(window.open_button, Qt.MouseButton.LeftButton)
    assert person.window.documents.path.name == "mine.layerloom" and len(person.window.pages) == 2


def test_a_broken_file_is_said_and_nothing_opens(person, monkeypatch, tmp_path):
    broken = tmp_path / "broken.layerloom"
    broken.write_text("{")
    answer(monkeypatch, "getOpenFileName", broken)
    person.choose("compare_files")
    assert "broken.layerloom" in person.notice and dialog(person.window, CompareWindow) is None
    answer(monkeypatch, "getOpenFileName", "")
    person.choose("compare_files")
    assert dialog(person.window, CompareWindow) is None


def make_run(folder, project: Project, **result):
    writer = create_run(folder, project, "", {})
    writer.note(**result)
    writer.close()
    return writer.path


def test_a_run_is_chosen_from_those_of_the_document(person):
    folder = person.window.documents.runs_folder
    make_run(folder, NEW, status=STOPPED, epoch=2, best=0.25)
    path = make_run(folder, OLD, status=FINISHED, epoch=10, test={"loss": 0.0621, "accuracy": 0.9753})
    newer = folder / "2099-01-01_000000_abcd"
    path.rename(newer)
    person.choose("compare_with_run")
    chooser = dialog(person.window, RunChooser)
    first, second = (chooser.list.topLevelItem(i) for i in range(2))
    assert [first.text(i) for i in (1, 2, 3)] == ["finished", "10 / 10", "accuracy 0.9753  loss 0.0621"]
    assert [second.text(i) for i in (1, 2, 3)] == ["stopped", "2 / 77", "best loss 0.2500"]
    began = first.text(0)
    QTest.keyClick(chooser.list, Qt.Key.Key_Return)
    window = dialog(person.window, CompareWindow)
    assert window.old_title.text() == f"run {began}" and "changed, conv1, Conv2d" in lines(window)
    QTest.mouseClick(window.open_button, Qt.MouseButton.LeftButton)
    assert person.window.editor.project.graph == OLD.graph and person.window.documents.path is None


def test_the_second_run_by_mouse(person):
    folder = person.window.documents.runs_folder
    make_run(folder, OLD, status=FINISHED)
    older = make_run(folder, NEW, status=STOPPED)
    older.rename(folder / "2000-01-01_000000_abcd")
    person.choose("compare_with_run")
    chooser = dialog(person.window, RunChooser)
    area = chooser.list.visualItemRect(chooser.list.topLevelItem(1))
    QTest.mouseClick(chooser.list.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(40, area.center().y()))
    QTest.mouseClick(chooser.compare_button, Qt.MouseButton.LeftButton)
    assert lines(dialog(person.window, CompareWindow)) == ["Network, the same"]


def test_without_runs_one_can_browse(person, monkeypatch, tmp_path):
    path = make_run(tmp_path / "else.runs", OLD, status=FINISHED)
    person.choose("compare_with_run")
    chooser = dialog(person.window, RunChooser)
    assert any("There are no runs" in text for text in texts(chooser)) and not chooser.compare_button.isEnabled()
    answer(monkeypatch, "getExistingDirectory", path)
    QTest.mouseClick(chooser.browse_button, Qt.MouseButton.LeftButton)
    assert "removed, tanh2, Tanh" in lines(dialog(person.window, CompareWindow))


def test_a_folder_that_is_no_run_is_said(person, monkeypatch, tmp_path):
    person.choose("compare_with_run")
    answer(monkeypatch, "getExistingDirectory", tmp_path)
    QTest.mouseClick(dialog(person.window, RunChooser).browse_button, Qt.MouseButton.LeftButton)
    assert "not the folder of a run" in person.notice and dialog(person.window, CompareWindow) is None


def test_the_file_on_the_disk_is_compared_with_what_is_here(person):
    person.window.documents.compare()  # as the notice about the changed file asks for it
    window = dialog(person.window, CompareWindow)
    assert window.old_title.text() == "mine.layerloom on the disk" and "removed, tanh2, Tanh" in lines(window)


def test_the_list_of_runs_closes_when_the_language_changes(person):
    person.choose("compare_with_run")
    assert dialog(person.window, RunChooser) is not None
    tongue.use("zh_CN")
    assert dialog(person.window, RunChooser) is None


@pytest.fixture(params=LOOKS, ids=lambda look: look[0])
def look(request, qapp):
    with dressed(qapp, *request.param):
        yield


@pytest.mark.parametrize("count", [0, 2])
def test_the_list_of_runs_can_be_read_heard_and_worked_by_keys(qtbot, look, tmp_path, count):
    for _ in range(count):
        make_run(tmp_path, OLD, status=FINISHED, epoch=3, test={"loss": 0.5})
    chooser = RunChooser(list_runs(tmp_path), tmp_path)
    chooser.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(chooser)
    with qtbot.waitActive(chooser):
        chooser.show()
        chooser.activateWindow()
    assert clipped(chooser) == []
    found = complaints(chooser)
    assert not found, "\n".join(found)
