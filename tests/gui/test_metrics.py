"""Live metrics: real plots of scripted runs, their axes and zoom, and the files they become."""

from __future__ import annotations

import csv
import math
from dataclasses import replace
from time import monotonic
from xml.etree import ElementTree

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QWheelEvent
from PySide6.QtWidgets import QApplication

from fake_runs import STEPS, classes_tested, epoch_ended, numbers_tested, started, steps
from gui.figures import figure
from gui.panels.axes import nice_range, nice_step
from gui.panels.curve import Curve
from gui.panels.metrics import PACE, RATE, SPEED, MetricsPanel
from gui.panels.series import BLOCKS
from gui.panels.units import count_steps
from gui.theme import theme
from panel_tools import show
from runtime.events import Paused


@pytest.fixture
def panel(qtbot):
    return show(qtbot, MetricsPanel(), 1366, 280)


@pytest.fixture
def run(panel, qtbot):
    panel.take([started(), steps(1, STEPS, accuracy=0.5), epoch_ended(1, accuracy=0.6), steps(41, 60, accuracy=0.7)])
    qtbot.waitUntil(lambda: not panel._pace.isActive())
    return panel


def view(card) -> tuple[list[float], list[float]]:
    return tuple(card.box.viewRange())


def shows_all(card, end: float) -> bool:
    """Whether the x axis reaches from 0 to a round number, and a little further for the mark of a last point."""
    left, right = view(card)[0]
    return left == 0 and end < right < 1.06 * end


def scene_to_widget(card, at: QPointF) -> QPoint:
    return card.plot.mapFromScene(at)


def test_says_what_to_do_before_the_first_run(panel):
    assert panel._empty.isVisible()
    assert not panel.cards


def test_prepare_makes_the_cards_that_every_run_has(panel):
    panel.prepare()
    assert set(panel.cards) == {"loss", RATE, SPEED}


def test_a_card_for_every_figure_in_order(run):
    cards = [run._row.itemAt(i).widget() for i in range(run._row.count())]
    assert [card.title.text() for card in cards] == [
        "Loss", "Accuracy", "Learning rate", "Throughput", "Confusion (test)",
    ]  # fmt: skip
    assert all(card.isVisible() for card in cards[:4])


def test_curves_hold_what_was_reported(run):
    loss = run.cards["loss"].curves
    assert loss["train"].raw.x.tolist() == list(range(1, 61))
    assert loss["train"].raw.y[0] == pytest.approx(2 * math.exp(-1 / STEPS))
    assert loss["validation"].raw.x.tolist() == [40]
    assert run.cards["accuracy"].curves["validation"].raw.y.tolist() == [0.6]
    assert run.cards[SPEED].curves[SPEED].raw.y.tolist() == [18_420, 18_420]


def test_a_figure_without_steps_is_plotted_by_epoch(panel):
    panel.take([started(), steps(1, STEPS), epoch_ended(1, r2=0.25)])
    assert panel.cards["r2"].title.text() == "R²"
    assert panel.cards["r2"].curves["train"].raw.y.tolist() == [0.25]


def test_a_new_run_starts_empty_and_a_continued_one_goes_on(run):
    run.take([started(first_epoch=2, first_step=60), steps(61, 80, accuracy=0.8)])
    assert len(run.cards["loss"].curves["train"].raw) == 80
    run.take([started("runs/two"), steps(1, 10, accuracy=0.1)])
    assert len(run.cards["loss"].curves["train"].raw) == 10
    assert len(run.cards["loss"].curves["validation"].raw) == 0


def test_clear_shows_the_hint_again(run):
    run.clear()
    assert run._empty.isVisible()
    assert len(run.cards["loss"].curves["train"].raw) == 0


def test_axes_follow_in_round_numbers(run):
    assert shows_all(run.cards["loss"], 1.5)  # epochs
    _, (low, high) = view(run.cards["loss"])
    assert low <= 0
    assert 2 < high < 2.2


def test_steps_or_epochs_by_a_click_on_the_unit(qtbot, run):
    card = run.cards["loss"]
    assert card.unit_text == "epoch"
    qtbot.mouseClick(card._unit, Qt.MouseButton.LeftButton)
    assert {other.unit_text for other in run.cards.values()} == {"step"}
    assert shows_all(card, 60)


def test_wheel_zooms_along_x_and_double_click_shows_everything_again(qtbot, run):
    card = run.cards["loss"]
    everything = view(card)
    at = QPointF(scene_to_widget(card, card.box.sceneBoundingRect().center()))
    wheel = QWheelEvent(
        at, QPointF(card.plot.viewport().mapToGlobal(at.toPoint())), QPoint(), QPoint(0, 480),
        Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(card.plot.viewport(), wheel)
    (left, right), _ = view(card)
    assert 0 < left < right < everything[0][1]
    assert card._reset.isVisible()
    run.take([steps(61, 80, accuracy=0.8)])
    assert view(card)[0] == [left, right]  # a zoomed card does not follow
    qtbot.mouseDClick(card.plot.viewport(), Qt.MouseButton.LeftButton, pos=at.toPoint())
    qtbot.mouseRelease(card.plot.viewport(), Qt.MouseButton.LeftButton, pos=at.toPoint())
    assert shows_all(card, 2)
    assert not card._reset.isVisible()


def test_dragging_zooms_to_the_rectangle(qtbot, run):
    card = run.cards["loss"]
    area = card.box.sceneBoundingRect()
    corner = scene_to_widget(card, QPointF(area.left() + area.width() / 4, area.top() + area.height() / 4))
    other = scene_to_widget(card, QPointF(area.center()))
    viewport = card.plot.viewport()
    qtbot.mousePress(viewport, Qt.MouseButton.LeftButton, pos=corner)
    for part in (0.3, 0.6, 1.0):
        step = QPoint(*(round(part * d) for d in (other - corner).toTuple()))
        qtbot.mouseMove(viewport, corner + step)
        qtbot.wait(30)
    qtbot.mouseRelease(viewport, Qt.MouseButton.LeftButton, pos=other)
    (left, right), (low, high) = view(card)
    assert (left, right) == (pytest.approx(0.375, abs=0.05), pytest.approx(0.75, abs=0.05))
    assert low > 0.5
    assert high < 2
    qtbot.mouseClick(card._reset, Qt.MouseButton.LeftButton)
    assert shows_all(card, 1.5)


def test_a_click_on_the_legend_hides_the_curve(qtbot, run):
    card = run.cards["loss"]
    qtbot.mouseClick(card.curves["train"].entry, Qt.MouseButton.LeftButton)
    assert [curve.key for curve in card.shown_curves()] == ["validation"]
    assert not any(item.isVisible() for item in card.curves["train"].items)


def test_logarithmic_scale_leaves_out_what_is_not_positive(panel):
    panel.take([started(), replace(steps(1, 4), series={"loss": (0.001, 0.0, 10.0, 0.1)})])
    card = panel.cards["loss"]
    card.log_action.trigger()
    _, (low, high) = view(card)
    assert low == pytest.approx(-3, abs=0.2)
    assert high == pytest.approx(1, abs=0.2)
    assert [text for _, text in card.left.marks(-3, 1, 200)] == ["1e-3", "0.01", "0.1", "1", "10"]


def test_the_readout_tells_the_values_under_the_mouse(qtbot, run):
    card = run.cards["loss"]
    area = card.box.sceneBoundingRect()
    at = QPointF(card.box.mapViewToScene(QPointF(1.0, 0.0)).x(), area.top() + 40)
    qtbot.mouseMove(card.plot.viewport(), scene_to_widget(card, at))
    qtbot.waitUntil(card._readout.isVisible)
    assert "epoch 1.00 · step 40" in card._readout.text()
    assert f"validation <b>{figure(2 * math.exp(-1))}</b>" in card._readout.text()


def test_not_a_number_is_a_gap_and_no_error(panel):
    nan, inf = math.nan, math.inf
    panel.take([started(), replace(steps(1, 5), series={"loss": (1.0, nan, 0.5, inf, 0.25), "nothing": (nan,) * 5})])
    assert all(np.isfinite(view(card)).all() for card in panel.cards.values())


def test_hidden_cards_are_not_drawn_until_they_are_shown(panel):
    panel.take([started(), steps(1, 4)])
    card = panel.cards["loss"]
    panel.hide()
    panel._pace.stop()
    panel.take([steps(5, STEPS)])
    assert view(card)[0][1] < 0.2
    panel.show()
    assert shows_all(card, 1)


def test_a_card_that_is_scrolled_away_is_drawn_when_it_comes_into_view(qtbot):
    panel = show(qtbot, MetricsPanel(), 300, 280)
    panel.take([started(), steps(1, STEPS)])
    card, bar = panel.cards[SPEED], panel._scroll.horizontalScrollBar()
    qtbot.waitUntil(lambda: not panel._pace.isActive())
    assert not len(card.curves[SPEED].drawn()[1][0][0])
    bar.setValue(bar.maximum())
    qtbot.waitUntil(lambda: len(card.curves[SPEED].drawn()[1][0][0]) == 1)


def test_a_curve_that_grew_by_less_than_a_pixel_waits_until_nothing_more_comes(run, qtbot):
    card = run.cards["loss"]
    run.take([steps(61, 20_000)])
    qtbot.waitUntil(lambda: not run._pace.isActive())
    drawn = card.curves["train"].end
    for number in range(len(run.cards)):
        run.take([steps(20_001 + number, 20_001 + number)])
    assert drawn == card.curves["train"].end == 20_000
    qtbot.waitUntil(lambda: card.curves["train"].end == 20_000 + len(run.cards))


def test_redraws_are_spaced(panel, qtbot):
    panel.take([started(), steps(1, 4)])
    card = panel.cards["loss"]
    before = view(card)
    panel.take([steps(5, STEPS)])
    assert view(card) == before
    qtbot.waitUntil(lambda: shows_all(card, 1))


def test_all_cards_that_grew_are_drawn_before_more_comes(run, qtbot):
    run._came = monotonic() - 0.5  # a slow show
    run.take([steps(61, 80, accuracy=0.8)])
    qtbot.waitUntil(lambda: all(run.cards[key].curves["train"].end == 80 for key in ("loss", "accuracy")))
    assert run._pace.isActive() and run._pace.remainingTime() > 300


def test_when_a_run_pauses_the_last_figures_are_drawn_at_once(run):
    run._came = monotonic() - 0.5  # a slow show
    run.take([steps(61, 80)])
    assert run._pace.interval() > PACE
    run._came = monotonic() - 0.5
    run.take([steps(81, 90), Paused(3, 90)])
    assert run._pace.interval() == PACE


def test_a_million_steps_are_drawn_with_few_points(panel):
    panel.take([replace(started(), steps_per_epoch=10_000)])
    loss = np.random.default_rng(0).random(1_000_000)
    panel._begin_per_step("loss")
    panel.cards["loss"].extend("train", range(1, len(loss) + 1), loss)
    panel.cards["loss"].redraw()
    for (x, y), _ in panel.cards["loss"].curves["train"].drawn():
        assert len(x) == len(y) <= 2 * BLOCKS


def test_confusion_card_comes_with_the_test(run):
    assert not run.confusion.isVisible()
    run.take([classes_tested()])
    assert run.confusion.isVisible()
    run.take([started("runs/two"), numbers_tested()])
    assert not run.confusion.isVisible()


# ---- files


def test_csv(run, tmp_path, qtbot):
    path = tmp_path / "loss.csv"
    with qtbot.waitSignal(run.exported) as written:
        run.cards["loss"].save_csv(path)
    assert written.args == [path]
    rows = list(csv.DictReader(path.read_text("utf-8").splitlines()))
    assert len(rows) == 60
    assert rows[39]["step"] == "40"
    assert rows[39]["epoch"] == "1.0"
    assert float(rows[39]["train"]) == 2 * math.exp(-1)
    assert float(rows[39]["validation"]) == 2 * math.exp(-1)
    assert rows[38]["validation"] == ""


def test_png_is_twice_as_sharp_as_the_screen(run, tmp_path):
    card = run.cards["loss"]
    card.save_png(tmp_path / "loss.png")
    image = QImage(str(tmp_path / "loss.png"))
    assert image.size() == card.size() * 2
    colors = {image.pixelColor(x, y).name() for x in range(image.width()) for y in range(0, image.height(), 2)}
    assert {theme.color("field").name(), theme.color("train").name()} <= colors


def test_svg_has_the_words_and_the_curves(run, tmp_path):
    run.take([classes_tested()])
    for card, words in (
        (run.cards["loss"], {"Loss", "train", "validation", "epoch"}),
        (run.confusion, {"cat", "predicted"}),
    ):
        path = tmp_path / f"{card.title.text()}.svg"
        card.save_svg(path)
        root = ElementTree.parse(path).getroot()
        assert words <= {"".join(text.itertext()) for text in root.iter("{http://www.w3.org/2000/svg}text")}
    assert "<polyline" in (tmp_path / "Loss.svg").read_text("utf-8")


@pytest.mark.parametrize("save", ["save_png", "save_svg", "save_csv"])
def test_a_file_that_cannot_be_written_is_told_in_a_sentence(run, tmp_path, qtbot, save):
    with qtbot.waitSignal(run.failed) as failure:
        getattr(run.cards["loss"], save)(tmp_path / "missing" / "loss.file")
    assert "'loss.file' could not be written" in str(failure.args[0])


def test_menu_asks_for_a_name_and_adds_the_ending(run, tmp_path, monkeypatch):
    name = tmp_path / "curve"
    monkeypatch.setattr("gui.panels.card.QFileDialog.getSaveFileName", lambda *_: (str(name), ""))
    next(a for a in run.cards["loss"]._menu.actions() if "CSV" in a.text()).trigger()
    assert name.with_suffix(".csv").is_file()


# ---- numbers


@pytest.mark.parametrize(("span", "count", "step"), [(2.36, 6, 0.5), (15, 6, 5), (1.0, 5, 0.2), (9e-4, 5, 2e-4)])
def test_nice_step(span, count, step):
    assert nice_step(span, count) == pytest.approx(step)


@pytest.mark.parametrize(
    ("low", "high", "expected"), [(0, 2.36, (0, 2.5)), (0.93, 0.97, (0.93, 0.97)), (5, 5, (4.4, 5.6)), (0, 0, (-1, 1))]
)
def test_nice_range(low, high, expected):
    assert nice_range(low, high, 6) == pytest.approx(expected)


def test_a_steep_beginning_does_not_flatten_what_follows():
    curve = Curve("loss", "train")
    late = [1 + 0.1 * (step % 2) for step in range(198)]
    curve.extend(range(200), [5000.0, 900.0, *late])
    curve.draw((-math.inf, math.inf), 400, unit=count_steps(), log=False)
    assert curve.bounds[1].tolist() == pytest.approx([1.0, 1.2])


def test_an_explosion_at_the_end_is_shown_whole():
    curve = Curve("loss", "train")
    curve.extend(range(200), [*[1.0] * 199, 5000.0])
    curve.draw((-math.inf, math.inf), 400, unit=count_steps(), log=False)
    assert curve.bounds[1].tolist() == [1.0, 5000.0]
