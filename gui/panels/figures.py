"""Numbers as people read them: `18 420`, `00:41`, `0.0621`, `97.4 %`, `1e-3`."""

from __future__ import annotations

import math

THIN_SPACE = "\u2009"
MINUS = "\u2212"


def grouped(count: float) -> str:
    """A count with thin spaces between thousands: `18 420`."""
    return f"{count:,.0f}".replace(",", THIN_SPACE)


def clock(seconds: float) -> str:
    """A duration as `MM:SS`, or `H:MM:SS` from an hour on."""
    minutes, rest = divmod(max(0, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes:02}:{rest:02}"


def figure(value: float) -> str:
    """A loss or a metric with up to four digits that mean something; `∞` and `NaN` where it is not finite."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "∞" if value > 0 else f"{MINUS}∞"
    if value and not 1e-3 <= abs(value) < 1e5:
        return short_power(f"{value:.2e}")
    return f"{value:.4g}" if abs(value) >= 1 else f"{value:.4f}"


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
