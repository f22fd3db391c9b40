"""Documents that were opened and closed leave nothing behind: no items, widgets, threads, timers or files."""

from __future__ import annotations

import gc
import os
import threading
from collections import Counter
from pathlib import Path

import pytest
import shiboken6
from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QGraphicsItem

from drawings import lenet5
from graph import files
from gui.main_window import MainWindow
from gui.palette import CommandPalette
from gui.settings import Settings
from gui.start_page import StartPage
from gui.tongue import tongue
from person import end

KINDS = (QObject, QGraphicsItem)
PANELS = ("show_outline", "show_history", "show_summary")
OVER = (
    "show_hints", "start_page", "show_keys", "edit_shortcuts", "export_picture", "compare_with_run", "new_code",
    "command_palette",
)  # fmt: skip
NUM_DIALOGS = 6  # keys, their editor, the picture, the runs, the code, the comparison


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
    for name in PANELS:
        window.run_action(name)
        QApplication.processEvents()
    window.run_action("close_tab")


def look_at_all(window: MainWindow, file: Path) -> None:
    """Open everything that can stand over or beside a document, and close it."""
    window.file_actions.open_path(file)
    for name in OVER:
        window.run_action(name)
        QApplication.processEvents()
    window.compare_actions.compare_with(file)
    opened = [dialog for dialog in window.findChildren(QDialog) if dialog.isVisible()]
    assert len(opened) == NUM_DIALOGS
    for dialog in opened:
        dialog.close()
    for over in (*window.findChildren(StartPage), *window.findChildren(CommandPalette)):
        QTest.keyClick(over, Qt.Key.Key_Escape)
    window.run_action("close_tab")


@pytest.mark.parametrize("times", [4, pytest.param(100, marks=pytest.mark.slow)])
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


@pytest.fixture
def bare_window(qtbot) -> MainWindow:
    window = MainWindow(Settings())
    qtbot.addWidget(window, before_close_func=end)
    with qtbot.waitActive(window):
        window.show()
        window.activateWindow()
    return window


@pytest.mark.slow
def test_what_was_opened_over_documents_leaves_nothing(bare_window, tmp_path):
    file = tmp_path / "mine.layerloom"
    files.save(lenet5().placed, file)
    for _ in range(3):
        look_at_all(bare_window, file)
    before = left_over()
    for _ in range(5):
        look_at_all(bare_window, file)
    assert left_over() - before == Counter()


@pytest.mark.slow
def test_what_is_open_when_the_language_changes_leaves_nothing(bare_window, tmp_path):
    file = tmp_path / "mine.layerloom"
    files.save(lenet5().placed, file)
    counts = []
    for _ in range(4):
        bare_window.file_actions.open_path(file)
        for name in (*PANELS, *OVER):
            bare_window.run_action(name)
            QApplication.processEvents()
        bare_window.compare_actions.compare_with(file)
        for code in ("zh_CN", "en"):
            tongue.use(code)
        bare_window.run_action("close_tab")
        counts.append(left_over())
    assert counts[-1] - counts[1] == Counter()


@pytest.mark.slow
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
