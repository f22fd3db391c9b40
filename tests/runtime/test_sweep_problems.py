"""What keeps a search from being made is said with its place; how it is written on the command line, read back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from drawings import lenet5
from graph.messages import EditError
from graph.plan import Plan, Split
from graph.search import (
    BYPASSED,
    TYPE,
    Entry,
    Goal,
    NodePlace,
    ObjectivePlace,
    Options,
    PlanPlace,
    Search,
    Span,
)
from runtime import sweep_problems
from runtime.sweep_spelling import read_entry, value_text
from runtime.sweeps import notes_of, problems_of

NET = lenet5(Plan(epochs=2)).project
RATE = ObjectivePlace("main", "optimizer", "lr")


def node(name: str, param: str) -> NodePlace:
    return NodePlace(None, NET.graph.node_named(name).id, param)


def searching(*entries, plan: Plan = NET.plan, **more):
    search = Search(tuple(Entry(*e) for e in entries), **{"method": "random", **more})
    return replace(NET.with_plan(plan), search=search)


GOOD = (RATE, Span(1e-4, 1e-1, log=True))


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ((NodePlace(None, "n99", "p"), Options((1,))), ["p of a deleted node", "no longer there"]),
        ((NodePlace("b7", "n1", "p"), Options((1,))), ["p of a deleted node", "no longer there"]),
        ((ObjectivePlace("other", "optimizer", "lr"), Options((1,))), ["lr of other", "no longer there"]),
        ((ObjectivePlace("main", "nonsense"), Options((1,))), ["no longer there"]),
        ((PlanPlace("nonsense"), Options((1,))), ["no longer there"]),
        ((RATE, Span(0.1, 0.01)), ["lr of main", "from 0.1 to 0.01", "smaller number first"]),
        ((RATE, Span(float("nan"), 1)), ["lr of main"]),
        ((RATE, Span(0, 0.1, log=True)), ["lr of main", "Begin above 0"]),
        ((RATE, Span(-1, 0.1)), ["lr of main", "-1", "a number from 0"]),
        ((node("conv1", "out_channels"), Span(0, 8, whole=True)), ["conv1.out_channels", "cannot be 0", "at least 1"]),
        ((node("conv1", "out_channels"), Span(4, 8)), ["conv1.out_channels", "a whole number"]),
        ((node("conv1", "out_channels"), Span(4.2, 4.8, whole=True)), ["no whole number"]),
        ((node("conv1", "nonsense"), Options((1,))), ["conv1.nonsense", "no such parameter"]),
        ((node("conv1", TYPE), Options(("torch.nn.Conv2d", "Foo"))), ["conv1.type", "cannot be Foo"]),
        ((node("conv1", TYPE), Options(("torch.nn.Conv2d", "torch.nn.Bilinear"))), ["conv1.type", "Bilinear"]),
        ((node("conv1", BYPASSED), Options((0, 1))), ["conv1.bypassed", "yes or no"]),
        ((node("conv1", "padding"), Options(("same", "some"))), ["conv1.padding", "some"]),
        ((ObjectivePlace("main", "optimizer"), Options(("torch.optim.Foo",))), ["choose one of"]),
        ((ObjectivePlace("main", "clip"), Options(("none", "hard"))), ["clip of main", "hard"]),
        ((PlanPlace("batch_size"), Options((16, -2))), ["batch_size", "-2"]),
        ((PlanPlace("seed"), Options((0.5,))), ["seed", "a whole number"]),
        ((PlanPlace("epochs"), Options(())), ["0 values"]),
        ((PlanPlace("epochs"), Span(1, 5, whole=True, count=0)), ["A grid takes 0 values"]),
    ],
)
def test_an_entry_that_cannot_be_tried_is_named(entry, words):
    (problem,) = problems_of(searching(GOOD, entry))
    assert all(word in str(problem) for word in words), str(problem)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"goals": (Goal("acuracy"),)}, ["acuracy", "loss, accuracy, parameters, macs, latency"]),
        ({"goals": (Goal("loss"), Goal("loss"))}, ["twice"]),
        ({"trials": 0}, ["0 trials"]),
        ({"at_once": 0}, ["one trial"]),
        ({"plan": Plan(split=Split(0.8, 0.0, 0.2))}, ["validation"]),
    ],
)
def test_a_search_that_cannot_be_made_says_why(more, words):
    (problem,) = problems_of(searching(GOOD, **more))
    assert all(word in str(problem) for word in words), str(problem)


def test_what_can_be_tried_is_no_problem(monkeypatch):
    entries = [
        GOOD,
        (node("conv1", "out_channels"), Span(4, 8, whole=True)),
        (node("conv1", "kernel_size"), Options((3, (3, 5)))),
        (node("tanh1", TYPE), Options(("torch.nn.ReLU", "torch.nn.LeakyReLU"))),
        (node("tanh1", "negative_slope"), Span(0.01, 0.3)),
        (node("tanh2", BYPASSED), Options((True, False))),
        (ObjectivePlace("main", "optimizer"), Options(("torch.optim.SGD", "torch.optim.Adam"))),
        (PlanPlace("batch_size"), Options((0, 16))),
    ]
    assert problems_of(searching(*entries)) == [] and notes_of(searching(*entries)) == []
    assert problems_of(searching(GOOD, goals=(Goal("macs"),), plan=Plan(split=Split(0.8, 0.0, 0.2)))) == []
    monkeypatch.setattr(sweep_problems, "is_installed", lambda: False)
    assert problems_of(searching(*entries)) == []
    (problem,) = problems_of(searching(*entries, method="tpe"))
    assert "pip install optuna" in str(problem)
    assert "Nothing is searched" in str(problems_of(searching())[0])


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"goals": (Goal("loss"), Goal("macs"))}, "several goals"),
        ({"goals": (Goal("macs"),)}, "known only at its end"),
        ({"goals": (Goal("latency"),), "at_once": 2, "prune": False}, "Latencies"),
        ({"method": "grid", "trials": 3}, "The grid has 5 points; 3 of them"),
        ({"method": "grid", "trials": 20}, "only 5 combinations"),
    ],
)
def test_what_is_better_known_before_is_a_note(more, words):
    assert problems_of(searching(GOOD, **more)) == []
    (note,) = notes_of(searching(GOOD, **more))
    assert words in str(note)


@pytest.mark.parametrize(
    ("text", "place", "space"),
    [
        ("lr=log:1e-4..1e-1", RATE, Span(1e-4, 0.1, log=True)),
        ("lr of main = 0.1..0.5/3", RATE, Span(0.1, 0.5, count=3)),
        ("conv1.out_channels=4..32", node("conv1", "out_channels"), Span(4, 32, whole=True)),
        ("conv1.kernel_size=3,5x3", node("conv1", "kernel_size"), Options((3, (5, 3)))),
        ("batch_size=16,all", PlanPlace("batch_size"), Options((16, 0))),
        ("tanh1.type=ReLU,torch.nn.GELU", node("tanh1", TYPE), Options(("torch.nn.ReLU", "torch.nn.GELU"))),
        ("tanh1.bypassed=yes,no", node("tanh1", BYPASSED), Options((True, False))),
        ("optimizer=SGD,adamw", ObjectivePlace("main", "optimizer"), Options(("torch.optim.SGD", "torch.optim.AdamW"))),
        ("precision=float32,bfloat16", PlanPlace("precision"), Options(("float32", "bfloat16"))),
        ("l2=log:1e-6..1e-2", ObjectivePlace("main", "l2"), Span(1e-6, 1e-2, log=True)),
        ("conv1.bias=true,false", node("conv1", "bias"), Options((True, False))),
    ],
)
def test_what_is_written_is_what_is_tried(text, place, space):
    assert read_entry(NET, text) == (place, space)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("lr", "PLACE=VALUES"),
        ("=3", "PLACE=VALUES"),
        ("conv.out_channels=3", "conv1.out_channels"),
        ("lr=a..b", "'a..b' is no range of 'lr of main'"),
        ("tanh1.type=1..3", "no range"),
        ("tanh1.type=Rellu", "ReLU"),
        ("conv1.out_channels=many", "many"),
        ("conv1.bias=maybe", "maybe"),
        ("lr=1,-1", "-1"),
    ],
)
def test_what_cannot_be_read_says_what_to_write(text, words):
    with pytest.raises(EditError) as error:
        read_entry(NET, text)
    assert words in str(error.value)


def test_values_are_shown_as_they_are_written():
    values = [True, None, (3, 5), 0.001, 16, "torch.nn.ReLU", "same"]
    assert list(map(value_text, values)) == ["yes", "none", "3x5", "0.001", "16", "ReLU", "same"]
    assert value_text(0, "batch_size") == "all"
