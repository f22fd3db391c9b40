"""Gestures that are given up or meet others: what was selected stays, nothing jumps, and large drawings stay fast."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest

from canvas_hand import CONTROL, SHIFT, Hand
from drawings import Drawing
from graph.look import FRAME, Annotation, Look, with_look
from graph.model import Block, Graph, Link, Node, Port, Project
from gui.canvas import gestures_wire, routing_scene
from gui.canvas.guides import GuideLines
from gui.canvas.items import NodeItem
from gui.canvas.view import CanvasView
from gui.canvas.wires import WireItem
from gui.editor import Editor
from gui.selecting import Selection, selection_of

FRAME_AREA = (-20.0, -60.0, 420.0, 160.0)
ALT = Qt.KeyboardModifier.AltModifier


@pytest.fixture
def drawing() -> Drawing:
    """a -> b in a frame, c and d outside of it; the wire from a to b has a corner."""
    d = Drawing()
    d.add("nn.ReLU", "c", d.add("nn.Linear", "b", d.add("nn.ReLU", "a")))
    d.add("nn.ReLU", "d")
    places = {"a": (0.0, 0.0), "b": (240.0, 0.0), "c": (480.0, 160.0), "d": (0.0, 300.0)}
    d.graph = d.graph.move({d.id(name): place for name, place in places.items()})
    look = Look({"a1": Annotation("a1", FRAME, "Head", FRAME_AREA)}, {Port(d.id("b"), "input"): ((190.0, 60.0),)})
    d.graph = with_look(d.graph, look)
    return d


@pytest.fixture
def hand(qtbot, drawing) -> Hand:
    return seen(qtbot, drawing.project, (1000, 640))


def seen(qtbot, project: Project, size: tuple[int, int]) -> Hand:
    view = CanvasView(Editor(project))
    qtbot.addWidget(view)
    view.resize(*size)
    view.show()
    view.fit()
    view.setFocus()
    return Hand(view)


def many(count: int, *, wired: bool = False) -> Project:
    """ReLUs in rows of 71."""
    places = [(194.0 * (i % 71), 130.0 * (i // 71)) for i in range(count)]
    graph = Graph({f"n{i}": Node(f"n{i}", "torch.nn.ReLU", f"r{i}", position=at) for i, at in enumerate(places)})
    links = [Link(Port(f"n{i}", "output"), Port(f"n{i + 1}", "input")) for i in range(count - 1)] if wired else []
    return Project(replace(graph, links={link.target: link for link in links}))


def counted(monkeypatch, owner: type, name: str) -> list[Any]:
    """The objects on which a method is called from now on."""
    calls: list[Any] = []
    inner: Callable[..., object] = getattr(owner, name)
    monkeypatch.setattr(owner, name, lambda self, *args, **more: (calls.append(self), inner(self, *args, **more))[1])
    return calls


# ---- selecting more


@pytest.mark.parametrize("modifier", [SHIFT, CONTROL])
def test_a_card_joins_and_leaves_what_else_is_selected(hand, drawing, modifier):
    editor, link = hand.view.editor, next(iter(drawing.graph.links.values()))
    before = Selection(frozenset({drawing.id("c")}), frozenset({link}), frozenset({"a1"}))
    editor.select(*before)
    hand.click(hand.on(drawing.id("d")), modifiers=modifier)
    assert selection_of(editor) == before._replace(nodes=frozenset({drawing.id("c"), drawing.id("d")}))
    hand.click(hand.on(drawing.id("d")), modifiers=modifier)
    assert selection_of(editor) == before


@pytest.mark.parametrize("modifier", [SHIFT, CONTROL])
def test_a_wire_joins_and_leaves_what_else_is_selected(hand, drawing, modifier):
    editor, (link,) = hand.view.editor, drawing.graph.incoming(drawing.id("c"))
    before = Selection(frozenset({drawing.id("d")}), annotations=frozenset({"a1"}))
    editor.select(*before)
    hand.click(hand.view.scene().wires[link].middle(), modifiers=modifier)
    assert selection_of(editor) == before._replace(links=frozenset({link}))
    hand.click(hand.view.scene().wires[link].middle(), modifiers=modifier)
    assert selection_of(editor) == before


# ---- giving up


@pytest.mark.parametrize("what", ["card", "copy", "frame", "edge", "band", "wire", "bend", "port"])
def test_escape_leaves_what_was_selected(hand, drawing, what):
    editor, scene = hand.view.editor, hand.view.scene()
    left, top, width, height = FRAME_AREA
    (link,) = drawing.graph.incoming(drawing.id("c"))
    start = {
        "card": hand.on(drawing.id("a")),
        "copy": hand.on(drawing.id("a")),
        "frame": QPointF(left + 12, top + 8),
        "edge": QPointF(left + width, top + height),
        "band": QPointF(300, 300),
        "wire": scene.wires[link].middle(),
        "bend": scene.wires[link].middle(),
        "port": hand.at(Port(drawing.id("a"), "output"), output=True),
    }[what]
    modifiers = SHIFT | ALT if what == "copy" else Qt.KeyboardModifier.NoModifier
    before = Selection(frozenset({drawing.id("d")}), frozenset({link}))
    editor.select(*before)
    items = {type(item) for item in scene.items()}
    hand.press(start, modifiers=modifiers)
    hand.move(start + QPointF(40, 48), modifiers=modifiers)
    hand.key(Qt.Key.Key_Escape)
    hand.release(start + QPointF(40, 48), modifiers=modifiers)
    assert selection_of(editor) == before
    assert editor.graph == drawing.graph
    assert {type(item) for item in scene.items()} == items


def test_in_another_drawing_nothing_of_this_one_is_selected_again(hand, drawing):
    editor = hand.view.editor
    editor.open(
        drawing.project.with_block(Block("b1", "Inside", drawing.graph.only([drawing.id("a"), drawing.id("d")])))
    )
    editor.select([drawing.id("a")])
    start = hand.on(drawing.id("d"))
    hand.press(start)
    hand.move(start + QPointF(40, 40))
    editor.look_into("b1")
    assert selection_of(editor) == Selection()
    hand.release(start)
    assert selection_of(editor) == Selection()
    assert {i: n.position for i, n in editor.graph.nodes.items()} == {
        i: item.place for i, item in hand.view.scene().nodes.items()
    }


# ---- snapping


def test_control_frees_a_frame_from_the_grid(hand):
    start = QPointF(FRAME_AREA[0] + 12, FRAME_AREA[1] + 8)
    hand.press(start)
    hand.move(start + QPointF(41, 203), modifiers=CONTROL)
    hand.release(start + QPointF(41, 203), modifiers=CONTROL)
    assert hand.view.editor.graph.look.annotations["a1"].area[:2] == (21.0, 143.0)


def test_control_frees_the_edge_of_a_frame_from_the_grid(hand):
    start = QPointF(FRAME_AREA[0] + FRAME_AREA[2], FRAME_AREA[1] + FRAME_AREA[3])
    hand.press(start)
    hand.move(start + QPointF(41, 23), modifiers=CONTROL)
    hand.release(start + QPointF(41, 23), modifiers=CONTROL)
    assert hand.view.editor.graph.look.annotations["a1"].area == (*FRAME_AREA[:2], 461.0, 183.0)


def test_a_frame_is_drawn_to_the_edge_of_a_card_and_a_line_shows_why(hand, drawing):
    start = QPointF(FRAME_AREA[0] + 12, FRAME_AREA[1] + 8)
    hand.press(start)
    hand.move(start + QPointF(22, 150))  # its left edge 2 units right of that of d
    lines = next(item.lines for item in hand.view.scene().items() if isinstance(item, GuideLines))
    assert 0.0 in {line.line.x1() for line in lines}
    hand.release(start + QPointF(22, 150))
    assert hand.view.editor.graph.look.annotations["a1"].area[0] == 0.0
    assert hand.view.editor.graph.nodes[drawing.id("a")].position[0] == 20.0


# ---- wires that are held


def test_corners_that_are_carried_stay_with_their_cards_while_the_hand_rests(hand, drawing):
    editor, link = hand.view.editor, drawing.graph.links[Port(drawing.id("b"), "input")]
    wire = hand.view.scene().wires[link]
    editor.select([drawing.id("a"), drawing.id("b")])
    start = hand.on(drawing.id("a"))
    hand.press(start)
    hand.move(start + QPointF(60, 400), modifiers=CONTROL)
    during = wire.route.points
    assert any(abs(y - 460) < 1 for _, y in during)
    QTest.qWait(routing_scene.PAUSE + 150)
    assert wire.route.points == during
    hand.key(Qt.Key.Key_Escape)
    assert wire.route.points != during
    assert any(abs(y - 60) < 1 for _, y in wire.route.points)


def test_a_wire_that_is_bent_stays_under_the_cursor_while_all_others_are_put_in_order(qtbot):
    hand = seen(qtbot, many(600, wired=True), (1200, 800))
    hand.view.zoom_to_actual()
    link = hand.view.editor.graph.links[Port("n142", "input")]  # from the end of a row to the beginning of the next
    wire = hand.view.scene().wires[link]
    hand.view.centerOn(wire.middle())
    hand.view.scene().router.settle()  # begins to work, in slices
    start = wire.middle()
    hand.press(start)
    for step in range(4):
        hand.move(start + QPointF(0, 20 * (step + 1)))
    during = wire.route.points
    assert any(abs(y - start.y()) > 60 for _, y in during)
    for _ in range(30):
        QTest.qWait(20)
        assert wire.route.points == during
    hand.key(Qt.Key.Key_Escape)


# ---- large drawings


def test_a_rubber_band_asks_the_scene_for_nothing(qtbot, monkeypatch):
    hand = seen(qtbot, many(400), (1200, 800))
    asked = []  # Qt takes 20 ms to answer where thousands of cards are in sight
    monkeypatch.setattr(hand.view.scene(), "nodes_in", lambda area: asked.append(area) or frozenset())
    hand.press(QPointF(-40, -40))
    hand.move(QPointF(500, 200))
    assert hand.view.editor.selection == {"n0", "n1", "n2", "n71", "n72", "n73"}
    hand.move(QPointF(150, 100))
    assert hand.view.editor.selection == {"n0"}
    assert not asked
    hand.key(Qt.Key.Key_Escape)


def test_the_press_of_a_wire_looks_at_the_cards_in_sight_only(qtbot, monkeypatch):
    hand = seen(qtbot, many(1000), (1200, 800))
    hand.view.zoom_to_actual()
    hand.view.center_on("n500")
    faded = counted(monkeypatch, NodeItem, "setOpacity")
    among = []
    inner = gestures_wire.inputs_for
    monkeypatch.setattr(gestures_wire, "inputs_for", lambda *a, **k: (among.append(set(k["among"])), inner(*a, **k))[1])
    start = hand.at(Port("n500", "output"), output=True)
    hand.press(start)
    hand.move(start + QPointF(30, 30))
    assert len(among) == 1
    assert len(among[0]) < 200
    assert {item.node.id for item in faded} == among[0]
    hand.view.center_on("n900")  # and those that come into sight
    hand.move(hand.view.center())
    scene = hand.view.scene()
    assert len(among) == 2
    assert "input" in scene.nodes["n900"].mood.lit
    hand.key(Qt.Key.Key_Escape)
    assert all(item.opacity() == 1.0 and not item.mood.lit for item in scene.nodes.values())


def test_the_cursor_on_one_of_many_sharers_touches_its_family_only(qtbot, monkeypatch):
    graph = many(300).graph
    shared = {
        i: replace(node, shares=f"n{int(i[1:]) // 10 * 10}") for i, node in graph.nodes.items() if int(i[1:]) % 10
    }
    scene = seen(qtbot, Project(replace(graph, nodes={**graph.nodes, **shared})), (1200, 800)).view.scene()
    touched = counted(monkeypatch, NodeItem, "set_mood")
    scene.point_at("n15")
    family = {f"n{i}" for i in range(10, 20)}
    assert {item.node.id for item in touched} == family
    assert {i for i, item in scene.nodes.items() if item.mood.kin} == family
    scene.point_at("n25")
    assert {i for i, item in scene.nodes.items() if item.mood.kin} == {f"n{i}" for i in range(20, 30)}
    scene.point_at(None)
    assert not any(item.mood.kin for item in scene.nodes.values())


def test_zoomed_out_a_path_through_thousands_is_not_lit(qtbot, monkeypatch):
    hand = seen(qtbot, many(400, wired=True), (1200, 800))
    lit = counted(monkeypatch, WireItem, "set_state")
    hand.move(hand.on("n100"), modifiers=CONTROL)
    QTest.qWait(250)
    assert not lit
    hand.view.zoom_to_actual()
    hand.view.center_on("n100")
    QTest.qWait(200)
    hand.move(hand.on("n100"), modifiers=CONTROL)
    hand.move(hand.on("n101"), modifiers=CONTROL)
    QTest.qWait(250)
    assert lit
    assert all(wire.on_path for wire in lit)
