"""Averaged weights are those of `torch.optim.swa_utils`; they are what is looked at, kept and gone on with."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn, update_bn

from graph.model import Project
from graph.plan import EMA, SWA
from runtime.events import Finished
from runtime.training.fit import Fit
from runtime.training.job import build
from trainings import StopAfter, cnn, digits, epochs_of, plan, run, step_series

DECAY = 0.9
EPOCHS = 3


def project_with(kind: str) -> Project:
    """A network with batch normalization."""
    return digits(cnn, plan(averaging=kind, averaging_decay=DECAY, averaging_start=2, epochs=EPOCHS, monitor="last"))


def averaged_by_pytorch(fit: Fit, kind: str) -> torch.nn.Module:
    """Train a fit of a plan without averaging, with PyTorch's own class beside it."""
    multi = get_ema_multi_avg_fn(DECAY) if kind == EMA else None
    twin = AveragedModel(fit.model, multi_avg_fn=multi)
    if kind == EMA:
        twin.update_parameters(fit.model)  # the first update copies: the weights before the first step
    for epoch in range(1, EPOCHS + 1):
        fit.begin(training=True)
        for batch in fit.batches(fit.train, training=True):
            fit.train_step(batch)
            if kind == EMA:
                twin.update_parameters(fit.model)
        if kind == SWA and epoch >= 2:
            twin.update_parameters(fit.model)
        fit.end_epoch({"loss": 1.0}, {})
    if kind == SWA:
        place = fit.ports.index(next(port for port in fit.ports if port.name == "image"))
        update_bn((batch[place] for batch in fit.train.batches(fit.batch_size, ports=fit.ports)), twin)
    else:
        for buffer, own in zip(twin.module.buffers(), fit.model.buffers(), strict=True):
            buffer.copy_(own)
    return twin.module


@pytest.mark.parametrize("kind", [EMA, SWA])
def test_what_is_kept_is_the_average_of_pytorch(kind, tmp_path):
    project = project_with(kind)
    plain, _ = build(project.with_plan(replace(project.plan, averaging="none")), None, EPOCHS)
    state = torch.get_rng_state()
    expected = averaged_by_pytorch(plain, kind).state_dict()
    torch.set_rng_state(state)
    events = run(project, tmp_path)
    assert isinstance(events[-1], Finished), events[-1]
    for name in ("last", "best"):
        kept = load_file(Path(events[-1].run) / "checkpoints" / f"{name}.safetensors")
        assert kept.keys() == expected.keys()
        assert all(torch.equal(kept[key], value) for key, value in expected.items()), name


@pytest.mark.parametrize("kind", [EMA, SWA])
def test_averaging_changes_nothing_in_training(kind, tmp_path):
    project = project_with(kind)
    plain = project.with_plan(replace(project.plan, averaging="none"))
    assert step_series(run(project, tmp_path / "a")) == step_series(run(plain, tmp_path / "b"))


@pytest.mark.parametrize("kind", [EMA, SWA])
@pytest.mark.parametrize("looks", [30, 95])
def test_an_average_goes_on_exactly_from_a_checkpoint(kind, looks, tmp_path):
    project = project_with(kind)
    expected = run(project, tmp_path / "a")
    stopped = run(project, tmp_path / "b", control=StopAfter(looks))
    resumed = run(project, tmp_path / "b", resume=Path(stopped[-1].run))
    assert epochs_of(stopped) + epochs_of(resumed) == epochs_of(expected)
    assert expected[-1].test == resumed[-1].test
    for name in ("last", "best"):
        first, second = (
            load_file(Path(e[-1].run) / "checkpoints" / f"{name}.safetensors") for e in (expected, resumed)
        )
        assert all(torch.equal(first[key], second[key]) for key in first)


def test_looking_at_the_average_leaves_the_weights_where_they_are():
    fit, _ = build(project_with(SWA), None, EPOCHS)
    fit.begin(training=True)
    for epoch in (1, 2):
        for batch in fit.batches(fit.train, training=True):
            fit.train_step(batch)
        fit.end_training()
        if epoch == 1:
            with fit.average.in_place():  # there is none before epoch 2
                pass
            fit.end_epoch({"loss": 1.0}, {})
            fit.begin(training=True)
    before = copy.deepcopy(fit.model.state_dict())
    with torch.no_grad():
        for parameter in fit.model.parameters():
            parameter.add_(1)
    with fit.average.in_place():
        assert torch.equal(fit.model.fc1.weight, before["fc1.weight"])  # the mean of one epoch
        assert not torch.equal(fit.model.norm1.running_mean, before["norm1.running_mean"])  # measured anew
    assert torch.equal(fit.model.fc1.weight, before["fc1.weight"] + 1)
    assert torch.equal(fit.model.norm1.running_mean, before["norm1.running_mean"])
