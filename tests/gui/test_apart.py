"""What works beside the window neither breaks what the window destroys meanwhile, nor destroys anything itself."""

from __future__ import annotations

import gc
import sys
import threading
import weakref
from functools import partial

import pytest
import shiboken6
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from gui.apart import Messenger, work_apart


class Listener(QObject):
    def __init__(self, parent: QObject | None, heard: list[object]) -> None:
        super().__init__(parent)
        self._heard = heard
        self._messenger = Messenger(self._on_told)

    def _on_told(self, what: object) -> None:
        self._heard.append((what, threading.current_thread()))

    def work(self, begun: threading.Event) -> None:
        begun.set()
        for number in range(20):
            self._messenger.tell(number)


@pytest.fixture
def short_turns():
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


def test_what_a_thread_tells_is_heard_in_that_of_the_window(qtbot):
    heard: list[object] = []
    listener = Listener(None, heard)
    work_apart(partial(listener.work, threading.Event()), "worker").join(10)
    assert heard == []
    qtbot.waitUntil(lambda: heard == [(number, threading.main_thread()) for number in range(20)])


def test_a_listener_may_be_destroyed_at_any_moment(qtbot, short_turns):
    heard: list[object] = []
    for _ in range(300):
        window, begun = QObject(), threading.Event()
        thread = work_apart(partial(Listener(window, heard).work, begun), "worker")
        begun.wait()
        shiboken6.delete(window)
        thread.join()
    told: list[object] = []
    work_apart(partial(Listener(kept := QObject(), told).work, threading.Event()), "worker").join()
    qtbot.waitUntil(lambda: len(told) == 20)
    assert heard == [] and kept.children()


def test_a_listener_that_nobody_holds_is_not_kept_by_its_messenger(qtbot):
    heard: list[object] = []
    listener = Listener(None, heard)
    messenger, is_there = listener._messenger, weakref.ref(listener)
    messenger.tell("one")
    del listener
    gc.collect()
    messenger.tell("two")
    assert is_there() is None and [what for what, _ in heard] == ["one"]


def test_the_thread_of_the_window_lets_go_of_who_works(qtbot):
    died_in: list[str] = []
    go_on = threading.Event()

    class Busy(QWidget):
        def work(self) -> None:
            go_on.wait(10)

    widget = Busy()
    weakref.finalize(widget, lambda: died_in.append(threading.current_thread().name))
    thread = work_apart(widget.work, "worker")
    del widget
    assert died_in == []
    go_on.set()
    thread.join(10)
    assert died_in == []  # the thread is over, and was not the last to hold it
    qtbot.waitUntil(lambda: died_in == ["MainThread"])
