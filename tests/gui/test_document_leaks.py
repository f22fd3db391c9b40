"""Documents that were opened and closed leave nothing behind: no items, widgets, threads, timers or files."""

from __future__ import annotations

import gc
import os
import threading
from collections import Counter

import pytest
import shiboken6
from PySide6.QtCore import QCoreApplication, QEvent, QObject, QTimer
from PySide6.QtWidgets import QApplication, QGraphicsItem

from gui.main_window import MainWindow
from gui.settings import Settings
from gui.tongue import tongue
from person import end

KINDS = (QObject, QGraphicsItem)


def left_over() -> Counter[str]:
    """How many there are of everything that a document is made of."""
    for _ in range(3):
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        QCoreApplication.processEvents()
        gc.collect()
    alive = [thing for thing in gc.get_objects() if issubclass(type(thing), KINDS) and shiboken6.isValid(thing)]
    counts = Counter(type(thing).__name__ for thing in alive)
    counts["running timers"] = sum(thing.isActive() for thing in alive if isinstance(thing, QTimer))
    counts["widgets of the application"] = len(QApplication.allWidgets())
    counts["threads"] = threading.active_count()
    counts["open files"] = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    return counts


def open_and_close(window: MainWindow, qtbot) -> None:
    window.file_actions.open_example("mlp_digits")
    qtbot.waitUntil(lambda: window.editor.analysis.complete, timeout=30_000)
    window.run_action("show_outline")
    window.run_action("close_tab")


@pytest.mark.parametrize("times", [10, pytest.param(100, marks=pytest.mark.slow)])
def test_documents_opened_and_closed_leave_nothing(qtbot, times):
    window = MainWindow(Settings())
    qtbot.addWidget(window, before_close_func=end)
    window.show()
    window.start_background()
    qtbot.waitUntil(lambda: window.editor.analysis.complete, timeout=30_000)
    for _ in range(3):
        open_and_close(window, qtbot)
    before = left_over()
    for _ in range(times):
        open_and_close(window, qtbot)
    assert left_over() - before == Counter()


def test_changing_the_language_makes_no_widget_twice(qtbot):
    window = MainWindow(Settings())
    qtbot.addWidget(window, before_close_func=end)
    window.show()
    for code in ("zh_CN", "en"):
        tongue.use(code)
    before = left_over()
    for code in ("zh_CN", "en") * 5:
        tongue.use(code)
    assert left_over() - before == Counter()
