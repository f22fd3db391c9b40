"""Weights begin as the drawing says: the same numbers as the same calls of `torch.nn.init` by hand."""

from __future__ import annotations

import inspect
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from torch import nn
from torch.nn import init

from drawings import Drawing, mlp
from graph.catalog.initializers import INITIALIZERS
from graph.model import Node
from graph.plan import Choice
from runtime.compiler import compile_project
from runtime.guard import INITIALIZERS as ALLOWED
from runtime.guard import check_source
from runtime.initialization import Activation, activation_after, misfit, statements

PREFIX = "torch.nn.init."


def chosen(name: str, **params) -> Choice:
    return Choice(PREFIX + name, params)


def node(**choices) -> Node:
    return Node("n1", "torch.nn.Linear", "it", **choices)


def lines(module: nn.Module, weight: Choice | None, bias: Choice | None = None, **more) -> list[str]:
    """The lines for a layer called `it`, by the project's choices unless a node is given."""
    return statements(more.pop("node", node()), weight, bias, module=module, owner="self.it", **more)


def run(module: nn.Module, text: list[str]) -> dict[str, torch.Tensor]:
    source = "\n".join(text)
    check_source(source)
    torch.manual_seed(3)
    exec(source, {"nn": nn, "torch": torch, "self": SimpleNamespace(it=module)})
    return dict(module.named_parameters())


# ---- the table


@pytest.mark.parametrize("entry", INITIALIZERS.values(), ids=lambda entry: entry.label)
def test_parameters_are_those_of_pytorch(entry):
    found = inspect.signature(getattr(init, entry.id.removeprefix(PREFIX))).parameters
    names = ["seed" if name == "generator" else name for name in found if name != "tensor"]
    assert [p.name for p in entry.params] == names
    for param in (p for p in entry.params if p.name != "seed"):
        assert param.required == (found[param.name].default is inspect.Parameter.empty)
        assert param.required or param.default == found[param.name].default
        assert param.check(param.default) == param.default
    assert all(text.endswith(".") for text in [entry.help, *(p.help for p in entry.params)])


def test_every_function_of_pytorch_is_in_the_table():
    names = {name for name, f in vars(init).items() if name.endswith("_") and name[0] != "_" and inspect.isfunction(f)}
    assert {entry.removeprefix(PREFIX) for entry in INITIALIZERS} == names == ALLOWED


# ---- the lines

BY_HAND = [
    (chosen("uniform_", a=-0.5, b=0.5), lambda w: init.uniform_(w, -0.5, 0.5), "nn.init.uniform_(self.it.weight, a=-0.5, b=0.5)"),
    (chosen("normal_", std=0.02), lambda w: init.normal_(w, 0, 0.02), "nn.init.normal_(self.it.weight, std=0.02)"),
    (chosen("trunc_normal_", std=0.02), lambda w: init.trunc_normal_(w, std=0.02),
     "nn.init.trunc_normal_(self.it.weight, std=0.02)"),
    (chosen("constant_", val=2.0), lambda w: init.constant_(w, 2), "nn.init.constant_(self.it.weight, val=2.0)"),
    (chosen("zeros_"), init.zeros_, "nn.init.zeros_(self.it.weight)"),
    (chosen("ones_"), init.ones_, "nn.init.ones_(self.it.weight)"),
    (chosen("eye_"), init.eye_, "nn.init.eye_(self.it.weight)"),
    (chosen("xavier_uniform_"), init.xavier_uniform_, "nn.init.xavier_uniform_(self.it.weight)"),
    (chosen("xavier_uniform_", gain="auto"), lambda w: init.xavier_uniform_(w, 5 / 3),
     'nn.init.xavier_uniform_(self.it.weight, gain=nn.init.calculate_gain("tanh"))'),
    (chosen("xavier_normal_", gain=2.0), lambda w: init.xavier_normal_(w, 2), "nn.init.xavier_normal_(self.it.weight, gain=2.0)"),
    (chosen("kaiming_uniform_", a=0.5), lambda w: init.kaiming_uniform_(w, a=0.5), "nn.init.kaiming_uniform_(self.it.weight, a=0.5)"),
    (chosen("kaiming_normal_", mode="fan_out", nonlinearity="relu"),
     lambda w: init.kaiming_normal_(w, mode="fan_out", nonlinearity="relu"),
     'nn.init.kaiming_normal_(self.it.weight, mode="fan_out", nonlinearity="relu")'),
    (chosen("kaiming_normal_", nonlinearity="auto"), lambda w: init.kaiming_normal_(w, nonlinearity="tanh"),
     'nn.init.kaiming_normal_(self.it.weight, nonlinearity="tanh")'),
    (chosen("orthogonal_"), init.orthogonal_, "nn.init.orthogonal_(self.it.weight)"),
    (chosen("normal_", std=0.02, seed=7), lambda w: init.normal_(w, 0, 0.02, torch.Generator().manual_seed(7)),
     "nn.init.normal_(self.it.weight, std=0.02, generator=torch.Generator().manual_seed(7))"),
    (chosen("sparse_", sparsity=0.5), lambda w: init.sparse_(w, 0.5), "nn.init.sparse_(self.it.weight, sparsity=0.5)"),
]  # fmt: skip


@pytest.mark.parametrize(("choice", "by_hand", "line"), BY_HAND, ids=[choice.type for choice, *_ in BY_HAND])
def test_a_linear_begins_as_by_hand(choice, by_hand, line):
    ours, theirs = nn.Linear(12, 8), nn.Linear(12, 8)
    bias = ours.bias.clone()
    assert lines(ours, choice, activation=Activation("tanh")) == [line]
    run(ours, [line])
    torch.manual_seed(3)
    by_hand(theirs.weight)
    assert torch.equal(ours.weight, theirs.weight)
    assert torch.equal(ours.bias, bias)


def test_a_convolution_begins_as_by_hand():
    ours, theirs = nn.Conv2d(4, 8, 3, groups=2), nn.Conv2d(4, 8, 3, groups=2)
    text = lines(ours, chosen("dirac_", groups=2), chosen("constant_", val=0.5))
    assert text == ["nn.init.dirac_(self.it.weight, groups=2)", "nn.init.constant_(self.it.bias, val=0.5)"]
    run(ours, text)
    init.dirac_(theirs.weight, groups=2)
    assert torch.equal(ours.weight, theirs.weight)
    assert torch.equal(ours.bias, torch.full((8,), 0.5))


def test_the_slope_of_a_leaky_activation_counts():
    module, leaky = nn.Linear(12, 8), Activation("leaky_relu", 0.2)
    assert lines(module, chosen("kaiming_normal_", nonlinearity="auto"), activation=leaky) == [
        "nn.init.kaiming_normal_(self.it.weight, a=0.2)"
    ]
    (line,) = lines(module, chosen("xavier_normal_", gain="auto"), activation=leaky)
    assert line == 'nn.init.xavier_normal_(self.it.weight, gain=nn.init.calculate_gain("leaky_relu", 0.2))'
    ours = run(module, [line])["weight"].clone()
    torch.manual_seed(3)
    assert torch.equal(ours, init.xavier_normal_(torch.empty(8, 12), init.calculate_gain("leaky_relu", 0.2)))


LAYERS = {
    "LSTM": lambda: nn.LSTM(5, 4, num_layers=2, bidirectional=True),
    "GRUCell": lambda: nn.GRUCell(5, 4),
    "MultiheadAttention": lambda: nn.MultiheadAttention(8, 2, add_bias_kv=True),
    "TransformerEncoderLayer": lambda: nn.TransformerEncoderLayer(8, 2, 16),
    "Bilinear": lambda: nn.Bilinear(3, 4, 5),
    "Embedding": lambda: nn.Embedding(7, 3),
}


@pytest.mark.parametrize("build", LAYERS.values(), ids=LAYERS)
@pytest.mark.parametrize("with_weight", [True, False])
@pytest.mark.parametrize("with_bias", [True, False])
def test_layers_of_many_weights_begin_in_one_loop(build, with_weight, with_bias):
    torch.manual_seed(0)
    ours = build()
    theirs = build()
    theirs.load_state_dict(ours.state_dict())
    weight, bias = chosen("xavier_normal_") if with_weight else None, chosen("ones_") if with_bias else None
    run(ours, lines(ours, weight, bias))
    torch.manual_seed(3)
    for name, parameter in theirs.named_parameters():
        if parameter.ndim > 1 and with_weight:
            init.xavier_normal_(parameter)
        elif parameter.ndim == 1 and "bias" in name and "norm" not in name and with_bias:
            init.ones_(parameter)
    states = zip(ours.state_dict().items(), theirs.state_dict().items(), strict=True)
    assert all(a == b and torch.equal(x, y) for (a, x), (b, y) in states)


def test_a_loop_reads_like_a_textbook():
    assert lines(nn.LSTM(5, 4), chosen("orthogonal_"), chosen("zeros_")) == [
        "for name, parameter in self.it.named_parameters():",
        "    if parameter.ndim > 1:",
        "        nn.init.orthogonal_(parameter)",
        '    elif "bias" in name:',
        "        nn.init.zeros_(parameter)",
    ]
    assert lines(nn.LSTM(5, 4), chosen("orthogonal_"))[0] == "for parameter in self.it.parameters():"


@pytest.mark.parametrize("module", [nn.BatchNorm2d(4), nn.LayerNorm(4), nn.GroupNorm(2, 4), nn.PReLU(4)], ids=str)
def test_only_a_choice_of_its_own_reaches_a_normalization(module):
    ones, zeros = chosen("constant_", val=0.5), chosen("constant_", val=0.25)
    assert lines(module, ones, zeros) == []
    run(module, lines(module, ones, None, node=node(weight_init=ones)))
    assert torch.equal(module.weight, torch.full_like(module.weight, 0.5))


def test_the_choice_of_the_project_passes_over_what_it_does_not_suit():
    assert lines(nn.Linear(4, 4), chosen("dirac_")) == []
    assert lines(nn.Linear(4, 4), chosen("nonsense_")) == []
    assert lines(nn.Linear(4, 4), chosen("normal_", std="'); import os")) == []
    assert lines(nn.Linear(4, 4, bias=False), None, chosen("zeros_")) == []
    assert lines(nn.ReLU(), chosen("zeros_"), chosen("zeros_")) == []


def test_the_row_of_the_padding_stays_zero():
    module = nn.Embedding(7, 3, padding_idx=2)
    run(module, lines(module, chosen("ones_")))
    assert module.weight.sum(1).tolist() == [3, 3, 0, 3, 3, 3, 3]
    assert module.weight.requires_grad


def test_a_parameter_alone_begins_as_its_node_says():
    parameter = nn.Parameter(torch.zeros(1, 3, 4))
    normal = chosen("normal_", std=0.5)
    assert lines(parameter, normal) == []
    assert lines(parameter, normal, node=node(weight_init=normal)) == ["nn.init.normal_(self.it, std=0.5)"]


# ---- whole drawings


def test_a_compiled_project_begins_as_by_hand():
    kaiming, zeros = chosen("kaiming_normal_", nonlinearity="auto"), chosen("zeros_")
    d = mlp(hidden=(16,))
    logits = replace(d.graph.nodes[d.id("logits")], weight_init=chosen("normal_", std=0.01))
    project = replace(d.project.with_graph(d.graph.put(logits)), weight_init=kaiming, bias_init=zeros)
    compiled = compile_project(project)
    model = compiled.build(seed=5)

    class ByHand(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc1 = nn.Linear(64, 16)
            self.logits = nn.Linear(16, 10)
            init.kaiming_normal_(self.fc1.weight, nonlinearity="relu")
            init.zeros_(self.fc1.bias)
            init.normal_(self.logits.weight, std=0.01)
            init.zeros_(self.logits.bias)

    torch.manual_seed(5)
    expected = ByHand().state_dict()
    assert model.state_dict().keys() == expected.keys()
    assert all(torch.equal(tensor, expected[name]) for name, tensor in model.state_dict().items())


def walk(*types: str) -> Activation:
    """What a Linear feeds through a chain of node types."""
    d = Drawing()
    x = start = d.add("op.Input", "x", shape=(4,))
    x = first = d.add("nn.Linear", "first", x, out_features=4)
    for i, entry in enumerate(types):
        x = d.add(entry, f"n{i}", x, *([start] if entry == "op.Add" else []))
    return activation_after(d.graph, first.node)


@pytest.mark.parametrize(
    ("types", "activation"),
    [
        (("nn.ReLU",), Activation("relu")),
        (("nn.BatchNorm1d", "nn.Dropout", "op.Add", "nn.Tanh"), Activation("tanh")),
        (("nn.LeakyReLU",), Activation("leaky_relu", 0.01)),
        (("nn.PReLU",), Activation("leaky_relu", 0.25)),
        (("nn.GELU",), Activation("relu")),
        (("nn.SELU",), Activation("selu")),
        (("nn.Sigmoid", "nn.ReLU"), Activation("sigmoid")),
        (("nn.Linear", "nn.ReLU"), Activation()),
        (("op.Multiply",), Activation()),
        ((), Activation()),
    ],
)
def test_the_activation_that_follows(types, activation):
    assert walk(*types) == activation


# ---- what does not fit


@pytest.mark.parametrize(
    ("choice", "shape", "words"),
    [
        (chosen("dirac_"), (4, 4), "Dirac fills weights of 3 to 5 dimensions, but this one is 4 × 4"),
        (chosen("eye_"), (4, 4, 3, 3), "Identity fills weights of 2 dimensions"),
        (chosen("sparse_"), (4,), "Sparse fills weights of 2 dimensions, but this one is 4"),
        (chosen("xavier_uniform_"), (4,), "of 2 or more dimensions"),
        (chosen("kaiming_normal_"), (4,), "of 2 or more dimensions"),
        (chosen("orthogonal_"), (4,), "of 2 or more dimensions"),
        (chosen("dirac_", groups=3), (4, 4, 3), "has 3 groups, which do not divide 4 channels"),
        (chosen("uniform_", a=2.0), (4,), "a lower bound of 2.0 above its upper bound of 1.0"),
        (chosen("normal_", std=-1.0), (4,), "'std' cannot be -1.0"),
        (chosen("normal_", width=1), (4,), "no parameter 'width'"),
        (chosen("glorot"), (4,), "no initialization 'torch.nn.init.glorot'"),
    ],
)
def test_a_misfit_is_told_in_words(choice, shape, words):
    assert words in str(misfit(choice, shape))


@pytest.mark.parametrize("choice", [choice for choice, *_ in BY_HAND])
def test_what_fits_has_no_misfit(choice):
    assert misfit(choice, (8, 12)) is None


def test_weights_with_seeds_of_their_own_begin_alike_whatever_the_seed_of_the_run():
    inner = Drawing("Part")
    x = inner.add("nn.Linear", "fc", inner.add("op.Input", "x", shape=(3,)), out_features=4)
    fixed = replace(inner.graph.node_named("fc"), weight_init=chosen("kaiming_normal_", seed=5))
    inner.graph = inner.graph.put(fixed)
    inner.add("op.Output", "y", x)
    d = Drawing("Net", definitions=inner.as_block())
    x = d.add("op.Input", "x", shape=(3,))
    for name in ("one", "two"):
        d.add("op.Output", f"{name}_y", d.add("block.Part", name, x))
    made = compile_project(d.project)
    first, second = made.build(1), made.build(2)
    assert torch.equal(first.one.fc.weight, first.two.fc.weight)
    assert torch.equal(first.one.fc.weight, second.two.fc.weight)
    assert not torch.equal(first.one.fc.bias, first.two.fc.bias)  # these have no seed
