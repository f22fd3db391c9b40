"""What a person wishes of a run in the middle of it, carried out between two steps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

import torch

from graph.messages import FileError, RunError, msg
from runtime.events import Event, Paused, RateSet, Refused, Replaced, Resumed, Saved
from runtime.session import Control, Replace, Save, SetRate
from runtime.training.carry import carry_over
from runtime.training.failures import explain_error
from runtime.training.fit import Fit, device_random, set_device_random
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


def refuse_rest(control: Control) -> Iterator[Event]:
    """Refuse what waits when nothing is trained any more."""
    while control.take_wish() is not None:
        yield Refused(msg("The run had ended by then. Begin another one, or continue this one."))


def obey_in_a_look(fit: Fit, control: Control) -> Iterator[Event]:
    """Between two steps of a run that only looks: wait as long as that is wished. All else but stopping is refused."""
    yield from _refuse_in_a_look(control)
    if not control.pause_wanted:
        return
    yield Paused(1, fit.step)
    with fit.stopwatch.held():
        while control.pause_wanted:
            control.wait()
            yield from _refuse_in_a_look(control)
    yield Resumed(1, fit.step)


def _refuse_in_a_look(control: Control) -> Iterator[Event]:
    while control.take_wish() is not None:
        yield Refused(msg("This run only looks: it keeps its plan and saves nothing. Wait until it ends, or stop it."))


def _save(job: Job, wish: Save) -> Event:
    job.save()
    return Saved(job.fit.epoch, job.fit.step, str(job.checkpoints.folder))


def _set_rate(job: Job, wish: SetRate) -> Event:
    job.fit.set_rate(wish.objective, wish.learning_rate)
    with suppress(FileError):  # from here the steps can be made again (`runtime.training.divergence`)
        job.save()
    return RateSet(job.fit.epoch, job.fit.step, wish.objective, wish.learning_rate)


def _replace(job: Job, wish: Replace) -> Event:
    """Go on with another drawing and plan; device, deterministic mode and random numbers stay those of the run."""
    old = job.fit
    if old.world is not None:
        raise RunError(
            msg("A run of several processes keeps its drawing. Stop it, change the drawing, and train again.")
        )
    plan = replace(wish.project.plan, device=old.plan.device, deterministic=old.plan.deterministic)
    project = wish.project.with_plan(plan)
    threads, new, data = torch.get_num_threads(), None, job.data_for(project)
    try:
        with _random_kept(old):
            new, prepared = build(project, job.folder, plan.epochs, prepared=data)
            wrong = next((finding for finding in preflight(new).findings if finding.level == ERROR), None)
            if wrong is not None:
                raise RunError(wrong.message, node=wrong.node)
            carried = carry_over(old, new)
        job.take_over(project, new, prepared)
    except Exception:
        torch.set_num_threads(threads)
        if new is not None and data is None:  # else the pass under way reads it
            new.close()
        raise
    parameters = sum(parameter.numel() for parameter in new.model.parameters())
    return Replaced(new.epoch, new.step, *carried, parameters)


@contextmanager
def _random_kept(fit: Fit) -> Iterator[None]:
    """The random numbers of a run are afterwards where they were."""
    state, of_device = torch.get_rng_state(), device_random(fit.device)
    try:
        yield
    finally:
        torch.set_rng_state(state)
        set_device_random(fit.device, of_device)


_DO: Mapping[type, Callable[[Job, Any], Event]] = {Save: _save, SetRate: _set_rate, Replace: _replace}
