"""Definitions that come from another document, with what pastes them or takes them from a library."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from graph.catalog.definitions import CODE_PREFIX, PREFIX
from graph.model import Block, Code, Definitions, Graph
from graph.names import first_free


def adopt(own: Definitions, others: Definitions) -> tuple[Definitions, dict[str, str]]:
    """Take the definitions of another document in. What is there already is not taken twice: the same code word for word,
    the same block wherever its nodes are placed.

    Returns:
        All definitions, and for each type id of `others` the type id that it has now.
    """
    types: dict[str, str] = {}
    for code in others.codes.values():
        same = next((c for c in own.codes.values() if c.text == code.text), None)
        kept = same or Code(own.free_id("c"), _free_title(code.name, own, keep=True), code.text, code.extra)
        own = own if same else own.put_code(kept)
        types[CODE_PREFIX + code.id] = CODE_PREFIX + kept.id
    for block in (others.blocks[i] for i in others.nesting.order):
        graph = retyped(block.graph, types)
        wanted = _meaning(replace(block, graph=graph))
        called_so = (b for b in own.blocks.values() if b.name == block.name)
        same_block = next((b for b in called_so if _meaning(replace(b, id=block.id)) == wanted), None)
        kept_block = same_block or replace(block, id=own.free_id("b"), name=_free_title(block.name, own), graph=graph)
        own = own if same_block else own.put_block(kept_block)
        types[PREFIX + block.id] = PREFIX + kept_block.id
    return own, types


def _meaning(block: Block) -> Block:
    """The block without the places of its nodes."""
    return replace(block, graph=block.graph.move(dict.fromkeys(block.graph.nodes, (0.0, 0.0))))


def used_definitions(graph: Graph, definitions: Definitions) -> Definitions:
    """The definitions that a drawing uses, directly or through others."""
    blocks: dict[str, Block] = {}
    codes: dict[str, Code] = {}
    waiting = [node.type for node in graph.nodes.values()]
    while waiting:
        type_id = waiting.pop()
        block = definitions.blocks.get(type_id.removeprefix(PREFIX)) if type_id.startswith(PREFIX) else None
        code = definitions.codes.get(type_id.removeprefix(CODE_PREFIX)) if type_id.startswith(CODE_PREFIX) else None
        if block is not None and block.id not in blocks:
            blocks[block.id] = block
            waiting += [node.type for node in block.graph.nodes.values()]
        if code is not None:
            codes[code.id] = code
    return Definitions(
        {k: v for k, v in definitions.blocks.items() if k in blocks},
        {k: v for k, v in definitions.codes.items() if k in codes},
    )


def retyped(graph: Graph, types: Mapping[str, str]) -> Graph:
    """The drawing with other types in the place of these."""
    changed = {k: replace(n, type=types[n.type]) for k, n in graph.nodes.items() if types.get(n.type, n.type) != n.type}
    return replace(graph, nodes={**graph.nodes, **changed}) if changed else graph


def _free_title(name: str, definitions: Definitions, *, keep: bool = False) -> str:
    """The name, or the first of it with 2, 3, ... that is free. The name of code is that of its class, and is kept."""
    if keep or name not in definitions.names:
        return name
    return first_free(name.rstrip("0123456789"), definitions.names | {f"{name.rstrip('0123456789')}1"})
