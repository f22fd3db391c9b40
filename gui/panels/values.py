"""Parameter values as a person writes them: text to value and back, and what one step up or down means."""

from __future__ import annotations

import math
import re

from graph.catalog import Kind, Param
from graph.messages import EditError, msg
from graph.model import Scalar, Value

_SEPARATORS = re.compile(r"\s*[x×*,;]\s*|\s+", re.IGNORECASE)


def format_value(param: Param, value: Value) -> str:
    """The value as it stands in its field: `5 × 5`, `0.001`; empty for None."""
    if value is None:
        return ""
    if param.kind is Kind.INTS and not isinstance(value, str):
        entries = value if isinstance(value, tuple) else (value,) * (param.length or 1)
        return " × ".join(map(str, entries))
    if isinstance(value, float):
        return f"{value:.12g}"
    return str(value)


def parse_value(param: Param, text: str) -> Value:
    """The checked value that a text means; None for an empty one where that is allowed.

    Raises:
        EditError: the text is no value of this parameter; the message says which are.
    """
    text = text.strip()
    if not text and param.kind not in (Kind.TEXT, Kind.FILE):
        if param.optional or param.auto is not None:
            return None
        raise EditError(msg("Enter {values}.", values=param.describe_values()))
    if not text and param.optional:
        return None
    return param.check(text if text in param.choices else _READERS[param.kind](text))


def step_value(param: Param, value: Value, steps: int) -> Value:
    """The value some steps up (or down, if negative), or the same value where its range ends.

    A step is 1 for whole numbers, and for others one in the place of the first digit: 0.001 -> 0.002.
    """
    try:
        return param.check(_stepped(value, steps))
    except EditError:
        return value


def can_step(param: Param) -> bool:
    """Whether the arrow keys and the wheel change the value."""
    return param.kind in (Kind.INT, Kind.FLOAT, Kind.INTS)


def _stepped(value: Value, steps: int) -> Value:
    if isinstance(value, tuple):
        return tuple(_stepped_entry(entry, steps) for entry in value)
    return _stepped_entry(value, steps)


def _stepped_entry(value: Scalar, steps: int) -> Scalar:
    if isinstance(value, float):
        return float(f"{value + steps * _place(value, steps):.12g}")
    return value + steps if isinstance(value, int) and not isinstance(value, bool) else value


def _place(value: float, steps: int) -> float:
    if value == 0:
        return 0.1
    exponent = math.floor(math.log10(abs(value)) + 1e-9)
    shrinking = (value > 0) != (steps > 0)
    at_power = math.isclose(abs(value), 10.0**exponent)
    return 10.0 ** (exponent - (shrinking and at_power))


def _read_int(text: str) -> int | str:
    try:
        return int("".join(text.split()))
    except ValueError:
        return text


def _read_float(text: str) -> float | str:
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return text


def _read_ints(text: str) -> tuple[int | str, ...] | int | str:
    entries = tuple(_read_int(entry) for entry in _SEPARATORS.split(text.strip("()[] ")))
    if any(isinstance(entry, str) for entry in entries):
        return text
    return entries[0] if len(entries) == 1 else entries


_READERS = {
    Kind.INT: _read_int,
    Kind.FLOAT: _read_float,
    Kind.INTS: _read_ints,
    Kind.TEXT: str,
    Kind.FILE: str,
    Kind.CHOICE: str,
}
