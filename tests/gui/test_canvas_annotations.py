"""Frames and notes through real mouse and key events; asserted on the document."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QTextCursor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu

from canvas_hand import CONTROL, SHIFT, Hand
from drawings import Drawing
from graph.files import from_text, to_text
from graph.look import FRAME, NOTE, Annotation, Look, with_look
from graph.messages import msg
from graph.model import Port
from graph.strict_json import MAX_STRING
from gui.canvas.note_editor import NoteEditor
from gui.canvas.view import CanvasView
from gui.clipboard import Clipboard
from gui.editor import Editor

FRAME_AREA, NOTE_AREA = (-20.0, -60.0, 420.0, 160.0), (480.0, -60.0, 200.0, 120.0)


@pytest.fixture
def drawing() -> Drawing:
    """a -> b in a frame, c outside of it, and a note."""
    d = Drawing()
    d.add("nn.ReLU", "c", d.add("nn.Linear", "b", d.add("nn.ReLU", "a")))
    d.graph = d.graph.move({d.id("a"): (0.0, 0.0), d.id("b"): (240.0, 0.0), d.id("c"): (480.0, 160.0)})
    look = Look(
        {
            "a1": Annotation("a1", FRAME, "Head", FRAME_AREA),
            "a2": Annotation("a2", NOTE, "See [it](https://example.org/x), not [that](file:///etc/passwd)", NOTE_AREA),
        },
        {Port(d.id("b"), "input"): ((190.0, 60.0),)},
    )
    d.graph = with_look(d.graph, look)
    return d


@pytest.fixture
def editor(drawing) -> Editor:
    return Editor(drawing.project)


@pytest.fixture
def hand(qtbot, editor) -> Hand:
    view = CanvasView(editor)
    qtbot.addWidget(view)
    view.resize(1000, 640)
    view.show()
    view.fit()
    view.setFocus()
    assert view.zoom == 1.0
    return Hand(view)


def text_box(hand: Hand) -> NoteEditor:
    (box,) = [box for box in hand.view.findChildren(NoteEditor) if box.isVisible()]
    return box


def annotation(editor: Editor, name: str) -> Annotation:
    return editor.graph.look.annotations[name]


TITLE, NOTE_BODY = QPointF(100, -46), QPointF(640, 40)


# ---- selecting and moving


def test_a_click_on_the_title_selects_the_frame_and_one_in_it_does_not(hand, editor):
    hand.click(TITLE)
    assert (editor.selected_annotations, editor.selection) == ({"a1"}, set())
    assert hand.view.scene().annotations.items["a1"].selected
    hand.click(QPointF(190, 88))
    assert editor.selected_annotations == set()
    hand.click(NOTE_BODY)
    hand.click(TITLE, modifiers=SHIFT)
    assert editor.selected_annotations == {"a1", "a2"}
    hand.click(TITLE, modifiers=SHIFT)
    assert editor.selected_annotations == {"a2"}


def test_a_frame_is_dragged_with_what_lies_in_it_as_one_step(hand, editor, drawing):
    before = editor.project
    hand.drag(TITLE, TITLE + QPointF(41, 59))
    places = [editor.graph.nodes[drawing.id(name)].position for name in "abc"]
    assert places == [(40, 60), (280, 60), (480, 160)]
    assert annotation(editor, "a1").area == (20, 0, 420, 160)
    assert annotation(editor, "a2").area == NOTE_AREA
    assert editor.graph.look.bends == {Port(drawing.id("b"), "input"): ((230, 120),)}
    editor.undo()
    assert editor.project == before
    assert hand.view.scene().nodes[drawing.id("a")].place == (0, 0)
    assert hand.view.scene().annotations.items["a1"].area.x() == -20


def test_corners_of_wires_in_a_frame_go_along_with_the_cursor(hand, editor, drawing):
    (link,) = editor.graph.incoming(drawing.id("b"))
    wire = hand.view.scene().wires[link]
    before = wire.route.points
    hand.press(TITLE)
    hand.move(TITLE + QPointF(80, 120))
    assert wire.route.points == tuple((x + 80, y + 120) for x, y in before)
    hand.key(Qt.Key.Key_Escape)
    assert wire.route.points == before


def test_what_is_selected_moves_along(hand, editor, drawing):
    editor.select([drawing.id("c")], annotations=["a1", "a2"])
    hand.drag(NOTE_BODY, NOTE_BODY + QPointF(0, 40))
    assert editor.graph.nodes[drawing.id("c")].position == (480, 200)
    assert editor.graph.nodes[drawing.id("a")].position == (0, 40)
    assert annotation(editor, "a1").area[1] == -20


def test_a_card_that_is_dragged_takes_a_selected_note_along(hand, editor, drawing):
    editor.select([drawing.id("c")], annotations=["a2"])
    hand.drag(hand.on(drawing.id("c")), hand.on(drawing.id("c")) + QPointF(0, 120), modifiers=CONTROL)
    moved = editor.graph.nodes[drawing.id("c")].position[1] - 160
    assert moved > 0
    assert annotation(editor, "a2").area[1] == NOTE_AREA[1] + moved


def test_escape_puts_a_frame_back(hand, editor, drawing):
    before = editor.project
    hand.press(TITLE)
    hand.move(TITLE + QPointF(80, 80))
    assert hand.view.scene().nodes[drawing.id("a")].place == (80, 80)
    hand.key(Qt.Key.Key_Escape)
    hand.release(TITLE)
    assert editor.project is before
    assert hand.view.scene().nodes[drawing.id("a")].place == (0, 0)
    assert hand.view.scene().annotations.items["a1"].area.y() == FRAME_AREA[1]


def test_arrow_keys_move_a_frame_with_what_lies_in_it(hand, editor, drawing):
    editor.select([], annotations=["a1"])
    for _ in range(3):
        hand.key(Qt.Key.Key_Right)
    assert editor.graph.nodes[drawing.id("a")].position == (12, 0)
    assert annotation(editor, "a1").area[0] == FRAME_AREA[0] + 12
    editor.undo()
    assert annotation(editor, "a1").area == FRAME_AREA


def test_a_rubber_band_selects_frames_and_notes_that_lie_wholly_in_it(hand, editor, drawing):
    hand.drag(QPointF(440, -80), QPointF(700, 90))
    assert (editor.selected_annotations, editor.selection) == ({"a2"}, set())
    hand.drag(QPointF(-40, 88), QPointF(440, -100))
    assert editor.selected_annotations == set()
    assert editor.selection == {drawing.id("a"), drawing.id("b")}


# ---- resizing


@pytest.mark.parametrize(
    ("grip", "way", "area"),
    [
        ((400, -20), (41, 9), (-20, -60, 460, 160)),
        ((-20, 30), (-21, 9), (-40, -60, 440, 160)),
        ((100, 100), (9, 21), (-20, -60, 420, 180)),
        ((400, 100), (21, 21), (-20, -60, 440, 180)),
        ((-20, 100), (900, -900), (340, -60, 60, 60)),
    ],
)
def test_edges_and_corners_resize(hand, editor, grip, way, area):
    start = QPointF(*grip)
    hand.drag(start, start + QPointF(*way))
    assert annotation(editor, "a1").area == area
    editor.undo()
    assert annotation(editor, "a1").area == FRAME_AREA


def test_the_cursor_says_what_a_drag_does(hand):
    shapes = []
    for point in (TITLE, QPointF(400, -20), QPointF(100, 100), QPointF(400, 100), NOTE_BODY, QPointF(190, 88)):
        hand.move(point)
        shapes.append(hand.view.viewport().cursor().shape())
    cursor = Qt.CursorShape
    assert shapes == [
        cursor.SizeAllCursor, cursor.SizeHorCursor, cursor.SizeVerCursor, cursor.SizeFDiagCursor, cursor.ArrowCursor,
        cursor.ArrowCursor,
    ]  # fmt: skip


# ---- texts


@pytest.mark.parametrize("done", ["escape", "enter", "click"])
def test_a_double_click_on_the_title_renames_in_place(hand, editor, done):
    hand.double_click(TITLE)
    box = text_box(hand)
    assert box.toPlainText() == "Head"
    QTest.keyClicks(box, "Tail end")
    if done == "click":
        hand.view.setFocus()
    else:
        QTest.keyClick(box, Qt.Key.Key_Escape if done == "escape" else Qt.Key.Key_Return)
    assert annotation(editor, "a1").text == "Tail end"
    assert hand.view.hasFocus()
    editor.undo()
    assert annotation(editor, "a1").text == "Head"


def test_a_note_is_written_in_place_and_grows_with_its_text(hand, editor):
    hand.double_click(NOTE_BODY)
    box = text_box(hand)
    box.selectAll()
    QTest.keyClicks(box, "# One")
    for i in range(12):
        QTest.keyClick(box, Qt.Key.Key_Return)
        QTest.keyClick(box, Qt.Key.Key_Return)
        QTest.keyClicks(box, f"line {i}")
    QTest.keyClick(box, Qt.Key.Key_Escape)
    note = annotation(editor, "a2")
    assert note.text.startswith("# One\n\nline 0\n\nline 1")
    assert note.area[:3] == NOTE_AREA[:3] and note.area[3] > 200
    editor.undo()
    assert annotation(editor, "a2").area == NOTE_AREA


@pytest.mark.parametrize("before", ["", "a" * (MAX_STRING - 4), "é" * (MAX_STRING // 2 - 2)])
def test_a_note_takes_what_a_file_can_hold_and_says_what_is_left_out(hand, editor, before):
    refused = []
    editor.refused.connect(lambda message: refused.append(str(message)))
    hand.double_click(NOTE_BODY)
    box = text_box(hand)
    box.setPlainText(f"{before}end")
    box.moveCursor(QTextCursor.MoveOperation.End)
    box.moveCursor(QTextCursor.MoveOperation.Left)
    QApplication.clipboard().setText("\U0001f600" * MAX_STRING)
    box.paste()
    left = len(box.toPlainText().encode())
    assert MAX_STRING - 4 < left <= MAX_STRING and box.toPlainText().endswith("d")
    assert len(refused) == 1 and "up to 10000 bytes" in refused[0]
    QTest.keyClicks(box, "xxxxx")
    assert len(box.toPlainText().encode()) == MAX_STRING
    QTest.keyClick(box, Qt.Key.Key_Escape)
    text = annotation(editor, "a2").text
    assert text.startswith(f"{before}en") and text.endswith("d")
    assert from_text(to_text(editor.project)) == editor.project


def test_a_frame_around_the_selection_is_one_step_with_its_title(hand, editor, drawing):
    before = editor.project
    editor.select([drawing.id("c")])
    hand.view.annotator.add_frame()
    assert editor.selected_annotations == {"a3"}
    QTest.keyClicks(text_box(hand), "Out")
    QTest.keyClick(text_box(hand), Qt.Key.Key_Return)
    frame = annotation(editor, "a3")
    assert (frame.kind, frame.text) == (FRAME, "Out")
    left, top, width, height = frame.area
    assert left < 480 and top < 160 and left + width > 628 and top + height > 226
    editor.undo()
    assert editor.project is before
    editor.redo()
    assert annotation(editor, "a3").text == "Out"


def test_a_text_that_is_being_written_ends_with_what_it_belongs_to(hand, editor):
    hand.view.annotator.add_note()
    box = text_box(hand)
    QTest.keyClicks(box, "lost")
    editor.undo()
    assert not box.isVisible()
    assert editor.graph.look.annotations.keys() == {"a1", "a2"}


def test_the_box_stays_over_its_note_when_the_view_moves(hand):
    hand.double_click(NOTE_BODY)
    box = text_box(hand)
    before = box.pos()
    hand.view.pan_by(QPointF(30, 50))
    assert (box.pos() - before).toTuple() == (30, 50)


# ---- links


def test_links_are_asked_for_with_control_only_and_only_pages(hand, editor, qtbot):
    item = hand.view.scene().annotations.items["a2"]
    at = {item.grip_at(QPointF(x, y), 1.0).url: QPointF(x, y) for x in range(490, 670, 2) for y in range(-45, 0, 2)}
    asked, refused = [], []
    hand.view.annotator.link_requested.connect(asked.append)
    editor.refused.connect(refused.append)
    hand.click(at["https://example.org/x"])
    assert asked == []
    hand.click(at["https://example.org/x"], modifiers=CONTROL)
    assert asked == ["https://example.org/x"]
    hand.click(at["file:///etc/passwd"], modifiers=CONTROL)
    assert asked == ["https://example.org/x"]
    assert "file:///etc/passwd" in str(refused[0])


# ---- the rest


def test_deleting_a_frame_leaves_what_lies_in_it(hand, editor):
    hand.click(TITLE)
    hand.key(Qt.Key.Key_Delete)
    assert editor.graph.look.annotations.keys() == {"a2"}
    assert len(editor.graph.nodes) == 3
    assert hand.view.scene().annotations.items.keys() == {"a2"}


def test_a_frame_is_copied_with_what_lies_in_it(hand, editor, drawing):
    clipboard = Clipboard(editor)
    hand.click(TITLE)
    clipboard.paste_text(clipboard.copy_text())
    assert sorted(node.name for node in editor.graph.nodes.values()) == ["a", "a1", "b", "b1", "c"]
    copy = annotation(editor, "a3")
    assert copy.text == "Head" and copy.area[2:] == FRAME_AREA[2:] and copy.area[:2] != FRAME_AREA[:2]
    assert editor.selected_annotations == {"a3"}


def test_the_menu_of_a_frame_colors_it(hand, editor):
    editor.select([], annotations=["a1"])
    menu = QMenu()
    hand.view.annotator.fill_menu(menu)
    (colors,) = [entry.menu() for entry in menu.actions() if entry.menu()]
    assert [entry.text() for entry in colors.actions() if entry.isChecked()] == ["Gray"]
    next(entry for entry in colors.actions() if entry.text() == "Green").trigger()
    assert annotation(editor, "a1").color == "good"
    assert hand.view.scene().annotations.items["a1"].role == "good"
    editor.undo()
    assert annotation(editor, "a1").color == ""


def test_a_color_that_the_palette_does_not_have_is_the_usual_one(hand, editor):
    look = editor.graph.look
    editor.set_look(look.put(replace(look.annotations["a1"], color="window")), editor.undo_text or "x")
    assert hand.view.scene().annotations.items["a1"].role == "network"


def test_titles_grow_when_the_view_zooms_out_and_can_still_be_taken(hand, editor, drawing):
    hand.view.zoom_by(0.25)
    QTest.qWait(400)  # the zoom may be on its way
    item = hand.view.scene().annotations.items["a1"]
    top = item.area.topLeft()
    above = top + QPointF(60, -20)
    assert hand.view.hit(above).annotation.id == "a1"
    hand.drag(above, above + QPointF(200, 0))
    assert editor.graph.nodes[drawing.id("a")].position == (200, 0)


def test_the_chevron_makes_a_card_small_and_whole_in_its_place(hand, editor, drawing):
    a = drawing.id("a")
    item = hand.view.scene().nodes[a]
    middle = item.port_position("output", output=True)[1]
    hand.click(QPointF(148 - 22, 13))
    assert editor.graph.look.collapsed == {a}
    assert item.body().size().toTuple() == (108, 26)
    assert item.port_position("output", output=True)[1] == middle
    hand.click(item.body().topLeft() + QPointF(108 - 22, 13))
    assert editor.graph.look.collapsed == set()
    assert editor.graph.nodes[a].position == (0, 0)


def test_a_double_click_on_the_chevron_is_no_double_click_on_the_void_behind(hand, editor, drawing):
    hand.double_click(QPointF(148 - 22, 13))
    assert editor.graph.look.collapsed == {drawing.id("a")}
    assert hand.box() is None


def test_a_drag_that_begins_on_the_chevron_moves_the_card(hand, editor, drawing):
    start = QPointF(148 - 22, 13)
    hand.drag(start, start + QPointF(0, 200), modifiers=CONTROL)
    assert editor.graph.look.collapsed == set()
    assert editor.graph.nodes[drawing.id("a")].position == (0, 200)


def test_the_hint_of_an_empty_canvas_goes_when_a_note_comes(qtbot):
    editor = Editor()
    view = CanvasView(editor)
    qtbot.addWidget(view)
    view.resize(600, 400)
    view.show()
    assert view.scene().is_empty
    middle = view.viewport().rect().adjusted(150, 130, -150, -130)
    hint = view.viewport().grab(middle).toImage()
    note = Annotation("a1", NOTE, "x", (-290.0, -190.0, 80.0, 40.0))
    editor.set_look(Look({"a1": note}), msg("Add a note"))
    assert not view.scene().is_empty
    assert view.viewport().grab(middle).toImage() != hint
    editor.undo()
    assert view.viewport().grab(middle).toImage() == hint
