"""Numbers as people read them: `18 420`, `2.4k`, `241 KiB`, `00:41`, `0.0621`, `97.4 %`, `1e-3`."""

from __future__ import annotations

import math

from runtime import amounts

THIN_SPACE = "\u2009"
MINUS = "\u2212"
_SUFFIXES = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


def grouped(count: float) -> str:
    """A count with thin spaces between thousands: `18 420`."""
    return f"{count:,.0f}".replace(",", THIN_SPACE)


def compact_count(count: int) -> str:
    """A count in at most five characters: `156`, `2.4k`, `48k`, `1.2M`."""
    for size, suffix in _SUFFIXES:
        if count >= size * 0.9995:
            scaled = count / size
            return f"{scaled:.0f}{suffix}" if scaled >= 9.95 else f"{scaled:.1f}".removesuffix(".0") + suffix
    return str(count)


def bytes_text(count: float) -> str:
    """A size of memory in the unit that suits it: `241 KiB`."""
    return amounts.bytes_text(count, THIN_SPACE)


def clock(seconds: float) -> str:
    """A duration as `MM:SS`, or `H:MM:SS` from an hour on."""
    minutes, rest = divmod(max(0, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes:02}:{rest:02}"


def figure(value: float) -> str:
    """A loss or a metric with four digits that mean something, or all before the point; `∞` and `NaN` where it is not finite."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "∞" if value > 0 else f"{MINUS}∞"
    if 9999.5 <= abs(value) < 1e7:  # such as prices
        return grouped(value)
    if value and not 1e-3 <= abs(value) < 1e7:
        return short_power(f"{value:.2e}")
    return f"{value:#.4g}".removesuffix(".") if abs(value) >= 1 else f"{value:.4f}"


def percent(share: float) -> str:
    """A share of one as `97.4 %`."""
    return f"{100 * share:.1f}{THIN_SPACE}%"


def tick(value: float, step: float) -> str:
    """The label of an axis mark where marks are `step` apart: `0.66`, `12`, `20k`, `5e-4`."""
    if abs(value) < step * 1e-6:
        return "0"
    if step >= 1000:
        return f"{value / 1e6:g}M" if step >= 1e6 else f"{value / 1000:g}k"
    if step < 1e-3:
        return short_power(f"{value:.1e}")
    return f"{value:.{max(0, -math.floor(math.log10(step) + 1e-9))}f}"


def short_power(text: str) -> str:
    """`1.0e-03` as `1e-3`."""
    digits, _, power = text.partition("e")
    return f"{digits.rstrip('0').rstrip('.') if '.' in digits else digits}e{int(power)}"
