"""A run as a row of a table: what it was, what it came to, and what the person calls it. Importable without torch."""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from graph.atomic import write_atomically
from graph.catalog.optimizers import OPTIMIZERS
from graph.messages import RunError
from graph.model import Project
from graph.plan import Objective
from graph.records import project_record
from runtime.runs import EVENTS, RUNNING, Run, load_run

LABELS = "labels.json"
DAMAGED = "damaged"  # the status of a folder that is named like a run and cannot be read
TRAIN, LAST, BEST, TEST = PARTS = ("train", "last", "best", "test")
_NO_MEANING = ("name", "layout", "search")  # of a project: its title, where things are, and what a sweep may change
_STARTED, _EPOCH = b'{"event": "RunStarted"', b'{"event": "EpochEnded"'


@dataclass(frozen=True, slots=True)
class Labels:
    """What a person wrote on a run."""

    name: str = ""
    tags: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run in a table; what is not known is None or empty.

    `place` is its folder. `figures` go by part and name: "train.loss" and "last.loss" are those of training and validation
    at the end of the last epoch, "best.loss" of validation in the best epoch, "test.loss" of the test. `seconds` are of
    work. `meaning` is a hash of graph and plan, equal where nothing differs but titles and places; `data` is the fingerprint
    of the data.
    """

    place: str
    created: str = ""
    project: str = ""
    labels: Labels = Labels()
    status: str = DAMAGED
    epoch: int | None = None
    epochs: int | None = None
    figures: Mapping[str, float] = field(default_factory=dict)
    optimizer: str = ""
    learning_rate: float | None = None
    batch_size: int | None = None
    seed: int | None = None
    parameters: int | None = None
    device: str = ""
    seconds: float | None = None
    meaning: str = ""
    data: str = ""

    @property
    def path(self) -> Path:
        """Its folder."""
        return Path(self.place)

    @property
    def folder(self) -> str:
        """The name of its folder, which no other run beside it has."""
        return os.path.basename(self.place)

    @property
    def title(self) -> str:
        """What to call it: the name that the person gave it, else when it began."""
        return self.labels.name or self.created[:16].replace("T", " ") or self.folder

    def to_record(self) -> dict[str, Any]:
        """Everything but the place, as plain values for JSON."""
        record = asdict(self)
        del record["place"]
        return record

    @classmethod
    def from_values(cls, place: str, values: Sequence[Any]) -> Self:
        """The row whose record has these values, in their order.

        Raises:
            KeyError, TypeError, ValueError, AttributeError: there is none.
        """
        created, project, labels, *rest = values
        status, _, _, figures, *_ = rest
        if len(rest) != _UNLABELLED or not isinstance(status, str) or not isinstance(figures, dict):
            raise ValueError(status)
        return cls(place, created, project, _labels_of(labels), *rest)


_UNLABELLED = len(fields(RunRow)) - 4  # the fields after the labels


def read_row(path: Path) -> RunRow:
    """The row of the run in a folder; one that cannot be read has the status `DAMAGED`."""
    labels = read_labels(path)
    try:
        return _row(load_run(path), labels)
    except (RunError, ValueError, TypeError, KeyError, AttributeError):
        return RunRow(str(path), began_by_name(path.name), labels=labels)


def read_labels(path: Path) -> Labels:
    """What the person wrote on the run in a folder."""
    try:
        return _labels_of(json.loads((path / LABELS).read_text("utf-8")))
    except (OSError, ValueError, TypeError, AttributeError):
        return Labels()


def write_labels(path: Path, labels: Labels) -> None:
    """Keep what the person wrote on the run in a folder.

    Raises:
        FileError: it cannot be written.
    """
    text = json.dumps(asdict(labels), indent=2, ensure_ascii=False, sort_keys=True)
    write_atomically(path / LABELS, f"{text}\n".encode())


def tags_of(text: str) -> tuple[str, ...]:
    """The tags in a text, apart by commas or spaces, each once."""
    return tuple(dict.fromkeys(text.replace(",", " ").split()))


def began_by_name(folder: str) -> str:
    """When a run began, by the name of its folder: `2026-11-25T14:02:31`; empty where that does not say it."""
    try:
        return datetime.strptime(folder[:17], "%Y-%m-%d_%H%M%S").isoformat()
    except ValueError:
        return ""


def meaning_of(project: Project) -> str:
    """A hash of what a project builds and how it trains: 16 hexadecimal digits, the same wherever its nodes stand."""
    record = {key: value for key, value in project_record(project).items() if key not in _NO_MEANING}
    text = json.dumps(record, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _row(run: Run, labels: Labels) -> RunRow:
    facts, plan = run.facts, run.project.plan
    result, started, epochs = facts["result"], *_told(run.path / EVENTS)
    device, data = facts.get("device") or {}, facts.get("data") or {}
    last = epochs[-1] if epochs else {}
    epoch = result.get("epoch", last.get("epoch", 0))
    return RunRow(
        place=str(run.path),
        created=_local(facts.get("created")) or began_by_name(run.path.name),
        project=run.project.name,
        labels=labels,
        status=run.status,
        epoch=max(epoch, last.get("epoch", 0)) if run.status == RUNNING else epoch,
        epochs=run.epochs,
        figures=dict(_figures(epochs, result.get("test"))),
        optimizer=", ".join(dict.fromkeys(o.optimizer.type.rpartition(".")[2] for o in plan.objectives)),
        learning_rate=_rate(plan.objectives),
        batch_size=plan.batch_size,
        seed=facts.get("seed", plan.seed),
        parameters=started.get("parameters"),
        device=str(device.get("id", "")),
        seconds=result.get("seconds", last.get("work")),
        meaning=meaning_of(run.project),
        data=str(data.get("fingerprint") or "").removeprefix("sha256:")[:16],
    )


def _told(path: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """How the run started, and its epochs. An epoch that was made twice counts as it was made last."""
    started: dict[str, Any] = {}
    epochs: list[dict[str, Any]] = []
    with suppress(OSError), path.open("rb") as lines:
        for line in lines:
            if not line.startswith((_STARTED, _EPOCH)):
                continue
            with suppress(ValueError, KeyError, TypeError):
                event = json.loads(line)
                if line.startswith(_STARTED):
                    started = event
                    continue
                while epochs and epochs[-1]["epoch"] >= event["epoch"]:
                    epochs.pop()
                before = epochs[-1]["work"] if epochs else 0.0
                epochs.append({**event, "work": before + event["seconds"]})
    return started, epochs


def _figures(epochs: Sequence[Mapping[str, Any]], test: object) -> Iterable[tuple[str, float]]:
    last = epochs[-1] if epochs else {}
    best = next((event for event in reversed(epochs) if event.get("best")), last)
    parts = {TRAIN: last.get("train"), LAST: last.get("validation"), BEST: best.get("validation"), TEST: test}
    for part, values in parts.items():
        if isinstance(values, Mapping):
            for name, value in values.items():
                if value is None or isinstance(value, int | float):
                    yield f"{part}.{name}", math.nan if value is None else float(value)


def _rate(objectives: Iterable[Objective]) -> float | None:
    """The learning rate of the first objective that has one."""
    for objective in objectives:
        kind = OPTIMIZERS.get(objective.optimizer.type)
        value = kind.values(objective.optimizer).get("lr") if kind else objective.optimizer.params.get("lr")
        if isinstance(value, int | float):
            return float(value)
    return None


def _labels_of(record: Mapping[str, Any]) -> Labels:
    tags = record.get("tags") or ()
    return Labels(str(record.get("name") or ""), tuple(map(str, tags)), str(record.get("note") or ""))


def _local(created: object) -> str:
    """A time as the clock on the wall here says it, to the second."""
    try:
        return datetime.fromisoformat(str(created)).astimezone().replace(tzinfo=None).isoformat(timespec="seconds")
    except ValueError:
        return ""
