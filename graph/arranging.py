"""Where nodes go when a person arranges them by hand: edges in line, equal gaps, room for one more."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from graph.areas import COLUMN_GAP, GRID, overlap_along
from graph.look import DOWN, RIGHT
from graph.model import NodeId, Position


class Box(NamedTuple):
    """The card of a node: its upper left corner and its size, in canvas units."""

    left: float
    top: float
    width: float
    height: float

    def start(self, axis: int) -> float:
        """The left (axis 0) or upper (axis 1) edge."""
        return self[axis]

    def size(self, axis: int) -> float:
        """The width (axis 0) or height (axis 1)."""
        return self[axis + 2]

    def end(self, axis: int) -> float:
        """The right (axis 0) or lower (axis 1) edge."""
        return self[axis] + self[axis + 2]

    def at(self, axis: int, start: float) -> Box:
        """The same with its left or upper edge elsewhere."""
        return self._replace(left=start) if axis == 0 else self._replace(top=start)

    def meets(self, other: Box, axis: int) -> bool:
        """Whether both cover a stretch of an axis in common."""
        return overlap_along(self, other, axis)


Boxes = Mapping[NodeId, Box]


def aligned(boxes: Boxes, axis: int, share: float) -> dict[NodeId, Position]:
    """Places with which all boxes have the same part at the same height or distance.

    Args:
        axis: 0 moves them sideways, 1 up and down.
        share: which part: 0 the left or upper edges, 0.5 the middles, 1 the right or lower edges. The edges go to the
            outermost one, the middles to the middle of all.
    """
    low = min((box.start(axis) for box in boxes.values()), default=0.0)
    high = max((box.end(axis) for box in boxes.values()), default=0.0)
    line = low + share * (high - low)
    return {i: _corner(box.at(axis, _snapped(line - share * box.size(axis)))) for i, box in boxes.items()}


def distributed(boxes: Boxes, axis: int) -> dict[NodeId, Position]:
    """Places with equal gaps along an axis (0: sideways); the first and the last box stay, none goes on another.

    Where there is too little room, the last ones go on further.
    """
    order = sorted(boxes, key=lambda i: (boxes[i].start(axis) + boxes[i].end(axis), i))
    if len(order) < 3:
        return {i: _corner(box) for i, box in boxes.items()}
    first, last = boxes[order[0]], boxes[order[-1]]
    room = last.end(axis) - first.start(axis) - sum(box.size(axis) for box in boxes.values())
    gap = max(GRID, room / (len(order) - 1))
    places, at = {}, first.start(axis)
    for i in order:
        places[i] = _corner(boxes[i].at(axis, _snapped(at)))
        at += boxes[i].size(axis) + gap
    if room / (len(order) - 1) >= GRID:
        places[order[-1]] = _corner(last)
    return places


def make_room(
    boxes: Boxes, before: NodeId, node: NodeId, movable: Iterable[NodeId], *, flow: str
) -> dict[NodeId, Position]:
    """Places that change so that a node stands behind another one with a gap, and those after it behind it.

    Args:
        boxes: of all these nodes.
        before: what feeds the node; it stays.
        node: the new one in the row.
        movable: the nodes that may be pushed on along the flow, each only by what would lie on it or come too close.
        flow: "right" or "down".
    """
    axis = {RIGHT: 0, DOWN: 1}[flow]
    moved = dict(boxes)

    def behind(pusher: NodeId, box: Box) -> Box:
        start = moved[pusher].end(axis) + COLUMN_GAP
        near = moved[pusher].meets(box, 1 - axis) and boxes[pusher].start(axis) <= box.end(axis)
        return box.at(axis, GRID * -(-start // GRID)) if near and box.start(axis) < start else box

    moved[node] = behind(before, boxes[node])
    pushing = [node]
    for i in sorted(movable, key=lambda i: boxes[i].start(axis)):
        if boxes[i].end(axis) > boxes[node].start(axis):
            for pusher in pushing:
                moved[i] = behind(pusher, moved[i])
            if moved[i] != boxes[i]:
                pushing.append(i)
    return {i: _corner(box) for i, box in moved.items() if box != boxes[i]}


def _corner(box: Box) -> Position:
    return (box.left, box.top)


def _snapped(length: float) -> float:
    return GRID * round(length / GRID)
