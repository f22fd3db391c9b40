"""What `carry_over` brings from one fit to the next: weights in blocks, averages, optimizers, schedules, the place in the data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from drawings import Drawing
from driven import differences
from graph.model import BlockParam, Graph, Link, Node, Port, Project
from graph.plan import EMA, STEP, SWA, Choice, Objective, Plan
from runtime.training.carry import Carried, carry_over
from runtime.training.fit import Fit
from runtime.training.job import build
from trainings import ADAM, cnn, digits, mlp, plan

pytestmark = pytest.mark.slow  # carry itself is tested in `test_training_carry`

MOMENTUM = Choice("torch.optim.SGD", {"lr": 0.05, "momentum": 0.9})
SCHEDULE = "torch.optim.lr_scheduler."
COSINE, CYCLE = Choice(f"{SCHEDULE}CosineAnnealingLR"), Choice(f"{SCHEDULE}OneCycleLR", {"max_lr": 0.02})


def fit_of(project: Project, epochs: int = 3) -> Fit:
    return build(project, None, epochs)[0]


def steps(fit: Fit, count: int) -> Fit:
    """Some steps on from where it is."""
    fit.begin(training=True)
    for batch, _ in zip(fit.batches(fit.train, training=True), range(count), strict=False):
        fit.train_step(batch)
    return fit


def epoch(fit: Fit) -> Fit:
    """An epoch with its end."""
    steps(fit, fit.steps_per_epoch)
    fit.end_training()
    fit.end_epoch({"loss": 1.0}, {})
    return fit


def carried(old: Fit, project: Project, epochs: int = 3) -> tuple[Fit, Carried]:
    new = fit_of(project, epochs)
    return new, carry_over(old, new)


def weights(fit: Fit) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in fit.model.state_dict().items()}


def rows(fit: Fit, place: int = 0) -> dict[str, dict]:
    """What an optimizer remembers, by the names of the parameters that it changes."""
    learner = fit.learners[place]
    names = {id(parameter): name for name, parameter in fit.model.named_parameters()}
    order = (
        learner.flat.parameters if learner.flat else [p for g in learner.optimizer.param_groups for p in g["params"]]
    )
    state = learner.state_dict()["optimizer"]["state"]
    return {names[id(parameter)]: state[i] for i, parameter in enumerate(order) if i in state}


def with_params(project: Project, node: str, **params) -> Project:
    return project.with_graph(project.graph.set_params(project.graph.node_named(node).id, params))


# ---- the place of the run


def test_the_new_fit_is_where_the_old_one_was():
    old = steps(epoch(fit_of(digits(cnn, plan()))), 7)
    new, _ = carried(old, with_params(old.compiled.project, "conv1", out_channels=8))
    assert (new.epoch, new.batch, new.step) == (2, 7, 47)
    assert new.stopwatch.seconds >= old.stopwatch.seconds - 0.1
    for mine, theirs in zip(old.batches(old.train, training=True), new.batches(new.train, training=True), strict=True):
        assert all(torch.equal(one, other) for one, other in zip(mine, theirs, strict=True))


def test_what_layers_measured_is_kept_with_their_weights():
    old = steps(fit_of(digits(cnn, plan())), 9)
    before = weights(old)
    new, told = carried(old, with_params(old.compiled.project, "fc1", bias=False))
    assert {"norm1.running_mean", "norm1.running_var", "norm1.num_batches_tracked"} <= set(told.kept)
    assert told.left_out == ("fc1.bias",) and int(new.model.norm1.num_batches_tracked) == 9
    assert not differences({key: before[key] for key in told.kept}, {key: weights(new)[key] for key in told.kept})


def test_a_layer_in_the_place_of_another_begins_anew():
    project = digits(mlp, plan())
    old = steps(fit_of(project), 5)
    graph = project.graph.remove(["n3"]).add(Node("n20", "torch.nn.Linear", "fresh", {"out_features": 48}))
    graph = graph.connect(Link(Port("n2", "output"), Port("n20", "input")))
    other = project.with_graph(graph.connect(Link(Port("n20", "output"), Port("n4", "input"))))
    new, told = carried(old, other)
    assert set(told.new) == {"fresh.weight", "fresh.bias"} and set(told.left_out) == {"fc1.weight", "fc1.bias"}
    assert torch.equal(new.model.fresh.weight, fit_of(other).model.fresh.weight)


# ---- blocks


def in_blocks(names: tuple[str, str] = ("inner", "two"), times: int = 2, width: int = 12) -> Project:
    """64-12-10 with a block of one layer that is repeated; names of the layer inside and of the instance."""
    block = Drawing("Deep")
    x = block.add("op.Input", "x", shape=(width,))
    block.add("op.Output", "y", block.add("nn.ReLU", "relu", block.add("nn.Linear", names[0], x, out_features=width)))
    definitions = block.as_block(BlockParam("unused", 1))

    def network(d: Drawing, x: Port) -> Port:
        d.definitions = definitions
        x = d.add("nn.Linear", "first", d.add("nn.Flatten", "flatten", x), out_features=width)
        x = d.add("block.Deep", names[1], x, use="repeat", times=times)
        return d.add("nn.Linear", "last", x, out_features=10)

    return digits(network, plan())


def test_layers_in_blocks_stay_themselves_when_they_and_their_instances_are_renamed():
    old = steps(fit_of(in_blocks()), 5)
    before = list(weights(old).values())
    new, told = carried(old, in_blocks(("renamed", "both")))
    assert len(told.kept) == len(before) and not (told.resized or told.new or told.left_out)
    assert {name.partition(".")[0] for name in told.kept} == {"first", "both", "last"}
    assert not differences(list(weights(new).values()), before)
    assert not differences(list(rows(new).values()), list(rows(old).values()))


@pytest.mark.parametrize(("times", "fresh", "gone"), [(3, 2, 0), (1, 0, 2)])
def test_a_run_of_a_block_more_or_less(times, fresh, gone):
    old = steps(fit_of(in_blocks()), 5)
    _, told = carried(old, in_blocks(times=times))
    assert (len(told.new), len(told.left_out)) == (fresh, gone)


def test_layers_in_a_block_that_was_made_wider_keep_what_overlaps():
    old = steps(fit_of(in_blocks()), 5)
    before = weights(old)
    new, told = carried(old, in_blocks(width=16))
    assert set(told.kept) == {"last.bias"} and not (told.new or told.left_out)
    after = weights(new)
    for name in told.resized:
        assert torch.equal(after[name][tuple(map(slice, before[name].shape))], before[name]), name


# ---- shared weights


def sharing(second: str | None) -> Project:
    """64-20-20-20-10 whose second layer in the middle may use the weights of the first."""

    def network(d: Drawing, x: Port) -> Port:
        x = d.add("nn.Linear", "first", d.add("nn.Flatten", "flatten", x), out_features=20)
        x = d.add("nn.Tanh", "tanh1", d.add("nn.Linear", "one", x, out_features=20))
        x = d.add("nn.Tanh", "tanh2", d.add("nn.Linear", "two", x, out_features=20, shares=second))
        return d.add("nn.Linear", "last", x, out_features=10)

    return digits(network, plan())


def test_weights_that_are_shared_no_longer_go_to_both():
    old = steps(fit_of(sharing("one")), 5)
    before = weights(old)
    new, told = carried(old, sharing(None))
    assert torch.equal(new.model.one.weight, before["one.weight"]) and torch.equal(
        new.model.two.weight, before["one.weight"]
    )
    assert {"one.weight", "two.weight"} <= set(told.kept) and not (told.new or told.left_out)
    steps(new, 3)
    assert not torch.equal(new.model.one.weight, new.model.two.weight)


def test_weights_that_are_shared_from_now_on_are_those_of_the_first():
    old = steps(fit_of(sharing(None)), 5)
    before = weights(old)
    new, told = carried(old, sharing("one"))
    assert torch.equal(new.model.one.weight, before["one.weight"])
    assert "two.weight" not in weights(new) and not (told.new or told.resized)


# ---- optimizers and schedules


def objectives(*chosen: Objective, **more) -> Project:
    return digits(mlp, Plan(objectives=chosen, epochs=3, batch_size=32, device="cpu", seed=3, **more))


@pytest.mark.parametrize("kind", ["Adam", "SGD", "RMSprop", "Adagrad", "NAdam", "Adadelta", "Rprop", "LBFGS", "Muon"])
def test_every_optimizer_goes_on_with_what_it_knew(kind):
    """With the same drawing, step for step as if nothing had happened."""
    params = {
        "lr": 0.003,
        **({"momentum": 0.9} if kind == "SGD" else {}),
        **({"max_iter": 2} if kind == "LBFGS" else {}),
    }
    project = objectives(Objective(optimizer=Choice(f"torch.optim.{kind}", params)))
    old, untouched = (steps(fit_of(project), 5) for _ in range(2))
    new, _ = carried(old, project)
    assert not differences(weights(steps(new, 4)), weights(steps(untouched, 4)))
    begun = fit_of(project)
    begun.model.load_state_dict(old.model.state_dict())
    begun.take_order(old, batch=5)
    assert differences(weights(steps(begun, 4)), weights(untouched)), "an optimizer that knows nothing would show"


@pytest.mark.parametrize("scheduler", [COSINE, CYCLE, Choice(f"{SCHEDULE}ReduceLROnPlateau"), Choice("constant")])
def test_a_schedule_goes_on_with_the_rate_that_a_person_set(scheduler):
    by = STEP if scheduler is CYCLE else "epoch"
    project = objectives(Objective(optimizer=ADAM, scheduler=scheduler, schedule_by=by, warmup=3))
    old = steps(epoch(fit_of(project)), 5)
    old.set_rate("main", 0.0123)
    new, _ = carried(old, with_params(project, "fc1", out_features=50))
    assert new.learning_rate == old.learning_rate == 0.0123
    assert epoch(new).learning_rate == epoch(old).learning_rate


def test_another_schedule_is_where_it_would_be_by_now():
    cosine = objectives(Objective(optimizer=ADAM, scheduler=COSINE))
    new, _ = carried(epoch(fit_of(objectives(Objective(optimizer=ADAM)))), cosine)
    assert new.learning_rate == epoch(fit_of(cosine)).learning_rate < 0.003


def test_a_longer_run_stretches_its_schedule():
    cosine = objectives(Objective(optimizer=ADAM, scheduler=COSINE))
    new, _ = carried(epoch(fit_of(cosine)), cosine, epochs=30)
    assert new.learning_rate == epoch(fit_of(cosine, 30)).learning_rate


def test_objectives_go_by_their_names():
    first, second = (
        Objective(name, parameters=(node,), optimizer=MOMENTUM) for name, node in (("a", "n3"), ("b", "n5"))
    )
    old = steps(fit_of(objectives(first, second)), 5)
    new, _ = carried(old, objectives(second, first))
    assert [learner.objective.name for learner in new.learners] == ["b", "a"]
    assert rows(old, 0) and not differences(rows(new, 1), rows(old, 0)) and not differences(rows(new, 0), rows(old, 1))
    new, _ = carried(old, objectives(replace(first, name="c"), second))
    assert not rows(new, 0) and not differences(rows(new, 1), rows(old, 1))


# ---- averages


@pytest.mark.parametrize("kind", [EMA, SWA])
def test_averages_of_parameters_that_are_there_still_are_kept(kind):
    project = digits(cnn, plan(averaging=kind, averaging_decay=0.9))
    old = steps(epoch(fit_of(project)), 5)
    before = dict(zip(dict(old.model.named_parameters()), old.average.state_dict()["averages"], strict=True))
    same, _ = carried(old, project)
    assert not differences(same.average.state_dict(), old.average.state_dict())
    wider, told = carried(old, with_params(project, "conv1", out_channels=9))
    state = wider.average.state_dict()
    after = dict(zip(dict(wider.model.named_parameters()), state["averages"], strict=True))
    assert torch.equal(after["fc1.bias"], before["fc1.bias"]) and "fc1.bias" in told.kept
    assert torch.equal(after["conv1.weight"], wider.model.conv1.weight)
    assert state["count"] == 0 and not state["buffers"]


def test_an_average_that_nobody_kept_before_begins_with_the_weights():
    old = steps(fit_of(digits(mlp, plan())), 5)
    new, _ = carried(old, digits(mlp, plan(averaging=EMA)))
    assert not differences(new.average.state_dict()["averages"], [p.detach() for p in new.model.parameters()])


# ---- what is not the run's


@pytest.mark.parametrize("change", [lambda graph: graph, lambda graph: graph.set_params("n3", {"out_features": 50})])
def test_the_old_fit_stays_as_it_was(change: Callable[[Graph], Graph]):
    """A new one that cannot be used after all, as the disk is full, leaves no trace."""
    project = digits(mlp, plan())
    old, twin = (steps(fit_of(project), 5) for _ in range(2))
    new, _ = carried(old, project.with_graph(change(project.graph)))
    steps(new, 3)
    assert not differences(weights(steps(old, 4)), weights(steps(twin, 4)))
    assert not differences(rows(old), rows(twin))
