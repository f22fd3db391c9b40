"""What is wrong with a training plan, and the mends."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from itertools import count

from graph.catalog.optimizers import OPTIMIZERS, SCHEDULERS, ChoiceType
from graph.catalog.types import misfits
from graph.fixes import plan_fix, set_plan
from graph.messages import Message, msg
from graph.model import Node, NodeId, Project
from graph.plan import AVERAGES, DEVICES, PRECISIONS, Choice, Objective, Plan, Split
from graph.problems import Fix, Problem

_TOLERANCE = 1e-6
_SEED_END = 2**32

# Field of the plan, its smallest value, and what to say below it.
_COUNTS = (
    ("epochs", 1, msg("The training plan has {value} epochs. Choose at least 1.")),
    ("batch_size", 0, msg("The batch size is {value}. Choose at least 1, or all samples.")),
    ("patience", 0, msg("The patience is {value}. Choose at least 0; 0 never ends a run early.")),
    ("averaging_start", 1, msg("Averaging starts at epoch {value}. Choose at least 1.")),
)
# Field of the plan, the words that fit, and what to say of another one.
_WORDS = (
    ("precision", PRECISIONS, msg("There is no precision '{value}'. Choose one of: {choices}.")),
    ("averaging", AVERAGES, msg("There is no way '{value}' of averaging weights. Choose one of: {choices}.")),
)
# Field of the plan, its least and largest value, and what to say beyond them.
_SIZES = (
    ("averaging_decay", (0.0, 1.0), msg("The decay of the average is {value}. Choose a number from 0 to 1.")),
    ("min_delta", (0.0, 1e12), msg("The least change that counts is {value}. Choose a number from 0 on.")),
)
# Field of an objective, its least value, its default, and what to say below it.
_OF_OBJECTIVE = (
    ("every", 1, msg("Objective '{name}' steps every {value} batches. Choose at least 1."), msg("Step at every batch")),
    (
        "accumulate",
        1,
        msg("Objective '{name}' gathers {value} batches for a step. Choose at least 1."),
        msg("Step at every batch"),
    ),
    (
        "warmup",
        0,
        msg("Objective '{name}' warms up over {value} steps. Choose at least 0."),
        msg("Begin without warm-up"),
    ),
    (
        "clip_at",
        1e-12,
        msg("Objective '{name}' clips gradients at {value}. Choose a number above 0."),
        msg("Clip at 1"),
    ),
    (
        "l1",
        0,
        msg("Objective '{name}' has an L1 penalty of {value}. Choose a number from 0 on."),
        msg("Add no penalty"),
    ),
    (
        "l2",
        0,
        msg("Objective '{name}' has an L2 penalty of {value}. Choose a number from 0 on."),
        msg("Add no penalty"),
    ),
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
    if not plan.objectives:
        text = msg("The training plan has no objective, so nothing would be trained. Add one.")
        yield Problem("no-objective", text, fixes=(set_plan(msg("Add an objective"), objectives=(Objective(),)),))
    yield from _check_names(plan)
    yield from _check_frozen(plan, trainable)
    for index, objective in enumerate(plan.objectives):
        yield from _check_choices(index, objective)
        yield from _check_targets(index, objective, losses, trainable)


def _check_split(split: Split) -> Iterator[Problem]:
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
    for name, least, text in _COUNTS:
        if getattr(plan, name) < least:
            yield Problem("bad-number", replace(text, values={"value": getattr(plan, name)}), fixes=(_default(name),))
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
    if plan.device not in DEVICES:
        text = msg(
            "There is no device '{value}'. Choose one of: {choices}.", value=plan.device, choices=", ".join(DEVICES)
        )
        yield Problem("bad-device", text, fixes=(_default("device"),))


def _check_names(plan: Plan) -> Iterator[Problem]:
    """The figures of objectives are told apart by their names."""
    names = [objective.name for objective in plan.objectives]
    for index, name in enumerate(names):
        if name in names[:index]:
            free = next(other for i in count(2) if (other := f"{name}{i}") not in names)
            text = msg("Two objectives are called '{name}'. Give one of them another name.", name=name)
            yield Problem("name-clash", text, fixes=(_change(index, msg("Rename to {name}", name=free), name=free),))


def _check_frozen(plan: Plan, trainable: Mapping[NodeId, Node]) -> Iterator[Problem]:
    kept = tuple(node for node in plan.frozen if node in trainable)
    if len(kept) < len(plan.frozen):
        text = msg("The plan freezes a node that has no parameters, is bypassed, or is no longer in the drawing.")
        yield Problem("missing-frozen", text, fixes=(set_plan(msg("Freeze the nodes that are there"), frozen=kept),))
    elif trainable and kept and trainable.keys() <= set(kept):
        text = msg("Every layer is frozen, so nothing would be trained. Let at least one learn.")
        yield Problem("all-frozen", text, fixes=(set_plan(msg("Freeze nothing"), frozen=()),))


def _check_choices(index: int, objective: Objective) -> Iterator[Problem]:
    for field, known, text in _CHOICES:
        choice: Choice = getattr(objective, field)
        if choice.type not in known:
            default = getattr(Objective(), field)
            fix = _change(index, msg("Use {name}", name=known[default.type].label), **{field: default})
            yield Problem(f"unknown-{field}", replace(text, values={"value": choice.type}), fixes=(fix,))
        else:
            yield from _check_params(index, field, choice, known[choice.type])
    for field, least, text, label in _OF_OBJECTIVE:
        if not getattr(objective, field) >= least:
            values = {"name": objective.name, "value": getattr(objective, field)}
            fix = _change(index, label, **{field: getattr(Objective(), field)})
            yield Problem("bad-number", replace(text, values=values), fixes=(fix,))


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
    if values.get("nesterov") and (not values["momentum"] or values["dampening"]):
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
