"""A run that is made longer: where its schedules of the learning rate go on, and what a person is told of that.

A schedule that takes its length from the run (a cosine without `T_max`, One cycle) is stretched: it goes on where it would be by now,
had the run been meant to be as long from the beginning. Any other goes on as PyTorch has it, and may be at its end.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from typing import Any

from graph.messages import Message, msg
from runtime.training.fit import Fit
from runtime.training.learner import Learner
from runtime.training.optimizers import CONSTANT, follows_length

LITTLE = 1e-3  # of the highest rate that was: with less, next to nothing is learned
FORESEEN = 100_000  # epochs or steps that are looked ahead, a second or two
_NOTHING = 1e-9  # of it: a rate that is 0 but for rounding
_ROUNDING = 1 + _NOTHING

_REMEDY = msg("To change that, set another rate ('Learning rate' in the menu of the run), or change the schedule under Training and choose "
              "'Go on with the changed drawing', or begin a new run with these weights ('Train from its weights' in Runs; on the "
              "command line, --from).")  # fmt: skip

State = Mapping[str, Any]


def stretched(fit: Fit, state: State) -> State:
    """The state of a shorter run as one of a fit that is longer and still at its beginning."""
    learners = [
        _stretched(learner, part, learner.length.done(learner.objective.schedule_by, state["epoch"], state["batch"]))
        if follows_length(learner.objective.scheduler)
        else part
        for learner, part in zip(fit.learners, state["learners"], strict=False)
    ]
    return {**state, "learners": learners}


def _stretched(learner: Learner, part: State, done: int) -> State:
    """What an objective knows, with its schedule moved on so many times from its beginning."""
    begin_by_hand(learner, part["optimizer"]["param_groups"])
    learner.rates.catch_up(done)
    fresh = learner.state_dict()
    old = part["optimizer"]
    groups = [
        {**own, "params": group["params"]}
        for own, group in zip(fresh["optimizer"]["param_groups"], old["param_groups"], strict=True)
    ]
    rates = {**fresh["rates"], "steps": part["rates"]["steps"]}
    return {**part, "optimizer": {**old, "param_groups": groups}, "rates": rates}


def begin_by_hand(learner: Learner, groups: list[dict[str, Any]]) -> None:
    """Let a schedule that did not begin yet begin in proportion to the rate that a person set in other groups."""
    own = learner.optimizer.param_groups[0]
    begun, by_hand = own.get("initial_lr"), groups[0].get("initial_lr")
    if begun and by_hand is not None and by_hand != begun:
        learner.rates.scale(by_hand / begun)


def tell(fit: Fit) -> None:
    """Say how schedules go on over epochs that were added."""
    for learner in fit.learners:
        if follows_length(learner.objective.scheduler):
            fit.notes.append(_of_stretched(fit, learner))
        elif (found := _of_end(fit, learner)) is not None:
            fit.notes.append(found)


def _of_end(fit: Fit, learner: Learner) -> Message | None:
    """What there is to say of a rate that is next to nothing now, or becomes nothing."""
    length, unit, peak = learner.length, learner.objective.schedule_by, learner.rates.peak
    done = length.done(unit, fit.epoch, fit.batch)
    rates = learner.rates.foreseen(min(length.units(unit) - done - 1, FORESEEN))
    if rates[0] <= peak * LITTLE * _ROUNDING:
        return _of_little(learner, max(rates), is_rising=max(rates) > peak * LITTLE * _ROUNDING)
    alive = max(i for i, rate in enumerate(rates) if rate > peak * _NOTHING)
    if alive == len(rates) - 1:
        return None
    over = bisect_right(
        range(fit.epochs + 1), done + alive, key=lambda epoch: length.done(unit, epoch, 0) if epoch else 0
    )
    return _of_coming_end(learner, over) if over <= fit.epochs else None


def _of_stretched(fit: Fit, learner: Learner) -> Message:
    return msg(
        "The run is longer now, and {schedule} of '{name}' goes over all of its {epochs} epochs: it goes on with a learning rate of "
        "{rate}, where it would be by now had the run been as long from the beginning.",
        **_words(learner), epochs=fit.epochs,
    )  # fmt: skip


def _of_little(learner: Learner, highest: float, *, is_rising: bool) -> Message:
    words = _words(learner)
    if is_rising:
        return msg("The learning rate of '{name}' is {rate} as the added epochs begin, and rises to {highest} in them: {schedule} was at "
                   "its lowest, and turns. {remedy}", **words, highest=f"{highest:.3g}",
                   remedy=_REMEDY)  # fmt: skip
    if learner.objective.scheduler.type == CONSTANT or not learner.rates.peak:
        reason = msg("it was set to that by hand")
    else:
        reason = msg("{schedule} is at its end", **words)
    return msg("The learning rate of '{name}' stays at {rate} in the added epochs, as {reason}: next to nothing is learned. {remedy}",
               **words, reason=reason, remedy=_REMEDY)  # fmt: skip


def _of_coming_end(learner: Learner, epoch: int) -> Message:
    return msg("The learning rate of '{name}' is 0 from epoch {epoch} on, as {schedule} is at its end there: nothing is learned any more. "
               "{remedy}", **_words(learner), epoch=epoch, remedy=_REMEDY)  # fmt: skip


def _words(learner: Learner) -> dict[str, str]:
    schedule = learner.objective.scheduler.type.rpartition(".")[2]
    return {"name": learner.objective.name, "schedule": schedule, "rate": f"{learner.rates.scheduled:.3g}"}
