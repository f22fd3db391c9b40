"""Optimizers and schedules of a plan as those of `torch.optim`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from graph.catalog.optimizer_words import SPLIT
from graph.catalog.optimizers import OPTIMIZERS, SCHEDULERS
from graph.expressions import evaluate
from graph.messages import RunError, msg
from graph.plan import STEP, Choice

CONSTANT = "constant"
ALL_AT_ONCE = (torch.optim.LBFGS,)  # optimizers that compute the loss themselves, several times a step
# Optimizers that treat every number alone: the same bits however parameters are cut into tensors.
ELEMENTWISE = (
    torch.optim.Adadelta, torch.optim.Adagrad, torch.optim.Adam, torch.optim.Adamax, torch.optim.AdamW, torch.optim.ASGD,
    torch.optim.NAdam, torch.optim.RAdam, torch.optim.RMSprop, torch.optim.Rprop, torch.optim.SGD,
)  # fmt: skip

Schedule = torch.optim.lr_scheduler.LRScheduler


@dataclass(frozen=True, slots=True)
class Length:
    """How long a run is, in epochs and in steps of an objective an epoch."""

    epochs: int
    steps_per_epoch: int

    def units(self, unit: str) -> int:
        """The whole run in epochs or steps."""
        return self.epochs * self.steps_per_epoch if unit == STEP else self.epochs


def optimizer_class(choice: Choice) -> type[torch.optim.Optimizer]:
    """The class of the optimizer that was chosen.

    Raises:
        RunError: this version does not know it.
    """
    _described(choice, OPTIMIZERS)
    return getattr(torch.optim, choice.type.rpartition(".")[2])


def build_optimizer(
    choice: Choice, parameters: Iterable[nn.Parameter], *, undecayed: Iterable[nn.Parameter] = ()
) -> torch.optim.Optimizer:
    """The optimizer that was chosen, over these parameters, in PyTorch's default implementation.

    Args:
        undecayed: more parameters, in a group of their own without weight decay.

    Raises:
        RunError: the type is unknown, or PyTorch refuses its parameters.
    """
    arguments = _described(choice, OPTIMIZERS).values(choice)
    for whole, parts in SPLIT.items():
        if all(part in arguments for part in parts):
            arguments[whole] = tuple(arguments.pop(part) for part in parts)
    parameters, undecayed = list(parameters), list(undecayed)
    groups = [{"params": parameters}, {"params": undecayed, "weight_decay": 0.0}] if undecayed else parameters
    return _build(torch.optim, choice, groups, arguments)


def build_scheduler(
    choice: Choice, optimizer: torch.optim.Optimizer, length: Length, *, unit: str = "epoch", mode: str = "min"
) -> Schedule | None:
    """The schedule that was chosen, advanced once a `unit`; None where the learning rate stays as it is.

    Args:
        length: that of the run, for schedules that go over all of it.
        mode: whether the watched figure is to become small ("min") or large ("max").

    Raises:
        RunError: the type is unknown, or PyTorch refuses its parameters.
    """
    arguments = _described(choice, SCHEDULERS).values(choice)
    name = choice.type.rpartition(".")[2]
    if choice.type == CONSTANT:
        return None
    if "T_max" in arguments and arguments["T_max"] is None:
        arguments["T_max"] = length.units(unit)
    if name == "OneCycleLR":
        arguments["total_steps"] = length.units(unit) + 1  # PyTorch refuses one step beyond the last
    if name == "ReduceLROnPlateau":
        arguments["mode"] = mode
    if isinstance(formula := arguments.get("lr_lambda"), str):
        arguments["lr_lambda"] = Formula(formula)
    return _build(torch.optim.lr_scheduler, choice, optimizer, arguments)


@dataclass(frozen=True, slots=True)
class Formula:
    """A factor of the learning rate as arithmetic over `epoch`, which counts from 0."""

    text: str

    def __call__(self, epoch: int) -> float:
        """The factor at an epoch (or step, where the schedule advances by steps)."""
        return float(evaluate(self.text, {"epoch": epoch}))


def _described(choice: Choice, catalog: Mapping[str, Any]) -> Any:
    if choice.type not in catalog:
        raise RunError(
            msg(
                "The training plan asks for '{type}', which this version does not know. Choose one of: {types}.",
                type=choice.type,
                types=", ".join(catalog),
            )
        )
    return catalog[choice.type]


def _build(home: Any, choice: Choice, subject: Any, arguments: Mapping[str, Any]) -> Any:
    try:
        return getattr(home, choice.type.rpartition(".")[2])(subject, **arguments)
    except (TypeError, ValueError) as error:
        raise RunError(
            msg("{type} cannot be used with these settings: {reason}.", type=choice.type, reason=str(error).rstrip("."))
        ) from error
