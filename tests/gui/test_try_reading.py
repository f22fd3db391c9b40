"""What a network reads, as it is shown: the text, the verdict, the steps under the picture; and pictures beside the true ones."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QRectF, Qt
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QApplication

from graph.model import Port
from gui.panels.inside_pictures import placed_words
from gui.panels.try_answers import AnswerCard, difference
from gui.panels.try_codes import STEPS, Slider
from gui.panels.try_pairs import TranslationCard
from gui.panels.try_pictures import FRAME, LargePictures, PictureGrid
from gui.panels.try_reading import ReadingView, distance
from gui.panels.try_views import MOST_PAD, PlainView
from gui.theme import theme
from panel_tools import show
from runtime.translation import Hypothesis, Translation
from runtime.trying import READING, Drawn, Form, PictureEntry, Pictures, Reading, Shares, Taken, Trying, Way

NAMES = ("a", "b", "c", "_")


def reading(*kinds: int, share: float = 0.7, picture: np.ndarray | None = None) -> Reading:
    shares = np.full((len(kinds), 4), (1 - share) / 3, np.float32)
    shares[np.arange(len(kinds)), list(kinds)] = share
    return Reading(NAMES, 3, shares, picture)


@pytest.fixture
def view(qtbot) -> ReadingView:
    return show(qtbot, ReadingView(), 400, 120)


@pytest.mark.parametrize(
    ("read", "true", "changes"),
    [("", "", 0), ("abc", "abc", 0), ("abc", "", 3), ("", "ab", 2), ("abc", "axc", 1), ("bcd", "abcd", 1), ("kitten", "sitting", 3)],
)  # fmt: skip
def test_the_distance_of_two_texts_is_that_of_levenshtein(read, true, changes):
    assert distance(read, true) == distance(true, read) == changes


@pytest.mark.parametrize(
    ("truth", "verdict"),
    [("ac", "right"), ("ab", "wrong in one symbol"), ("abab", "wrong in 3 symbols"), ("", "")],
)
def test_the_verdict_says_how_far_from_right_it_is(view, truth, verdict):
    view.show_reading(reading(3, 0, 0, 3, 2), tuple(truth))
    assert view.text == "a c" and view.verdict == verdict
    assert view.accessibleName().startswith("a c") and verdict in view.accessibleName()
    assert (view.right == f"true: {' '.join(truth)}") is bool(truth)


def test_nothing_read_is_said(view):
    view.show_reading(reading(3, 3), ("a",))
    assert view.text == "nothing read" and view.verdict == "wrong in one symbol"


def test_each_step_says_its_classes_and_names_the_blank(view):
    view.show_reading(reading(3, 0, share=0.7))
    assert view.tip(0).startswith("Step 1 of 2: blank (no symbol) 70") and view.tip(1).startswith("Step 2 of 2: a 70")
    assert [view.step_at(x) for x in (0, 199, 201, 399, 400, -300)] == [0, 0, 1, 1, -1, -1]


@pytest.mark.parametrize("name", ["dark", "light"])
def test_bars_stand_under_the_columns_of_the_picture(view, name):
    """The first half of the steps is a symbol, the second none; so is the picture white, and black."""
    theme.use(name)
    picture = np.repeat([[1.0] * 8 + [0.0] * 8], 4, 0)
    view.show_reading(reading(0, 0, 3, 3, share=0.97, picture=picture), ("a",))
    image = view.grab().toImage()
    scale = image.width() / view.width()
    colors = [[image.pixelColor(int(x * scale), int(y * scale)) for x in (150, 350)] for y in (40, 110)]
    (white, black), (symbol, none) = colors
    assert white.lightness() > 240 and black.lightness() < 15
    assert symbol.hslSaturation() > 100 > none.hslSaturation()
    theme.use("dark")


def test_the_card_shows_what_was_read_beside_the_truth_and_only_there(qtbot):
    card = show(qtbot, AnswerCard(), 500, 160)
    card.show_truth("a c", None, ("a", "c"))
    card.show_result(reading(0, 3, 2))
    assert card.reading.isVisible() and card.reading.verdict == "right" and not card.truth.isVisible()
    card.show_truth("")
    assert card.reading.verdict == ""
    card.show_result(Shares(("a", "b"), (0.6, 0.4)))
    assert card.truth.isVisible() and not card.reading.isVisible()


def test_a_very_wide_picture_leaves_room_for_the_answer(qtbot):
    class Silent:
        def ask(self, *args, **options) -> None: ...

        def drop(self, key: str) -> None: ...

    entry = PictureEntry(port=Port("n1", "input"), name="strips", shape=(1, 8, 80))
    form = Form(Port("n2", "output"), "scores", READING, NAMES, 3)
    way = Way("data", (entry,), (form,))
    view = show(qtbot, PlainView(Silent(), Trying((way,), 1, "test"), way, form), 1000, 260)
    pad = view.cards[0].pad
    assert pad.width() <= MOST_PAD * 1000 and view.answer.width() > 350
    view.show_sample(Taken({entry.key: Drawn(ground=np.zeros((1, 8, 80), np.float32))}, "a", None, ("a",)), 0)
    view.answer.show_result(reading(0))
    assert view.answer.reading.verdict == "right"


def test_a_picture_stands_beside_the_true_one_and_where_both_differ(qtbot):
    made, true = np.zeros((4, 4, 3)), np.zeros((4, 4, 3))
    true[0, 0] = 0.5
    true[1, 1] = 0.25
    picture, words = difference(Pictures((made,)), Pictures((true,)))
    assert picture[0, 0] == 1.0 and picture[1, 1] == 0.5 and picture.sum() == 1.5
    assert words == "Difference\nmean 0.0469\nwhite 0.5000"
    assert not difference(Pictures((made,)), Pictures((made,)))[0].any()
    low, _ = difference(Pictures((made,), -1.0, 1.0), Pictures((made + 0.5,), -2.0, 2.0))
    assert low[0, 0] == 1.0
    wrong, words = difference(
        Pictures((np.eye(2, dtype=int),), names=NAMES), Pictures((np.ones((2, 2), int),), names=NAMES)
    )
    assert wrong.tolist() == [[0, 1], [1, 0]] and words.startswith("Wrong pixels\n50")


def test_pictures_that_belong_together_are_shown_large_by_click_and_key(qtbot):
    card = show(qtbot, AnswerCard(), 700, 160)
    card.show_truth("", Pictures((np.ones((4, 4)),)))
    card.show_result(Pictures((np.zeros((4, 4)),)))
    assert len(card.pictures.images) == 3
    qtbot.mouseClick(card.pictures, Qt.MouseButton.LeftButton)
    large = QApplication.activePopupWidget()
    assert isinstance(large, LargePictures) and len(large.images) == 3 and large.place(0).width() > 0
    qtbot.mouseClick(large, Qt.MouseButton.LeftButton)
    assert QApplication.activePopupWidget() is None
    qtbot.keyClick(card.pictures, Qt.Key.Key_Return)
    qtbot.keyClick(QApplication.activePopupWidget(), Qt.Key.Key_Escape)
    assert QApplication.activePopupWidget() is None


@pytest.mark.parametrize(("width", "height"), [(745, 116), (120, 400), (300, 300)])
def test_pictures_leave_room_for_the_frame_of_the_chosen_one(qtbot, width, height):
    grid = show(qtbot, PictureGrid("Made", can_choose=True), width, height)
    grid.show_pictures([np.zeros((8, 8))] * 16)
    for number in range(16):
        framed = grid.place(number).adjusted(-FRAME, -FRAME, FRAME, FRAME)
        assert grid.rect().contains(framed), (number, framed)


def test_answers_say_how_likely_they_are(qtbot):
    card = show(qtbot, TranslationCard(), 600, 200)
    assert card.waiting.isVisible()
    likely, not_so = (Hypothesis(text, tuple(text), log, log, True) for text, log in (("17", -0.01), ("71", -13.1)))
    card.show_translation(Translation("x", ("x",), (likely, not_so)))
    assert [button.text() for button in card._group.buttons()] == ["99.0\u2009%  17", "2.05e-6  71"]
    assert not card.waiting.isVisible()


def test_the_knob_of_a_slider_goes_where_it_is_pressed_and_is_dragged_on(qtbot):
    slider = show(qtbot, Slider("z", -3.0, 3.0), 400, 24)
    slider.show_number(-3.0)
    numbers = []
    slider.steered.connect(numbers.append)
    qtbot.mousePress(slider, Qt.MouseButton.LeftButton, pos=QPoint(200, 12))
    assert numbers == [pytest.approx(0.0, abs=0.1)]
    qtbot.mouseMove(slider, QPoint(300, 12))
    assert numbers[-1] == pytest.approx(1.5, abs=0.15)
    qtbot.mouseRelease(slider, Qt.MouseButton.LeftButton, pos=QPoint(300, 12))
    at = slider.value()
    qtbot.mouseClick(slider, Qt.MouseButton.LeftButton, pos=QPoint(round(12 + at / STEPS * 376) + 2, 12))
    assert slider.value() == at  # on the knob


def test_words_that_do_not_fit_end_in_an_ellipsis(qapp):
    metrics, words = QFontMetrics(qapp.font()), tuple("the hotel is stale and the soup is cold".split())
    few = placed_words(metrics, QRectF(0, 0, 60, 30), words, small=True)
    assert few[-1][0] == "…" and [word for word, _ in few[:-1]] == list(words[: len(few) - 1])
    assert all(place.right() <= 60.5 and place.bottom() <= 30.5 for _, place in few)
    assert [word for word, _ in placed_words(metrics, QRectF(0, 0, 900, 50), words, small=True)] == list(words)
