"""Which blocks are in which, worked out once for all definitions of a document: circles, depth, and what holds what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from graph.catalog.definitions import PREFIX

if TYPE_CHECKING:
    from graph.model import Definitions

MAX_DEPTH = 32  # of blocks in blocks: what walks through them goes as deep


@dataclass(frozen=True, slots=True)
class Nesting:
    """The blocks of a document as they contain each other, by id.

    `inner` are the blocks that a block uses itself. `circle` is a number that only blocks have in common that contain
    each other. `depth` is 1 for a block without others in it; blocks of a circle are as deep as the circle is long.
    `order` has inner blocks first.
    """

    inner: Mapping[str, frozenset[str]]
    circle: Mapping[str, int]
    depth: Mapping[str, int]
    order: tuple[str, ...]

    def is_in_itself(self, outer: str, inner: str) -> bool:
        """Whether a block comes to contain itself by using that other."""
        return self.circle[outer] == self.circle[inner]

    def is_too_deep(self, block: str) -> bool:
        """Whether a block has too many levels of others in it to be worked out."""
        return self.depth[block] > MAX_DEPTH

    def is_deepest(self, block: str) -> bool:
        """Whether a block is too deep although none of those in it is: the place to mend."""
        return self.is_too_deep(block) and not any(map(self.is_too_deep, self.inner[block] - {block}))


def nesting_of(definitions: Definitions) -> Nesting:
    """How the blocks of a document contain each other."""
    inner = {block.id: _used(block.graph.types, definitions) for block in definitions.blocks.values()}
    order, circle, depth = [], {}, {}
    for number, members in enumerate(_circles(inner)):
        below = max((depth[i] for member in members for i in inner[member] if i in depth), default=0)
        for member in members:
            circle[member] = number
        depth |= dict.fromkeys(members, below + len(members))
        order += members
    return Nesting(inner, circle, depth, tuple(order))


def _used(types: Iterable[str], definitions: Definitions) -> frozenset[str]:
    ids = (type_id.removeprefix(PREFIX) for type_id in types if type_id.startswith(PREFIX))
    return frozenset(i for i in ids if i in definitions.blocks)


def _circles(inner: Mapping[str, frozenset[str]]) -> Iterable[list[str]]:
    """The blocks that contain each other together, in the order of the document, inner ones before outer ones."""
    if not any(inner.values()):
        return [[block] for block in inner]
    import networkx as nx

    number = {block: place for place, block in enumerate(inner)}
    directed = nx.DiGraph()
    directed.add_nodes_from(inner)
    for block, others in inner.items():
        directed.add_edges_from((block, other) for other in sorted(others, key=number.__getitem__))
    # It finds those that lead nowhere first.
    return [sorted(knot, key=number.__getitem__) for knot in nx.strongly_connected_components(directed)]
