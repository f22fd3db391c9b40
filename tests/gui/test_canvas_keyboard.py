"""The canvas by keyboard alone: adding, connecting, walking, moving, removing."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget

from canvas_hand import CONTROL, NONE, SHIFT, Hand, linked
from drawings import Drawing
from graph.model import Project
from gui.canvas.keyboard import neighbor
from gui.canvas.view import CanvasView
from gui.editor import Editor

RIGHT, LEFT, UP, DOWN = Qt.Key.Key_Right, Qt.Key.Key_Left, Qt.Key.Key_Up, Qt.Key.Key_Down


@pytest.fixture
def editor() -> Editor:
    return Editor(Project())


@pytest.fixture
def hand(qtbot, editor) -> Hand:
    view = CanvasView(editor)
    qtbot.addWidget(view)
    view.resize(900, 600)
    view.show()
    view.setFocus()
    return Hand(view)


@pytest.fixture
def row(editor) -> Drawing:
    """a -> b -> c in a row, and d below b."""
    d = Drawing()
    port = d.add("nn.ReLU", "a")
    for name in "bc":
        port = d.add("nn.ReLU", name, port)
    d.add("nn.ReLU", "d")
    places = {"a": (0.0, 0.0), "b": (200.0, 0.0), "c": (400.0, 0.0), "d": (200.0, 140.0)}
    d.graph = d.graph.move({d.id(name): place for name, place in places.items()})
    editor.open(d.project)
    return d


def add(hand: Hand, words: str) -> None:
    hand.key("/")
    hand.type(words)
    hand.type_key(Qt.Key.Key_Return)


def test_a_network_is_drawn_without_the_mouse(hand, editor):
    for words in ("linear", "relu", "linear", "mse"):
        add(hand, words)
        hand.key(Qt.Key.Key_Escape)
    names = [node.name for node in editor.graph.nodes.values()]
    assert names == ["fc1", "relu1", "fc2", "loss1"]
    assert not editor.graph.links
    editor.select([editor.graph.node_named("fc1").id])
    for target in ("relu1", "fc2", "loss1.input"):
        hand.key("c")
        hand.type(target)
        hand.type_key(Qt.Key.Key_Return)
        hand.key(RIGHT, CONTROL)
    assert linked(editor.graph) == {
        ("fc1.output", "relu1.input"),
        ("relu1.output", "fc2.input"),
        ("fc2.output", "loss1.input"),
    }
    assert {editor.graph.nodes[i].name for i in editor.selection} == {"loss1"}
    places = {node.position for node in editor.graph.nodes.values()}
    assert len(places) == 4


@pytest.mark.parametrize("key", [Qt.Key.Key_Slash, Qt.Key.Key_Tab])
def test_the_box_opens_filters_and_closes(hand, editor, key):
    hand.key(key)
    box = hand.box()
    assert box.edit.hasFocus()
    everything = len(box.entries())
    hand.type("batch")
    assert {entry.value for entry in box.entries()[:2]} == {"torch.nn.BatchNorm1d", "torch.nn.BatchNorm2d"}
    assert len(box.entries()) < everything
    hand.type_key(Qt.Key.Key_Escape)
    assert hand.box() is None
    assert hand.view.hasFocus()
    assert editor.graph.nodes == {}


def test_the_arrows_choose_in_the_box(hand, editor):
    hand.key("/")
    hand.type("norm")
    assert len(hand.box().entries()) > 3
    hand.type_key(DOWN)
    hand.type_key(DOWN)
    hand.type_key(UP)
    second = hand.box().entries()[1].value
    hand.type_key(Qt.Key.Key_Return)
    assert [node.type for node in editor.graph.nodes.values()] == [second]


def test_nothing_found_is_said_and_enter_does_nothing(hand, editor):
    hand.key("/")
    hand.type("qqqq")
    hand.type_key(Qt.Key.Key_Return)
    assert hand.box() is not None
    assert hand.box().entries() == []
    assert editor.graph.nodes == {}


def test_the_box_closes_when_the_focus_goes_elsewhere(hand, editor, row, qtbot):
    hand.key("/")
    hand.view.setFocus()
    assert hand.box() is None


def test_connect_offers_only_inputs_that_are_free_and_close_no_cycle(hand, editor, row):
    editor.select([row.id("c")])
    hand.key("c")
    assert [entry.text for entry in hand.box().entries()] == ["d.input"]
    hand.type_key(Qt.Key.Key_Escape)
    editor.select_all()
    hand.key("c")
    assert hand.box() is None


def test_connect_names_the_output_where_there_are_several(hand, editor):
    add(hand, "images")
    add(hand, "cross")
    editor.disconnect_links(editor.graph.incoming(editor.graph.node_named("loss1").id))
    editor.select([editor.graph.node_named("digits1").id if "digits1" in editor.graph.names else "n1"])
    hand.key("c")
    assert "label → loss1.target" in [entry.text for entry in hand.box().entries()]


def test_arrows_nudge_as_one_step(hand, editor, row):
    editor.select([row.id("a")])
    hand.key(RIGHT)
    hand.key(RIGHT)
    hand.key(DOWN, SHIFT)
    assert editor.graph.nodes[row.id("a")].position == (8, 20)
    editor.undo()
    assert editor.graph.nodes[row.id("a")].position == (0, 0)


def test_nudges_are_one_step_only_until_something_else_is_selected(hand, editor, row):
    a, b = row.id("a"), row.id("b")
    editor.select([a])
    hand.key(RIGHT)
    hand.key(RIGHT)
    editor.select([b])
    editor.select([a])
    hand.key(DOWN)
    assert editor.graph.nodes[a].position == (8, 4)
    editor.undo()
    assert editor.graph.nodes[a].position == (8, 0)
    editor.undo()
    assert editor.graph.nodes[a].position == (0, 0)


def test_arrows_pan_where_nothing_is_selected(hand, row):
    before = hand.view.center()
    hand.key(RIGHT)
    hand.key(DOWN)
    moved = hand.view.center() - before
    assert moved.x() > 0
    assert moved.y() > 0


@pytest.mark.parametrize(
    ("start", "direction", "end"),
    [("a", (1, 0), "b"), ("b", (-1, 0), "a"), ("b", (0, 1), "d"), ("d", (0, -1), "b"), ("d", (1, 0), "c"),
     ("c", (1, 0), None)],
)  # fmt: skip
def test_neighbors(row, start, direction, end):
    found = neighbor(row.graph, row.id(start), direction)
    assert found == (row.id(end) if end else None)


def test_control_and_arrows_walk(hand, editor, row):
    hand.view.centerOn(0, 33)
    hand.key(RIGHT, CONTROL)
    assert editor.selection == {row.id("a")}
    hand.key(RIGHT, CONTROL)
    hand.key(DOWN, CONTROL)
    assert editor.selection == {row.id("d")}


@pytest.mark.parametrize("key", [Qt.Key.Key_Delete, Qt.Key.Key_Backspace])
def test_delete_removes_and_escape_deselects(hand, editor, row, key):
    editor.select([row.id("b")])
    hand.key(Qt.Key.Key_Escape)
    assert editor.selection == set()
    hand.key(key)
    assert len(editor.graph.nodes) == 4
    editor.select([row.id("b")])
    hand.key(key)
    assert len(editor.graph.nodes) == 3
    assert linked(editor.graph) == set()


def test_enter_opens_the_selected_node(hand, editor, row, qtbot):
    editor.select([row.id("b")])
    with qtbot.waitSignal(hand.view.nodeActivated) as caught:
        hand.key(Qt.Key.Key_Return)
    assert caught.args == [row.id("b")]


def test_keys_zoom(hand, row):
    hand.key("+")
    assert hand.view.zoom > 1
    hand.key("1")
    assert hand.view.zoom == 1
    hand.key("-")
    assert hand.view.zoom < 1
    for key in ("0", "f", Qt.Key.Key_Home):
        hand.view.centerOn(5000, 5000)
        hand.key(key)
        assert hand.view.visible_area().contains(hand.view.scene().bounds())


def test_shift_tab_leaves_the_canvas(qtbot, editor):
    window = QWidget()
    before, view = QLineEdit(), CanvasView(editor)
    layout = QVBoxLayout(window)
    layout.addWidget(before)
    layout.addWidget(view)
    qtbot.addWidget(window)
    with qtbot.waitActive(window):
        window.show()
    view.setFocus()
    qtbot.keyClick(view, Qt.Key.Key_Backtab)
    assert before.hasFocus()


# ---- keys that a person changed


def test_a_key_of_the_canvas_can_be_changed(hand, editor, row):
    hand.view.shortcuts.add("zoom_in", "Z")
    hand.view.shortcuts.remove("zoom_in", "+")
    hand.key("+")
    assert hand.view.zoom == 1
    hand.key("z")
    assert hand.view.zoom > 1


def test_a_key_that_is_taken_over_does_the_new_thing_only(hand, editor, row):
    hand.view.shortcuts.add("quick_add", "F")
    hand.view.centerOn(5000, 5000)
    hand.key("f")
    assert hand.box() is not None
    assert not hand.view.visible_area().contains(hand.view.scene().bounds())


def test_keys_of_what_others_do_are_passed_on(hand, editor, row, qtbot):
    hand.view.shortcuts.add("tidy", "T")
    for key, modifiers, action in (("t", NONE, "tidy"), ("a", SHIFT, "align_left"), ("m", NONE, "bypass")):
        with qtbot.waitSignal(hand.view.action_requested) as caught:
            hand.key(key, modifiers)
        assert caught.args == [action]


def test_keys_with_control_are_left_to_the_menus(hand, editor, row, qtbot):
    with qtbot.assertNotEmitted(hand.view.action_requested):
        hand.key("b", CONTROL)


def test_the_name_of_an_input_is_found_with_a_slip(hand, editor):
    for words in ("linear", "relu"):
        add(hand, words)
        hand.key(Qt.Key.Key_Escape)
    editor.select([editor.graph.node_named("fc1").id])
    hand.key("c")
    hand.type("reul")
    assert [entry.text for entry in hand.box().entries()] == ["relu1.input"]
