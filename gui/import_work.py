"""What an import does in its thread: a drawing, a run that holds its weights, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graph.messages import Message, msg
from graph.model import Project
from gui.documents import runs_of

if TYPE_CHECKING:
    from runtime.importer.module_apart import Brought, Given
    from runtime.importer.recording import Place

IsWanted = Callable[[], bool]
Say = Callable[[Message], object]


@dataclass(frozen=True)
class Outcome:
    """A drawing, how it is called, the run with its weights (None where it has none), and the report (the fields of
    `runtime.importer.module.Report`); `notes` say what a person should know."""

    project: Project
    title: str
    run: Path | None
    report: Mapping[str, Any]
    notes: tuple[Message, ...] = field(default=())


Work = Callable[[IsWanted, Say], Outcome]


def bring_module(source: str, inputs: Sequence[Given], home: Path | None, is_wanted: IsWanted, say: Say) -> Outcome:
    """The drawing of `package.module:factory`. Runs its code, in a process of its own: only on the person's explicit word.

    Raises:
        LayerloomError: it does not run, cannot become a drawing, or the run cannot be written.
    """
    from runtime.importer.module_apart import import_apart

    title = source.rpartition(":")[2].rpartition(".")[2]
    say(msg("Its code runs in a process of its own: drawing it, and comparing the drawing with it…"))

    def watch(seconds: int, place: Place) -> None:
        say(msg("Its code runs in a process of its own. After {seconds} seconds it is in line {line} of {file}. You can stop it.",
                seconds=seconds, line=place.line, file=place.file))  # fmt: skip

    with import_apart(
        source, inputs, name=title, home=home, is_wanted=is_wanted, is_seen=False, watch=watch
    ) as brought:
        return _kept(brought, title, is_wanted, say)


def bring_onnx(path: Path, inputs: Sequence[Given], is_wanted: IsWanted, say: Say) -> Outcome:
    """The drawing of an ONNX file.

    Raises:
        LayerloomError: it cannot be read, cannot become a drawing, or the run cannot be written.
    """
    from runtime.importer.onnx_apart import import_apart

    say(msg("Drawing what is in the file, and comparing the drawing with it…"))
    with import_apart(path, inputs, is_wanted=is_wanted) as brought:
        return _kept(brought, path.stem, is_wanted, say)


def _kept(brought: Brought, title: str, is_wanted: IsWanted, say: Say) -> Outcome:
    """The weights of a drawing without a file, as a run in the application's own folder.

    Raises:
        LayerloomError: the run cannot be written.
    """
    if not is_wanted() or not brought.report["parameters"]:
        return Outcome(brought.project, title, None, brought.report)
    say(msg("Its weights become a run…"))
    from runtime.warmup import warm_up

    warm_up()
    from runtime.importer.weights import Target, import_weights
    from runtime.importer.weights_mapping import propose
    from runtime.importer.weights_reading import read_weights

    target, file = Target(brought.project), read_weights(brought.weights)
    matches, runs = propose(target.places, file.entries), runs_of(title)
    made = import_weights(target, file, matches, folder=None, runs=runs, is_wanted=is_wanted)
    notes = () if made.report.is_whole else (made.report.summary,)  # that there is no data to measure it on is no news
    return Outcome(brought.project, title, made.run, brought.report, notes)
