"""The course of a sweep: what is tried, kept, given up, made again; with trials that are played, not trained."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from graph.atomic import write_atomically
from graph.messages import RunError
from graph.search import Entry, Options, Search, Span
from runtime import sweep_course
from runtime.events import to_json
from runtime.run_table import RunTable
from runtime.sweeps import (
    FAILED,
    FINISHED,
    PRUNED,
    RUNNING,
    STOPPED,
    SweepEnded,
    SweepSession,
    SweepStarted,
    TrialEnded,
    TrialReported,
    TrialStarted,
    importances,
    list_sweeps,
    load_sweep,
    pareto,
    trial_project,
)
from sweep_tools import EPOCHS, RATE, Played, distance, events_of, rate_of, searched, swept, width_of

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def played(monkeypatch):
    """Workers that play; what a test changes in this class is gone with the test."""

    class Playing(Played):
        made = []

    monkeypatch.setattr(sweep_course, "Worker", Playing)
    return Playing


def the_sweep(runs: Path):
    (sweep,) = list_sweeps(runs)
    return sweep


def test_a_sweep_tells_of_every_trial_and_leaves_them_in_its_folder(played, tmp_path):
    events = swept(searched(), tmp_path)
    first, *middle, last = events
    sweep = the_sweep(tmp_path)
    assert first == SweepStarted(str(sweep.path), 6, ("loss",), ("min",), 1)
    assert isinstance(last, SweepEnded) and last.status == FINISHED and "The best is trial" in str(last.message)
    started = {e.trial: e for e in middle if isinstance(e, TrialStarted)}
    ended = {e.trial: e for e in middle if isinstance(e, TrialEnded)}
    assert list(started) == list(ended) == [1, 2, 3, 4, 5, 6]
    for trial in sweep.trials:
        assert dict(zip(("lr of main", "fc1.out_features"), trial.values, strict=True)) == started[trial.number].values
        project = trial_project(sweep, trial)
        assert (rate_of(project), width_of(project)) == trial.values and project.search == Search()
        assert project in played.made[0].orders
        event = ended[trial.number]
        assert (event.status, event.goals, Path(event.run)) == (trial.status, trial.goals, trial.run)
    done = [t for t in sweep.trials if t.status == FINISHED]
    assert all(t.goals == (distance(trial_project(sweep, t)) + 1 / EPOCHS,) and t.seconds == 2.0 for t in done)
    assert sweep.best == min(done, key=lambda t: t.goals) and sweep.status == FINISHED
    reports = [e for e in middle if isinstance(e, TrialReported) and e.trial == 1]
    assert [e.epoch for e in reports] == [1, 2, 3, 4] and reports[-1].figures == {"loss": sweep.trials[0].goals[0]}
    assert all(json.loads(to_json(event))["event"] == type(event).__name__ for event in events)
    assert len(played.made) == 1 and not played.made[0].is_alive


def test_a_grid_ends_by_itself_and_several_goals_make_a_front(played, tmp_path):
    entries = (Entry(RATE, Options((0.1, 0.01, 0.001))), searched().search.entries[1])
    played.costs = staticmethod(lambda project: {"parameters": float(width_of(project))})
    played.loss = staticmethod(lambda project: distance(project) + 1 / width_of(project))
    project = searched("accuracy", "parameters", entries=entries, method="grid", trials=50)
    events = swept(project, tmp_path)
    sweep = the_sweep(tmp_path)
    assert isinstance(events[-1], SweepEnded) and sweep.directions == ("max", "min")
    assert [t.values for t in sweep.trials] == [(r, w) for r in (0.1, 0.01, 0.001) for w in (8, 16, 32)]
    assert {t.values for t in sweep.trials if t.number in pareto(sweep)} == {(0.01, w) for w in (8, 16, 32)}
    assert all(not t.reports and t.status == FINISHED for t in sweep.trials)


@pytest.mark.slow  # it imports scikit-learn
def test_what_decided_about_a_goal_comes_first(played, tmp_path):
    played.costs = staticmethod(lambda project: {"parameters": float(width_of(project))})
    swept(searched("accuracy", "parameters", trials=30), tmp_path)
    found = importances(the_sweep(tmp_path))
    assert found["parameters"]["fc1.out_features"] > 0.9 and found["accuracy"]["lr of main"] > 0.9
    assert next(iter(found["accuracy"])) == "lr of main" and next(iter(found["parameters"])) == "fc1.out_features"
    assert all(sum(shares.values()) == pytest.approx(1) for shares in found.values())


def test_what_nobody_can_tell_is_a_sentence(played, tmp_path):
    swept(searched(trials=3), tmp_path)
    with pytest.raises(RunError, match="after 4 finished trials; there are 3"):
        importances(the_sweep(tmp_path))
    played.costs = staticmethod(lambda project: {"parameters": 5.0})
    swept(searched("parameters"), tmp_path / "same")
    with pytest.raises(RunError, match="no place made a difference"):
        importances(the_sweep(tmp_path / "same"))


def test_trials_that_fall_behind_are_given_up_and_others_are_not(played, tmp_path):
    rates = (0.01, 0.011, 0.012, 0.009, 0.008, 0.1, 0.0099)
    entries = (Entry(RATE, Options(rates)),)
    swept(searched(entries=entries, method="grid", trials=7), tmp_path)
    sweep = the_sweep(tmp_path)
    assert [t.status for t in sweep.trials] == [FINISHED] * 5 + [PRUNED, FINISHED]
    behind = sweep.trials[5]
    assert len(behind.reports) == 2 and behind.goals == (behind.reports[-1],) and behind not in sweep.finished
    swept(searched(entries=entries, method="grid", trials=7, prune=False), tmp_path / "all")
    assert {t.status for t in the_sweep(tmp_path / "all").trials} == {FINISHED}


def test_a_trial_that_fails_says_why_and_the_sweep_goes_on(played, tmp_path):
    def loss(project) -> float:
        if width_of(project) == 8:
            raise ArithmeticError
        if width_of(project) == 16:
            raise SystemExit
        return float("nan") if rate_of(project) == 0.1 else 0.5

    played.loss = staticmethod(loss)
    entries = (Entry(RATE, Options((0.1, 0.01))), searched().search.entries[1])
    events = swept(searched(entries=entries, method="grid"), tmp_path)
    sweep = the_sweep(tmp_path)
    failed = {t.values: t.message for t in sweep.trials if t.status == FAILED}
    assert failed == {
        (rate, width): text
        for rate in (0.1, 0.01)
        for width, text in ((8, "The loss is not a number."), (16, "The process of the trial ended by itself (1)."))
    } | {(0.1, 32): "The trial gave no figure 'loss'. It needs validation samples to measure it on."}
    assert [t.values for t in sweep.finished] == [(0.01, 32)] and events[-1].status == FINISHED
    assert len(played.made) == 3, "a process that ended is followed by another"
    messages = [str(e.message) for e in events if isinstance(e, TrialEnded) and e.message]
    assert messages == [t.message for t in sweep.trials if t.message]


def test_what_was_stopped_is_made_again_and_nothing_else(played, tmp_path):
    whole = tmp_path / "whole"
    swept(searched(trials=8), whole)
    expected = [(t.values, t.status, t.goals) for t in the_sweep(whole).trials]

    played.seconds = 0.02
    session = SweepSession(searched(trials=8), folder=None, runs=tmp_path)
    events = []
    while sum(isinstance(e, TrialEnded) for e in events) < 2:
        events += session.poll()
        time.sleep(0.002)
    session.stop()
    events += events_of(session)
    before = the_sweep(tmp_path)
    assert events[-1].status == STOPPED == before.status
    kept = before.ended
    assert 2 <= len(kept) < 8 and [t.status for t in before.trials[len(kept) :]] in ([STOPPED], [])
    left = [t.run for t in before.trials if t.status == STOPPED and t.run]

    played.seconds = 0.0
    again = swept(searched(trials=3), tmp_path, resume=before.path)
    assert {e.trial for e in again if isinstance(e, TrialStarted)} == set(range(len(kept) + 1, 9))
    after = the_sweep(tmp_path)
    assert after.trials[: len(kept)] == kept and [(t.values, t.status, t.goals) for t in after.trials] == expected
    assert after.status == FINISHED and all(run not in {t.run for t in kept} for run in left)
    assert swept(searched(), tmp_path, resume=before.path)[-1].status == FINISHED
    assert the_sweep(tmp_path).trials == after.trials, "nothing is left to do"
    swept(searched(), tmp_path, resume=before.path, trials=10)
    longer = the_sweep(tmp_path)
    assert longer.trials[:8] == after.trials and len(longer.ended) == 10 == longer.search.trials


def test_a_sweep_waits_while_it_is_paused(played, tmp_path):
    played.seconds = 0.01
    session = SweepSession(searched(), folder=None, runs=tmp_path)
    session.pause()
    time.sleep(0.15)
    first = session.poll()
    time.sleep(0.1)
    assert session.paused and session.running and session.poll() == [] and len(first) <= 3
    session.resume()
    assert events_of(session)[-1].status == FINISHED


def test_several_at_a_time_each_in_a_worker_of_its_own(played, tmp_path):
    played.seconds = 0.01
    events = swept(searched(trials=7, at_once=3, prune=False), tmp_path)
    assert sorted((w.place, w.among) for w in played.made) == [(0, 3), (1, 3), (2, 3)]
    assert {e.trial for e in events if isinstance(e, TrialEnded)} == set(range(1, 8))
    values = [t.values for t in the_sweep(tmp_path).trials]
    swept(searched(trials=7, prune=False), tmp_path / "one")
    assert values == [t.values for t in the_sweep(tmp_path / "one").trials], "what is tried does not depend on it"


def test_what_cannot_be_begun_or_written_is_a_sentence(played, tmp_path, monkeypatch):
    (ended,) = swept(replace(searched(), search=Search()), tmp_path)
    assert ended.status == FAILED and "Nothing is searched" in str(ended.message)
    (ended,) = swept(searched(), tmp_path, resume=tmp_path / "gone")
    assert ended.status == FAILED and "not the folder of a sweep" in str(ended.message)
    (tmp_path / "file").write_text("")
    (ended,) = swept(searched(), tmp_path / "file" / "runs")
    assert ended.status == FAILED and "cannot be written" in str(ended.message)

    def full(self, trial):
        if trial.number == 3:
            raise sweep_course.RunError(sweep_course.msg("The disk is full."))
        return put(self, trial)

    put = sweep_course.SweepWriter.put
    monkeypatch.setattr(sweep_course.SweepWriter, "put", full)
    events = swept(searched(), tmp_path)
    assert str(events[-1].message) == "The disk is full." and the_sweep(tmp_path).status == FAILED
    assert len(the_sweep(tmp_path).ended) == 2


def test_a_folder_that_is_deleted_meanwhile_is_no_mistake_of_ours(played, tmp_path):
    def deleted(project):
        shutil.rmtree(the_sweep(tmp_path).path / "runs", ignore_errors=True)
        (the_sweep(tmp_path).path / "sweep.json").unlink()
        return 1.0

    played.loss = staticmethod(deleted)
    *_, ended = swept(searched(trials=1), tmp_path)
    assert ended.status == FAILED and "cannot be written" in str(ended.message)


def test_only_one_session_at_a_time_goes_on_with_a_sweep(played, tmp_path):
    played.seconds = 0.02
    session = SweepSession(searched(), folder=None, runs=tmp_path)
    while not session.poll():
        time.sleep(0.002)
    (ended,) = swept(searched(), tmp_path, resume=the_sweep(tmp_path).path)
    assert ended.status == FAILED and "under way somewhere else" in str(ended.message)
    session.stop()
    events_of(session)


def test_a_folder_with_damage_gives_what_is_whole(played, tmp_path):
    swept(searched(), tmp_path)
    sweep = the_sweep(tmp_path)
    path = sweep.path / "trials.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    strange = (b"{}\n", b"[1]\n", b'{"number": 9, "status": "odd", "values": [1, 2]}\n', b'{"number": 7, "status"')
    path.write_bytes(b"".join([*lines[:-1], *strange]))
    damaged = load_sweep(sweep.path)
    assert damaged.trials[:-1] == sweep.trials[:-1] and damaged.trials[-1].status == RUNNING
    swept(searched(), tmp_path, resume=sweep.path)
    mended = load_sweep(sweep.path)
    assert mended.trials[:-1] == sweep.trials[:-1] and mended.trials[-1].goals == sweep.trials[-1].goals
    (tmp_path / "sweep_2026-01-01_000000_abcd").mkdir()
    (tmp_path / "sweep_of_mine").mkdir()
    assert list_sweeps(tmp_path) == [mended] and list_sweeps(tmp_path / "none") == []
    write_atomically(sweep.path / "sweep.json", b'{"status": 1}')
    assert list_sweeps(tmp_path) == []


def test_the_table_of_runs_does_not_see_sweeps(played, tmp_path):
    swept(searched(), tmp_path)
    assert RunTable(tmp_path).rows() == []


def test_a_resumed_tpe_tries_what_it_would_have_tried(played, tmp_path):
    entries = (Entry(RATE, Span(1e-5, 1.0, log=True)), searched().search.entries[1])
    project = searched(entries=entries, method="tpe", trials=13, prune=False)
    swept(project, tmp_path / "whole")
    search = replace(project.search, trials=11)
    swept(replace(project, search=search), tmp_path / "cut")
    swept(project, tmp_path / "cut", resume=the_sweep(tmp_path / "cut").path, trials=13)
    values = [[t.values for t in the_sweep(tmp_path / name).trials] for name in ("whole", "cut")]
    assert values[0] == values[1] and len(values[0]) == 13


def test_the_window_can_import_it_without_torch():
    code = "import runtime.sweeps, sys; assert not {'torch', 'optuna', 'sqlalchemy'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
