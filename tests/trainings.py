"""Drawings over real data, and the events of their runs: what tests of training need."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np

from drawings import Drawing
from graph.model import Port, Project
from graph.plan import Choice, Objective, Plan, Split
from runtime.data import describe
from runtime.events import Checked, EpochEnded, Event, Health, StepsEnded
from runtime.session import Control
from runtime.training.loop import train

ADAM = Choice("torch.optim.Adam", {"lr": 0.003})


def plan(optimizer: Choice = ADAM, **more) -> Plan:
    """A short plan for the CPU with one objective."""
    objective = Objective(optimizer=optimizer, scheduler=more.pop("scheduler", Choice("constant")))
    return Plan(**{"objectives": (objective,), "epochs": 3, "batch_size": 32, "device": "cpu", "seed": 3, **more})


def with_facts(project: Project, folder: Path | None = None) -> Project:
    """The project with what its data nodes learn from their data."""
    graph = project.graph
    for node in graph.nodes.values():
        if node.type.startswith("layerloom.data."):
            graph = graph.set_facts(node.id, describe(node, folder))
    return project.with_graph(graph)


def digits(network: Callable[[Drawing, Port], Port], plan: Plan, *, size: int = 8) -> Project:
    """A classifier of the built-in digits."""
    d = Drawing("Net", plan)
    d.add("data.Images", "digits", source="builtin:digits", image_size=size)
    scores = network(d, d.port("digits", "image"))
    d.add("nn.CrossEntropyLoss", "loss", scores, d.port("digits", "label"))
    d.add("metric.Accuracy", "accuracy1", scores, d.port("digits", "label"))
    return with_facts(d.project)


def mlp(d: Drawing, x: Port) -> Port:
    """64-48-10."""
    x = d.add("nn.Flatten", "flatten", x)
    x = d.add("nn.ReLU", "relu1", d.add("nn.Linear", "fc1", x, out_features=48))
    return d.add("nn.Linear", "fc2", x, out_features=10)


def cnn(d: Drawing, x: Port) -> Port:
    """A convolution with batch normalization and dropout."""
    x = d.add("nn.Conv2d", "conv1", x, out_channels=6, kernel_size=3)
    x = d.add("nn.ReLU", "relu1", d.add("nn.BatchNorm2d", "norm1", x))
    x = d.add("nn.Flatten", "flatten", d.add("nn.MaxPool2d", "pool1", x, kernel_size=2))
    x = d.add("nn.Dropout", "dropout1", x, p=0.3)
    return d.add("nn.Linear", "fc1", x, out_features=10)


def arrays(
    folder: Path,
    inputs: np.ndarray,
    targets: np.ndarray,
    plan: Plan,
    network: Callable[[Drawing, Port], Port],
    loss: str,
) -> Project:
    """A drawing over arrays that are written to `folder`."""
    np.savez(folder / "arrays.npz", input=inputs, target=targets)
    d = Drawing("Net", plan)
    d.add("data.Arrays", "arrays", source="arrays.npz")
    d.add(loss, "loss", network(d, d.port("arrays", "input")), d.port("arrays", "target"))
    return with_facts(d.project, folder)


def run(project: Project, runs: Path, **more) -> list[Event]:
    """The events of a run, without those that only look: the check before it, and the health of layers."""
    control = more.pop("control", None) or Control(attended=False)
    return [e for e in train(project, runs=runs, control=control, **more) if not isinstance(e, (Checked, Health))]


def step_series(events: Iterable[Event], name: str = "loss") -> list[float]:
    """A figure of every training step."""
    return [value for event in events if isinstance(event, StepsEnded) for value in event.series[name]]


def epochs_of(events: Iterable[Event]) -> list[EpochEnded]:
    """The epochs, without their times."""
    return [
        replace(event, samples_per_second=0.0, seconds=0.0, seconds_left=0.0)
        for event in events
        if isinstance(event, EpochEnded)
    ]


class StopAfter(Control):
    """Wishes to stop when the loop looks for wishes for the `looks`-th time."""

    def __init__(self, looks: int) -> None:
        super().__init__()
        self._looks = looks

    @property
    def has_wish(self) -> bool:
        self._looks -= 1
        if self._looks <= 0:
            self.stop()
        return super().has_wish


NO_TEST = Split(0.8, 0.2, 0.0)
