"""The training loop: a generator of events, so that pausing is not asking for the next one.

On the CPU its numbers are those of the plain loop to the bit, computed with as many threads as `run.json` says. By hand:

    x, y = prepare(project, folder).train.tensors.values()  # the split is explained in `runtime.data.splits`
    torch.manual_seed(plan.seed)
    model = LeNet5()  # of the run's `model.py`
    optimizer = torch.optim.Adam(model.parameters(), lr=0.003)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, plan.epochs)
    generator = torch.Generator().manual_seed(plan.seed)
    for epoch in range(plan.epochs):
        model.train()
        for batch in torch.randperm(len(x), generator=generator).split(plan.batch_size):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(x[batch]), y[batch]).backward()
            optimizer.step()
        scheduler.step()
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from graph.messages import FileError, LayerloomError, RunError, msg
from graph.model import Project
from runtime.data import Part
from runtime.events import (
    OVERFIT,
    TRAIN,
    EpochEnded,
    Event,
    Failed,
    Figures,
    Finished,
    Noted,
    Paused,
    Pictured,
    Resumed,
    StepsEnded,
    Stopped,
    Tested,
)  # fmt: skip
from runtime.runs import FAILED, FINISHED, STOPPED, load_run
from runtime.session import Control
from runtime.training.answers import Answers, ask
from runtime.training.divergence import explain_not_finite
from runtime.training.failures import explain_error
from runtime.training.fit import Fit
from runtime.training.health import Watch
from runtime.training.job import Job, begin, build, go_on, started
from runtime.training.looking import Looking
from runtime.training.precision import deterministic
from runtime.training.preflight import ERROR, preflight
from runtime.training.record import NotFinite, Record
from runtime.training.taking import take_weights
from runtime.training.wishes import carry_out, refuse_rest

if TYPE_CHECKING:
    from runtime.training.world import World

Pass = Generator[Event, None, Figures | None]  # gives its figures, or None where it was left


def train(
    project: Project,
    *,
    folder: Path | None = None,
    runs: Path,
    resume: Path | None = None,
    control: Control | None = None,
    epochs: int | None = None,
    mode: str = TRAIN,
    watch: bool = True,
    look: bool = False,
    source: Path | None = None,
    world: World | None = None,
) -> Iterator[Event]:
    """Train a project; yields the events as they happen, the last one always Finished, Stopped or Failed.

    Args:
        folder: what relative paths of data nodes start from.
        runs: the folder in which the run gets its own.
        resume: the folder of a run to go on with, exactly where it was. Its own snapshot of the project is trained; of
            `project` only the device and a larger number of epochs count.
        control: the wishes of a person, read between two steps.
        epochs: counts instead of the plan's.
        mode: "overfit" and "range" only look, and leave no run behind.
        watch: look into the layers about once a second. The numbers are the same without.
        look: give pictures of what the network does, where its drawing has any. The numbers are the same without.
        source: the folder of a run whose weights a new run begins with (`runtime.training.taking`).
        world: the processes that train it together; this is process 0.
    """
    if epochs is not None:
        project = project.with_plan(replace(project.plan, epochs=epochs))
    threads = torch.get_num_threads()
    control = control or Control()
    job: Job | None = None
    fit: Fit | None = None
    try:
        with deterministic((load_run(resume).project if resume else project).plan.deterministic):
            if mode != TRAIN:
                yield from _only_look(project, folder, control, mode)
                return
            if resume:
                job = go_on(resume, folder=folder, wish=project, world=world)
            else:
                fit, prepared = build(project, folder, project.plan.epochs, world=world)
                taken = take_weights(fit, source) if source else None
                fit.divide()
                yield from _check(fit)
                job = begin(fit, prepared, project, folder=folder, runs=runs, taken=taken)
            for event in _run(job, control, Watch() if watch else None, Looking() if look else None):
                if not isinstance(event, Pictured):
                    job.writer.log(event)
                yield event
    except Exception as error:
        yield _failed(error, project, job, world)
    finally:
        torch.set_num_threads(threads)
        if job is not None:
            job.writer.close()
        if fit := job.fit if job else fit:
            fit.close()


def _check(fit: Fit) -> Iterator[Event]:
    """The look before the run.

    Raises:
        RunError: what it found keeps the run from going on.
    """
    checked = preflight(fit)
    yield checked
    wrong = next((finding for finding in checked.findings if finding.level == ERROR), None)
    if wrong is not None:
        raise RunError(wrong.message, node=wrong.node)


def _only_look(project: Project, folder: Path | None, control: Control, mode: str) -> Iterator[Event]:
    """Try a drawing without leaving a run behind."""
    from runtime.training.overfit import overfit_one_batch
    from runtime.training.range_test import range_test

    fit, _ = build(project, folder, project.plan.epochs)
    with closing(fit):
        yield from _check(fit)
        yield started(fit, "")
        yield from (overfit_one_batch if mode == OVERFIT else range_test)(fit, control)
    if control.end_wanted:
        yield Stopped("", fit.device.id, 1, fit.step)
    else:
        yield Finished({}, "", fit.device.id, 1, fit.stopwatch.seconds)


def _run(job: Job, control: Control, watch: Watch | None, looking: Looking | None) -> Iterator[Event]:
    yield job.started()
    job.fit.join()
    if job.taken is not None:
        yield job.taken
        yield from _written(job, control, job.save)  # what the weights were is known to nobody else
    fit = None
    while job.fit is not fit:  # another drawing may come while the last checkpoint waits for room
        yield from _epochs(job, control, watch, looking)
        if looking is not None:
            yield from looking.events(job)
        fit = job.fit
        yield from _written(job, control, job.save)
    fit, is_stopped = job.fit, control.end_wanted
    test = None if is_stopped else (yield from _test(job, control))
    fit.conclude()
    yield from _notes(fit)
    yield from refuse_rest(control)
    if test is None:
        yield from _written(job, control, lambda: job.finish(STOPPED), ended=True)
        yield Stopped(job.path, fit.device.id, min(fit.epoch, fit.epochs), fit.step)
    else:
        early = fit.stops_early and fit.epoch <= fit.epochs
        yield from _written(job, control, lambda: job.finish(FINISHED, test=test, early=early), ended=True)
        yield Finished(test, job.path, fit.device.id, fit.epoch - 1, fit.stopwatch.seconds, early)


def _epochs(job: Job, control: Control, watch: Watch | None, looking: Looking | None) -> Iterator[Event]:
    """The epochs until the last, or until the run should end."""
    is_amid = False  # another drawing came into an epoch, which goes on with it
    while not control.stop_wanted and (is_amid or not control.stop_after_epoch):
        if job.fit.epoch > job.fit.epochs or (job.fit.batch == 0 and job.fit.stops_early):
            return
        epoch = job.fit.epoch
        yield from _epoch(job, control, watch, looking)
        is_amid = job.fit.epoch == epoch


def _epoch(job: Job, control: Control, watch: Watch | None, looking: Looking | None) -> Iterator[Event]:
    """Train on every batch once, then look at the validation part; it may be left in the middle."""
    fit = job.fit
    since = fit.stopwatch.seconds
    train = yield from run_epoch(job, fit.train, control, training=True, watch=watch, looking=looking)
    trained = fit.stopwatch.seconds
    if train is None:
        return
    fit.end_training()
    with fit.averaged():
        validation = yield from run_epoch(job, fit.validation, control)
    if validation is None:
        return
    epoch, rate = fit.epoch, fit.learning_rate
    is_best = job.end_epoch(train, validation)
    if job.is_due(at_epoch_end=True):
        yield from _written(job, control, job.save)
    seconds = fit.stopwatch.seconds - since
    yield EpochEnded(
        epoch=epoch,
        step=fit.step,
        train=train,
        validation=validation,
        learning_rate=rate,
        samples_per_second=fit.train.count / max(trained - since, 1e-9),
        seconds=seconds,
        seconds_left=seconds * (fit.epochs - epoch),
        best=is_best,
    )


def _test(job: Job, control: Control) -> Pass:
    """Measure the best weights on samples that were never looked at; None if the person stopped it."""
    fit = job.fit
    fit.use_weights(job.checkpoints.best())
    test = yield from run_epoch(job, fit.test, control)
    if test:
        answers = fit.together(_ask)
        yield Tested(test, job.classes, answers.confusion, answers.samples)
    return test


def _ask(fit: Fit) -> Answers:
    return ask(fit.compiled, fit.model, fit.test, batch_size=fit.batch_size)


def run_epoch(
    job: Job,
    part: Part,
    control: Control,
    *,
    training: bool = False,
    watch: Watch | None = None,
    looking: Looking | None = None,
) -> Pass:
    """One pass over a part of the data, training or only looking: its figures, or None where it was left.

    Wishes are carried out while it trains; a pass that only looks can be stopped.
    """
    fit = job.fit
    record = fit.begin(training=training)
    for batch in fit.batches(part, training=training):
        if control.has_wish and (training or control.stop_wanted):
            yield from _report(job, control, record, part, training)
            yield from _obey(job, control)
            if control.stop_wanted:
                return None
        if job.fit is not fit:
            return None
        if looking is not None and looking.is_due:
            yield from looking.events(job)
        if not training:
            record.add(len(batch[0]), fit.evaluate(batch))
        elif watch is not None and watch.is_due:
            record.add(len(batch[0]), watch.step(fit, batch))
            yield from watch.events(fit)
        else:
            record.add(len(batch[0]), fit.train_step(batch))
        if record.is_due:
            yield from _report(job, control, record, part, training)
    yield from _report(job, control, record, part, training)
    return record.figures() if job.fit is fit else None


def _report(job: Job, control: Control, record: Record, part: Part, training: bool) -> Iterator[Event]:
    """Fetch what was measured since the last report, and tell of it where it was training."""
    if not record.num_steps:
        return
    fit, speed = job.fit, record.samples_per_second
    try:
        series = record.flush()
    except NotFinite as found:
        raise explain_not_finite(job, part, found, training=training) from found
    if training:
        if job.is_due():
            yield from _written(job, control, job.save)
        yield StepsEnded(fit.epoch, fit.step, series, fit.learning_rate, speed, fit.rates, fit.stopwatch.seconds)
    yield from _notes(fit)


def _notes(fit: Fit) -> Iterator[Event]:
    """What a person should know by now."""
    while fit.notes:
        yield Noted(fit.notes.pop(0))


def _obey(job: Job, control: Control, *, ended: bool = False) -> Iterator[Event]:
    """Carry out what the person wishes, and wait as long as that is wished. A run that `ended` has nothing more to change."""

    def carried() -> Iterator[Event]:
        return refuse_rest(control) if ended else carry_out(job, control)

    fit = job.fit
    yield from carried()
    if control.pause_wanted:
        yield Paused(fit.epoch, fit.step)
        with fit.stopwatch.held():
            while control.pause_wanted:
                control.wait()
                yield from carried()
            yield from carried()  # what was wished in the moment before it went on
        job.fit.stopwatch.seconds = fit.stopwatch.seconds
        yield Resumed(job.fit.epoch, job.fit.step)


def _written(job: Job, control: Control, write: Callable[[], object], *, ended: bool = False) -> Iterator[Event]:
    """Write into the folder of the run. Where there is no room the run waits, if somebody is there to make some.

    Raises:
        FileError: it cannot be written, and nobody is there.
    """
    while True:
        try:
            write()
            return
        except FileError as error:
            if not control.attended:
                raise
            yield Noted(
                msg("The run could not be written: {reason} It is paused: make room, then press Resume, or stop it.",
                    reason=error.message)
            )  # fmt: skip
            control.pause()
            yield from _obey(job, control, ended=ended)
            if control.stop_wanted:
                return


def _failed(error: Exception, project: Project, job: Job | None, world: World | None) -> Failed:
    """The last event of a run that cannot go on. A mistake of ours is raised again."""
    lost = world.explain(error, has_checkpoint=job is not None and not job.checkpoints.are_none) if world else None
    if lost is not None:
        found = lost
    elif job is None:
        found = explain_error(error, None, batch_size=project.plan.batch_size)
    else:
        checkpoint = None if job.checkpoints.are_none else job.checkpoints.folder
        found = explain_error(error, job.fit.compiled, batch_size=job.fit.batch_size, checkpoint=checkpoint)
    if found is None:
        raise error
    event = Failed(found.message, node=found.node, run=job.path if job else None)
    if job is not None:
        with suppress(LayerloomError):
            job.checkpoints.write_best()
            job.finish(FAILED, message=str(found))
            job.writer.log(event)
    return event
