"""Drawings that several processes train and one, and what has to be the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import load_file

from drawings import Drawing
from graph.model import Port, Project
from graph.plan import BY_NORM, LAST, Choice, Objective
from runtime.events import EpochEnded, Event, Finished
from together import train_together
from trainings import ADAM, digits, epochs_of, mlp, plan, step_series, with_facts

SAME = 1e-6  # of losses, as they are


def with_metrics(network, *metrics: str) -> Project:
    d = Drawing("Net", plan(epochs=2))
    d.add("data.Images", "digits", source="builtin:digits", image_size=8)
    scores, labels = network(d, d.port("digits", "image")), d.port("digits", "label")
    d.add("nn.CrossEntropyLoss", "loss", scores, labels)
    for name in metrics:
        d.add(f"metric.{name}", name.lower(), scores, labels)
    return with_facts(d.project)


def lenet(d: Drawing, x: Port) -> Port:
    """Convolutions with batch normalization; a bias before it would have a gradient of rounding alone."""
    x = d.add("nn.Conv2d", "conv1", x, out_channels=6, kernel_size=3, bias=False)
    x = d.add("nn.Tanh", "tanh1", d.add("nn.BatchNorm2d", "norm1", x))
    x = d.add("nn.Flatten", "flatten", d.add("nn.AvgPool2d", "pool1", x, kernel_size=2))
    x = d.add("nn.BatchNorm1d", "norm2", d.add("nn.Linear", "fc1", x, out_features=24, bias=False), momentum=None)
    return d.add("nn.Linear", "fc2", d.add("nn.Tanh", "tanh2", x), out_features=10)


def tagger(folder: Path) -> Project:
    """An LSTM over words, some of whose labels do not count, with weights of classes; the last batch of an epoch is odd."""
    random = np.random.default_rng(0)
    words = random.integers(1, 20, (205, 9))
    labels = np.where(random.random(words.shape) < 0.3, 4, words % 4)
    np.savez(folder / "arrays.npz", input=words, target=labels)
    d = Drawing("Tagger", plan(epochs=6, batch_size=16))
    d.add("data.Arrays", "arrays", source="arrays.npz")
    x = d.add("nn.Embedding", "embedding", d.port("arrays", "input"), num_embeddings=20, embedding_dim=8)
    x = d.add("nn.Linear", "scores", d.add("nn.LSTM", "lstm", x, hidden_size=12), out_features=5)
    scores, target = d.add("op.Transpose", "by_class", x, dim0=1, dim1=2), d.port("arrays", "target")
    d.add("nn.CrossEntropyLoss", "loss", scores, target, weight="1, 2, 0.5, 1, 3", ignore_index=4, label_smoothing=0.1)
    d.add("metric.Accuracy", "accuracy", scores, target, ignore_index=4)
    return with_facts(d.project, folder)


def gan(folder: Path, width: int = 16) -> Project:
    """Two objectives on points; the noise comes from the data, so that one process has the same."""
    random = np.random.default_rng(0)
    np.savez(
        folder / "arrays.npz",
        input=random.normal(size=(230, 2)).astype("f4") + 2,
        target=random.normal(size=(230, 4)).astype("f4"),
    )
    d = Drawing("Judge")
    x = d.add(
        "nn.LeakyReLU", "relu1", d.add("nn.Linear", "fc1", d.add("op.Input", "point", shape=(2,)), out_features=width)
    )
    d.add("op.Output", "score", d.add("nn.Linear", "fc2", x, out_features=1))
    d = Drawing("Gan", definitions=d.as_block())
    d.add("data.Arrays", "arrays", source="arrays.npz")
    real, noise = d.port("arrays", "input"), d.port("arrays", "target")
    hidden = d.add("nn.ReLU", "relu1", d.add("nn.Linear", "make1", noise, out_features=width))
    fake = d.add("nn.Linear", "make2", hidden, out_features=2)
    of_real = d.add("block.Judge", "judge_real", real)
    of_fake = d.add("block.Judge", "judge_fake", fake, shares="judge_real")
    yes, no = (
        d.add("op.Full", name, real, shape=(1,), fill_value=value) for name, value in (("yes", 1.0), ("no", 0.0))
    )
    d.add("nn.BCEWithLogitsLoss", "real_is_real", of_real, yes)
    d.add("nn.BCEWithLogitsLoss", "fake_is_fake", of_fake, no)
    d.add("nn.BCEWithLogitsLoss", "fake_passes", of_fake, yes)
    d.add("metric.Coverage", "covered", fake, real, limit=20, k=2)
    judge = Objective("judge", ((d.id("real_is_real"), 0.5), (d.id("fake_is_fake"), 0.5)), (d.id("judge_real"),), ADAM)
    makers = (d.id("make1"), d.id("make2"))
    maker = Objective("maker", ((d.id("fake_passes"), 1.0),), makers, ADAM, every=2, clip=BY_NORM, clip_at=0.1)
    d.plan = replace(plan(epochs=6, batch_size=18), objectives=(judge, maker), monitor=LAST)
    return with_facts(d.project, folder)


def clipped() -> Project:
    """Gradients of two batches make a step, clipped by their norm, with a penalty, a warm-up and a schedule."""
    project = digits(mlp, plan(epochs=2, batch_size=48))
    cosine = Choice("torch.optim.lr_scheduler.CosineAnnealingLR")
    (objective,) = project.plan.objectives
    objective = replace(
        objective, accumulate=2, clip=BY_NORM, clip_at=0.5, l1=1e-4, l2=0.01, warmup=5, scheduler=cosine
    )
    return project.with_plan(replace(project.plan, objectives=(objective,)))


DRAWN: Mapping[str, Callable[[Path], Project]] = {
    "mlp": lambda folder: with_metrics(mlp, "Accuracy", "CalibrationError"),
    "lenet": lambda folder: digits(lenet, plan(epochs=2)),
    "tagger": tagger,
    "gan": gan,
    "clipped": lambda folder: clipped(),
}


def with_norm(d: Drawing, x: Port) -> Port:
    """Batch normalization over places of images, which a batch of one sample has several of."""
    x = d.add("nn.Conv2d", "conv1", x, out_channels=4, kernel_size=3, bias=False)
    x = d.add("nn.Flatten", "flatten", d.add("nn.Tanh", "tanh1", d.add("nn.BatchNorm2d", "norm1", x)))
    return d.add("nn.Linear", "fc1", x, out_features=10)


def penalized() -> Project:
    """A loss of gradients: the slope of a network is to be 1; through batch normalization, which sees all samples."""
    inner = Drawing("Judge")
    x = inner.add("nn.Linear", "fc1", inner.add("op.Input", "point", shape=(64,)), out_features=8)
    x = inner.add("nn.Tanh", "tanh1", inner.add("nn.BatchNorm1d", "norm1", x))
    inner.add("op.Output", "score", inner.add("nn.Linear", "fc2", x, out_features=1))
    d = Drawing("Slopes", plan(Choice("torch.optim.SGD", {"lr": 0.05}), epochs=2, batch_size=64), inner.as_block())
    d.add("data.Images", "digits", source="builtin:digits", image_size=8)
    x = d.add("nn.Flatten", "flatten", d.port("digits", "image"))
    score = d.add("block.Judge", "judge", x)
    slope = d.add("block.Judge", "slope", x, shares="judge", use="gradient")
    d.add("op.MeanLoss", "steep", d.add("op.Expression", "far", slope, expression="((slope ** 2).sum(dim=1) - 1) ** 2"))
    d.add("op.MeanLoss", "height", d.add("op.Expression", "high", score, expression="judge ** 2"))
    return with_facts(d.project)


def check_alike(one: Sequence[Event], two: Sequence[Event], steps: int) -> None:
    """The figures of one process and of two agree, those of every step among them."""
    assert isinstance(one[-1], Finished) and isinstance(two[-1], Finished), two[-1]
    series = next(name for event in one if isinstance(event, EpochEnded) for name in event.train)
    expected, found = step_series(one, series), step_series(two, series)
    assert len(expected) == len(found) >= steps
    assert np.nanmax(np.abs(np.subtract(expected, found))) < SAME
    for before, after in zip(epochs_of(one), epochs_of(two), strict=True):
        assert dict(after.train) == pytest.approx(dict(before.train), abs=SAME, rel=SAME)
        assert dict(after.validation) == pytest.approx(dict(before.validation), abs=5e-6, rel=5e-6)
    assert dict(two[-1].test) == pytest.approx(dict(one[-1].test), abs=5e-6, rel=5e-6)


def check_weights(one: Sequence[Event], two: Sequence[Event]) -> None:
    first, second = (load_file(Path(made[-1].run) / "checkpoints" / "last.safetensors") for made in (one, two))
    assert first.keys() == second.keys()
    for key, value in first.items():
        assert np.allclose(value.numpy(), second[key].numpy(), rtol=1e-4, atol=1e-4), key


def go_on(path: str, project: Project, folder: Path, name: str) -> list:
    (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / name / "resume").write_text(path)
    return train_together({name: project}, folder)[name]
