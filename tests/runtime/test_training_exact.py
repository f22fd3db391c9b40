"""Training a drawing gives the same numbers as the same network trained by hand: difference 0 on the CPU."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from graph.plan import Choice
from runtime.data import prepare
from runtime.events import EpochEnded, Finished
from trainings import cnn, digits, epochs_of, mlp, plan, run, step_series

OPTIMIZERS = {
    "Adam": (Choice("torch.optim.Adam", {"lr": 0.003}), lambda p: torch.optim.Adam(p, lr=0.003)),
    "AdamW": (
        Choice("torch.optim.AdamW", {"lr": 0.002, "weight_decay": 0.1, "beta1": 0.8}),
        lambda p: torch.optim.AdamW(p, lr=0.002, weight_decay=0.1, betas=(0.8, 0.999)),
    ),
    "SGD": (
        Choice("torch.optim.SGD", {"lr": 0.05, "momentum": 0.9, "nesterov": True}),
        lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9, nesterov=True),
    ),
    "RMSprop": (
        Choice("torch.optim.RMSprop", {"lr": 0.001, "momentum": 0.5, "centered": True}),
        lambda p: torch.optim.RMSprop(p, lr=0.001, momentum=0.5, centered=True),
    ),
    "Adagrad": (Choice("torch.optim.Adagrad", {"lr": 0.01}), lambda p: torch.optim.Adagrad(p, lr=0.01)),
}


def mlp_by_hand() -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 48), nn.ReLU(), nn.Linear(48, 10))


def cnn_by_hand() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 6, 3),
        nn.BatchNorm2d(6),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Dropout(0.3),
        nn.Linear(54, 10),
    )


def train_by_hand(model: nn.Module, optimizer: torch.optim.Optimizer, prepared, scheduler=None) -> tuple[list, list]:
    """The plain loop over the same split: the losses of all steps, and the validation losses."""
    x, y = prepared.train.tensors.values()
    x = x.clone(memory_format=torch.contiguous_format)  # strides of dimensions of size 1 decide between kernels
    x_validation, y_validation = prepared.validation.tensors.values()
    generator = torch.Generator().manual_seed(3)
    steps, validations = [], []
    for _ in range(3):
        model.train()
        order = torch.randperm(len(x), generator=generator)
        for indices in order.split(32):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(x[indices]), y[indices])
            loss.backward()
            optimizer.step()
            steps.append(loss.item())
        model.eval()
        with torch.no_grad():
            losses = [
                (nn.functional.cross_entropy(model(a), b).item(), len(a))
                for a, b in zip(x_validation.split(32), y_validation.split(32), strict=True)
            ]
        validations.append(sum(loss * n for loss, n in losses) / sum(n for _, n in losses))
        if scheduler:
            scheduler.step()
    return steps, validations


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize(("network", "by_hand"), [(mlp, mlp_by_hand), (cnn, cnn_by_hand)], ids=["mlp", "cnn"])
def test_the_losses_of_three_epochs_are_those_of_the_plain_loop(network, by_hand, name, tmp_path):
    choice, optimizer = OPTIMIZERS[name]
    project = digits(network, plan(choice))
    events = run(project, tmp_path)
    torch.manual_seed(3)
    model = by_hand()
    steps, validations = train_by_hand(model, optimizer(model.parameters()), prepare(project))
    assert isinstance(events[-1], Finished)
    assert step_series(events) == steps
    assert [event.validation["loss"] for event in epochs_of(events)] == pytest.approx(validations, rel=1e-12)


@pytest.mark.parametrize(
    ("choice", "scheduler"),
    [
        (Choice("torch.optim.lr_scheduler.StepLR", {"step_size": 1}), lambda o: torch.optim.lr_scheduler.StepLR(o, 1)),
        (
            Choice("torch.optim.lr_scheduler.CosineAnnealingLR"),
            lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, 3),
        ),
        (
            Choice("torch.optim.lr_scheduler.ExponentialLR", {"gamma": 0.5}),
            lambda o: torch.optim.lr_scheduler.ExponentialLR(o, 0.5),
        ),
    ],
    ids=["steps", "cosine", "exponential"],
)
def test_schedules_are_those_of_pytorch(choice, scheduler, tmp_path):
    project = digits(mlp, plan(scheduler=choice))
    events = run(project, tmp_path)
    torch.manual_seed(3)
    model = mlp_by_hand()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.003)
    steps, _ = train_by_hand(model, optimizer, prepare(project), scheduler(optimizer))
    assert step_series(events) == steps
    rates = [event.learning_rate for event in events if isinstance(event, EpochEnded)]
    assert rates[0] == 0.003 and rates[0] > rates[1] > rates[2]


def test_two_runs_of_one_project_are_the_same_run(tmp_path):
    project = digits(cnn, plan())
    first, second = run(project, tmp_path), run(project, tmp_path)
    assert step_series(first) == step_series(second)
    assert step_series(first, "accuracy") == step_series(second, "accuracy")
    assert epochs_of(first) == epochs_of(second)
    assert first[-2].test == second[-2].test and first[-2].confusion == second[-2].confusion
    assert first[-1].run != second[-1].run
