"""A run in its thread: events out, wishes in, one final event whatever happens, and nobody waits for anybody."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from graph.messages import RunError, msg
from runtime.events import FINAL, Checked, Failed, Finished, Paused, Resumed, RunStarted, StepsEnded, Stopped
from runtime.session import Control, Session
from trainings import digits, mlp, plan
from watched import Watched

ROOT = Path(__file__).resolve().parents[2]
LONG = 100_000  # epochs, more than anybody waits for


@pytest.fixture
def start(tmp_path):
    """Starts a session; it is stopped at the end."""
    begun = []

    def start(epochs: int, **more) -> Watched:
        project = digits(mlp, plan(epochs=epochs))
        begun.append(Session(project, folder=None, runs=tmp_path / "runs", **more))
        return Watched(begun[-1])

    yield start
    for session in begun:
        session.control.stop()
        assert session.join(30)


def test_a_run_ends_with_finished_and_then_the_session_is_still(start):
    watched = start(2)
    watched.wait_for(Finished)
    assert watched.session.join(5) and not watched.session.running and watched.session.poll() == []
    assert isinstance(watched.events[0], Checked) and isinstance(watched.events[1], RunStarted)
    assert [isinstance(event, FINAL) for event in watched.events].count(True) == 1


def test_pause_holds_the_run_and_resume_goes_on(start):
    watched = start(LONG)
    watched.wait_for(StepsEnded)
    watched.session.control.pause()
    watched.wait_for(Paused)
    time.sleep(0.2)
    assert watched.session.poll() == [] and watched.session.running
    watched.session.control.resume()
    watched.wait_for(Resumed)
    watched.wait_for(StepsEnded)


def test_stop_ends_the_run_even_while_it_is_paused_and_it_can_be_resumed(start):
    watched = start(LONG)
    watched.wait_for(StepsEnded)
    watched.session.control.pause()
    watched.wait_for(Paused)
    watched.session.control.stop()
    stopped = watched.wait_for(FINAL)
    assert isinstance(stopped, Stopped) and watched.session.join(5)
    again = start(LONG, resume=Path(stopped.run))
    assert again.wait_for(RunStarted).run == stopped.run
    assert again.wait_for(StepsEnded).step > stopped.step


def test_wishes_and_polling_never_wait(start):
    watched = start(LONG)
    watched.wait_for(StepsEnded)
    control = watched.session.control
    for call in (control.pause, watched.session.poll, control.resume, watched.session.poll, control.stop):
        began = time.perf_counter()
        call()
        assert time.perf_counter() - began < 0.25
    watched.wait_for(Stopped)


def test_a_wish_before_the_run_began_is_heard(start):
    watched = start(LONG)
    watched.session.control.stop()
    assert watched.wait_for(FINAL).step == 0


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (RunError(msg("No luck today.")), "No luck today."),
        (ZeroDivisionError("division by zero"), "Layerloom made a mistake: ZeroDivisionError: division by zero."),
    ],
)
def test_whatever_goes_wrong_is_the_last_event(tmp_path, monkeypatch, error, words):
    def train(*_, **__):
        yield StepsEnded(1, 1, {}, 0.1, 1.0)
        raise error

    monkeypatch.setattr("runtime.training.loop.train", train)
    session = Session(digits(mlp, plan()), folder=None, runs=tmp_path)
    assert session.join(30)
    *_, last = session.poll()
    assert isinstance(last, Failed) and words in str(last.message)


def test_control_knows_what_is_wished():
    control = Control()
    assert not control.has_wish
    control.pause()
    assert control.has_wish and control.pause_wanted
    control.resume()
    assert not control.has_wish
    control.stop()
    assert control.has_wish and control.stop_wanted and not control.pause_wanted


def test_what_the_window_starts_with_imports_no_torch():
    code = "import sys, runtime.session, runtime.events, runtime.runs, runtime.devices, runtime.warmup; print('torch' in sys.modules)"
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "False"
