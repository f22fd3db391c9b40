"""The training plan as the person wrote it: how the data is split and what is optimized, how, how long."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

DEVICES = ("auto", "cpu", "cuda", "mps")


@dataclass(frozen=True, slots=True)
class Split:
    """Shares of the samples for training, validation and test; they add up to 1."""

    train: float = 0.7
    validation: float = 0.1
    test: float = 0.2


@dataclass(frozen=True, slots=True)
class Choice:
    """One entry of a catalogue (an optimizer, a scheduler) with the parameters that the person set."""

    type: str
    params: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Objective:
    """Which losses are minimized, by changing which parameters, with which optimizer.

    `losses` pairs the id of a loss node with its weight; empty means every loss of the drawing, weight 1.
    `parameters` are ids of the nodes whose parameters it updates; empty means all.
    """

    name: str = "main"
    losses: tuple[tuple[str, float], ...] = ()
    parameters: tuple[str, ...] = ()
    optimizer: Choice = field(default_factory=lambda: Choice("torch.optim.Adam"))
    scheduler: Choice = field(default_factory=lambda: Choice("constant"))
    every: int = 1


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything about a training run that is not in the drawing."""

    split: Split = field(default_factory=Split)
    objectives: tuple[Objective, ...] = (Objective(),)
    epochs: int = 10
    batch_size: int = 32
    seed: int = 0
    device: str = "auto"
