"""What a sweep tries at a place, as words and back, and what is worth trying where nobody said anything yet."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from graph.catalog import Kind, Param
from graph.messages import EditError, msg, tr
from graph.model import Value
from graph.search import Options, Space, Span
from gui.figures import short_power
from gui.panels.values import NUMBERS, format_value, parse_value

SPANNED = (Kind.INT, Kind.FLOAT)  # kinds whose values lie on a line
SEARCHABLE = (*NUMBERS, Kind.BOOL, Kind.CHOICE)
MANY = 6  # choices up to which all of them are worth trying
# Of long lists of choices: those that most people compare first.
COMMON = frozenset({
    "torch.optim.SGD", "torch.optim.Adam", "torch.optim.AdamW", "torch.optim.RMSprop",
    "constant", "torch.optim.lr_scheduler.CosineAnnealingLR", "torch.optim.lr_scheduler.OneCycleLR",
})  # fmt: skip
_SIZES = ("kernel_size",)
_BATCHES = (16, 32, 64, 128)
_LEAST, _MOST = 1e-6, 1e-2  # of what is 0 and could be a small factor
_SMALL = 0.1  # a factor up to here is searched by powers of ten
_BETWEEN = re.compile(r"[;；]|[,，]\s*")

Words = Mapping[str, Value]  # texts that stand for values
Labels = Mapping[Any, str]  # the words for values


# ---- words


def space_text(space: Space, labels: Labels | None = None) -> str:
    """A space as a chip shows it: `0.0001 … 0.1 · log`, or its values."""
    if isinstance(space, Span):
        ends = f"{number_text(space.low, space.whole)} … {number_text(space.high, space.whole)}"
        return f"{ends} · {tr('log')}" if space.log else ends
    return ", ".join(option_text(value, labels) for value in space.values)


def option_text(value: Value, labels: Labels | None = None) -> str:
    """One of the values to choose from."""
    if labels and value in labels:
        return labels[value]
    if isinstance(value, bool):
        return tr("yes") if value else tr("no")
    if isinstance(value, tuple):
        return " × ".join(map(str, value))
    return tr("none") if value is None else number_text(value) if isinstance(value, int | float) else value


def number_text(value: float, whole: bool = False, *, digits: int = 6) -> str:
    """A number without digits that say nothing: `0.001`, `1e-5`, `64`."""
    text = f"{value:.0f}" if whole and abs(value) < 1e15 else f"{value:.{digits}g}"
    return short_power(text) if "e" in text else text


def list_text(values: Iterable[Value], param: Param, words: Words) -> str:
    """Values as a person would list them."""
    shown = {value: word for word, value in words.items()}
    return ", ".join(shown.get(value) or format_value(param, value) for value in values)


def read_list(text: str, param: Param, words: Words) -> Options:
    """The values that a text lists, each one once.

    Raises:
        EditError: one of them does not fit, or there are fewer than two.
    """
    plain = plain_param(param)
    parts = [part.strip() for part in _BETWEEN.split(text) if part.strip()]
    values = dict.fromkeys(words[part] if part in words else parse_value(plain, part) for part in parts)
    if len(values) < 2:
        raise EditError(
            msg("List at least two values with commas between them, such as {example}.", example="16, 32, 64")
        )
    return Options(tuple(values))


def plain_param(param: Param) -> Param:
    """The parameter as each value of a search must be: nothing that is worked out, and not empty."""
    return replace(param, auto=None, optional=False, when=None)


def check_span(span: Span, param: Param) -> None:
    """Refuse a span whose ends do not fit.

    Raises:
        EditError: the message says what to change.
    """
    for end in (span.low, span.high):
        plain_param(param).check(int(end) if param.kind is Kind.INT and end == int(end) else end)
    if span.low >= span.high:
        raise EditError(
            msg("The range ends at {high}, which is not above its beginning {low}. Enter a larger end.",
                high=number_text(span.high), low=number_text(span.low))
        )  # fmt: skip
    if span.log and span.low <= 0:
        raise EditError(
            msg("A logarithmic range begins above 0. Enter a larger beginning, or switch 'Logarithmic' off.")
        )


# ---- what is worth trying


def suggested(param: Param, value: Value, words: Words) -> Space:
    """What to try first at a place with this value: a range or values around it that the parameter allows."""
    if param.kind is Kind.BOOL:
        return Options((False, True))
    if param.kind is Kind.CHOICE:
        return Options(_choices(param, value))
    if param.kind is Kind.INTS:
        return Options(_fitting(param, _around(param, _entry(value))))
    number = value if isinstance(value, int | float) and not isinstance(value, bool) else param.default
    number = number if isinstance(number, int | float) else 1
    if param.name == "batch_size":
        return Options(_BATCHES if number in words.values() else _fitting(param, (number // 2, number, 2 * number)))
    return _whole_span(param, int(number)) if param.kind is Kind.INT else _real_span(param, float(number))


def _choices(param: Param, value: Value) -> tuple[Value, ...]:
    if len(param.choices) <= MANY:
        return param.choices
    chosen = tuple(choice for choice in param.choices if choice in COMMON or choice == value)
    return chosen if len(chosen) > 1 else param.choices


def _entry(value: Value) -> int:
    first = value[0] if isinstance(value, tuple) and value else value
    return first if isinstance(first, int) and not isinstance(first, bool) else 1


def _around(param: Param, value: int) -> tuple[int, ...]:
    if param.name in _SIZES:
        return (value - 2, value, value + 2)
    return (value // 2, value, 2 * value) if value > 2 else (value, value + 1)


def _fitting(param: Param, values: Iterable[Value]) -> tuple[Value, ...]:
    """Those of some values that the parameter allows."""
    found: dict[Value, None] = {}
    for value in values:
        try:
            found[plain_param(param).check(value)] = None
        except EditError:
            continue
    return tuple(found)


def _whole_span(param: Param, value: int) -> Span:
    low, high = (value // 2, 2 * value) if value > 2 else (min(value, 1), value + 3)
    return _clamped(param, low, high, Span(0, 1, whole=True))


def _real_span(param: Param, value: float) -> Span:
    is_share = param.maximum is not None and param.maximum <= 1
    if is_share and value >= _SMALL:
        near = 1 - value  # of 1, as for the decay of an average
        return (
            _clamped(param, 1 - 5 * near, 1 - near / 5, Span(0, 1))
            if value >= 0.8
            else _clamped(param, 0, 1.5 * value, Span(0, 1))
        )
    if is_share and value == 0:
        return _clamped(param, 0, 0.5, Span(0, 1))
    if value == 0:
        return _clamped(param, _LEAST, _MOST, Span(0, 1, log=True))
    if 0 < value <= _SMALL:
        return _clamped(param, value / 10, value * 10, Span(0, 1, log=True))
    low, high = sorted((value / 2, value * 2))
    return _clamped(param, low, high, Span(0, 1))


def _clamped(param: Param, low: float, high: float, kind: Span) -> Span:
    """A span within what the parameter allows."""
    low = low if param.minimum is None else max(low, param.minimum)
    high = high if param.maximum is None else min(high, param.maximum)
    if not low < high:
        high = low + 1 if param.maximum is None or low + 1 <= param.maximum else param.maximum
        low = min(low, high - 1 if kind.whole else high / 2)
    return replace(kind, low=_short(low), high=_short(high), log=kind.log and low > 0)


def _short(value: float) -> float:
    """A number without the noise of its last digits."""
    return float(f"{value:.3g}") if value and math.isfinite(value) and abs(value) < 1000 else float(round(value))
