"""The data panel: facts, first samples read in the background, and choosing other data."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLabel, QPushButton

from drawings import lenet5
from graph.messages import Message
from graph.model import Node
from gui.editor import Editor
from gui.panels.data import DataPanel
from gui.panels.preview import MOST_BYTES, Preview, PreviewReader, make_preview, read_preview, to_image
from panel_tools import show
from runtime.data import load, look
from runtime.data.looks import PICTURES

TABLE = "layerloom.data.Table"


@pytest.fixture
def editor():
    editor = Editor(lenet5().project)
    editor.refresh_data(editor.graph.node_named("digits").id)
    return editor


@pytest.fixture
def panel(qtbot, editor):
    return show(qtbot, DataPanel(editor), 300, 900)


def card_of(panel):
    (card,) = panel.cards.values()
    return card


def texts(panel):
    QApplication.processEvents()
    return [label.text() for label in panel.findChildren(QLabel) if label.isVisibleTo(panel)]


def test_pictures_and_classes_are_shown(qtbot, panel):
    card = card_of(panel)
    qtbot.waitUntil(card.images.isVisible, timeout=10_000)
    for text in ("digits", "Handwritten digits", "1\u2009797", "1 × 32 × 32", "float32", "int64"):
        assert text in texts(panel)
    assert "24 samples: 0, 1, 2, 3" in card.images.accessibleName()
    assert not card.table.isVisible()


def test_the_first_samples_are_the_first_samples():
    node = Node("n1", "layerloom.data.Images", "digits")
    loaded, preview = load(node), make_preview(look(node))
    assert len(preview.pictures) == PICTURES
    assert preview.found.captions == tuple(map(str, loaded.store.arrays["label"][:PICTURES]))
    assert sum(count for _, count in preview.found.counts) == loaded.samples


def test_pixels_arrive_as_they_are():
    sample = np.zeros((2, 4, 3), dtype=np.float32)
    sample[0, 0, 0] = 1.0
    image = to_image(sample)
    assert (image.width(), image.height()) == (88, 44)
    assert image.pixelColor(2, 2).getRgb()[:3] == (255, 0, 0)
    assert image.pixelColor(80, 40).getRgb()[:3] == (0, 0, 0)


def test_a_table_is_shown_with_its_columns(qtbot, editor, panel):
    editor.select([editor.graph.node_named("digits").id])
    editor.remove_selected()
    assert panel.cards == {} and any("No data yet" in text for text in texts(panel))
    editor.add_node(TABLE, (0.0, 0.0))
    table = card_of(panel).table
    qtbot.waitUntil(table.isVisible, timeout=10_000)
    loaded = load(Node("n1", TABLE, "table"))
    header = [table.horizontalHeaderItem(n).text() for n in range(table.columnCount())]
    assert header == [*loaded.columns, "target: progression"]
    assert float(table.item(0, 0).text()) == pytest.approx(float(loaded.store.arrays["features"][0, 0]), rel=1e-3)


def test_missing_data_is_said_and_mended(qtbot, editor, panel, tmp_path, monkeypatch):
    card = card_of(panel)
    monkeypatch.setattr("gui.panels.fields.QFileDialog.getExistingDirectory", lambda *_: str(tmp_path / "gone"))
    qtbot.mouseClick(card.folder_button, Qt.MouseButton.LeftButton)
    assert editor.graph.node_named("digits").params["source"] == (tmp_path / "gone").as_posix()
    qtbot.waitUntil(lambda: any("There is no file" in text for text in texts(panel)), timeout=10_000)
    field = card.source.field
    field.setFocus()
    field.selectAll()
    qtbot.keyClicks(field, "digits (built in)")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert editor.graph.node_named("digits").params["source"] == "builtin:digits"
    qtbot.waitUntil(card.images.isVisible, timeout=10_000)
    assert not any("There is no file" in text for text in texts(panel))


def test_read_again_looks_at_the_data_anew(qtbot, editor, panel):
    node = editor.graph.node_named("digits")
    editor.open(editor.project.with_graph(editor.graph.set_facts(node.id, None)))
    assert "1\u2009797" not in texts(panel)
    qtbot.mouseClick(card_of(panel).read_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: editor.graph.node_named("digits").facts is not None)
    assert editor.graph.node_named("digits").facts["samples"] == 1797
    assert "1\u2009797" in texts(panel)
    qtbot.waitUntil(card_of(panel).images.isVisible, timeout=10_000)


def test_large_data_is_not_read_for_a_look(monkeypatch):
    facts = {"samples": 10_000_000, "outputs": {"image": {"shape": [3, 64, 64], "dtype": "float32"}}}
    assert MOST_BYTES < 10_000_000 * 3 * 64 * 64 * 4
    answer = read_preview(Node("n1", "layerloom.data.Images", "big", facts=facts), None)
    assert isinstance(answer, Message) and "458\u2009GiB" in str(answer)


def test_only_the_newest_question_is_answered(qtbot):
    reader = PreviewReader()
    answers = []
    reader.answered.connect(answers.append)
    digits = Node("n1", "layerloom.data.Images", "digits")
    reader.read(digits, None)
    reader.read(replace(digits, type=TABLE), None)
    qtbot.waitUntil(lambda: bool(answers), timeout=10_000)
    qtbot.wait(50)
    assert len(answers) == 1
    assert isinstance(answers[0], Preview) and answers[0].found.rows


def test_a_hidden_panel_builds_nothing_until_it_is_shown(qtbot, editor):
    panel = DataPanel(editor)
    qtbot.addWidget(panel)
    editor.refresh_data(editor.graph.node_named("digits").id)
    assert not panel.cards
    panel.show()
    qtbot.waitUntil(card_of(panel).images.isVisible, timeout=10_000)


def test_images_are_chosen_as_a_file_too(qtbot, editor, panel, tmp_path, monkeypatch):
    card = card_of(panel)
    path = tmp_path / "list.csv"
    path.write_text("path,label\n", "utf-8")
    monkeypatch.setattr("gui.panels.fields.QFileDialog.getOpenFileName", lambda *_: (str(path), ""))
    qtbot.mouseClick(card.file_button, Qt.MouseButton.LeftButton)
    assert editor.graph.node_named("digits").params["source"] == path.as_posix()


def test_what_stops_the_reading_has_buttons_that_pass_over_it(qtbot, editor, panel, tmp_path):
    path = tmp_path / "gaps.csv"
    path.write_text("a,b,y\n1,2,p\n,3,q\n4,5,p\n6,7,q\n", "utf-8")
    editor.select([editor.graph.node_named("digits").id])
    editor.remove_selected()
    node = editor.add_node(TABLE, (0.0, 0.0))
    editor.set_param(node, "source", path.as_posix())
    qtbot.waitUntil(lambda: any("misses 1 values" in text for text in texts(panel)), timeout=10_000)
    names = ("Set 'missing' to 'fill'", "Set 'missing' to 'drop rows'")

    def offered():
        return [button for button in panel.findChildren(QPushButton) if button.text() in names and button.isVisible()]

    qtbot.waitUntil(lambda: len(offered()) == 2, timeout=10_000)
    qtbot.mouseClick(offered()[0], Qt.MouseButton.LeftButton)
    assert editor.graph.nodes[node].params["missing"] == "fill"
    qtbot.waitUntil(card_of(panel).table.isVisible, timeout=10_000)
    assert card_of(panel).table.rowCount() == 4
    assert not any("misses" in text for text in texts(panel))
    assert not offered()


def test_what_is_worth_knowing_is_told(qtbot, editor, panel, tmp_path):
    np.savez(tmp_path / "a.npz", input=np.ones((6, 2), np.float32), target=np.arange(6) % 2 * 7)
    editor.select([editor.graph.node_named("digits").id])
    editor.remove_selected()
    node = editor.add_node("layerloom.data.Arrays", (0.0, 0.0))
    editor.set_param(node, "source", (tmp_path / "a.npz").as_posix())
    qtbot.waitUntil(lambda: any("6 of 8 classes" in text for text in texts(panel)), timeout=10_000)
