"""The drawings of the gallery are laid out for a small screen: at first sight their cards show what they have to say."""

from __future__ import annotations

import pytest

from graph import files
from gui.canvas.painting import LEGIBLE
from gui.canvas.viewport import FIT_MARGIN
from gui.canvas_actions import card_sizes
from runtime import examples

CANVAS = (832, 433)  # of a window of 1366 × 768, the smallest that the gallery is made for
WIDE = {"initializations": 0.3}  # four networks of eight layers below each other, to be compared: a row each
NAMES = sorted(set(examples.names()) - set(examples.architectures()))


@pytest.mark.parametrize("name", NAMES)
def test_a_drawing_opens_legibly_on_a_small_screen(qapp, name):
    project = files.load(examples.path(name))
    graph = project.graph
    sizes = card_sizes(graph, project.catalog)
    boxes = [(*node.position, *sizes[id]) for id, node in graph.nodes.items()]
    boxes += [note.area for note in graph.look.annotations.values()]
    starts, ends = zip(*[((x, y), (x + w, y + h)) for x, y, w, h in boxes], strict=True)
    zooms = [
        (CANVAS[axis] - 2 * FIT_MARGIN) / (max(end[axis] for end in ends) - min(start[axis] for start in starts))
        for axis in range(2)
    ]
    assert min(zooms) >= WIDE.get(name, LEGIBLE)
