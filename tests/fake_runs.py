"""Runs without a training: a session that says what the test tells it to, and events to say."""

from __future__ import annotations

import math

from runtime.events import EpochEnded, Event, RunStarted, SamplePrediction, StepsEnded, Tested
from runtime.session import Control

STEPS = 40  # an epoch


class FakeSession:
    """Stands in for `runtime.session.Session`; `say` puts events into its queue."""

    def __init__(self, project, *, folder, runs, resume=None, mode="train", isolated=False) -> None:
        self.project, self.folder, self.runs, self.resume = project, folder, runs, resume
        self.mode, self.isolated = mode, isolated
        self.control = Control()
        self.joined = False
        self._events: list[Event] = []

    def say(self, *events: Event) -> None:
        """Let these be polled next."""
        self._events += events

    def poll(self) -> list[Event]:
        """What was said since the last call."""
        events, self._events = self._events, []
        return events

    def join(self, timeout=None) -> bool:
        """Ends at once if it was told to stop."""
        self.joined = self.control.stop_wanted
        return self.joined


class FakeSessions(list):
    """A factory of sessions that remembers them."""

    def __call__(self, *arguments, **wishes) -> FakeSession:
        self.append(FakeSession(*arguments, **wishes))
        return self[-1]


def started(run="runs/one", *, epochs=3, first_epoch=1, first_step=0) -> RunStarted:
    """The first event."""
    samples = {"train": 40 * 32, "validation": 180, "test": 360}
    return RunStarted(run, "cuda:0", "NVIDIA H200", epochs, STEPS, samples, 61_706, 0, first_epoch, first_step)


def steps(first: int, last: int, **figures: float) -> StepsEnded:
    """Steps of one epoch; losses fall, and so do further figures from the value given."""
    count = range(first, last + 1)
    series = {"loss": tuple(2 * math.exp(-step / STEPS) for step in count)}
    series |= {key: (value,) * len(count) for key, value in figures.items()}
    return StepsEnded((last - 1) // STEPS + 1, last, series, 1e-3, 18_420.0)


def epoch_ended(epoch: int, *, epochs=3, seconds_left=None, **figures: float) -> EpochEnded:
    """The end of an epoch with its loss and further figures."""
    figures = {"loss": 2 * math.exp(-epoch), **figures}
    left = 2.0 * (epochs - epoch) if seconds_left is None else seconds_left
    return EpochEnded(epoch, epoch * STEPS, figures, figures, 1e-3, 18_420.0, 2.0, left, best=epoch == 2)


def classes_tested() -> Tested:
    """Six samples of three classes, two of them wrong, with pictures."""
    image = [[0.0, 1.0], [0.5, 0.25]]
    pairs = ((0, 0), (0, 1), (1, 1), (1, 1), (2, 0), (2, 2))
    samples = tuple(
        SamplePrediction(i, true, said, 0.9 - 0.1 * (i == 1), image, i) for i, (true, said) in enumerate(pairs)
    )
    return Tested({"loss": 0.5, "accuracy": 4 / 6}, ("cat", "dog", "owl"), ((1, 1, 0), (0, 2, 0), (1, 0, 1)), samples)


def numbers_tested() -> Tested:
    """Four samples of a regression."""
    pairs = ((10.0, 11.0), (20.0, 15.0), (30.0, 30.5), (40.0, 38.0))
    samples = tuple(SamplePrediction(i, true, said, number=i) for i, (true, said) in enumerate(pairs))
    return Tested({"loss": 7.6, "r2": 0.94}, predictions=samples)
