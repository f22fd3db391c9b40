"""How data of every kind is shown: frames that move, texts, points, figures of columns, and what was left out."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtGui import QFontMetrics

from graph.messages import msg
from gui.motion import motion
from gui.panels.data_looks import MOST_BROKEN, ColumnFigures, PointCloud, SkippedList, TextSamples, column_text
from gui.panels.data_views import ClassBars, ImageGrid
from gui.panels.preview import MOST_FRAMES, make_preview
from gui.theme import mono_font, theme
from panel_tools import show, texts
from runtime.data.records import ColumnLook, Look


@pytest.fixture
def moving(monkeypatch):
    monkeypatch.setattr(motion, "reduced", "no")


def gray(level: float, frames: int = 0) -> np.ndarray:
    return np.full((frames, 8, 8) if frames else (8, 8), level, np.float32)


@pytest.mark.parametrize(
    ("sample", "count"),
    [(gray(0.5), 1), (np.zeros((8, 8, 3), np.float32), 1), (gray(0.5, 5), 5), (np.zeros((4, 8, 8, 3), np.float32), 4),
     (gray(0.5, 2 * MOST_FRAMES), MOST_FRAMES)],
)  # fmt: skip
def test_pictures_and_their_frames(sample, count):
    (frames,) = make_preview(Look(pictures=(sample,))).pictures
    assert len(frames) == count and frames[0].width() == frames[0].height() == 88


def test_what_has_frames_moves(qtbot, moving):
    film = np.concatenate([gray(0.0, 1), gray(1.0, 1)])
    grid = show(qtbot, ImageGrid(), 200, 80)
    grid.show_images(make_preview(Look(pictures=(film,))).pictures, ("left",))
    seen = set()
    qtbot.waitUntil(lambda: seen.add(grid.grab().toImage().pixelColor(22, 22).name()) or len(seen) == 2)
    grid.show_images(make_preview(Look(pictures=(gray(0.5),))).pictures, ())
    assert not grid._pace.isActive()


def test_with_reduced_motion_the_middle_frame_stands_still(qtbot, monkeypatch):
    monkeypatch.setattr(motion, "reduced", "yes")
    film = np.stack([gray(0.0), gray(1.0), gray(0.0)])
    grid = show(qtbot, ImageGrid(), 200, 80)
    grid.show_images(make_preview(Look(pictures=(film,))).pictures, ())
    assert not grid._pace.isActive()
    assert grid.grab().toImage().pixelColor(22, 22).name() == "#ffffff"


def test_points_of_two_classes_have_two_colors(qtbot):
    cloud = show(qtbot, PointCloud(), 240, 240)
    cloud.show_points(np.array([[0.0, 0.0], [1.0, 1.0]]), np.array([0, 1]))
    picture = cloud.grab().toImage()
    colors = {picture.pixelColor(x, y).name() for x in range(picture.width()) for y in range(picture.height())}
    assert len(colors - {theme.color("field").name()}) >= 2
    assert cloud.accessibleName() == "2 points"
    cloud.show_points(None, None)
    assert cloud.accessibleName() == "0 points"


def test_figures_of_columns(qtbot):
    age = ColumnLook(name="age", kind="number", least=19.0, most=79.0, mean=48.5, deviation=13.1, histogram=(1, 4, 2))
    town = ColumnLook(name="town", kind="category", distinct=12, missing=3)
    assert column_text(age) == "age, 19.00 to 79.00, mean 48.50, deviation 13.10"
    assert column_text(town) == "town, 12 different, 3 missing"
    widget = show(qtbot, ColumnFigures(), 280, 100)
    widget.show_columns([age, town])
    assert widget.accessibleName() == f"{column_text(age)}; {column_text(town)}"
    picture = widget.grab().toImage()
    colors = {picture.pixelColor(x, y).name() for x in range(picture.width()) for y in range(40)}
    assert theme.color("data").name() in colors  # its histogram


def test_texts_stand_over_what_belongs_to_them(qtbot):
    widget = show(qtbot, TextSamples(), 280, 200)
    widget.show_texts([("The cat sat.", "D · N · V"), ("x" * 1000, "")])
    shown = texts(widget)
    assert shown[:2] == ["The cat sat.", "D · N · V"] and shown[2].replace("\u200b", "") == "x" * 400 + "…"


def test_what_was_left_out_is_listed_up_to_a_limit(qtbot):
    widget = show(qtbot, SkippedList(), 280, 200)
    widget.show_broken([msg("Line {line} has too few cells.", line=n) for n in range(MOST_BROKEN + 5)])
    shown = texts(widget)
    assert shown[0] == "Line 0 has too few cells." and shown[-1] == "… and 5 more." and len(shown) == MOST_BROKEN + 1


def test_names_of_classes_are_not_cut_off_where_there_is_room(qtbot):
    bars = show(qtbot, ClassBars(), 300, 80)
    pictures = []
    for second in ("square", "squares and more"):  # beside a longer name there is room for certain
        bars.show_counts((("circle", 3), (second, 3)))
        pictures.append(
            bars.grab().toImage().copy(0, 0, QFontMetrics(mono_font(theme.px(12))).horizontalAdvance("circle"), 20)
        )
    assert pictures[0] == pictures[1]
