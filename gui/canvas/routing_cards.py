"""Where cards are in the way: an index of rectangles that can be asked quickly and follows every move."""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections.abc import Iterable
from typing import NamedTuple

BAND = 64.0  # height of the bands in which the rectangles are sorted from left to right
HIGHEST = 64  # bands that a question may go through one by one; above that all are


class Rect(NamedTuple):
    """A rectangle."""

    left: float
    top: float
    right: float
    bottom: float


_Entry = tuple[float, float, float, float, str]


class Cards:
    """The cards of a drawing, by node id. Rectangles that only touch do not overlap."""

    def __init__(self) -> None:
        self.rects: dict[str, Rect] = {}
        self._bands: dict[int, list[_Entry]] = {}
        self._widest = 0.0

    def put(self, key: str, rect: Rect) -> None:
        """Put a card there, wherever it was before."""
        self.take(key)
        self.rects[key] = rect
        self._widest = max(self._widest, rect.right - rect.left)
        entry: _Entry = (rect.left, rect.top, rect.right, rect.bottom, key)
        for band in _bands(rect.top, rect.bottom):
            insort(self._bands.setdefault(band, []), entry)

    def take(self, key: str) -> None:
        """Take a card away, if it is there."""
        rect = self.rects.pop(key, None)
        if rect is not None:
            for band in _bands(rect.top, rect.bottom):
                row = self._bands[band]
                del row[bisect_left(row, (*rect, key))]

    def within(self, left: float, top: float, right: float, bottom: float) -> list[Rect]:
        """The cards that overlap an area, each once."""
        found: set[_Entry] = set()
        for band in self._used(top, bottom):
            row = self._bands.get(band)
            if row:
                near = row[bisect_left(row, (left - self._widest,)) : bisect_left(row, (right,))]
                found.update([card for card in near if card[2] > left and card[3] > top and card[1] < bottom])
        return [Rect(*card[:4]) for card in sorted(found)]

    def free(self, left: float, top: float, right: float, bottom: float) -> bool:
        """Whether no card overlaps an area."""
        for band in self._used(top, bottom):
            row = self._bands.get(band)
            if row:
                near = row[bisect_left(row, (left - self._widest,)) : bisect_left(row, (right,))]
                for card in near:
                    if card[2] > left and card[3] > top and card[1] < bottom:
                        return False
        return True

    def _used(self, top: float, bottom: float) -> Iterable[int]:
        """The bands of an area in which there may be cards."""
        bands = _bands(top, bottom)
        return bands if bands.stop - bands.start <= HIGHEST else [band for band in self._bands if band in bands]


def _bands(top: float, bottom: float) -> range:
    return range(math.floor(top / BAND), math.floor(bottom / BAND) + 1)
