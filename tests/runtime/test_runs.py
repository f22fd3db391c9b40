"""Runs as folders: found, read, and passed over where they are damaged."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from drawings import mlp
from graph.messages import FileError, RunError
from runtime.events import Paused
from runtime.runs import RunWriter, create_run, list_runs, load_run, reopen_run, runs_folder


@pytest.fixture
def writer(tmp_path) -> RunWriter:
    """A run that has begun."""
    return create_run(tmp_path / "net.runs", mlp().project, "# source\n", {"seed": 4, "folder": str(tmp_path)})


def test_a_run_has_a_folder_of_its_own_beside_the_document(writer, tmp_path):
    assert runs_folder(tmp_path / "net.layerloom") == writer.path.parent
    found = load_run(writer.path)
    assert found.project == mlp().project and found.status == "running" and found.folder == tmp_path
    assert found.facts["seed"] == 4 and found.facts["created"] and found.facts["environment"]["python"]
    assert found.weights is None


def test_notes_add_up_and_events_are_appended_over_sessions(writer):
    writer.note(epoch=3)
    writer.log(Paused(1, 2))
    writer.close()
    again = reopen_run(load_run(writer.path))
    again.note(status="finished")
    again.log(Paused(1, 3))
    again.close()
    assert load_run(writer.path).facts["result"] == {"status": "finished", "epoch": 3}
    lines = (writer.path / "metrics.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line)["step"] for line in lines] == [2, 3]


def test_the_best_weights_are_preferred(writer):
    writer.checkpoints.mkdir()
    (writer.checkpoints / "last.safetensors").touch()
    assert load_run(writer.path).weights == writer.checkpoints / "last.safetensors"
    (writer.checkpoints / "best.safetensors").touch()
    assert load_run(writer.path).weights == writer.checkpoints / "best.safetensors"


def test_runs_are_listed_newest_first_without_what_is_damaged_or_foreign(tmp_path, writer):
    runs = tmp_path / "net.runs"
    names = ["2020-01-02_030405_abcd", "2019-01-02_030405_abcd", "2021-01-02_030405_abcd"]
    for name in names:
        (runs / name).mkdir()
        for file in ("run.json", "project.layerloom"):
            (runs / name / file).write_bytes((writer.path / file).read_bytes())
    (runs / names[2] / "run.json").write_text("{")
    (runs / "notes").mkdir()
    (runs / "2022-01-02_030405_abcd").write_text("a file")
    assert [run.path.name for run in list_runs(runs)] == [writer.path.name, names[0], names[1]]
    assert list_runs(tmp_path / "nowhere") == []


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"result": 5}', '{"result": {"status": 5}}', "\0"])
def test_a_folder_that_is_no_run_is_a_sentence(writer, text):
    (writer.path / "run.json").write_text(text)
    with pytest.raises(RunError, match="is not the folder of a run"):
        load_run(writer.path)


def test_a_run_without_its_project_is_a_sentence(writer):
    (writer.path / "project.layerloom").unlink()
    with pytest.raises(RunError, match="is not the folder of a run"):
        load_run(writer.path)


def test_a_folder_that_went_away_is_a_sentence(writer):
    for path in writer.path.iterdir():
        path.unlink()
    writer.path.rmdir()
    writer.log(Paused(1, 1))
    with pytest.raises(FileError, match="There is no such file or folder"):
        writer.flush()
    with pytest.raises(FileError):
        writer.note(epoch=1)


def test_two_runs_of_the_same_second_do_not_meet(tmp_path):
    paths = {create_run(tmp_path, mlp().project, "", {}).path for _ in range(8)}
    assert len(paths) == 8 and all(isinstance(path, Path) for path in paths)
