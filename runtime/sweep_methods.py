"""Which values a trial tries: grid and random search here, TPE in `runtime.sweep_optuna`. Importable without torch.

Each answer depends on nothing but the search, the number of the trial and the trials before it, so that a sweep that goes on
after a kill tries what it would have tried.
"""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Iterable, Sequence
from itertools import count, islice, product
from random import Random

from graph.model import Value
from graph.search import GRID, TPE, Search, Space, Span
from runtime.sweep_events import FINISHED, PRUNED
from runtime.sweep_folders import Trial

Values = tuple[Value, ...]
DIGITS = 4  # significant ones of numbers that are drawn, so that a table shows what was trained
DRAWS = 100  # before a place with few values left is listed
LISTED = 100_000  # most combinations that are listed
STARTUP = 10  # trials that TPE draws at random before it has learned anything
PRUNE_AFTER, WARM_EPOCHS = 5, 1  # finished trials to compare with; epochs in which nobody is behind


def next_values(search: Search, number: int, trials: Sequence[Trial], directions: Sequence[str]) -> Values | None:
    """The values of trial `number`, which no other trial has tried; None where nothing is left to try.

    Args:
        trials: those before it, whatever became of them.
        directions: "min" or "max" for each goal.

    Raises:
        RunError: TPE is wanted, and Optuna is not installed.
    """
    tried = {_key(trial.values) for trial in trials}
    if search.method == GRID:
        return next((values for values in _grid(search) if _key(values) not in tried), None)
    if search.method == TPE and sum(trial.status in (FINISHED, PRUNED) for trial in trials) >= STARTUP:
        from runtime.sweep_optuna import suggest

        for attempt in range(STARTUP):
            values = suggest(search, number, trials, directions, attempt)
            if _key(values) not in tried:
                return values
    return _random(search, number, tried)


def num_combinations(search: Search) -> float:
    """How many different trials there can be, infinitely many where a number is not whole. Of a grid: its points."""
    if search.method == GRID:
        return math.prod(len(grid_values(entry.space)) for entry in search.entries)
    return math.prod(_size(entry.space) for entry in search.entries)


def grid_values(space: Space) -> list[Value]:
    """The values of a space that a grid takes, in order: of a span `count`, evenly apart on its scale."""
    if not isinstance(space, Span):
        return list(space.values)
    steps = [i / (space.count - 1) for i in range(space.count)] if space.count > 1 else [0.5]
    return list(dict.fromkeys(_at(space, share) for share in steps))


def is_behind(reports: Sequence[float], others: Iterable[Sequence[float]], direction: str) -> bool:
    """Whether a trial should be given up after its last epoch: its best figure so far is worse than the median of the figures
    of the finished trials at that epoch, the median rule of Golovin et al., Google Vizier (2017).

    Args:
        reports: its figure for each epoch.
        others: those of the finished trials.
    """
    finished, epoch = list(others), len(reports)
    rivals = [row[epoch - 1] for row in finished if len(row) >= epoch and not math.isnan(row[epoch - 1])]
    if len(finished) < PRUNE_AFTER or epoch <= WARM_EPOCHS or not rivals:
        return False
    known = [value for value in reports if not math.isnan(value)]
    if not known:
        return True
    return max(known) < statistics.median(rivals) if direction == "max" else min(known) > statistics.median(rivals)


def rounded(space: Span, value: float) -> int | float:
    """A number of a span as it is tried: whole, or with few digits, within the bounds."""
    if space.whole:
        return min(max(round(value), math.ceil(space.low)), math.floor(space.high))
    return min(max(float(f"{value:.{DIGITS}g}"), space.low), space.high)


# ---- grid


def _grid(search: Search) -> Iterable[Values]:
    """The points of a grid: all in order, or, where only some will be tried, in an order that begins everywhere."""
    axes = [grid_values(entry.space) for entry in search.entries]
    size = math.prod(map(len, axes))
    if size <= search.trials:
        return product(*axes)
    return (_point(axes, index) for index in islice(_shuffled(size, search.seed), min(size, search.trials)))


def _shuffled(size: int, seed: int) -> Iterable[int]:
    """Numbers below `size` at random, each once, without a list of them all."""
    random, seen = Random(f"{seed}"), set()
    for _ in count():
        index = random.randrange(size)
        if index not in seen:
            seen.add(index)
            yield index


def _point(axes: Sequence[Sequence[Value]], index: int) -> Values:
    values = []
    for axis in reversed(axes):
        index, place = divmod(index, len(axis))
        values.append(axis[place])
    return tuple(reversed(values))


# ---- random


def _random(search: Search, number: int, tried: set[str]) -> Values | None:
    random = Random(f"{search.seed}:{number}")
    for _ in range(DRAWS):
        values = tuple(_drawn(entry.space, random) for entry in search.entries)
        if _key(values) not in tried:
            return values
    if math.prod(_size(entry.space) for entry in search.entries) > LISTED:
        return values
    everything = product(*(_all(entry.space) for entry in search.entries))
    left = [values for values in everything if _key(values) not in tried]
    return random.choice(left) if left else None


def _drawn(space: Space, random: Random) -> Value:
    if not isinstance(space, Span):
        return random.choice(space.values)
    if not space.whole:
        return _at(space, random.random())
    edge = Span(math.ceil(space.low) - 0.5, math.floor(space.high) + 0.5, space.log)  # as likely at the ends as between
    return rounded(space, _between(edge, random.random()))


def _all(space: Space) -> Iterable[Value]:
    return range(math.ceil(space.low), math.floor(space.high) + 1) if isinstance(space, Span) else space.values


def _size(space: Space) -> float:
    if not isinstance(space, Span):
        return len(space.values)
    return (
        math.floor(space.high) - math.ceil(space.low) + 1 if space.whole else 1 if space.low == space.high else math.inf
    )


def _at(space: Span, share: float) -> int | float:
    return rounded(space, _between(space, share))


def _between(space: Span, share: float) -> float:
    """The number at a share, 0 to 1, of the way from the low end to the high one, on the scale of the span."""
    if not space.log:
        return space.low + share * (space.high - space.low)
    return math.exp(math.log(space.low) + share * (math.log(space.high) - math.log(space.low)))


def _key(values: Sequence[Value]) -> str:
    return json.dumps(values)
