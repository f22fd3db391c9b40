"""The gestures that carry things: cards are moved, pulled out of the flow, put into a wire, and copied."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainterPath, QPen
from PySide6.QtWidgets import QGraphicsPathItem

from graph.edits import pull_out
from graph.framing import Load, load_of, moved
from graph.messages import msg
from graph.model import Graph, NodeId, Position
from gui.canvas.geometry import CORNER, snap
from gui.canvas.gestures import ALT, CONTROL, OVERLAY_Z, SHIFT, Gesture, Modifiers
from gui.canvas.guides import Guides
from gui.canvas.inserting import Inserter, Place, with_room
from gui.canvas.wires import WireItem, free_path
from gui.selecting import Selection, only_node

if TYPE_CHECKING:
    from gui.canvas.view import CanvasView

MANY_WIRES = 12  # from here on wires that move are drawn thin


class Carry(Gesture):
    """What all of them do: take hold of what is selected, and find the offset that snaps.

    Control while dragging switches snapping off.
    """

    def __init__(self, view: CanvasView) -> None:
        super().__init__(view)
        self._load = Load()
        self._is_lifted = False
        self._offset = QPointF()
        self._area = QRectF()

    def start(self, point: QPointF) -> None:
        self._origin = point

    def move(self, point: QPointF, modifiers: Modifiers) -> None:
        offset = point - self._origin
        if not self._is_lifted:
            if offset.manhattanLength() * self.view.zoom < self.view.drag_distance:
                return
            self._is_lifted = True
            self._lift()
        self._offset = self._snapped(offset, is_free=bool(modifiers & CONTROL))
        self._carry()

    def _lift(self) -> None:
        """The drag begins in earnest: with what is selected goes what lies in the frames among it."""
        editor = self.editor
        self._load = load_of(editor.graph, editor.selection, editor.selected_annotations, self.view.sizes())
        self._area = QRectF()
        for i in self._load.nodes:
            self._area = self._area.united(self.scene.nodes[i].body())
        for i in self._load.annotations:
            self._area = self._area.united(self.scene.annotations.items[i].area)
        self._guides = Guides(self.view, self._leaving())

    def _carry(self) -> None:
        """Show everything at the present offset."""
        raise NotImplementedError

    def _held(self) -> Position:
        """The upper left corner, in the drawing, of what the person took hold of: away from all others it is on the grid."""
        raise NotImplementedError

    def _leaving(self) -> frozenset[NodeId]:
        """The cards that do not stay where they were, so that nothing snaps to them."""
        return self._load.nodes

    def _snapped(self, offset: QPointF, *, is_free: bool) -> QPointF:
        if is_free:
            self._guides.clear()
            return QPointF(round(offset.x()), round(offset.y()))
        place = QPointF(*self._held()) + offset
        to_grid = QPointF(*snap(place.toTuple())) - place
        return offset + self._guides.snap(self._area.translated(offset), to_grid)

    def clear(self) -> None:
        if self._is_lifted:
            self._guides.end()


class Move(Carry):
    """Moves what is selected as one step; without a drag it is a click that selects `held`, or with shift or control toggles."""

    def __init__(self, view: CanvasView, held: Selection, modifiers: Modifiers) -> None:
        super().__init__(view)
        self._selection = held
        self._adding = bool(modifiers & (SHIFT | CONTROL))
        self._was_selected = self.before.joined(held) == self.before

    def start(self, point: QPointF) -> None:
        super().start(point)
        if not self._was_selected:
            self.editor.select(*(self.before.joined(self._selection) if self._adding else self._selection))

    def clear(self) -> None:
        super().clear()
        if self._is_lifted:
            self.scene.settle(self._load.nodes)
            self.scene.annotations.settle(self._load.annotations)
            self.view.set_hasty(False)

    def click(self) -> None:
        """It was no drag."""
        if self._adding and self._was_selected:
            self.editor.select(*self.before.toggled(self._selection))
        elif not self._adding:
            self.editor.select(*self._selection)

    def _lift(self) -> None:
        super()._lift()
        thin = len({wire.link for i in self._load.nodes for wire in self.scene.wires_of(i)}) > MANY_WIRES
        self.scene.lift(self._load.nodes, thin=thin)
        self.view.set_hasty(thin)

    def _carry(self) -> None:
        self.scene.carry(self._load, self._offset.toTuple())


class MoveNodes(Move):
    """Moves the selected cards, as `Move` does.

    Alt pulls them out of the flow: the gap is healed. A single node without wires goes into a wire that it is put on.
    """

    def __init__(self, view: CanvasView, node: NodeId, modifiers: Modifiers) -> None:
        super().__init__(view, only_node(node), modifiers)
        self._node = node
        self._pulling = bool(modifiers & ALT)
        self._graph = self.editor.graph  # what it becomes, but for the places
        self._inserter = Inserter(view)
        self._healed: list[QGraphicsPathItem] = []
        self._hidden: list[WireItem] = []
        self._can_insert = False

    def end(self, point: QPointF, modifiers: Modifiers) -> None:
        if not self._is_lifted:
            self.click()
            return
        places, place = self._places(), self._inserter.place
        self.clear()
        after = moved(self._graph, self._load, self._offset.toTuple())
        if place is not None:
            self._insert(place, after, places)
        elif self._graph is not self.editor.graph:
            self.editor.edit(lambda _graph: after, msg("Pull out"))
        elif not self._offset.isNull():
            self.editor.edit(lambda _graph: after, msg("Move"))

    def clear(self) -> None:
        self._inserter.clear()
        for item in self._healed:
            self.scene.removeItem(item)
        for wire in self._hidden:
            wire.set_away(False)
        super().clear()

    def _held(self) -> Position:
        return self.editor.graph.nodes[self._node].position

    def _lift(self) -> None:
        super()._lift()
        chosen = self._load.nodes
        if self._pulling:
            self._graph = pull_out(self.editor.graph, chosen, self.editor.catalog)
            self._show_healed(self.editor.graph, self._graph)
        is_alone = len(chosen) == 1 and not self._load.annotations
        self._can_insert = is_alone and not any(self._graph.incoming(i) or self._graph.outgoing(i) for i in chosen)

    def _carry(self) -> None:
        super()._carry()
        if self._can_insert:
            node_type = self.editor.catalog.of(self._graph.nodes[self._node])
            self._inserter.aim(node_type, self.scene.nodes[self._node].body())

    def _show_healed(self, old: Graph, new: Graph) -> None:
        """Take the wires that go off the screen, and show those that close the gap."""
        gone = set(old.links.values()) - set(new.links.values())
        self._hidden = [self.scene.wires[link] for link in gone if link in self.scene.wires]
        for wire in self._hidden:
            wire.set_away(True)
        for link in set(new.links.values()) - set(old.links.values()):
            ends = [
                self.scene.nodes[p.node].port_position(p.name, output=o)
                for p, o in zip(link, (True, False), strict=True)
            ]
            item = QGraphicsPathItem(free_path(QPointF(*ends[0]), QPointF(*ends[1]), new.look.flow))
            item.setPen(QPen(self.scene.colors("accent"), 2.0))
            self.scene.addItem(item)
            self._healed.append(item)

    def _places(self) -> dict[NodeId, Position]:
        dx, dy = self._offset.toTuple()
        nodes = self.editor.graph.nodes
        return {i: (nodes[i].position[0] + dx, nodes[i].position[1] + dy) for i in self._load.nodes}

    def _insert(self, place: Place, after: Graph, places: dict[NodeId, Position]) -> None:
        """Put the node into the wire; it glides from where it was let go."""
        node, catalog = self._node, self.editor.catalog

        def edit(_graph: Graph) -> Graph:
            return with_room(place.put(after, node, catalog), node, place.link, catalog=catalog)

        self.scene.place(places)
        with self.view.glide.during():
            self.editor.edit(edit, msg("Insert {name}", name=after.nodes[node].name))


class CopyNodes(Carry):
    """Drags a copy of the selected cards away, as one step."""

    def __init__(self, view: CanvasView, node: NodeId) -> None:
        super().__init__(view)
        self._node = node

    def start(self, point: QPointF) -> None:
        super().start(point)
        if self._node not in self.editor.selection:
            self.editor.select([self._node])
        self._ghost = QGraphicsPathItem()

    def end(self, point: QPointF, modifiers: Modifiers) -> None:
        if not self._is_lifted:
            return
        self.clear()
        editor, copies = self.editor, list[NodeId]()
        part = editor.graph.only(self._load.nodes, self._load.annotations)

        def edit(graph: Graph) -> Graph:
            merged, ids = graph.merge(part, self._offset.toTuple())
            copies.extend(ids.values())
            return merged

        known = editor.graph.look.annotations.keys()
        if editor.edit(edit, msg("Duplicate")):
            editor.select(copies, annotations=editor.graph.look.annotations.keys() - known)

    def clear(self) -> None:
        super().clear()
        if self._is_lifted:
            self.scene.removeItem(self._ghost)

    def _held(self) -> Position:
        return self.editor.graph.nodes[self._node].position

    def _lift(self) -> None:
        super()._lift()
        outline = QPainterPath()
        for i in self._load.nodes:
            outline.addRoundedRect(self.scene.nodes[i].body(), CORNER, CORNER)
        self._ghost.setPath(outline)
        self._ghost.setPen(QPen(self.scene.colors("accent"), 1.5))
        self._ghost.setBrush(self.scene.colors("accent", 0.16))
        self._ghost.setZValue(OVERLAY_Z)
        self.scene.addItem(self._ghost)

    def _carry(self) -> None:
        self._ghost.setPos(self._offset)

    def _leaving(self) -> frozenset[NodeId]:
        return frozenset()
