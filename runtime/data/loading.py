"""Reading what a data node points at: its raw samples, the facts that it remembers, and what a person can look at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from graph.binding import bind_node
from graph.catalog import CATALOG
from graph.messages import DataError, EditError, msg
from graph.model import Node
from graph.plan import Plan
from runtime.data.looks import notes_on
from runtime.data.moments import target_facts
from runtime.data.readers import READERS, Reader, Values
from runtime.data.records import Loaded, Look
from runtime.data.sources import Place, locate

LOOKED_AT = 64  # samples


def load(node: Node, folder: Path | None = None) -> Loaded:
    """Read the data of a data node. A relative path starts from `folder`, the project's.

    Raises:
        DataError: the data is missing or wrong; the message names the place, `node` is the node's id.
    """
    with _blaming(node):
        values = values_of(node)
        place = _place(node, values, folder)
        return reader_of(node).read(place, values)


def look(node: Node, folder: Path | None = None) -> Look:
    """What a person can look at of the data of a node.

    Whatever is measured is measured on the samples that are looked at.

    Raises:
        DataError: as for `load`.
    """
    loaded = load(node, folder)
    with _blaming(node):
        reader, values = reader_of(node), values_of(node)
        rows = np.arange(min(LOOKED_AT, loaded.samples))
        samples = reader.transform(values, reader.fit(values, loaded, rows), loaded.store.read(rows))
        found = reader.look(values, loaded, samples)
        return replace(found, notes=(*loaded.notes, *notes_on(loaded)))


def describe(node: Node, folder: Path | None = None, *, plan: Plan | None = None) -> dict[str, Any]:
    """The facts that a data node remembers of its data, as JSON values (`Loaded.facts`).

    Shapes are without the batch dimension; "classes" of an output is there where it holds class indices. A plan says which
    samples train: on them, mean and spread of targets that are numbers are measured.

    Raises:
        DataError: as for `load`.
    """
    loaded = load(node, folder)
    with _blaming(node):
        return {**loaded.facts(), **(target_facts(node, loaded, plan) if plan is not None else {})}


def _place(node: Node, values: Values, folder: Path | None) -> Place:
    """Where the data of a node is; what is made up is nowhere."""
    node_type = CATALOG[node.type]
    if "source" not in values:
        return Place(Path(), node_type.label)
    return locate(str(values["source"] or ""), node_type.id, folder)


def values_of(node: Node) -> Values:
    """Every parameter of a data node, expressions worked out.

    Raises:
        EditError: a parameter does not fit.
    """
    return CATALOG[node.type].values(bind_node(node, {}))


def reader_of(node: Node) -> Reader:
    """How the data of a node is read."""
    return READERS[CATALOG[node.type].id]


def known_facts(node: Node) -> Mapping[str, Any]:
    """What the data node remembers of its data.

    Raises:
        DataError: it never read any.
    """
    if node.facts is None:
        raise DataError(
            msg("'{name}' has not read its data yet. Read it on that node, or with --read-data.", name=node.name),
            node=node.id,
        )
    return node.facts


@contextmanager
def _blaming(node: Node) -> Iterator[None]:
    """Say of what goes wrong inside the block that it is this node's."""
    try:
        yield
    except DataError as error:
        error.node = node.id
        raise
    except EditError as error:
        raise DataError(error.message, node=node.id) from error
    except MemoryError as error:
        raise DataError(msg("There is not enough memory to read the data. Use fewer samples."), node=node.id) from error
