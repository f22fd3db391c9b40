"""Teacher forcing: the teacher leads in training as often as asked, and never afterwards; the same loop by hand in PyTorch."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

import gallery_pairs
from graph import files
from runtime import examples
from runtime.analyser import analyse
from runtime.compiler import compile_project, execute
from runtime.events import EpochEnded, RunStarted
from runtime.helpers import HELPERS
from runtime.runs import load_run
from runtime.training.loop import train

BEGIN, TOKENS, BATCH = 2, 7, 4000


def made(ratio: float, **more: Any) -> Any:
    space: Any = execute(f"import torch\nfrom torch import nn\n\n\n{HELPERS['TeacherForcing']}")
    return space["TeacherForcing"](ratio=ratio, begin=BEGIN, **more)


def asked() -> tuple[Tensor, Tensor, Tensor]:
    """Tokens of a teacher, scores, and the best tokens by them, which are never the teacher's."""
    draw = torch.Generator().manual_seed(1)
    teacher = torch.randint(3, TOKENS, (BATCH,), generator=draw)
    own = (teacher - 3 + torch.randint(1, TOKENS - 3, (BATCH,), generator=draw)) % (TOKENS - 3) + 3
    assert not (own == teacher).any()
    return teacher, functional.one_hot(own, TOKENS).float(), own


@pytest.mark.parametrize("ratio", [0.0, 0.3, 0.8, 1.0])
def test_a_share_of_the_samples_is_led_in_training_and_none_afterwards(ratio):
    teacher, scores, own = asked()
    module = made(ratio).train()
    torch.manual_seed(0)
    first, second = module(teacher, scores), module(teacher, scores)
    assert ((first == teacher) | (first == own)).all() and first.dtype == torch.int64
    assert float((first == teacher).float().mean()) == pytest.approx(ratio, abs=0.03)
    assert torch.equal(first, second) == (ratio in (0.0, 1.0))  # drawn anew at each step
    assert torch.equal(module.eval()(teacher, scores), own)


def test_the_beginning_is_always_the_teachers():
    teacher, scores, own = asked()
    teacher[::2] = BEGIN
    for module in (made(0.0).train(), made(1.0).eval()):
        found = module(teacher, scores)
        assert (found[::2] == BEGIN).all() and torch.equal(found[1::2], own[1::2])


@pytest.mark.parametrize(
    ("decay", "by_hand"),
    [
        ("linear", lambda i: max(0.0, 1 - i / 20)),
        ("exponential", lambda i: math.exp(-i / 20)),
        ("inverse sigmoid", lambda i: 20 / (20 + math.exp(i / 20))),
    ],
)
def test_the_share_decays_from_batch_to_batch(decay, by_hand):
    teacher, scores, _ = asked()
    begin = torch.full_like(teacher, BEGIN)
    module = made(0.9, decay=decay, final_ratio=0.1, decay_batches=20).train()
    torch.manual_seed(0)
    for i in range(45):
        module(begin, scores)  # the first step of a batch, then a second one
        wanted = 0.1 + 0.8 * by_hand(i)
        assert float(module.share()) == pytest.approx(wanted, abs=1e-6)
        led = float((module(teacher, scores) == teacher).float().mean())
        assert led == pytest.approx(wanted, abs=0.035)
    module.eval()(begin, scores)
    assert int(module.batches) == 45  # nothing is counted but training


def by_hand(model: Any, source: Tensor, target_in: Tensor, *, led: bool) -> Tensor:
    """The network of `seq2seq_gru` as a loop, with nothing of what was generated but its layers."""
    _, ends = model.encoder(model.letters(source))
    h = context = torch.tanh(model.bridge(torch.cat([ends[0], ends[1]], 1)))
    token, steps, cell = target_in[:, 0], [], model.decoder
    for t in range(target_in.shape[1]):
        if led:
            token = target_in[:, t]
        h = cell.cell(torch.cat([cell.embedding(token), context], 1), h)
        steps.append(cell.say(h))
        token = steps[-1].argmax(1)
    return torch.stack(steps, 2)


@pytest.fixture(scope="module")
def batch() -> tuple[Tensor, Tensor]:
    draw = torch.Generator().manual_seed(2)
    target_in = torch.randint(3, 15, (5, 12), generator=draw)
    target_in[:, 0] = BEGIN
    return torch.randint(2, 53, (5, 26), generator=draw), target_in


def network(ratio: float) -> nn.Module:
    project = gallery_pairs.seq2seq_gru()
    graph = project.graph.set_params(project.graph.node_named("decoder").id, {"ratio": ratio})
    return compile_project(project.with_graph(graph)).build(0)


def test_a_decoder_that_is_always_led_learns_as_by_hand(batch):
    model = network(1.0).train()
    given, wanted = model(*batch), by_hand(model, *batch, led=True)
    assert torch.allclose(given, wanted, atol=1e-6)
    gradients = [torch.autograd.grad(scores.square().mean(), list(model.parameters())) for scores in (given, wanted)]
    assert all(torch.allclose(a, b, atol=1e-6) for a, b in zip(*gradients, strict=True))


@pytest.mark.parametrize(("ratio", "training"), [(1.0, False), (0.4, False), (0.0, True)])
def test_a_decoder_that_runs_free_reads_what_it_said(batch, ratio, training):
    source, target_in = batch
    model = network(ratio).train(training)
    given = model(source, target_in)
    assert torch.allclose(given, by_hand(model, source, target_in, led=False), atol=1e-6)
    unknown = target_in.clone()
    unknown[:, 1:] = 0
    assert torch.equal(given, model(source, unknown))  # of the teacher it knows nothing but the beginning
    assert not torch.allclose(given, by_hand(model, source, target_in, led=True))


@pytest.mark.slow
def test_a_run_goes_on_with_its_share_where_it_was(tmp_path):
    project = gallery_pairs.seq2seq_gru()
    block = next(block for block in project.blocks.values() if block.graph.node_named("lead"))
    lead = block.graph.node_named("lead")
    graph = block.graph.set_params(lead.id, {**lead.params, "decay": "linear", "decay_batches": 30})
    project = project.with_block(replace(block, graph=graph))
    project = project.with_plan(replace(project.plan, epochs=2, device="cpu"))
    whole = list(train(project, folder=None, runs=tmp_path / "whole"))
    first = list(train(project.with_plan(replace(project.plan, epochs=1)), folder=None, runs=tmp_path / "parts"))
    run = Path(next(event.run for event in first if isinstance(event, RunStarted)))
    rest = list(train(project, folder=None, runs=tmp_path / "parts", resume=run))
    ends = [event for event in whole if isinstance(event, EpochEnded)]
    again = [event for events in (first, rest) for event in events if isinstance(event, EpochEnded)]
    assert [e.train for e in ends] == [e.train for e in again]
    weights = load_file(load_run(run).checkpoints / "last.safetensors")
    assert int(weights["decoder.lead.batches"]) == ends[-1].step


def test_the_code_is_readable_and_the_drawing_clean():
    project = gallery_pairs.seq2seq_attention()
    assert not analyse(project).problems
    text = compile_project(project).source.text
    assert "self.lead = TeacherForcing(ratio=ratio, begin=2)" in text
    assert "lead = self.lead(teacher, said_before)  # B" in text


@pytest.mark.parametrize("name", gallery_pairs.DRAW)
def test_the_examples_are_what_the_builder_draws(name):
    """But for where the cards stand, which may be moved by hand."""
    drawn, shipped = gallery_pairs.DRAW[name](), files.load(examples.path(name))
    places = {node.id: node.position for node in shipped.graph.nodes.values()}
    drawn = replace(drawn, graph=drawn.graph.move(places))
    assert examples.path(name).read_text("utf-8") == files.to_text(drawn)
