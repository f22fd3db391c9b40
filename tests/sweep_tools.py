"""Sweeps for tests: a drawing to search in, and a worker that plays trials instead of training them."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from queue import Queue
from typing import ClassVar

from drawings import mlp
from graph import files
from graph.messages import msg
from graph.model import Project
from graph.plan import Plan
from graph.search import Entry, Goal, NodePlace, ObjectivePlace, Options, Search, Span
from runtime.events import EpochEnded, Failed, Finished, RunStarted, Stopped
from runtime.session import Control
from runtime.sweep_events import SweepEvent
from runtime.sweep_session import SweepSession
from runtime.sweep_worker import GIVE_UP, GO_ON, PAUSE, RESUME, STOP, Costs, Order, trial_events

RATE = ObjectivePlace("main", "optimizer", "lr")
EPOCHS = 4


def searched(*goals: str, **more) -> Project:
    """A drawing whose learning rate and hidden width are searched, both of few values."""
    project = mlp(Plan(epochs=EPOCHS, device="cpu")).project
    width = NodePlace(None, project.graph.node_named("fc1").id, "out_features")
    entries = more.pop("entries", (Entry(RATE, Span(1e-4, 1e-1, log=True)), Entry(width, Options((8, 16, 32)))))
    wanted = {"method": "random", "trials": 6, "seed": 1, **more}
    return replace(project, search=Search(entries, tuple(map(Goal, goals)), **wanted))


def rate_of(project: Project) -> float:
    return project.plan.objectives[0].optimizer.params["lr"]


def width_of(project: Project) -> int:
    return project.graph.node_named("fc1").params["out_features"]


def distance(project: Project) -> float:
    """0 for a learning rate of 0.01, larger the further it is away."""
    return abs(math.log10(rate_of(project)) + 2)


class Played:
    """A worker that plays trials: the loss of an epoch is `loss(project) + 1 / epoch`; what raises fails."""

    loss: ClassVar[Callable[[Project], float]] = staticmethod(distance)
    seconds: ClassVar[float] = 0.0  # an epoch
    made: ClassVar[list[Played]] = []
    costs: ClassVar[Callable[[Project], dict[str, float]]] = staticmethod(lambda project: {})

    def __init__(self, place: int, among: int) -> None:
        self.place, self.among = place, among
        self.answers: Queue[str] = Queue()
        self.is_alive, self.is_stopped, self.is_paused = True, False, False
        self.orders: list[Project] = []
        type(self).made.append(self)

    def order(self, order: Order) -> None:
        self.is_stopped = False
        self._runs = order.runs
        self.orders.append(files.from_text(order.drawing))

    def say(self, word: str) -> None:
        if word in (GO_ON, GIVE_UP):
            self.answers.put(word)
        self.is_stopped = self.is_stopped or word == STOP
        self.is_paused = {PAUSE: True, RESUME: False}.get(word, self.is_paused)

    def events(self) -> Iterator[object]:
        project = self.orders[-1]
        run = self._runs / f"2026-01-01_000000_{len(list(self._runs.iterdir())):04x}"
        run.mkdir()
        epochs = project.plan.epochs
        yield RunStarted(str(run), "cpu", "CPU", epochs, 1, {}, 1, 0)
        try:
            loss = type(self).loss(project)
        except SystemExit:
            self.is_alive = False
            yield Failed(msg("The process of the trial ended by itself ({how}).", how="1"))
            return
        except ArithmeticError:
            yield Failed(msg("The loss is not a number."), run=str(run))
            return
        for epoch in range(1, epochs + 1):
            time.sleep(type(self).seconds)
            while self.is_paused and not self.is_stopped:
                time.sleep(0.002)
            if self.is_stopped:
                yield Stopped(str(run), "cpu", epoch, epoch)
                return
            figures = {"loss": loss + 1 / epoch, "accuracy": 1 / (1 + loss)}
            yield EpochEnded(epoch, epoch, figures, figures, 0.1, 1.0, 0.5, 0.0, best=True)
            if self.answers.get(timeout=5) == GIVE_UP:
                yield Stopped(str(run), "cpu", epoch, epoch)
                return
        yield Finished({}, str(run), "cpu", epochs, 1.0)
        yield Costs(type(self).costs(project))

    def close(self) -> None:
        self.is_alive = False


class Here(Played):
    """A worker that trains as one does, in this process."""

    def order(self, order: Order) -> None:
        self._order, self._control = order, Control(attended=False)

    def say(self, word: str) -> None:
        if word in (GO_ON, GIVE_UP):
            self.answers.put(word)
        elif word == STOP:
            self._control.stop()

    def events(self) -> Iterator[object]:
        yield from trial_events(self._order, self._control, self.answers)


def events_of(session: SweepSession, seconds: float = 60.0) -> list[SweepEvent]:
    """All events of a sweep, which ends in time."""
    assert session.join(seconds)
    return session.poll()


def swept(project: Project, runs: Path, **more) -> list[SweepEvent]:
    """The events of a whole sweep."""
    return events_of(SweepSession(project, folder=None, runs=runs, **more))
