"""What an edit changed: the difference of two drawings, found by identity first, so that it costs next to nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from graph.model import Block, Graph, Link, Node, NodeId, Project

K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Changes:
    """Nodes and links that differ. A node that moved and changed otherwise is in both `moved` and `changed`.

    `looks` says that frames, notes, bends, collapsed cards or the direction differ.
    """

    added: tuple[NodeId, ...] = ()
    removed: tuple[NodeId, ...] = ()
    changed: tuple[NodeId, ...] = ()
    moved: tuple[NodeId, ...] = ()
    added_links: tuple[Link, ...] = ()
    removed_links: tuple[Link, ...] = ()
    looks: bool = False

    def __bool__(self) -> bool:
        """Whether anything differs."""
        return self != Changes()

    @property
    def in_meaning(self) -> bool:
        """Whether anything differs that the network depends on: more than places and looks."""
        return replace(self, moved=(), looks=False) != Changes()


def diff(old: Graph, new: Graph) -> Changes:
    """What leads from `old` to `new`. Added things come in the order of `new`, removed ones in that of `old`."""
    if old is new:
        return Changes()
    touched = [(node, old.nodes[key]) for key, node in _other(new.nodes, old.nodes) if key in old.nodes]
    return Changes(
        added=tuple(key for key in new.nodes if key not in old.nodes),
        removed=tuple(key for key in old.nodes if key not in new.nodes),
        changed=tuple(after.id for after, before in touched if _differs(after, before)),
        moved=tuple(after.id for after, before in touched if after.position != before.position),
        added_links=tuple(link for key, link in _other(new.links, old.links) if old.links.get(key) != link),
        removed_links=tuple(link for key, link in _other(old.links, new.links) if new.links.get(key) != link),
        looks=old.look != new.look,
    )


def means_the_same(one: Project, other: Project) -> bool:
    """Whether two projects build and train the same network: they differ at most in title and places of nodes."""
    settings = ((p.plan, p.weight_init, p.bias_init, p.definitions.codes) for p in (one, other))
    return (
        next(settings) == next(settings)
        and _drawn_the_same(one.graph, other.graph)
        and one.blocks.keys() == other.blocks.keys()
        and all(_same_block(block, other.blocks[key]) for key, block in one.blocks.items())
    )


def _same_block(one: Block, other: Block) -> bool:
    return one is other or (replace(one, graph=other.graph) == other and _drawn_the_same(one.graph, other.graph))


def _drawn_the_same(one: Graph, other: Graph) -> bool:
    return not diff(one, other).in_meaning


def _other(these: Mapping[K, V], those: Mapping[K, V]) -> Iterator[tuple[K, V]]:
    """The entries of `these` that are not the very same objects in `those`."""
    if these is not those:
        yield from ((key, value) for key, value in these.items() if those.get(key) is not value)


def _differs(after: Node, before: Node) -> bool:
    """Whether anything but the position differs."""
    return replace(after, position=before.position) != before
