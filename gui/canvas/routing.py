"""The way of a wire between two cards: straight, curved, or at right angles with rounded corners.

Ends and corners are computed as if the drawing flowed to the right: x runs along the flow, y across it. A drawing that
flows down is the same with its axes exchanged, which `Route.turned` does.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from PySide6.QtGui import QPainterPath

from graph.look import RIGHT
from graph.model import Position

BEND = 8.0  # radius of the corners
STUB = 24.0  # how far a wire leaves a port before it turns
LABEL_STUB = 14.0  # the same for wires that carry labels to a loss, so that both can run side by side
LANE = 32.0  # distance of a wire between two rows from the lower one of its cards
BELOW = 20.0  # distance of a wire that runs below its target
ABOVE = 14.0  # distance of a wire that runs over the other cards of its row
NEAR = 120.0  # a target within this distance is in the next column: a curve reaches it without crossing cards


class End(NamedTuple):
    """A port, and the two edges of its card beside it."""

    x: float
    y: float
    top: float
    bottom: float


class Route(NamedTuple):
    """Corner points of a wire; a `curved` one is an S between its two points. `flow` says how it leaves and arrives."""

    points: tuple[Position, ...]
    curved: bool = False
    flow: str = RIGHT

    @property
    def anchor(self) -> tuple[float, float, float]:
        """The middle of the longest level stretch, and its length (0 if there is none, then it is the middle)."""
        level = [(a, b) for a, b in pairwise(self.points) if a[1] == b[1]]
        if self.curved or not level:
            (x0, y0), (x1, y1) = self.points[(len(self.points) - 1) // 2 :][:2]
            return (x0 + x1) / 2, (y0 + y1) / 2, 0.0
        (x0, y), (x1, _) = max(level, key=lambda ends: abs(ends[0][0] - ends[1][0]))
        return (x0 + x1) / 2, y, abs(x1 - x0)

    def turned(self, flow: str) -> Route:
        """A route that was found for a flow to the right, in a drawing of that flow."""
        return self if flow == RIGHT else Route(tuple((y, x) for x, y in self.points), self.curved, flow)

    def path(self) -> QPainterPath:
        """The wire as a path."""
        return _curve(*self.points, flow=self.flow) if self.curved else _polyline(self.points)


def route(source: End, target: End, *, below: bool = False) -> Route:
    """The way from an output port to an input port if nothing is known of other cards.

    `below` keeps a wire off the others by running under its target.
    """
    dx, dy = target.x - source.x, target.y - source.y
    level = abs(dy) < 1
    if (0 if level else STUB) <= dx <= NEAR:
        return Route(((source.x, source.y), (target.x, target.y)), curved=not level)
    stub = LABEL_STUB if below else STUB
    return around(source, target, _lane(source, target, below=below), (source.x + stub, target.x - stub))


def around(source: End, target: End, lane: float, turns: tuple[float, float]) -> Route:
    """The way that leaves its level where it turns first, runs across at the height `lane`, and turns to its target."""
    out, entry = turns
    start, end = (source.x, source.y), (target.x, target.y)
    return Route((start, (out, source.y), (out, lane), (entry, lane), (entry, target.y), end))


def through(source: End, target: End, bends: Iterable[Position]) -> Route:
    """The way through the corner points that a person gave the wire, at right angles in between."""
    points: list[Position] = [(source.x, source.y)]
    out, entry = source.x + STUB, target.x - STUB
    for x, y in bends:
        if len(points) == 1 and x < out:
            points += [(out, source.y), (out, y)]
        before = points[-1]
        if before[0] != x and before[1] != y:
            points.append((x, before[1]))
        points.append((x, y))
    last = points[-1]
    if last[0] > entry:
        points.append((entry, last[1]))
    points += [(points[-1][0], target.y), (target.x, target.y)]
    return Route(tuple(simplified(points)))


def simplified(points: Sequence[Position]) -> list[Position]:
    """The same way without points that it only passes."""
    kept: list[Position] = []
    for point in points:
        if kept and point == kept[-1]:
            continue
        if len(kept) > 1 and _passes(kept[-2], kept[-1], point):
            kept.pop()
        kept.append(point)
    return kept


def _passes(before: Position, here: Position, after: Position) -> bool:
    """Whether the way from one point to another leads straight through a third."""
    level = before[0] == here[0] == after[0], before[1] == here[1] == after[1]
    return any(level) and all(min(a, c) <= b <= max(a, c) for a, b, c in zip(before, here, after, strict=True))


def _lane(source: End, target: End, *, below: bool) -> float:
    """The height at which a wire runs across: between the rows, above the lower one, whose cards begin level."""
    if below:
        return target.bottom + BELOW if target.bottom >= source.top else source.top - BELOW
    if target.top > source.bottom:
        return target.top - min(LANE, (target.top - source.bottom) / 2)
    if source.top > target.bottom:
        return source.top - min(LANE, (source.top - target.bottom) / 2)
    return min(source.top, target.top) - ABOVE


def _curve(start: Position, end: Position, *, flow: str) -> QPainterPath:
    (x0, y0), (x1, y1) = start, end
    path = QPainterPath()
    path.moveTo(x0, y0)
    if flow == RIGHT:
        reach = max(STUB, (x1 - x0) / 2)
        path.cubicTo(x0 + reach, y0, x1 - reach, y1, x1, y1)
    else:
        reach = max(STUB, (y1 - y0) / 2)
        path.cubicTo(x0, y0 + reach, x1, y1 - reach, x1, y1)
    return path


def _polyline(points: tuple[Position, ...]) -> QPainterPath:
    path = QPainterPath()
    (ax, ay), (bx, by) = points[:2]
    path.moveTo(ax, ay)
    before = abs(bx - ax) + abs(by - ay)
    for cx, cy in points[2:]:
        after = abs(cx - bx) + abs(cy - by)
        bend = min(BEND, before / 2, after / 2)
        if bend > 0:
            near, far = bend / before, bend / after
            path.lineTo(bx + (ax - bx) * near, by + (ay - by) * near)
            path.quadTo(bx, by, bx + (cx - bx) * far, by + (cy - by) * far)
        ax, ay, bx, by, before = bx, by, cx, cy, after
    path.lineTo(bx, by)
    return path
