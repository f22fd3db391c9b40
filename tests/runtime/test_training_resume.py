"""A run that was stopped, paused or killed goes on exactly: the same bits as a run that nobody touched."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from amount import some
from graph import files
from graph.plan import Choice
from runtime.events import Failed, Finished, Paused, Resumed, RunStarted, Stopped
from runtime.runs import load_run, reopen_run
from runtime.session import Control
from runtime.training.loop import train
from trainings import StopAfter, cnn, digits, epochs_of, mlp, plan, run, step_series

ROOT = Path(__file__).resolve().parents[2]
COSINE = Choice("torch.optim.lr_scheduler.CosineAnnealingLR")
STEPS = 40  # an epoch


def last_weights(run: str) -> dict[str, torch.Tensor]:
    return load_file(Path(run) / "checkpoints" / "last.safetensors")


def assert_same_run(first: list, second: list) -> None:
    """Equal to the bit: weights, optimizer, figures of the epochs, test."""
    assert isinstance(first[-1], Finished) and isinstance(second[-1], Finished)
    weights, others = last_weights(first[-1].run), last_weights(second[-1].run)
    assert weights.keys() == others.keys()
    assert all(torch.equal(weights[name], others[name]) for name in weights)
    assert first[-1].test == second[-1].test
    states = [torch.load(Path(e[-1].run) / "checkpoints" / "last.state.pt", weights_only=True) for e in (first, second)]
    assert states[0]["learners"][0]["rates"] == states[1]["learners"][0]["rates"]
    rows = [state["learners"][0]["optimizer"]["state"] for state in states]
    assert all(torch.equal(rows[0][i][key], rows[1][i][key]) for i in rows[0] for key in rows[0][i])


@pytest.fixture(scope="module")
def untouched(tmp_path_factory):
    """A project with dropout, batch normalization and a schedule, and its run without interruption."""
    project = digits(cnn, plan(scheduler=COSINE))
    return project, run(project, tmp_path_factory.mktemp("runs"))


@pytest.mark.parametrize("looks", [1, 2, 25, STEPS + 1, STEPS + 3, STEPS + 20, 3 * STEPS + 10])
def test_a_run_that_was_stopped_anywhere_goes_on_exactly(untouched, looks, tmp_path):
    project, expected = untouched
    stopped = run(project, tmp_path, control=StopAfter(looks))
    assert isinstance(stopped[-1], Stopped) and load_run(Path(stopped[-1].run)).status == "stopped"
    resumed = run(project, tmp_path, resume=Path(stopped[-1].run))
    assert isinstance(resumed[0], RunStarted) and resumed[0].run == stopped[-1].run
    assert step_series(stopped) + step_series(resumed) == step_series(expected)
    assert epochs_of(stopped) + epochs_of(resumed) == epochs_of(expected)
    assert_same_run(resumed, expected)


def test_a_run_can_be_stopped_again_and_again(untouched, tmp_path):
    project, expected = untouched
    events = run(project, tmp_path, control=StopAfter(7))
    for _ in range(4):
        events += run(project, tmp_path, resume=Path(events[-1].run), control=StopAfter(31))
    events += run(project, tmp_path, resume=Path(events[-1].run))
    assert step_series(events) == step_series(expected)
    assert_same_run(events, expected)


def test_a_finished_run_goes_on_with_more_epochs(tmp_path):
    project = digits(mlp, plan())
    expected = run(project, tmp_path, epochs=5)
    short = run(project, tmp_path, epochs=2)
    longer = run(project, tmp_path, resume=Path(short[-1].run), epochs=5)
    assert longer[0].first_epoch == 3 and longer[0].epochs == 5
    assert step_series(short) + step_series(longer) == step_series(expected)
    assert_same_run(longer, expected)


def test_a_resumed_run_trains_its_own_snapshot(tmp_path):
    project, other = digits(mlp, plan()), digits(cnn, plan(seed=9))
    stopped = run(project, tmp_path, control=StopAfter(50))
    resumed = run(other, tmp_path, resume=Path(stopped[-1].run))
    assert_same_run(resumed, run(project, tmp_path))


def test_a_pause_changes_nothing(untouched, tmp_path):
    project, expected = untouched

    class PauseAfter(Control):
        looks = 0

        @property
        def has_wish(self) -> bool:
            self.looks += 1
            if self.looks in (5, 50):
                self.pause()
            return super().has_wish

        def wait(self) -> None:
            self.resume()

    events = run(project, tmp_path, control=PauseAfter())
    pauses = [event for event in events if isinstance(event, (Paused, Resumed))]
    assert [type(p) for p in pauses] == [Paused, Resumed, Paused, Resumed]
    assert step_series(events) == step_series(expected)
    assert_same_run(events, expected)


KILLED = """
import os, signal, sys
from pathlib import Path
from graph import files
from runtime.events import EpochEnded, StepsEnded
from runtime.training import checkpoints, record
from runtime.training.loop import train

checkpoints.MIN_SECONDS = checkpoints.LONG_SECONDS = 0.0
checkpoints.MAX_SHARE = 1e9
record.INTERVAL = 0.0
event_name, count = sys.argv[3], int(sys.argv[4])
for event in train(files.load(Path(sys.argv[1])), runs=Path(sys.argv[2])):
    if type(event).__name__ == event_name:
        count -= 1
        if count == 0:
            os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(os.name != "posix", reason="kill -9 is of POSIX")
@pytest.mark.parametrize(
    ("event", "count"), some([("StepsEnded", 57), ("EpochEnded", 2)]), ids=["amid steps", "after an epoch"]
)
def test_a_run_that_was_killed_goes_on_exactly(untouched, tmp_path, event, count):
    project, expected = untouched
    files.save(project, tmp_path / "net.layerloom")
    command = [sys.executable, "-c", KILLED, str(tmp_path / "net.layerloom"), str(tmp_path / "runs"), event, str(count)]
    ended = subprocess.run(command, cwd=ROOT, check=False, env={**os.environ, "OMP_NUM_THREADS": "1"})
    assert ended.returncode == -signal.SIGKILL
    (folder,) = (tmp_path / "runs").iterdir()
    assert load_run(folder).status == "running"
    resumed = run(project, tmp_path, resume=folder)
    assert resumed[0].first_epoch >= 2
    assert_same_run(resumed, expected)


def test_the_state_of_the_optimizer_is_that_of_pytorch(untouched):
    _, events = untouched
    state = torch.load(Path(events[-1].run) / "checkpoints" / "last.state.pt", weights_only=True)
    model = torch.nn.Sequential(torch.nn.Conv2d(1, 6, 3), torch.nn.BatchNorm2d(6), torch.nn.Linear(54, 10))
    optimizer = torch.optim.Adam(model.parameters())
    optimizer.load_state_dict(state["learners"][0]["optimizer"])
    assert optimizer.state[model[0].weight]["exp_avg"].shape == (6, 1, 3, 3)
    assert int(optimizer.state[model[2].bias]["step"]) == 3 * STEPS


def test_what_cannot_be_resumed_is_a_sentence(tmp_path):
    project = digits(mlp, plan())
    (event,) = run(project, tmp_path, resume=tmp_path)
    assert isinstance(event, Failed) and "is not the folder of a run" in str(event.message)
    ended = run(project, tmp_path)
    facts = Path(ended[-1].run) / "run.json"
    other, before = reopen_run(load_run(facts.parent)).hold(), facts.read_bytes()  # as another process that trains it
    (event,) = run(project, tmp_path, resume=facts.parent)
    assert isinstance(event, Failed) and "still being trained" in str(event.message) and facts.read_bytes() == before
    other.close()
    state = Path(ended[-1].run) / "checkpoints" / "last.state.pt"
    state.write_bytes(state.read_bytes()[:1000])
    (state.parent / "previous.state.pt").unlink(missing_ok=True)
    (event,) = run(project, tmp_path, resume=Path(ended[-1].run))
    assert isinstance(event, Failed) and "damaged" in str(event.message)
    state.unlink()
    (event,) = run(project, tmp_path, resume=Path(ended[-1].run))
    assert isinstance(event, Failed) and "There is no checkpoint" in str(event.message)


def test_a_damaged_checkpoint_lets_the_run_go_on_from_the_one_before(tmp_path, monkeypatch):
    monkeypatch.setattr("runtime.training.checkpoints.MIN_SECONDS", 0.0)
    project = digits(mlp, plan())
    stopped = run(project, tmp_path, control=StopAfter(50))
    state = Path(stopped[-1].run) / "checkpoints" / "last.state.pt"
    state.write_bytes(state.read_bytes()[:1000])
    assert_same_run(run(project, tmp_path, resume=Path(stopped[-1].run)), run(project, tmp_path))


def test_a_checkpoint_that_would_run_code_is_refused(tmp_path):
    project = digits(mlp, plan())
    ended = run(project, tmp_path)
    state = Path(ended[-1].run) / "checkpoints" / "last.state.pt"
    torch.save({"weights": os.system}, state)
    (state.parent / "previous.state.pt").unlink(missing_ok=True)
    (event,) = run(project, tmp_path, resume=Path(ended[-1].run))
    assert isinstance(event, Failed) and "damaged" in str(event.message)


def test_the_log_of_a_run_holds_its_events_as_json(untouched):
    _, events = untouched
    lines = (Path(events[-1].run) / "metrics.jsonl").read_text("utf-8").splitlines()
    kinds = [kind for line in lines if (kind := json.loads(line)["event"]) != "Health"]
    assert kinds == [type(event).__name__ for event in events]


def test_an_abandoned_run_lets_go_of_its_files(tmp_path):
    threads = torch.get_num_threads()
    events = train(digits(mlp, plan()), runs=tmp_path)
    next(events)
    events.close()
    assert torch.get_num_threads() == threads


def test_weights_that_do_not_fit_are_a_sentence(tmp_path):
    project = digits(mlp, plan())
    ended = run(project, tmp_path)
    state = Path(ended[-1].run) / "checkpoints" / "last.state.pt"
    torch.save({**torch.load(state, weights_only=True), "weights": {}}, state)
    (event,) = run(project, tmp_path, resume=Path(ended[-1].run))
    assert isinstance(event, Failed) and "does not fit" in str(event.message)
