"""The events of a run, in the order in which they happen. Frozen records, importable without torch.

    [Checked] RunStarted [Taken | Recalled]
    (StepsEnded | Health | Pictured | Saved | EpochEnded | Paused (Saved | RateSet | Replaced)* Resumed)*
    [Tested | Overfitted | RangeTested]  Finished | Stopped | Failed

`Noted` and `Refused` may come at any place before the last.

A run always ends with exactly one of the last three.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import PurePath
from typing import Any

from graph.messages import Message

Figures = Mapping[str, float]
TRAIN, OVERFIT, RANGE = MODES = ("train", "overfit", "range")  # what a run does; the last two leave no folder


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at before a run. `level` is "ok", "warning" or "error"; `node` the id of whom it concerns.

    `measured` holds the numbers that a mend of it needs.
    """

    level: str
    code: str
    message: Message
    node: str | None = None
    measured: Mapping[str, tuple[float, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Checked:
    """What the look at one real batch before the run found. Bytes and seconds are estimates, None where nobody can tell."""

    findings: tuple[Finding, ...]
    memory_needed: int | None = None
    memory_free: int | None = None
    seconds_per_epoch: float | None = None


@dataclass(frozen=True, slots=True)
class RunStarted:
    """The first event. `run` is the folder; the counts are of samples, steps and trainable parameters.

    A run that goes on begins in `first_epoch`, with `first_step` steps made before. `compared` are figures that one plot
    overlays (see `graph.figures.compared_figures`); `notes` tell what is odd in the data.
    """

    run: str
    device: str
    device_name: str
    epochs: int
    steps_per_epoch: int
    samples: Mapping[str, int]
    parameters: int
    seed: int
    first_epoch: int = 1
    first_step: int = 0
    compared: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    notes: tuple[Message, ...] = ()

    def goes_on(self, run: str) -> bool:
        """Whether the run of a folder goes on, wherever that lies now."""
        return self.first_step > 0 and PurePath(self.run).name == PurePath(run).name


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
    rates: Mapping[str, float] = field(default_factory=dict)  # the learning rate of each objective by its name
    seconds: float = 0.0  # of work since the beginning of the run


@dataclass(frozen=True, slots=True)
class LayerHealth:
    """How a layer learns at one step.

    Norms are Euclidean over all its parameters; `update_ratio` is the norm of the step over that of the weights; mean,
    deviation and `dead` (the share of units that are 0 for every sample) are of its output. `histogram` counts its weights in
    equal steps from `low` to `high`. `state` is "", "vanishing", "exploding" or "dead". What does not apply is None.
    """

    gradient_norm: float | None = None
    weight_norm: float | None = None
    update_ratio: float | None = None
    mean: float | None = None
    deviation: float | None = None
    dead: float | None = None
    histogram: tuple[int, ...] = ()
    low: float = 0.0
    high: float = 0.0
    state: str = ""


@dataclass(frozen=True, slots=True)
class Health:
    """A look into the network at one training step, now and then. `layers` goes by the ids of the nodes of the drawing."""

    epoch: int
    step: int
    layers: Mapping[str, LayerHealth]


@dataclass(frozen=True, slots=True, eq=False)
class Boundary:
    """Which class a network sees where in a plane. `name` is that of the node that gives the scores, as in all pictures.

    `box` is (left, right, bottom, top); `guess` (class indices) and `confidence` (their probabilities) are rows × columns of
    it, the bottom row first. `points` (n × 2) are of the training part, `targets` (n) their classes.
    """

    name: str
    box: tuple[float, float, float, float]
    guess: Any
    confidence: Any
    points: Any
    targets: Any
    classes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class FunctionDrawn:
    """The number `y` that a network gives for each `x` (both of shape n), over `points` (n × 2) of the training part."""

    name: str
    x: Any
    y: Any
    points: Any


@dataclass(frozen=True, slots=True, eq=False)
class PointsMade:
    """Points (n × 2) that a network made of noise, and `real` ones; `box` (left, right, bottom, top) holds the real ones."""

    name: str
    box: tuple[float, float, float, float]
    points: Any
    real: Any


@dataclass(frozen=True, slots=True, eq=False)
class ImagesMade:
    """Images that a network made of noise: bytes of n × height × width (× 3)."""

    name: str
    images: Any


@dataclass(frozen=True, slots=True, eq=False)
class ImagesAgain:
    """What a network made of images of the validation part: `given` and `made`, bytes of n × height × width (× 3)."""

    name: str
    given: Any
    made: Any


Picture = Boundary | FunctionDrawn | PointsMade | ImagesMade | ImagesAgain


@dataclass(frozen=True, slots=True)
class Pictured:
    """What the network does after so many steps, in evaluation mode, now and then; the arrays are NumPy's.

    No pictures at all: it could not be looked at, and is not looked at again in this run. A `Noted` before says why.
    """

    epoch: int
    step: int
    pictures: tuple[Picture, ...]


@dataclass(frozen=True, slots=True)
class Saved:
    """A checkpoint was written because the person wished it."""

    epoch: int
    step: int
    path: str


@dataclass(frozen=True, slots=True)
class RateSet:
    """The person changed the learning rate of an objective while the run was paused."""

    epoch: int
    step: int
    objective: str
    learning_rate: float


@dataclass(frozen=True, slots=True)
class Replaced:
    """The run goes on with another drawing: names of parameters whose values were kept, kept in part, begun anew, left out."""

    epoch: int
    step: int
    kept: tuple[str, ...]
    resized: tuple[str, ...]
    new: tuple[str, ...]
    left_out: tuple[str, ...]
    parameters: int


@dataclass(frozen=True, slots=True)
class Taken:
    """A new run begins with the weights of another: names of parameters and buffers that it took, that begin anew because the
    other has none or of another shape, and that the other has and nobody took."""

    source: str
    kept: tuple[str, ...]
    new: tuple[str, ...]
    left_out: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """A wish was not carried out; the run is as it was before."""

    message: Message
    node: str | None = None


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
class Recalled:
    """What a run that goes on had told before, up to where it goes on: for its curves, in a window."""

    events: tuple[StepsEnded | EpochEnded, ...]


@dataclass(frozen=True, slots=True)
class Noted:
    """Something that a person should know and that does not end the run: a fallback, rows that were skipped."""

    message: Message
    node: str | None = None


@dataclass(frozen=True, slots=True)
class Overfitted:
    """One batch was trained on over and over (mode "overfit"): a network and plan that are right bring its loss close to 0.

    `passed` says whether it came there; `message` what that means, and what to try where it did not.
    """

    steps: int
    first_loss: float
    last_loss: float
    passed: bool
    message: Message


@dataclass(frozen=True, slots=True)
class RangeTested:
    """The learning rate grew from step to step (mode "range"): the smoothed loss at each, and the rate to try, if any."""

    objective: str
    rates: tuple[float, ...]
    losses: tuple[float, ...]
    proposed: float | None


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

    For classes, `target` and `prediction` are class indices and `confidence` is the predicted class's probability. `index` is the
    sample's place in the data, `number` that in the test part.
    """

    index: int
    target: float
    prediction: float
    confidence: float | None = None
    image: Any = None
    number: int = 0


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
    early: bool = False  # because the validation figure did not get better any more


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


Event = (
    Checked | RunStarted | Taken | Recalled | StepsEnded | Noted | Health | Pictured | Saved | RateSet | Replaced | Refused
    | EpochEnded | Paused | Resumed | Overfitted | RangeTested | Tested | Finished | Stopped | Failed
)  # fmt: skip
FINAL = (Finished, Stopped, Failed)

_NOT_IN_JSON = {"predictions", "image", "pictures"}


def to_json(event: Event) -> str:
    """One line of JSON: `{"event": "EpochEnded", "epoch": 1, ...}`. Figures that are not finite become null."""
    record: dict[str, object] = {"event": type(event).__name__}
    return json.dumps({**record, **_fields(event)}, ensure_ascii=False, allow_nan=False)


def _fields(value: Any) -> dict[str, object]:
    return {f.name: _plain(getattr(value, f.name)) for f in fields(value) if f.name not in _NOT_IN_JSON}


def _plain(value: object) -> object:
    if isinstance(value, Message):
        return str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    return _fields(value) if is_dataclass(value) else value
