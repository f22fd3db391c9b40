"""Runs without a training: folders as a training of LeNet-5 leaves them, without weights."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from drawings import lenet5
from graph.plan import Choice, Objective
from runtime.events import EpochEnded, RunStarted, StepsEnded
from runtime.runs import FINISHED, create_run

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
