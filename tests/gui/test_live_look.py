"""Pictures of what a network does while it trains: cards of scripted runs, gone back in by the slider, saved, in both themes."""

from __future__ import annotations

import time
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QApplication

from fake_runs import started, steps
from gui.panels.live_look import KEPT, LookCard
from gui.panels.live_look_paint import _mark, painted
from gui.panels.metrics import MetricsPanel
from gui.settings import Settings
from gui.theme import theme
from gui.workspace import Workspace
from panel_tools import show
from runtime.events import Boundary, FunctionDrawn, ImagesAgain, ImagesMade, Pictured, PointsMade

SIDE = 16


def boundary(share: float = 0.5, *, count: int = 60, classes: tuple[str, ...] = ("sun", "moon")) -> Boundary:
    """Class 1 right of a place, surely; a class a point."""
    points = np.random.default_rng(0).uniform(-1, 1, (count, 2)).astype("float32")
    guess = np.tile(np.arange(SIDE) >= share * SIDE, (SIDE, 1)).astype("int16")
    sure = np.ones((SIDE, SIDE), "float32")
    return Boundary("logits", (-1.0, 1.0, -1.0, 1.0), guess, sure, points, (points[:, 0] > 0).astype("int64"), classes)


def images(count: int) -> np.ndarray:
    return np.stack([np.array([[0, 255], [80, 160]], "uint8")] * count)


KINDS = (
    boundary(),
    FunctionDrawn("y", np.linspace(-1, 1, 50), np.linspace(0, 2, 50), np.array([[-1.0, 0.0], [0.5, 1.5], [1.0, 2.0]])),
    PointsMade("made", (-1.0, 1.0, -1.0, 1.0), np.array([[0.5, 0.5], [9.0, 9.0]]), np.array([[-0.5, -0.5]])),
    ImagesMade("drawn", images(6)),
    ImagesAgain("again", images(4), 255 - images(4)),
)


def taken(step: int, picture=None, *, epoch: int = 1) -> Pictured:
    return Pictured(epoch, step, (picture or boundary(),))


@pytest.fixture
def panel(qtbot):
    made = show(qtbot, MetricsPanel(), 1366, 280)
    made.take([started()])
    return made


def only_card(panel) -> LookCard:
    QApplication.processEvents()  # the row is laid out
    (card,) = panel.looks.cards.values()
    return card


def pixel(card: LookCard, x: float, y: float) -> tuple[int, int, int]:
    """The colour in the view at shares of its width and height."""
    image = card.view.grab().toImage()
    color = image.pixelColor(round(x * (image.width() - 1)), round(y * (image.height() - 1)))
    return color.red(), color.green(), color.blue()


# ---- cards come and go


def test_a_card_comes_first_and_says_what_it_shows_and_when(panel):
    assert not panel.looks.cards
    panel.take([taken(0)])
    card = only_card(panel)
    assert panel._row.itemAt(0).widget() is card and card.isVisible()
    assert (card.title.text(), card.place.text()) == ("Boundary · logits", "untrained")
    panel.take([taken(40, epoch=2), steps(41, 80, accuracy=0.5)])
    assert card.place.text() == "epoch 2" and card.place.toolTip() == "epoch 2, step 40"
    assert card.view.accessibleName() == "Boundary · logits: epoch 2, step 40"
    titles = [panel._row.itemAt(i).widget().title.text() for i in range(panel._row.count())]
    assert titles[:3] == ["Boundary · logits", "Loss", "Accuracy"]


def test_within_one_epoch_the_step_is_told(panel):
    panel.take([taken(0), taken(1200)])
    assert only_card(panel).place.text() == "step 1\u2009200"


@pytest.mark.parametrize("picture", KINDS, ids=[type(kind).__name__ for kind in KINDS])
def test_every_kind_has_a_card_that_is_painted_and_saved(picture, panel, tmp_path):
    panel.take([taken(0, picture)])
    card = only_card(panel)
    assert card.title.text().endswith(f" · {picture.name}")
    assert len({pixel(card, x / 20, y / 20) for x in range(21) for y in range(21)}) > 2
    told = []
    panel.exported.connect(told.append)
    card.save_png(tmp_path / "look.png")
    card.save_svg(tmp_path / "look.svg")
    assert told == [tmp_path / "look.png", tmp_path / "look.svg"]
    assert QImage(str(tmp_path / "look.png")).size() == card.size() * 2
    words = " ".join(ElementTree.parse(tmp_path / "look.svg").getroot().itertext())
    assert card.title.text() in words and "untrained" in words


def test_a_network_with_several_pictures_has_several_cards_and_a_new_run_none(panel):
    panel.take([Pictured(1, 0, KINDS)])
    assert len(panel.looks.cards) == len(KINDS)
    panel.take([started(first_epoch=2, first_step=40)])  # the same run goes on
    assert len(panel.looks.cards) == len(KINDS)
    panel.take([started("runs/two")])
    assert not panel.looks.cards
    panel.take([taken(0)])
    assert len(only_card(panel).shots) == 1


def test_that_no_more_pictures_come_is_said_on_the_card(panel):
    panel.take([taken(0)])
    card = only_card(panel)
    assert not card.ending.isVisible()
    panel.take([Pictured(1, 5, ())])
    QApplication.processEvents()
    assert card.ending.isVisible() and "No more pictures" in card.ending.text()
    assert card.ending.height() >= card.ending.heightForWidth(card.ending.width())
    panel.take([started("runs/two"), taken(0)])
    assert not only_card(panel).ending.isVisible()


def test_another_panel_goes_on_with_all_pictures(panel, qtbot):
    panel.take([taken(step) for step in range(5)])
    other = show(qtbot, MetricsPanel(), 1366, 280)
    other.continue_from(panel)
    assert [shot.step for shot in only_card(other).shots] == [0, 1, 2, 3, 4]
    other.take([taken(5)])
    assert only_card(other).place.text() == "step 5" and len(only_card(panel).shots) == 5


def test_the_workspace_keeps_no_pictures():
    workspace = Workspace(Settings())
    workspace._on_events([started(), taken(0), steps(1, 40)])
    assert [type(event).__name__ for event in workspace.events] == ["RunStarted", "StepsEnded"]
    workspace.close(wait=True)


# ---- going back


def test_keys_go_back_and_what_comes_does_not_disturb(panel, qtbot):
    panel.take([taken(step) for step in range(4)])
    card = only_card(panel)
    card.slider.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.keyClick(card.slider, Qt.Key.Key_Left)
    assert card.place.text() == "step 2"
    panel.take([taken(step) for step in range(4, 60)])
    assert card.place.text() == "step 2" and card.shots[card.slider.value()].step == 2
    qtbot.keyClick(card.slider, Qt.Key.Key_End)
    assert card.place.text() == "step 59"
    panel.take([taken(60)])
    assert card.place.text() == "step 60"


def test_a_click_and_a_drag_on_the_line_go_there(panel, qtbot):
    panel.take([taken(step, boundary(share=step / 9)) for step in range(9)])
    card, slider = only_card(panel), only_card(panel).slider
    middle = slider.height() // 2
    qtbot.mouseClick(slider, Qt.MouseButton.LeftButton, pos=QPoint(1, middle))
    assert card.place.text() == "untrained"
    qtbot.mousePress(slider, Qt.MouseButton.LeftButton, pos=QPoint(1, middle))
    qtbot.mouseMove(slider, QPoint(slider.width() // 2, middle))
    assert card.place.text() == "step 4"
    qtbot.mouseRelease(slider, Qt.MouseButton.LeftButton, pos=QPoint(slider.width() // 2, middle))
    qtbot.mouseMove(slider, QPoint(slider.width() - 1, middle))
    assert card.place.text() == "step 4" and slider.knob().x() == pytest.approx(slider.width() / 2)


def test_pictures_that_are_kept_are_spread_over_the_whole_run(panel):
    panel.take([taken(step) for step in range(400)])
    kept = [shot.step for shot in only_card(panel).shots]
    assert len(kept) == KEPT and (kept[0], kept[-1]) == (0, 399)
    gaps = np.diff(kept)
    assert gaps.max() <= 4 * 400 / KEPT and only_card(panel).slider.maximum() == KEPT - 1


def test_there_is_no_slider_for_one_picture(panel):
    panel.take([taken(0)])
    assert not only_card(panel).slider.isVisible()
    panel.take([taken(1)])
    assert only_card(panel).slider.isVisible()


# ---- what is painted


@pytest.mark.parametrize("name", ["dark", "light"])
def test_the_fields_have_the_colours_of_their_classes(name, panel):
    before = theme.name
    try:
        panel.take([taken(0, boundary(count=0))])
        theme.use(name)
        left, right = (pixel(only_card(panel), x, 0.4) for x in (0.15, 0.85))
        for seen, role in ((left, "train"), (right, "validation")):
            color, ground = theme.color(role), theme.color("field")
            shares = ((color.red(), ground.red()), (color.green(), ground.green()), (color.blue(), ground.blue()))
            assert seen == pytest.approx([0.62 * a + 0.38 * b for a, b in shares], abs=3)
    finally:
        theme.use(before)


def test_where_the_network_is_not_sure_the_field_is_pale(panel):
    sure = replace(boundary(count=0), confidence=np.full((SIDE, SIDE), 0.5, "float32"))
    panel.take([taken(0, sure)])
    ground = theme.color("field")
    assert pixel(only_card(panel), 0.15, 0.4) == pytest.approx((ground.red(), ground.green(), ground.blue()), abs=25)


def test_the_bottom_row_is_at_the_bottom(panel):
    picture = boundary(count=0)
    guess = np.zeros((SIDE, SIDE), "int16")
    guess[: SIDE // 2] = 1  # low values of y
    panel.take([taken(0, replace(picture, guess=guess))])
    card = only_card(panel)
    assert pixel(card, 0.5, 0.1)[2] > pixel(card, 0.5, 0.1)[0]  # blue: class 0
    assert pixel(card, 0.5, 0.7)[2] < pixel(card, 0.5, 0.7)[0]  # orange: class 1


def test_a_place_says_its_class_and_how_sure_the_network_is(qtbot):
    picture, image = painted(boundary()), QImage(200, 200, QImage.Format.Format_RGB32)
    painter = QPainter(image)
    picture.paint(painter, QRectF(0, 0, 200, 200))
    painter.end()
    assert picture.text_at(QPointF(150, 2)).endswith(": moon (100.0\u2009%)")
    assert picture.text_at(QPointF(20, 100)).endswith(": sun (100.0\u2009%)")
    assert picture.text_at(QPointF(100, 199)) == ""  # below the plot


def test_pixels_of_images_are_squares_of_one_colour(panel):
    panel.take([taken(0, ImagesMade("drawn", images(1)))])
    image = only_card(panel).view.grab().toImage()
    colors = [image.pixelColor(x, y).red() for x in range(image.width()) for y in range(image.height())]
    counts = {value: colors.count(value) for value in (0, 255, 80, 160)}
    assert len(set(counts.values())) == 1 and counts[255] > 1000
    ground = image.pixelColor(0, 0).getRgb()[:3]
    seen = {image.pixelColor(x, y).getRgb()[:3] for x in range(image.width()) for y in range(image.height())}
    assert seen - {ground} == {(0, 0, 0), (255, 255, 255), (80, 80, 80), (160, 160, 160)}


def test_points_far_outside_are_not_painted(panel):
    nothing = np.empty((0, 2))
    panel.take([taken(0, PointsMade("made", (-1.0, 1.0, -1.0, 1.0), np.array([[5.0, 0.0], [np.nan, 0.0]]), nothing))])
    inside = {pixel(only_card(panel), x / 40, y / 40) for x in range(2, 39) for y in range(2, 30)}
    assert inside == {theme.color("field").getRgb()[:3]}


def test_a_picture_costs_less_than_a_frame(panel):
    panel.take([taken(0, boundary(count=500))])
    card = only_card(panel)
    card.view.grab()
    costs = []
    for step in range(1, 6):
        began = time.process_time()
        panel.take([taken(step, boundary(count=500))])
        card.view.grab()
        costs.append(time.process_time() - began)
    assert min(costs) < 0.033


def test_classes_are_told_apart_by_more_than_their_colour(panel):
    """Round marks and diamonds: the middles of their sides differ."""
    shapes = [_mark(number, 10.0) for number in range(4)]
    corners = [QPointF(7.5, 7.5), QPointF(0.0, 12.0), QPointF(9.0, 9.0), QPointF(-8.0, -6.0)]
    assert len({tuple(shape.contains(at) for at in corners) for shape in shapes}) == 4
