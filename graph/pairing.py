"""Which things of two documents belong together: nodes, blocks and code, by their ids and by their names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Protocol, TypeVar

from graph.catalog.definitions import CODE_PREFIX, INPUT, OUTPUT, PREFIX
from graph.model import Block, Code, Graph, Node, NodeId, Project

_ALIKE = 0.5  # of the nodes of two blocks, or of two texts


class Named(Protocol):
    """What has a name."""

    @property
    def name(self) -> str: ...


T = TypeVar("T", bound=Named)


def paired(old: Mapping[str, T], new: Mapping[str, T], alike: Callable[[T, T], bool]) -> dict[str, str]:
    """For the things of one document, by id, the id in the other of what each became.

    What has the same id and name belongs together. Of the rest, those with the same id where most ids mean the same in both
    (a thing that was renamed); where they do not, the files have nothing to do with each other. Names decide what is left.
    """
    pairs = {i: i for i, thing in old.items() if i in new and new[i].name == thing.name}
    left = [i for i in old if i in new and i not in pairs]
    names = {thing.name for i, thing in new.items() if i not in pairs}
    like = [i for i in left if alike(old[i], new[i])]
    kept = [i for i in like if old[i].name not in names]
    if len(pairs) + len(kept) >= len(left) - len(kept):
        pairs |= {i: i for i in like}
    taken = set(pairs.values())
    by_name = {thing.name: i for i, thing in new.items() if i not in taken}
    for i, thing in old.items():
        if i not in pairs and thing.name in by_name:
            pairs[i] = by_name.pop(thing.name)
    return pairs


@dataclass(frozen=True)
class Both:
    """Two documents, and for the blocks and code of the old one those of the new one that each became, by id."""

    old: Project
    new: Project
    blocks: Mapping[str, str] = field(init=False)
    codes: Mapping[str, str] = field(init=False)

    def __post_init__(self) -> None:
        one, other = self.old.definitions, self.new.definitions
        object.__setattr__(self, "blocks", paired(one.blocks, other.blocks, _blocks_alike))
        object.__setattr__(self, "codes", paired(one.codes, other.codes, _codes_alike))

    def type_now(self, node: Node) -> str | None:
        """The type of an old node as the new document calls it; None if it is a block or code that is not there."""
        definitions = self.old.definitions
        for prefix, known, pairs in (
            (PREFIX, definitions.blocks, self.blocks),
            (CODE_PREFIX, definitions.codes, self.codes),
        ):
            definition = node.type.removeprefix(prefix)
            if node.type.startswith(prefix) and definition in known:
                return prefix + pairs[definition] if definition in pairs else None
        return node.type

    def nodes(self, one: Graph, other: Graph) -> dict[NodeId, NodeId]:
        """For the nodes of an old drawing those of a new one that each became."""
        return paired(one.nodes, other.nodes, lambda a, b: self.type_now(a) == b.type)


def _blocks_alike(one: Block, other: Block) -> bool:
    """Whether most of what is between their inputs and outputs is the same."""
    a, b = (
        {(node.name, node.type) for node in block.graph.nodes.values() if node.type not in (INPUT, OUTPUT)}
        for block in (one, other)
    )
    return len(a & b) >= _ALIKE * max(len(a), len(b))


def _codes_alike(one: Code, other: Code) -> bool:
    """Whether most lines of the one are in the other too, in whatever order: that is told in an instant for any length."""
    return SequenceMatcher(None, one.text.splitlines(), other.text.splitlines()).quick_ratio() >= _ALIKE
