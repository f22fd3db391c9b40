"""Several losses, objectives and blocks in one run, each against the loop that a person would write: difference 0 on the CPU."""

from __future__ import annotations

import copy
from dataclasses import replace

import pytest
import torch
from torch import nn

from drawings import Drawing
from graph.model import Project
from graph.plan import Choice, Objective
from runtime.training.fit import Fit
from runtime.training.job import build
from trainings import cnn, digits, mlp, plan, with_facts

SGD = Choice("torch.optim.SGD", {"lr": 0.1})
ADAM = Choice("torch.optim.Adam", {"lr": 0.01})


def two_heads() -> Project:
    """A trunk, which is an instance of a block, with two heads that learn the same labels."""
    b = Drawing("Trunk")
    hidden = b.add("nn.Linear", "fc", b.add("op.Input", "x", shape=(64,)), out_features=24)
    b.add("op.Output", "output", b.add("nn.ReLU", "relu1", hidden))
    d = Drawing("Net", plan(), b.as_block())
    d.add("data.Images", "digits", source="builtin:digits", image_size=8)
    label = d.port("digits", "label")
    x = d.add("block.Trunk", "trunk", d.add("nn.Flatten", "flatten", d.port("digits", "image")))
    for name in ("1", "2"):
        d.add("nn.CrossEntropyLoss", f"loss{name}", d.add("nn.Linear", f"head{name}", x, out_features=10), label)
    return with_facts(d.project)


def ids(project: Project) -> dict[str, str]:
    return {node.name: node.id for node in project.graph.nodes.values()}


def with_objectives(project: Project, *objectives: Objective, **changes) -> Project:
    return project.with_plan(replace(project.plan, objectives=objectives, **changes))


class ByHand:
    """The same model with the same weights, in plain PyTorch."""

    def __init__(self, fit: Fit) -> None:
        self.model = copy.deepcopy(fit.model).requires_grad_(True)
        self.trunk, self.head1, self.head2 = self.model.trunk, self.model.head1, self.model.head2

    def losses(self, fit: Fit, batch) -> tuple[torch.Tensor, torch.Tensor]:
        at = {port.name: tensor for port, tensor in zip(fit.ports, batch, strict=True)}
        hidden = torch.relu(self.trunk.fc(at["image"].flatten(1)))
        heads = (self.head1(hidden), self.head2(hidden))
        return tuple(nn.functional.cross_entropy(scores, at["label"]) for scores in heads)


def assert_same(fit: Fit, hand: ByHand, step, count: int = 20) -> None:
    fit.begin(training=True)
    for number, batch in enumerate(list(fit.batches(fit.train, training=True))[:count], start=1):
        fit.train_step(batch)
        step(batch, number)
    for (name, ours), theirs in zip(fit.model.named_parameters(), hand.model.parameters(), strict=True):
        assert torch.equal(ours, theirs), name


def test_losses_are_added_with_their_weights():
    project = two_heads()
    names = ids(project)
    losses = ((names["loss1"], 0.25), (names["loss2"], 2.0))
    fit, _ = build(with_objectives(project, Objective(optimizer=SGD, losses=losses)), None, 1)
    hand = ByHand(fit)
    optimizer = torch.optim.SGD(hand.model.parameters(), lr=0.1)

    def step(batch, number):
        first, second = hand.losses(fit, batch)
        optimizer.zero_grad()
        (0.25 * first + 2.0 * second).backward()
        optimizer.step()

    assert_same(fit, hand, step)


def test_two_objectives_change_a_block_that_both_name_each_with_its_own_optimizer():
    """They take turns in the order of the plan; the second one at every other batch."""
    project = two_heads()
    names = ids(project)
    one = Objective("one", ((names["loss1"], 1.0),), (names["trunk"], names["head1"]), optimizer=SGD)
    two = Objective("two", ((names["loss2"], 1.0),), (names["head2"], names["trunk"]), optimizer=ADAM, every=2)
    fit, _ = build(with_objectives(project, one, two), None, 1)
    hand = ByHand(fit)
    first = torch.optim.SGD([*hand.trunk.parameters(), *hand.head1.parameters()], lr=0.1)
    second = torch.optim.Adam([*hand.trunk.parameters(), *hand.head2.parameters()], lr=0.01)

    def step(batch, number):
        for optimizer, place in ((first, 0), (second, 1)):
            if optimizer is first or number % 2 == 0:
                hand.model.zero_grad()
                hand.losses(fit, batch)[place].backward()
                optimizer.step()

    assert_same(fit, hand, step)


def test_an_objective_leaves_what_it_does_not_name():
    project = two_heads()
    names = ids(project)
    only = Objective(losses=((names["loss1"], 1.0),), parameters=(names["trunk"],), optimizer=SGD)
    fit, _ = build(with_objectives(project, only), None, 1)
    hand = ByHand(fit)
    optimizer = torch.optim.SGD(hand.trunk.parameters(), lr=0.1)

    def step(batch, number):
        optimizer.zero_grad()
        hand.losses(fit, batch)[0].backward()
        optimizer.step()

    assert_same(fit, hand, step)
    assert all(p.grad is None for p in fit.model.head1.parameters())


def test_a_frozen_block_keeps_its_weights_and_gets_no_gradient():
    project = two_heads()
    frozen = (ids(project)["trunk"],)
    fit, _ = build(with_objectives(project, Objective(optimizer=SGD), frozen=frozen), None, 1)
    hand = ByHand(fit)
    optimizer = torch.optim.SGD([*hand.head1.parameters(), *hand.head2.parameters()], lr=0.1)

    def step(batch, number):
        optimizer.zero_grad()
        sum(hand.losses(fit, batch)).backward()
        optimizer.step()

    assert_same(fit, hand, step)
    assert all(p.grad is None for p in fit.model.trunk.parameters())


@pytest.mark.parametrize(("every", "accumulate"), [(3, 2), (2, 4)])
def test_turns_and_groups_of_batches_together(every, accumulate):
    """40 batches an epoch: the last group of an epoch is over with its last turn."""
    objective = Objective(optimizer=SGD, every=every, accumulate=accumulate)
    fit, _ = build(with_objectives(digits(mlp, plan()), objective), None, 2)
    model = copy.deepcopy(fit.model)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    number = updates = 0
    for _ in range(2):
        fit.begin(training=True)
        batches, gathered = list(fit.batches(fit.train, training=True)), 0
        for place, batch in enumerate(batches, start=1):
            fit.train_step(batch)
            number += 1
            if number % every:
                continue
            at = {port.name: tensor for port, tensor in zip(fit.ports, batch, strict=True)}
            (nn.functional.cross_entropy(model(at["image"]), at["label"]) / accumulate).backward()
            gathered += 1
            if gathered == accumulate or place + every > len(batches):
                optimizer.step()
                optimizer.zero_grad()
                gathered, updates = 0, updates + 1
        fit.end_epoch({"loss": 1.0}, {})
    assert updates >= 10
    assert all(torch.equal(a, b) for a, b in zip(fit.model.parameters(), model.parameters(), strict=True))


class Noted:
    """An observer that writes down what it sees."""

    def __init__(self) -> None:
        self.gradients_seen: list[float] = []
        self.weights_seen: list[float] = []

    def gradients(self, learner) -> None:
        self.gradients_seen.append(sum(float(p.grad.abs().sum()) for p in learner.parameters))

    def updated(self, learner) -> None:
        self.weights_seen.append(sum(float(p.detach().abs().sum()) for p in learner.parameters))


@pytest.mark.parametrize("precision", ["float32", "float16"])
@pytest.mark.parametrize("optimizer", [SGD, Choice("torch.optim.LBFGS", {"lr": 0.1, "max_iter": 3})])
def test_an_observed_step_is_the_same_step(optimizer, precision):
    project = with_objectives(digits(cnn, plan()), Objective(optimizer=optimizer, clip="norm", clip_at=0.01))
    project = project.with_plan(replace(project.plan, precision=precision))
    watched, plain, seen = build(project, None, 1)[0], build(project, None, 1)[0], Noted()
    for fit, observer in ((watched, seen), (plain, None)):
        torch.manual_seed(0)  # dropout
        fit.begin(training=True)
        for batch in list(fit.batches(fit.train, training=True))[:6]:
            fit.train_step(batch, observer)
    assert all(torch.equal(a, b) for a, b in zip(watched.model.parameters(), plain.model.parameters(), strict=True))
    assert len(seen.gradients_seen) == len(seen.weights_seen) == 6 and len(set(seen.weights_seen)) > 1
    assert min(seen.gradients_seen) > 1.0  # neither clipped nor scaled
    assert max(seen.gradients_seen) < 1000.0


def test_rates_have_the_names_of_their_objectives_and_can_be_set():
    project = with_objectives(two_heads(), Objective("a", optimizer=SGD), Objective("b", optimizer=ADAM, warmup=4))
    fit, _ = build(project, None, 1)
    assert fit.rates == {"a": 0.1, "b": 0.0025}
    fit.set_rate("b", 0.01)  # a quarter of what it goes to
    fit.begin(training=True)
    rates = []
    for batch in list(fit.batches(fit.train, training=True))[:5]:
        rates.append(fit.rates["b"])
        fit.train_step(batch)
    assert rates == pytest.approx([0.01, 0.02, 0.03, 0.04, 0.04]) and fit.rates["a"] == 0.1
