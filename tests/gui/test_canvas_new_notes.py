"""Where a new note is put: in sight, where nothing lies, and under nothing that floats over the canvas."""

from __future__ import annotations

from time import process_time

import pytest
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from canvas_hand import Hand
from drawings import Drawing
from graph.look import NOTE, Look, with_look
from graph.messages import msg
from graph.model import Graph, Node
from gui.canvas.note_editor import NoteEditor
from gui.canvas.view import CanvasView
from gui.editor import Editor


@pytest.fixture
def editor() -> Editor:
    d = Drawing()
    d.add("nn.ReLU", "c", d.add("nn.Linear", "b", d.add("nn.ReLU", "a")))
    return Editor(d.placed)


@pytest.fixture
def hand(qtbot, editor) -> Hand:
    view = CanvasView(editor)
    qtbot.addWidget(view)
    view.resize(1000, 640)
    view.show()
    view.fit()
    return Hand(view)


def note_of(editor: Editor) -> QRectF:
    (note,) = editor.graph.look.annotations.values()
    return QRectF(*note.area)


def test_a_note_is_added_at_the_cursor(hand, editor):
    hand.move(QPointF(200, 200))
    hand.view.annotator.add_note()
    (box,) = hand.view.findChildren(NoteEditor)
    QTest.keyClicks(box, "hello")
    hand.view.setFocus()
    (note,) = editor.graph.look.annotations.values()
    assert (note.kind, note.text) == (NOTE, "hello")
    assert note_of(editor).contains(QPointF(200, 200))


@pytest.fixture
def full(hand, editor) -> Hand:
    """A canvas full of cards, but for a place at the right where a note has room; the cursor is at the left."""
    graph = Graph()
    area = hand.view.visible_area()
    free = QRectF(area.right() - 320, area.center().y() - 100, 320, 200)
    for x in range(int(area.left()) - 400, int(area.right()) + 400, 152):
        for y in range(int(area.top()) - 400, int(area.bottom()) + 400, 70):
            if not free.intersects(QRectF(x, y, 148, 66)):
                node = Node(graph.free_id(), "torch.nn.ReLU", graph.free_name("r"), {}, (float(x), float(y)))
                graph = graph.add(node)
    editor.push(editor.project.with_graph(with_look(graph, Look())), msg("Fill"))
    hand.move(area.center() - QPointF(300, 0))
    return hand


def test_a_note_in_a_full_drawing_is_where_there_is_room_in_sight(full, editor):
    before = full.view.visible_area()
    full.view.annotator.add_note()
    area = note_of(editor)
    assert full.view.visible_area() == before and before.contains(area)
    assert not any(item.body().intersects(area) for item in full.view.scene().nodes.values())


def test_where_nothing_is_free_in_sight_the_view_goes_to_the_note(full, editor):
    full.view.pan_by(QPointF(340, 0))
    before, start = full.view.visible_area(), process_time()
    full.view.annotator.add_note()
    assert process_time() - start < 0.5 and full.view.visible_area() != before
    area = note_of(editor)
    assert full.view.visible_area().contains(area)
    assert not any(item.body().intersects(area) for item in full.view.scene().nodes.values())


def test_a_note_is_not_put_under_what_floats_over_the_canvas(hand, editor):
    strip = QWidget(hand.view)
    strip.setGeometry(0, 400, 1000, 240)
    strip.show()
    hand.move(hand.view.mapToScene(500, 500))
    hand.view.annotator.add_note()
    pixels = hand.view.mapFromScene(note_of(editor)).boundingRect()
    assert not pixels.intersects(strip.geometry()) and hand.view.viewport().rect().contains(pixels)


def test_a_note_is_not_put_under_the_minimap(hand, editor):
    editor.select_all()
    hand.view.pan_by(QPointF(-400, -300))
    assert hand.view.minimap.visible
    hand.move(hand.view.mapToScene(hand.view.minimap.area().center()))
    hand.view.annotator.add_note()
    pixels = hand.view.mapFromScene(note_of(editor)).boundingRect()
    assert not pixels.intersects(hand.view.minimap.area()) and hand.view.viewport().rect().contains(pixels)
