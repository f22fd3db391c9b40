"""The map of points: places, the mouse and the keys, names that do not overlap, the legend."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QImage, QPainter
from PySide6.QtTest import QTest

from gui.panels import point_marks
from gui.panels.point_map import PointMap, Points
from gui.panels.point_marks import NameKeeper
from panel_tools import show, wheel


@pytest.fixture
def view(qtbot) -> PointMap:
    made = show(qtbot, PointMap(), 600, 300)
    places = np.array([[0, 0], [1, 0], [0, 1], [1, 1], [0.5, 0.5]])
    made.set_points(Points(places, ("sw", "se", "nw", "ne", "middle"), named=True))
    return made


def test_all_points_are_inside_up_is_up_and_a_press_finds_them(view):
    for row in range(5):
        at = view.position(row)
        assert view.rect().contains(at.toPoint()) and view.row_at(at + QPointF(3, 3)) == row
    assert view.position(2).y() < view.position(0).y() and view.position(1).x() > view.position(0).x()
    assert view.row_at(QPointF(150, 150)) == -1


def test_arrow_keys_go_from_point_to_point(qtbot, view):
    chosen = []
    view.chosen.connect(chosen.append)
    view.chosen.connect(view.mark)
    view.setFocus(Qt.FocusReason.TabFocusReason)
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Left, Qt.Key.Key_Down, Qt.Key.Key_Down):
        qtbot.keyClick(view, key)
    names = [view.points.captions[row] for row in chosen]
    assert names[0] == "middle" and len(names) >= 3
    assert names[-1] == "sw" and view.accessibleDescription() == "sw"


def test_the_wheel_zooms_to_the_mouse_dragging_moves_and_home_shows_all(qtbot, view):
    before = [view.position(row) for row in range(5)]
    wheel(view, 240)
    center = QPointF(view.rect().center())
    for old, new in zip(before, (view.position(row) for row in range(5)), strict=True):
        assert (new - center).manhattanLength() == pytest.approx((old - center).manhattanLength() * 1.25**2, rel=1e-6)
    at = view.position(4)
    chosen = []
    view.chosen.connect(chosen.append)
    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=at.toPoint())
    QTest.mouseMove(view, at.toPoint() + QPoint(30, 10))
    QTest.mouseMove(view, at.toPoint() + QPoint(60, 20))
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=at.toPoint() + QPoint(60, 20))
    assert (view.position(4) - at - QPointF(60, 20)).manhattanLength() < 2 and chosen == []
    qtbot.keyClick(view, Qt.Key.Key_Home)
    assert [view.position(row) for row in range(5)] == before


def test_a_point_outside_is_brought_into_the_map(qtbot, view):
    for _ in range(12):
        qtbot.keyClick(view, Qt.Key.Key_Plus)
    assert not view.rect().contains(view.position(0).toPoint())
    view.bring(0)
    assert view.rect().contains(view.position(0).toPoint())


def test_names_cover_neither_points_nor_each_other(view):
    draw = np.random.default_rng(3)
    pixels = draw.uniform(0, 200, (60, 2))
    keeper, rects = NameKeeper(pixels, 4.0, QRectF(0, 0, 220, 220)), []
    for x, y in pixels:
        rect = keeper.room_for(QPointF(x, y), QSizeF(34, 13))
        if rect is not None:
            rects.append(rect)
    assert 5 < len(rects) < 60
    assert not any(a.intersects(b) for i, a in enumerate(rects) for b in rects[:i])
    letters = [rect.adjusted(0, 3, 0, -3) for rect in rects]
    assert not any(rect.contains(QPointF(x, y)) for rect in letters for x, y in pixels)


def test_thousands_of_points_are_drawn_fast_enough_to_follow_the_mouse(qtbot, view):
    import time

    draw = np.random.default_rng(0)
    view.set_points(Points(draw.normal(size=(5000, 2)), [f"word{i}" for i in range(5000)], named=True))
    view.grab()
    begun = time.process_time()
    for step in range(10):
        QTest.mouseMove(view, QPoint(100 + 20 * step, 150))
        view.grab()
    assert (time.process_time() - begun) / 10 < 0.1


@pytest.mark.parametrize(("count", "height", "last"), [(10, 130, "9"), (10, 60, "and 7 more"), (2, 300, "1")])
def test_the_legend_has_room_or_says_how_many_classes_are_left(monkeypatch, count, height, last):
    drawn = []
    monkeypatch.setattr(point_marks, "draw_name", lambda _painter, rect, text, **_: drawn.append((rect.bottom(), text)))
    picture = QImage(200, height, QImage.Format.Format_RGB32)
    painter = QPainter(picture)
    point_marks.draw_legend(painter, range(count), [str(n) for n in range(count)], height)
    painter.end()
    assert drawn[-1][1] == last and drawn[-1][0] <= height
