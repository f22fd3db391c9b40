"""New cards: where they go when something lies there already, and what a wire into the void offers."""

from __future__ import annotations

import time
from dataclasses import replace
from itertools import combinations, product

import pytest
from PySide6.QtCore import QPointF, Qt

from canvas_hand import Hand, linked
from drawings import with_images
from graph.look import DOWN, Look
from graph.messages import msg
from graph.model import Definitions, Node, Port, Position
from gui.block_editor import BlockEditor
from gui.canvas.geometry import HEIGHT
from gui.canvas.view import CanvasView
from gui.editor import Editor
from runtime.analyser import analyse
from runtime.library import my_folder, ready_blocks, save_to_library, take


@pytest.fixture
def hand(qtbot) -> Hand:
    d, image, _ = with_images("Net")
    d.add("nn.Conv2d", "conv1", image, out_channels=8)
    editor = Editor(d.placed)
    editor.changed.connect(lambda change: editor.set_analysis(analyse(change.new)))
    editor.set_analysis(analyse(editor.project))
    view = CanvasView(editor)
    qtbot.addWidget(view)
    view.resize(1400, 900)
    view.show()
    view.zoom_to_actual()
    view.setFocus()
    return Hand(view)


def apart(view: CanvasView) -> bool:
    """Whether no card lies on another."""
    bodies = [item.body() for item in view.scene().nodes.values()]
    return not any(a.intersects(b) for a, b in combinations(bodies, 2))


def add(hand: Hand, text: str) -> None:
    hand.key("/")
    hand.type(text)
    hand.type_key(Qt.Key.Key_Return)


def place_of(editor: Editor, name: str) -> Position:
    return editor.graph.node_named(name).position


def test_cards_added_where_the_mouse_rests_do_not_lie_on_each_other(hand):
    hand.move(hand.view.center() + QPointF(40, 30))
    start = hand.view.cursor_point
    for text in ("relu", "batchnorm2d", "add", "conv2d", "linear", "softmax"):
        hand.key(Qt.Key.Key_Escape)
        add(hand, text)
    editor = hand.view.editor
    assert len(editor.graph.nodes) == 8 and apart(hand.view)
    distances = [(hand.on(node) - start).manhattanLength() for node in editor.selection]
    assert max(distances) < 1000


def test_one_after_the_other_is_a_chain(hand):
    editor = hand.view.editor
    hand.move(QPointF(60, 400))
    editor.select([editor.graph.node_named("conv1").id])
    y = place_of(editor, "conv1")[1]
    for text in ("conv", "relu", "flatten", "linear"):
        add(hand, text)
    wires = {("conv1.output", "conv2.input"), ("conv2.output", "relu1.input"), ("relu1.output", "flatten1.input")}
    assert wires | {("flatten1.output", "fc1.input")} <= linked(editor.graph)
    assert [place_of(editor, name)[1] for name in ("conv2", "relu1", "flatten1", "fc1")] == [y] * 4
    assert hand.view.visible_area().contains(hand.view.scene().nodes[editor.graph.node_named("fc1").id].body())
    editor.undo()
    assert editor.graph.node_named("fc1") is None and ("relu1.output", "flatten1.input") in linked(editor.graph)


def test_a_chain_stays_one_when_a_wire_comes_to_lie_under_the_resting_mouse(hand):
    editor = hand.view.editor
    data = editor.add_node("layerloom.data.Table", (-200.0, 200.0))
    hand.click(hand.on(data))
    resting = hand.at(Port(data, "features"), output=True) + QPointF(23, 0)
    hand.move(resting)
    for text in ("linear", "relu", "linear", "cross entropy"):
        add(hand, text)
        hand.view.pointer.leave()  # the box lay over it
        hand.move(resting)
        assert hand.view.hit(resting).link is not None
    chain = ["table1.features", "fc1.input", "fc1.output", "relu1.input", "relu1.output", "fc2.input", "fc2.output"]
    assert set(zip(chain[::2], [*chain[1::2], "loss1.input"], strict=True)) <= linked(editor.graph)
    hand.move(resting + QPointF(-12, 0))
    add(hand, "dropout")  # the mouse was moved there: that wire is meant
    assert {("table1.features", "dropout1.input"), ("dropout1.output", "fc1.input")} <= linked(editor.graph)


def test_in_a_drawing_that_flows_down_the_chain_does_too(hand):
    editor = hand.view.editor
    editor.set_look(Look(flow=DOWN), msg("Turn"))
    editor.select([editor.graph.node_named("conv1").id])
    x, y = place_of(editor, "conv1")
    add(hand, "relu")
    assert place_of(editor, "relu1")[0] == x and place_of(editor, "relu1")[1] > y + HEIGHT


def test_the_box_says_after_which_layer_and_offers_first_what_fits(hand):
    editor = hand.view.editor
    hand.key(Qt.Key.Key_Escape)
    hand.key("/")
    count, title = len(hand.box().entries()), hand.box().edit.placeholderText()
    hand.type_key(Qt.Key.Key_Escape)
    editor.select([editor.graph.node_named("conv1").id])
    hand.key("/")
    entries = [entry.value for entry in hand.box().entries()]
    assert hand.box().edit.placeholderText() == "Add after conv1" != title
    assert len(entries) == count
    assert {"torch.nn.Conv2d", "torch.nn.ReLU", "torch.nn.CrossEntropyLoss"} <= set(entries)
    assert not {"torch.nn.Conv1d", "torch.nn.Embedding", "layerloom.data.Images"} & set(entries)  # far behind
    hand.type("images")
    assert hand.box().entries()[0].value == "layerloom.data.Images"  # it is called that, although it does not fit


def test_what_does_not_fit_is_put_there_without_a_wire(hand):
    editor = hand.view.editor
    editor.select([editor.graph.node_named("conv1").id])
    before = linked(editor.graph)
    add(hand, "images")
    (added,) = editor.selection
    assert editor.graph.nodes[added].type == "layerloom.data.Images"
    assert linked(editor.graph) == before and apart(hand.view)


def test_each_output_is_wired_once_and_then_none(hand):
    editor = hand.view.editor
    data = next(node for node in editor.graph.nodes.values() if node.type.startswith("layerloom.data"))
    editor.select([data.id])
    add(hand, "cross entropy")  # the images go to conv1 already
    assert (f"{data.name}.label", "loss1.target") in linked(editor.graph)
    editor.select([data.id])
    hand.key("/")
    assert hand.box().edit.placeholderText() == "Add a layer"
    hand.type("flatten")
    hand.type_key(Qt.Key.Key_Return)
    assert not editor.graph.incoming(editor.graph.node_named("flatten1").id)


def test_a_layer_that_was_just_put_into_a_wire_goes_on_to_a_second_one(hand):
    editor = hand.view.editor
    conv = editor.graph.node_named("conv1").id
    editor.select([], editor.graph.incoming(conv))
    hand.move(QPointF(60, 400))
    add(hand, "relu")
    add(hand, "maxpool2d")
    assert {("relu1.output", "conv1.input"), ("relu1.output", "pool1.input")} <= linked(editor.graph)
    assert apart(hand.view)
    editor.select([conv])
    add(hand, "tanh")
    editor.select([conv])
    add(hand, "sigmoid")
    assert not editor.graph.incoming(editor.graph.node_named("sigmoid1").id)


def test_without_a_selection_and_by_a_double_click_the_cursor_says_where(hand):
    editor, at = hand.view.editor, QPointF(60, 400)
    editor.select([editor.graph.node_named("conv1").id])
    hand.double_click(at)
    assert hand.box().edit.placeholderText() == "Add a layer"
    hand.type("relu")
    hand.type_key(Qt.Key.Key_Return)
    (added,) = editor.selection
    assert (hand.on(added) - at).manhattanLength() < 8 and not editor.graph.incoming(added)
    hand.key(Qt.Key.Key_Escape)
    hand.move(QPointF(60, 600))
    add(hand, "relu")
    (second,) = editor.selection
    assert (hand.on(second) - QPointF(60, 600)).manhattanLength() < 8 and not editor.graph.incoming(second)


def test_a_free_place_is_taken_as_it_is(hand):
    assert hand.view._adder.free_place(QPointF(1000, 1002)) == (1000.0, 1000.0)


def test_in_a_full_drawing_the_place_is_right_of_everything(hand):
    editor = hand.view.editor
    graph = editor.graph
    for row, column in product(range(-14, 15), range(-9, 10)):
        graph = graph.add(
            Node(graph.free_id(), "torch.nn.ReLU", graph.free_name("r"), {}, (180.0 * column, 80.0 * row))
        )
    editor.push(editor.project.with_graph(graph), msg("Fill"))
    start = time.perf_counter()
    x, y = hand.view._adder.free_place(QPointF(0, 0))
    assert time.perf_counter() - start < 1.0
    assert x > 9 * 180 + 148 and y == 0


def test_the_library_and_new_blocks_find_free_places_too(hand):
    editor, view = hand.view.editor, hand.view
    for _ in range(4):
        editor.add_node("torch.nn.ReLU", view.visible_center())
    for number in range(3):
        BlockEditor(editor).new_block(f"Block{number}", view.visible_center())
    assert apart(view)


def drop_in_the_void(hand: Hand, port: Port, *, output: bool, text: str) -> list[str]:
    """Draw a wire into the void and type; what is offered."""
    start = hand.at(port, output=output)
    hand.drag(start, start + QPointF(120 if output else -120, 320))
    hand.type(text)
    return [entry.text for entry in hand.box().entries()]


def test_a_wire_into_the_void_offers_ready_blocks_and_wires_one_up_in_one_step(hand):
    editor = hand.view.editor
    before, conv = editor.project, editor.graph.node_named("conv1").id
    assert "SqueezeExcitation" in drop_in_the_void(hand, Port(conv, "output"), output=True, text="squeeze ex")
    hand.type_key(Qt.Key.Key_Return)
    (added,) = editor.selection
    assert editor.graph.links[Port(added, "x")].source == Port(conv, "output")
    assert editor.catalog[editor.graph.nodes[added].type].label == "SqueezeExcitation"
    editor.undo()
    assert editor.project == before


def test_a_wire_into_the_void_offers_my_blocks(hand):
    editor = hand.view.editor
    entry = next(entry for entry in ready_blocks() if entry.file == "residual")
    definitions, block = take(Definitions(), entry)
    save_to_library(replace(definitions.blocks[block], name="MyOwn"), definitions, my_folder())
    port = Port(editor.graph.node_named("conv1").id, "input")
    editor.disconnect_links(editor.graph.incoming(port.node))
    assert "MyOwn" in drop_in_the_void(hand, port, output=False, text="myown")
    hand.type_key(Qt.Key.Key_Return)
    (added,) = editor.selection
    assert editor.graph.links[port].source.node == added


def test_labels_are_not_offered_to_blocks_that_take_numbers(hand):
    data = next(node for node in hand.view.editor.graph.nodes.values() if node.type.startswith("layerloom.data"))
    assert "SqueezeExcitation" not in drop_in_the_void(hand, Port(data.id, "label"), output=True, text="squeeze")


# ---- what a box asks about goes away


@pytest.mark.parametrize("ask", ["after an output", "after a card", "where to wire"])
def test_a_box_closes_when_the_node_that_it_asks_about_is_undone(hand, ask):
    editor = hand.view.editor
    node = editor.add_node("torch.nn.ReLU", (0.0, 300.0))
    if ask == "after an output":
        hand.view.quick_add((400.0, 300.0), source=Port(node, "output"))
    elif ask == "after a card":
        hand.view.quick_add()
    else:
        hand.view.connect_selected()
    assert hand.box() is not None
    editor.undo()
    assert hand.box() is None
    assert node not in editor.graph.nodes


def test_a_box_closes_when_the_wire_that_it_asks_about_is_gone(hand):
    editor = hand.view.editor
    (link,) = editor.graph.incoming(editor.graph.node_named("conv1").id)
    hand.view.insert_at(link, hand.view.scene().wires[link].middle())
    box = hand.box()
    value = box.entries()[0].value
    editor.disconnect_links([link])
    assert hand.box() is None
    before = editor.graph
    box.chosen.emit(value)  # as a click would that was under way
    assert editor.graph == before


def test_a_box_that_asks_about_nothing_stays_when_the_drawing_changes(hand):
    editor = hand.view.editor
    editor.add_node("torch.nn.ReLU", (0.0, 300.0))
    hand.view.quick_add((400.0, 300.0))
    editor.undo()
    assert hand.box() is not None


def test_what_does_not_fit_any_more_is_added_without_a_wire(hand):
    editor = hand.view.editor
    source = editor.graph.node_named("conv1").id
    hand.view.quick_add((400.0, 300.0), source=Port(source, "output"))
    hand.type("relu")
    loss = replace(editor.graph.nodes[source], type="torch.nn.NLLLoss", params={})
    editor.edit(lambda graph: graph.disconnect(graph.incoming(source)).put(loss), msg("Move"))
    links = editor.graph.links
    hand.type_key(Qt.Key.Key_Return)
    assert editor.graph.links == links
    assert [editor.graph.nodes[i].type for i in editor.selection] == ["torch.nn.ReLU"]


# ---- right answers


def test_a_loss_and_a_metric_take_the_only_right_answers_in_the_same_step(hand):
    editor = hand.view.editor
    data = next(node.name for node in editor.graph.nodes.values() if node.type.startswith("layerloom.data"))
    editor.select([editor.graph.node_named("conv1").id])
    before = editor.project
    add(hand, "cross entropy")
    assert {("conv1.output", "loss1.input"), (f"{data}.label", "loss1.target")} <= linked(editor.graph)
    editor.undo()
    assert editor.project == before
    editor.add_node("layerloom.metrics.Accuracy", (0.0, 400.0))
    assert (f"{data}.label", "accuracy1.target") in linked(editor.graph)


def test_answers_of_another_kind_or_of_several_data_nodes_are_not_taken(hand):
    editor = hand.view.editor
    loss = editor.add_node("torch.nn.MSELoss", (0.0, 400.0))
    assert not editor.graph.incoming(loss)  # the labels are no fractions
    editor.add_node("layerloom.data.Images", (0.0, 600.0))
    loss = editor.add_node("torch.nn.CrossEntropyLoss", (0.0, 800.0))
    assert not editor.graph.incoming(loss)
