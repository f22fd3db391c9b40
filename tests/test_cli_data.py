"""What the command line says of the data, and of how small and quick things are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from drawings import Drawing
from graph.messages import msg
from graph.plan import Plan
from runtime import cli_text
from runtime.amounts import bytes_text, seconds_text
from runtime.events import Checked, EpochEnded, Finished, RunStarted, to_json
from runtime.watched import event_of


@pytest.fixture
def lopsided(project_folder, drawn) -> Path:
    """A drawing over a table of one large class, with seven rows that are left out."""
    rows = [f"{n},{'rare' if n % 10 == 0 else 'usual'}" for n in range(100)] + ["many,usual"] * 7
    (project_folder / "rows.csv").write_text("\n".join(["a,kind", *rows]), "utf-8")
    d = Drawing("Net", Plan(epochs=1, device="cpu"))
    d.add("data.Table", "rows", source="rows.csv", broken="skip")
    x = d.add("nn.Linear", "fc1", d.port("rows", "features"), out_features=2)
    d.add("nn.CrossEntropyLoss", "loss", x, d.port("rows", "target"))
    return drawn(d)


def test_check_and_train_say_what_the_data_card_says(run, lopsided):
    status, out, _ = run("check", lopsided, "--read-data")
    notes = [line for line in out.splitlines() if line.startswith("note: ")]
    assert status == 0 and len(notes) == 7
    assert "line 102: 'many'" in notes[0] and "7 were left out in all" in notes[5]
    assert "90.0% of the samples are of the class 'usual'" in notes[6]
    status, out, err = run("train", lopsided, "--read-data")
    assert status == 0, err
    assert [line for line in out.splitlines() if line.startswith("note: ")][:7] == notes
    status, out, _ = run("train", lopsided, "--read-data", "--json")
    started = next(e for e in map(json.loads, out.splitlines()) if e["event"] == "RunStarted")
    assert [f"note: {note}" for note in started["notes"]] == notes


def test_check_says_nothing_of_data_that_is_not_at_hand(run, lopsided, project_folder):
    run("train", lopsided, "--read-data")
    (project_folder / "rows.csv").unlink()
    _, out, err = run("check", lopsided)
    assert "note: " not in out + err


def test_the_notes_of_a_run_can_be_watched():
    event = RunStarted("r", "cpu", "CPU", 1, 1, {"train": 1}, 1, 0, notes=(msg("odd"),))
    seen = event_of(to_json(event))
    assert isinstance(seen, RunStarted) and [str(note) for note in seen.notes] == ["odd"]
    assert "note: odd" in (cli_text.event_line(seen) or "")


def test_small_sizes_and_short_times_are_not_rounded_to_nothing():
    text = cli_text.checked(Checked((), memory_needed=5 * 1024, seconds_per_epoch=0.042))
    assert text.splitlines() == ["memory of a step: about 5 KiB", "time of an epoch: about 0.042 s"]
    assert [bytes_text(count) for count in (0, 312, 30_000, 5 * 2**20, 2**40)] == [
        "0 B", "312 B", "29.3 KiB", "5 MiB", "1 TiB",
    ]  # fmt: skip
    assert [seconds_text(count) for count in (0.0, 0.042, 3.14, 75.4, 7200)] == [
        "0.01 s",
        "0.042 s",
        "3.1 s",
        "75 s",
        "7,200 s",
    ]
    epoch = EpochEnded(1, 1, {}, {}, learning_rate=0.1, samples_per_second=1.0, seconds=0.036, seconds_left=0.0)
    assert (cli_text.event_line(epoch) or "").endswith("0.036 s")
    finished = Finished(test={}, run="", device="cpu", epoch=1, seconds=0.07)
    assert cli_text.event_line(finished) == "after 0.07 s"
