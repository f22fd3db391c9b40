"""Blocks in files as node types of the library: what they are called before a document has them."""

from __future__ import annotations

from pathlib import Path

from graph.catalog import NodeType, Role
from graph.catalog.definitions import FAMILY, PREFIX
from graph.messages import Message
from graph.model import Definitions
from graph.names import stem_of
from runtime.library import Entry, take

SHELF = "library:"  # begins the type id of a block in a file; the rest is the path


def shelf_type(entry: Entry) -> NodeType:
    """A node type that stands for the block of a file until it is used."""
    text = entry.help.text if isinstance(entry.help, Message) else entry.help
    return NodeType(
        id=f"{SHELF}{entry.path}", label=entry.name, family=FAMILY, role=Role.BLOCK, help=text,
        stem=stem_of(entry.name, "block"),
    )  # fmt: skip


def is_on_shelf(type_id: str) -> bool:
    """Whether a type is that of a block in a file."""
    return type_id.startswith(SHELF)


def brought_in(definitions: Definitions, type_id: str) -> tuple[Definitions, str]:
    """The definitions with the block of a file among them, and the type that its instances have there.

    Types of other kinds need nothing brought in.

    Raises:
        FileError: the file cannot be read, or shows no block.
    """
    if not is_on_shelf(type_id):
        return definitions, type_id
    path = Path(type_id.removeprefix(SHELF))
    definitions, block = take(definitions, Entry(path.stem, path.stem, "", path))
    return definitions, PREFIX + block
