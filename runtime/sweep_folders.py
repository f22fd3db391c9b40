"""Sweeps as folders: `sweep_DATE_HEX` among the runs of a drawing. Importable without torch.

`sweep.json` says what is searched for and how the sweep is doing, `project.layerloom` is the drawing with its search. A line of
`trials.jsonl` is a trial that began or ended, the last one of a number counts; each is on the disk before the next thing happens.
`runs` holds an ordinary run for each trial.
"""

from __future__ import annotations

import json
import math
import os
import re
import secrets
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from graph import files
from graph.atomic import explain, write_atomically
from graph.messages import FileError, LayerloomError, RunError, msg
from graph.model import Project, Value
from graph.search import BYPASSED, CHOICES, TYPE, NodePlace, Place, Search, value_at, with_value
from graph.search_labels import param_at
from runtime.run_hold import hold
from runtime.runs import PROJECT
from runtime.sweep_events import FAILED, FINISHED, PRUNED, RUNNING, STOPPED

SWEEP_PREFIX = "sweep_"
FACTS, TRIALS, RUNS = "sweep.json", "trials.jsonl", "runs"
ENDED = (FINISHED, PRUNED, FAILED)  # a trial that was stopped, or under way when all ended, is made again
_NAME = re.compile(r"sweep_\d{4}-\d\d-\d\d_\d{6}_[0-9a-f]{4}")
_STATUSES = (*ENDED, STOPPED, RUNNING)


@dataclass(frozen=True, slots=True)
class Trial:
    """A trial as it was written down last. `number` counts from 1.

    `values` are in the order of the entries of the search, `goals` in that of the goals, None where there is no figure.
    `run` is the folder of its run, if it came so far; `message` says why it failed. `reports` is, for each epoch, the figure
    that pruning goes by; empty where there are several goals.
    """

    number: int
    values: tuple[Value, ...]
    status: str = RUNNING
    goals: tuple[float | None, ...] = ()
    seconds: float = 0.0
    run: Path | None = None
    message: str = ""
    reports: tuple[float, ...] = ()

    @property
    def is_ended(self) -> bool:
        """Whether it need not be made again."""
        return self.status in ENDED


@dataclass(frozen=True, slots=True)
class Sweep:
    """A sweep as it lies on the disk. `directions` says of each goal whether it is better small ("min") or large ("max").

    `status` is "running" (or ended without a word), "finished", "stopped" or "failed". `goals` are the names of the figures.
    """

    path: Path
    project: Project
    search: Search
    goals: tuple[str, ...]
    directions: tuple[str, ...]
    status: str
    trials: tuple[Trial, ...] = ()
    created: str = ""
    folder: Path | None = None

    @property
    def ended(self) -> tuple[Trial, ...]:
        """The trials that need not be made again."""
        return tuple(trial for trial in self.trials if trial.is_ended)

    @property
    def finished(self) -> tuple[Trial, ...]:
        """The trials that reached their end with a figure for every goal."""
        return tuple(t for t in self.trials if t.status == FINISHED and all(value is not None for value in t.goals))

    @property
    def best(self) -> Trial | None:
        """The best finished trial by the first goal."""
        return next(iter(ranked(self, self.finished)), None)


def ranked(sweep: Sweep, trials: Iterable[Trial]) -> list[Trial]:
    """Trials by the first goal, the best first; those without a figure last."""
    sign = -1.0 if sweep.directions and sweep.directions[0] == "max" else 1.0

    def rank(trial: Trial) -> tuple[float, int]:
        value = trial.goals[0] if trial.goals else None
        return (math.inf if value is None else sign * value), trial.number

    return sorted(trials, key=rank)


def trial_project(sweep: Sweep, trial: Trial) -> Project:
    """The project that a trial trains: its values in their places, and nothing that is searched any more."""
    return project_with(sweep.project, sweep.search, trial.values)


def project_with(project: Project, search: Search, values: Sequence[Value]) -> Project:
    """A project with values at the places of a search, and an empty search.

    A type is chosen first; a parameter that the chosen type does not have is left out.

    Raises:
        KeyError: a place is gone.
    """
    pairs = list(zip((entry.place for entry in search.entries), values, strict=True))
    for place, value in sorted(pairs, key=lambda pair: not _chooses(pair[0])):
        value_at(project, place)  # which sees to it that the place is there
        if _chooses(place) or param_at(project, place) is not None or not _is_param(place):
            project = with_value(project, place, value)
    return replace(project, search=Search())


def _chooses(place: Place) -> bool:
    """Whether what stands there decides about the parameters that there are."""
    return (
        place.name == TYPE
        if isinstance(place, NodePlace)
        else place.name in CHOICES and not getattr(place, "param", "")
    )


def _is_param(place: Place) -> bool:
    return place.name != BYPASSED if isinstance(place, NodePlace) else bool(getattr(place, "param", ""))


# ---- reading


def load_sweep(path: Path) -> Sweep:
    """A sweep from its folder.

    Raises:
        RunError: it is no folder of a sweep, or parts of it are missing or damaged.
    """
    try:
        facts = json.loads((path / FACTS).read_text("utf-8"))
        project = files.load(path / PROJECT)
        goals, directions = tuple(map(str, facts["goals"])), tuple(map(str, facts["directions"]))
        folder, wanted = facts.get("folder"), facts.get("trials")
        if not isinstance(facts["status"], str) or not goals or len(goals) != len(directions):
            raise ValueError("goals")
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        reason = error.message if isinstance(error, LayerloomError) else type(error).__name__
        raise RunError(
            msg("'{path}' is not the folder of a sweep, or it is damaged ({reason}). Choose a folder whose name begins with {prefix}.",
                path=path, reason=reason, prefix=SWEEP_PREFIX)
        ) from error  # fmt: skip
    trials = tuple(_read_trials(path, len(project.search.entries), len(goals)))
    created = str(facts.get("created") or "")
    place = Path(folder) if isinstance(folder, str) else None
    search = replace(project.search, trials=wanted) if isinstance(wanted, int) else project.search
    return Sweep(path, project, search, goals, directions, facts["status"], trials, created, place)


def list_sweeps(runs_folder: Path) -> list[Sweep]:
    """The sweeps in a folder of runs, newest first; what is damaged is passed over."""
    found = []
    for path in sorted(_sweep_folders(runs_folder), key=lambda p: p.name, reverse=True):
        with suppress(RunError):
            found.append(load_sweep(path))
    return found


def _sweep_folders(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            return [Path(entry.path) for entry in entries if _NAME.fullmatch(entry.name) and entry.is_dir()]
    except OSError:
        return []


def _read_trials(path: Path, num_values: int, num_goals: int) -> Iterator[Trial]:
    """The trials by number; lines that are damaged are passed over."""
    found: dict[int, Trial] = {}
    with suppress(OSError), (path / TRIALS).open("r", encoding="utf-8", errors="replace") as lines:
        for line in lines:
            with suppress(ValueError, TypeError, KeyError, AttributeError):
                trial = _trial_of(path, json.loads(line))
                if len(trial.values) == num_values and len(trial.goals) in (0, num_goals):
                    found[trial.number] = trial
    yield from (found[number] for number in sorted(found))


def _trial_of(path: Path, record: Mapping[str, Any]) -> Trial:
    number, status, run = record["number"], record["status"], record.get("run")
    if not isinstance(number, int) or isinstance(number, bool) or number < 1 or status not in _STATUSES:
        raise ValueError(number, status)
    return Trial(
        number=number,
        values=tuple(tuple(v) if isinstance(v, list) else v for v in record["values"]),
        status=status,
        goals=tuple(None if value is None else float(value) for value in record.get("goals", ())),
        seconds=float(record.get("seconds", 0.0)),
        run=path / RUNS / os.path.basename(run) if isinstance(run, str) and run else None,
        message=str(record.get("message", "")),
        reports=tuple(math.nan if value is None else float(value) for value in record.get("reports", ())),
    )


# ---- writing


class SweepWriter:
    """The folder of a sweep under way."""

    def __init__(self, sweep: Sweep) -> None:
        """Take hold of the folder.

        Raises:
            RunError: another process, or another session of this one, has hold of it.
            FileError: it cannot be written.
        """
        self.path = sweep.path
        self._file = _open_at_line(sweep.path / TRIALS)
        if not _is_ours(self._file):
            self._file.close()
            raise RunError(
                msg(
                    "The sweep '{sweep}' is under way somewhere else. Stop it there, or wait until it ends.",
                    sweep=sweep.path.name,
                )
            )

    def put(self, trial: Trial) -> None:
        """Write down how a trial is doing; it is on the disk when this returns.

        Raises:
            FileError: it cannot be written.
        """
        record = asdict(trial) | {
            "run": trial.run.name if trial.run else None,
            "goals": [_finite(value) for value in trial.goals],
            "reports": [_finite(value) for value in trial.reports],
        }
        try:
            self._file.write(f"{json.dumps(record, ensure_ascii=False)}\n".encode())
            os.fsync(self._file.fileno())
        except OSError as error:
            raise _unwritable(self.path, error) from error

    def note(self, **facts: Any) -> None:
        """Change entries of `sweep.json`.

        Raises:
            FileError: it cannot be written.
        """
        try:
            known = json.loads((self.path / FACTS).read_text("utf-8"))
        except OSError as error:
            raise _unwritable(self.path, error) from error
        _write_facts(self.path, {**known, **facts})

    def forget_run(self, trial: Trial) -> None:
        """Delete the run of a trial that is made again."""
        if trial.run is not None and trial.run.parent == self.path / RUNS:
            shutil.rmtree(trial.run, ignore_errors=True)

    def close(self) -> None:
        """Let go of the files."""
        self._file.close()


def create_sweep(
    runs: Path, project: Project, goals: Sequence[str], directions: Sequence[str], folder: Path | None
) -> Sweep:
    """Make the folder of a new sweep.

    Raises:
        FileError: it cannot be written.
    """
    now, folder = datetime.now().astimezone(), folder.absolute() if folder is not None else None
    path = runs / f"{SWEEP_PREFIX}{now:%Y-%m-%d_%H%M%S}_{secrets.token_hex(2)}"
    try:
        (path / RUNS).mkdir(parents=True)
    except OSError as error:
        raise _unwritable(path, error) from error
    created = now.isoformat(timespec="seconds")
    files.save(project, path / PROJECT)
    facts = {"created": created, "status": RUNNING, "goals": list(goals), "directions": list(directions)}
    _write_facts(path, {**facts, "folder": None if folder is None else str(folder)})
    return Sweep(path, project, project.search, tuple(goals), tuple(directions), RUNNING, (), created, folder)


def _write_facts(path: Path, facts: Mapping[str, Any]) -> None:
    text = json.dumps(facts, indent=2, ensure_ascii=False, sort_keys=True)
    write_atomically(path / FACTS, f"{text}\n".encode())


def _open_at_line(path: Path) -> Any:
    """A file to append to; what a kill left of a line becomes one of its own."""
    try:
        file = path.open("a+b", buffering=0)
        if file.tell():
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":
                file.write(b"\n")
    except OSError as error:
        raise _unwritable(path.parent, error) from error
    return file


def _is_ours(file: Any) -> bool:
    """Take hold of a file; False where somebody else has it. Where there are no locks, two sweeps can get into each other's way."""
    return hold(file) is not False


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _unwritable(path: Path, error: OSError) -> FileError:
    return FileError(msg("The sweep cannot be written to '{path}': {reason}", path=path, reason=explain(error)))
