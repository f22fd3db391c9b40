"""A run goes on with another drawing: what was learned stays with its nodes, and the rest of the run is as it was."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from amount import some
from drawings import Drawing
from driven import differences, drive, folder_of, only, state_of, told_each_step
from graph import files
from graph.messages import msg
from graph.model import Graph, Link, Node, Port, Project
from graph.plan import Choice, Split
from plain_loops import plain_mlp
from runtime.data import preparation, prepare, streams
from runtime.events import (
    EpochEnded,
    Failed,
    Finding,
    Finished,
    Refused,
    Replaced,
    Resumed,
    RunStarted,
    Saved,
    StepsEnded,
)  # fmt: skip
from runtime.runs import load_run
from runtime.session import Replace, Save
from runtime.training import wishes
from runtime.training.job import build
from runtime.training.preflight import preflight
from trainings import ADAM, cnn, digits, mlp, plan, step_series, with_facts

pytestmark = pytest.mark.usefixtures(told_each_step.__name__)

AT, STEPS = 25, 40  # the step after which the drawing is another; the steps of an epoch
SGD = Choice("torch.optim.SGD", {"lr": 0.1})
FC1, FC2 = ("fc1.weight", "fc1.bias"), ("fc2.weight", "fc2.bias")
Edit = Callable[[Graph], Graph]


def drawing(optimizer: Choice = ADAM, **more) -> Project:
    """64-48-10, for two epochs: `fc1` is n3, `relu1` n4, `fc2` n5."""
    return digits(mlp, plan(optimizer, epochs=2, **more))


def edited(project: Project, *edits: Edit) -> Project:
    graph = project.graph
    for edit in edits:
        graph = edit(graph)
    return project.with_graph(graph)


def wider(graph: Graph) -> Graph:
    return graph.set_params("n3", {"out_features": 64})


def narrower(graph: Graph) -> Graph:
    return graph.set_params("n3", {"out_features": 30})


def renamed(graph: Graph) -> Graph:
    return graph.rename("n3", "hidden")


def longer(graph: Graph) -> Graph:
    """A layer more between `relu1` and `fc2`."""
    place = Port("n5", "input")
    graph = graph.disconnect([graph.links[place]]).add(Node("n20", "torch.nn.Linear", "fc3", {"out_features": 48}))
    return graph.connect(Link(Port("n4", "output"), Port("n20", "input"))).connect(Link(Port("n20", "output"), place))


def shorter(graph: Graph) -> Graph:
    """Without `fc1` and `relu1`."""
    place = Port("n5", "input")
    return graph.remove(["n3", "n4"]).connect(Link(Port("n2", "output"), place))


def exchanged(project: Project, new: Project, runs: Path, **more):
    """The events of a run that saves and goes on with another drawing, and its state before and after that."""
    states = {}

    def hand(event, control):
        if isinstance(event, Saved | Replaced):
            states[type(event)] = state_of(events_folder(runs))

    events = drive(project, runs, {AT: [Save(), Replace(new)]}, hand=hand, **more)
    return events, states.get(Saved), states.get(Replaced)


def events_folder(runs: Path) -> Path:
    (folder,) = runs.iterdir()
    return folder


def rows_of(state: dict) -> dict[str, dict]:
    """What the optimizer remembers, by the name of the parameter."""
    names, rows = list(state["weights"]), state["learners"][0]["optimizer"]["state"]
    return {names[i]: row for i, row in rows.items()}


@pytest.mark.parametrize(
    ("edit", "kept", "resized", "new", "left_out"),
    [
        (lambda graph: graph, (*FC1, *FC2), (), (), ()),
        (wider, ("fc2.bias",), (*FC1, "fc2.weight"), (), ()),
        (narrower, ("fc2.bias",), (*FC1, "fc2.weight"), (), ()),
        (longer, (*FC1, *FC2), (), ("fc3.weight", "fc3.bias"), ()),
        (shorter, ("fc2.bias",), ("fc2.weight",), (), FC1),
        (renamed, ("hidden.weight", "hidden.bias", *FC2), (), (), ()),
    ],
    ids=["same", "wider", "narrower", "longer", "shorter", "renamed"],
)
def test_values_stay_with_their_nodes_and_the_event_says_which(edit, kept, resized, new, left_out, tmp_path):
    project = drawing()
    changed = edited(project, edit)
    events, before, after = exchanged(project, changed, tmp_path)
    event = only(Replaced, events)
    told = (event.kept, event.resized, event.new, event.left_out)
    assert [set(names) for names in told] == [set(kept), set(resized), set(new), set(left_out)]
    assert [len(names) for names in told] == [len(kept), len(resized), len(new), len(left_out)]
    assert (event.epoch, event.step) == (1, AT)
    assert event.parameters == sum(tensor.numel() for tensor in after["weights"].values())
    for name in (*kept, *resized):
        old = before["weights"][name.replace("hidden", "fc1")]
        overlap = tuple(slice(0, min(sizes)) for sizes in zip(old.shape, after["weights"][name].shape, strict=True))
        assert torch.equal(after["weights"][name][overlap], old[overlap]), name
    assert isinstance(events[-1], Finished) and len(step_series(events)) == 2 * STEPS
    assert load_run(Path(events[-1].run)).project.graph == changed.graph


@pytest.mark.parametrize("edit", [wider, longer, shorter, renamed])
def test_an_optimizer_remembers_what_it_knew_of_parameters_that_were_kept(edit, tmp_path):
    project = drawing()
    events, before, after = exchanged(project, edited(project, edit), tmp_path)
    known, rows = rows_of(before), rows_of(after)
    kept = only(Replaced, events).kept
    assert kept and rows.keys() == set(kept)
    for name, row in rows.items():
        assert not differences(row, known[name.replace("hidden", "fc1")])


OPTIMIZERS = {
    "Adam": {"lr": 0.01, "amsgrad": True},
    "NAdam": {"lr": 0.01},
    "Rprop": {"lr": 0.01},
    "Adagrad": {"lr": 0.05, "initial_accumulator_value": 0.1},
    "SGD": {"lr": 0.1, "momentum": 0.9, "dampening": 0.5},
}


@pytest.mark.parametrize("kind", some(OPTIMIZERS))
def test_parameters_that_are_new_begin_with_an_optimizer_that_knows_nothing_of_them(kind, tmp_path):
    """By hand: a new optimizer of PyTorch over all of them, which takes over what the old one knew of those that were kept."""
    make, settings = getattr(torch.optim, kind), OPTIMIZERS[kind]
    project = drawing(Choice(f"torch.optim.{kind}", settings))
    other = edited(project, longer)
    events = drive(project, tmp_path, {AT: [Replace(other)]}, until=STEPS + 9)
    x, y = prepare(project).train.tensors.values()
    model, generator, losses = plain_mlp(), torch.Generator().manual_seed(3), []
    optimizer = make(model.parameters(), **settings)
    for _ in range(2):
        for batch in torch.randperm(len(x), generator=generator).split(32):
            if len(losses) == AT:
                model, old, before = _longer_by_hand(model, other), model, optimizer.state
                optimizer = make(model.parameters(), **settings)
                for place, was in (1, 1), (4, 3):
                    for name in ("weight", "bias"):
                        known = before[getattr(old[was], name)]
                        optimizer.state[getattr(model[place], name)] = known
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(x[batch]), y[batch])
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    assert step_series(events) == losses[: STEPS + 9]
    assert_goes_on_as_it_was(events, project, other, losses, tmp_path)


def assert_goes_on_as_it_was(events, project, other, losses, runs: Path) -> None:
    """A run that was killed knows the steps of each parameter; its checkpoint is of the moment of the new drawing."""
    resumed = drive(other, runs, resume=folder_of(events))
    assert step_series(resumed) == losses[-len(step_series(resumed)) :] and not isinstance(resumed[-1], Failed)


def _longer_by_hand(short: nn.Sequential, project: Project) -> nn.Sequential:
    fresh = build(project, None, 2)[0].model
    return nn.Sequential(nn.Flatten(), short[1], nn.ReLU(), fresh.fc3, short[3])


def test_another_optimizer_begins_with_nothing_and_the_weights_stay(tmp_path):
    project = drawing()
    events, before, after = exchanged(project, drawing(SGD), tmp_path)
    assert len(only(Replaced, events).kept) == 4 and not differences(before["weights"], after["weights"])
    assert not after["learners"][0]["optimizer"]["state"]
    resumed = next(event for event in events if isinstance(event, StepsEnded) and event.step == AT + 1)
    assert resumed.learning_rate == 0.1


def test_the_same_drawing_changes_no_step(tmp_path):
    """Shuffling, dropout, statistics, optimizer and schedule go on where they were."""
    cosine = Choice("torch.optim.lr_scheduler.CosineAnnealingLR")
    project = digits(cnn, plan(scheduler=cosine, epochs=2))
    untouched = drive(project, tmp_path / "untouched")
    events, before, after = exchanged(project, edited(project, lambda g: g.rename("n2", "first")), tmp_path / "other")
    assert step_series(events) == step_series(untouched)
    assert before["batch"] == after["batch"] == AT and torch.equal(before["order"], after["order"])
    assert torch.equal(before["random"], after["random"])
    one, other = state_of(folder_of(untouched)), state_of(folder_of(events))
    weights = [list(state["weights"].values()) for state in (one, other)]
    assert not differences(*weights)
    assert not differences(one["learners"], other["learners"])
    assert events[-1].test == untouched[-1].test


def test_a_wider_layer_learns_on_as_one_that_was_made_wider_by_hand(tmp_path):
    project = drawing(SGD)
    events = drive(project, tmp_path, {AT: [Replace(edited(project, wider))]})
    x, y = prepare(project).train.tensors.values()
    model, generator, losses = plain_mlp(), torch.Generator().manual_seed(3), []
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(2):
        for batch in torch.randperm(len(x), generator=generator).split(32):
            if len(losses) == AT:
                model = _wider_by_hand(model)
                optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(x[batch]), y[batch])
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    assert step_series(events) == losses


@torch.no_grad()
def _wider_by_hand(narrow: nn.Sequential) -> nn.Sequential:
    torch.manual_seed(3)
    wide = nn.Sequential(nn.Flatten(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
    wide[1].weight[:48], wide[1].bias[:48] = narrow[1].weight, narrow[1].bias
    wide[3].weight[:, :48], wide[3].bias[:] = narrow[3].weight, narrow[3].bias
    return wide


def test_with_another_batch_size_the_epoch_begins_anew(tmp_path):
    project = drawing()
    events, _, after = exchanged(project, project.with_plan(replace(project.plan, batch_size=64)), tmp_path)
    assert (after["epoch"], after["batch"], after["step"]) == (1, 0, AT)
    assert only(Replaced, events).epoch == 1
    assert [e.step for e in events if isinstance(e, EpochEnded)] == [AT + STEPS // 2, AT + STEPS]


def test_the_figures_of_an_epoch_and_the_best_one_are_those_of_the_new_drawing(tmp_path):
    project = drawing()
    events, _, after = exchanged(project, edited(project, longer), tmp_path)
    assert after["best"] is None
    ended = [e for e in events if isinstance(e, EpochEnded)]
    rest = step_series(events)[AT:STEPS]
    sizes = [32] * (len(rest) - 1) + [only(RunStarted, events).samples["train"] - 32 * (STEPS - 1)]
    mean = sum(loss * size for loss, size in zip(rest, sizes, strict=True)) / sum(sizes)
    assert ended[0].best and ended[0].train["loss"] == pytest.approx(mean, rel=1e-9)
    best = min((e.validation["loss"], e.epoch) for e in ended)
    assert state_of(folder_of(events))["best"] == best[0]


def test_the_best_weights_of_the_drawing_before_are_gone_and_that_drawing_is_kept_beside(tmp_path):
    project, seen, at = drawing(), [], STEPS + 5

    def hand(event, control):
        if isinstance(event, EpochEnded | Replaced):
            seen.append((events_folder(tmp_path) / "checkpoints" / "best.safetensors").is_file())

    events = drive(project, tmp_path, {at: [Replace(edited(project, wider))]}, hand=hand, until=at + 3)
    assert seen == [True, False]
    run = load_run(folder_of(events))
    assert run.weights is not None and run.weights.name == "last.safetensors"
    assert files.load(run.path / f"project-until-step-{at}.layerloom").graph == project.graph


# ---- what cannot be gone on with


def _mismatched(graph: Graph) -> Graph:
    return graph.set_params("n5", {"in_features": 7})


def _too_few_classes(graph: Graph) -> Graph:
    return graph.set_params("n5", {"out_features": 5})


def _without_loss(graph: Graph) -> Graph:
    return graph.remove(["n6"])


@pytest.mark.parametrize(
    ("edit", "words"),
    [(_mismatched, "fc2"), (_too_few_classes, "gives 5 scores"), (_without_loss, "no loss")],
    ids=["mismatched", "too few classes", "no loss"],
)
def test_a_drawing_that_cannot_be_trained_is_refused_and_the_run_goes_on_as_if_nobody_asked(edit, words, tmp_path):
    project = digits(mlp, plan(epochs=2))
    untouched = drive(project, tmp_path / "untouched")
    events = drive(project, tmp_path / "asked", {AT: [Replace(edited(project, edit))]})
    kinds = [type(event) for event in events]
    assert words in str(only(Refused, events).message)
    assert Replaced not in kinds and kinds.index(Refused) < kinds.index(Resumed)
    assert step_series(events) == step_series(untouched)
    assert not differences(state_of(folder_of(events)), state_of(folder_of(untouched)))
    assert events[-1].test == untouched[-1].test
    run = load_run(folder_of(events))
    assert run.project.graph == project.graph and files.to_text(run.project) == files.to_text(project)


def test_data_that_is_not_there_is_refused(tmp_path):
    project = drawing()
    gone = edited(project, lambda graph: graph.set_params("n1", {"source": str(tmp_path / "gone")}))
    events = drive(project, tmp_path / "runs", {AT: [Replace(gone)]})
    assert "gone" in str(only(Refused, events).message)
    assert isinstance(events[-1], Finished)


@pytest.fixture
def pictures(tmp_path) -> Project:
    """A classifier of picture files."""
    draw = np.random.default_rng(0)
    for number in range(60):
        path = tmp_path / "pictures" / "ab"[number % 2] / f"{number:02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(draw.integers(0, 255, (8, 8)).astype(np.uint8)).save(path)
    d = Drawing("Net", plan(epochs=1, batch_size=4, split=Split(0.8, 0.1, 0.1)))
    d.add("data.Images", "pictures", source=str(tmp_path / "pictures"))
    scores = d.add("nn.Linear", "fc1", d.add("nn.Flatten", "flatten", d.port("pictures", "image")), out_features=2)
    d.add("nn.CrossEntropyLoss", "loss", scores, d.port("pictures", "label"))
    return with_facts(d.project)


def test_data_that_a_process_reads_along_the_way_is_read_on_after_a_refusal(pictures, tmp_path, monkeypatch):
    """The look at the new drawing reads from the same data, in the middle of a pass over it."""
    untouched = drive(pictures, tmp_path / "untouched")  # as no memory is free, the other one is not held
    monkeypatch.setattr(preparation, "free_memory", lambda: 0)
    monkeypatch.setattr(streams, "default_workers", lambda: 1)
    wrong = Finding("error", "computation", msg("No luck today."))
    monkeypatch.setattr(wishes, "preflight", lambda fit: replace(preflight(fit), findings=(wrong,)))
    other = edited(pictures, lambda graph: graph.rename("n3", "scores"))
    events = drive(pictures, tmp_path / "asked", {3: [Replace(other)]})
    assert isinstance(events[-1], Finished), events[-1]
    assert "No luck today." in str(only(Refused, events).message)
    assert step_series(events) == step_series(untouched)


# ---- a run that was killed


@pytest.mark.parametrize(("edit", "until"), [(wider, AT + 1), (longer, AT + 9), (wider, STEPS + 5)])
def test_a_run_that_is_killed_after_it_changed_its_drawing_goes_on_exactly(edit, until, tmp_path):
    project = digits(mlp, plan(epochs=2))
    wished = {AT: [Replace(edited(project, edit))]}
    expected = drive(project, tmp_path / "whole", wished)
    killed = drive(project, tmp_path / "killed", wished, until=until)
    assert load_run(folder_of(killed)).status == "running"
    resumed = drive(project, tmp_path / "killed", resume=folder_of(killed))
    assert not isinstance(resumed[-1], Failed), resumed[-1]
    assert step_series(resumed) == step_series(expected)[-len(step_series(resumed)) :]
    assert not differences(state_of(folder_of(resumed)), state_of(folder_of(expected)))
    assert resumed[-1].test == expected[-1].test
