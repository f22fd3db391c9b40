"""Texts of the canvas: what is typed is kept, and what is read grows with the size of text."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QLineF, QPointF, Qt
from PySide6.QtGui import QPixmap
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel

from canvas_hand import Hand
from gui import compare_canvas
from gui.announcer import Announcer
from gui.block_editor import BlockEditor
from gui.canvas import guides, items
from gui.canvas.breadcrumb import Breadcrumb
from gui.canvas.guides import GuideLines, Line
from gui.canvas.items import Pictures
from gui.canvas.key_words import how_to_begin, way_back
from gui.canvas.note_editor import NoteEditor
from gui.canvas.view import CanvasView
from gui.shortcuts import Shortcuts
from gui.theme import theme
from panel_tools import block_editor


@pytest.fixture
def hand(qtbot) -> Hand:
    view = CanvasView(block_editor())
    qtbot.addWidget(view)
    view.resize(1000, 640)
    view.show()
    view.fit()
    return Hand(view)


@pytest.fixture
def large() -> Iterator[None]:
    theme.set_scale(150)
    yield
    theme.set_scale(100)


def write(hand: Hand, text: str) -> None:
    hand.view.annotator.add_note()
    (box,) = [box for box in hand.view.findChildren(NoteEditor) if box.isVisible()]
    QTest.keyClicks(box, text)


# ---- notes that are being written


def test_a_note_that_is_written_is_kept_when_another_is_added(hand):
    write(hand, "first")
    write(hand, "second")
    hand.view.annotator.edit(next(iter(hand.view.editor.graph.look.annotations)))  # ends that
    assert sorted(note.text for note in hand.view.editor.graph.look.annotations.values()) == ["first", "second"]


def test_a_note_that_is_written_stays_in_its_drawing_when_another_is_shown(hand):
    editor = hand.view.editor
    write(hand, "about the network")
    editor.look_into("b1")
    assert editor.scope == "b1"
    assert [note.text for note in editor.project.graph.look.annotations.values()] == ["about the network"]
    assert not editor.graph.look.annotations
    assert not [box for box in hand.view.findChildren(NoteEditor) if box.isVisible()]
    write(hand, "about the block")
    editor.look_into(None)
    assert [note.text for note in editor.project.blocks["b1"].graph.look.annotations.values()] == ["about the block"]
    editor.undo()
    assert not editor.project.blocks["b1"].graph.look.annotations


# ---- size of text


def test_what_is_said_beside_the_cursor_is_as_large_as_other_texts(hand, large):
    pill, sizes = hand.view.scene().pill, []
    for percent in (100, 150):
        theme.set_scale(percent)
        for show in (pill.show_text, pill.show_hint, pill.show_refusal):
            show("A sentence that is long enough to be measured", QPointF())
            sizes.append(pill.boundingRect().width())
    assert all(1.4 < high / low < 1.6 for low, high in zip(sizes[:3], sizes[3:], strict=True))
    place, edge = hand.view.in_sight(QPointF(9e9, 9e9)), hand.view.visible_area().bottomRight()
    pill.show_refusal("word " * 200, place)
    assert place.x() + pill.boundingRect().width() / 2 / hand.view.zoom <= edge.x()


def test_distances_along_guides_are_as_large_as_other_texts(hand, large, monkeypatch):
    asked: list[float] = []
    inner = guides.mono_font
    monkeypatch.setattr(guides, "mono_font", lambda size: (asked.append(size), inner(size))[1])
    lines = GuideLines(hand.view.scene())
    lines.show_lines([Line(QLineF(hand.view.center(), hand.view.center() + QPointF(80, 0)), 80.0)])
    hand.view.scene().addItem(lines)
    hand.view.viewport().grab()
    assert set(asked) == {15}


def test_what_a_comparison_without_nodes_says_is_as_large_as_other_texts(qtbot, large, monkeypatch):
    asked: list[float] = []
    inner = compare_canvas.ui_font
    monkeypatch.setattr(compare_canvas, "ui_font", lambda size: (asked.append(size), inner(size))[1])
    view = compare_canvas.CompareCanvas()
    qtbot.addWidget(view)
    view.resize(400, 300)
    view.viewport().grab()
    assert set(asked) == {round(13 * 1.5)}


# ---- keys that are named


def test_the_keys_that_are_named_are_those_in_force(hand):
    shortcuts, view, editor = Shortcuts(), hand.view, hand.view.editor
    announcer = Announcer(editor, view)
    blocks = BlockEditor(editor)
    crumbs = Breadcrumb(view, editor, blocks)
    editor.look_into("b1")
    view.set_shortcuts(shortcuts)
    for words in ("Slash adds", "C connects", "Del removes", "Outline"):
        assert words in view.accessibleDescription()
    assert "Alt+Up" in crumbs.buttons()[0].toolTip()
    assert "press / and" in how_to_begin(shortcuts)
    for action, key in (("quick_add", "Ctrl+J"), ("leave_block", "Ctrl+U"), ("connect_selected", "J")):
        for old in shortcuts.keys(action):
            shortcuts.remove(action, old)
        shortcuts.add(action, key)
    for words in ("Ctrl+J adds", "J connects", "Del removes", "Outline"):
        assert words in view.accessibleDescription()
    assert "Ctrl+U" in crumbs.buttons()[0].toolTip()
    assert "press Ctrl+J and" in how_to_begin(shortcuts)
    assert announcer.said == ""


def test_without_a_key_none_is_named(hand):
    shortcuts, view = Shortcuts(), hand.view
    for action in ("quick_add", "leave_block"):
        for old in shortcuts.keys(action):
            shortcuts.remove(action, old)
    view.set_shortcuts(shortcuts)
    assert "adds" not in view.accessibleDescription()
    assert how_to_begin(shortcuts) == "Drag a layer here."
    assert way_back("Net", shortcuts) == "Go back to Net"


def test_the_box_that_finds_no_input_names_the_key_that_adds_a_layer(hand):
    view, editor, shortcuts = hand.view, hand.view.editor, Shortcuts()
    for old in shortcuts.keys("quick_add"):
        shortcuts.remove("quick_add", old)
    view.set_shortcuts(shortcuts)
    editor.select([editor.graph.node_named("loss").id])
    for key in ("", "Ctrl+J"):
        if key:
            shortcuts.add("quick_add", key)
        view.connect_selected()
        text = "".join(label.text() for label in hand.box().findChildren(QLabel))
        assert ("press Ctrl+J and" in text) is bool(key)
        assert "Add a layer first" in text
        hand.type_key(Qt.Key.Key_Escape)


# ---- pictures of cards


def test_of_the_pictures_those_that_are_used_are_kept(qapp, monkeypatch):
    picture = QPixmap(16, 16)
    picture.fill(Qt.GlobalColor.black)
    monkeypatch.setattr(items, "PICTURE_BUDGET", 3 * 4 * 16 * 16)
    pictures = Pictures()
    for key in "abc":
        pictures.put(key, picture)
    assert pictures.get("a") is picture
    pictures.put("d", picture)
    assert [key for key in "abcd" if pictures.get(key)] == ["a", "c", "d"]
    assert pictures.get("z") is None
