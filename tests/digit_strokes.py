"""Digits as a person draws them: strokes of places in shares of a pad. `LARGE` fills it; `SMALL` is slanted and beside the middle."""

from __future__ import annotations

from math import cos, radians, sin

Place = tuple[float, float]


def _bend(x: float, y: float, wide: float, high: float, begin: float, end: float, steps: int = 16) -> list[Place]:
    turns = (radians(begin + (end - begin) * step / steps) for step in range(steps + 1))
    return [(x + wide * cos(turn), y + high * sin(turn)) for turn in turns]


LARGE: tuple[list[list[Place]], ...] = (
    [_bend(0.5, 0.5, 0.2, 0.3, -90, 270, 28)],
    [[(0.42, 0.32), (0.54, 0.2), (0.54, 0.8)]],
    [[*_bend(0.5, 0.36, 0.19, 0.16, 180, 380), (0.34, 0.8), (0.72, 0.8)]],
    [[*_bend(0.47, 0.35, 0.19, 0.15, 200, 450), *_bend(0.47, 0.65, 0.21, 0.15, 270, 510)]],
    [[(0.58, 0.2), (0.3, 0.6), (0.74, 0.6)], [(0.6, 0.4), (0.6, 0.84)]],
    [[(0.7, 0.2), (0.38, 0.2), (0.36, 0.46), *_bend(0.5, 0.62, 0.2, 0.18, 235, 500)]],
    [[(0.6, 0.18), (0.42, 0.4), *_bend(0.51, 0.63, 0.17, 0.17, 190, 550, 24)]],
    [[(0.28, 0.2), (0.72, 0.2), (0.45, 0.82)]],
    [[*_bend(0.5, 0.35, 0.15, 0.15, 90, 450, 20), *_bend(0.5, 0.66, 0.18, 0.16, 270, 630, 20)]],
    [[*_bend(0.5, 0.36, 0.17, 0.16, 0, 360, 20), (0.67, 0.36), (0.62, 0.84)]],
)


def _small(place: Place) -> Place:
    x, y = place
    return 0.4 + (x - 0.5) * 0.7 + 0.12 * (0.5 - y), 0.56 + (y - 0.5) * 0.75


SMALL = tuple([[_small(place) for place in stroke] for stroke in digit] for digit in LARGE)
