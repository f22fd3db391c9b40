"""The panel that explains an answer: which sample, which question, and what is shown of it; by mouse and keys."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QToolButton

from graph.files import load
from graph.model import Project
from graph.plan import Split
from gui.asker import Asker
from gui.editor import Editor
from gui.panels.explain import ExplainPanel
from gui.panels.explain_cards import WhyCard
from gui.run_controller import RunController
from runtime import examples
from runtime.explanations import GRAD_CAM, INTEGRATED, SALIENCY, Entry, Explanation


@pytest.fixture
def opened(qtbot):
    made = []

    def open_panel(name: str, split: Split | None = None) -> ExplainPanel:
        project: Project = load(examples.path(name))
        if split is not None:
            project = replace(project, plan=replace(project.plan, split=split))
        editor = Editor()
        editor.open(project)
        asker = Asker(editor, RunController(editor))
        panel = ExplainPanel(asker)
        qtbot.addWidget(panel)
        panel.resize(1366, 230)
        panel.show()
        made.append(asker)
        qtbot.waitUntil(lambda: panel._asked is not None and panel.why.view._found is not None, timeout=60_000)
        return panel

    yield open_panel
    for asker in made:
        asker.close(wait=True)


def facts(panel: ExplainPanel) -> str:
    card = panel.sample
    return " ".join(words.text() for words in (card.right, card.said, card.note) if words.isVisible())


def test_a_picture_its_answer_and_what_counts_for_it(qtbot, opened):
    panel = opened("mlp_digits")
    said = panel._asked.said
    assert panel.sample.picture.isVisible() and not panel.attention.isVisible()
    assert str(int(said.target)) in facts(panel) and "Not trained yet" in facts(panel)
    best = max(range(10), key=lambda n: said.chances[n])
    assert panel.why.answer.currentData() == best and panel.why.answer.count() == 10
    first = panel.why.view._found
    assert first.answer == best and first.scores.shape == (8, 8)
    panel.why.method.setFocus()
    qtbot.keyClick(panel.why.method, Qt.Key.Key_Down)
    qtbot.waitUntil(lambda: panel.why.view._found.method == INTEGRATED, timeout=20_000)
    assert "The sum misses it by" in panel.why.note.text() and "Sundararajan" in panel.why.note.toolTip()
    qtbot.keyClick(panel.why.answer, Qt.Key.Key_Down)
    qtbot.waitUntil(lambda: panel.why.view._found.answer != best, timeout=20_000)


def test_the_next_sample_by_a_click_and_one_of_the_test_from_outside(qtbot, opened):
    panel = opened("mlp_digits")
    first = panel._asked
    after = next(b for b in panel.sample.findChildren(QToolButton) if b.toolTip() == "Next sample")
    qtbot.mouseClick(after, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: panel._asked is not first, timeout=20_000)
    assert panel.sample.choice == ("test", 1)
    second = panel._asked
    panel.open_sample(17)
    qtbot.waitUntil(lambda: panel._asked is not second, timeout=20_000)
    assert panel.sample.choice == ("test", 17)
    assert panel.sample.number.maximum() == panel._asked.count == 359


def test_words_and_attention(qtbot, opened):
    panel = opened("transformer_reviews")
    assert panel.attention.isVisible() and panel.sample.words.text()
    assert [panel.attention.layer.itemText(n) for n in range(2)] == ["encoder1.self_attn", "encoder2.self_attn"]
    assert panel.attention.head.count() == 5
    before = panel.attention.view.grab().toImage()
    qtbot.keyClick(panel.attention.head, Qt.Key.Key_Down)
    assert panel.attention.view.grab().toImage() != before
    drawn = panel.why.view.grab().toImage()
    assert any(drawn.pixelColor(x, 10) != drawn.pixelColor(drawn.width() - 1, 10) for x in range(40))


def test_why_there_is_no_explanation_is_said(qtbot, opened):
    panel = opened("mlp_digits")
    panel.why.method.setCurrentIndex(panel.why.method.findData(GRAD_CAM))
    qtbot.waitUntil(panel.why.complaint.isVisible, timeout=20_000)
    assert "no layer" in panel.why.complaint.text() or "feature maps" in panel.why.complaint.text()
    qtbot.keyClick(panel.why.method, Qt.Key.Key_Home)
    qtbot.waitUntil(panel.why.view.isVisible, timeout=20_000)
    assert not panel.why.complaint.isVisible()


def test_a_part_without_samples_leaves_the_way_back(qtbot, opened):
    panel = opened("mlp_digits", Split(1.0, 0.0, 0.0))
    assert panel.sample.choice == ("train", 0), "the first part that has samples"
    qtbot.keyClick(panel.sample.part, Qt.Key.Key_Up)
    qtbot.waitUntil(lambda: "this part of the data has 0" in panel.sample.note.text(), timeout=20_000)
    qtbot.keyClick(panel.sample.part, Qt.Key.Key_Down)
    qtbot.waitUntil(lambda: "Not trained yet" in panel.sample.note.text(), timeout=20_000)


def test_what_the_network_says_is_read_without_scrolling(opened):
    panel = opened("mlp_digits")
    card = panel.sample
    assert card.said.isVisible() and card.said.text().startswith("Network: ")
    assert not card.said.visibleRegion().isEmpty() and card.said.visibleRegion().boundingRect() == card.said.rect()
    assert card.note.visibleRegion().boundingRect() == card.note.rect()


def test_another_place_of_a_text_is_asked_about_by_its_arrows(qtbot, opened):
    panel = opened("gpt_chars")
    assert panel.why.place.isVisible() and panel.why.place.value() == 64
    assert panel.why._place_name.isVisible()
    first = panel._asked
    panel.why.place.setFocus()
    qtbot.keyClick(panel.why.place, Qt.Key.Key_Down)
    qtbot.waitUntil(lambda: panel._asked is not first, timeout=20_000)
    assert panel._asked.said.place == 62 and panel.why.place.value() == 63
    second = panel._asked
    panel.open_sample(5)  # another sample begins at its usual place
    qtbot.waitUntil(lambda: panel._asked is not second, timeout=20_000)
    assert panel._asked.said.place == 63


def test_an_input_that_does_not_count_is_said(opened):
    panel = opened("gan_digits")  # what it makes comes from noise
    assert "does not depend on this input" in panel.why.note.text()
    assert panel.why.view.accessibleDescription() == panel.why.note.text()


def test_words_keep_their_colors_where_the_places_that_fill_up_count_more(qtbot):
    card = WhyCard()
    qtbot.addWidget(card)
    card.resize(600, 200)
    entry = Entry(0, "reviews.tokens", (4,), ("so", "dull", "", ""))
    strong = np.array([1e-4, 5e-5, 0.01, 0.13])
    card.show_explanation(Explanation(SALIENCY, entry, 0, strong, np.arange(4)))
    assert "fill up count more than any word: up to 0.1300, words up to 1e-4." in card.note.text()
    assert card.view.accessibleDescription() == "What counts most: so (1e-4)"
    card.show()
    dark = card.view.grab().toImage()
    card.show_explanation(Explanation(SALIENCY, entry, 0, strong * (1, 1, 0, 0), np.arange(4)))
    assert card.view.grab().toImage() == dark and "fill up" not in card.note.text()
