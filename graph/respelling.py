"""Expressions that name a parameter that is not there, written with the name that was probably meant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches

from graph.binding import SIGN, is_expression
from graph.expressions import Number, names_in, renamed
from graph.messages import EditError
from graph.model import Value

_MOST = 3  # spellings that are offered


def respelled(value: Value, names: Mapping[str, Number]) -> Iterator[Value]:
    """The value with each of the names that resemble the first unknown one in its place, the closest first."""
    unknown = next((name for name in _names(value) if name not in names), None)
    if unknown is not None:
        for known in get_close_matches(unknown, names, _MOST):
            yield _with_names(value, {unknown: known})


def _names(value: Value) -> Iterator[str]:
    if isinstance(value, tuple):
        for entry in value:
            yield from _names(entry)
    elif isinstance(value, str) and is_expression(value):
        try:
            yield from names_in(value[len(SIGN) :].strip())
        except EditError:  # no expression at all: nothing in it is a name
            return


def _with_names(value: Value, texts: Mapping[str, str]) -> Value:
    if isinstance(value, tuple):
        return tuple(_with_names(entry, texts) for entry in value)  # type: ignore[misc]
    if isinstance(value, str) and is_expression(value):
        return SIGN + renamed(value[len(SIGN) :].strip(), texts)
    return value
