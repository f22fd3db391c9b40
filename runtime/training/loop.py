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

from collections.abc import Generator, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import torch

from graph.messages import LayerloomError
from graph.model import Project
from runtime.data import Part
from runtime.events import (
    EpochEnded,
    Event,
    Failed,
    Figures,
    Finished,
    Paused,
    Resumed,
    StepsEnded,
    Stopped,
    Tested,
)  # fmt: skip
from runtime.runs import FAILED, FINISHED, STOPPED
from runtime.session import Control
from runtime.training.answers import ask
from runtime.training.divergence import explain_not_finite
from runtime.training.failures import explain_error
from runtime.training.fit import Fit
from runtime.training.job import Job, begin, go_on
from runtime.training.record import NotFinite, Record


def train(
    project: Project,
    *,
    folder: Path | None = None,
    runs: Path,
    resume: Path | None = None,
    control: Control | None = None,
    epochs: int | None = None,
) -> Iterator[Event]:
    """Train a project; yields the events as they happen, the last one always Finished, Stopped or Failed.

    Args:
        folder: what relative paths of data nodes start from.
        runs: the folder in which the run gets its own.
        resume: the folder of a run to go on with, exactly where it was. Its own snapshot of the project is trained; of
            `project` only the device and a larger number of epochs count.
        control: the wishes to pause and to stop, read between two steps.
        epochs: counts instead of the plan's.
    """
    if epochs is not None:
        project = project.with_plan(replace(project.plan, epochs=epochs))
    threads = torch.get_num_threads()
    job: Job | None = None
    try:
        job = go_on(resume, folder=folder, wish=project) if resume else begin(project, folder=folder, runs=runs)
        for event in _run(job, control or Control()):
            job.writer.log(event)
            yield event
    except Exception as error:
        yield _failed(error, project, job)
    finally:
        torch.set_num_threads(threads)
        if job is not None:
            job.writer.close()


def _run(job: Job, control: Control) -> Iterator[Event]:
    fit = job.fit
    yield job.started()
    while fit.epoch <= fit.epochs and not control.stop_wanted:
        yield from _epoch(job, control)
    job.save()
    test = None if control.stop_wanted else (yield from _test(job, control))
    if test is None:
        job.finish(STOPPED)
        yield Stopped(job.path, fit.device.id, min(fit.epoch, fit.epochs), fit.step)
    else:
        job.finish(FINISHED, test=test)
        yield Finished(test, job.path, fit.device.id, fit.epoch - 1, fit.stopwatch.seconds)


def _epoch(job: Job, control: Control) -> Iterator[Event]:
    """Train on every batch once, then look at the validation part."""
    fit = job.fit
    started = fit.stopwatch.seconds
    train = yield from run_epoch(job, fit.train, control, training=True)
    trained = fit.stopwatch.seconds
    validation = None if train is None else (yield from run_epoch(job, fit.validation, control))
    if train is None or validation is None:
        return
    epoch, rate = fit.epoch, fit.learning_rate
    is_best = job.end_epoch(train, validation)
    seconds = fit.stopwatch.seconds - started
    yield EpochEnded(
        epoch=epoch,
        step=fit.step,
        train=train,
        validation=validation,
        learning_rate=rate,
        samples_per_second=fit.train.count / max(trained - started, 1e-9),
        seconds=seconds,
        seconds_left=seconds * (fit.epochs - epoch),
        best=is_best,
    )


def _test(job: Job, control: Control) -> Generator[Event, None, Figures | None]:
    """Measure the best weights on samples that were never looked at; None if the person stopped it."""
    fit = job.fit
    job.checkpoints.load_best(fit.model)
    test = yield from run_epoch(job, fit.test, control)
    if test:
        answers = ask(fit.compiled, fit.model, fit.test, batch_size=fit.batch_size)
        yield Tested(test, job.classes, answers.confusion, answers.samples)
    return test


def run_epoch(
    job: Job, part: Part, control: Control, *, training: bool = False
) -> Generator[Event, None, Figures | None]:
    """One pass over a part of the data, training or only looking: its figures, or None if the person stopped it."""
    fit = job.fit
    record = fit.begin(training=training)
    step = fit.train_step if training else fit.evaluate
    for batch in fit.batches(part, training=training):
        if control.has_wish:
            yield from _report(job, record, part, training)
            yield from _pause(fit, control)
            if control.stop_wanted:
                return None
        record.add(len(batch[0]), step(batch))
        if record.is_due:
            yield from _report(job, record, part, training)
    yield from _report(job, record, part, training)
    return record.figures()


def _report(job: Job, record: Record, part: Part, training: bool) -> Iterator[Event]:
    """Fetch what was measured since the last report, and tell of it where it was training."""
    if not record.num_steps:
        return
    fit, rate = job.fit, record.samples_per_second
    try:
        series = record.flush()
    except NotFinite as found:
        raise explain_not_finite(job, part, found, training=training) from found
    if training:
        job.save_if_due()
        yield StepsEnded(fit.epoch, fit.step, series, fit.learning_rate, rate)


def _pause(fit: Fit, control: Control) -> Iterator[Event]:
    """Wait as long as the person wishes."""
    if control.pause_wanted:
        yield Paused(fit.epoch, fit.step)
        with fit.stopwatch.held():
            while control.pause_wanted:
                control.wait()
                while control.take_wish() is not None:
                    pass
        yield Resumed(fit.epoch, fit.step)


def _failed(error: Exception, project: Project, job: Job | None) -> Failed:
    """The last event of a run that cannot go on. A mistake of ours is raised again."""
    compiled = job.fit.compiled if job else None
    found = explain_error(error, compiled, batch_size=project.plan.batch_size)
    if found is None:
        raise error
    event = Failed(found.message, node=found.node, run=job.path if job else None)
    if job is not None:
        with suppress(LayerloomError):
            job.checkpoints.write_best()
            job.finish(FAILED, message=str(found))
            job.writer.log(event)
    return event
