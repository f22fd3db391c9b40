"""The data of a curve: it grows at its end and gives a picture of any part of itself in bounded time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

BLOCKS = 1024  # a picture has at most this many blocks, each drawn as its minimum and its maximum

Array = NDArray[np.float64]


class Column:
    """A growing array of float64; appending n values costs O(n) amortized."""

    def __init__(self) -> None:
        self._data = np.empty(256)
        self._size = 0

    def __len__(self) -> int:
        return self._size

    @property
    def values(self) -> Array:
        """What is there, as a view: valid until the next `extend`."""
        return self._data[: self._size]

    def extend(self, values: ArrayLike) -> None:
        """Append values."""
        values = np.asarray(values, dtype=np.float64)
        end = self._size + len(values)
        if end > len(self._data):
            grown = np.empty(max(end, 2 * len(self._data)))
            grown[: self._size] = self.values
            self._data = grown
        self._data[self._size : end] = values
        self._size = end

    def cut(self, size: int) -> None:
        """Keep the first values only."""
        self._size = min(self._size, size)


class Series:
    """Points (x, y) with rising x, and a pyramid over them: level k has the extremes of blocks of 2^(k+1) points.

    NaN is passed over by the pyramid where a block has any other value.
    """

    def __init__(self) -> None:
        self._x, self._y = Column(), Column()
        self._levels: list[tuple[Column, Column]] = []

    def __len__(self) -> int:
        return len(self._x)

    @property
    def x(self) -> Array:
        """All x, as a view."""
        return self._x.values

    @property
    def y(self) -> Array:
        """All y, as a view."""
        return self._y.values

    def extend(self, x: ArrayLike, y: ArrayLike) -> None:
        """Append points; their x are not below those that are there. O(1) amortized a point."""
        self._x.extend(x)
        self._y.extend(y)

    def cut(self, size: int) -> None:
        """Keep the first points only."""
        self._x.cut(size)
        self._y.cut(size)
        self._levels.clear()

    def _complete(self, levels: int) -> None:
        """Let so many levels of the pyramid follow the points: when somebody looks, as points may come far more often."""
        lows = highs = self._y
        for index in range(levels):
            if index == len(self._levels):
                self._levels.append((Column(), Column()))
            low, high = self._levels[index]
            _halve(lows, low, np.fmin)
            _halve(highs, high, np.fmax)
            lows, highs = low, high

    def nearest(self, x: float) -> int:
        """The index of the point nearest to x.

        Raises:
            IndexError: there are no points.
        """
        right = int(np.searchsorted(self.x, x).clip(0, len(self) - 1))
        left = max(0, right - 1)
        return left if abs(self.x[left] - x) <= abs(self.x[right] - x) else right

    def points(self, left: float = -np.inf, right: float = np.inf, *, blocks: int = BLOCKS) -> tuple[Array, Array]:
        """What to draw between `left` and `right`, with one point beyond either end so that the line goes on.

        At most 2 × `blocks` points: the points themselves where they are few, else minimum and maximum of equal blocks,
        so that no peak is lost. O(blocks + log n).
        """
        x, low, high = self._extremes(left, right, blocks)
        return (x, low) if low is high else (np.repeat(x, 2), np.stack([low, high], 1).ravel())

    def middle(self, left: float = -np.inf, right: float = np.inf, *, blocks: int = BLOCKS) -> tuple[Array, Array]:
        """The same for an average, whose peaks mean nothing: of each block the middle of its extremes."""
        x, low, high = self._extremes(left, right, blocks)
        return (x, low) if low is high else (x, (low + high) / 2)

    def _extremes(self, left: float, right: float, blocks: int) -> tuple[Array, Array, Array]:
        """x, minimum and maximum of the blocks, or of the points, where the two are the same array."""
        start = max(int(np.searchsorted(self.x, left)) - 1, 0)
        stop = min(int(np.searchsorted(self.x, right, side="right")) + 1, len(self))
        if stop - start <= 2 * blocks:
            few = self.y[start:stop]
            return self.x[start:stop], few, few
        power = ((stop - start - 1) // (blocks - 2)).bit_length()
        self._complete(power)
        first, last = start >> power, stop >> power
        low, high = (column.values[first:last] for column in self._levels[power - 1])
        rest = self.y[last << power : stop]
        if len(rest):
            low, high = np.append(low, np.fmin.reduce(rest)), np.append(high, np.fmax.reduce(rest))
        return self.x[first << power : stop : 1 << power], low, high


def _halve(source: Column, target: Column, keep: np.ufunc) -> None:
    """Add to `target` what pairs of `source` are new."""
    start, stop = 2 * len(target), len(source) // 2 * 2
    if start < stop:
        pairs = source.values[start:stop]
        target.extend(keep(pairs[0::2], pairs[1::2]))


def table(columns: Mapping[str, Series], steps_per_epoch: int | None) -> Iterator[list[object]]:
    """Rows for a CSV file, titles first: step, epoch, and the value of every series at that step, if it has one."""
    yield ["step", "epoch", *columns]
    steps = np.unique(np.concatenate([series.x for series in columns.values()]))
    cells = [_cells(series, steps) for series in columns.values()]
    for step, *values in zip(steps.tolist(), *cells, strict=True):
        yield [int(step), round(step / steps_per_epoch, 6) if steps_per_epoch else "", *values]


def _cells(series: Series, steps: Array) -> list[object]:
    cells: list[object] = [""] * len(steps)
    for row, y in zip(np.searchsorted(steps, series.x).tolist(), series.y.tolist(), strict=True):
        cells[row] = y
    return cells


class Smoothing:
    """An exponential moving average over about `span` values, carried from batch to batch."""

    def __init__(self, span: float) -> None:
        self._keep = 1 - 2 / (span + 1)
        self._last: float | None = None

    def __call__(self, values: Sequence[float]) -> list[float]:
        """The smoothed values, one each; the first value ever starts the average, and NaN does not enter it."""
        keep, last, smooth = self._keep, self._last, []
        for value in values:
            if last is None or last != last:
                last = value
            elif value == value:
                last = last * keep + value * (1 - keep)
            smooth.append(last)
        self._last = last
        return smooth

    def go_on_from(self, last: float | None) -> None:
        """What follows comes after this average; None: it starts one."""
        self._last = last
