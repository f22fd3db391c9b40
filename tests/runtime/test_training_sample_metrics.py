"""Density and coverage of made samples, against their formulas written out in NumPy, and within runs."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from drawings import Drawing
from graph.catalog import CATALOG
from graph.model import Node, Project
from graph.plan import Objective, Plan
from graph.scores import LOGITS
from runtime.training import sample_metrics
from runtime.training.metrics import Setting
from runtime.training.sample_metrics import CROWDS, SampleMetric
from trainings import epochs_of, run, with_facts


def by_hand(made: np.ndarray, real: np.ndarray, k: int) -> dict[str, float]:
    """Naeem et al., 2020, equations 4 and 5, pair by pair."""
    made, real = (a.reshape(len(a), -1).astype(np.float64) for a in (made, real))
    radii = [
        sorted(np.linalg.norm(x - other) for j, other in enumerate(real) if j != i)[k - 1] for i, x in enumerate(real)
    ]
    near = np.array([[np.linalg.norm(y - x) < radius for x, radius in zip(real, radii, strict=True)] for y in made])
    return {"Density": near.sum() / (k * len(made)), "Coverage": near.any(0).mean()}


def metric(name: str, **params) -> SampleMetric:
    type_id = f"layerloom.metrics.{name}"
    return SampleMetric(type_id, Setting(CATALOG[type_id].values(Node("n", type_id, "m", params)), LOGITS))


def over_batches(name: str, made, real, sizes: list[int], **params) -> float:
    found = metric(name, **params)
    pairs = zip(torch.as_tensor(made).split(sizes), torch.as_tensor(real).split(sizes), strict=True)
    for number, pair in enumerate(pairs):
        found.update(*pair)
        if number == 1:  # it goes on elsewhere
            state, found = found.state_dict(), metric(name, **params)
            found.load_state_dict(state)
    return found.compute()


@pytest.mark.parametrize("name", ["Density", "Coverage"])
@pytest.mark.parametrize("shape", [(2,), (1, 3, 3)])
@pytest.mark.parametrize("k", [1, 5])
def test_they_are_what_the_formulas_say(name, shape, k, monkeypatch):
    monkeypatch.setattr(sample_metrics, "ROWS", 16)
    random = np.random.default_rng(0)
    real = random.standard_normal((60, *shape)).astype(np.float32)
    for made in (random.standard_normal(real.shape) * 0.6 + 0.5, real[:1] + 0 * real, real + 9):
        made = made.astype(np.float32)
        expected = by_hand(made, real, k)[name]
        assert over_batches(name, made, real, [25, 25, 10], k=k) == pytest.approx(expected, abs=1e-12)


def test_what_they_tell_apart():
    """One point of the data over and over is near the data and covers little; noise far from it is neither."""
    random = torch.Generator().manual_seed(0)
    real, same = (torch.randn(400, 2, generator=random) for _ in range(2))
    alike, collapsed, far = ({n: over_batches(n, made, real, [400]) for n in ("Density", "Coverage")}
                             for made in (same, real[:1].expand(400, 2), same + 50))  # fmt: skip
    assert 0.85 < alike["Density"] < 1.15 and alike["Coverage"] > 0.9
    assert collapsed["Density"] > 0.5 and collapsed["Coverage"] < 0.05
    assert far == {"Density": 0, "Coverage": 0}


def test_samples_beyond_the_limit_do_not_count_and_few_tell_nothing():
    real, made = torch.randn(50, 3), torch.randn(50, 3)
    assert (
        over_batches("Coverage", made, real, [7] * 7 + [1], limit=20)
        == by_hand(made[:20].numpy(), real[:20].numpy(), 5)["Coverage"]
    )
    assert math.isnan(over_batches("Density", made[:5], real[:5], [5]))
    assert math.isnan(metric("Coverage").compute())


def game() -> Project:
    """Two objectives that both compute the made points, and a metric of these."""
    d = Drawing("Game")
    d.add("data.Points", "ring", set="ring", classes=8, noise=0.05, samples=200)
    real = d.port("ring", "point")
    made = d.add("nn.Linear", "make", d.add("op.Random", "noise", real, shape=(4,)), out_features=2)
    for number in (1, 2):
        d.add("nn.MSELoss", f"loss{number}", made, real)
    for name in CROWDS:
        d.add(f"metric.{name.rpartition('.')[2]}", f"{name.rpartition('.')[2].lower()}_node", made, real)
    d.add("metric.R2", "r2_node", made, real)
    objectives = tuple(Objective(f"player{n}", ((d.id(f"loss{n}"), 1.0),)) for n in (1, 2))
    d.plan = replace(Plan(epochs=2, batch_size=32), objectives=objectives)
    return with_facts(d.project)


def test_a_run_tells_them_where_nothing_is_changed_and_once(tmp_path, monkeypatch):
    counted = []
    update = SampleMetric.update
    monkeypatch.setattr(
        SampleMetric, "update", lambda self, made, real: (counted.append(len(real)), update(self, made, real))
    )
    events = run(game(), tmp_path)
    for epoch in epochs_of(events):
        assert {"density", "coverage", "r2"} <= epoch.validation.keys()
        assert not {"density", "coverage"} & epoch.train.keys()
        assert "r2" in epoch.train
        assert 0 <= epoch.validation["coverage"] <= 1
    assert {"density", "coverage"} <= events[-1].test.keys()
    assert sum(counted) == 2 * (2 * 20 + 40)  # two metrics: both validation passes, and the test


def test_crowds_are_in_the_catalogue():
    assert all(CATALOG[type_id].param("k").default == 5 for type_id in CROWDS)
