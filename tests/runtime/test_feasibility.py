"""What cannot be trained as planned is found before it starts, with the mend."""

from __future__ import annotations

from dataclasses import replace

import pytest

from drawings import Drawing
from graph.model import Link
from graph.plan import Plan, Split
from random_graphs import CLASSES, IMAGES
from runtime.analyser import analyse


def normalized(plan: Plan, *, pooled: bool = True) -> Drawing:
    """A classifier of 100 images with a batch normalization where the images have one pixel left, or all."""
    d = Drawing("Net", plan)
    d.add("data.Images", "images", facts=IMAGES)
    x = d.add("nn.Conv2d", "conv", d.port("images", "image"), out_channels=4)
    x = d.add("nn.AdaptiveAvgPool2d", "pool", x) if pooled else x
    x = d.add("nn.Flatten", "flat", d.add("nn.BatchNorm2d", "norm", x))
    scores = d.add("nn.Linear", "logits", x, out_features=CLASSES)
    d.add("nn.CrossEntropyLoss", "loss", scores, d.port("images", "label"))
    return d


def found(d: Drawing) -> list:
    return [problem for problem in analyse(d.project).problems if problem.code == "batch-of-one"]


@pytest.mark.parametrize("size", [1, 3, 23, 69])
def test_a_normalization_that_meets_a_batch_of_one_is_named_and_mended(size):
    d = normalized(Plan(batch_size=size))  # of 100 samples 70 are for training
    (problem,) = found(d)
    assert problem.node == d.id("norm") and "70 training samples" in str(problem.message)
    mended = problem.fixes[0].edit(d.project)
    assert mended.plan.batch_size > size and analyse(mended).problems == ()


def test_a_normalization_inside_a_block_is_found_at_its_instance():
    block = Drawing("Normalized")
    x = block.add("op.Input", "x", shape=(4, 1, 1))
    block.add("op.Output", "output", block.add("nn.BatchNorm2d", "norm", x))
    flat = normalized(Plan(batch_size=69))
    d = Drawing("Net", flat.plan, block.as_block())
    d.graph = flat.graph
    d.graph = d.graph.put(replace(d.graph.nodes[d.id("norm")], type="block.b1"))
    wires = [link for link in d.graph.links.values() if d.id("norm") in (link.source.node, link.target.node)]
    source, target = wires[0].source, next(link.target for link in wires if link.source.node == d.id("norm"))
    d.graph = d.graph.disconnect(wires)
    d.wire(source, "norm", "x")
    d.graph = d.graph.connect(Link(d.port("norm"), target))
    (problem,) = found(d)
    assert problem.node == d.id("norm") and problem.block is None


@pytest.mark.parametrize("size", [2, 32, 70, 1000])
def test_larger_last_batches_are_no_problem(size):
    assert found(normalized(Plan(batch_size=size))) == []


def test_one_sample_is_enough_where_it_has_more_than_one_pixel():
    assert found(normalized(Plan(batch_size=1), pooled=False)) == []


def test_what_is_not_trained_may_see_one_sample():
    d = normalized(Plan(batch_size=1))
    d.graph = d.graph.remove([d.id("loss")])
    assert found(d) == []


def test_an_impossible_split_is_told_by_others():
    d = normalized(Plan(batch_size=1, split=Split(0.5, 0, 0)))
    assert found(d) == [] and analyse(d.project).errors
    few = {**IMAGES, "samples": 1}
    d = normalized(Plan(batch_size=1, split=Split(1, 0, 0)))
    d.graph = d.graph.put(replace(d.graph.nodes[d.id("images")], facts=few))
    (problem,) = found(d)
    assert problem.fixes == ()
