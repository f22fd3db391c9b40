"""The loop as a stream of events: their order, their figures, and what becomes of everything that can go wrong."""

from __future__ import annotations

import errno
import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from drawings import Drawing
from graph.model import Port
from graph.plan import Choice, Objective, Split
from runtime.data import prepare
from runtime.events import EpochEnded, Failed, Finished, RunStarted, StepsEnded, to_json
from runtime.events import Tested as WasTested
from runtime.predict import load_trained, predict_batch
from runtime.runs import load_run
from runtime.training import checkpoints, loop, record
from runtime.training.loop import train
from trainings import NO_TEST, StopAfter, arrays, cnn, digits, epochs_of, mlp, plan, run, step_series, with_facts


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A project and the events of its run."""
    project = digits(mlp, plan(epochs=8))
    return project, run(project, tmp_path_factory.mktemp("runs"))


def test_events_come_in_order_and_count_right(finished):
    _, events = finished
    started, *middle, tested, ended = events
    assert isinstance(started, RunStarted) and isinstance(tested, WasTested) and isinstance(ended, Finished)
    assert all(isinstance(event, (StepsEnded, EpochEnded)) for event in middle)
    assert started.samples == {"train": 1258, "validation": 180, "test": 359}
    assert (started.steps_per_epoch, started.epochs, started.device) == (40, 8, "cpu")
    assert started.parameters == 64 * 48 + 48 + 48 * 10 + 10
    assert len(step_series(events)) == len(step_series(events, "accuracy")) == 8 * 40
    assert [event.epoch for event in epochs_of(events)] == list(range(1, 9))
    assert [event.step for event in epochs_of(events)] == [40 * i for i in range(1, 9)]
    counted = 0
    for event in middle:
        if isinstance(event, StepsEnded):
            counted += len(event.series["loss"])
            assert event.step == counted and event.samples_per_second > 0
    assert ended.test == tested.test and ended.epoch == 8 and ended.test["accuracy"] > 0.9
    assert all(json.loads(to_json(event))["event"] == type(event).__name__ for event in events)


def test_training_figures_are_weighted_by_samples_and_the_last_batch_is_smaller(finished):
    _, events = finished
    sizes = [32] * 39 + [1258 - 39 * 32]
    losses = step_series(events)
    for i, event in enumerate(epochs_of(events)):
        assert event.train["loss"] == pytest.approx(np.average(losses[40 * i : 40 * (i + 1)], weights=sizes), rel=1e-12)


def test_best_is_the_epoch_with_the_least_validation_loss_and_that_is_tested(tmp_path):
    project = digits(mlp, plan(Choice("torch.optim.Adam", {"lr": 0.05}), epochs=12))
    events = run(project, tmp_path)
    epochs = epochs_of(events)
    losses = [event.validation["loss"] for event in epochs]
    assert [event.best for event in epochs] == [loss == min(losses[: i + 1]) for i, loss in enumerate(losses)]
    assert losses[-1] > min(losses), "this drawing must overfit, else the test says nothing"
    trained = load_trained(Path(events[-1].run))
    part = prepare(project).validation
    (scores,) = predict_batch(trained, part.tensors)
    loss = torch.nn.functional.cross_entropy(scores, list(part.tensors.values())[1])
    assert float(loss) == pytest.approx(min(losses), rel=1e-5)


def test_the_test_shows_confusion_and_samples_with_their_pictures(finished):
    project, events = finished
    tested = events[-2]
    part = prepare(project).test
    images, labels = part.tensors.values()
    confusion = np.array(tested.confusion)
    assert confusion.sum() == part.count and tested.classes == tuple("0123456789")
    assert list(confusion.sum(1)) == np.bincount(labels).tolist()
    assert confusion.trace() / part.count == pytest.approx(tested.test["accuracy"])
    numbers = [sample.number for sample in tested.predictions]
    assert numbers[:64] == list(range(64)) and numbers == sorted(set(numbers))
    for row, sample in zip(numbers, tested.predictions, strict=True):
        assert sample.index == part.indices[row] and sample.target == labels[row]
        assert np.array_equal(sample.image, images[row, 0]) and 0 < sample.confidence <= 1
    right = sum(sample.target == sample.prediction for sample in tested.predictions[:64])
    assert right / 64 > 0.8


def test_without_validation_the_training_loss_decides_and_without_test_none_is_made(tmp_path):
    events = run(digits(mlp, plan(split=Split(1, 0, 0))), tmp_path)
    assert isinstance(events[-1], Finished) and events[-1].test == {}
    assert not any(isinstance(event, WasTested) for event in events)
    assert all(event.validation == {} and event.best for event in epochs_of(events))


def test_numbers_are_predicted_too(tmp_path):
    d = Drawing("Net", plan(Choice("torch.optim.Adam", {"lr": 0.01}), epochs=20))
    d.add("data.Table", "table", source="builtin:diabetes")
    x = d.add("nn.ReLU", "relu1", d.add("nn.Linear", "fc1", d.port("table", "features"), out_features=16))
    x = d.add("nn.Linear", "fc2", x, out_features=1)
    target = d.port("table", "target")
    d.add("nn.MSELoss", "loss", x, target)
    d.add("metric.R2", "score1", x, target)
    d.add("metric.MeanAbsoluteError", "mae1", x, target)
    events = run(with_facts(d.project), tmp_path)
    tested = events[-2]
    assert isinstance(tested, WasTested) and tested.confusion == () and tested.classes == ()
    assert set(tested.test) == {"loss", "r2", "mean_absolute_error"}
    assert all(p.image is None and p.confidence is None for p in tested.predictions)
    error = np.mean([abs(p.target - p.prediction) for p in tested.predictions])
    assert error == pytest.approx(tested.test["mean_absolute_error"], rel=0.25)


def test_two_metrics_of_a_kind_go_by_their_own_names(tmp_path):
    project = digits(mlp, plan(epochs=1))
    d = Drawing("Net", project.plan)
    d.graph = project.graph
    d.add("metric.Accuracy", "again", d.port("fc2"), d.port("digits", "label"))
    events = run(d.project, tmp_path)
    assert set(epochs_of(events)[0].train) == {"loss", "accuracy1", "again"}


def test_weighted_losses_add_up_and_are_told_apart(tmp_path):
    project = digits(mlp, plan(epochs=1))
    d = Drawing("Net", project.plan)
    d.graph = project.graph
    d.add("nn.CrossEntropyLoss", "smooth", d.port("fc2"), d.port("digits", "label"), label_smoothing=0.2)
    weights = ((d.id("loss"), 1.0), (d.id("smooth"), 0.5))
    d.plan = replace(d.plan, objectives=(replace(d.plan.objectives[0], losses=weights),))
    events = run(d.project, tmp_path)
    total, plain, smooth = (step_series(events, name) for name in ("loss", "loss_node", "smooth"))
    assert total == pytest.approx([a + 0.5 * b for a, b in zip(plain, smooth, strict=True)], rel=1e-6)


FAST = Choice("torch.optim.Adam", {"lr": 0.03})


def two_objectives(every: int) -> Drawing:
    """Two heads on one body; the second objective trains its own head only."""
    d = Drawing("Net")
    d.add("data.Images", "digits", source="builtin:digits", image_size=8)
    body = d.add("nn.Linear", "body", d.add("nn.Flatten", "flatten", d.port("digits", "image")), out_features=16)
    for name in ("first", "second"):
        head = d.add("nn.Linear", f"{name}_head", d.add("nn.ReLU", f"{name}_relu", body), out_features=10)
        d.add("nn.CrossEntropyLoss", f"{name}_fault", head, d.port("digits", "label"))
    objectives = (
        Objective("main", ((d.id("first_fault"), 1.0),), (d.id("body"), d.id("first_head"))),
        Objective("side", ((d.id("second_fault"), 1.0),), (d.id("second_head"),), FAST, every=every),
    )
    d.plan = plan(epochs=2, objectives=objectives)
    return d


def test_each_objective_changes_its_own_parameters_when_its_turn_has_come(tmp_path):
    together = run(with_facts(two_objectives(every=3).project), tmp_path)
    assert isinstance(together[-1], Finished)
    side = step_series(together, "side_loss")
    assert [not np.isnan(value) for value in side] == [step % 3 == 0 for step in range(1, 81)]
    assert np.nanmean(side[-20:]) < np.nanmean(side[:20]) - 0.1
    never = run(with_facts(two_objectives(every=10**6).project), tmp_path)
    assert step_series(together) == step_series(never), "the side objective must not touch the body"
    heads = [load_trained(Path(events[-1].run)).model.second_head.weight for events in (together, never)]
    assert not torch.equal(*heads)


def test_a_single_objective_waits_for_its_turn_too(tmp_path):
    project = digits(mlp, plan(epochs=1, objectives=(Objective(every=4),)))
    losses = step_series(run(project, tmp_path))
    assert [not np.isnan(value) for value in losses] == [step % 4 == 0 for step in range(1, 41)]


def test_an_objective_that_never_has_a_turn_is_no_mistake(tmp_path):
    d = two_objectives(every=3)
    first, second = d.plan.objectives
    d.plan = replace(d.plan, objectives=(replace(first, every=10**6), second), split=Split(1, 0, 0))
    events = run(with_facts(d.project), tmp_path)
    assert isinstance(events[-1], Finished) and set(epochs_of(events)[0].train) == {"side_loss"}


def test_objectives_resume_exactly_too(tmp_path):
    project = with_facts(two_objectives(every=3).project)
    expected = run(project, tmp_path)
    stopped = run(project, tmp_path, control=StopAfter(57))
    resumed = run(project, tmp_path, resume=Path(stopped[-1].run))
    names = ("loss", "side_loss")
    both = [np.array(step_series(stopped, n) + step_series(resumed, n)) for n in names]
    assert all(np.array_equal(a, step_series(expected, n), equal_nan=True) for a, n in zip(both, names, strict=True))
    assert resumed[-1].test == expected[-1].test


def test_a_layer_that_gets_no_gradient_stays_as_it_is(tmp_path):
    project = digits(mlp, plan(Choice("torch.optim.AdamW", {"weight_decay": 0.5}), epochs=1))
    d = Drawing("Net", project.plan)
    d.graph = project.graph
    d.add("nn.Linear", "loose", d.port("relu1"), out_features=3)
    d.add("op.Output", "output1", d.port("fc2"))
    d.add("op.Output", "output2", d.port("loose"))
    events = run(d.project, tmp_path)
    trained = load_trained(Path(events[-1].run))
    assert torch.equal(trained.model.loose.weight, trained.compiled.build(seed=3).loose.weight)
    assert not torch.equal(trained.model.fc2.weight, trained.compiled.build(seed=3).fc2.weight)


# ---- what goes wrong


def test_weights_from_before_a_failure_are_kept(tmp_path, monkeypatch):
    project = digits(mlp, plan(epochs=5))
    flush = record.Record.flush
    calls = []

    def break_later(self):
        series = flush(self)
        calls.append(series)
        if len(calls) > 6:
            raise record.NotFinite(0, "loss", float("nan"))
        return series

    monkeypatch.setattr(record.Record, "flush", break_later)
    failed = run(project, tmp_path)[-1]
    assert isinstance(failed, Failed)
    assert load_trained(Path(failed.run)).model.fc1.weight.isfinite().all()


def test_numbers_in_the_data_that_are_not_finite_name_the_data(tmp_path, monkeypatch):
    project = digits(mlp, plan(epochs=1))
    real = prepare

    def spoiled(*args):
        prepared = real(*args)
        next(iter(prepared.train.tensors.values()))[5] = float("nan")
        return prepared

    monkeypatch.setattr("runtime.training.job.prepare", spoiled)
    failed = run(project, tmp_path)[-1]
    assert isinstance(failed, Failed) and "'digits' gives numbers that are missing or infinite" in str(failed.message)
    assert project.graph.nodes[failed.node].name == "digits"


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory"),
        RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory: you tried ..."),
        MemoryError(),
    ],
)
def test_too_little_memory_is_an_event_with_a_remedy(tmp_path, monkeypatch, error):
    def fail(*_):
        raise error

    monkeypatch.setattr("runtime.training.fit.Fit.train_step", fail)
    failed = run(digits(mlp, plan()), tmp_path)[-1]
    assert isinstance(failed, Failed) and "smaller batch size than 32" in str(failed.message)


def test_a_full_disk_is_an_event_with_a_remedy(tmp_path, monkeypatch):
    write = os.write

    def full(descriptor: int, data) -> int:
        if b"exp_avg" in bytes(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(descriptor, data)

    monkeypatch.setattr(os, "write", full)
    failed = run(digits(mlp, plan()), tmp_path)[-1]
    assert isinstance(failed, Failed) and "disk is full" in str(failed.message)


def test_a_layer_that_refuses_its_batch_is_named(tmp_path):
    random = np.random.default_rng(0)
    inputs, targets = random.integers(0, 9, (33, 4)), random.integers(0, 3, 33)

    def network(d: Drawing, x: Port) -> Port:
        x = d.add("nn.Embedding", "few", x, num_embeddings=5, embedding_dim=2)  # the data has indices up to 8
        return d.add("nn.Linear", "fc1", d.add("nn.Flatten", "flatten1", x), out_features=3)

    project = arrays(tmp_path, inputs, targets, plan(split=Split(1, 0, 0)), network, "nn.CrossEntropyLoss")
    failed = run(project, tmp_path / "runs", folder=tmp_path)[-1]
    assert isinstance(failed, Failed) and str(failed.message).startswith("'few' could not compute its output")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda p: p.with_plan(replace(p.plan, device="cuda:7")), "no device 'cuda:7'"),
        (lambda p: p.with_graph(p.graph.set_facts("n1", None)), "has not been read"),
        (lambda p: p.with_graph(p.graph.remove(["n2"])), "'fc1'"),
        (lambda p: p.with_plan(replace(p.plan, split=Split(0.5, 0, 0))), "add up to"),
        (
            lambda p: p.with_plan(replace(p.plan, objectives=(Objective(parameters=("n2",)),))),
            "no parameters",
        ),
    ],
)
def test_what_cannot_start_is_one_event(tmp_path, change, words):
    (event,) = run(change(digits(mlp, plan())), tmp_path / "runs")
    assert isinstance(event, Failed) and words in str(event.message)
    assert not (tmp_path / "runs").exists()


def test_a_runs_folder_that_cannot_be_written_is_a_sentence(tmp_path):
    (tmp_path / "runs").write_text("a file")
    (event,) = run(digits(mlp, plan()), tmp_path / "runs")
    assert isinstance(event, Failed) and "cannot be written" in str(event.message)


def test_a_mistake_of_ours_is_not_hidden(tmp_path, monkeypatch):
    def fail(*_, **__):
        raise KeyError("ours")

    monkeypatch.setattr(loop, "ask", fail)
    with pytest.raises(KeyError, match="ours"):
        run(digits(mlp, plan(epochs=1)), tmp_path)


# ---- what it leaves behind


def test_checkpoints_of_quick_epochs_are_written_only_now_and_then(tmp_path, monkeypatch):
    writes = []
    write = checkpoints.Checkpoints.write
    monkeypatch.setattr(checkpoints.Checkpoints, "write", lambda self, *args: (writes.append(1), write(self, *args)))
    monkeypatch.setattr(checkpoints, "MIN_SECONDS", 3600.0)
    events = run(digits(mlp, plan(epochs=10)), tmp_path)
    assert len(writes) == 2, "after the first epoch and at the end"
    assert load_run(Path(events[-1].run)).weights.name == "best.safetensors"


def test_a_run_leaves_the_settings_of_pytorch_as_they_were_and_gradients_on_between_events(tmp_path):
    before = torch.get_num_threads()
    for _ in train(digits(cnn, plan(epochs=1, split=NO_TEST)), runs=tmp_path):
        assert torch.is_grad_enabled()
    assert torch.get_num_threads() == before


def test_the_folder_of_a_run_says_what_was_trained_and_how(finished):
    project, events = finished
    found = load_run(Path(events[-1].run))
    assert found.project == project and found.status == "finished"
    assert (found.path / "model.py").read_text("utf-8").startswith('"""Drawn with Layerloom."""')
    assert found.facts["seed"] == 3 and found.facts["environment"]["torch"] == torch.__version__
    assert found.facts["device"]["id"] == "cpu" and found.facts["data"]["classes"] == list("0123456789")
    assert found.facts["data"]["fingerprint"] == prepare(project).fingerprint
    assert found.facts["result"]["test"] == events[-1].test and found.facts["result"]["epoch"] == 8
