"""What the x axis counts, how strongly curves are smoothed, one cursor for all cards, and a curve an objective."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from PySide6.QtCore import Qt

from fake_runs import STEPS, epoch_ended, started, steps
from gui.panels.metrics import RATE, MetricsPanel
from gui.panels.units import Clock, count_epochs, count_seconds, count_steps
from panel_tools import show


@pytest.fixture
def panel(qtbot):
    return show(qtbot, MetricsPanel(), 1366, 280)


@pytest.fixture
def run(panel, qtbot):
    """Forty steps in two seconds, then twenty in four."""
    first, second = (
        replace(steps(1, STEPS, accuracy=0.5), seconds=2.0),
        replace(steps(41, 60, accuracy=0.7), seconds=6.0),
    )
    panel.take([started(), first, epoch_ended(1, accuracy=0.6), second])
    qtbot.waitUntil(lambda: not panel._pace.isActive())
    return panel


def test_a_clock_knows_when_steps_were_made():
    clock = Clock()
    clock.note(40, 2.0)
    clock.note(60, 6.0)
    assert clock.seconds(np.array([0, 20, 40, 50, 60])).tolist() == [0.0, 1.0, 2.0, 4.0, 6.0]
    assert clock.steps(np.array([1.0, 4.0])).tolist() == [20.0, 50.0]


@pytest.mark.parametrize("unit", [count_steps(), count_epochs(40)])
def test_units_go_there_and_back(unit):
    at = np.array([0.0, 13.0, 40.0])
    assert unit.back(unit.of(at)).tolist() == at.tolist()
    assert unit == unit and unit != count_seconds(Clock())


def test_the_button_goes_through_epochs_steps_and_seconds(qtbot, run):
    card = run.cards["loss"]
    ends = []
    for name in ("epoch", "step", "seconds", "epoch"):
        assert card.unit_text == name == run.cards[RATE].unit_text
        ends.append(card.curves["train"].drawn()[0][0][0][-1])
        qtbot.mouseClick(card._unit, Qt.MouseButton.LeftButton)
    assert ends == [1.5, 60.0, 6.0, 1.5]


def test_what_is_read_off_names_all_three(qtbot, run):
    card = run.cards["loss"]
    run.switch_unit()
    run.switch_unit()
    card.point_at(50)
    assert "4.0 s · epoch 1.25 · step 50" in card._readout.text()


def test_the_cursor_of_one_card_is_in_all(qtbot, run):
    run.cards["loss"].pointed_at.emit(40.0)
    assert all(card._line.isVisible() for card in run.cards.values() if card.isVisible())
    assert "step 40" in run.cards["accuracy"]._readout.text()
    run.cards["loss"].pointed_at.emit(None)
    assert not any(card._line.isVisible() or card._readout.isVisible() for card in run.cards.values())


def test_smoothing_is_taken_away_and_made_stronger(run):
    curve = run.cards["loss"].curves["train"]
    usual = curve.smooth.y.copy()
    run.smooth(0.0)
    assert not len(curve.smooth) and len(curve.drawn()[1][0][0]) == 60  # the points alone
    run.smooth(4.0)
    strong = curve.smooth.y.copy()
    run.smooth(1.0)
    assert curve.smooth.y.tolist() == usual.tolist()
    assert strong[-1] > usual[-1]  # it lags behind a falling loss


def test_every_objective_has_its_learning_rate(panel):
    rates = {"critic": 1e-4, "generator": 3e-4}
    panel.take([started(), replace(steps(1, 10), rates=rates), replace(steps(11, 20), rates=rates)])
    curves = panel.cards[RATE].curves
    assert curves["critic"].raw.y.tolist() == [1e-4, 1e-4] and curves["generator"].raw.y.tolist() == [3e-4, 3e-4]


def test_where_there_is_no_room_the_legend_is_dots_and_the_title_is_whole(panel, qtbot):
    panel.take([started(), steps(1, 60)])
    card = panel.cards["loss"]
    entry, title = card.curves["validation"].entry, card.title
    whole, full = title.fontMetrics().horizontalAdvance("Loss"), entry.sizeHint().width()

    def is_arranged(is_short: bool) -> bool:
        return (entry.width() < full) is is_short and title.width() >= whole

    for width, is_short in ((400, False), (190, True), (400, False)):
        card.setFixedWidth(width)
        qtbot.waitUntil(partial(is_arranged, is_short))
        assert ("validation" in entry.toolTip()) is is_short
