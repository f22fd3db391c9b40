"""Tidy up: nodes in layers along the flow, few crossings, long networks wrapped into rows like text."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import accumulate
from statistics import fmean

from graph.areas import COLUMN_GAP, GRID
from graph.layout_frames import Folds, clusters
from graph.layout_layers import STACK_GAP, AllPorts, Place, parts, up
from graph.look import RIGHT
from graph.model import Graph, NodeId, Position

Size = tuple[float, float]
Row = list[Place]

NODE_SIZE: Size = (148.0, 66.0)
ROW_GAP = 64.0  # between rows, where the wires run
WRAP = 5
PAGE = 1.75  # width of a page / its height
SLACK = 2  # how many columns shorter than the others a row may be where fewer wires are cut
RAGGED = 1e9  # what a shorter one costs: only where a frame does not fit beside what is before it
LANE = 8.0  # distance of wires that run side by side
FREE_LANES = (3, 4)  # as many wires as a gap between columns, and one between rows, has room for as it is

__all__ = ["NODE_SIZE", "ROW_GAP", "STACK_GAP", "WRAP", "goes_right", "tidy", "tidy_part"]


def tidy(
    graph: Graph,
    *,
    sizes: Mapping[NodeId, Size] | None = None,
    ports: AllPorts | None = None,
    wrap: int = WRAP,
    origin: Position = (0.0, 0.0),
    flow: str = RIGHT,
) -> dict[NodeId, Position]:
    """Where the nodes would stand well: positions of their upper left corners, on a grid of 4 canvas units.

    Layers go from left to right in the direction of the wires; after `wrap` layers (more in large drawings, so that the
    page stays wider than high) a new row begins, where few wires are cut. Connected parts stand below each other, nodes
    without wires last. `sizes` are widths and heights; nodes without an entry have `NODE_SIZE`. `ports` say how far across
    the flow the ports of a card lie: those that are wired to each other are put level. With the `flow` "down" it is the
    same picture with its axes exchanged: layers go from top to bottom, and columns take the place of rows.

    The nodes of a frame stay together, with room for the frame that `graph.framing.refitted` draws around them, so that no
    other node lies in it. For frames that overlap without one lying in the other this holds only for the smallest.
    """
    return _tidied(graph, graph.nodes, sizes=sizes, ports=ports, wrap=wrap, origin=origin, flow=flow)


def tidy_part(
    graph: Graph,
    ids: Iterable[NodeId],
    *,
    sizes: Mapping[NodeId, Size] | None = None,
    ports: AllPorts | None = None,
    wrap: int = WRAP,
    flow: str = RIGHT,
) -> dict[NodeId, Position]:
    """The same for some of the nodes only, around the point that is their middle now; the others have no say.

    A frame keeps its nodes together if all of them are among these.
    """
    places = _tidied(graph, set(ids), sizes=sizes, ports=ports, wrap=wrap, origin=(0.0, 0.0), flow=flow)
    now = _middle({node: graph.nodes[node].position for node in places}, sizes or {})
    then = _middle(places, sizes or {})
    dx, dy = (GRID * round((a - b) / GRID) for a, b in zip(now, then, strict=True))
    return {node: (x + dx, y + dy) for node, (x, y) in places.items()}


def goes_right(graph: Graph, sizes: Mapping[NodeId, Size], *, flow: str = RIGHT) -> bool:
    """Whether every wire ends further along the flow than the node that it comes from; `sizes` as for `tidy`."""
    along = 0 if flow == RIGHT else 1
    return all(
        graph.nodes[link.source.node].position[along] + sizes.get(link.source.node, NODE_SIZE)[along]
        <= graph.nodes[link.target.node].position[along]
        for link in graph.links.values()
    )


def _middle(places: Mapping[NodeId, Position], sizes: Mapping[NodeId, Size]) -> Position:
    """The middle of the area that nodes cover; the origin if there are none."""
    if not places:
        return (0.0, 0.0)
    ends = {node: sizes.get(node, NODE_SIZE) for node in places}
    return (
        (min(x for x, _ in places.values()) + max(x + ends[node][0] for node, (x, _) in places.items())) / 2,
        (min(y for _, y in places.values()) + max(y + ends[node][1] for node, (_, y) in places.items())) / 2,
    )


def _tidied(
    graph: Graph,
    ids: Collection[NodeId],
    *,
    sizes: Mapping[NodeId, Size] | None,
    ports: AllPorts | None,
    wrap: int,
    origin: Position,
    flow: str,
) -> dict[NodeId, Position]:
    """The places of some nodes, with the frames around only these folded while what is around them is laid out."""
    size = {node: (sizes or {}).get(node, NODE_SIZE) for node in graph.nodes}
    part = graph if len(ids) == len(graph.nodes) else graph.only(ids, graph.look.annotations)
    folds = Folds(part, size, ports or {}, across=1 if flow == RIGHT else 0)
    for cluster in clusters(graph, size, ids):
        folds.fold(cluster, _placed(folds.part(cluster), folds, wrap=wrap, flow=flow))
    return folds.unfolded(_placed(folds.graph, folds, wrap=wrap, origin=origin, flow=flow))


def _placed(
    graph: Graph, folds: Folds, *, wrap: int, flow: str, origin: Position = (0.0, 0.0)
) -> dict[NodeId, Position]:
    """The places of the cards of a drawing, or a part of it, in which frames are folded."""
    along, across = (0, 1) if flow == RIGHT else (1, 0)
    width = {node: up(folds.sizes[node][along] + COLUMN_GAP) for node in folds.sizes}
    height = {node: up(folds.sizes[node][across]) for node in graph.nodes}
    spans = folds.spans(width)
    page = PAGE if flow == RIGHT else 1 / PAGE
    rows: list[Row] = []
    for layers in parts(graph, height, folds.ports):
        extents = [_extent(layer, height) for layer in layers]
        breadth = fmean(max(extents[i : i + wrap]) for i in range(0, len(extents), wrap)) + ROW_GAP
        taken = [max(spans.get(place.node, 1) for place in layer) for layer in layers]
        depth = sum(max(width[place.node] for place in layer) for layer in layers) / sum(taken)
        columns = max(*taken, _columns(sum(taken), wrap, page * breadth / depth))
        rows += _rows(layers, taken, graph, columns)
    placed = {place.node for row in rows for place in row}
    rows += _grid([node for node in graph.nodes if node not in placed], spans, wrap)
    places = _positions(rows, width, height, spans, (origin[along], origin[across]), _lanes(rows, spans, graph))
    return {node: (place[along], place[across]) for node, place in places.items()}


# ---- from rows to positions


def _positions(
    rows: list[Row],
    width: Mapping[NodeId, float],
    height: Mapping[NodeId, float],
    spans: Mapping[NodeId, int],
    origin: Position,
    lanes: tuple[Mapping[int, int], Mapping[int, int]],
) -> dict[NodeId, Position]:
    widths = _widths([place for row in rows for place in row], width, spans)
    left, top = origin
    lefts = {}
    for column in range(max(widths, default=-1) + 1):
        left += _room(lanes[0].get(column, 0), FREE_LANES[0]) if column else 0.0
        lefts[column] = left
        left += widths[column]
    positions = {}
    for number, row in enumerate(rows):
        top += _room(lanes[1].get(number, 0), FREE_LANES[1]) if number else 0.0
        positions |= {place.node: (lefts[place.column], top + place.top) for place in row}
        top += up(max(place.top + height[place.node] for place in row) + ROW_GAP)
    return positions


def _widths(places: list[Place], width: Mapping[NodeId, float], spans: Mapping[NodeId, int]) -> dict[int, float]:
    """The width of each column; what takes several and does not fit in them widens the last."""
    widths: dict[int, float] = defaultdict(float)
    for place in sorted(places, key=lambda place: spans.get(place.node, 1)):
        columns = range(place.column, place.column + spans.get(place.node, 1))
        widths[columns[-1]] += max(0.0, width[place.node] - sum(widths[column] for column in columns))
    return widths


def _room(lanes: int, free: int) -> float:
    """What a gap needs besides its usual width."""
    return LANE * max(0, lanes - free)


def _lanes(rows: list[Row], spans: Mapping[NodeId, int], graph: Graph) -> tuple[dict[int, int], dict[int, int]]:
    """How many wires run side by side in the gap before each column, and in the one above each row."""
    at = {place.node: (number, place.column) for number, row in enumerate(rows) for place in row}
    columns: dict[int, set[NodeId]] = defaultdict(set)
    above: dict[int, set[NodeId]] = defaultdict(set)
    for (source, _), (target, _) in graph.links.values():
        (row, column), (end_row, end_column) = at[source], at[target]
        column += spans.get(source, 1) - 1
        if row == end_row and end_column == column + 1:
            continue
        columns[column + 1].add(source)
        columns[end_column].add(source)
        above[max(row, end_row)].add(source)
    return {k: len(v) for k, v in columns.items()}, {k: len(v) for k, v in above.items()}


# ---- from layers to rows


def _rows(layers: list[list[Place]], taken: list[int], graph: Graph, columns: int) -> Iterator[Row]:
    """The layers as lines of a text of about even length; the last one stands in the middle.

    `taken` is how many columns each layer takes.
    """
    for start, end in _breaks(_cuts(layers, graph), taken, columns):
        line = layers[start:end]
        length = sum(taken[start:end])
        shift = max(0, columns - length) // 2 if start and end == len(layers) else 0
        highest = min(place.top for layer in line for place in layer)
        lefts = accumulate(taken[start:end], initial=shift)
        yield [
            Place(place.node, left, place.top - highest)
            for left, layer in zip(lefts, line, strict=False)
            for place in layer
        ]


def _cuts(layers: list[list[Place]], graph: Graph) -> list[int]:
    """For each layer, from how many nodes of layers before it wires lead to it or beyond."""
    layer_of = {place.node: i for i, layer in enumerate(layers) for place in layer}
    starts, ends = [0] * (len(layers) + 1), [0] * (len(layers) + 1)
    for node, layer in layer_of.items():
        last = max((layer_of.get(link.target.node, layer) for link in graph.outgoing(node)), default=layer)
        if last > layer:
            starts[layer + 1] += 1
            ends[last + 1] += 1
    cuts, passing = [], 0
    for start, end in zip(starts, ends, strict=True):
        passing += start - end
        cuts.append(passing)
    return cuts


def _breaks(cuts: list[int], taken: list[int], columns: int) -> list[tuple[int, int]]:
    """First and last layer (exclusive) of each row: no row longer than `columns`, few wires cut, few short rows.

    A layer that takes more columns than there are has a row of its own.
    """
    count = len(taken)
    best: list[tuple[float, int]] = [(0.0, 0)] + [(math.inf, 0)] * count
    for end in range(1, count + 1):
        length = 0
        for start in range(end - 1, -1, -1):
            length += taken[start]
            if length > columns and start < end - 1:
                break
            missing = max(0, columns - length)
            ragged = RAGGED if missing > SLACK else 0.0
            cost = best[start][0] + (0 if end == count else missing**2 + 2 * cuts[end] + ragged)
            if cost <= best[end][0]:
                best[end] = (cost, start)
    rows = []
    end = count
    while end:
        rows.append((best[end][1], end))
        end = best[end][1]
    return rows[::-1]


def _grid(nodes: list[NodeId], spans: Mapping[NodeId, int], wrap: int) -> Iterator[Row]:
    columns = _columns(sum(spans.get(node, 1) for node in nodes), wrap, 1.0)
    row: Row = []
    left = 0
    for node in nodes:
        if row and left + spans.get(node, 1) > columns:
            yield row
            row, left = [], 0
        row.append(Place(node, left, 0.0))
        left += spans.get(node, 1)
    if row:
        yield row


def _columns(count: int, wrap: int, shape: float) -> int:
    """How many of `count` layers a row has: no more than `wrap`, or than a page of good shape needs, and rows alike.

    `shape` is how many times as wide as high the page is to be, times the breadth of a row, by the width of a column.
    """
    most = max(wrap, math.ceil(math.sqrt(shape * count)))
    return math.ceil(count / math.ceil(count / most)) if count else 1


def _extent(layer: list[Place], height: Mapping[NodeId, float]) -> float:
    """From the top of the first node of a layer to the bottom of the last."""
    return max(place.top + height[place.node] for place in layer) - min(place.top for place in layer)
