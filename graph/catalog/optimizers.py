"""The optimizers and learning rate schedules that a training plan can choose from: all of `torch.optim`.

Their names, parameters and defaults are those of PyTorch (`resources/torch_optim.json`, which `tools/introspect_torch.py`
writes); the words, the ranges and what is left out are in `graph.catalog.optimizer_words`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

from graph.catalog.optimizer_words import DEFAULTS, HIDDEN, ORDER, PARAMS, SPLIT, WORDS
from graph.catalog.schedule_notation import read_calls
from graph.catalog.types import Kind, Param, misfits
from graph.messages import EditError, msg
from graph.plan import Choice

_TABLE = Path(__file__).resolve().parents[2] / "resources" / "torch_optim.json"
_SCHEDULER = "torch.optim.lr_scheduler."


@dataclass(frozen=True, slots=True)
class ChoiceType:
    """An entry to choose, with its parameters named as in PyTorch.

    Pairs are apart (`SPLIT`): `beta1` and `beta2` are PyTorch's `betas`. What a run knows itself may stay empty: `T_max` is
    then its length, `total_steps` always is.
    """

    id: str
    label: str
    help: str
    params: tuple[Param, ...] = ()

    def param(self, name: str) -> Param | None:
        """The parameter of that name, or None."""
        return next((p for p in self.params if p.name == name), None)

    def values(self, choice: Choice) -> dict[str, object]:
        """Every parameter's value: what the person set, else the default."""
        return {p.name: choice.params.get(p.name, p.default) for p in self.params}


def _entry(type_id: str, found: Mapping[str, Any]) -> ChoiceType:
    name = type_id.rpartition(".")[2]
    label, text = WORDS[name]
    return ChoiceType(type_id, label or name, text, tuple(_params(name, found)))


def _params(owner: str, found: Mapping[str, Any]) -> Iterator[Param]:
    hidden = HIDDEN[""] | HIDDEN.get(owner, frozenset())
    defaults = {**{name: value for name, value in found.items() if name not in hidden}, **DEFAULTS.get(owner, {})}
    for name, default in defaults.items():
        if isinstance(default, list) and name in SPLIT:
            for part, value in zip(SPLIT[name], default, strict=True):
                yield _param(owner, part, value)
        else:
            yield _param(owner, name, default)


def _param(owner: str, name: str, default: Any) -> Param:
    """The words of a parameter with PyTorch's default; whole numbers stand for fractions where those are meant."""
    described = PARAMS.get(f"{owner}.{name}") or PARAMS[name]
    if described.kind is Kind.FLOAT and isinstance(default, int) and not isinstance(default, bool):
        default = float(default)
    if isinstance(default, list):
        default = tuple(default)
    return replace(
        described, name=name, default=default, reader=_READERS.get(owner) if name == "schedulers" else described.reader
    )


def parts_of(choice: Choice) -> tuple[Choice, ...]:
    """The schedules that a schedule is made of; none where it is a simple one.

    Raises:
        EditError: what is written there is not a list of simple schedules.
    """
    described = SCHEDULERS[choice.type]
    if described.param("schedulers") is None:
        return ()
    return _read_schedules(choice.type.removeprefix(_SCHEDULER), str(described.values(choice)["schedulers"]))


def _read_schedules(owner: str, text: str) -> tuple[Choice, ...]:
    found = tuple(Choice(f"{_SCHEDULER}{name}", values) for name, values in read_calls(text))
    for choice in found:
        described, name = SCHEDULERS.get(choice.type), choice.type.removeprefix(_SCHEDULER)
        if name in _NEVER_PARTS[owner]:
            raise EditError(msg("{name} gives the learning rate itself and overwrites what the other schedules did. Take it alone, or "
                                "another one here.", name=name))  # fmt: skip
        if described is None or not _can_be_part(described, owner):
            names = ", ".join(i.removeprefix(_SCHEDULER) for i, t in SCHEDULERS.items() if _can_be_part(t, owner))
            raise EditError(
                msg("There is no schedule '{name}' to put together. There are: {names}.", name=name, names=names)
            )
        for param, reason in misfits(described.params, choice.params):
            if reason is None:
                raise EditError(msg("{choice} has no parameter '{name}'. Remove it.", choice=name, name=param))
            raise EditError(msg("{choice}: {reason}", choice=name, reason=reason))
    return found


def _can_be_part(described: ChoiceType, owner: str) -> bool:
    name = described.id.removeprefix(_SCHEDULER)
    is_one = described.id.startswith(_SCHEDULER) and name != "ReduceLROnPlateau"  # that one looks at a figure
    return is_one and described.param("schedulers") is None and name not in _NEVER_PARTS[owner]


# Schedules that do not multiply the learning rate that they find, by what they cannot be a part of.
_NEVER_PARTS: Mapping[str, frozenset[str]] = {
    "SequentialLR": frozenset({"OneCycleLR", "CyclicLR"}),
    "ChainedScheduler": frozenset({"OneCycleLR", "CyclicLR", "LambdaLR", "CosineAnnealingWarmRestarts"}),
}
_READERS: Mapping[str, Callable[[str], object]] = {owner: partial(_read_schedules, owner) for owner in _NEVER_PARTS}


def _table(is_scheduler: bool) -> Mapping[str, ChoiceType]:
    known: Mapping[str, Mapping[str, Any]] = json.loads(_TABLE.read_text("utf-8"))
    ids = [i for i in known if i.startswith(_SCHEDULER) == is_scheduler]
    ids.sort(key=lambda i: (*(ORDER.index(n) if (n := i.rpartition(".")[2]) in ORDER else len(ORDER),), i))
    first = {"constant": ChoiceType("constant", *WORDS["constant"])} if is_scheduler else {}
    return MappingProxyType({**first, **{i: _entry(i, known[i]) for i in ids}})


OPTIMIZERS = _table(is_scheduler=False)
SCHEDULERS = _table(is_scheduler=True)
