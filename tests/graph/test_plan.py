"""What is wrong with training plans, and the mends."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from graph.catalog.optimizers import OPTIMIZERS, SCHEDULERS
from graph.model import Project
from graph.plan import DEVICES, Choice, Objective, Plan, Split
from graph.problems import Problem
from graph.validation import validate
from tiny import TINY, trainable

ADAM, SGD = "torch.optim.Adam", "torch.optim.SGD"


def problem_of(plan: Plan) -> tuple[Project, Problem]:
    project = replace(trainable(), plan=plan)
    (problem,) = validate(project, TINY)
    assert problem.node is None
    return project, problem


def objective(**changes) -> Plan:
    return Plan(objectives=(Objective(name="other"), Objective(**changes)))


def test_the_plan_of_a_new_project_is_sound():
    assert validate(replace(trainable(), plan=Plan()), TINY) == ()
    assert math.isclose(sum((Split().train, Split().validation, Split().test)), 1)
    assert Plan().device in DEVICES


WRONG = {
    "share": (Plan(split=Split(0.8, 0.8, 0.8)), "bad-split"),
    "negative share": (Plan(split=Split(1.2, -0.4, 0.2)), "bad-split"),
    "no training": (Plan(split=Split(0.0, 0.5, 0.5)), "bad-split"),
    "nan share": (Plan(split=Split(math.nan, 0.1, 0.2)), "bad-split"),
    "epochs": (Plan(epochs=0), "bad-number"),
    "batch size": (Plan(batch_size=-1), "bad-number"),
    "seed": (Plan(seed=-1), "bad-number"),
    "device": (Plan(device="tpu"), "bad-device"),
    "no objective": (Plan(objectives=()), "no-objective"),
    "same names": (Plan(objectives=(Objective(name="x"), Objective(name="x"))), "name-clash"),
    "optimizer": (objective(optimizer=Choice("torch.optim.Gone")), "unknown-optimizer"),
    "scheduler": (objective(scheduler=Choice("gone")), "unknown-scheduler"),
    "negative rate": (objective(optimizer=Choice(ADAM, {"lr": -1.0, "eps": 1e-7})), "bad-parameter"),
    "momentum of Adam": (objective(optimizer=Choice(ADAM, {"momentum": 0.9})), "unknown-parameter"),
    "beta of 1": (objective(optimizer=Choice(ADAM, {"beta1": 1.0})), "bad-parameter"),
    "nesterov alone": (objective(optimizer=Choice(SGD, {"nesterov": True})), "nesterov"),
    "nesterov damped": (
        objective(optimizer=Choice(SGD, {"nesterov": True, "momentum": 0.5, "dampening": 0.1})),
        "nesterov",
    ),
    "never": (objective(every=0), "bad-number"),
    "loss gone": (objective(losses=(("gone", 1.0), ("g", 2.0))), "missing-loss"),
    "not a loss": (objective(losses=(("w", 1.0),)), "missing-loss"),
    "weight": (objective(losses=(("g", math.inf),)), "bad-weight"),
    "nothing to update": (objective(parameters=("gone", "w")), "missing-parameters"),
    "no parameters": (objective(parameters=("d",)), "missing-parameters"),
}


@pytest.mark.parametrize(("plan", "code"), WRONG.values(), ids=WRONG.keys())
def test_each_problem_is_found_and_every_fix_mends_it(plan, code):
    project, problem = problem_of(plan)
    assert problem.code == code
    assert str(problem.message)[-1] == "."
    assert problem.fixes
    for fix in problem.fixes:
        assert validate(fix.edit(project), TINY) == ()


def test_a_fix_leaves_the_rest_of_the_plan_alone():
    plan = objective(optimizer=Choice(ADAM, {"lr": -1.0, "eps": 1e-7}), name="mine")
    project, problem = problem_of(replace(plan, epochs=77))
    mended = problem.fixes[0].edit(project).plan
    assert mended.epochs == 77
    assert mended.objectives[0] == plan.objectives[0]
    assert mended.objectives[1] == Objective(name="mine", optimizer=Choice(ADAM, {"eps": 1e-7}))


def test_what_is_wrong_is_said_in_words():
    assert "80% / 80% / 80%" in str(problem_of(Plan(split=Split(0.8, 0.8, 0.8)))[1].message)
    assert str(problem_of(objective(optimizer=Choice(ADAM, {"lr": -1.0})))[1].message) == (
        "Adam: 'lr' cannot be -1.0. It takes a number from 0 to 1e+12."
    )


@pytest.mark.parametrize("described", [*OPTIMIZERS.values(), *SCHEDULERS.values()], ids=lambda d: d.label)
def test_default_parameters_are_values_that_fit(described):
    values = described.values(Choice(described.id))
    assert all(described.param(name).check(value) == value for name, value in values.items())
    assert described.values(Choice(described.id, {"lr": 0.5})).get("lr") in (0.5, None)
    assert described.param("gone") is None


def test_the_learning_rate_comes_first():
    assert {described.params[0].name for described in OPTIMIZERS.values()} == {"lr"}
