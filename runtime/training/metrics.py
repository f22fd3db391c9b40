"""Metrics as sums over samples: exact over batches of any size, computed on the device, read when someone looks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Metric:
    """How a metric is computed.

    `contributions(input, target)` gives for each sample a row of numbers that may be added up over samples: N × K, float64
    where the device has it. `figure` makes the metric of sums of such rows: ... × K -> .... `name` is its key among the
    figures of a run.
    """

    name: str
    contributions: Callable[[Tensor, Tensor], Tensor]
    figure: Callable[[Tensor], Tensor]


def wide(values: Tensor) -> Tensor:
    """Values as N × D in the widest type that the device has, so that long sums stay exact."""
    return values.detach().reshape(len(values), -1).to(torch.float32 if values.device.type == "mps" else torch.float64)


def _accuracy(scores: Tensor, target: Tensor) -> Tensor:
    """Columns: right answers, answers. The classes of the scores are in dimension 1."""
    right = wide(scores.argmax(1) == target)
    return torch.stack([right.sum(1), torch.full_like(right[:, 0], right.shape[1])], 1)


def _absolute_error(prediction: Tensor, target: Tensor) -> Tensor:
    """Columns: summed absolute errors, numbers predicted."""
    error = (wide(prediction) - wide(target)).abs()
    return torch.stack([error.sum(1), torch.full_like(error[:, 0], error.shape[1])], 1)


def _squares(prediction: Tensor, target: Tensor) -> Tensor:
    """Columns, each once for every predicted quantity: 1, target, target squared, error squared."""
    goal = wide(target)
    return torch.cat([torch.ones_like(goal), goal, goal**2, (wide(prediction) - goal) ** 2], 1)


def _mean(sums: Tensor) -> Tensor:
    return sums[..., 0] / sums[..., 1]


def _r2(sums: Tensor) -> Tensor:
    """The coefficient of determination 1 - SS_res / SS_tot, averaged over the predicted quantities.

    A quantity without variance counts 1 where it is predicted perfectly and 0 elsewhere, as in scikit-learn.
    """
    count, total, squared, residual = sums.unflatten(-1, (4, -1)).unbind(-2)
    spread = squared - total**2 / count
    constant = spread <= squared * torch.finfo(sums.dtype).eps
    scores = torch.where(constant, (residual == 0).to(sums.dtype), 1 - residual / spread.where(~constant, 1))
    return scores.mean(-1)


METRICS: Mapping[str, Metric] = {
    "layerloom.metrics.Accuracy": Metric("accuracy", _accuracy, _mean),
    "layerloom.metrics.R2": Metric("r2", _squares, _r2),
    "layerloom.metrics.MeanAbsoluteError": Metric("mean_absolute_error", _absolute_error, _mean),
}
