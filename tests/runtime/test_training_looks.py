"""Training that only looks: learning one batch by heart, and trying learning rates."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from graph.plan import STEP, Choice, Objective
from plain_loops import plain_mlp
from runtime.data import prepare
from runtime.events import (
    OVERFIT,
    RANGE,
    Event,
    Finished,
    Overfitted,
    Paused,
    RangeTested,
    Refused,
    Resumed,
    StepsEnded,
    Stopped,
)
from runtime.session import Control, Save
from runtime.training.job import build
from runtime.training.loop import train
from runtime.training.overfit import MAX_SAMPLES, SHARE
from runtime.training.range_test import HIGHEST, LOWEST, STEPS, WINDOW, has_diverged, range_test, steepest
from trainings import arrays, cnn, digits, mlp, plan, run

SGD = Choice("torch.optim.SGD", {"lr": 0.1})


def project_with(network=mlp, optimizer=SGD, **of_objective):
    project = digits(network, plan())
    return project.with_plan(replace(project.plan, objectives=(Objective(optimizer=optimizer, **of_objective),)))


def only(kind: type, events: list[Event]):
    (event,) = [event for event in events if isinstance(event, kind)]
    return event


# ---- one batch by heart


@pytest.mark.parametrize("network", [mlp, cnn])
def test_a_network_that_is_right_learns_a_batch_by_heart(network, tmp_path):
    held_back = {"l2": 1.0, "warmup": 10_000, "every": 3, "accumulate": 4}
    events = run(project_with(network, **held_back), tmp_path, mode=OVERFIT)
    found = only(Overfitted, events)
    assert found.passed and found.last_loss <= SHARE * found.first_loss
    assert found.first_loss == pytest.approx(math.log(10), abs=0.5)
    assert isinstance(events[-1], Finished) and [e for e in events if isinstance(e, StepsEnded)]
    assert not list(tmp_path.iterdir())  # it leaves no run behind


def test_a_network_that_cannot_learn_is_told_so(tmp_path):
    found = only(
        Overfitted, run(project_with(optimizer=Choice("torch.optim.SGD", {"lr": 0.0})), tmp_path, mode=OVERFIT)
    )
    assert not found.passed and found.last_loss == found.first_loss
    assert "Try another learning rate" in str(found.message)
    found = only(
        Overfitted, run(project_with(optimizer=Choice("torch.optim.SGD", {"lr": 1e12})), tmp_path, mode=OVERFIT)
    )
    assert not found.passed and "Lower the learning rate" in str(found.message)


def test_the_batch_is_drawn_from_all_of_the_training_part(tmp_path):
    """Samples that lie in order of their classes would be learned without looking at them."""
    x = np.random.default_rng(0).normal(size=(400, 4)).astype("float32")
    y = np.repeat(np.arange(4), 100)

    def network(d, x):
        return d.add("nn.Linear", "fc1", x, out_features=4)

    project = arrays(
        tmp_path, x, y, plan(split=replace(plan().split, method="ordered")), network, "nn.CrossEntropyLoss"
    )
    fit, _ = build(project, tmp_path, 1)
    from runtime.training import overfit

    seen = []
    step = overfit.Fit.train_step
    try:
        overfit.Fit.train_step = lambda self, batch, *more: (seen.append(batch), step(self, batch, *more))[1]
        list(overfit.overfit_one_batch(fit, Control()))
    finally:
        overfit.Fit.train_step = step
    labels = next(tensor for tensor in seen[0] if not tensor.is_floating_point())
    assert len(labels) == MAX_SAMPLES and len(labels.unique()) > 1
    assert all(torch.equal(a, b) for batch in seen for a, b in zip(batch, seen[0], strict=True))


@pytest.mark.parametrize("is_paused", [False, True])
@pytest.mark.parametrize("mode", [OVERFIT, RANGE])
def test_a_look_that_is_to_stop_after_the_epoch_ends_at_once(mode, is_paused, tmp_path):
    """It has no epochs."""
    control = Control()
    if is_paused:
        control.pause()
    events = train(project_with(), folder=tmp_path, runs=tmp_path, mode=mode, control=control)
    next(event for event in events if isinstance(event, Paused if is_paused else StepsEnded))
    control.stop(after_epoch=True)
    rest = list(events)
    assert isinstance(rest[-1], Stopped) and not any(isinstance(event, StepsEnded) for event in rest)


@pytest.mark.parametrize("mode", [OVERFIT, RANGE])
def test_a_look_waits_and_ends_between_two_steps(mode, tmp_path):
    """Whatever else is wished of it is refused with a sentence."""
    control = Control()
    control.pause()
    events = train(project_with(), folder=tmp_path, runs=tmp_path, mode=mode, control=control)
    assert isinstance(next(event for event in events if isinstance(event, Paused | StepsEnded)), Paused)
    control.wish(Save())
    assert isinstance(next(events), Refused)
    control.resume()
    assert isinstance(next(events), Resumed)
    first = next(events)
    assert isinstance(first, StepsEnded)
    control.stop()
    rest = list(events)
    assert isinstance(rest[-1], Stopped) and not any(isinstance(event, StepsEnded) for event in rest)
    assert mode == OVERFIT or rest[-1].step == first.step  # the other one counts on its own


# ---- learning rates


def by_hand(project) -> tuple[list[float], list[float]]:
    """Rates and smoothed losses of a loop over shuffled batches."""
    x, y = prepare(project).train.tensors.values()
    model = plain_mlp()
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    generator, rates, losses = torch.Generator().manual_seed(3), [], []
    while len(losses) < STEPS:
        for rows in torch.randperm(len(x), generator=generator).split(32)[: STEPS - len(losses)]:
            rates.append(LOWEST * (HIGHEST / LOWEST) ** (len(rates) / (STEPS - 1)))
            optimizer.param_groups[0]["lr"] = rates[-1]
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(x[rows]), y[rows])
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    means = [sum(losses[i - 6 : i + 7]) / 13 for i in range(6, STEPS - 6)]
    return rates[6:-6], means


@pytest.mark.parametrize("every", [1, 2])
def test_the_range_test_is_that_of_a_plain_loop(every, tmp_path):
    """Neither a schedule nor a warm-up nor the turns of an objective matter."""
    scheduler = Choice("torch.optim.lr_scheduler.StepLR", {"step_size": 1, "gamma": 0.1})
    project = project_with(every=every, scheduler=scheduler, schedule_by=STEP, warmup=50)
    events = run(project, tmp_path, mode=RANGE)
    found = only(RangeTested, events)
    rates, losses = by_hand(project)
    assert list(found.rates) == rates and list(found.losses) == pytest.approx(losses, rel=1e-12)
    assert WINDOW == 13
    assert found.objective == "main" and isinstance(events[-1], Finished) and not list(tmp_path.iterdir())
    assert found.proposed is not None and 1e-4 < found.proposed < 1.0


@pytest.mark.parametrize("name", ["SGD", "Adam", "RMSprop", "Adagrad"])
@pytest.mark.parametrize("network", [mlp, cnn])
def test_training_at_the_rate_that_is_proposed_works(network, name, tmp_path):
    """Two epochs at it are enough; the best of all rates give about 0.95."""
    choice = Choice(f"torch.optim.{name}")
    rate = only(RangeTested, run(project_with(network, choice), tmp_path, mode=RANGE)).proposed
    project = project_with(network, Choice(choice.type, {"lr": rate}))
    assert run(project, tmp_path, epochs=2)[-1].test["accuracy"] > 0.85, rate


def test_a_range_test_that_diverges_ends_there():
    wild = Choice("torch.optim.SGD", {"momentum": 0.99})
    fit, _ = build(project_with(optimizer=wild), None, 1)
    *_, found = range_test(fit, Control())
    assert 20 < len(found.rates) < STEPS - WINDOW + 1
    assert all(math.isfinite(loss) for loss in found.losses) and found.proposed < found.rates[-1]


def test_where_a_loss_has_diverged():
    assert not has_diverged([1.0] * 5) and not has_diverged([1.0] * 40)
    assert not has_diverged([1.0] * 20 + [30.0]) and has_diverged([1.0] * 20 + [30.0] * 2)


def test_the_rate_is_where_the_loss_falls_most_steeply():
    rates = [10 ** (-7 + i / 10) for i in range(80)]
    falling = [1 / (1 + math.exp((i - 50) / 3)) + 0.1 for i in range(80)]
    assert steepest(rates, falling) == pytest.approx(rates[50])
    assert steepest(rates, [2.0] * 80) is None
    assert steepest(rates, [2.0 + i / 10 for i in range(80)]) is None
    assert steepest([], []) is None
    below_zero = [loss - 5.0 for loss in falling]  # as losses of likelihoods may be
    assert steepest(rates, below_zero) == pytest.approx(rates[50])


def test_a_loss_below_zero_diverges_where_it_rises_far_above_its_best():
    falling = [-float(n) for n in range(60)]
    assert not any(has_diverged(falling[:n]) for n in range(1, 61))
    assert has_diverged([*falling, *(1000.0 * n for n in range(20))])
    assert not has_diverged([2.0] * 40) and has_diverged([2.0] * 20 + [9.0] * 20)
