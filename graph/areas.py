"""Rectangles on the canvas: the grid they lie on, the gaps between them, and whether they lie on each other."""

from __future__ import annotations

Area = tuple[float, float, float, float]  # left, top, width, height in canvas units

GRID = 4.0
COLUMN_GAP = 46.0  # between a card and the one before it along the flow


def overlap(area: Area, other: Area, *, gap: float = 0.0) -> bool:
    """Whether two areas have more than an edge in common, or are closer to each other than a gap."""
    return (
        area[0] < other[0] + other[2] + gap
        and other[0] < area[0] + area[2] + gap
        and area[1] < other[1] + other[3] + gap
        and other[1] < area[1] + area[3] + gap
    )


def overlap_along(area: Area, other: Area, axis: int) -> bool:
    """Whether two areas cover a stretch of an axis (0: sideways, 1: up and down) in common."""
    return area[axis] < other[axis] + other[axis + 2] and other[axis] < area[axis] + area[axis + 2]
