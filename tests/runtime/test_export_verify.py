"""The comparison itself: what counts as a difference."""

from __future__ import annotations

import math

import pytest
import torch

from runtime.analysis import TensorSpec
from runtime.export.verify import Difference, difference, random_batches

ONE = torch.tensor([1.0, 2.0])
NAN, INF = math.nan, math.inf


@pytest.mark.parametrize(
    ("want", "got", "largest"),
    [
        (ONE, ONE, 0.0),
        (ONE, ONE + torch.tensor([0.0, 0.5]), 0.5),
        (ONE, torch.ones(2, 1), INF),
        (ONE, ONE.double(), INF),
        (torch.tensor([1.0, NAN]), torch.tensor([1.0, NAN]), 0.0),
        (torch.tensor([1.0, NAN]), torch.tensor([1.5, NAN]), 0.5),
        (torch.tensor([1.0, NAN]), ONE, INF),
        (torch.tensor([INF]), torch.tensor([-INF]), INF),
        (torch.tensor([INF]), torch.tensor([NAN]), INF),
        (torch.zeros(0), torch.zeros(0), 0.0),
        (torch.tensor([3, 4]), torch.tensor([3, 6]), 2.0),
        (torch.tensor([True]), torch.tensor([True]), 0.0),
    ],
)
def test_the_largest_difference(want, got, largest):
    assert difference([want], [got]).largest == largest


def test_every_output_counts_and_none_may_be_missing():
    assert difference([ONE, ONE], [ONE, ONE + 1]).largest == 1.0
    assert difference([ONE, ONE], [ONE]).largest == INF


def test_the_tolerance_grows_with_the_outputs_but_never_shrinks_below_itself():
    assert Difference(0.9e-4, 0.01).within(1e-4)
    assert not Difference(1.1e-4, 0.01).within(1e-4)
    assert Difference(1.1e-4, 10.0).within(1e-4)
    assert Difference(0.0, 0.0).within(0.0) and not Difference(1e-9, 1.0).within(0.0)
    assert not Difference(NAN, 1.0).within(1.0)


def test_random_batches_have_the_sizes_shapes_and_types_that_are_promised_and_are_the_same_each_time():
    specs = [TensorSpec(("B", 3, 4), "float32"), TensorSpec(("B",), "int64", classes=5)]
    batches = random_batches(specs)
    assert {name: batch[0].shape for name, batch in batches.items()} == {"1": (1, 3, 4), "2": (2, 3, 4), "7": (7, 3, 4)}
    assert batches["7"][1].dtype is torch.int64 and 0 <= batches["7"][1].min() <= batches["7"][1].max() < 5
    assert torch.equal(batches["7"][0], random_batches(specs)["7"][0])
