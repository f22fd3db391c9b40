"""Looks at data: built-in sets at once, files of the person in a thread, so that a large folder stops nobody."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from PySide6.QtCore import QObject, Signal

from graph.catalog import CATALOG, Role
from graph.messages import LayerloomError, Message
from graph.model import Node

BUILTIN = "builtin:"


class Finding(NamedTuple):
    """What was found about the data of a node: facts, or why there are none."""

    node: Node
    facts: Mapping[str, object] | None
    reason: Message | None = None
    merge: object = None  # the key of the step that asked

    @property
    def described(self) -> Node:
        """The node with what it now knows about its data."""
        return replace(self.node, facts=self.facts)


class Describer(QObject):
    """Asks `runtime.data.describe`. An answer that takes time comes through `found`."""

    found = Signal(object)  # Finding

    def look(self, node: Node, folder: Path | None, merge: object) -> Finding | None:
        """What is known at once: None where a thread has to read first, or where the node holds no data."""
        node_type = CATALOG.get(node.type)
        if node_type is None or node_type.role is not Role.DATA:
            return None
        source = node_type.values(node)["source"]
        if source is None or str(source).startswith(BUILTIN):
            return find(node, folder)
        threading.Thread(target=self._work, args=(node, folder, merge), name="layerloom-data", daemon=True).start()
        return None

    def _work(self, node: Node, folder: Path | None, merge: object) -> None:
        self.found.emit(find(node, folder)._replace(merge=merge))


def find(node: Node, folder: Path | None) -> Finding:
    """Read the data of a node now."""
    from runtime.data import describe

    try:
        return Finding(node, describe(node, folder))
    except LayerloomError as error:
        return Finding(node, None, error.message)
