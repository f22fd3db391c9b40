"""What the x axis of a plot counts: steps, epochs, or seconds of work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from graph.messages import Message, msg
from gui.panels.series import Array, Column

STEP, EPOCH, TIME = "step", "epoch", "time"
NAMES: dict[str, Message] = {STEP: msg("step"), EPOCH: msg("epoch"), TIME: msg("seconds")}


class Clock:
    """When steps were made: grows with the run."""

    def __init__(self) -> None:
        self._steps, self._seconds = Column(), Column()
        self.note(0, 0.0)

    def note(self, step: int, seconds: float) -> None:
        """A step was made at that time; steps and times rise."""
        self._steps.extend([step])
        self._seconds.extend([seconds])

    def seconds(self, steps: Array) -> Array:
        """When steps were made, interpolated between those that are known."""
        return np.interp(steps, self._steps.values, self._seconds.values)

    def steps(self, seconds: Array) -> Array:
        """Which steps were made when."""
        return np.interp(seconds, self._seconds.values, self._steps.values)

    @property
    def last(self) -> float:
        """The last time that was noted."""
        return float(self._seconds.values[-1])


@dataclass(frozen=True)
class Unit:
    """`of(steps)` gives what the axis counts, `back(x)` steps. Two are equal if they count the same."""

    name: str
    of: Callable[[Array], Array]
    back: Callable[[Array], Array]
    per: float = 1.0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Unit) and (self.name, self.per) == (other.name, other.per)

    def __hash__(self) -> int:
        return hash((self.name, self.per))


def count_steps() -> Unit:
    """The steps themselves."""
    return Unit(STEP, lambda x: x, lambda x: x)


def count_epochs(steps_per_epoch: int) -> Unit:
    """Epochs of so many steps."""
    return Unit(EPOCH, lambda x: x / steps_per_epoch, lambda x: x * steps_per_epoch, steps_per_epoch)


def count_seconds(clock: Clock) -> Unit:
    """Seconds of work since the beginning of the run."""
    return Unit(TIME, clock.seconds, clock.steps)
