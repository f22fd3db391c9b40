"""What a person wishes in the middle of a run is carried out between two steps, to the bit; what cannot be done is refused."""

from __future__ import annotations

import math

import pytest
import torch

from driven import differences, drive, folder_of, only, state_of, told_each_step
from graph.plan import Choice, Objective, Plan
from plain_loops import by_hand
from runtime.events import (
    EpochEnded,
    Failed,
    Finished,
    Paused,
    RateSet,
    Refused,
    Replaced,
    Resumed,
    Saved,
    StepsEnded,
    Stopped,
)  # fmt: skip
from runtime.runs import load_run
from runtime.session import Replace, Save, SetRate
from trainings import ADAM, cnn, digits, epochs_of, mlp, plan, step_series

pytestmark = pytest.mark.usefixtures(told_each_step.__name__)

AT, STEPS = 12, 20  # the step after which something is wished; the steps of an epoch
COSINE = Choice("torch.optim.lr_scheduler.CosineAnnealingLR")
BY_EPOCH = Choice("torch.optim.lr_scheduler.StepLR", {"step_size": 1, "gamma": 0.5})


def short(**more) -> Plan:
    return plan(**{"epochs": 2, "batch_size": 64, **more})


@pytest.fixture(scope="module")
def untouched(tmp_path_factory):
    """A project with dropout, batch normalization and a schedule, and its run that nobody touched."""
    project = digits(cnn, short(scheduler=COSINE))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("runtime.training.record.INTERVAL", 0.0)
        return project, drive(project, tmp_path_factory.mktemp("runs"))


def assert_same(events, expected) -> None:
    assert isinstance(events[-1], Finished), events[-1]
    assert not differences(state_of(folder_of(events)), state_of(folder_of(expected)))
    assert events[-1].test == expected[-1].test


# ---- a checkpoint now


@pytest.mark.parametrize("at", [1, AT, STEPS + 3])
def test_a_checkpoint_on_request_is_a_point_to_go_on_from_exactly(untouched, at, tmp_path):
    project, expected = untouched
    killed = drive(project, tmp_path, {at: [Save()]}, until=at + 7)
    saved = only(Saved, killed)
    assert (saved.epoch, saved.step) == (1 if at < STEPS else 2, at)
    assert saved.path == str(folder_of(killed) / "checkpoints")
    assert state_of(folder_of(killed))["step"] == at
    resumed = drive(project, tmp_path, resume=folder_of(killed))
    assert step_series(killed)[:at] + step_series(resumed) == step_series(expected)
    assert epochs_of(resumed) == epochs_of(expected)[-len(epochs_of(resumed)) :]
    assert_same(resumed, expected)


def test_a_checkpoint_on_request_changes_nothing(untouched, tmp_path):
    project, expected = untouched
    events = drive(project, tmp_path, {1: [Save()], AT: [Save(), Save()], STEPS: [Save()]})
    assert len([event for event in events if isinstance(event, Saved)]) == 4
    assert step_series(events) == step_series(expected) and epochs_of(events) == epochs_of(expected)
    assert_same(events, expected)


def test_a_wish_needs_no_pause(untouched, tmp_path):
    project, expected = untouched

    def hand(event, control):
        if isinstance(event, StepsEnded) and event.step == AT:
            control.wish(Save())

    events = drive(project, tmp_path, hand=hand)
    assert only(Saved, events).step == AT and not [event for event in events if isinstance(event, Paused)]
    assert_same(events, expected)


# ---- another learning rate


def adam_with(rates: dict[int, float], gammas: dict[int, float] | None = None):
    """What `by_hand` does after each loss: Adam with other rates after these steps, or with rates that shrink there."""
    made = []

    def step(model, loss, number, is_last):
        if not made:
            made.append(torch.optim.Adam(model.parameters(), lr=0.003))
        made[0].zero_grad()
        loss.backward()
        made[0].step()
        for group in made[0].param_groups:
            group["lr"] = rates.get(number, group["lr"]) * (gammas or {}).get(number, 1.0)

    return step


def assert_same_as_by_hand(events, project, step) -> None:
    """Losses of all steps, and the weights in the end."""
    model, losses = by_hand(project, step, batch_size=64)
    assert step_series(events) == losses
    weights = state_of(folder_of(events))["weights"].values()
    assert not differences(list(weights), [parameter.detach() for parameter in model.parameters()])


@pytest.mark.parametrize("rate", [0.7, 0.0491, 0.0])
def test_the_next_step_has_the_rate_that_was_wished_to_the_bit(rate, tmp_path):
    project = digits(mlp, short())
    events = drive(project, tmp_path, {AT: [SetRate("main", rate)]})
    told = only(RateSet, events)
    assert (told.epoch, told.step, told.objective, told.learning_rate) == (1, AT, "main", rate)
    kinds = [type(event) for event in events]
    assert kinds.index(Paused) < kinds.index(RateSet) < kinds.index(Resumed)
    next_step = next(event for event in events if isinstance(event, StepsEnded) and event.step == AT + 1)
    assert next_step.learning_rate == rate and next_step.rates == {"main": rate}
    assert_same_as_by_hand(events, project, adam_with({AT: rate}))


def test_a_rate_can_be_set_again_and_after_none_at_all(tmp_path):
    project = digits(mlp, short())
    rates = {5: 0.0123, AT: 0.0, AT + 4: 0.0491}
    events = drive(project, tmp_path, {step: [SetRate("main", rate)] for step, rate in rates.items()})
    assert_same_as_by_hand(events, project, adam_with(rates))


def test_a_schedule_goes_on_from_the_rate_that_was_set(tmp_path):
    project = digits(mlp, short(scheduler=BY_EPOCH))
    events = drive(project, tmp_path, {AT: [SetRate("main", 0.008)]})
    assert_same_as_by_hand(events, project, adam_with({AT: 0.008}, {STEPS: 0.5}))


@pytest.mark.parametrize("before", [(), (0.0,)], ids=["warming up", "after a rate of 0"])
def test_a_rate_that_is_set_in_the_warm_up_is_that_of_the_next_step(before, tmp_path):
    project = digits(mlp, short(epochs=1, objectives=(Objective(optimizer=ADAM, warmup=50),)))
    events = drive(project, tmp_path, {AT: [SetRate("main", rate) for rate in (*before, 0.002)]})
    _, losses = by_hand(project, _warming(), epochs=1, batch_size=64)
    assert step_series(events) == pytest.approx(losses, rel=1e-6)


def _warming():
    made = []

    def step(model, loss, number, is_last):
        if not made:
            made.append(torch.optim.Adam(model.parameters()))
        scheduled = 0.003 if number <= AT else 0.002 / ((AT + 1) / 50)
        made[0].param_groups[0]["lr"] = scheduled * min(1.0, number / 50)
        made[0].zero_grad()
        loss.backward()
        made[0].step()

    return step


def test_a_run_that_was_killed_remembers_the_rate_that_was_set(tmp_path):
    project = digits(mlp, short())
    wishes = {AT: [SetRate("main", 0.0491)]}
    killed = drive(project, tmp_path, wishes, until=AT + 6)
    resumed = drive(project, tmp_path, resume=folder_of(killed))
    assert resumed[0].first_step == AT
    assert_same(resumed, drive(project, tmp_path / "whole", wishes))


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        (SetRate("discriminator", 0.1), "no objective 'discriminator' in this run. Its objectives: main."),
        (SetRate("main", -0.1), "cannot be -0.1. Choose a number from 0 on."),
        (SetRate("main", math.nan), "cannot be nan. Choose a number from 0 on."),
        (SetRate("main", math.inf), "cannot be inf. Choose a number from 0 on."),
    ],
)
def test_a_rate_that_is_none_is_refused_and_nothing_changes(untouched, wish, words, tmp_path):
    project, expected = untouched
    events = drive(project, tmp_path, {AT: [wish]})
    assert words in str(only(Refused, events).message)
    assert step_series(events) == step_series(expected)
    assert_same(events, expected)


def test_one_objective_of_two_gets_another_rate(tmp_path):
    sgd = Choice("torch.optim.SGD", {"lr": 0.1})
    first, second = (Objective(name, parameters=(node,), optimizer=sgd) for name, node in (("a", "n3"), ("b", "n5")))
    project = digits(mlp, short(epochs=1, objectives=(first, second)))
    events = drive(project, tmp_path, {AT: [SetRate("b", 0.0)]})
    rates = {event.step: event.rates for event in events if isinstance(event, StepsEnded)}
    assert rates[AT] == {"a": 0.1, "b": 0.1} and rates[AT + 1] == {"a": 0.1, "b": 0.0}
    stopped = drive(project, tmp_path / "stopped", until=AT, hand=_saving_at(AT - 1))
    later, earlier = (state_of(folder_of(run))["weights"] for run in (events, stopped))
    assert not torch.equal(later["fc1.weight"], earlier["fc1.weight"])
    assert not torch.equal(later["fc2.weight"], earlier["fc2.weight"])  # it learned in one step more
    once_more = drive(project, tmp_path / "more", {AT: [SetRate("b", 0.0), Save()]}, until=AT + 1)
    assert torch.equal(later["fc2.weight"], state_of(folder_of(once_more))["weights"]["fc2.weight"])


def _saving_at(step):
    def hand(event, control):
        if isinstance(event, StepsEnded) and event.step == step:
            control.wish(Save())

    return hand


# ---- the end of an epoch


def stopping(at: int, *, paused: bool, wish=None):
    """Stops after the epoch, out of a pause or not."""

    def hand(event, control):
        kind = Paused if paused else StepsEnded
        if isinstance(event, StepsEnded) and event.step == at and paused:
            control.pause()
        if isinstance(event, kind) and event.step == at:
            if wish is not None:
                control.wish(wish)
            control.stop(after_epoch=True)

    return hand


@pytest.mark.parametrize(("at", "paused"), [(1, False), (AT, False), (AT, True), (STEPS, False), (STEPS, True)])
def test_the_epoch_under_way_ends_with_its_validation_and_then_the_run_stops(untouched, at, paused, tmp_path):
    project, expected = untouched
    events = drive(project, tmp_path, hand=stopping(at, paused=paused))
    last = events[-1]
    until = STEPS * (2 if paused and at == STEPS else 1)  # a pause comes before a step, there of the next epoch
    assert isinstance(last, Stopped) and last.step == until
    ended = epochs_of(events)
    assert ended == epochs_of(expected)[: until // STEPS]
    assert ended[-1].validation.keys() == {"loss", "accuracy"}
    assert "Tested" not in {type(event).__name__ for event in events}
    assert load_run(folder_of(events)).status == "stopped"
    resumed = drive(project, tmp_path, resume=folder_of(events))
    assert_same(resumed, expected)


@pytest.mark.parametrize("batch_size", [64, 128], ids=["the same batches", "other batches"])
def test_the_epoch_ends_with_the_drawing_that_came_in_it_too(batch_size, tmp_path):
    project, other = digits(mlp, short(epochs=3)), digits(mlp, plan(epochs=3, batch_size=batch_size))
    events = drive(project, tmp_path, hand=stopping(AT, paused=True, wish=Replace(other)))
    assert only(Replaced, events).step == AT
    ended = only(EpochEnded, events)
    assert ended.epoch == 1 and ended.validation
    assert isinstance(events[-1], Stopped) and events[-1].epoch == 2
    assert events[-1].step == (STEPS if batch_size == 64 else AT + STEPS // 2)


def test_a_run_with_a_pause_wished_in_its_validation_waits_before_the_next_step(untouched, tmp_path):
    project, expected = untouched
    done = []

    def hand(event, control):
        if isinstance(event, EpochEnded) and event.epoch == 1:
            control.pause()
        if isinstance(event, Paused):
            done.append(event.step)
            control.resume()

    events = drive(project, tmp_path, hand=hand)
    assert done == [STEPS]
    assert_same(events, expected)


def test_a_wish_that_comes_after_the_last_step_is_refused(untouched, tmp_path):
    project, expected = untouched

    def hand(event, control):
        if isinstance(event, EpochEnded) and event.epoch == 2:
            for wish in (Save(), SetRate("main", 0.1), Replace(project)):
                control.wish(wish)

    events = drive(project, tmp_path, hand=hand)
    refused = [event for event in events if isinstance(event, Refused)]
    assert len(refused) == 3 and all("had ended by then" in str(event.message) for event in refused)
    assert not [event for event in events if isinstance(event, Failed | Replaced | RateSet | Saved)]
    assert_same(events, expected)
