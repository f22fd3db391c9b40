"""What the inspector shows of one node: its name, a field for each parameter, and what is known about it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from graph.catalog import FAMILY_LABELS, NodeType, Param, Role
from graph.catalog.definitions import CALL
from graph.messages import tr
from graph.model import Graph, Node, NodeId, Value
from graph.names import check_name
from graph.search import NodePlace, Place
from gui.block_editor import BlockEditor
from gui.editor import Editor
from gui.figures import grouped
from gui.icons import family_icon
from gui.panels.data_facts import facts_of, num_samples
from gui.panels.fields import ChoiceField
from gui.panels.form import FieldRow
from gui.panels.init_form import InitForm
from gui.panels.macs import macs_text, runs_code
from gui.panels.name_field import NameField
from gui.panels.node_fields import USE, field_for, is_state, matters, params_of
from gui.panels.node_parts import USES, CodeStrip, ShareStrip, can_begin, inputs_here, names_here
from gui.panels.parts import (
    ColorBar,
    ElidedLabel,
    FactList,
    IconLabel,
    column,
    complain,
    label,
    row,
    rule,
    small_button,
)
from gui.panels.problems import ProblemList
from gui.panels.search import OWN
from gui.panels.searchable import mark
from gui.panels.searchable_node import NodeSearch
from gui.panels.why import ShapeList, shape_facts
from gui.theme import GRID
from runtime.analysis import NodeAnalysis

COUNTED = (Role.LAYER, Role.BLOCK)  # nodes whose parameters and operations are shown, even if they are 0


def form_key(editor: Editor, node: NodeId) -> tuple[object, ...]:
    """What a form depends on: another key needs another form, the same one only a refresh."""
    type_id = editor.graph.nodes[node].type
    node_type = editor.catalog.get(type_id)
    return editor.scope, node, type_id, node_type.params if node_type else (), tuple(names_here(editor).items())


class NodeForm(QWidget):
    """The form of one node. `refresh` shows the present value of the document without taking the focus.

    `size_asked(Port, dim)`: the person wants to know why a dimension of what leaves an output has its size.
    `param_asked(NodeId, str)`: the same about the value of an `auto` parameter.
    `code_requested(NodeId)`: the person wants to read or change the Python of the node.
    """

    size_asked = Signal(object, int)
    param_asked = Signal(str, str)
    code_requested = Signal(str)

    def __init__(self, editor: Editor, node: NodeId, blocks: BlockEditor) -> None:
        super().__init__()
        self.node = node
        self.key = form_key(editor, node)
        self._editor, self._blocks = editor, blocks
        self._type_id = editor.graph.nodes[node].type
        self._type = editor.catalog.get(self._type_id)
        self.name_field = NameField(tr("Name of the node"), self._check_name)
        self._complaint = label("", tone="error", wrap=True)
        self.rows = [self._make_row(param) for param in self._params()]
        self._use_help = label("", tone="faint", wrap=True)
        self.inside_button = small_button(tr("Look inside"))
        self.code, self.share, self.init = CodeStrip(), ShareStrip(), InitForm()
        self.shapes, self.facts, self._note = ShapeList(), FactList(), label("", tone="faint", wrap=True)
        self.problems = ProblemList(editor, with_names=False)
        self.search = NodeSearch(editor, node)
        for of_block in (self._use_help, self.inside_button):
            of_block.setParent(self)
            of_block.setVisible(self._is_block)
        self._connect()
        self._lay_out()
        self.refresh()

    def refresh(self) -> None:
        """Show the node, and what is known about it, as they are now."""
        node, analysis = self._node, self._editor.view_analysis
        known = analysis.nodes.get(self.node, NodeAnalysis())
        self.name_field.show_name(node.name)
        for field_row in self.rows:
            self._refresh_row(field_row, node, known)
        mark(self._editor, self._searchable_rows())
        self.search.refresh()
        self._refresh_parts(node)
        self.shapes.show_shapes(shape_facts(self._editor.graph, node, known))
        has_code = runs_code(Graph({node.id: node}), self._editor.project.definitions)
        self.facts.set_facts(node_facts(node, self._type, known, has_code=has_code))
        self._note.setText(self._missing(known))
        self._note.setVisible(bool(self._note.text()))
        problems = [problem for problem in analysis.problems if problem.node == self.node]
        self.problems.show_problems(problems)
        self.problems.setVisible(bool(problems))

    def enter(self) -> None:
        """Put the cursor into the first field that is not worked out by itself, else into the name."""
        shown = [field_row for field_row in self.rows if not field_row.isHidden()]
        fields = [field_row.field for field_row in shown if field_row.param.auto is None]
        field = fields[0] if fields else self.name_field
        field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        if isinstance(field, QLineEdit):
            field.selectAll()

    def reveal(self, name: str) -> None:
        """Put the cursor where a parameter is edited, or the type or the bypass searched."""
        for field_row in self.rows:
            if field_row.param.name == name:
                field_row.field.setFocus(Qt.FocusReason.ShortcutFocusReason)
                return
        self.search.reveal(name)

    # ---- what it shows

    @property
    def _node(self) -> Node:
        return self._editor.graph.nodes[self.node]

    def _refresh_row(self, field_row: FieldRow, node: Node, known: NodeAnalysis) -> None:
        param = field_row.param
        value = node.params.get(param.name, None if param.auto else param.default)
        is_set = param.name in node.params and (param.auto is not None or value != param.default)
        if self._type is not None and is_state(self._type, param) and isinstance(field_row.field, ChoiceField):
            field_row.field.set_choices({name: name for name in inputs_here(self._editor.graph)})
        field_row.show_value(value, is_set=is_set, inferred=known.resolved.get(param.name))
        field_row.setVisible(self._type is None or matters(param, self._type, node, known))

    def _refresh_parts(self, node: Node) -> None:
        use = str(node.params.get("use", CALL))
        self._use_help.setText(str(USES[use][1]) if self._is_block and use in USES else "")
        self.code.show_code(self._blocks.code_of(self.node))
        self.share.show_kin([kin.name for kin in self._editor.graph.kin(self.node) if kin.id != self.node])
        begins = can_begin(self._type, node)
        self.init.setVisible(begins)
        if begins:
            self.init.show_choices(node.weight_init, node.bias_init)

    def _missing(self, known: NodeAnalysis) -> str:
        if self._type is None:
            return tr("This version of Layerloom does not know the type of this node. The file keeps it as it is.")
        if known.outputs or known.inputs:
            return ""
        if not self._editor.analysis.complete:
            return tr("Working out the shapes…")
        return tr("The shapes show as soon as what comes before this node is right.")

    # ---- rows

    @property
    def _is_block(self) -> bool:
        return self._type is not None and self._type.role is Role.BLOCK

    def _searchable_rows(self) -> Iterator[tuple[Place, FieldRow]]:
        """What follows from the input is not searched, and the data is the same for all trials."""
        if self._type is not None and self._type.role is not Role.DATA:
            for field_row in self.rows:
                if field_row.param.auto is None and not is_state(self._type, field_row.param):
                    yield NodePlace(self._editor.scope, self.node, field_row.param.name), field_row

    def _params(self) -> list[Param]:
        return params_of(self._type, self._editor.scope) if self._type else []

    def _make_row(self, param: Param) -> FieldRow:
        made = FieldRow(param, field_for(self._editor, self.node, param))
        made.edited.connect(partial(self._set, param.name))
        made.finished.connect(self._editor.end_merge)
        made.reset_requested.connect(partial(self._reset, param.name))
        made.asked.connect(partial(self.param_asked.emit, self.node, param.name))
        return made

    def _set(self, name: str, value: Value) -> None:
        if self.node in self._editor.graph.nodes:
            self._editor.set_param(self.node, name, value)

    def _reset(self, name: str) -> None:
        self._editor.reset_param(self.node, name)

    def _check_name(self, name: str) -> None:
        graph = self._editor.graph
        check_name(name, taken=graph.names - {graph.require(self.node).name})

    # ---- parts

    def _connect(self) -> None:
        self.shapes.asked.connect(self.size_asked)
        self.name_field.renamed.connect(partial(self._editor.rename, self.node))
        self.name_field.rejected.connect(partial(complain, self._complaint))
        self.inside_button.clicked.connect(lambda: self._blocks.enter(self.node))
        for asking in (self.code.requested, self.problems.code_requested):
            asking.connect(lambda _problem=None: self.code_requested.emit(self.node))
        self.share.ended.connect(self._blocks.unshare_selected)
        self.init.chosen.connect(partial(self._blocks.set_init, self.node))
        self.init.finished.connect(self._editor.end_merge)

    def _lay_out(self) -> None:
        layout = column(self, spacing=GRID + 1)
        layout.addLayout(self._header())
        layout.addWidget(self._complaint)
        self._complaint.hide()
        layout.addWidget(self.search)
        layout.addSpacing(GRID)
        layout.addWidget(self.code)
        self._lay_out_rows(layout)
        for widget in (self.share, self.init):
            layout.addWidget(widget)
        layout.addSpacing(GRID)
        layout.addWidget(rule())
        layout.addSpacing(GRID)
        for widget in (self.shapes, self.facts, self._note, self.problems):
            layout.addWidget(widget)

    def _lay_out_rows(self, layout: QVBoxLayout) -> None:
        for number, field_row in enumerate(self.rows):
            if self._is_block and field_row.param.name == USE and number:
                layout.addSpacing(GRID)
                layout.addWidget(rule())
                layout.addSpacing(GRID)
            layout.addWidget(field_row)
            if self._is_block and field_row.param.name == USE:
                layout.addWidget(self._use_help)

    def _header(self) -> QHBoxLayout:
        texts: QVBoxLayout = column(spacing=0)
        texts.addWidget(self.name_field)
        what = row(spacing=GRID + 2)
        what.setContentsMargins(GRID + 2, 0, 0, 0)
        if self._type is not None:
            family = self._type.family
            what.addWidget(IconLabel(family_icon(family), family, text=str(FAMILY_LABELS[family])))
        what.addWidget(ElidedLabel(self._what(), tone="muted", mono=True), 1)
        what.addWidget(self.search.button)
        if self._is_block:
            what.addWidget(self.inside_button)
        texts.addLayout(what)
        header = row(spacing=GRID)
        header.addWidget(ColorBar(self._type.family if self._type else "muted"))
        header.addLayout(texts, 1)
        return header

    def _what(self) -> str:
        """The type as people know it: its public name, or the name of the block or code."""
        if self._type is not None and self._type.family in OWN:
            return self._type.label
        return self._type_id


def node_facts(
    node: Node, node_type: NodeType | None, known: NodeAnalysis, *, has_code: bool = False
) -> list[tuple[str, ...]]:
    """What is known about a node besides its shapes, as (name, figure) for people; `has_code`: it runs their own code."""
    facts: list[tuple[str, ...]] = []
    if node_type is not None and node_type.role is Role.DATA and node.facts:
        facts.append((tr("Samples"), grouped(num_samples(facts_of(node)))))
    if node_type is not None and node_type.role in COUNTED and known.outputs:
        facts.append((tr("Parameters"), grouped(known.parameters)))
        facts.append((tr("MACs / sample"), macs_text(known.macs, has_code=has_code)))
    return facts
