"""Wires go straight where they can and around cards where they must."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.look import DOWN
from gui.canvas.routing import End, Route, route, through
from gui.canvas.routing_cards import Cards, Rect
from gui.canvas.routing_lanes import PITCH, spread
from gui.canvas.routing_ways import find


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


@pytest.mark.parametrize("far", [1e9, 1e308])
def test_an_area_that_is_endlessly_high_is_looked_through_at_once(far):
    cards = Cards()
    cards.put("a", Rect(0.0, 0.0, 10.0, 10.0))
    cards.put("b", Rect(0.0, 5000.0, 10.0, 5010.0))
    assert cards.within(0.0, -far, 10.0, far) == [cards.rects["a"], cards.rects["b"]]
    assert cards.within(0.0, 100.0, 10.0, far) == [cards.rects["b"]]
    assert not cards.free(0.0, -far, 10.0, far)
    assert cards.free(20.0, -far, 30.0, far)


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


# ---- around cards


def cards(*places: tuple[float, float]) -> Cards:
    """Cards of the usual size, by their upper left corners."""
    found = Cards()
    for i, (x, y) in enumerate(places):
        found.put(f"n{i}", Rect(x, y, x + 148, y + 66))
    return found


def test_over_an_empty_place_it_goes_straight():
    way = find(end(0, 0, output=True), end(776, 0, output=False), cards((0, 0), (776, 0)))
    assert way.points == ((148, 33), (776, 33))


def test_to_another_height_over_an_empty_place_it_turns_once():
    way = find(end(0, 0, output=True), end(776, 200, output=False), cards((0, 0), (776, 200)))
    assert way.points == ((148, 33), (752, 33), (752, 233), (776, 233))


@pytest.mark.parametrize("between", [(194, 0), (388, 20), (388, -40), (600, 0)])
def test_it_goes_around_a_card_in_between(between):
    way = find(end(0, 0, output=True), end(776, 0, output=False), cards((0, 0), (776, 0), between))
    assert not crosses(way, *between)


def test_it_finds_its_way_where_cards_stand_in_both_turns():
    wall = [(160, -100), (160, 70), (640, -100), (640, 70), (388, 0)]
    way = find(end(0, 0, output=True), end(776, 0, output=False), cards((0, 0), (776, 0), *wall))
    assert not any(crosses(way, *card) for card in wall)


@given(st.lists(st.tuples(st.integers(-2, 5), st.integers(-3, 3)), min_size=2, max_size=12, unique=True))
def test_in_a_tidy_place_no_wire_passes_behind_a_card(cells):
    places = [(194.0 * column, 130.0 * row) for column, row in cells]
    way = find(end(*places[0], output=True), end(*places[1], output=False), cards(*places))
    assert not any(crosses(way, *place) for place in places)
    assert way.curved or all(a[0] == b[0] or a[1] == b[1] for a, b in pairwise(way.points))


@given(st.lists(st.tuples(st.floats(-500, 500), st.floats(-500, 500)), max_size=12), st.data())
def test_the_index_knows_what_overlaps_an_area(places, data):
    index = cards(*places)
    for i in data.draw(st.sets(st.integers(0, 11))):
        index.take(f"n{i}")
    area = Rect(-120, -70, 130, 90)
    there = [r for r in index.rects.values() if r[0] < 130 and r[2] > -120 and r[1] < 90 and r[3] > -70]
    assert index.within(*area) == sorted(index.within(*area))
    assert set(index.within(*area)) == set(there)
    assert index.free(*area) == (not there)


@given(st.lists(st.tuples(st.integers(-300, 900), st.integers(-300, 300)), min_size=1, max_size=4))
def test_it_goes_through_the_corners_that_a_person_gave_it(bends):
    way = through(end(0, 0, output=True), end(600, 100, output=False), bends)
    assert way.points[0] == (148, 33) and way.points[-1] == (600, 133)
    assert all(a[0] == b[0] or a[1] == b[1] for a, b in pairwise(way.points))
    assert way.points[1][0] >= 148 and way.points[-2][0] <= 600
    for x, y in bends:
        assert any(
            min(ax, bx) <= x <= max(ax, bx) and min(ay, by) <= y <= max(ay, by)
            for (ax, ay), (bx, by) in pairwise(way.points)
        )


def test_a_flow_down_is_the_same_with_its_axes_exchanged():
    way = find(end(0, 0, output=True), end(776, 200, output=False), cards((0, 0), (776, 200))).turned(DOWN)
    assert way.points == ((33, 148), (33, 752), (233, 752), (233, 776))
    path = Route(((0, 0), (40, 60)), curved=True, flow=DOWN).path()
    assert abs(path.angleAtPercent(0.0) - 270) < 1  # it leaves downwards


# ---- side by side


def lanes(*ways: list[tuple[float, float]], nets: str, there: Cards | None = None) -> list[list[list[float]]]:
    points = {i: [list(point) for point in way] for i, way in enumerate(ways)}
    for _ in spread(points, dict(enumerate(nets)), there or Cards()):
        pass
    return list(points.values())


def test_wires_in_one_channel_get_lanes_of_their_own_and_do_not_cross_needlessly():
    inner = [(10.0, 0.0), (50.0, 0.0), (50.0, 200.0), (90.0, 200.0)]
    outer = [(10.0, 20.0), (50.0, 20.0), (50.0, 220.0), (90.0, 220.0)]
    first, second = lanes(inner, outer, nets="ab")
    assert first[1][0] - second[1][0] == PITCH  # the upper one turns later, so the lower one passes under it
    assert first[0] == [10, 0] and first[-1] == [90, 200]


def test_wires_of_one_output_share_their_trunk():
    ways = [[(10.0, 0.0), (50.0, 0.0), (50.0, y), (90.0, y)] for y in (100.0, 200.0)]
    first, second = lanes(*ways, nets="aa")
    assert first[1][0] == second[1][0] == 50


def test_lanes_keep_off_the_cards():
    ways = [[(0.0, 0.0), (20.0, 0.0), (20.0, 80.0), (400.0, 80.0), (400.0, 200.0), (420.0, 200.0)] for _ in range(4)]
    there = cards((100, 0), (100, 94))
    heights = sorted(way[2][1] for way in lanes(*ways, nets="abcd", there=there))
    assert heights[0] >= 66 and heights[-1] <= 94
    assert len(set(heights)) == 4
