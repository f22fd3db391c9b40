"""Metrics: how scores and targets are read, and those that are sums over samples, which every step can tell.

The others come from torchmetrics (`runtime.training.library_metrics`) and are told at the end of a pass.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor

from graph.catalog import CATALOG
from graph.model import Graph, Node
from graph.scores import LOG_PROBABILITIES, PROBABILITIES, meaning_of

CLASSES, YES_NO, LABELS = "classes", "yes_no", "labels"  # one of several; one question; several questions a sample


@dataclass(frozen=True, slots=True)
class Setting:
    """The parameters of a metric node, and what its scores are (see `graph.scores`)."""

    values: Mapping[str, Any]
    meaning: str

    def __getitem__(self, name: str) -> Any:
        return self.values[name]


Contributions = Callable[[Tensor, Tensor, Setting], Tensor]


class Metric(NamedTuple):
    """A metric that is a function of sums.

    `contributions(input, target, setting)` gives for each sample a row of numbers that may be added up over samples: N × K,
    float64 where the device has it. `figure(sums, setting)` makes the metric of sums of such rows: ... × K -> ....
    """

    contributions: Contributions
    figure: Callable[[Tensor, Setting], Tensor]


def setting_of(graph: Graph, node: Node) -> Setting:
    """What a metric node of a drawing is set to; "auto" scores go by the loss that takes them."""
    values = CATALOG[node.type].values(node)
    chosen = values.get("scores", "auto")
    source = graph.inputs(node.id).get("input")
    found = meaning_of(graph, source) if source is not None else str(chosen)
    is_same_kind = chosen == "auto" or (chosen == PROBABILITIES) == (found == PROBABILITIES)
    return Setting(values, found if is_same_kind else str(chosen))


def wide(values: Tensor) -> Tensor:
    """Values as N × D in the widest type that the device has, so that long sums stay exact."""
    return widest(values.detach()).reshape(len(values), -1)


def widest(values: Tensor) -> Tensor:
    """Values in the widest type of floating-point number that the device has."""
    return values.to(torch.float32 if values.device.type == "mps" else torch.float64)


# ---- what scores say of classes


def task_of(scores: Tensor, target: Tensor) -> str:
    """CLASSES: scores B × C × … against B × …; LABELS: B × L × … against the same; YES_NO: the same with L = 1, or none."""
    if scores.dim() == 1 or scores.shape[1] == 1:
        return YES_NO
    return LABELS if scores.shape == target.shape else CLASSES


def to_probabilities(scores: Tensor, task: str, meaning: str) -> Tensor:
    """Scores as probabilities, in the widest numbers; classes are in dimension 1."""
    scores = widest(scores)
    if meaning == PROBABILITIES:
        return scores
    if meaning == LOG_PROBABILITIES:
        return scores.exp()
    return scores.softmax(1) if task == CLASSES else scores.sigmoid()


def is_counted(target: Tensor, setting: Setting) -> Tensor:
    """Which places of a target count."""
    return target != setting["ignore_index"]


def decide(scores: Tensor, target: Tensor, setting: Setting) -> tuple[Tensor, Tensor]:
    """Predicted and right labels as whole numbers, both in the shape of the target; the first of equal scores wins."""
    task = task_of(scores, target)
    if task == CLASSES:
        return scores.argmax(1), target
    above = to_probabilities(scores, task, setting.meaning) > setting["threshold"]
    return above.view(target.shape).long(), as_labels(target, setting)


def as_labels(target: Tensor, setting: Setting) -> Tensor:
    """Answers to yes or no (0 and 1, or -1 and 1) as 0 and 1, and what does not count as it is."""
    return torch.where(is_counted(target, setting), (target > 0).to(target.dtype), target).long()


# ---- sums


def _rows(hits: Tensor, counted: Tensor) -> Tensor:
    """Columns: what counts and is true (or the sum of it), what counts."""
    return torch.stack([(wide(hits) * wide(counted)).sum(1), wide(counted).sum(1)], 1)


def _accuracy(scores: Tensor, target: Tensor, setting: Setting) -> Tensor:
    guess, right = decide(scores, target, setting)
    return _rows(guess == right, is_counted(right, setting))


def _hamming(scores: Tensor, target: Tensor, setting: Setting) -> Tensor:
    guess, right = decide(scores, target, setting)
    return _rows(guess != right, is_counted(right, setting))


def _exact(scores: Tensor, target: Tensor, setting: Setting) -> Tensor:
    """Columns: samples of which all that counts is right, samples of which anything counts."""
    guess, right = decide(scores, target, setting)
    counted = is_counted(right, setting).reshape(len(right), -1)
    wrong = (guess != right).reshape(len(right), -1) & counted
    return _rows(~wrong.any(1), counted.any(1))


def _top_k(scores: Tensor, target: Tensor, setting: Setting) -> Tensor:
    best = scores.topk(min(setting["k"], scores.shape[1]), 1).indices
    return _rows((best == target.unsqueeze(1)).any(1), is_counted(target, setting))


def _surprise(scores: Tensor, target: Tensor, setting: Setting) -> Tensor:
    """Columns: sum of -ln of the probability of the right class, places that count."""
    scores, counted = widest(scores.detach()), is_counted(target, setting)
    if setting.meaning == PROBABILITIES:
        logs = scores.log()
    else:
        logs = scores if setting.meaning == LOG_PROBABILITIES else scores.log_softmax(1)
    found = -logs.gather(1, target.where(counted, 0).unsqueeze(1)).squeeze(1)
    return _rows(found.where(counted, 0), counted)


def _confidence(scores: Tensor, target: Tensor, setting: Setting) -> Tensor:
    """Columns, each once for every step of the confidence: places, sum of the confidences, right ones."""
    task = task_of(scores, target)
    chances = to_probabilities(scores.detach(), task, setting.meaning)
    if task == CLASSES:
        confidence, guess = chances.max(1)
        right, hits = target, guess == target
    else:  # torchmetrics: the probability of yes against the share of yes
        confidence, right = chances.view(target.shape), as_labels(target, setting)
        hits = right == 1
    counted, confidence, hits = (wide(t) for t in (is_counted(right, setting), confidence, hits))
    bins = setting["n_bins"]
    edges = torch.linspace(0, 1, bins + 1, device=scores.device, dtype=torch.float32).to(confidence)
    place = (torch.bucketize(confidence, edges, right=True) - 1).clamp(0, bins - 1)
    empty = confidence.new_zeros(len(target), bins)
    return torch.cat([empty.scatter_add(1, place, part * counted) for part in (counted, confidence, hits)], 1)


def _mean(sums: Tensor, setting: Setting) -> Tensor:
    return sums[..., 0] / sums[..., 1]


def _perplexity(sums: Tensor, setting: Setting) -> Tensor:
    return _mean(sums, setting).exp()


def _calibration(sums: Tensor, setting: Setting) -> Tensor:
    """The expected calibration error (Guo et al., 2017): |share of right ones - mean confidence|, weighted by places."""
    count, confidence, hits = sums.unflatten(-1, (3, -1)).unbind(-2)
    return (confidence - hits).abs().sum(-1) / count.sum(-1)


# ---- sums of numbers


def _absolute(prediction: Tensor, target: Tensor, setting: Setting) -> Tensor:
    error = (wide(prediction) - wide(target)).abs()
    return _rows(error, torch.ones_like(error))


def _square(prediction: Tensor, target: Tensor, setting: Setting) -> Tensor:
    error = (wide(prediction) - wide(target)) ** 2
    return _rows(error, torch.ones_like(error))


def _relative(prediction: Tensor, target: Tensor, setting: Setting) -> Tensor:
    """Errors by the size of the target, which counts as 1.17e-6 where it is smaller, as in torchmetrics."""
    goal = wide(target)
    error = (wide(prediction) - goal).abs() / goal.abs().clamp(min=1.17e-6)
    return _rows(error, torch.ones_like(error))


def _moments(prediction: Tensor, target: Tensor, setting: Setting) -> Tensor:
    """Columns, each once for every predicted quantity: 1, target, its square, error, its square, prediction, its square, product."""
    guess, goal = wide(prediction), wide(target)
    error = guess - goal
    return torch.cat([torch.ones_like(goal), goal, goal**2, error, error**2, guess, guess**2, guess * goal], 1)


def _root_mean(sums: Tensor, setting: Setting) -> Tensor:
    return _mean(sums, setting).sqrt()


def _explained(spread: Tensor, squared: Tensor, left: Tensor) -> Tensor:
    """1 - left / spread, averaged over the predicted quantities.

    A quantity without variance counts 1 where it is predicted perfectly and 0 elsewhere, as in scikit-learn.
    """
    constant = spread <= squared * torch.finfo(squared.dtype).eps
    scores = torch.where(constant, (left == 0).to(squared.dtype), 1 - left / spread.where(~constant, 1))
    return scores.mean(-1)


def _r2(sums: Tensor, setting: Setting) -> Tensor:
    """The coefficient of determination 1 - SS_res / SS_tot."""
    count, total, squared, _, residual, *_ = sums.unflatten(-1, (8, -1)).unbind(-2)
    return _explained(squared - total**2 / count, squared, residual)


def _explained_variance(sums: Tensor, setting: Setting) -> Tensor:
    """1 - Var(error) / Var(target)."""
    count, total, squared, error, residual, *_ = sums.unflatten(-1, (8, -1)).unbind(-2)
    left = residual - error**2 / count
    left = left.where(left > residual * torch.finfo(left.dtype).eps, 0)
    return _explained(squared - total**2 / count, squared, left)


def _pearson(sums: Tensor, setting: Setting) -> Tensor:
    """The correlation of predictions and targets, averaged over the quantities; NaN where one of them does not vary."""
    count, total, squared, _, _, guess, guess_squared, product = sums.unflatten(-1, (8, -1)).unbind(-2)
    eps = torch.finfo(sums.dtype).eps
    spreads = [(squared - total**2 / count, squared), (guess_squared - guess**2 / count, guess_squared)]
    goal, answer = (spread.where(spread > whole * eps, torch.nan) for spread, whole in spreads)
    return ((product - total * guess / count) / (goal * answer).sqrt()).clamp(-1, 1).mean(-1)


SUMS: Mapping[str, Metric] = {
    f"layerloom.metrics.{name}": Metric(*functions)
    for name, functions in {
        "Accuracy": (_accuracy, _mean),
        "TopKAccuracy": (_top_k, _mean),
        "HammingDistance": (_hamming, _mean),
        "ExactMatch": (_exact, _mean),
        "Perplexity": (_surprise, _perplexity),
        "CalibrationError": (_confidence, _calibration),
        "R2": (_moments, _r2),
        "MeanAbsoluteError": (_absolute, _mean),
        "MeanSquaredError": (_square, _mean),
        "RootMeanSquaredError": (_square, _root_mean),
        "MeanAbsolutePercentageError": (_relative, _mean),
        "ExplainedVariance": (_moments, _explained_variance),
        "PearsonCorrCoef": (_moments, _pearson),
    }.items()
}
