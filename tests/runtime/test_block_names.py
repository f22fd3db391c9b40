"""Blocks, nodes and parameters with names that mean something in Python: the same drawing with harmless names gives the same."""

from __future__ import annotations

import pytest
import torch

from block_attack_tools import layer, outputs, used
from drawings import Drawing
from graph.model import BlockParam, Definitions, Project
from runtime.compiler import compile_project

NAMES = ("t", "layer", "layer_", "i", "x", "step", "range", "reversed", "min", "max", "round", "super", "it", "fc", "Layer", "Net",
         "sinusoidal_encoding", "in_features", "out_features", "print", "exec", "h", "steps", "alive", "lengths", "given")  # fmt: skip


@pytest.mark.parametrize(
    "name",
    ["Linear", "Module", "nn", "torch", "Net", "NetTraining", "super", "range", "reversed", "self", "model", "None", "True", "class",
     "lambda", "it", "fc", "print", "max"],
)  # fmt: skip
@pytest.mark.parametrize("use", ["call", "repeat"])
def test_blocks_may_be_called_like_anything(name, use):
    x = torch.randn(3, 4)
    odd, plain = (compile_project(used(layer(n), use=use)) for n in (name, "Layer"))
    assert torch.equal(outputs(odd, x)[0], outputs(plain, x)[0])


def looping(entry: str) -> Definitions:
    """Loops of every kind around an Input of that name, which is needed before, in between and after."""
    cell = Drawing("Cell", definitions=layer())
    x, h = cell.add("op.Input", "x", shape=(4,)), cell.add("op.Input", "h", shape=(4,))
    cell.add("op.Output", "y", cell.add("op.Add", "sum", x, h), state="h")
    d = Drawing("Loops", definitions=cell.as_block())
    x = d.add("op.Input", entry, shape=(3, 4))
    y = d.add("block.Layer", "own", x, use="repeat", times=2)
    y = d.add("op.Add", "sum1", d.add("block.Layer", "same", y, use="repeat", times=2, shared_weights=True), x)
    y = d.add("block.Cell", "both", y, use="scan", direction="both")
    d.add("op.Output", "o", d.add("op.Concatenate", "joined", y, x, dim=2))
    return d.as_block()


@pytest.mark.parametrize("name", NAMES)
def test_inputs_may_be_called_like_the_variables_of_loops(name):
    x = torch.randn(2, 3, 4)
    odd, plain = (compile_project(used(looping(n), shape=(3, 4))) for n in (name, "entry"))
    assert torch.equal(outputs(odd, x)[0], outputs(plain, x)[0])


@pytest.mark.parametrize("name", NAMES)
def test_nodes_may_be_called_like_what_forward_calls(name):
    x = torch.randn(3, 4)
    odd, plain = (
        compile_project(used(layer(node=n), use="repeat", shared_weights=True))
        for n in (name if name != "x" else "x1", "fc")
    )
    assert torch.equal(outputs(odd, x)[0], outputs(plain, x)[0])


@pytest.mark.parametrize("name", ["i", "run", "step"])
@pytest.mark.parametrize("param", ["growth", "i"])
def test_blocks_that_grow_may_be_called_like_what_counts_them(name, param):
    x = torch.randn(3, 4)

    def drawn(title: str) -> Project:
        definitions = growing(param, title)
        d = Drawing(definitions=definitions)
        y = d.add("block.Dense", "b", d.add("block.Dense", "a", d.add("op.Input", "x", shape=(4,))), **{param: 2})
        d.add("op.Output", "y", y)
        return d.project

    odd, plain = (compile_project(drawn(title)) for title in (name, "Layer"))
    assert torch.equal(outputs(odd, x)[0], outputs(plain, x)[0])


def growing(param: str, name: str = "Layer") -> Definitions:
    """A dense block whose layers add `param` features each, `param` times."""
    d = Drawing(name)
    x = d.add("op.Input", "x", shape=(4,))
    d.add(
        "op.Output",
        "y",
        d.add("op.Concatenate", "joined", x, d.add("nn.Linear", "fc", x, out_features="=max(width, 1) + 1")),
    )
    outer = Drawing("Dense", definitions=d.as_block(BlockParam("width", 2)))
    x = outer.add("op.Input", "x", shape=(4,))
    y = outer.add(f"block.{name}", "layers", x, use="repeat", times=f"={param}", width=f"={param}")
    y = outer.add(
        "op.Multiply", "scaled", y, outer.add("op.Parameter", "scale", shape=(1,), start="normal", std=f"={param} + 1")
    )
    outer.add("op.Output", "y", y)
    return outer.as_block(BlockParam(param, 3))


@pytest.mark.parametrize(
    "name",
    [
        "i",
        "t",
        "layer",
        "run",
        "Layer",
        "Layer2",
        "Net",
        "in_features",
        "print",
        "exec",
        "out_features",
        "bias",
        "step",
    ],
)
def test_parameters_may_be_called_like_anything_that_python_leaves_free(name):
    x = torch.randn(3, 4)

    def drawn(param: str) -> Project:
        d = Drawing(definitions=growing(param))
        y = d.add("block.Dense", "b", d.add("block.Dense", "a", d.add("op.Input", "x", shape=(4,))), **{param: 2})
        d.add("op.Output", "y", y)
        return d.project

    odd, plain = (compile_project(drawn(n)) for n in (name, "growth"))
    assert torch.equal(outputs(odd, x)[0], outputs(plain, x)[0])


def test_variables_of_ports_and_loops_never_meet():
    """`a` gives `b_c` and `a_b` gives `c`: both would be `a_b_c`."""
    d = Drawing("Pair")
    x = d.add("op.Input", "x", shape=(4,))
    d.add("op.Output", "first", d.add("nn.Tanh", "tanh", x))
    d.add("op.Output", "c", d.add("nn.Sigmoid", "sigmoid", x))
    other = Drawing("Other", definitions=d.as_block())
    x = other.add("op.Input", "x", shape=(4,))
    other.add("op.Output", "first", x)
    other.add("op.Output", "b_c", other.add("nn.ReLU", "relu", x))
    d = Drawing(definitions=other.as_block())
    x = d.add("op.Input", "x", shape=(4,))
    d.add("block.Other", "a", x)
    d.add("block.Pair", "a_b", x)
    d.add("op.Output", "out", d.add("op.Subtract", "gap", d.port("a", "b_c"), d.port("a_b", "c")))
    data = torch.randn(3, 4)
    assert torch.equal(outputs(compile_project(d.project), data)[0], data.relu() - data.sigmoid())
