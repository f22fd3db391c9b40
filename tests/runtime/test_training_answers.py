"""What is asked after a test: confusions over samples, pixels and tokens, and single predictions, for every kind of loss."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.metrics import confusion_matrix

from drawings import Drawing
from graph.model import Project
from graph.plan import Plan, Split
from runtime.training import answers
from runtime.training.answers import Answers, ask
from runtime.training.job import build
from trainings import arrays, plan, with_facts

ALL = Split(0.5, 0.0, 0.5)


def asked(project: Project, folder) -> tuple[Answers, torch.Tensor, torch.Tensor]:
    """The answers for the test part, with its targets and what the network gives for it."""
    fit, _ = build(project, folder, 1)
    fit.model.eval()
    found = ask(fit.compiled, fit.model, fit.test, batch_size=7)
    inputs, targets = fit.test.head(fit.test.count)
    with torch.no_grad():
        return found, targets, fit.model(inputs)


def table(target: torch.Tensor, guess: torch.Tensor, size: int) -> tuple[tuple[int, ...], ...]:
    counted = target >= 0
    found = confusion_matrix(target[counted], guess[counted], labels=range(size))
    return tuple(map(tuple, found.tolist()))


def random(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)


@pytest.mark.parametrize("loss", ["CrossEntropyLoss", "NLLLoss", "MultiMarginLoss"])
def test_classes(tmp_path, loss):
    def network(d, x):
        x = d.add("nn.Linear", "fc1", x, out_features=3)
        return d.add("nn.LogSoftmax", "logs", x, dim=1) if loss == "NLLLoss" else x

    project = arrays(tmp_path, random(60, 4), np.arange(60) % 3, plan(split=ALL), network, f"nn.{loss}")
    found, target, scores = asked(project, tmp_path)
    assert found.confusion == table(target, scores.argmax(1), 3) and len(found.samples) == 30
    chances = scores.softmax(1).max(1).values
    assert [s.confidence for s in found.samples] == pytest.approx(chances.tolist(), rel=1e-5)
    assert [s.prediction for s in found.samples] == scores.argmax(1).tolist()


def test_pixels(tmp_path):
    def network(d, x):
        return d.add("nn.Conv2d", "conv1", x, out_channels=3, kernel_size=1)

    labels = np.random.default_rng(1).integers(0, 3, (40, 5, 5))
    project = arrays(tmp_path, random(40, 2, 5, 5), labels, plan(split=ALL), network, "nn.CrossEntropyLoss")
    found, target, scores = asked(project, tmp_path)
    assert found.confusion == table(target, scores.argmax(1), 3)
    assert sum(map(sum, found.confusion)) == 20 * 25 and found.samples == ()


def test_tokens_with_places_that_do_not_count(tmp_path):
    def network(d, x):
        return d.add("nn.Conv1d", "conv1", x, out_channels=4, kernel_size=1)

    labels = np.random.default_rng(1).integers(0, 4, (40, 6))
    labels[:, 4:] = 3
    project = arrays(tmp_path, random(40, 2, 6), labels, plan(split=ALL), network, "nn.CrossEntropyLoss")
    loss = project.graph.node_named("loss").id
    project = project.with_graph(project.graph.set_params(loss, {"ignore_index": 3}))
    found, target, scores = asked(project, tmp_path)
    assert found.confusion == table(torch.where(target == 3, -100, target), scores.argmax(1), 4)


@pytest.mark.parametrize("loss", ["BCEWithLogitsLoss", "BCELoss"])
@pytest.mark.parametrize("shape", [(60, 1), (60, 1, 3, 3)])
def test_yes_or_no(tmp_path, loss, shape):
    def network(d, x):
        kind = (
            ("nn.Linear", {"out_features": 1})
            if len(shape) == 2
            else ("nn.Conv2d", {"out_channels": 1, "kernel_size": 1})
        )
        x = d.add(kind[0], "layer1", x, **kind[1])
        return d.add("nn.Sigmoid", "chance", x) if loss == "BCELoss" else x

    targets = np.random.default_rng(1).integers(0, 2, shape).astype(np.float32)
    inputs = random(60, 2, *shape[2:])
    project = arrays(tmp_path, inputs, targets, plan(split=ALL), network, f"nn.{loss}")
    found, target, scores = asked(project, tmp_path)
    chance = scores if loss == "BCELoss" else scores.sigmoid()
    assert found.confusion == table(target.flatten().long(), (chance > 0.5).flatten().long(), 2)
    if len(shape) == 2:
        expected = torch.where(chance > 0.5, chance, 1 - chance)[:, 0]
        assert [s.confidence for s in found.samples] == pytest.approx(expected.tolist(), rel=1e-5)
        assert {s.target for s in found.samples} <= {0, 1}


def test_yes_or_no_from_labels_that_are_made_numbers(tmp_path):
    np.savez(tmp_path / "arrays.npz", input=random(60, 4), target=np.arange(60) % 2)
    d = Drawing("Net", plan(split=ALL))
    d.add("data.Arrays", "arrays", source="arrays.npz")
    scores = d.add("nn.Linear", "fc1", d.port("arrays", "input"), out_features=1)
    target = d.add("op.ToDtype", "numbers", d.port("arrays", "target"), dtype="float32")
    target = d.add("op.Unsqueeze", "column", target, dim=1)
    d.add("nn.BCEWithLogitsLoss", "loss", scores, target)
    d.add("metric.F1", "f_score1", scores, d.port("arrays", "target"))
    found, target, scores = asked(with_facts(d.project, tmp_path), tmp_path)
    assert found.confusion == table(target, (scores[:, 0] > 0).long(), 2) and len(found.samples) == 30


def test_numbers(tmp_path):
    def network(d, x):
        return d.add("nn.Linear", "fc1", x, out_features=1)

    project = arrays(tmp_path, random(60, 4), random(60, 1), plan(split=ALL), network, "nn.MSELoss")
    found, target, guess = asked(project, tmp_path)
    assert found.confusion == () and [s.confidence for s in found.samples] == [None] * 30
    assert [s.prediction for s in found.samples] == pytest.approx(guess[:, 0].tolist())
    assert [s.target for s in found.samples] == pytest.approx(target[:, 0].tolist())


def test_a_large_vocabulary_has_no_confusion(tmp_path, monkeypatch):
    monkeypatch.setattr(answers, "MAX_CLASSES", 2)

    def network(d, x):
        return d.add("nn.Linear", "fc1", x, out_features=3)

    project = arrays(
        tmp_path, random(60, 4), np.arange(60) % 3, Plan(split=ALL, device="cpu"), network, "nn.CrossEntropyLoss"
    )
    found, _, _ = asked(project, tmp_path)
    assert found.confusion == () and len(found.samples) == 30
