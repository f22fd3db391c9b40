"""The window with the measured exports: it waits without getting in the way, shows a table, and stops when it is closed."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication

from graph.messages import RunError, msg
from gui.export_dialog import ExportDialog
from gui.export_report import ReportDialog
from runtime.export.report import Cancelled, Measured, Report, Timing

RUN = Path("lenet5.runs") / "2026-01-01_120000_abcd"


class Measurer:
    """Ends when told to, and notes whether it was wanted to the end."""

    def __init__(self) -> None:
        self.go_on, self.error, self.cancelled = threading.Event(), None, threading.Event()

    def __call__(self, run: Path, is_wanted) -> Report:
        assert run == RUN
        while not self.go_on.wait(0.01):
            if not is_wanted():
                self.cancelled.set()
                raise Cancelled
        if self.error is not None:
            raise self.error
        timings = {1: Timing(0.002, 0.003, 500.0, 9)}
        entries = [Measured(id="pytorch", size=2048, timings=timings), Measured(id="onnx", trouble="Not here.")]
        return Report(
            model="Net", run="x", entries=entries, batches=(1,), threads=2, rounds=3, versions={}, machine="", date=""
        )


@pytest.fixture
def measurer():
    return Measurer()


@pytest.fixture
def dialog(qtbot, measurer):
    made = ReportDialog(RUN, measurer=measurer)
    qtbot.addWidget(made)
    made.show()
    made.start()
    yield made
    measurer.go_on.set()


def test_the_table_and_its_copy(qtbot, dialog, measurer):
    assert dialog.progress.isVisible() and not dialog.table.isVisible()
    with qtbot.waitSignal(dialog.measured):
        measurer.go_on.set()
    cells = [[dialog.table.item(r, c).text() for c in range(4)] for r in range(dialog.table.rowCount())]
    assert cells == [["PyTorch, as it is", "1", "2.000", "3.000"], ["ONNX (.onnx)", "1", "-", "-"]]
    assert "ONNX (.onnx): Not here." in dialog.note.text() and not dialog.progress.isVisible()
    last = dialog.table.visualItemRect(dialog.table.item(1, 0))
    assert dialog.table.viewport().rect().contains(last)  # no row is cut off
    qtbot.mouseClick(dialog.copy_button, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text().startswith("# Net\n\n| export |")


@pytest.mark.parametrize(
    ("error", "words"), [(RunError(msg("No weights.")), "No weights."), (KeyError("oh"), "KeyError")]
)
def test_a_failure_is_a_sentence(qtbot, dialog, measurer, error, words):
    measurer.error = error
    measurer.go_on.set()
    qtbot.waitUntil(dialog.error.isVisible)
    assert words in dialog.error.text() and not dialog.table.isVisible() and not dialog.progress.isVisible()


def test_closing_ends_it(qtbot, dialog, measurer):
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    qtbot.waitUntil(measurer.cancelled.is_set)
    assert not dialog.isVisible()


def test_the_export_dialog_opens_it(qtbot, monkeypatch, tmp_path, measurer):
    started = []
    monkeypatch.setattr(ReportDialog, "start", lambda self: started.append(self))
    dialog = ExportDialog(RUN, tmp_path)
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.mouseClick(dialog.measure_button, Qt.MouseButton.LeftButton)
    (report,) = started
    assert report.isVisible() and report is not dialog
    report.close()
