"""The panel that steps a sample through the network, by mouse and keys, and the values on the canvas."""

from __future__ import annotations

import time
from types import SimpleNamespace

import pytest
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtWidgets import QToolButton

from graph.files import load
from gui.asker import Asker
from gui.block_editor import BlockEditor
from gui.canvas.scene import Hit
from gui.canvas.tips import tip
from gui.canvas.values import SIDE, ValueItem
from gui.canvas.view import CanvasView
from gui.editor import Editor
from gui.panels.inside import InsidePanel
from gui.panels.inside_sample import SampleBox
from gui.panels.inside_step import to_html
from gui.run_controller import RunController
from gui.theme import theme
from panel_tools import show, texts
from runtime import examples
from runtime.portraits_meaning import Verdict


class Opened:
    """A panel with its editor and canvas."""

    def __init__(self, qtbot, name: str) -> None:
        self.editor = Editor()
        self.blocks = BlockEditor(self.editor)
        self.editor.open(load(examples.path(name)))
        self.asker = Asker(self.editor, RunController(self.editor))
        self.canvas = CanvasView(self.editor)
        qtbot.addWidget(self.canvas)
        self.canvas.resize(800, 500)
        self.canvas.show()
        self.panel = InsidePanel(self.editor, self.asker)
        self.requested: list[str] = []
        self.panel.node_requested.connect(self.requested.append)
        self.panel.node_requested.connect(lambda node: self.editor.select([node]))
        self.panel.values_changed.connect(self.canvas.life.show_values)
        show(qtbot, self.panel, 1366, 230)
        qtbot.waitUntil(lambda: self.panel.walk is not None, timeout=60_000)

    def id(self, name: str) -> str:
        node = self.editor.graph.node_named(name)
        assert node is not None, name
        return node.id

    @property
    def at(self) -> str:
        assert self.panel.present is not None
        return self.panel.present.name


@pytest.fixture
def opened(qtbot):
    made: list[Opened] = []

    def open_panel(name: str) -> Opened:
        made.append(Opened(qtbot, name))
        return made[-1]

    yield open_panel
    for one in made:
        one.panel.hide()
        one.asker.close(wait=True)


def test_the_arrow_keys_step_and_the_canvas_follows(qtbot, opened):
    one = opened("lenet5_digits")
    strip = one.panel.strip
    assert one.at == "digits" and one.requested == []
    strip.setFocus()
    qtbot.keyClick(strip, Qt.Key.Key_Right)
    assert one.at == "conv1" and one.requested == [one.id("conv1")] and one.editor.selection == {one.id("conv1")}
    said = texts(one.panel)
    assert any("H = W = ⌊(32 + 2·0 − 5) / 1⌋ + 1 = 28" in text for text in said)
    assert any("self.conv1 = nn.Conv2d(1, 6, kernel_size=5)" in text for text in said)
    assert any("Not trained yet" in text for text in said)
    assert one.panel.step.gives[0].portrait.shape == (6, 28, 28)
    assert one.panel.step.takes[0].portrait.shape == (1, 32, 32)
    qtbot.keyClick(strip, Qt.Key.Key_End)
    assert one.at == "accuracy" and "many samples" in one.panel.step.gives[0].accessibleName()
    qtbot.keyClick(strip, Qt.Key.Key_Left)
    assert one.at == "loss"


def test_a_click_on_a_step_and_a_node_selected_on_the_canvas(qtbot, opened):
    one = opened("lenet5_digits")
    strip = one.panel.strip
    third = strip.visualRect(strip.model().index(2, 0)).center()
    qtbot.mouseClick(strip.viewport(), Qt.MouseButton.LeftButton, pos=third)
    assert one.at == "tanh1" and one.requested == [one.id("tanh1")]
    one.editor.select([one.id("logits")])
    assert one.at == "logits" and one.requested == [one.id("tanh1")]  # it follows, and leads nobody
    assert strip.viewport().rect().intersects(strip.visualRect(strip.currentIndex()))
    one.editor.select([one.id("conv1"), one.id("fc1")])
    assert one.at == "logits"


def test_another_sample_by_mouse_and_by_typing(qtbot, opened):
    one = opened("lenet5_digits")
    one.editor.select([one.id("fc1")])
    first = one.panel.walk
    after = next(b for b in one.panel.sample.findChildren(QToolButton) if b.toolTip() == "Next sample")
    qtbot.mouseClick(after, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: one.panel.walk is not first, timeout=20_000)
    assert one.panel.walk.wish[:2] == ("test", 1) and one.at == "fc1"
    number = one.panel.sample.number
    number.selectAll()
    qtbot.keyClicks(number, "17")
    qtbot.keyClick(number, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: one.panel.walk.wish.number == 16, timeout=20_000)
    qtbot.keyClick(one.panel.sample.part, Qt.Key.Key_Down)
    qtbot.waitUntil(lambda: one.panel.walk.wish[:2] == ("validation", 0), timeout=20_000)
    assert number.maximum() == 180
    started = time.process_time()
    one.panel.open_sample(3)
    qtbot.waitUntil(lambda: one.panel.walk.wish[:2] == ("test", 3), timeout=20_000)
    assert time.process_time() - started < 1.0


def test_it_plays_by_itself_to_the_end(qtbot, opened):
    one = opened("mlp_regression")
    one.panel._clock.setInterval(5)
    qtbot.mouseClick(one.panel.play_button, Qt.MouseButton.LeftButton)
    assert one.panel.play_button.accessibleName() == "Pause"
    last = one.panel.model.steps[-1].name
    qtbot.waitUntil(lambda: one.at == last, timeout=5_000)
    qtbot.waitUntil(lambda: not one.panel._clock.isActive(), timeout=5_000)
    assert one.panel.play_button.accessibleName().startswith("Play")
    assert one.requested[0] == one.panel.model.steps[1].node


def frame_of(picture: ValueItem) -> QRectF:
    """Where it is in the scene."""
    return picture.mapRectToScene(picture.area())


def test_values_on_the_canvas_while_the_panel_is_in_front(qtbot, opened):
    one = opened("lenet5_digits")
    values, scene = one.canvas.scene().values, one.canvas.scene()
    shown = values.shown
    assert {one.editor.graph.nodes[i].name for i in shown} >= {"digits", "conv1", "logits", "loss"}
    conv1 = one.id("conv1")
    place = frame_of(shown[conv1]).center()
    body = scene.nodes[conv1].body()
    assert abs(place.x() - (body.right() - SIDE / 2)) < 1 and place.y() > body.bottom()
    link = one.editor.graph.incoming(one.id("tanh1"))[0]
    assert "6 × 28 × 28 · float32 · from" in tip(scene, Hit(link=link))
    picture = values._values[conv1].picture(QSize(40, 40), 1.0)
    assert len({picture.pixel(x, y) for x in range(40) for y in range(40)}) > 20
    before = one.canvas.grab().toImage()
    one.editor.move({conv1: (body.left(), body.top() - 60)})
    assert frame_of(shown[conv1]).center().y() == pytest.approx(place.y() - 60)
    one.editor.undo()
    one.panel.hide()
    assert not values.shown and "from" not in tip(scene, Hit(link=link)).splitlines()[1]
    assert one.canvas.grab().toImage() != before
    one.panel.show()
    assert conv1 in values.shown
    one.editor.select([conv1])
    one.editor.remove_selected()
    assert conv1 not in values.shown


def test_pictures_lie_between_close_cards_and_cards_over_pictures(qtbot, opened):
    one = opened("transformer_reviews")
    view, scene = one.canvas, one.canvas.scene()
    pictures = scene.values.shown.values()
    flat = [picture for picture in pictures if picture.area().height() < SIDE]
    assert flat and not any(scene.nodes_in(frame_of(picture)) for picture in pictures)  # some rows are close
    where = frame_of(flat[0])
    one.editor.move({one.id("reviews"): (where.left() - 20, where.top() - 20)})
    view.fit()
    assert scene.nodes_in(frame_of(flat[0]))  # no room at all: a card was put on it
    bodies = [item.body().adjusted(4, 4, -4, -4) for item in scene.nodes.values() if item.node.name == "reviews"]
    view.hold_still()
    view.viewport().grab()  # what cards and thumbnails make when they are first painted is made now
    qtbot.waitUntil(lambda: not scene.values._later.isActive(), timeout=5_000)
    with_values = view.viewport().grab().toImage()
    one.panel.hide()
    without = view.viewport().grab().toImage()
    assert with_values != without
    for body in bodies:
        place = view.mapFromScene(body).boundingRect().adjusted(1, 1, -1, -1)
        assert with_values.copy(place) == without.copy(place)


def test_inside_a_block_its_own_values_are_shown(qtbot, opened):
    one = opened("gpt_chars")
    outside = one.panel.walk
    one.blocks.enter(one.id("blocks"))
    assert not one.canvas.scene().values.shown  # until those of the block are there
    qtbot.waitUntil(lambda: one.panel.walk is not outside, timeout=20_000)
    first = one.panel.walk
    assert [s.name for s in first.steps][:3] == ["x", "norm1", "future"] and set(one.canvas.scene().values.shown)
    run = one.panel.sample.run
    assert run.isVisible() and run.suffix() == " / 2"
    qtbot.keyClick(run, Qt.Key.Key_Up)
    qtbot.waitUntil(lambda: one.panel.walk.wish.run == 1, timeout=20_000)
    one.blocks.leave()
    qtbot.waitUntil(lambda: one.panel.walk.scope is None, timeout=20_000)
    assert not run.isVisible() and one.at == "blocks"


def test_an_edit_before_training_is_another_network(qtbot, opened):
    from runtime.analyser import analyse

    one = opened("mlp_regression")
    first = one.panel.walk
    one.editor.set_param(one.id("fc1"), "out_features", 48)
    assert one.panel.walk is first
    one.editor.set_analysis(analyse(one.editor.project))
    qtbot.waitUntil(lambda: one.panel.walk is not first, timeout=20_000)
    fc1 = next(s for s in one.panel.walk.steps if s.name == "fc1")
    assert fc1.gives["output"].shape == (48,)


def test_the_number_under_the_mouse(qtbot, opened):
    one = opened("lenet5_digits")
    one.editor.select([one.id("conv1")])
    view = one.panel.step.gives[0]
    view.grab()
    place = view._places[2]
    at = place.topLeft() + QPointF(place.width() * (5.5 / 28), place.height() * (3.5 / 28))
    value = view.portrait.drawn[2, 3, 5]
    index, shown = view.text_at(at).split("  ")
    assert index == "[2, 3, 5]" and float(shown) == pytest.approx(float(value), abs=1e-3)


def test_nothing_is_asked_before_it_is_shown_and_errors_are_sentences(qtbot):
    editor = Editor()
    asker = Asker(editor, RunController(editor))
    asked = []
    asker.ask = lambda *args, **more: asked.append(more["failed"])
    panel = InsidePanel(editor, asker)
    qtbot.addWidget(panel)
    panel.clear()
    editor.select([])
    assert asked == []
    show(qtbot, panel, 900, 200)
    assert len(asked) == 1
    from graph.messages import msg

    asked[0](msg("There is no network in this drawing yet. Add a layer and wire the data to it."))
    assert any("no network" in text for text in texts(panel))


@pytest.mark.parametrize("name", ["dark", "light"])
def test_portraits_are_painted_in_every_kind_and_theme(qtbot, opened, name):
    one = opened("transformer_reviews")
    theme.use(name)
    seen = set()
    for row, step in enumerate(one.panel.model.steps):
        one.panel.strip.go_to(row)
        image = one.panel.grab().toImage()
        assert image.height() == 230
        seen |= {portrait.kind for portrait in step.gives.values()}
    assert {"words", "matrix", "scores", "number"} <= seen
    theme.use("dark")


def test_formulas_are_rich_text_and_safe():
    assert to_html("h_{t−1} < W^{T}") == "h<sub>t−1</sub> &lt; W<sup>T</sup>"


def test_a_long_answer_is_cut_and_whole_in_its_tool_tip(qtbot):
    box = SampleBox()
    qtbot.addWidget(box)
    text = "o_be_or_not_to_be," * 20
    box._show_verdict(SimpleNamespace(verdict=Verdict(text, text.upper(), 0.25, False), losses={}))
    assert len(box.right.text().replace("\u200b", "")) < 70 and "…" in box.right.text()
    assert "…" in box.said.text() and box.said.text().endswith("%)")
    assert (box.right.toolTip(), box.said.toolTip()) == (text, text.upper())
