"""A run and its folder: begun anew or gone on with, saved when it is due, noted how it ends."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from graph import files
from graph.figures import compared_figures
from graph.messages import FileError, RunError, msg
from graph.model import Project
from runtime import devices
from runtime.compiler import compile_project
from runtime.data import Prepared, preparation, prepare
from runtime.data.preparation import used_data_nodes
from runtime.distributed import num_here
from runtime.events import Figures, RunStarted, Taken
from runtime.run_hold import is_written
from runtime.runs import EVENTS, FACTS, RUNNING, RunWriter, create_run, load_run, reopen_run
from runtime.training.checkpoints import Checkpoints
from runtime.training.failures import explaining
from runtime.training.fit import Fit
from runtime.training.longer import stretched, tell

if TYPE_CHECKING:
    from runtime.training.shared import SharedFit
    from runtime.training.world import World


@dataclass(slots=True)
class Job:
    """What is trained, and the folder that it leaves its traces in. Another drawing brings another fit into the same folder.

    `project` is the drawing as the person has it, with what does not run; `taken` tells which weights of another run it began with.
    """

    project: Project
    fit: Fit
    prepared: Prepared
    folder: Path | None
    writer: RunWriter
    checkpoints: Checkpoints
    taken: Taken | None = None

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
        return replace(started(self.fit, self.path), notes=self.prepared.notes)

    def end_epoch(self, train: Figures, validation: Figures) -> bool:
        """Move to the next epoch, and keep what is worth keeping. True if this one was the best."""
        is_best = self.fit.end_epoch(train, validation)
        if is_best:
            self.checkpoints.keep_best(self.fit.weights_to_keep())
        return is_best

    def is_due(self, *, at_epoch_end: bool = False) -> bool:
        """Whether it is time for a checkpoint."""
        return self.checkpoints.is_due(at_epoch_end=at_epoch_end)

    def save(self) -> None:
        """Write a checkpoint, and events that wait to be written.

        Raises:
            FileError: there is no room, or no folder.
        """
        self.writer.flush()
        drawing = files.to_text(self.project)  # the checkpoint is of this drawing, whatever lies beside it
        place = {"drawing": drawing, "epochs": self.fit.epochs}
        state = {**self.fit.state_dict(), "weights": self.fit.weights(), **place}
        self.checkpoints.write(self.fit.weights_to_keep() if self.fit.average.is_wanted else state["weights"], state)

    def finish(self, status: str, **result: Any) -> None:
        """Note how the run ended, and with which figures."""
        fit = self.fit
        self.writer.note(
            status=status, epoch=fit.epoch - 1, step=fit.step, best=fit.best, seconds=fit.stopwatch.seconds, **result
        )

    def take_over(self, project: Project, fit: Fit, prepared: Prepared) -> None:
        """Go on with another drawing in the same folder, which keeps the one before.

        The checkpoint comes first: it says of which drawing it is, so that a run that is killed here goes on all the same.

        Raises:
            FileError: it cannot be written; the job is as it was.
        """
        before = self.project, self.fit, self.prepared
        self.project, self.fit, self.prepared = project, fit, prepared
        try:
            self.save()
            self.note_drawing()
        except FileError:
            self.project, self.fit, self.prepared = before
            with suppress(FileError):
                self.save()
            raise
        self.checkpoints.forget_best()
        if prepared.train is not before[1].train:  # else the same processes read on
            before[1].close()

    def note_drawing(self) -> None:
        """Put the drawing that is trained beside the checkpoints.

        Raises:
            FileError: it cannot be written.
        """
        fit, facts = self.fit, _facts(self.fit, self.prepared, self.folder)
        self.writer.replace_project(
            self.project, fit.compiled.source.text, at_step=fit.step, epochs=fit.epochs, facts=facts
        )

    def data_for(self, project: Project) -> Prepared | None:
        """What there is of the data of another drawing already: all of it, or None."""
        if _data_of(project) != _data_of(self.fit.compiled.project):
            return None
        fit = self.fit
        return replace(self.prepared, train=fit.train, validation=fit.validation, test=fit.test)


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
        first_step=fit.step,
        compared=compared_figures(fit.compiled.project),
    )


def begin(
    fit: Fit, prepared: Prepared, project: Project, *, folder: Path | None, runs: Path, taken: Taken | None = None
) -> Job:
    """Give a new run its folder.

    Raises:
        FileError: it cannot be written.
    """
    facts = {**_facts(fit, prepared, folder), **({"began_with": taken.source} if taken else {})}
    writer = create_run(runs, project, fit.compiled.source.text, facts).hold()
    writer.note()
    return Job(project, fit, prepared, folder, writer, Checkpoints(writer.checkpoints), taken)


def go_on(path: Path, *, folder: Path | None, wish: Project, world: World | None = None) -> Job:
    """Set an earlier run up where it was, from its own snapshot of the project.

    Args:
        wish: its device counts, and its epochs if they are more than the run was meant for.

    One that was killed before its first checkpoint begins again.

    Raises:
        LayerloomError: there is no such run, a process still trains it, it has no checkpoint, or its data is no longer there.
    """
    run = load_run(path)
    if is_written(run.path / EVENTS, run.path / FACTS):
        raise RunError(
            msg("The run '{run}' is still being trained by a process: two would spoil its figures and checkpoints. Stop it there, or "
                "wait until it ends; then go on with it.", run=path)
        )  # fmt: skip
    if "imported" in run.facts:
        raise RunError(
            msg("The run '{run}' holds imported weights, which were never trained here. Begin a new run with them: 'Train from its "
                "weights' in Runs, or train FILE --from {run}", run=path)
        )  # fmt: skip
    checkpoints = Checkpoints(run.checkpoints)
    state = {} if run.status == RUNNING and checkpoints.are_none else checkpoints.read()
    project = files.from_text(state["drawing"]) if "drawing" in state else run.project
    plan = replace(project.plan, device=wish.plan.device)
    epochs = max(run.epochs, state.get("epochs", 0), wish.plan.epochs)
    fit, prepared = build(project.with_plan(plan), folder or run.folder, epochs, world=world)
    is_longer = bool(state) and epochs > state.get("epochs", run.epochs)
    if state:
        fit.load_state_dict(stretched(fit, state) if is_longer else state)
    if is_longer:
        fit.waited = 0
        tell(fit)
    fit.divide()
    if fit.best is None:  # it was killed before it forgot the best weights of another drawing
        checkpoints.forget_best()
    writer = reopen_run(run).hold()
    writer.note(status=RUNNING, epochs=epochs, **(_processes(fit) if "processes" in run.facts or world else {}))
    job = Job(project, fit, prepared, folder or run.folder, writer, checkpoints)
    if files.to_text(project) != files.to_text(run.project):  # it was killed while it changed its drawing
        job.note_drawing()
    return job


def build(
    project: Project,
    folder: Path | None,
    epochs: int,
    *,
    prepared: Prepared | None = None,
    world: World | None = None,
) -> tuple[Fit, Prepared]:
    """Compile a project, prepare its data unless it is there, and set everything up that trains it, in several processes if
    there is a `world` of them.

    Raises:
        LayerloomError: the drawing, its data or the plan is wrong, or several processes cannot train it.
    """
    if world is not None:
        return build_together(world, project, folder, epochs)
    compiled = compile_project(project)
    prepared = prepared or prepare(project, folder)
    device = devices.choose(project.plan.device)
    batch_size = project.plan.batch_size or prepared.train.count
    torch.set_num_threads(devices.num_threads(device, compiled.analysis.macs * batch_size))
    with explaining(compiled, batch_size=batch_size):
        return Fit(compiled, prepared.parts, device, epochs=epochs), prepared


def build_together(world: World, project: Project, folder: Path | None, epochs: int) -> tuple[Fit, Prepared]:
    """As `build`, in every process of a run; process 0 looks whether batches can be divided.

    Raises:
        LayerloomError: as `build`.
    """
    from runtime.training.shared import call_for_others
    from runtime.training.splitting import check_splits

    if world.leads:
        call_for_others(world, project, folder, epochs)
    budget = preparation.free_memory() // (2 * num_here())  # each holds the data, if it does
    compiled, prepared = compile_project(project), prepare(project, folder, budget=budget)
    device = world.place(project.plan.device)
    batch_size = project.plan.batch_size or prepared.train.count
    torch.set_num_threads(devices.num_threads(device, compiled.analysis.macs * batch_size))
    with explaining(compiled, batch_size=batch_size):
        fit = _kind_of_fit(world)(world, compiled, prepared.parts, device, epochs=epochs)
        if world.leads:
            fit.check()
            check_splits(fit)
    return fit, prepared


def _kind_of_fit(world: World) -> type[SharedFit]:
    if world.shards:
        from runtime.training.sharded import ShardedFit

        return ShardedFit
    from runtime.training.shared import SharedFit

    return SharedFit


def _data_of(project: Project) -> object:
    """What the data of a project and its parts depend on."""
    nodes = [(node.id, node.type, node.params, node.facts) for node in used_data_nodes(project.running.graph)]
    return nodes, project.plan.split, project.plan.seed


def _processes(fit: Fit) -> Mapping[str, Any]:
    return {"processes": fit.world.size if fit.world else 1, "shard": fit.is_divided}


def _facts(fit: Fit, prepared: Prepared, folder: Path | None) -> Mapping[str, Any]:
    """What `run.json` says of a run from its beginning on."""
    return {
        "name": fit.compiled.project.name,
        "seed": fit.plan.seed,
        "device": {"id": fit.device.id, "name": fit.device.name, "threads": torch.get_num_threads()},
        **(_processes(fit) if fit.world else {}),
        "folder": str(folder.resolve()) if folder else None,
        "data": {
            "fingerprint": prepared.fingerprint,
            "statistics": prepared.statistics,
            "classes": prepared.classes,
            "task": prepared.task,
        },
    }
