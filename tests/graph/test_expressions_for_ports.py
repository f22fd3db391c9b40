"""Parameters that decide about the ports of a node cannot be expressions; a list of sizes can hold some."""

from __future__ import annotations

import pytest

from drawings import Drawing
from graph.catalog import CATALOG
from graph.catalog.types import NodeType
from graph.model import BlockParam, Node, Project
from graph.problems import Problem
from graph.validation import validate

CODE = "expression-for-ports"


def in_block(type_id: str, default: float, **params) -> Project:
    """A block with one node that refers to its parameter `n`, and an instance of it."""
    d = Drawing("Blk")
    x = d.add("op.Input", "x", shape=(4, 6))
    inputs = [x] * sum(not port.optional for port in CATALOG[d._type(type_id)].inputs)
    d.add("op.Output", "y", d.add(type_id, "it", *inputs, **params))
    definitions = d.as_block(BlockParam("n", default))
    d = Drawing(definitions=definitions)
    d.add("op.Output", "y", d.add("block.Blk", "use", d.add("op.Input", "x", shape=(4, 6))))
    return d.project


def found(project: Project) -> list[Problem]:
    return [problem for problem in validate(project) if problem.code == CODE]


@pytest.mark.parametrize(
    ("type_id", "default", "params", "fix"),
    [
        ("op.Chunk", 3, {"chunks": "=n"}, "Set chunks to 3"),
        ("op.Chunk", 2, {"chunks": "=n + 1"}, "Set chunks to 3"),
        ("op.Unbind", 4, {"count": "=n"}, "Set count to 4"),
        ("nn.MultiheadAttention", False, {"need_weights": "=n"}, "Set need_weights to False"),
        ("op.Chunk", 3, {"chunks": "=m"}, "Reset chunks"),
    ],
)
def test_an_expression_that_decides_about_ports_is_a_problem_with_its_value_as_a_mend(type_id, default, params, fix):
    project = in_block(type_id, default, **params)
    (problem,) = found(project)
    (name,) = params
    assert problem.block == "b1" and problem.severity == "error"
    assert f"'{name}' of 'it' is written as {params[name]}, but it decides which ports" in str(problem.message)
    assert [str(mend.label) for mend in problem.fixes] == [fix]
    (mend,) = problem.fixes
    assert found(mend.edit(project)) == []


def test_numbers_alone_are_refused_too_where_the_drawing_itself_has_them():
    d = Drawing()
    d.add("op.Chunk", "it", d.add("op.Input", "x", shape=(4, 6)), chunks="=1 + 2")
    (problem,) = found(d.project)
    (fix,) = problem.fixes
    assert fix.edit(d.project).graph.node_named("it").params["chunks"] == 3


@pytest.mark.parametrize("name", ["use", "direction"])
def test_how_a_block_is_used_is_no_expression(name):
    project = in_block("op.Abs", 1)
    project = project.with_graph(project.graph.set_params(project.graph.node_named("use").id, {name: "=1"}))
    (problem,) = found(project)
    assert f"'{name}' of 'use'" in str(problem.message)


def test_every_type_says_which_of_its_parameters_decide_about_its_ports():
    """Each value that a parameter can have is tried: where the ports change, it is one of `counts`, or a text of its own."""
    for node_type in CATALOG.values():
        if node_type.ports is not None:
            changing = {p.name for p in node_type.params if _changes(node_type, p.name)}
            assert changing <= {*node_type.counts, "expression"}, node_type.id
            assert set(node_type.counts) <= changing, node_type.id


def _changes(node_type: NodeType, name: str) -> bool:
    tried = (True, False, 1, 2, 3, (1, 1), (1, 1, 1), "a + b", "a + b + c", "", "a.npz", "a.npy")
    base = {"source": "a.npy"} if any(p.name == "source" for p in node_type.params) else {}
    shapes = {
        tuple(port.name for port in (*typed.inputs, *typed.outputs))
        for value in tried
        for typed in [node_type.of(Node("n", node_type.id, "it", {**base, name: value}))]
    }
    return len(shapes) > 1


@pytest.mark.parametrize("sizes", [("=n", "=n", "=n"), (1, "=n"), ("=n",)])
def test_a_list_with_expressions_has_an_output_for_each(sizes):
    node_type = CATALOG["layerloom.Split"].of(Node("n", "layerloom.Split", "it", {"split_sizes": sizes}))
    assert [port.name for port in node_type.outputs] == [f"output{i}" for i in range(len(sizes))]
    assert found(in_block("op.Split", 2, split_sizes=sizes)) == []
