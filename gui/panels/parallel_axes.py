"""The axes of parallel coordinates: where values stand on them, and their marks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from graph.messages import tr
from gui.figures import grouped, short_power
from gui.panels.axes import nice_range, nice_step

Value: TypeAlias = float | str | None

NONE = -0.12  # where values stand that are not known, in shares of the axis
FLOOR = -0.2  # the lowest place that a range on an axis may have: below what is not known
FEW = 7  # different numbers that each get a mark of their own
MARKS = 6  # round numbers on an axis, about


@dataclass(frozen=True)
class Axis:
    """An axis with a value of each row: numbers, or texts of which each has its place; None, NaN and infinity are not known.

    On a logarithmic axis numbers that are not positive are not known either. `larger_is_better` says which end is the good
    one, None that neither is.
    """

    title: str
    values: Sequence[Value]
    log: bool = False
    larger_is_better: bool | None = None


class Scale:
    """Where the values of an axis stand: `shares` from 0 (bottom) to 1 (top), `NONE` for those that are not known; `marks` as places
    and what is written there."""

    def __init__(self, axis: Axis) -> None:
        self.axis = axis
        self.names = _names(axis) if _is_of_words(axis) else []
        numbers = self._numbers()
        known = np.isfinite(numbers)
        self.has_none = not bool(known.all())
        self._low, self._high = self._range(numbers[known])
        self.shares = np.where(known, self._share(np.where(known, numbers, 0.0)), NONE)
        self.marks = self._marks(np.unique(numbers[known]))

    def kept(self, low: float, high: float) -> tuple[Value, Value]:
        """What a range of places is in values, to find it again when the axis is another one: see `found`."""
        if self.names:
            inside = [name for place, name in enumerate(self.names) if low <= self._share_at(place) <= high]
            return (None if low <= NONE else (inside or [None])[0], (inside or [None])[-1])
        return self._value_at(low), self._value_at(high)

    def found(self, values: tuple[Value, Value]) -> tuple[float, float] | None:
        """The range of places of what was `kept`; None where it is not on this axis."""
        low, high = values
        edges = [self._edge(low, FLOOR, -1), self._edge(high, NONE / 2, 1)]
        return (edges[0], edges[1]) if edges[0] is not None and edges[1] is not None else None

    def _edge(self, value: Value, unknown: float, side: int) -> float | None:
        if value is None:
            return unknown
        if self.names:
            room = side * 0.4 / max(len(self.names) - 1, 1)
            return self._share_at(self.names.index(str(value))) + room if value in self.names else None
        if isinstance(value, str) or (self.axis.log and value <= 0):
            return None
        return self._share_at(math.log10(value) if self.axis.log else value)

    def _value_at(self, share: float) -> float | None:
        if share < NONE / 2:
            return None
        number = self._low + share * (self._high - self._low)
        return 10.0**number if self.axis.log else number

    def _share_at(self, number: float) -> float:
        return float(self._share(np.array(number)))

    def _numbers(self) -> NDArray[np.float64]:
        if self.names:
            places = {name: float(place) for place, name in enumerate(self.names)}
            return np.array([math.nan if v is None else places[text_of(v)] for v in self.axis.values])
        numbers = np.array([math.nan if v is None else float(v) for v in self.axis.values])
        if self.axis.log:
            numbers = np.log10(np.where(numbers > 0, numbers, math.nan))
        return numbers

    def _range(self, known: NDArray[np.float64]) -> tuple[float, float]:
        if not len(known):
            return 0.0, 1.0
        low, high = float(known.min()), float(known.max())
        if self.names or (not self.axis.log and high > low and len(np.unique(known)) <= FEW):
            return low, high
        if self.axis.log:
            return (low, high) if high > low else (low - 1, high + 1)
        return nice_range(low, high, MARKS) if high > low else (low, high)

    def _share(self, numbers: NDArray[np.float64]) -> NDArray[np.float64]:
        span = self._high - self._low
        return (numbers - self._low) / span if span > 0 else np.full_like(numbers, 0.5, float)

    def _marks(self, known: NDArray[np.float64]) -> list[tuple[float, str]]:
        if self.names:
            places, texts = np.arange(len(self.names), dtype=float), self.names
        elif len(known) <= FEW:
            places, texts = known, [text_of(10.0**n if self.axis.log else n, digits=3) for n in known]
        elif self.axis.log:
            places, texts = self._powers()
        else:
            step = nice_step(self._high - self._low, MARKS)
            count = round((self._high - self._low) / step)
            places = np.array([self._low + n * step for n in range(count + 1)])
            texts = [text_of(round(n, 12)) for n in places]
        return list(zip(self._share(places).tolist(), texts, strict=True))

    def _powers(self) -> tuple[NDArray[np.float64], list[str]]:
        """Powers of ten on the way; where there are few, twice and five times as much too."""
        low, high = self._low, self._high
        factors = (1,) if high - low >= 3 else (1, 2, 5)
        powers = range(math.floor(low), math.ceil(high) + 1)
        numbers = [factor * 10.0**power for power in powers for factor in factors]
        inside = [n for n in numbers if low - 1e-9 <= math.log10(n) <= high + 1e-9]
        return np.log10(np.array(inside)) if inside else np.empty(0), [text_of(n) for n in inside]


def text_of(value: Value, *, digits: int = 4) -> str:
    """A value as people read it: `18 420`, `0.125`, `1e-4`."""
    if value is None:
        return tr("none")
    if isinstance(value, str):
        return value
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "∞" if value > 0 else "−∞"
    if value == round(value) and abs(value) < 1e7:
        return grouped(value) if abs(value) >= 1e4 else f"{value:.0f}"
    return f"{value:.{digits}g}" if 1e-3 <= abs(value) < 1e4 else short_power(f"{value:.2e}")


def _names(axis: Axis) -> list[str]:
    """The different values in words: numbers by their size, then texts by the alphabet."""
    known = {value for value in axis.values if value is not None}
    ordered = sorted(known, key=lambda v: (isinstance(v, str), 0.0 if isinstance(v, str) else v, str(v)))
    return list(dict.fromkeys(map(text_of, ordered)))


def _is_of_words(axis: Axis) -> bool:
    return any(isinstance(value, str) for value in axis.values)
