"""Training loops as a person writes them in plain PyTorch: what runs of Layerloom are compared with."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn

from graph.catalog.optimizer_words import SPLIT
from graph.model import Project
from graph.plan import Choice
from runtime.data import prepare


def plain_mlp() -> nn.Sequential:
    """`trainings.mlp` with the seed of `trainings.plan`."""
    torch.manual_seed(3)
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 48), nn.ReLU(), nn.Linear(48, 10))


def by_hand(
    project: Project, step: Callable, *, epochs: int = 2, batch_size: int = 32, model: nn.Module | None = None
) -> tuple[nn.Module, list[float]]:
    """The plain loop; `step(model, loss, number, is_last)` does what comes after the loss."""
    x, y = prepare(project).train.tensors.values()
    model = model or plain_mlp()
    generator, losses, number = torch.Generator().manual_seed(3), [], 0
    for _ in range(epochs):
        batches = torch.randperm(len(x), generator=generator).split(batch_size or len(x))
        for place, indices in enumerate(batches, start=1):
            number += 1
            loss = nn.functional.cross_entropy(model(x[indices]), y[indices])
            losses.append(loss.item())
            step(model, loss, number, place == len(batches))
    return model, losses


def with_closures(project: Project, optimizers: Callable, *, steps: int, model: nn.Module | None = None) -> list[float]:
    """The losses of a loop that gives every optimizer a closure, as L-BFGS needs it; `optimizers(model)` are all stepped."""
    x, y = prepare(project).train.tensors.values()
    model = model or plain_mlp()
    made = optimizers(model)
    generator, losses = torch.Generator().manual_seed(3), []
    while True:
        for indices in torch.randperm(len(x), generator=generator).split(32):
            values = []

            def closure(indices=indices, values=values):
                for optimizer in made:
                    optimizer.zero_grad()
                loss = nn.functional.cross_entropy(model(x[indices]), y[indices])
                loss.backward()
                values.append(loss.item())
                return loss

            made[0].step(closure)
            for other in made[1:]:
                other.step()
            losses.append(values[0])
            if len(losses) == steps:
                return losses


def arguments_of(choice: Choice, catalog) -> dict:
    """What a person would give to PyTorch."""
    values = catalog[choice.type].values(choice)
    for whole, parts in SPLIT.items():
        if all(part in values for part in parts):
            values[whole] = tuple(values.pop(part) for part in parts)
    return values
