"""Weights of a file on a drawing: they become a run of their own, which is asked, exported and trained on like any other.

A drawing has no weights, a run has. So an import makes a run without an epoch, tagged `imported`, with the drawing as it was.
What the file does not have begins as in a new network with the seed of the plan. What the drawing measures on its data
(Normalize), and how its data is made ready, comes from the data where that is there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from graph.messages import LayerloomError, Message, RunError, msg
from graph.model import NodeId, Project
from runtime import devices
from runtime.compiler import Compiled, compile_project
from runtime.data import Prepared, prepare
from runtime.events import Figures, RunStarted
from runtime.importer import TAG
from runtime.importer.weights_mapping import Matches, Place
from runtime.importer.weights_reading import MAX_NAMED, WeightsFile
from runtime.importer.weights_report import MATCHED, MISMATCHED, Report, make_report
from runtime.own_random import OwnRandom
from runtime.predict import Trained, test_again
from runtime.run_moving import staged
from runtime.run_rows import Labels, write_labels
from runtime.runs import FINISHED, RunWriter, create_run
from runtime.training.checkpoints import Checkpoints, weights_of
from runtime.training.measuring import measure, statistics_in
from runtime.training.record import NotFinite

CHUNK = 2**20  # bytes that are hashed at a time


@dataclass(frozen=True, slots=True)
class Imported:
    """A run that holds imported weights; `notes` say what a person should know, `test` how it does on the test samples."""

    run: Path
    report: Report
    notes: tuple[Message, ...]
    test: Figures


class Target:
    """A drawing that weights can be put on: what it computes, and the places in it.

    A tensor with several names, because layers share it, is one place.
    """

    def __init__(self, project: Project) -> None:
        """Compile it.

        Raises:
            ProjectError: the drawing has errors.
            RunError: there is nothing in it that holds weights.
        """
        self.project = project
        self.compiled = compile_project(project)
        with torch.device("meta"):
            model = self.compiled.build()
        self.places = _places(self.compiled, model)
        if not self.places:
            raise RunError(msg("Nothing in this drawing holds weights. Add a layer that does."))

    def report(self, file: WeightsFile, matches: Matches) -> Report:
        """What an import with these matches does."""
        return make_report(self.project, self.places, file.entries, matches)


def import_weights(
    target: Target,
    file: WeightsFile,
    matches: Matches,
    *,
    folder: Path | None,
    runs: Path,
    is_wanted: Callable[[], bool] = lambda: True,
) -> Imported:
    """Make a run that holds the weights. It is among the runs when it is whole, and not at all before.

    Args:
        folder: what relative paths of data nodes start from.
        runs: the folder in which the run gets its own.
        is_wanted: asked when it is whole; where it says no, nothing stays.

    Raises:
        RunError: nothing matches, or it is not wanted any more.
        FileError: the run cannot be written; nothing of it stays.
    """
    report = target.report(file, matches)
    if not report.count(MATCHED):
        raise RunError(_nothing_matches(file, report))
    notes = list(file.notes)
    with _data(target.project, folder, notes) as prepared, staged(runs, is_wanted) as staging:
        with OwnRandom(target.project.plan.seed):
            model = target.compiled.build()
        if prepared is not None:
            measure(target.compiled, model, prepared.train)
        _put(model, report, file)
        notes += _not_finite(model)
        facts = _facts(target, file, report, prepared, folder)
        with closing(create_run(staging, target.project, target.compiled.source.text, facts)) as writer:
            run = runs / writer.path.name
            writer.log(_started(target, model, str(run), prepared))
            checkpoints = Checkpoints(writer.checkpoints)
            checkpoints.keep_best(weights_of(model))
            checkpoints.write_best()
            test = _tested(target, model, prepared, writer, notes)
            writer.note(status=FINISHED, epoch=0, step=0, best=None, seconds=0.0, test=test)
        write_labels(writer.path, Labels(name=file.path.stem, tags=(TAG,)))
    return Imported(run, report, tuple(notes), test)


@torch.no_grad()
def _put(model: nn.Module, report: Report, file: WeightsFile) -> None:
    tensors = model.state_dict()
    for line in report.lines:
        if line.match is not None and line.state == MATCHED:
            given = file.tensors[line.match.entry.name]
            tensors[line.place.name].copy_(given.T if line.match.transposed else given)


def _nothing_matches(file: WeightsFile, report: Report) -> Message:
    wrong = next((line for line in report.lines if line.state == MISMATCHED), None)
    if wrong is None:
        return msg(
            "Nothing in '{file}' matches this drawing. Say what belongs where, or choose another file.", file=file.path
        )
    return msg(
        "Nothing in '{file}' fits this drawing. Of '{name}': {reason}.",
        file=file.path, name=wrong.place.name, reason=wrong.words,
    )  # fmt: skip


def _not_finite(model: nn.Module) -> list[Message]:
    """That some weights are NaN or infinite, as training that diverged leaves them."""
    names = [name for name, tensor in model.state_dict().items() if not tensor.isfinite().all()]
    if not names:
        return []
    shown = ", ".join(names[:MAX_NAMED]) + ("…" if names[MAX_NAMED:] else "")
    return [
        msg("There are numbers that are NaN or infinite in: {names}. The network cannot answer with them.", names=shown)
    ]


def _places(compiled: Compiled, model: nn.Module) -> list[Place]:
    """The tensors of a model in its order, each once, with the node that its first name begins with."""
    tensors = model.state_dict(keep_vars=True)
    names: dict[int, list[str]] = {}
    for name, tensor in tensors.items():
        names.setdefault(id(tensor), []).append(name)
    statistics = statistics_in(model)
    return [
        Place(
            first,
            tuple(tensors[first].shape),
            str(tensors[first].dtype).removeprefix("torch."),
            _node(compiled, first),
            tuple(others),
            key in statistics,
        )
        for key, (first, *others) in names.items()
    ]


def _node(compiled: Compiled, name: str) -> NodeId:
    node = compiled.project.graph.node_named(name.partition(".")[0])
    return node.id if node is not None else ""


@contextmanager
def _data(project: Project, folder: Path | None, notes: list[Message]) -> Iterator[Prepared | None]:
    """The data of the drawing; None where it is not there, which is noted."""
    try:
        prepared = prepare(project, folder)
    except LayerloomError as error:
        notes.append(
            msg("The data of the drawing is not there, so nothing was measured on it: {reason}", reason=error.message)
        )
        yield None
        return
    try:
        yield prepared
    finally:
        for part in prepared.parts:
            part.close()


def _tested(
    target: Target, model: nn.Module, prepared: Prepared | None, writer: RunWriter, notes: list[Message]
) -> Figures:
    """How the network does on the test samples; nothing where there are none, or no loss."""
    if prepared is None or not prepared.test.count or not target.compiled.programs:
        return {}
    trained = Trained(project=target.project, compiled=target.compiled, model=model.eval(), classes=prepared.classes)
    try:
        tested = test_again(trained, prepared)
    except LayerloomError as error:
        notes.append(msg("The weights could not be tested: {reason}", reason=error.message))
        return {}
    except NotFinite:
        notes.append(msg("The weights could not be tested: {reason}", reason=msg("the loss is no finite number.")))
        return {}
    writer.log(tested)
    return tested.test


def _started(target: Target, model: nn.Module, run: str, prepared: Prepared | None) -> RunStarted:
    """The event that says how large the network is."""
    device = devices.choose("cpu")
    samples = {part: getattr(prepared, part).count if prepared else 0 for part in ("train", "validation", "test")}
    parameters = sum(parameter.numel() for parameter in model.parameters())
    seed = target.project.plan.seed
    return RunStarted(run, device.id, device.name, 0, 0, samples, parameters, seed)


def _facts(
    target: Target, file: WeightsFile, report: Report, prepared: Prepared | None, folder: Path | None
) -> Mapping[str, Any]:
    device = devices.choose("cpu")
    data = {key: getattr(prepared, key) for key in ("fingerprint", "statistics", "classes", "task")} if prepared else {}
    return {
        "name": target.compiled.project.name,
        "seed": target.project.plan.seed,
        "device": {"id": device.id, "name": device.name, "threads": torch.get_num_threads()},
        "folder": str(folder.resolve()) if folder else None,
        "data": data,
        "imported": {"file": str(file.path.absolute()), "sha256": _hash(file.path), **report.to_record()},
    }


def _hash(path: Path) -> str:
    """SHA-256 of a file."""
    found = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            found.update(chunk)
    return found.hexdigest()
