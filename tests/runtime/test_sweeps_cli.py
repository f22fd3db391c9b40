"""The verb `sweep`, with trials that are trained in processes of their own; killed at any moment it loses none that ended."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from graph import files
from graph.search import Entry, NodePlace, Options, PlanPlace, Search, Span
from runtime import sweep_course
from runtime.run_rows import read_row
from runtime.runs import EVENTS, list_runs, load_run
from runtime.sweep_worker import visible_gpu
from runtime.sweeps import FAILED, FINISHED, PRUNED, list_sweeps, load_sweep, pareto
from sweep_tools import Here

ROOT = Path(__file__).resolve().parents[2]


def figures_of(path: Path) -> dict[str, list[str]]:
    """Every figure of a run, to the last bit."""
    found: dict[str, list[str]] = {}
    for line in (path / EVENTS).read_text("utf-8").splitlines():
        event = json.loads(line)
        parts = {"StepsEnded": ("series",), "EpochEnded": ("train", "validation"), "Finished": ("test",)}
        for part in parts.get(event["event"], ()):
            for name, values in event[part].items():
                many = values if isinstance(values, list) else [values]
                found.setdefault(f"{part}.{name}", []).extend(float(value).hex() for value in many)
    return found


@pytest.mark.parametrize("where", ["here", pytest.param("apart", marks=pytest.mark.slow)])
def test_a_sweep_from_the_command_line_and_its_best_trial_as_a_drawing(run, small, project_folder, monkeypatch, where):
    if where == "here":
        monkeypatch.setattr(sweep_course, "Worker", Here)
    options = [
        "--method",
        "random",
        "--trials",
        2,
        "--seed",
        4,
        "--set",
        "lr=log:1e-3..1e-1",
        "--set",
        "batch_size=16,32",
    ]
    status, out, err = run(
        "sweep", small, *options, "--goal", "accuracy", "--goal", "parameters", "--goal", "macs", "--goal", "latency"
    )
    assert status == 0 and "With several goals" in err
    (sweep,) = list_sweeps(project_folder / "small.runs")
    assert sweep.search.method == "random" and [t.status for t in sweep.trials] == [FINISHED] * 2
    assert all(t.goals[1:3] == (650.0, 640.0) and 0 < t.goals[3] < 50 for t in sweep.trials)
    lines = out.splitlines()
    head = next(line for line in lines if line.lstrip().startswith("Trial"))
    assert all(word in head for word in ("accuracy", "latency (ms)", "lr of main", "batch_size"))
    rows = [line.split() for line in lines[lines.index(head) + 2 :][:2]]
    assert {int(row[1]) for row in rows if row[0] == "*"} == set(pareto(sweep))
    assert rows[0][rows[0][0] == "*" :][:2] == [str(sweep.best.number), f"{sweep.best.goals[0]:.4f}"]
    assert "after 4 finished trials" in lines[-1]
    assert list_runs(project_folder / "small.runs") == []

    status, out, _ = run("sweep", small, "--show", "--json")
    records = list(map(json.loads, out.splitlines()))
    assert records[0]["trial"] == sweep.best.number and records[0]["run"] == str(sweep.best.run)
    assert tuple(records[0]["values"].values()) == sweep.best.values
    status, out, _ = run("sweep", small, "--list")
    assert status == 0 and sweep.path.name in out and "2/2" in out

    (project_folder / "elsewhere").mkdir()
    taken = Path("elsewhere") / "best.layerloom"
    status, out, _ = run("sweep", small, "--take", sweep.best.number, "-o", taken)
    assert (
        status == 0 and files.load(taken) == load_run(sweep.best.run).project and files.load(taken).search == Search()
    )
    assert run("train", taken)[0] == 0
    (trained,) = list_runs(project_folder / "elsewhere" / "best.runs")
    assert figures_of(trained.path) == figures_of(sweep.best.run) and len(figures_of(trained.path)) > 5
    assert read_row(trained.path).meaning == read_row(sweep.best.run).meaning


@pytest.mark.parametrize(
    ("words", "status", "sentence"),
    [
        ([], 1, "Nothing is searched yet"),
        (["--set", "lr=0.1..0.01"], 1, "from 0.1 to 0.01"),
        (["--set", "logits.out_featuers=3"], 1, "logits.out_features"),
        (["--set", "lr=1,2", "--goal", "acuracy"], 1, "cannot be a goal"),
        (["--show"], 1, "no sweeps"),
        (["--resume", "gone"], 1, "no sweep 'gone'"),
        (["--take", "1"], 2, "--take and -o"),
        (["--list", "--resume"], 2, "does not go with"),
        (["--resume", "--set", "lr=1,2"], 2, "--set does not go with --resume: a sweep stays as it began"),
        (["--show", "--seed", "1"], 2, "--seed does not go with --show"),
        (["--trials", "0"], 2, "whole number from 1"),
        (["--method", "magic"], 2, "magic"),
    ],
)
def test_what_is_wrong_is_a_sentence(run, small, project_folder, words, status, sentence):
    found, out, err = run("sweep", small, *words)
    assert (found, out) == (status, "") and sentence in err
    assert not (project_folder / "small.runs").exists()


def test_a_searched_place_that_is_gone_is_named_listed_and_removed(run, small):
    project = files.load(small)
    entries = (
        Entry(PlanPlace("batch_size"), Options((16, 0))),
        Entry(NodePlace(None, "n99", "out_features"), Span(4, 8)),
    )
    files.save(replace(project, search=Search(entries=entries)), small)
    status, _, err = run("sweep", small)
    command = f"sweep {small} --remove n99.out_features"
    assert status == 1 and command in err
    status, out, _ = run("sweep", small, "--places")
    assert status == 0 and "batch_size" in out and "16,all" in out and "4..8" in out and command in out
    status, out, _ = run("sweep", small, "--places", "--json")
    assert [json.loads(line)["is_there"] for line in out.splitlines()] == [True, False]
    assert run("sweep", small, "--remove", "lr")[0] == 1 and files.load(small).search.entries == entries
    status, out, _ = run(*command.split())
    assert status == 0 and files.load(small).search.entries == entries[:1]
    assert files.load(small).graph == project.graph
    assert run("sweep", small, "--remove", "batch_size", "--list")[0] == 2


def test_nothing_is_listed_where_there_is_nothing(run, small, project_folder):
    status, out, _ = run("sweep", small, "--list")
    assert status == 0 and "no sweeps" in out
    (project_folder / "small.runs" / "sweep_x").mkdir(parents=True)
    status, _, err = run("sweep", small, "--show", "sweep_x")
    assert status == 1 and "sweep_x' is not the folder of a sweep, or it is damaged" in err


@pytest.mark.parametrize(
    ("place", "count", "visible", "expected"),
    [(0, 0, None, None), (1, 1, None, None), (0, 2, None, "0"), (3, 2, None, "1"), (2, 3, "5, 6,7", "7")],
)
def test_each_process_gets_one_of_several_gpus(place, count, visible, expected):
    assert visible_gpu(place, count, visible) == expected


# ---- with many processes


def begin(*arguments: object) -> subprocess.Popen[str]:
    """The verb `sweep` in a group of its own."""
    command = [sys.executable, "main.py", "sweep", *map(str, arguments), "--json"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True
    )


def kill_all_of(process: subprocess.Popen[str]) -> str:
    """kill -9 for it and its children; what it had told."""
    os.killpg(process.pid, signal.SIGKILL)
    return process.communicate()[0]


OPTIONS = ("--method", "random", "--seed", 3, "--epochs", 3, "--set", "lr=log:1e-3..1e-1", "--set", "batch_size=16..64")


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.skipif(os.name != "posix", reason="kill -9 is of POSIX")
def test_a_sweep_that_is_killed_twenty_times_loses_no_finished_trial(small, project_folder):
    number, chance, told = 60, random.Random(0), {}
    runs = project_folder / "small.runs"
    process = begin(small, *OPTIONS, "--trials", number)
    for _ in range(20):
        assert process.stdout is not None
        for line in process.stdout:  # it has begun to make trials
            if json.loads(line)["event"] == "TrialReported":
                break
        time.sleep(chance.uniform(0.0, 0.8))
        rest = kill_all_of(process)
        for event in map(json.loads, filter(lambda text: text.endswith("}"), rest.splitlines())):
            if event["event"] == "TrialEnded":
                told[event["trial"]] = event
        (sweep,) = list_sweeps(runs)
        known = {trial.number: trial for trial in sweep.trials}
        for trial, event in told.items():
            assert known[trial].status == event["status"] and list(known[trial].goals) == event["goals"]
            assert load_run(known[trial].run).status in (FINISHED, "stopped")
        process = begin(small, "--resume", sweep.path.name)
    process.communicate()
    assert process.returncode == 0
    (sweep,) = list_sweeps(runs)
    assert [t.number for t in sweep.trials] == list(range(1, number + 1)) and sweep.status == FINISHED
    assert all(trial.status in (FINISHED, PRUNED) for trial in sweep.trials)
    untouched = begin(small, *OPTIONS, "--trials", number, "--out", project_folder / "untouched")
    untouched.communicate()
    (whole,) = list_sweeps(project_folder / "untouched")
    values = [[(t.values, t.status, t.goals, t.reports) for t in one.trials] for one in (sweep, whole)]
    assert values[0] == values[1]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_two_at_once_come_to_what_one_comes_to(small, project_folder):
    found = []
    for at_once in (1, 2):
        out = project_folder / f"runs{at_once}"
        process = begin(small, *OPTIONS, "--trials", 8, "--no-prune", "--at-once", at_once, "--out", out)
        told = [json.loads(line) for line in process.communicate()[0].splitlines()]
        assert process.returncode == 0
        kinds = [event["event"] for event in told if event["event"] in ("TrialStarted", "TrialEnded")]
        assert (kinds[:2] == ["TrialStarted"] * 2) == (at_once == 2)
        (sweep,) = list_sweeps(out)
        found.append([(t.values, t.status, t.goals) for t in sweep.trials])
    assert found[0] == found[1] and len(found[0]) == 8


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_impossible_sizes_and_divergence_are_trials_that_failed(small, project_folder):
    sets = ("--set", "logits.out_features=3,10", "--set", "l2=0,1e12", "--set", "optimizer=SGD", "--set", "lr=1")
    process = begin(small, "--method", "grid", *sets, "--trials", 9)
    process.communicate()
    (sweep,) = list_sweeps(project_folder / "small.runs")
    status = {t.values[:2]: t.status for t in sweep.trials}
    assert status == {(3, 0.0): FAILED, (3, 1e12): FAILED, (10, 0.0): FINISHED, (10, 1e12): FAILED}
    assert all(len(t.message) > 20 and "mistake" not in t.message for t in sweep.trials if t.status == FAILED)
    assert sweep.status == FINISHED and process.returncode == 0


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.skipif(os.name != "posix", reason="signals are of POSIX")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])  # which Ctrl+C and a cluster send to all processes
def test_ctrl_c_stops_and_the_sweep_can_be_gone_on_with(small, project_folder, number):
    process = begin(small, *OPTIONS, "--trials", 500, "--at-once", 2)
    assert process.stdout is not None
    for line in process.stdout:
        if json.loads(line)["event"] == "TrialEnded":
            break
    os.killpg(process.pid, number)
    rest = process.communicate(timeout=200)[0]
    assert process.returncode == 130 and json.loads(rest.splitlines()[-1])["status"] == "stopped"
    (sweep,) = list_sweeps(project_folder / "small.runs")
    assert sweep.status == "stopped" and load_sweep(sweep.path).ended
    assert FAILED not in {trial.status for trial in sweep.trials}
