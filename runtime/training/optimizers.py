"""Optimizers and schedules of a plan as those of `torch.optim`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import nn

from graph.catalog.optimizers import OPTIMIZERS, SCHEDULERS
from graph.messages import RunError, msg
from graph.plan import Choice

CONSTANT = "constant"


def build_optimizer(choice: Choice, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
    """The optimizer that was chosen, over these parameters, in PyTorch's default implementation.

    Raises:
        RunError: the type is unknown, or PyTorch refuses its parameters.
    """
    arguments = _values(choice, OPTIMIZERS)
    if "beta1" in arguments:
        arguments["betas"] = (arguments.pop("beta1"), arguments.pop("beta2"))
    return _build(torch.optim, choice, parameters, arguments)


def build_scheduler(
    choice: Choice, optimizer: torch.optim.Optimizer, epochs: int
) -> torch.optim.lr_scheduler.LRScheduler | None:
    """The schedule that was chosen, advanced once an epoch; None where the learning rate stays as it is.

    Raises:
        RunError: the type is unknown, or PyTorch refuses its parameters.
    """
    arguments = _values(choice, SCHEDULERS)
    if choice.type == CONSTANT:
        return None
    if arguments.get("T_max", epochs) is None:
        arguments["T_max"] = epochs
    return _build(torch.optim.lr_scheduler, choice, optimizer, arguments)


def _values(choice: Choice, catalog: Mapping[str, Any]) -> dict[str, Any]:
    if choice.type not in catalog:
        raise RunError(
            msg(
                "The training plan asks for '{type}', which this version does not know. Choose one of: {types}.",
                type=choice.type,
                types=", ".join(catalog),
            )
        )
    return catalog[choice.type].values(choice)


def _build(home: Any, choice: Choice, subject: Any, arguments: Mapping[str, Any]) -> Any:
    try:
        return getattr(home, choice.type.rpartition(".")[2])(subject, **arguments)
    except (TypeError, ValueError) as error:
        raise RunError(
            msg("{type} cannot be used with these settings: {reason}.", type=choice.type, reason=error)
        ) from error
