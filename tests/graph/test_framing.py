"""Frames: what lies in them, moving it along, and fitting them to it again."""

from __future__ import annotations

import math
import random
from dataclasses import replace

import pytest

from graph import framing
from graph.files import from_text, to_text
from graph.framing import MARGIN, TITLE, Load, area_around, load_of, moved, refitted, with_areas
from graph.look import FARTHEST, FRAME, NOTE, Annotation, Look, with_look
from graph.model import Graph, Node, Port, Project
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


@pytest.mark.parametrize("seed", range(20))
def test_a_load_is_what_looking_at_everything_finds(seed):
    rng = random.Random(seed)

    def area(largest: int) -> tuple[float, float, float, float]:
        left, top = (rng.choice([-1, 1]) * rng.randrange(0, 1500, 50) for _ in "xy")
        return (float(left), float(top), float(rng.randrange(50, largest, 50)), float(rng.randrange(50, largest, 50)))

    notes = [Annotation(f"a{i}", rng.choice([FRAME, NOTE]), "", area(1200)) for i in range(60)]
    nodes = {f"n{i}": Node(f"n{i}", "t", f"x{i}", position=area(100)[:2]) for i in range(60)}
    graph = Graph(nodes, {}, Look({note.id: note for note in notes}))
    chosen = {note.id for note in rng.sample(notes, 12)}
    frames = [note.area for note in notes if note.id in chosen and note.kind == FRAME]
    inside = {i for i, n in nodes.items() if any(covers(frame, (*n.position, *SIZE)) for frame in frames)}
    written = {n.id for n in notes if any(covers(frame, n.area) and frame != n.area for frame in frames)}
    assert load_of(graph, ["n0"], chosen, sizes(graph)) == Load(frozenset(inside | {"n0"}), frozenset(written | chosen))


def covers(area, other) -> bool:
    return all(a <= b for a, b in zip(area[:2], other[:2], strict=True)) and all(
        other[k] + other[k + 2] <= area[k] + area[k + 2] for k in (0, 1)
    )


@pytest.mark.parametrize("nested", [False, True])
def test_of_many_frames_each_is_compared_with_few_things(nested, monkeypatch):
    count, holds, asked = 1000, framing._holds, []
    monkeypatch.setattr(framing, "_holds", lambda *areas: asked.append(1) or holds(*areas))
    places = [
        (float(i), float(i), 9e3 - 2 * i, 9e3 - 2 * i) if nested else (0.0, 300.0 * i, 200.0, 200.0)
        for i in range(count)
    ]
    frames = {f"a{i}": Annotation(f"a{i}", FRAME, "", area) for i, area in enumerate(places)}
    assert load_of(Graph({}, {}, Look(frames)), (), frames, {}).annotations == frames.keys()
    assert len(asked) < 10 * count


def test_nothing_moves_out_of_reach(graph):
    there = moved(graph, load_of(graph, (), ["outer"], sizes(graph)), (1e12, -1e308))
    assert there.nodes["d"].position == there.look.annotations["inner"].area[:2] == (FARTHEST, -FARTHEST)
    assert there.look.bends[Port("w", "x")] == ((FARTHEST, -FARTHEST),)
    assert graph.merge(graph, (math.inf, 0.0))[0].nodes["n1"].position == (FARTHEST, 0.0)
    assert graph.look.bend(Port("w", "x"), [(-math.inf, 5.0)]).bends[Port("w", "x")] == ((-FARTHEST, 5.0),)
    text = to_text(Project(graph.put(replace(graph.nodes["d"], position=(0.0, 1e300)))))
    assert from_text(text).graph.nodes["d"].position == (0.0, FARTHEST)


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
