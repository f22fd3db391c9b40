"""Sizes that Python computes with: numbers that know which shapes they come from, and what was decided by them.

A drawing does the same for every batch. Where Python compares a size that follows the batch, another batch may go another way:
so every comparison is kept with its line, and `runtime.importer.other_batches` sees what it would be for other batches.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any, NamedTuple

import torch

from runtime.importer.recording import Place

Look = Callable[
    [int, int | None], int
]  # the size of a tensor, by its number, in a dimension; without one how many numbers it has
Follow = Callable[[Look], Any]  # what a value is by the sizes that it comes from
ASKED = frozenset("shape size numel nelement".split())  # what gives sizes of a tensor


class Turn(NamedTuple):
    """Something that Python found out by sizes: as it is written, what it was, how it follows from them, and the line.

    `sides` is what was looked at. `is_lost` where what Python does with it afterwards cannot be seen.
    """

    shown: str
    value: Any
    follow: Follow
    sides: tuple[Follow, ...]
    place: Place | None
    is_lost: bool = False


Note = Callable[[str, Any, Follow, tuple[Follow, ...], bool], None]


class _Followed:
    """What whole numbers and fractions that follow sizes have in common."""

    follow: Follow
    note: Note


class FollowedInt(_Followed, int):
    """A whole number that follows sizes."""


class FollowedFloat(_Followed, float):
    """A fraction that follows sizes."""


def followed(value: Any, follow: Follow, note: Note) -> Any:
    """A number that remembers what it follows; anything else as it is."""
    kind = {int: FollowedInt, float: FollowedFloat}.get(type(value))
    if kind is None:
        return value
    made = kind(value)
    made.follow, made.note = follow, note
    return made


def plain(value: Any) -> Any:
    """A value without what it follows, whatever it is nested in; the very same where nothing in it follows a size."""
    if isinstance(value, FollowedInt):
        return int.__add__(value, 0)
    if isinstance(value, FollowedFloat):
        return float.__add__(value, 0.0)
    if type(value) in (tuple, list, torch.Size):
        made = [plain(part) for part in value]
        return value if all(map(operator.is_, made, value)) else type(value)(made)
    if type(value) is dict:
        found = {plain(key): plain(part) for key, part in value.items()}
        return value if all(map(operator.is_, found.values(), value.values())) else found
    if isinstance(value, slice):
        return slice(plain(value.start), plain(value.stop), plain(value.step))
    return value


def sizes_of(name: str, result: Any, number: int, dim: Any, note: Note) -> Any:
    """What a tensor said of its sizes, when it was asked for its `shape` and so on, as numbers that follow them."""
    if isinstance(result, torch.Size):
        return torch.Size([followed(size, _at(number, i), note) for i, size in enumerate(result)])
    if name == "size":
        return followed(result, _at(number, plain(dim)), note)
    return followed(result, _at(number, None), note)


def _at(number: int, dim: int | None) -> Follow:
    return lambda look: look(number, dim)


# ---- arithmetic

_KEEPING = "add sub mul truediv pow radd rsub rmul rtruediv rpow".split()
_ROUNDING = "floordiv mod and or xor lshift rshift rfloordiv rmod rand ror rxor rlshift rrshift".split()
_COMPARING = {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!="}
_ALONE = {"neg": operator.neg, "pos": operator.pos, "abs": operator.abs}
_DECIDING = {"bool": bool, "round": round, "floor": math.floor, "ceil": math.ceil}
_LOST = {"int": int, "float": float, "trunc": math.trunc}
_TOLD = {"hash": hash, "str": str, "repr": repr, "format": format}  # for a key or a text: nothing is found out
_SHOWN = {"floordiv": "//", "mod": "%", "and": "&", "or": "|", "xor": "^", "lshift": "<<", "rshift": ">>"}


def _operation(name: str) -> Callable[[Any, Any], Any]:
    """The operation of two numbers of a method: `rsub` is that of the two exchanged."""
    if hasattr(operator, name) or hasattr(operator, f"{name}_"):
        return getattr(operator, name, None) or getattr(operator, f"{name}_")
    turned = _operation(name[1:])
    return lambda a, b: turned(b, a)


def _of_two(name: str, shown: str, *, decides: bool, follows: bool) -> Callable[[Any, Any], Any]:
    act = _operation(name)

    def method(self: Any, other: Any, *more: Any) -> Any:
        if more or not isinstance(other, (int, float)):
            return NotImplemented
        value = act(plain(self), plain(other))
        mine: Follow = self.follow
        theirs: Follow = other.follow if isinstance(other, _Followed) else lambda look: other
        follow: Follow = lambda look: act(mine(look), theirs(look))  # noqa: E731
        if decides:
            self.note(shown, value, follow, (mine, theirs), False)
        return followed(value, follow, self.note) if follows else value

    return method


def _told(name: str, act: Callable[..., Any]) -> Callable[..., Any]:
    def method(self: Any, *more: Any) -> Any:
        self.note(name, plain(self), self.follow, (self.follow,), True)
        return act(plain(self), *more)

    return method


def _of_one(name: str, act: Callable[..., Any], *, decides: bool, is_lost: bool = False) -> Callable[..., Any]:
    def method(self: Any, *more: Any) -> Any:
        value = act(plain(self), *more)
        mine: Follow = self.follow
        follow: Follow = lambda look: act(mine(look), *more)  # noqa: E731
        if decides:
            self.note(name, value, follow, (mine,), is_lost)
        return value if is_lost else followed(value, follow, self.note)

    return method


for _kind in (FollowedInt, FollowedFloat):
    for _name in _KEEPING:
        setattr(_kind, f"__{_name}__", _of_two(_name, _name, decides=False, follows=True))
    for _name in _ROUNDING:
        _plain = _name.removeprefix("r") if _name.removeprefix("r") in _SHOWN else _name
        if hasattr(_kind.__mro__[2], f"__{_name}__"):
            setattr(_kind, f"__{_name}__", _of_two(_name, _SHOWN[_plain], decides=True, follows=True))
    for _name, _shown in _COMPARING.items():
        setattr(_kind, f"__{_name}__", _of_two(_name, _shown, decides=True, follows=False))
    for _name, _act in _ALONE.items():
        setattr(_kind, f"__{_name}__", _of_one(_name, _act, decides=False))
    for _name, _act in _DECIDING.items():
        setattr(_kind, f"__{_name}__", _of_one(_name, _act, decides=True))
    for _name, _act in _LOST.items():
        setattr(_kind, f"__{_name}__", _of_one(_name, _act, decides=True, is_lost=True))
    for _name, _act in _TOLD.items():
        setattr(_kind, f"__{_name}__", _told(_name, _act))
