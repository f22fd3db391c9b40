"""Keeps the wires of a scene on their ways: at once while cards move, in lanes and with labels when they have settled."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Slot

from graph.look import RIGHT
from graph.model import Link, NodeId, Port, Position
from gui.canvas.geometry import Shape
from gui.canvas.items import NodeItem
from gui.canvas.routing import End, Route, route, through
from gui.canvas.routing_cards import Cards, Rect
from gui.canvas.routing_labels import Labels
from gui.canvas.routing_lanes import spread
from gui.canvas.routing_ways import find

if TYPE_CHECKING:
    from gui.canvas.scene import CanvasScene
    from gui.canvas.wires import WireItem

AT_ONCE = 150  # so many wires are put in order before anything is painted; more of them in slices in between
SLICE = 0.006  # seconds
REST = 12  # milliseconds between slices, so that nothing stutters meanwhile
HUB = 16  # a node with more wires: while it moves they do not look out for cards
PAUSE = 120  # milliseconds without a move until wires are put in order while a card is held
MANY = 40  # cards that changed: then all ways are found again
NEARBY = 40.0  # a card that changes this close to a way may change it


class Router(QObject):
    """Lays the wires of a scene. The order of wires depends only on the drawing, not on how it came about."""

    def __init__(self, canvas: CanvasScene) -> None:
        super().__init__(canvas)
        self._canvas = canvas
        self._flow = RIGHT
        self._cards = Cards()
        self._noted: dict[NodeId, tuple[Position, Shape]] = {}  # where each card was, and of which shape
        self._bends: dict[Port, tuple[Position, ...]] = {}
        self._held: dict[Link, tuple[Position, ...]] = {}  # corner points that are being dragged
        self._ways: dict[Link, Route] = {}
        self._areas: dict[Link, Rect] = {}
        self._changed: list[Rect] = []
        self._work: Iterator[None] | None = None
        self._ordered = self._written = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._go_on)

    def lay(self, wire: WireItem, source: NodeItem, target: NodeItem) -> None:
        """Run a wire from card to card as they lie on the screen; it gets its lane when things settle."""
        self._held.pop(wire.link, None)
        self.drop(wire.link)
        wire.show_route(self._find(wire, source, target, thorough=False))
        wire.show_text(None)

    def bend(self, wire: WireItem, bends: Iterable[Position] | None) -> None:
        """Show a wire with corner points that are being dragged; None lets it run as the drawing says again.

        It keeps them, whatever else is put in order, until it is laid.
        """
        source, target = self._items(wire.link)
        if bends is None:
            self.lay(wire, source, target)
            return
        self._held[wire.link] = tuple(bends)
        self.drop(wire.link)
        wire.show_route(self._find(wire, source, target, thorough=False))
        wire.show_text(None)

    def drop(self, link: Link) -> None:
        """What was known about the way of a wire is no longer so."""
        self._ways.pop(link, None)
        self._work, self._ordered = None, False
        self._timer.start(PAUSE)

    def rewrite(self) -> None:
        """What flows through a wire is no longer what is written along it."""
        self._work, self._written = None, False
        self._timer.start(0)

    def settle(self) -> None:
        """The drawing is as it should be: put the wires in order, at once if they are few or nobody watches."""
        self._work = None
        self._timer.start(0)
        if len(self._canvas.wires) <= AT_ONCE or not self._canvas.views():
            self._timer.stop()
            for _ in self._steps():
                pass

    @Slot()
    def _go_on(self) -> None:
        end = time.perf_counter() + SLICE
        self._work = self._work or self._steps()
        for _ in self._work:
            if time.perf_counter() > end:
                self._timer.start(REST)
                return
        self._work = None

    def _steps(self) -> Iterator[None]:
        """All the work that there is, with pauses in which other things can happen."""
        if self._follow() or not self._ordered:
            self._ordered = self._written = False
            yield from self._order()
            self._ordered = True
        if not self._written:
            yield from self._write()
            self._written = True

    def _order(self) -> Iterator[None]:
        """Find the ways that are not known, put all in lanes, and show them."""
        wires = self._canvas.wires
        for link, wire in wires.items():
            if link not in self._ways:
                way = self._find(wire, *self._items(link), thorough=True)
                self._ways[link], self._areas[link] = way, _area(way)
                yield
        points = {
            link: [list(point) for point in self._ways[link].points]
            for link in wires
            if not self._ways[link].curved and link.target not in self._bends
        }
        yield from spread(points, {link: link.source for link in points}, self._cards)
        for link, wire in wires.items():
            way = self._ways[link]
            if link in points:
                way = Route(tuple((x, y) for x, y in points[link]))
            wire.show_route(way.turned(self._flow))
            yield

    def _write(self) -> Iterator[None]:
        """Write along the wires what flows through them, where there is room."""
        labels, wires = Labels(self._cards, self._flow, self._canvas.annotations.texts()), self._canvas.wires
        for wire in wires.values():
            labels.add_wire(wire.route.points)
            yield
        for link, wire in wires.items():
            size = wire.text_size()
            wire.show_text(labels.place(wire.route.points, size, link.source) if size else None)
            yield

    def _find(self, wire: WireItem, source: NodeItem, target: NodeItem, *, thorough: bool) -> Route:
        """A way in the flow to the right if thorough, else as it is shown."""
        start, end = _end(source, wire.link.source.name, output=True), _end(target, wire.link.target.name, output=False)
        bends = self._held.get(wire.link, self._canvas.graph.look.bends.get(wire.link.target))
        if bends or wire.link in self._held:
            way = through(start, end, [source.ports.turned(*point) for point in bends or ()])
        elif thorough or self._sees(source, target):
            way = find(start, end, self._cards, below=wire.carries_labels, thorough=thorough)
        else:
            way = route(start, end, below=wire.carries_labels)
        return way if thorough else way.turned(source.ports.flow)

    def _sees(self, *items: NodeItem) -> bool:
        """Whether wires of moving cards look out for others, which many cannot; where the cards are now is noted."""
        if len(self._canvas.wires) - len(self._ways) > AT_ONCE:
            return False
        if any(item.node.id not in self._cards.rects for item in items):
            return False
        for item in items:
            self._note(item)
        graph = self._canvas.graph
        return all(len(graph.outgoing(i.node.id)) + len(graph.incoming(i.node.id)) <= HUB for i in items)

    def _note(self, item: NodeItem) -> None:
        """Remember where a card is, and which areas changed by that."""
        node, noted = item.node.id, (item.place, item.ports)
        if self._noted.get(node) == noted:
            return
        known, rect = self._cards.rects.get(node), _rect(item)
        self._noted[node] = noted
        if rect != known:
            self._cards.put(node, rect)
            self._changed += [rect] if known is None else [known, rect]

    def _follow(self) -> bool:
        """Learn what is new on the canvas and forget all ways on which that may have a bearing; whether there are any."""
        look, nodes = self._canvas.graph.look, self._canvas.nodes
        if look.flow != self._flow:
            self._flow, self._cards = look.flow, Cards()
            self._ways.clear()
            self._noted.clear()
        for node in self._cards.rects.keys() - nodes.keys():
            self._changed.append(self._cards.rects[node])
            self._cards.take(node)
            del self._noted[node]
        for item in nodes.values():
            self._note(item)
        self._held = {link: held for link, held in self._held.items() if link in self._canvas.wires}
        bends = {**look.bends, **{link.target: held for link, held in self._held.items()}}
        stale = {link for link in self._ways if link not in self._canvas.wires}
        stale |= {link for link in self._ways if self._bends.get(link.target) != bends.get(link.target)}
        if len(self._changed) > MANY:
            stale.update(self._ways)
        else:
            stale |= {link for link in self._ways for rect in self._changed if _near(self._areas[link], rect)}
        for link in stale:
            del self._ways[link]
        self._bends, self._changed = bends, []
        return bool(stale) or len(self._ways) < len(self._canvas.wires)

    def _items(self, link: Link) -> tuple[NodeItem, NodeItem]:
        return self._canvas.nodes[link.source.node], self._canvas.nodes[link.target.node]


def _end(item: NodeItem, port: str, *, output: bool) -> End:
    shape = item.ports
    (x, y), (depth, breadth) = shape.turned(*item.place), shape.turned(shape.width, shape.height)
    if output:
        return End(x + depth, y + shape.outputs[port], y, y + breadth)
    return End(x, y + shape.inputs[port], y, y + breadth)


def _rect(item: NodeItem) -> Rect:
    shape = item.ports
    (x, y), (depth, breadth) = shape.turned(*item.place), shape.turned(shape.width, shape.height)
    return Rect(x, y, x + depth, y + breadth)


def _area(way: Route) -> Rect:
    """What a way covers, and some distance around."""
    xs, ys = [x for x, _ in way.points], [y for _, y in way.points]
    return Rect(min(xs) - NEARBY, min(ys) - NEARBY, max(xs) + NEARBY, max(ys) + NEARBY)


def _near(a: Rect, b: Rect) -> bool:
    return a.left < b.right and b.left < a.right and a.top < b.bottom and b.top < a.bottom
