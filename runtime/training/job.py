"""A run and its folder: begun anew or gone on with, saved when it is due, noted how it ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from graph.model import Project
from runtime import devices
from runtime.compiler import compile_project
from runtime.data import Prepared, prepare
from runtime.events import Figures, RunStarted
from runtime.runs import RUNNING, RunWriter, create_run, load_run, reopen_run
from runtime.training.checkpoints import Checkpoints
from runtime.training.failures import explaining
from runtime.training.fit import Fit


@dataclass(frozen=True, slots=True)
class Job:
    """What is trained, and the folder that it leaves its traces in."""

    fit: Fit
    writer: RunWriter
    checkpoints: Checkpoints
    classes: tuple[str, ...]

    @property
    def path(self) -> str:
        """The folder of the run."""
        return str(self.writer.path)

    def started(self) -> RunStarted:
        """The first event."""
        fit = self.fit
        return RunStarted(
            run=self.path,
            device=fit.device.id,
            device_name=fit.device.name,
            epochs=fit.epochs,
            steps_per_epoch=fit.steps_per_epoch,
            samples={"train": fit.train.count, "validation": fit.validation.count, "test": fit.test.count},
            parameters=sum(parameter.numel() for parameter in fit.model.parameters()),
            seed=fit.compiled.project.plan.seed,
            first_epoch=fit.epoch,
        )

    def end_epoch(self, train: Figures, validation: Figures) -> bool:
        """Move to the next epoch, and keep what is worth keeping. True if this one was the best."""
        is_best = self.fit.end_epoch(train, validation)
        if is_best:
            self.checkpoints.keep_best(self.fit.model)
        self.save_if_due(at_epoch_end=True)
        return is_best

    def save_if_due(self, *, at_epoch_end: bool = False) -> None:
        """Write a checkpoint unless one was written a moment ago."""
        if self.checkpoints.is_due(at_epoch_end=at_epoch_end):
            self.save()

    def save(self) -> None:
        """Write a checkpoint."""
        self.checkpoints.write(self.fit.model, self.fit.state_dict())

    def finish(self, status: str, **result: Any) -> None:
        """Note how the run ended, and with which figures."""
        fit = self.fit
        self.writer.note(
            status=status, epoch=fit.epoch - 1, step=fit.step, best=fit.best, seconds=fit.stopwatch.seconds, **result
        )


def begin(project: Project, *, folder: Path | None, runs: Path) -> Job:
    """Set a new run up.

    Raises:
        LayerloomError: the drawing, its data or the plan is wrong, or the folder cannot be written.
    """
    fit, prepared = _build(project, folder, project.plan.epochs)
    writer = create_run(runs, project, fit.compiled.source.text, _facts(fit, prepared, folder))
    return Job(fit, writer, Checkpoints(writer.checkpoints), prepared.classes)


def go_on(path: Path, *, folder: Path | None, wish: Project) -> Job:
    """Set an earlier run up where it was, from its own snapshot of the project.

    Args:
        wish: its device counts, and its epochs if they are more than the run was meant for.

    Raises:
        LayerloomError: there is no such run, it has no checkpoint, or its data is no longer there.
    """
    run = load_run(path)
    checkpoints = Checkpoints(run.checkpoints)
    state = checkpoints.read()
    plan = replace(run.project.plan, device=wish.plan.device)
    epochs = max(run.epochs, wish.plan.epochs)
    fit, prepared = _build(run.project.with_plan(plan), folder or run.folder, epochs)
    fit.load_state_dict(state)
    writer = reopen_run(run)
    writer.note(status=RUNNING, epochs=epochs)
    return Job(fit, writer, checkpoints, prepared.classes)


def _build(project: Project, folder: Path | None, epochs: int) -> tuple[Fit, Prepared]:
    compiled = compile_project(project)
    prepared = prepare(project, folder)
    device = devices.choose(project.plan.device)
    batch_size = project.plan.batch_size
    torch.set_num_threads(devices.num_threads(device, compiled.analysis.macs * batch_size))
    with explaining(compiled, batch_size=batch_size):
        return Fit(compiled, prepared.parts, device, epochs=epochs), prepared


def _facts(fit: Fit, prepared: Prepared, folder: Path | None) -> Mapping[str, Any]:
    """What `run.json` says of a run from its beginning on."""
    return {
        "name": fit.compiled.project.name,
        "seed": fit.compiled.project.plan.seed,
        "device": {"id": fit.device.id, "name": fit.device.name, "threads": torch.get_num_threads()},
        "folder": str(folder.resolve()) if folder else None,
        "data": {
            "fingerprint": prepared.fingerprint,
            "statistics": prepared.statistics,
            "classes": prepared.classes,
            "task": prepared.task,
        },
    }
