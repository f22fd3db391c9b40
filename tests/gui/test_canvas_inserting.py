"""Nodes that go into wires by being put on them, nodes that are pulled out, and copies, through real mouse events."""

from __future__ import annotations

import itertools

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDragMoveEvent, QDropEvent
from PySide6.QtWidgets import QApplication

from canvas_hand import NONE, SHIFT, Hand, linked
from drawings import IMAGES, Drawing
from gui.canvas.inserting import GLOW_Z
from gui.canvas.view import CanvasView
from gui.editor import Editor
from gui.motion import motion
from gui.panels.type_list import NODE_TYPE_MIME
from runtime.analysis import Analysis, NodeAnalysis, TensorSpec

ALT = Qt.KeyboardModifier.AltModifier


@pytest.fixture(autouse=True)
def _still(monkeypatch) -> None:
    monkeypatch.setattr(motion, "reduced", "yes")


@pytest.fixture
def drawing() -> Drawing:
    """relu1 -> fc1 -> tanh1 in a row, digits -> loss below it; drop is free."""
    d = Drawing()
    d.add("nn.Tanh", "tanh1", d.add("nn.Linear", "fc1", d.add("nn.ReLU", "relu1"), out_features=8))
    digits = d.add("data.Images", "digits", facts=IMAGES)
    d.add("nn.CrossEntropyLoss", "loss", d.port("tanh1"), d.port(d.graph.nodes[digits.node].name, "label"))
    d.add("nn.Dropout", "drop")
    places = {
        "relu1": (0.0, 0.0),
        "fc1": (240.0, 0.0),
        "tanh1": (480.0, 0.0),
        "digits": (0.0, 280.0),
        "loss": (480.0, 280.0),
        "drop": (240.0, -180.0),
    }
    d.graph = d.graph.move({d.id(name): place for name, place in places.items()})
    return d


@pytest.fixture
def editor(drawing) -> Editor:
    return Editor(drawing.project)


@pytest.fixture
def hand(qtbot, editor) -> Hand:
    view = CanvasView(editor)
    qtbot.addWidget(view)
    view.resize(1100, 760)
    view.show()
    view.zoom_to_actual()
    view.centerOn(300, 100)
    view.setFocus()
    return Hand(view)


def position(editor: Editor, name: str) -> tuple[float, float]:
    return editor.graph.node_named(name).position


def is_glowing(hand: Hand) -> bool:
    return any(item.zValue() == GLOW_Z and item.isVisible() for item in hand.view.scene().items())


BETWEEN = QPointF(194, 33)  # on the wire from relu1 to fc1


def test_a_free_node_put_on_a_wire_goes_into_it_as_one_step(hand, editor, drawing):
    start = hand.on(drawing.id("drop"))
    hand.press(start)
    hand.move(start + QPointF(0, 40))
    assert not is_glowing(hand)
    hand.move(BETWEEN)
    assert is_glowing(hand)
    hand.release(BETWEEN)
    assert not is_glowing(hand)
    assert {("relu1.output", "drop.input"), ("drop.output", "fc1.input")} <= linked(editor.graph)
    assert str(editor.undo_text) == "Insert drop"
    editor.undo()
    assert editor.graph == drawing.graph
    assert editor.undo_text is None


def test_what_comes_after_it_makes_room_and_it_joins_the_row(hand, editor, drawing):
    hand.drag(hand.on(drawing.id("drop")), BETWEEN + QPointF(2, 12))
    places = [position(editor, name) for name in ("relu1", "drop", "fc1", "tanh1")]
    assert {y for _, y in places} == {0.0}
    assert all(b[0] - a[0] >= 148 + 46 for a, b in itertools.pairwise(places))
    assert places[0] == (0, 0)
    assert position(editor, "loss") == (480, 280)


def test_a_node_that_has_wires_is_only_moved(hand, editor, drawing):
    before = linked(editor.graph)
    hand.drag(hand.on(drawing.id("tanh1")), BETWEEN)
    assert linked(editor.graph) == before


def test_a_wire_of_classes_does_not_take_a_layer_for_fractions(hand, editor, drawing):
    """The wire of the labels is not lit, and the node comes to lie on it."""
    wires = hand.view.scene().wires
    label = next(wire for link, wire in wires.items() if link.source.name == "label")
    point = label.path().pointAtPercent(0.5)
    start = hand.on(drawing.id("drop"))
    hand.press(start)
    hand.move(point)
    assert not is_glowing(hand)
    hand.release(point)
    assert linked(editor.graph) == linked(drawing.graph)


def test_shapes_that_do_not_fit_are_not_lit(hand, editor, drawing):
    flat = {"output": TensorSpec(("B", 8), "float32")}
    editor.set_analysis(Analysis({drawing.id("relu1"): NodeAnalysis(outputs=flat)}))
    conv = editor.add_node("torch.nn.Conv2d", (240.0, 400.0))
    hand.drag(hand.on(conv), BETWEEN)
    assert not [link for link in editor.graph.links.values() if conv in (link.source.node, link.target.node)]


def test_escape_leaves_wire_and_node_alone(hand, editor, drawing):
    hand.press(hand.on(drawing.id("drop")))
    hand.move(BETWEEN)
    hand.key(Qt.Key.Key_Escape)
    assert not is_glowing(hand)
    hand.release(BETWEEN)
    assert editor.graph is drawing.graph


# ---- pulling out


def test_alt_pulls_a_node_out_and_the_wire_heals_as_one_step(hand, editor, drawing):
    start = hand.on(drawing.id("fc1"))
    hand.drag(start, start + QPointF(0, 120), modifiers=ALT)
    assert ("relu1.output", "tanh1.input") in linked(editor.graph)
    assert not [pair for pair in linked(editor.graph) if any(end.startswith("fc1.") for end in pair)]
    assert position(editor, "fc1") == (240, 120)
    editor.undo()
    assert editor.graph is drawing.graph


def test_while_it_is_pulled_the_document_stays_and_its_wires_are_off_the_screen(hand, editor, drawing):
    start = hand.on(drawing.id("fc1"))
    wires = [wire for link, wire in hand.view.scene().wires.items() if drawing.id("fc1") in [p.node for p in link]]
    hand.press(start, modifiers=ALT)
    hand.move(start + QPointF(0, 120), modifiers=ALT)
    assert editor.graph is drawing.graph
    assert [wire.isVisible() for wire in wires] == [False, False]
    hand.key(Qt.Key.Key_Escape)
    assert [wire.isVisible() for wire in wires] == [True, True]
    hand.release(start)
    assert editor.graph is drawing.graph


def test_a_pulled_node_can_go_into_another_wire_in_the_same_drag(hand, editor, drawing):
    """tanh1 is pulled from behind fc1 and put before it."""
    hand.drag(hand.on(drawing.id("tanh1")), BETWEEN, modifiers=ALT)
    assert {("relu1.output", "tanh1.input"), ("tanh1.output", "fc1.input"), ("fc1.output", "loss.input")} <= linked(
        editor.graph
    )
    editor.undo()
    assert editor.graph is drawing.graph


# ---- copying


def test_alt_and_shift_drag_a_copy_away(hand, editor, drawing):
    start = hand.on(drawing.id("fc1"))
    editor.select([drawing.id("relu1"), drawing.id("fc1")])
    hand.drag(start, start + QPointF(0, -80), modifiers=ALT | SHIFT)
    copies = {editor.graph.nodes[i].type for i in editor.selection}
    assert copies == {"torch.nn.ReLU", "torch.nn.Linear"}
    assert sorted(editor.graph.nodes[i].position for i in editor.selection) == [(0, -80), (240, -80)]
    assert len([link for link in editor.graph.links.values() if link.target.node in editor.selection]) == 1
    editor.undo()
    assert editor.graph == drawing.graph


def test_a_copy_that_is_given_up_leaves_nothing(hand, editor, drawing):
    start, items = hand.on(drawing.id("fc1")), len(hand.view.scene().items())
    hand.press(start, modifiers=ALT | SHIFT)
    hand.move(start + QPointF(0, -80), modifiers=ALT | SHIFT)
    hand.key(Qt.Key.Key_Escape)
    hand.release(start)
    assert editor.graph is drawing.graph
    assert len(hand.view.scene().items()) == items


# ---- from the library, and by typing


def library_drag(hand: Hand, type_id: str, point: QPointF, *, drop: bool) -> None:
    data, at, action = QMimeData(), QPointF(hand.pixel(point)), Qt.DropAction.CopyAction
    data.setData(NODE_TYPE_MIME, type_id.encode())
    viewport, button = hand.view.viewport(), Qt.MouseButton.LeftButton
    QApplication.sendEvent(viewport, QDragEnterEvent(at.toPoint(), action, data, button, NONE))
    QApplication.sendEvent(viewport, QDragMoveEvent(at.toPoint(), action, data, button, NONE))
    if drop:
        QApplication.sendEvent(viewport, QDropEvent(at, action, data, button, NONE))


def test_a_type_of_the_library_goes_into_the_wire_that_it_is_dropped_on(hand, editor, drawing):
    library_drag(hand, "torch.nn.ELU", BETWEEN, drop=False)
    assert is_glowing(hand)
    QApplication.sendEvent(hand.view.viewport(), QDragLeaveEvent())
    assert not is_glowing(hand)
    library_drag(hand, "torch.nn.ELU", BETWEEN, drop=True)
    (new,) = editor.selection
    assert {link.source.node for link in editor.graph.incoming(new)} == {drawing.id("relu1")}
    assert {link.target.node for link in editor.graph.outgoing(new)} == {drawing.id("fc1")}
    editor.undo()
    assert editor.graph == drawing.graph


def test_a_block_of_the_library_too(hand, editor, drawing):
    from gui.shelf import shelf_type
    from runtime.library import ready_blocks

    block = next(shelf_type(entry) for entry in ready_blocks() if "self_attention" in str(entry.path))
    library_drag(hand, block.id, BETWEEN, drop=True)
    (new,) = editor.selection
    assert len(editor.graph.incoming(new)) == 1
    assert len(editor.graph.outgoing(new)) == 1


def test_a_double_click_on_a_wire_asks_what_to_put_into_it(hand, editor, drawing):
    hand.double_click(BETWEEN)
    offered = [entry.value for entry in hand.box().entries()]
    assert "torch.nn.Sigmoid" in offered
    assert "torch.nn.MSELoss" not in offered
    assert "layerloom.data.Images" not in offered
    hand.type("sigmoid")
    hand.type_key(Qt.Key.Key_Return)
    (new,) = editor.selection
    assert editor.graph.inputs(new)["input"].node == drawing.id("relu1")
    assert len(editor.graph.outgoing(new)) == 1


def test_by_keyboard_it_goes_into_the_selected_wire(hand, editor, drawing):
    hand.move(QPointF(-100, 400))
    link = editor.graph.links[drawing.port("fc1", "input")]
    editor.select([], [link])
    hand.key("/")
    hand.type("gelu")
    hand.type_key(Qt.Key.Key_Return)
    (new,) = editor.selection
    assert editor.graph.inputs(new)["input"].node == drawing.id("relu1")
    assert hand.box() is None


def test_the_nearest_wire_is_meant(hand, editor, drawing):
    at = hand.view.mapFromScene(QPointF(434, 33))
    hand.drag(hand.on(drawing.id("drop")), hand.view.mapToScene(at + QPoint(0, 4)))
    assert {("fc1.output", "drop.input"), ("drop.output", "tanh1.input")} <= linked(editor.graph)
