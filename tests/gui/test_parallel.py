"""Parallel coordinates: where values stand, brushing with the mouse and the keys, moving axes, the line under the mouse, speed."""

from __future__ import annotations

import math
import random
import time
from dataclasses import replace
from itertools import combinations

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest

from gui.panels.parallel import Axis, ParallelView
from gui.panels.parallel_axes import NONE, Scale, text_of
from gui.theme import theme
from panel_tools import show

RATES = [1e-4, 1e-3, 1e-2, 1e-1, 1e-2]
KINDS = ["Adam", "SGD", "Adam", None, "RMSprop"]
SCORES = [0.5, 0.9, 0.8, 0.7, math.nan]
AXES = (
    Axis("rate", RATES, log=True),
    Axis("kind", KINDS),
    Axis("score", SCORES, larger_is_better=True),
)
LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def view(qtbot) -> ParallelView:
    view = show(qtbot, ParallelView(), 700, 300)
    view.set_data(AXES, 2, names=["a", "b", "c", "d", "e"])
    return view


def at(view: ParallelView, axis: int, share: float, aside: float = 0.0) -> QPoint:
    """A place on an axis, `aside` pixels to the right of it."""
    frame = view.frame()
    return QPointF(frame.x(view.order.index(axis)) + aside, frame.height_of(share)).toPoint()


def drag(view: ParallelView, start: QPoint, end: QPoint) -> None:
    QTest.mousePress(view, LEFT, pos=start)
    for part in (0.4, 1.0):
        QTest.mouseMove(view, start + (end - start) * part)
    QTest.mouseRelease(view, LEFT, pos=end)


def brush(view: ParallelView, axis: int, low: float, high: float) -> None:
    drag(view, at(view, axis, low), at(view, axis, high))


def far(ink: QColor, role: str) -> float:
    """How far a colour is from that of a role."""
    return math.dist(ink.getRgb(), theme.color(role).getRgb())


# ---- scales


def test_values_stand_where_they_belong():
    rate, kind, score = (Scale(axis) for axis in AXES)
    assert rate.shares == pytest.approx([0, 1 / 3, 2 / 3, 1, 2 / 3])
    assert kind.shares == pytest.approx([0, 1, 0, NONE, 0.5])  # Adam, RMSprop, SGD
    assert score.shares == pytest.approx([0, 1, 0.75, 0.5, NONE])
    assert [text for _, text in rate.marks] == ["1e-4", "0.001", "0.01", "0.1"]
    assert [text for _, text in kind.marks] == ["Adam", "RMSprop", "SGD"]
    assert kind.has_none
    assert not rate.has_none


def test_numbers_that_are_not_positive_are_not_known_on_a_logarithmic_axis():
    scale = Scale(Axis("rate", [0.0, -1.0, 10.0, 1000.0], log=True))
    assert scale.shares == pytest.approx([NONE, NONE, 0, 1])


def test_many_numbers_have_round_marks():
    scale = Scale(Axis("x", [n * 0.37 for n in range(100)]))
    assert [text for _, text in scale.marks] == ["0", "10", "20", "30", "40"]


def test_one_value_or_none_stands_in_the_middle_or_below():
    assert Scale(Axis("x", [3.0, 3.0])).shares == pytest.approx([0.5, 0.5])
    assert Scale(Axis("batch", [128.0, "all", 16.0])).names == ["16", "128", "all"]
    assert Scale(Axis("x", ["Adam"])).shares == pytest.approx([0.5])
    assert Scale(Axis("x", [None, None])).shares == pytest.approx([NONE, NONE])


def test_values_are_written_for_people():
    values = (None, "Adam", 3.0, 18_420, 0.125, 0.0001, 3.14159, math.nan)
    assert [text_of(v) for v in values] == ["none", "Adam", "3", "18\u2009420", "0.125", "1e-4", "3.142", "NaN"]


# ---- titles


def test_titles_that_have_no_room_side_by_side_are_written_on_two_lines(qtbot, view):
    assert view.frame().lines == 1
    long = [replace(axis, title=f"a long title of {axis.title}") for axis in (*AXES, *AXES)]
    view.set_data(long, 2)
    frame, rects = view.frame(), [view.title_rect(slot) for slot in range(6)]
    assert frame.lines == 2 and rects[0].bottom() <= rects[1].top() and rects[1].bottom() <= frame.top
    assert not any(one.intersects(other) for one, other in combinations(rects, 2))
    end = QPointF(rects[2].right() - 2, rects[2].center().y())
    assert frame.slot_at(end.x()) == 3  # it is nearer to that axis, and means the title
    assert view._hand._slot_at(end) == 2
    QTest.mousePress(view, LEFT, pos=end.toPoint())
    assert view.current == 2
    QTest.mouseRelease(view, LEFT, pos=end.toPoint())


def test_marks_are_short():
    assert [text for _, text in Scale(Axis("x", [0.007105, 2.3128, 12.0])).marks] == ["0.00711", "2.31", "12"]


# ---- brushing


def test_dragging_along_axes_chooses_rows_within_all_ranges(qtbot, view):
    told: list[list[int]] = []
    view.selected.connect(told.append)
    brush(view, 2, 0.4, 1.05)
    assert told[-1] == view.rows == [1, 2, 3]
    brush(view, 1, -0.05, 0.2)
    assert told[-1] == [2]
    QTest.mouseClick(view, LEFT, pos=at(view, 0, 0.5, aside=60))
    assert told[-1] == [0, 1, 2, 3, 4]
    assert view.ranges == {}


def test_what_is_not_known_can_be_chosen(view):
    brush(view, 1, -0.2, -0.06)
    assert view.rows == [3]


def test_a_range_is_moved_taken_by_its_end_and_clicked_away(view):
    brush(view, 0, 0.25, 0.45)
    assert view.rows == [1]
    drag(view, at(view, 0, 0.35), at(view, 0, 0.35 + 1 / 3))
    assert view.rows == [2, 4]
    drag(view, at(view, 0, view.ranges[0][0]), at(view, 0, -0.05))
    assert view.rows == [0, 1, 2, 4]
    brush(view, 1, -0.05, 0.2)
    QTest.mouseClick(view, LEFT, pos=at(view, 0, 0.5))
    assert list(view.ranges) == [1]


def test_ranges_are_made_and_cleared_by_keys(view):
    view.setFocus()
    QTest.keyClick(view, Qt.Key.Key_Right)
    QTest.keyClick(view, Qt.Key.Key_Right)
    QTest.keyClick(view, Qt.Key.Key_Up)
    assert view.rows == [1, 2, 3]
    for _ in range(2):
        QTest.keyClick(view, Qt.Key.Key_Minus)
        QTest.keyClick(view, Qt.Key.Key_Up)
    assert view.rows == [1, 2]
    QTest.keyClick(view, Qt.Key.Key_PageUp)
    assert view.row == 2
    assert "score: 0.8" in view.accessibleDescription()
    QTest.keyClick(view, Qt.Key.Key_Delete)
    QTest.keyClick(view, Qt.Key.Key_Left)
    QTest.keyClick(view, Qt.Key.Key_Down)
    assert view.rows == [0, 2, 3, 4]
    QTest.keyClick(view, Qt.Key.Key_Escape)
    assert view.rows == [0, 1, 2, 3, 4]


def test_ranges_stay_when_rows_come(view):
    brush(view, 0, 0.25, 0.45)
    brush(view, 1, 0.4, 1.05)
    view.set_data((Axis("rate", [*RATES, 1e-5, 2e-3], log=True), Axis("kind", [*KINDS, "SGD", "SGD"])), None)
    assert view.rows == [1, 6]
    low, high = view.ranges[0]
    assert (low, high) == pytest.approx(((0.25 * 3 + 1) / 4, (0.45 * 3 + 1) / 4), abs=0.01)


# ---- axes and lines


def test_an_axis_is_dragged_to_another_place_by_its_title(view):
    start = view.title_place(0).toPoint()
    drag(view, start, view.title_place(2).toPoint())
    assert view.order == [1, 2, 0]
    assert view.position(0, 0).x() > view.position(0, 2).x()
    view.set_data(AXES, None)
    assert view.order == [1, 2, 0]
    view.setFocus()
    QTest.keyClick(view, Qt.Key.Key_Left, Qt.KeyboardModifier.ControlModifier)
    assert view.order == [1, 0, 2]


def test_the_line_under_the_mouse_stands_out_with_its_values(qtbot, view):
    told: list[int | None] = []
    view.hovered.connect(told.append)
    between = (view.position(1, 0) + view.position(1, 1)) / 2
    QTest.mouseMove(view, between.toPoint())
    assert told == [1]
    assert view.text_of(1) == "b\nrate: 0.001\nkind: SGD\nscore: 0.9"
    assert view._values.isVisible()
    assert view.rect().contains(view._values.geometry())
    QTest.mouseMove(view, QPoint(3, 3))
    assert told == [1, None]
    assert not view._values.isVisible()


def test_lines_outside_of_ranges_are_not_pointed_at(view):
    between = (view.position(1, 0) + view.position(1, 1)) / 2
    brush(view, 2, 0.6, 0.9)
    assert view.row_at(between) is None


def test_a_click_on_a_line_chooses_its_row(qtbot, view):
    between = ((view.position(3, 0) + view.position(3, 1)) / 2).toPoint()
    QTest.mouseMove(view, between)
    with qtbot.waitSignal(view.chosen, timeout=500) as found:
        QTest.mouseClick(view, LEFT, pos=between)
    assert found.args == [3]


@pytest.mark.parametrize("name", ["dark", "light"])
def test_lit_lines_have_their_colour_and_others_are_dim(view, name):
    theme.use(name)
    try:
        view.set_data((Axis("x", [0.0, 1.0]), Axis("y", [0.0, 1.0])), None)
        brush(view, 0, 0.8, 1.05)
        while not view._lines.is_done:
            view._lines.advance()
        view.point_at(None)
        picture = view.grab().toImage()
        for row, role, other in ((1, "accent", "border"), (0, "border", "accent")):
            place = (view.position(row, 0) * 0.5 + view.position(row, 1) * 0.5).toPoint()
            inks = [picture.pixelColor(place + QPoint(0, down)) for down in (-1, 0, 1)]
            assert min(far(ink, role) for ink in inks) < min(far(ink, other) for ink in inks)
    finally:
        theme.use("dark")


def test_nothing_and_one_axis_can_be_shown(view):
    view.set_data((), None)
    view.grab()
    assert view.rows == []
    view.set_data((Axis("x", [1.0, 2.0]),), 0)
    view.grab()
    brush(view, 0, 0.5, 1.05)
    assert view.rows == [1]


def test_2000_rows_of_10_axes_are_fluid(view):
    draw = random.Random(0)
    view.resize(1300, 300)
    view.set_data([Axis(f"a{n}", [draw.random() for _ in range(2000)]) for n in range(10)], 9)
    view.grab()
    frames = []
    for step in range(10):
        begin = time.process_time()
        view.set_range(0, (0.05 * step, 0.05 * step + 0.4))
        view.repaint()
        frames.append(time.process_time() - begin)
    assert sorted(frames)[len(frames) // 2] < 0.05  # 0.02 on two free cores
