"""Optimizers and schedules of a plan as those of `torch.optim`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch
from torch import nn

from graph.catalog.optimizer_words import SPLIT
from graph.catalog.optimizers import OPTIMIZERS, SCHEDULERS, parts_of
from graph.expressions import evaluate
from graph.messages import EditError, RunError, msg
from graph.plan import STEP, Choice
from runtime.training.muon import MuonAndAdamW

CONSTANT = "constant"
ALL_AT_ONCE = (torch.optim.LBFGS,)  # optimizers that compute the loss themselves, several times a step
# Optimizers that treat every number alone: the same bits however parameters are cut into tensors.
ELEMENTWISE = (
    torch.optim.Adadelta, torch.optim.Adagrad, torch.optim.Adam, torch.optim.Adamax, torch.optim.AdamW, torch.optim.ASGD,
    torch.optim.NAdam, torch.optim.RAdam, torch.optim.RMSprop, torch.optim.Rprop, torch.optim.SGD,
)  # fmt: skip

MATRIX = 2  # dimensions

Groups = Sequence[dict[str, Any]]
Schedule = torch.optim.lr_scheduler.LRScheduler


@dataclass(frozen=True, slots=True)
class Length:
    """How long a run is, in epochs and in batches an epoch, and which batches make a step of an objective.

    It takes every `every`-th batch of the run, and `accumulate` of them for a step; the end of an epoch ends a step too.
    """

    epochs: int
    batches_per_epoch: int
    every: int = 1
    accumulate: int = 1

    def units(self, unit: str) -> int:
        """The whole run in epochs or in steps of the objective."""
        return self.done(unit, self.epochs + 1, 0)

    def done(self, unit: str, epoch: int, batch: int) -> int:
        """The epochs or steps of the objective that are over when `batch` batches of an epoch (from 1) are."""
        if unit != STEP:
            return epoch - 1
        begins = [passed * self.batches_per_epoch for passed in range(epoch + 1)]
        taken = [begin // self.every for begin in begins]
        steps = sum(-((before - after) // self.accumulate) for before, after in pairwise(taken[:epoch]))
        now = (begins[epoch - 1] + batch) // self.every - taken[epoch - 1]
        is_last = now == taken[epoch] - taken[epoch - 1]
        return steps + (-(-now // self.accumulate) if is_last else now // self.accumulate)


def optimizer_class(choice: Choice) -> type[torch.optim.Optimizer]:
    """The class of the optimizer that was chosen.

    Raises:
        RunError: this version does not know it.
    """
    _described(choice, OPTIMIZERS)
    return getattr(torch.optim, choice.type.rpartition(".")[2])


def build_optimizer(
    choice: Choice,
    parameters: Iterable[nn.Parameter],
    *,
    undecayed: Iterable[nn.Parameter] = (),
    embeddings: Set[int] = frozenset(),
) -> torch.optim.Optimizer:
    """The optimizer that was chosen, over these parameters, in PyTorch's default implementation.

    Muon gets an AdamW beside it for all that is no matrix (`runtime.training.muon`).

    Args:
        embeddings: the ids of parameters that are tables of vectors, of which a batch uses some rows.
        undecayed: more parameters, in a group of their own without weight decay where the optimizer has any.

    Raises:
        RunError: the type is unknown, it cannot train one of the parameters, or PyTorch refuses its settings.
    """
    arguments = _described(choice, OPTIMIZERS).values(choice)
    for whole, parts in SPLIT.items():
        if all(part in arguments for part in parts):
            arguments[whole] = tuple(arguments.pop(part) for part in parts)
    groups = [{"params": list(parameters)}, {"params": list(undecayed), "weight_decay": 0.0}]
    kind = optimizer_class(choice)
    if kind is torch.optim.SparseAdam:
        _check_embeddings(groups, embeddings)
    if kind is torch.optim.Muon:
        return _refused_by(choice, _muon, groups, arguments, embeddings)
    if "weight_decay" in arguments:
        return _refused_by(choice, kind, _filled(groups), **arguments)
    return _refused_by(choice, kind, [p for group in groups for p in group["params"]], **arguments)


def _filled(groups: Groups) -> Groups:
    return [group for group in groups if group["params"]]


def _check_embeddings(groups: Groups, embeddings: Set[int]) -> None:
    if not all(id(p) in embeddings for group in groups for p in group["params"]):
        raise RunError(
            msg(
                "SparseAdam trains Embedding and EmbeddingBag layers only, without scaling by frequency and not with the mode "
                "max. Choose such layers for its objective and give the others to another objective, or use Adam."
            )
        )


def _muon(groups: Groups, arguments: Mapping[str, Any], embeddings: Set[int]) -> torch.optim.Optimizer:
    def only(is_matrix: bool) -> Groups:
        chosen = (
            [p for p in g["params"] if (p.dim() == MATRIX and id(p) not in embeddings) is is_matrix] for g in groups
        )
        return _filled([{**group, "params": own} for group, own in zip(groups, chosen, strict=True)])

    matrices, others = only(True), only(False)
    if not matrices:
        raise RunError(
            msg("Muon is for the matrices of layers such as Linear, and its objective has none. Use AdamW instead.")
        )
    return MuonAndAdamW(matrices, others, arguments) if others else torch.optim.Muon(matrices, **arguments)


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
    described = _described(choice, SCHEDULERS)
    if choice.type == CONSTANT:
        return None
    if described.param("schedulers"):
        return _made_of_parts(choice, optimizer, length.units(unit))
    return _simple_schedule(choice, optimizer, length.units(unit), mode)


def follows_length(choice: Choice) -> bool:
    """Whether a schedule goes over the whole run, however long that is.

    Raises:
        EditError: what it is made of cannot be read.
    """
    values, parts = _described(choice, SCHEDULERS).values(choice), parts_of(choice)
    if parts:
        return any(map(follows_length, parts[-1:] if "milestones" in values else parts))
    return choice.type.endswith(".OneCycleLR") or values.get("T_max", 0) is None


def _made_of_parts(choice: Choice, optimizer: torch.optim.Optimizer, units: int) -> Schedule:
    """One schedule after the other, or several at once."""
    try:
        parts = parts_of(choice)
    except EditError as error:
        raise RunError(error.message) from error
    milestones = _described(choice, SCHEDULERS).values(choice).get("milestones")
    if milestones is None:
        made = [_simple_schedule(part, optimizer, units) for part in parts]
        return _refused_by(choice, torch.optim.lr_scheduler.ChainedScheduler, made, optimizer)
    ends = [*milestones, max(units, *(m + 1 for m in milestones))]  # type: ignore[misc]
    spans = [end - begin for begin, end in pairwise([0, *ends])]
    made = [_simple_schedule(part, optimizer, span) for part, span in zip(parts, spans, strict=False)]
    return _refused_by(choice, torch.optim.lr_scheduler.SequentialLR, optimizer, made, list(milestones))


def _simple_schedule(choice: Choice, optimizer: torch.optim.Optimizer, units: int, mode: str = "min") -> Schedule:
    """A schedule over so many epochs or steps."""
    arguments = _described(choice, SCHEDULERS).values(choice)
    name = choice.type.rpartition(".")[2]
    if "T_max" in arguments and arguments["T_max"] is None:
        arguments["T_max"] = units
    if name == "OneCycleLR":
        arguments["total_steps"] = units + 1  # PyTorch refuses one step beyond the last
    if name == "ReduceLROnPlateau":
        arguments["mode"] = mode
    if isinstance(formula := arguments.get("lr_lambda"), str):
        arguments["lr_lambda"] = Formula(formula)
    return _refused_by(choice, getattr(torch.optim.lr_scheduler, name), optimizer, **arguments)


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


def _refused_by(choice: Choice, make: Callable[..., Any], *arguments: Any, **settings: Any) -> Any:
    """What `make` gives; a sentence where PyTorch refuses its arguments."""
    try:
        return make(*arguments, **settings)
    except (TypeError, ValueError) as error:
        raise RunError(
            msg("{type} cannot be used with these settings: {reason}.", type=choice.type, reason=str(error).rstrip("."))
        ) from error
