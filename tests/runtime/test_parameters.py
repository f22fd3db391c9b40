"""Learned tensors that are no part of a layer: their lines, names, values and gradients."""

from __future__ import annotations

import pytest
import torch

from drawings import Drawing
from runtime.analyser import analyse
from runtime.analysis import TensorSpec
from runtime.compiler import Compiled, compile_project


def drawn(*, wired: bool, **params) -> tuple[Drawing, Compiled]:
    """Tokens B × 3 × 4 with a learned tensor, called `cls`, before or upon them."""
    d = Drawing()
    tokens = d.add("op.Input", "tokens", shape=(3, 4))
    learned = d.add("op.Parameter", "cls", *([tokens] if wired else []), **params)
    d.add("op.Concatenate" if wired else "op.Add", "joined", learned, tokens)
    return d, compile_project(d.project)


def test_a_class_token_is_there_once_and_joins_every_sample():
    d, compiled = drawn(wired=True, shape=(1, 1, 4), start="normal", std=0.5)
    assert "self.cls = nn.Parameter(0.5 * torch.randn(1, 1, 4))" in compiled.source.text
    assert "cls = self.cls.expand(tokens.shape[0], -1, -1)  # B × 1 × 4" in compiled.source.text
    assert compiled.analysis.nodes[d.id("cls")].parameters == 4
    model = compiled.build(seed=0)
    torch.manual_seed(0)
    expected = 0.5 * torch.randn(1, 1, 4)
    assert {name: tensor.tolist() for name, tensor in model.state_dict().items()} == {"cls": expected.tolist()}
    tokens = torch.rand(2, 3, 4)
    result = model(tokens)
    assert torch.equal(result, torch.cat([expected.expand(2, -1, -1), tokens], dim=1))
    result.sum().backward()
    assert torch.equal(model.cls.grad, torch.full((1, 1, 4), 2.0))


@pytest.mark.parametrize(("start", "value"), [("zeros", 0.0), ("ones", 1.0)])
def test_a_tensor_alone_stretches_where_it_is_added(start, value):
    d, compiled = drawn(wired=False, shape=(1, 3, 4), start=start)
    assert f"self.cls = nn.Parameter(torch.{start}(1, 3, 4))" in compiled.source.text
    assert compiled.analysis.spec(d.port("cls")) == TensorSpec((1, 3, 4), "float32")
    tokens = torch.rand(2, 3, 4)
    assert torch.equal(compiled.build(seed=0)(tokens), tokens + value)


def test_a_first_size_above_one_cannot_become_the_batch():
    d = Drawing()
    tokens = d.add("op.Input", "tokens", shape=(3, 4))
    d.add("op.Parameter", "cls", tokens, shape=(3, 4))
    (problem,) = analyse(d.project).errors
    assert "'cls' has the shape 3 × 4, and only a first size of 1 becomes the size of the batch" in str(problem.message)
    (fix,) = problem.fixes
    assert analyse(fix.edit(d.project)).errors == ()
