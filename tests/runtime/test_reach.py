"""Which parameters a loss reaches: the answer of a real backward pass."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from drawings import lenet5, with_images
from gallery_gans import gan_points
from graph.model import Project
from graph.plan import Objective
from runtime.compiler import compile_project
from runtime.reach import _made_up, reach
from runtime.training.reaching import parameters_of


def two_losses() -> Project:
    """A trunk with two heads; the second sees the trunk behind a detach."""
    d, image, label = with_images()
    trunk = d.add("nn.Linear", "trunk", d.add("nn.Flatten", "flatten", image), out_features=16)
    cut = d.add("op.Detach", "cut", trunk)
    d.add("nn.CrossEntropyLoss", "loss1", d.add("nn.Linear", "head1", trunk, out_features=10), label)
    d.add("nn.CrossEntropyLoss", "loss2", d.add("nn.Linear", "head2", cut, out_features=10), label)
    return d.project


def rounded() -> Project:
    """A choice that has no gradient, and a table behind it that has one."""
    d, image, label = with_images()
    scores = d.add("nn.Linear", "scores", d.add("nn.Flatten", "flatten", image), out_features=5)
    chosen = d.add("op.ArgMax", "chosen", scores, dim=1)
    x = d.add("nn.Embedding", "table", chosen, num_embeddings=5, embedding_dim=4)
    d.add("nn.CrossEntropyLoss", "loss", d.add("nn.Linear", "head", x, out_features=10), label)
    return d.project


DRAWINGS = {
    "LeNet": lambda: lenet5().project,
    "two losses": two_losses,
    "argmax": rounded,
    "GAN": gan_points,
}


def by_backward(project: Project) -> dict[str, frozenset[str]]:
    """For each loss the nodes one of whose parameters has a gradient after `backward()`."""
    compiled = compile_project(project)
    found = {}
    for program in compiled.programs:
        for name in program.losses:
            model = compiled.build(0).eval()
            losses, _ = program.build(model)(*(_made_up(compiled, port) for port in program.inputs))
            losses[name].backward()
            graph = compiled.project.graph
            with_gradient = {id(p) for p in model.parameters() if p.grad is not None}
            nodes = {n for n in graph.nodes if parameters_of(compiled, model, [n]) & with_gradient}
            found[graph.node_named(name).id] = frozenset(nodes)
    return found


@pytest.mark.parametrize("make", DRAWINGS.values(), ids=DRAWINGS)
def test_a_loss_reaches_what_a_backward_pass_gives_a_gradient(make):
    project = make()
    found = reach(project)
    assert found.losses == by_backward(project)
    assert all(found.losses.values())


def test_asking_draws_no_random_numbers():
    torch.manual_seed(7)
    before = torch.get_rng_state()
    reach(gan_points())
    assert torch.equal(torch.get_rng_state(), before)


def names_of(project: Project, nodes: frozenset[str]) -> set[str]:
    return {project.graph.nodes[node].name for node in nodes}


def test_detach_and_argmax_cut_the_gradient():
    project = two_losses()
    losses = {project.graph.nodes[n].name: names_of(project, found) for n, found in reach(project).losses.items()}
    assert losses == {"loss1": {"trunk", "head1"}, "loss2": {"head2"}}
    project = rounded()
    (found,) = reach(project).losses.values()
    assert names_of(project, found) == {"table", "head"}


def test_an_objective_changes_what_its_losses_reach_and_it_may_change():
    project = two_losses()
    ids = {node.name: node.id for node in project.graph.nodes.values()}
    objectives = (
        Objective(name="first", losses=((ids["loss1"], 1.0),), parameters=(ids["trunk"], ids["head2"])),
        Objective(name="second", losses=((ids["loss2"], 1.0),)),
        Objective(name="both"),
    )
    project = project.with_plan(replace(project.plan, objectives=objectives, frozen=(ids["head1"],)))
    found = {name: names_of(project, nodes) for name, nodes in reach(project).objectives.items()}
    assert found == {"first": {"trunk"}, "second": {"head2"}, "both": {"trunk", "head2"}}


@pytest.mark.parametrize("make", DRAWINGS.values(), ids=DRAWINGS)
def test_shapes_are_enough_to_tell(make, monkeypatch):
    """No drawing here needs real numbers."""

    def real(*arguments, **more):
        raise AssertionError("computed with real numbers")

    monkeypatch.setattr("runtime.reach.explaining", real)
    assert reach(make()).losses
