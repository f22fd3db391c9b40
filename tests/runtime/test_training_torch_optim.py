"""Every optimizer and schedule of `torch.optim`: 50 steps of a run are those of plain PyTorch, and go on from a checkpoint."""

from __future__ import annotations

import io
import random
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch
from torch import nn

from graph.catalog.optimizers import OPTIMIZERS, SCHEDULERS
from graph.messages import RunError
from graph.model import Project
from graph.plan import STEP, Choice, Objective
from plain_loops import arguments_of, by_hand, plain_mlp, with_closures
from runtime.events import Finished
from runtime.training.fit import Fit
from runtime.training.job import build
from runtime.training.optimizers import Length, build_optimizer, build_scheduler
from runtime.training.rates import Rates
from trainings import arrays, digits, mlp, plan, run

STEPS = 50
LBFGS, MUON, SPARSE = (f"torch.optim.{name}" for name in ("LBFGS", "Muon", "SparseAdam"))
SETTINGS = {LBFGS: {"lr": 0.1, "max_iter": 3, "history_size": 5}}  # the defaults take 20 times as long
DENSE = [type_id for type_id in OPTIMIZERS if type_id != SPARSE]
MOVING = [type_id for type_id in SCHEDULERS if type_id != "constant"]


@cache
def digits_project() -> Project:
    return digits(mlp, plan())


def with_objective(project: Project, **changes) -> Project:
    return project.with_plan(replace(project.plan, objectives=(replace(Objective(), **changes),)))


def choice_of(type_id: str) -> Choice:
    return Choice(type_id, SETTINGS.get(type_id, {}))


def steps(fit: Fit, count: int) -> list[float]:
    """The losses of so many steps, over the ends of epochs."""
    losses = []
    fit.begin(training=True)
    while len(losses) < count:
        for batch in fit.batches(fit.train, training=True):
            losses.append(fit.train_step(batch)[0].loss.item())
            if len(losses) == count:
                return losses
        fit.end_training()
        fit.end_epoch({"loss": losses[-1]}, {"loss": losses[-1]})
        fit.begin(training=True)
    return losses


def reopened(fit: Fit) -> Fit:
    """Another fit that goes on from what this one would write to the disk."""
    buffer = io.BytesIO()
    torch.save({**fit.state_dict(), "weights": fit.model.state_dict()}, buffer)
    buffer.seek(0)
    other = fit.from_the_start()
    other.load_state_dict(torch.load(buffer, weights_only=True))
    return other


# ---- optimizers


def made_by_hand(choice: Choice, model: nn.Module) -> list[torch.optim.Optimizer]:
    arguments = arguments_of(choice, OPTIMIZERS)
    if choice.type != MUON:
        return [getattr(torch.optim, choice.type.rpartition(".")[2])(model.parameters(), **arguments)]
    matrices = [p for p in model.parameters() if p.dim() == 2]
    others = [p for p in model.parameters() if p.dim() != 2]
    beside = torch.optim.AdamW(others, lr=arguments["lr"], weight_decay=arguments["weight_decay"])
    return [torch.optim.Muon(matrices, **arguments), beside]


@pytest.mark.parametrize("type_id", DENSE)
def test_fifty_steps_of_every_optimizer_are_those_of_pytorch(type_id):
    project, choice = digits_project(), choice_of(type_id)
    fit, _ = build(with_objective(project, optimizer=choice), None, 2)
    found = steps(fit, STEPS)
    assert found == with_closures(project, lambda model: made_by_hand(choice, model), steps=STEPS)
    assert len(set(found)) > STEPS / 2


@pytest.mark.parametrize("type_id", DENSE)
def test_every_optimizer_goes_on_from_a_checkpoint(type_id):
    project = with_objective(digits_project(), optimizer=choice_of(type_id), warmup=12)
    expected = steps(build(project, None, 1)[0], 20)
    fit, _ = build(project, None, 1)
    assert steps(fit, 9) + steps(reopened(fit), 11) == expected


def test_weight_decay_that_an_optimizer_does_not_have_is_no_obstacle():
    for type_id in (LBFGS, "torch.optim.Rprop"):
        project = with_objective(digits_project(), optimizer=choice_of(type_id), decay_all=False)
        alike = with_objective(digits_project(), optimizer=choice_of(type_id))
        assert steps(build(project, None, 1)[0], 3) == steps(build(alike, None, 1)[0], 3)


def test_the_line_search_of_lbfgs_sees_the_penalties():
    choice = Choice(LBFGS, {"max_iter": 5, "line_search_fn": "strong_wolfe"})
    project = with_objective(digits_project(), optimizer=choice, l2=0.5)
    fit, _ = build(project, None, 1)
    batch = fit.train.head(64, ports=fit.ports)
    fit.begin(training=True)
    x, y = (batch[fit.ports.index(port)] for port in fit.train.ports)
    model = plain_mlp()
    plain = torch.optim.LBFGS(model.parameters(), **arguments_of(choice, OPTIMIZERS))

    def closure():
        plain.zero_grad()
        loss = nn.functional.cross_entropy(model(x), y)
        total = loss + sum(p.square().sum() * (0.5 / 2) for p in model.parameters())
        total.backward()
        return total

    for _ in range(4):
        fit.train_step(batch)
        plain.step(closure)
    assert all(torch.equal(a, b) for a, b in zip(fit.model.parameters(), model.parameters(), strict=True))


def words(tmp_path, **of_objective) -> Project:
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 30, (200, 4)), rng.integers(0, 3, 200)

    def network(d, x):
        x = d.add("nn.Embedding", "embedding1", x, num_embeddings=30, embedding_dim=6)
        return d.add("nn.Linear", "fc1", d.add("nn.Flatten", "flatten", x), out_features=3)

    project = arrays(tmp_path, x, y, plan(), network, "nn.CrossEntropyLoss")
    ids = {node.name: node.id for node in project.graph.nodes.values()}
    names = of_objective.pop("names", ())
    return with_objective(project, parameters=tuple(ids[name] for name in names), **of_objective)


def plain_words(*, sparse: bool) -> nn.Sequential:
    torch.manual_seed(3)
    return nn.Sequential(nn.Embedding(30, 6, sparse=sparse), nn.Flatten(), nn.Linear(24, 3))


def assert_words(project: Project, folder, model: nn.Module, optimizer: torch.optim.Optimizer) -> None:
    fit, prepared = build(project, folder, 1)
    x, y = prepared.train.tensors.values()
    fit.begin(training=True)
    for i in range(STEPS):
        rows = slice(i % 7 * 16, i % 7 * 16 + 16)
        at = dict(zip(fit.train.ports, (x[rows], y[rows]), strict=True))
        fit.train_step(tuple(at[port] for port in fit.ports))
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x[rows]), y[rows]).backward()
        optimizer.step()
    assert all(torch.equal(a, b) for a, b in zip(fit.model.parameters(), model.parameters(), strict=True))


def test_sparse_adam_trains_embeddings(tmp_path):
    project = words(tmp_path, optimizer=Choice(SPARSE, {"lr": 0.01}), names=("embedding1",))
    model = plain_words(sparse=True)
    assert_words(project, tmp_path, model, torch.optim.SparseAdam(model[0].parameters(), lr=0.01))


def test_sparse_adam_goes_on_from_a_checkpoint_and_trains_nothing_else(tmp_path):
    project = words(tmp_path, optimizer=Choice(SPARSE, {"lr": 0.01}), names=("embedding1",), accumulate=2)
    expected = steps(build(project, tmp_path, 3)[0], 12)
    fit, _ = build(project, tmp_path, 3)
    assert steps(fit, 4) + steps(reopened(fit), 8) == expected
    with pytest.raises(RunError, match="SparseAdam trains Embedding"):
        build(words(tmp_path, optimizer=Choice(SPARSE)), tmp_path, 1)
    events = run(project, tmp_path / "runs", folder=tmp_path)
    assert isinstance(events[-1], Finished), events[-1]


def test_muon_leaves_embeddings_to_adamw(tmp_path):
    project, model = words(tmp_path, optimizer=Choice(MUON)), plain_words(sparse=False)
    optimizer = build_optimizer(Choice(MUON), model.parameters(), embeddings={id(model[0].weight)})
    muon, _ = optimizer._parts
    assert [p.shape for p in muon.param_groups[0]["params"]] == [(3, 24)]
    assert_words(project, tmp_path, model, optimizer)
    with pytest.raises(RunError, match="has none"):
        build(words(tmp_path, optimizer=Choice(MUON), names=("embedding1",)), tmp_path, 1)


def test_two_objectives_share_a_model_where_one_has_sparse_gradients(tmp_path):
    project = words(tmp_path, optimizer=Choice(SPARSE), names=("embedding1",))
    others = Objective(name="others", optimizer=Choice("torch.optim.Adam"))
    project = project.with_plan(replace(project.plan, objectives=(*project.plan.objectives, others)))
    events = run(project, tmp_path / "runs", folder=tmp_path)
    assert isinstance(events[-1], Finished), events[-1]


# ---- schedules


def params_of(type_id: str) -> dict:
    params = {"cycle_momentum": False} if SCHEDULERS[type_id].param("cycle_momentum") else {}
    return {**params, **({"T_max": 20} if type_id.endswith(".CosineAnnealingLR") else {})}


def plain_schedule(choice: Choice, optimizer: torch.optim.Optimizer, length: int):
    name, arguments = choice.type.rpartition(".")[2], arguments_of(choice, SCHEDULERS)
    kinds = torch.optim.lr_scheduler
    if name == "SequentialLR":
        parts = [kinds.LinearLR(optimizer, total_iters=5), kinds.CosineAnnealingLR(optimizer, T_max=length - 5)]
        return kinds.SequentialLR(optimizer, parts, [5])
    if name == "ChainedScheduler":
        return kinds.ChainedScheduler(
            [kinds.LinearLR(optimizer, total_iters=5), kinds.ExponentialLR(optimizer, gamma=0.95)], optimizer
        )
    if name == "OneCycleLR":
        arguments["total_steps"] = length + 1
    if "lr_lambda" in arguments:
        arguments["lr_lambda"] = {"LambdaLR": lambda epoch: 0.95**epoch, "MultiplicativeLR": lambda epoch: 0.95}[name]
    return getattr(torch.optim.lr_scheduler, name)(optimizer, **arguments)


@pytest.mark.parametrize("type_id", MOVING)
def test_fifty_steps_under_every_schedule_are_those_of_pytorch(type_id):
    """40 batches are an epoch: what goes by the watched figure moves once, at its end."""
    choice, made = Choice(type_id, params_of(type_id)), []
    sgd = Choice("torch.optim.SGD", {"lr": 0.1})
    project = with_objective(digits_project(), optimizer=sgd, scheduler=choice, schedule_by=STEP, warmup=10)
    fit, _ = build(project, None, 2)
    found = steps(fit, STEPS)

    def step(model, loss, number, is_last):
        if not made:
            made.append(torch.optim.SGD(model.parameters(), lr=0.1))
            made.append(plain_schedule(choice, made[0], 80))
        optimizer, scheduler = made
        optimizer.zero_grad()
        loss.backward()
        scheduled = optimizer.param_groups[0]["lr"]
        optimizer.param_groups[0]["lr"] = scheduled * min(1.0, number / 10)
        optimizer.step()
        optimizer.param_groups[0]["lr"] = scheduled
        if not type_id.endswith("ReduceLROnPlateau"):
            scheduler.step()
        elif is_last:
            scheduler.step(loss.item())

    assert found == by_hand(digits_project(), step)[1][:STEPS]


@pytest.mark.parametrize("type_id", MOVING)
def test_fifty_rates_of_every_schedule_are_those_of_pytorch(type_id):
    choice = Choice(type_id, params_of(type_id))
    ours, theirs = (torch.optim.SGD([nn.Parameter(torch.ones(2))], lr=0.1) for _ in range(2))
    rates = Rates(ours, build_scheduler(choice, ours, Length(STEPS, 1)), 0)
    plain = plain_schedule(choice, theirs, STEPS)
    found, expected = [], []
    for step in range(STEPS):
        figure = 1.0 if step > 5 else 2.0 - step / 10
        found.append(rates.current)
        expected.append(theirs.param_groups[0]["lr"])
        ours.step()
        theirs.step()
        rates.advance(figure)
        plain.step(*([figure] if type_id.endswith("ReduceLROnPlateau") else []))
    assert found == expected and len(set(found)) > 1


@pytest.mark.parametrize("type_id", MOVING)
def test_every_schedule_goes_on_from_a_checkpoint(type_id):
    choice = Choice(type_id, params_of(type_id))
    project = with_objective(digits_project(), scheduler=choice, schedule_by=STEP)
    fit, _ = build(project, None, 2)
    steps(fit, 45)
    other = reopened(fit)
    for _ in range(6):
        assert other.rates == fit.rates
        assert steps(fit, 1) == steps(other, 1)


def test_the_length_of_a_run_in_steps_is_the_number_of_steps_that_it_takes():
    rng = random.Random(0)
    for _ in range(200):
        length = Length(rng.randint(1, 5), rng.randint(1, 9), rng.randint(1, 11), rng.randint(1, 4))
        taken = gathered = 0
        for batch in range(1, length.epochs * length.batches_per_epoch + 1):
            if batch % length.every == 0:
                gathered += 1
                place = (batch - 1) % length.batches_per_epoch + 1
                if gathered == length.accumulate or place + length.every > length.batches_per_epoch:
                    taken, gathered = taken + 1, 0
        assert length.units(STEP) == taken, length


def test_one_cycle_ends_with_the_run_where_several_batches_make_a_step():
    choice = Choice("torch.optim.lr_scheduler.OneCycleLR", {"max_lr": 0.1})
    project = with_objective(digits_project(), scheduler=choice, schedule_by=STEP, every=3, accumulate=4)
    fit, _ = build(project, None, 2)
    for _ in range(2):
        fit.begin(training=True)
        for batch in fit.batches(fit.train, training=True):
            fit.train_step(batch)
        fit.end_epoch({"loss": 1.0}, {})
    assert fit.learning_rate == pytest.approx(0.1 / 25 / 1e4)


def test_a_rate_set_by_hand_goes_on_with_its_schedule():
    optimizer = torch.optim.SGD([nn.Parameter(torch.ones(2))], lr=0.1)
    choice = Choice("torch.optim.lr_scheduler.StepLR", {"step_size": 2, "gamma": 0.5})
    rates = Rates(optimizer, build_scheduler(choice, optimizer, Length(8, 1)), 0)
    found = []
    for step in range(6):
        if step == 3:
            rates.set(0.2)
        found.append(round(rates.current, 12))
        optimizer.step()
        rates.advance()
    assert found == [0.1, 0.1, 0.05, 0.2, 0.1, 0.1]
