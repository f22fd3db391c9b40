"""A run that gets more epochs: where its learning rate goes on, and what is said where that is at its end."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from amount import some
from driven import differences, drive, folder_of, state_of, told_each_step
from graph.catalog.optimizers import SCHEDULERS
from graph.model import Project
from graph.plan import STEP, Choice, Objective, Plan
from runtime.events import EpochEnded, Event, Finished, Noted, StepsEnded
from runtime.session import Replace, SetRate
from runtime.training.optimizers import Length, follows_length
from trainings import ADAM, digits, mlp, run

pytestmark = pytest.mark.usefixtures(told_each_step.__name__)

SCHEDULE, SHORT, LONG, STEPS = "torch.optim.lr_scheduler.", 2, 5, 3  # epochs before and after; steps of an epoch
COSINE, CYCLE, SEQUENCE, CHAIN = (
    Choice(f"{SCHEDULE}CosineAnnealingLR"),
    Choice(f"{SCHEDULE}OneCycleLR", {"max_lr": 0.02}),
    Choice(f"{SCHEDULE}SequentialLR", {"schedulers": "LinearLR(total_iters=1), CosineAnnealingLR", "milestones": (1,)}),
    Choice(f"{SCHEDULE}ChainedScheduler", {"schedulers": "CosineAnnealingLR, ExponentialLR(gamma=0.9)"}),
)
FALLING = Choice(f"{SCHEDULE}LinearLR", {"start_factor": 1.0, "end_factor": 0.0, "total_iters": SHORT})
POLYNOMIAL = Choice(f"{SCHEDULE}PolynomialLR", {"total_iters": SHORT})
SETTINGS = {"CyclicLR": {"cycle_momentum": False, "step_size_up": 2}, "CosineAnnealingLR": {"T_max": LONG}}


def project_of(scheduler: Choice, by: str = "epoch", **of_objective) -> Project:
    objective = Objective(optimizer=ADAM, scheduler=scheduler, schedule_by=by, **of_objective)
    return digits(mlp, Plan(objectives=(objective,), epochs=SHORT, batch_size=512, device="cpu", seed=3))


def rates_of(events: Iterable[Event]) -> list[float]:
    """The learning rate of the next step after each one, and of each epoch."""
    return [event.learning_rate for event in events if isinstance(event, StepsEnded | EpochEnded)]


def notes_of(events: Iterable[Event]) -> list[str]:
    return [str(event.message) for event in events if isinstance(event, Noted)]


def longer(project: Project, runs: Path, **more) -> list[Event]:
    """The second part of a run that got more epochs after it was finished."""
    short = run(project, runs)
    assert isinstance(short[-1], Finished), short[-1]
    return run(project, runs, resume=Path(short[-1].run), epochs=LONG, **more)


# ---- schedules over the whole run


@pytest.mark.parametrize("by", ["epoch", STEP])
@pytest.mark.parametrize("scheduler", some([COSINE, SEQUENCE, CYCLE, CHAIN], every=2))
def test_a_schedule_over_the_run_goes_on_where_it_would_be_in_a_run_of_that_length(scheduler, by, tmp_path):
    project = project_of(scheduler, by, every=2 if by == STEP else 1)
    found, whole = longer(project, tmp_path), rates_of(run(project, tmp_path, epochs=LONG))
    assert isinstance(found[-1], Finished)
    assert rates_of(found) == whole[-len(rates_of(found)) :] and len(rates_of(found)) == (LONG - SHORT) * (STEPS + 1)
    (note,) = notes_of(found)
    assert f"{scheduler.type.removeprefix(SCHEDULE)} of 'main' goes over all of its {LONG} epochs" in note


def test_a_rate_that_a_person_set_is_kept_in_proportion(tmp_path):
    project = project_of(COSINE)
    drive(project, tmp_path, {2: [SetRate("main", 2 * 0.003)]})
    (folder,) = tmp_path.iterdir()
    found = run(project, tmp_path, resume=folder, epochs=LONG)
    untouched = rates_of(run(project, tmp_path, epochs=LONG))
    assert rates_of(found) == pytest.approx([2 * rate for rate in untouched[-len(rates_of(found)) :]], rel=1e-12)


def test_a_longer_run_that_is_killed_goes_on_exactly(tmp_path):
    """Also where the kill comes before the first checkpoint with more epochs."""
    project = project_of(COSINE, STEP)
    whole = longer(project, tmp_path / "whole")
    short = run(project, tmp_path / "killed")
    for until in (SHORT * STEPS + 1, LONG * STEPS - 1):
        drive(project, tmp_path / "killed", resume=Path(short[-1].run), epochs=LONG, until=until)
    found = run(project, tmp_path / "killed", resume=Path(short[-1].run))
    assert isinstance(found[-1], Finished) and found[-1].epoch == LONG
    assert rates_of(found) == rates_of(whole)[-len(rates_of(found)) :]
    assert not differences(state_of(folder_of(found)), state_of(folder_of(whole)))


def test_another_plan_with_more_epochs_takes_the_schedule_along(tmp_path):
    project = project_of(CYCLE, STEP)
    other = project.with_plan(replace(project.plan, epochs=LONG))
    found = drive(project, tmp_path, {4: [Replace(other)]})
    whole = rates_of(drive(other, tmp_path))
    assert rates_of(found)[6:] == whole[6:]
    assert any(f"all of its {LONG} epochs" in note for note in notes_of(found))


@pytest.mark.parametrize("scheduler", [COSINE, CYCLE])
def test_with_other_batches_a_schedule_by_steps_ends_with_the_run(scheduler, tmp_path):
    project = project_of(scheduler, STEP)
    other = project.with_plan(replace(project.plan, batch_size=128))
    found = drive(project, tmp_path, {STEPS + 2: [Replace(other)]})
    assert isinstance(found[-1], Finished)
    assert rates_of(found)[-1] == rates_of(drive(other, tmp_path))[-1] < 1e-5


# ---- all others


OTHERS = [
    scheduler
    for scheduler in (Choice(i, SETTINGS.get(i.removeprefix(SCHEDULE), {})) for i in SCHEDULERS)
    if not follows_length(scheduler)
]


@pytest.mark.parametrize("by", ["epoch", STEP])
@pytest.mark.parametrize("scheduler", some(OTHERS), ids=lambda choice: choice.type.removeprefix(SCHEDULE))
def test_every_other_schedule_goes_on_as_in_one_run(scheduler, by, tmp_path):
    """To the bit, weights too; nothing is said where the rate is not at its end."""
    project = project_of(scheduler, by)
    found, whole = longer(project, tmp_path), run(project, tmp_path, epochs=LONG)
    assert rates_of(found) == rates_of(whole)[-len(rates_of(found)) :]
    states = [state_of(folder_of(events)) for events in (found, whole)]
    assert not differences(*([state["weights"], state["learners"]] for state in states))
    assert scheduler.type.endswith("PolynomialLR") or not notes_of(found)


@pytest.mark.parametrize(
    ("scheduler", "words"),
    [
        (FALLING, "stays at 0 in the added epochs, as LinearLR is at its end"),
        (POLYNOMIAL, "stays at 0 in the added epochs, as PolynomialLR is at its end"),
        (Choice(f"{SCHEDULE}PolynomialLR", {"total_iters": 4}), "is 0 from epoch 5 on, as PolynomialLR is at its end"),
        (
            Choice(f"{SCHEDULE}CosineAnnealingLR", {"T_max": SHORT}),
            "is 0 as the added epochs begin, and rises to 0.003",
        ),
        (Choice(f"{SCHEDULE}StepLR", {"step_size": 1, "gamma": 0.01}), "stays at 3e-07 in the added epochs, as StepLR"),
    ],
)
def test_a_rate_that_is_at_its_end_is_said_with_what_to_do(scheduler, words, tmp_path):
    (note,) = notes_of(longer(project_of(scheduler), tmp_path))
    assert words in note and "'Learning rate'" in note and "--from" in note


def test_a_rate_of_nothing_that_a_person_set_is_said(tmp_path):
    project = project_of(Choice("constant"))
    drive(project, tmp_path, {2: [SetRate("main", 0.0)]})
    (folder,) = tmp_path.iterdir()
    (note,) = notes_of(run(project, tmp_path, resume=folder, epochs=LONG))
    assert "stays at 0 in the added epochs, as it was set to that by hand" in note


def test_what_is_said_to_do_helps(tmp_path):
    """A rate that is set after a schedule ended is that of all steps that follow."""
    project = project_of(FALLING)
    short = run(project, tmp_path)
    found = drive(
        project, tmp_path, {SHORT * STEPS + 1: [SetRate("main", 0.001)]}, resume=Path(short[-1].run), epochs=LONG
    )
    assert rates_of(found) == [0.0] + [0.001] * (len(rates_of(found)) - 1)


def test_a_run_that_was_interrupted_says_nothing(tmp_path):
    project = project_of(COSINE)
    stopped = drive(project, tmp_path, until=STEPS + 1)
    assert not notes_of(run(project, tmp_path, resume=folder_of(stopped)))


def test_a_plateau_keeps_its_rate_when_the_run_gets_longer_under_way(tmp_path):
    plateau = Choice(f"{SCHEDULE}ReduceLROnPlateau", {"patience": 0, "threshold": 1e9, "threshold_mode": "abs"})
    project = project_of(plateau)
    other = project.with_plan(replace(project.plan, epochs=LONG))
    at = 2 * STEPS - 1
    found = drive(project, tmp_path, {at: [Replace(other)]})
    whole = drive(other, tmp_path)
    assert rates_of(found) == rates_of(whole) and min(rates_of(found)) < 1e-5


# ---- how far a run is


@pytest.mark.parametrize("every", [1, 2, 3])
@pytest.mark.parametrize("accumulate", [1, 2, 4])
@pytest.mark.parametrize("batches", [1, 4, 5])
def test_the_steps_that_are_over_are_those_of_a_loop(every, accumulate, batches):
    length, steps, gathered, number = Length(3, batches, every, accumulate), 0, 0, 0
    for epoch in (1, 2, 3):
        for batch in range(1, batches + 1):
            number += 1
            if number % every == 0:
                gathered += 1
                if gathered == accumulate or batch + every > batches:
                    steps, gathered = steps + 1, 0
            assert length.done(STEP, epoch, batch) == steps, (epoch, batch)
    assert length.units(STEP) == steps and length.done("epoch", 3, 1) == 2
