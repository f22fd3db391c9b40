"""Compiled random drawings against an interpreter that walks the wires: difference 0, and shapes as announced."""

from __future__ import annotations

from collections import Counter

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from amount import some
from graph.files import from_text, to_text
from graph.model import Graph, Port, Project
from graph.problems import Severity
from random_graphs import CLASSES, KINDS, WORDS, Interpreter, random_project
from runtime.compiler import Compiled, compile_project

SEEDS = range(70)
BATCH = 3


def batch_for(compiled: Compiled, seed: int) -> dict[Port, Tensor]:
    """What leaves the data and Input nodes: random numbers, and whole ones from 1 for words and lengths."""
    generator = torch.Generator().manual_seed(seed)
    given = {}
    for node in compiled.project.graph.nodes.values():
        if node.type == "layerloom.Input" or node.type.startswith("layerloom.data."):
            for name, spec in compiled.analysis.nodes[node.id].outputs.items():
                shape = (BATCH, *spec.shape[1:])
                whole = torch.randint(0, CLASSES, shape, generator=generator) + (spec.classes is None)
                given[Port(node.id, name)] = whole if spec.dtype == "int64" else torch.randn(shape, generator=generator)
    assert WORDS > CLASSES  # so that every whole number is a word
    return given


def check(project: Project, seed: int) -> None:
    """Everything that must hold for a drawing."""
    compiled = compile_project(project)
    assert {problem.code for problem in compiled.analysis.problems} <= {"unused", "no-loss", "no-data"}
    assert all(problem.severity is Severity.WARNING for problem in compiled.analysis.problems)
    assert from_text(to_text(project)) == project
    model, data = compiled.build(seed=seed), batch_for(compiled, seed)
    assert sum(p.numel() for p in model.parameters()) == compiled.analysis.parameters
    for training in (False, True):
        model.train(training)
        interpreter = Interpreter(project, model, training=training)
        torch.manual_seed(seed)
        with torch.no_grad():
            expected = interpreter.compute(data, first=[port.node for port in compiled.outputs])
        torch.manual_seed(seed)
        with torch.no_grad():
            result = model(*(data[port] for port in compiled.inputs))
        given = result if isinstance(result, tuple) else (result,)
        for port, tensor in zip(compiled.outputs, given, strict=True):
            torch.testing.assert_close(tensor, expected[port], rtol=0, atol=0, equal_nan=True)
    for port, tensor in expected.items():
        announced = compiled.analysis.spec(port)
        assert [BATCH if size == "B" else size for size in announced.shape] == list(tensor.shape)
        assert tensor.dtype == getattr(torch, announced.dtype)
    left = {key for key in model.state_dict().keys() - interpreter.read if not key.endswith("num_batches_tracked")}
    assert not left, "the drawing promises these names to nobody"


@pytest.mark.parametrize("seed", some(SEEDS, every=2))
@pytest.mark.parametrize("kind", KINDS)
def test_a_drawing_computes_what_its_wires_say(kind, seed):
    check(random_project(seed, kind), seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1000, 1340))
@pytest.mark.parametrize("kind", KINDS)
def test_a_thousand_drawings_compute_what_their_wires_say(kind, seed):
    check(random_project(seed, kind), seed)


@pytest.mark.parametrize("seed", SEEDS[::7])
@pytest.mark.parametrize("kind", KINDS)
def test_every_parameter_gets_the_gradient_that_the_wires_say(kind, seed):
    project = random_project(seed, kind)
    compiled = compile_project(project)
    model, data = compiled.build(seed=seed).eval(), batch_for(compiled, seed)
    interpreter = Interpreter(project, model, training=False)
    expected = interpreter.compute(data, first=[])
    (output,) = compiled.outputs
    F.cross_entropy(model(*(data[port] for port in compiled.inputs)), torch.arange(BATCH)).backward()
    F.cross_entropy(expected[output], torch.arange(BATCH)).backward()
    names: dict[int, list[str]] = {}
    for name, parameter in model.named_parameters(remove_duplicate=False):
        names.setdefault(id(parameter), []).append(name)
    for parameter in model.parameters():
        grads = [interpreter.state[name].grad for name in names[id(parameter)]]
        total = sum(grad for grad in grads if grad is not None)
        if parameter.grad is None:
            assert isinstance(total, int), names[id(parameter)]
        else:
            torch.testing.assert_close(parameter.grad, total + torch.zeros_like(parameter), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("seed", SEEDS[::7])
@pytest.mark.parametrize("kind", ["images", "table"])
def test_training_sees_the_loss_of_the_network(kind, seed):
    compiled = compile_project(random_project(seed, kind))
    model, data = compiled.build(seed=seed).eval(), batch_for(compiled, seed)
    program = compiled.programs[0]
    losses, _ = program.build(model)(*(data[port] for port in program.inputs))
    scores = model(*(data[port] for port in compiled.inputs))
    target = next(tensor for tensor in data.values() if tensor.dtype is torch.int64)
    assert torch.equal(next(iter(losses.values())), F.cross_entropy(scores, target))


def drawings_of(project: Project) -> list[Graph]:
    return [project.graph, *(block.graph for block in project.blocks.values())]


def test_the_drawings_differ_and_use_what_there_is():
    projects = [random_project(seed, kind) for kind in KINDS for seed in SEEDS]
    nodes = [node for project in projects for graph in drawings_of(project) for node in graph.nodes.values()]
    assert len({to_text(project) for project in projects}) == len(projects)
    used = {node.type.rpartition(".")[2] for node in nodes}
    assert used >= {"Add", "Subtract", "Multiply", "Concatenate", "Dropout", "MaxPool2d", "AvgPool2d", "BatchNorm1d"}
    assert used >= {"BatchNorm2d", "GroupNorm", "LayerNorm", "AdaptiveAvgPool2d", "Embedding", "Select"}
    instances = [node for node in nodes if node.type.startswith("block.")]
    assert min(Counter(node.params.get("use", "call") for node in instances).values()) > 50
    assert len([node for node in instances if node.params.get("shared_weights")]) > 20
    assert len([node for node in instances if str(node.params.get("times")).startswith("=")]) > 20
    assert {node.params.get("direction") for node in instances} >= {"forward", "backward", "both"}
    assert len([node for node in instances if node.shares]) > 20
    assert len([node for node in nodes if node.shares and node.type.startswith("torch.")]) > 50
    assert len([node for node in nodes if node.weight_init]) > 20
    assert len([node for node in nodes if node.name == "scores_again"]) > 5
    held = [(graph.nodes[node.shares], node) for project in projects for graph in drawings_of(project)
            for node in graph.nodes.values() if node.shares]  # fmt: skip
    assert len([node for leader, node in held if leader.params.get("use") != node.params.get("use")]) > 2
    assert max(_depth(project, project.graph) for project in projects) >= 3
    wired = [port.name for project in projects for graph in drawings_of(project) for port in graph.links]
    assert wired.count("lengths") > 20


def _depth(project: Project, graph: Graph) -> int:
    inner = [project.blocks[n.type.removeprefix("block.")] for n in graph.nodes.values() if n.type.startswith("block.")]
    return max((1 + _depth(project, block.graph) for block in inner), default=0)
