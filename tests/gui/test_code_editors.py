"""Code that was typed and not applied: no change of the language and no closing puts an end to it without a question."""

from __future__ import annotations

import pytest
import shiboken6
from PySide6.QtCore import QEvent
from PySide6.QtGui import QCloseEvent, QTextCursor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMessageBox

from gui.code_editor import CodeEditor
from gui.tongue import tongue
from person import Person, seat

CANCEL, DISCARD = QMessageBox.StandardButton.Cancel, QMessageBox.StandardButton.Discard


@pytest.fixture
def person(qtbot, project_folder) -> Person:
    return seat(qtbot)


@pytest.fixture
def asked(monkeypatch):
    """What is asked, and the answers that will be given."""

    def question(_window, _title, text, *_buttons):
        asked.append(text)
        return answers.pop(0)

    asked, answers = [], []
    monkeypatch.setattr(QMessageBox, "question", question)
    return asked, answers


def opened(person: Person, typed: str = "") -> CodeEditor:
    person.choose("new_code")
    QApplication.processEvents()
    (dialog,) = (d for d in person.window.page.findChildren(CodeEditor) if d.isVisible())
    dialog.text.moveCursor(QTextCursor.MoveOperation.End)
    QTest.keyClicks(dialog.text, typed)
    return dialog


def settle() -> None:
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    QApplication.processEvents()


def test_the_language_leaves_what_was_typed_and_it_can_be_applied_then(person):
    dialog = opened(person, "# mine")
    tongue.use("zh_CN")
    settle()
    assert dialog.isVisible() and "# mine" in dialog.text.toPlainText() and not dialog.question.isVisible()
    dialog.apply_button.click()
    (code,) = person.window.editor.project.definitions.codes.values()
    assert "# mine" in code.text and len(person.window.editor.graph.nodes) == 1


def test_an_editor_without_changes_closes_with_the_language(person):
    dialog = opened(person)
    tongue.use("zh_CN")
    settle()
    assert not shiboken6.isValid(dialog)


@pytest.mark.parametrize("answer", [CANCEL, DISCARD])
def test_closing_the_tab_asks_about_code_that_is_not_applied(person, asked, answer):
    questions, answers = asked
    answers.append(answer)
    dialog, page = opened(person, "# mine"), person.window.page
    person.choose("close_tab")
    settle()
    assert questions == ["What you wrote in the Python of 'Mine' is not applied yet. Discard it?"]
    assert (page in person.window.pages) is (answer == CANCEL)
    assert shiboken6.isValid(dialog) is (answer == CANCEL)
    if answer == CANCEL:
        assert dialog.isVisible() and "# mine" in dialog.text.toPlainText()


def test_closing_the_window_asks_too_and_leaves_no_editor(person, asked):
    questions, answers = asked
    answers += [CANCEL, DISCARD]
    dialog = opened(person, "# mine")
    refused, event = QCloseEvent(), QCloseEvent()
    person.window.closeEvent(refused)
    assert not refused.isAccepted() and dialog.isVisible()
    person.window.closeEvent(event)
    settle()
    assert event.isAccepted() and len(questions) == 2 and not shiboken6.isValid(dialog)


def test_nothing_is_asked_where_nothing_was_typed(person, asked):
    questions, _ = asked
    dialog = opened(person)
    person.choose("close_tab")
    settle()
    assert questions == [] and not shiboken6.isValid(dialog)
