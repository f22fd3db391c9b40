"""What flows through a network is what PyTorch computes, in blocks and loops too, and a look changes nothing."""

from __future__ import annotations

import gc
import weakref
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from drawings import Drawing
from graph.files import load
from graph.model import Port, Project
from runtime import examples
from runtime.data import prepare
from runtime.insight import Insight, Place, insight_of, path_of
from runtime.own_random import OwnRandom
from runtime.predict import Trained, untrained


def opened(name: str) -> Trained:
    return untrained(load(examples.path(name)))


def samples_of(trained: Trained, count: int = 3) -> dict[Port, Tensor]:
    prepared = prepare(trained.project)
    ports = list(dict.fromkeys(port for program in trained.compiled.programs for port in program.inputs))
    return dict(zip(ports, prepared.test.head(count, ports=ports), strict=True))


def port(trained: Trained, name: str, port: str = "output") -> Port:
    node = trained.project.graph.node_named(name)
    assert node is not None
    return Port(node.id, port)


QUICK = (
    "mlp_regression",
    "spirals_mlp",
    "reviews_textcnn",
    "memory_lstm",
    "gan_points",
)  # the others in `make test-all`


@pytest.mark.parametrize("name", [n if n in QUICK else pytest.param(n, marks=pytest.mark.slow) for n in examples.READY])
def test_every_value_of_every_example_is_seen_and_the_outputs_are_those_of_the_network(name):
    trained = opened(name)
    samples = samples_of(trained)
    seen = Insight(trained).look(samples, seed=3)
    with torch.no_grad(), OwnRandom(3):
        outputs = trained.model(*(samples[p] for p in trained.compiled.inputs))
    for one, other in zip(seen.outputs, (outputs,) if isinstance(outputs, Tensor) else outputs, strict=True):
        assert torch.equal(one, other)
    for at, value in zip(trained.compiled.outputs, seen.outputs, strict=True):
        assert torch.equal(seen.calls[Place(at)][0], value)
    assert set(seen.losses) == {loss for program in trained.compiled.programs for loss in program.losses}
    wired = {link.source for link in trained.project.graph.links.values()}
    for at in wired:
        value, spec = seen.value(Place(at)), trained.compiled.analysis.spec(at)
        assert value is not None, at
        assert spec is not None and len(spec.shape) == value.dim()
        assert all(size == given for size, given in zip(spec.shape, value.shape, strict=True) if isinstance(size, int))


def test_the_values_are_those_of_the_modules_called_by_hand():
    trained = opened("lenet5_digits")
    samples = samples_of(trained)
    seen, model = Insight(trained).look(samples), trained.model
    (x,) = (samples[p] for p in trained.compiled.inputs)
    with torch.no_grad():
        assert torch.equal(seen.value(Place(port(trained, "conv1"))), model.conv1(x))
    (loss,) = trained.compiled.programs[0].losses
    label = samples[trained.compiled.programs[0].inputs[-1]]
    assert torch.equal(seen.losses[loss], nn.functional.cross_entropy(seen.outputs[0], label))


def test_inside_a_repeated_block_each_run_has_values_of_its_own():
    trained = opened("gpt_chars")
    seen = Insight(trained).look(samples_of(trained))
    blocks = trained.project.graph.node_named("blocks")
    inner = trained.project.blocks[blocks.type.removeprefix("block.")].graph
    attention = Port(inner.node_named("attention").id, "output")
    values = [seen.value(Place(attention, path_of(trained.project, [blocks.id], run))) for run in (0, 1)]
    assert values[0].shape == values[1].shape == (3, 64, 64) and not torch.equal(*values)
    entered = seen.value(Place(Port(inner.node_named("x").id, "output"), "blocks.0"))
    assert torch.equal(entered, seen.value(Place(port(trained, "dropout"))))


def test_instances_that_share_weights_have_values_of_their_own():
    trained = opened("wgan_gp_points")
    seen, graph = Insight(trained).look(samples_of(trained), seed=1), trained.project.graph
    inner = trained.project.blocks[graph.node_named("judge_real").type.removeprefix("block.")].graph
    score, entered = (Port(inner.node_named(name).id, "output") for name in ("fc3", "point"))
    for name, given in (("judge_real", "point"), ("judge_fake", "make3"), ("slope", "between")):
        path, source = path_of(trained.project, [graph.node_named(name).id]), graph.inputs(graph.node_named(name).id)
        assert path == name and len(source) == 1
        assert torch.equal(seen.value(Place(entered, path)), seen.value(Place(next(iter(source.values()))))), given
        with torch.no_grad():
            expected = trained.model.judge_real(seen.value(Place(next(iter(source.values())))))
        assert torch.equal(seen.value(Place(score, path)), expected)
        if name != "slope":  # which gives the gradient
            assert torch.equal(seen.value(Place(next(p for p in outputs_of(trained, name)))), expected)
    assert path_of(trained.project, [graph.node_named("slope").id], held=True) == "judge_real"


def outputs_of(trained: Trained, name: str) -> list[Port]:
    node = trained.project.graph.node_named(name)
    assert node is not None
    return [Port(node.id, port.name) for port in trained.project.catalog.of(node).outputs]


def twice_shared() -> Project:
    """A block with two instances in it that share weights, and two instances of that block that share theirs; the inner one
    repeats its own."""
    scale = Drawing("Scale")
    x = scale.add("op.Input", "x", shape=(3,))
    scale.add("op.Output", "y", scale.add("nn.Linear", "fc", x, out_features=3))
    pair = Drawing("Pair", definitions=scale.as_block())
    x = pair.add("op.Input", "x", shape=(3,))
    first = pair.add("block.Scale", "first", x, use="repeat", times=2)
    pair.add("op.Output", "y", pair.add("block.Scale", "second", first, shares="first", use="repeat", times=2))
    d = Drawing("Twice", definitions=pair.as_block())
    a = d.add("block.Pair", "a", d.add("op.Input", "x", shape=(3,)))
    d.add("op.Output", "out", d.add("block.Pair", "b", a, shares="a"))
    return d.project


def test_shared_instances_in_shared_instances_are_told_apart():
    project = twice_shared()
    trained = untrained(project)
    a = project.graph.node_named("a")
    pair = project.blocks[a.type.removeprefix("block.")].graph
    scale = project.blocks[pair.node_named("first").type.removeprefix("block.")].graph
    (entry,) = trained.compiled.inputs
    x = torch.randn(2, 3)
    seen, at = Insight(trained).look({entry: x}), Port(scale.node_named("fc").id, "output")
    for outer in ("a", "b"):
        for inner in ("first", "second"):
            for run, layer in enumerate(trained.model.a.first):
                way = [project.graph.node_named(outer).id, pair.node_named(inner).id]
                path = path_of(project, way, run)
                assert path == f"{outer}.{inner}.{run}"
                with torch.no_grad():
                    x = layer(x)
                assert [torch.equal(value, x) for value in seen.calls[Place(at, path)]] == [True]


def test_of_many_values_only_those_are_kept_that_are_asked_for():
    trained = opened("lenet5_digits")
    samples, at = samples_of(trained), Place(port(trained, "conv1"))
    every, one = (Insight(trained).look(samples, only=only) for only in (None, (at,)))
    assert list(one.calls) == [at] and torch.equal(one.value(at), every.value(at))
    assert torch.equal(one.outputs[0], every.outputs[0]) and len(every.calls) > 5


def test_what_was_looked_into_goes_with_the_network():
    trained = opened("mlp_digits")
    insight = insight_of(trained)
    assert insight_of(trained) is insight and insight_of(replace(trained, model=trained.model)) is not insight
    insight.look(samples_of(trained), live=True)
    gone = weakref.ref(trained.model), weakref.ref(insight.model), weakref.ref(next(trained.model.parameters()))
    assert not gc.isenabled()  # nothing has to be looked for
    del trained, insight
    assert [found() for found in gone] == [None, None, None]


def test_a_value_can_be_put_in_the_place_of_another():
    trained = opened("vae_digits")
    samples, at = samples_of(trained), Place(port(trained, "code"))
    code = torch.linspace(-1, 1, 24).view(3, 8)
    seen, model = Insight(trained).look(samples, replaced={at: code}), trained.model
    with torch.no_grad():
        expected = model.reconstructed(model.ink(model.decode_relu1(model.decode1(code))))
    assert torch.equal(seen.outputs[0].flatten(1), expected)


def test_live_values_have_the_gradients_of_plain_pytorch():
    trained = opened("cnn_digits")
    samples = samples_of(trained)
    (at,) = trained.compiled.inputs
    samples[at] = samples[at].requires_grad_()
    seen = Insight(trained).look(samples, live=True)
    (found,) = torch.autograd.grad(seen.outputs[0][:, 3].sum(), samples[at])
    x = samples[at].detach().requires_grad_()
    trained.model(x)[:, 3].sum().backward()
    assert torch.equal(found, x.grad)


def test_a_look_takes_no_random_numbers_and_shares_the_weights():
    trained = opened("vae_digits")
    insight, before = Insight(trained), torch.get_rng_state()
    first = insight.look(samples_of(trained), seed=1).outputs[0]
    assert torch.equal(first, insight.look(samples_of(trained), seed=1).outputs[0])
    assert not torch.equal(first, insight.look(samples_of(trained), seed=2).outputs[0])
    assert torch.equal(torch.get_rng_state(), before)
    assert {id(p) for p in insight.model.parameters()} == {id(p) for p in trained.model.parameters()}


def _drawn() -> list[Tensor]:
    made = nn.Sequential(nn.Linear(3, 4), nn.Conv2d(1, 2, 3), nn.LSTM(3, 4), nn.Embedding(5, 3))
    thrown = [
        torch.rand(4),
        torch.randn(2, 3),
        torch.randint(3, 9, (5,)),
        torch.randperm(6),
        torch.normal(0.0, 1.0, (3,)),
    ]
    like = [torch.rand_like(thrown[0]), torch.randn_like(thrown[1]), torch.bernoulli(torch.full((9,), 0.5))]
    chosen = [
        torch.multinomial(torch.ones(5), 3),
        nn.init.orthogonal_(torch.empty(4, 4)),
        nn.functional.dropout(torch.ones(9)),
    ]
    return [*made.parameters(), *thrown, *like, *chosen]


def test_own_random_numbers_are_those_of_the_seed_and_leave_the_others_alone():
    before = torch.get_rng_state()
    with OwnRandom(5):
        own = _drawn()
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(5)
    assert all(torch.equal(one, other) for one, other in zip(own, _drawn(), strict=True))
