"""Corner points of wires: how they change when a stretch or a corner of a wire is dragged.

Points are in the flow to the right, also where the drawing flows down (see `Shape.turned`): a stretch is level or upright.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from graph.model import Position
from gui.canvas.routing import STUB

Points = Sequence[Position]


def stretched(points: Points, *, curved: bool = False) -> list[Position]:
    """A way as level and upright stretches: a curve becomes two level ones with an upright one in its middle."""
    if not curved:
        return list(points)
    (x0, y0), (x1, y1) = points
    middle = (x0 + x1) / 2
    return [(x0, y0), (middle, y0), (middle, y1), (x1, y1)]


def stretch_at(points: Points, point: Position) -> int:
    """The number of the stretch that is next to a point."""

    def away(number: int) -> float:
        (ax, ay), (bx, by) = points[number], points[number + 1]
        dx = max(min(ax, bx) - point[0], 0.0, point[0] - max(ax, bx))
        dy = max(min(ay, by) - point[1], 0.0, point[1] - max(ay, by))
        return dx + dy

    return min(range(len(points) - 1), key=away)


def is_level(points: Points, number: int) -> bool:
    """Whether a stretch runs along the flow."""
    return points[number][1] == points[number + 1][1]


def stretch_dragged(points: Points, number: int, to: float) -> list[Position]:
    """The corner points after a stretch was dragged across itself: a level one to the height, an upright one to the x `to`.

    A stretch at a port leaves a short end there.
    """
    way = list(points)
    level = is_level(way, number)
    room = min(STUB, abs(way[-1][0] - way[0][0]) / 3) if len(way) == 2 else STUB
    if number == 0:
        way.insert(1, (way[0][0] + room, way[0][1]))
        number = 1
    if number + 2 == len(way):
        way.insert(-1, (way[-1][0] - room, way[-1][1]))
    for i in (number, number + 1):
        way[i] = (way[i][0], to) if level else (to, way[i][1])
    return needed(way)


def corner_dragged(bends: Points, number: int, to: Position) -> list[Position]:
    """The corner points after one was dragged; the stretches to those beside it stay level or upright."""
    moved = list(bends)
    x, y = bends[number]
    moved[number] = to
    for i in (number - 1, number + 1):
        if 0 <= i < len(moved):
            moved[i] = (to[0] if bends[i][0] == x else moved[i][0], to[1] if bends[i][1] == y else moved[i][1])
    return moved


def needed(way: Points) -> list[Position]:
    """The corner points that a way has to be given: without those that follow from its ends."""
    bends, (start, end) = list(way[1:-1]), (way[0][1], way[-1][1])
    while len(bends) > 1 and bends[0][1] == start and bends[0][0] == bends[1][0]:
        del bends[0]
    while len(bends) > 1 and bends[-1][1] == end and bends[-1][0] == bends[-2][0]:
        del bends[-1]
    if all(y == start == end for _, y in bends):
        return []
    if len({x for x, _ in bends}) == 1:  # one upright stretch: it is at home wherever the ends go
        return [(bends[0][0], (start + end) / 2)] if start != end else []
    return bends


def snapped(value: float, others: Sequence[float], *, reach: float, grid: float) -> float:
    """The nearest of the others within reach, else the nearest on the grid."""
    near = min(others, key=lambda other: abs(other - value), default=None)
    return near if near is not None and abs(near - value) <= reach else grid * round(value / grid)


def lines_of(points: Points, *, level: bool) -> list[float]:
    """The heights of the level stretches of a way, or the places of its upright ones."""
    return [a[1] if level else a[0] for a, b in pairwise(points) if (a[1] == b[1]) is level]
