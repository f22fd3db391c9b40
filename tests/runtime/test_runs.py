"""Runs as folders: found, read, and passed over where they are damaged."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from drawings import mlp
from graph.messages import FileError, RunError
from runtime.events import EpochEnded, Paused, StepsEnded, to_json
from runtime.runs import TOLD, RunWriter, create_run, list_runs, load_run, past_events, reopen_run, runs_folder


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


# ---- what a run told before


def told(step: int, *losses: float) -> StepsEnded:
    return StepsEnded(1, step, {"loss": losses}, 0.1, 100.0, {}, 1.0)


def epoch_at(step: int, loss: float) -> EpochEnded:
    return EpochEnded(1, step, {"loss": loss}, {"loss": loss}, 0.1, 100.0, 1.0, 0.0)


def recalled(tmp_path, *events, until: int) -> list[tuple[int, float]]:
    (tmp_path / "metrics.jsonl").write_text("".join(f"{to_json(event)}\n" for event in events), "utf-8")
    found = past_events(tmp_path, until=until)
    steps = [event for event in found if isinstance(event, StepsEnded)]
    return [
        (event.step - len(event.series["loss"]) + 1 + i, loss)
        for event in steps
        for i, loss in enumerate(event.series["loss"])
    ]


def test_what_a_run_told_is_recalled_up_to_where_it_goes_on(tmp_path):
    events = told(3, 3.0, 2.0, 1.0), told(6, 0.5, 0.4, 0.3), epoch_at(6, 0.2)
    assert recalled(tmp_path, *events, until=6) == [(1, 3.0), (2, 2.0), (3, 1.0), (4, 0.5), (5, 0.4), (6, 0.3)]
    assert recalled(tmp_path, *events, until=4) == [(1, 3.0), (2, 2.0), (3, 1.0), (4, 0.5)]
    assert [event.step for event in past_events(tmp_path, until=4)] == [3, 4]
    assert [type(event) for event in past_events(tmp_path, until=6)][-1] is EpochEnded


def test_what_was_made_twice_counts_as_it_was_made_last(tmp_path):
    events = (
        told(3, 3.0, 2.0, 1.0),
        epoch_at(3, 1.0),
        told(5, 9.0, 9.0),
        epoch_at(5, 9.0),
        told(4, 0.9, 0.8),
        told(6, 0.7, 0.6),
    )
    assert recalled(tmp_path, *events, until=9) == [(1, 3.0), (2, 2.0), (3, 0.9), (4, 0.8), (5, 0.7), (6, 0.6)]


def test_what_is_damaged_is_passed_over(tmp_path):
    (tmp_path / "metrics.jsonl").write_text(f'{to_json(told(1, 1.0))}\n{{"event": "StepsEn\nnull\n[1]\n', "utf-8")
    with (tmp_path / "metrics.jsonl").open("a") as file:
        for series in ("null", '{"loss": null}', '{"loss": ["a"]}'):
            fields = '"epoch": 1, "step": 2, "learning_rate": 1, "samples_per_second": 1'
            file.write(f'{{"event": "StepsEnded", {fields}, "series": {series}}}\n')
        file.write('{"event": "EpochEnded", "epoch": 1, "step": "x"}\n')
    assert len(past_events(tmp_path, until=9)) == 1
    assert past_events(tmp_path / "nowhere", until=9) == []


def test_a_long_run_of_slow_steps_is_told_in_few_pieces(tmp_path):
    events = [told(step, 1.0 / step) for step in range(1, 5 * TOLD)]
    found = recalled(tmp_path, *events, epoch_at(5 * TOLD - 1, 0.1), until=5 * TOLD)
    assert found == [(step, 1.0 / step) for step in range(1, 5 * TOLD)]
    *first, last = past_events(tmp_path, until=5 * TOLD)
    assert [event.step for event in first[:2]] == [5, 10] and len(first) == TOLD and isinstance(last, EpochEnded)
