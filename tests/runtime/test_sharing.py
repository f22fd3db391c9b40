"""Nodes that share their weights in other ways than two calls: loops of one cell, layers tied to one of another type."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from drawings import Drawing
from graph.model import Definitions
from graph.plan import Objective
from runtime.compiler import Program, compile_project
from runtime.training.reaching import chosen_parameters

WIDTH = 6


def cell() -> Definitions:
    """h' = tanh(w x + u h)."""
    d = Drawing("Cell")
    x, h = d.add("op.Input", "x", shape=(WIDTH,)), d.add("op.Input", "h", shape=(WIDTH,))
    w, u = (d.add("nn.Linear", name, source, out_features=WIDTH) for name, source in (("w", x), ("u", h)))
    d.add("op.Output", "new", d.add("nn.Tanh", "tanh", d.add("op.Add", "sum", w, u)), state="h")
    return d.as_block()


@pytest.mark.parametrize("leader", ["rnn", "step"])
def test_a_scan_a_call_and_a_repeat_of_one_cell_share_its_weights(leader):
    d = Drawing(definitions=cell())
    x = d.add("op.Input", "x", shape=(3, WIDTH))
    uses = {"rnn": {"use": "scan"}, "step": {}, "run": {"use": "repeat", "times": 3, "shared_weights": True}}
    first = d.add("op.Select", "first", x, dim=1, index=0)
    for name in sorted(uses, key=lambda name: name != leader):
        sources = {"rnn": (x,), "step": (first, first), "run": (first, first)}[name]
        d.add("block.Cell", name, *sources, shares=leader if name != leader else None, **uses[name])
    for number, port in enumerate((d.port("rnn", "new_last"), d.port("step", "new"), d.port("run", "new"))):
        d.add("op.Output", f"out{number}", port)
    compiled = compile_project(d.project)
    assert compiled.analysis.parameters == 2 * (WIDTH * WIDTH + WIDTH)
    model = compiled.build(seed=1)
    assert {key.partition(".")[0] for key in model.state_dict()} == {leader}
    data = torch.randn(5, 3, WIDTH)
    one = getattr(model, leader)
    last = torch.zeros(5, WIDTH)
    for t in range(3):
        last = one(data[:, t], last)
    x = data[:, 0]
    expected = {"rnn": last, "step": one(x, x), "run": one(one(one(x, x), x), x)}
    for port, tensor in zip(compiled.outputs, model(data), strict=True):
        torch.testing.assert_close(tensor, expected[d.graph.nodes[port.node].name])


def words_twice() -> Drawing:
    """Two classifiers with biases of their own in common, tied to the table of words."""
    d = Drawing("Twice")
    words = d.add(
        "nn.Embedding", "words", d.add("op.Input", "word", shape=(2,), dtype="int64"), num_embeddings=9, embedding_dim=4
    )
    for name in ("scores", "again"):
        d.add("op.Output", f"out_{name}", d.add("nn.Linear", name, words, out_features=9))
    both = d.graph.share([d.id("scores"), d.id("again")])
    d.graph = both.share([d.id("words"), d.id("again")])
    return d


@pytest.mark.parametrize("in_a_block", [False, True])
def test_layers_that_share_go_on_when_they_are_tied_to_one_of_another_type(in_a_block):
    d = words_twice()
    if in_a_block:  # where only the last is needed
        d.graph = d.graph.remove([d.id("out_scores")])
        outer = Drawing(definitions=d.as_block())
        given = outer.add("op.Input", "word", shape=(2,), dtype="int64")
        outer.add("op.Output", "y", outer.add("block.Twice", "it", given))
        d = outer
    compiled = compile_project(d.project)
    model = compiled.build(seed=0)
    assert compiled.analysis.parameters == sum(p.numel() for p in model.parameters()) == 9 * 4 + 9
    assert {key.removeprefix("it.") for key in model.state_dict()} == {"words.weight", "scores.weight", "scores.bias"}
    if not in_a_block:
        one, other = model(torch.tensor([[1, 2]]))
        assert torch.equal(one, other)


def test_an_objective_that_names_a_tied_layer_trains_what_it_uses():
    d = words_twice()
    compiled = compile_project(d.project)
    model = compiled.build(seed=0)
    objective = Objective(parameters=(d.id("again"),))
    chosen = chosen_parameters(compiled, Program(objective, nn.Module, (), {}, {}), model)
    assert {id(p) for p in chosen} == {id(model.words.weight), id(model.scores.bias)}
