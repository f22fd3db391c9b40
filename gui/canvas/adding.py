"""Adds and connects by typing: opens the boxes over the canvas and does what was chosen in them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from math import hypot
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPoint, QPointF, QRectF, QSizeF, Slot

from graph.catalog import Catalog, NodeType
from graph.look import RIGHT
from graph.messages import tr
from graph.model import Graph, Link, NodeId, Port, Position, Value
from graph.wiring import rewired
from gui.canvas.chooser import Chooser
from gui.canvas.connecting import entry_for, first_free_output, insertable_types, leave_for, types_after, types_before
from gui.canvas.geometry import HEIGHT, WIDTH, snap
from gui.canvas.inserting import Inserter, Place, with_room
from gui.canvas.popup import Popup
from gui.canvas.quick_add import target_chooser, type_chooser
from gui.shelf import shelf_type, with_ports
from runtime.library import my_blocks, my_folder, ready_blocks

if TYPE_CHECKING:
    from gui.canvas.view import CanvasView

BESIDE = 194.0  # from a card to the next one in its row
BETWEEN = BESIDE - WIDTH
STEP = QPointF(64.0, 32.0)  # between the places that are tried for a new card
RINGS = 20  # of such places around the first
CLEAR = 24.0  # between a new card and those around it
REACH = STEP * RINGS + QPointF(CLEAR, CLEAR)
HALF_CARD = QPointF(WIDTH / 2, HEIGHT / 2)
TO_THE_RIGHT, DOWNWARD = (1, 0), (0, 1)


class Adder(QObject):
    """What the view asks when something is to be added. Points are in canvas units, places are upper left corners."""

    def __init__(self, view: CanvasView) -> None:
        super().__init__(view)
        self._view = view
        self._editor = view.editor
        self._latest: NodeId | None = None  # what was added last
        self._editor.changed.connect(self._on_changed)

    def ask_type(self, position: Position | None, *, source: Port | None, target: Port | None) -> None:
        """Ask which type to add at a point, wired to a port if one is given."""
        project = self._editor.view
        types, shelf = list(project.catalog.values()), blocks_in_files()
        if source is not None:
            spec = self._editor.view_analysis.spec(source)
            types, shelf = (types_after(some, project, source, spec) for some in (types, map(with_ports, shelf)))
        elif target is not None:
            types, shelf = (types_before(some, project, target) for some in (types, map(with_ports, shelf)))
        at, place = self._where(position, wired=source is not None or target is not None)
        box = type_chooser(self._view, types, shelf)
        offered = _by_id(types, shelf)
        box.chosen.connect(lambda type_id: self._add(offered[type_id], place, source=source, target=target))
        self._open(box, at, about=[end.node for end in (source, target) if end is not None])

    def ask_after(self, node: NodeId) -> None:
        """Ask which type to add beside a node; one that takes what leaves its first free output is wired to that."""
        project, source = self._editor.view, self._continued(node)
        types, shelf = list(project.catalog.values()), blocks_in_files()
        title, fitting = tr("Add a layer"), {}
        if source is not None:
            title = tr("Add after {node}", node=project.graph.nodes[node].name)
            spec = self._editor.view_analysis.spec(source)
            fitting = _by_id(*(types_after(some, project, source, spec) for some in (types, map(with_ports, shelf))))
        offered, place = _by_id(types, shelf) | fitting, self._place_after(node, source)
        box = type_chooser(self._view, types, shelf, title=title, preferred=fitting)

        def add(type_id: str) -> None:
            self._add(offered[type_id], place, source=source if type_id in fitting else None, target=None)

        box.chosen.connect(add)
        self._open(box, self._view.mapFromScene(place), about=[node])

    def ask_target(self, node: NodeId) -> None:
        """Ask which input to wire a node to."""
        add_key = self._view.shortcuts.text("quick_add")
        box = target_chooser(self._view, self._editor.view, node, add_key=add_key)
        box.chosen.connect(lambda link: self._editor.connect_ports(*link))
        body = self._view.scene().nodes[node].body()
        self._open(box, self._view.mapFromScene(body.topRight() + QPointF(16, 0)), about=[node])

    def ask_inside(self, link: Link, point: QPointF) -> None:
        """Ask which type to put into a wire, at a point."""
        project, spec = self._editor.view, self._editor.view_analysis.spec(link.source)
        types = insertable_types(project.catalog.values(), project, link, spec)
        shelf = insertable_types(map(with_ports, blocks_in_files()), project, link, spec)
        box = type_chooser(self._view, types, shelf)
        offered = _by_id(types, shelf)
        box.chosen.connect(partial(self._insert, offered, link, point))
        self._open(box, self._view.mapFromScene(point))
        box.makes_sense = partial(self._is_there, link)

    def add_at(
        self, type_id: str, point: QPointF, *, params: Mapping[str, Value] | None = None, merge: object = None
    ) -> NodeId | None:
        """Add a node with its card's middle at a point, or close by where a card lies there."""
        return self._editor.add_node(type_id, self.free_place(point - HALF_CARD), params=params, merge=merge)

    def add_into(self, type_id: str, place: Place, point: QPointF) -> NodeId | None:
        """Add a node with its card's middle at a point, in a wire; what comes after it makes room."""

        def then(graph: Graph, node: NodeId, catalog: Catalog) -> Graph:
            return with_room(place.put(graph, node, catalog), node, place.link, catalog=catalog)

        at = snap((point - HALF_CARD).toTuple())
        with self._view.glide.during():
            self._latest = self._editor.add_node(type_id, at, then=then)
        return self._latest

    def free_place(self, place: QPointF, aside: tuple[int, int] = TO_THE_RIGHT) -> Position:
        """The place, or the nearest one on the grid where a card lies on no other; where all is full, right of everything.

        Of places that are equally near, one in the direction `aside` is taken.
        """
        self._view.glide.finish()
        start = QPointF(*snap((place.x(), place.y())))
        scene, card = self._view.scene(), QSizeF(WIDTH, HEIGHT)
        reach = QRectF(start, card).adjusted(-REACH.x(), -REACH.y(), REACH.x(), REACH.y())
        taken = [_widened(scene.nodes[node].body()) for node in scene.nodes_in(reach)]
        places = (start + offset for offset in _offsets(aside))
        free = (at for at in places if not any(body.intersects(QRectF(at, card)) for body in taken))
        return snap(next(free, QPointF(scene.bounds().right() + BESIDE - WIDTH, start.y())).toTuple())

    def _add(self, node_type: NodeType, place: QPointF, *, source: Port | None, target: Port | None) -> None:
        if source is not None:
            added = self._add_after(node_type, place, source)
        elif target is not None:
            added = self._add_before(node_type, place - QPointF(WIDTH, 0), target)
        else:
            added = self._editor.add_node(node_type.id, self.free_place(place))
        self._latest = added
        if added is not None:
            self._view.ensureVisible(self._view.scene().nodes[added].body())

    def _add_after(self, node_type: NodeType, place: QPointF, source: Port) -> NodeId | None:
        entry = entry_for(node_type, self._editor.view, source)
        if entry is None:  # since the box opened, another type was found to leave there
            return self._editor.add_node(node_type.id, self.free_place(place))
        return self._add_wired(node_type, place, lambda node: Link(source, Port(node, entry.name)))

    def _add_before(self, node_type: NodeType, place: QPointF, target: Port) -> NodeId | None:
        leave = leave_for(node_type, self._editor.view, target)
        if leave is None:  # since the box opened, the input came to take another type
            return self._editor.add_node(node_type.id, self.free_place(place))
        return self._add_wired(node_type, place, lambda node: Link(Port(node, leave.name), target))

    def _add_wired(self, node_type: NodeType, place: QPointF, wire: Callable[[NodeId], Link]) -> NodeId | None:
        def then(graph: Graph, node: NodeId, catalog: Catalog) -> Graph:
            return rewired(graph, wire(node), catalog)

        aside = DOWNWARD if self._editor.graph.look.flow == RIGHT else TO_THE_RIGHT
        return self._editor.add_node(node_type.id, self.free_place(place, aside), then=then)

    def _insert(self, offered: Mapping[str, NodeType], link: Link, point: QPointF, type_id: str) -> None:
        place = Inserter(self._view).aim_at(offered[type_id], link) if self._is_there(link) else None
        if place is not None:
            self.add_into(type_id, place, point)

    def _is_there(self, link: Link) -> bool:
        return self._editor.graph.links.get(link.target) == link

    def _where(self, position: Position | None, *, wired: bool) -> tuple[QPoint, QPointF]:
        """Where the box opens in the view, and the place of the card to come."""
        view = self._view
        if position is not None:
            point = QPointF(*position)
            return view.mapFromScene(point), point - (QPointF(0, HEIGHT / 2) if wired else HALF_CARD)
        if view.cursor_point is not None:
            return view.mapFromScene(view.cursor_point), view.cursor_point - HALF_CARD
        place = view.center() - HALF_CARD
        return view.mapFromScene(place), place

    def _continued(self, node: NodeId) -> Port | None:
        """The output that the next node is wired to: the first free one, or the first where the node was just added."""
        project = self._editor.view
        free = first_free_output(project, node)
        if free is not None or node != self._latest:
            return free
        return first_free_output(project.with_graph(project.graph.disconnect(project.graph.outgoing(node))), node)

    def _place_after(self, node: NodeId, source: Port | None) -> QPointF:
        """Where a card follows that of a node along the flow, level with the output."""
        shape, (x, y) = self._view.scene().nodes[node].ports, self._editor.graph.nodes[node].position
        is_right = shape.flow == RIGHT
        middle = (HEIGHT if is_right else WIDTH) / 2
        across = shape.outputs[source.name] - middle if source is not None else 0.0
        return QPointF(*shape.turned(shape.depth + BETWEEN, across)) + QPointF(x, y)

    def _open(self, box: Chooser, at: QPoint, *, about: Iterable[NodeId] = ()) -> None:
        """Show a box that asks about these nodes."""
        nodes = frozenset(about)
        box.makes_sense = lambda: nodes <= self._editor.graph.nodes.keys()
        box.open_at(at + self._view.viewport().pos())

    @Slot(object)
    def _on_changed(self, _change: object) -> None:
        """What a box asks about may be gone, undone for example."""
        for box in self._view.findChildren(Popup):
            if not box.makes_sense():
                box.shut()


def _by_id(*types: Sequence[NodeType]) -> dict[str, NodeType]:
    return {node_type.id: node_type for some in types for node_type in some}


def _offsets(aside: tuple[int, int]) -> Iterator[QPointF]:
    """Ways from a place to others around it, the short ones first; half as far across counts as far down."""
    yield QPointF()
    for ring in range(1, RINGS + 1):
        steps = range(-ring, ring + 1)
        around = [(dx, dy) for dx in steps for dy in steps if max(abs(dx), abs(dy)) == ring]
        for dx, dy in sorted(around, key=lambda way: (hypot(*way), -way[0] * aside[0] - way[1] * aside[1], -sum(way))):
            yield QPointF(dx * STEP.x(), dy * STEP.y())


def _widened(area: QRectF) -> QRectF:
    return area.adjusted(-CLEAR, -CLEAR, CLEAR, CLEAR)


def blocks_in_files() -> list[NodeType]:
    """The blocks of the library, as far as they can be used."""
    entries = (*ready_blocks(), *my_blocks(my_folder()))
    return [shelf_type(entry) for entry in entries if entry.problem is None]
