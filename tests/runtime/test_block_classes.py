"""Blocks whose uses differ so much that one class must serve several, or that several classes are needed."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from block_attack_tools import outputs
from drawings import Drawing
from graph.model import BlockParam, Definitions, Project
from graph.plan import Choice
from random_graphs import Interpreter
from runtime.compiler import Compiled, compile_project


def checked(project: Project, *shape: int) -> Compiled:
    """The project, compiled; what it computes is what its wires say."""
    compiled = compile_project(project)
    x = torch.randn(3, *shape)
    found = outputs(compiled, x)
    expected = Interpreter(project, compiled.build(0), training=True).compute({compiled.inputs[0]: x}, first=[])
    for port, tensor in zip(compiled.outputs, found, strict=True):
        assert torch.equal(tensor, expected[port])
    return compiled


def doubling() -> Definitions:
    """A block that repeats, `runs` times, one that doubles its features: sizes that no loop counts up."""
    d = Drawing("Double")
    x = d.add("op.Input", "x", shape=(4,))
    d.add("op.Output", "y", d.add("op.Concatenate", "joined", x, d.add("nn.LayerNorm", "norm", x)))
    outer = Drawing("Tower", definitions=d.as_block())
    x = outer.add("op.Input", "x", shape=(4,))
    outer.add("op.Output", "y", outer.add("block.Double", "floors", x, use="repeat", times="=runs"))
    return outer.as_block(BlockParam("runs", 2))


def two_towers(first: int, second: int) -> Project:
    d = Drawing(definitions=doubling())
    x = d.add("op.Input", "x", shape=(4,))
    y = d.add("block.Tower", "b", d.add("block.Tower", "a", x, runs=first), runs=second)
    d.add("op.Output", "o", y)
    return d.project


@pytest.mark.parametrize(
    ("first", "second", "classes"), [(3, 3, 1), (3, 4, 2), (1, 4, 2), (2, 2, 1), (1, 1, 1), (2, 3, 2)]
)
def test_sizes_that_no_loop_counts_up_are_written_one_by_one(first, second, classes):
    compiled = checked(two_towers(first, second), 4)
    text = compiled.source.text
    assert 1 <= text.count("class Tower") <= classes and "class Double(" in text


def test_sizes_that_grow_by_an_expression_are_counted_up():
    d = Drawing("Grow")
    x = d.add("op.Input", "x", shape=(4,))
    d.add(
        "op.Output", "y", d.add("op.Concatenate", "joined", x, d.add("nn.Linear", "fc", x, out_features="=width + 1"))
    )
    outer = Drawing("Dense", definitions=d.as_block(BlockParam("width", 2)))
    x = outer.add("op.Input", "x", shape=(4,))
    outer.add("op.Output", "y", outer.add("block.Grow", "layers", x, use="repeat", times="=n - 1", width="=k + 2"))
    d = Drawing(definitions=outer.as_block(BlockParam("n", 4), BlockParam("k", 1)))
    x = d.add("op.Input", "x", shape=(4,))
    d.add("op.Output", "o", d.add("block.Dense", "b", d.add("block.Dense", "a", x, n=5), k=3))
    text = checked(d.project, 4).source.text
    assert (
        text.count("class Dense") == text.count("class Grow") == 1 and "* i" in text and "for i in range(n - 1)" in text
    )


def test_the_first_run_may_differ_from_the_others():
    d = Drawing("Layer")
    d.add("op.Output", "y", d.add("nn.Linear", "fc", d.add("op.Input", "x", shape=(4,)), out_features="=width"))
    outer = Drawing("Stack", definitions=d.as_block(BlockParam("width", 2)))
    x = outer.add("op.Input", "x", shape=(4,))
    outer.add("op.Output", "y", outer.add("block.Layer", "layers", x, use="repeat", times="=2 * n", width="=width + 1"))
    d = Drawing(definitions=outer.as_block(BlockParam("n", 2), BlockParam("width", 3)))
    x = d.add("op.Input", "x", shape=(4,))
    y = d.add("block.Stack", "b", d.add("block.Stack", "a", x), n=1, width=5)
    d.add("op.Output", "o", d.add("block.Stack", "c", y, width=5))  # what arrives has the size that it keeps
    assert checked(d.project, 4).source.text.count("class Stack") == 1


def test_two_blocks_of_one_name_are_two_classes():
    d = Drawing("Same")
    d.add("op.Output", "y", d.add("nn.Linear", "fc", d.add("op.Input", "x", shape=(4,)), out_features=3))
    definitions = d.as_block()
    other = replace(
        definitions.blocks["b1"], id="b2", graph=definitions.blocks["b1"].graph.set_params("n2", {"out_features": 5})
    )
    d = Drawing(definitions=definitions.put_block(other))
    x = d.add("op.Input", "x", shape=(4,))
    y = d.add("block.Same", "a", x)
    project = replace(d.project, graph=d.graph.put(replace(d.graph.nodes[y.node], type="block.b2")))
    d.graph = project.graph
    d.add("op.Output", "o", d.add("block.Same", "b", y))
    assert checked(d.project, 4).source.text.count("class Same") == 2


def test_layers_begin_as_the_project_says_in_every_use_of_a_block():
    d = Drawing("Layer")
    d.add("op.Output", "y", d.add("nn.Linear", "fc", d.add("op.Input", "x", shape=(4,)), out_features="=width"))
    d = Drawing(definitions=d.as_block(BlockParam("width", 3)))
    d.add(
        "op.Output",
        "o",
        d.add("block.Layer", "a", d.add("op.Input", "x", shape=(4,)), width=200, use="repeat", times=2),
    )
    project = replace(d.project, weight_init=Choice("torch.nn.init.constant_", {"val": 0.5}))
    model = compile_project(project).build(0)
    assert all(bool((p == 0.5).all()) for name, p in model.named_parameters() if name.endswith("weight"))


def test_a_class_has_no_argument_that_it_does_not_use():
    assert "def __init__(self):" in checked(two_towers(3, 4), 4).source.text.split("class Tower(")[1]


@pytest.mark.parametrize(
    ("type_id", "param", "expression", "apply"),
    [
        ("Power", "exponent", "=p if p > 2 else 1", lambda x, p: x ** (p if p > 2 else 1)),
        ("Power", "exponent", "=p - 1", lambda x, p: x ** (p - 1)),
        ("Scale", "factor", "=p + 1", lambda x, p: x * (p + 1)),
        ("Scale", "offset", "=0 - p", lambda x, p: x * 1 - p),
    ],
)
def test_expressions_keep_together_in_what_forward_computes(type_id, param, expression, apply):
    d = Drawing("Formula")
    d.add("op.Output", "y", d.add(f"op.{type_id}", "it", d.add("op.Input", "x", shape=(4,)), **{param: expression}))
    d = Drawing(definitions=d.as_block(BlockParam("p", 2)))
    x = d.add("op.Input", "x", shape=(4,))
    for p in (2, 3):
        d.add("op.Output", f"o{p}", d.add("block.Formula", f"f{p}", x, p=p))
    data = torch.rand(3, 4) + 1
    found = outputs(compile_project(d.project), data)
    for p, tensor in zip((2, 3), found, strict=True):
        torch.testing.assert_close(tensor, apply(data, p))


def test_a_number_of_runs_may_be_a_condition():
    d = Drawing("Layer")
    d.add("op.Output", "y", d.add("nn.Linear", "fc", d.add("op.Input", "x", shape=(4,)), out_features="=width"))
    outer = Drawing("Stack", definitions=d.as_block(BlockParam("width", 2)))
    x = outer.add("op.Input", "x", shape=(4,))
    outer.add("op.Output", "y", outer.add("block.Layer", "layers", x, use="repeat", times="=4 if n > 1 else 3"))
    d = Drawing(definitions=outer.as_block(BlockParam("n", 1)))
    d.add(
        "op.Output", "o", d.add("block.Stack", "b", d.add("block.Stack", "a", d.add("op.Input", "x", shape=(4,))), n=2)
    )
    assert "(4 if n > 1 else 3) - 1" in checked(d.project, 4).source.text


def test_nothing_is_written_for_instances_that_nothing_needs():
    d = Drawing("Spare")
    d.add("op.Output", "y", d.add("nn.Linear", "fc", d.add("op.Input", "x", shape=(4,)), out_features=4))
    outer = Drawing("Used", definitions=d.as_block())
    x = outer.add("op.Input", "x", shape=(4,))
    outer.add("block.Spare", "aside", x)
    outer.add("op.Output", "y", outer.add("nn.Linear", "fc", x, out_features=3))
    d = Drawing(definitions=outer.as_block())
    d.add("op.Output", "o", d.add("block.Used", "it", d.add("op.Input", "x", shape=(4,))))
    compiled = checked(d.project, 4)
    assert "Spare" not in compiled.source.text and compiled.analysis.parameters == 4 * 3 + 3


def scanning(lengths: bool) -> Definitions:
    """A block that scans a running sum, which begins with what is wired to it."""
    d = Drawing("Cell")
    x, h = d.add("op.Input", "x", shape=(4,)), d.add("op.Input", "h", shape=(4,))
    d.add("op.Output", "y", d.add("op.Add", "sum", x, h), state="h")
    d = Drawing("Outer", definitions=d.as_block())
    x, h = d.add("op.Input", "x", shape=(5, 4)), d.add("op.Input", "begin", shape=(4,))
    count = d.add("op.Select", "flat", d.add("op.Input", "n", shape=(1,), dtype="int64"), dim=1, index=0)
    d.add("block.Cell", "cell", x, use="scan")
    d.wire(h, "cell", "h")
    if lengths:
        d.wire(count, "cell", "lengths")
    d.add("op.Output", "y", d.add("nn.LayerNorm", "norm", d.port("cell", "y")))
    return d.as_block()


@pytest.mark.parametrize(("lengths", "classes"), [(True, 2), (False, 1)])
def test_uses_whose_states_have_other_dimensions_get_classes_of_their_own(lengths, classes):
    """The mask of a scan has as many dimensions as its state, so that no one class serves two numbers of them."""
    d = Drawing(definitions=scanning(lengths))
    count = d.add("op.Input", "n", shape=(1,), dtype="int64")
    sizes = {"a": (4,), "b": (4, 3), "c": (6,), "d": (2, 7), "e": (4,)}
    for name, size in sizes.items():
        x, h = d.add("op.Input", f"{name}_x", shape=(5, *size)), d.add("op.Input", f"{name}_h", shape=size)
        d.add("op.Output", f"{name}_out", d.add("block.Outer", name, x, h, count))
    compiled = compile_project(d.project)
    assert compiled.source.text.count("class Outer") == classes  # one for each number of dimensions, whatever the sizes
    given = {p: torch.randn(3, *compiled.analysis.spec(p).shape[1:]) for p in compiled.inputs}
    given[count] = torch.tensor([[2], [5], [1]])
    model = compiled.build(0)
    found = model(*(given[port] for port in compiled.inputs))
    expected = Interpreter(d.project, model, training=True).compute(given, first=[])
    assert all(torch.equal(tensor, expected[port]) for port, tensor in zip(compiled.outputs, found, strict=True))
