"""Which calls of modules can be blocks: several that do the same give the same, and what is frozen stands apart. No torch."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence

from runtime.importer.recording import Scope
from runtime.importer.sketch import Item, Key, Wire


class Siblings:
    """The calls of each module that do the same, and which of their items are each other's counterparts."""

    def __init__(self, items: Sequence[Item]) -> None:
        self.items = items
        inside: dict[Scope, list[Item]] = defaultdict(list)
        for item in items:
            for scope in item.scope.chain[1:]:
                inside[scope].append(item)
        self._inside = {scope: tuple(item.number for item in found) for scope, found in inside.items()}
        groups: dict[object, list[Scope]] = defaultdict(list)
        for scope, found in inside.items():
            form = tuple((item.type, item.outputs, item.weights, repr(item.params)) for item in found)
            groups[scope.path, form].append(scope)
        self._calls = {scope: group for group in groups.values() if len(group) > 1 for scope in group}
        self._places = {scope: {n: i for i, n in enumerate(self._inside[scope])} for scope in self._calls}

    def _counterparts(self, item: Item) -> Iterator[int]:
        for scope in item.scope.chain[1:]:
            if scope in self._calls:
                place = self._places[scope][item.number]
                yield from (self._inside[other][place] for other in self._calls[scope])

    def needed(self, wanted: Collection[int]) -> list[Item]:
        """The items that these depend on, and the counterparts of those in other calls."""
        found, before = set(wanted), 0
        while len(found) > before:
            before = len(found)
            for item in reversed(self.items):
                if item.number in found:
                    found |= {wire.item for wire in item.inputs.values()}
                    found.update(self._counterparts(item))
        return [item for item in self.items if item.number in found]

    def spread(self, leaving: Mapping[Scope, Collection[Wire]]) -> dict[Scope, list[Wire]]:
        """What leaves each scope, and the counterparts of what leaves other calls, in the order of the items."""
        made = {scope: set(wires) for scope, wires in leaving.items()}
        for scope, group in self._calls.items():
            for other in group:
                for wire in leaving.get(other, ()):
                    place = self._places[other][wire.item]
                    made.setdefault(scope, set()).add(Wire(self._inside[scope][place], wire.port))
        return {scope: sorted(wires) for scope, wires in made.items()}


def mixed_scopes(items: Sequence[Item], learns: Mapping[Key, bool]) -> set[Scope]:
    """The calls that hold some parameters that learn beside others that do not."""
    held: dict[Scope, set[bool]] = defaultdict(set)
    for item in items:
        for scope in item.scope.chain[1:]:
            held[scope].update(learns[key] for _, key in item.weights if key in learns)
    return {scope for scope, kinds in held.items() if len(kinds) > 1}
