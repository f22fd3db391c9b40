"""Errors of ours: whatever falls through is written down and told to the person, whatever thread it was in."""

from __future__ import annotations

import sys
import threading

import pytest
from PySide6.QtWidgets import QWidget

from gui.app import ErrorReporter
from gui.notice import Notice
from runtime.places import state_folder


class Window(QWidget):
    """A window as far as the reporter knows it."""

    def __init__(self) -> None:
        super().__init__()
        self.notice = Notice(self)


@pytest.fixture
def window(qtbot, monkeypatch):
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    made = Window()
    qtbot.addWidget(made)
    made.show()
    ErrorReporter(lambda message: made.notice.show_message(message, "error"), made).watch()
    return made


def reports() -> list[str]:
    return [file.read_text("utf-8") for file in (state_folder() / "reports").glob("*.txt")]


def test_an_error_of_a_slot_is_told_and_written_down(window):
    try:
        raise ValueError("of ours")
    except ValueError as error:
        sys.excepthook(type(error), error, error.__traceback__)
    assert "Something went wrong" in window.notice.text
    (report,) = reports()
    assert "ValueError: of ours" in report
    assert __file__ in report


def test_an_error_of_a_thread_too(window, qtbot):
    def fail() -> None:
        raise ValueError("in a thread")

    threading.Thread(target=fail).start()
    qtbot.waitUntil(lambda: "Something went wrong" in window.notice.text)
    assert "in a thread" in reports()[0]
