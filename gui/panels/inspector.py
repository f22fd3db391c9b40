"""The inspector: the one selected node, or a summary of several, or of the whole network."""

from __future__ import annotations

from functools import partial

from PySide6.QtWidgets import QWidget

from graph.catalog import CATALOG, Role
from graph.messages import EditError, msg, tr
from graph.model import Graph
from gui.editor import Editor
from gui.figures import bytes_text, grouped
from gui.panels.form import HelpLine
from gui.panels.name_field import NameField
from gui.panels.node_form import NodeForm
from gui.panels.parts import (
    MARGIN,
    ColorBar,
    FactList,
    ScrollColumn,
    column,
    complain,
    empty,
    label,
    row,
    small_button,
)
from gui.panels.why import WhyCard
from gui.theme import GRID
from runtime.analysis import Analysis

BYTES_PER_NUMBER = 4  # float32
MAX_TITLE = 200


class InspectorPanel(QWidget):
    """Shows what is selected and edits it in place."""

    def __init__(self, editor: Editor, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(tr("Layer"))
        self._editor = editor
        self._scroll = ScrollColumn()
        self._help = HelpLine(self)
        self._help.setContentsMargins(MARGIN, GRID, MARGIN, 2 * GRID)
        self.why = WhyCard(editor)
        answer = row()
        answer.setContentsMargins(MARGIN, 0, MARGIN, GRID)
        answer.addWidget(self.why)
        layout = column(self)
        layout.addWidget(self._scroll, 1)
        layout.addLayout(answer)
        layout.addWidget(self._help)
        self.page: NodeForm | SelectionCard | ProjectCard
        self._show_page()
        editor.selection_changed.connect(self._refresh)
        editor.changed.connect(self._refresh)
        editor.analysed.connect(self._refresh)
        editor.scope_changed.connect(self._refresh)

    def enter(self) -> None:
        """Put the cursor into the form of the selected node."""
        if isinstance(self.page, NodeForm):
            self.page.enter()

    def _refresh(self, _what: object = None) -> None:
        """Bring the page up to date; build another one only if something else is selected."""
        if self._fits():
            self.page.refresh()
        else:
            self._show_page()

    def _fits(self) -> bool:
        selected = [node for node in self._editor.selection if node in self._editor.graph.nodes]
        if len(selected) == 1:
            node = self._editor.graph.nodes[selected[0]]
            return isinstance(self.page, NodeForm) and (self.page.node, self.page.type_id) == (node.id, node.type)
        return isinstance(self.page, SelectionCard if selected else ProjectCard)

    def _show_page(self) -> None:
        selected = [node for node in self._editor.selection if node in self._editor.graph.nodes]
        empty(self._scroll.column)
        if len(selected) == 1:
            self.page = NodeForm(self._editor, selected[0])
            self.page.size_asked.connect(self.why.ask)
        else:
            self.page = (SelectionCard if selected else ProjectCard)(self._editor)
        self._scroll.column.addWidget(self.page)
        self._scroll.column.addStretch(1)
        self._scroll.verticalScrollBar().setValue(0)


class SelectionCard(QWidget):
    """Several nodes are selected: how many, how large, and what can be done with all of them."""

    def __init__(self, editor: Editor) -> None:
        super().__init__()
        self._editor = editor
        self._title, self.facts = label("", tone="title"), FactList()
        self.duplicate_button = small_button(tr("Duplicate"), "copy")
        self.delete_button = small_button(tr("Delete"), "delete")
        self.duplicate_button.clicked.connect(editor.duplicate)
        self.delete_button.clicked.connect(editor.remove_selected)
        buttons = row()
        buttons.addWidget(self.duplicate_button)
        buttons.addWidget(self.delete_button)
        buttons.addStretch(1)
        layout = column(self, spacing=3 * GRID)
        layout.addWidget(self._title)
        layout.addWidget(self.facts)
        layout.addLayout(buttons)
        self.refresh()

    def refresh(self) -> None:
        """Show the figures of what is selected now."""
        selected = self._editor.selection
        nodes = self._editor.view_analysis.nodes
        known = [nodes[node] for node in selected if node in nodes]
        self._title.setText(tr("{count} nodes selected", count=len(selected)))
        parameters, macs = sum(node.parameters for node in known), sum(node.macs for node in known)
        self.facts.set_facts([(tr("Parameters"), grouped(parameters)), (tr("MACs / sample"), grouped(macs))])


class ProjectCard(QWidget):
    """Nothing is selected: the network as a whole."""

    def __init__(self, editor: Editor) -> None:
        super().__init__()
        self._editor = editor
        self.name_field = NameField(tr("Name of the network"), check_title)
        self.facts, complaint = FactList(), label("", tone="error", wrap=True)
        complaint.hide()
        self.name_field.renamed.connect(editor.rename_project)
        self.name_field.rejected.connect(partial(complain, complaint))
        texts = column()
        texts.addWidget(self.name_field)
        kind = label(tr("Network"), tone="muted")
        kind.setContentsMargins(GRID + 2, 0, 0, 0)
        texts.addWidget(kind)
        header = row(spacing=GRID)
        header.addWidget(ColorBar("accent"))
        header.addLayout(texts, 1)
        layout = column(self, spacing=3 * GRID)
        layout.addLayout(header)
        layout.addWidget(complaint)
        layout.addWidget(self.facts)
        layout.addWidget(label(tr("Select a node to see and change its parameters."), tone="faint", wrap=True))
        self.refresh()

    def refresh(self) -> None:
        """Show the network as it is now."""
        self.name_field.show_name(self._editor.project.name)
        self.facts.set_facts(project_facts(self._editor.graph, self._editor.view_analysis))


def num_layers(graph: Graph) -> int:
    """How many nodes compute something: layers and operations, not data, losses and metrics."""
    return sum(CATALOG[n.type].role in (Role.LAYER, Role.OPERATION) for n in graph.nodes.values() if n.type in CATALOG)


def project_facts(graph: Graph, analysis: Analysis) -> list[tuple[str, ...]]:
    """The size of a network, as (name, figure) for people; what errors hide is left out."""
    counts = [(tr("Nodes"), grouped(len(graph.nodes))), (tr("Layers"), grouped(num_layers(graph)))]
    if analysis.errors or not analysis.complete or not graph.nodes:
        return counts
    return [
        *counts,
        (tr("Parameters"), grouped(analysis.parameters)),
        (tr("MACs / sample"), grouped(analysis.macs)),
        (tr("Weights in memory"), bytes_text(analysis.parameters * BYTES_PER_NUMBER)),
    ]


def check_title(title: str) -> None:
    """Refuse an empty or endless title.

    Raises:
        EditError: the message says what a title can be.
    """
    if not 0 < len(title) <= MAX_TITLE:
        raise EditError(msg("Give the network a name of 1 to {limit} characters.", limit=MAX_TITLE))
