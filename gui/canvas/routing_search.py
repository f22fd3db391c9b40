"""Searches a way around cards that stand anywhere: the shortest with few corners, on lines beside the cards."""

from __future__ import annotations

import heapq
from bisect import bisect_left

from gui.canvas.routing import STUB, End, Route, simplified
from gui.canvas.routing_cards import Cards

CLEAR = 6.0  # distance that wires keep from cards which are not theirs
BESIDE = 14.0  # distance of the lines from the cards
SIGHT = 200.0  # how far around its ends a wire is aware of cards
MANY = 40  # cards among which a search would take too long
CORNER = 60.0  # a corner is worth a detour of this length

_Step = tuple[int, int, int]  # column, row, and 0 if it was reached along the row, 1 if along the column


def search(source: End, target: End, cards: Cards) -> Route | None:
    """The way from an output to an input; None if there is none, or too many cards are around."""
    out, entry = source.x + STUB, target.x - STUB
    (left, right), (top, bottom) = sorted((out, entry)), sorted((source.y, target.y))
    around = cards.within(left - SIGHT, top - SIGHT, right + SIGHT, bottom + SIGHT)
    if len(around) > MANY:
        return None
    xs = sorted({out, entry, *(card.left - BESIDE for card in around), *(card.right + BESIDE for card in around)})
    ys = sorted(
        {source.y, target.y, *(card.top - BESIDE for card in around), *(card.bottom + BESIDE for card in around)}
    )
    goal = (bisect_left(xs, entry), bisect_left(ys, target.y))
    steps = _shortest(xs, ys, (bisect_left(xs, out), bisect_left(ys, source.y)), goal, cards)
    if steps is None:
        return None
    corners = [(xs[i], ys[j]) for i, j in steps]
    return Route(tuple(simplified([(source.x, source.y), *corners, (target.x, target.y)])))


def _shortest(
    xs: list[float], ys: list[float], start: tuple[int, int], goal: tuple[int, int], cards: Cards
) -> list[tuple[int, int]] | None:
    """The crossings of lines on the best way (A*)."""
    first: _Step = (*start, 0)
    best: dict[_Step, float] = {first: 0.0}
    came: dict[_Step, _Step] = {}
    waiting: list[tuple[float, _Step]] = [(0.0, first)]
    while waiting:
        _, here = heapq.heappop(waiting)
        if here[:2] == goal:
            way = [here]
            while way[-1] in came:
                way.append(came[way[-1]])
            return [(i, j) for i, j, _ in reversed(way)]
        i, j, axis = here
        for there in ((i - 1, j, 0), (i + 1, j, 0), (i, j - 1, 1), (i, j + 1, 1)):
            if not (0 <= there[0] < len(xs) and 0 <= there[1] < len(ys)):
                continue
            (x0, y0), (x1, y1) = (xs[i], ys[j]), (xs[there[0]], ys[there[1]])
            turn = CORNER * ((axis != there[2]) + (there[:2] == goal and there[2] == 1))
            cost = best[here] + abs(x1 - x0) + abs(y1 - y0) + turn
            if cost < best.get(there, float("inf")) and _is_free(cards, x0, y0, x1, y1):
                best[there], came[there] = cost, here
                left = abs(x1 - xs[goal[0]]) + abs(y1 - ys[goal[1]])
                heapq.heappush(waiting, (cost + left, there))
    return None


def _is_free(cards: Cards, x0: float, y0: float, x1: float, y1: float) -> bool:
    return cards.free(min(x0, x1) - CLEAR, min(y0, y1) - CLEAR, max(x0, x1) + CLEAR, max(y0, y1) + CLEAR)
