"""The order of the items within their layers: sweeps that put each beside its neighbors, keeping the best order seen."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from statistics import fmean

Layers = list[list[int]]
Neighbors = Sequence[Sequence[int]]
Measure = Callable[[list[int]], float]

SWEEPS = 24  # from one start, at most
PATIENCE = 8  # sweeps without a better order until a start is given up
EXCHANGES = 12  # passes over the drawing after a sweep, at most
WORK = 20_000  # items that the passes from one start may visit: what keeps a thousand nodes well under half a second
FEW = 64  # items of a layer that are put in the order of ports for certain
LEAST = 8  # but so many passes there are, however large the drawing is


def untangled(layers: Layers, before: Neighbors, after: Neighbors) -> Layers:
    """The layers with their items in an order with few crossings; the same layers always give the same order.

    Items are numbers; `before` and `after` give the neighbors of each in the layer before and in the one after.
    Every sweep sorts layer by layer by the mean or the median position of the neighbors, then exchanges items that
    stand next to each other for as long as that takes crossings away. It starts from the order given, and, in drawings
    that are small enough, from orders that follow the wires.
    """
    items = sum(map(len, layers))
    passes = max(LEAST, WORK // (1 + items))
    best, fewest = layers, crossings(layers, after)
    for start in _starts(layers, before, after):
        found, count = _swept([list(layer) for layer in start], before, after, passes=passes)
        if count < fewest:
            best, fewest = found, count
        if not fewest or passes == LEAST:
            break
    return best


def settle(layers: Layers, before: Neighbors, after: Neighbors, ports: Mapping[tuple[int, int], int]) -> None:
    """Let items that lead to the same one stand in the order of its ports, where that costs no crossing.

    `ports` gives for an item and one that leads to it at which of its ports.
    """
    place = {item: i for layer in layers for i, item in enumerate(layer)}
    for layer in layers:
        for _ in range(len(layer) if len(layer) <= FEW else 1):
            if not sum(_swapped(layer, i, before, after, place, ports) for i in range(len(layer) - 1)):
                break


def _swapped(
    layer: list[int],
    i: int,
    before: Neighbors,
    after: Neighbors,
    place: dict[int, int],
    ports: Mapping[tuple[int, int], int],
) -> bool:
    """Whether an item and the next one changed places."""
    upper, lower = layer[i], layer[i + 1]
    turns = [(ports[n, upper], ports[n, lower]) for n in after[upper] if (n, upper) in ports and (n, lower) in ports]
    if not turns or turns[0][0] < turns[0][1]:
        return False
    sides = [[sorted(place[n] for n in side[item]) for side in (before, after)] for item in (upper, lower)]
    if _gain(*sides) < 0:
        return False
    layer[i], layer[i + 1] = lower, upper
    place[lower], place[upper] = i, i + 1
    return True


def crossings(layers: Layers, after: Neighbors) -> int:
    """How many pairs of edges between neighboring layers cross."""
    return sum(_crossings(upper, lower, after) for upper, lower in pairwise(layers))


def _swept(layers: Layers, before: Neighbors, after: Neighbors, *, passes: int) -> tuple[Layers, int]:
    best, fewest, idle = [list(layer) for layer in layers], crossings(layers, after), 0
    for number in range(SWEEPS):
        if not fewest or idle == PATIENCE or passes <= 0:
            break
        measure: Measure = fmean if number // 2 % 2 == 0 else _median
        flip = number % 4 > 1  # every other time, items without preference change places
        if number % 2:
            _sweep(layers[::-1], after, measure, flip=flip)
        else:
            _sweep(layers, before, measure, flip=flip)
        passes -= _exchange(layers, before, after, flip=not flip, passes=min(passes, EXCHANGES))
        count = crossings(layers, after)
        idle += 1
        if count < fewest:
            best, fewest, idle = [list(layer) for layer in layers], count, 0
    return best, fewest


def _sweep(layers: Sequence[list[int]], fixed: Neighbors, measure: Measure, *, flip: bool) -> None:
    """Sort every layer by where the neighbors in the one before it stand; items without any keep their places."""
    for previous, layer in pairwise(layers):
        place = {item: i for i, item in enumerate(previous)}
        wish = {item: measure([place[n] for n in fixed[item]]) for item in layer if fixed[item]}
        movable = [item for item in layer if item in wish]
        ordered = iter(sorted(reversed(movable) if flip else movable, key=wish.__getitem__))
        layer[:] = [next(ordered) if item in wish else item for item in layer]


def _exchange(layers: Layers, before: Neighbors, after: Neighbors, *, flip: bool, passes: int) -> int:
    """Exchange items next to each other while that takes crossings away; how many passes that took."""
    place = [0] * len(before)
    for layer in layers:
        for i, item in enumerate(layer):
            place[item] = i
    wide = [layer for layer in layers if len(layer) > 1]
    for number in range(passes):
        if not sum(_exchanged(layer, before, after, place, flip=flip) for layer in wide):
            return number + 1
    return passes


def _exchanged(layer: list[int], before: Neighbors, after: Neighbors, place: list[int], *, flip: bool) -> int:
    """One pass over a layer; how many crossings it took away."""
    sides = [[sorted([place[n] for n in side[item]]) for side in (before, after)] for item in layer]
    won = 0
    for i in range(len(layer) - 1):
        gain = _gain(sides[i], sides[i + 1])
        if gain > 0 or (flip and not gain):
            layer[i], layer[i + 1] = layer[i + 1], layer[i]
            sides[i], sides[i + 1] = sides[i + 1], sides[i]
            place[layer[i]], place[layer[i + 1]] = i, i + 1
            won += gain
    return won


def _gain(upper: list[list[int]], lower: list[list[int]]) -> int:
    """How many crossings fewer there are if two items change places, from where their neighbors stand (sorted)."""
    gain = 0
    for above, below in zip(upper, lower, strict=True):
        for place in above:
            gain += bisect_left(below, place) + bisect_right(below, place) - len(below)
    return gain


def _crossings(upper: list[int], lower: list[int], after: Neighbors) -> int:
    if len(upper) < 2 or len(lower) < 2:
        return 0
    place = {item: i for i, item in enumerate(lower)}
    seen: list[int] = []
    count = 0
    for item in upper:
        ends = sorted(place[n] for n in after[item])
        count += sum(len(seen) - bisect_right(seen, end) for end in ends)
        for end in ends:
            insort(seen, end)
    return count


def _starts(layers: Layers, before: Neighbors, after: Neighbors) -> Iterator[Layers]:
    """The order given, and those in which walks along the wires come by: depth first, breadth first, and that mirrored."""
    yield layers
    layer_of = {item: i for i, layer in enumerate(layers) for item in layer}
    for depth_first in (True, False):
        walked: Layers = [[] for _ in layers]
        for item in _walk(layer_of, before, after, depth_first=depth_first):
            walked[layer_of[item]].append(item)
        yield walked
    yield [layer[::-1] for layer in walked]


def _walk(items: Iterable[int], before: Neighbors, after: Neighbors, *, depth_first: bool) -> Iterator[int]:
    seen: set[int] = set()
    for first in items:
        waiting = deque([first])
        while waiting:
            item = waiting.pop() if depth_first else waiting.popleft()
            if item not in seen:
                seen.add(item)
                yield item
                beside = [*after[item], *before[item]]
                waiting.extend(reversed(beside) if depth_first else beside)


def _median(places: list[int]) -> float:
    """The median; between the two middle ones, nearer to the side where the neighbors stand closer together."""
    places = sorted(places)
    half = len(places) // 2
    if len(places) % 2:
        return places[half]
    if len(places) == 2:
        return (places[0] + places[1]) / 2
    left, right = places[half - 1] - places[0], places[-1] - places[half]
    if left + right == 0:
        return (places[half - 1] + places[half]) / 2
    return (places[half - 1] * right + places[half] * left) / (left + right)
