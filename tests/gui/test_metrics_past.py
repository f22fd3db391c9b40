"""Live metrics of a run that goes on, and the card of a learning-rate range test."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt

from fake_runs import STEPS, epoch_ended, started, steps
from gui.panels.metrics import MetricsPanel
from panel_tools import show
from runtime.events import RangeTested, Recalled

RATES = tuple(10.0 ** np.linspace(-6, 0, 61))
LOSSES = tuple(1.0 / (1.0 + np.exp(2 * (np.log10(RATES) + 3))) + (np.array(RATES) ** 2))
TEST = RangeTested("main", RATES, LOSSES, RATES[30])


@pytest.fixture
def panel(qtbot):
    return show(qtbot, MetricsPanel(), 1366, 280)


def points(panel, curve: str = "train") -> list[int]:
    return panel.cards["loss"].curves[curve].raw.x.tolist()


def test_a_run_of_another_day_is_drawn_from_its_beginning(panel):
    before = Recalled((steps(1, STEPS), epoch_ended(1), steps(41, 60)))
    panel.take([started(first_epoch=2, first_step=60), before, steps(61, 80), epoch_ended(2)])
    assert points(panel) == list(range(1, 81)) and points(panel, "validation") == [40, 80]


def test_what_is_drawn_already_is_not_drawn_twice(panel):
    panel.take([started(), steps(1, 60)])
    panel.take([started(first_epoch=2, first_step=60), Recalled((steps(1, 60),)), steps(61, 70)])
    assert points(panel) == list(range(1, 71))


def test_what_was_lost_with_a_crash_is_taken_back(panel):
    panel.take([started(), steps(1, 40), epoch_ended(1), steps(41, 60)])
    panel.take([started(first_epoch=2, first_step=40), Recalled((steps(1, 40), epoch_ended(1))), steps(41, 50)])
    assert points(panel) == list(range(1, 51)) and points(panel, "validation") == [40]


def test_a_run_that_goes_on_keeps_its_curves_as_they_were(panel):
    """Also where it lies in another folder by now, and where it goes on before the end: what it told is coarser."""
    panel.take([started("before/one"), *(steps(n, n + 4, accuracy=0.5) for n in range(1, 61, 5))])
    speed, smooth = panel.cards["samples_per_second"].curves["samples_per_second"], panel.cards["loss"].curves["train"]
    before = smooth.smooth.y.tolist()
    assert len(speed.raw) == 12
    panel.take([started("after/one", first_epoch=2, first_step=60), Recalled((steps(1, 60),)), steps(61, 70)])
    assert len(speed.raw) == 13 and points(panel) == list(range(1, 71))
    panel.take([started("after/one", first_epoch=2, first_step=40), Recalled((steps(1, 40),)), steps(41, 60)])
    assert speed.raw.x.tolist() == [*range(5, 41, 5), 60] and points(panel) == list(range(1, 61))
    assert smooth.smooth.y.tolist() == pytest.approx(before) and len(smooth.smooth.points(blocks=8)[0]) <= 16
    assert smooth.drawn()[1][0][0][-1] <= 60 / STEPS
    panel.take([started("after/other", first_epoch=2, first_step=40), Recalled((steps(1, 40),))])
    assert len(speed.raw) == 1


def test_a_range_test_is_drawn_over_the_rates(panel, qtbot):
    panel.take([started(""), steps(1, 60), TEST])
    card = panel.range
    qtbot.waitUntil(lambda: card.isVisible() and card.width() > 200)
    curve = card.curves["loss"]
    assert np.allclose(curve.drawn()[1][0][0], np.log10(RATES)) and np.allclose(curve.drawn()[1][0][1], LOSSES)
    left, right = card.box.viewRange()[0]
    assert left <= -6 and right >= 0
    marks = [text for _, text in card.bottom.marks(left, right, 400)]
    assert "1e-5" in marks and "0.1" in marks
    card.point_at(30)
    assert "learning rate 0.001" in card._readout.text()


def test_another_test_replaces_it_and_a_training_hides_it(panel, qtbot):
    panel.take([started(""), TEST])
    panel.take([started(""), RangeTested("main", RATES[:20], LOSSES[:20], None)])
    assert panel.range.isVisible() and not panel.range.use_button.isVisible()
    assert len(panel.range.curves["loss"].raw) == 20
    panel.take([started("runs/two"), steps(1, 10)])
    assert not panel.range.isVisible()


def test_a_test_that_ended_at_once_shows_an_empty_card(panel):
    panel.take([started(""), RangeTested("main", (), (), None)])
    assert panel.range.isVisible() and not len(panel.range.curves["loss"].raw)


def test_a_click_asks_for_the_rate(panel, qtbot):
    panel.take([started(""), TEST])
    with qtbot.waitSignal(panel.rate_wanted) as asked:
        qtbot.mouseClick(panel.range.use_button, Qt.MouseButton.LeftButton)
    assert asked.args == ["main", 0.001]
