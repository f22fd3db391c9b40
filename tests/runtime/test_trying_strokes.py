"""Width and softness of strokes, found again in pictures that were drawn with them."""

from __future__ import annotations

import numpy as np
import pytest

from graph.model import Node, Port
from runtime.data import load
from runtime.trying import Drawn, PictureEntry
from runtime.trying_pixels import pixels
from runtime.trying_strokes import grained, measure

SIDE = 168


def zigzags(pen: float, size: int, grain: int) -> np.ndarray:
    """Letters like Z and N with a pen of that width (a share of the height), as pictures with so much detail."""
    down, right = (np.mgrid[:SIDE, :SIDE] + 0.5) / SIDE
    half, pictures = pen / 2, []
    for slope in (0.5, 0.7, 0.9):
        top, bottom, aslant = (
            abs(down - 0.15),
            abs(down - 0.85),
            abs((right - 0.5) * 0.7 / slope + (down - 0.5)) * slope,
        )
        inside = (abs(right - 0.5) < slope / 2 + half) & (down > 0.15 - half) & (down < 0.85 + half)
        ink = inside & ((top < half) | (bottom < half) | (aslant < half))
        pictures += [ink, ink.T]
    return grained(np.array(pictures, np.float32), grain, (size, size))


@pytest.mark.parametrize(("pen", "size", "grain"), [(0.1, 28, 28), (0.12, 28, 7), (0.1, 32, 8), (0.06, 64, 64)])
def test_what_pictures_were_drawn_with_is_found(pen, size, grain):
    found = measure(zigzags(pen, size, grain), 0.7 + pen)
    assert found.width == pytest.approx(pen, rel=0.3)
    assert found.grain == pytest.approx(grain, rel=0.35)


@pytest.mark.parametrize(("size", "least", "most"), [(8, 7, 8), (16, 6, 10), (32, 6, 12)])
def test_enlarged_digits_have_the_detail_of_the_small_ones(size, least, most):
    node = Node("n1", "layerloom.data.Images", "digits", {"source": "builtin:digits", "image_size": size})
    images = load(node).store.read(np.arange(64))["image"][:, 0]
    found = measure(images, 1.0)
    assert least <= found.grain <= most and 0.12 <= found.width <= 0.23


def test_ink_gets_as_soft_as_the_data():
    crisp = PictureEntry(port=Port("n1", "image"), name="x", shape=(1, 32, 32), extent=0.8)
    soft = PictureEntry(port=Port("n1", "image"), name="x", shape=(1, 32, 32), extent=0.8, grain=8)
    drawn = np.zeros((160, 160), np.float32)
    drawn[40:120, 70:90] = 1
    steps = [np.abs(np.diff(pixels(entry, Drawn(drawn))[0, 16])).max() for entry in (crisp, soft)]
    assert steps[0] > 0.6 and steps[1] < 0.35


def test_the_middle_is_that_of_the_ink_where_the_data_is_so():
    """As in MNIST, whose digits lie with the middle of their ink in the middle of the picture."""
    drawn = np.zeros((160, 160), np.float32)
    drawn[40:120, 40:60] = drawn[100:120, 40:120] = 1  # an L
    for by_mass in (False, True):
        entry = PictureEntry(port=Port("n1", "image"), name="x", shape=(1, 32, 32), extent=0.6, by_mass=by_mass)
        got = pixels(entry, Drawn(drawn))[0]
        middle = (got.sum(0) @ np.arange(32)) / got.sum()
        is_ink = (got > 0.5).any(0).nonzero()[0]
        box = (is_ink[0] + is_ink[-1]) / 2
        assert abs((middle if by_mass else box) - 15.5) < 0.7
        assert abs((box if by_mass else middle) - 15.5) > 1
