"""What a person wishes of a run in the middle of it, carried out between two steps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from graph.messages import FileError, RunError
from runtime.events import Event, RateSet, Refused, Replaced, Saved
from runtime.session import Control, Replace, Save, SetRate
from runtime.training.carry import carry_over
from runtime.training.failures import explain_error
from runtime.training.job import Job, build
from runtime.training.preflight import ERROR, preflight


def carry_out(job: Job, control: Control) -> Iterator[Event]:
    """Carry out every wish that waits. What cannot be done is refused, and the run is as it was."""
    while (wish := control.take_wish()) is not None:
        try:
            yield _DO[type(wish)](job, wish)
        except Exception as error:
            found = explain_error(error, job.fit.compiled, batch_size=job.fit.batch_size)
            if found is None:
                raise
            yield Refused(found.message, found.node)


def _save(job: Job, wish: Save) -> Event:
    job.save()
    return Saved(job.fit.epoch, job.fit.step, str(job.checkpoints.folder))


def _set_rate(job: Job, wish: SetRate) -> Event:
    job.fit.set_rate(wish.objective, wish.learning_rate)
    with suppress(FileError):  # from here the steps can be made again (`runtime.training.divergence`)
        job.save()
    return RateSet(job.fit.epoch, job.fit.step, wish.objective, wish.learning_rate)


def _replace(job: Job, wish: Replace) -> Event:
    """Go on with another drawing and plan, whose device stays that of the run."""
    new, prepared = build(wish.project, job.folder, wish.project.plan.epochs)
    wrong = next((finding for finding in preflight(new).findings if finding.level == ERROR), None)
    if wrong is not None:
        raise RunError(wrong.message, node=wrong.node)
    carried = carry_over(job.fit, new)
    job.take_over(new, prepared)
    parameters = sum(parameter.numel() for parameter in new.model.parameters())
    return Replaced(new.epoch, new.step, *carried, parameters)


_DO: Mapping[type, Callable[[Job, Any], Event]] = {Save: _save, SetRate: _set_rate, Replace: _replace}
