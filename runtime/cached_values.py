"""What flows through a network that is read in parts: which dimension has the places, and what is kept of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Part:
    """The places of a window from `start` up to, without it, `stop`."""

    start: int
    stop: int

    @property
    def count(self) -> int:
        """How many there are."""
        return self.stop - self.start

    def now(self, value: Tensor, axis: int) -> Tensor:
        """These places of a value of the whole window."""
        return value.narrow(axis, self.start, self.count)

    def past(self, value: Tensor, axis: int) -> Tensor:
        """These places and all before them."""
        return value.narrow(axis, 0, self.stop)


Step = Callable[[Sequence[Tensor], Part], list[Tensor]]


@dataclass(frozen=True)
class Flow:
    """What leaves a port. `whole` is its value for a whole window.

    `now` is its dimension of places, `past` that of the places that each of them looks at (of attention weights); both are counted
    from the end, and None where there is no such. Without places no token changes it. `slot` is where its parts lie.
    """

    whole: Tensor
    now: int | None = None
    past: int | None = None
    slot: int = -1

    @cached_property
    def length(self) -> int:
        """The number of places of a window."""
        assert self.now is not None
        return self.whole.shape[self.now]

    def at(self, part: Part) -> Tensor:
        """The value at the places of a part."""
        value = self.whole if self.now is None else part.now(self.whole, self.now)
        return value if self.past is None else part.past(value, self.past)


class Kept:
    """Remembers what flows by: gives for a new part all places so far, in memory for one window."""

    def __init__(self, flow: Flow, like: Tensor | None = None) -> None:
        assert flow.now is not None
        self.axis, self.memory = flow.now, torch.empty_like(flow.whole if like is None else like)

    def __call__(self, value: Tensor, part: Part) -> Tensor:
        """All places up to those of the part, whose values these are."""
        part.now(self.memory, self.axis).copy_(value)
        return part.past(self.memory, self.axis)
