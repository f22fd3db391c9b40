"""What is selected on the canvas, as one value: to add to it, to toggle parts of it, and to come back to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from graph.model import Link, NodeId

if TYPE_CHECKING:
    from gui.editor import Editor


class Selection(NamedTuple):
    """Nodes, wires, and frames and notes; `editor.select(*selection)` selects exactly these."""

    nodes: frozenset[NodeId] = frozenset()
    links: frozenset[Link] = frozenset()
    annotations: frozenset[str] = frozenset()

    def joined(self, other: Selection) -> Selection:
        """These and the others."""
        return Selection(self.nodes | other.nodes, self.links | other.links, self.annotations | other.annotations)

    def toggled(self, other: Selection) -> Selection:
        """These, without those of the others that are among them, and with those that are not."""
        return Selection(self.nodes ^ other.nodes, self.links ^ other.links, self.annotations ^ other.annotations)


def selection_of(editor: Editor) -> Selection:
    """What is selected now."""
    return Selection(editor.selection, editor.selected_links, editor.selected_annotations)


def only_node(node: NodeId) -> Selection:
    """One node alone."""
    return Selection(nodes=frozenset({node}))


def only_link(link: Link) -> Selection:
    """One wire alone."""
    return Selection(links=frozenset({link}))


def only_annotation(annotation: str) -> Selection:
    """One frame or note alone."""
    return Selection(annotations=frozenset({annotation}))
