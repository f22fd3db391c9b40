"""Overfit one batch: a network and a plan that are right learn a few samples by heart (Karpathy, "A Recipe for Training Neural
Networks", 2019). Where that fails, no amount of data will help."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from dataclasses import replace

import torch

from graph.messages import Message, msg
from graph.plan import Choice, Objective, Plan
from runtime.events import Event, Overfitted, StepsEnded
from runtime.session import Control
from runtime.training.fit import Fit
from runtime.training.learner import Outcome
from runtime.training.record import NotFinite
from runtime.training.wishes import obey_in_a_look

STEPS = 500
SHARE = 0.05  # of the first loss that counts as next to nothing
MAX_SAMPLES = 32


def overfit_one_batch(fit: Fit, control: Control) -> Iterator[Event]:
    """Train on a few samples, drawn with the seed of the plan, over and over; the last event is `Overfitted`,
    unless a person stopped it before anything could be told.

    What keeps a network from learning by heart is switched off: dropout and augmentation (its layers are in evaluation mode, but
    BatchNorm), weight decay, penalties, schedules and warm-up.
    """
    bare = _without_brakes(fit)
    size = min(fit.batch_size, MAX_SAMPLES)
    drawn = torch.Generator().manual_seed(fit.plan.seed)
    batch = next(bare.train.batches(size, drawn, ports=bare.ports))
    record = bare.begin(training=True)
    _rest(bare)
    first = last = math.nan
    for step in range(1, STEPS + 1):
        if control.has_wish:
            yield from obey_in_a_look(bare, control)
        if control.end_wanted:
            break
        outcomes = bare.train_step(batch)
        last = _loss(outcomes)
        first = last if step == 1 else first
        record.add(size, outcomes)
        if record.is_due or step == STEPS or not math.isfinite(last) or _is_learned(first, last):
            speed = record.samples_per_second
            try:
                series = record.flush()
            except NotFinite:
                break
            yield StepsEnded(1, step, series, bare.learning_rate, speed, bare.rates, bare.stopwatch.seconds)
        if _is_learned(first, last):
            break
    passed = _is_learned(first, last)
    if control.end_wanted and not passed:
        return
    yield Overfitted(bare.step, first, last, passed, _verdict(passed, first, last, bare.step, size))


def _without_brakes(fit: Fit) -> Fit:
    """The same fit under a plan that holds nothing back."""
    plan = fit.compiled.project.plan
    objectives = tuple(_bare(objective) for objective in plan.objectives)
    bare = replace(plan, objectives=objectives, averaging=Plan().averaging, compile=False)
    compiled = copy.copy(fit.compiled)
    programs = tuple(
        replace(program, objective=objective) for program, objective in zip(compiled.programs, objectives, strict=True)
    )
    compiled = replace(compiled, project=compiled.project.with_plan(bare), programs=programs)
    return Fit(compiled, (fit.train, fit.validation, fit.test), fit.device, epochs=STEPS)


def _bare(objective: Objective) -> Objective:
    params = {name: value for name, value in objective.optimizer.params.items() if name != "weight_decay"}
    if objective.optimizer.type in ("torch.optim.AdamW", "torch.optim.Muon"):
        params["weight_decay"] = 0.0
    optimizer, scheduler = Choice(objective.optimizer.type, params), Choice("constant")
    return replace(objective, optimizer=optimizer, scheduler=scheduler, warmup=0, l1=0.0, l2=0.0, every=1, accumulate=1)


def _rest(fit: Fit) -> None:
    """Everything in evaluation mode but normalization by batch, which needs its batch."""
    for learner in fit.learners:
        learner.train(False)
    for module in fit.model.modules():
        if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
            module.train(True)


def _loss(outcomes: object) -> float:
    losses = [float(outcome.loss.detach()) for outcome in outcomes if isinstance(outcome, Outcome)]  # type: ignore[union-attr]
    return sum(losses) if losses else math.nan


def _is_learned(first: float, last: float) -> bool:
    return math.isfinite(last) and (last <= SHARE * first if first > 0 else last < first - abs(first))


def _verdict(passed: bool, first: float, last: float, steps: int, samples: int) -> Message:
    values = {"samples": samples, "steps": steps, "first": f"{first:.3g}", "last": f"{last:.3g}"}
    if passed:
        return msg(
            "It learned {samples} samples by heart in {steps} steps: the loss went from {first} to {last}.", **values
        )
    if not math.isfinite(last):
        return msg(
            "The loss became {last} on a batch of {samples} samples. Lower the learning rate, or normalize the data.",
            **values,
        )
    return msg(
        "It did not learn {samples} samples by heart in {steps} steps: the loss went from {first} to {last}. Try another learning "
        "rate, look for layers that pass no gradient, and check that labels belong to their samples.", **values,
    )  # fmt: skip
