"""How weights begin in networks with ties, blocks and expressions, and the mends for choices that do not fit."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import nn

from drawings import Drawing
from graph.model import BlockParam, Project
from graph.plan import Choice
from runtime.analyser import analyse
from runtime.compiler import compile_project

NORMAL = Choice("torch.nn.init.normal_", {"std": 0.02})
KAIMING = Choice("torch.nn.init.kaiming_uniform_", {"nonlinearity": "auto"})


def test_a_tied_weight_begins_once_and_as_its_own_layer_says():
    d = Drawing("Tied")
    x = d.add("nn.Embedding", "emb", d.add("op.Input", "tokens", shape=(5,), dtype="int64"), num_embeddings=11, embedding_dim=4,
              padding_idx=0)  # fmt: skip
    d.add("op.Output", "y", d.add("nn.Linear", "head", x, out_features=11, shares="emb"))
    graph = d.graph.put(replace(d.graph.node_named("emb"), weight_init=NORMAL))
    compiled = compile_project(replace(d.project.with_graph(graph), weight_init=KAIMING))
    assert "kaiming" not in compiled.source.text
    model = compiled.build(seed=1)
    assert model.head.weight is model.emb.weight
    assert torch.equal(model.emb.weight[0], torch.zeros(4))
    torch.manual_seed(1)
    by_hand = nn.Embedding(11, 4, padding_idx=0)
    nn.Linear(4, 11)
    nn.init.normal_(by_hand.weight, std=0.02)
    assert torch.equal(model.emb.weight[1:], by_hand.weight[1:])


def block_with(conv: dict, after: str, **params) -> Drawing:
    inner = Drawing("Inner")
    y = inner.add("nn.Conv2d", "conv", inner.add("op.Input", "x", shape=(3, 8, 8)), **conv)
    inner.add("op.Output", "y", inner.add(after, "act", y, **params))
    return inner


def used(inner: Drawing, *params: BlockParam, **values) -> Project:
    d = Drawing("Net", definitions=inner.as_block(*params))
    x = d.add("op.Input", "x", shape=(3, 8, 8))
    d.add("op.Output", "y", d.add("block.Inner", "inner", x, **values))
    return d.project


def test_the_slope_of_an_instance_decides_about_the_gain():
    inner = block_with({"out_channels": 4, "kernel_size": 3}, "nn.LeakyReLU", negative_slope="=slope")
    project = replace(used(inner, BlockParam("slope", 0.1), slope=0.5), weight_init=KAIMING)
    compiled = compile_project(project)
    assert "nn.init.kaiming_uniform_(self.conv.weight, a=slope)" in compiled.source.text
    model = compiled.build(seed=2)
    torch.manual_seed(2)
    conv = nn.Conv2d(3, 4, 3)
    nn.init.kaiming_uniform_(conv.weight, a=0.5)
    assert torch.equal(model.inner.conv.weight, conv.weight)


def test_the_mend_of_a_misfit_changes_nothing_else():
    inner = block_with({"out_channels": "=2 * channels", "kernel_size": 3}, "nn.ReLU")
    project = used(inner, BlockParam("channels", 4))
    (block,) = project.blocks.values()
    conv = block.graph.node_named("conv")
    project = project.with_drawing(block.id, block.graph.put(replace(conv, weight_init=Choice("torch.nn.init.eye_"))))
    problem = next(p for p in analyse(project).problems if p.code == "initialization")
    mended = problem.fixes[0].edit(project).blocks[block.id].graph.nodes[conv.id]
    assert mended.weight_init is None
    assert mended.params["out_channels"] == "=2 * channels"


def test_what_an_instance_makes_wrong_is_said_with_its_numbers():
    inner = block_with({"out_channels": "=channels // 2", "kernel_size": 3}, "nn.ReLU")
    problems = [str(p.message) for p in analyse(used(inner, BlockParam("channels", 4), channels=-4)).errors]
    assert any("'inner'" in text and "'out_channels' cannot be -2" in text for text in problems), problems
    problems = [str(p.message) for p in analyse(used(inner, BlockParam("channels", 4), channels=4)).errors]
    assert problems == []


def test_a_fraction_where_a_whole_number_is_needed_names_the_way_out():
    inner = block_with({"out_channels": "=channels / 2", "kernel_size": 3}, "nn.ReLU")
    (first, *_) = [str(p.message) for p in analyse(used(inner, BlockParam("channels", 4))).errors]
    assert "// divides without a rest" in first


def test_parameters_of_what_is_not_built_do_not_count():
    d = Drawing()
    x = d.add("op.Input", "x", shape=(4,))
    d.add("op.Output", "y", d.add("nn.Linear", "kept", x, out_features=2))
    d.add("nn.Linear", "loose", x, out_features=8)
    compiled = compile_project(d.project)
    assert compiled.analysis.parameters == sum(p.numel() for p in compiled.build().parameters()) == 10
    assert compiled.analysis.nodes[d.id("loose")].parameters == 40
