"""Metrics over batches of any size equal those of scikit-learn over everything at once."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score, mean_absolute_error, r2_score

from graph.catalog import CATALOG, Role
from runtime.training.metrics import METRICS


def over_batches(metric: str, input: torch.Tensor, target: torch.Tensor, sizes: list[int]) -> float:
    chosen = METRICS[f"layerloom.metrics.{metric}"]
    parts = zip(input.split(sizes), target.split(sizes), strict=True)
    return float(chosen.figure(sum(chosen.contributions(a, b).sum(0) for a, b in parts)))


SIZES = [32, 32, 1, 7, 28]


def test_accuracy():
    random = np.random.default_rng(0)
    scores, target = random.standard_normal((100, 5)), random.integers(0, 5, 100)
    expected = accuracy_score(target, scores.argmax(1))
    assert over_batches("Accuracy", torch.tensor(scores), torch.tensor(target), SIZES) == pytest.approx(
        expected, abs=1e-15
    )


def test_accuracy_of_pictures_counts_every_place():
    scores, target = torch.randn(100, 3, 4, 4), torch.randint(0, 3, (100, 4, 4))
    expected = accuracy_score(target.flatten(), scores.argmax(1).flatten())
    assert over_batches("Accuracy", scores, target, SIZES) == pytest.approx(expected, abs=1e-15)


@pytest.mark.parametrize("shape", [(100, 1), (100,), (100, 3)])
@pytest.mark.parametrize("offset", [0.0, 1000.0])
def test_r2_and_mean_absolute_error(shape, offset):
    random = np.random.default_rng(1)
    target = (random.standard_normal(shape) + offset).astype(np.float32)
    prediction = (target + 0.3 * random.standard_normal(shape)).astype(np.float32)
    pair = torch.tensor(prediction), torch.tensor(target)
    assert over_batches("R2", *pair, SIZES) == pytest.approx(r2_score(target, prediction), abs=1e-6)
    expected = mean_absolute_error(target.astype(float), prediction.astype(float))
    assert over_batches("MeanAbsoluteError", *pair, SIZES) == pytest.approx(expected, rel=1e-9)


def test_r2_without_variance_is_that_of_scikit_learn():
    target = torch.full((6, 1), 2.5)
    assert over_batches("R2", target, target, [6]) == r2_score(target, target) == 1.0
    assert over_batches("R2", target + 1, target, [6]) == r2_score(target, target + 1) == 0.0


def test_every_metric_of_the_catalogue_is_there_under_a_name_of_its_own():
    assert set(METRICS) == {t.id for t in CATALOG.values() if t.role is Role.METRIC}
    assert len({metric.name for metric in METRICS.values()}) == len(METRICS)
