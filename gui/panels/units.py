"""What the x axis of a plot counts: steps, epochs, seconds of work, or the learning rates that were tried."""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from graph.messages import Message, msg

if TYPE_CHECKING:
    from gui.panels.series import Array

STEP, EPOCH, TIME, LEARNING_RATE = "step", "epoch", "time", "learning rate"
NAMES: dict[str, Message] = {
    STEP: msg("step"), EPOCH: msg("epoch"), TIME: msg("seconds"), LEARNING_RATE: msg("lr"),
}  # fmt: skip


class Clock:
    """When steps were made: grows with the run. The window has one before numpy is there."""

    def __init__(self) -> None:
        self._steps, self._seconds = array("d"), array("d")
        self.note(0, 0.0)

    def note(self, step: int, seconds: float) -> None:
        """A step was made at that time; steps and times rise."""
        self._steps.append(step)
        self._seconds.append(seconds)

    def cut(self, until: int) -> None:
        """Forget the steps beyond one."""
        while len(self._steps) > 1 and self._steps[-1] > until:
            self._steps.pop()
            self._seconds.pop()

    def seconds(self, steps: Array) -> Array:
        """When steps were made, interpolated between those that are known."""
        return _between(steps, self._steps, self._seconds)

    def steps(self, seconds: Array) -> Array:
        """Which steps were made when."""
        return _between(seconds, self._seconds, self._steps)

    @property
    def last(self) -> float:
        """The last time that was noted."""
        return self._seconds[-1]


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


def count_rates(rates: Sequence[float]) -> Unit:
    """The decimal logarithm of the learning rate, which grows from step to step, counted from 0; there are two or more."""
    steps, powers = array("d", range(len(rates))), array("d", map(math.log10, rates))
    return Unit(
        LEARNING_RATE, lambda x: _between(x, steps, powers), lambda x: _between(x, powers, steps), hash(tuple(rates))
    )


def _between(at: Array, xs: array[float], ys: array[float]) -> Array:
    import numpy as np

    # Copies: an array that lends its memory cannot grow.
    return np.interp(at, np.array(xs), np.array(ys))
