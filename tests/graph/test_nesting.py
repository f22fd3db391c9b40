"""Blocks in blocks in blocks: how deep, which first, and that no depth breaks anything."""

from __future__ import annotations

from dataclasses import replace

import pytest

from drawings import Drawing
from graph.adoption import adopt
from graph.block_validation import contained
from graph.files import from_text, to_text
from graph.model import Definitions, Project
from graph.nesting import MAX_DEPTH
from graph.problems import Problem
from graph.records import MAX_DEFINITIONS
from graph.validation import validate


def errors(project: Project) -> list[Problem]:
    return [problem for problem in validate(project) if problem.severity == "error"]


def nested(depth: int, leaf: str = "nn.ReLU", **params) -> Project:
    """An instance of a block that holds an instance of a block, and so on; there are that many blocks."""
    definitions = Definitions()
    for level in range(depth):
        d = Drawing(f"Level{level}", definitions=definitions)
        kind, more = (f"block.Level{level - 1}", {}) if level else (leaf, params)
        d.add("op.Output", "y", d.add(kind, "inner", d.add("op.Input", "x", shape=(4,)), **more))
        definitions = d.as_block()
    d = Drawing(definitions=definitions)
    d.add("op.Output", "y", d.add(f"block.Level{depth - 1}", "top", d.add("op.Input", "x", shape=(4,))))
    return d.project


def test_up_to_the_limit_nothing_is_wrong():
    assert errors(nested(MAX_DEPTH)) == []


@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 100])
def test_too_deep_is_said_once_where_it_can_be_mended(depth):
    project = nested(depth)
    (problem,) = errors(project)
    assert (problem.code, project.blocks[problem.block].name) == ("block-too-deep", f"Level{MAX_DEPTH}")
    assert f"{MAX_DEPTH + 1} levels of blocks deep" in str(problem.message)
    assert ("block-too-deep", problem.block) not in {(p.code, p.block) for p in errors(problem.fixes[0].edit(project))}


def test_as_many_levels_as_a_file_can_have_are_read_described_and_taken_over():
    project = nested(3)
    inner = project.blocks["b2"]
    blocks = {"b1": project.blocks["b1"]}
    for number in range(2, MAX_DEFINITIONS + 1):
        graph = inner.graph.put(replace(inner.graph.nodes["n2"], type=f"block.b{number - 1}"))
        blocks[f"b{number}"] = replace(inner, id=f"b{number}", name=f"Level{number}", graph=graph)
    project = replace(project, definitions=Definitions(dict(reversed(blocks.items()))))
    read = from_text(to_text(project))
    assert read == project and read.catalog["block.b999"].label == "Level999"
    assert read.definitions.nesting.order == tuple(blocks)
    assert len(contained(read.blocks["b700"], read.definitions)) == 700
    assert len(adopt(Definitions(), read.definitions)[0].blocks) == MAX_DEFINITIONS
    assert errors(read) == []  # only the outermost three are used
    used = read.with_graph(read.graph.put(replace(read.graph.nodes["n2"], type="block.b900")))
    assert [p.code for p in errors(used)] == ["block-too-deep"]


@pytest.mark.parametrize(("leaf", "learns"), [("nn.Linear", True), ("nn.ReLU", False)])
def test_a_block_learns_where_one_in_it_does(leaf, learns):
    params = {"out_features": 4} if leaf == "nn.Linear" else {}
    assert nested(40, leaf, **params).catalog["block.b40"].trainable is learns
