"""What is alike in a module is one block, loops are repeats; what is frozen, unused, or done in training alone comes as such."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import nn

import importer_corpus_images
import importer_corpus_people
import importer_corpus_small
from graph import files
from graph.model import Project
from importer_corpus import CASES, built, floats
from runtime import cli_values
from runtime.compiler import compile_project
from runtime.importer import gathering, proof
from runtime.importer.drawing import nodes_in
from runtime.importer.module import import_module


def repeats(project: Project) -> list[tuple[str, Any]]:
    return [(node.name, node.params["times"]) for node in nodes_in(project) if node.params.get("use") == "repeat"]


def test_modules_of_one_class_and_form_are_one_block_that_is_repeated():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.steps = nn.ModuleList(importer_corpus_small.Expert() for _ in range(3))
            self.body = nn.ModuleList(nn.Sequential(nn.Linear(6, 6), nn.ReLU()) for _ in range(3))
            self.wide, self.narrow = (nn.Sequential(nn.Linear(6, n), nn.ReLU(), nn.Linear(n, 6)) for n in (12, 4))
            self.again = importer_corpus_people.Residual()

        def forward(self, x):
            for step, part in zip(self.steps, self.body, strict=True):
                x = part(step(x, shift=x))
            return self.again(self.again(self.narrow(self.wide(x))))

    module = Net()
    made = import_module(module, [floats(6)])
    assert [block.name for block in made.project.blocks.values()] == [
        "Expert",
        "Body",
        "Sequential",
        "Residual",
        "Layer",
    ]
    assert repeats(made.project) == [("layers", 3), ("again", 2)]
    assert [(p.name, p.default) for p in made.project.blocks["b3"].params] == [("features", 12)]
    assert made.report.unrolled == {"again": 2}
    torch.testing.assert_close(made.weights["layers.2.step.fc.weight"], module.get_parameter("steps.2.fc.weight"))


def test_each_list_is_a_repeat_of_its_own_name_and_several_side_by_side_are_layers():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder, self.decoder = (
                nn.ModuleList(importer_corpus_people.Residual() for _ in range(n)) for n in (3, 2)
            )
            self.norms = nn.ModuleList(nn.LayerNorm(6) for _ in range(3))
            self.gates = nn.ModuleList(nn.Linear(6, 6) for _ in range(3))

        def forward(self, x):
            for part in (*self.encoder, *self.decoder):
                x = part(x)
            for norm, gate in zip(self.norms, self.gates, strict=True):
                x = x * gate(norm(x))
            return x

    module = Net()
    made = import_module(module, [floats(6)])
    assert repeats(made.project) == [("encoder", 3), ("decoder", 2), ("layers", 3)]
    assert [block.name for block in made.project.blocks.values()] == ["Residual", "Layer"]
    assert {name for name in made.weights if name.startswith("layers.1.")} == {
        f"layers.1.{part}.{kind}" for part in ("norm", "gate") for kind in ("weight", "bias")
    }
    for name in ("encoder.2", "decoder.0"):
        wanted = module.get_submodule(name).state_dict()
        assert all(torch.equal(made.weights[f"{name}.{key}"], tensor) for key, tensor in wanted.items())
    assert made.report.nodes == len(made.project.graph.nodes) == 5
    assert made.report.inside == sum(len(block.graph.nodes) for block in made.project.blocks.values())


@pytest.mark.slow
def test_stages_of_a_network_are_one_block_with_parameters():
    made = import_module(built(CASES["BottleneckNet"]), CASES["BottleneckNet"].inputs)
    params = {block.name: [param.name for param in block.params] for block in made.project.blocks.values()}
    assert params["Bottleneck"] == ["stride", "channels"] and params["Bottleneck2"] == ["channels"]
    assert made.report.instances == 8 and repeats(made.project) == [("bottlenecks", 2)]


@pytest.mark.parametrize(
    ("name", "found"),
    [
        pytest.param("PairsInAList", [("layers", 4)], marks=pytest.mark.slow),
        pytest.param("ListsInLists", [("stages", 2), ("layers", 3)], marks=pytest.mark.slow),
        pytest.param("MaskedStack", [("blocks", 3)], marks=pytest.mark.slow),
        pytest.param("OneBlockAgainAndAgain", [("step", 4)], marks=pytest.mark.slow),
    ],
)
def test_a_loop_over_modules_is_a_repeat(name, found):
    assert repeats(import_module(built(CASES[name]), CASES[name].inputs).project) == found


def test_a_drawing_that_cannot_be_gathered_stays_as_it_was_recorded(monkeypatch):
    monkeypatch.setattr(
        gathering, "with_repeats", lambda project, _: (project.with_plan(project.plan), {}, {"lost": 1})
    )
    monkeypatch.setattr(gathering, "_titled", lambda project, _: project.with_graph(type(project.graph)()))
    made = import_module(
        built(CASES[importer_corpus_images.SeBlock.__name__]), CASES[importer_corpus_images.SeBlock.__name__].inputs
    )
    assert made.report.proof.outputs == 0 and len(made.project.graph.nodes) > 1


def test_what_takes_no_part_is_left_out_and_what_is_frozen_stays_so():
    class Net(importer_corpus_people.UnusedHead):
        def __init__(self):
            super().__init__()
            self.body.requires_grad_(False)

    made = import_module(Net(), [floats(6)])
    assert made.report.unused == ("scale", "aux") and made.report.unused_numbers == 3 + 20 + 35
    assert made.report.parameters == 28 + 10
    assert made.report.frozen == ("body",) and made.report.resting == ()
    graph = made.project.graph
    assert [graph.nodes[node].name for node in made.project.plan.frozen] == ["body"]


def test_the_proof_sees_who_gets_gradients():
    """A parameter that learns in one of the two alone, or one that was said to take no part."""
    one, other = nn.Linear(4, 3), nn.Linear(4, 3)
    other.load_state_dict(one.state_dict())
    sides = [
        proof.Side(lambda inputs, m=m: {"y": m(inputs["x"])}, m.train, dict(m.named_parameters()), {})
        for m in (one, other)
    ]
    given = [{"x": torch.randn(3, 4)}]
    proof.prove(sides[0], sides[1], given)
    with pytest.raises(proof.Mismatch, match="'bias' gets a gradient"):
        other.bias.requires_grad_(False)
        proof.prove(sides[0], sides[1], given)
    loose = replace(sides[0], learned={"weight": one.weight}, unused={"bias": one.bias})
    with pytest.raises(proof.Mismatch, match="'bias' gets a gradient"):
        proof.prove(loose, replace(sides[1], learned={"weight": other.weight}), given)


def test_what_training_alone_does_is_code_with_both_ways():
    made = import_module(built(CASES["NoisyInTraining"]), CASES["NoisyInTraining"].inputs)
    (code,) = made.project.definitions.codes.values()
    assert code.name == "GaussianNoise1"
    assert code.text.endswith(
        "        if self.training:\n            y1 = torch.randn_like(x)\n            y2 = y1 * 0.1\n            y3 = x + y2\n"
        "            return y3\n        return x\n"
    )


def test_an_input_may_be_one_number_a_sample(tmp_path):
    made = import_module(built(CASES["ConditionalGenerator"]), CASES["ConditionalGenerator"].inputs)
    label = made.project.graph.node_named("y")
    assert label is not None and label.params == {"shape": (), "dtype": "int64"}
    files.save(made.project, tmp_path / "made.layerloom")
    assert files.load(tmp_path / "made.layerloom") == made.project
    network = compile_project(made.project).build(seed=0)
    assert network(torch.randn(3, 8), torch.tensor([1, 2, 3])).shape == (3, 5)
    assert cli_values.shape("scalar") == ()
