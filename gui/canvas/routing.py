"""The way of a wire between two cards: straight, curved, or around the rows with rounded corners."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

from PySide6.QtGui import QPainterPath

from graph.model import Position

BEND = 8.0  # radius of the corners
STUB = 24.0  # how far a wire leaves a port before it turns
LABEL_STUB = 14.0  # the same for wires that carry labels to a loss, so that both can run side by side
LANE = 32.0  # distance of a wire between two rows from the lower one of its cards
BELOW = 20.0  # distance of a wire that runs below its target
ABOVE = 14.0  # distance of a wire that runs over the other cards of its row
NEAR = 120.0  # a target within this distance is in the next column: a curve reaches it without crossing cards


class End(NamedTuple):
    """A port, and the top and bottom of its card."""

    x: float
    y: float
    top: float
    bottom: float


class Route(NamedTuple):
    """Corner points of a wire; a `curved` one is an S between its two points."""

    points: tuple[Position, ...]
    curved: bool = False

    @property
    def anchor(self) -> tuple[float, float, float]:
        """The middle of the longest level stretch, and its length (0 if the wire is a curve)."""
        if self.curved:
            (x0, y0), (x1, y1) = self.points
            return (x0 + x1) / 2, (y0 + y1) / 2, 0.0
        level = ((a, b) for a, b in pairwise(self.points) if a[1] == b[1])
        (x0, y), (x1, _) = max(level, key=lambda ends: abs(ends[0][0] - ends[1][0]))
        return (x0 + x1) / 2, y, abs(x1 - x0)

    def path(self) -> QPainterPath:
        """The wire as a path."""
        return _curve(*self.points) if self.curved else _polyline(self.points)


def route(source: End, target: End, *, below: bool = False) -> Route:
    """The way from an output port to an input port; `below` keeps a wire off the others by running under its target."""
    dx, dy = target.x - source.x, target.y - source.y
    level = abs(dy) < 1
    if (0 if level else STUB) <= dx <= NEAR:
        return Route(((source.x, source.y), (target.x, target.y)), curved=not level)
    stub = LABEL_STUB if below else STUB
    out, entry, lane = source.x + stub, target.x - stub, _lane(source, target, below=below)
    return Route(
        (
            (source.x, source.y),
            (out, source.y),
            (out, lane),
            (entry, lane),
            (entry, target.y),
            (target.x, target.y),
        )
    )


def _lane(source: End, target: End, *, below: bool) -> float:
    """The height at which a wire runs across: between the rows, above the lower one, whose cards begin level."""
    if below:
        return target.bottom + BELOW if target.bottom >= source.top else source.top - BELOW
    if target.top > source.bottom:
        return target.top - min(LANE, (target.top - source.bottom) / 2)
    if source.top > target.bottom:
        return source.top - min(LANE, (source.top - target.bottom) / 2)
    return min(source.top, target.top) - ABOVE


def _curve(start: Position, end: Position) -> QPainterPath:
    (x0, y0), (x1, y1) = start, end
    path = QPainterPath()
    path.moveTo(x0, y0)
    reach = max(STUB, (x1 - x0) / 2)
    path.cubicTo(x0 + reach, y0, x1 - reach, y1, x1, y1)
    return path


def _polyline(points: tuple[Position, ...]) -> QPainterPath:
    path = QPainterPath()
    path.moveTo(*points[0])
    for (ax, ay), (bx, by), (cx, cy) in zip(points, points[1:], points[2:], strict=False):
        before, after = abs(bx - ax) + abs(by - ay), abs(cx - bx) + abs(cy - by)
        bend = min(BEND, before / 2, after / 2)
        if bend > 0:
            path.lineTo(bx + (ax - bx) * bend / before, by + (ay - by) * bend / before)
            path.quadTo(bx, by, bx + (cx - bx) * bend / after, by + (cy - by) * bend / after)
    path.lineTo(*points[-1])
    return path
