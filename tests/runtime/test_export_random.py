"""Networks that draw random numbers: their exports draw the same ones, and an ONNX file cannot."""

from __future__ import annotations

import pytest
import torch

from amount import some
from drawings import Drawing, with_images
from graph.messages import ExportError
from runtime.compiler import compile_project
from runtime.export import export
from runtime.predict import Trained


@pytest.fixture(scope="module")
def noisy(tmp_path_factory) -> Trained:
    """A network with noise in a block and beside it, as if a run had trained it."""
    d = Drawing("Blur")
    d.add("op.Output", "y", d.add("op.Noise", "blur", d.add("op.Input", "x", shape=(1, 32, 32))))
    definitions = d.as_block()
    d, x, label = with_images("Net")
    d.definitions = definitions
    x = d.add("op.Add", "sum", x, d.add("block.Blur", "blur1", x))
    x = d.add("nn.Linear", "logits", d.add("nn.Flatten", "flatten1", x), out_features=10)
    x = d.add("op.Add", "total", x, d.add("op.Noise", "noise1", x))
    d.add("nn.CrossEntropyLoss", "loss", x, label)
    compiled = compile_project(d.project)
    return Trained(
        project=d.project, compiled=compiled, model=compiled.build(seed=1).eval(), statistics={},
        classes=tuple("0123456789"), run=tmp_path_factory.mktemp("2026-01-02_030405_abcd"),
    )  # fmt: skip


@pytest.mark.parametrize("kind", some(["python", "weights", "code"]))
def test_both_sides_draw_the_same_numbers_and_those_of_a_run_go_on(noisy, kind, tmp_path):
    before = torch.get_rng_state()
    receipt = export(noisy, kind, tmp_path / "net")
    assert {"1", "2", "7"} <= receipt.differences.keys() and receipt.largest_difference == 0.0
    assert torch.equal(torch.get_rng_state(), before)


def test_onnx_names_what_draws(noisy, tmp_path):
    before = torch.get_rng_state()
    with pytest.raises(ExportError, match=r"draws random numbers \(noise1, blur\), so what its ONNX file gives"):
        export(noisy, "onnx", tmp_path / "net")
    assert torch.equal(torch.get_rng_state(), before) and not list(tmp_path.iterdir())
