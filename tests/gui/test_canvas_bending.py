"""Wires under the hand: stretches and corners that are dragged, cuts, and the path that lights up."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPointF, Qt

from canvas_hand import CONTROL, Hand, link_into, linked
from drawings import Drawing
from graph.look import DOWN
from gui.canvas.bending import corner_dragged, stretch_at, stretch_dragged, stretched
from gui.canvas.hover import REST
from gui.canvas.routing import End, through
from gui.canvas.view import CanvasView
from gui.editor import Editor

ALT = Qt.KeyboardModifier.AltModifier


@pytest.fixture
def drawing() -> Drawing:
    """a -> b level and far apart, b -> c down, x alone."""
    d = Drawing()
    d.add("nn.ReLU", "c", d.add("nn.ReLU", "b", d.add("nn.ReLU", "a")))
    d.add("nn.ReLU", "x")
    places = {"a": (0.0, 0.0), "b": (400.0, 0.0), "c": (800.0, 200.0), "x": (0.0, 300.0)}
    d.graph = d.graph.move({d.id(name): place for name, place in places.items()})
    return d


@pytest.fixture
def editor(drawing) -> Editor:
    return Editor(drawing.project)


@pytest.fixture
def hand(qtbot, editor) -> Hand:
    view = CanvasView(editor)
    qtbot.addWidget(view)
    view.resize(1300, 800)
    view.show()
    view.zoom_to_actual()
    view.centerOn(450, 150)
    view.setFocus()
    return Hand(view)


def points(hand: Hand, name: str, drawing: Drawing) -> tuple:
    link = link_into(hand.view.editor.graph, drawing.id(name))
    return hand.view.scene().wires[link].route.points


def test_the_middle_of_a_wire_is_dragged_aside_as_one_step(hand, editor, drawing):
    hand.drag(QPointF(274, 33), QPointF(280, 121))
    bends = editor.graph.look.bends[drawing.port("b", "input")]
    assert {y for _, y in bends} == {120}
    assert any(y == 120 for _, y in points(hand, "b", drawing))
    assert linked(editor.graph) == linked(drawing.graph)
    assert str(editor.undo_text) == "Bend a wire"
    editor.undo()
    assert editor.graph.look.bends == {}
    assert all(y == 33 for _, y in points(hand, "b", drawing))


def test_while_it_is_dragged_the_wire_follows_and_escape_lets_it_go(hand, editor, drawing):
    hand.press(QPointF(274, 33))
    hand.move(QPointF(274, 141))
    assert max(y for _, y in points(hand, "b", drawing)) == 140
    assert editor.graph is drawing.graph
    hand.key(Qt.Key.Key_Escape)
    assert max(y for _, y in points(hand, "b", drawing)) == 33
    hand.release(QPointF(274, 141))
    assert editor.graph is drawing.graph


def test_near_where_it_was_it_becomes_straight_again(hand, editor, drawing):
    hand.drag(QPointF(274, 33), QPointF(274, 121))
    hand.drag(QPointF(274, 120), QPointF(274, 36))
    assert editor.graph.look.bends == {}


def test_control_switches_snapping_off(hand, editor, drawing):
    hand.press(QPointF(274, 33))
    hand.move(QPointF(274, 121), modifiers=CONTROL)
    hand.release(QPointF(274, 121), modifiers=CONTROL)
    assert {y for _, y in editor.graph.look.bends[drawing.port("b", "input")]} == {121}


def test_a_corner_is_dragged_and_its_stretches_stay_square(hand, editor, drawing):
    hand.drag(QPointF(274, 33), QPointF(274, 121))
    (x, y), _ = editor.graph.look.bends[drawing.port("b", "input")]
    hand.drag(QPointF(x, y), QPointF(x + 40, y + 40))
    bends = editor.graph.look.bends[drawing.port("b", "input")]
    assert bends[0] == (x + 40, y + 40)
    assert bends[1][1] == y + 40


def test_a_double_click_takes_a_corner_out(hand, editor, drawing):
    hand.drag(QPointF(274, 33), QPointF(274, 121))
    before = editor.graph.look.bends[drawing.port("b", "input")]
    hand.double_click(QPointF(*before[0]))
    assert editor.graph.look.bends.get(drawing.port("b", "input"), ()) == before[1:]
    assert hand.box() is None


def test_a_click_selects_the_wire_and_its_end_still_goes_elsewhere(hand, editor, drawing):
    hand.click(QPointF(274, 33))
    assert editor.selected_links == {link_into(editor.graph, drawing.id("b"))}
    hand.drag(QPointF(392, 33), hand.at(drawing.port("x", "input"), output=False))
    assert ("a.output", "x.input") in linked(editor.graph)


def test_in_a_drawing_that_flows_down_upright_stretches_are_dragged(hand, editor, drawing):
    from dataclasses import replace

    from graph.messages import msg

    editor.set_look(replace(editor.graph.look, flow=DOWN), msg("Top to bottom"))
    editor.move({drawing.id("b"): (0.0, 300.0), drawing.id("x"): (600.0, 300.0)})
    wire = hand.view.scene().wires[link_into(editor.graph, drawing.id("b"))]
    start = wire.path().pointAtPercent(0.5)
    hand.drag(start, start + QPointF(121, 0))
    bends = editor.graph.look.bends[drawing.port("b", "input")]
    assert {x for x, _ in bends} == {196}
    assert max(x for x, _ in wire.route.points) == 196


# ---- cutting


def test_alt_and_a_click_remove_a_wire(hand, editor, drawing):
    hand.click(QPointF(274, 33), modifiers=ALT)
    assert linked(editor.graph) == {("b.output", "c.input")}
    editor.undo()
    assert editor.graph is drawing.graph


def test_alt_and_a_line_across_wires_remove_them_as_one_step(hand, editor, drawing):
    c = hand.view.scene().wires[link_into(editor.graph, drawing.id("c"))].path().pointAtPercent(0.5)
    hand.press(QPointF(300, -60), modifiers=ALT)
    hand.move(QPointF(300, 120), modifiers=ALT)
    assert editor.graph is drawing.graph
    hand.move(QPointF(600, 280), modifiers=ALT)
    hand.move(QPointF(c.x() + 60, c.y() - 100), modifiers=ALT)
    hand.move(QPointF(c.x() - 60, c.y() + 90), modifiers=ALT)
    hand.release(QPointF(c.x() - 60, c.y() + 90), modifiers=ALT)
    assert linked(editor.graph) == set()
    editor.undo()
    assert editor.graph is drawing.graph
    assert editor.undo_text is None


def test_a_cut_that_is_given_up_cuts_nothing(hand, editor, drawing):
    hand.press(QPointF(300, -60), modifiers=ALT)
    hand.move(QPointF(300, 120), modifiers=ALT)
    hand.key(Qt.Key.Key_Escape)
    hand.release(QPointF(300, 120), modifiers=ALT)
    assert editor.graph is drawing.graph
    assert all(wire.opacity() == 1.0 for wire in hand.view.scene().wires.values())


# ---- the path


def lit(hand: Hand) -> int:
    return sum(wire.on_path for wire in hand.view.scene().wires.values())


def test_a_wire_under_the_cursor_lights_up_its_whole_path(hand, editor, drawing, qtbot):
    hand.move(QPointF(274, 33))
    assert lit(hand) == 0
    qtbot.waitUntil(lambda: lit(hand) == 2, timeout=20 * REST)
    hand.move(QPointF(600, 500))
    assert lit(hand) == 0


def test_control_lights_up_the_path_through_a_node(hand, editor, drawing, qtbot):
    hand.move(hand.on(drawing.id("b")))
    qtbot.wait(2 * REST)
    assert lit(hand) == 0
    hand.move(hand.on(drawing.id("b")), modifiers=CONTROL)
    qtbot.waitUntil(lambda: lit(hand) == 2, timeout=20 * REST)
    hand.move(hand.on(drawing.id("b")))
    assert lit(hand) == 0


# ---- the rules themselves


coordinates = st.integers(-40, 40).map(lambda n: 8.0 * n)


@given(st.tuples(coordinates, coordinates), st.lists(st.tuples(st.integers(0, 5), coordinates), max_size=5))
def test_dragged_stretches_keep_a_wire_square_and_at_its_ends(target, drags):
    source = End(0.0, 0.0, -33.0, 33.0)
    end = End(*target, target[1] - 33.0, target[1] + 33.0)
    way = through(source, end, [(24.0, 0.0)]).points
    for number, to in drags:
        way = through(source, end, stretch_dragged(way, number % (len(way) - 1), to)).points
        assert way[0] == (0.0, 0.0)
        assert way[-1] == target
        assert all(a[0] == b[0] or a[1] == b[1] for a, b in itertools.pairwise(way))


def test_a_stretch_goes_where_it_is_dragged():
    way = stretched([(0.0, 0.0), (200.0, 80.0)], curved=True)
    assert stretch_at(way, (104.0, 40.0)) == 1
    assert stretch_dragged(way, 1, 140.0) == [(140.0, 40.0)]
    assert corner_dragged([(24.0, 50.0), (90.0, 50.0)], 0, (30.0, 60.0)) == [(30.0, 60.0), (90.0, 60.0)]


def test_inside_a_loop_of_a_wire_there_is_nothing_to_take_hold_of(hand, editor, drawing):
    hand.drag(QPointF(274, 33), QPointF(274, 241))
    assert hand.view.hit(QPointF(274, 240)).link is not None
    assert hand.view.hit(QPointF(274, 140)).link is None


def test_corners_are_shown_as_handles_and_the_cursor_says_which_way_they_go(hand, editor, drawing):
    def shape() -> Qt.CursorShape:
        return hand.view.viewport().cursor().shape()

    hand.move(QPointF(274, 33))
    assert shape() is Qt.CursorShape.SizeVerCursor
    hand.drag(QPointF(274, 33), QPointF(274, 121))
    (x, y), _ = editor.graph.look.bends[drawing.port("b", "input")]
    hand.move(QPointF(x, y - 40))
    assert shape() is Qt.CursorShape.SizeHorCursor
    hand.move(QPointF(x, y))
    assert shape() is Qt.CursorShape.SizeAllCursor
    hand.move(QPointF(500, 500))
    assert shape() is Qt.CursorShape.ArrowCursor
