"""Compiled random drawings against an interpreter that walks the wires: difference 0, and shapes as announced."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from graph.files import from_text, to_text
from graph.model import Project
from random_graphs import CLASSES, Artist, Interpreter
from runtime.compiler import Compiled, compile_project

SEEDS = range(30)
BATCH = 5


def project_of(kind: str, seed: int) -> Project:
    artist = Artist(seed)
    return artist.convolutional() if kind == "images" else artist.perceptron()


def batch_for(compiled: Compiled, seed: int) -> torch.Tensor:
    (port,) = compiled.inputs
    shape = compiled.analysis.spec(port).shape[1:]
    return torch.randn(BATCH, *shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("kind", ["images", "table"])
def test_a_drawing_computes_what_its_wires_say(kind, seed):
    project = project_of(kind, seed)
    compiled = compile_project(project)
    assert compiled.analysis.problems == ()
    model, x = compiled.build(seed=seed), batch_for(compiled, seed)
    (output,) = compiled.outputs
    for training in (False, True):
        model.train(training)
        torch.manual_seed(seed)
        expected = Interpreter(project, model, training=training).compute(x)
        torch.manual_seed(seed)
        assert torch.equal(model(x), expected[output.node])
        for node, tensor in expected.items():
            announced = compiled.analysis.nodes[node].outputs["output"]
            assert [BATCH if size == "B" else size for size in announced.shape] == list(tensor.shape)
            assert tensor.dtype == getattr(torch, announced.dtype)


@pytest.mark.parametrize("seed", SEEDS[::3])
@pytest.mark.parametrize("kind", ["images", "table"])
def test_training_sees_the_same_loss_and_every_parameter_gets_its_gradient(kind, seed):
    project = from_text(to_text(project_of(kind, seed)))
    compiled = compile_project(project)
    model, x = compiled.build(seed=seed), batch_for(compiled, seed)
    target = torch.randint(0, CLASSES, (BATCH,), generator=torch.Generator().manual_seed(seed))
    model.eval()
    losses, _ = compiled.programs[0].build(model)(x, target)
    (loss,) = losses.values()
    assert torch.equal(loss, F.cross_entropy(model(x), target))
    loss.backward()
    assert sum(p.numel() for p in model.parameters()) == compiled.analysis.parameters
    assert all(p.grad is not None for p in model.parameters())


def test_the_drawings_differ_and_use_what_there_is():
    projects = [project_of(kind, seed) for kind in ("images", "table") for seed in SEEDS]
    used = {node.type.rpartition(".")[2] for project in projects for node in project.graph.nodes.values()}
    assert len({to_text(project) for project in projects}) == len(projects)
    assert used >= {"Add", "Subtract", "Multiply", "Concatenate", "Dropout", "MaxPool2d", "AvgPool2d", "BatchNorm1d"}
    assert used >= {"BatchNorm2d", "GroupNorm", "LayerNorm", "AdaptiveAvgPool2d"}
