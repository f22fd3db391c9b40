"""A run that goes on elsewhere: its figures come into the window, its end is said, and nothing here stops it."""

from __future__ import annotations

import json
import sys
import time

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMenu, QWidget

from graph.model import Project
from gui.editor import Editor
from gui.run_bar import RunBar
from gui.run_controller import RunController, RunState
from gui.settings import Settings
from gui.view_actions import ViewActions
from gui.watch_dialog import WatchDialog
from gui.workspace import Workspace
from panel_tools import show
from runtime.events import Failed, Finished, RunStarted, Stopped
from runtime.runs import create_run
from runtime.watch_session import WatchSession

STARTED = {
    "event": "RunStarted", "run": "/scratch/somebody/runs/one", "device": "cuda:0", "device_name": "H200", "epochs": 3,
    "steps_per_epoch": 40, "samples": {"train": 1280}, "parameters": 61706, "seed": 0,
}  # fmt: skip
STEPS = {
    "event": "StepsEnded", "epoch": 1, "step": 2, "series": {"loss": [2.0, 1.5]}, "learning_rate": 0.001,
    "samples_per_second": 100.0,
}  # fmt: skip
FINISHED = {
    "event": "Finished",
    "test": {"accuracy": 0.97},
    "run": "one",
    "device": "cuda:0",
    "epoch": 3,
    "seconds": 61.0,
}
FAILED = {"event": "Failed", "message": "The loss is not a number any more.", "node": None}


@pytest.fixture
def written(tmp_path):
    """Writes events into the run of a job folder."""
    folder = tmp_path / "job" / "runs" / "one"
    folder.mkdir(parents=True)

    def write(*events: dict) -> None:
        with (folder / "metrics.jsonl").open("a") as file:
            file.writelines(f"{json.dumps(event)}\n" for event in events)

    write(STARTED, STEPS)
    return write


@pytest.fixture
def controller(qtbot):
    made = RunController(Editor())
    yield made
    made.shutdown()


def until(qtbot, controller, state: RunState) -> None:
    qtbot.waitUntil(lambda: controller.state is state, timeout=10_000)


def test_figures_come_and_stopping_stops_the_watching_alone(qtbot, tmp_path, written, controller):
    bar = show(qtbot, RunBar(controller), 1300, 60)
    seen = []
    controller.events.connect(seen.extend)
    controller.watch(str(tmp_path / "job" / "runs"))
    assert bar.button.text() == "Stop watching" and "nothing came yet" in bar.status.text()
    assert not bar.restart_button.isEnabled() and "elsewhere" in bar.restart_button.toolTip()
    qtbot.waitUntil(lambda: len(seen) == 2, timeout=10_000)
    assert seen[0].run == str(tmp_path / "job" / "runs" / "one")
    assert seen[1].series["loss"] == (2.0, 1.5)
    assert bar.status.text().startswith("Watching ") and bar.status.text().endswith("100 samples/s")
    written({**STEPS, "step": 3, "series": {"loss": [1.25]}})
    qtbot.waitUntil(lambda: len(seen) == 3, timeout=10_000)
    qtbot.mouseClick(bar.button, Qt.MouseButton.LeftButton)
    until(qtbot, controller, RunState.STOPPED)
    assert isinstance(seen[-1], Stopped) and bar.status.text() == "Watched no longer. The run goes on elsewhere."
    assert bar.button.text() == "Train"  # and not Continue: somebody else still trains it


def test_the_end_there_is_the_end_here(qtbot, tmp_path, written, controller):
    bar = show(qtbot, RunBar(controller), 1300, 60)
    controller.watch(str(tmp_path / "job" / "runs"))
    written(FINISHED)
    until(qtbot, controller, RunState.FINISHED)
    assert bar.status.text() == "Finished in 01:01 · Test: Accuracy 0.9700"


def test_a_failure_there_is_said_here(qtbot, tmp_path, written, controller):
    bar = show(qtbot, RunBar(controller), 1300, 60)
    controller.watch(str(tmp_path / "job" / "runs" / "one"))
    written(FAILED)
    until(qtbot, controller, RunState.FAILED)
    assert bar.status.text() == "The run failed: The loss is not a number any more."


def test_a_process_that_was_killed_there_is_said_here(qtbot, tmp_path, controller):
    bar = show(qtbot, RunBar(controller), 1300, 60)
    writer = create_run(tmp_path / "runs", Project(), "", {}).hold()
    writer.note()
    writer.log(msgspec.convert({**STARTED, "run": str(writer.path)}, RunStarted))
    controller.watch(str(tmp_path / "runs"))
    writer.close()
    until(qtbot, controller, RunState.FAILED)
    assert "has ended without a last word" in bar.status.text() and "'Continue a run…'" in bar.status.toolTip()


def test_a_run_that_was_gone_on_with_does_not_end_at_its_first_last_word(tmp_path, written):
    written(
        {"event": "Stopped", "run": "one", "device": "cpu", "epoch": 1, "step": 2},
        {**STARTED, "first_step": 2},
        FINISHED,
    )
    session = WatchSession(str(tmp_path / "job" / "runs" / "one"))
    assert session.join(10)
    assert [type(event).__name__ for event in session.poll()] == ["RunStarted", "StepsEnded", "RunStarted", "Finished"]


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script stands in for ssh")
def test_a_lost_connection_is_said_and_silence_can_be_left(tmp_path, monkeypatch):
    ssh = tmp_path / "ssh"
    ssh.write_text(
        f"#!/bin/sh\necho '{json.dumps(STARTED)}'\ncase $2 in lost) echo 'Connection reset' >&2; exit 255;; esac\nexec sleep 60\n"
    )
    ssh.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    lost = WatchSession("lost:job/runs")
    assert lost.join(10)
    started, failed = lost.poll()
    assert started.run == "" and isinstance(failed, Failed)
    assert str(failed.message).startswith("Watching ended; the run itself may go on. ssh lost ended: Connection reset.")
    silent = WatchSession("silent:job/runs")
    time.sleep(0.3)
    silent.control.stop()
    assert silent.join(5), "ssh is not waited for"
    assert isinstance(silent.poll()[-1], Stopped)


def test_the_dialog_says_what_is_wrong_and_remembers_the_place(qtbot, tmp_path, written):
    workspace = Workspace(Settings())
    try:
        dialog = show(qtbot, WatchDialog(workspace, Settings()), 560, 260)
        dialog.place.clear()
        qtbot.keyClicks(dialog.place, "/no/where")
        qtbot.mouseClick(dialog.watch_button, Qt.MouseButton.LeftButton)
        assert dialog.isVisible() and dialog.error.text().replace("\u200b", "").startswith(
            "There is no folder '/no/where'"
        )
        dialog.place.clear()
        qtbot.keyClicks(dialog.place, str(tmp_path / "job"))
        qtbot.mouseClick(dialog.watch_button, Qt.MouseButton.LeftButton)
        assert not dialog.isVisible() and workspace.controller.watched == str(tmp_path / "job" / "runs")
        assert not workspace.is_busy and not workspace.is_pristine, "it may be closed, and not be replaced unasked"
        written(FINISHED)
        with qtbot.waitSignal(workspace.controller.ended, timeout=10_000) as ended:
            pass
        assert isinstance(ended.args[0], Finished)
        again = show(qtbot, WatchDialog(workspace, Settings()), 560, 260)
        assert again.place.text() == str(tmp_path / "job" / "runs")
    finally:
        workspace.close()


def test_several_processes_are_remembered_and_asked_for(qtbot):
    from fake_runs import FakeSession

    made = []

    class Session(FakeSession):
        def __init__(self, *arguments, processes=1, shard=False, **more) -> None:
            super().__init__(*arguments, **more)
            made.append((processes, shard))

    settings = Settings()
    settings.processes = 4
    workspace = Workspace(settings)
    controller = RunController(Editor(), session=Session)
    controller.num_processes = lambda: Settings().processes
    controller.is_sharded = workspace.controller.is_sharded
    workspace.close()
    controller.train()
    controller.shutdown()
    settings.shard = True
    for mode in ("train", "overfit"):
        controller.train(mode=mode)
        controller.shutdown()
    assert made == [(4, False), (4, True), (1, False)], "one batch is looked at by one"


def test_the_menu_of_processes_offers_to_divide_the_weights(qtbot):
    settings, menu = Settings(), QMenu()
    qtbot.addWidget(menu)
    views = ViewActions(QWidget(), settings)  # type: ignore[arg-type]
    settings.processes = 1
    views._fill_processes(menu)
    assert not menu.actions()[-1].isEnabled() and "two processes" in menu.actions()[-1].toolTip()
    settings.processes = 2
    views._fill_processes(menu)
    divide = menu.actions()[-1]
    assert divide.text() == "Divide the weights among them" and divide.isEnabled() and not divide.isChecked()
    menu.popup(menu.pos())
    qtbot.mouseClick(menu, Qt.MouseButton.LeftButton, pos=menu.actionGeometry(divide).center())
    assert Settings().shard
    views._fill_processes(menu)
    assert menu.actions()[-1].isChecked()
