"""The cards of the lower panel at the height that it has on a small screen: nothing that counts is cut off."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt

from gui.panels.confusion import TITLE, ConfusionView
from gui.panels.explain_cards import WhyCard
from gui.panels.explain_views import LABELS_FROM, AttentionView
from gui.panels.plot import PlotCard
from gui.panels.try_codes import Sliders
from gui.theme import theme
from runtime.explanations import AttentionMap

WORDS = ("the", "camera", "is", "clumsy", ",", "and", "the", "hotel", "is", "stale", "", "")


@pytest.fixture
def attention(qtbot):
    view = AttentionView()
    qtbot.addWidget(view)
    weights = np.full((2, 12, 12), 1 / 12, np.float32)
    view.show_map(AttentionMap("encoder1", weights), None, (WORDS, WORDS))
    return view


def test_a_map_of_attention_takes_the_width_that_there_is(attention):
    attention.resize(400, 125)
    area = attention._area()
    assert area.width() >= 2 * area.height() and area.height() >= 115, "not a small square in a corner"
    assert area.left() > 0 and area.height() / 12 >= LABELS_FROM, "the rows are named"
    assert area.top() == 0, "the columns only where there is room"
    attention.resize(400, 400)
    area = attention._area()
    assert area.left() > 0 and area.top() > 0
    assert area.right() < 400 and area.bottom() < 400


@pytest.mark.parametrize("height", [90, 130, 300])
def test_the_names_of_classes_lie_inside_of_the_card_or_are_left_out(qtbot, height):
    view = ConfusionView()
    qtbot.addWidget(view)
    view.resize(204, height)
    view.set_confusion(np.eye(10, dtype=int).tolist(), [str(n) for n in range(10)])
    area = view._area()
    assert view._are_named() == (height > 90)
    if view._are_named():
        assert area.left() >= view._margin() and area.bottom() + theme.px(TITLE) < height
    else:
        assert area.height() > 0.8 * height


def card(qtbot, width: int) -> PlotCard:
    made = PlotCard("Accuracy")
    for key in ("train", "validation"):
        made.add_curve(key, key, key, dots=True)
    qtbot.addWidget(made)
    made.resize(width, 160)
    with qtbot.waitExposed(made):
        made.show()
    return made


def test_the_last_point_lies_inside_of_the_plot(qtbot):
    made = card(qtbot, 260)
    made.extend("validation", [40, 80], [0.5, 0.75])
    made.redraw()
    left, right = made.box.viewRange()[0]
    assert left == 0 and right > 80 and right - 80 < 0.1 * 80


def test_a_figure_that_is_always_zero_lies_on_the_lower_edge(qtbot):
    made = card(qtbot, 260)
    made.extend("validation", [1, 2], [0.0, 0.0])
    made.redraw()
    assert made.box.viewRange()[1] == [pytest.approx(-0.02), pytest.approx(1.03)]


@pytest.mark.parametrize("width", range(252, 268, 3))
def test_the_title_of_a_plot_is_whole(qtbot, width):
    made = card(qtbot, width)
    text = made.title.fontMetrics().elidedText(made.title.text(), Qt.TextElideMode.ElideRight, made.title.width())
    assert text == "Accuracy"


def test_an_explanation_of_another_network_is_not_left_standing(qtbot):
    why = WhyCard()
    qtbot.addWidget(why)
    why.note.setText("of the one before")
    why.clear()
    assert why.view._found is None and not why.note.text()


def test_sixteen_sliders_need_six_lines(qtbot):
    for width, lines in ((2, 2), (8, 4), (10, 5), (16, 6)):
        sliders = Sliders("code", width)
        qtbot.addWidget(sliders)
        assert sliders.layout().rowCount() == lines
