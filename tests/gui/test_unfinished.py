"""What is typed and not confirmed is not lost: it is saved, trained with, asked about, and stays when words change."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QMessageBox

from drawings import lenet5
from graph import files
from gui.canvas.note_editor import NoteEditor
from gui.tongue import tongue
from person import Person, field, seat

CONTROL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def person(qtbot, project_folder, monkeypatch) -> Person:
    """In front of a saved LeNet-5."""
    path = project_folder / "mine.layerloom"
    files.save(lenet5().placed, path)
    person = seat(qtbot)
    person.window.file_actions.open_path(path)
    QApplication.processEvents()
    return Person(person.window)


def saved(person: Person):
    return files.load(person.window.documents.path)


def write_note(person: Person, words: str) -> None:
    person.window.run_action("add_note")
    QTest.keyClicks(person.canvas.findChild(NoteEditor), words)


def notes(project) -> list[str]:
    return [annotation.text for annotation in project.graph.look.annotations.values()]


def type_into_inspector(person: Person, name: str, text: str) -> None:
    person.select("conv1")
    QApplication.processEvents()
    line = field(person.window.frame.inspector, name)
    line.setFocus()
    line.selectAll()
    QTest.keyClicks(line, text)


def test_a_note_that_is_being_written_is_saved(person):
    write_note(person, "precious words")
    person.window.run_action("save")
    assert notes(saved(person)) == ["precious words"]


def test_and_is_asked_about_when_its_document_is_closed(person, monkeypatch):
    write_note(person, "precious words")
    person.window.run_action("save")
    person.editor.select([], annotations=["a1"])
    person.window.run_action("edit_text")
    box = next(box for box in person.canvas.findChildren(NoteEditor) if not box.isHidden())
    QTest.keyClicks(box, " and more")
    asked = []
    monkeypatch.setattr(
        person.window, "ask_about_changes", lambda: asked.append(1) or QMessageBox.StandardButton.Cancel
    )
    person.window.run_action("close_tab")
    assert asked and notes(person.editor.project) == ["precious words and more"]


def test_a_note_outlives_a_change_of_the_language(person):
    write_note(person, "my words")
    try:
        person.window.view_actions.use_language("zh_CN")
        assert notes(person.editor.project) == ["my words"]
    finally:
        tongue.use("en")


def test_a_value_that_is_being_typed_is_saved(person):
    type_into_inspector(person, "out_channels", "7")
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_S, CONTROL)
    assert saved(person).graph.node_named("conv1").params["out_channels"] == 7
    assert QApplication.focusWidget().accessibleName() == "out_channels"


def test_a_value_that_is_no_value_is_refused_and_the_rest_is_saved(person):
    type_into_inspector(person, "out_channels", "seven")
    person.window.run_action("save")
    assert saved(person).graph.node_named("conv1").params["out_channels"] == 6


def test_training_begins_with_the_number_of_epochs_that_stands_there(person, monkeypatch):
    window = person.window
    window.frame.side.setCurrentIndex(1)
    QApplication.processEvents()
    epochs = field(window.frame.training, "Epochs")
    epochs.setFocus()
    epochs.selectAll()
    QTest.keyClicks(epochs, "1")
    plans = []
    monkeypatch.setattr(window.controller, "train", lambda *_: plans.append(window.editor.project.plan.epochs))
    QTest.keyClick(epochs, Qt.Key.Key_F5)
    assert plans == [1]


def test_what_is_typed_into_a_box_is_not_taken_for_an_answer(person, monkeypatch):
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: ("", ""))
    person.window.run_action("quick_add")
    QTest.keyClicks(person.canvas.focusWidget() or QApplication.focusWidget(), "relu")
    before = person.editor.project
    person.window.run_action("save")
    assert person.editor.project is before
