"""Frames: what lies in them, moving it along, and fitting them to it again."""

from __future__ import annotations

import pytest

from graph.framing import MARGIN, TITLE, Load, area_around, load_of, moved, refitted, with_areas
from graph.look import FRAME, NOTE, Annotation, Look, with_look
from graph.model import Graph, Port
from tiny import draw

SIZE = (100.0, 50.0)


@pytest.fixture
def graph() -> Graph:
    """d > w > g in a row; the outer frame holds d and w, an inner frame and a note; g is outside."""
    graph = draw("d > w", "w > g", d="numbers", w="weight", g="goal")
    graph = graph.move({"d": (0, 0), "w": (200, 0), "g": (400, 0)})
    look = Look(
        {
            "outer": Annotation("outer", FRAME, "Outer", (-40.0, -80.0, 380.0, 260.0)),
            "inner": Annotation("inner", FRAME, "Inner", (180.0, -40.0, 140.0, 110.0)),
            "note": Annotation("note", NOTE, "n", (0.0, 80.0, 80.0, 60.0)),
            "far": Annotation("far", NOTE, "f", (0.0, 500.0, 80.0, 60.0)),
        },
        {Port("w", "x"): ((150.0, 10.0),), Port("g", "x"): ((350.0, 10.0),)},
    )
    return with_look(graph, look)


def sizes(graph: Graph) -> dict:
    return dict.fromkeys(graph.nodes, SIZE)


def test_a_frame_holds_what_lies_wholly_in_it(graph):
    assert load_of(graph, (), ["outer"], sizes(graph)) == Load(frozenset("dw"), frozenset({"outer", "inner", "note"}))
    assert load_of(graph, (), ["inner"], sizes(graph)) == Load(frozenset("w"), frozenset({"inner"}))
    assert load_of(graph, ["g"], ["note"], sizes(graph)) == Load(frozenset("g"), frozenset({"note"}))
    half_out = graph.move({"d": (-60, 0)})
    assert load_of(half_out, (), ["outer"], sizes(graph)).nodes == {"w"}


def test_what_lies_in_a_frame_moves_with_it(graph):
    there = moved(graph, load_of(graph, (), ["outer"], sizes(graph)), (10, 20))
    assert [there.nodes[i].position for i in "dwg"] == [(10, 20), (210, 20), (400, 0)]
    assert there.look.annotations["inner"].area == (190.0, -20.0, 140.0, 110.0)
    assert there.look.annotations["far"] == graph.look.annotations["far"]
    assert there.look.bends == {Port("w", "x"): ((160.0, 30.0),), Port("g", "x"): ((350.0, 10.0),)}
    assert moved(there, load_of(there, (), ["outer"], sizes(graph)), (-10, -20)) == graph


def test_a_frame_around_nodes_leaves_a_margin_and_room_for_its_title(graph):
    left, top, width, height = area_around(graph, Load(frozenset("dw")), sizes(graph))
    assert (left, top) == (-MARGIN, -MARGIN - TITLE)
    assert (left + width, top + height) == (300 + MARGIN, 52 + MARGIN)  # on the grid
    assert area_around(graph, Load(), sizes(graph)) is None


def test_frames_follow_their_nodes_from_the_inside_out(graph):
    after = graph.move({"d": (1000, 0), "w": (1000, 400), "g": (0, 0)})
    areas = {i: a.area for i, a in refitted(graph, after, sizes(graph), sizes(graph)).annotations.items()}
    assert areas["inner"] == area_around(after, Load(frozenset("w")), sizes(graph))
    fitted = with_look(after, with_areas(after.look, areas))
    inside = load_of(fitted, (), ["outer"], sizes(graph))
    assert inside == Load(frozenset("dw"), frozenset({"outer", "inner", "note"}))
    assert areas["note"] == (1000.0, 80.0, 80.0, 60.0)  # where it was, seen from the nodes of its frame
    assert areas["far"] == graph.look.annotations["far"].area


def test_frames_whose_nodes_stayed_stay(graph):
    after = graph.move({"g": (700, 300)})
    assert refitted(graph, after, sizes(graph), sizes(graph)) == graph.look


def test_an_empty_frame_stays():
    graph = with_look(draw(d="numbers"), Look({"a1": Annotation("a1", FRAME, "", (500.0, 500.0, 80.0, 80.0))}))
    after = graph.move({"d": (900, 900)})
    assert refitted(graph, after, sizes(graph), sizes(graph)) == graph.look
