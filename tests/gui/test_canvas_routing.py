"""Wires go straight where they can and around cards where they must."""

from __future__ import annotations

from itertools import pairwise

import pytest

from gui.canvas.routing import End, Route, route


def end(x: float, top: float, *, output: bool) -> End:
    """A port in the middle of a card whose left edge is at x."""
    return End(x + (148 if output else 0), top + 33, top, top + 66)


def crosses(way: Route, left: float, top: float) -> bool:
    """Whether a wire runs through the inside of a card."""
    right, bottom = left + 148, top + 66
    return any(
        max(ax, bx) > left and min(ax, bx) < right and max(ay, by) > top and min(ay, by) < bottom
        for (ax, ay), (bx, by) in pairwise(way.points)
    )


def test_next_in_the_row_is_straight():
    way = route(end(0, 0, output=True), end(194, 0, output=False))
    assert way == Route(((148, 33), (194, 33)))
    assert way.anchor == (171, 33, 46)


def test_next_column_at_another_height_is_a_curve_that_leaves_and_arrives_level():
    way = route(end(0, 0, output=True), end(194, 40, output=False))
    assert way.curved
    path = way.path()
    assert abs(path.angleAtPercent(0.0)) < 1
    assert path.currentPosition().toTuple() == (194, 73)
    assert way.anchor[2] == 0


def test_to_the_next_row_it_runs_between_the_rows():
    way = route(end(776, 0, output=True), end(0, 130, output=False))
    heights = {a[1] for a, b in pairwise(way.points) if a[1] == b[1] and abs(a[0] - b[0]) > 500}
    assert heights == {98}  # half way between 66 and 130
    assert all(a[0] == b[0] or a[1] == b[1] for a, b in pairwise(way.points))


@pytest.mark.parametrize("below", [False, True])
@pytest.mark.parametrize(("x", "y"), [(776, 0), (388, 260), (-388, 260), (-388, -260), (388, -260), (-194, 0)])
def test_no_wire_runs_through_its_own_cards(x, y, below):
    way = route(end(0, 0, output=True), end(x, y, output=False), below=below)
    assert not crosses(way, 0, 0)
    assert not crosses(way, x, y)


def test_a_skip_runs_over_the_cards_of_its_row():
    way = route(end(0, 0, output=True), end(776, 0, output=False))
    assert not any(crosses(way, x, 0) for x in (194, 388, 582))


def test_wires_with_labels_run_below_their_target():
    way = route(end(0, 0, output=True), end(582, 260, output=False), below=True)
    assert max(y for _, y in way.points) > 260 + 66


def test_the_path_of_any_route_is_finite_and_ends_at_the_port():
    for x in range(-400, 401, 50):
        for y in range(-200, 201, 25):
            target = end(x, y, output=False)
            assert route(end(0, 0, output=True), target).path().currentPosition().toTuple() == target[:2]


def test_up_to_a_row_with_a_tall_card_it_runs_right_above_its_own_row():
    way = route(end(0, 200, output=True), end(776, 0, output=False))
    tall = 148  # the lower edge of a card with many ports between them, in the upper row
    assert all(a[1] > tall for a, b in pairwise(way.points) if a[1] == b[1] and abs(a[0] - b[0]) > 100)
