"""Blocks in files as node types of the library: what they are called before a document has them."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from graph.catalog import NodeType, Role
from graph.catalog.definitions import FAMILY, PREFIX
from graph.catalog.types import Ports
from graph.messages import FileError, Message
from graph.model import Definitions
from graph.names import stem_of
from runtime.library import Entry, take

SHELF = "library:"  # begins the type id of a block in a file; the rest is the path


def shelf_type(entry: Entry) -> NodeType:
    """A node type that stands for the block of a file until it is used."""
    text = entry.help.text if isinstance(entry.help, Message) else entry.help
    return NodeType(
        id=f"{SHELF}{entry.path}", label=entry.name, family=FAMILY, role=Role.BLOCK, help=text,
        stem=stem_of(entry.name, "block"), synonyms=entry.synonyms,
    )  # fmt: skip


def is_on_shelf(type_id: str) -> bool:
    """Whether a type is that of a block in a file."""
    return type_id.startswith(SHELF)


def file_of(type_id: str) -> Path:
    """The file that a type of the library is in."""
    return Path(type_id.removeprefix(SHELF))


def with_ports(node_type: NodeType) -> NodeType:
    """A type of the library with the ports that its instances have; without any where its file cannot be read."""
    try:
        changed = file_of(node_type.id).stat().st_mtime_ns
    except OSError:
        return node_type
    inputs, outputs = _ports(node_type.id, changed)
    return replace(node_type, inputs=inputs, outputs=outputs)


@lru_cache(maxsize=256)
def _ports(type_id: str, _changed: int) -> Ports:
    try:
        definitions, there = brought_in(Definitions(), type_id)
    except FileError:
        return (), ()
    return definitions.catalog[there].inputs, definitions.catalog[there].outputs


def brought_in(definitions: Definitions, type_id: str) -> tuple[Definitions, str]:
    """The definitions with the block of a file among them, and the type that its instances have there.

    Types of other kinds need nothing brought in.

    Raises:
        FileError: the file cannot be read, or shows no block.
    """
    if not is_on_shelf(type_id):
        return definitions, type_id
    path = file_of(type_id)
    definitions, block = take(definitions, Entry(path.stem, path.stem, "", path))
    return definitions, PREFIX + block
