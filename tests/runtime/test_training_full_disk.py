"""A disk that gets full: a run that somebody watches waits for room and loses nothing, another one says so and ends."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from driven import differences, drive, folder_of, only, state_of, told_each_step
from graph import atomic, files
from runtime.events import (
    EpochEnded,
    Failed,
    Finished,
    Noted,
    Paused,
    Refused,
    Replaced,
    Resumed,
    Saved,
    StepsEnded,
    Stopped,
)  # fmt: skip
from runtime.runs import load_run, past_events
from runtime.session import Control, Replace, Save
from runtime.training import checkpoints
from trainings import cnn, digits, mlp, plan, step_series

pytestmark = pytest.mark.usefixtures(told_each_step.__name__)

AT, STEPS = 12, 20  # the step after which the disk is full; the steps of an epoch
ADVICE = "Free some space, or choose another place. It is paused: make room, then press Resume, or stop it."


class Disk:
    """The module `os` of whoever writes: while the disk is full, one of its functions refuses. Then a checkpoint is due, too."""

    def __init__(self, call: str) -> None:
        self.refused = 0
        self._call = call
        self.free()

    def fill(self) -> None:
        self.is_full = True
        checkpoints.MIN_SECONDS = checkpoints.LONG_SECONDS = 0.0

    def free(self) -> None:
        self.is_full = False
        checkpoints.MIN_SECONDS = checkpoints.LONG_SECONDS = 1e9

    def __getattr__(self, name: str):
        real = getattr(os, name)
        return (lambda *arguments: self._try(real, *arguments)) if name == self._call else real

    def _try(self, real, *arguments):
        if self.is_full:
            self.refused += 1
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(*arguments)


@pytest.fixture(params=["open", "write", "fsync", "replace"])
def disk(request, monkeypatch) -> Disk:
    """A disk that can be full."""
    monkeypatch.setattr(checkpoints, "MIN_SECONDS", 0.0)  # they are put back in the end
    monkeypatch.setattr(checkpoints, "LONG_SECONDS", 0.0)
    monkeypatch.setattr(checkpoints, "MAX_SHARE", 1e9)
    disk = Disk(request.param)
    monkeypatch.setattr(atomic, "os", disk)
    return disk


one_disk = pytest.mark.parametrize("disk", ["write"], indirect=True)


@pytest.fixture(scope="module")
def untouched(tmp_path_factory):
    """A project with dropout and batch normalization, and its run while there is room."""
    project = digits(cnn, plan(epochs=2, batch_size=64))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("runtime.training.record.INTERVAL", 0.0)
        return project, drive(project, tmp_path_factory.mktemp("runs"))


def assert_same(events, expected) -> None:
    assert isinstance(events[-1], Finished), events[-1]
    assert not differences(state_of(folder_of(events)), state_of(folder_of(expected)))
    assert events[-1].test == expected[-1].test
    assert step_series(past_events(folder_of(events), until=2 * STEPS)) == step_series(expected)
    assert load_run(folder_of(events)).status == "finished"


def filling(disk: Disk, *, after, stop: bool = False, presses: int = 1):
    """Fills the disk after an event; at the last pause room is made or the run is stopped, at others Resume is pressed."""
    pauses = []

    def hand(event, control):
        if after(event):
            disk.fill()
        if isinstance(event, Paused):
            pauses.append(event)
            if len(pauses) == presses and stop:
                control.stop()
            elif len(pauses) == presses:
                disk.free()
            control.resume()

    return hand


def step(number: int):
    return lambda event: isinstance(event, StepsEnded) and event.step == number


def epoch(number: int):
    return lambda event: isinstance(event, EpochEnded) and event.epoch == number


# ---- somebody is there


def test_the_run_waits_for_room_and_loses_nothing(untouched, disk, tmp_path):
    project, expected = untouched
    events = drive(project, tmp_path, hand=filling(disk, after=step(AT)))
    assert disk.refused
    noted = only(Noted, events)
    assert str(noted.message).startswith("The run could not be written: ") and "The disk is full." in str(noted.message)
    assert str(noted.message).endswith(ADVICE) and str(folder_of(events)) in str(noted.message)
    kinds = [type(event) for event in events]
    assert kinds[kinds.index(Noted) :][:3] == [Noted, Paused, Resumed]
    assert only(Paused, events).step == only(Resumed, events).step
    assert step_series(events) == step_series(expected)
    assert_same(events, expected)
    assert not list(folder_of(events).rglob("*.tmp"))


@one_disk
@pytest.mark.parametrize(
    "after",
    [step(STEPS - 1), epoch(1), step(2 * STEPS - 1), epoch(2)],
    ids=["validation", "between epochs", "last validation", "test"],
)
def test_it_does_not_matter_when_the_disk_is_full(untouched, disk, after, tmp_path):
    project, expected = untouched
    events = drive(project, tmp_path, hand=filling(disk, after=after))
    assert [type(event) for event in events if isinstance(event, Noted | Paused | Resumed)] == [Noted, Paused, Resumed]
    assert_same(events, expected)


@one_disk
def test_pressing_resume_without_making_room_pauses_again(untouched, disk, tmp_path):
    project, expected = untouched
    events = drive(project, tmp_path, hand=filling(disk, after=step(AT), presses=3))
    told = [type(event) for event in events if isinstance(event, Noted | Paused | Resumed)]
    assert told == [Noted, Paused, Resumed] * 3
    assert_same(events, expected)


@one_disk
def test_a_run_that_ended_waits_for_room_to_say_so(untouched, disk, tmp_path):
    project, expected = untouched
    events = drive(project, tmp_path, hand=filling(disk, after=lambda event: type(event).__name__ == "Tested"))
    only(Noted, events)
    assert_same(events, expected)


@one_disk
def test_a_run_that_ended_takes_no_other_drawing_while_it_waits_for_room(untouched, disk, tmp_path):
    """Its figures would be those of a network that is not there any more."""
    project, expected = untouched
    room = filling(disk, after=lambda event: type(event).__name__ == "Tested")

    def hand(event, control):
        room(event, control)
        if isinstance(event, Paused):
            control.wish(Replace(digits(mlp, plan(epochs=2, batch_size=64))))

    events = drive(project, tmp_path, hand=hand)
    assert "had ended by then" in str(only(Refused, events).message)
    assert_same(events, expected)


@one_disk
def test_a_run_that_is_stopped_while_it_waits_can_be_gone_on_with(untouched, disk, tmp_path):
    project, expected = untouched
    hand = filling(disk, after=step(AT), stop=True, presses=2)  # the first pause is for the checkpoint
    events = drive(project, tmp_path, {AT - 5: [Save()]}, hand=hand)
    assert isinstance(events[-1], Stopped) and events[-1].run == str(folder_of(events))
    disk.free()
    resumed = drive(project, tmp_path, resume=folder_of(events))
    assert resumed[0].first_step == AT - 5  # the last point that there was room for
    assert_same(resumed, expected)


@one_disk
def test_a_checkpoint_on_request_that_finds_no_room_is_refused(untouched, disk, tmp_path):
    project, expected = untouched

    def hand(event, control):
        if step(AT)(event):
            disk.is_full = True
            control.wish(Save())
        if isinstance(event, Refused):
            disk.free()

    events = drive(project, tmp_path, hand=hand)
    assert "The disk is full. Free some space" in str(only(Refused, events).message)
    assert not [event for event in events if isinstance(event, Saved | Paused)]
    assert_same(events, expected)


@pytest.mark.parametrize(
    ("disk", "until"), [("open", None), ("write", AT + 6), ("fsync", None), ("replace", AT + 6)], indirect=["disk"]
)
def test_a_drawing_that_finds_no_room_is_refused_and_the_run_keeps_its_own(untouched, disk, until, tmp_path):
    project, expected = untouched

    def hand(event, control):
        if step(AT)(event):
            disk.is_full = True
            control.wish(Replace(digits(mlp, plan(epochs=2, batch_size=64))))
        if isinstance(event, Refused):
            disk.free()

    events = drive(project, tmp_path, hand=hand, until=until)
    assert "The disk is full. Free some space" in str(only(Refused, events).message)
    assert not [event for event in events if isinstance(event, Replaced)]
    assert files.to_text(load_run(folder_of(events)).project) == files.to_text(project)
    if until is not None:
        events = [*events[:1], *drive(project, tmp_path, resume=folder_of(events))]
    assert_same(events, expected)


# ---- a log that is full


class FullFile:
    """A file that nothing can be appended to while the disk is full, or only a part."""

    def __init__(self, file, disk: Disk) -> None:
        self._file, self._disk = file, disk

    def fileno(self) -> int:
        return self._file.fileno()

    def write(self, data: bytes) -> int:
        if self._disk.is_full and len(data) < 8:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return self._file.write(data[: len(data) // 2 or 1] if self._disk.is_full else data)

    def close(self) -> None:
        self._file.close()


@one_disk
def test_events_that_find_no_room_are_written_later(untouched, disk, tmp_path, monkeypatch):
    from runtime import runs

    opened = runs._open_at_line
    monkeypatch.setattr(runs, "_open_at_line", lambda path: FullFile(opened(path), disk))
    monkeypatch.setattr(atomic, "os", os)
    project, expected = untouched
    events = drive(project, tmp_path, hand=filling(disk, after=step(AT)))
    assert "metrics.jsonl" in str(only(Noted, events).message)
    assert_same(events, expected)


# ---- nobody is there


@pytest.mark.parametrize(
    ("disk", "after"),
    [("open", step(AT)), ("write", epoch(1)), ("fsync", step(2 * STEPS - 1)), ("replace", epoch(2))],
    ids=["amid an epoch", "between epochs", "before the end of the last", "at the end"],
    indirect=["disk"],
)
def test_a_run_that_nobody_watches_ends_with_a_sentence(untouched, disk, after, tmp_path):
    project, expected = untouched
    events = unattended(project, tmp_path, disk, after)
    failed = events[-1]
    assert isinstance(failed, Failed) and Path(failed.run) == folder_of(events)
    assert "could not be saved: The disk is full. Free some space, or choose another place." in str(failed.message)
    assert not [event for event in events if isinstance(event, Noted | Paused)]
    disk.free()
    assert_same(drive(project, tmp_path, resume=folder_of(events)), expected)


def unattended(project, runs, disk, after):
    from runtime.training.loop import train

    events = []
    for event in train(project, runs=runs, control=Control(attended=False)):
        events.append(event)
        if after(event):
            disk.fill()
    return events
