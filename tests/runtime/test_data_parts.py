"""Batches: the same as a loop written by hand takes, whatever the size of the data."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

from graph.model import Port
from runtime.data import parts as module
from runtime.data.parts import HeldPart, num_batches

X, Y = Port("n1", "image"), Port("n1", "label")


def part(count: int = 103) -> HeldPart:
    x = torch.randn(count, 3, 4, generator=torch.Generator().manual_seed(1))
    return HeldPart({X: x, Y: torch.arange(count)}, np.arange(count))


def assert_same(found, expected) -> None:
    found, expected = list(found), list(expected)
    assert len(found) == len(expected)
    for ours, theirs in zip(found, expected, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))


@pytest.mark.parametrize("limit", [1, 3000, 2**28])
def test_shuffled_batches_are_those_of_a_loop_by_hand(monkeypatch: pytest.MonkeyPatch, limit: int) -> None:
    monkeypatch.setattr(module, "GATHER_BYTES", limit)
    data, g, h = part(), torch.Generator().manual_seed(7), torch.Generator().manual_seed(7)
    x, y = data.tensors.values()
    for _epoch in range(3):
        order = torch.randperm(103, generator=h)
        assert_same(data.batches(10, g), zip(x[order].split(10), y[order].split(10), strict=True))


def test_batches_in_order_are_those_of_a_data_loader() -> None:
    data = part()
    loader = DataLoader(TensorDataset(*data.tensors.values()), batch_size=10)
    assert_same(data.batches(10), loader)
    assert num_batches(data, 10) == len(loader) == 11


def test_ports_choose_and_order_the_tensors() -> None:
    (labels, images), *_ = part().batches(10, ports=[Y, X])
    assert labels.shape == (10,)
    assert images.shape == (10, 3, 4)
    assert [len(batch) for batch in next(part().batches(200, ports=[Y]))] == [103]


def test_the_order_is_drawn_at_the_call() -> None:
    g = torch.Generator().manual_seed(7)
    state = g.get_state()
    batches = part().batches(10, g)
    assert not torch.equal(g.get_state(), state)
    state = g.get_state()
    list(batches)
    assert torch.equal(g.get_state(), state)


def test_an_empty_part_has_no_batches() -> None:
    assert list(part(0).batches(10)) == []
    assert list(part(0).batches(10, torch.Generator())) == []
    assert num_batches(part(0), 10) == 0


def test_to_device_keeps_everything_else() -> None:
    moved = part().to("meta")
    assert {tensor.device.type for tensor in moved.tensors.values()} == {"meta"}
    assert moved.count == 103
