"""Plans of every kind, trained by two processes and by one; runs that go on in another number of processes."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from drawings import Drawing
from driven import drive, folder_of
from graph.model import Port, Project
from graph.plan import EMA, SWA, WHOLE, Choice
from runtime.events import Failed, Finished, RunStarted, Stopped
from runtime.session import Replace
from runtime.training.checkpoints import read_weights
from together import train_together
from trained_together import go_on, penalized, with_norm
from trainings import StopAfter, arrays, cnn, digits, epochs_of, mlp, plan, run, step_series, with_facts

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
SAME = 2e-6


def of_plan(network=mlp, **more) -> Project:
    return digits(network, plan(**{"epochs": 2, "batch_size": 64, **more}))


def told() -> Project:
    """Metrics of the library, and one of sums."""
    d = Drawing("Net", plan(epochs=2))
    d.add("data.Images", "digits", source="builtin:digits", image_size=8)
    scores, labels = mlp(d, d.port("digits", "image")), d.port("digits", "label")
    d.add("nn.CrossEntropyLoss", "loss", scores, labels)
    for name in ("F1", "AUROC", "CohenKappa", "AveragePrecision", "TopKAccuracy"):
        d.add(f"metric.{name}", name.lower(), scores, labels)
    return with_facts(d.project)


PLANS = {
    "metrics": told,
    "one sample is left": lambda: of_plan(with_norm, batch_size=419),
    "swa": lambda: of_plan(with_norm, averaging=SWA, averaging_start=1, epochs=3),
    "ema": lambda: of_plan(averaging=EMA, averaging_decay=0.9),
    "lbfgs": lambda: of_plan(
        optimizer=Choice("torch.optim.LBFGS", {"lr": 0.5, "max_iter": 4}), batch_size=WHOLE, epochs=6
    ),
    "plateau": lambda: of_plan(
        scheduler=Choice("torch.optim.lr_scheduler.ReduceLROnPlateau", {"patience": 0}), epochs=4
    ),
    "early": lambda: of_plan(patience=1, min_delta=10.0, epochs=9),
    "bfloat16": lambda: of_plan(precision="bfloat16"),
    "gradients": penalized,
    "adagrad": lambda: of_plan(optimizer=Choice("torch.optim.Adagrad")),
}
LOOSE = {"bfloat16": 0.02, "lbfgs": 1e-4}  # L-BFGS makes rounding larger with every step


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("plans")
    projects = {name.replace(" ", "_"): draw() for name, draw in PLANS.items()}
    two = train_together(projects, folder / "two")
    return {name: (run(project, folder / name), two[name]) for name, project in projects.items()}


@pytest.mark.parametrize("name", PLANS)
def test_every_plan_gives_the_same_losses(trained, name):
    one, two = trained[name.replace(" ", "_")]
    assert isinstance(two[-1], Finished), two[-1]
    series = next(iter(epochs_of(one)[0].train))
    expected, found = step_series(one, series), step_series(two, series)
    assert len(expected) == len(found) > 5
    assert np.abs(np.subtract(expected, found)).max() < LOOSE.get(name, SAME)
    assert [e.epoch for e in epochs_of(one)] == [e.epoch for e in epochs_of(two)]
    for before, after in zip(epochs_of(one), epochs_of(two), strict=True):
        assert dict(after.validation) == pytest.approx(dict(before.validation), abs=LOOSE.get(name, 1e-4))
        assert after.learning_rate == pytest.approx(before.learning_rate) and after.best == before.best
    assert two[-1].early == one[-1].early == (name == "early")


def test_dropout_differs_between_processes_and_learns(tmp_path):
    events = train_together({"cnn": of_plan(cnn, epochs=4)}, tmp_path)["cnn"]
    assert isinstance(events[-1], Finished) and events[-1].test["accuracy"] > 0.8
    state = torch.load(Path(events[-1].run) / "checkpoints" / "last.state.pt", weights_only=True)
    (first, _), (second, _) = state["ranks"]
    assert not torch.equal(first, second) and torch.equal(first, state["random"])


def test_a_run_goes_on_in_another_number_of_processes(tmp_path):
    """In the middle of an epoch, with a gradient that waits and metrics of the library half way."""
    d = Drawing("Net", plan(epochs=3, batch_size=50))
    d.add("data.Images", "digits", source="builtin:digits", image_size=8)
    scores, labels = mlp(d, d.port("digits", "image")), d.port("digits", "label")
    d.add("nn.CrossEntropyLoss", "loss", scores, labels)
    for name in ("AUROC", "F1"):
        d.add(f"metric.{name}", name.lower(), scores, labels)
    project = with_facts(d.project)
    objective = replace(project.plan.objectives[0], accumulate=2)
    project = project.with_plan(replace(project.plan, objectives=(objective,)))
    whole = run(project, tmp_path / "whole")

    stopped = run(project, tmp_path / "one", control=StopAfter(35))
    assert isinstance(stopped[-1], Stopped) and stopped[-1].step % 26
    later = go_on(stopped[-1].run, project, tmp_path / "more", "two")
    assert isinstance(later[-1], Finished), later[-1]
    assert next(e for e in later if isinstance(e, RunStarted)).first_step == stopped[-1].step
    assert step_series(stopped) + step_series(later) == pytest.approx(step_series(whole), abs=SAME)
    for before, after in zip(epochs_of(whole)[-2:], epochs_of(later)[-2:], strict=True):
        assert dict(after.train) == pytest.approx(dict(before.train), abs=1e-5)

    two = train_together({"two": project.with_plan(replace(project.plan, epochs=1))}, tmp_path / "begun")["two"]
    last = run(project, tmp_path / "unused", resume=Path(two[-1].run))
    assert isinstance(last[-1], Finished)
    assert step_series(two) + step_series(last) == pytest.approx(step_series(whole), abs=SAME)


def test_a_run_that_was_edited_goes_on_in_two_processes(tmp_path, monkeypatch):
    """Each of them counts the steps of every parameter."""
    monkeypatch.setattr("runtime.training.record.INTERVAL", 0.0)
    project = of_plan()
    wider = project.with_graph(project.graph.set_params(project.graph.node_named("fc1").id, {"out_features": 60}))
    edited = folder_of(drive(project, tmp_path / "one", {5: [Replace(wider)]}, until=9))
    copied = shutil.copytree(edited, tmp_path / "two" / edited.name)
    alone = run(wider, tmp_path / "one", resume=edited)
    later = go_on(str(copied), wider, tmp_path / "more", "later")
    assert isinstance(later[-1], Finished), later[-1]
    assert step_series(later) == pytest.approx(step_series(alone), abs=SAME)


def test_the_same_number_of_processes_goes_on_exactly(tmp_path):
    project = of_plan(cnn, epochs=2)
    whole = train_together({"whole": project}, tmp_path)["whole"]
    first = train_together({"first": project.with_plan(replace(project.plan, epochs=1))}, tmp_path)["first"]
    later = go_on(first[-1].run, project, tmp_path, "later")
    assert step_series(first) + step_series(later) == step_series(whole)
    ends = [read_weights(Path(events[-1].run) / "checkpoints" / "last.safetensors") for events in (whole, later)]
    assert all(torch.equal(value, ends[1][key]) for key, value in ends[0].items())


def test_a_loss_that_is_no_number_is_explained(tmp_path):
    random = np.random.default_rng(0)
    inputs = random.normal(size=(100, 3)).astype("f4")
    (tmp_path / "nan").mkdir()

    def network(d: Drawing, x: Port) -> Port:
        x = d.add("nn.Linear", "fc1", x, out_features=1)
        return d.add("op.Expression", "huge", x, expression="(fc1 * 40).exp()")

    project = arrays(
        tmp_path / "nan", inputs, inputs[:, :1], plan(Choice("torch.optim.SGD", {"lr": 10.0})), network, "nn.MSELoss"
    )
    events = train_together({"nan": project}, tmp_path)["nan"]
    assert isinstance(events[-1], Failed) and "became" in str(events[-1].message), events[-1]


def test_what_cannot_be_split_is_refused_before_a_run_begins(tmp_path):
    def network(d: Drawing, x: Port) -> Port:
        return d.add("nn.Softmax", "over_all", mlp(d, x), dim=0)

    events = train_together({"mixed": digits(network, plan())}, tmp_path)["mixed"]
    assert [type(event) for event in events] == [Failed] and "'over_all' looks at several samples" in str(
        events[0].message
    )
    assert not (tmp_path / "mixed" / "runs").exists()


def test_data_that_some_of_them_stream(tmp_path):
    """Where memory is short in one process only, labels are not known there, and are in the other."""
    project = of_plan(epochs=1)
    for name, ranks in (("second", "1"), ("both", "01")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "streaming").write_text(ranks)
    two = train_together({"second": project, "both": project}, tmp_path)
    expected = step_series(run(project, tmp_path / "one"))
    for name, events in two.items():
        assert isinstance(events[-1], Finished), (name, events[-1])
        assert step_series(events) == pytest.approx(expected, abs=SAME), name
