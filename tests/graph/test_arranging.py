"""Arranging by hand: edges in line, equal gaps, room for one more."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.areas import COLUMN_GAP
from graph.arranging import Box, aligned, distributed, make_room

BOXES = {"a": Box(0, 0, 148, 66), "b": Box(220, 40, 148, 102), "c": Box(400, 12, 108, 26)}


@pytest.mark.parametrize(
    ("axis", "share", "expected"),
    [
        (0, 0.0, {"a": 0, "b": 0, "c": 0}),
        (0, 1.0, {"a": 360, "b": 360, "c": 400}),
        (0, 0.5, {"a": 180, "b": 180, "c": 200}),
        (1, 0.0, {"a": 0, "b": 0, "c": 0}),
        (1, 1.0, {"a": 76, "b": 40, "c": 116}),
    ],
)
def test_parts_of_boxes_come_in_line_and_nothing_else_moves(axis, share, expected):
    places = aligned(BOXES, axis, share)
    assert {i: place[axis] for i, place in places.items()} == expected
    assert all(place[1 - axis] == BOXES[i][1 - axis] for i, place in places.items())


def test_gaps_become_equal_between_the_first_and_the_last():
    boxes = {"a": Box(0, 0, 100, 50), "b": Box(120, 0, 100, 50), "c": Box(600, 0, 100, 50)}
    assert distributed(boxes, 0) == {"a": (0, 0), "b": (300, 0), "c": (600, 0)}
    assert distributed({"a": boxes["a"], "c": boxes["c"]}, 0) == {"a": (0, 0), "c": (600, 0)}


sizes = st.tuples(*[st.integers(0, 150).map(lambda n: 4.0 * n)] * 2, *[st.integers(5, 40).map(lambda n: 4.0 * n)] * 2)


@given(st.lists(sizes, min_size=3, max_size=8), st.sampled_from([0, 1]))
def test_distributed_boxes_never_lie_on_each_other(found, axis):
    boxes = {f"n{i}": Box(*size) for i, size in enumerate(found)}
    places = distributed(boxes, axis)
    ends = sorted((place[axis], place[axis] + boxes[i].size(axis)) for i, place in places.items())
    assert all(end <= start for (_, end), (start, _) in itertools.pairwise(ends))


def test_a_row_moves_on_for_a_new_node_and_other_rows_stay():
    row = {f"r{i}": Box(194.0 * i, 0, 148, 66) for i in range(4)}
    boxes = {**row, "new": Box(100, 4, 148, 66), "below": Box(194, 200, 148, 66)}
    moved = make_room(boxes, "r0", "new", ["r1", "r2", "r3", "below"], flow="right")
    assert moved == {"new": (196, 4), "r1": (392, 0), "r2": (588, 0), "r3": (784, 0)}
    assert COLUMN_GAP <= 392 - (196 + 148)


def test_where_there_is_room_nothing_moves():
    boxes = {"a": Box(0, 0, 148, 66), "new": Box(240, 0, 148, 66), "b": Box(600, 0, 148, 66)}
    assert make_room(boxes, "a", "new", ["b"], flow="right") == {}


def test_downwards_it_makes_room_below():
    boxes = {"a": Box(0, 0, 148, 66), "new": Box(0, 60, 148, 66), "b": Box(0, 112, 148, 66)}
    assert make_room(boxes, "a", "new", ["b"], flow="down") == {"new": (0, 112), "b": (0, 224)}
