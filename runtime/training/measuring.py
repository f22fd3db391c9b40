"""Fills what the data path measures: mean and deviation of each channel where they are not given, over the training part alone."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from runtime.compiler import Compiled
from runtime.data import Part

BATCH_SIZE = 256


class _Arrived(Exception):
    """What is measured is there: the rest of the network need not be computed."""

    def __init__(self, module: nn.Module, values: Tensor) -> None:
        super().__init__()
        self.module, self.values = module, values


def measure(compiled: Compiled, model: nn.Module, part: Part, *, batch_size: int = BATCH_SIZE) -> None:
    """Fill the Normalize modules of a model that measure, one after the other in the order of the data path.

    Those in blocks too; one that several runs share measures what arrives first. Mean and variance (of the population) are
    added up in float64 (Chan et al., 1979, for parts of different size); the deviation of a channel that never changes is 1.
    What varies the data in training does not while it is measured, and no random number is drawn. The model is in
    evaluation mode afterwards.
    """
    waiting: set[Any] = {module for module in model.modules() if _measures(module)}
    model.eval()
    while waiting:
        found = _first_moments(compiled, model, waiting, part, batch_size)
        if found is None:
            return
        module, mean, std = found
        waiting.remove(module)
        with torch.no_grad():
            if module.measures_mean:
                module.mean.copy_(mean)
            if module.measures_std:
                module.std.copy_(std)


def statistics_in(model: nn.Module) -> set[int]:
    """The ids of the buffers that Normalize modules hold: given or measured, but never learned."""
    return {id(b) for m in model.modules() if hasattr(m, "measures_mean") for b in m.buffers(recurse=False)}


def _measures(module: nn.Module) -> bool:
    """Whether this is a Normalize (as `runtime.helper_modules` writes it) whose mean or deviation is not given."""
    return getattr(module, "measures_mean", False) is True or getattr(module, "measures_std", False) is True


def _first_moments(
    compiled: Compiled, model: nn.Module, waiting: set[Any], part: Part, batch_size: int
) -> tuple[Any, Tensor, Tensor] | None:
    """The first of the modules on the way of the data, with mean and deviation of each channel that arrives there.

    None where none of them is on the way.
    """
    hooks = [module.register_forward_pre_hook(_stop) for module in waiting]
    first, sums = None, _Moments()
    try:
        for batch in part.batches(batch_size, ports=compiled.inputs):
            try:
                with torch.no_grad():
                    model(*batch)
            except _Arrived as arrived:
                first = arrived.module
                values = (
                    arrived.values.cpu() if arrived.values.device.type == "mps" else arrived.values
                )  # no float64 there
                sums.add(values.transpose(0, 1).flatten(1).double())
            else:
                return None
    finally:
        for hook in hooks:
            hook.remove()
    return None if first is None else (first, *sums.result())


def _stop(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
    raise _Arrived(module, inputs[0].detach())


class _Moments:
    """Mean and deviation of each row, over pieces with as many rows."""

    def __init__(self) -> None:
        self.count, self.mean, self.squares = 0, torch.zeros(()), torch.zeros(())

    def add(self, values: Tensor) -> None:
        """Take in a piece: rows × numbers of it."""
        count, mean = values.shape[1], values.mean(1)
        squares = values.var(1, correction=0) * count
        if self.count == 0:
            self.count, self.mean, self.squares = count, mean, squares
            return
        gap, total = mean - self.mean, self.count + count
        self.squares = self.squares + squares + gap**2 * (self.count * count / total)
        self.mean = self.mean + gap * (count / total)
        self.count = total

    def result(self) -> tuple[Tensor, Tensor]:
        """Mean and deviation."""
        deviation = (self.squares / self.count).sqrt()
        return self.mean, torch.where(deviation > 0, deviation, torch.ones_like(deviation))
