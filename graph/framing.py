"""What lies in the frames of a drawing: it moves with them, and they are fitted to it again when it moved by itself."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

from graph.areas import GRID, Area, overlap
from graph.look import FRAME, RIGHT, Annotation, Look, within_reach
from graph.model import Graph, NodeId, Port, Position

Sizes = Mapping[NodeId, tuple[float, float]]  # width and height of the card of every node

BAND = 256.0  # height of the rows that areas are sorted into
MARGIN = 16.0  # between a frame and what it is fitted to
TITLE = 28.0  # height of the bar with the title of a frame
STUB = 24.0  # how far from a card a wire turns that runs back against the flow
WAY_BACK = STUB + 8.0 - MARGIN  # what a frame needs for it beside the card, besides the margin
WAY_BELOW = 20.0 + 8.0 - MARGIN  # the same for a wire that runs below its target
NEXT = 120.0  # the target of a wire no longer than that is in the next column, and there is nothing to run around


class Load(NamedTuple):
    """Nodes, frames and notes that belong together for a while."""

    nodes: frozenset[NodeId] = frozenset()
    annotations: frozenset[str] = frozenset()


def load_of(graph: Graph, nodes: Iterable[NodeId], annotations: Iterable[str], sizes: Sizes) -> Load:
    """These, and whatever lies wholly in the frames among them."""
    found_nodes, found_annotations = set(nodes), set(annotations)
    there = graph.look.annotations
    frames = sorted((there[i] for i in found_annotations if there[i].kind == FRAME), key=_size, reverse=True)
    if frames:
        held, inner = Held(graph, sizes), set[str]()
        for frame in frames:
            if frame.id not in inner:  # else a larger one brought what is in it
                load = held.load(frame)
                found_nodes |= load.nodes
                inner |= load.annotations
        found_annotations |= inner
    return Load(frozenset(found_nodes), frozenset(found_annotations))


_Entry = tuple[Area, str, bool]  # a rectangle, whose it is, whether of a frame or note


class Held:
    """What lies in the frames of a drawing: an index of all areas by where their upper left corners are."""

    def __init__(self, graph: Graph, sizes: Sizes) -> None:
        cards = ((_card(graph, i, sizes), i, False) for i in graph.nodes)
        rows: dict[int, list[_Entry]] = {}
        for entry in (*cards, *((note.area, i, True) for i, note in graph.look.annotations.items())):
            rows.setdefault(_band(entry[0][1]), []).append(entry)
        self._rows = {band: sorted(row) for band, row in rows.items()}

    def load(self, frame: Annotation) -> Load:
        """What lies wholly in a frame, without itself."""
        area = frame.area
        found = [entry for entry in self._near(area) if _holds(area, entry[0])]
        nodes = frozenset(i for _, i, is_annotation in found if not is_annotation)
        return Load(nodes, frozenset(i for other, i, is_annotation in found if is_annotation and other != area))

    def _near(self, area: Area) -> Iterator[_Entry]:
        """What has its upper left corner in an area, and some more."""
        left, top, width, height = area
        bands = range(_band(top), _band(top + height) + 1)
        for band in bands if len(bands) < len(self._rows) else [band for band in self._rows if band in bands]:
            row = self._rows.get(band, [])
            yield from row[bisect_left(row, left, key=_left) : bisect_right(row, left + width, key=_left)]


def _left(entry: _Entry) -> float:
    return entry[0][0]


def _band(y: float) -> int:
    return math.floor(y / BAND)


def _size(annotation: Annotation) -> float:
    return annotation.area[2] * annotation.area[3]


def moved(graph: Graph, load: Load, offset: Position) -> Graph:
    """The drawing with a load elsewhere; the wires between its nodes keep their corners, relative to these."""
    dx, dy = offset
    places = {i: graph.nodes[i].position for i in load.nodes}
    look = with_areas(graph.look, moved_areas(graph, load, offset))
    look = replace(look, bends={**look.bends, **moved_bends(graph, load, offset)})
    return replace(graph.move({i: (x + dx, y + dy) for i, (x, y) in places.items()}), look=look)


def moved_areas(graph: Graph, load: Load, offset: Position) -> dict[str, Area]:
    """The areas of the frames and notes of a load that is elsewhere."""
    annotations = graph.look.annotations
    return {i: shifted(annotations[i].area, offset) for i in load.annotations}


def moved_bends(graph: Graph, load: Load, offset: Position) -> dict[Port, tuple[Position, ...]]:
    """The corners of the wires between the nodes of a load that is elsewhere, by the inputs that they end at."""
    dx, dy = offset
    return {
        target: tuple(within_reach((x + dx, y + dy)) for x, y in points)
        for target, points in graph.look.bends.items()
        if target.node in load.nodes and graph.links[target].source.node in load.nodes
    }


def area_around(graph: Graph, load: Load, sizes: Sizes) -> Area | None:
    """The area of a frame around a load, on the grid; None around nothing."""
    annotations = graph.look.annotations
    cards = {i: _card(graph, i, sizes) for i in load.nodes}
    ways = ways_around(graph, cards, graph.look.flow)
    return framed([*cards.values(), *ways, *(annotations[i].area for i in load.annotations)])


def refitted(before: Graph, after: Graph, sizes_before: Sizes, sizes_after: Sizes) -> Look:
    """The look of `after`, with frames around those nodes that they were around in `before`; notes in them come along.

    A frame whose nodes are where they were stays as it is, unless another node came to lie on it or the frame around it
    changes; so does one without any nodes. Frames that overlap may end up around nodes of each other.
    """
    there = {i: annotation for i, annotation in before.look.annotations.items() if i in after.look.annotations}
    areas = {i: after.look.annotations[i].area for i in there}
    frames = sorted((a for a in there.values() if a.kind == FRAME), key=_size)
    held, order = Held(before, sizes_before), {i: number for number, i in enumerate(there)}
    loads = {frame.id: held.load(frame) for frame in frames}
    cards = {
        i: (_card(before, i, sizes_before), _card(after, i, sizes_after)) for i in before.nodes & after.nodes.keys()
    }
    changed = {i: new for i, (old, new) in cards.items() if old != new}
    stale = {frame.id for frame in frames if _is_stale(frame.area, loads[frame.id], changed)}
    stale |= {i for outer in stale for i in loads[outer].annotations}
    carried: set[str] = set()
    for frame in frames:  # inner ones first
        load = loads[frame.id]
        pairs = [cards[i] for i in load.nodes if i in cards]
        others = sorted(load.annotations & there.keys(), key=order.__getitem__)
        notes = [i for i in others if there[i].kind != FRAME and i not in carried]
        if pairs:
            carried.update(notes)
        if frame.id not in stale or not pairs:
            continue
        (x0, y0), (x1, y1) = ((min(p[k][0] for p in pairs), min(p[k][1] for p in pairs)) for k in (0, 1))
        among = [*(new for _, new in pairs), *(areas[i] for i in others if i not in notes)]
        notes_then = carried_along([there[note].area for note in notes], (x1 - x0, y1 - y0), among)
        areas |= dict(zip(notes, notes_then, strict=True))
        ways = ways_around(after, {i: cards[i][1] for i in load.nodes if i in cards}, after.look.flow)
        areas[frame.id] = framed([*among, *ways, *notes_then]) or areas[frame.id]
    look = after.look
    elsewhere = {i: area for i, area in areas.items() if area != look.annotations[i].area}
    return with_areas(look, elsewhere) if elsewhere else look


def with_areas(look: Look, areas: Mapping[str, Area]) -> Look:
    """A look with frames and notes elsewhere."""
    changed: dict[str, Annotation] = {i: replace(look.annotations[i], area=area) for i, area in areas.items()}
    return replace(look, annotations={**look.annotations, **changed})


def shifted(area: Area, offset: Position) -> Area:
    """The area elsewhere."""
    left, top, width, height = area
    return (*within_reach((left + offset[0], top + offset[1])), width, height)


def _is_stale(area: Area, load: Load, changed: Mapping[NodeId, Area]) -> bool:
    """Whether the nodes of a frame moved, or another one came to lie on it; `changed` are the cards that did."""
    return not load.nodes.isdisjoint(changed) or any(overlap(area, card) for card in changed.values())


def _card(graph: Graph, node: NodeId, sizes: Sizes) -> Area:
    return (*graph.nodes[node].position, *sizes[node])


def _holds(area: Area, other: Area) -> bool:
    """Whether the other area lies wholly in the one."""
    return (
        area[0] <= other[0]
        and area[1] <= other[1]
        and other[0] + other[2] <= area[0] + area[2]
        and other[1] + other[3] <= area[1] + area[3]
    )


def carried_along(notes: Iterable[Area], offset: Position, among: Iterable[Area]) -> list[Area]:
    """The areas of notes in a frame that is elsewhere, moved along; one that would cover what is there goes below it."""
    there, found = list(among), []
    for note in notes:
        area = shifted(note, offset)
        if any(overlap(area, other) for other in there):
            area = (min(a[0] for a in there), max(a[1] + a[3] for a in there) + MARGIN, area[2], area[3])
        there.append(area)
        found.append(area)
    return found


def ways_around(graph: Graph, cards: Mapping[NodeId, Area], flow: str) -> list[Area]:
    """Areas beside cards for the wires between them: those that run back against the flow turn there, or run below."""
    is_right = flow == RIGHT
    along = 0 if is_right else 1
    ahead, behind = ((WAY_BACK, 0.0), (-WAY_BACK, 0.0)) if is_right else ((0.0, WAY_BACK), (0.0, -WAY_BACK))
    below = (0.0, WAY_BELOW) if is_right else (WAY_BELOW, 0.0)
    found = []
    for source, target in (link for node in cards for link in graph.outgoing(node) if link.target.node in cards):
        here, there = cards[source.node], cards[target.node]
        length = there[along] - here[along] - here[along + 2]
        if length < STUB:
            found += [shifted(here, ahead), shifted(there, behind)]
        if not STUB <= length <= NEXT:
            found.append(shifted(there, below))
    return found


def framed(areas: list[Area]) -> Area | None:
    """The area of a frame around these, on the grid; None around nothing."""
    if not areas:
        return None
    left, top = min(a[0] for a in areas) - MARGIN, min(a[1] for a in areas) - MARGIN - TITLE
    right, bottom = max(a[0] + a[2] for a in areas) + MARGIN, max(a[1] + a[3] for a in areas) + MARGIN
    x, y = GRID * math.floor(left / GRID), GRID * math.floor(top / GRID)
    return (x, y, GRID * math.ceil(right / GRID) - x, GRID * math.ceil(bottom / GRID) - y)
