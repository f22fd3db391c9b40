"""Numbers as people read them."""

from __future__ import annotations

import math

import pytest

from gui.figures import bytes_text, clock, compact_count, figure, grouped, percent, tick


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0"), (156, "156"), (999, "999"), (1000, "1k"), (2416, "2.4k"), (9949, "9.9k"), (9951, "10k"), (48120, "48k"),
     (999_499, "999k"), (999_600, "1M"), (1_230_000, "1.2M"), (61_000_000, "61M"), (7_000_000_000, "7G")],
)  # fmt: skip
def test_counts_are_short(count, text):
    assert compact_count(count) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0621, "0.0621"),
        (1.5, "1.500"),
        (1.0, "1.000"),
        (2812.2, "2812"),
        (1e-5, "1e-5"),
        (123_456, "123\u2009456"),
        (-92_634.7, "-92\u2009635"),
        (9999.7, "10\u2009000"),
        (12_345_678, "1.23e7"),
        (math.nan, "NaN"),
        (0, "0.0000"),
    ],
)
def test_figure(value, text):
    assert figure(value) == text


def test_other_figures():
    assert grouped(18_420.4) == "18\u2009420"
    assert (clock(41.2), clock(3725)) == ("00:41", "1:02:05")
    assert percent(0.9744) == "97.4\u2009%"
    assert [tick(value, 0.2) for value in (0, 0.4)] == ["0", "0.4"]
    assert (tick(20_000, 5000), tick(1e-3, 2e-4), tick(-5, 5)) == ("20k", "1e-3", "-5")


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (1023, "1023 B"), (1024, "1 KiB"), (246_824, "241 KiB"), (3 * 2**30, "3 GiB"), (2**60, "1048576 TiB")],
)
def test_bytes(count, text):
    assert bytes_text(count) == text.replace(" ", "\u2009")
