"""The verb `runs`, and that a run is the same to the last bit from the window's session and from the command line."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import time
from pathlib import Path

import pytest

from graph import files
from runtime.events import FINAL, Finished
from runtime.run_rows import Labels, read_row, write_labels
from runtime.runs import EVENTS, list_runs
from runtime.session import Session


@pytest.fixture
def trained(run, small, project_folder) -> list[Path]:
    """Two runs with other learning rates, the older one first."""
    for rate in ("0.01", "0.0001"):
        assert run("train", small, "--lr", rate, "--epochs", "1")[0] == 0
    paths = sorted((path.path for path in list_runs(project_folder / "small.runs")), key=lambda p: read_row(p).created)
    paths.sort(key=lambda path: -(read_row(path).learning_rate or 0))
    return paths


def test_listing_comparing_and_taking_away(run, small, trained, project_folder):
    good, bad = trained
    write_labels(good, Labels("baseline", ("good",), ""))
    status, out, err = run("runs", small)
    assert (status, err) == (0, "") and out.splitlines()[0].split()[0] == "Began" and len(out.splitlines()) == 4
    status, out, _ = run("runs", project_folder / "small.runs", "--sort=-accuracy", "--columns", "folder,accuracy,name")
    assert [line.split()[0] for line in out.splitlines()[2:]] == [good.name, bad.name] and "baseline" in out
    status, out, _ = run("runs", small, "--filter", "lr<0.001", "--json")
    (record,) = map(json.loads, out.splitlines())
    assert record["folder"] == bad.name and record["figures"] == read_row(bad).figures
    status, out, _ = run("runs", small, "--csv", "--columns", "folder,learning_rate,test.accuracy", "--sort", "lr")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [row["folder"] for row in rows] == [bad.name, good.name]
    assert float(rows[1]["test.accuracy"]) == read_row(good).figures["test.accuracy"]

    status, out, err = run("runs", small, "--compare", "baseline", bad.name)
    assert (status, err) == (0, "") and "Learning rate: 0.01 → 0.0001" in out and "test.accuracy" in out
    assert run("runs", "--compare", good, bad)[1] == out
    status, out, _ = run("runs", "--compare", good, bad, "--json")
    assert {json.loads(line)["what"] for line in out.splitlines()} == {"training", "figure"}


def test_what_goes_wrong_has_a_status_and_a_sentence(run, small, trained, project_folder):
    status, out, _ = run("runs", small, "--filter", "nothing")
    assert (status, out) == (0, f"None of the runs in {project_folder / 'small.runs'} fits the filter.\n")
    for wrong in (["--filter", "acuracy>1"], ["--sort", "lenght"], ["--columns", "x"], ["--csv", "--json"]):
        status, out, err = run("runs", small, *wrong)
        assert (status, out) == (2, "") and err
    assert run("runs")[0] == 2
    for wrong in (["gone.layerloom"], [trained[0]], [small, "--compare", "no", "such"]):
        status, out, err = run("runs", *wrong)
        assert (status, out) == (1, "") and err.startswith("error: ")
    (project_folder / "empty.runs").mkdir()
    assert "no runs" in run("runs", project_folder / "empty.runs")[1]


def figures_hash(run: Path) -> str:
    """A hash of every figure of a run, to the last bit, whatever its events were cut into; times are left out."""
    series: dict[str, list[str]] = {}
    for line in (run / EVENTS).read_text().splitlines():
        event = json.loads(line)
        if event["event"] == "StepsEnded":
            for name, values in event["series"].items():
                series.setdefault(name, []).extend(float(value).hex() for value in values)
        elif event["event"] == "EpochEnded":
            for part in ("train", "validation"):
                for name, value in event[part].items():
                    series.setdefault(f"{part}.{name}", []).append(float(value).hex())
    series["test"] = [f"{name} {value.hex()}" for name, value in read_row(run).figures.items()]
    assert series["loss"] and series["validation.loss"] and any(entry.startswith("test.") for entry in series["test"])
    return hashlib.sha256(json.dumps(series, sort_keys=True).encode()).hexdigest()


@pytest.mark.parametrize("isolated", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_the_window_and_the_command_line_train_the_same_bits(run, small, project_folder, isolated):
    assert run("train", small)[0] == 0
    (by_command,) = list_runs(project_folder / "small.runs")
    session = Session(files.load(small), folder=project_folder, runs=project_folder / "window.runs", isolated=isolated)
    events, limit = [], time.monotonic() + 120
    while not (events and isinstance(events[-1], FINAL)) and time.monotonic() < limit:
        events += session.poll()
        time.sleep(0.01)
    assert session.join(10) and isinstance(events[-1], Finished)
    (by_window,) = list_runs(project_folder / "window.runs")
    assert figures_hash(by_window.path) == figures_hash(by_command.path)
    assert read_row(by_window.path).meaning == read_row(by_command.path).meaning
    assert run("train", small, "--seed", "99")[0] == 0
    other = next(entry for entry in list_runs(project_folder / "small.runs") if entry.path != by_command.path)
    assert figures_hash(other.path) != figures_hash(by_command.path)
