"""The search of a project: kept in its file, its places read and changed, and what is gone stays readable."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from drawings import Drawing, lenet5
from graph import files
from graph.catalog.definitions import INPUT, OUTPUT
from graph.messages import EditError, FileError
from graph.model import BlockParam, Project
from graph.plan import Choice, Objective, Plan
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
    value_at,
    with_value,
)
from graph.search_labels import param_at, place_label, place_named, searchable
from runtime.sweep_folders import project_with

RATE = ObjectivePlace("main", "optimizer", "lr")


def net() -> Project:
    """LeNet-5 with a second objective, and a block of a convolution that is used twice."""
    block = Drawing("Cell")
    x = block.add(INPUT, "input")
    x = block.add("nn.Conv2d", "conv", x, out_channels=4, kernel_size=3)
    block.add(OUTPUT, "output", block.add("nn.ReLU", "act", x))
    project = lenet5(Plan(objectives=(Objective(), Objective("other", optimizer=Choice("torch.optim.SGD"))))).project
    return replace(project, definitions=block.as_block(BlockParam("channels", 4)))


NET = net()
BLOCK = next(iter(NET.blocks))


def at(name: str, param: str, scope: str | None = None) -> NodePlace:
    return NodePlace(scope, NET.drawing(scope).node_named(name).id, param)


WHOLE = Search(
    (
        Entry(RATE, Span(1e-4, 0.1, log=True, count=3)),
        Entry(PlanPlace("batch_size"), Options((0, 16, 64))),
        Entry(at("conv1", "kernel_size"), Options(((3, 5), 3, None))),
        Entry(at("tanh1", TYPE), Options(("torch.nn.ReLU", "torch.nn.Tanh", f"block.{BLOCK}"))),
        Entry(at("pool1", BYPASSED), Options((True, False))),
        Entry(at("conv", "out_channels", BLOCK), Span(2, 9, whole=True)),
        Entry(ObjectivePlace("main", "optimizer"), Options(("torch.optim.SGD", "torch.optim.Adam"))),
        Entry(ObjectivePlace("other", "scheduler", "gamma"), Span(0.5, 0.9)),
        Entry(ObjectivePlace("main", "clip"), Options(("none", "norm"))),
    ),
    (Goal("accuracy"), Goal("macs")),
    "grid",
    33,
    False,
    4,
    7,
)


def test_a_file_keeps_every_search_and_says_nothing_of_an_empty_one():
    project = replace(NET, search=WHOLE)
    text = files.to_text(project)
    again = files.from_text(text)
    assert again.search == WHOLE and files.to_text(again) == text
    kinds = [type(v) for e in again.search.entries if isinstance(e.space, Options) for v in e.space.values]
    assert kinds == [type(v) for e in WHOLE.entries if isinstance(e.space, Options) for v in e.space.values]
    assert "search" not in json.loads(files.to_text(NET)) and files.from_text(files.to_text(NET)).search == Search()


@pytest.mark.parametrize(
    "place", [[], ["plan"], ["node", "a", "b"], ["odd", "a"], ["plan", None], ["node", None, None, "p"]]
)
def test_a_place_that_no_version_wrote_is_refused(place):
    record = json.loads(files.to_text(replace(NET, search=WHOLE)))
    record["search"]["entries"][0]["place"] = place
    with pytest.raises(FileError, match="place"):
        files.from_text(json.dumps(record))


def test_what_was_deleted_or_renamed_leaves_a_file_that_opens():
    gone = NET.graph.remove([NET.graph.node_named("conv1").id, NET.graph.node_named("tanh1").id])
    project = replace(NET.with_graph(gone), search=WHOLE)
    project = replace(
        project.with_plan(replace(project.plan, objectives=(Objective("renamed"),))),
        definitions=type(NET.definitions)(),
    )
    again = files.from_text(files.to_text(project))
    assert again.search == WHOLE
    for place in (RATE, at("conv1", "kernel_size"), at("conv", "out_channels", BLOCK)):
        with pytest.raises(KeyError):
            value_at(again, place)
        with pytest.raises(KeyError):
            with_value(again, place, 3)
        assert place_label(again, place) and param_at(again, place) is None
    assert WHOLE.with_objective_renamed("main", "renamed").entries[0].place == RATE._replace(objective="renamed")


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (PlanPlace("batch_size"), 7),
        (RATE, 0.5),
        (ObjectivePlace("other", "l2"), 0.25),
        (ObjectivePlace("other", "scheduler", "gamma"), 0.5),
        (at("conv1", "out_channels"), 9),
        (at("conv", "out_channels", BLOCK), 9),
        (at("pool1", BYPASSED), True),
        (at("tanh1", TYPE), "torch.nn.GELU"),
        (at("act", TYPE, BLOCK), "torch.nn.GELU"),
        (ObjectivePlace("other", "optimizer"), "torch.optim.AdamW"),
    ],
)
def test_a_value_stands_where_it_was_put_and_nothing_else_changes(place, value):
    old = value_at(NET, place)
    changed = with_value(NET, place, value)
    assert value_at(changed, place) == value != old
    others = [other for other in searchable(NET).values() if other != place]
    kept = [other for other in others if other in searchable(changed).values() or isinstance(other, PlanPlace)]
    assert all(value_at(changed, other) == value_at(NET, other) for other in kept)
    assert len(kept) > len(others) - 40 and changed.search == NET.search


def test_another_type_keeps_what_both_have_and_a_list_is_kept_as_a_list():
    conv = at("conv1", TYPE)
    node = NET.graph.nodes[conv.node]
    changed = with_value(NET, conv, "torch.nn.ConvTranspose2d").graph.nodes[conv.node]
    assert changed.params == node.params and changed.id == node.id and changed.name == node.name
    assert with_value(NET, conv, "torch.nn.Linear").graph.nodes[conv.node].params == {}
    assert with_value(NET, conv, node.type) == NET
    assert value_at(with_value(NET, at("conv1", "kernel_size"), (3, 3)), at("conv1", "kernel_size")) == 3
    with pytest.raises(KeyError):
        with_value(NET, conv, "torch.nn.Nothing")


def test_the_values_of_a_trial_go_by_the_type_that_was_chosen():
    slope, kind = at("tanh1", "negative_slope"), at("tanh1", TYPE)
    momentum, optimizer = RATE._replace(param="momentum"), ObjectivePlace("main", "optimizer")
    search = Search(tuple(Entry(place, Options((1,))) for place in (slope, kind, momentum, optimizer)))
    project = project_with(replace(NET, search=search), search, (0.2, "torch.nn.LeakyReLU", 0.9, "torch.optim.SGD"))
    node = project.graph.nodes[kind.node]
    assert (node.type, node.params) == ("torch.nn.LeakyReLU", {"negative_slope": 0.2})
    assert project.plan.objectives[0].optimizer == Choice("torch.optim.SGD", {"momentum": 0.9})
    project = project_with(NET, search, (0.2, "torch.nn.Tanh", 0.9, "torch.optim.Adam"))
    assert project.graph == NET.graph and project.plan == NET.plan and project.search == Search()


def test_places_have_names_and_names_mean_places():
    labels = searchable(NET)
    assert len(set(labels.values())) == len(labels) > 50
    assert all(place_named(NET, label) == place and place_label(NET, place) == label for label, place in labels.items())
    assert place_label(NET, RATE) == "lr of main" and place_label(NET, at("conv1", TYPE)) == "conv1.type"
    assert place_label(NET, at("conv", "out_channels", BLOCK)) == "Cell.conv.out_channels"
    assert place_label(NET, ObjectivePlace("other", "scheduler", "gamma")) == "scheduler.gamma of other"
    with pytest.raises(EditError, match="lr of main, lr of other"):
        place_named(NET, "lr")
    with pytest.raises(EditError, match=r"conv1\.out_channels"):
        place_named(NET, "conv1.out_chanels")
    alone = NET.with_plan(Plan())
    assert place_named(alone, "lr") == RATE and place_named(alone, "optimizer") == RATE._replace(param="")
    assert place_named(alone, "beta1").param == "beta1"
