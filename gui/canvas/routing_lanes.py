"""Lanes: wires of different outputs that would lie on each other run side by side, those of one output share a trunk."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TypeVar

from gui.canvas.routing_cards import Cards

PITCH = 8.0  # distance of wires that run side by side
APART = 4.0  # distance of wires one after the other in a lane
CLOSE = 20.0  # stretches whose heights differ less than that are put in order together
REACH = 96.0  # how far lanes may spread
MARGIN = 8.0  # distance of lanes from cards
FEW = 16  # so many stretches are put in the order with the fewest crossings
CELL = 256.0  # stretches are looked up in cells of this length
SHIFTS = (0.0, 4.0, -4.0, 8.0, -8.0, 12.0, -12.0, 16.0, -16.0)

Point = list[float]
Key = TypeVar("Key", bound=Hashable)


@dataclass(slots=True, eq=False)
class _Stretch:
    """A level piece that wires of one output share: its height, from where to where, and its ends with where they turn."""

    at: float
    low: float
    high: float
    net: Hashable
    parts: list[tuple[list[Point], int]] = field(default_factory=list)
    ends: list[tuple[float, int]] = field(default_factory=list)

    def meets(self, other: _Stretch) -> bool:
        """Whether the two need lanes of their own."""
        return self.net != other.net and self.low < other.high + APART and other.low < self.high + APART

    def move(self, at: float, axis: int) -> None:
        """Put it, and the wires with it, at another height."""
        self.at = at
        for points, i in self.parts:
            points[i][axis] = points[i + 1][axis] = at


_Taken = dict[tuple[int, int], list[_Stretch]]  # by height and place along the stretch


def spread(ways: Mapping[Key, list[Point]], nets: Mapping[Key, Hashable], cards: Cards) -> Iterator[None]:
    """Move stretches of ways (corner points, changed in place) into lanes; a pause after each group of them.

    Ways of the same net may lie on each other. First and last pieces stay: they are at the height of a port.
    """
    for axis in (1, 0):
        taken: _Taken = defaultdict(list)
        loose: dict[tuple[Hashable, int], list[_Stretch]] = defaultdict(list)
        for key, points in ways.items():
            for stretch, movable in _stretches(points, nets[key], axis):
                if movable:
                    loose[stretch.net, round(stretch.at)].append(stretch)
                else:
                    _take(stretch, taken)
            yield
        for group in _groups([stretch for bundle in loose.values() for stretch in _merged(bundle)]):
            _place(group, taken, cards, axis)
            for stretch in group:
                _take(stretch, taken)
            yield


def _stretches(points: list[Point], net: Hashable, axis: int) -> Iterator[tuple[_Stretch, bool]]:
    """All pieces of a way that are level on an axis, and whether they can be moved."""
    run, last = 1 - axis, len(points) - 2
    for i, (a, b) in enumerate(pairwise(points)):
        if a[axis] != b[axis] or a[run] == b[run]:
            continue
        stretch = _Stretch(a[axis], min(a[run], b[run]), max(a[run], b[run]), net)
        if 0 < i < last:
            before, after = points[i - 1][axis], points[i + 2][axis]
            stretch.parts.append((points, i))
            stretch.ends += [(a[run], _sign(before - stretch.at)), (b[run], _sign(after - stretch.at))]
        yield stretch, 0 < i < last


def _merged(stretches: list[_Stretch]) -> Iterator[_Stretch]:
    """Pieces of one output at one height: those that touch become one."""
    stretches.sort(key=lambda s: s.low)
    whole = stretches[0]
    for stretch in stretches[1:]:
        if stretch.low <= whole.high:
            whole.high = max(whole.high, stretch.high)
            whole.parts += stretch.parts
            whole.ends += stretch.ends
        else:
            yield whole
            whole = stretch
    yield whole


def _groups(stretches: list[_Stretch]) -> Iterator[list[_Stretch]]:
    """Stretches that are in each other's way, directly or through others; each stretch is in one group."""
    stretches.sort(key=lambda s: (s.at, s.low, s.high))
    cluster: list[_Stretch] = []
    for stretch in stretches:
        if cluster and stretch.at - cluster[-1].at >= CLOSE:
            yield from _overlapping(cluster)
            cluster = []
        cluster.append(stretch)
    if cluster:
        yield from _overlapping(cluster)


def _overlapping(cluster: list[_Stretch]) -> Iterator[list[_Stretch]]:
    cluster.sort(key=lambda s: (s.low, s.at, s.high))
    group, end = [cluster[0]], cluster[0].high
    for stretch in cluster[1:]:
        if stretch.low >= end + APART:
            yield group
            group = []
        group.append(stretch)
        end = max(end, stretch.high)
    yield group


def _place(group: list[_Stretch], taken: _Taken, cards: Cards, axis: int) -> None:
    tracks = _tracks(_order(group))
    count = max(tracks.values()) + 1
    if count == 1 and len({stretch.at for stretch in group}) > 1:
        return
    base = sum(stretch.at for stretch in group) / len(group)
    if count == 1 and not _conflicts(group, tracks, base, 0.0, taken):
        return
    low, high = _room(group, base, cards, axis)
    pitch = min(PITCH, (high - low) / (count - 1)) if count > 1 else 0.0
    first = min(max(base - pitch * (count - 1) / 2, low), high - pitch * (count - 1))
    start, fewest = first, math.inf
    for shift in SHIFTS if len(group) <= FEW else ():
        shifted = min(max(first + shift, low), high - pitch * (count - 1))
        conflicts = _conflicts(group, tracks, shifted, pitch, taken)
        if conflicts < fewest:
            start, fewest = shifted, conflicts
        if not fewest:
            break
    for stretch in group:
        stretch.move(start + pitch * tracks[stretch], axis)


def _order(group: list[_Stretch]) -> list[_Stretch]:
    """From the lowest height to the highest, so that few wires cross; in large groups the long ones first."""
    if len(group) > FEW:
        return sorted(group, key=lambda s: (s.low - s.high, s.low))
    order: list[_Stretch] = []
    for stretch in sorted(group, key=lambda s: (s.at, s.low, s.high)):
        behind = [_crossings(other, stretch) for other in order]
        before = [_crossings(stretch, other) for other in order]
        costs = [sum(behind[:i]) + sum(before[i:]) for i in range(len(order) + 1)]
        fewest = min(costs)
        order.insert(max(i for i, cost in enumerate(costs) if cost == fewest), stretch)
    return order


def _crossings(first: _Stretch, second: _Stretch) -> int:
    """How many times two wires cross if the first runs at the lower height."""
    return sum(turn > 0 and second.low < end < second.high for end, turn in first.ends) + sum(
        turn < 0 and first.low < end < first.high for end, turn in second.ends
    )


def _tracks(order: list[_Stretch]) -> dict[_Stretch, int]:
    """A lane for each stretch: behind those before it that it must not change places with, else the first free one."""
    strict = len(order) <= FEW
    tracks: dict[_Stretch, int] = {}
    for stretch in order:
        met = [other for other in tracks if stretch.meets(other)]
        lowest = 0
        if strict:
            must = [tracks[o] for o in met if o.at != stretch.at or _crossings(o, stretch) != _crossings(stretch, o)]
            lowest = max(must, default=-1) + 1
        used = {tracks[other] for other in met}
        tracks[stretch] = next(track for track in range(lowest, len(order) + 1) if track not in used)
    return tracks


def _room(group: list[_Stretch], base: float, cards: Cards, axis: int) -> tuple[float, float]:
    """From where to where the group may spread without touching a card."""
    low, high = base - REACH, base + REACH
    for stretch in group:
        area = (stretch.low, base - REACH, stretch.high, base + REACH)
        for card in cards.within(*(area if axis == 1 else (area[1], area[0], area[3], area[2]))):
            near, far = card[axis], card[axis + 2]
            if far <= base + 1:
                low = max(low, far + MARGIN)
            elif near >= base - 1:
                high = min(high, near - MARGIN)
    return (low, high) if low <= high else ((low + high) / 2, (low + high) / 2)


def _conflicts(group: list[_Stretch], tracks: Mapping[_Stretch, int], start: float, pitch: float, taken: _Taken) -> int:
    """How often stretches that stay where they are would be too close."""
    count = 0
    for stretch in group:
        at = start + pitch * tracks[stretch]
        for row in (-1, 0, 1):
            for cell in _cells(stretch, at):
                for other in taken.get((cell[0] + row, cell[1]), ()):
                    count += abs(other.at - at) < PITCH - 2 and stretch.meets(other)
    return count


def _take(stretch: _Stretch, taken: _Taken) -> None:
    for cell in _cells(stretch, stretch.at):
        taken[cell].append(stretch)


def _cells(stretch: _Stretch, at: float) -> list[tuple[int, int]]:
    row = math.floor(at / PITCH)
    return [(row, i) for i in range(math.floor(stretch.low / CELL), math.floor(stretch.high / CELL) + 1)]


def _sign(value: float) -> int:
    return (value > 0) - (value < 0)
