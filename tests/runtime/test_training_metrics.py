"""Metrics over batches of any size equal those of scikit-learn and torchmetrics over everything at once."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr
from sklearn import metrics as sk
from torchmetrics.functional import classification as tm
from torchmetrics.functional import regression as tm_numbers
from torchmetrics.functional.text import perplexity

from graph.catalog import CATALOG, Role
from graph.catalog.metric import FIGURES
from graph.model import Node
from graph.scores import LOG_PROBABILITIES, LOGITS, PROBABILITIES
from runtime.training.library_metrics import RECIPES, LibraryMetric
from runtime.training.metrics import SUMS, Setting
from runtime.training.sample_metrics import CROWDS

SIZES = [32, 32, 1, 7, 28]
AVERAGES = ("macro", "micro", "weighted")


def over_batches(name: str, scores, target, sizes=SIZES, meaning: str = LOGITS, **params) -> float:
    """A metric whose samples come in batches."""
    type_id = f"layerloom.metrics.{name}"
    setting = Setting(CATALOG[type_id].values(Node("n", type_id, "m", params)), meaning)
    parts = list(zip(torch.as_tensor(scores).split(sizes), torch.as_tensor(target).split(sizes), strict=True))
    if type_id in SUMS:
        metric = SUMS[type_id]
        return float(metric.figure(sum(metric.contributions(a, b, setting).sum(0) for a, b in parts), setting))
    metric = LibraryMetric(type_id, setting)
    for i, part in enumerate(parts):
        metric.update(*part)
        if i == 2:  # it goes on elsewhere
            state, metric = metric.state_dict(), LibraryMetric(type_id, setting)
            metric.load_state_dict(state)
    return metric.compute()


def classes(ties: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Scores 100 × 5, which class 3 never wins and class 4 never is right of."""
    random = np.random.default_rng(0)
    scores, target = random.standard_normal((100, 5)), random.integers(0, 4, 100)
    scores[np.arange(100), target] += 0.7
    scores[:, 3] -= 9
    return (scores.round() if ties else scores), target


def labels(count: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(1)
    target = random.integers(0, 2, (100, count))
    return random.standard_normal((100, count)) + target, target


def averaged(function: Callable, **more):
    return lambda target, guess, average: function(target, guess, average=average, **more)


def specificity(target, guess, average):
    """By hand: true negatives over all negatives."""
    tables = sk.multilabel_confusion_matrix(target, guess).astype(float)
    negatives, wrong = tables[:, 0, 0], tables[:, 0, 1]
    weights = {"macro": np.ones(len(tables)), "weighted": tables[:, 1].sum(1)}.get(average)
    if weights is None:
        return negatives.sum() / (negatives + wrong).sum()
    return np.average(negatives / (negatives + wrong), weights=weights)


DECIDED = {
    "Precision": averaged(sk.precision_score, zero_division=0),
    "Recall": averaged(sk.recall_score, zero_division=0),
    "Specificity": specificity,
    "F1": averaged(sk.f1_score, zero_division=0),
    "Dice": averaged(sk.f1_score, zero_division=0),
    "FBeta": averaged(sk.fbeta_score, beta=2.0, zero_division=0),
    "JaccardIndex": averaged(sk.jaccard_score, zero_division=0),
}


@pytest.mark.parametrize("average", AVERAGES)
@pytest.mark.parametrize("name", DECIDED)
def test_figures_of_decisions(name, average):
    for scores, target in (classes(), classes(ties=True)):
        expected = DECIDED[name](target, scores.argmax(1), average)
        assert over_batches(name, scores, target, average=average) == pytest.approx(expected, abs=1e-6)
    scores, target = labels(3)
    expected = DECIDED[name](target, (scores > 0).astype(int), average)
    assert over_batches(name, scores, target.astype(np.float32), average=average) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("name", DECIDED)
@pytest.mark.parametrize("form", ["column", "row", "whole numbers", "probabilities"])
def test_yes_or_no(name, form):
    scores, target = labels(1)
    guess = (scores > math.log(0.7 / 0.3)).astype(int)  # the probability is above 0.7
    first = {"F1": sk.f1_score, "Dice": sk.f1_score, "Recall": sk.recall_score, "Precision": sk.precision_score}.get(
        name
    )
    table = sk.confusion_matrix(target, guess)
    expected = {
        "Specificity": table[0, 0] / table[0].sum(),
        "FBeta": sk.fbeta_score(target, guess, beta=2),
        "JaccardIndex": sk.jaccard_score(target, guess),
    }.get(name) or first(target, guess)
    given = {
        "column": (scores, target.astype(np.float32)),
        "row": (scores[:, 0], target[:, 0]),
        "whole numbers": (scores, target[:, 0]),
        "probabilities": (1 / (1 + np.exp(-scores)), target),
    }[form]
    meaning = PROBABILITIES if form == "probabilities" else LOGITS
    assert over_batches(name, *given, meaning=meaning, threshold=0.7) == pytest.approx(expected, abs=1e-6)


@pytest.mark.filterwarnings("ignore:y_pred contains classes")
def test_agreement():
    for scores, target in (classes(), classes(ties=True)):
        guess = scores.argmax(1)
        for name, expected in (
            ("Accuracy", sk.accuracy_score(target, guess)),
            ("BalancedAccuracy", sk.balanced_accuracy_score(target, guess)),
            ("MatthewsCorrCoef", sk.matthews_corrcoef(target, guess)),
            ("HammingDistance", sk.hamming_loss(target, guess)),
            ("ExactMatch", sk.accuracy_score(target, guess)),
        ):
            assert over_batches(name, scores, target) == pytest.approx(expected, abs=1e-6), name
        for weights in ("none", "linear", "quadratic"):
            expected = sk.cohen_kappa_score(target, guess, weights=None if weights == "none" else weights)
            assert over_batches("CohenKappa", scores, target, weights=weights) == pytest.approx(expected, abs=1e-6)


def test_several_labels_a_sample():
    scores, target = labels(4)
    guess = (scores > 0).astype(int)
    by_label = [sk.balanced_accuracy_score(target[:, i], guess[:, i]) for i in range(4)]
    for name, expected in (
        ("Accuracy", (guess == target).mean()),
        ("HammingDistance", sk.hamming_loss(target, guess)),
        ("ExactMatch", sk.accuracy_score(target, guess)),
        ("BalancedAccuracy", np.mean(by_label)),
        ("MatthewsCorrCoef", sk.matthews_corrcoef(target.ravel(), guess.ravel())),
        ("CohenKappa", sk.cohen_kappa_score(target.ravel(), guess.ravel())),
        ("CalibrationError", float(tm.binary_calibration_error(torch.tensor(scores).sigmoid(), torch.tensor(target)))),
    ):
        assert over_batches(name, scores, target) == pytest.approx(expected, abs=1e-6), name


@pytest.mark.parametrize("k", [1, 2, 4, 5, 9])
def test_top_k(k):
    scores, target = classes()
    expected = sk.top_k_accuracy_score(target, scores, k=k, labels=range(5)) if k < 5 else 1.0
    assert over_batches("TopKAccuracy", scores, target, k=k) == pytest.approx(expected, abs=1e-15)


@pytest.mark.parametrize("average", ["macro", "weighted"])
@pytest.mark.parametrize("ties", [False, True])
def test_ranks(average, ties):
    scores, target = classes(ties)
    chances = torch.tensor(scores).softmax(1).numpy()
    known = np.unique(target)  # class 4 does not occur, and does not count
    each = {
        "AUROC": [sk.roc_auc_score(target == i, chances[:, i]) for i in known],
        "AveragePrecision": [sk.average_precision_score(target == i, chances[:, i]) for i in known],
    }
    weights = [1 if average == "macro" else (target == i).sum() for i in known]
    for name, values in each.items():
        expected = np.average(values, weights=weights)
        assert over_batches(name, scores, target, average=average) == pytest.approx(expected, abs=1e-6)
    scores, target = labels(3)
    for name, function in (("AUROC", sk.roc_auc_score), ("AveragePrecision", sk.average_precision_score)):
        expected = function(target, scores, average=average)
        assert over_batches(name, scores, target.astype(np.float32), average=average) == pytest.approx(
            expected, abs=1e-6
        )
        yes_or_no = function(target[:, 0], scores[:, 0])
        assert over_batches(name, scores[:, :1], target[:, 0]) == pytest.approx(yes_or_no, abs=1e-6)


def test_ranks_in_little_memory_are_those_of_the_library():
    scores, target = labels(1)
    expected = tm.binary_auroc(torch.tensor(scores[:, 0]).sigmoid(), torch.tensor(target[:, 0]), thresholds=50)
    assert over_batches("AUROC", scores, target, thresholds=50) == pytest.approx(float(expected), abs=1e-6)
    scores, target = labels(3)
    chances = torch.tensor(scores).sigmoid()
    expected = tm.multilabel_average_precision(chances, torch.tensor(target), num_labels=3, thresholds=20)
    assert over_batches("AveragePrecision", scores, target, thresholds=20) == pytest.approx(float(expected), abs=1e-6)


@pytest.mark.parametrize("n_bins", [5, 15])
def test_calibration(n_bins):
    scores, target = classes()
    expected = tm.multiclass_calibration_error(
        torch.tensor(scores).softmax(1), torch.tensor(target), num_classes=5, n_bins=n_bins
    )
    assert over_batches("CalibrationError", scores, target, n_bins=n_bins) == pytest.approx(float(expected), abs=1e-6)


def test_places_that_do_not_count():
    """Sequences: batch × classes × length, padded."""
    scores, target = torch.randn(100, 5, 6), torch.randint(0, 5, (100, 6))
    target[:, 4:] = -100
    target[7] = -100
    counted = target != -100
    guess, right = scores.argmax(1)[counted], target[counted]
    flat = scores.movedim(1, -1)[counted]
    for name, expected in (
        ("Accuracy", sk.accuracy_score(right, guess)),
        ("F1", sk.f1_score(right, guess, average="macro")),
        ("JaccardIndex", sk.jaccard_score(right, guess, average="macro")),
        ("AUROC", sk.roc_auc_score(right, flat.double().softmax(1), multi_class="ovr")),
        ("TopKAccuracy", sk.top_k_accuracy_score(right, flat, k=2)),
        ("ExactMatch", float(tm.multiclass_exact_match(
            scores.argmax(1)[counted[:, 0], :4], target[counted[:, 0], :4], num_classes=5))),
        ("Perplexity", float(perplexity(scores.movedim(1, -1), target, ignore_index=-100))),
    ):  # fmt: skip
        more = {"k": 2} if name == "TopKAccuracy" else {}
        assert over_batches(name, scores, target, **more) == pytest.approx(expected, abs=1e-5), name
    logs = scores.log_softmax(1)
    expected = float(perplexity(scores.movedim(1, -1), target, ignore_index=-100))
    assert over_batches("Perplexity", logs, target, meaning=LOG_PROBABILITIES) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("shape", [(100, 1), (100,), (100, 3)])
@pytest.mark.parametrize("offset", [0.0, 1000.0])
def test_numbers(shape, offset):
    random = np.random.default_rng(1)
    target = (random.standard_normal(shape) + offset).astype(np.float32)
    guess = (target + 0.3 * random.standard_normal(shape) + 0.1).astype(np.float32)
    columns = [(target.reshape(100, -1)[:, i], guess.reshape(100, -1)[:, i]) for i in range(target.size // 100)]
    wide = target.astype(float).reshape(100, -1), guess.astype(float).reshape(100, -1)
    for name, expected in (
        ("R2", sk.r2_score(*wide)),
        ("MeanAbsoluteError", sk.mean_absolute_error(*wide)),
        ("MeanSquaredError", sk.mean_squared_error(*wide)),
        ("RootMeanSquaredError", math.sqrt(sk.mean_squared_error(*wide))),
        ("MeanAbsolutePercentageError", sk.mean_absolute_percentage_error(*wide)),
        ("ExplainedVariance", sk.explained_variance_score(*wide)),
        ("PearsonCorrCoef", np.mean([np.corrcoef(*pair)[0, 1] for pair in columns])),
        ("SpearmanCorrCoef", np.mean([spearmanr(*pair).statistic for pair in columns])),
    ):
        assert over_batches(name, guess, target) == pytest.approx(expected, rel=1e-5), name


def test_numbers_that_do_not_vary():
    target = torch.full((6, 1), 2.5)
    for name, function in (("R2", sk.r2_score), ("ExplainedVariance", sk.explained_variance_score)):
        assert over_batches(name, target, target, [6]) == function(target, target) == 1.0
    assert over_batches("R2", target + 1, target, [6]) == sk.r2_score(target, target + 1) == 0.0
    assert math.isnan(over_batches("PearsonCorrCoef", torch.rand(6, 1), target, [6]))
    zeros = torch.zeros(4, 1)
    expected = tm_numbers.mean_absolute_percentage_error(zeros + 1, zeros)
    assert over_batches("MeanAbsolutePercentageError", zeros + 1, zeros, [4]) == pytest.approx(float(expected))


@pytest.mark.parametrize("type_id", [t for t in FIGURES if CATALOG[t].inputs[1].dtype != "float"])
def test_one_class_alone_and_no_sample_that_counts_are_no_trouble(type_id):
    name = type_id.rpartition(".")[2]
    only = over_batches(name, torch.randn(9, 3), torch.ones(9, dtype=torch.int64), [4, 2, 2, 1])
    assert math.isnan(only) if name in ("AUROC", "AveragePrecision") else math.isfinite(only)
    none = over_batches(name, torch.randn(9, 3), torch.full((9,), -100), [4, 2, 2, 1])
    assert math.isnan(none)


def test_every_metric_of_the_catalogue_is_there_under_a_name_of_its_own():
    assert {*SUMS, *RECIPES, *CROWDS} == set(FIGURES) == {t.id for t in CATALOG.values() if t.role is Role.METRIC}
    assert not SUMS.keys() & RECIPES.keys() and not CROWDS.keys() & {*SUMS, *RECIPES}
    assert len({figure for figure, _ in FIGURES.values()}) == len(FIGURES)
    assert {direction for _, direction in FIGURES.values()} == {"min", "max"}
