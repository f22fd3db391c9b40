"""What a thread says while the window destroys the listener is heard by nobody, and breaks nothing."""

from __future__ import annotations

import sys
import threading

import pytest
import shiboken6
from PySide6.QtCore import QObject, Slot

from gui.messenger import Messenger


class Listener(QObject):
    def __init__(self, parent: QObject, heard: list[object]) -> None:
        super().__init__(parent)
        self._heard = heard
        self.messenger = Messenger()
        self.messenger.told.connect(self._on_told)

    @Slot(object)
    def _on_told(self, what: object) -> None:
        self._heard.append(what)

    def work(self, begun: threading.Event) -> None:
        begun.set()
        for number in range(20):
            self.messenger.told.emit(number)


@pytest.fixture
def short_turns():
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


def test_a_listener_may_be_destroyed_at_any_moment(qtbot, short_turns):
    heard: list[object] = []
    for _ in range(300):
        window, begun = QObject(), threading.Event()
        thread = threading.Thread(target=Listener(window, heard).work, args=(begun,))
        thread.start()
        begun.wait()
        shiboken6.delete(window)
        thread.join()
    listener = Listener(window := QObject(), heard)
    heard.clear()
    listener.work(threading.Event())
    assert heard == list(range(20)) and window is listener.parent()
