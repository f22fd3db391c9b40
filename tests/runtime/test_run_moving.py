"""Runs that are written apart come among the others whole, or not at all."""

from __future__ import annotations

import os

import pytest

from graph.messages import FileError, RunError, msg
from graph.model import Project
from runtime import run_moving
from runtime.run_moving import copy, settle, staged, sweep_up
from runtime.run_table import run_names
from runtime.runs import create_run
from safe_tools import Other


@pytest.mark.parametrize("end", ["whole", "not wanted", "full disk", "a mistake"])
def test_a_run_that_is_written_apart_is_there_whole_or_not_at_all(tmp_path, end):
    runs, seen = tmp_path / "net.runs", []
    raised = {"not wanted": RunError, "full disk": FileError, "a mistake": ZeroDivisionError}.get(end)

    def write() -> None:
        with staged(runs, lambda: end != "not wanted") as place:
            writer = create_run(place, Project(), "", {})
            seen.extend([run_names(runs), writer.path.name])
            if end == "full disk":
                raise FileError(msg("full"))
            assert 1 / (end != "a mistake")
            writer.note(status="finished")

    if raised is None:
        write()
    else:
        with pytest.raises(raised):
            write()
    assert seen[0] == []  # nobody saw a half
    assert [path.name for path in runs.iterdir()] == ([seen[1]] if raised is None else [])


def test_what_a_killed_process_left_goes_when_it_is_old(tmp_path):
    for name in ("old", "new"):
        (tmp_path / f".importing-{name}" / "2026-01-01_000000_0000").mkdir(parents=True)
    os.utime(tmp_path / ".importing-old", (0, 0))
    with staged(tmp_path, lambda: True) as place:
        place.mkdir()
    assert [path.name for path in tmp_path.iterdir()] == [".importing-new"] and run_names(tmp_path) == []


def test_what_is_copied_is_not_swept_up_before_its_process_ends(tmp_path):
    """The process is killed while it copies."""
    run, there = create_run(tmp_path / "here", Project(), "", {}).path, tmp_path / "there"
    other = Other("copy", there, run, tmp_path / "next")
    assert other.hear() == "half"
    (coming,) = there.iterdir()
    assert sweep_up(there) == [] and (coming / "run" / "run.json").is_file()
    other.kill()
    assert sweep_up(there) == [run, tmp_path / "next"] and list(there.iterdir()) == [] and run.is_dir()
    mine = copy(run, there)
    assert sweep_up(there) == []
    mine.drop()
    assert list(there.iterdir()) == []


def test_where_nobody_knows_locks_only_what_is_old_is_swept_up(tmp_path, monkeypatch):
    run, there = create_run(tmp_path / "here", Project(), "", {}).path, tmp_path / "there"
    monkeypatch.setattr(run_moving, "hold", lambda _file: None)
    coming = copy(run, there)
    assert sweep_up(there) == [] and coming.folder.is_dir()
    os.utime(coming.folder, (0, 0))
    sweep_up(there)
    assert not coming.folder.exists()
    coming.drop()


def test_a_copy_never_takes_the_place_of_a_run_that_went_on_meanwhile(tmp_path):
    writer = create_run(tmp_path / "here", Project(), "", {})
    events, there = writer.path / "metrics.jsonl", tmp_path / "there"
    there.mkdir()
    coming = copy(writer.path, there)
    events.write_bytes(b"another epoch\n")
    assert not settle(coming, writer.path) and list(there.iterdir()) == []
    assert events.read_bytes() == b"another epoch\n"
    assert settle(copy(writer.path, there), writer.path) and not writer.path.exists()
    assert (there / writer.path.name / "metrics.jsonl").read_bytes() == b"another epoch\n"
