"""The learning-rate range test (Smith, "Cyclical Learning Rates for Training Neural Networks", 2015, section 3.3).

The rate of the first objective grows by the same factor at each step from `LOWEST` to `HIGHEST`; the loss is smoothed (an
exponential average with memory 0.98, corrected for its start, as in fastai). The test ends where it is `DIVERGED` times its best. The
rate to try is where the smoothed loss falls most steeply over the logarithm of the rate, as fastai suggests ("steep").
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import cycle, islice

import numpy as np

from runtime.events import Event, RangeTested, StepsEnded
from runtime.session import Control
from runtime.training.fit import Fit
from runtime.training.record import NotFinite

STEPS = 100
LOWEST, HIGHEST = 1e-7, 10.0
MEMORY = 0.98
DIVERGED = 4.0
SKIPPED = 5  # steps at the beginning, where the average is of nearly nothing
LEAST_FALL = 0.02  # of the first smoothed loss: less is no fall


def range_test(fit: Fit, control: Control) -> Iterator[Event]:
    """Try rates on the training part; the last event is `RangeTested`. The fit is used up by it."""
    learner = fit.learners[0]
    rates, losses, average = [], [], 0.0
    record = fit.begin(training=True)
    every = (batch for epoch in cycle((0,)) for batch in fit.train.batches(fit.batch_size, ports=fit.ports))
    for step, batch in enumerate(islice(every, STEPS), start=1):
        rate = LOWEST * (HIGHEST / LOWEST) ** ((step - 1) / (STEPS - 1))
        learner.rates.fix(rate)
        outcomes = fit.train_step(batch)
        loss = float(outcomes[0].loss.detach()) if outcomes[0] is not None else math.nan
        average = MEMORY * average + (1 - MEMORY) * loss
        smooth = average / (1 - MEMORY**step)
        if not math.isfinite(smooth) or (step > SKIPPED and smooth > DIVERGED * min(losses)):
            break
        rates.append(rate)
        losses.append(smooth)
        record.add(len(batch[0]), outcomes)
        if record.is_due or step == STEPS:
            try:
                series = record.flush()
            except NotFinite:
                break
            yield StepsEnded(1, step, series, rate, record.samples_per_second, fit.rates, fit.stopwatch.seconds)
        if control.stop_wanted:
            break
    yield RangeTested(learner.objective.name, tuple(rates), tuple(losses), steepest(rates, losses))


def steepest(rates: Sequence[float], losses: Sequence[float]) -> float | None:
    """The rate at which losses fall most steeply over its logarithm; None where they do not fall."""
    if len(rates) <= 2 * SKIPPED:
        return None
    slopes = np.gradient(np.array(losses), np.log(np.array(rates)))[SKIPPED:]
    if min(losses[SKIPPED:]) > losses[SKIPPED] * (1 - LEAST_FALL):
        return None
    return float(rates[SKIPPED + int(np.argmin(slopes))])
