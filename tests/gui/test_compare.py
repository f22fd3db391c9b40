"""The window that compares documents: the list of differences, and the canvas with both drawings."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from accessibility_tools import complaints
from block_drawings import showcase
from canvas_hand import Hand
from clipping import clipped
from compare_tools import LOOKS, NEW, OLD, dressed, id_of, lines
from graph.compare import Kind
from graph.model import Project
from gui.canvas.marking import Find, Mark
from gui.compare_tree import row_of
from gui.compare_window import CompareWindow
from gui.motion import motion
from gui.settings import Settings
from gui.theme import theme
from gui.tongue import tongue
from panel_tools import texts


@pytest.fixture(autouse=True)
def still():
    """Nothing glides."""
    before, motion.reduced = motion.reduced, "yes"
    yield
    motion.reduced = before


@pytest.fixture
def open_window(qtbot):
    def make(old: Project = OLD, new: Project = NEW) -> CompareWindow:
        window = CompareWindow(old, new, old_title="old one", new_title="new one", settings=Settings())
        window.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
        qtbot.addWidget(window)
        with qtbot.waitActive(window):
            window.show()
            window.activateWindow()
        return window

    return make


def key(window: CompareWindow, pressed: Qt.Key, modifiers=Qt.KeyboardModifier.NoModifier) -> None:
    QTest.keyClick(QApplication.focusWidget() or window, pressed, modifiers)
    QApplication.processEvents()


def glowing(window: CompareWindow) -> list[str]:
    """The names of the cards that glow."""
    return [item.node.name for item in window.canvas.scene().nodes.values() if item.mood.find is not Find.NO]


def in_sight(window: CompareWindow, node: str) -> bool:
    body = window.canvas.scene().nodes[node].body()
    return window.canvas.visible_area().contains(body)


# ---- the window


def test_the_list_says_what_differs(open_window):
    window = open_window()
    assert lines(window) == [
        "Network, 5",
        "changed, conv1, Conv2d",
        "out_channels: 6 → 8",
        "removed, tanh2, Tanh",
        "added, relu1, ReLU",
        "removed, conv1.output → tanh1.input, wire",
        "added, digits.image → tanh1.input, wire",
        "Training plan, 1",
        "changed, Epochs: 10 → 77",
    ]
    assert {"old one", "new one", "1 added, 1 removed, 1 changed, wires: 2, settings: 1"} <= set(texts(window))


def test_the_canvas_marks_what_differs(open_window):
    scene = open_window().canvas.scene()
    marks = {item.node.name: item.mood.mark for item in scene.nodes.values() if item.mood.mark}
    assert marks == {"conv1": Mark.CHANGED, "tanh2": Mark.REMOVED, "relu1": Mark.ADDED}
    of_wires = [wire.mark for wire in scene.wires.values() if wire.mark]
    assert of_wires.count(Mark.REMOVED) == 3 and of_wires.count(Mark.ADDED) == 1
    removed = next(wire for wire in scene.wires.values() if wire.mark is Mark.REMOVED)
    assert removed.pen().style() is Qt.PenStyle.CustomDashLine


def test_f8_goes_round_and_shift_f8_back(open_window):
    window = open_window()
    seen = []
    for _ in range(7):
        key(window, Qt.Key.Key_F8)
        seen.append((window.tree.row.text, window.at.text()))
    assert [text for text, _ in seen] == [
        "conv1", "tanh2", "relu1", "conv1.output → tanh1.input", "digits.image → tanh1.input", "Epochs: 10 → 77", "conv1",
    ]  # fmt: skip
    assert seen[0][1] == "1 of 6" and seen[5][1] == "6 of 6"
    key(window, Qt.Key.Key_F8, Qt.KeyboardModifier.ShiftModifier)
    assert window.tree.row.text == "Epochs: 10 → 77"


def test_the_buttons_do_the_same(open_window, qtbot):
    window = open_window()
    qtbot.mouseClick(window.next_button, Qt.MouseButton.LeftButton)
    assert window.tree.row.text == "conv1" and glowing(window) == ["conv1"]
    qtbot.mouseClick(window.previous_button, Qt.MouseButton.LeftButton)
    assert window.tree.row.text == "Epochs: 10 → 77" and glowing(window) == []


def test_choosing_a_row_by_keys_brings_its_card_into_sight_and_lets_it_glow(open_window):
    window = open_window()
    window.tree.setFocus()
    window.canvas.zoom_by(3.0)
    window.canvas.pan_by(QPointF(2000, 2000))
    key(window, Qt.Key.Key_Down)
    assert glowing(window) == ["conv1"] and in_sight(window, id_of(NEW, "conv1"))
    for _ in range(2):
        key(window, Qt.Key.Key_Down)
    assert glowing(window) == ["tanh2"] and in_sight(window, f"-{id_of(OLD, 'tanh2')}")
    for _ in range(2):
        key(window, Qt.Key.Key_Down)
    assert set(glowing(window)) == {"conv1", "tanh1"}  # a wire: its ends
    assert [w.link.target.node for w in window.canvas.scene().wires.values() if w.selected] == [id_of(OLD, "tanh1")]


def test_a_click_on_a_card_chooses_its_row(open_window):
    window = open_window()
    hand = Hand(window.canvas)
    hand.click(hand.on("n90"))
    assert window.tree.row.text == "relu1" and glowing(window) == ["relu1"]
    hand.click(hand.on(f"-{id_of(OLD, 'tanh2')}"))
    assert window.tree.row.text == "tanh2"
    hand.click(hand.on(id_of(NEW, "logits")))  # nothing differs there
    assert window.tree.row.text == "tanh2" and glowing(window) == []


def test_a_click_on_a_wire_chooses_its_row(open_window):
    window = open_window()
    scene, hand = window.canvas.scene(), Hand(window.canvas)
    wire = next(w for w in scene.wires.values() if w.mark is Mark.ADDED)
    points = [wire.path().pointAtPercent(share / 50) for share in range(51)]
    clear = next(p for p in points if scene.hit(p, 6.0 / window.canvas.zoom).link == wire.link)
    hand.click(clear)
    assert window.tree.row.text == "digits.image → tanh1.input"


def test_a_drag_pans_and_chooses_nothing(open_window):
    window = open_window()
    hand, before = Hand(window.canvas), window.canvas.center()
    start = hand.on("n90")
    row = window.tree.row
    hand.drag(start, start + QPointF(90, 40))
    assert window.canvas.center() != before and window.tree.row is row


def test_arrows_plus_minus_and_0_move_the_canvas(open_window):
    window = open_window()
    window.canvas.setFocus()
    at, zoom = window.canvas.center(), window.canvas.zoom
    key(window, Qt.Key.Key_Right)
    assert window.canvas.center().x() > at.x()
    key(window, Qt.Key.Key_Plus)
    assert window.canvas.zoom > zoom
    key(window, Qt.Key.Key_0)
    assert window.canvas.camera.fitted
    key(window, Qt.Key.Key_Minus)
    assert window.canvas.zoom < zoom


def test_escape_closes_and_the_size_is_remembered(open_window):
    window = open_window()
    window.resize(777, 555)
    key(window, Qt.Key.Key_Escape)
    assert not window.isVisible()
    assert (open_window().width(), open_window().height()) == (777, 555)


def test_swapping_says_it_the_other_way_round(open_window, qtbot):
    window = open_window()
    qtbot.mouseClick(window.swap_button, Qt.MouseButton.LeftButton)
    assert window.old_title.text() == "new one" and window.new_title.text() == "old one"
    assert "out_channels: 8 → 6" in lines(window) and "added, tanh2, Tanh" in lines(window)
    marks = {item.node.name: item.mood.mark for item in window.canvas.scene().nodes.values() if item.mood.mark}
    assert marks == {"conv1": Mark.CHANGED, "tanh2": Mark.ADDED, "relu1": Mark.REMOVED}
    asked = []
    window.open_requested.connect(asked.append)
    qtbot.mouseClick(window.open_button, Qt.MouseButton.LeftButton)
    assert asked == [NEW] and asked[0] is NEW


def test_the_same_twice(open_window):
    window = open_window(OLD, OLD.with_graph(OLD.graph.move({id_of(OLD, "conv1"): (0.0, -300.0)})))
    assert "No differences. Places, looks and titles do not count." in texts(window)
    assert lines(window) == ["Network, the same"]
    assert not window.next_button.isEnabled()
    key(window, Qt.Key.Key_F8)
    assert window.tree.row.text == "Network"


def test_rows_of_a_block_show_the_drawing_of_the_block(open_window):
    project = showcase()
    block = project.blocks["b1"]
    conv = block.graph.node_named("conv1").id
    changed = project.with_block(replace(block, graph=block.graph.set_params(conv, {"bias": False})))
    window = open_window(project, changed)
    assert lines(window)[0] == "Network, the same"
    names = {item.node.name for item in window.canvas.scene().nodes.values()}
    assert names == {node.name for node in project.graph.nodes.values()}
    key(window, Qt.Key.Key_F8)
    names = {item.node.name for item in window.canvas.scene().nodes.values()}
    assert names == {node.name for node in block.graph.nodes.values()} and glowing(window) == ["conv1"]
    window.tree.setFocus()
    key(window, Qt.Key.Key_Home)
    assert len(window.canvas.scene().nodes) == len(project.graph.nodes)


def test_a_block_that_only_one_has_is_one_difference(open_window):
    project = showcase()
    fewer = replace(project, definitions=project.definitions.remove("b1"))
    window = open_window(project, fewer)
    heading = next(item for item in window.tree.stops if row_of(item).is_heading)
    assert row_of(heading).kind is Kind.REMOVED and heading.childCount() == len(project.blocks["b1"].graph.nodes)


@pytest.mark.parametrize("name", ["light", "high_contrast_dark"])
def test_it_follows_the_theme(open_window, name):
    window = open_window()
    before, dark = theme.name, window.grab().toImage()
    try:
        theme.use(name)
        QApplication.processEvents()
        assert window.canvas.scene().colors.name == name and window.grab().toImage() != dark
    finally:
        theme.use(before)


@pytest.fixture(params=LOOKS, ids=lambda look: look[0])
def look(request, qapp):
    with dressed(qapp, *request.param):
        yield


@pytest.mark.parametrize("size", [(0, 0), (1120, 700)], ids=["small", "large"])
def test_it_can_be_read_heard_and_worked_by_keys(open_window, look, size):
    window = open_window()
    window.resize(*size)
    key(window, Qt.Key.Key_F8)
    window.tree.setFocus()
    assert clipped(window) == []
    found = complaints(window)
    assert not found, "\n".join(found)


def test_it_closes_when_the_language_changes(open_window):
    window = open_window()
    tongue.use("zh_CN")
    assert not window.isVisible()
    tongue.use("en")
