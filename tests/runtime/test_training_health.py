"""Layer health: figures equal to those computed by hand, marks on networks that are known to be ill, none on healthy ones."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from drawings import Drawing
from graph import files
from graph.catalog import CATALOG
from graph.model import Port
from graph.plan import Choice, Objective
from runtime.advice import what_to_try
from runtime.events import Health, LayerHealth
from runtime.session import Control
from runtime.training import health
from runtime.training.fit import Fit
from runtime.training.health import BINS, Look, Watch
from runtime.training.job import build
from runtime.training.loop import train
from trainings import cnn, digits, mlp, plan

SGD = Choice("torch.optim.SGD", {"lr": 0.1})
EXAMPLES = Path(__file__).parents[2] / "resources" / "examples"


def fit_of(network, optimizer: Choice = SGD, **more) -> Fit:
    return build(digits(network, plan(optimizer, **more)), None, 3)[0]


def look(fit: Fit, steps: int) -> dict[str, LayerHealth]:
    """The health by the names of nodes at a step."""
    batches = fit.batches(fit.train, training=True)
    fit.begin(training=True)
    for _ in range(steps - 1):
        fit.train_step(next(batches))
    seen = Look(fit)
    seen.step(next(batches))
    nodes = fit.compiled.project.graph.nodes
    return {nodes[node].name: found for node, found in seen.layers().items()}


def states(found: dict[str, LayerHealth]) -> dict[str, str]:
    return {name: layer.state for name, layer in found.items() if layer.state}


def sigmoids(d: Drawing, x: Port) -> Port:
    """Twelve layers with sigmoids between them."""
    x = d.add("nn.Flatten", "flatten", x)
    for i in range(1, 12):
        x = d.add("nn.Sigmoid", f"sigmoid{i}", d.add("nn.Linear", f"fc{i}", x, out_features=32))
    return d.add("nn.Linear", "fc12", x, out_features=10)


@pytest.mark.parametrize("optimizer", [SGD, Choice("torch.optim.Adam", {"lr": 1e-3})])
def test_the_first_of_twelve_sigmoid_layers_vanish(optimizer):
    marks = states(look(fit_of(sigmoids, optimizer), 20))
    assert {"fc1", "fc2", "fc3"} <= marks.keys()
    assert set(marks.values()) == {"vanishing"} and not {"fc10", "fc11", "fc12"} & marks.keys()


@pytest.mark.parametrize("step", [10, 39])
@pytest.mark.parametrize("network", [mlp, cnn])
@pytest.mark.parametrize("optimizer", [SGD, Choice("torch.optim.Adam", {"lr": 3e-3})])
def test_healthy_networks_have_no_mark(network, optimizer, step):
    assert not states(look(fit_of(network, optimizer), step))


@pytest.mark.parametrize("step", [1, 10, 39])
def test_lenet_has_no_mark(step):
    project = files.load(EXAMPLES / "lenet5_digits.layerloom")
    fit, _ = build(project.with_plan(replace(project.plan, device="cpu")), EXAMPLES, 1)
    assert not states(look(fit, step))


def test_a_large_learning_rate_explodes_and_then_kills():
    fit = fit_of(mlp, Choice("torch.optim.SGD", {"lr": 10.0}))
    marks = states(look(fit, 12))
    assert marks.get("relu1") == "dead" or "exploding" in marks.values()
    batches = fit.batches(fit.train, training=True)
    for _ in range(20):
        fit.train_step(next(batches))
    seen = Look(fit)
    seen.step(next(batches))
    assert "dead" in {layer.state for layer in seen.layers().values()}


@pytest.mark.parametrize("network", [mlp, cnn])
def test_a_large_negative_bias_is_death(network):
    fit = fit_of(network)
    relu = fit.compiled.project.graph.node_named("relu1").id
    with torch.no_grad():
        before = fit.model.norm1 if network is cnn else fit.model.fc1
        before.bias.fill_(-50.0)
    fit.step = health.MIN_STEPS
    seen = Look(fit)
    fit.begin(training=True)
    seen.step(next(fit.batches(fit.train, training=True)))
    assert seen.layers()[relu].state == "dead" and seen.layers()[relu].dead == 1.0


def test_a_large_step_is_marked_and_that_of_a_bias_alone_is_not():
    def network(d: Drawing, x: Port) -> Port:
        x = d.add("nn.Linear", "fc1", d.add("nn.Flatten", "flatten", x), out_features=16)
        return d.add("nn.Linear", "fc2", d.add("nn.LayerNorm", "norm", x), out_features=10)

    fit = fit_of(network, Choice("torch.optim.Adam", {"lr": 5.0}))
    fit.step = health.MIN_STEPS
    found = look(fit, 1)
    assert found["fc1"].state == found["fc2"].state == "exploding"
    assert found["norm"].update_ratio > health.STRONG_UPDATE and not found["norm"].state


def test_nothing_but_a_gradient_that_is_not_finite_is_marked_in_the_first_steps():
    assert not states(look(fit_of(sigmoids), 1))


def test_figures_are_those_computed_by_hand():
    fit = fit_of(mlp)
    fit.begin(training=True)
    batch = next(fit.batches(fit.train, training=True))
    model = fit.compiled.build(fit.plan.seed)
    x, y = (batch[fit.ports.index(port)] for port in fit.ports)
    hidden = model.fc1(x.flatten(1))
    nn.functional.cross_entropy(model.fc2(hidden.relu()), y).backward()
    weights = torch.cat([p.detach().flatten() for p in model.fc1.parameters()])
    gradient = torch.cat([p.grad.flatten() for p in model.fc1.parameters()])
    stepped = weights - 0.1 * gradient

    seen = Look(fit)
    seen.step(batch)
    layers = {fit.compiled.project.graph.nodes[node].name: layer for node, layer in seen.layers().items()}
    found, relu, hidden = layers["fc1"], layers["relu1"], hidden.detach()
    assert found.gradient_norm == pytest.approx(float(gradient.norm()), rel=1e-5)
    assert found.weight_norm == pytest.approx(float(stepped.norm()), rel=1e-5)
    assert found.update_ratio == pytest.approx(float(0.1 * gradient.norm() / stepped.norm()), rel=1e-3)
    assert (found.mean, found.deviation) == pytest.approx(
        (float(hidden.mean()), float(hidden.std(correction=0))), rel=1e-4
    )
    assert relu.dead == pytest.approx(float((hidden <= 0).all(0).float().mean())) and relu.weight_norm is None
    assert len(found.histogram) == BINS and sum(found.histogram) == weights.numel()
    assert (found.low, found.high) == pytest.approx((float(stepped.min()), float(stepped.max())), abs=1e-6)
    assert list(found.histogram) == pytest.approx(torch.histc(stepped, BINS).tolist(), abs=2)  # rounding at edges
    assert not any(module._forward_hooks for module in fit.model.modules())


@pytest.mark.parametrize("more", [{}, {"precision": "bfloat16"}, {"averaging": "ema"}])
@pytest.mark.parametrize("optimizer", [SGD, Choice("torch.optim.Adam", {}), Choice("torch.optim.LBFGS", {})])
def test_a_watched_step_gives_the_same_numbers(optimizer, more):
    plain, watched = fit_of(cnn, optimizer, **more), fit_of(cnn, optimizer, **more)
    for number in range(3):
        outcomes = []
        for fit in (plain, watched):
            torch.manual_seed(number)
            fit.begin(training=True)
            batch = next(fit.batches(fit.train, training=True))
            outcomes.append(Watch().step(fit, batch) if fit is watched else fit.train_step(batch))
        assert torch.equal(outcomes[0][0].loss, outcomes[1][0].loss)
    for a, b in zip(plain.model.state_dict().values(), watched.model.state_dict().values(), strict=True):
        assert torch.equal(a, b)


def test_steps_that_only_gather_gradients_tell_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(health, "INTERVAL", 0.0)
    monkeypatch.setattr(health, "MAX_SHARE", float("inf"))
    objective = Objective(optimizer=SGD, accumulate=4)
    project = digits(mlp, replace(plan(), objectives=(objective,), epochs=1))
    events = list(train(project, runs=tmp_path, control=Control(attended=False)))
    looks = [event for event in events if isinstance(event, Health)]
    assert [event.step for event in looks] == [*range(4, 41, 4)]
    fc1 = project.graph.node_named("fc1").id
    assert all(event.layers[fc1].gradient_norm > 0 for event in looks)


def test_units_are_channels_of_maps_and_need_enough_values():
    maps = torch.rand(8, 4, 5, 5)
    maps[:, 1] = 0
    maps[..., 0] = 0  # a border that is always 0 kills no channel
    assert float(health._dead_share(maps)) == 0.25
    steps = torch.rand(8, 6, 10)
    steps[..., :7] = 0
    assert float(health._dead_share(steps)) == pytest.approx(0.7)
    assert torch.isnan(health._dead_share(torch.zeros(8, 10))) and float(health._dead_share(torch.zeros(32, 10))) == 1.0


def test_every_state_has_something_to_try():
    project = digits(sigmoids, plan())
    linear = "torch.nn.Linear"
    assert linear in CATALOG and what_to_try("", linear, project) is None
    assert "ReLU" in str(what_to_try("vanishing", linear, project))
    assert "LSTM" in str(what_to_try("vanishing", "torch.nn.RNN", project))
    assert "skip connection" in str(what_to_try("vanishing", linear, digits(mlp, plan())))
    assert "clip" in str(what_to_try("exploding", linear, project))
    clipped = project.with_plan(replace(project.plan, objectives=(Objective(clip="norm"),)))
    assert "though gradients are clipped" in str(what_to_try("exploding", linear, clipped))
    assert "LeakyReLU" in str(what_to_try("dead", "torch.nn.ReLU", project))


@pytest.mark.parametrize(("took", "early", "later"), [(0.005, 10, 9), (0.05, 3, 4)])
def test_looks_are_frequent_in_the_beginning_and_take_a_small_part_of_the_time(took, early, later, monkeypatch):
    clock = [100.0]
    monkeypatch.setattr(health.time, "monotonic", lambda: clock[0])
    watch, looks = Watch(), []
    while clock[0] < 120:
        if watch.is_due:
            clock[0] += took
            looks.append(clock[0] - 100)
            watch._rest(took, is_whole=True)
        clock[0] += 0.002
    assert sum(look < 1 for look in looks) == pytest.approx(early, abs=1)
    assert sum(look > 10 for look in looks) == pytest.approx(later, abs=1)
    assert len(looks) * took < 0.1 + 0.02 * 20 + took
