"""The boxes that the Outline opens: what to add, and which port to wire to; the work is that of the canvas's own boxes."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QWidget

from graph.areas import overlap
from graph.catalog import Catalog
from graph.look import DOWN
from graph.messages import tr
from graph.model import Graph, Link, NodeId, Port, Position
from graph.wiring import rewired
from gui.canvas.adding import BESIDE, CLEAR, blocks_in_files
from gui.canvas.card import color_role
from gui.canvas.chooser import Chooser, Entry
from gui.canvas.connecting import entry_for, leave_for, outputs_for, types_after, types_before
from gui.canvas.geometry import HEIGHT, WIDTH, card_sizes
from gui.canvas.popup import Popup
from gui.canvas.quick_add import matching, target_chooser, type_chooser
from gui.editor import Editor
from gui.panels.search import label_of
from gui.shelf import with_ports

BELOW = 2 * HEIGHT  # from a card to the next one where drawings are read downwards


class Boxes:
    """Opens boxes over a widget and does what was chosen in them."""

    def __init__(self, editor: Editor, owner: QWidget) -> None:
        self._editor, self._owner = editor, owner

    def ask_type(
        self, at: QPoint, *, near: NodeId | None = None, source: Port | None = None, target: Port | None = None
    ) -> None:
        """Ask which type to add beside a node, wired to an output and to an input if they are given."""
        project = self._editor.view
        types, shelf = list(project.catalog.values()), blocks_in_files()
        if source is not None or target is not None:
            shelf = [with_ports(node_type) for node_type in shelf]
        if source is not None:
            spec = self._editor.view_analysis.spec(source)
            types, shelf = (types_after(some, project, source, spec) for some in (types, shelf))
        if target is not None:
            types, shelf = (types_before(some, project, target) for some in (types, shelf))
        place = free_place(project.graph, project.catalog, near, before=source is None and target is not None)
        box = type_chooser(self._owner, types, shelf)
        box.chosen.connect(lambda type_id: self._add(type_id, place, source=source, target=target))
        self.open(box, at)

    def ask_target(self, node: NodeId, at: QPoint) -> None:
        """Ask which input to wire a node to."""
        box = target_chooser(self._owner, self._editor.view, node, add_key="A")
        box.chosen.connect(lambda link: self._editor.connect_ports(*link))
        self.open(box, at)

    def ask_source(self, target: Port, at: QPoint) -> None:
        """Ask which output to feed an input from; it takes the place of the one that does so now."""
        project, name = self._editor.view, self._editor.graph.nodes[target.node].name
        box = Chooser(
            self._owner,
            matching(self._entries(outputs_for(project, target))),
            title=tr("Feed {port} of {node} from", port=target.name, node=name),
            nothing=tr("No output fits this input. Add a layer first: press A and type."),
        )
        box.chosen.connect(lambda source: self._editor.connect_ports(source, target))
        self.open(box, at)

    def open(self, box: Popup, at: QPoint) -> None:
        """Open a box at a point of the owner; a box that is wider than that reaches into the window."""
        window = self._owner.window()
        box.setParent(window)
        box.open_at(at)
        place = self._owner.mapTo(window, box.pos())
        box.move(min(place.x(), max(0, window.width() - box.room().width())), place.y())
        box.raise_()

    def _entries(self, ports: Sequence[Port]) -> list[Entry]:
        """One entry an output, the last in the drawing first: what was drawn last is what most is wired to."""
        graph, catalog = self._editor.graph, self._editor.catalog
        entries = []
        for port in reversed(ports):
            node_type = catalog[graph.nodes[port.node].type]
            words = f"{graph.nodes[port.node].name}.{port.name}"
            entries.append(Entry(words, label_of(node_type), color_role(node_type), port))
        return entries

    def _add(self, type_id: str, place: Position, *, source: Port | None, target: Port | None) -> None:
        def then(graph: Graph, node: NodeId, catalog: Catalog) -> Graph:
            node_type, project = catalog[graph.nodes[node].type], self._editor.view.with_graph(graph)
            entry = entry_for(node_type, project, source) if source is not None else None
            leave = leave_for(node_type, project, target) if target is not None else None
            if source is not None and entry is not None:
                graph = rewired(graph, Link(source, Port(node, entry.name)), catalog)
            if target is not None and leave is not None:
                graph = rewired(graph, Link(Port(node, leave.name), target), catalog)
            return graph

        self._editor.add_node(type_id, place, then=then)


def free_place(graph: Graph, catalog: Catalog, near: NodeId | None, *, before: bool = False) -> Position:
    """A place for a card after (or before) a node in the direction of the drawing, or after everything."""
    nodes, sizes = graph.nodes, card_sizes(graph, catalog)
    down = graph.look.flow == DOWN
    step = (0.0, BELOW) if down else (BESIDE, 0.0)
    if near is None:
        near = max(nodes, key=lambda i: nodes[i].position[1 if down else 0], default=None)
        if near is None:
            return (0.0, 0.0)
    sign = -1 if before else 1
    x, y = nodes[near].position[0] + sign * step[0], nodes[near].position[1] + sign * step[1]
    aside = (BESIDE, 0.0) if down else (0.0, HEIGHT + CLEAR)
    while any(overlap((x, y, WIDTH, HEIGHT), (*node.position, *sizes[i]), gap=CLEAR) for i, node in nodes.items()):
        x, y = x + aside[0], y + aside[1]
    return x, y
