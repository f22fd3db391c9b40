"""What an objective and a plan say of training, each against the loop that a person would write: difference 0 on the CPU."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from graph.plan import BY_NORM, BY_VALUE, EMA, STEP, SWA, WHOLE, Choice, Objective, Plan, Split
from plain_loops import by_hand
from runtime.data import prepare
from runtime.events import EpochEnded, Failed, Finished
from runtime.training.job import build
from trainings import cnn, digits, epochs_of, mlp, run, step_series

ADAM = Choice("torch.optim.Adam", {"lr": 0.003})
SGD = Choice("torch.optim.SGD", {"lr": 0.05, "momentum": 0.9})


def plan(*, epochs: int = 2, batch_size: int = 32, **of_objective) -> Plan:
    objective = Objective(**{"optimizer": ADAM, **of_objective})
    return Plan(objectives=(objective,), epochs=epochs, batch_size=batch_size, device="cpu", seed=3)


def assert_same(project, step: Callable, tmp_path, **how) -> None:
    _, expected = by_hand(project, step, **how)
    events = run(project, tmp_path)
    assert isinstance(events[-1], Finished), events[-1]
    assert step_series(events) == expected


class Plain:
    """Zero, backward, step with Adam; `before_step(model)` is called between the last two."""

    def __init__(
        self,
        before_step: Callable = lambda model: None,
        extra: Callable[[nn.Module], Tensor | float] = lambda model: 0.0,
    ) -> None:
        self.optimizer, self.before_step, self.extra = None, before_step, extra

    def __call__(self, model, loss, number, is_last) -> None:
        self.optimizer = self.optimizer or torch.optim.Adam(model.parameters(), lr=0.003)
        self.optimizer.zero_grad()
        (loss + self.extra(model)).backward()
        self.before_step(model)
        self.optimizer.step()


def test_gradients_are_clipped_by_their_norm(tmp_path):
    project = digits(mlp, plan(clip=BY_NORM, clip_at=0.5))
    assert_same(project, Plain(lambda m: nn.utils.clip_grad_norm_(m.parameters(), 0.5)), tmp_path)


def test_gradients_are_clipped_by_value(tmp_path):
    project = digits(mlp, plan(clip=BY_VALUE, clip_at=0.01))
    assert_same(project, Plain(lambda m: nn.utils.clip_grad_value_(m.parameters(), 0.01)), tmp_path)


def test_penalties_are_added_for_the_gradients(tmp_path):
    l1 = Plain(extra=lambda m: sum(p.abs().sum() * 1e-3 for p in m.parameters()))
    assert_same(digits(mlp, plan(l1=1e-3)), l1, tmp_path / "l1")
    l2 = Plain(extra=lambda m: sum(p.square().sum() * (1e-2 / 2) for p in m.parameters()))
    assert_same(digits(mlp, plan(l2=1e-2)), l2, tmp_path / "l2")


def test_penalties_may_leave_biases_alone(tmp_path):
    spared = Plain(extra=lambda m: sum(p.square().sum() * (1e-2 / 2) for p in m.parameters() if p.dim() > 1))
    assert_same(digits(mlp, plan(l2=1e-2, decay_all=False)), spared, tmp_path)


def test_weight_decay_may_leave_biases_alone(tmp_path):
    groups = []

    def step(model, loss, number, is_last):
        if not groups:
            decayed, rest = (
                [p for p in model.parameters() if p.dim() > 1],
                [p for p in model.parameters() if p.dim() < 2],
            )
            groups.append(
                torch.optim.AdamW(
                    [{"params": decayed}, {"params": rest, "weight_decay": 0.0}], lr=0.003, weight_decay=0.1
                )
            )
        groups[0].zero_grad()
        loss.backward()
        groups[0].step()

    chosen = Choice("torch.optim.AdamW", {"lr": 0.003, "weight_decay": 0.1})
    assert_same(digits(mlp, plan(optimizer=chosen, decay_all=False)), step, tmp_path)


def test_gradients_of_several_batches_make_one_step(tmp_path):
    made = []

    def step(model, loss, number, is_last):
        if not made:
            made.extend((torch.optim.Adam(model.parameters(), lr=0.003), 0))
        (loss / 3).backward()
        made[1] += 1
        if made[1] == 3 or is_last:  # 40 batches: the last group of an epoch has one
            made[0].step()
            made[0].zero_grad()
            made[1] = 0

    assert_same(digits(mlp, plan(accumulate=3)), step, tmp_path)


def test_the_learning_rate_warms_up(tmp_path):
    made = []

    def step(model, loss, number, is_last):
        if not made:
            made.append(torch.optim.Adam(model.parameters(), lr=0.003))
            made.append(torch.optim.lr_scheduler.ExponentialLR(made[0], 0.99))
        optimizer, scheduler = made
        optimizer.zero_grad()
        loss.backward()
        scheduled = optimizer.param_groups[0]["lr"]
        optimizer.param_groups[0]["lr"] = scheduled * min(1.0, number / 25)
        optimizer.step()
        optimizer.param_groups[0]["lr"] = scheduled
        scheduler.step()

    chosen = Choice("torch.optim.lr_scheduler.ExponentialLR", {"gamma": 0.99})
    assert_same(digits(mlp, plan(warmup=25, scheduler=chosen, schedule_by=STEP)), step, tmp_path)


@pytest.mark.parametrize(("batch_size", "epochs"), [(WHOLE, 5), (1, 1)])
def test_batch_gradient_descent_and_pure_sgd(batch_size, epochs, tmp_path):
    made = []

    def step(model, loss, number, is_last):
        made.append(made[-1] if made else torch.optim.SGD(model.parameters(), lr=0.01))
        made[-1].zero_grad()
        loss.backward()
        made[-1].step()

    project = digits(mlp, plan(optimizer=Choice("torch.optim.SGD"), epochs=epochs, batch_size=batch_size))
    if batch_size == 1:
        project = project.with_plan(replace(project.plan, split=Split(0.1, 0.1, 0.8)))
    assert_same(project, step, tmp_path, epochs=epochs, batch_size=batch_size)


def test_an_objective_may_step_at_every_other_batch(tmp_path):
    made = []

    def step(model, loss, number, is_last):
        if not made:
            made.append(torch.optim.Adam(model.parameters(), lr=0.003))
        if number % 2 == 0:
            made[0].zero_grad()
            loss.backward()
            made[0].step()

    project = digits(mlp, plan(every=2))
    _, expected = by_hand(project, step)
    assert step_series(run(project, tmp_path))[1::2] == expected[1::2]


def test_frozen_layers_stay_as_they_are(tmp_path):
    project = digits(cnn, plan())
    names = {node.name: node.id for node in project.graph.nodes.values()}
    project = project.with_plan(replace(project.plan, frozen=(names["conv1"], names["norm1"])))
    fit, _ = build(project, None, 2)
    before = {name: tensor.clone() for name, tensor in fit.model.state_dict().items()}
    fit.begin(training=True)
    for batch in fit.batches(fit.train, training=True):
        fit.train_step(batch)
    after = fit.model.state_dict()
    still = {name for name in before if torch.equal(before[name], after[name])}
    assert still == {name for name in before if name.startswith(("conv1", "norm1"))}


def test_nothing_but_frozen_layers_is_a_sentence(tmp_path):
    project = digits(mlp, plan())
    learning = tuple(n.id for n in project.graph.nodes.values() if n.name.startswith("fc"))
    (failed,) = run(project.with_plan(replace(project.plan, frozen=learning)), tmp_path)
    assert isinstance(failed, Failed) and "is frozen" in str(failed.message)


@pytest.mark.parametrize("kind", [EMA, SWA])
def test_averaged_weights(kind, tmp_path):
    """Validation, test and what is kept are of the average; training goes on with the weights themselves."""
    project = digits(mlp, plan(epochs=3))
    project = project.with_plan(replace(project.plan, averaging=kind, averaging_decay=0.9, averaging_start=2))
    averages, weights = [], []

    def step(model, loss, number, is_last):
        Plain.__call__(stepper, model, loss, number, is_last)
        now = [p.detach().clone() for p in model.parameters()]
        if kind == EMA:
            averages[:] = [a.lerp(p, 0.1) for a, p in zip(averages, now, strict=True)]
        elif is_last:
            weights.append(now)

    stepper = Plain()
    torch.manual_seed(3)
    averages.extend(
        p.detach().clone()
        for p in nn.Sequential(nn.Flatten(), nn.Linear(64, 48), nn.ReLU(), nn.Linear(48, 10)).parameters()
    )
    model, losses = by_hand(project, step, epochs=3)
    events = run(project, tmp_path)
    assert step_series(events) == losses
    if kind == SWA:
        averages[:] = weights[1]
        averages[:] = [a + (p - a) / 2 for a, p in zip(averages, weights[2], strict=True)]
    with torch.no_grad():
        for parameter, average in zip(model.parameters(), averages, strict=True):
            parameter.copy_(average)
        x, y = prepare(project).validation.tensors.values()
        parts = [
            (nn.functional.cross_entropy(model(a), b).item(), len(a))
            for a, b in zip(x.split(32), y.split(32), strict=True)
        ]
    expected = sum(loss * n for loss, n in parts) / sum(n for _, n in parts)
    assert epochs_of(events)[-1].validation["loss"] == pytest.approx(expected, rel=1e-12)


def test_training_ends_early_where_nothing_gets_better(tmp_path):
    project = digits(mlp, plan(epochs=60, optimizer=Choice("torch.optim.Adam", {"lr": 0.05})))
    project = project.with_plan(replace(project.plan, patience=3, monitor="accuracy"))
    events = run(project, tmp_path)
    figures = [event.validation["accuracy"] for event in events if isinstance(event, EpochEnded)]
    assert isinstance(events[-1], Finished) and events[-1].early and len(figures) < 60
    best = figures.index(max(figures))
    assert len(figures) == best + 1 + 3
    assert [e.best for e in epochs_of(events)] == [v > max(figures[:i], default=-1) for i, v in enumerate(figures)]


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_other_numbers_train_nearly_as_well(precision, tmp_path):
    exact, project = digits(mlp, plan()), digits(mlp, plan())
    events = run(project.with_plan(replace(project.plan, precision=precision)), tmp_path / "a")
    assert isinstance(events[-1], Finished), events[-1]
    losses, expected = step_series(events), step_series(run(exact, tmp_path / "b"))
    assert losses != expected and losses[-1] == pytest.approx(expected[-1], abs=0.1)
