"""Sizes and durations as people read them: `241 KiB`, `0.042 s`."""

from __future__ import annotations

from graph.messages import tr

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


def bytes_text(count: float, space: str = " ") -> str:
    """A size of memory in the unit that suits it: `241 KiB`."""
    step = 0
    while count >= 1024 and step < len(_UNITS) - 1:
        count, step = count / 1024, step + 1
    shown = f"{count:.3g}" if count < 1000 else f"{count:.0f}"
    return f"{shown}{space}{_UNITS[step]}"


def seconds_text(seconds: float) -> str:
    """A duration in seconds, with two digits that mean something where it is short: `0.042 s`, `75 s`."""
    return tr("{seconds} s", seconds=f"{max(seconds, 0.01):.2g}" if seconds < 10 else f"{seconds:,.0f}")
