"""Reading what a data node points at: its raw arrays, and the facts that the node remembers of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from graph.binding import bind_node
from graph.catalog import CATALOG
from graph.messages import DataError, EditError, msg
from graph.model import Node
from runtime.data.arrays import read_arrays
from runtime.data.images import read_images
from runtime.data.records import Loaded
from runtime.data.sources import ARRAYS, IMAGES, TABLE, Place, locate
from runtime.data.tables import read_table

_READERS: Mapping[str, Callable[[Place, Mapping[str, object]], Loaded]] = {
    IMAGES: read_images,
    TABLE: read_table,
    ARRAYS: read_arrays,
}


def load(node: Node, folder: Path | None = None) -> Loaded:
    """Read the data of a data node. A relative path starts from `folder`, the project's.

    Raises:
        DataError: the data is missing or wrong; the message names the place, `node` is the node's id.
    """
    node_type = CATALOG[node.type]
    try:
        values = node_type.values(bind_node(node, {}))
        place = locate(str(values["source"] or ""), node_type.id, folder)
        return _READERS[node_type.id](place, values)
    except DataError as error:
        error.node = node.id
        raise
    except EditError as error:
        raise DataError(error.message, node=node.id) from error
    except MemoryError as error:
        raise DataError(msg("There is not enough memory to read the data. Use fewer samples."), node=node.id) from error


def describe(node: Node, folder: Path | None = None) -> dict[str, Any]:
    """The facts that a data node remembers of its data, as JSON values.

        {"title", "samples", "task", "classes", "columns", "fingerprint",
         "outputs": {port: {"shape", "dtype", "classes"}}}

    Shapes are without the batch dimension; "classes" of an output is there where it holds class indices.

    Raises:
        DataError: as for `load`.
    """
    return load(node, folder).facts()


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
