"""Adds and connects by typing: opens the boxes over the canvas and does what was chosen in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QPointF, QRectF

from graph.catalog import NodeType
from graph.model import Link, NodeId, Port, Position
from gui.canvas.chooser import Chooser
from gui.canvas.connecting import entry_for, leave_for, types_after, types_before
from gui.canvas.geometry import HEIGHT, WIDTH, snap
from gui.canvas.quick_add import target_chooser, type_chooser
from gui.shelf import shelf_type
from runtime.library import my_blocks, my_folder, ready_blocks

if TYPE_CHECKING:
    from gui.canvas.view import CanvasView

BESIDE = 194.0  # from a card to the next one in its row
OFFSET = 24.0
HALF_CARD = QPointF(WIDTH / 2, HEIGHT / 2)


class Adder:
    """What the view asks when something is to be added. Points are in canvas units, places are upper left corners."""

    def __init__(self, view: CanvasView) -> None:
        self._view = view
        self._editor = view.editor

    def ask_type(self, position: Position | None, *, source: Port | None, target: Port | None) -> None:
        """Ask which type to add at a point, wired to a port if one is given."""
        project = self._editor.view
        behind: list[NodeType] = []
        if source is not None:
            types = types_after(project, source, self._editor.view_analysis.spec(source))
        elif target is not None:
            types = types_before(project, target)
        else:
            types, behind = list(project.catalog.values()), _blocks_in_files()
        at, place = self._where(position, wired=source is not None or target is not None)
        box = type_chooser(self._view, types, behind)
        box.chosen.connect(lambda type_id: self._add(type_id, place, source=source, target=target))
        self._open(box, at)

    def ask_target(self, node: NodeId) -> None:
        """Ask which input to wire a node to."""
        box = target_chooser(self._view, self._editor.view, node)
        box.chosen.connect(lambda link: self._editor.connect_ports(*link))
        body = self._view.scene().nodes[node].body()
        self._open(box, self._view.mapFromScene(body.topRight() + QPointF(16, 0)))

    def add_at(self, type_id: str, point: QPointF) -> NodeId | None:
        """Add a node with its card's middle at a point, or close by where a card lies there."""
        return self._editor.add_node(type_id, self.free_place(point - HALF_CARD))

    def free_place(self, place: QPointF) -> Position:
        """The place, or the nearest one down a slope from it where no card begins, on the grid."""
        x, y = snap((place.x(), place.y()))
        while self._view.scene().nodes_in(QRectF(x, y, OFFSET, OFFSET)):
            x, y = x + OFFSET, y + OFFSET
        return x, y

    def _add(self, type_id: str, place: QPointF, *, source: Port | None, target: Port | None) -> None:
        if source is not None:
            self._add_after(type_id, place, source)
        elif target is not None:
            self._add_before(type_id, place - QPointF(WIDTH, 0), target)
        else:
            self._editor.add_node(type_id, self.free_place(place))

    def _add_after(self, type_id: str, place: QPointF, source: Port) -> None:
        entry = entry_for(self._editor.catalog[type_id], self._editor.view, source)
        assert entry is not None, type_id
        self._editor.add_node(type_id, self.free_place(place), wire=lambda node: Link(source, Port(node, entry.name)))

    def _add_before(self, type_id: str, place: QPointF, target: Port) -> None:
        leave = leave_for(self._editor.catalog[type_id], self._editor.view, target)
        assert leave is not None, type_id
        self._editor.add_node(type_id, self.free_place(place), wire=lambda node: Link(Port(node, leave.name), target))

    def _where(self, position: Position | None, *, wired: bool) -> tuple[QPoint, QPointF]:
        """Where the box opens in the view, and the place of the card to come."""
        view = self._view
        if position is not None:
            point = QPointF(*position)
            return view.mapFromScene(point), point - (QPointF(0, HEIGHT / 2) if wired else HALF_CARD)
        if view.cursor_point is not None:
            return view.mapFromScene(view.cursor_point), view.cursor_point - HALF_CARD
        place = view.center() - HALF_CARD
        if len(self._editor.selection) == 1:
            (node,) = self._editor.selection
            place = QPointF(*self._editor.graph.nodes[node].position) + QPointF(BESIDE, 0)
        return view.mapFromScene(place), place

    def _open(self, box: Chooser, at: QPoint) -> None:
        box.open_at(at + self._view.viewport().pos())


def _blocks_in_files() -> list[NodeType]:
    """The blocks of the library, as far as they can be used."""
    entries = (*ready_blocks(), *my_blocks(my_folder()))
    return [shelf_type(entry) for entry in entries if entry.problem is None]
