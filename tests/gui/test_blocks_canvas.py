"""Blocks, shared weights and ports that depend on parameters, as the canvas shows them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QImage, QPainter

from block_drawings import memory_cell, residual, showcase
from canvas_hand import CONTROL, Hand
from drawings import Drawing
from graph.model import Graph, Link, Node, Port, Project
from gui.canvas.card import Card, card_of
from gui.canvas.geometry import HEIGHT, shape_of
from gui.canvas.kinship import kinship
from gui.canvas.painting import Colors, Mood, paint_card
from gui.canvas.scene import CanvasScene
from gui.canvas.tips import tip
from gui.canvas.view import CanvasView
from gui.editor import Editor
from gui.theme import THEMES
from runtime.analyser import analyse


def id_of(editor: Editor, name: str) -> str:
    return editor.graph.node_named(name).id


def card(project: Project, name: str, **known) -> Card:
    node = project.graph.node_named(name)
    return card_of(project, node, shape_of(project.graph, node, project.catalog), **known)


@pytest.fixture
def editor() -> Editor:
    editor = Editor(showcase())
    editor.set_analysis(analyse(editor.project))
    assert editor.analysis.problems == ()
    return editor


@pytest.fixture
def hand(qtbot, editor) -> Hand:
    view = CanvasView(editor)
    qtbot.addWidget(view)
    view.resize(1400, 900)
    view.show()
    view.zoom_to_actual()
    view.setFocus()
    return Hand(view)


# ---- cards


@pytest.mark.parametrize(
    ("params", "summary"),
    [
        ({}, "BasicBlock"),
        ({"channels": 64}, "BasicBlock · 64"),
        ({"use": "repeat", "times": 3}, "3 × BasicBlock"),
        ({"use": "scan"}, "→ BasicBlock · over time"),
        ({"use": "scan", "direction": "backward"}, "← BasicBlock · over time"),
        ({"use": "scan", "direction": "both", "channels": "=2 * width"}, "↔ BasicBlock · over time · 2*width"),
    ],
)
def test_the_summary_of_an_instance_says_how_it_uses_its_block(params, summary):
    d = Drawing(definitions=residual())
    d.add("block.BasicBlock", "stage", **params)
    shown = card(d.project, "stage")
    assert (shown.summary, shown.color) == (summary, "block")
    assert shown.sheets == (2 if "use" in params else 1)


def test_an_instance_counts_its_parameters_and_a_follower_says_that_it_shares(editor):
    found, kin = editor.analysis.nodes, kinship(editor.graph)
    cards = {
        name: card(editor.view, name, found=found[id_of(editor, name)], kin=kin.get(id_of(editor, name)))
        for name in ("stage2", "encoder1", "encoder2", "logits")
    }
    assert cards["stage2"].right == "1.8k"
    assert (cards["encoder1"].right, cards["encoder1"].kin.leads) == ("1.1k", True)
    assert (cards["encoder2"].right, cards["encoder2"].kin.leads) == ("shared", False)
    assert cards["logits"].kin is None


def test_a_node_of_code_is_named_after_the_code():
    from graph.model import Code, Definitions

    code = Code("c1", "{odd}", "def mix(first, second, share: float = 0.5):\n    return first\n")
    node = Node("n1", "code.c1", "mix1", {"share": 0.25})
    project = Project(Graph({"n1": node}), definitions=Definitions(codes={"c1": code}))
    assert card(project, "mix1").summary == "mix · 0.25"
    assert card(project, "mix1").color == "code"


@pytest.mark.parametrize("theme", THEMES)
def test_sheets_lie_behind_the_card_of_a_block_at_every_zoom(qapp, theme):
    d = Drawing(definitions=residual())
    d.add("block.BasicBlock", "stage")
    instance = card(d.project, "stage")
    plain = replace(instance, sheets=0)

    def below(shown: Card, scale: float) -> set[str]:
        """The colors in the line just below the card."""
        image = QImage(200, 120, QImage.Format.Format_RGB32)
        image.fill(Colors(theme)("canvas"))
        painter = QPainter(image)
        painter.translate(10, 10)
        painter.scale(scale, scale)
        paint_card(painter, shown, Mood(), colors=Colors(theme), scale=scale)
        painter.end()
        y = round(10 + (HEIGHT + 3.4) * scale)
        return {image.pixelColor(round(10 + x * scale), y).name() for x in range(20, 120)}

    for scale in (1.0, 0.4):
        assert below(instance, scale) != below(plain, scale)


@pytest.mark.parametrize("scale", [0.27, 0.35, 0.44])
def test_a_name_too_long_for_a_small_card_is_shortened_not_left_out(qapp, scale):
    d = Drawing()
    d.add("nn.ReLU", "a_name_that_no_small_card_has_room_for")

    def picture(name: str) -> QImage:
        image = QImage(200, 120, QImage.Format.Format_RGB32)
        image.fill(Colors("dark")("canvas"))
        painter = QPainter(image)
        painter.scale(scale, scale)
        shown = replace(card(d.project, "a_name_that_no_small_card_has_room_for"), name=name)
        paint_card(painter, shown, Mood(), colors=Colors("dark"), scale=scale)
        painter.end()
        return image

    assert picture("a_name_that_no_small_card_has_room_for") != picture("")


# ---- ports


def test_many_ports_lie_below_the_texts_with_their_names():
    d = Drawing(definitions=memory_cell())
    d.add("nn.LSTM", "lstm")
    d.add("block.MemoryCell", "cell", use="scan")
    d.add("block.MemoryCell", "once")
    lstm, cell, once = (
        shape_of(d.graph, node, d.definitions.catalog)
        for node in (d.graph.nodes[d.id(n)] for n in ("lstm", "cell", "once"))
    )
    assert list(lstm.inputs) == ["input", "h_0", "c_0"]
    assert list(cell.inputs) == ["x", "h", "lengths"]
    assert list(cell.outputs) == ["state", "state_last"]
    assert lstm.named and cell.named and not once.named
    assert min(lstm.inputs.values()) > HEIGHT
    assert list(once.inputs) == ["x", "h"]
    assert once.height == HEIGHT


def test_names_of_ports_are_written_where_they_can_be_read(qapp):
    d = Drawing()
    d.add("nn.MultiheadAttention", "attention")
    shown = card(d.project, "attention")
    assert shown.shape.named

    def ink(scale: float) -> int:
        """Pixels beside the ports that are not those of the bare card."""
        image = QImage(200, 260, QImage.Format.Format_RGB32)
        painter = QPainter(image)
        painter.scale(scale, scale)
        paint_card(painter, shown, Mood(), colors=Colors("dark"), scale=scale)
        painter.end()
        bare = image.pixelColor(round(70 * scale), round(67 * scale)).name()  # between texts and ports
        y = round(shown.shape.inputs["key_padding_mask"] * scale)
        columns = range(round(12 * scale), round(90 * scale))
        return sum(image.pixelColor(x, row).name() != bare for x in columns for row in range(y - 4, y + 5))

    assert ink(1.0) > 30
    assert ink(0.5) == 0


def test_the_ports_of_an_instance_follow_its_parameters_and_its_block(hand, editor):
    item = hand.view.scene().nodes[id_of(editor, "stage1")]
    assert list(item.ports.inputs) == ["x"]
    editor.set_param(id_of(editor, "stage1"), "use", "scan")
    assert list(item.ports.inputs) == ["x", "lengths"]
    editor.set_param(id_of(editor, "stage1"), "use", "call")
    editor.look_into("b1")
    editor.add_node("layerloom.Input", (0, 300))
    editor.rename(next(iter(editor.selection)), "mask")
    editor.look_into(None)
    item = hand.view.scene().nodes[id_of(editor, "stage1")]
    assert list(item.ports.inputs) == ["x", "mask"]
    assert item.card.summary == "BasicBlock"


def test_a_block_that_is_renamed_is_renamed_on_every_card(hand, editor):
    item = hand.view.scene().nodes[id_of(editor, "stage2")]
    assert item.card.summary == "3 × BasicBlock · 8"
    block = editor.project.blocks["b1"]
    editor.push(editor.project.with_block(replace(block, name="Stage")), editor.undo_text)
    assert item.card.summary == "3 × Stage · 8"


def test_a_wire_to_a_port_that_vanished_is_a_problem_and_can_be_removed(hand, editor):
    scene = hand.view.scene()
    reader, encoder = id_of(editor, "reader"), id_of(editor, "encoder1")
    editor.set_param(reader, "use", "call")
    editor.set_analysis(analyse(editor.project))
    link = Link(Port(reader, "state_last"), Port(encoder, "input"))
    assert "state_last" in scene.nodes[reader].ports.outputs
    assert [p for p in scene.problems_of(encoder) + scene.problems_of(reader) if "state_last" in str(p.message)]
    editor.select([], [link])
    hand.key(Qt.Key.Key_Delete)
    assert link not in scene.wires
    assert "state_last" in scene.nodes[reader].ports.outputs  # encoder2 is wired to it still


def test_a_wire_is_drawn_to_an_input_of_an_instance(hand, editor):
    editor.disconnect_links([editor.graph.incoming(id_of(editor, "stage1"))[0]])
    source, target = Port(id_of(editor, "stem"), "output"), Port(id_of(editor, "stage1"), "x")
    hand.view.centerOn(hand.at(source, output=True))
    hand.drag(hand.at(source, output=True), hand.at(target, output=False))
    assert editor.graph.links[target] == Link(source, target)


# ---- shared weights


def test_groups_have_letters_in_the_order_of_the_drawing():
    d = Drawing()
    for name, shares in (("a", None), ("b", None), ("c", "b"), ("d", "a"), ("e", "a"), ("f", None)):
        d.add("nn.Linear", name, shares=shares)
    kin = kinship(d.graph)
    assert {d.graph.nodes[i].name: (k.letter, k.leads) for i, k in kin.items()} == {
        "a": ("A", True), "d": ("A", False), "e": ("A", False), "b": ("B", True), "c": ("B", False),
    }  # fmt: skip
    assert kin[d.id("a")].color != kin[d.id("b")].color


def test_letters_go_on_after_z():
    nodes = {f"n{i}": Node(f"n{i}", "torch.nn.Linear", f"l{i}") for i in range(27)}
    nodes |= {f"f{i}": Node(f"f{i}", "torch.nn.Linear", f"f{i}", shares=f"n{i}") for i in range(27)}
    kin = kinship(Graph(nodes))
    assert (kin["n25"].letter, kin["f26"].letter) == ("Z", "A2")


def test_kin_light_up_together(hand, editor):
    one, two, other = (hand.view.scene().nodes[id_of(editor, name)] for name in ("encoder1", "encoder2", "logits"))
    hand.view.centerOn(one.body().center())
    hand.move(one.body().center())
    assert one.mood.kin and two.mood.kin and not other.mood.kin
    hand.move(one.body().topLeft() - QPointF(30, 30))
    assert not two.mood.kin
    editor.select([two.node.id])
    assert one.mood.kin
    editor.select([])
    assert not one.mood.kin


def test_sharing_and_its_end_change_both_cards(qapp):
    d = Drawing()
    d.add("nn.Linear", "a")
    d.add("nn.Linear", "b")
    scene = CanvasScene(Colors("dark"))
    scene.show_project(d.project)
    cards = [item.card for item in scene.nodes.values()]
    assert [c.kin for c in cards] == [None, None]
    scene.show_project(d.project.with_graph(d.graph.share(d.graph.nodes)))
    assert [item.card.kin.letter for item in scene.nodes.values()] == ["A", "A"]
    scene.show_project(d.project)
    assert [item.card.kin for item in scene.nodes.values()] == [None, None]


def test_tips_name_the_kin_and_say_what_is_inside(hand, editor):
    scene = hand.view.scene()

    def words(name: str) -> str:
        return tip(scene, scene.hit(scene.nodes[id_of(editor, name)].body().center(), 1))

    assert "Shares its weights with encoder1" in words("encoder2")
    assert "Double-click to look inside." in words("stage2")
    assert "channels = 8" in words("stage2")
    item = scene.nodes[id_of(editor, "reader")]
    at = QPointF(*item.port_position("lengths", output=False))
    assert tip(scene, scene.hit(at, 1)).startswith("lengths\nThe length of each sequence")


# ---- drawings


def test_double_clicks_ask_to_look_inside(hand, editor, qtbot):
    stage, stem = id_of(editor, "stage1"), id_of(editor, "stem")
    with qtbot.waitSignal(hand.view.inside_requested) as caught:
        hand.double_click(hand.on(stage))
    assert caught.args == [stage]
    with qtbot.waitSignal(hand.view.nodeActivated) as caught:
        hand.double_click(hand.on(stem))
    assert caught.args == [stem]


def test_every_drawing_is_shown_as_it_was_left(hand, editor):
    view = hand.view
    view.zoom_by(1.5)
    view.centerOn(QPointF(200, 100))
    before = view.camera
    editor.look_into("b1")
    assert {item.node.name for item in view.scene().nodes.values()} == {"x", "conv1", "relu1", "sum", "output"}
    assert view.visible_area().contains(view.scene().bounds())
    assert view.scene().nodes[id_of(editor, "conv1")].card.left == "B×8×28×28"
    view.zoom_by(0.5)
    inside = view.camera
    editor.look_into(None)
    assert view.camera == before
    assert "stage2" in {item.node.name for item in view.scene().nodes.values()}
    editor.look_into("b1")
    assert view.camera == inside
    assert (view.camera.center - inside.center).manhattanLength() < 2


def test_another_document_has_places_of_its_own(hand, editor):
    editor.look_into("b1")
    hand.view.zoom_by(0.3)
    editor.open(showcase())
    hand.view.forget_places()
    editor.look_into("b1")
    assert hand.view.camera.fitted


def test_live_values_stay_in_the_drawing_that_trains(hand, editor):
    hand.view.life.show_live({"loss": 0.5, "sum": 1.0})
    assert hand.view.scene().nodes[id_of(editor, "loss")].card.left == "0.5000"
    editor.look_into("b1")
    assert hand.view.scene().nodes[id_of(editor, "sum")].card.left == "B×8×28×28"
    editor.look_into(None)
    assert hand.view.scene().nodes[id_of(editor, "loss")].card.left == "0.5000"


def test_backspace_goes_out_where_nothing_is_selected(hand, editor, qtbot):
    editor.look_into("b1")
    with qtbot.waitSignal(hand.view.leave_requested):
        hand.key(Qt.Key.Key_Backspace)
    editor.select([id_of(editor, "relu1")])
    with qtbot.assertNotEmitted(hand.view.leave_requested):
        hand.key(Qt.Key.Key_Backspace)
    assert editor.graph.node_named("relu1") is None


def test_the_quick_add_knows_the_blocks_of_the_document(hand, editor):
    hand.key("/")
    hand.type("memory")
    assert "MemoryCell" in [entry.text for entry in hand.box().entries()]
    hand.type_key(Qt.Key.Key_Return)
    (added,) = editor.selection
    assert editor.graph.nodes[added].type == "block.b2"


def test_the_quick_add_brings_in_blocks_of_the_library(hand, editor):
    hand.key("/")
    hand.type("squeeze ex")
    assert hand.box().entries()[0].text == "SqueezeExcitation"
    hand.type_key(Qt.Key.Key_Return)
    (added,) = editor.selection
    assert hand.view.scene().nodes[added].card.summary == "SqueezeExcitation"
    assert "SqueezeExcitation" in {block.name for block in editor.project.blocks.values()}
    editor.undo()
    assert "SqueezeExcitation" not in {block.name for block in editor.project.blocks.values()}


def test_an_instance_is_connected_by_typing(hand, editor):
    editor.add_node("block.b1", (0, 700))
    hand.key("c")
    hand.type("joined")
    hand.type_key(Qt.Key.Key_Return)
    joined = id_of(editor, "joined")
    assert editor.graph.links[Port(joined, "input3")].source.node in editor.selection


def test_problems_of_a_block_are_marked_in_its_drawing_only(hand, editor):
    editor.look_into("b1")
    conv = id_of(editor, "conv1")
    editor.disconnect_links(editor.graph.incoming(conv))
    editor.set_analysis(analyse(editor.project))
    scene = hand.view.scene()
    assert scene.problems_of(conv)
    editor.look_into(None)
    marked = {scene.graph.nodes[i].name for i in scene.nodes if scene.problems_of(i)}
    assert "stage1" in marked
    assert "digits" not in marked and "stem" not in marked


def test_arrows_with_control_still_walk(hand, editor):
    editor.select([id_of(editor, "stem")])
    hand.key(Qt.Key.Key_Right, CONTROL)
    assert editor.selection == {id_of(editor, "stage1")}
