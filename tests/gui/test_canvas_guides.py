"""Snapping of what is dragged: alignment, equal gaps, the grid; asserted on the document and on the lines shown."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPointF, QRectF, Qt

from canvas_hand import CONTROL, Hand
from drawings import Drawing
from graph.arranging import Box
from graph.model import Graph, Node, Project
from gui.canvas.guides import GuideLines
from gui.canvas.view import CanvasView
from gui.editor import Editor


@pytest.fixture
def drawing() -> Drawing:
    """a and b in a row with a gap of 52, c below and off the grid of the others, d far from all."""
    d = Drawing()
    for name in "abcd":
        d.add("nn.ReLU", name)
    places = {"a": (0.0, 0.0), "b": (200.0, 0.0), "c": (330.0, 170.0), "d": (700.0, 400.0)}
    d.graph = d.graph.move({d.id(name): place for name, place in places.items()})
    return d


@pytest.fixture
def hand(qtbot, drawing) -> Hand:
    view = CanvasView(Editor(drawing.project))
    qtbot.addWidget(view)
    view.resize(1300, 800)
    view.show()
    view.zoom_to_actual()
    view.centerOn(400, 250)
    return Hand(view)


def shown(hand: Hand) -> list:
    return next(item.lines for item in hand.view.scene().items() if isinstance(item, GuideLines))


def place(hand: Hand, drawing: Drawing, name: str) -> tuple[float, float]:
    return hand.view.editor.graph.nodes[drawing.id(name)].position


def test_a_card_is_drawn_to_the_edge_of_another_and_a_line_shows_why(hand, drawing):
    start = hand.on(drawing.id("c"))
    hand.press(start)
    hand.move(start + QPointF(-127, 40))  # 3 units right of the left edge of b
    assert {(line.line.x1(), line.line.x2()) for line in shown(hand)} == {(200, 200)}
    assert [line.length for line in shown(hand) if line.length] == [208 - 66]
    hand.release(start + QPointF(-127, 40))
    assert place(hand, drawing, "c") == (200, 208)
    assert not [item for item in hand.view.scene().items() if isinstance(item, GuideLines)]


def test_a_gap_as_wide_as_its_neighbor_snaps_and_says_how_wide(hand, drawing):
    start = hand.on(drawing.id("d"))
    end = start + QPointF(400 - 700 + 3, -400 + 2)  # 3 units beyond a gap of 52 from b
    hand.press(start)
    hand.move(end)
    assert sorted(line.length for line in shown(hand) if line.length) == [52, 52]
    hand.release(end)
    assert place(hand, drawing, "d") == (400, 0)


def test_a_card_snaps_to_the_middle_between_two(hand, drawing):
    editor = hand.view.editor
    editor.move({drawing.id("b"): (400.0, 0.0)})
    start = hand.on(drawing.id("c"))
    hand.drag(start, start + QPointF(200 - 330 + 2, -170 + 20))
    assert place(hand, drawing, "c")[0] == 200


def test_away_from_everything_it_snaps_to_the_grid(hand, drawing):
    start = hand.on(drawing.id("d"))
    hand.drag(start, start + QPointF(-121, -63))
    x, y = place(hand, drawing, "d")
    assert (x % 4, y % 4) == (0, 0)
    assert abs(x - 579) <= 2
    assert abs(y - 337) <= 2


def test_control_switches_snapping_off(hand, drawing):
    start = hand.on(drawing.id("c"))
    hand.press(start)
    hand.move(start + QPointF(-127, 41), modifiers=CONTROL)
    assert shown(hand) == []
    hand.release(start + QPointF(-127, 41), modifiers=CONTROL)
    assert place(hand, drawing, "c") == (203, 211)


def test_escape_takes_the_lines_away(hand, drawing):
    start = hand.on(drawing.id("c"))
    hand.press(start)
    hand.move(start + QPointF(-127, 40))
    hand.key(Qt.Key.Key_Escape)
    hand.release(start)
    assert not [item for item in hand.view.scene().items() if isinstance(item, GuideLines)]
    assert place(hand, drawing, "c") == (330, 170)


def test_several_cards_snap_by_the_area_that_they_cover(hand, drawing):
    editor = hand.view.editor
    editor.select([drawing.id("c"), drawing.id("d")])
    start = hand.on(drawing.id("c"))
    hand.drag(start, start + QPointF(-127, 60))
    assert place(hand, drawing, "c") == (200, 232)
    assert place(hand, drawing, "d") == (570, 462)


def test_among_five_thousand_cards_a_step_asks_only_for_those_near_by(qtbot, monkeypatch):
    places = [(194.0 * (i % 71), 130.0 * (i // 71)) for i in range(5000)]
    nodes = {f"n{i}": Node(f"n{i}", "torch.nn.ReLU", f"r{i}", position=place) for i, place in enumerate(places)}
    view = CanvasView(Editor(Project(Graph(nodes))))
    qtbot.addWidget(view)
    view.resize(1600, 900)
    view.show()
    view.zoom_by(0.5)
    view.center_on("n2500")
    hand = Hand(view)
    searched: list[QRectF] = []
    compared: list[Box] = []
    search, meets = view.scene().nodes_in, Box.meets
    monkeypatch.setattr(view.scene(), "nodes_in", lambda area: (searched.append(area), search(area))[1])
    monkeypatch.setattr(Box, "meets", lambda box, *other: (compared.append(box), meets(box, *other))[1])
    start = hand.on("n2500")
    hand.press(start)
    hand.move(start + QPointF(30, 30))
    near, asked = len(search(searched[0])), len(searched)
    compared.clear()
    for i in range(40):
        hand.move(start + QPointF(30 + 2 * i, 30 + i))
    hand.release(start)
    assert len(searched) == asked  # once for the whole drag, as long as the view stays
    assert 0 < len(compared) <= 40 * 4 * near < 40 * 5000
