"""What the boxes over the canvas offer: node types to add, and ports to wire the selected node to."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence

from PySide6.QtWidgets import QWidget

from graph.catalog import FAMILY_LABELS, NodeType
from graph.messages import tr, translate
from graph.model import Link, NodeId, Port, Project
from gui.canvas.card import color_role
from gui.canvas.chooser import Chooser, Entry
from gui.canvas.connecting import inputs_for
from gui.fuzzy import words_fit
from gui.panels.search import label_of, rank


def type_chooser(
    parent: QWidget,
    types: Sequence[NodeType],
    behind: Sequence[NodeType] = (),
    *,
    title: str = "",
    preferred: Container[str] = (),
) -> Chooser:
    """A box to choose one of these node types; `chosen` gives its id.

    Those `behind` come after what fits better; `preferred` are ids of types that come before others that fit as well.
    """
    return Chooser(
        parent,
        lambda query: [_type_entry(node_type) for node_type in rank(query, types, behind, preferred=preferred)],
        title=title or tr("Add a layer"),
        nothing=tr("No layer is called that. Try another word, such as conv, pool or loss."),
    )


def target_chooser(parent: QWidget, project: Project, node: NodeId, *, add_key: str) -> Chooser:
    """A box to choose an input to wire an output of the node to; `chosen` gives the `Link`.

    Where there is none, it says with which key a layer is added; with "" not.
    """
    entries = _target_entries(project, node)
    nothing = tr("No free input takes a wire from here. Add a layer first.")
    if add_key:
        nothing = tr("No free input takes a wire from here. Add a layer first: press {key} and type.", key=add_key)
    return Chooser(
        parent,
        matching(entries),
        title=tr("Connect {node} to", node=project.graph.nodes[node].name),
        nothing=nothing,
    )


def _type_entry(node_type: NodeType) -> Entry:
    return Entry(
        text=label_of(node_type),
        detail=str(FAMILY_LABELS.get(node_type.family, node_type.family)),
        family=color_role(node_type),
        value=node_type.id,
        tip=translate(node_type.help),
    )


def _target_entries(project: Project, node: NodeId) -> list[Entry]:
    """One entry a link that could be drawn; inputs of nodes close by come first."""
    graph, node_type = project.graph, project.catalog.of(project.graph.nodes[node])
    sources = [Port(node, port.name) for port in node_type.outputs] if node_type else []
    links = [Link(source, port) for source in sources for port in inputs_for(project, source)]
    x, y = graph.nodes[node].position

    def distance(link: Link) -> float:
        tx, ty = graph.nodes[link.target.node].position
        return abs(tx - x) + 2 * abs(ty - y) + (500 if tx < x else 0)

    return [_link_entry(project, link, several=len(sources) > 1) for link in sorted(links, key=distance)]


def _link_entry(project: Project, link: Link, *, several: bool) -> Entry:
    target = project.graph.nodes[link.target.node]
    node_type = project.catalog[target.type]
    words = f"{target.name}.{link.target.name}"
    return Entry(
        text=f"{link.source.name} → {words}" if several else words,
        detail=label_of(node_type),
        family=color_role(node_type),
        value=link,
    )


def matching(entries: Sequence[Entry]) -> Callable[[str], list[Entry]]:
    """What finds those entries that a query fits, best first; among equals in their order."""
    names = [(entry.text.casefold(), entry.detail.casefold()) for entry in entries]

    def find(query: str) -> list[Entry]:
        graded = [(words_fit(query, texts), place) for place, texts in enumerate(names)]
        return [entries[place] for _, place in sorted((g, p) for g, p in graded if g is not None)]

    return find
