"""Real runs in the real window: a learning rate that is found and used, a run of another day that goes on."""

from __future__ import annotations

import json

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog

from graph import files
from gui.main_window import MainWindow
from gui.run_controller import RunState
from gui.settings import Settings
from runtime.events import StepsEnded
from trainings import digits, mlp, plan


@pytest.fixture
def document(tmp_path):
    path = tmp_path / "net.layerloom"
    files.save(digits(mlp, plan(epochs=2000)), path)
    return path


@pytest.fixture
def open_window(qtbot, document):
    """Opens the document in another window each time."""

    def end(window: MainWindow) -> None:
        window.controller.shutdown()
        window.editor.mark_saved(window.editor.project)

    def open_it() -> MainWindow:
        window = MainWindow(Settings())
        qtbot.addWidget(window, before_close_func=end)
        window.show_document(document)
        window.resize(1500, 900)
        window.show()
        with qtbot.waitSignal(window.analyst.ready, timeout=30_000):
            window.start_background()
        return window

    return open_it


def wait_for(qtbot, window: MainWindow, *states: RunState) -> None:
    qtbot.waitUntil(lambda: window.controller.state in states, timeout=60_000)


def test_a_rate_is_found_and_used_with_two_clicks(qtbot, open_window):
    window = open_window()
    before = window.editor.project
    window.run_action("find_rate")
    wait_for(qtbot, window, RunState.FINISHED)
    card = window.frame.run_views.metrics.range
    qtbot.waitUntil(card.use_button.isVisible)
    QTest.mouseClick(card.use_button, Qt.MouseButton.LeftButton)
    rate = window.editor.project.plan.objectives[0].optimizer.params["lr"]
    assert card.use_button.text() == f"Use {rate:.2g}" and 1e-5 < rate < 1.0
    window.editor.undo()
    assert window.editor.project == before


def test_the_curves_of_another_day_begin_at_the_first_step(qtbot, open_window, monkeypatch):
    first = open_window()
    with qtbot.waitSignal(first.controller.events, timeout=60_000, check_params_cb=_has_steps):
        QTest.keyClick(first, Qt.Key.Key_F5)
    first.run_action("stop")
    wait_for(qtbot, first, RunState.STOPPED)
    run = first.controller.last_run
    drawn = first.frame.run_views.metrics.cards["loss"].curves["train"].raw
    second = open_window()
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(run))
    with qtbot.waitSignal(second.controller.events, timeout=60_000, check_params_cb=_has_steps):
        second.run_action("continue_run")
    again = second.frame.run_views.metrics.cards["loss"].curves["train"].raw
    assert len(again) > len(drawn) and again.x.tolist() == list(range(1, len(again) + 1))
    assert again.y[: len(drawn)].tolist() == drawn.y.tolist()
    told = [json.loads(line)["event"] for line in (run / "metrics.jsonl").read_text("utf-8").splitlines()]
    assert "Recalled" not in told


def _has_steps(events: list) -> bool:
    return any(isinstance(event, StepsEnded) for event in events)
