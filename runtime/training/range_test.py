"""The learning-rate range test (Smith, "Cyclical Learning Rates for Training Neural Networks", 2015, section 3.3).

The rate of the first objective grows by the same factor at each step from `LOWEST` to `HIGHEST`. The loss is smoothed by its mean over
`WINDOW` steps around each one, about a decade of the rate; a mean of past steps alone, such as fastai's, lags behind and
proposes rates that are several times too high. The test ends where the smoothed loss is `DIVERGED` times its best. The rate to try is
where it falls most steeply over the logarithm of the rate, as fastai suggests ("steep").
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np
import torch

from runtime.events import Event, RangeTested, StepsEnded
from runtime.session import Control
from runtime.training.fit import Fit
from runtime.training.learner import Batch
from runtime.training.record import NotFinite
from runtime.training.wishes import obey_in_a_look

STEPS = 100
LOWEST, HIGHEST = 1e-7, 10.0
WINDOW = 13
DIVERGED = 4.0
REPORT = 10  # steps that are told of together
LEAST_FALL = 0.02  # of the first smoothed loss: less is no fall


def range_test(fit: Fit, control: Control) -> Iterator[Event]:
    """Try rates on the training part; the last event is `RangeTested`. The fit is used up by it.

    The objective steps at every batch; one that gathers the gradients of several batches does so here too.
    """
    learner = fit.learners[0]
    learner.every = 1
    rates: list[float] = []
    losses: list[float] = []
    record = fit.begin(training=True)
    for step, batch in enumerate(islice(_endless(fit), STEPS), start=1):
        if control.has_wish:
            yield from obey_in_a_look(fit, control)
        if control.end_wanted:
            break
        rate = LOWEST * (HIGHEST / LOWEST) ** ((step - 1) / (STEPS - 1))
        learner.rates.fix(rate)
        outcomes = fit.train_step(batch)
        assert outcomes[0] is not None
        loss = float(outcomes[0].loss.detach())
        if not math.isfinite(loss):
            break
        rates.append(rate)
        losses.append(loss)
        record.add(len(batch[0]), outcomes)
        is_over = step == STEPS or has_diverged(losses)
        if step % REPORT == 0 or is_over:
            speed = record.samples_per_second
            try:
                series = record.flush()
            except NotFinite:  # of another objective
                break
            yield StepsEnded(1, step, series, rate, speed, fit.rates, fit.stopwatch.seconds)
        if is_over:
            break
    middles, means = rates[WINDOW // 2 : len(rates) - WINDOW // 2], smoothed(losses)
    yield RangeTested(learner.objective.name, tuple(middles), tuple(means), steepest(middles, means))


def smoothed(losses: Sequence[float]) -> list[float]:
    """The mean of the window around each loss that has a whole one."""
    return np.convolve(losses, np.full(WINDOW, 1 / WINDOW), "valid").tolist() if len(losses) >= WINDOW else []


def has_diverged(losses: Sequence[float]) -> bool:
    """Whether the smoothed loss is far above its best."""
    means = smoothed(losses)
    if not means:
        return False
    best = min(means)
    return means[-1] - best > (DIVERGED - 1) * max(abs(best), means[0] - best)


def steepest(rates: Sequence[float], losses: Sequence[float]) -> float | None:
    """The rate at which losses fall most steeply over its logarithm, on the way to the lowest; None where they do not fall."""
    lowest = int(np.argmin(losses)) if losses else 0
    if lowest == 0 or losses[lowest] > losses[0] - LEAST_FALL * abs(losses[0]):
        return None
    slopes = np.gradient(np.array(losses), np.log(np.array(rates)))
    return float(rates[int(np.argmin(slopes[: lowest + 1]))])


def _endless(fit: Fit) -> Iterator[Batch]:
    """Batches in an order that the seed of the plan gives, as in training."""
    generator = torch.Generator().manual_seed(fit.plan.seed)
    while True:
        yield from fit.train.batches(fit.batch_size, generator, ports=fit.ports)
