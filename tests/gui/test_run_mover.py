"""What was trained before a drawing had a file lies beside the file from then on."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest
from PySide6.QtCore import Qt

from drawings import lenet5
from graph import files
from graph.messages import msg
from gui.main_window import MainWindow
from gui.run_controller import RunState
from gui.settings import Settings
from gui.workspace import Workspace
from made_runs import Writing
from played_sweeps import Played, searched, trial
from runtime import run_moving
from runtime.run_table import RunTable, run_names
from runtime.runs import create_run
from runtime.sweep_events import STOPPED, SweepEnded
from runtime.sweep_folders import load_sweep
from safe_tools import Other


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


def end(window: MainWindow) -> None:
    """Nothing to ask about when the window closes."""
    window.controller.shutdown()
    window.editor.mark_saved(window.editor.project)


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


def test_runs_of_a_drawing_that_a_crash_left_over_go_along_too(qtbot, tmp_path):
    """Through the window: it is opened from the list of what was not saved, trained once more, and saved."""
    other = Other("train")
    before = Path(next(line for line in iter(other.hear, None) if line))
    other.kill()
    window = MainWindow(Settings())
    qtbot.addWidget(window, before_close_func=end)
    window.resize(1200, 800)
    window.show()
    window.file_actions.recovery.look()  # as soon as it is on the screen
    panel = window.file_actions.recovery_panel
    qtbot.waitUntil(lambda: panel.isVisible() and bool(panel.rows), timeout=20_000)
    qtbot.mouseClick(panel.rows[0].open_button, Qt.MouseButton.LeftButton)
    assert window.documents.path is None and window.documents.begun == (before,)
    window.controller._new_session, window.controller._is_in_the_way = Writing, lambda: False
    second = trained(window.page.workspace)
    window.documents.save(tmp_path / "net")
    runs = tmp_path / "net.runs"
    assert run_names(runs) == sorted((before.name, second.name), reverse=True)
    assert not before.exists() and window.documents.begun == ()


def test_what_a_killed_process_left_of_a_copy_is_swept_up_and_its_runs_come(qtbot, workspace, tmp_path):
    path, runs = tmp_path / "net.layerloom", tmp_path / "net.runs"
    files.save(workspace.editor.project, path)
    begun = [trained(workspace) for _ in range(2)]
    other = Other("copy", runs, *begun)
    assert other.hear() == "half"
    workspace.take(lambda documents: documents.open(path))
    qtbot.waitUntil(lambda: not workspace.mover._sweeping.is_alive())
    qtbot.wait(20)
    (coming,) = runs.iterdir()  # it lives
    other.kill()
    gone = begun[0].with_name(".gone-2026-01-01_000000_0000")
    gone.mkdir()
    workspace.take(lambda documents: documents.new())
    workspace.take(lambda documents: documents.open(path))
    qtbot.waitUntil(lambda: run_names(runs) == sorted((run.name for run in begun), reverse=True))
    assert not coming.exists() and not gone.exists() and not any(run.exists() for run in begun)


def test_a_file_beside_a_drawing_cannot_ask_for_folders_of_others(qtbot, workspace, tmp_path):
    path, runs = tmp_path / "net.layerloom", tmp_path / "net.runs"
    files.save(workspace.editor.project, path)
    own = tmp_path / "own" / "2026-01-01_000000_0000"
    for folder in (own, runs / ".coming-1"):
        folder.mkdir(parents=True)
    (runs / ".coming-1" / "lock").write_text(json.dumps([str(own)]))
    workspace.take(lambda documents: documents.open(path))
    qtbot.waitUntil(lambda: not any(runs.iterdir()))
    qtbot.waitUntil(lambda: not workspace.mover._sweeping.is_alive())
    qtbot.wait(20)
    assert own.is_dir() and run_names(runs) == []
