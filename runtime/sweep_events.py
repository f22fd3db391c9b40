"""The events of a sweep, in the order in which they happen. Frozen records, importable without torch.

    SweepStarted  (TrialStarted | TrialReported | TrialEnded)*  SweepEnded

Trials may run side by side; those of one number come in order: one `TrialStarted`, a `TrialReported` for each epoch, one
`TrialEnded`. A sweep always ends with `SweepEnded`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from graph.messages import Message
from graph.model import Value
from runtime.events import Figures

FINISHED, PRUNED, FAILED, STOPPED, RUNNING = "finished", "pruned", "failed", "stopped", "running"


@dataclass(frozen=True, slots=True)
class SweepStarted:
    """The first event. `sweep` is the folder, `trials` how many there are to be with those that are done already.

    `directions` says of each of `goals` whether it is better small ("min") or large ("max"). New trials count from `first_trial`.
    """

    sweep: str
    trials: int
    goals: tuple[str, ...]
    directions: tuple[str, ...]
    first_trial: int = 1


@dataclass(frozen=True, slots=True)
class TrialStarted:
    """A trial begins, with these values by the labels of their places."""

    trial: int
    values: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class TrialReported:
    """A trial ended an epoch: its validation figures so far, of those that are goals."""

    trial: int
    epoch: int
    figures: Figures


@dataclass(frozen=True, slots=True)
class TrialEnded:
    """A trial is done: "finished", "pruned", "failed" or "stopped". `goals` are in the order of those of the sweep.

    `run` is the folder of its run, if it came so far. `message` says why it failed.
    """

    trial: int
    status: str
    goals: tuple[float | None, ...]
    seconds: float
    run: str | None = None
    message: Message | None = None


@dataclass(frozen=True, slots=True)
class SweepEnded:
    """The last event: "finished", "stopped" or "failed". `message` says how it went, or why it cannot go on."""

    status: str
    message: Message


SweepEvent = SweepStarted | TrialStarted | TrialReported | TrialEnded | SweepEnded
