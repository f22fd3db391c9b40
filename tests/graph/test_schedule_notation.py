"""Schedules made of schedules: what can be written, and a sentence for what cannot. Nothing of it is ever run."""

from __future__ import annotations

import pytest

from graph.catalog.optimizers import SCHEDULERS, parts_of
from graph.catalog.schedule_notation import read_calls
from graph.messages import EditError
from graph.plan import Choice

SEQUENTIAL = "torch.optim.lr_scheduler.SequentialLR"
PREFIX = "torch.optim.lr_scheduler."


def parts(text: str) -> tuple[Choice, ...]:
    return parts_of(Choice(SEQUENTIAL, {"schedulers": text}))


def test_schedules_are_written_as_in_python():
    assert parts("LinearLR(total_iters=5), MultiStepLR(milestones=[2, 4], gamma=0.5),ConstantLR") == (
        Choice(f"{PREFIX}LinearLR", {"total_iters": 5}),
        Choice(f"{PREFIX}MultiStepLR", {"milestones": (2, 4), "gamma": 0.5}),
        Choice(f"{PREFIX}ConstantLR", {}),
    )
    assert parts("LambdaLR(lr_lambda='0.9 ** epoch')")[0].params == {"lr_lambda": "0.9 ** epoch"}


@pytest.mark.parametrize("described", SCHEDULERS.values(), ids=lambda d: d.label)
def test_what_is_written_by_default_can_be_read(described):
    assert len(parts_of(Choice(described.id))) == (2 if described.param("schedulers") else 0)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "cannot be read as schedules"),
        ("LinearLR(", "cannot be read as schedules"),
        ("5", "cannot be read as schedules"),
        ("LinearLR(total_iters=2+x)", "cannot be read as schedules"),
        ("torch.LinearLR()", "cannot be read as schedules"),
        ("LinearLR()()", "cannot be read as schedules"),
        ("LinearLR(total_iters=open('x'))", "cannot be read as schedules"),
        ("] + [LinearLR", "cannot be read as schedules"),
        ("LinearLR(5)", "a value stands without its name"),
        ("LinearLR(**{})", "a value stands without its name"),
        ("Linear(total_iters=5)", "There is no schedule 'Linear'"),
        ("ReduceLROnPlateau()", "There is no schedule 'ReduceLROnPlateau'"),
        ("SequentialLR()", "There is no schedule 'SequentialLR'"),
        ("LinearLR(iters=5)", "LinearLR has no parameter 'iters'"),
        ("LinearLR(total_iters=-1)", "LinearLR: "),
        (", ".join(["LinearLR"] * 11), "There are 11 schedules in one"),
        ("(" * 500 + ")" * 500, "cannot be read as schedules"),
        ("LinearLR, " * 1000, "cannot be read as schedules"),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_sentence(text, said):
    with pytest.raises(EditError) as refused:
        parts(text)
    assert said in str(refused.value)
    reader = SCHEDULERS[SEQUENTIAL].param("schedulers")
    with pytest.raises(EditError):
        reader.check(text)


def test_the_list_of_what_there_is_names_each_simple_schedule():
    with pytest.raises(EditError) as refused:
        parts("Nothing")
    names = str(refused.value).partition("There are: ")[2].rstrip(".").split(", ")
    for name in names:
        assert read_calls(name) == [(name, {})]
        parts(name)
    assert (
        len(names) == len(SCHEDULERS) - 6
    )  # without itself, its like, the plateau, the constant one, and what overwrites


def test_what_overwrites_the_rate_is_no_part():
    chained = "torch.optim.lr_scheduler.ChainedScheduler"
    for owner, names in (
        (SEQUENTIAL, ("OneCycleLR", "CyclicLR")),
        (chained, ("OneCycleLR", "CyclicLR", "LambdaLR", "CosineAnnealingWarmRestarts")),
    ):
        for name in names:
            with pytest.raises(EditError, match="overwrites"):
                parts_of(Choice(owner, {"schedulers": f"LinearLR, {name}"}))
    assert len(parts("LinearLR, LambdaLR, CosineAnnealingWarmRestarts")) == 3
