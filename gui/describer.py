"""Looks at data in a thread, so that neither a large folder nor large pictures stop anybody."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from PySide6.QtCore import QObject, Signal

from graph.catalog import CATALOG, NodeType, Role
from graph.messages import LayerloomError, Message
from graph.model import Graph, Node, Project
from graph.plan import Plan
from gui.apart import Messenger, work_apart

BUILTIN = "builtin:"
PATIENCE = 0.05  # seconds to wait for what is read at once, so that a drawing does not change twice


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


@dataclass(eq=False, slots=True)
class _Wish:
    """Data that are to be read, and what was found about them."""

    number: int
    node: Node
    folder: Path | None
    plan: Plan | None
    finding: Finding | None = None
    done: threading.Event = field(default_factory=threading.Event)


class Describer(QObject):
    """Asks `runtime.data.describe`. An answer that takes time comes through `found`, a failure at once through `failed`.

    What was asked for last is read first. What was asked for before is read then, as long as `is_wanted`, which is called in
    the thread, says that some state of the document still awaits it.
    """

    found = Signal(object)  # Finding
    failed = Signal(object)  # Message

    def __init__(self, is_wanted: Callable[[Node], bool], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._is_wanted = is_wanted
        self._lock = threading.Lock()
        self._wishes: list[_Wish] = []
        self._is_working = False
        self._number = 0
        self._messenger = Messenger(self._on_found)

    def described(self, node: Node, folder: Path | None, plan: Plan | None = None) -> Node:
        """A data node that knows its data, or will in a moment; any other node as it is. The plan says which samples train."""
        node_type = CATALOG.get(node.type)
        if node_type is None or node_type.role is not Role.DATA:
            return node
        blank = replace(node, facts=None)
        if _is_as_shipped(blank, node_type):
            finding = find(blank, folder, plan)
            if finding.reason is not None:
                self.failed.emit(finding.reason)
        else:
            finding = self._ask(blank, folder, plan)
        return replace(blank, facts=finding.facts) if finding is not None else blank

    def _ask(self, node: Node, folder: Path | None, plan: Plan | None) -> Finding | None:
        """Have data read, and what is found if that is at once. It comes through `found` in any case."""
        self._number += 1
        wish = _Wish(self._number, node, folder, plan)
        with self._lock:
            self._wishes.append(wish)
            if not self._is_working:
                self._is_working = True
                work_apart(self._work, "layerloom-data")
        wish.done.wait(PATIENCE)
        return wish.finding

    def _on_found(self, finding: Finding) -> None:
        self.found.emit(finding)

    def _next(self) -> _Wish | None:
        with self._lock:
            if not self._wishes:
                self._is_working = False
                return None
            return self._wishes.pop()

    def _work(self) -> None:
        newest = 0
        while (wish := self._next()) is not None:
            if wish.number > newest or self._is_wanted(wish.node):
                newest = max(newest, wish.number)
                wish.finding = find(wish.node, wish.folder, wish.plan)
                wish.done.set()
                self._messenger.tell(wish.finding)


def find(node: Node, folder: Path | None, plan: Plan | None = None) -> Finding:
    """Read the data of a node now."""
    from runtime.data import describe

    try:
        return Finding(node, describe(node, folder, plan=plan))
    except LayerloomError as error:
        return Finding(node, None, error.message)


def _is_as_shipped(node: Node, node_type: NodeType) -> bool:
    """Whether these are data of ours with nothing changed, which are small."""
    source = node_type.values(node).get("source", BUILTIN)  # what is made up has none
    params = (param for param in node_type.params if param.name != "source")
    return str(source).startswith(BUILTIN) and all(
        node.params.get(param.name) in (None, param.default) for param in params
    )
