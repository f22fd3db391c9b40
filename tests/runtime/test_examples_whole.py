"""Every example from beginning to end: stopped and resumed it is the run that was never stopped, and it leaves with a receipt."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

import pytest
import torch
from torch import nn

from graph import files
from runtime import examples
from runtime.events import EpochEnded, Finished, RunStarted, Stopped
from runtime.export import export, receipt_path
from runtime.predict import load_trained, untrained
from runtime.training.loop import train
from trainings import StopAfter

QUICK = {"gan_points"}  # the others in `make test-all`
EACH = [n if n in QUICK else pytest.param(n, marks=pytest.mark.slow) for n in examples.READY]


def trained(name: str, runs: Path, **more) -> list:
    return list(train(files.load(examples.path(name)), runs=runs, epochs=2, watch=False, **more))


def figures(events: list) -> list:
    return [(event.epoch, event.train, event.validation) for event in events if isinstance(event, EpochEnded)]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", EACH)
def test_an_example_goes_on_exactly_and_leaves_with_a_receipt(name, tmp_path):
    whole = trained(name, tmp_path / "whole")
    (started,) = (event for event in whole if isinstance(event, RunStarted))
    stopped = trained(name, tmp_path / "parts", control=StopAfter(started.steps_per_epoch // 2 + 1))
    assert isinstance(stopped[-1], Stopped), stopped[-1]
    resumed = trained(name, tmp_path / "parts", resume=Path(stopped[-1].run))
    assert isinstance(resumed[-1], Finished), resumed[-1]
    assert figures(stopped) + figures(resumed) == figures(whole) and resumed[-1].test == whole[-1].test
    receipt = export(load_trained(Path(resumed[-1].run)), "python", tmp_path / "taken")
    assert receipt_path(tmp_path / "taken").is_file()
    assert all(difference <= receipt.tolerance for difference in receipt.differences.values())


def test_attention_drawn_by_hand_is_that_of_multihead_attention():
    trained = untrained(files.load(examples.path("attention_by_hand")))
    layer = trained.model.attention
    reference = nn.MultiheadAttention(32, 1, batch_first=True).eval()
    with torch.no_grad():
        reference.in_proj_weight.copy_(torch.cat([part.weight for part in (layer.query, layer.key, layer.value)]))
        reference.in_proj_bias.copy_(torch.cat([part.bias for part in (layer.query, layer.key, layer.value)]))
        reference.out_proj.weight.copy_(torch.eye(32))
        reference.out_proj.bias.zero_()
        x, filled = torch.randn(5, 12, 32), torch.arange(12).expand(5, 12) >= torch.tensor([[12], [7], [3], [1], [9]])
        expected, _ = reference(x, x, x, key_padding_mask=filled, need_weights=False)
        assert torch.allclose(layer(x, filled), expected, atol=1e-6)


def test_a_greedy_reading_joins_repeats_and_leaves_out_what_is_no_digit():
    reading = untrained(files.load(examples.path("read_digits"))).model.reading
    path = torch.where(torch.rand(100, 28) < 0.8, 10, torch.randint(0, 3, (100, 28)))
    chances = torch.nn.functional.one_hot(path, 11).float().mul(4).log_softmax(-1)
    for classes, read in zip(path.tolist(), reading(chances).argmax(1).tolist(), strict=True):
        digits = [one for one, _ in groupby(classes) if one != 10]
        assert read == (digits + [10] * 5)[:5]
