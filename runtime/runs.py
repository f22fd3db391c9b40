"""Runs as folders: what was trained, how, and where its weights are. Importable without torch."""

from __future__ import annotations

import json
import math
import os
import platform
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import IO, Any

from graph import files
from graph.atomic import explain, write_atomically
from graph.messages import FileError, LayerloomError, RunError, msg
from graph.model import Project
from runtime.events import EpochEnded, Event, StepsEnded, to_json
from runtime.run_hold import HELD_ON, hold

SUFFIX = ".runs"
PROJECT, FACTS, SOURCE, EVENTS, CHECKPOINTS = (
    "project.layerloom", "run.json", "model.py", "metrics.jsonl", "checkpoints",
)  # fmt: skip
LAST, BEST = "last", "best"  # the names of its weights
RUNNING, FINISHED, STOPPED, FAILED = "running", "finished", "stopped", "failed"
_NAME = re.compile(r"\d{4}-\d\d-\d\d_\d{6}_[0-9a-f]{4}")
TOLD = 400  # events of steps into which the past of a long run is joined; what each has once, as the speed, has as many points
_PACKAGES = ("torch", "numpy", "safetensors")


@dataclass(frozen=True, slots=True)
class Run:
    """A run as it lies on the disk.

    `facts` is what `run.json` holds: when it began, seed, device, environment, under `data` the fingerprint, statistics and
    classes, and under `result` how it ended (`status`, and as far as it got: `epoch`, `best`, `test`; `epochs` if there are to
    be more than the plan says).
    """

    path: Path
    project: Project
    facts: Mapping[str, Any]

    @property
    def folder(self) -> Path | None:
        """What relative paths of data nodes start from."""
        folder = self.facts.get("folder")
        return Path(folder) if isinstance(folder, str) else None

    @property
    def checkpoints(self) -> Path:
        """The folder of the checkpoints."""
        return self.path / CHECKPOINTS

    @property
    def weights(self) -> Path | None:
        """The weights to use: the best ones, else the last ones, None before the first checkpoint."""
        return weights_in(self.path)

    @property
    def epochs(self) -> int:
        """Where the run is to end: those of its plan, or more where it was made longer."""
        longer = self.facts["result"].get("epochs")
        return longer if isinstance(longer, int) else self.project.plan.epochs

    @property
    def status(self) -> str:
        """ "running" (or ended without a word), "finished", "stopped" or "failed"."""
        return self.facts["result"]["status"]


class RunWriter:
    """The folder of a run under way."""

    def __init__(self, path: Path, facts: Mapping[str, Any]) -> None:
        self.path = path
        self.facts = dict(facts)
        self._events: IO[bytes] | None = None
        self._unwritten = b""

    @property
    def checkpoints(self) -> Path:
        """The folder of the checkpoints."""
        return self.path / CHECKPOINTS

    def hold(self) -> RunWriter:
        """Let others see that the run is written, until it is closed or the process ends (see `runtime.run_hold`).

        On which machine is noted with the next `note`.
        """
        self.facts.pop(HELD_ON, None)
        with suppress(OSError):
            self._events = self._events or _open_at_line(self.path / EVENTS)
            if hold(self._events):
                self.facts[HELD_ON] = platform.node()
        return self

    def log(self, event: Event) -> None:
        """Append an event to `metrics.jsonl`; what finds no room comes with a later one, or with `flush`."""
        self._unwritten += f"{to_json(event)}\n".encode()
        with suppress(FileError):
            self.flush()

    def flush(self) -> None:
        """Write what waits to be written.

        Raises:
            FileError: it cannot be written; it waits on.
        """
        path = self.path / EVENTS
        try:
            if self._events is None:
                self._events = _open_at_line(path)
            while self._unwritten:
                self._unwritten = self._unwritten[self._events.write(self._unwritten) :]
        except OSError as error:
            raise _unwritable(path, error) from error

    def note(self, **result: Any) -> None:
        """Write into `run.json` how the run is doing.

        Raises:
            FileError: it cannot be written.
        """
        self.facts = {**self.facts, "result": {**self.facts.get("result", {}), **result}}
        text = json.dumps(self.facts, indent=2, ensure_ascii=False, sort_keys=True)
        write_atomically(self.path / FACTS, f"{text}\n".encode())

    def replace_project(
        self, project: Project, source: str, *, at_step: int, epochs: int, facts: Mapping[str, Any]
    ) -> None:
        """The run goes on with another drawing from a step on; the one before stays beside it, named by that step.

        Raises:
            FileError: it cannot be written; the folder is as it was.
        """
        before = {name: content for name in (PROJECT, SOURCE) if (content := _content(self.path / name))}
        for name, content in before.items():
            stem, _, suffix = name.partition(".")
            with suppress(FileError):  # a copy for people; the run needs none
                write_atomically(self.path / f"{stem}-until-step-{at_step}.{suffix}", content)
        known = self.facts
        try:
            files.save(project, self.path / PROJECT)
            write_atomically(self.path / SOURCE, source.encode())
            self.facts = {**known, **facts}
            self.note(epochs=epochs, replaced_at=[*known["result"].get("replaced_at", ()), at_step])
        except FileError:
            self.facts = known
            for name, content in before.items():
                with suppress(FileError):
                    write_atomically(self.path / name, content)
            raise

    def close(self) -> None:
        """Let go of the files."""
        if self._events is not None:
            self._events.close()
            self._events = None


def create_run(runs: Path, project: Project, source: str, facts: Mapping[str, Any]) -> RunWriter:
    """Make the folder of a new run, with the snapshot of the project and its generated source.

    Raises:
        FileError: the folder cannot be written.
    """
    now = datetime.now().astimezone()
    path = _free_path(runs, f"{now:%Y-%m-%d_%H%M%S}")
    try:
        path.mkdir(parents=True)
    except OSError as error:
        raise _unwritable(path, error) from error
    files.save(project, path / PROJECT)
    write_atomically(path / SOURCE, source.encode())
    writer = RunWriter(path, {"created": now.isoformat(timespec="seconds"), "environment": environment(), **facts})
    writer.note(status=RUNNING)
    return writer


def _free_path(runs: Path, moment: str) -> Path:
    """A path for a run that begins now; trials of a sweep may begin many in a second."""
    paths = (runs / f"{moment}_{secrets.token_hex(2)}" for _ in range(100))
    return next((path for path in paths if not path.exists()), runs / f"{moment}_{secrets.token_hex(2)}")


def load_run(path: Path) -> Run:
    """A run from its folder.

    Raises:
        RunError: it is no folder of a run, or parts of it are missing or damaged.
    """
    try:
        facts = json.loads((path / FACTS).read_text("utf-8"))
        project = files.load(path / PROJECT)
        if not isinstance(facts["result"]["status"], str):
            raise ValueError("status")
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = error.message if isinstance(error, LayerloomError) else type(error).__name__
        raise RunError(
            msg(
                "'{path}' is not the folder of a run, or it is damaged ({reason}). Choose a folder inside a {suffix} folder.",
                path=path,
                reason=reason,
                suffix=SUFFIX,
            )
        ) from error
    return Run(path, project, facts)


def past_events(path: Path, *, until: int) -> list[StepsEnded | EpochEnded]:
    """The steps and epochs that a run has written down, up to a step; what is damaged is passed over.

    Where a run was killed and went on from an earlier checkpoint, what it made twice counts as it was made last.
    """
    found: list[StepsEnded | EpochEnded] = []
    for event in _read_events(path / EVENTS):
        first = _first_step(event)
        is_epoch = isinstance(event, EpochEnded)
        while found and _first_step(found[-1]) >= first and isinstance(found[-1], EpochEnded if is_epoch else object):
            found.pop()
        if found and not is_epoch and isinstance(found[-1], StepsEnded):
            found[-1] = _cut(found[-1], first - 1)
        found.append(event)
    kept = [event for event in found if _first_step(event) <= until]
    return list(_joined([_cut(event, until) if isinstance(event, StepsEnded) else event for event in kept]))


def _joined(events: Sequence[StepsEnded | EpochEnded]) -> Iterator[StepsEnded | EpochEnded]:
    """Neighbors with the same figures as one where there are many: a run of slow steps tells of each alone."""
    waiting: list[StepsEnded] = []
    most = math.ceil(len(events) / TOLD)
    for event in events:
        if waiting and not (isinstance(event, StepsEnded) and len(waiting) < most and _goes_on(waiting[-1], event)):
            yield _as_one(waiting)
            waiting = []
        if isinstance(event, StepsEnded):
            waiting.append(event)
        else:
            yield event
    if waiting:
        yield _as_one(waiting)


def _goes_on(before: StepsEnded, event: StepsEnded) -> bool:
    return (
        before.series.keys() == event.series.keys()
        and before.step == _first_step(event) - 1
        and before.rates == event.rates
    )


def _as_one(events: Sequence[StepsEnded]) -> StepsEnded:
    names = events[0].series
    return replace(events[-1], series={name: tuple(chain(*(event.series[name] for event in events))) for name in names})


def _first_step(event: StepsEnded | EpochEnded) -> int:
    count = max(map(len, event.series.values()), default=1) if isinstance(event, StepsEnded) else 1
    return event.step - count + 1


def _cut(event: StepsEnded, until: int) -> StepsEnded:
    """The steps of an event up to one of them."""
    surplus = event.step - until
    if surplus <= 0:
        return event
    return replace(event, step=until, series={name: values[:-surplus] for name, values in event.series.items()})


def _open_at_line(path: Path) -> IO[bytes]:
    """A file to append to; what a kill left of a line becomes one of its own."""
    file = path.open("a+b", buffering=0)
    if file.tell():
        file.seek(-1, os.SEEK_END)
        if file.read(1) != b"\n":
            file.write(b"\n")
    return file


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _read_events(path: Path) -> Iterator[StepsEnded | EpochEnded]:
    kinds = {kind.__name__: kind for kind in (StepsEnded, EpochEnded)}
    with suppress(OSError), path.open("r", encoding="utf-8", errors="replace") as lines:
        for line in lines:
            with suppress(ValueError, TypeError, KeyError, AttributeError):
                record = json.loads(line)
                if (kind := kinds.get(record.pop("event"))) and _is_whole(event := kind(**_finite(record))):
                    yield event


def _is_whole(event: StepsEnded | EpochEnded) -> bool:
    """Whether what is counted with are numbers."""
    series = (
        event.series.values() if isinstance(event, StepsEnded) else (event.train.values(), event.validation.values())
    )
    return isinstance(event.step, int) and all(isinstance(value, int | float) for values in series for value in values)


def _finite(value: Any) -> Any:
    """What stands for a number that is not finite in JSON is NaN again; lists become tuples."""
    if isinstance(value, dict):
        return {key: _finite(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return tuple(map(_finite, value))
    return math.nan if value is None else value


def reopen_run(run: Run) -> RunWriter:
    """Go on writing into the folder of a run."""
    return RunWriter(run.path, run.facts)


def list_runs(folder: Path) -> list[Run]:
    """The runs of a runs folder, newest first; what is damaged is passed over."""
    names = sorted((p for p in _entries(folder) if _NAME.fullmatch(p.name)), key=lambda p: p.name, reverse=True)
    return [run for path in names if (run := _try_load(path)) is not None]


def weights_in(run: Path) -> Path | None:
    """The weights to use of the run in a folder: the best ones, else the last ones, None before the first checkpoint."""
    found = (run / CHECKPOINTS / f"{name}.safetensors" for name in (BEST, LAST))
    return next((path for path in found if path.is_file()), None)


def runs_folder(document: Path) -> Path:
    """Where the runs of a document go: beside it, `NAME.runs`."""
    return document.with_suffix(SUFFIX)


def environment() -> dict[str, str]:
    """What could make a difference to a number: the machine and the versions."""
    return {"python": platform.python_version(), "platform": platform.platform(), **_versions()}


def _versions() -> dict[str, str]:
    from importlib.metadata import PackageNotFoundError, version  # slow, and the window needs no versions

    found = {}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _entries(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            return [Path(entry.path) for entry in entries if entry.is_dir()]
    except OSError:
        return []


def _try_load(path: Path) -> Run | None:
    try:
        return load_run(path)
    except RunError:
        return None


def _unwritable(path: Path, error: OSError) -> FileError:
    return FileError(msg("The run cannot be written to '{path}': {reason}", path=path, reason=explain(error)))
