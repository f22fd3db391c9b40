"""Snapping of cards that are dragged: to the edges and middles of cards around, to equal gaps, else to the grid."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPen
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from graph.arranging import Box
from graph.model import NodeId
from gui.canvas.viewport import is_legible
from gui.theme import mono_font, theme

if TYPE_CHECKING:
    from gui.canvas.scene import CanvasScene
    from gui.canvas.view import CanvasView

REACH = 5.0  # pixels of the screen from which on a card is drawn to a line
SHARES = (0.0, 0.5, 1.0)  # the lines of a card: left, center, right, or top, middle, bottom
SAME = 0.5  # canvas units that count as none
OVERHANG = 8.0  # of a line beyond the cards that it is about
FURTHEST = 1200.0  # a card further away, along the line, is not near by
GUIDES_Z = 7.0
_TICK = 4.0


class Line(NamedTuple):
    """What is shown: a line, and the distance that is written in its middle (0: none)."""

    line: QLineF
    length: float = 0.0


class Match(NamedTuple):
    """A way to a place that lines up: how far it is, and what shows why; whether that is about gaps."""

    delta: float
    lines: tuple[Line, ...]
    is_spaced: bool = False


class Guides:
    """For one drag. Only cards that can be seen have a say, and they are sorted once, so that a move costs next to nothing."""

    def __init__(self, view: CanvasView, moving: Iterable[NodeId]) -> None:
        self._view, self._scene = view, view.scene()
        self._moving = frozenset(moving)
        self._seen = QRectF()
        self._others: list[Box] = []
        self._edges: dict[tuple[int, float], list[tuple[float, Box]]] = {}
        self._lines = GuideLines(self._scene)
        self._scene.addItem(self._lines)

    def snap(self, area: QRectF, to_grid: QPointF) -> QPointF:
        """How far an area must move to line up, or, where nothing is near by, to lie on the grid; shows the lines there."""
        if not is_legible(self._view.zoom):
            self.clear()
            return to_grid
        self._look_around()
        box = Box(area.x(), area.y(), area.width(), area.height())
        dx, dy = (next((match.delta for match in self._best(box, axis)), None) for axis in (0, 1))
        offset = QPointF(to_grid.x() if dx is None else dx, to_grid.y() if dy is None else dy)
        there = Box(box.left + offset.x(), box.top + offset.y(), box.width, box.height)
        matches = [m for axis, d in enumerate((dx, dy)) if d is not None for m in self._best(there, axis)]
        spaced = any(match.is_spaced for match in matches)  # then the gaps say all distances
        self._lines.show_lines(
            [line for m in matches for line in (m.lines[:1] if spaced and not m.is_spaced else m.lines)]
        )
        return offset

    def clear(self) -> None:
        """Show no lines."""
        self._lines.show_lines([])

    def end(self) -> None:
        """The drag is over."""
        self._scene.removeItem(self._lines)

    def _look_around(self) -> None:
        area = self._view.visible_area()
        if self._seen.contains(area):
            return
        self._seen = area.adjusted(-area.width() / 2, -area.height() / 2, area.width() / 2, area.height() / 2)
        bodies = [self._scene.nodes[i].body() for i in self._scene.nodes_in(self._seen) - self._moving]
        self._others = [Box(b.x(), b.y(), b.width(), b.height()) for b in bodies]
        self._edges = {
            (axis, share): sorted((_edge(box, axis, share), box) for box in self._others)
            for axis in (0, 1)
            for share in SHARES
        }

    def _best(self, box: Box, axis: int) -> list[Match]:
        """The shortest way along an axis; an alignment and a gap where both agree."""
        kinds = (self._aligned(box, axis), self._spaced(box, axis))
        firsts = [min(matches, key=lambda match: abs(match.delta), default=None) for matches in kinds]
        found = sorted((match for match in firsts if match is not None), key=lambda match: abs(match.delta))
        return [match for match in found if abs(match.delta - found[0].delta) < SAME]

    def _aligned(self, box: Box, axis: int) -> Iterator[Match]:
        """For each line of the box, the nearest card that has the same line within reach."""
        reach = REACH / self._view.zoom
        for share in SHARES:
            line, edges = _edge(box, axis, share), self._edges[axis, share]
            low = bisect_left(edges, line - reach, key=lambda edge: edge[0])
            high = bisect_right(edges, line + reach, key=lambda edge: edge[0])
            near = [edge for edge in edges[low:high] if _apart(box, edge[1], 1 - axis) < FURTHEST]
            if near:
                at, other = min(near, key=lambda edge: (abs(edge[0] - line), _apart(box, edge[1], 1 - axis)))
                yield Match(at - line, _along(box, other, axis, at))

    def _spaced(self, box: Box, axis: int) -> Iterator[Match]:
        """Places in a row of cards with gaps as wide as one another."""
        row = sorted((o for o in self._others if o.meets(box, 1 - axis)), key=lambda other: other.start(axis))
        middle = _edge(box, axis, 0.5)
        before = [o for o in row if _edge(o, axis, 0.5) < middle][-2:]
        after = [o for o in row if _edge(o, axis, 0.5) >= middle][:2]
        tries: list[tuple[float, list[Box | None]]] = []
        if before and after:
            room = after[0].start(axis) - before[-1].end(axis) - box.size(axis)
            tries.append((before[-1].end(axis) + room / 2, [before[-1], None, after[0]]))
        if len(before) == 2:
            gap = before[1].start(axis) - before[0].end(axis)
            tries.append((before[1].end(axis) + gap, [*before, None]))
        if len(after) == 2:
            gap = after[1].start(axis) - after[0].end(axis)
            tries.append((after[0].start(axis) - gap - box.size(axis), [None, *after]))
        for start, around in tries:
            there = box.at(axis, start)
            cards = [there if other is None else other for other in around]
            gaps = [(a, b) for a, b in pairwise(cards) if b.start(axis) - a.end(axis) > SAME]
            if len(gaps) == 2 and abs(start - box.start(axis)) <= REACH / self._view.zoom:
                yield Match(start - box.start(axis), tuple(_gap(a, b, axis) for a, b in gaps), is_spaced=True)


class GuideLines(QGraphicsItem):
    """Thin lines with distances, a pixel wide at every zoom."""

    def __init__(self, canvas: CanvasScene) -> None:
        super().__init__()
        self._canvas = canvas
        self.lines: list[Line] = []
        self.setZValue(GUIDES_Z)

    def show_lines(self, lines: list[Line]) -> None:
        """Show these in the place of those before."""
        if lines != self.lines:
            self.prepareGeometryChange()
            self.lines = lines

    def boundingRect(self) -> QRectF:
        area = QRectF()
        for line, _ in self.lines:
            area = area.united(QRectF(line.p1(), line.p2()).normalized().adjusted(-60, -60, 60, 60))
        return area

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        view = painter.worldTransform()
        painter.resetTransform()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setFont(mono_font(theme.px(10)))
        accent, ground = self._canvas.colors("accent"), self._canvas.colors("canvas")
        for line, length in self.lines:
            here = view.map(line)
            painter.setPen(QPen(accent, 1.0))
            painter.drawLine(here)
            if length > SAME:
                _paint_ticks(painter, here)
                text = f"{length:g}"
                width, height = QFontMetricsF(painter.font()).horizontalAdvance(text) + 8, theme.px(16)
                label = QRectF(here.center().x() - width / 2, here.center().y() - height / 2, width, height)
                painter.fillRect(label, ground)
                painter.drawText(label, Qt.AlignmentFlag.AlignCenter, text)


def _paint_ticks(painter: QPainter, line: QLineF) -> None:
    across = QPointF(0, _TICK) if abs(line.dx()) > abs(line.dy()) else QPointF(_TICK, 0)
    for end in (line.p1(), line.p2()):
        painter.drawLine(QLineF(end - across, end + across))


def _edge(box: Box, axis: int, share: float) -> float:
    return box.start(axis) + share * box.size(axis)


def _apart(box: Box, other: Box, axis: int) -> float:
    """The gap between two boxes along an axis; 0 where they meet."""
    return max(0.0, other.start(axis) - box.end(axis), box.start(axis) - other.end(axis))


def _along(box: Box, other: Box, axis: int, at: float) -> tuple[Line, ...]:
    """The line at which two boxes align, over both of them, and the distance between them where there is one."""
    across = 1 - axis
    first, last = sorted((box, other), key=lambda each: each.start(across))
    whole = _line(axis, at, first.start(across) - OVERHANG, max(box.end(across), other.end(across)) + OVERHANG)
    apart = last.start(across) - first.end(across)
    return (whole, _line(axis, at, first.end(across), last.start(across), apart)) if apart > SAME else (whole,)


def _line(axis: int, at: float, low: float, high: float, length: float = 0.0) -> Line:
    """A line that is upright where things move sideways (axis 0), else level."""
    ends = [QPointF(at, low), QPointF(at, high)] if axis == 0 else [QPointF(low, at), QPointF(high, at)]
    return Line(QLineF(*ends), length)


def _gap(box: Box, other: Box, axis: int) -> Line:
    """The gap between two boxes that follow each other along an axis, in the middle of what they have in common."""
    across = 1 - axis
    at = (max(box.start(across), other.start(across)) + min(box.end(across), other.end(across))) / 2
    return _line(across, at, box.end(axis), other.start(axis), other.start(axis) - box.end(axis))
