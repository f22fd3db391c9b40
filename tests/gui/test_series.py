"""Curves: what the pyramid keeps, how little it gives to draw, and the table that becomes a CSV file."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gui.panels.series import BLOCKS, Series, Smoothing, table


def series_of(values, *, batch=7, start=1) -> Series:
    series = Series()
    for i in range(0, len(values), batch):
        part = values[i : i + batch]
        series.extend(range(start + i, start + i + len(part)), part)
    return series


def test_few_points_are_given_as_they_are():
    x, y = series_of([3.0, 1.0, 2.0]).points()
    assert x.tolist() == [1, 2, 3]
    assert y.tolist() == [3, 1, 2]


@pytest.mark.parametrize("count", [2 * BLOCKS, 2 * BLOCKS + 1, 5_000, 100_003])
def test_a_picture_has_at_most_two_points_a_block(count):
    x, y = series_of(np.arange(count, dtype=float), batch=997).points()
    assert len(x) == len(y) <= 2 * BLOCKS
    assert (np.diff(x) >= 0).all()


def test_the_whole_is_there_after_a_part_was_looked_at():
    series = series_of(np.arange(100_000, dtype=float), batch=10_000)
    series.points(0, 5_000)
    x, y = series.points()
    assert len(x) <= 2 * BLOCKS and y.max() == 99_999


def test_no_peak_is_lost():
    values = np.zeros(200_000)
    values[123_457], values[199_999] = 5.0, -7.0
    _, y = series_of(values, batch=1009).points()
    assert y.max() == 5.0
    assert y.min() == -7.0


def test_a_part_is_finer_than_the_whole():
    series = series_of(np.sin(np.arange(1_000_000) / 50), batch=10_000)
    x, y = series.points(500_000, 500_400)
    assert x[0] <= 500_000
    assert x[-1] >= 500_400
    assert len(x) == 403  # every point, and one beyond either end
    assert np.allclose(y, np.sin((x - 1) / 50))


@given(
    st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=400),
    st.integers(1, 50),
    st.integers(4, 32),
    st.integers(0, 400),
    st.integers(0, 400),
)
def test_every_part_keeps_the_extremes_of_what_it_shows(values, batch, blocks, one, other):
    left, right = sorted((one, other))
    series = series_of(values, batch=batch)
    x, y = series.points(left, right, blocks=blocks)
    inside = [value for step, value in enumerate(values, start=1) if left <= step <= right]
    assert len(x) == len(y) <= 2 * blocks
    if inside:
        assert y.min() <= min(inside)
        assert y.max() >= max(inside)


def test_nan_hides_no_other_value():
    values = [math.nan, 1.0] * 4000
    _, y = series_of(values, batch=100).points(blocks=16)
    assert y.tolist() == [1.0] * len(y)


def test_the_middle_of_an_average_has_one_point_a_block():
    x, y = series_of([float(i % 2) for i in range(10_000)]).middle(blocks=64)
    assert len(x) <= 64
    assert (np.diff(x) > 0).all()
    assert set(y.tolist()) == {0.5}


@pytest.mark.parametrize(("x", "index"), [(-5, 0), (1.4, 0), (1.6, 1), (99, 2)])
def test_nearest_point(x, index):
    assert series_of([1.0, 2.0, 3.0]).nearest(x) == index


def test_smoothing_is_carried_from_batch_to_batch():
    values = [4.0, 0.0, 2.0, math.nan, 8.0]
    at_once = Smoothing(3)(values)
    bit_by_bit = Smoothing(3)
    assert [bit_by_bit([value])[0] for value in values] == at_once
    assert at_once == [4.0, 2.0, 2.0, 2.0, 5.0]


def test_table_has_a_row_for_every_step_of_any_series():
    columns = {"train": series_of([0.5, 0.25, 0.125, 0.1]), "validation": Series()}
    columns["validation"].extend([2, 4], [0.75, 0.5])
    assert list(table(columns, 2)) == [
        ["step", "epoch", "train", "validation"],
        [1, 0.5, 0.5, ""],
        [2, 1.0, 0.25, 0.75],
        [3, 1.5, 0.125, ""],
        [4, 2.0, 0.1, 0.5],
    ]
