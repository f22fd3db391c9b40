"""Tidying up drawings with frames: what is in a frame stays together, and nothing else comes to lie in it."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import combinations

import pytest

from graph.areas import Area
from graph.framing import load_of, refitted
from graph.layout import tidy, tidy_part
from graph.look import DOWN, FLOWS, FRAME, NOTE, RIGHT, Annotation, Look, with_look
from graph.model import Graph, Link, Node, NodeId, Port

CARD = (148.0, 66.0)
SIZES = (CARD, CARD, (108.0, 26.0), (148.0, 144.0), (200.0, 94.0))
PITCH = (220.0, 160.0)


def meet(a: Area, b: Area) -> bool:
    return a[0] < b[0] + b[2] and b[0] < a[0] + a[2] and a[1] < b[1] + b[3] and b[1] < a[1] + a[3]


def card(graph: Graph, node: NodeId, sizes: dict) -> Area:
    return (*graph.nodes[node].position, *sizes[node])


def framed(graph: Graph, **areas: Area) -> Graph:
    """The drawing with frames, and notes where the name begins with "note"."""
    kinds = {name: NOTE if name.startswith("note") else FRAME for name in areas}
    return with_look(graph, Look({n: Annotation(n, kinds[n], n, area) for n, area in areas.items()}))


def tidied(graph: Graph, sizes: dict, flow: str = RIGHT) -> Graph:
    """What Tidy up makes of a drawing: nodes placed, frames drawn around theirs again."""
    after = graph.move(tidy(graph, sizes=sizes, flow=flow))
    return with_look(after, refitted(graph, after, sizes, sizes))


def on_a_table(columns: int, rows: int, wires: list[tuple[int, int]], sizes: dict | None = None) -> Graph:
    """Nodes n0, n1, ... line by line at even distances, wired as told."""
    nodes = {
        f"n{i}": Node(f"n{i}", "t", f"n{i}", position=(i % columns * PITCH[0], i // columns * PITCH[1]))
        for i in range(columns * rows)
    }
    links = [Link(Port(f"n{a}", "output"), Port(f"n{b}", f"input{i}")) for i, (a, b) in enumerate(wires)]
    return Graph(nodes, {link.target: link for link in links})


def around(columns: range, rows: range, margin: float = 8.0) -> Area:
    """An area of the table that holds these columns and rows."""
    left, top = columns.start * PITCH[0] - margin, rows.start * PITCH[1] - margin
    return (left, top, len(columns) * PITCH[0] - 16 + margin, len(rows) * PITCH[1] - 10 + margin)


def random_drawing(seed: int) -> tuple[Graph, dict, list[str]]:
    """A drawing on a table of 5 x 4, with one to three frames beside or in each other, some with a note in them."""
    chance = random.Random(seed)
    ends = [sorted(chance.sample(range(20), 2)) for _ in range(chance.randint(8, 34))]
    wires = [(a, b) if chance.random() < 0.9 else (b, a) for a, b in ends]
    graph = on_a_table(5, 4, wires)
    split = chance.randint(2, 3)
    outer = around(range(split), range(chance.randint(1, 4)), 12.0)
    inner = around(range(split - 1), range(1), 4.0)
    other = around(range(split, 5), range(chance.randint(0, 2), 4), 10.0)
    areas = dict(list({"outer": outer, "inner": inner, "other": other}.items())[: chance.randint(1, 3)])
    frames = list(areas)
    if chance.random() < 0.5:
        areas["note"] = (outer[0] + 4, outer[1] + 80, 100.0, 60.0)
    return framed(graph, **areas), {node: chance.choice(SIZES) for node in graph.nodes}, frames


@pytest.mark.parametrize("flow", FLOWS)
@pytest.mark.parametrize("seed", range(60))
def test_nothing_from_outside_comes_to_lie_in_a_frame(seed, flow):
    graph, sizes, frames = random_drawing(seed)
    inside = {frame: load_of(graph, (), [frame], sizes).nodes for frame in frames}
    assert all(inside.values())
    after = tidied(graph, sizes, flow)
    for frame in frames:
        area = after.look.annotations[frame].area
        assert load_of(after, (), [frame], sizes).nodes == inside[frame]
        assert [n for n in after.nodes.keys() - inside[frame] if meet(area, card(after, n, sizes))] == []
    assert [p for p in combinations(after.nodes, 2) if meet(*(card(after, n, sizes) for n in p))] == []
    apart = [(a, b) for a, b in combinations(frames, 2) if inside[a].isdisjoint(inside[b])]
    assert not any(meet(after.look.annotations[a].area, after.look.annotations[b].area) for a, b in apart)
    notes = [a.area for a in after.look.annotations.values() if a.kind == NOTE]
    assert not any(meet(note, card(after, n, sizes)) for note in notes for n in after.nodes)
    assert tidied(after, sizes, flow) == after  # once is enough


def test_a_frame_in_a_row_takes_as_many_columns_as_what_is_in_it():
    graph = on_a_table(12, 1, [(i, i + 1) for i in range(11)])
    sizes = dict.fromkeys(graph.nodes, CARD)
    after = tidied(framed(graph, stage=around(range(1, 4), range(1))), sizes)
    lines: dict[float, list[str]] = {}
    for node in after.nodes.values():
        lines.setdefault(node.position[1], []).append(node.name)
    assert [len(line) for line in lines.values()] == [4, 4, 4]
    assert {"n1", "n2", "n3"} < set(next(iter(lines.values())))
    assert len({node.position[0] for node in after.nodes.values()}) < 9  # most of them in columns


def test_a_wire_runs_straight_into_a_frame():
    graph = on_a_table(4, 1, [(0, 1), (1, 2), (2, 3)])
    for flow, across in ((RIGHT, 1), (DOWN, 0)):
        after = tidied(framed(graph, pair=around(range(1, 3), range(1))), dict.fromkeys(graph.nodes, CARD), flow)
        assert len({node.position[across] for node in after.nodes.values()}) == 1


def test_a_frame_leaves_room_for_a_note_in_it():
    sizes = {f"n{i}": CARD for i in range(4)}
    graph = framed(on_a_table(4, 1, [(0, 1), (1, 2), (2, 3)]), pair=around(range(1, 3), range(1)), note=(0, 0, 1, 1))
    low = with_look(graph, graph.look.put(replace(graph.look.annotations["note"], area=(230.0, 80.0, 300.0, 60.0))))
    after = tidied(low, sizes)
    area = after.look.annotations["pair"].area
    assert load_of(after, (), ["pair"], sizes).annotations == {"pair", "note"}
    assert not any(meet(area, card(after, n, sizes)) for n in ("n0", "n3"))


def test_of_frames_that_overlap_the_smallest_is_kept_together():
    wires = [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (0, 5)]
    graph = framed(on_a_table(6, 1, wires), small=around(range(1, 3), range(1)), large=around(range(2, 6), range(1)))
    sizes = dict.fromkeys(graph.nodes, CARD)
    after = tidied(graph, sizes)
    area = after.look.annotations["small"].area
    assert [n for n in after.nodes if meet(area, card(after, n, sizes))] == ["n1", "n2"]


def test_a_part_with_a_whole_frame_keeps_it_together_and_one_with_half_of_it_does_not_care():
    graph = framed(on_a_table(3, 2, [(0, 3), (3, 1), (1, 4), (4, 2)]), top=around(range(3), range(1)))
    sizes = dict.fromkeys(graph.nodes, CARD)
    places = tidy_part(graph, graph.nodes.keys() - {"n5"}, sizes=sizes)
    after = graph.move(places)
    after = with_look(after, refitted(graph, after, sizes, sizes))
    area = after.look.annotations["top"].area
    assert {n for n in places if meet(area, card(after, n, sizes))} == {"n0", "n1", "n2"}
    assert tidy_part(graph, ["n0", "n3", "n1"], sizes=sizes) == tidy_part(
        with_look(graph, Look()), ["n0", "n3", "n1"], sizes=sizes
    )


def test_a_frame_that_was_larger_than_needed_is_fitted_when_another_node_would_come_to_lie_in_it():
    graph = on_a_table(3, 2, [(0, 1), (1, 2)])
    sizes = dict.fromkeys(graph.nodes, CARD)
    wide = framed(graph, wide=(-20.0, -60.0, 620.0, 140.0))
    before = wide.move({"n2": (0.0, 900.0), "n3": (0, 1200), "n4": (0, 1400), "n5": (0, 1600)})
    after = before.move({"n2": (420.0, 0.0)})
    assert refitted(before, after, sizes, sizes).annotations["wide"].area[2] < 620
    away = before.move({"n3": (0.0, 2000.0)})
    assert refitted(before, away, sizes, sizes) == before.look
