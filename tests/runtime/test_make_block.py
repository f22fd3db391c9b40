"""Nodes put into a block compute and learn the same as before."""

from __future__ import annotations

import pytest
import torch

from drawings import lenet5
from graph.blocks import dissolve, make_block
from runtime.compiler import compile_project


def without_block(name: str) -> str:
    """The name of a weight without that of the instance that holds it."""
    return name.removeprefix("features1.")


@pytest.mark.parametrize(
    "chosen", [("conv1", "tanh1", "pool1"), ("conv2",), ("tanh1", "pool1", "conv2", "tanh2", "pool2", "flatten", "fc1")]
)
def test_outputs_and_weights_stay_the_same(chosen):
    d = lenet5()
    project, instance = make_block(d.project, None, [d.id(name) for name in chosen], name="Features")
    flat, blocked = compile_project(d.project), compile_project(project)
    assert blocked.analysis.problems == ()
    assert blocked.analysis.parameters == flat.analysis.parameters == 61_706
    one, other = flat.build(seed=3), blocked.build(seed=3)
    assert {without_block(k): v.tolist() for k, v in other.state_dict().items()} == {
        k: v.tolist() for k, v in one.state_dict().items()
    }
    x = torch.rand(3, 1, 32, 32)
    assert torch.equal(one(x), other(x))
    back, _ = dissolve(project, None, instance)
    assert compile_project(back).build(seed=3)(x).equal(one(x))
