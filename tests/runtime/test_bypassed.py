"""A drawing with nodes that are switched off is understood, written, trained and exported like the one without them."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from drawings import Drawing, plan_with
from graph.bypassing import bypass
from graph.edits import remove_and_heal
from graph.model import Definitions, Project
from graph.plan import Choice, Objective
from runtime.analyser import analyse
from runtime.codegen import generate
from runtime.compiler import compile_project
from runtime.events import Failed
from trainings import cnn, digits, epochs_of, plan, run, step_series, with_facts


def switched(project: Project, *names: str) -> Project:
    """The project with these nodes off."""
    graph = project.graph
    ids = [graph.node_named(name).id for name in names]
    return project.with_graph(bypass(graph, ids, project.catalog, bypassed=True))


def without(project: Project, *names: str) -> Project:
    """The project as a person would draw it without these nodes: a wire in their place."""
    graph = project.graph
    return project.with_graph(remove_and_heal(graph, [graph.node_named(n).id for n in names], project.catalog))


def texts(project: Project) -> str:
    """The Python of a project."""
    return generate(project, analyse(project)).text


@pytest.fixture(scope="module")
def classifier() -> Project:
    """A small convolutional network over the digits, of one epoch."""
    return digits(cnn, plan(epochs=1))


NAMES = [("dropout1",), ("norm1", "relu1"), ("dropout1", "norm1", "relu1", "pool1")]


@pytest.mark.parametrize("names", NAMES)
def test_it_is_understood_and_written_like_the_drawing_without(classifier, names):
    one, other = switched(classifier, *names), without(classifier, *names)
    assert texts(one) == texts(other) != texts(classifier)
    known, expected = analyse(one), analyse(other)
    assert known.nodes == expected.nodes
    assert known.problems == expected.problems == ()
    assert known.parameters == expected.parameters


def test_it_trains_exactly_like_the_drawing_without(classifier, tmp_path):
    names = ("norm1", "relu1")
    one = run(switched(classifier, *names), tmp_path / "one")
    other = run(without(classifier, *names), tmp_path / "other")
    assert step_series(one) == step_series(other)
    assert epochs_of(one) == epochs_of(other)
    assert step_series(one) != step_series(run(classifier, tmp_path / "all"))


def test_a_layer_that_is_on_again_has_never_been_off(classifier):
    ids = [classifier.graph.node_named("norm1").id]
    off = bypass(classifier.graph, ids, classifier.catalog, bypassed=True)
    on = classifier.with_graph(bypass(off, ids, classifier.catalog, bypassed=False))
    assert texts(on) == texts(classifier)
    assert on == classifier


def test_a_metric_and_a_loss_that_are_off_are_not_computed(classifier):
    d = Drawing("Net", classifier.plan)
    d.graph = classifier.graph
    d.add("nn.MultiMarginLoss", "second", d.port("fc1"), d.port("digits", "label"))
    off = switched(d.project, "second", "accuracy1")
    assert texts(off) == texts(without(classifier, "accuracy1"))
    assert [program.losses for program in compile_project(off).programs] == [
        program.losses for program in compile_project(without(classifier, "accuracy1")).programs
    ]


def test_of_several_losses_of_an_objective_the_others_stay(tmp_path):
    project = digits(cnn, plan(epochs=1))
    d = Drawing("Net")
    d.graph = project.graph
    d.add("nn.MultiMarginLoss", "second", d.port("fc1"), d.port("digits", "label"))
    terms = ((d.id("loss"), 1.0), (d.id("second"), 0.5))
    objective = replace(project.plan.objectives[0], losses=terms)
    both = replace(d.project, plan=replace(project.plan, objectives=(objective,)))
    alone = project.with_plan(replace(project.plan, objectives=(replace(objective, losses=terms[:1]),)))
    assert step_series(run(switched(both, "second"), tmp_path / "one")) == step_series(run(alone, tmp_path / "other"))


def test_objectives_that_take_turns_keep_their_parts(tmp_path):
    """One trains the head, the other the trunk; with the head's second layer off each does so still."""
    d = Drawing("Two")
    d.add("data.Images", "digits", source="builtin:digits", image_size=8)
    d.graph = with_facts(d.project).graph
    x = d.add("nn.Flatten", "flatten", d.port("digits", "image"))
    x = d.add("nn.Linear", "trunk", x, out_features=10)
    x = d.add("nn.Linear", "head", d.add("nn.Linear", "extra", x, out_features=10), out_features=10)
    d.add("nn.CrossEntropyLoss", "loss", x, d.port("digits", "label"))
    sgd = Choice("torch.optim.SGD", {"lr": 0.1})
    first = Objective("first", (), (d.id("head"), d.id("extra")), sgd)
    second = Objective("second", (), (d.id("trunk"),), sgd)
    project = replace(d.project, plan=replace(d.plan, objectives=(first, second), device="cpu", epochs=1))
    off = switched(project, "extra")
    assert analyse(off).errors == ()
    assert [program.objective for program in compile_project(off).programs] == [
        replace(first, parameters=(d.id("head"),)),
        second,
    ]
    rest = without(project, "extra")
    rest = rest.with_plan(replace(rest.plan, objectives=(replace(first, parameters=(d.id("head"),)), second)))
    one, other = run(off, tmp_path / "one"), run(rest, tmp_path / "other")
    assert epochs_of(one) == epochs_of(other)
    for name in ("loss", "second_loss"):
        assert step_series(one, name) == step_series(other, name)


def block(*off: str) -> Definitions:
    """y = relu(up(relu(down(x)))) + x, with some of its nodes off."""
    d = Drawing("Res")
    x = d.add("op.Input", "x", shape=(6,))
    y = d.add("nn.ReLU", "relu1", d.add("nn.Linear", "down", x, out_features=6))
    y = d.add("nn.ReLU", "relu2", d.add("nn.Linear", "up", y, out_features=6))
    d.add("op.Output", "y", d.add("op.Add", "sum", y, x))
    d.graph = bypass(d.graph, [d.id(name) for name in off], d.definitions.catalog, bypassed=True)
    return d.as_block()


@pytest.mark.parametrize("use", [{}, {"use": "repeat", "times": 3}])
def test_inside_a_block(use):
    def outer(definitions: Definitions) -> Project:
        d = Drawing(definitions=definitions)
        d.add("op.Output", "y", d.add("block.Res", "res", d.add("op.Input", "x", shape=(6,)), **use))
        return d.project

    off = outer(block("relu1", "up", "relu2"))
    whole = outer(block())
    definitions = whole.definitions
    inner = definitions.blocks["b1"]
    ids = [inner.graph.node_named(name).id for name in ("relu1", "up", "relu2")]
    cut = replace(inner, graph=remove_and_heal(inner.graph, ids, whole.catalog))
    healed = whole.with_block(cut)
    assert texts(off) == texts(healed) != texts(whole)
    data = torch.randn(4, 6)
    one, other = (compile_project(project).build(seed=5) for project in (off, healed))
    assert one.state_dict().keys() == other.state_dict().keys()
    torch.testing.assert_close(one(data), other(data))


def test_a_block_that_is_off_is_passed():
    d = Drawing(definitions=block())
    x = d.add("nn.Linear", "first", d.add("op.Input", "x", shape=(6,)), out_features=6)
    d.add("op.Output", "y", d.add("block.Res", "res", x))
    assert texts(switched(d.project, "res")) == texts(without(d.project, "res"))


@pytest.mark.parametrize("off", ["first", "second"])
def test_layers_that_share_their_weights_go_on_when_one_is_off(off):
    d = Drawing()
    x = d.add("nn.Linear", "first", d.add("op.Input", "x", shape=(6,)), out_features=6)
    x = d.add("nn.Linear", "second", x, out_features=6, shares="first")
    d.add("op.Output", "y", d.add("nn.Linear", "third", x, out_features=6, shares="first"))
    project = switched(d.project, off)
    compiled = compile_project(project)
    model = compiled.build(seed=0)
    assert compiled.analysis.parameters == sum(p.numel() for p in model.parameters()) == 6 * 6 + 6
    assert texts(project) == texts(without(d.project, off))
    data = torch.randn(3, 6)
    layer = next(module for module in model.modules() if isinstance(module, torch.nn.Linear))
    torch.testing.assert_close(model(data), layer(layer(data)))


def test_a_chain_of_nodes_that_are_off_is_one_wire():
    d = Drawing()
    x = d.add("op.Input", "x", shape=(6,))
    y = x
    for i in range(12):
        y = d.add("nn.Linear", f"fc{i}", y, out_features=3 + i)
    d.add("op.Output", "y", d.add("nn.ReLU", "relu", y))
    project = switched(d.project, *(f"fc{i}" for i in range(12)))
    data = torch.randn(2, 6)
    torch.testing.assert_close(compile_project(project).build(seed=0)(data), data.relu())


def test_what_needs_the_layer_that_is_off_has_a_problem_with_its_mend():
    d = Drawing(plan=plan_with())
    x = d.add(
        "nn.Embedding", "words", d.add("op.Input", "x", shape=(5,), dtype="int64"), num_embeddings=9, embedding_dim=4
    )
    d.add("op.Output", "y", d.add("nn.Linear", "fc", x, out_features=2))
    assert analyse(d.project).errors == ()
    (error,) = analyse(switched(d.project, "words")).errors
    assert error.node == d.id("fc")


def test_a_loss_that_is_off_leaves_nothing_to_train(classifier, tmp_path):
    assert texts(switched(classifier, "loss", "accuracy1")) == texts(without(classifier, "loss", "accuracy1"))
    (refused,), (expected,) = (
        [event for event in run(project, tmp_path) if isinstance(event, Failed)]
        for project in (switched(classifier, "loss"), without(classifier, "loss"))
    )
    assert refused.message == expected.message
