"""The events of a run, in the order in which they happen. Frozen records, importable without torch.

    RunStarted  (StepsEnded* EpochEnded | Paused Resumed)*  [Tested]  Finished | Stopped | Failed

A run always ends with exactly one of the last three.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from graph.messages import Message

Figures = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class RunStarted:
    """The first event. `run` is the folder; the counts are of samples, steps and trainable parameters."""

    run: str
    device: str
    device_name: str
    epochs: int
    steps_per_epoch: int
    samples: Mapping[str, int]
    parameters: int
    seed: int
    first_epoch: int = 1


@dataclass(frozen=True, slots=True)
class StepsEnded:
    """Some optimizer steps, a few times a second. `step` counts from 1 over the whole run and is that of the last entry.

    `series` has one list per figure of the training batches (`loss`, `accuracy`, ...), one entry a step.
    """

    epoch: int
    step: int
    series: Mapping[str, tuple[float, ...]]
    learning_rate: float
    samples_per_second: float


@dataclass(frozen=True, slots=True)
class EpochEnded:
    """An epoch (counted from 1) with its figures; `seconds` is training and validation together."""

    epoch: int
    step: int
    train: Figures
    validation: Figures
    learning_rate: float
    samples_per_second: float
    seconds: float
    seconds_left: float
    best: bool = False


@dataclass(frozen=True, slots=True)
class Paused:
    """The run waits between two steps."""

    epoch: int
    step: int


@dataclass(frozen=True, slots=True)
class Resumed:
    """The run goes on."""

    epoch: int
    step: int


@dataclass(frozen=True, slots=True)
class SamplePrediction:
    """One test sample and what the model says of it. `image` is height × width (× 3) in 0..1, or None for a table row.

    For classes, `target` and `prediction` are class indices and `confidence` is the predicted class's probability.
    """

    index: int
    target: float
    prediction: float
    confidence: float | None = None
    image: Any = None


@dataclass(frozen=True, slots=True)
class Tested:
    """The test figures of the best checkpoint. `confusion[i][j]` counts samples of class i predicted as j; empty for regression."""

    test: Figures
    classes: tuple[str, ...] = ()
    confusion: tuple[tuple[int, ...], ...] = ()
    predictions: tuple[SamplePrediction, ...] = ()


@dataclass(frozen=True, slots=True)
class Finished:
    """The run is done."""

    test: Figures
    run: str
    device: str
    epoch: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Stopped:
    """The person stopped the run; `run` can be resumed."""

    run: str
    device: str
    epoch: int
    step: int


@dataclass(frozen=True, slots=True)
class Failed:
    """The run ended because something went wrong. `message` says what and what to do next; `node` names the culprit if known."""

    message: Message
    node: str | None = None
    run: str | None = None


Event = RunStarted | StepsEnded | EpochEnded | Paused | Resumed | Tested | Finished | Stopped | Failed
FINAL = (Finished, Stopped, Failed)

_NOT_IN_JSON = {"predictions", "image"}


def to_json(event: Event) -> str:
    """One line of JSON: `{"event": "EpochEnded", "epoch": 1, ...}`. Figures that are not finite become null."""
    record: dict[str, object] = {"event": type(event).__name__}
    record |= {f.name: getattr(event, f.name) for f in fields(event) if f.name not in _NOT_IN_JSON}
    return json.dumps(_plain(record), ensure_ascii=False, allow_nan=False)


def _plain(value: object) -> object:
    if isinstance(value, Message):
        return str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    return value
