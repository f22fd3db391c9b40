"""Blocks in blocks are worked out in a time that does not grow with how often the inner ones run."""

from __future__ import annotations

from time import perf_counter

import pytest
import torch

from drawings import Drawing
from graph.model import Definitions, Project
from graph.nesting import MAX_DEPTH
from runtime.analyser import analyse
from runtime.codegen import generate
from runtime.compiler import compile_project


def levels(depth: int, *, each: int = 1, **params) -> Project:
    """A Linear in so many blocks, each with several instances of the next one in a row."""
    definitions = Definitions()
    for level in range(depth + 1):
        d = Drawing(f"Level{level}", definitions=definitions)
        x = d.add("op.Input", "x", shape=(4,))
        for number in range(each if level else 1):
            kind = f"block.Level{level - 1}" if level else "nn.Linear"
            x = d.add(kind, f"inner{number}", x, **(params if level else {"out_features": 4}))
        d.add("op.Output", "y", x)
        definitions = d.as_block() if level < depth else d.definitions
    return d.project


def test_the_deepest_drawing_that_is_allowed_runs():
    compiled = compile_project(levels(MAX_DEPTH))
    assert compiled.build(0)(torch.ones(2, 4)).shape == (2, 4)
    assert compiled.analysis.parameters == 20


def test_what_is_too_deep_is_analysed_and_written_without_it():
    project = levels(200)
    analysis = analyse(project)
    assert {p.code for p in analysis.errors} == {"block-too-deep", "inside"}
    assert "Level0" not in generate(project, analysis).text


@pytest.mark.parametrize(
    ("project", "parameters"),
    [
        (lambda: levels(5, use="repeat", times=60, shared_weights=True), 20),
        (lambda: levels(5, use="repeat", times=60), 20 * 60**5),
        (lambda: levels(20, each=2), 20 * 2**20),
    ],
)
def test_many_runs_of_runs_are_looked_at_once(project, parameters):
    project = project()
    analyse(levels(1))  # whatever has to be loaded is loaded
    start = perf_counter()
    analysis = analyse(project)
    generate(project, analysis)
    assert analysis.parameters == parameters
    assert perf_counter() - start < 10  # it was minutes
