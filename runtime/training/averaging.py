"""Averaged weights: a moving average of all steps (EMA), or the mean of the ends of epochs (SWA).

EMA after each step: average = decay * average + (1 - decay) * weights, from the weights before the first step on; buffers (the
statistics of BatchNorm) are those of the model. SWA (Izmailov et al., 2018, section 3.2) from epoch `start` on: the plain mean of
the weights at the ends of epochs; the statistics of BatchNorm are then measured anew over the training part with the averaged
weights, as `torch.optim.swa_utils.update_bn` does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from graph.plan import EMA, NO_AVERAGE, Plan

_lerp = getattr(torch, "_foreach_lerp_")  # noqa: B009 (known to no type checker)


class Average:
    """The average of the weights of a model, and the way to look at the model with it."""

    def __init__(self, model: nn.Module, plan: Plan, parameters: Iterable[Tensor] | None = None) -> None:
        """`parameters` are those of the model, or what this process holds of them."""
        self._parameters: list[Tensor] = list(model.parameters() if parameters is None else parameters)
        self._model, self._kind = model, plan.averaging
        self._decay, self._start = plan.averaging_decay, plan.averaging_start
        self._averages = [p.detach().clone() for p in self._parameters] if self.is_wanted else []
        self._count = 0  # epochs in the mean
        self._buffers: dict[str, Tensor] = {}

    @property
    def is_wanted(self) -> bool:
        """Whether anything is averaged."""
        return self._kind != NO_AVERAGE

    @torch.no_grad()
    def after_step(self) -> None:
        """A step was made."""
        if self._kind == EMA:
            _lerp(self._averages, self._parameters, 1 - self._decay)

    @torch.no_grad()
    def after_epoch(self, epoch: int, measure: Callable[[], Iterable[object]]) -> None:
        """An epoch ended. `measure()` runs the model over the training part, batch by batch, for the statistics of BatchNorm."""
        if self._kind in (NO_AVERAGE, EMA) or epoch < self._start:
            return
        self._count += 1
        for average, parameter in zip(self._averages, self._parameters, strict=True):
            average.copy_(parameter) if self._count == 1 else average.add_((parameter - average) / self._count)
        norms = [m for m in self._model.modules() if isinstance(m, _BatchNorm) and m.track_running_stats]
        if norms:
            with self._weights_swapped(), _kept(norms):
                _measure(norms, measure)
                self._buffers = {name: buffer.clone() for name, buffer in self._model.named_buffers()}

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """The model has the averaged weights inside, as soon as there are any."""
        if not self.is_wanted or (self._kind != EMA and not self._count):
            yield
            return
        buffers = dict(self._model.named_buffers())
        before = {name: buffers[name].clone() for name in self._buffers}
        with self._weights_swapped():
            for name, buffer in self._buffers.items():
                buffers[name].copy_(buffer)
            try:
                yield
            finally:
                for name, buffer in before.items():
                    buffers[name].copy_(buffer)

    def state_dict(self) -> dict[str, Any]:
        """What is needed to go on."""
        return {"averages": self._averages, "count": self._count, "buffers": self._buffers}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state_dict` gave."""
        for average, value in zip(self._averages, state["averages"], strict=True):
            average.copy_(value)
        self._count = state["count"]
        device = self._parameters[0].device if self._parameters else None
        self._buffers = {name: buffer.to(device) for name, buffer in state["buffers"].items()}

    @contextmanager
    def _weights_swapped(self) -> Iterator[None]:
        """The values change places; the parameters, which optimizers and flat buffers know, stay."""
        self._swap()
        try:
            yield
        finally:
            self._swap()

    @torch.no_grad()
    def _swap(self) -> None:
        for average, parameter in zip(self._averages, self._parameters, strict=True):
            before = parameter.detach().clone()
            parameter.copy_(average)
            average.copy_(before)


@contextmanager
def _kept(norms: list[_BatchNorm]) -> Iterator[None]:
    """The statistics and settings of these layers are afterwards as before."""
    before = [({name: b.clone() for name, b in norm.named_buffers()}, norm.momentum) for norm in norms]
    try:
        yield
    finally:
        for norm, (buffers, momentum) in zip(norms, before, strict=True):
            norm.momentum = momentum
            for name, buffer in norm.named_buffers():
                buffer.copy_(buffers[name])


def _measure(norms: list[_BatchNorm], measure: Callable[[], Iterable[object]]) -> None:
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the plain mean over all batches
    for _ in measure():
        pass
