"""A session of several processes is steered as any other; a process that dies is told of, and the run goes on later."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest

from runtime import distributed, isolated
from runtime.events import Failed, Paused, RateSet, Refused, Resumed, RunStarted, Saved, StepsEnded, Stopped
from runtime.runs import load_run
from runtime.session import Replace, Save, Session, SetRate
from trainings import digits, mlp, plan
from watched import Watched

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.skipif(os.name != "posix", reason="kill -9 is of POSIX"),
]
LONG = 100_000  # epochs
PATIENCE = 240.0  # seconds that two processes may need to begin where many others compute


@pytest.fixture
def children(monkeypatch):
    """The processes of a run: the others, then process 0."""
    begun, start = [], subprocess.Popen

    def popen(*args, **more):
        begun.append(start(*args, **more))
        return begun[-1]

    monkeypatch.setattr(isolated.subprocess, "Popen", popen)
    assert distributed.subprocess is isolated.subprocess
    return begun


@pytest.fixture
def begin(tmp_path, children):
    begun = []

    def begin(project=None, **more) -> Watched:
        project = project or digits(mlp, plan(epochs=LONG))
        begun.append(Session(project, folder=None, runs=tmp_path / "runs", processes=2, **more))
        return Watched(begun[-1])

    yield begin
    for session in begun:
        session.control.stop()
        assert session.join(60)
    assert all(child.poll() is not None for child in children)


@pytest.mark.parametrize("shard", [False, True])
def test_it_is_steered_as_any_other(begin, children, shard):
    begun = time.monotonic()
    watched = begin(shard=shard)
    control = watched.session.control
    started = watched.wait_for(RunStarted, PATIENCE)
    took = time.monotonic() - begun
    assert watched.wait_for(StepsEnded, PATIENCE).seconds > took / 3, "the start of the processes counts"
    control.pause()
    watched.wait_for(Paused, PATIENCE)
    control.wish(SetRate("main", 0.5))
    assert watched.wait_for(RateSet, PATIENCE).learning_rate == 0.5
    control.wish(Save())
    watched.wait_for(Saved, PATIENCE)
    control.wish(Replace(digits(mlp, plan())))
    assert "keeps its drawing" in str(watched.wait_for(Refused, PATIENCE).message)
    control.resume()
    watched.wait_for(Resumed, PATIENCE)
    assert watched.wait_for(StepsEnded, PATIENCE).learning_rate == 0.5
    control.stop()
    watched.wait_for(Stopped, PATIENCE)
    assert watched.session.join(60) and [child.wait(30) for child in children] == [0, 0]
    run = load_run(Path(started.run))
    assert run.status == "stopped" and run.facts["processes"] == 2 and run.facts["shard"] is shard


@pytest.mark.parametrize("shard", [False, True])
def test_another_process_that_is_killed_is_told_of_and_the_run_goes_on(begin, children, shard):
    watched = begin(shard=shard)
    started = watched.wait_for(RunStarted, PATIENCE)
    state = Path(started.run) / "checkpoints" / "last.state.pt"
    while not state.exists():
        watched.wait_for(StepsEnded, PATIENCE)
    children[0].kill()
    killed = time.monotonic()
    failed = watched.wait_for(Failed, 60)
    assert time.monotonic() - killed < 60
    assert "Process 1 of 2 ended" in str(failed.message) and "SIGKILL" in str(failed.message)
    assert "--resume" in str(failed.message) and load_run(Path(started.run)).status == "failed"
    again = begin(resume=Path(started.run), shard=not shard)
    later = again.wait_for(RunStarted, PATIENCE)
    assert later.run == started.run and later.first_step > 0
    again.wait_for(StepsEnded, PATIENCE)


def test_process_0_that_is_killed_is_told_of(begin, children):
    watched = begin()
    watched.wait_for(StepsEnded, PATIENCE)
    children[1].kill()
    failed = watched.wait_for(Failed, 60)
    assert "was killed" in str(failed.message) and failed.run is not None
    assert watched.session.join(60)
