"""New cards: where they go when something lies there already, and what a wire into the void offers."""

from __future__ import annotations

import time
from dataclasses import replace
from itertools import combinations, product

import pytest
from PySide6.QtCore import QPointF, Qt

from canvas_hand import Hand
from drawings import with_images
from graph.messages import msg
from graph.model import Definitions, Node, Port
from gui.block_editor import BlockEditor
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


def test_cards_added_where_the_mouse_rests_do_not_lie_on_each_other(hand):
    hand.move(hand.view.center() + QPointF(40, 30))
    start = hand.view.cursor_point
    for text in ("relu", "batchnorm2d", "add", "conv2d", "linear", "softmax"):
        add(hand, text)
    editor = hand.view.editor
    assert len(editor.graph.nodes) == 8 and apart(hand.view)
    distances = [(hand.on(node) - start).manhattanLength() for node in editor.selection]
    assert max(distances) < 1000


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
