"""The inspector: the one selected node, or a summary of several, or of the whole network."""

from __future__ import annotations

from collections import Counter
from functools import partial

from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtWidgets import QWidget

from graph.catalog import CATALOG, NETWORK, Catalog, Role
from graph.messages import EditError, msg, tr
from graph.model import Graph, Node, NodeId
from gui.block_editor import BlockEditor
from gui.canvas.kinship import kinship
from gui.clipboard import Clipboard
from gui.editor import Editor
from gui.figures import bytes_text, grouped
from gui.panels.block_page import BlockPage
from gui.panels.form import HelpLine
from gui.panels.guide import GuideView
from gui.panels.init_form import OF_NETWORK, InitForm
from gui.panels.macs import macs_text, runs_code
from gui.panels.name_field import NameField
from gui.panels.node_form import NodeForm, form_key
from gui.panels.parts import (
    MARGIN,
    FactList,
    Heading,
    ScrollColumn,
    column,
    complain,
    empty,
    flat_button,
    keep_tab_order,
    label,
    page_header,
    row,
    small_button,
)
from gui.panels.pulse import PulseView
from gui.panels.why import WhyCard
from gui.theme import GRID
from gui.vitals import Vitals
from runtime.analysis import Analysis
from runtime.guides import guide_of, without_guide

BYTES_PER_NUMBER = 4  # float32
MAX_TITLE = 200


class InspectorPanel(QWidget):
    """Shows what is selected and edits it in place.

    `code_requested(NodeId)` asks for the Python of a node, `block_requested()` for a block of all that is selected.
    Another page is built when what goes on now is over, or when it is asked for: several selections in a row cost one.
    """

    code_requested = Signal(str)
    block_requested = Signal()

    def __init__(self, editor: Editor, blocks: BlockEditor | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(tr("Layer"))
        self._editor, self._blocks = editor, blocks or BlockEditor(editor)
        self._scroll = ScrollColumn()
        self._help = HelpLine(self)
        self._help.setContentsMargins(MARGIN, GRID, MARGIN, 2 * GRID)
        self.why = WhyCard(editor, self._blocks)
        answer = row()
        answer.setContentsMargins(MARGIN, 0, MARGIN, GRID)
        answer.addWidget(self.why)
        layout = column(self)
        layout.addWidget(self._scroll, 1)
        layout.addLayout(answer)
        layout.addWidget(self._help)
        self._vitals: Vitals | None = None
        self._pulse: PulseView | None = None
        self._page: NodeForm | SelectionCard | BlockPage | ProjectCard
        self._due = QTimer(self, singleShot=True, interval=0)
        self._due.timeout.connect(self._show_page)
        self._show_page()
        editor.selection_changed.connect(self._refresh)
        editor.changed.connect(self._refresh)
        editor.analysed.connect(self._refresh)
        editor.scope_changed.connect(self._refresh)

    @property
    def page(self) -> NodeForm | SelectionCard | BlockPage | ProjectCard:
        """What is on show, built now if need be."""
        if self._due.isActive():
            self._show_page()
        return self._page

    def show_vitals(self, vitals: Vitals) -> None:
        """Show from now on how the selected node is while it trains."""
        self._vitals = vitals
        vitals.changed.connect(self._on_vitals_changed)

    @Slot()
    def _on_vitals_changed(self) -> None:
        if self._pulse is not None:
            self._pulse.refresh()

    def enter(self) -> None:
        """Put the cursor into the form of the selected node."""
        if isinstance(self.page, NodeForm):
            self.page.enter()

    def reveal(self, name: str) -> None:
        """Go to where a parameter of the selected node is edited."""
        if isinstance(self.page, NodeForm):
            self.page.reveal(name)

    def _refresh(self, _what: object = None) -> None:
        """Bring the page up to date; build another one only if something else is selected."""
        if self._fits():
            self._due.stop()
            self._page.refresh()
            self._help.refresh()
        else:
            self._due.start()

    def _fits(self) -> bool:
        return self._page.key == self._key()

    def _key(self) -> tuple[object, ...]:
        """What the page depends on; with another key another page is needed."""
        selected = self._selected()
        if len(selected) == 1:
            return form_key(self._editor, selected[0])
        return SelectionCard.key if selected else (self._editor.scope,)

    def _selected(self) -> list[NodeId]:
        return [node for node in self._editor.selection if node in self._editor.graph.nodes]

    def _show_page(self) -> None:
        self._due.stop()
        empty(self._scroll.column)
        self._page = self._make_page()
        self._scroll.column.addWidget(self._page)
        self._pulse = None
        if self._vitals is not None and isinstance(self._page, NodeForm) and self._editor.scope is None:
            self._pulse = PulseView(self._editor, self._vitals, self._page.node)
            self._scroll.column.addWidget(self._pulse)
        self._scroll.column.addStretch(1)
        self._page.show()
        self._scroll.verticalScrollBar().setValue(0)
        keep_tab_order(self._page)
        self._help.refresh()

    def _make_page(self) -> NodeForm | SelectionCard | BlockPage | ProjectCard:
        selected = self._selected()
        if len(selected) == 1:
            form = NodeForm(self._editor, selected[0], self._blocks)
            form.size_asked.connect(self.why.ask)
            form.param_asked.connect(self.why.ask_param)
            form.code_requested.connect(self.code_requested)
            return form
        if selected:
            card = SelectionCard(self._editor, self._blocks)
            card.block_button.clicked.connect(self.block_requested)
            return card
        return (ProjectCard if self._editor.scope is None else BlockPage)(self._editor, self._blocks)


class SelectionCard(QWidget):
    """Several nodes are selected: how many, how large, and what can be done with all of them."""

    key: tuple[object, ...] = ("several",)

    def __init__(self, editor: Editor, blocks: BlockEditor) -> None:
        super().__init__()
        self._editor = editor
        self._title, self.facts = label("", tone="title"), FactList()
        self.duplicate_button = small_button(tr("Duplicate"), "copy")
        self.delete_button = small_button(tr("Delete"), "delete")
        self.block_button = small_button(tr("Make a block…"))
        self.block_button.setToolTip(tr("Put all of them into a block, and an instance of it in their place"))
        self.share_button = small_button(tr("Share weights"))
        self.share_button.setToolTip(tr("Let all of them have the same weights: those of the first in the drawing"))
        self.own_button = small_button(tr("Own weights"))
        self.own_button.setToolTip(tr("Give each of them weights of its own"))
        self._clipboard = Clipboard(editor)
        self.duplicate_button.clicked.connect(self._clipboard.duplicate)
        self.delete_button.clicked.connect(editor.remove_selected)
        self.share_button.clicked.connect(blocks.share_selected)
        self.own_button.clicked.connect(blocks.unshare_selected)
        layout = column(self, spacing=3 * GRID)
        layout.addWidget(self._title)
        layout.addWidget(self.facts)
        for group in (
            (self.duplicate_button, self.delete_button),
            (self.block_button,),
            (self.share_button, self.own_button),
        ):
            buttons = row()
            for button in group:
                buttons.addWidget(button)
            buttons.addStretch(1)
            layout.addLayout(buttons)
        self.refresh()

    def refresh(self) -> None:
        """Show the figures of what is selected now."""
        selected, analysis, graph = self._editor.selection, self._editor.view_analysis, self._editor.graph
        known = [analysis.nodes[node] for node in selected if node in analysis.nodes]
        self._title.setText(tr("{count} nodes selected", count=len(selected)))
        parameters, macs = sum(node.parameters for node in known), sum(node.macs for node in known)
        nodes = [node for node in graph.nodes.values() if node.id in selected]
        has_code = runs_code(Graph({node.id: node for node in nodes}), self._editor.project.definitions)
        self.facts.set_facts([
            (tr("Parameters"), grouped(parameters)), (tr("MACs / sample"), macs_text(macs, has_code=has_code)),
        ])  # fmt: skip
        kin = kinship(graph)
        leaders = {kin[node].leader if node in kin else node for node in selected}
        self.share_button.setVisible(can_share(nodes, self._editor.catalog) and len(leaders) > 1)
        self.own_button.setVisible(any(node in kin for node in selected))


def can_share(nodes: list[Node], catalog: Catalog) -> bool:
    """Whether nodes may have weights in common: all learn, and they are of one type, or layers of PyTorch."""
    types = [catalog.get(node.type) for node in nodes]
    if len(nodes) < 2 or not all(t and t.is_trainable(n) for t, n in zip(types, nodes, strict=True)):
        return False
    layers = all(t and t.role is Role.LAYER and t.family != "code" for t in types)
    return layers or len({node.type for node in nodes}) == 1


class ProjectCard(QWidget):
    """Nothing is selected: the network as a whole."""

    key: tuple[object, ...] = (None,)  # the scope

    def __init__(self, editor: Editor, blocks: BlockEditor) -> None:
        super().__init__()
        self._editor = editor
        self.name_field = NameField(tr("Name of the network"), check_title)
        self.facts, complaint = FactList(), label("", tone="error", wrap=True)
        complaint.hide()
        self.name_field.renamed.connect(editor.rename_project)
        self.name_field.rejected.connect(partial(complain, complaint))
        self.init = InitForm(OF_NETWORK)
        self.init.chosen.connect(blocks.set_project_init)
        self.init.finished.connect(editor.end_merge)
        layout = column(self, spacing=3 * GRID)
        layout.addLayout(page_header(self.name_field, tr("Network"), "accent"))
        layout.addWidget(complaint)
        layout.addWidget(self.facts)
        self.guide_heading, self.guide = Heading(tr("About this example")), GuideView()
        self.remove_guide = flat_button("close", tr("Take this page off the drawing"))
        self.remove_guide.clicked.connect(self._remove_guide)
        self.guide_heading.add_button(self.remove_guide)
        layout.addWidget(self.guide_heading)
        layout.addWidget(self.guide)
        layout.addWidget(Heading(tr("Initialization")))
        layout.addWidget(self.init)
        layout.addWidget(label(tr("Select a node to see and change its parameters."), tone="faint", wrap=True))
        self.refresh()

    @Slot()
    def _remove_guide(self) -> None:
        """The drawing has become the person's own: the page about the example is none about it."""
        self._editor.change(without_guide, msg("Take the page of the example off"))

    def refresh(self) -> None:
        """Show the network as it is now."""
        project = self._editor.project
        self.name_field.show_name(project.name)
        has_code = runs_code(project.graph, project.definitions)
        self.facts.set_facts(project_facts(project.graph, self._editor.analysis, project.catalog, has_code=has_code))
        self.init.show_choices(project.weight_init, project.bias_init)
        guide = guide_of(project)
        self.guide.show_text(guide.body if guide else "")
        for part in (self.guide_heading, self.guide):
            part.setVisible(guide is not None)


def num_layers(graph: Graph, catalog: Catalog = CATALOG) -> int:
    """How many nodes compute something: layers, operations and blocks, not data, losses and metrics."""
    counts = Counter(node.type for node in graph.nodes.values())
    return sum(number for kind, number in counts.items() if kind in catalog and catalog[kind].role in NETWORK)


def project_facts(
    graph: Graph, analysis: Analysis, catalog: Catalog = CATALOG, *, has_code: bool = False
) -> list[tuple[str, ...]]:
    """The size of a network, as (name, figure) for people; what errors hide is left out."""
    counts = [(tr("Nodes"), grouped(len(graph.nodes))), (tr("Layers"), grouped(num_layers(graph, catalog)))]
    if analysis.errors or not analysis.complete or not graph.nodes:
        return counts
    return [
        *counts,
        (tr("Parameters"), grouped(analysis.parameters)),
        (tr("MACs / sample"), macs_text(analysis.macs, has_code=has_code)),
        (tr("Weights in memory"), bytes_text(analysis.parameters * BYTES_PER_NUMBER)),
    ]


def check_title(title: str) -> None:
    """Refuse an empty or endless title.

    Raises:
        EditError: the message says what a title can be.
    """
    if not 0 < len(title) <= MAX_TITLE:
        raise EditError(msg("Give the network a name of 1 to {limit} characters.", limit=MAX_TITLE))
