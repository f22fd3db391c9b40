"""The run bar: one button by the state of the run, progress and time left, and why training does not start."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt

from fake_runs import FakeSessions, epoch_ended, started, steps
from graph.messages import msg
from graph.problems import Problem
from gui.device_button import device_text
from gui.editor import Editor
from gui.run_bar import Progress, RunBar
from gui.run_controller import RunController, RunState
from runtime.analysis import Analysis
from runtime.events import Failed, Finished, Stopped


@pytest.fixture
def sessions():
    return FakeSessions()


@pytest.fixture
def bar(qtbot, sessions):
    made = RunBar(RunController(Editor(), session=sessions))
    qtbot.addWidget(made)
    made.resize(1100, 40)
    made.show()
    yield made
    made._controller.shutdown()


def click(qtbot, button) -> None:
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def say(qtbot, bar, session, *events) -> None:
    with qtbot.waitSignal(bar._controller.events):
        session.say(*events)


def test_one_button_trains_pauses_resumes(qtbot, bar, sessions):
    assert bar.button.text() == "Train"
    click(qtbot, bar.button)
    assert bar.status.text() == "Starting…"
    say(qtbot, bar, sessions[0], started(), steps(1, 20))
    assert bar.button.text() == "Pause"
    click(qtbot, bar.button)
    assert (bar.button.text(), bar.status.text()) == ("Resume", "Paused")
    click(qtbot, bar.button)
    assert bar.button.text() == "Pause"
    click(qtbot, bar.stop_button)
    assert bar.button.text() == "Stopping…"
    say(qtbot, bar, sessions[0], Stopped("runs/one", "cpu", 1, 20))
    assert (bar.button.text(), bar.status.text()) == ("Continue", "Stopped in epoch 1")


def test_progress(qtbot, bar, sessions):
    assert not bar.bar.isVisible()
    click(qtbot, bar.button)
    say(qtbot, bar, sessions[0], started(epochs=4), epoch_ended(1, epochs=4, seconds_left=41), steps(41, 60))
    assert bar.epoch_label.text() == "epoch 2 / 4"
    assert bar.bar.value() == bar.bar.maximum() * 60 // 160
    assert bar.status.text() == "00:34 left · 18\u2009420 samples/s"


def test_stop_says_why_it_is_off(bar):
    assert not bar.stop_button.isEnabled()
    assert "no run" in bar.stop_button.toolTip()


def test_a_drawing_with_errors_is_answered_with_the_reason(qtbot, bar, sessions):
    bar._editor.set_analysis(Analysis(problems=(Problem("cycle", msg("'add1' feeds itself.")),)))
    assert bar.button.isEnabled()
    with qtbot.waitSignal(bar._controller.refused) as refused:
        click(qtbot, bar.button)
    assert "'add1' feeds itself." in str(refused.args[0])
    assert not sessions


def test_failure_is_shown(qtbot, bar, sessions):
    click(qtbot, bar.button)
    say(qtbot, bar, sessions[0], started(), Failed(msg("The disk is full.")))
    assert (bar.status.text(), bar.button.text()) == ("Failed: The disk is full.", "Train")
    assert bar.status.toolTip() == "The disk is full."


def test_what_could_not_start_says_why_until_the_drawing_changes(qtbot, bar, sessions):
    click(qtbot, bar.button)
    say(qtbot, bar, sessions[0], Failed(msg("The drawing is empty.")))
    assert (bar.status.text(), bar.button.text()) == ("Cannot start: The drawing is empty.", "Train")
    assert bar.status.toolTip() == "The drawing is empty."
    bar._editor.add_node("torch.nn.ReLU", (0, 0))
    assert (bar.status.text(), bar._controller.state) == ("", RunState.IDLE)
    assert not bar.stale.isVisible()


def test_what_failed_under_way_stays_when_the_drawing_changes(qtbot, bar, sessions):
    click(qtbot, bar.button)
    say(qtbot, bar, sessions[0], started(), Failed(msg("The disk is full.")))
    bar._editor.add_node("torch.nn.ReLU", (0, 0))
    assert (bar.status.text(), bar._controller.state) == ("Failed: The disk is full.", RunState.FAILED)


def test_another_document_empties_the_bar(qtbot, bar, sessions):
    click(qtbot, bar.button)
    say(qtbot, bar, sessions[0], started(), Finished({"accuracy": 0.975}, "runs/one", "cpu", 3, 61.0))
    bar._controller.forget()
    assert bar.status.text() == ""
    assert not bar.epoch_label.isVisible()


def test_figures_of_the_test_at_the_end(qtbot, bar, sessions):
    click(qtbot, bar.button)
    say(qtbot, bar, sessions[0], started(), Finished({"accuracy": 0.975}, "runs/one", "cpu", 3, 61.0))
    assert bar.status.text() == "Finished in 01:01 · Test: Accuracy 0.9750"


def test_says_that_the_drawing_has_changed(qtbot, bar, sessions):
    click(qtbot, bar.button)
    say(qtbot, bar, sessions[0], started())
    assert not bar.stale.isVisible()
    bar._editor.add_node("torch.nn.ReLU", (0, 0))
    assert bar.stale.isVisible()
    bar._editor.undo()
    assert not bar.stale.isVisible()


def test_restart_by_click(qtbot, bar, sessions):
    click(qtbot, bar.button)
    say(qtbot, bar, sessions[0], started())
    click(qtbot, bar.restart_button)
    say(qtbot, bar, sessions[0], Stopped("runs/one", "cpu", 1, 1))
    assert len(sessions) == 2
    assert bar._controller.state is RunState.STARTING


def test_device_chip(qtbot, bar, sessions):
    assert bar.device.text() == "Automatic device"
    bar.device.set_devices([("cuda:0", "NVIDIA H200"), ("cpu", "CPU (2 cores)")])
    assert bar.device.text() == "CUDA:0 H200"
    actions = {action.text(): action for action in bar.device.menu().actions()}
    assert list(actions) == ["Automatic", "NVIDIA H200", "CPU (2 cores)"]
    assert [name for name, action in actions.items() if action.isChecked()] == ["Automatic"]
    actions["CPU (2 cores)"].trigger()
    assert bar._editor.project.plan.device == "cpu"
    assert (bar.device.text(), bar.device.toolTip()) == ("CPU", "CPU (2 cores)")
    assert [name for name, action in actions.items() if action.isChecked()] == ["CPU (2 cores)"]


def test_device_chip_names_a_device_that_is_not_there(bar):
    bar.device.set_devices([("cpu", "CPU (2 cores)")])
    plan = bar._editor.project.plan
    bar._editor.set_plan(replace(plan, device="mps"), msg("Choose the device"))
    assert bar.device.text() == "MPS"


@pytest.mark.parametrize(
    ("device", "name", "text"),
    [
        ("cpu", "AMD EPYC 9654", "CPU"),
        ("cuda:1", "NVIDIA GeForce RTX 4090", "CUDA:1 RTX 4090"),
        ("mps", "Apple M3", "MPS Apple M3"),
    ],
)
def test_device_text(device, name, text):
    assert device_text(device, name) == text


def test_time_left_before_and_after_the_first_epoch():
    progress = Progress(started(epochs=2))
    assert progress.seconds_left is None
    progress.take(steps(1, 20))
    assert progress.seconds_left == pytest.approx(60 * 32 / 18_420)
    progress.take(epoch_ended(1, epochs=2, seconds_left=8.0))
    progress.take(steps(41, 60))
    assert progress.seconds_left == pytest.approx(4.0)
    assert progress.share == 0.75


def test_a_resumed_run_begins_where_it_stopped():
    assert Progress(started(epochs=4, first_epoch=3)).share == 0.5
