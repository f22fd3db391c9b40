"""A widget whose method works in a thread is destroyed in the thread of the window, whoever lets go of it last."""

from __future__ import annotations

import threading
import weakref

from PySide6.QtWidgets import QWidget

from gui.held import work_apart


def test_the_thread_of_the_window_lets_go_of_it(qapp, qtbot):
    died_in: list[str] = []
    go_on = threading.Event()

    class Busy(QWidget):
        def work(self) -> None:
            go_on.wait(10)

    widget = Busy()
    weakref.finalize(widget, lambda: died_in.append(threading.current_thread().name))
    thread = work_apart(widget, widget.work, "worker")
    del widget
    assert died_in == []
    go_on.set()
    thread.join(10)
    assert died_in == []  # the thread is over, and was not the last to hold it
    qtbot.waitUntil(lambda: died_in == ["MainThread"])
