"""The Try panel, used by mouse and keys: it suits the network by itself, and shows what that says to what is entered."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QLabel

from digit_strokes import LARGE, SMALL
from graph.files import load
from graph.messages import msg
from gui.asker import Asker
from gui.editor import Editor
from gui.panels.try_codes import NoiseCard
from gui.panels.try_entries import FieldsCard, NumberField, TextCard
from gui.panels.try_pad import DrawPad, PictureCard
from gui.panels.try_planes import CurveCard, PlaneCard
from gui.panels.try_views import PlainView, WritingView
from gui.panels.trying import TryPanel
from gui.run_controller import RunController, RunState
from gui.theme import theme
from panel_tools import enter
from runtime import examples
from runtime.trying import Numbers, Pictures, Shares, Tagged, answer
from runtime.trying_pixels import pixels

PATIENCE = 60_000


class Tried:
    """A panel about an example before training, and what it needs."""

    def __init__(self, qtbot, name: str) -> None:
        self.qtbot = qtbot
        self.editor = Editor(load(examples.path(name)))
        self.controller = RunController(self.editor)
        self.asker = Asker(self.editor, self.controller)
        self.panel = TryPanel(self.asker)
        qtbot.addWidget(self.panel)
        self.panel.resize(1366, 196)

    def show(self) -> Tried:
        with self.qtbot.waitExposed(self.panel):
            self.panel.show()
        self.qtbot.waitUntil(lambda: self.result is not None, timeout=PATIENCE)
        return self

    @property
    def view(self) -> PlainView:
        assert isinstance(self.panel.view, PlainView)
        return self.panel.view

    @property
    def card(self):
        return self.view.cards[0]

    @property
    def result(self):
        return self.panel.view.answer.result if isinstance(self.panel.view, PlainView) else None

    def next_answer(self, do) -> object:
        """What the network says after something was done."""
        before = self.result
        do()
        self.qtbot.waitUntil(lambda: self.result is not None and self.result is not before, timeout=PATIENCE)
        return self.result


@pytest.fixture
def tried(qtbot):
    made: list[Tried] = []

    def make(name: str) -> Tried:
        made.append(Tried(qtbot, name))
        return made[-1]

    yield make
    for one in made:
        one.controller.shutdown()
        one.asker.close(wait=True)


def draw(qtbot, pad: DrawPad, *points: tuple[float, float], button=Qt.MouseButton.LeftButton) -> None:
    """A stroke through places that are shares of the pad."""
    box = pad._box()
    places = [QPoint(round(box.left() + x * box.width()), round(box.top() + y * box.height())) for x, y in points]
    qtbot.mousePress(pad, button, pos=places[0])
    for place in places[1:]:
        qtbot.mouseMove(pad, place)
    qtbot.mouseRelease(pad, button, pos=places[-1])


def test_nothing_is_asked_before_it_is_shown(tried):
    one = tried("moons_mlp")
    one.asker.subject_changed.emit()
    one.qtbot.wait(20)
    assert one.asker._thread is None


def test_a_point_in_the_plane_is_moved_by_mouse_and_keys(tried, qtbot):
    one = tried("moons_mlp").show()
    card = one.card
    assert isinstance(card, PlaneCard) and isinstance(one.result, Shares)
    assert one.panel.sample.text() == "Test sample 1 of 200" and one.view.answer.truth.text().startswith("true: ")
    assert "Not trained yet" in one.panel.subject.text() and one.panel.subject.property("tone") == "warning"
    qtbot.waitUntil(lambda: card.plane._field is not None, timeout=PATIENCE)
    target = card.plane.place(1.0, 0.5).toPoint()
    said = one.next_answer(lambda: qtbot.mouseClick(card.plane, Qt.MouseButton.LeftButton, pos=target))
    assert card.value() == pytest.approx((1.0, 0.5), abs=0.05)
    assert one.panel.sample.text() == "Your own input" and one.view.answer.truth.text() == ""
    before = card.value()
    one.next_answer(lambda: qtbot.keyClick(card.plane, Qt.Key.Key_Right))
    assert card.value()[0] > before[0] and card.value()[1] == before[1]
    assert sum(said.shares) == pytest.approx(1.0)


def test_the_arrows_lead_from_sample_to_sample(tried, qtbot):
    one = tried("moons_mlp").show()
    first = one.card.value()
    one.next_answer(lambda: qtbot.mouseClick(one.panel.next, Qt.MouseButton.LeftButton))
    assert one.panel.sample.text() == "Test sample 2 of 200" and one.card.value() != first
    one.next_answer(lambda: qtbot.keyClick(one.panel.back, Qt.Key.Key_Space))
    assert one.card.value() == first
    one.next_answer(lambda: qtbot.mouseClick(one.panel.back, Qt.MouseButton.LeftButton))
    assert one.panel.sample.text() == "Test sample 200 of 200"


def test_fields_are_live_and_say_what_does_not_fit(tried, qtbot):
    one = tried("mlp_regression").show()
    card = one.card
    assert isinstance(card, FieldsCard) and list(card.fields)[:2] == ["age", "sex"]
    age = card.fields["age"]
    assert isinstance(age, NumberField) and isinstance(one.result, Numbers) and one.result.names == ("hdl",)
    before = one.result
    after = one.next_answer(lambda: enter(qtbot, age, "99"))
    assert card.value()["age"] == 99.0 and after.values != before.values
    age.selectAll()
    qtbot.keyClicks(age, "old")
    assert age.property("invalid") and age.toolTip()
    qtbot.keyClick(age, Qt.Key.Key_Return)
    assert age.text() == "99" and not age.property("invalid")
    one.next_answer(lambda: qtbot.keyClick(age, Qt.Key.Key_Up))
    assert card.value()["age"] == 109.0 or card.value()["age"] == 100.0


def test_drawing_takes_the_place_of_the_sample_and_can_be_taken_back(tried, qtbot):
    one = tried("lenet5_digits").show()
    card = one.card
    assert isinstance(card, PictureCard) and isinstance(one.result, Shares) and len(one.result.names) == 10
    sample = card.value().ground
    one.next_answer(lambda: draw(qtbot, card.pad, (0.5, 0.2), (0.5, 0.5), (0.5, 0.8)))
    assert card.value().ground is None and card.value().ink.max() == 1.0
    assert one.panel.sample.text() == "Your own input"
    drawn = card.value().ink.sum()
    one.next_answer(lambda: draw(qtbot, card.pad, (0.5, 0.5), (0.6, 0.5), button=Qt.MouseButton.RightButton))
    assert card.value().ink.sum() < drawn
    qtbot.mouseClick(card.undo_button, Qt.MouseButton.LeftButton)
    assert card.value().ink.sum() == drawn
    card.pad.setFocus()
    qtbot.keyClick(card.pad, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert np.array_equal(card.value().ground, sample) and card.value().ink is None
    qtbot.mouseClick(card.clear_button, Qt.MouseButton.LeftButton)
    assert card.value() is None
    qtbot.waitUntil(lambda: one.result is None and "Draw on the pad" in one.view.answer.note.text(), timeout=PATIENCE)


def test_a_small_drawing_is_to_the_network_what_a_large_one_is(tried, qtbot):
    """Size and place on the pad say nothing, and strokes are as wide and as soft as those of the data, which were enlarged."""
    card = tried("lenet5_digits").show().card
    assert card.pad.entry.grain < 16 and card.pad.entry.shape == (1, 32, 32)
    seen = []
    for times, x, y in ((1.0, 0.5, 0.5), (0.4, 0.35, 0.65)):
        qtbot.mouseClick(card.clear_button, Qt.MouseButton.LeftButton)
        draw(qtbot, card.pad, *[(x + (a - 0.5) * times, y + (b - 0.5) * times) for a, b in LARGE[7][0]])
        seen.append(pixels(card.pad.entry, card.value())[0])
    assert np.abs(seen[0] - seen[1]).max() < 0.25 and np.corrcoef(seen[0].ravel(), seen[1].ravel())[0, 1] > 0.98
    assert np.abs(np.diff(seen[0], axis=1)).max() < 0.4  # a crisp edge would be a step of nearly 1


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", ["mlp_digits", "lenet5_digits"])
def test_a_trained_network_reads_what_is_drawn_with_the_mouse(tried, qtbot, name):
    one = tried(name)
    one.controller.train()
    qtbot.waitUntil(lambda: not one.controller.state.is_active, timeout=400_000)
    assert one.controller.state is RunState.FINISHED
    card = one.show().card
    for hand in (LARGE, SMALL):
        right = 0
        for digit, strokes in enumerate(hand):
            qtbot.mouseClick(card.clear_button, Qt.MouseButton.LeftButton)
            for stroke in strokes:
                draw(qtbot, card.pad, *stroke)
            entry, drawn = card.pad.entry, card.value()
            said = []
            one.asker.ask(
                lambda trained, drawn=drawn, entry=entry, way=one.view.way: answer(
                    trained, way, way.forms[0], {entry.key: drawn}
                ),
                said.append,
                key="test",
                failed=pytest.fail,
            )
            qtbot.waitUntil(lambda said=said: bool(said), timeout=PATIENCE)
            right += int(said[0].names[int(np.argmax(said[0].shares))]) == digit
        assert right >= 8, (name, right)


def test_the_pad_is_drawn_on_with_the_keys(tried, qtbot):
    one = tried("lenet5_digits").show()
    pad = one.card.pad
    pad.setFocus()
    qtbot.keyClick(pad, Qt.Key.Key_Delete)
    qtbot.keyClick(pad, Qt.Key.Key_Right)
    assert pad.is_empty
    qtbot.keyClick(pad, Qt.Key.Key_Space)
    for _ in range(8):
        qtbot.keyClick(pad, Qt.Key.Key_Down)
    columns = np.flatnonzero(one.card.value().ink.max(0) > 0.5)
    rows = np.flatnonzero(one.card.value().ink.max(1) > 0.5)
    assert len(rows) > 1.5 * len(columns)


def test_a_curve_is_bent_with_the_mouse(tried, qtbot):
    one = tried("waves_conv1d").show()
    card = one.card
    assert isinstance(card, CurveCard)
    curve, before = card.curve, card.value()

    def bend() -> None:
        qtbot.mousePress(curve, Qt.MouseButton.LeftButton, pos=curve.point(4, 1.0).toPoint())
        qtbot.mouseMove(curve, curve.point(9, -1.0).toPoint())
        qtbot.mouseRelease(curve, Qt.MouseButton.LeftButton, pos=curve.point(9, -1.0).toPoint())

    one.next_answer(bend)
    after = card.value()
    assert np.array_equal(after[10:], before[10:]) and np.array_equal(after[:4], before[:4])
    assert np.allclose(after[4:10], np.linspace(1.0, -1.0, 6), atol=0.1)


def test_noise_is_steered_by_sliders_and_a_picture_is_chosen(tried, qtbot):
    one = tried("gan_digits").show()
    card, pictures = one.card, one.view.answer.pictures
    assert isinstance(card, NoiseCard) and isinstance(one.result, Pictures) and len(one.result.images) == 16
    assert not one.panel._samples.isVisible()
    qtbot.mouseClick(pictures, Qt.MouseButton.LeftButton, pos=pictures.place(3).center())
    assert card.chosen == 3 and card.which.text() == "4 of 16"
    before = one.result.images
    slider = card.sliders.sliders[0]
    slider.setFocus()
    after = one.next_answer(lambda: qtbot.keyClick(slider, Qt.Key.Key_Home)).images
    assert card.value()[3, 0] == pytest.approx(-3.0)
    assert np.array_equal(before[2], after[2]) and not np.array_equal(before[3], after[3])
    one.next_answer(lambda: enter(qtbot, card.count, "2"))
    assert len(one.result.images) == 2
    noise = card.value()
    one.next_answer(lambda: qtbot.mouseClick(card.new_button, Qt.MouseButton.LeftButton))
    assert card.seed.text() == "1" and not np.array_equal(noise, card.value())


def test_one_wanders_from_the_code_of_a_sample_to_that_of_the_next(tried, qtbot):
    one = tried("autoencoder_digits").show()
    one.panel.way.setFocus()
    before = one.result
    qtbot.keyClick(one.panel.way, Qt.Key.Key_Down)
    qtbot.waitUntil(lambda: one.result is not None and one.result is not before, timeout=PATIENCE)
    assert one.panel.way.currentText() == "sliders at code"
    start = one.card.value()
    one.card.way.setFocus()
    one.next_answer(lambda: qtbot.keyClick(one.card.way, Qt.Key.Key_End))
    there = one.card.value()
    qtbot.mouseClick(one.panel.next, Qt.MouseButton.LeftButton)  # back to the sample
    qtbot.waitUntil(lambda: np.array_equal(one.card.value(), start), timeout=PATIENCE)
    one.next_answer(lambda: qtbot.mouseClick(one.panel.next, Qt.MouseButton.LeftButton))
    qtbot.waitUntil(lambda: np.allclose(one.card.value(), there, atol=1e-5), timeout=PATIENCE)


def test_words_are_tagged_while_they_are_typed(tried, qtbot):
    one = tried("tagger_bilstm").show()
    card = one.card
    assert isinstance(card, TextCard) and isinstance(one.result, Tagged)
    card.field.selectAll()
    qtbot.keyClicks(card.field, "the zorp sings")
    qtbot.waitUntil(
        lambda: isinstance(one.result, Tagged) and one.result.words == ("the", "zorp", "sings"), timeout=PATIENCE
    )
    qtbot.waitUntil(lambda: "zorp" in card.note.text(), timeout=PATIENCE)
    assert one.view.answer.tags.accessibleName().startswith("the: ")
    card.field.clear()
    assert not card.note.isVisible()


def test_a_language_model_writes_token_by_token_and_can_be_stopped(tried, qtbot):
    one = tried("char_lm")
    one.panel.show()
    qtbot.waitUntil(
        lambda: isinstance(one.panel.view, WritingView) and bool(one.panel.view.next.bars.shown), timeout=PATIENCE
    )
    view = one.panel.view
    assert len(view.next.bars.shown) == 10
    enter(qtbot, view.prompt.top_k, "3")
    qtbot.waitUntil(lambda: len(view.next.bars.shown) == 3, timeout=PATIENCE)  # the chances by which one is drawn
    enter(qtbot, view.prompt.top_k, "0")
    enter(qtbot, view.prompt.length, "30")
    view.prompt.field.setPlainText("Shall I")
    qtbot.mouseClick(view.prompt.button, Qt.MouseButton.LeftButton)
    assert view.prompt.button.text() == "Stop"
    qtbot.waitUntil(lambda: not view.writer.is_writing, timeout=PATIENCE)
    text = view.text.text.toPlainText()
    assert text.startswith("Shall I") and len(text) == 37 and view.prompt.button.text() == "Write"
    qtbot.mouseClick(view.prompt.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not view.writer.is_writing, timeout=PATIENCE)
    assert view.text.text.toPlainText() == text  # the same seed
    theme.use("light")
    try:
        assert view.text.text.toPlainText() == text
    finally:
        theme.use("dark")
    enter(qtbot, view.prompt.length, "5000")
    qtbot.mouseClick(view.prompt.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(view.text.text.toPlainText()) > 12, timeout=PATIENCE)
    qtbot.mouseClick(view.prompt.button, Qt.MouseButton.LeftButton)
    stopped = view.text.text.toPlainText()
    qtbot.wait(150)
    assert view.text.text.toPlainText() == stopped and len(stopped) < 5000


def test_before_training_it_follows_the_drawing_and_keeps_what_is_entered(tried, qtbot):
    one = tried("moons_mlp").show()
    target = one.card.plane.place(0.3, 0.3).toPoint()
    one.next_answer(lambda: qtbot.mouseClick(one.card.plane, Qt.MouseButton.LeftButton, pos=target))
    card, before, entered = one.card, one.result, one.card.value()
    hidden = next(node for node in one.editor.graph.nodes.values() if node.params.get("out_features", 0) > 2)
    one.editor.set_param(hidden.id, "out_features", 5)
    qtbot.waitUntil(lambda: one.result is not None and one.result is not before, timeout=PATIENCE)
    assert one.card is card and one.card.value() == entered == pytest.approx((0.3, 0.3), abs=0.05)


def test_a_drawing_that_cannot_run_is_said_in_a_sentence(tried, qtbot):
    one = tried("moons_mlp")
    one.editor.select([one.editor.graph.node_named("moons").id])
    one.editor.remove_selected()
    one.panel.show()
    hint = one.panel.empty._hint
    assert isinstance(hint, QLabel)
    qtbot.waitUntil(lambda: "Looking at" not in hint.text(), timeout=PATIENCE)
    assert hint.text().endswith(".") and "mistake" not in hint.text()


def test_a_dropped_file_that_is_no_picture_is_said_in_a_sentence(tried, qtbot, tmp_path):
    one = tried("lenet5_digits").show()
    path = tmp_path / "notes.png"
    path.write_text("nothing", "utf-8")
    one.card.pad.file_dropped.emit(Path(path))
    qtbot.waitUntil(lambda: "no picture" in one.view.answer.complaint.words.text(), timeout=PATIENCE)


def test_it_says_which_run_answers_and_that_the_drawing_has_changed_since(tried, qtbot, tmp_path):
    one = tried("moons_mlp").show()
    one.editor.push(
        one.editor.project.with_plan(replace(one.editor.project.plan, epochs=1, device="cpu")), msg("Epochs")
    )
    one.controller.runs_folder = tmp_path
    one.controller.train()
    qtbot.waitUntil(lambda: one.controller.state is RunState.FINISHED, timeout=PATIENCE)
    name = one.controller.last_run.name
    qtbot.waitUntil(lambda: one.panel.subject.text() == f"Run {name}, its best weights", timeout=PATIENCE)
    qtbot.waitUntil(lambda: one.result is not None, timeout=PATIENCE)
    hidden = next(node for node in one.editor.graph.nodes.values() if node.params.get("out_features", 0) > 2)
    one.editor.set_param(hidden.id, "out_features", 5)
    qtbot.waitUntil(lambda: "of an earlier drawing" in one.panel.subject.text(), timeout=PATIENCE)
    assert one.panel.subject.property("tone") == "warning"


def test_answers_that_come_when_the_panel_is_gone_are_dropped(tried, qtbot):
    one = tried("moons_mlp")
    other = TryPanel(one.asker)
    with qtbot.waitExposed(other):
        other.show()
    assert len(one.asker._latest) == 1
    other.deleteLater()
    qtbot.waitUntil(lambda: not one.asker._latest)
    assert one.show().result is not None


def test_clear_forgets_what_was_tried(tried, qtbot):
    one = tried("moons_mlp").show()
    one.panel.hide()
    one.panel.clear()
    assert one.panel.view is None and one.panel.trying is None
    one.show()
    assert isinstance(one.result, Shares)
