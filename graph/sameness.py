"""Whether two values of a document say the same, and which texts of one the other did not have: what they share is passed over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from functools import cache
from itertools import compress, starmap
from operator import is_not
from typing import Any


def same(value: Any, other: Any) -> bool:
    """Whether both are equal, in the same order and of the same types (1 is not 1.0): a file would hold the same text."""
    if value is other:
        return True
    if type(value) is not type(other):
        return False
    if isinstance(value, dict):
        parts, others = list(value.values()), list(other.values())
        return list(value) == list(other) and parts == others and _all_same(parts, others)
    if isinstance(value, (tuple, list)):
        return len(value) == len(other) and _all_same(value, other)
    if is_dataclass(value):
        return all(same(getattr(value, name), getattr(other, name)) for name in names_of(type(value)))
    return bool(value == other)


def new_texts(value: Any, before: Any) -> Iterator[str]:
    """The texts in a value that are not, in the same place, in the one before it."""
    if value is before:
        return
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        known = before if isinstance(before, Mapping) else {}
        for key in [key for key, part in value.items() if known.get(key) is not part]:
            yield from new_texts(value[key], known.get(key))
    elif isinstance(value, (tuple, list)):
        for part in value:
            yield from new_texts(part, None)
    elif is_dataclass(value):
        for name in names_of(type(value)):
            yield from new_texts(getattr(value, name), getattr(before, name, None))


@cache
def names_of(kind: type) -> tuple[str, ...]:
    """The names of the fields of a dataclass."""
    return tuple(field.name for field in fields(kind))


def _all_same(values: Sequence[Any], others: Sequence[Any]) -> bool:
    return all(starmap(same, compress(zip(values, others, strict=True), map(is_not, values, others))))
