"""What the menus do on the canvas: arranging, tidying, healing, selecting, looking, and the way from problem to problem."""

from __future__ import annotations

import itertools

import pytest
from PySide6.QtCore import QPointF, QRectF

from canvas_hand import Hand, linked
from drawings import Drawing, overlapping, with_images
from graph.changes import diff
from graph.look import DOWN, FRAME, NOTE, RIGHT, Annotation, Look, with_look
from graph.messages import msg
from graph.model import Port
from graph.problems import Problem
from gui.canvas.glide import DURATION, MANY
from gui.canvas.view import CanvasView
from gui.canvas_actions import NEEDED, CanvasActions
from gui.editor import Editor
from gui.motion import motion
from panel_tools import block_editor
from runtime.analysis import Analysis


@pytest.fixture
def still(monkeypatch) -> None:
    monkeypatch.setattr(motion, "reduced", "yes")


@pytest.fixture
def moving(monkeypatch) -> None:
    monkeypatch.setattr(motion, "reduced", "no")


@pytest.fixture
def drawing() -> Drawing:
    """a -> b -> c -> d, strewn about."""
    d = Drawing()
    port = d.add("nn.ReLU", "a")
    for name in "bcd":
        port = d.add("nn.ReLU", name, port)
    places = {"a": (0.0, 0.0), "b": (252.0, 88.0), "c": (400.0, 300.0), "d": (900.0, 60.0)}
    d.graph = d.graph.move({d.id(name): place for name, place in places.items()})
    return d


def seat(qtbot, editor: Editor) -> tuple[Editor, CanvasView, CanvasActions]:
    view = CanvasView(editor)
    qtbot.addWidget(view)
    view.resize(1000, 700)
    view.show()
    view.zoom_to_actual()
    view.setFocus()
    return editor, view, CanvasActions(editor, view)


@pytest.fixture
def room(qtbot, drawing) -> tuple[Editor, CanvasView, CanvasActions]:
    return seat(qtbot, Editor(drawing.project))


def places(editor: Editor) -> dict[str, tuple[float, float]]:
    return {node.name: node.position for node in editor.graph.nodes.values()}


ALIGNED = {
    "align_left": (0, lambda x: x),
    "align_horizontal_centers": (0, lambda x: x + 74),
    "align_right": (0, lambda x: x + 148),
    "align_top": (1, lambda y: y),
    "align_vertical_centers": (1, lambda y: y + 33),
    "align_bottom": (1, lambda y: y + 66),
}


@pytest.mark.parametrize("action", ALIGNED)
def test_selected_nodes_are_aligned_as_one_step(room, still, drawing, action):
    editor, _, actions = room
    axis, part = ALIGNED[action]
    editor.select([drawing.id(name) for name in "abc"])
    getattr(actions, action)()
    assert len({part(places(editor)[name][axis]) for name in "abc"}) == 1
    assert places(editor)["d"] == (900, 60)
    editor.undo()
    assert editor.graph == drawing.graph
    assert editor.undo_text is None


@pytest.mark.parametrize(("action", "axis"), [("distribute_horizontally", 0), ("distribute_vertically", 1)])
def test_gaps_become_the_same(room, still, drawing, action, axis):
    editor, _, actions = room
    editor.select_all()
    getattr(actions, action)()
    at = sorted(place[axis] for place in places(editor).values())
    steps = [b - a for a, b in itertools.pairwise(at)]
    assert max(steps) - min(steps) <= 8


def test_what_is_aligned_already_is_no_step(room, still, drawing):
    editor, _, actions = room
    editor.select([drawing.id(name) for name in "ab"])
    actions.align_top()
    steps = editor.history.index
    actions.align_top()
    assert editor.history.index == steps


@pytest.mark.parametrize("action", [name for name, count in NEEDED.items() if count])
def test_actions_say_what_must_be_selected(room, drawing, action):
    editor, _, actions = room
    assert "Select" in str(actions.why_not(action))
    editor.select_all()
    assert actions.why_not(action) is None


def test_tidying_moves_the_whole_drawing_or_what_is_selected(room, still, drawing):
    editor, view, actions = room
    actions.tidy()
    assert overlapping(editor.graph, editor.catalog) == []
    assert len({y for _, y in places(editor).values()}) == 1
    assert view.visible_area().contains(view.scene().bounds())
    editor.undo()
    editor.select([drawing.id("a"), drawing.id("b")])
    actions.tidy()
    assert places(editor)["d"] == (900, 60)
    assert places(editor)["a"][1] == places(editor)["b"][1]


def test_the_direction_changes_with_the_places_as_one_step(room, still, drawing):
    editor, view, actions = room
    assert actions.flows_right
    actions.flow_down()
    assert editor.graph.look.flow == DOWN
    assert len({x for x, _ in places(editor).values()}) == 1
    assert actions.flows_down
    assert (view.scene().nodes[drawing.id("a")].body().topLeft().y()) == places(editor)["a"][1]
    editor.undo()
    assert editor.graph == drawing.graph
    assert editor.graph.look.flow == RIGHT


def test_wires_that_were_bent_find_their_own_way_again(room, drawing):
    editor, _, actions = room
    assert "bent" in str(actions.why_not("reset_wires"))
    for name in "bc":
        editor.set_look(editor.graph.look.bend(drawing.port(name, "input"), [(200.0, 200.0)]), msg("Bend a wire"))
    editor.select([drawing.id("d")])
    assert actions.why_not("reset_wires") is not None
    editor.select([], [editor.graph.links[drawing.port("b", "input")]])
    actions.reset_wires()
    assert set(editor.graph.look.bends) == {drawing.port("c", "input")}
    editor.select([])
    actions.reset_wires()
    assert editor.graph.look.bends == {}


def test_deleting_heals_the_wire_as_one_step(room, drawing):
    editor, _, actions = room
    assert actions.why_not("delete_and_heal") is not None
    editor.select([drawing.id("b"), drawing.id("c")])
    actions.delete_and_heal()
    assert linked(editor.graph) == {("a.output", "d.input")}
    editor.undo()
    assert editor.graph == drawing.graph


def test_pulling_out_by_key_leaves_the_nodes_where_they_are(room, drawing):
    editor, _, actions = room
    editor.select([drawing.id("b"), drawing.id("c")])
    actions.pull_out()
    assert linked(editor.graph) == {("a.output", "d.input"), ("b.output", "c.input")}
    assert places(editor)["b"] == (252, 88)
    editor.undo()
    assert editor.graph == drawing.graph


def test_what_leads_here_and_what_follows_is_selected(room, drawing):
    editor, _, actions = room
    editor.select([drawing.id("b")])
    actions.select_downstream()
    assert editor.selection == {drawing.id(name) for name in "bcd"}
    editor.select([drawing.id("b")])
    actions.select_upstream()
    assert editor.selection == {drawing.id(name) for name in "ab"}


def test_the_selection_is_brought_close(room, still, drawing):
    editor, view, actions = room
    view.zoom_by(0.2)
    editor.select([drawing.id("c"), drawing.id("d")])
    actions.zoom_to_selection()
    nodes = view.scene().nodes
    assert all(view.visible_area().contains(nodes[i].body()) for i in editor.selection)
    assert view.zoom == 1.0


def test_the_minimap_can_be_hidden(room):
    _, view, actions = room
    view.zoom_by(3.0)
    assert view.minimap.visible
    actions.toggle_minimap()
    assert not view.minimap.visible
    assert not actions.has_minimap
    actions.toggle_minimap()
    assert view.minimap.visible


# ---- gliding


def test_tidying_glides_while_the_document_has_its_new_places_at_once(room, moving, drawing, qtbot):
    editor, view, actions = room
    before = view.scene().nodes[drawing.id("c")].place
    editor.select([drawing.id("c"), drawing.id("d")])
    actions.align_left()
    there = editor.graph.nodes[drawing.id("d")].position
    assert there[0] == 400
    assert view.scene().nodes[drawing.id("d")].place != there
    qtbot.waitUntil(lambda: view.scene().nodes[drawing.id("d")].place == there, timeout=20 * DURATION)
    editor.undo()
    assert editor.graph == drawing.graph
    assert view.scene().nodes[drawing.id("d")].place != (900, 60)
    qtbot.waitUntil(lambda: view.scene().nodes[drawing.id("d")].place == (900, 60), timeout=20 * DURATION)
    assert view.scene().nodes[drawing.id("c")].place == before


@pytest.fixture
def framed(drawing) -> Drawing:
    """The same with a frame around b and c, and a note in it."""
    frame = Annotation("frame", FRAME, "Pair", (240.0, 40.0, 320.0, 440.0))
    note = Annotation("note", NOTE, "n", (260.0, 400.0, 60.0, 40.0))
    drawing.graph = with_look(drawing.graph, Look({"frame": frame, "note": note}))
    return drawing


def test_frames_and_notes_glide_with_the_cards_that_are_tidied(qtbot, framed, moving):
    editor, view, actions = seat(qtbot, Editor(framed.project))
    items = view.scene().annotations.items
    before = {i: QRectF(*a.area) for i, a in editor.graph.look.annotations.items()}
    editor.select(())
    actions.tidy()
    after = {i: QRectF(*a.area) for i, a in editor.graph.look.annotations.items()}
    assert all(after[i] != before[i] for i in after)
    assert {i: item.area for i, item in items.items()} == before
    qtbot.waitUntil(lambda: before["frame"] != items["frame"].area != after["frame"], timeout=20 * DURATION)
    qtbot.waitUntil(lambda: {i: item.area for i, item in items.items()} == after, timeout=20 * DURATION)
    editor.undo()
    assert {i: item.area for i, item in items.items()} == after
    qtbot.waitUntil(lambda: {i: item.area for i, item in items.items()} == before, timeout=20 * DURATION)


def test_what_is_in_a_frame_stays_in_it_when_all_is_tidied(qtbot, framed, still):
    editor, view, actions = seat(qtbot, Editor(framed.project))
    for flow in (actions.flow_down, actions.flow_right):
        flow()
        area = QRectF(*editor.graph.look.annotations["frame"].area)
        inside = {item.node.name for item in view.scene().nodes.values() if area.intersects(item.body())}
        assert inside == {"b", "c"}
        assert area.contains(QRectF(*editor.graph.look.annotations["note"].area))
    editor.undo()
    editor.undo()
    assert editor.graph == framed.graph


def test_in_a_tidied_row_the_wires_are_straight_whatever_the_heights_of_the_cards(qtbot, still):
    d = Drawing()
    x = d.add("nn.LSTM", "lstm", d.add("op.Input", "x", shape=(7, 16)), hidden_size=8)
    x = d.add("nn.ReLU", "small", d.port("lstm", "output"))
    d.add("op.Output", "y", d.add("nn.ReLU", "last", x))
    d.graph = with_look(d.graph, Look(collapsed=frozenset([d.id("small")])))
    editor, view, actions = seat(qtbot, Editor(d.project))
    for flow, across in ((actions.tidy, 1), (actions.flow_down, 0)):
        flow()
        for wire in view.scene().wires.values():
            assert len({point[across] for point in wire.route.points}) == 1, wire.link
        assert overlapping(editor.graph, editor.catalog) == []


def test_another_edit_or_a_press_ends_the_gliding(room, moving, drawing):
    editor, view, actions = room
    hand = Hand(view)
    editor.select([drawing.id("c"), drawing.id("d")])
    actions.align_left()
    editor.rename(drawing.id("a"), "first")
    assert view.scene().nodes[drawing.id("d")].place == editor.graph.nodes[drawing.id("d")].position
    actions.align_top()
    hand.press(QPointF(-100, -100))
    assert view.scene().nodes[drawing.id("c")].place == editor.graph.nodes[drawing.id("c")].position
    hand.release(QPointF(-100, -100))


def test_steps_by_hand_do_not_glide_when_they_are_undone(room, moving, drawing):
    editor, view, _ = room
    editor.move({drawing.id("a"): (40.0, 400.0)})
    editor.undo()
    assert view.scene().nodes[drawing.id("a")].place == (0, 0)


def test_many_cards_jump(qtbot, moving):
    d = Drawing()
    for i in range(MANY + 2):
        d.add("nn.ReLU", f"r{i}")
    editor, view, actions = seat(qtbot, Editor(d.project))
    actions.tidy()
    assert all(view.scene().nodes[i].place == node.position for i, node in editor.graph.nodes.items())


def test_the_camera_glides_and_a_pan_by_hand_stops_it(room, moving, drawing, qtbot):
    editor, view, actions = room
    editor.select([drawing.id("d")])
    start = view.center()
    actions.zoom_to_selection()
    assert (view.center() - start).manhattanLength() < 100
    target = view.scene().nodes[drawing.id("d")].body().center()
    qtbot.waitUntil(lambda: (view.center() - target).manhattanLength() < 40, timeout=20 * DURATION)
    editor.select([drawing.id("a")])
    actions.zoom_to_selection()
    view.hold_still()
    here = view.center()
    qtbot.wait(50)
    assert view.center() == here


# ---- problems


def test_f8_goes_from_problem_to_problem_into_blocks_and_round(qtbot, still):
    editor = block_editor()
    editor, view, actions = seat(qtbot, editor)
    conv = next(n.id for n in editor.project.blocks["b1"].graph.nodes.values() if n.name == "conv1")
    flatten = editor.graph.node_named("flatten").id
    editor.set_analysis(
        Analysis(
            problems=(
                Problem("missing-input", msg("Nothing arrives."), flatten, "input"),
                Problem("too-small", msg("It is too small."), conv, block="b1"),
            )
        )
    )
    assert actions.why_not("next_problem") is None
    for scope, node, text in ((None, flatten, "Nothing arrives."), ("b1", conv, "It is too small.")) * 2:
        actions.next_problem()
        assert (editor.scope, editor.selection) == (scope, {node})
        assert view.scene().pill.isVisible()
        assert view.scene().pill.text == text
        assert view.visible_area().contains(view.scene().nodes[node].body())
    actions.previous_problem()
    assert editor.scope is None
    Hand(view).press(view.center() + QPointF(300, 200))
    assert not view.scene().pill.isVisible()


def test_without_problems_it_says_so(room):
    _, _, actions = room
    assert "no problems" in str(actions.why_not("next_problem"))


def test_healing_keeps_classes_and_fractions_apart(qtbot):
    d, image, label = with_images()
    fc = d.add("nn.Linear", "fc", d.add("nn.Flatten", "flat", image), out_features=10)
    d.add("nn.CrossEntropyLoss", "loss", fc, label)
    editor, _, actions = seat(qtbot, Editor(d.project))
    editor.select([fc.node, Port(d.id("flat"), "output").node])
    actions.delete_and_heal()
    assert ("digits.image", "loss.input") in linked(editor.graph) or "digits" not in editor.graph.names
    assert diff(d.graph, editor.graph).removed == (d.id("flat"), fc.node)
