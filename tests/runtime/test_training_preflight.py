"""The look before a run leaves no trace in it, and finds what would spoil it; one batch learned by heart tells the rest."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pytest
import torch

from driven import differences, drive, only
from graph.model import Project
from graph.plan import EMA, STEP, SWA, Choice, Objective, Split
from runtime.data import prepare
from runtime.events import OVERFIT, Checked, Failed, Finding, Finished, Overfitted, StepsEnded, Stopped
from runtime.session import Control
from runtime.training import preflight as looking
from runtime.training.fit import Fit
from runtime.training.job import build
from runtime.training.loop import train
from runtime.training.overfit import overfit_one_batch
from runtime.training.preflight import CHANCE, ERROR, OK, WARNING, preflight
from trainings import ADAM, arrays, cnn, digits, epochs_of, mlp, plan, run, step_series

SGD = Choice("torch.optim.SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True})
CYCLE = Choice("torch.optim.lr_scheduler.OneCycleLR", {"max_lr": 0.01})
PLATEAU = Choice("torch.optim.lr_scheduler.ReduceLROnPlateau")
TWO = tuple(Objective(name, parameters=(node,), optimizer=ADAM, every=every)
            for name, node, every in (("a", "n2", 1), ("b", "n8", 2)))  # fmt: skip


def one(**of_objective) -> dict:
    return {"objectives": (Objective(**of_objective),)}


PLANS = {
    "Adam, a schedule by epochs": one(optimizer=ADAM, scheduler=Choice("torch.optim.lr_scheduler.CosineAnnealingLR")),
    "SGD, a schedule and a warm-up by steps": one(optimizer=SGD, scheduler=CYCLE, schedule_by=STEP, warmup=5),
    "gathered gradients, clipped, with penalties": one(accumulate=3, clip="norm", l2=0.1, scheduler=PLATEAU),
    "L-BFGS": one(optimizer=Choice("torch.optim.LBFGS", {"max_iter": 2})),
    "RMSprop": one(optimizer=Choice("torch.optim.RMSprop", {"momentum": 0.5, "centered": True})),
    "two objectives": {"objectives": TWO},
    "a moving average": {"averaging": EMA, **one(optimizer=ADAM)},
    "a mean of epochs": {"averaging": SWA, **one(optimizer=ADAM)},
    "frozen layers": {"frozen": ("n2", "n3"), **one(optimizer=ADAM)},
    "bfloat16": {"precision": "bfloat16", **one(optimizer=ADAM)},
}


def fit_of(**of_plan) -> Fit:
    """A network with dropout and batch normalization, before its first step."""
    return build(digits(cnn, replace(plan(), **of_plan)), None, 2)[0]


def everything(fit: Fit) -> dict:
    """All that could make a difference to a later number."""
    weights = {name: tensor.clone() for name, tensor in fit.model.state_dict().items()}
    return {**copy.deepcopy(fit.state_dict()), "weights": weights, "order_now": fit._order.get_state()}


def steps_of(fit: Fit, count: int) -> list[float]:
    """Losses of steps in the middle of an epoch, with the end of one between them."""
    losses = []
    for _ in range(2):
        fit.begin(training=True)
        for batch, _ in zip(fit.batches(fit.train, training=True), range(count), strict=False):
            losses += [float(outcome.loss.detach()) for outcome in fit.train_step(batch) if outcome is not None]
        fit.end_training()
        fit.end_epoch({"loss": 1.0}, {})
    return losses


# ---- no trace


@pytest.mark.parametrize("name", PLANS)
def test_looking_leaves_no_trace(name):
    torch.manual_seed(1)
    looked = fit_of(**PLANS[name])
    before = everything(looked)
    findings = [preflight(looked).findings for _ in range(3)]
    assert not differences(everything(looked), before)
    assert findings[0] == findings[1] == findings[2]
    after = steps_of(looked, 6), everything(looked)
    torch.manual_seed(1)
    fresh = fit_of(**PLANS[name])
    assert after[0] == steps_of(fresh, 6)
    assert not differences(after[1], everything(fresh))


def test_looking_at_pictures_that_are_varied_leaves_no_trace(monkeypatch, tmp_path):
    """Crops and colors are drawn from the random numbers of the run."""

    def network(d, x):
        return cnn(d, d.add("op.RandomCrop", "crop", d.add("op.ColorJitter", "jitter", x), padding=1))

    seen = []
    for looks in (0, 3):
        monkeypatch.setattr("runtime.training.loop.preflight", lambda fit, looks=looks: _last(fit, looks))
        seen.append(run(digits(network, plan(epochs=2)), tmp_path))
    assert isinstance(seen[0][-1], Finished) and seen[0][-1].test == seen[1][-1].test
    assert step_series(seen[0]) == step_series(seen[1]) and epochs_of(seen[0]) == epochs_of(seen[1])


def _last(fit: Fit, looks: int) -> Checked:
    return ([Checked(())] + [preflight(fit) for _ in range(looks)])[-1]


# ---- what it finds


def found(checked: Checked, code: str) -> Finding:
    return only_one(finding for finding in checked.findings if finding.code == code)


def only_one(values: Iterable[Finding]) -> Finding:
    (value,) = values
    return value


def test_of_a_network_that_is_right_everything_is_right():
    checked = preflight(fit_of(**one(optimizer=ADAM)))
    assert {finding.level for finding in checked.findings} == {OK}
    assert [finding.code for finding in checked.findings] == ["data", "first-loss", "gradients"]
    assert "32 × 1 × 8 × 8, 32" in str(found(checked, "data").message)
    assert "ln 10" in str(found(checked, "first-loss").message) and found(checked, "first-loss").node == "n9"
    assert "All 6 parameter tensors of 'main'" in str(found(checked, "gradients").message)


def test_memory_and_time_are_told():
    small, large = (fit_of(**one(optimizer=ADAM), batch_size=size) for size in (16, 256))
    first, second = preflight(small), preflight(large)
    weights = sum(parameter.nbytes for parameter in small.model.parameters())
    assert first.memory_needed > 3 * weights and second.memory_needed > first.memory_needed
    assert first.memory_free > 2**20 and 0 < first.seconds_per_epoch < 60


def test_a_step_that_finds_no_memory_is_told_a_batch_size_that_would(monkeypatch):
    fit = fit_of(**one(optimizer=ADAM), batch_size=256)
    needed = preflight(fit).memory_needed
    monkeypatch.setattr(looking, "free_memory", lambda device: needed // 2)
    finding = found(preflight(fit), "memory")
    assert finding.level == ERROR and "a batch size of at most 121" in str(finding.message)


def classes(folder, labels, inputs=None, scores: int = 3, **of_loss):
    """A drawing over a table of numbers that its author calls classes."""
    x = np.random.default_rng(0).normal(size=(len(labels), 4)).astype("float32") if inputs is None else inputs
    whole = plan(split=Split(1.0, 0.0, 0.0, "ordered"), epochs=1)

    def network(d, x):
        return d.add("nn.Linear", "scores", x, out_features=scores)

    project = arrays(folder, x, np.asarray(labels), whole, network, "nn.CrossEntropyLoss")
    loss = next(node.id for node in project.graph.nodes.values() if node.name == "loss")
    return project.with_graph(project.graph.set_params(loss, of_loss)) if of_loss else project


@pytest.fixture
def spoiled(tmp_path, monkeypatch):
    """Gives a project whose data turns out to hold a wrong value in one row of the training part."""

    def spoil(port: str, row: int, value: float, **of_loss) -> Project:
        def prepare_wrongly(project, folder):
            prepared = prepare(project, folder)
            (key,) = (key for key in prepared.train.tensors if key.name == port)
            prepared.train.tensors[key] = prepared.train.tensors[key].clone()
            prepared.train.tensors[key][row] = value
            return prepared

        monkeypatch.setattr("runtime.training.job.prepare", prepare_wrongly)
        return classes(tmp_path, [i % 3 for i in range(64)], **of_loss)

    return spoil


@pytest.mark.parametrize("label", [3, -1, 250])
def test_a_label_out_of_range_is_named_with_its_sample(label, spoiled, tmp_path):
    project = spoiled("target", 5, label)
    fit, _ = build(project, tmp_path, 1)
    before = everything(fit)
    finding = found(checked := preflight(fit), "label-range")
    assert finding.level == ERROR and project.graph.nodes[finding.node].name == "loss"
    assert f"Sample 5 has the label {label}, but 'loss' gets scores of 3 classes, 0 to 2." in str(finding.message)
    assert "give the last layer more outputs" in str(finding.message)
    assert checked.seconds_per_epoch is None and not differences(everything(fit), before)
    events = list(train(project, folder=tmp_path, runs=tmp_path / "runs"))
    assert isinstance(events[-1], Failed) and str(events[-1].message) == str(finding.message)
    assert events[-1].node == finding.node and not (tmp_path / "runs").exists()


def test_a_label_that_the_loss_ignores_is_right(spoiled, tmp_path):
    fit, _ = build(spoiled("target", 5, -1, ignore_index=-1), tmp_path, 1)
    assert {finding.level for finding in preflight(fit).findings} == {OK}


def test_numbers_that_are_missing_are_named_with_their_sample(spoiled, tmp_path):
    fit, _ = build(spoiled("input", 7, math.nan), tmp_path, 1)
    finding = found(preflight(fit), "not-finite")
    assert finding.level == ERROR and "first in sample 7" in str(finding.message) and "Mend" in str(finding.message)


def test_a_first_loss_far_above_chance_is_a_warning_and_the_run_goes_on(tmp_path):
    x = 1000 * np.random.default_rng(0).normal(size=(64, 4)).astype("float32")
    project = classes(tmp_path, [i % 3 for i in range(64)], x)
    fit, _ = build(project, tmp_path, 1)
    finding = found(preflight(fit), "first-loss")
    assert finding.level == WARNING and "guessing among 3 classes (ln 3) gives 1.099" in str(finding.message)
    first = float(str(finding.message).split("begins at ")[1].split(",")[0])
    assert first > 100 > CHANCE * math.log(3)
    events = list(train(project, folder=tmp_path, runs=tmp_path / "runs", control=Control(attended=False)))
    assert isinstance(events[-1], Finished) and found(events[0], "first-loss").level == WARNING


def test_a_first_loss_that_is_not_finite_is_an_error(tmp_path):
    x = np.full((64, 4), 3e38, "float32") * np.random.default_rng(0).choice([-1, 1], (64, 4)).astype("float32")
    fit, _ = build(classes(tmp_path, [i % 3 for i in range(64)], x), tmp_path, 1)
    before = everything(fit)
    finding = found(preflight(fit), "first-loss")
    assert finding.level == ERROR and "before any step" in str(finding.message)
    assert not differences(everything(fit), before)


def test_a_layer_that_no_gradient_reaches_is_named():
    def network(d, x):
        scores = mlp(d, x)
        d.add("nn.Linear", "aside", d.port("relu1"), out_features=10)
        d.add("metric.Accuracy", "accuracy2", d.port("aside"), d.port("digits", "label"))
        return scores

    fit, _ = build(digits(network, plan()), None, 1)
    finding = found(preflight(fit), "no-gradient")
    assert finding.level == WARNING and fit.compiled.project.graph.nodes[finding.node].name == "aside"
    assert "the losses of 'main' do not depend on its weights" in str(finding.message)


def test_layers_before_one_that_is_dead_are_named():
    def network(d, x):
        x = d.add("nn.Linear", "fc1", d.add("nn.Flatten", "flatten", x), out_features=16)
        x = d.add("nn.Threshold", "dead", x, threshold=1000.0, value=0.0)
        return d.add("nn.Linear", "fc2", x, out_features=10)

    checked = preflight(build(digits(network, plan()), None, 1)[0])
    finding = found(checked, "zero-gradient")
    assert finding.level == WARNING and finding.node == "n3" and "'fc1' is 0" in str(finding.message)


def test_frozen_layers_are_not_said_to_lack_a_gradient():
    checked = preflight(fit_of(frozen=("n2",), **one(optimizer=ADAM)))
    assert {finding.level for finding in checked.findings} == {OK}


def test_a_layer_that_refuses_its_batch_is_an_error_and_leaves_no_trace(tmp_path):
    fit = fit_of(**one(optimizer=ADAM))
    before, broken = everything(fit), fit.model.fc1.forward
    fit.model.fc1.forward = lambda x: broken(x[:, :3])
    finding = found(preflight(fit), "computation")
    assert finding.level == ERROR and "'fc1' could not compute its output" in str(finding.message)
    fit.model.fc1.forward = broken
    assert not differences(everything(fit), before)


# ---- one batch by heart


def by_heart(network=mlp, **of_plan) -> Overfitted:
    fit, _ = build(digits(network, replace(plan(), **of_plan)), None, 1)
    before = everything(fit)
    learned = only(Overfitted, overfit_one_batch(fit, Control(attended=False)))
    assert not differences({**everything(fit), "random": 0}, {**before, "random": 0})
    return learned


@pytest.mark.parametrize("network", [mlp, cnn])
def test_a_network_that_is_right_passes(network):
    learned = by_heart(network)
    assert learned.passed and learned.steps < 500
    assert f"learned 32 samples by heart in {learned.steps} steps" in str(learned.message)


@pytest.mark.parametrize(
    "of_plan",
    [one(optimizer=Choice("torch.optim.Adam", {"lr": 1e-9})), {"frozen": ("n3", "n6"), **one(optimizer=SGD)}],
    ids=["a rate next to nothing", "frozen logits"],
)
def test_one_that_cannot_learn_is_told_what_to_try(of_plan):
    def network(d, x):
        x = d.add("nn.Flatten", "flatten", x)
        x = d.add("nn.Linear", "fc1", x, out_features=8)
        x = d.add("nn.Sigmoid", "squash", x)
        x = d.add("nn.Linear", "narrow", x, out_features=1)
        return d.add("nn.Linear", "logits", x, out_features=10)

    learned = by_heart(network, **of_plan)
    assert not learned.passed and learned.steps == 500
    text = str(learned.message)
    for words in ("did not learn 32 samples by heart in 500 steps", "Try another learning rate", "pass no gradient"):
        assert words in text


def test_one_that_was_stopped_is_told_nothing(tmp_path, monkeypatch):
    """How far it would have come is not known."""
    monkeypatch.setattr("runtime.training.record.INTERVAL", 0.0)

    def hand(event, control):
        if isinstance(event, StepsEnded) and event.step == 5:
            control.stop()

    slow = Choice("torch.optim.SGD", {"lr": 1e-6})
    events = drive(digits(mlp, plan(slow)), tmp_path, hand=hand, mode=OVERFIT)
    assert isinstance(events[-1], Stopped) and events[-1].step == 0 and events[-2].step == 5
    assert not [event for event in events if isinstance(event, Overfitted)]
