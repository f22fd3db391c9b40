"""Where the texts along wires stand: beside a long piece of their wire, never on each other, on cards or on wires."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from itertools import pairwise

from graph.look import RIGHT
from graph.model import Position
from gui.canvas.routing_cards import Cards, Rect

CELL = 64.0
ROOM = 28.0  # what a level piece must have beside the text
GAP = 2.0  # between text and wire
SIDE = 4.0  # between a text and a wire that passes beside it
TRIES = (0.5, 0.25, 0.75)  # where along a piece a text may stand


class Labels:
    """The texts of a drawing, placed one after the other; all in coordinates of the scene."""

    def __init__(self, cards: Cards, flow: str, taken: Iterable[Rect] = ()) -> None:
        """`taken` are areas besides cards on which no text may stand."""
        self._cards = cards
        self._flow = flow
        self._wires: dict[tuple[int, int], list[Rect]] = defaultdict(list)
        self._texts: dict[tuple[int, int], list[Rect]] = defaultdict(list)
        self._named: dict[Hashable, list[Rect]] = defaultdict(list)
        for area in taken:
            self._take(area)

    def add_wire(self, points: Sequence[Position]) -> None:
        """A wire that no text may stand on."""
        for (x0, y0), (x1, y1) in pairwise(points):
            side = SIDE if x0 == x1 else 0.0
            piece = Rect(min(x0, x1) - side, min(y0, y1), max(x0, x1) + side, max(y0, y1))
            for cell in _cells(piece):
                self._wires[cell].append(piece)

    def place(self, points: Sequence[Position], size: tuple[float, float], net: Hashable) -> Position | None:
        """The upper left corner of a text along a wire; None if there is no room, or if it is on the trunk already.

        Wires of the same `net` come from one output, so that their texts are the same.
        """
        for piece, area in _areas(points, *size):
            if any(_lie_together(piece, other) for other in self._named[net]):
                return None
            if self._is_free(area):
                self._named[net].append(piece)
                self._take(area)
                return area.left, area.top
        return None

    def claim(self, corner: Position, size: tuple[float, float]) -> bool:
        """Whether a text has room with its upper left corner there; it stands there then."""
        area = Rect(*corner, corner[0] + size[0], corner[1] + size[1])
        if not self._is_free(area):
            return False
        self._take(area)
        return True

    def _take(self, area: Rect) -> None:
        for cell in _cells(area):
            self._texts[cell].append(area)

    def _is_free(self, area: Rect) -> bool:
        left, top, right, bottom = area
        along = area if self._flow == RIGHT else (top, left, bottom, right)
        if not self._cards.free(*along):
            return False
        near = (rect for cell in _cells(area) for rects in (self._wires, self._texts) for rect in rects.get(cell, ()))
        return not any(o.left < right and left < o.right and o.top < bottom and top < o.bottom for o in near)


def _areas(points: Sequence[Position], width: float, height: float) -> Iterator[tuple[Rect, Rect]]:
    """Pieces of a wire, level and long ones first, and where a text could stand beside them, the best place first."""
    pieces = sorted(pairwise(points), key=lambda ends: (ends[0][1] != ends[1][1], -math.dist(*ends)))
    for (x0, y0), (x1, y1) in pieces:
        piece = Rect(min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))
        across, down = piece.right - piece.left, piece.bottom - piece.top
        for share in TRIES:
            if not down and across >= width + ROOM:
                left = round(min(max(piece.left + share * across - width / 2, piece.left), piece.right - width))
                corners = [(left, y0 - height - GAP), (left, y0 + GAP)]
            elif not across and down >= height + ROOM:
                top = round(min(max(piece.top + share * down - height / 2, piece.top), piece.bottom - height))
                corners = [(x0 + 3 * GAP, top), (x0 - 3 * GAP - width, top)]
            else:
                break
            for x, y in corners:
                yield piece, Rect(round(x), round(y), round(x) + width, round(y) + height)


def _lie_together(a: Rect, b: Rect) -> bool:
    """Whether two pieces, each a line, have a stretch in common."""
    if a.top == a.bottom == b.top == b.bottom:
        return a.left < b.right and b.left < a.right
    return a.left == a.right == b.left == b.right and a.top < b.bottom and b.top < a.bottom


def _cells(area: Rect) -> Iterator[tuple[int, int]]:
    rows = range(math.floor(area.top / CELL), math.floor(area.bottom / CELL) + 1)
    for column in range(math.floor(area.left / CELL), math.floor(area.right / CELL) + 1):
        for row in rows:
            yield column, row
