"""What was trained before a drawing had a file lies beside the file from then on."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from drawings import lenet5
from graph.messages import msg
from gui.run_controller import RunState
from gui.settings import Settings
from gui.workspace import Workspace
from played_sweeps import Played, searched, trial
from runtime import run_moving
from runtime.events import Finished, RunStarted
from runtime.run_table import RunTable, run_names
from runtime.runs import create_run
from runtime.session import Control
from runtime.sweep_events import STOPPED, SweepEnded
from runtime.sweep_folders import load_sweep


class Writing:
    """In the place of a session: writes a run, and ends it when the test says so."""

    def __init__(self, project, *, runs: Path, **_more) -> None:
        self.control, self.running = Control(), True
        self.writer = create_run(runs, project, "", {}).hold()
        self.path = self.writer.path
        self.queue: list[object] = [RunStarted(str(self.path), "cpu", "CPU", 1, 1, {"train": 1}, 1, 0)]

    def end(self) -> None:
        self.writer.note(status="finished")
        self.queue.append(Finished({}, str(self.path), "cpu", 1, 1.0))

    def poll(self) -> list[object]:
        queue, self.queue = self.queue, []
        for event in queue:
            self.writer.log(event)
        if any(isinstance(event, Finished) for event in queue):
            self.writer.close()
        return queue

    def join(self, _timeout: float | None = None) -> bool:
        self.writer.close()
        return True


@pytest.fixture
def workspace(qapp):
    workspace = Workspace(Settings())
    workspace.documents.open_made(searched(lenet5().project), "")
    workspace.controller._new_session = Writing
    workspace.controller._is_in_the_way = lambda: False
    workspace.sweeps._new_session = Played
    yield workspace
    workspace.close(wait=True)


def trained(workspace, *, ended: bool = True) -> Path:
    workspace.controller.train()
    session = workspace.controller._session
    workspace.controller._on_tick()
    if ended:
        session.end()
        workspace.controller._on_tick()
    return session.path


def other_disk(monkeypatch, place: Path) -> None:
    """Nothing goes from elsewhere to this place by a new name alone."""
    plain = os.rename

    def rename(source, target):
        if Path(target).is_relative_to(place) and not Path(source).is_relative_to(place):
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        plain(source, target)

    monkeypatch.setattr(run_moving.os, "rename", rename)


@pytest.mark.parametrize("where", ["same disk", "another disk"])
def test_runs_go_along_with_the_first_file(qtbot, workspace, tmp_path, monkeypatch, where):
    if where == "another disk":
        other_disk(monkeypatch, tmp_path)
    before, runs = workspace.documents.runs_folder, tmp_path / "net.runs"
    foreign = create_run(before, workspace.editor.project, "", {})  # of another drawing without a name
    foreign.close()
    first, second = trained(workspace), trained(workspace)
    imported = create_run(before, workspace.editor.project, "", {"imported": {}})
    imported.note(status="finished")
    imported.close()
    assert workspace.controller.adopt(imported.path, workspace.editor.project)
    workspace.documents.save(tmp_path / "net")
    names = sorted((first.name, second.name, imported.path.name), reverse=True)
    qtbot.waitUntil(lambda: run_names(runs) == names)
    qtbot.waitUntil(lambda: workspace.mover._copying is None)
    assert run_names(before) == [foreign.path.name]
    assert [path.name for path in runs.iterdir() if path.name.startswith(".")] == []
    assert {row.status for row in RunTable(runs).rows()} == {"finished"}
    assert workspace.controller.last_run == workspace.asker.run == runs / imported.path.name


def test_a_run_under_way_goes_along_when_it_ends(qtbot, workspace, tmp_path):
    run = trained(workspace, ended=False)
    workspace.sweeps.start()
    workspace.sweeps._on_tick()
    session, sweep = workspace.sweeps._session, workspace.sweeps.sweep.path
    workspace.documents.save(tmp_path / "net")
    assert run.is_dir() and sweep.is_dir() and not (tmp_path / "net.runs").exists()
    workspace.controller._session.end()
    qtbot.waitUntil(lambda: (tmp_path / "net.runs" / run.name).is_dir())
    assert workspace.controller.state is RunState.FINISHED and not run.exists() and sweep.is_dir()
    session.queue += [*trial(1, 0.9), SweepEnded(STOPPED, msg("Stopped."))]
    workspace.sweeps._on_tick()
    assert workspace.sweeps.sweep.path == tmp_path / "net.runs" / sweep.name and not sweep.exists()
    assert load_sweep(workspace.sweeps.sweep.path).finished


def test_one_that_is_stopped_by_leaving_goes_along_too(workspace, tmp_path):
    run = trained(workspace, ended=False)
    workspace.documents.save(tmp_path / "net")
    workspace.close()
    assert (tmp_path / "net.runs" / run.name).is_dir() and not run.exists()


def test_what_cannot_be_moved_stays_and_that_is_said(workspace, tmp_path):
    run, said = trained(workspace), []
    workspace.documents.warned.connect(said.append)
    (tmp_path / "net.runs").write_text("")  # in the place of the folder
    workspace.documents.save(tmp_path / "net")
    assert run.is_dir() and run.name in str(said[0]) and str(run.parent) in str(said[0])


def test_a_document_with_a_file_and_a_new_one_take_nothing_along(workspace, tmp_path):
    run = trained(workspace)
    workspace.take(lambda documents: documents.new())
    workspace.documents.save(tmp_path / "other")
    assert run.is_dir() and not (tmp_path / "other.runs").exists()
