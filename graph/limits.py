"""How large a document may become: an edit after which its file could not be opened again is refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import compress
from operator import is_not

from graph import strict_json
from graph.look_records import MAX_ANNOTATIONS
from graph.messages import EditError, Message, msg
from graph.model import Graph, Project
from graph.records import MAX_DEFINITIONS, MAX_LINKS, MAX_NODES
from graph.sameness import new_texts


def check_limits(new: Project, old: Project) -> None:
    """Refuse a document that its file could not hold. Only what differs from the one before by identity is looked at.

    What was too much before may become less.

    Raises:
        EditError: it has too many parts, or a text in it is too long.
    """
    if new is old:
        return
    for what, count, before, limit in _counts(new, old):
        if count > max(limit, before):
            raise EditError(
                msg(
                    "A drawing can hold up to {limit} {what}, and this would make {count}. Do it with fewer, "
                    "or make a block of what repeats.",
                    limit=limit,
                    what=what,
                    count=count,
                )
            )
    for text in _texts(new, old):
        if (fault := strict_json.fault_of(text)) is not None:
            raise EditError(msg("No file could hold this: {reason}", reason=fault))


def _counts(new: Project, old: Project) -> Iterator[tuple[Message, int, int, int]]:
    """What is counted, how many there are and were, and how many there may be."""
    before, now = _drawings(old), _drawings(new)
    yield msg("blocks"), _num_definitions(new), _num_definitions(old), MAX_DEFINITIONS
    yield msg("nodes"), _num_nodes(now), _num_nodes(before), MAX_NODES
    for scope, graph in now.items():
        was = before.get(scope, Graph())
        yield msg("links"), len(graph.links), len(was.links), MAX_LINKS
        yield msg("frames and notes"), len(graph.look.annotations), len(was.look.annotations), MAX_ANNOTATIONS


def _num_definitions(project: Project) -> int:
    return len(project.blocks) + len(project.definitions.codes)


def _num_nodes(drawings: Mapping[str | None, Graph]) -> int:
    return sum(len(graph.nodes) for graph in drawings.values())


def _drawings(project: Project) -> Mapping[str | None, Graph]:
    return {None: project.graph, **{i: block.graph for i, block in project.blocks.items()}}


def _texts(new: Project, old: Project) -> Iterator[str]:
    """The texts that changed, code line by line, as a file holds it."""
    before = _drawings(old)
    for scope, graph in _drawings(new).items():
        was = before.get(scope, Graph())
        nodes, known = graph.nodes, was.nodes
        if nodes is not known:
            earlier = [*map(known.get, nodes)]  # maps, since a push looks at every node of a drawing
            pairs = zip(nodes.values(), earlier, strict=True)
            for node, old_node in compress(pairs, map(is_not, nodes.values(), earlier)):
                if old_node is None or old_node.params is not node.params:
                    yield from new_texts(node.params, old_node and old_node.params)
        yield from new_texts(graph.look.annotations, was.look.annotations)
    for i, block in new.blocks.items():
        if block is not old.blocks.get(i):
            yield from new_texts((block.help, block.params), None)
    for i, code in new.definitions.codes.items():
        if code is not old.definitions.codes.get(i):
            yield from code.text.split("\n")
    yield from new_texts(new.plan, old.plan)
    yield from new_texts(new.name, old.name)
