"""A drawing in the making: nodes in the order in which they run, each in the scope that becomes its block. No torch."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from graph.catalog.definitions import CODE_PREFIX, INPUT
from graph.model import Code, Definitions, Value
from graph.names import check_name, stem_of
from runtime.importer.recording import Place, Scope, Shape, Size

Key = Hashable  # of a tensor that a node holds: what has one key is one tensor


class Wire(NamedTuple):
    """What leaves an output port of an item."""

    item: int
    port: str


@dataclass(frozen=True, slots=True)
class Spec:
    """The shape, in which a `Size` is a multiple of the batch, and the kind of numbers."""

    shape: Shape
    dtype: str

    @property
    def is_batch(self) -> bool:
        """Whether the first dimension is the batch."""
        return bool(self.shape) and self.shape[0] == Size(1)


@dataclass(eq=False, slots=True)
class Item:
    """A node to be. `weights` are the tensors that it holds, by their names in the `state_dict` of its module."""

    number: int
    scope: Scope
    type: str
    params: Mapping[str, Value]
    inputs: Mapping[str, Wire]
    outputs: tuple[str, ...]
    name: str
    weights: tuple[tuple[str, Key], ...] = ()
    place: Place | None = None
    path: str = ""  # of the layer that it is
    constant: object = None  # numbers that are too many for the node: they come with the weights


@dataclass
class Sketch:
    """Items with what is known of their wires."""

    root: Scope
    items: list[Item] = field(default_factory=list)
    specs: dict[Wire, Spec] = field(default_factory=dict)
    definitions: Definitions = field(default_factory=Definitions)
    outputs: list[tuple[str, Wire]] = field(default_factory=list)
    names: dict[Scope, dict[Wire, str]] = field(default_factory=dict)  # what a scope calls what it is given

    def add(
        self,
        type_id: str,
        inputs: Mapping[str, Wire],
        specs: Mapping[str, Spec],
        *,
        scope: Scope,
        name: str,
        params: Mapping[str, Value] | None = None,
        weights: Iterable[tuple[str, Key]] = (),
        place: Place | None = None,
        path: str = "",
    ) -> tuple[Wire, ...]:
        """Add a node; `specs` are its outputs. Returns what leaves them, in this order."""
        number = len(self.items)
        item = Item(number, scope, type_id, params or {}, inputs, tuple(specs), name, tuple(weights), place, path)
        self.items.append(item)
        wires = tuple(Wire(number, port) for port in specs)
        self.specs.update(zip(wires, specs.values(), strict=True))
        return wires

    def given(self, name: str, spec: Spec) -> Wire:
        """An input of the whole."""
        kind = spec.dtype if spec.dtype in ("float32", "int64", "bool") else "float32"
        shape = tuple(size for size in spec.shape[1:] if isinstance(size, int))
        params: dict[str, Value] = {
            "shape": shape,
            **({"dtype": kind} if kind != "float32" else {}),
        }
        return self.add(INPUT, {}, {"output": spec}, scope=self.root, name=name, params=params)[0]

    def code(self, stem: str, write) -> str:
        """The type of nodes that run a piece of code; `write(name)` gives its text under a name that is free."""
        for code in self.definitions.codes.values():
            if code.text == write(code.name):
                return CODE_PREFIX + code.id
        taken, number, name = self.definitions.names, 1, f"{stem}_"
        while name in taken or name.endswith("_"):
            name, number = f"{stem}{number}", number + 1
        code = Code(self.definitions.free_id("c"), name, write(name))
        self.definitions = self.definitions.put_code(code)
        return CODE_PREFIX + code.id


def identifier(wish: str, default: str) -> str:
    """A name that a node can have, as near to a wish as possible."""
    text = re.sub(r"\W+", "_", wish, flags=re.ASCII).strip("_")[:40]
    for name in (text, f"{text}1", default):
        try:
            check_name(name)
        except ValueError:
            continue
        return name
    return stem_of(default, "node")
