"""A state of a document as what tells it from the state after it: so that a long history of a large drawing stays small."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace
from functools import cache, cached_property
from operator import is_
from typing import Any

from graph.model import Block, Definitions, Graph, Project
from graph.sameness import names_of

TAKEN_APART = (Project, Graph, Definitions, Block)
Changes = tuple[tuple[Any, Any], ...]


@dataclass(frozen=True, slots=True)
class Packed:
    """What has to be changed in the later state: fields of a value, or, with `keys`, entries of a mapping.

    `keys` are those of the mapping, where changing it gives another order or leaves too many.
    """

    changes: Changes
    keys: tuple[Hashable, ...] | None = None


def pack(value: Any, later: Any) -> Any:
    """What `unpack` makes the value of again, with the later one; anything that is no part of a document as it is."""
    if type(value) is not type(later) or value is later:
        return value
    if isinstance(value, TAKEN_APART):
        return Packed(tuple(_changed(_fields_of(value), _fields_of(later))))
    if isinstance(value, dict):
        if len(value) == len(later) and all(map(is_, value, later)):
            pairs = zip(value, value.values(), later.values(), strict=True)
            return Packed(tuple((key, pack(old, new)) for key, old, new in pairs if old is not new))
        changes = tuple(_changed(value, later))
        ordered = list(_put(later, changes, None)) == list(value)
        return Packed(changes, None if ordered else tuple(value))
    return value


def unpack(packed: Any, later: Any) -> Any:
    """The value that was packed."""
    if not isinstance(packed, Packed):
        return packed
    if isinstance(later, dict):
        return _put(later, packed.changes, packed.keys)
    return replace(later, **{name: unpack(part, getattr(later, name)) for name, part in packed.changes})


def forget_derived(value: Any, later: Any) -> None:
    """Let go of what a project and its drawing worked out about themselves; they work it out again when they are asked."""
    for old, new in ((value, later), (getattr(value, "graph", None), getattr(later, "graph", None))):
        if old is not new and isinstance(old, (Project, Graph)):
            for name in _derived(type(old)):
                vars(old).pop(name, None)


def _changed(old: dict[Any, Any], later: dict[Any, Any]):
    missing = object()
    for key, value in old.items():
        there = later.get(key, missing)
        if value is not there:
            yield key, pack(value, there)


def _put(later: dict[Any, Any], changes: Changes, keys: tuple[Hashable, ...] | None) -> dict[Any, Any]:
    changed = {**later, **{key: unpack(part, later.get(key)) for key, part in changes}}
    return changed if keys is None else {key: changed[key] for key in keys}


def _fields_of(value: Any) -> dict[str, Any]:
    return {name: getattr(value, name) for name in names_of(type(value))}


@cache
def _derived(kind: type) -> tuple[str, ...]:
    return tuple(name for name, part in vars(kind).items() if isinstance(part, cached_property))
