"""From what was drawn on a pad to the pixels of the data. Importable without torch."""

from __future__ import annotations

import numpy as np

from runtime.trying import Drawn, PictureEntry, Pictures
from runtime.trying_strokes import grained

FAINT = 0.1  # ink below this is none
SLACK = 1e-3  # how far outside of 0..1 numbers of a picture may be


def pixels(entry: PictureEntry, drawn: Drawn) -> np.ndarray:
    """The pixels (C × H × W) that the network gets of a picture.

    Strokes alone are brought to the size and place of those of the data: their larger side to `extent`, their middle to the
    middle; and they get as soft as those are.
    """
    channels, height, width = entry.shape
    ground = drawn.ground
    if ground is None:
        ground = np.full((channels, height, width), entry.ground, np.float32)
    if drawn.ink is None or not drawn.ink.any():
        return ground.astype(np.float32)
    fits = drawn.fit and drawn.ground is None and entry.extent is not None
    plane = _fitted(drawn.ink, entry) if fits else drawn.ink
    ink = grained(plane, entry.grain or height, (height, width)).clip(0, 1)
    return (ground * (1 - ink) + entry.ink * ink).astype(np.float32)


def _fitted(ink: np.ndarray, entry: PictureEntry) -> np.ndarray:
    """The part of the plane around the ink (any size) that a picture of the data's proportions shows of it."""
    assert entry.extent is not None
    is_ink = ink > FAINT
    rows, columns = np.flatnonzero(is_ink.any(1)), np.flatnonzero(is_ink.any(0))
    if not len(rows):
        return ink
    height, width = entry.shape[1:]
    cut = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    # The part of the plane, in pixels of the drawing, that the whole picture shows.
    scale = max(cut.shape[0] / height, cut.shape[1] / width) / entry.extent
    tall, wide = cut.shape
    plane = np.zeros((max(round(scale * height), tall), max(round(scale * width), wide)), np.float32)
    top, left = (_place(cut, axis, room, by_mass=entry.by_mass) for axis, room in enumerate(plane.shape))
    plane[top : top + tall, left : left + wide] = cut
    return plane


def _place(cut: np.ndarray, axis: int, room: int, *, by_mass: bool) -> int:
    """Where the ink begins along an axis with so much room for its middle to be in the middle."""
    size = cut.shape[axis]
    middle = size / 2
    if by_mass:
        along = cut.sum(1 - axis)
        middle = float(along @ (np.arange(size) + 0.5) / along.sum())
    return min(max(round(room / 2 - middle), 0), room - size)


def pictures_of(samples: np.ndarray) -> Pictures:
    """Samples × channels × height × width as pictures; their numbers are brought into 0..1 where they are not in it."""
    low, high = float(samples.min()), float(samples.max())
    is_within = low >= -SLACK and high <= 1 + SLACK
    scaled = samples if is_within else (samples - low) / max(high - low, 1e-12)
    images = tuple(one[0] if len(one) == 1 else one.transpose(1, 2, 0) for one in scaled)
    return Pictures(images) if is_within else Pictures(images, low, high)
