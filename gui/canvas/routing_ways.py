"""Finds the way of one wire around the cards, from the plainest to the longest that does not pass behind one."""

from __future__ import annotations

import math
from collections.abc import Iterator

from gui.canvas.routing import ABOVE, BELOW, LABEL_STUB, LANE, STUB, End, Route, around, route
from gui.canvas.routing_cards import Cards
from gui.canvas.routing_search import search

CLEAR = 6.0  # distance that wires keep from cards which are not theirs
SHORT = 12.0  # the shortest way out of a port where there is no room for a whole stub
LEVEL = 3.0  # ends whose heights differ less than that are joined by a straight line
GENTLE = 260.0  # the longest S; further than that a wire goes level and turns near its target
WIDE, DETOUR = 48.0, 80.0  # a lane in a gap less than that wide is worth this detour
VIEW = 160.0  # how far above and below its ends a wire looks for a way at first
FAR = 1600.0  # and then


def find(source: End, target: End, cards: Cards, *, below: bool = False, thorough: bool = True) -> Route:
    """The way from an output to an input; `below` prefers to run under its target.

    Where all plain ways are blocked, a `thorough` one searches; if that fails too the wire passes behind cards.
    """
    return (
        _direct(source, target, cards)
        or (None if below else _step(source, target, cards))
        or _across(source, target, cards, below=below, view=VIEW)
        or (_across(source, target, cards, below=below, view=FAR) if thorough else None)
        or (search(source, target, cards) if thorough else None)
        or route(source, target, below=below)
    )


def _direct(source: End, target: End, cards: Cards) -> Route | None:
    """A straight line or a gentle S, where nothing is in between."""
    dx, dy = target.x - source.x, target.y - source.y
    level = abs(dy) < LEVEL
    if not (0 if level else STUB) <= dx or (not level and dx > GENTLE):
        return None
    if not _level_is_free(cards, source.x, target.x, min(source.y, target.y), max(source.y, target.y)):
        return None
    return Route(((source.x, source.y), (target.x, target.y)), curved=not level)


def _step(source: End, target: End, cards: Cards) -> Route | None:
    """Level, then to the height of the target, then level again."""
    first, last = source.x + SHORT, target.x - SHORT
    if first > last:
        return None
    ahead = cards.within(source.x, source.y - CLEAR, target.x, source.y + CLEAR)
    behind = cards.within(source.x, target.y - CLEAR, target.x, target.y + CLEAR)
    last = min([last, *(card.left - CLEAR for card in ahead)])
    first = max([first, *(card.right + CLEAR for card in behind)])
    top, bottom = sorted((source.y, target.y))
    for turn in (target.x - STUB, source.x + STUB, last - STUB + SHORT, first + STUB - SHORT, first, last):
        if first <= turn <= last and cards.free(turn - CLEAR, top, turn + CLEAR, bottom):
            return Route(((source.x, source.y), (turn, source.y), (turn, target.y), (target.x, target.y)))
    return None


def _across(source: End, target: End, cards: Cards, *, below: bool, view: float) -> Route | None:
    """Out of its level, across where a lane is free, and to the target."""
    stub = LABEL_STUB if below else STUB
    for turns in ((source.x + stub, target.x - stub), (source.x + SHORT, target.x - SHORT)):
        for lane in _lanes(source, target, turns, cards, below=below, view=view):
            (top, bottom), (high, low) = sorted((source.y, lane)), sorted((target.y, lane))
            if cards.free(turns[0] - CLEAR, top, turns[0] + CLEAR, bottom) and cards.free(
                turns[1] - CLEAR, high, turns[1] + CLEAR, low
            ):
                return around(source, target, lane, turns)
    return None


def _lanes(
    source: End, target: End, turns: tuple[float, float], cards: Cards, *, below: bool, view: float
) -> Iterator[float]:
    """Heights at which no card is between the two turns, the best first."""
    left, right = min(turns), max(turns)
    high, low = min(source.top, target.top), max(source.bottom, target.bottom)
    found = cards.within(left - CLEAR, high - view, right + CLEAR, low + view)
    spans = [(card.top, card.bottom) for card in found]
    if below:
        spans += [(source.top, source.bottom), (target.top, target.bottom)]
    gaps = list(_gaps(spans))
    under = target.bottom >= source.top

    def cost(gap: tuple[float, float]) -> tuple[bool, float]:
        lane = _in_gap(gap, source, target)
        wrong = below and (gap[0] < target.bottom if under else gap[1] > source.top)
        narrow = DETOUR if gap[1] - gap[0] < WIDE else 0.0  # between cards of one row, rather than between rows
        return wrong, abs(lane - source.y) + abs(lane - target.y) + narrow

    return (_in_gap(gap, source, target) for gap in sorted(gaps, key=cost))


def _gaps(spans: list[tuple[float, float]]) -> Iterator[tuple[float, float]]:
    """What the spans leave free, from top to bottom."""
    free = -math.inf
    for top, bottom in sorted(spans):
        if top - free > 2 * CLEAR:
            yield free, top
        free = max(free, bottom)
    yield free, math.inf


def _in_gap(gap: tuple[float, float], source: End, target: End) -> float:
    """The height in a gap: near the cards around which the wire goes, or above the cards of a lower row."""
    top, bottom = gap
    half = (bottom - top) / 2
    if math.isinf(half) and math.isinf(top) and math.isinf(bottom):
        return (source.y + target.y) / 2
    if top >= max(source.y, target.y):
        return top + min(BELOW, half)
    if bottom <= min(source.y, target.y):
        return bottom - min(ABOVE, half)
    if math.isinf(bottom):
        return top + BELOW
    return bottom - min(LANE, half)


def _level_is_free(cards: Cards, left: float, right: float, top: float, bottom: float) -> bool:
    return cards.free(left, top - CLEAR, right, bottom + CLEAR)
