"""What the mouse does on the canvas, through real events; asserted on the document."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPointF, Qt

from canvas_hand import CONTROL, MIDDLE, SHIFT, Hand, link_into, linked
from drawings import IMAGES, Drawing
from graph.messages import msg
from graph.model import Link, Port
from graph.problems import Problem
from gui.canvas.view import CanvasView
from gui.editor import Editor
from runtime.analysis import Analysis, NodeAnalysis, TensorSpec


@pytest.fixture
def drawing() -> Drawing:
    """digits, then relu1 -> fc1 in a row, and loss below: only relu1 and fc1 are wired."""
    d = Drawing()
    d.add("data.Images", "digits", facts=IMAGES)
    d.add("nn.Linear", "fc1", d.add("nn.ReLU", "relu1"))
    d.add("nn.NLLLoss", "loss")
    places = {"digits": (0.0, 0.0), "relu1": (240.0, 0.0), "fc1": (480.0, 0.0), "loss": (480.0, 160.0)}
    d.graph = d.graph.move({d.id(name): place for name, place in places.items()})
    return d


@pytest.fixture
def editor(drawing) -> Editor:
    return Editor(drawing.project)


@pytest.fixture
def hand(qtbot, editor) -> Hand:
    view = CanvasView(editor)
    qtbot.addWidget(view)
    view.resize(900, 600)
    view.show()
    view.fit()
    view.setFocus()
    assert view.zoom == 1.0
    return Hand(view)


def output(drawing, name, port="output") -> Port:
    return drawing.port(name, port)


# ---- selecting


def test_a_click_selects_and_a_click_on_nothing_selects_nothing(hand, editor, drawing):
    hand.click(hand.on(drawing.id("fc1")))
    assert editor.selection == {drawing.id("fc1")}
    hand.click(hand.on(drawing.id("relu1")))
    assert editor.selection == {drawing.id("relu1")}
    hand.click(QPointF(40, 250))
    assert editor.selection == set()


def test_shift_adds_and_takes_away(hand, editor, drawing):
    fc1, relu1 = drawing.id("fc1"), drawing.id("relu1")
    hand.click(hand.on(fc1))
    hand.click(hand.on(relu1), modifiers=SHIFT)
    assert editor.selection == {fc1, relu1}
    hand.click(hand.on(fc1), modifiers=SHIFT)
    assert editor.selection == {relu1}


def test_a_rubber_band_selects_what_it_touches(hand, editor, drawing):
    ids = {name: drawing.id(name) for name in ("digits", "relu1", "fc1", "loss")}
    hand.drag(QPointF(200, -40), QPointF(500, 20))
    assert editor.selection == {ids["relu1"], ids["fc1"]}
    hand.drag(QPointF(460, 140), QPointF(500, 180), modifiers=SHIFT)
    assert editor.selection == {ids["relu1"], ids["fc1"], ids["loss"]}
    hand.drag(QPointF(460, 90), QPointF(500, 180), modifiers=CONTROL)
    assert editor.selection == {ids["relu1"], ids["fc1"]}


def test_escape_takes_a_rubber_band_back(hand, editor, drawing):
    editor.select([drawing.id("loss")])
    hand.press(QPointF(200, -40))
    hand.move(QPointF(500, 20))
    assert len(editor.selection) == 2
    hand.key(Qt.Key.Key_Escape)
    assert editor.selection == {drawing.id("loss")}
    hand.release(QPointF(500, 20))
    assert editor.selection == {drawing.id("loss")}


def test_wires_are_selected_by_a_click_and_removed_by_a_key(hand, editor, drawing):
    link = link_into(editor.graph, drawing.id("fc1"))
    hand.click(QPointF(410, 33))
    assert editor.selected_links == {link}
    hand.key(Qt.Key.Key_Delete)
    assert linked(editor.graph) == set()
    editor.undo()
    assert linked(editor.graph) == {("relu1.output", "fc1.input")}


# ---- moving


def test_a_drag_moves_the_selection_on_the_grid_as_one_step(hand, editor, drawing):
    fc1, loss = drawing.id("fc1"), drawing.id("loss")
    editor.select([fc1, loss])
    hand.drag(hand.on(fc1), hand.on(fc1) + QPointF(41, 21))
    assert editor.graph.nodes[fc1].position == (520, 20)
    assert editor.graph.nodes[loss].position == (520, 180)
    assert editor.selection == {fc1, loss}
    editor.undo()
    assert editor.graph == drawing.graph
    assert editor.undo_text is None


def test_dragging_an_unselected_node_moves_it_alone(hand, editor, drawing):
    editor.select([drawing.id("loss")])
    hand.drag(hand.on(drawing.id("fc1")), hand.on(drawing.id("fc1")) + QPointF(0, -40))
    assert editor.selection == {drawing.id("fc1")}
    assert editor.graph.nodes[drawing.id("loss")].position == (480, 160)
    assert editor.graph.nodes[drawing.id("fc1")].position == (480, -40)


def test_while_it_moves_the_drawing_stays_and_escape_puts_it_back(hand, editor, drawing):
    fc1 = drawing.id("fc1")
    start = hand.on(fc1)
    hand.press(start)
    hand.move(start + QPointF(60, 60))
    item = hand.view.scene().nodes[fc1]
    wire = hand.view.scene().wires[link_into(editor.graph, fc1)]
    assert item.place == (540, 60)
    assert wire.route.points[-1] == (540, 93)
    assert editor.graph is drawing.graph
    hand.key(Qt.Key.Key_Escape)
    assert item.place == (480, 0)
    assert wire.route.points[-1] == (480, 33)
    hand.release(start + QPointF(60, 60))
    assert editor.graph is drawing.graph


def test_a_small_tremor_is_a_click(hand, editor, drawing):
    fc1 = drawing.id("fc1")
    editor.select_all()
    hand.drag(hand.on(fc1), hand.on(fc1) + QPointF(2, 2))
    assert editor.selection == {fc1}
    assert editor.undo_text is None


# ---- wiring


def test_a_wire_from_output_to_input(hand, editor, drawing):
    hand.drag(hand.at(output(drawing, "fc1"), output=True), hand.at(drawing.port("loss", "input"), output=False))
    assert ("fc1.output", "loss.input") in linked(editor.graph)
    assert editor.undo_text is not None


def test_a_wire_from_input_back_to_output(hand, editor, drawing):
    target = drawing.port("loss", "target")
    hand.drag(hand.at(target, output=False), hand.at(drawing.port("digits", "label"), output=True))
    assert ("digits.label", "loss.target") in linked(editor.graph)


def test_dropped_on_a_card_it_takes_the_first_input_that_fits(hand, editor, drawing):
    hand.drag(hand.at(drawing.port("digits", "label"), output=True), hand.on(drawing.id("loss")))
    assert ("digits.label", "loss.target") in linked(editor.graph)


def test_dropped_on_an_occupied_input_it_replaces_the_wire_in_one_step(hand, editor, drawing):
    before = editor.graph
    hand.drag(
        hand.at(drawing.port("digits", "image"), output=True), hand.at(drawing.port("fc1", "input"), output=False)
    )
    assert linked(editor.graph) == {("digits.image", "fc1.input")}
    editor.undo()
    assert editor.graph is before


def test_a_cycle_is_refused_with_its_reason_on_the_spot(hand, editor, drawing):
    pill = hand.view.scene().pill
    target = hand.at(drawing.port("relu1", "input"), output=False)
    hand.press(hand.at(output(drawing, "fc1"), output=True))
    hand.move(target)
    assert pill.isVisible()
    assert "cycle" in pill.text
    hand.move(QPointF(300, 250))
    assert not pill.isVisible()
    hand.move(target)
    hand.release(target)
    assert not pill.isVisible()
    assert editor.graph is drawing.graph


def test_a_card_without_a_free_input_says_so(hand, editor, drawing):
    hand.press(hand.at(drawing.port("digits", "image"), output=True))
    hand.move(hand.on(drawing.id("fc1")))
    assert "no free input" in hand.view.scene().pill.text
    hand.release(hand.on(drawing.id("fc1")))
    assert editor.graph is drawing.graph


def test_targets_light_up_and_the_rest_dims_until_the_drag_ends(hand, drawing):
    nodes = hand.view.scene().nodes
    hand.press(hand.at(output(drawing, "fc1"), output=True))
    hand.move(QPointF(660, 120))
    assert nodes[drawing.id("loss")].mood.lit == {"input"}
    assert nodes[drawing.id("loss")].opacity() == nodes[drawing.id("fc1")].opacity() == 1
    assert nodes[drawing.id("relu1")].opacity() < 1
    hand.key(Qt.Key.Key_Escape)
    assert all(item.opacity() == 1 and not item.mood.lit for item in nodes.values())


def test_the_end_of_a_wire_is_taken_elsewhere_in_one_step(hand, editor, drawing):
    before = editor.graph
    hand.drag(hand.at(drawing.port("fc1", "input"), output=False), hand.at(drawing.port("loss", "input"), output=False))
    assert linked(editor.graph) == {("relu1.output", "loss.input")}
    editor.undo()
    assert editor.graph is before


def test_the_end_of_a_wire_dropped_in_the_void_removes_it(hand, editor, drawing):
    hand.drag(QPointF(470, 33), QPointF(400, 200))
    assert linked(editor.graph) == set()


def test_the_end_of_a_wire_put_back_changes_nothing(hand, editor, drawing):
    port = hand.at(drawing.port("fc1", "input"), output=False)
    hand.press(port)
    hand.move(QPointF(400, 200))
    assert not hand.view.scene().wires[link_into(editor.graph, drawing.id("fc1"))].isVisible()
    hand.move(port)
    hand.release(port)
    assert editor.undo_text is None
    assert hand.view.scene().wires[link_into(editor.graph, drawing.id("fc1"))].isVisible()


def test_in_the_void_a_wire_asks_what_to_add_and_connects_it(hand, editor, drawing):
    hand.drag(hand.at(output(drawing, "fc1"), output=True), QPointF(700, 60))
    offered = [entry.value for entry in hand.box().entries()]
    assert "torch.nn.ReLU" in offered
    assert "layerloom.data.Images" not in offered
    hand.type("tanh")
    hand.type_key(Qt.Key.Key_Return)
    (new,) = editor.selection
    assert editor.graph.nodes[new].type == "torch.nn.Tanh"
    assert link_into(editor.graph, new).source == output(drawing, "fc1")
    assert hand.box() is None
    editor.undo()
    assert editor.graph is drawing.graph


def test_only_types_that_take_the_shape_are_offered(hand, editor, drawing):
    editor.set_analysis(
        Analysis({drawing.id("fc1"): NodeAnalysis(outputs={"output": TensorSpec(("B", 64), "float32")})})
    )
    hand.drag(hand.at(output(drawing, "fc1"), output=True), QPointF(700, 60))
    offered = [entry.value for entry in hand.box().entries()]
    assert "torch.nn.Linear" in offered
    assert "torch.nn.Conv2d" not in offered


def test_labels_in_the_void_find_the_input_for_targets(hand, editor, drawing):
    hand.drag(hand.at(drawing.port("digits", "label"), output=True), QPointF(200, 200))
    hand.type("crossentropy")
    hand.type_key(Qt.Key.Key_Return)
    (new,) = editor.selection
    assert link_into(editor.graph, new) == Link(drawing.port("digits", "label"), Port(new, "target"))


def test_an_input_in_the_void_asks_what_may_feed_it(hand, editor, drawing):
    hand.drag(hand.at(drawing.port("loss", "input"), output=False), QPointF(300, 200))
    offered = [entry.value for entry in hand.box().entries()]
    assert "torch.nn.MSELoss" not in offered
    hand.type("linear")
    hand.type_key(Qt.Key.Key_Return)
    (new,) = editor.selection
    assert Link(Port(new, "output"), drawing.port("loss", "input")) in editor.graph.outgoing(new)


# ---- looking


def test_middle_drag_and_space_drag_pan(hand, editor, drawing):
    start = hand.view.center()
    hand.drag(QPointF(100, 200), QPointF(160, 230), button=MIDDLE)
    moved = hand.view.center()
    assert (start - moved - QPointF(60, 30)).manhattanLength() <= 4
    hand.view.keyPressEvent(_space(pressed=True))
    hand.drag(hand.on(drawing.id("fc1")), hand.on(drawing.id("fc1")) + QPointF(-40, 0))
    hand.view.keyReleaseEvent(_space(pressed=False))
    assert (hand.view.center() - moved - QPointF(40, 0)).manhattanLength() <= 4
    assert editor.graph is drawing.graph
    hand.click(hand.on(drawing.id("fc1")))
    assert editor.selection == {drawing.id("fc1")}


def _space(*, pressed: bool):
    from PySide6.QtCore import QEvent
    from PySide6.QtGui import QKeyEvent

    kind = QEvent.Type.KeyPress if pressed else QEvent.Type.KeyRelease
    return QKeyEvent(kind, Qt.Key.Key_Space, Qt.KeyboardModifier.NoModifier, " ")


def test_hovering_a_wire_shows_its_shape(hand, editor, drawing):
    pill = hand.view.scene().pill
    spec = {"output": TensorSpec(("B", 6, 28, 28), "float32")}
    editor.set_analysis(Analysis({drawing.id("relu1"): NodeAnalysis(outputs=spec)}))
    hand.move(QPointF(410, 34))
    assert pill.isVisible()
    assert pill.text == "B × 6 × 28 × 28 · float32"
    hand.move(hand.on(drawing.id("fc1")))
    assert not pill.isVisible()
    assert hand.view.scene().nodes[drawing.id("fc1")].mood.hovered


def test_a_badge_is_clicked_for_its_problem(hand, editor, drawing, qtbot):
    node = drawing.id("loss")
    editor.set_analysis(Analysis(problems=(Problem("missing-input", msg("Nothing arrives."), node, "input"),)))
    corner = hand.view.scene().nodes[node].body().topRight()
    with qtbot.waitSignal(hand.view.problem_clicked) as caught:
        hand.click(corner + QPointF(-3, 3))
    assert caught.args == [node]


def test_a_double_click_opens_a_node_or_asks_what_to_add(hand, drawing, qtbot):
    with qtbot.waitSignal(hand.view.nodeActivated) as caught:
        hand.double_click(hand.on(drawing.id("fc1")))
    assert caught.args == [drawing.id("fc1")]
    assert hand.box() is None
    hand.double_click(QPointF(100, 220))
    hand.type("dropout")
    hand.type_key(Qt.Key.Key_Return)
    added = next(n for n in hand.view.editor.graph.nodes.values() if n.type == "torch.nn.Dropout")
    assert abs(added.position[0] + 74 - 100) <= 4
    assert abs(added.position[1] + 33 - 220) <= 4


def test_an_edit_from_elsewhere_ends_a_drag(hand, editor, drawing):
    fc1 = drawing.id("fc1")
    start = hand.on(fc1)
    hand.press(start)
    hand.move(start + QPointF(80, 0))
    editor.rename(fc1, "head")
    assert hand.view.scene().nodes[fc1].place == (480, 0)
    hand.release(start + QPointF(80, 0))
    assert editor.graph.nodes[fc1].position == (480, 0)
