"""What "Why is this 400?" says is true: equations, parameters, and where a size is passed on from, for every node type."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from fractions import Fraction

import pytest

from amount import some
from drawings import Drawing
from graph.catalog import CATALOG, NodeType, Role
from graph.catalog.types import misfits
from graph.model import Port, Project
from operation_cases import CASES
from operation_tools import drawn
from random_graphs import Artist
from runtime.analyser import analyse
from runtime.why import why
from runtime.why_rules import Answer, View
from runtime.why_table import RULES, explain

SHAPES = ((6,), (6, 8), (8, 12, 12), (4, 8, 8, 8), (7,), (5, 9), (9, 7), (4, 7, 9), (9, 7, 11), (4, 7, 9, 5))
# What makes sizes that do not divide evenly; every type gets those of its own parameters.
ODD = (
    {}, {"kernel_size": 2, "stride": 3}, {"kernel_size": 3, "stride": 2, "padding": 1}, {"kernel_size": 2, "ceil_mode": True},
    {"kernel_size": 3, "stride": 2, "dilation": 2, "output_padding": 1}, {"kernel_size": 2, "output_ratio": 0.6},
    {"scale_factor": 1.5}, {"scale_factor": 0.29}, {"scale_factor": 1 / 3}, {"size": (5,)}, {"chunks": 3}, {"chunks": 4},
    {"repeats": 3}, {"repeats": (2, 3)}, {"pad": (2, -1)}, {"pad": (1, 2, 3, 0)}, {"padding": 2}, {"upscale_factor": 3},
    {"downscale_factor": 3}, {"split_sizes": (4, 3)}, {"index": (2, 0, 1)}, {"shape": (-1, 3)}, {"shape": (7, -1)},
    {"output_size": 3}, {"start": 1, "stop": -1, "step": 3}, {"hidden_size": 5, "bidirectional": True, "num_layers": 2},
)  # fmt: skip
SIGNS = {"−": "-", "×": "*", "²": "**2", "⌊": "floor(", "⌋": ")", "⌈": "ceil(", "⌉": ")"}
TERM = r"(?<![\w.])[⌊⌈(\d][\d\s.+−×/()²⌊⌋⌈⌉]*"
EQUATIONS = (
    rf"({TERM}) = (\d+)",
    rf"joins ({TERM}) along dimension \d+: (\d+)",
    rf"puts ({TERM}) into one dimension: (\d+)",
)


def worth(text: str) -> Fraction:
    """What a term of a sentence amounts to."""
    for sign, python in SIGNS.items():
        text = text.replace(sign, python)
    exact = re.sub(r"\d+(\.\d+)?", r"F('\g<0>')", text)
    return eval(exact, {"F": Fraction, "floor": math.floor, "ceil": math.ceil})


def equations(sentence: str) -> Iterator[tuple[str, str]]:
    """The terms of a sentence with the numbers that they are said to be."""
    for pattern in EQUATIONS:
        yield from re.findall(pattern, sentence)
    for size, sizes, others in re.findall(rf"leaves (\d+) of ({TERM}), which it divides by ({TERM})\.", sentence):
        yield f"({sizes}) / ({others})", size


def test_the_terms_are_read():
    assert worth("⌊(16 − 3) / 2⌋ + 1") == 7 and worth("⌈10 / 3⌉") == 4 and worth("8 / 2²") == 2
    assert worth("7 × 1.5") != 10
    assert list(equations("'it' makes 10 out of 7: ⌊7 × 1.5⌋ = 10.")) == [("⌊7 × 1.5⌋", "10")]
    assert list(equations("'it' leaves 8 of 4 × 6, which it divides by 3.")) == [("(4 × 6) / (3)", "8")]
    assert list(equations("'both' joins 16 + 32 along dimension 1: 48.")) == [("16 + 32", "48")]


@pytest.mark.parametrize("seed", range(12))
def test_random_drawings(seed):
    check_all(Artist(seed).convolutional())
    check_all(Artist(seed).perceptron())


@pytest.mark.parametrize(
    "node_type", some(t for t in CATALOG.values() if t.role in (Role.LAYER, Role.OPERATION)), ids=lambda t: t.label
)
def test_every_type(node_type):
    """Alone on inputs of several shapes, with several parameters: where PyTorch takes them, every dimension is explained."""
    own = {param.name for param in node_type.params}
    variants = {str(v): v for v in ({k: v for k, v in odd.items() if k in own} for odd in ODD)}.values()
    for params in variants:
        if not list(misfits(node_type.params, params)):
            for shape in SHAPES:
                check_all(alone(node_type, shape, params))


def alone(node_type: NodeType, shape: tuple[int, ...], params: dict) -> Project:
    d = Drawing()
    ports = [port for port in node_type.input_ports() if not port.optional or port.name == "input0"]
    sources = [
        d.add("op.Input", f"x{i}", shape=shape, dtype="int64" if port.dtype == "integer" else "float32")
        for i, port in enumerate(ports)
    ]
    d.add(node_type.id.replace("torch.", "", 1).replace("layerloom.", "op.", 1), "it", *sources, **params)
    return d.project


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_operations_with_inputs_that_suit_them(case):
    check_all(drawn(case.name, case.params, case.inputs).project)


def check_all(project: Project) -> None:
    """What is passed on silently is as large where it comes from, and every number has a true answer."""
    analysis = analyse(project)
    for node_id, known in analysis.nodes.items():
        node = project.graph.nodes[node_id]
        for name, spec in known.outputs.items():
            view = View(node, known.resolved, known.inputs, spec, name)
            for dim, size in enumerate(spec.shape):
                answer = explain(view, (dim,))
                if answer.message is None:
                    ((port, (place,)),) = answer.causes
                    assert known.inputs[port].shape[place] == size, (node.type, dim)
                elif node.type in RULES:
                    assert str(size) in str(answer.message) or size == 1 or "lays" in str(answer.message)
                check_words(view, (dim,), answer)
                steps = why(project, analysis, Port(node_id, name), dim)
                assert steps
                for step in steps:
                    assert all(worth(term) == int(total) for term, total in equations(str(step.message))), step.message
            if len(spec.shape) > 3:
                check_words(view, (2, 3), explain(view, (2, 3)))


def check_words(view: View, dims: tuple[int, ...], answer: Answer) -> None:
    """A parameter that is named has the size, or has it among its entries."""
    if answer.param is not None:
        value, sizes = view.values[answer.param], [view.spec.shape[dim] for dim in dims]
        entries = value if isinstance(value, tuple) else (value,)
        assert set(sizes) <= set(entries), answer.message
        assert ("comes from" in str(answer.message)) == (isinstance(value, tuple) and list(value) != sizes)
