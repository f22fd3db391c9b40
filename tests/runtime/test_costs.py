"""Multiply-accumulates by formula against PyTorch's own count, and layers that keep their shape."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from drawings import Drawing
from runtime import shapes
from runtime.analyser import analyse
from runtime.analysis import TensorSpec
from runtime.costs import COUNTED

SIZES = {1: (6, 20), 2: (6, 9, 11), 3: (6, 5, 7, 6)}
CASES = [
    ("Linear", (12,), {"out_features": 5}),
    ("Linear", (7, 12), {"out_features": 5, "bias": False}),
    *(
        (f"{kind}{dims}d", SIZES[dims], params)
        for kind in ("Conv", "ConvTranspose")
        for dims in (1, 2, 3)
        for params in (
            {"out_channels": 4, "kernel_size": 3},
            {"out_channels": 4, "kernel_size": 2, "stride": 2, "groups": 2},
        )
    ),
    ("Conv2d", SIZES[2], {"out_channels": 4, "kernel_size": (3, 1), "dilation": 2, "padding": 1}),
]


@pytest.mark.parametrize(("kind", "sizes", "params"), CASES)
def test_macs_are_those_that_pytorch_counts(kind, sizes, params):
    d = Drawing()
    port = d.add(f"nn.{kind}", "layer", d.add("op.Input", "x", shape=sizes), **params)
    found = analyse(d.project).nodes[port.node]
    with torch.device("meta"), FlopCounterMode(display=False) as counter:
        getattr(nn, kind)(**found.resolved)(torch.empty(3, *sizes))
    assert found.macs == counter.get_total_flops() // (2 * 3) > 0
    assert f"torch.nn.{kind}" in COUNTED


def normalized(sizes: tuple[int, ...]) -> TensorSpec:
    d = Drawing()
    port = d.add("nn.BatchNorm2d", "norm", d.add("op.Input", "x", shape=sizes))
    analysis = analyse(d.project)
    assert not analysis.errors, analysis.errors
    return analysis.spec(port)


def test_a_layer_that_keeps_its_shape_runs_once_for_all_sizes(monkeypatch):
    shapes.forget()
    assert normalized((4, 8, 8)).shape == ("B", 4, 8, 8)
    monkeypatch.setattr(shapes, "_run", None)
    assert normalized((4, 9, 7)).shape == ("B", 4, 9, 7)
    monkeypatch.undo()
    assert normalized((5, 9, 7)).shape == ("B", 5, 9, 7)


def test_a_layer_that_changes_the_shape_is_not_taken_for_one_that_keeps_it():
    shapes.forget()
    for size in (6, 8):
        d = Drawing()
        port = d.add("nn.GLU", "gate", d.add("op.Input", "x", shape=(size,)))
        assert analyse(d.project).spec(port).shape == ("B", size // 2)


def test_a_layer_with_sizes_to_learn_is_asked_again():
    shapes.forget()
    for channels, right in ((64, True), (32, False)):
        d = Drawing()
        d.add("nn.PReLU", "slopes", d.add("op.Input", "x", shape=(channels, 8, 8)), num_parameters=64)
        assert (not analyse(d.project).errors) == right


def test_what_is_computed_once_for_all_samples_costs_no_sample_anything():
    d = Drawing()
    learned = d.add("op.Parameter", "learned", shape=(3, 5))
    port = d.add("nn.Linear", "fc", learned, out_features=4)
    d.add("op.Output", "y", port)
    assert analyse(d.project).nodes[port.node].macs == 0
