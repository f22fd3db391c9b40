"""What is wrong with training plans, and the mends."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from graph.catalog.optimizers import OPTIMIZERS, SCHEDULERS
from graph.model import Project
from graph.plan import DEVICES, Choice, Objective, Plan, Split
from graph.problems import Problem, Severity
from graph.validation import validate
from tiny import TINY, trainable

ADAM, SGD = "torch.optim.Adam", "torch.optim.SGD"
CYCLIC = "torch.optim.lr_scheduler.CyclicLR"


def _one_after_the_other(schedulers: str, milestones: object) -> Choice:
    return Choice("torch.optim.lr_scheduler.SequentialLR", {"schedulers": schedulers, "milestones": milestones})


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
    "device": (Plan(device="tpu"), "bad-choice"),
    "precision": (Plan(precision="float8"), "bad-choice"),
    "averaging": (Plan(averaging="mean"), "bad-choice"),
    "decay of the average": (Plan(averaging_decay=1.5), "bad-number"),
    "too many epochs": (Plan(epochs=10**30), "bad-number"),
    "patience": (Plan(patience=-1), "bad-number"),
    "way of splitting": (Plan(split=Split(method="by luck")), "bad-split"),
    "watched figure": (Plan(monitor="accuracy7"), "missing-monitor"),
    "frozen gone": (Plan(frozen=("gone",)), "missing-frozen"),
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
    "nothing gathered": (objective(accumulate=0), "bad-number"),
    "endless warm-up": (objective(warmup=10**12), "bad-number"),
    "clipped to nothing": (objective(clip="norm", clip_at=0.0), "bad-number"),
    "nan penalty": (objective(l1=math.nan), "bad-number"),
    "infinite penalty": (objective(l2=math.inf), "bad-number"),
    "way of clipping": (objective(clip="hard"), "bad-choice"),
    "unit of the schedule": (objective(schedule_by="hour"), "bad-choice"),
    "gathering L-BFGS": (objective(optimizer=Choice("torch.optim.LBFGS"), accumulate=2), "optimizer-limits"),
    "penalty on rows": (
        objective(optimizer=Choice("torch.optim.SparseAdam"), l2=0.1, clip="value"),
        "optimizer-limits",
    ),
    "momentum that is none": (
        objective(optimizer=Choice("torch.optim.Rprop"), scheduler=Choice(CYCLIC)),
        "no-momentum",
    ),
    "two milestones of three": (
        objective(scheduler=_one_after_the_other("ConstantLR, ConstantLR", (2, 4))),
        "bad-milestones",
    ),
    "milestones that fall": (
        objective(scheduler=_one_after_the_other("ConstantLR, ConstantLR, ConstantLR", (4, 2))),
        "bad-milestones",
    ),
    "no such schedule": (objective(scheduler=_one_after_the_other("ConstLR", 4)), "bad-parameter"),
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
    assert str(problem_of(objective(optimizer=Choice(ADAM, {"lr": 1e30})))[1].message).endswith("from 0 to 1e+12.")
    assert str(problem_of(objective(l1=1e30))[1].message) == (
        "'l1' of objective 'main' is 1e+30. Choose at most 1,000,000,000,000."
    )
    assert "Choose one of: loss" in str(problem_of(Plan(monitor="accuracy7"))[1].message)


def layers_of(project: Project) -> tuple[str, ...]:
    return tuple(n.id for n in project.graph.nodes.values() if TINY[n.type].is_trainable(n))


def test_everything_frozen_is_a_problem_and_so_is_an_objective_of_frozen_layers():
    layers = layers_of(trainable())
    _, problem = problem_of(Plan(frozen=layers))
    assert problem.code == "all-frozen"
    assert problem.severity is Severity.ERROR
    unasked = replace(trainable(), graph=trainable().graph.remove(["g"]), plan=Plan(frozen=layers))
    (problem,) = (p for p in validate(unasked, TINY) if p.code == "all-frozen")
    assert problem.severity is Severity.WARNING  # a network that is used, not trained
    found = validate(replace(trainable(), plan=replace(objective(parameters=layers), frozen=layers)), TINY)
    assert {p.code for p in found} == {"all-frozen"}
    for problem in found:
        for fix in problem.fixes:
            project = replace(trainable(), plan=replace(objective(parameters=layers), frozen=layers))
            assert len(validate(fix.edit(project), TINY)) < len(found)


@pytest.mark.parametrize("described", [*OPTIMIZERS.values(), *SCHEDULERS.values()], ids=lambda d: d.label)
def test_default_parameters_are_values_that_fit(described):
    values = described.values(Choice(described.id))
    assert all(described.param(name).check(value) == value for name, value in values.items())
    assert described.values(Choice(described.id, {"lr": 0.5})).get("lr") in (0.5, None)
    assert described.param("gone") is None


def test_the_learning_rate_comes_first():
    assert {described.params[0].name for described in OPTIMIZERS.values()} == {"lr"}
