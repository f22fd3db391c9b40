"""Recorded steps are the ordinary steps to the bit, or are not used."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import nn

from graph.plan import BY_NORM, Choice, Objective
from recorded_networks import PROJECTS
from runtime.training import replay
from runtime.training.fit import Fit
from runtime.training.job import build
from runtime.training.recorded import Unrecordable, ordinary, record_step
from runtime.training.replay import Replayed
from trainings import cnn, digits, mlp, plan

STEPS = 70
NEVER = 10**9


@pytest.fixture(autouse=True)
def whatever_it_gains(monkeypatch):
    """Which way is faster is a matter of the machine; tests take the recording wherever it is right."""
    monkeypatch.setattr(replay, "GAIN", 0.0)
    monkeypatch.setattr(replay, "START", 4)


def trained(
    project, folder, monkeypatch, *, start: int = 4, steps: int = STEPS
) -> tuple[Fit, list[torch.Tensor], set[int]]:
    """A fit after so many steps, the losses, and the numbers of the steps that were made by a recording."""
    monkeypatch.setattr(replay, "START", start)
    fit, _ = build(project, folder, 100)
    losses, recorded = [], set()
    while len(losses) < steps:
        fit.begin(training=True)
        for batch in fit.batches(fit.train, training=True):
            outcomes = fit.train_step(batch)
            losses.append(torch.stack([torch.zeros(()), *(o.loss.detach() for o in outcomes if o is not None)]))
            if all(learner.is_recorded for learner in fit.learners):
                recorded.add(fit.step)
            if len(losses) == steps:
                break
        else:
            fit.end_epoch({"loss": 1.0}, {})
    return fit, losses, recorded


def assert_same(first: Fit, second: Fit) -> None:
    weights, others = first.model.state_dict(), second.model.state_dict()
    assert all(torch.equal(weights[name], others[name]) for name in weights)
    states = [[learner.state_dict()["optimizer"]["state"] for learner in fit.learners] for fit in (first, second)]
    for state, other in zip(*states, strict=True):
        assert state.keys() == other.keys() and state
        assert all(torch.equal(state[i][key], other[i][key]) for i in state for key in state[i])


def assert_recorded_like_ordinary(project, folder, monkeypatch, *, at_least: int = 50, steps: int = STEPS) -> None:
    fit, losses, recorded = trained(project, folder, monkeypatch, steps=steps)
    random = torch.get_rng_state()
    plain, expected, none = trained(project, folder, monkeypatch, start=NEVER, steps=steps)
    assert len(recorded) >= at_least and not none
    assert all(map(torch.equal, losses, expected))
    assert torch.equal(random, torch.get_rng_state())
    assert_same(fit, plain)


@pytest.mark.parametrize("name", PROJECTS)
def test_recorded_steps_are_the_ordinary_ones(name, tmp_path, monkeypatch):
    assert_recorded_like_ordinary(PROJECTS[name](tmp_path), tmp_path, monkeypatch)


OBJECTIVES = {
    "gradients of two batches": Objective(accumulate=2),
    "clipped by the norm": Objective(clip=BY_NORM, clip_at=0.5),
    "penalties": Objective(l1=1e-4, l2=1e-3),
    "no decay of biases": Objective(optimizer=Choice("torch.optim.AdamW", {"lr": 0.002}), decay_all=False),
    "momentum": Objective(optimizer=Choice("torch.optim.SGD", {"lr": 0.05, "momentum": 0.9})),
    "every other batch": Objective(every=2),
}


@pytest.mark.parametrize("name", OBJECTIVES)
def test_whatever_an_objective_says(name, tmp_path, monkeypatch):
    project = digits(cnn, plan(objectives=(OBJECTIVES[name],)))
    assert_recorded_like_ordinary(project, tmp_path, monkeypatch, at_least=25)


@pytest.mark.parametrize("more", [{"precision": "bfloat16"}, {"channels_last": True}, {"averaging": "ema"}], ids=str)
def test_whatever_the_plan_says(more, tmp_path, monkeypatch):
    assert_recorded_like_ordinary(digits(cnn, plan(**more)), tmp_path, monkeypatch)


def test_the_odd_last_batch_is_recorded_apart(tmp_path, monkeypatch):
    project = digits(mlp, plan(batch_size=300))  # 4 whole batches and a smaller one an epoch
    fit, _, recorded = trained(project, tmp_path, monkeypatch)
    assert fit.train.count % 300 and {step % 5 for step in recorded if step > 60} == {0, 1, 2, 3, 4}
    assert_recorded_like_ordinary(project, tmp_path, monkeypatch, at_least=20)


def test_a_watched_step_is_an_ordinary_one(tmp_path, monkeypatch):
    fit, _, recorded = trained(digits(mlp, plan()), tmp_path, monkeypatch)
    assert fit.step in recorded
    seen = []

    class Watching:
        def gradients(self, learner) -> None:
            seen.append(learner.parameters[0].grad.abs().sum())

        def updated(self, learner) -> None:
            pass

    hook = fit.model.fc1.register_forward_hook(lambda *_: seen.append("forward"))
    fit.train_step(next(iter(fit.batches(fit.train, training=True))), Watching())
    hook.remove()
    assert seen[0] == "forward" and seen[1] > 0


# ---- what is recorded of modules, and what is not


def loss_of(module: nn.Module):
    def evaluate(x):
        output = module(x)
        loss = output.square().mean()
        return loss, loss, {"loss": loss}, {"metric": (output, x)}

    return evaluate


class Net(nn.Module):
    """A module whose forward pass is a function of its one layer and the input."""

    def __init__(self, function) -> None:
        super().__init__()
        self.layer, self.function = nn.Linear(6, 6), function
        self.count = 0
        self.register_buffer("mean", torch.zeros(6))

    def forward(self, x):
        return self.function(self, x)


def in_place(self, x):
    y = self.layer(x)
    y[:, 0] = 0.0
    return y.view(-1, 3, 2).transpose(1, 2).add_(1.0)


def shared(self, x):
    return self.layer(torch.tanh(self.layer(torch.tanh(self.layer(x)))))


def constants(self, x):
    mask = torch.zeros(len(x), 6)
    mask[:, ::2] = 1.0
    return self.layer(x) * mask + torch.arange(6) + torch.full((6,), 0.5)


def random_numbers(self, x):
    return nn.functional.dropout(self.layer(x), 0.3) + torch.randn_like(x) * torch.rand(6)


def statistics(self, x):
    self.mean.mul_(0.9).add_(x.mean(0), alpha=0.1)
    return self.layer(x - self.mean)


def pieces(self, x):
    first, second, third = self.layer(x).split(2, 1)
    return torch.cat([third, first * second], 1).unbind(1)[0]


FUNCTIONS = [in_place, shared, constants, random_numbers, statistics, pieces]


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
def test_a_recording_gives_what_the_module_gives(function):
    torch.manual_seed(0)
    net, other = Net(function), Net(function)
    other.load_state_dict(net.state_dict())
    step = record_step(loss_of(net), list(net.parameters()), [torch.randn(5, 6)])
    with torch.no_grad():
        net.mean.copy_(other.mean)
    for i in range(5):
        x = torch.randn(5, 6)
        found = []
        for make in (lambda x=x: step(x), lambda x=x: ordinary(loss_of(other), list(other.parameters()), [x])):
            torch.manual_seed(i)
            result = make()
            found.append(
                [result.loss, *result.losses.values(), *result.seen["metric"], *result.gradients, torch.get_rng_state()]
            )
        assert all(map(torch.equal, *found)) and torch.equal(net.mean, other.mean)
        with torch.no_grad():
            for parameter in (*net.parameters(), *other.parameters()):
                parameter.mul_(1.1)


@pytest.mark.parametrize(
    "function",
    [
        lambda self, x: self.layer(x) * (2.0 if x.sum().item() > 0 else 1.0),
        lambda self, x: self.layer(x)[x[:, 0] > 0],
        lambda self, x: self.layer(x) if bool((x > 0).any()) else x,
    ],
    ids=["a number for Python", "a size from the data", "a branch"],
)
def test_what_the_data_decides_is_not_recorded(function):
    net = Net(function)
    with pytest.raises(Unrecordable):
        record_step(loss_of(net), list(net.parameters()), [torch.ones(5, 6)])


def counting(self, x):
    self.count += 1
    return self.layer(x) * self.count


@pytest.mark.parametrize("function", [counting, lambda self, x: self.layer(x)[x[:, 0] > 0]], ids=["counting", "sizes"])
def test_what_cannot_be_proven_is_never_used(function):
    torch.manual_seed(0)
    net = Net(function)
    replayed = Replayed(loss_of(net), net, list(net.parameters()))
    assert [replayed((torch.randn(5, 6),)) for _ in range(20)] == [None] * 20 and not replayed.is_used


def test_trials_leave_no_trace():
    torch.manual_seed(0)
    net = Net(lambda self, x: statistics(self, x) + torch.randn_like(x))
    replayed = Replayed(loss_of(net), net, list(net.parameters()))
    batches, state = torch.randn(8, 5, 6), torch.get_rng_state()
    for batch in batches[:7]:
        assert replayed((batch,)) is None
        assert torch.equal(torch.get_rng_state(), state) and not net.mean.any()
        assert all(parameter.grad is None for parameter in net.parameters())
    assert replayed((batches[7],)) is not None
    assert net.mean.any() and not torch.equal(torch.get_rng_state(), state)


def test_own_code_is_not_recorded(tmp_path):
    fit, _ = build(digits(mlp, plan()), None, 1)
    learner = fit.learners[0]
    assert learner._replayed is not None
    codes = replace(fit.compiled, source=replace(fit.compiled.source, codes=("n1",)))
    assert not learner._can_be_recorded(codes)
