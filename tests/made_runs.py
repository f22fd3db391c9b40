"""Runs without a training: folders as a training of LeNet-5 leaves them, without weights."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from drawings import lenet5
from graph.plan import Choice, Objective
from runtime.events import EpochEnded, Finished, RunStarted, StepsEnded
from runtime.runs import FINISHED, create_run
from runtime.session import Control

STEPS = 4  # an epoch


def plan_of(lr: float, **more):
    """The plan of LeNet-5 with another learning rate, for three epochs."""
    return replace(
        lenet5().plan, objectives=(Objective(optimizer=Choice("torch.optim.Adam", {"lr": lr})),), epochs=3, **more
    )


def made(runs: Path, *, lr=0.01, accuracy=0.9, status=FINISHED, epochs=3, **more) -> Path:
    """A run of three epochs, the second of which is the best; gives its folder."""
    writer = create_run(runs, lenet5().project.with_plan(plan_of(lr, **more)), "", {"seed": 7, "device": {"id": "cpu"}})
    writer.log(RunStarted(str(writer.path), "cpu", "CPU", 3, STEPS, {}, 61_706, 7))
    for epoch in range(1, epochs + 1):
        last = epoch * STEPS
        series = {"loss": tuple(1 / step for step in range(last - STEPS + 1, last + 1))}
        writer.log(StepsEnded(epoch, last, series, lr, 10.0))
        figures = {"loss": 1 / epoch, "accuracy": accuracy - 0.1 * (epoch == 3)}
        writer.log(EpochEnded(epoch, last, figures, figures, lr, 10.0, 2.0, 0.0, best=epoch == 2))
    if status == FINISHED:
        writer.note(status=status, epoch=epochs, test={"accuracy": accuracy, "loss": 0.5}, seconds=6.5)
    writer.close()
    return writer.path


class Writing:
    """In the place of a session: writes a run, and ends it when the test says so."""

    def __init__(self, project, *, runs: Path, **_more) -> None:
        self.control, self.running = Control(), True
        self.writer = create_run(runs, project, "", {}).hold()
        self.path = self.writer.path
        self.queue: list[object] = [RunStarted(str(self.path), "cpu", "CPU", 1, 1, {"train": 1}, 1, 0)]

    def end(self) -> None:
        self.writer.note(status="finished")
        self.queue.append(Finished({}, str(self.path), "cpu", 1, 1.0))

    def poll(self) -> list[object]:
        queue, self.queue = self.queue, []
        for event in queue:
            self.writer.log(event)
        if any(isinstance(event, Finished) for event in queue):
            self.writer.close()
        return queue

    def join(self, _timeout: float | None = None) -> bool:
        self.writer.close()
        return True
