"""Numbers that are not finite are traced to the node where they began, however long nobody looked."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from drawings import Drawing
from graph import files
from graph.model import Port
from graph.plan import Choice
from runtime.compiler import compile_project
from runtime.data import prepare
from runtime.events import EpochEnded, Failed, Finished, Stopped
from runtime.runs import load_run
from runtime.training import checkpoints
from runtime.training.divergence import explain_not_finite
from runtime.training.job import begin, build
from runtime.training.record import NotFinite
from trainings import arrays, digits, mlp, plan, run


def exploding(rate: float, **more):
    return plan(Choice("torch.optim.SGD", {"lr": rate}), **more)


def squared(d: Drawing, x: Port) -> Port:
    """A network whose first numbers that are not finite come from an operation without parameters."""
    x = d.add("nn.Linear", "fc1", d.add("nn.Flatten", "flatten", x), out_features=48)
    for i in range(1, 5):
        x = d.add("op.Multiply", f"square{i}", x, x)
    return d.add("nn.Linear", "fc2", x, out_features=10)


def first_by_hand(project) -> tuple[int, str]:
    """Step (from 0) and node of the first numbers that are not finite in the plain loop, looked at after every node."""
    compiled = compile_project(project)
    x, y = prepare(project).train.tensors.values()
    model = compiled.build(project.plan.seed)
    program = compiled.programs[0].build(model)
    optimizer = torch.optim.SGD(model.parameters(), lr=project.plan.objectives[0].optimizer.params["lr"])
    generator, step = torch.Generator().manual_seed(project.plan.seed), 0
    while True:
        for batch in torch.randperm(len(x), generator=generator).split(project.plan.batch_size):
            losses, _ = program(x[batch], y[batch])
            if not losses["loss"].isfinite():
                return step, name_by_hand(project, model, x[batch])
            optimizer.zero_grad()
            losses["loss"].backward()
            optimizer.step()
            step += 1


def name_by_hand(project, model: nn.Module, x: torch.Tensor) -> str:
    for node in project.graph.nodes.values():
        if node.type == "layerloom.Multiply":
            x = x * x
        elif node.type.startswith("torch.nn.") and hasattr(model, node.name):
            x = getattr(model, node.name)(x)
        if not x.isfinite().all():
            return node.name
    return "loss"


@pytest.mark.parametrize(
    ("network", "rate", "name"),
    [(mlp, 1e12, "fc2"), (squared, 0.1, "square4"), (squared, 0.05, "square1"), (squared, 2.0, "square2")],
)
def test_a_loss_that_explodes_names_where_it_began(tmp_path, network, rate, name):
    project = digits(network, exploding(rate))
    assert first_by_hand(project)[1] == name
    events = run(project, tmp_path)
    failed = events[-1]
    assert isinstance(failed, Failed) and project.graph.nodes[failed.node].name == name
    assert "learning rate" in str(failed.message) and f"'{name}'" in str(failed.message)
    assert load_run(Path(failed.run)).status == "failed"
    assert sum(isinstance(event, (Failed, Finished, Stopped)) for event in events) == 1


def test_steps_are_made_again_from_the_last_checkpoint_over_epochs(tmp_path, monkeypatch):
    project = digits(squared, exploding(0.01, epochs=20))
    step, expected = first_by_hand(project)
    assert step > 80, "this test wants some epochs to pass first"
    for pause in (0.0, 10**6):  # checkpoints at every epoch, or at the first one only
        monkeypatch.setattr(checkpoints, "MIN_SECONDS", pause)
        *before, failed = run(project, tmp_path / str(pause))
        assert sum(isinstance(event, EpochEnded) for event in before) == step // 40
        assert project.graph.nodes[failed.node].name == expected


def rooted(d: Drawing, x: Port) -> Port:
    """The gradient of a root is infinite at 0, where the root itself is a number: `dead` gives zeros from the first step on."""
    x = d.add("nn.Linear", "fc1", d.add("nn.Flatten", "flatten", x), out_features=8)
    x = d.add("nn.ReLU", "relu1", x)
    gone = d.add("op.Subtract", "gone", x, x)
    root = d.add("op.Sqrt", "root", gone)
    return d.add("nn.Linear", "fc2", d.add("op.Add", "sum", x, root), out_features=10)


@pytest.mark.parametrize("pause", [0.0, 10**6])
def test_gradients_that_are_not_finite_before_their_loss_name_the_layer(tmp_path, monkeypatch, pause):
    monkeypatch.setattr(checkpoints, "MIN_SECONDS", pause)
    project = digits(rooted, plan())
    failed = run(project, tmp_path)[-1]
    assert isinstance(failed, Failed) and project.graph.nodes[failed.node].name == "fc1"
    assert "in batch 2 of epoch 1" in str(failed.message)
    assert "in batch 1 of epoch 1, the gradient of 'fc1' was not finite" in str(failed.message)


def test_the_batch_is_named(tmp_path):
    project = digits(squared, exploding(0.01, epochs=20))
    step, _ = first_by_hand(project)
    failed = run(project, tmp_path)[-1]
    assert f"in batch {step % 40 + 1} of epoch {step // 40 + 1}" in str(failed.message)


@pytest.mark.parametrize(
    "more",
    [
        {"scheduler": Choice("torch.optim.lr_scheduler.ReduceLROnPlateau", {"patience": 0, "factor": 0.99})},
        {"averaging": "swa"},
        {"averaging": "ema", "averaging_decay": 0.9},
        {"accumulate": 3},
    ],
    ids=["plateau", "swa", "ema", "accumulate"],
)
def test_steps_made_again_are_those_of_the_run(tmp_path, monkeypatch, more):
    """The first node found is the same whether the steps are made again from the first epoch on, or from the last."""
    accumulate = more.get("accumulate", 1)
    base = exploding(
        0.012 * accumulate, epochs=40, **{key: value for key, value in more.items() if key != "accumulate"}
    )
    project = digits(squared, replace(base, objectives=(replace(base.objectives[0], accumulate=accumulate),)))
    found = []
    for pause in (0.0, 10**6):
        monkeypatch.setattr(checkpoints, "MIN_SECONDS", pause)
        *_, failed = run(project, tmp_path / str(pause))
        assert isinstance(failed, Failed)
        found.append((str(failed.message), failed.node))
    assert found[0] == found[1] and "'square" in found[0][0]


def test_data_that_is_not_finite_names_the_samples(tmp_path):
    inputs = np.random.default_rng(0).standard_normal((40, 3)).astype(np.float32)
    target = inputs[:, :1].copy()

    def network(d: Drawing, x: Port) -> Port:
        return d.add("nn.Linear", "fc1", x, out_features=1)

    project = arrays(tmp_path, inputs, target, plan(batch_size=8), network, "nn.MSELoss")
    fit, prepared = build(project, tmp_path, 1)
    row = 13
    next(iter(prepared.train.tensors.values()))[row, 1] = math.inf
    job = begin(fit, prepared, project, folder=tmp_path, runs=tmp_path / "runs")
    error = None
    record = fit.begin(training=True)
    for number, batch in enumerate(fit.batches(fit.train, training=True)):
        record.add(len(batch[0]), fit.train_step(batch))
        try:
            record.flush()
        except NotFinite as found:
            error, at = explain_not_finite(job, fit.train, found, training=True), number
            break
    job.writer.close()
    assert error is not None and project.graph.nodes[error.node].name == "arrays"
    assert row in fit.rows_of_batch(at)
    assert f"samples {int(fit.train.indices[row])}." in str(error) and f"in batch {at + 1} of epoch 1" in str(error)


def test_float16_says_where_its_numbers_end(tmp_path):
    failed = run(digits(mlp, exploding(1e9, precision="float16")), tmp_path)[-1]
    assert "65504" in str(failed.message) and "batch 2 of epoch 1" in str(failed.message)


def test_two_objectives_name_the_loss_and_a_layer_of_its_own(tmp_path):
    examples = Path(__file__).parents[2] / "resources" / "examples"
    project = files.load(examples / "gan_points.layerloom")
    wild = Choice("torch.optim.SGD", {"lr": 1e8})
    objectives = tuple(replace(objective, optimizer=wild) for objective in project.plan.objectives)
    project = project.with_plan(replace(project.plan, objectives=objectives, epochs=1, device="cpu"))
    failed = run(project, tmp_path, folder=examples)[-1]
    assert isinstance(failed, Failed) and failed.node in project.graph.nodes
    assert "of epoch 1" in str(failed.message) and "learning rate (1e+08)" in str(failed.message)
