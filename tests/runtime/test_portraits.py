"""Portraits of values, and a sample on its way through a network: the numbers are those of PyTorch by hand."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from graph.files import load
from graph.messages import DataError, RunError
from graph.plan import Split
from runtime import examples
from runtime.asked_samples import sample_of
from runtime.data import prepare
from runtime.portraits import (
    BINS,
    IMAGE,
    MAPS,
    MATRIX,
    MAX_MAPS,
    MAX_SIDE,
    NUMBER,
    SCORES,
    VECTOR,
    WORDS,
    Meaning,
    facts_of,
    portrait_of,
)
from runtime.portraits_steps import Wish, walk_of
from runtime.predict import untrained


def opened(name: str, change=lambda project: project):
    project = change(load(examples.path(name)))
    return untrained(project, prepare(project))


def step(walk, name):
    return next(step for step in walk.steps if step.name == name)


KINDS = [
    ((1, 8, 9), IMAGE, (8, 9)),
    ((6, 8, 9), MAPS, (6, 8, 9)),
    ((3, 8, 8), MAPS, (3, 8, 8)),
    ((12, 32), MATRIX, (12, 32)),
    ((1, 32), VECTOR, (32,)),
    ((32, 1, 1), VECTOR, (32,)),
    ((), NUMBER, (1,)),
    ((1,), NUMBER, (1,)),
    ((4, 5, 6, 7), MAPS, (20, 6, 7)),
]


@pytest.mark.parametrize(("shape", "kind", "drawn"), KINDS)
def test_the_kind_follows_from_the_shape(shape, kind, drawn):
    value = torch.randn(shape)
    found = portrait_of(value)
    assert (found.kind, found.shape, found.drawn.shape) == (kind, shape, drawn)
    assert np.array_equal(found.drawn.reshape(-1), value.reshape(-1).numpy())
    assert (found.low, found.high) == pytest.approx((float(value.min()), float(value.max())))


def test_three_channels_are_colours_where_the_network_is_fed_pictures():
    found = portrait_of(torch.rand(3, 4, 5), Meaning(is_picture=True))
    assert found.kind == IMAGE and found.drawn.shape == (4, 5, 3)


def test_frames_of_a_clip_stand_beside_each_other():
    assert portrait_of(torch.rand(2, 8, 6, 6)).columns == 8
    assert portrait_of(torch.rand(2, 6, 6)).columns is None


def test_facts_are_those_of_pytorch():
    value = torch.tensor([[0.0, 1.0, -3.0], [2.0, 0.0, 5.0]])
    facts = facts_of(value)
    assert (facts.count, facts.low, facts.high, facts.zeros) == (6, -3.0, 5.0, pytest.approx(1 / 3))
    assert facts.mean == pytest.approx(float(value.mean()))
    assert facts.deviation == pytest.approx(float(value.std(correction=0)))
    assert facts.histogram == tuple(int(n) for n in torch.histc(value, BINS).tolist())
    assert facts.first == (0.0, 1.0, -3.0, 2.0, 0.0, 5.0)


def test_what_is_not_finite_is_counted_and_does_not_spoil_the_rest():
    value = torch.tensor([float("nan"), 1.0, float("inf"), 3.0])
    facts, found = facts_of(value), portrait_of(value)
    assert (facts.odd, facts.low, facts.high, facts.mean) == (2, 1.0, 3.0, 2.0)
    assert (found.low, found.high) == (1.0, 3.0)
    assert facts_of(torch.full((3,), float("nan"))).odd == 3 and portrait_of(torch.full((3,), float("nan"))).high == 1.0


def test_large_values_give_small_portraits():
    value = torch.randn(100, 600, 700)
    found = portrait_of(value)
    assert len(found.drawn) == MAX_MAPS and max(found.drawn.shape[1:]) <= MAX_SIDE and found.left_out == 36
    assert found.drawn.nbytes < 2**24 and found.drawn.base is None
    assert np.array_equal(found.drawn[0], value[0, :: found.step, :: found.step].numpy())
    assert found.facts.every > 1 and found.facts.mean == pytest.approx(0, abs=0.01)
    assert portrait_of(torch.arange(5000.0)).drawn.tolist() == list(range(0, 5000, 5))


def test_numbers_have_names():
    words = portrait_of(torch.tensor([2, 0, 1]), Meaning("abc".__getitem__))
    assert (words.kind, words.words) == (WORDS, ("c", "a", "b"))
    scores = portrait_of(torch.tensor([0.1, 2.0, 1.0]), Meaning("abc".__getitem__, (0.1, 0.7, 0.2)))
    assert (scores.kind, scores.words, scores.chances) == (SCORES, ("b", "c", "a"), (0.7, 0.2, 0.1))


def test_it_is_importable_without_torch():
    code = "import sys, runtime.portraits, runtime.portraits_steps; print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


def test_every_step_of_lenet_is_what_its_module_gives():
    trained = opened("lenet5_digits")
    walk = walk_of(trained, Wish(number=5))
    image, label = (samples[5:6] for samples in sample_of(trained, "test", 0, count=6).values())
    value, model = image, trained.model
    modules = dict(model.named_children())
    names = [s.name for s in walk.steps if s.name in modules]
    assert names[0] == "conv1" and names[-1] == "logits" and len(names) == 12
    with torch.no_grad():
        for name in names:
            value = modules[name](value)
            given = step(walk, name).gives["output"]
            assert given.shape == tuple(value.shape[1:])
            assert np.allclose(given.drawn.reshape(-1), value.reshape(-1).numpy(), atol=1e-6), name
    chances = value.softmax(1)[0]
    assert walk.verdict.right == str(int(label)) and walk.verdict.said == str(int(chances.argmax()))
    assert walk.verdict.chance == pytest.approx(float(chances.max()))
    assert step(walk, "logits").gives["output"].chances == pytest.approx(chances.sort(descending=True).values.tolist())
    assert walk.losses == {"loss": pytest.approx(float(nn.functional.cross_entropy(value, label)))}
    conv1 = step(walk, "conv1")
    assert conv1.takes[0].name == "digits.image" and conv1.takes[0].portrait is not None
    assert np.array_equal(conv1.takes[0].portrait.drawn, image[0, 0].numpy())
    assert conv1.formula is not None and "H = W = ⌊(32 + 2·0 − 5) / 1⌋ + 1 = 28" in conv1.formula.sizes
    lines = trained.compiled.source.text.splitlines()
    assert conv1.code and all(lines[number - 1].strip() == text for number, text in conv1.code)
    assert walk.counts == {"train": 1258, "validation": 180, "test": 359}


def test_texts_are_words_and_a_block_has_values_of_each_run():
    trained = opened("gpt_chars")
    walk = walk_of(trained, Wish())
    tokens = step(walk, "sonnets").gives["input"]
    vocabulary = trained.statistics[walk.steps[0].node]["text"]["tokens"]
    numbers = sample_of(trained, "test", 0)[trained.compiled.inputs[0]][0].tolist()
    assert tokens.kind == WORDS
    assert [word.replace("␣", " ").replace("↵", "\n") for word in tokens.words] == [vocabulary[n] for n in numbers]
    node = trained.project.graph.node_named("blocks")
    assert node is not None
    first, second = (walk_of(trained, Wish(way=(node.id,), run=run)) for run in (0, 1))
    assert (first.runs, first.wish.run, second.wish.run) == (2, 0, 1)
    embedded = step(walk, "dropout").gives["output"].drawn
    assert np.array_equal(step(first, "x").gives["output"].drawn, embedded)
    assert np.array_equal(step(first, "added").gives["output"].drawn, step(second, "x").gives["output"].drawn)
    assert np.array_equal(step(second, "added").gives["output"].drawn, step(walk, "blocks").gives["output"].drawn)
    assert [taken.port for taken in step(first, "attention").takes] == ["query", "key", "value", "attn_mask"]


def test_losses_are_of_the_same_random_numbers_as_the_values():
    trained = opened("vae_digits")
    walk = walk_of(trained, Wish(number=2))
    ink, pixels = (torch.from_numpy(step(walk, name).gives["output"].drawn) for name in ("ink", "pixels"))
    loss = nn.functional.binary_cross_entropy_with_logits(ink, pixels)
    assert walk.losses["reconstruction"] == pytest.approx(float(loss), rel=1e-5)
    code, mean, variance, noise = (
        step(walk, n).gives["output"].drawn for n in ("code", "mean", "log_variance", "noise")
    )
    assert np.allclose(code, mean + np.exp(0.5 * variance) * noise, atol=1e-5)


def test_the_random_numbers_of_a_run_are_not_touched():
    trained = opened("vae_digits")
    before = torch.get_rng_state()
    walk_of(trained, Wish())
    assert torch.equal(before, torch.get_rng_state())


def test_there_is_a_sentence_for_what_cannot_be_shown():
    def without_validation(project):
        split = replace(project.plan.split, validation=0.0, train=0.8, test=0.2)
        return project.with_plan(replace(project.plan, split=split))

    trained = opened("mlp_regression", without_validation)
    assert isinstance(trained.project.plan.split, Split)
    with pytest.raises(DataError, match="no samples"):
        walk_of(trained, Wish("validation"))
    with pytest.raises(RunError, match="not in the network"):
        walk_of(trained, Wish(way=("nowhere",)))
    assert walk_of(trained, Wish("test", 10_000)).wish.number == walk_of(trained, Wish()).counts["test"] - 1


@pytest.mark.parametrize(
    "name",
    [n if n in ("tagger_bilstm", "gan_points") else pytest.param(n, marks=pytest.mark.slow) for n in examples.READY],
)
def test_every_example_can_be_walked_and_every_node_has_a_formula(name):
    trained = opened(name)
    walk = walk_of(trained, Wish())
    assert [s.node for s in walk.steps if s.formula is None] == []
    wired = {link.source for link in trained.compiled.project.graph.links.values()}
    assert all(port.name in step.gives for step in walk.steps for port in wired if port.node == step.node)


def test_a_critic_shows_what_it_is_given_by_each_of_its_instances():
    trained = opened("wgan_gp_points")
    graph, seen = trained.project.graph, {}
    for name in ("judge_real", "judge_fake", "slope"):
        walk = walk_of(trained, Wish(way=(graph.node_named(name).id,)))
        assert all(step.gives for step in walk.steps if step.name != "score") and (walk.runs, walk.calls) == (1, 1)
        seen[name] = step(walk, "point").portrait.facts.first
    assert len(set(seen.values())) == 3
    whole = walk_of(trained, Wish())
    assert seen["judge_real"] == step(whole, "ring").portrait.facts.first
    assert seen["judge_fake"] == step(whole, "make3").portrait.facts.first
