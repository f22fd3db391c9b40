"""Several branches in one plot: which figures are overlaid, how they are drawn, what the legend hides."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt

from gui.panels.branch_card import ROLES, BranchCard, curve_of
from gui.panels.metrics import RATE, MetricsPanel
from runtime.events import EpochEnded, RunStarted, StepsEnded

BRANCHES = {"loss": "sgd", "adam_loss": "adam"}


def started(run="r", compared=None) -> RunStarted:
    return RunStarted(
        run, "cpu", "CPU", 2, 4, {"train": 8}, 10, 0, compared={"loss": BRANCHES} if compared is None else compared
    )


def steps() -> StepsEnded:
    series = {"loss": (4.0, 3.0, 2.0, 1.0), "adam_loss": (4.0, 2.0, 1.0, 0.5), "accuracy": (0.1, 0.2, 0.3, 0.4)}
    return StepsEnded(1, 4, series, 0.1, 100.0, {"sgd": 0.1, "adam": 0.01})


def ended() -> EpochEnded:
    return EpochEnded(1, 4, {"loss": 2.5, "adam_loss": 1.9}, {"loss": 1.5, "adam_loss": 0.7}, 0.1, 100.0, 1.0, 1.0)


@pytest.fixture
def panel(qtbot):
    made = MetricsPanel()
    made.resize(1200, 260)
    qtbot.addWidget(made)
    made.show()
    qtbot.waitExposed(made)
    made.take([started(), steps(), ended()])
    return made


def values(card, figure, part):
    return card.curves[curve_of(figure, part)].raw.y.tolist()


def test_losses_of_branches_lie_in_one_card(panel):
    card = panel.cards["loss"]
    assert isinstance(card, BranchCard) and "adam_loss" not in panel.cards
    assert values(card, "adam_loss", "train") == [4.0, 2.0, 1.0, 0.5]
    assert values(card, "adam_loss", "validation") == [0.7]
    assert values(card, "loss", "validation") == [1.5]
    assert not isinstance(panel.cards["accuracy"], BranchCard)


def test_a_branch_has_one_color_in_every_card(panel):
    card, rates = panel.cards["loss"], panel.cards[RATE]
    for place, (figure, name) in enumerate(BRANCHES.items()):
        assert {card.curves[curve_of(figure, part)].role for part in ("train", "validation")} == {ROLES[place]}
        assert rates.curves[name].role == ROLES[place]


def test_the_legend_hides_branches_and_parts(panel, qtbot):
    card = panel.cards["loss"]
    sgd, validation = card._branches["loss"], card._parts["validation"]
    qtbot.mouseClick(sgd, Qt.MouseButton.LeftButton)
    assert {curve.key for curve in card.shown_curves()} == {"adam_loss (train)", "adam_loss (validation)"}
    qtbot.mouseClick(validation, Qt.MouseButton.LeftButton)
    assert [curve.key for curve in card.shown_curves()] == ["adam_loss (train)"]
    rows = card.legend()
    assert [[entry.name for entry in entries] for _, entries in rows] == [["train"], ["adam"]]
    qtbot.mouseClick(sgd, Qt.MouseButton.LeftButton)
    assert len(card.shown_curves()) == 2


def test_names_give_way_to_dots_where_there_is_no_room(qtbot):
    card = BranchCard("Loss", {f"loss{i}": f"a_rather_long_name_{i}" for i in range(6)})
    qtbot.addWidget(card)
    card.show()
    for width, shows_names in ((1400, True), (440, False)):
        card.resize(width, 240)
        card.arrange_legend()
        assert all(bool(entry.shown_text()) is shows_names for entry in card._branches.values())


def test_the_next_run_has_cards_of_its_own(panel):
    panel.take([started("s", {}), steps(), ended()])
    assert not isinstance(panel.cards["loss"], BranchCard) and "adam_loss" in panel.cards
    assert panel.cards["loss"].curves["train"].raw.y.tolist() == [4.0, 3.0, 2.0, 1.0]
    panel.take([started("t"), steps(), ended()])
    assert isinstance(panel.cards["loss"], BranchCard) and "adam_loss" not in panel.cards
    assert values(panel.cards["loss"], "loss", "train") == [4.0, 3.0, 2.0, 1.0]


def test_a_second_panel_goes_on_with_the_branches(panel, qtbot):
    other = MetricsPanel()
    qtbot.addWidget(other)
    other.continue_from(panel)
    assert values(other.cards["loss"], "adam_loss", "train") == [4.0, 2.0, 1.0, 0.5]


def test_files_tell_the_branches(panel, tmp_path):
    card = panel.cards["loss"]
    card.save_csv(tmp_path / "loss.csv")
    titles = (tmp_path / "loss.csv").read_text("utf-8").splitlines()[0]
    assert titles == "step,epoch,loss (train),loss (validation),adam_loss (train),adam_loss (validation)"
    card.save_svg(tmp_path / "loss.svg")
    assert "adam" in (tmp_path / "loss.svg").read_text("utf-8")
