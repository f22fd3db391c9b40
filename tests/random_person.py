"""Somebody who does anything at all in the window: each action through the mouse, the keys, the menus or a panel."""

from __future__ import annotations

import random
from collections import Counter
from itertools import pairwise

from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QGraphicsPathItem, QGraphicsSimpleTextItem, QWidget

from canvas_hand import CONTROL, NONE, SHIFT, Hand
from graph.files import to_text
from graph.model import Graph, Port, Position
from gui.canvas.annotations import FrameItem, FrameTitle, NoteItem
from gui.canvas.find import Finder
from gui.canvas.geometry import shape_of
from gui.canvas.items import NODE_Z, NodeItem, Pill
from gui.canvas.marking import Find
from gui.canvas.popup import Popup
from gui.canvas.scene import CanvasScene
from gui.canvas.wires import WireItem
from gui.main_window import MainWindow

ALT, RIGHT = Qt.KeyboardModifier.AltModifier, Qt.MouseButton.RightButton
# What the menus and keys do without asking, or by asking in a box over the canvas that is answered with Enter.
VERBS = (
    "undo", "undo", "redo", "cut", "copy", "paste", "paste", "duplicate", "delete", "delete_and_heal", "select_all",
    "select_upstream", "select_downstream", "clear_selection", "collapse", "bypass", "tidy", "tidy_selection",
    "flow_right", "flow_down", "reset_wires", "align_left", "align_horizontal_centers", "align_bottom",
    "distribute_horizontally", "distribute_vertically", "share_weights", "own_weights", "dissolve_block", "enter_block",
    "leave_block", "zoom_in", "zoom_out", "fit", "zoom_to_selection", "next_problem", "find_next", "toggle_minimap",
)  # fmt: skip
ASKING = ("make_block", "new_block", "add_frame", "add_note", "quick_add", "connect_selected", "find")
KEYS = ("c", "h", "m", "[", "]", "1", "+", "-")
ARROWS = (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down)
WORDS = ("relu", "linear", "conv2d", "flatten", "add", "input", "output", "dropout", "lstm", "cross", "images")
VALUES = (0, 1, 2, 3, 7, -1, 0.5, True, None, "same", "=1 + 1", (2, 2))
MOVING = ("tidy", "flow_down", "flow_right", "flow_down", "flow_right", "undo", "redo", "fit", "next_problem")
FAR = 900.0
# What comes between the press and the release of a button.
INTERRUPTIONS = ("undo", "redo", "tidy", "leave_block", "delete", "select_all", "zoom_out", "flow_down")
NEAR = 1e-6  # canvas units
ACTIONS = (
    "choose", "choose", "choose", "answer", "answer", "press_key", "nudge", "click", "drag_card", "drag_card", "drag_wire",
    "drag_wire", "drag_anything", "band", "set_param", "rename", "double_click", "interrupt", "interrupt",
    "hurry",
)  # fmt: skip


class RandomPerson:
    """Acts on the document in front of a window; every decision of an action comes from one seed."""

    def __init__(self, window: MainWindow) -> None:
        self.window, self.canvas, self.editor = window, window.canvas, window.editor
        self.hand, self.chance = Hand(window.canvas), random.Random()

    def act(self, action: str, seed: int) -> None:
        """Do one of `ACTIONS`."""
        self.chance.seed(seed)
        getattr(self, action)()
        for box in self.canvas.findChildren(Popup):
            box.shut()
        self._leave_fields()
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)  # as the event loop does after each action

    # ---- menus and keys

    def choose(self) -> None:
        self.window.run_action(self.chance.choice(VERBS))

    def answer(self) -> None:
        self.window.run_action(self.chance.choice(ASKING))
        for box in self.canvas.findChildren(Popup):
            if box.isVisible():
                if self.chance.random() < 0.7:
                    QTest.keyClicks(box.edit, self.chance.choice(WORDS))
                QTest.keyClick(box.edit, Qt.Key.Key_Return)
                return

    def press_key(self) -> None:
        self.hand.key(self.chance.choice(KEYS))

    def nudge(self) -> None:
        self.hand.key(self.chance.choice(ARROWS), self.chance.choice((NONE, SHIFT, CONTROL)))

    # ---- mouse

    def click(self) -> None:
        self.hand.click(self._somewhere(), modifiers=self._modifiers())

    def double_click(self) -> None:
        self.hand.double_click(self._somewhere())

    def drag_card(self) -> None:
        if (node := self._node()) is not None:
            self.hand.drag(self.hand.on(node), self._somewhere(), modifiers=self._modifiers())

    def drag_wire(self) -> None:
        if (node := self._node()) is None:
            return
        ports = self.canvas.scene().nodes[node].ports
        output = bool(ports.outputs) and self.chance.random() < 0.7
        names = list(ports.outputs if output else ports.inputs)
        if names:
            self.hand.drag(self.hand.at(Port(node, self.chance.choice(names)), output=output), self._somewhere())

    def drag_anything(self) -> None:
        self.hand.drag(self._somewhere(), self._somewhere(), modifiers=self._modifiers())

    def band(self) -> None:
        area = self.canvas.scene().bounds()
        self.hand.drag(area.topLeft() - QPointF(20, 20), self._somewhere(), modifiers=self._modifiers())

    def interrupt(self) -> None:
        """A drag into which something else comes: Escape, another button, another drawing, an edit; then it goes on."""
        start, end, modifiers = self._press_point(), self._somewhere(), self._modifiers()
        self.hand.press(start, modifiers=modifiers)
        self.hand.move(start + (end - start) / 3, modifiers=modifiers)
        self.hand.move(start + (end - start) / 2, modifiers=modifiers)
        self.chance.choice(
            (self._escape, self._look_elsewhere, self._press_another, self._interfere, self._lose_focus)
        )()
        self.hand.move(end, modifiers=modifiers)
        self.hand.release(end, modifiers=modifiers)

    def hurry(self) -> None:
        """Look closely, let things move, and go on before they have come to rest."""
        self.window.run_action("zoom_in")
        self.window.run_action(self.chance.choice(MOVING))
        QApplication.processEvents()
        self.chance.choice(
            (self._look_elsewhere, self._look_elsewhere, self._look_elsewhere, self._interfere, self.band)
        )()

    def _escape(self) -> None:
        self.hand.key(Qt.Key.Key_Escape)

    def _interfere(self) -> None:
        self.window.run_action(self.chance.choice(INTERRUPTIONS))

    def _press_another(self) -> None:
        place = self._somewhere()
        self.hand.press(place, button=RIGHT)
        self.hand.release(place, button=RIGHT)

    def _look_elsewhere(self) -> None:
        self.editor.look_into(self.chance.choice((None, *self.editor.project.blocks)))

    def _lose_focus(self) -> None:
        QApplication.sendEvent(self.canvas, QEvent(QEvent.Type.WindowDeactivate))

    # ---- what panels do

    def set_param(self) -> None:
        node = self._node()
        node_type = None if node is None else self.editor.catalog.get(self.editor.graph.nodes[node].type)
        if node is not None and node_type is not None and node_type.params:
            param = self.chance.choice(node_type.params)
            value = self.chance.choice((*VALUES, param.default, *(param.choices or ())))
            self.editor.set_param(node, param.name, value)

    def rename(self) -> None:
        if (node := self._node()) is not None:
            self.editor.rename(node, self.chance.choice(("a", "b", "conv1", "x y", "")))

    # ---- chance

    def _node(self) -> str | None:
        return self.chance.choice(list(self.editor.graph.nodes)) if self.editor.graph.nodes else None

    def _modifiers(self) -> Qt.KeyboardModifier:
        return self.chance.choice((NONE, NONE, NONE, SHIFT, CONTROL, ALT))

    def _somewhere(self) -> QPointF:
        """On a card, at a port, on a wire, or anywhere."""
        scene, kind = self.canvas.scene(), self.chance.random()
        if (node := self._node()) is not None and kind < 0.4:
            return self.hand.on(node)
        if node is not None and kind < 0.6 and (names := list(scene.nodes[node].ports.inputs)):
            return self.hand.at(Port(node, self.chance.choice(names)), output=False)
        if kind < 0.75 and scene.wires:
            return self.chance.choice(list(scene.wires.values())).middle()
        return QPointF(self.chance.uniform(-FAR, FAR), self.chance.uniform(-FAR, FAR))

    def _press_point(self) -> QPointF:
        """Somewhere, or on an output, a frame or a note: where each gesture begins."""
        node, items = self._node(), list(self.canvas.scene().annotations.items.values())
        if items and self.chance.random() < 0.2:
            return self.chance.choice(items).area.topLeft() + QPointF(12, 8)
        if (
            node is not None
            and self.chance.random() < 0.2
            and (outputs := self.canvas.scene().nodes[node].ports.outputs)
        ):
            return self.hand.at(Port(node, self.chance.choice(list(outputs))), output=True)
        return self._somewhere()

    def _leave_fields(self) -> None:
        """Whatever was opened to type in (a note, a title) is left with Escape."""
        field = self.window.focusWidget()
        if isinstance(field, QWidget) and field is not self.canvas and self.canvas.isAncestorOf(field):
            QTest.keyClick(field, Qt.Key.Key_Escape)
        self.canvas.setFocus()


def check_agreement(window: MainWindow) -> None:
    """Canvas and document say the same."""
    editor, scene = window.editor, window.canvas.scene()
    graph = editor.graph
    assert scene.project.graph is graph
    assert scene.nodes.keys() == graph.nodes.keys()
    assert set(scene.wires) == set(graph.links.values())
    for i, item in scene.nodes.items():
        assert item.node == graph.nodes[i] and item.place == graph.nodes[i].position, i
        assert item.mood.selected == (i in editor.selection), i
    for link, wire in scene.wires.items():
        ends = ((link.source, True, wire.route.points[0]), (link.target, False, wire.route.points[-1]))
        for port, output, place in ends:
            assert tuple(place) == scene.nodes[port.node].port_position(port.name, output=output), link
    _check_look(scene, graph)
    _check_moods(window)
    _check_leftovers(window)
    assert editor.selection <= graph.nodes.keys()
    assert editor.selected_annotations <= graph.look.annotations.keys()


def _check_look(scene: CanvasScene, graph: Graph) -> None:
    """Frames and notes, corners of wires, small cards and the direction are those of the document."""
    items = scene.annotations.items
    assert {i: item.annotation for i, item in items.items()} == graph.look.annotations
    assert all(item.area.getRect() == item.annotation.area for item in items.values())
    for i, item in scene.nodes.items():
        shown, meant = item.ports, (i in graph.look.collapsed, graph.look.flow)
        assert (shown.collapsed, shown.flow) == meant and shown == shape_of(graph, graph.nodes[i], scene.catalog), i
    for target, corners in graph.look.bends.items():
        way = scene.wires[graph.links[target]].route.points
        assert all(any(_is_between(corner, *leg) for leg in pairwise(way)) for corner in corners), target


def _check_moods(window: MainWindow) -> None:
    """What is selected looks so, and nothing is lit, dimmed, hidden or lifted by a gesture that is over."""
    editor, scene = window.editor, window.canvas.scene()
    for link, wire in scene.wires.items():
        assert wire.selected == (link in editor.selected_links), link
        assert (wire.isVisible(), wire.opacity()) == (True, 1.0), link
    for i, annotation in scene.annotations.items.items():
        assert annotation.selected == (i in editor.selected_annotations), i
    finder = window.canvas.findChild(Finder)
    found = {found.node for found in finder.found if found.scope == editor.scope} if finder is not None else set()
    for i, item in scene.nodes.items():
        assert (item.opacity(), item.zValue(), item.mood.lit) == (1.0, NODE_Z, frozenset()), i
        assert item.mood.find is Find.NO or i in found, i


def _check_leftovers(window: MainWindow) -> None:
    """The scene holds what it always holds: no band, ghost, wire or guide of a gesture that is over."""
    canvas, scene = window.canvas, window.canvas.scene()
    assert canvas.pointer.gesture is None
    kinds = Counter(type(item) for item in scene.items())
    frames = sum(isinstance(item, FrameItem) for item in scene.annotations.items.values())
    labels = sum(bool(wire.label) for wire in scene.wires.values())
    assert kinds == Counter(
        {
            NodeItem: len(scene.nodes),
            WireItem: len(scene.wires),
            FrameItem: frames,
            FrameTitle: frames,
            NoteItem: len(scene.annotations.items) - frames,
            Pill: 1,
            QGraphicsPathItem: 1,  # the corners of the wire under the cursor
            QGraphicsSimpleTextItem: labels,
        }
    )


def _is_between(point: Position, start: Position, end: Position) -> bool:
    return all(min(a, b) - NEAR <= p <= max(a, b) + NEAR for p, a, b in zip(point, start, end, strict=True))


def text(window: MainWindow) -> str:
    """The document as its file would be."""
    return to_text(window.editor.project)
