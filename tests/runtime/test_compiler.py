"""Compiled drawings against the same networks written by hand: difference 0."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from drawings import lenet5, mlp, with_images
from graph.messages import ProjectError
from runtime.compiler import compile_project


class LeNet5(nn.Module):
    """Written by hand, in the order of the drawing."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(400, 120)
        self.fc2 = nn.Linear(120, 84)
        self.logits = nn.Linear(84, 10)

    def forward(self, x):
        x = F.avg_pool2d(torch.tanh(self.conv1(x)), 2)
        x = F.avg_pool2d(torch.tanh(self.conv2(x)), 2)
        x = torch.tanh(self.fc1(x.flatten(1)))
        return self.logits(torch.tanh(self.fc2(x)))


def test_same_seed_same_weights_outputs_and_gradients_as_by_hand():
    compiled = compile_project(lenet5().project)
    drawn = compiled.build(seed=3)
    torch.manual_seed(3)
    by_hand = LeNet5()
    assert drawn.state_dict().keys() == by_hand.state_dict().keys()
    x, y = torch.randn(7, 1, 32, 32), torch.randint(0, 10, (7,))
    losses, watched = compiled.programs[0].build(drawn)(x, y)
    expected = by_hand(x)
    loss = F.cross_entropy(expected, y)
    assert torch.equal(watched["accuracy"][0], expected) and torch.equal(losses["loss"], loss)
    losses["loss"].backward()
    loss.backward()
    for (name, p), q in zip(drawn.named_parameters(), by_hand.parameters(), strict=True):
        assert torch.equal(p.grad, q.grad), name


def test_inputs_and_outputs_are_ports_of_the_drawing():
    d = lenet5()
    compiled = compile_project(d.project)
    assert compiled.inputs == (d.port("digits", "image"),)
    assert compiled.outputs == (d.port("logits"),)
    assert compiled.programs[0].inputs == (d.port("digits", "image"), d.port("digits", "label"))


def test_an_error_in_the_drawing_stops_compiling_and_names_the_node():
    d = mlp()
    project = d.project.with_graph(d.graph.set_params(d.id("fc2"), {"in_features": 7}))
    with pytest.raises(ProjectError, match="'fc2' expects in_features = 7") as caught:
        compile_project(project)
    assert caught.value.node == d.id("fc2")


def test_a_drawing_without_layers_is_refused():
    d, _, _ = with_images()
    with pytest.raises(ProjectError):
        compile_project(d.project)


def test_a_traceback_points_at_the_generated_line():
    compiled = compile_project(mlp().project)
    with pytest.raises(RuntimeError) as caught:
        compiled.build()(torch.zeros(2, 3))
    lines = [str(entry.statement).strip() for entry in caught.traceback]
    assert any(line.startswith("fc1 = self.fc1(flatten)") for line in lines)
