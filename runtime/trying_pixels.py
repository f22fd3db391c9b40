"""From what was drawn on a pad to the pixels of the data. Importable without torch."""

from __future__ import annotations

import numpy as np

from runtime.data.image_pixels import resize
from runtime.trying import Drawn, PictureEntry

FAINT = 0.1  # ink below this is none


def pixels(entry: PictureEntry, drawn: Drawn) -> np.ndarray:
    """The pixels (C × H × W) that the network gets of a picture.

    Strokes alone are brought to the size and place of those of the data: their larger side to `extent`, their middle to the
    middle.
    """
    channels, height, width = entry.shape
    ground = drawn.ground
    if ground is None:
        ground = np.full((channels, height, width), entry.ground, np.float32)
    if drawn.ink is None or not drawn.ink.any():
        return ground.astype(np.float32)
    fits = drawn.fit and drawn.ground is None and entry.extent is not None
    ink = _fitted(drawn.ink, entry) if fits else resize(drawn.ink, (height, width))
    ink = ink.clip(0, 1)
    return (ground * (1 - ink) + entry.ink * ink).astype(np.float32)


def _fitted(ink: np.ndarray, entry: PictureEntry) -> np.ndarray:
    """Ink (any size) cut out, scaled and put into the middle of a picture of the data's size."""
    assert entry.extent is not None
    rows, columns = np.flatnonzero((ink > FAINT).any(1)), np.flatnonzero((ink > FAINT).any(0))
    if not len(rows):
        return resize(ink, entry.shape[1:])
    height, width = entry.shape[1:]
    cut = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    # The part of the plane, in pixels of the drawing, that the whole picture shows.
    scale = max(cut.shape[0] / height, cut.shape[1] / width) / entry.extent
    tall, wide = max(round(scale * height), cut.shape[0]), max(round(scale * width), cut.shape[1])
    top, left = (tall - cut.shape[0]) // 2, (wide - cut.shape[1]) // 2
    plane = np.zeros((tall, wide), np.float32)
    plane[top : top + cut.shape[0], left : left + cut.shape[1]] = cut
    return resize(plane, (height, width))
