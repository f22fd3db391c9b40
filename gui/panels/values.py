"""Parameter values as a person writes them: text to value and back, and what one step up or down means."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from graph.binding import SIGN, bound, is_expression
from graph.catalog import Kind, Param
from graph.catalog.types import shown
from graph.expressions import Number
from graph.messages import EditError, msg
from graph.model import Scalar, Value

NUMBERS = (Kind.INT, Kind.FLOAT, Kind.INTS)
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


def parse_entry(param: Param, text: str, names: Mapping[str, Number]) -> Value:
    """As `parse_value`, where a number may be an expression too: `=4 * channels`, or just one of `names`.

    Raises:
        EditError: the text is no value, or what the expression gives now does not fit.
    """
    text = text.strip()
    written = _expression(param, text, names) if param.kind in NUMBERS and text not in param.choices else None
    if written is None:
        return parse_value(param, text)
    param.check(bound(written, names))
    return written


def worth(param: Param, value: Value, names: Mapping[str, Number], known: Value = None) -> str:
    """What an expression amounts to now, as text: `known` where the analysis says so, else with these values of its names."""
    if not is_expression(value):
        return ""
    try:
        return shown(param.check(bound(value, names)) if known is None else known)
    except EditError:
        return ""


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


def _expression(param: Param, text: str, names: Mapping[str, Number]) -> Value:
    """The text as an expression, or a tuple with some; None if there is none in it."""
    if "x" not in names:
        text = text.replace(" x ", " × ")
    entries = _split(text) if param.kind is Kind.INTS else [text]
    if not any(entry.startswith(SIGN) or entry in names for entry in entries):
        return None
    values = tuple(_read_entry(entry, names) for entry in entries)
    single = len(values) == 1 and (param.kind is not Kind.INTS or param.length is not None)
    return values[0] if single else values


def _read_entry(entry: str, names: Mapping[str, Number]) -> Scalar:
    if entry in names:
        return SIGN + entry
    return SIGN + entry.removeprefix(SIGN).strip() if entry.startswith(SIGN) else _read_int(entry)


def _split(text: str) -> list[str]:
    """The parts between separators that stand in no parentheses."""
    if text[:1] in ("(", "[") and text[-1:] in (")", "]"):
        text = text[1:-1]
    parts, depth = [""], 0
    for letter in text:
        depth += (letter in "([") - (letter in ")]")
        if depth == 0 and letter in "×,;":
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip(" \"'") for part in parts]


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
