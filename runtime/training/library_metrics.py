"""Metrics of torchmetrics over a pass: they take samples in a few times a second, and tell their figure at its end.

What they add up are whole numbers, or the samples themselves in their order, so that it does not matter how the samples were
divided when they came. The library takes a second to import, which happens where the first such metric is built.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from runtime.training.metrics import (
    CLASSES,
    LABELS,
    YES_NO,
    Setting,
    as_labels,
    decide,
    is_counted,
    task_of,
    to_probabilities,
    widest,
)

if TYPE_CHECKING:
    from torchmetrics import Metric

Samples = tuple[Tensor, Tensor]  # what a metric of the library takes: predictions and targets
_KINDS = {CLASSES: "Multiclass", YES_NO: "Binary", LABELS: "Multilabel"}


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a figure is computed: the class of torchmetrics (`Multiclass` or its like is put before its name), what it takes.

    `options` names parameters of the node that it takes too; `figure` makes one number of what it computes. One that is
    `by_class` computes a value for each class, averaged over those that the samples tell of. `of_numbers` knows no classes.
    """

    name: str
    prepare: Callable[[Tensor, Tensor, Setting], Samples]
    options: tuple[str, ...] = ()
    figure: Callable[[Tensor], Tensor] = torch.mean
    by_class: bool = False
    of_numbers: bool = False


class LibraryMetric:
    """A metric over a pass. It is built when the first samples come, which tell the number of classes."""

    def __init__(self, type_id: str, setting: Setting) -> None:
        self._recipe, self._setting = RECIPES[type_id], setting
        self._metric: Metric | None = None
        self._built: tuple[str, int] | None = None  # for which task and how many classes
        self._counts: Tensor | None = None  # 2 × classes: the samples of each class, and all

    def update(self, scores: Tensor, target: Tensor) -> None:
        """Take samples in."""
        if not len(target):
            return
        task = "" if self._recipe.of_numbers else task_of(scores, target)
        if self._metric is None:
            self._build(task, _num_answers(scores, task), scores.device)
        assert self._metric is not None
        samples = self._recipe.prepare(scores.detach(), target, self._setting)
        if len(samples[0]):
            counts = self._count(task, samples)
            self._counts = counts if self._counts is None else self._counts + counts
            with _quiet():
                self._metric.update(*samples)

    def compute(self) -> float:
        """The figure over all samples; NaN where none counts, or they do not tell."""
        if self._metric is None or self._counts is None:
            return math.nan
        with _quiet():
            values = torch.as_tensor(self._metric.compute()).cpu().double()
        if not self._recipe.by_class:
            return float(self._recipe.figure(values))
        positives, all_ = self._counts.cpu().double()
        told = (positives > 0) & (positives < all_)
        weights = told * (positives if self._setting["average"] == "weighted" else 1.0)
        return float((values.reshape(-1).where(told, 0) * weights).sum() / weights.sum())

    def state_dict(self) -> dict[str, Any] | None:
        """What is needed to go on; None before the first samples."""
        if self._metric is None:
            return None
        return {"built": self._built, "counts": self._counts, "sums": dict(self._metric.metric_state)}

    def load_state_dict(self, state: Mapping[str, Any] | None, device: torch.device | str = "cpu") -> None:
        """Go on from what `state_dict` gave."""
        self._metric = self._counts = None
        if state is None:
            return
        task, size = state["built"]
        self._build(task, size, device)
        for name, value in state["sums"].items():
            moved = [v.to(device) for v in value] if isinstance(value, list) else value.to(device)
            setattr(self._metric, name, moved)
        self._counts = None if state["counts"] is None else state["counts"].to(device)

    def merged(self, states: Sequence[Mapping[str, Any] | None]) -> LibraryMetric:
        """The metric over the samples of several: their counts and tables added up, their samples joined."""
        whole, found = copy(self), [state for state in states if state is not None]
        device = "cpu" if self._counts is None else self._counts.device
        if len(found) < 2:
            whole.load_state_dict(found[0] if found else None, device)
            return whole
        sums = {
            name: [part for state in found for part in state["sums"][name]]
            if isinstance(first, list)
            else sum(state["sums"][name].to(device) for state in found)
            for name, first in found[0]["sums"].items()
        }
        counts = [state["counts"].to(device) for state in found if state["counts"] is not None]
        whole.load_state_dict({**found[0], "sums": sums, "counts": sum(counts) if counts else None}, device)
        return whole

    def _build(self, task: str, size: int, device: torch.device | str) -> None:
        recipe = self._recipe
        options = {name: _given(self._setting[name]) for name in recipe.options}
        with _quiet():
            if recipe.of_numbers:
                from torchmetrics import regression

                metric: Metric = getattr(regression, recipe.name)(num_outputs=size, compute_with_cache=False)
            else:
                options |= {"average": "none"} if recipe.by_class else {}
                kind = (
                    YES_NO if recipe.prepare is _flat and task == LABELS else task
                )  # every label is a sample of its own
                metric = _of_classes(recipe.name, kind, size, options, self._setting)
        self._metric, self._built = metric.to(device), (task, size)

    def _count(self, task: str, samples: Samples) -> Tensor:
        """For each class the samples that are of it, and those that could be."""
        target = samples[1]
        if not self._recipe.by_class:
            return torch.tensor(len(target))
        if task == CLASSES:
            positives = torch.bincount(target, minlength=samples[0].shape[1])
            return torch.stack([positives, torch.full_like(positives, len(target))])
        answers = target.reshape(len(target), -1)
        return torch.stack([(answers == 1).sum(0), (answers != self._setting["ignore_index"]).sum(0)])


def _of_classes(name: str, task: str, size: int, options: dict[str, Any], setting: Setting) -> Metric:
    from torchmetrics import classification

    if task == YES_NO:
        options = {key: value for key, value in options.items() if key != "average"}
    sizes = {CLASSES: {"num_classes": size}, LABELS: {"num_labels": size, "ignore_index": setting["ignore_index"]}}
    made = getattr(classification, _KINDS[task] + name)
    return made(**sizes.get(task, {}), **options, validate_args=False, compute_with_cache=False)


def _num_answers(scores: Tensor, task: str) -> int:
    """Classes or labels; numbers a sample where there is no task."""
    if not task:
        return scores[0].numel()
    return scores.shape[1] if scores.dim() > 1 else 1


def _given(value: Any) -> Any:
    """A parameter of a node as the library takes it."""
    return None if value in ("none", 0) else value


@contextmanager
def _quiet() -> Iterator[None]:
    """What the library warns of (a class without samples) is told by the figure."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


# ---- what the metrics take


def _decided(scores: Tensor, target: Tensor, setting: Setting) -> Samples:
    """Labels, without the places that do not count."""
    guess, right = decide(scores, target, setting)
    if task_of(scores, target) == LABELS:
        return _last(guess), _last(right)
    counted = is_counted(right, setting)
    return guess[counted], right[counted]


def _flat(scores: Tensor, target: Tensor, setting: Setting) -> Samples:
    """Labels one by one, also where a sample has several."""
    guess, right = decide(scores, target, setting)
    counted = is_counted(right, setting)
    return guess[counted], right[counted]


def _chances(scores: Tensor, target: Tensor, setting: Setting) -> Samples:
    """Probabilities (N × classes where there are several) and labels."""
    task = task_of(scores, target)
    chances = to_probabilities(scores, task, setting.meaning)
    if task == LABELS:
        return _last(chances), _last(as_labels(target, setting))
    counted = is_counted(target, setting)
    if task == YES_NO:
        return chances.view(target.shape)[counted], as_labels(target, setting)[counted]
    return _last(chances)[counted.reshape(-1)], target[counted]


def _numbers(prediction: Tensor, target: Tensor, setting: Setting) -> Samples:
    shape = (len(target), -1) if target[0].numel() > 1 else (-1,)
    return widest(prediction).reshape(shape), widest(target).reshape(shape)


def _last(values: Tensor) -> Tensor:
    """Dimension 1 last, the others as one: (B × …) × C."""
    return values.movedim(1, -1).reshape(-1, values.shape[1])


# ---- figures of what they compute


def _mean_recall(confusion: Tensor) -> Tensor:
    """The mean of the recalls of the classes that occur, of a table (targets × predictions) or one for each label."""
    recalls = confusion.diagonal(dim1=-2, dim2=-1) / confusion.sum(-1)
    return recalls.nanmean(-1).nanmean()


_AVERAGE = ("average",)
RECIPES: Mapping[str, Recipe] = {
    f"layerloom.metrics.{name}": recipe
    for name, recipe in {
        "BalancedAccuracy": Recipe("ConfusionMatrix", _decided, figure=_mean_recall),
        "Precision": Recipe("Precision", _decided, _AVERAGE),
        "Recall": Recipe("Recall", _decided, _AVERAGE),
        "Specificity": Recipe("Specificity", _decided, _AVERAGE),
        "F1": Recipe("F1Score", _decided, _AVERAGE),
        "FBeta": Recipe("FBetaScore", _decided, ("beta", "average")),
        "JaccardIndex": Recipe("JaccardIndex", _decided, _AVERAGE),
        "Dice": Recipe("F1Score", _decided, _AVERAGE),
        "MatthewsCorrCoef": Recipe("MatthewsCorrCoef", _flat),
        "CohenKappa": Recipe("CohenKappa", _flat, ("weights",)),
        "AUROC": Recipe("AUROC", _chances, ("thresholds",), by_class=True),
        "AveragePrecision": Recipe("AveragePrecision", _chances, ("thresholds",), by_class=True),
        "SpearmanCorrCoef": Recipe("SpearmanCorrCoef", _numbers, of_numbers=True),
    }.items()
}
