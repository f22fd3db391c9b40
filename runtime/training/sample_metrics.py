"""Metrics that compare made samples with real ones as two crowds: which of them belongs to which does not matter.

Density and coverage (Naeem et al., "Reliable Fidelity and Diversity Metrics for Generative Models", 2020). Around each of N
real samples there is a ball that reaches to its k-th nearest other real sample. Distances are Euclidean, over all numbers of a
sample. They are told of passes that change nothing: a generator that learns makes other samples at the end of a pass than at
its beginning.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from itertools import zip_longest
from typing import Any

import torch
from torch import Tensor

from runtime.training.metrics import Setting, wide

ROWS = 1024  # of a table of distances that are held at once


class SampleMetric:
    """One of them over a pass. It keeps the samples, up to the node's `limit`, and compares them at the end."""

    def __init__(self, type_id: str, setting: Setting) -> None:
        self._figure, self._setting = CROWDS[type_id], setting
        self._made: list[Tensor] = []
        self._real: list[Tensor] = []
        self._count = 0

    def update(self, made: Tensor, real: Tensor) -> None:
        """Take in as many made samples as real ones: B × …."""
        free = self._setting["limit"] - self._count
        if free > 0:
            self._made.append(made.detach()[:free])
            self._real.append(real.detach()[:free])
            self._count += len(self._real[-1])

    def compute(self) -> float:
        """The figure over all samples; NaN where there are not more than k."""
        k = self._setting["k"]
        if self._count <= k:
            return math.nan
        return self._figure(wide(torch.cat(self._made)), wide(torch.cat(self._real)), k)

    def state_dict(self) -> dict[str, Any]:
        """What is needed to go on."""
        return {"made": self._made, "real": self._real}

    def merged(self, states: Sequence[Mapping[str, Any]]) -> SampleMetric:
        """The metric over the samples of several that took them in at the same time, batch by batch: in the order of the batches."""
        whole = copy(self)
        whole._made, whole._real, whole._count = [], [], 0
        for batches in zip_longest(*(zip(state["made"], state["real"], strict=True) for state in states)):
            for made, real in filter(None, batches):
                whole.update(made, real)
        return whole

    def load_state_dict(self, state: Mapping[str, Any], device: torch.device | str = "cpu") -> None:
        """Go on from what `state_dict` gave."""
        self._made, self._real = ([part.to(device) for part in state[name]] for name in ("made", "real"))
        self._count = sum(map(len, self._real))


def _distances(samples: Tensor, others: Tensor) -> Iterator[Tensor]:
    """Tables of distances, some rows at a time: samples × others."""
    return (torch.cdist(part, others) for part in samples.split(ROWS))


def _radii(real: Tensor, k: int) -> Tensor:
    """How far the k-th nearest other sample is from each: N. The nearest of all is the sample itself."""
    return torch.cat([table.kthvalue(k + 1, dim=1).values for table in _distances(real, real)])


def density(made: Tensor, real: Tensor, k: int) -> float:
    """How many balls each made sample is in, on average and as a share of k: 1 where both are alike, and more is possible.

    `made` is M × D and `real` N × D: 1 / (k M) Σ_j Σ_i 1[made_j in the ball of real_i].
    """
    radii = _radii(real, k)
    return sum(int((table < radii).sum()) for table in _distances(made, real)) / (k * len(made))


def coverage(made: Tensor, real: Tensor, k: int) -> float:
    """The share of the balls that a made sample is in: 1 / N Σ_i 1[any made_j in the ball of real_i]."""
    radii = _radii(real, k)
    nearest = torch.cat([table.amin(1) for table in _distances(real, made)])
    return float((nearest < radii).double().mean())


CROWDS: Mapping[str, Callable[[Tensor, Tensor, int], float]] = {
    "layerloom.metrics.Density": density,
    "layerloom.metrics.Coverage": coverage,
}
