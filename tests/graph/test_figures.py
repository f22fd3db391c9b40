"""What the figures of a run are called, and which way is better."""

from __future__ import annotations

import pytest

from drawings import Drawing
from graph.catalog import CATALOG, Role
from graph.catalog.metric import FIGURES, OF_CLASSES, OF_NUMBERS
from graph.figures import compared_figures, direction, figure_names, total_names, watched_figures
from graph.model import Project
from graph.plan import Objective, Plan
from graph.scores import LOG_PROBABILITIES, LOGITS, PROBABILITIES, is_yes_or_no, meaning_of


def drawing(*types: str, plan: Plan | None = None) -> Project:
    """Losses and metrics without wires, named a, b, ..."""
    d = Drawing("Net", plan)
    for name, type_id in zip("abcdefg", types, strict=False):
        d.add(type_id, name)
    return d.project


def test_one_loss_and_one_metric_of_a_kind_go_by_their_kinds():
    project = drawing("nn.MSELoss", "metric.RootMeanSquaredError", "metric.R2")
    assert figure_names(project) == {"a": "loss", "b": "root_mean_squared_error", "c": "r2"}
    assert watched_figures(project) == {"loss": "min", "root_mean_squared_error": "min", "r2": "max"}


def test_several_go_by_their_names():
    d = Drawing("Net")
    for name, type_id in {"loss": "nn.MSELoss", "other": "nn.L1Loss", "hits": "metric.F1", "f1": "metric.F1"}.items():
        d.add(type_id, name)
    assert figure_names(d.project) == {"loss": "loss_node", "other": "other", "hits": "hits", "f1": "f1"}
    assert list(watched_figures(d.project)) == ["loss", "loss_node", "other", "hits", "f1"]


def test_losses_that_are_alone_in_their_objectives_go_by_these():
    project = drawing("nn.MSELoss", "nn.L1Loss")
    ids = list(project.graph.nodes)
    objectives = (Objective("d", losses=((ids[0], 1.0),)), Objective("g", losses=((ids[1], 1.0),)))
    project = project.with_plan(Plan(objectives=objectives))
    assert total_names(objectives) == ["loss", "g_loss"]
    assert figure_names(project) == {"a": "loss", "b": "g_loss"}
    assert watched_figures(project) == {"loss": "min", "g_loss": "min"}


@pytest.mark.parametrize("type_id", FIGURES)
def test_every_metric_tells_its_direction(type_id):
    figure, way = FIGURES[type_id]
    assert direction(figure, drawing(type_id)) == way in ("min", "max")
    assert direction("loss", drawing(type_id)) == direction("nothing", drawing(type_id)) == "min"


def test_metrics_compare_classes_or_numbers():
    assert not OF_CLASSES & OF_NUMBERS
    assert {*OF_CLASSES, *OF_NUMBERS} == {t.id for t in CATALOG.values() if t.role is Role.METRIC} == set(FIGURES)


@pytest.mark.parametrize(
    ("layer", "loss", "expected", "yes_or_no"),
    [
        ("nn.Linear", "nn.CrossEntropyLoss", LOGITS, False),
        ("nn.LogSoftmax", "nn.NLLLoss", LOG_PROBABILITIES, False),
        ("nn.Sigmoid", "nn.BCELoss", PROBABILITIES, True),
        ("nn.Linear", "nn.BCEWithLogitsLoss", LOGITS, True),
        ("nn.Sigmoid", None, PROBABILITIES, False),
        ("nn.Sigmoid", "nn.BCEWithLogitsLoss", LOGITS, True),  # what the loss says counts
        ("nn.Linear", None, LOGITS, False),
    ],
)
def test_what_scores_stand_for(layer, loss, expected, yes_or_no):
    d = Drawing("Net")
    scores = d.add(layer, "scores")
    if loss:
        d.add(loss, "loss", scores)
    assert meaning_of(d.graph, scores) == expected and is_yes_or_no(d.graph, scores) == yes_or_no


# ---- branches


def branches(*names: str, metric: str = "Accuracy", weights: tuple[float, ...] = ()) -> Project:
    """A loss, a metric and an objective for each name."""
    d = Drawing("Net")
    for name in names:
        d.add("nn.CrossEntropyLoss", f"loss_{name}")
        d.add(f"metric.{metric}", f"{name}_right")
    pairs = zip(names, weights or (1.0,) * len(names), strict=True)
    objectives = tuple(Objective(name, ((d.id(f"loss_{name}"), weight),)) for name, weight in pairs)
    return d.project.with_plan(Plan(objectives=objectives))


def test_what_branches_have_in_common_is_compared():
    found = compared_figures(branches("sgd", "adam"))
    assert found == {
        "loss": {"loss": "sgd", "adam_loss": "adam"},
        "accuracy": {"sgd_right": "sgd", "adam_right": "adam"},
    }


def test_a_branch_alone_and_objectives_that_differ_are_not_compared():
    assert compared_figures(branches("sgd")) == {}
    assert "loss" not in compared_figures(branches("judge", "maker", weights=(0.5, 1.0)))


@pytest.mark.parametrize(
    ("names", "labels"),
    [
        (("accuracy_a_b", "accuracy_c_b"), ["a", "c"]),
        (("accuracy1", "accuracy2"), ["accuracy1", "accuracy2"]),
        (("accuracy", "accuracy_late"), ["accuracy", "accuracy_late"]),
        (("top_1_real", "top_5_real", "top_5_made"), ["1_real", "5_real", "5_made"]),
    ],
)
def test_names_are_told_apart_by_the_words_that_differ(names, labels):
    d = Drawing("Net")
    for name in names:
        d.add("metric.Accuracy", name)
    assert list(compared_figures(d.project)["accuracy"].values()) == labels
