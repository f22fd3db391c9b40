"""What is wrong with a training plan, and the mends."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from itertools import count
from typing import cast

from graph.catalog.optimizers import OPTIMIZERS, SCHEDULERS, ChoiceType, parts_of
from graph.catalog.types import misfits
from graph.figures import watched_figures
from graph.fixes import plan_fix, set_plan
from graph.messages import Message, msg
from graph.model import Node, NodeId, Project
from graph.plan import (
    AVERAGES,
    CLIPS,
    DEVICES,
    LAST,
    NO_CLIP,
    PRECISIONS,
    SPLITS,
    UNITS,
    Choice,
    Objective,
    Plan,
    Split,
)  # fmt: skip
from graph.problems import Fix, Problem, Severity

_TOLERANCE = 1e-6
_SEED_END = 2**32
_LBFGS, _SGD, _SPARSE = "torch.optim.LBFGS", "torch.optim.SGD", "torch.optim.SparseAdam"

MANY, HUGE = 1_000_000, 10**12  # of epochs; of anything that is measured
_PER_STEP = 1_000_000_000  # batches and steps

# Field of the plan, its least and its largest value, and what to say below the least.
_COUNTS = (
    ("epochs", 1, MANY, msg("The training plan has {value} epochs. Choose at least 1.")),
    ("batch_size", 0, _PER_STEP, msg("The batch size is {value}. Choose at least 1, or all samples.")),
    ("patience", 0, MANY, msg("The patience is {value}. Choose at least 0; 0 never ends a run early.")),
    ("averaging_start", 1, MANY, msg("Averaging starts at epoch {value}. Choose at least 1.")),
)
# Field of the plan, the words that fit, and what to say of another one.
_WORDS = (
    ("precision", PRECISIONS, msg("There is no precision '{value}'. Choose one of: {choices}.")),
    ("averaging", AVERAGES, msg("There is no way '{value}' of averaging weights. Choose one of: {choices}.")),
    ("device", DEVICES, msg("There is no device '{value}'. Choose one of: {choices}.")),
)
# Field of the plan, its least and largest value, and what to say beyond them.
_SIZES = (
    ("averaging_decay", (0.0, 1.0), msg("The decay of the average is {value}. Choose a number from 0 to 1.")),
    ("min_delta", (0.0, HUGE), msg("The least change that counts is {value}. Choose a number from 0 on.")),
)
_EACH_BATCH, _NO_PENALTY = msg("Step at every batch"), msg("Add no penalty")
# Field of an objective, its least and its largest value, what to say below the least, and the mend: the default.
_OF_OBJECTIVE = (
    ("every", 1, _PER_STEP, msg("Objective '{name}' steps every {value} batches. Choose at least 1."), _EACH_BATCH),
    ("accumulate", 1, _PER_STEP, msg("Objective '{name}' gathers {value} batches for a step. Choose at least 1."), _EACH_BATCH),
    ("warmup", 0, _PER_STEP, msg("Objective '{name}' warms up over {value} steps. Choose at least 0."), msg("Begin without warm-up")),
    ("clip_at", 1e-12, HUGE, msg("Objective '{name}' clips gradients at {value}. Choose a number above 0."), msg("Clip at 1")),
    ("l1", 0, HUGE, msg("Objective '{name}' has an L1 penalty of {value}. Choose a number from 0 on."), _NO_PENALTY),
    ("l2", 0, HUGE, msg("Objective '{name}' has an L2 penalty of {value}. Choose a number from 0 on."), _NO_PENALTY),
)  # fmt: skip
# Field of an objective, the words that fit, and what to say of another one.
_WORDS_OF_OBJECTIVE = (
    ("clip", CLIPS, msg("There is no way '{value}' of clipping gradients. Choose one of: {choices}.")),
    ("schedule_by", UNITS, msg("The learning rate cannot change by '{value}'. Choose one of: {choices}.")),
)
# Field of an objective, its catalogue, and what to say of an entry that is not in it.
_CHOICES: tuple[tuple[str, Mapping[str, ChoiceType], Message], ...] = (
    ("optimizer", OPTIMIZERS, msg("Layerloom does not know the optimizer '{value}'. Choose another one.")),
    ("scheduler", SCHEDULERS, msg("Layerloom does not know the learning rate schedule '{value}'. Choose another one.")),
)


def validate_plan(
    project: Project, losses: Mapping[NodeId, Node], trainable: Mapping[NodeId, Node]
) -> Iterator[Problem]:
    """The problems of the plan. None of them has a node.

    Args:
        losses: the loss nodes of the drawing.
        trainable: its nodes that have parameters to learn.
    """
    plan = project.plan
    yield from _check_split(plan.split)
    yield from _check_numbers(plan)
    yield from _check_monitor(project)
    if not plan.objectives:
        text = msg("The training plan has no objective, so nothing would be trained. Add one.")
        yield Problem("no-objective", text, fixes=(set_plan(msg("Add an objective"), objectives=(Objective(),)),))
    yield from _check_names(plan)
    yield from _check_frozen(plan, losses, trainable)
    for index, objective in enumerate(plan.objectives):
        yield from _check_choices(index, objective)
        yield from _check_optimizer(index, objective)
        yield from _check_targets(index, objective, losses, trainable)
        yield from _check_frozen_targets(index, objective, plan)


def _check_split(split: Split) -> Iterator[Problem]:
    if split.method not in SPLITS:
        text = msg(
            "There is no way '{value}' of splitting. Choose one of: {choices}.",
            value=split.method,
            choices=", ".join(SPLITS),
        )
        yield Problem(
            "bad-split", text, fixes=(set_plan(msg("Split at random"), split=replace(split, method=SPLITS[0])),)
        )
    shares = (split.train, split.validation, split.test)
    if all(0 <= share <= 1 for share in shares) and split.train > 0 and abs(sum(shares) - 1) <= _TOLERANCE:
        return
    text = msg(
        "The data is split {train:.0%} / {validation:.0%} / {test:.0%}. The shares for training, validation and test "
        "must add up to 100 %, and training needs some.",
        train=split.train,
        validation=split.validation,
        test=split.test,
    )
    yield Problem("bad-split", text, fixes=(set_plan(msg("Split 70 % / 10 % / 20 %"), split=Split()),))


def _check_numbers(plan: Plan) -> Iterator[Problem]:
    for name, least, most, text in _COUNTS:
        if not least <= (value := getattr(plan, name)) <= most:
            text = (
                msg(
                    "'{setting}' of the plan is {value}. Choose at most {limit:,}.",
                    setting=name,
                    value=value,
                    limit=most,
                )
                if value > most
                else replace(text, values={"value": value})
            )
            yield Problem("bad-number", text, fixes=(_default(name),))
    if not 0 <= plan.seed < _SEED_END:
        text = msg(
            "The seed is {value}. Choose a whole number from 0 to {limit}.", value=plan.seed, limit=_SEED_END - 1
        )
        yield Problem("bad-number", text, fixes=(_default("seed"),))
    for name, words, text in _WORDS:
        if getattr(plan, name) not in words:
            values = {"value": getattr(plan, name), "choices": ", ".join(words)}
            yield Problem("bad-choice", replace(text, values=values), fixes=(_default(name),))
    for name, (low, high), text in _SIZES:
        if not low <= getattr(plan, name) <= high:
            yield Problem("bad-number", replace(text, values={"value": getattr(plan, name)}), fixes=(_default(name),))


def _check_monitor(project: Project) -> Iterator[Problem]:
    known = (*watched_figures(project), LAST)
    if project.plan.monitor not in known:
        text = msg(
            "The plan watches the figure '{name}', which no loss or metric of the drawing gives. Choose one of: {choices}.",
            name=project.plan.monitor,
            choices=", ".join(known),
        )
        yield Problem("missing-monitor", text, fixes=(_default("monitor"),))


def _check_names(plan: Plan) -> Iterator[Problem]:
    """The figures of objectives are told apart by their names."""
    names = [objective.name for objective in plan.objectives]
    for index, name in enumerate(names):
        if name in names[:index]:
            free = next(other for i in count(2) if (other := f"{name}{i}") not in names)
            text = msg("Two objectives are called '{name}'. Give one of them another name.", name=name)
            yield Problem("name-clash", text, fixes=(_change(index, msg("Rename to {name}", name=free), name=free),))


def _check_frozen(plan: Plan, losses: Mapping[NodeId, Node], trainable: Mapping[NodeId, Node]) -> Iterator[Problem]:
    kept = tuple(node for node in plan.frozen if node in trainable)
    if len(kept) < len(plan.frozen):
        text = msg("The plan freezes a node that has no parameters, is bypassed, or is no longer in the drawing.")
        yield Problem("missing-frozen", text, fixes=(set_plan(msg("Freeze the nodes that are there"), frozen=kept),))
    elif trainable and kept and trainable.keys() <= set(kept):
        text = msg("Every layer is frozen, so nothing would be trained. Let at least one learn.")
        severity = Severity.ERROR if losses else Severity.WARNING  # without a loss it is a network to use, not to train
        yield Problem("all-frozen", text, severity=severity, fixes=(set_plan(msg("Freeze nothing"), frozen=()),))


def _check_choices(index: int, objective: Objective) -> Iterator[Problem]:
    for field, known, text in _CHOICES:
        choice: Choice = getattr(objective, field)
        if choice.type not in known:
            default = getattr(Objective(), field)
            fix = _change(index, msg("Use {name}", name=known[default.type].label), **{field: default})
            yield Problem(f"unknown-{field}", replace(text, values={"value": choice.type}), fixes=(fix,))
        else:
            yield from _check_params(index, field, choice, known[choice.type])
    for field, least, most, text, label in _OF_OBJECTIVE:
        if not least <= (value := getattr(objective, field)) <= most:
            if value > most:
                text = msg(
                    "'{setting}' of objective '{name}' is {value}. Choose at most {limit:,}.",
                    setting=field,
                    name=objective.name,
                    value=value,
                    limit=most,
                )
            else:
                text = replace(text, values={"name": objective.name, "value": value})
            fix = _change(index, label, **{field: getattr(Objective(), field)})
            yield Problem("bad-number", text, fixes=(fix,))
    for field, words, text in _WORDS_OF_OBJECTIVE:
        if (value := getattr(objective, field)) not in words:
            default = getattr(Objective(), field)
            fix = _change(index, msg("Set {name} to {value}", name=field, value=default), **{field: default})
            yield Problem(
                "bad-choice", replace(text, values={"value": value, "choices": ", ".join(words)}), fixes=(fix,)
            )


def _check_params(index: int, field: str, choice: Choice, described: ChoiceType) -> Iterator[Problem]:
    wrong = list(misfits(described.params, choice.params))
    for name, reason in wrong:
        text = (
            msg("{choice} has no parameter '{name}'. Remove it.", choice=described.label, name=name)
            if reason is None
            else msg("{choice}: {reason}", choice=described.label, reason=reason)
        )
        kept = {k: v for k, v in choice.params.items() if k != name}
        fix = _change(index, msg("Reset {name}", name=name), **{field: replace(choice, params=kept)})
        yield Problem("unknown-parameter" if reason is None else "bad-parameter", text, fixes=(fix,))
    if not wrong:
        yield from _check_nesterov(index, choice, described.values(choice))


def _check_nesterov(index: int, choice: Choice, values: Mapping[str, object]) -> Iterator[Problem]:
    if choice.type == _SGD and values["nesterov"] and (not values["momentum"] or values["dampening"]):
        better = replace(choice, params={**choice.params, "momentum": values["momentum"] or 0.9, "dampening": 0.0})
        text = msg("Nesterov needs a momentum above 0 and no dampening. Set both, or switch it off.")
        off = replace(choice, params={**choice.params, "nesterov": False})
        fixes = (
            _change(
                index, msg("Set momentum {value:g} and no dampening", value=better.params["momentum"]), optimizer=better
            ),
            _change(index, msg("Switch Nesterov off"), optimizer=off),
        )
        yield Problem("nesterov", text, fixes=fixes)


def _check_optimizer(index: int, objective: Objective) -> Iterator[Problem]:
    """What some optimizers cannot do with other settings of the objective."""
    name = objective.optimizer.type
    if name == _LBFGS and objective.accumulate > 1:
        text = msg("L-BFGS steps by the loss of each batch, so objective '{name}' cannot gather batches. Choose a larger batch "
                   "size, or another optimizer.", name=objective.name)  # fmt: skip
        yield Problem("optimizer-limits", text, fixes=(_change(index, _EACH_BATCH, accumulate=1),))
    if name == _SPARSE and (objective.l1 or objective.l2 or objective.clip != NO_CLIP):
        text = msg("SparseAdam touches only the rows that a batch uses, so objective '{name}' can have no penalty on all weights and "
                   "no clipping. Switch them off, or use Adam.", name=objective.name)  # fmt: skip
        bare = {"l1": 0.0, "l2": 0.0, "clip": NO_CLIP}
        yield Problem("optimizer-limits", text, fixes=(
            _change(index, msg("Switch penalties and clipping off"), **bare),
            _change(index, msg("Use {name}", name="Adam"), optimizer=Objective().optimizer),
        ))  # fmt: skip
    yield from _check_cycled_momentum(index, objective)
    yield from _check_milestones(index, objective)


def _check_milestones(index: int, objective: Objective) -> Iterator[Problem]:
    """Schedules one after the other need a milestone between each two."""
    choice, described = objective.scheduler, SCHEDULERS.get(objective.scheduler.type)
    param = described.param("milestones") if described and described.param("schedulers") else None
    if described is None or param is None or any(misfits(described.params, choice.params)):
        return  # what does not fit is said already
    parts, milestones = parts_of(choice), cast(tuple[int, ...], param.check(described.values(choice)["milestones"]))
    if len(milestones) == len(parts) - 1 and list(milestones) == sorted(set(milestones)):
        return
    text = msg("{count} schedules one after the other need {needed} rising milestones, and there are: {milestones}. Write when each of "
               "them but the first begins.", count=len(parts), needed=len(parts) - 1,
               milestones=", ".join(map(str, milestones)))  # fmt: skip
    each = milestones[0] if milestones else 1
    better = replace(choice, params={**choice.params, "milestones": tuple(each * n for n in range(1, len(parts)))})
    fix = _change(index, msg("Change every {count} epochs", count=each), scheduler=better)
    yield Problem("bad-milestones", text, fixes=(fix,) if len(parts) > 1 else ())


def _check_cycled_momentum(index: int, objective: Objective) -> Iterator[Problem]:
    optimizer, schedule = OPTIMIZERS.get(objective.optimizer.type), SCHEDULERS.get(objective.scheduler.type)
    if optimizer is None or schedule is None or not schedule.values(objective.scheduler).get("cycle_momentum"):
        return
    if optimizer.param("momentum") is None and optimizer.param("beta1") is None:
        text = msg("{schedule} also moves the momentum, and {optimizer} has none. Switch that off.", schedule=schedule.label,
                   optimizer=optimizer.label)  # fmt: skip
        better = replace(objective.scheduler, params={**objective.scheduler.params, "cycle_momentum": False})
        yield Problem("no-momentum", text, fixes=(_change(index, msg("Leave the momentum alone"), scheduler=better),))


def _check_frozen_targets(index: int, objective: Objective, plan: Plan) -> Iterator[Problem]:
    """An objective that names nothing but frozen nodes."""
    if objective.parameters and set(objective.parameters) <= set(plan.frozen):
        text = msg(
            "Objective '{name}' trains only layers that are frozen. Let them learn, or remove it.", name=objective.name
        )
        kept = tuple(node for node in plan.frozen if node not in objective.parameters)
        fixes = [set_plan(msg("Let them learn"), frozen=kept)]
        if len(plan.objectives) > 1:
            others = plan.objectives[:index] + plan.objectives[index + 1 :]
            fixes.append(set_plan(msg("Remove the objective"), objectives=others))
        yield Problem("all-frozen", text, fixes=tuple(fixes))


def _check_targets(
    index: int, objective: Objective, losses: Mapping[NodeId, Node], trainable: Mapping[NodeId, Node]
) -> Iterator[Problem]:
    kept = tuple((node, weight) for node, weight in objective.losses if node in losses)
    if len(kept) < len(objective.losses):
        text = msg("Objective '{name}' names a loss that is bypassed or no longer in the drawing.", name=objective.name)
        yield Problem("missing-loss", text, fixes=(_change(index, msg("Use the losses that are there"), losses=kept),))
    if not all(math.isfinite(weight) for _, weight in objective.losses):
        text = msg("Objective '{name}' has a loss whose weight is not a finite number.", name=objective.name)
        even = tuple((node, weight if math.isfinite(weight) else 1.0) for node, weight in objective.losses)
        yield Problem("bad-weight", text, fixes=(_change(index, msg("Set the weight to 1"), losses=even),))
    updated = tuple(node for node in objective.parameters if node in trainable)
    if len(updated) < len(objective.parameters):
        text = msg(
            "Objective '{name}' trains a node that has no parameters, is bypassed, or is no longer in the drawing.",
            name=objective.name,
        )
        fix = _change(index, msg("Train the nodes that are there"), parameters=updated)
        yield Problem("missing-parameters", text, fixes=(fix,))


def _default(name: str) -> Fix:
    default = next(field.default for field in fields(Plan) if field.name == name)
    return set_plan(msg("Set {name} to {value}", name=name, value=default), **{name: default})


def _change(index: int, label: Message, **changes: object) -> Fix:
    return plan_fix(label, _replaced_objective, index, changes)


def _replaced_objective(plan: Plan, index: int, changes: Mapping[str, object]) -> Plan:
    objectives = list(plan.objectives)
    objectives[index] = replace(objectives[index], **changes)
    return replace(plan, objectives=tuple(objectives))
