"""A run in a process of its own: the same run, and whatever ends that process is an event."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from graph import files
from graph.plan import Choice
from runtime import isolated
from runtime.events import (
    FINAL,
    Failed,
    Finished,
    Health,
    Noted,
    Paused,
    RateSet,
    Replaced,
    Resumed,
    RunStarted,
    Saved,
    StepsEnded,
    Stopped,
)  # fmt: skip
from runtime.session import Replace, Save, Session, SetRate
from trainings import cnn, digits, epochs_of, mlp, plan, step_series
from watched import Watched

ROOT = Path(__file__).resolve().parents[2]
LONG = 100_000  # epochs, more than anybody waits for
AS_TIME_GOES = (StepsEnded, Health)  # told about so often a second
COSINE = Choice("torch.optim.lr_scheduler.CosineAnnealingLR")


@pytest.fixture
def children(monkeypatch):
    """The processes that runs were given."""
    begun, start = [], subprocess.Popen

    def popen(*args, **more):
        begun.append(start(*args, **more))
        return begun[-1]

    monkeypatch.setattr(isolated.subprocess, "Popen", popen)
    return begun


@pytest.fixture
def begin(tmp_path, children):
    """Begins a session with a process; it is stopped at the end, and no process may be left."""
    begun = []

    def begin(project, *, runs=None, **more) -> Watched:
        begun.append(Session(project, folder=None, runs=runs or tmp_path / "runs", isolated=True, **more))
        return Watched(begun[-1])

    yield begin
    for session in begun:
        session.control.stop()
        assert session.join(30)
    assert all(child.poll() is not None for child in children)


def weights(event) -> dict[str, torch.Tensor]:
    return load_file(Path(event.run) / "checkpoints" / "last.safetensors")


def assert_same_weights(one, other) -> None:
    first, second = weights(one), weights(other)
    assert first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


def in_thread(project, runs: Path) -> list:
    watched = Watched(Session(project, folder=None, runs=runs))
    watched.wait_for(FINAL)
    return watched.events


def test_it_is_the_same_run_as_in_the_thread(begin, tmp_path):
    project = digits(cnn, plan(scheduler=COSINE))
    apart, expected = begin(project), in_thread(project, tmp_path / "others")
    apart.wait_for(FINAL)
    assert isinstance(apart.events[-1], Finished) and isinstance(expected[-1], Finished)
    assert step_series(apart.events) == step_series(expected) and epochs_of(apart.events) == epochs_of(expected)
    assert [type(event) for event in apart.events if not isinstance(event, AS_TIME_GOES)] == [
        type(event) for event in expected if not isinstance(event, AS_TIME_GOES)
    ]
    assert apart.events[-1].test == expected[-1].test
    assert_same_weights(apart.events[-1], expected[-1])


@pytest.mark.slow
def test_every_wish_is_heard(begin):
    project = digits(mlp, plan(epochs=LONG))
    watched = begin(project)
    control = watched.session.control
    watched.wait_for(StepsEnded)
    control.pause()
    watched.wait_for(Paused)
    control.wish(SetRate("training", 0.5))
    control.wish(SetRate(project.plan.objectives[0].name, 0.25))
    assert watched.wait_for(RateSet).learning_rate == 0.25
    control.wish(Save())
    assert Path(watched.wait_for(Saved).path).exists()
    control.wish(Replace(digits(cnn, plan(epochs=LONG))))
    assert watched.wait_for((Replaced, Failed)).kept == ()
    control.resume()
    watched.wait_for(Resumed)
    control.stop(after_epoch=True)
    assert isinstance(watched.wait_for(FINAL), Stopped)


@pytest.mark.slow
def test_a_wish_before_the_process_is_there_is_heard(begin):
    watched = begin(digits(mlp, plan(epochs=LONG)))
    watched.session.control.stop()
    assert watched.wait_for(FINAL).step == 0


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="kill -9 is of POSIX")
def test_a_killed_process_is_an_event_and_the_run_goes_on_from_its_checkpoint(begin, children, tmp_path):
    project = digits(cnn, plan(scheduler=COSINE, epochs=40))
    watched = begin(project)
    run = watched.wait_for(RunStarted).run
    watched.wait_for(StepsEnded)
    watched.session.control.wish(Save())
    watched.wait_for(Saved)
    watched.wait_for(StepsEnded)
    children[0].kill()
    failed = watched.wait_for(FINAL)
    assert isinstance(failed, Failed) and failed.run == run
    assert "was killed" in str(failed.message) and "go on from its last checkpoint" in str(failed.message)
    assert watched.session.join(10) and not watched.session.running
    resumed = begin(project, resume=Path(run))
    finished = resumed.wait_for(FINAL)
    assert isinstance(finished, Finished) and finished.run == run
    assert_same_weights(finished, in_thread(project, tmp_path / "others")[-1])


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="signals are of POSIX")
def test_a_crash_is_an_event(begin, children):
    watched = begin(digits(mlp, plan(epochs=LONG)))
    watched.wait_for(StepsEnded)
    children[0].send_signal(signal.SIGSEGV)
    failed = watched.wait_for(FINAL)
    assert isinstance(failed, Failed) and "(SIGSEGV)" in str(failed.message)


@pytest.mark.slow
def test_a_mistake_in_the_drawing_is_the_same_sentence(begin, tmp_path):
    project = digits(mlp, plan(Choice("torch.optim.Adam", {"lr": 0.003, "beta1": 1.5})))
    failed = begin(project).wait_for(FINAL)
    assert isinstance(failed, Failed) and failed == in_thread(project, tmp_path)[-1]


PARENT = """
import sys, time
from pathlib import Path
from graph import files
from runtime.events import StepsEnded
from runtime.session import Session
from runtime import isolated

start = isolated.subprocess.Popen
def popen(*args, **more):
    child = start(*args, **more)
    print(child.pid, flush=True)
    return child
isolated.subprocess.Popen = popen
session = Session(files.load(Path(sys.argv[1])), folder=None, runs=Path(sys.argv[2]), isolated=True)
while not any(isinstance(event, StepsEnded) for event in session.poll()):
    time.sleep(0.01)
print("torch" in sys.modules, flush=True)
time.sleep(60)
"""


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks into /proc")
def test_the_process_ends_with_its_parent_which_needs_no_torch(tmp_path):
    files.save(digits(mlp, plan(epochs=LONG)), tmp_path / "net.layerloom")
    command = [sys.executable, "-c", PARENT, str(tmp_path / "net.layerloom"), str(tmp_path / "runs")]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as parent:
        child, knows_torch = int(parent.stdout.readline()), parent.stdout.readline().strip()
        assert knows_torch == "False" and is_alive(child)
        parent.kill()
    deadline = time.monotonic() + 20
    while is_alive(child) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not is_alive(child)


def is_alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


NOISY = """
import os, sys
import runtime.training.loop
from graph.messages import msg
from runtime.events import Noted, Stopped
from runtime.isolated import serve

def train(*_, **__):
    print("noise of Python")
    os.system("echo noise of another program")
    yield Noted(msg("One."))
    sys.stdout.flush()
    yield Stopped("", "cpu", 1, 7)

runtime.training.loop.train = train
serve()
"""


@pytest.mark.slow
def test_what_a_run_prints_does_not_come_between_its_events(tmp_path, monkeypatch, capfd):
    start = subprocess.Popen
    monkeypatch.setattr(
        isolated.subprocess, "Popen", lambda _, **more: start([sys.executable, "-c", NOISY], cwd=ROOT, **more)
    )
    events = list(isolated.train_apart(isolated.Request(digits(mlp, plan()), None, tmp_path), isolated.Control()))
    assert [type(event) for event in events] == [Noted, Stopped] and events[-1].step == 7
    printed = capfd.readouterr()
    assert printed.out == "" and "noise of Python" in printed.err and "noise of another program" in printed.err
