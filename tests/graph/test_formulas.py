"""Formulas: every type that the examples use has one, and the sizes that are filled in are those that PyTorch gives."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import pytest

from graph.catalog import CATALOG, Role
from graph.catalog.formulas import SYMBOLS, Filling, formula_of, marked_up, shapes
from graph.catalog.formulas_table import FORMULAS
from graph.files import load
from sources import ROOT


def filled(type_id, inputs, outputs, **values):
    node_type = CATALOG[type_id]
    known = {p.name: p.default for p in node_type.params} | values
    found = formula_of(node_type, Filling(known, inputs, outputs))
    assert found is not None
    return found


def test_every_type_of_the_examples_has_a_formula():
    projects = [load(path) for path in sorted((ROOT / "resources" / "examples").glob("*.layerloom"))]
    drawings = [(p, p.drawing(scope)) for p in projects for scope in (None, *p.blocks)]
    missing = {
        node.type
        for project, graph in drawings
        for node in graph.nodes.values()
        if (node_type := project.catalog.of(node))
        and formula_of(node_type, Filling(node_type.values(node), {}, {})) is None
    }
    assert drawings and missing == set()


def test_the_whole_catalogue_has_formulas_but_for_what_the_person_makes():
    without = {t.id for t in CATALOG.values() if t.id not in FORMULAS and t.role is not Role.BLOCK}
    assert without == set()
    assert {key for formula in FORMULAS.values() for key in formula.where} == set(SYMBOLS) - {"f"}


def test_a_linear_layer_says_its_product():
    found = filled("torch.nn.Linear", {"input": (1, 400)}, {"output": (1, 120)}, in_features=400, out_features=120)
    assert found.lines == ("y = x W^{T} + b",)
    assert found.sizes == ("(1×400)·(400×120) + 120 → 1×120",)
    assert found.source == "PyTorch, torch.nn.Linear"


def test_a_convolution_works_its_size_out():
    values = {"in_channels": 1, "out_channels": 6, "kernel_size": 5, "padding": 2}
    found = filled("torch.nn.Conv2d", {"input": (1, 1, 28, 28)}, {"output": (1, 6, 28, 28)}, **values)
    assert found.sizes[0] == "H = W = ⌊(28 + 2·2 − 5) / 1⌋ + 1 = 28"
    assert found.sizes[2] == "W, b: 6·(1·5·5 + 1) = 156"


WINDOWS = [
    ("Conv2d", (3, 11, 17), {"in_channels": 3, "out_channels": 4,
     "kernel_size": (3, 5), "stride": (2, 3), "padding": (1, 0), "dilation": 2}),
    ("Conv1d", (4, 20), {"in_channels": 4, "out_channels": 2, "kernel_size": 3, "padding": "same"}),
    ("Conv3d", (1, 6, 9, 9), {"in_channels": 1, "out_channels": 2, "kernel_size": 3, "stride": 2}),
    ("ConvTranspose2d", (2, 5, 7), {"in_channels": 2, "out_channels": 3, "kernel_size": 4, "stride": 2, "padding": 1, "output_padding": 1}),
    ("MaxPool2d", (3, 13, 10), {"kernel_size": 3, "stride": 2, "padding": 1, "ceil_mode": True}),
    ("MaxPool1d", (2, 9), {"kernel_size": 2}),
    ("AvgPool2d", (2, 7, 7), {"kernel_size": 2}),
    ("AvgPool1d", (2, 7), {"kernel_size": 2, "stride": 3, "ceil_mode": True}),
    ("LPPool2d", (2, 8, 9), {"norm_type": 2, "kernel_size": 3}),
    ("ZeroPad2d", (1, 4, 5), {"padding": (1, 2, 3, 4)}),
    ("ReflectionPad1d", (1, 6), {"padding": (2, 1)}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "shape", "values"), WINDOWS, ids=[f"{w[0]}{i}" for i, w in enumerate(WINDOWS)])
def test_sizes_of_windows_are_those_of_pytorch(name, shape, values):
    import torch
    from torch import nn

    out = getattr(nn, name)(**values)(torch.zeros(1, *shape)).shape
    found = filled(f"torch.nn.{name}", {"input": (1, *shape)}, {"output": tuple(out)}, **values)
    lines = [line for line in found.sizes if line.startswith(("D", "H", "W =", "L"))]
    assert lines, found.sizes
    sizes = [int(line.rpartition(" = ")[2]) for line in lines for _axis in line.rpartition(" = ")[0].split(" = ")[:-1]]
    assert sizes == list(out[2:])
    for line in lines:  # the arithmetic that is written comes to what it says
        text, _, result = line.split(" = ", line.count(" = ") - 1)[-1].rpartition(" = ")
        assert _worked(text) == int(result), line


def _worked(text: str) -> int:
    plain = text.replace("·", "*").replace("−", "-").replace("⌊", "_floor(").replace("⌋", ")")
    plain = plain.replace("⌈", "_ceil(").replace("⌉", ")")
    return int(eval(plain, {"_floor": math.floor, "_ceil": math.ceil}))  # text of our own, written above


def test_values_and_functions_are_filled_in():
    assert filled("torch.nn.LeakyReLU", {"input": (1, 4)}, {"output": (1, 4)}).lines == (
        "y = max(0, x) + 0.01 · min(0, x)",
    )
    attention = filled(
        "torch.nn.MultiheadAttention", {"query": (1, 12, 64)}, {"output": (1, 12, 64)}, embed_dim=64, num_heads=4
    )
    assert attention.sizes[0] == "h = 4,  d = 64/4 = 16"
    assert "(12×16)·(16×12) → 12×12" in attention.sizes[1]
    gru = filled("torch.nn.GRU", {"input": (1, 12, 32)}, {"output": (1, 12, 64)}, input_size=32, hidden_size=32,
                 num_layers=2, bidirectional=True)  # fmt: skip
    assert gru.sizes[:2] == ("t = 1 … 12,  l = 1 … 2,  → ←", "W_{i}: 3·32×32,  W_{h}: 3·32×32")
    assert filled("layerloom.Scale", {"input": (2,)}, {"output": (2,)}, factor=-0.5, offset=1.0).lines == (
        "y = −0.5 · x + 1",
    )
    assert filled("layerloom.MatMul", {"input": (1, 4, 8), "other": (1, 8, 4)}, {"output": (1, 4, 4)}).sizes == (
        "(1×4×8)·(1×8×4) → 1×4×4",
    )


def test_a_formula_says_what_its_node_is_set_to():
    name, shape = "layerloom.ScaledDotProductAttention", {"query": (1, 3, 4), "key": (1, 3, 4), "value": (1, 3, 4)}
    assert filled(name, shape, {"output": (1, 3, 4)}).lines == ("y = softmax(Q K^{T} / √d + M) V",)
    assert filled(name, shape, {"output": (1, 3, 4)}, scale=0.5).lines == ("y = softmax(0.5 · Q K^{T} + M) V",)


@pytest.mark.parametrize(
    ("use", "line"),
    [
        ({}, "y = f(x)"),
        ({"use": "repeat", "times": 3}, "x_{k} = f_{k}(x_{k−1})   k = 1 … 3"),
        ({"use": "repeat", "times": 3, "shared_weights": True}, "x_{k} = f(x_{k−1})   k = 1 … 3"),
        ({"use": "scan"}, "(y_{t}, h_{t}) = f(x_{t}, h_{t−1})"),
        ({"use": "scan", "direction": "backward"}, "(y_{t}, h_{t}) = f(x_{t}, h_{t+1})"),
        ({"use": "scan", "direction": "both"}, "(y_{t}, h_{t}) = f(x_{t}, h_{t±1})"),
        ({"use": "gradient"}, "y = ∂/∂x Σ_{i} f(x)_{i}"),
    ],
)
def test_the_formula_of_a_block_is_that_of_its_use(use, line):
    project = load(ROOT / "resources" / "examples" / "wgan_gp_points.layerloom")
    node = replace(project.graph.node_named("judge_real"), params=use)
    node_type = project.catalog.of(node)
    assert formula_of(node_type, Filling(node_type.values(node), {}, {})).lines == (line,)


def test_open_sizes_leave_the_arithmetic_out():
    found = filled("torch.nn.Conv2d", {"input": ("B", 1, "H", "W")}, {"output": ("B", 6, "H", "W")}, in_channels=1,
                   out_channels=6, kernel_size=5)  # fmt: skip
    assert found.sizes == () and found.lines


def test_no_template_is_left_unfilled_and_markup_is_sound():
    for type_id in FORMULAS:
        node_type = CATALOG[type_id]
        shape = {"output": (2, 4, 8)}
        found = formula_of(node_type, Filling({p.name: p.default for p in node_type.params}, shape, shape))
        assert found is not None and (found.source or not type_id.startswith("torch."))
        for line in (*found.lines, *found.sizes):
            assert "$" not in line and "None" not in line, (type_id, line)
            assert line.count("{") == line.count("}"), (type_id, line)
            assert not re.search(r"[_^]$", line), (type_id, line)
            assert "".join(text for text, _ in marked_up(line)) == re.sub(r"[_^](?=\{|\S)|[{}\\]", "", line), (
                type_id,
                line,
            )


def test_an_expression_is_its_own_formula():
    found = filled(
        "layerloom.Expression", {"log_variance": (1, 8)}, {"output": (1, 8)}, expression="x ** 2 - log_variance * 3"
    )
    assert found.lines == (r"y = x^{2} − log\_variance · 3",)
    assert "".join(text for text, _ in marked_up(found.lines[0])) == "y = x2 − log_variance · 3"


def test_markup_sets_lower_and_higher():
    assert marked_up("h_{t−1} W^T") == [("h", 0), ("t−1", -1), (" W", 0), ("T", 1)]
    assert shapes(Filling({}, {"a": (1, 2), "b": ()}, {"c": (3,)})) == ["1×2, 1 → 3"]
