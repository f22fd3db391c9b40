"""A run and its folder: begun anew or gone on with, saved when it is due, noted how it ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from graph import files
from graph.changes import diff
from graph.messages import FileError
from graph.model import Project
from runtime import devices
from runtime.compiler import compile_project
from runtime.data import Prepared, prepare
from runtime.events import Figures, RunStarted
from runtime.runs import RUNNING, RunWriter, create_run, load_run, reopen_run
from runtime.training.checkpoints import Checkpoints, Weights, weights_of
from runtime.training.failures import explaining
from runtime.training.fit import Fit


@dataclass(slots=True)
class Job:
    """What is trained, and the folder that it leaves its traces in. Another drawing brings another fit into the same folder."""

    fit: Fit
    prepared: Prepared
    folder: Path | None
    writer: RunWriter
    checkpoints: Checkpoints

    @property
    def path(self) -> str:
        """The folder of the run."""
        return str(self.writer.path)

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes."""
        return self.prepared.classes

    def started(self) -> RunStarted:
        """The first event."""
        return started(self.fit, self.path)

    def end_epoch(self, train: Figures, validation: Figures) -> bool:
        """Move to the next epoch, and keep what is worth keeping. True if this one was the best."""
        is_best = self.fit.end_epoch(train, validation)
        if is_best:
            self.checkpoints.keep_best(self._weights_to_keep())
        return is_best

    def is_due(self, *, at_epoch_end: bool = False) -> bool:
        """Whether it is time for a checkpoint."""
        return self.checkpoints.is_due(at_epoch_end=at_epoch_end)

    def save(self) -> None:
        """Write a checkpoint.

        Raises:
            FileError: there is no room, or no folder.
        """
        drawing = files.to_text(self.fit.compiled.project)  # the checkpoint is of this drawing, whatever lies beside it
        state = {**self.fit.state_dict(), "weights": weights_of(self.fit.model), "drawing": drawing}
        self.checkpoints.write(self._weights_to_keep() if self.fit.average.is_wanted else state["weights"], state)

    def finish(self, status: str, **result: Any) -> None:
        """Note how the run ended, and with which figures."""
        fit = self.fit
        self.writer.note(
            status=status, epoch=fit.epoch - 1, step=fit.step, best=fit.best, seconds=fit.stopwatch.seconds, **result
        )

    def take_over(self, fit: Fit, prepared: Prepared) -> None:
        """Go on with another drawing in the same folder, which keeps the one before.

        Raises:
            FileError: it cannot be written.
        """
        before = self.fit, self.prepared
        self.fit, self.prepared = fit, prepared
        try:
            self.save()
        except FileError:
            self.fit, self.prepared = before
            raise
        self.checkpoints.forget_best()
        self._note_drawing()

    def _note_drawing(self) -> None:
        fit, facts = self.fit, _facts(self.fit, self.prepared, self.folder)
        self.writer.replace_project(fit.compiled.project, fit.compiled.source.text, at_step=fit.step, facts=facts)

    def _weights_to_keep(self) -> Weights:
        with self.fit.average.in_place():
            return weights_of(self.fit.model)


def started(fit: Fit, path: str) -> RunStarted:
    """The first event of a run in that folder ("" where it leaves none)."""
    return RunStarted(
        run=path,
        device=fit.device.id,
        device_name=fit.device.name,
        epochs=fit.epochs,
        steps_per_epoch=fit.steps_per_epoch,
        samples={"train": fit.train.count, "validation": fit.validation.count, "test": fit.test.count},
        parameters=sum(parameter.numel() for parameter in fit.model.parameters()),
        seed=fit.plan.seed,
        first_epoch=fit.epoch,
    )


def begin(fit: Fit, prepared: Prepared, project: Project, *, folder: Path | None, runs: Path) -> Job:
    """Give a new run its folder.

    Raises:
        FileError: it cannot be written.
    """
    writer = create_run(runs, project, fit.compiled.source.text, _facts(fit, prepared, folder))
    return Job(fit, prepared, folder, writer, Checkpoints(writer.checkpoints))


def go_on(path: Path, *, folder: Path | None, wish: Project) -> Job:
    """Set an earlier run up where it was, from its own snapshot of the project.

    Args:
        wish: its device counts, and its epochs if they are more than the run was meant for.

    One that was killed before its first checkpoint begins again.

    Raises:
        LayerloomError: there is no such run, it has no checkpoint, or its data is no longer there.
    """
    run = load_run(path)
    checkpoints = Checkpoints(run.checkpoints)
    state = {} if run.status == RUNNING and checkpoints.are_none else checkpoints.read()
    project = files.from_text(state["drawing"]) if "drawing" in state else run.project
    plan = replace(project.plan, device=wish.plan.device)
    epochs = max(run.epochs, wish.plan.epochs)
    fit, prepared = build(project.with_plan(plan), folder or run.folder, epochs)
    if state:
        fit.load_state_dict(state)
    writer = reopen_run(run)
    writer.note(status=RUNNING, epochs=epochs)
    job = Job(fit, prepared, folder or run.folder, writer, checkpoints)
    if diff(run.project.graph, project.graph).in_meaning:  # it was killed while it changed its drawing
        job._note_drawing()
    return job


def build(project: Project, folder: Path | None, epochs: int) -> tuple[Fit, Prepared]:
    """Compile a project, prepare its data, and set everything up that trains it.

    Raises:
        LayerloomError: the drawing, its data or the plan is wrong.
    """
    compiled = compile_project(project)
    prepared = prepare(project, folder)
    device = devices.choose(project.plan.device)
    batch_size = project.plan.batch_size or prepared.train.count
    torch.set_num_threads(devices.num_threads(device, compiled.analysis.macs * batch_size))
    with explaining(compiled, batch_size=batch_size):
        return Fit(compiled, prepared.parts, device, epochs=epochs), prepared


def _facts(fit: Fit, prepared: Prepared, folder: Path | None) -> Mapping[str, Any]:
    """What `run.json` says of a run from its beginning on."""
    return {
        "name": fit.compiled.project.name,
        "seed": fit.plan.seed,
        "device": {"id": fit.device.id, "name": fit.device.name, "threads": torch.get_num_threads()},
        "folder": str(folder.resolve()) if folder else None,
        "data": {
            "fingerprint": prepared.fingerprint,
            "statistics": prepared.statistics,
            "classes": prepared.classes,
            "task": prepared.task,
        },
    }
