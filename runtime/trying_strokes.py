"""How wide and how soft the strokes of pictures are: found by drawing strokes and comparing. Importable without torch."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from runtime.data.image_pixels import resize

INK = 0.3  # from where on a level (0 to 1) is ink
SIDE = 72  # pixels of a side that strokes are drawn with
MOST_SIDE = 64  # pixels of pictures that are compared; larger ones are made smaller
_SHARES = (1.0, 0.8, 0.65, 0.5, 0.4, 0.32, 0.25, 0.2, 0.16, 0.125)  # of the pixels that carry detail
_WIDTHS = np.geomspace(0.02, 0.35, 8)  # of a stroke, as shares of the height
_COARSEST = 4  # pixels
_TURN = np.linspace(0, 2 * np.pi, 25)

# What is drawn to compare with, as most writing is made of: a ring, angles, bends, a bar, crossings.
_FIGURES = (
    np.stack([0.5 + 0.33 * np.cos(_TURN), 0.5 + 0.5 * np.sin(_TURN)], 1),
    np.array([(0.15, 0.0), (0.85, 0.0), (0.3, 1.0)]),
    np.array([(0.85, 0.0), (0.2, 0.0), (0.2, 0.45), (0.6, 0.4), (0.85, 0.7), (0.6, 1.0), (0.15, 0.95)]),
    np.array([(0.5, 0.0), (0.5, 1.0)]),
    np.array([(0.15, 0.2), (0.5, 0.0), (0.8, 0.25), (0.15, 1.0), (0.85, 1.0)]),
    np.array([(0.6, 0.0), (0.1, 0.65), (0.9, 0.65)]),
)


class Strokes(NamedTuple):
    """What strokes of pictures are like: their width as a share of the height, and how many pixels of the height carry detail: fewer
    than there are where the pictures were enlarged, or are blurred."""

    width: float
    grain: int


class _Traits(NamedTuple):
    width: float  # in pixels: twice the area over the outline, the median
    loss: float  # what goes lost where the pictures are made half as large, as a share of their contrast


def measure(marks: np.ndarray, extent: float) -> Strokes:
    """The strokes that give pictures the width and softness of these, once they are brought to the same size.

    Args:
        marks: samples × height × width, how much ink there is (0 to 1).
        extent: the share of the larger side that the strokes take.
    """
    if max(marks.shape[1:]) > MOST_SIDE:
        found = measure(resize(marks, _within(marks.shape[1:])), extent)
        return found if found.grain < _within(marks.shape[1:])[0] else found._replace(grain=marks.shape[1])
    size, wanted = marks.shape[1:], _traits(marks.astype(np.float32))
    guess = float(np.clip(wanted.width / size[0], _WIDTHS[0], _WIDTHS[-1]))
    distances = _distances(extent - guess)
    best, least = Strokes(guess, size[0]), np.inf
    for grain in sorted({max(min(_COARSEST, size[0]), round(size[0] * share)) for share in _SHARES}):
        seen = [_traits(grained(_drawn(distances, width), grain, size)).width for width in _WIDTHS]
        width = float(np.interp(wanted.width, np.maximum.accumulate(seen), _WIDTHS))
        traits = _traits(grained(_drawn(distances, width), grain, size))
        miss = 2 * abs(np.log(traits.width / wanted.width)) + abs(np.log(traits.loss / wanted.loss))
        if miss < least:
            best, least = Strokes(width, grain), miss
    return best


def grained(ink: np.ndarray, grain: int, size: tuple[int, ...]) -> np.ndarray:
    """Ink (... × h × w) as a picture of `size` (height, width) of which `grain` pixels of the height carry detail."""
    height, width = size
    if grain < height:
        ink = resize(ink, (grain, max(1, round(grain * width / height))))
    return resize(ink, (height, width))


def _within(size: tuple[int, ...]) -> tuple[int, int]:
    """The largest size with these proportions that is compared."""
    height, width = (max(2, round(side * MOST_SIDE / max(size))) for side in size)
    return height, width


def _traits(marks: np.ndarray) -> _Traits:
    height, width = marks.shape[1:]
    is_ink = marks > INK
    padded = np.pad(is_ink, ((0, 0), (1, 1), (1, 1)))
    outline = sum(np.diff(padded, axis=axis).sum((1, 2)) for axis in (1, 2))
    area = np.where(is_ink, marks, 0).sum((1, 2))
    half = resize(resize(marks, (max(2, height // 2), max(2, width // 2))), (height, width))
    loss = float(np.sqrt(np.square(half - marks).mean()) / max(float(marks.std()), 1e-6))
    return _Traits(max(float(np.median(2 * area / np.maximum(outline, 1))), 1e-6), max(loss, 1e-6))


def _drawn(distances: np.ndarray, width: float) -> np.ndarray:
    return np.clip((width / 2 - distances) * SIDE + 0.5, 0, 1).astype(np.float32)


def _distances(room: float) -> np.ndarray:
    """How far each pixel is from the figures, drawn in the middle with so much room: figures × side × side."""
    middles = (np.arange(SIDE) + 0.5) / SIDE
    places = np.stack(np.meshgrid(middles, middles), -1).reshape(-1, 2)
    figures = [_distance(0.5 + (figure - 0.5) * max(room, 0.1), places) for figure in _FIGURES]
    return np.stack(figures).reshape(-1, SIDE, SIDE)


def _distance(line: np.ndarray, places: np.ndarray) -> np.ndarray:
    """How far places are from a line of straight pieces."""
    nearest = np.full(len(places), np.inf)
    for start, end in pairwise(line):
        along = end - start
        share = np.clip((places - start) @ along / (along @ along), 0, 1)
        nearest = np.minimum(nearest, np.hypot(*(places - start - share[:, None] * along).T))
    return nearest
