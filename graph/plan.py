"""The training plan as the person wrote it: how the data is split and what is optimized, how, how long."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

DEVICES = ("auto", "cpu", "cuda", "mps")
RANDOM, STRATIFIED, ORDERED, GIVEN = SPLITS = ("random", "stratified", "ordered", "given")
EPOCH, STEP = UNITS = ("epoch", "step")
NO_CLIP, BY_NORM, BY_VALUE = CLIPS = ("none", "norm", "value")
FLOAT32, BFLOAT16, FLOAT16 = PRECISIONS = ("float32", "bfloat16", "float16")
NO_AVERAGE, EMA, SWA = AVERAGES = ("none", "ema", "swa")
LAST = "last"  # instead of a figure to watch: the last epoch counts as the best
WHOLE = 0  # the batch size that stands for all training samples at once


@dataclass(frozen=True, slots=True)
class Split:
    """Shares of the samples for training, validation and test; they add up to 1.

    `method` says which samples go where: "random"; "stratified", each class with the same shares; "ordered", the first ones
    train and the last ones test; "given", as a column or the folders of the data say (shares do not count then).
    """

    train: float = 0.7
    validation: float = 0.1
    test: float = 0.2
    method: str = RANDOM


@dataclass(frozen=True, slots=True)
class Choice:
    """One entry of a catalogue (an optimizer, a scheduler) with the parameters that the person set."""

    type: str
    params: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Objective:
    """Which losses are minimized, by changing which parameters, with which optimizer.

    `losses` pairs the id of a loss node with its weight; empty means every loss of the drawing, weight 1.
    `parameters` are ids of the nodes (layers, or instances of blocks) whose parameters it updates; empty means all.
    A node that several objectives name is changed by each of them. It steps at every `every`-th batch; the gradients of
    `accumulate` batches are averaged for a step. The learning rate grows linearly over the first `warmup` steps, and the
    scheduler advances once an epoch or once a step (`schedule_by`); one that looks at the watched figure, once an epoch.
    Gradients are clipped to `clip_at` by their norm or value. `l1` and `l2` times the sum of |w| and of w² / 2 are added to
    the loss. Weight decay and both of these leave biases and the parameters of normalization alone unless `decay_all`.
    """

    name: str = "main"
    losses: tuple[tuple[str, float], ...] = ()
    parameters: tuple[str, ...] = ()
    optimizer: Choice = field(default_factory=lambda: Choice("torch.optim.Adam"))
    scheduler: Choice = field(default_factory=lambda: Choice("constant"))
    every: int = 1
    accumulate: int = 1
    schedule_by: str = EPOCH
    warmup: int = 0
    clip: str = NO_CLIP
    clip_at: float = 1.0
    l1: float = 0.0
    l2: float = 0.0
    decay_all: bool = True


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything about a training run that is not in the drawing.

    A `batch_size` of 0 (`WHOLE`) takes all training samples in one step. `averaging` evaluates and keeps averaged weights:
    "ema" with `averaging_decay` a step, "swa" as the mean of the ends of the epochs from `averaging_start` on. With `patience`
    above 0 a run stops early after so many epochs in which the validation figure `monitor` did not get better by more than
    `min_delta`; `monitor` also says which epoch is the best (`LAST`: the last one, for games such as a GAN's that no figure
    tells). `frozen` are ids of nodes whose parameters never change.
    """

    split: Split = field(default_factory=Split)
    objectives: tuple[Objective, ...] = (Objective(),)
    epochs: int = 10
    batch_size: int = 32
    seed: int = 0
    device: str = "auto"
    precision: str = FLOAT32
    compile: bool = False
    channels_last: bool = False
    deterministic: bool = False
    averaging: str = NO_AVERAGE
    averaging_decay: float = 0.999
    averaging_start: int = 1
    monitor: str = "loss"
    patience: int = 0
    min_delta: float = 0.0
    frozen: tuple[str, ...] = ()
