"""Two documents beside each other: which nodes, wires and settings of the one are not, or other, in the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from graph.compare_words import (
    block_details,
    code_details,
    kin_details,
    node_details,
    plan_details,
    type_label,
)
from graph.messages import Message, msg
from graph.model import Graph, Link, NodeId, Port, Project, Scope
from graph.pairing import Both


class Kind(StrEnum):
    """How a thing differs."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


SIGNS: Mapping[Kind, str] = {Kind.ADDED: "+", Kind.REMOVED: "−", Kind.CHANGED: "~"}


@dataclass(frozen=True, slots=True)
class NodeDifference:
    """A node that is not the same in both. `old` and `new` are its ids there; `details` say what differs, in words."""

    kind: Kind
    name: str
    type: str
    old: NodeId | None = None
    new: NodeId | None = None
    details: tuple[Message, ...] = ()


@dataclass(frozen=True, slots=True)
class WireDifference:
    """A wire between nodes that both documents have, and only one has it. `link` is given in the ids of that one."""

    kind: Kind
    name: str
    link: Link


@dataclass(frozen=True, slots=True)
class DrawingDifference:
    """What differs in one drawing: that of the project (`old` and `new` are None), or that of a block by its ids.

    Everything in a block that only one document has is added or removed, and so is the block (`kind`). `added_links` and
    `removed_links` are all links that differ, in the ids of the document they are in; `wires` are those of them that do
    not come and go with their nodes. `settings` are those of a block.
    """

    title: str
    old: Scope = None
    new: Scope = None
    kind: Kind = Kind.CHANGED
    nodes: tuple[NodeDifference, ...] = ()
    wires: tuple[WireDifference, ...] = ()
    added_links: tuple[Link, ...] = ()
    removed_links: tuple[Link, ...] = ()
    settings: tuple[Message, ...] = ()

    @property
    def is_block(self) -> bool:
        """Whether it is the drawing of a block."""
        return self.old is not None or self.new is not None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Everything that differs in meaning: places, looks and titles do not count.

    `training` are the settings of plan and project, `code` what differs in code that the documents define.
    """

    drawings: tuple[DrawingDifference, ...] = ()
    training: tuple[Message, ...] = ()
    code: tuple[Message, ...] = ()

    def __bool__(self) -> bool:
        """Whether anything differs."""
        return bool(self.drawings or self.training or self.code)

    @property
    def counts(self) -> Mapping[Kind, int]:
        """How many nodes were added, removed and changed."""
        kinds = [node.kind for drawing in self.drawings for node in drawing.nodes]
        return {kind: kinds.count(kind) for kind in Kind}

    @property
    def wires(self) -> int:
        """How many wires between nodes that both have are in one only."""
        return sum(len(drawing.wires) for drawing in self.drawings)

    @property
    def settings(self) -> int:
        """How many settings of blocks, plan and project, and how many pieces of code differ."""
        return sum(len(d.settings) for d in self.drawings) + len(self.training) + len(self.code)


def compare(old: Project, new: Project) -> Comparison:
    """What leads from one document to the other. What belongs together is told by ids and names (see `graph.pairing`)."""
    both = Both(old, new)
    pairs = both.nodes(old.graph, new.graph)
    drawings = [_drawing(both, "", None, None)]
    drawings += [_block(both, i, both.blocks.get(i)) for i in old.blocks]
    kept = set(both.blocks.values())
    drawings += [_block(both, None, i) for i in new.blocks if i not in kept]
    found = tuple(drawing for drawing in drawings if drawing is not None)
    return Comparison(found, tuple(plan_details(both, pairs)), tuple(code_details(both)))


def count_line(comparison: Comparison) -> Message:
    """How much differs, in one line."""
    counts = comparison.counts
    parts = [
        (counts[Kind.ADDED], msg("{count} added", count=counts[Kind.ADDED])),
        (counts[Kind.REMOVED], msg("{count} removed", count=counts[Kind.REMOVED])),
        (counts[Kind.CHANGED], msg("{count} changed", count=counts[Kind.CHANGED])),
        (comparison.wires, msg("wires: {count}", count=comparison.wires)),
        (comparison.settings, msg("settings: {count}", count=comparison.settings)),
    ]
    said = [text for count, text in parts if count]
    if not said:
        return msg("No differences") if not comparison else msg("Blocks differ")
    line = said[0]
    for part in said[1:]:
        line = msg("{some}, {more}", some=line, more=part)
    return line


def drawing_title(drawing: DrawingDifference) -> Message:
    """What a drawing is called in a list of differences."""
    if not drawing.is_block:
        return msg("Network")
    return msg("Block {name}", name=drawing.title)


def _block(both: Both, old: Scope, new: Scope) -> DrawingDifference | None:
    """A block; where only one document has it, `old` or `new` is None."""
    title = both.new.blocks[new].name if new is not None else both.old.blocks[old or ""].name
    return _drawing(both, title, old, new)


def _drawing(both: Both, title: str, old: Scope, new: Scope) -> DrawingDifference | None:
    kind = Kind.CHANGED
    if (old is None) != (new is None):
        kind = Kind.ADDED if old is None else Kind.REMOVED
    one = Graph() if kind is Kind.ADDED else both.old.drawing(old)
    other = Graph() if kind is Kind.REMOVED else both.new.drawing(new)
    settings = ()
    if old is not None and new is not None:
        settings = tuple(block_details(both.old.blocks[old], both.new.blocks[new]))
    pairs = both.nodes(one, other)
    nodes = tuple(_nodes(both, one, other, pairs))
    there = {_in_new(link, pairs) for link in one.links.values()}
    added = tuple(link for link in other.links.values() if link not in there)
    kept = set(other.links.values())
    removed = tuple(link for link in one.links.values() if _in_new(link, pairs) not in kept)
    if not (nodes or added or removed or settings or kind is not Kind.CHANGED):
        return None
    wires = (
        *_wires(Kind.REMOVED, removed, one, set(pairs)),
        *_wires(Kind.ADDED, added, other, set(pairs.values())),
    )
    return DrawingDifference(title, old, new, kind, nodes, wires, added, removed, settings)


def _nodes(both: Both, one: Graph, other: Graph, pairs: Mapping[NodeId, NodeId]) -> Iterator[NodeDifference]:
    """Removed and changed nodes in the order of the old drawing, then the added ones in that of the new one."""
    kin = kin_details(one, other, pairs)
    for i, node in one.nodes.items():
        if i not in pairs:
            yield NodeDifference(Kind.REMOVED, node.name, type_label(both.old.catalog, node), old=i)
            continue
        now = other.nodes[pairs[i]]
        details = (*node_details(both, node, now), *((kin[now.id],) if now.id in kin else ()))
        if details:
            yield NodeDifference(Kind.CHANGED, now.name, type_label(both.new.catalog, now), i, now.id, details)
    kept = set(pairs.values())
    for i, node in other.nodes.items():
        if i not in kept:
            yield NodeDifference(Kind.ADDED, node.name, type_label(both.new.catalog, node), new=i)


def _wires(kind: Kind, links: tuple[Link, ...], graph: Graph, kept: set[NodeId]) -> Iterator[WireDifference]:
    for link in links:
        if link.source.node in kept and link.target.node in kept:
            ends = (f"{graph.nodes[end.node].name}.{end.name}" for end in link)
            yield WireDifference(kind, " → ".join(ends), link)


def _in_new(link: Link, pairs: Mapping[NodeId, NodeId]) -> Link:
    """A link of the old drawing in the ids of the new one; of a node that is gone in an id that is nowhere."""
    return Link(*(Port(pairs.get(end.node, f"-{end.node}"), end.name) for end in link))
