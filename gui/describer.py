"""Looks at data: built-in sets at once, files of the person in a thread, so that a large folder stops nobody."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from PySide6.QtCore import QObject, Signal

from graph.catalog import CATALOG, Role
from graph.messages import LayerloomError, Message
from graph.model import Graph, Node, Project

BUILTIN = "builtin:"


class Finding(NamedTuple):
    """What was found about the data of a node, as it was then: facts, or why there are none."""

    node: Node
    facts: Mapping[str, object] | None
    reason: Message | None = None

    def is_awaited(self, project: Project) -> bool:
        """Whether the node is there, asks for just these data, and does not know them yet."""
        node = project.graph.nodes.get(self.node.id)
        return node is not None and node.params is self.node.params and node.facts is None

    def into(self) -> Callable[[Project], Project]:
        """Puts the facts into the states of a document that await them; what these share, they go on sharing."""
        nodes: dict[int, Node] = {}
        graphs: dict[int, Graph] = {}

        def put(project: Project) -> Project:
            if self.facts is None or not self.is_awaited(project):
                return project
            graph, node = project.graph, project.graph.nodes[self.node.id]
            described = nodes.setdefault(id(node), replace(node, facts=self.facts))
            return project.with_graph(graphs.setdefault(id(graph), graph.put(described)))

        return put


class Describer(QObject):
    """Asks `runtime.data.describe`. An answer that takes time comes through `found`, a failure at once through `failed`."""

    found = Signal(object)  # Finding
    failed = Signal(object)  # Message

    def described(self, node: Node, folder: Path | None) -> Node:
        """A data node that knows its data, or will in a moment; any other node as it is."""
        node_type = CATALOG.get(node.type)
        if node_type is None or node_type.role is not Role.DATA:
            return node
        blank = replace(node, facts=None)
        source = node_type.values(node).get("source")  # what is made up has none
        if source is not None and not str(source).startswith(BUILTIN):
            threading.Thread(target=self._work, args=(blank, folder), name="layerloom-data", daemon=True).start()
            return blank
        finding = find(blank, folder)
        if finding.reason is not None:
            self.failed.emit(finding.reason)
        return replace(blank, facts=finding.facts)

    def _work(self, node: Node, folder: Path | None) -> None:
        finding = find(node, folder)
        with suppress(RuntimeError):  # the document is gone
            self.found.emit(finding)


def find(node: Node, folder: Path | None) -> Finding:
    """Read the data of a node now."""
    from runtime.data import describe

    try:
        return Finding(node, describe(node, folder))
    except LayerloomError as error:
        return Finding(node, None, error.message)
