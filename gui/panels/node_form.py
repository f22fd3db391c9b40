"""What the inspector shows of one node: its name, a field for each parameter, and what is known about it."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from graph.catalog import CATALOG, Param, Role
from graph.messages import tr
from graph.model import Node, NodeId, Value
from graph.names import check_name
from gui.editor import Editor
from gui.figures import grouped
from gui.panels.data_facts import facts_of, num_samples
from gui.panels.fields import make_field
from gui.panels.form import FieldRow
from gui.panels.name_field import NameField
from gui.panels.parts import ColorBar, ElidedLabel, FactList, column, complain, label, row, rule
from gui.panels.problems import ProblemList
from gui.panels.why import ShapeList, shape_facts
from gui.theme import GRID
from runtime.analysis import NodeAnalysis


class NodeForm(QWidget):
    """The form of one node. `refresh` shows the present value of the document without taking the focus.

    `size_asked(Port, dim)`: the person wants to know why a dimension of what leaves an output has its size.
    """

    size_asked = Signal(object, int)

    def __init__(self, editor: Editor, node: NodeId) -> None:
        super().__init__()
        self.node = node
        self.type_id = editor.graph.nodes[node].type
        self._editor = editor
        self._type = CATALOG.get(self.type_id)
        self.name_field = NameField(tr("Name of the node"), self._check_name)
        self._complaint = label("", tone="error", wrap=True)
        self.rows = [self._make_row(param) for param in self._type.params] if self._type else []
        self.shapes, self.facts, self._note = ShapeList(), FactList(), label("", tone="faint", wrap=True)
        self.problems = ProblemList(editor, with_names=False)
        self.shapes.asked.connect(self.size_asked)
        self.name_field.renamed.connect(partial(editor.rename, node))
        self.name_field.rejected.connect(partial(complain, self._complaint))
        self._lay_out()
        self.refresh()

    def refresh(self) -> None:
        """Show the node, and what is known about it, as they are now."""
        node, analysis = self._editor.graph.nodes[self.node], self._editor.view_analysis
        known = analysis.nodes.get(self.node, NodeAnalysis())
        self.name_field.show_name(node.name)
        for field_row in self.rows:
            self._refresh_row(field_row, node, known)
        self.shapes.show_shapes(shape_facts(self._editor.graph, node, known))
        self.facts.set_facts(node_facts(node, known))
        self._note.setText(self._missing(known))
        self._note.setVisible(bool(self._note.text()))
        problems = [problem for problem in analysis.problems if problem.node == self.node]
        self.problems.show_problems(problems)
        self.problems.setVisible(bool(problems))

    def enter(self) -> None:
        """Put the cursor into the first field that is not worked out by itself, else into the name."""
        fields = [field_row.field for field_row in self.rows if field_row.param.auto is None]
        field = fields[0] if fields else self.name_field
        field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        if isinstance(field, QLineEdit):
            field.selectAll()

    def _refresh_row(self, field_row: FieldRow, node: Node, known: NodeAnalysis) -> None:
        param = field_row.param
        value = node.params.get(param.name, None if param.auto else param.default)
        is_set = param.name in node.params and (param.auto is not None or value != param.default)
        field_row.show_value(value, is_set=is_set, inferred=known.resolved.get(param.name))

    def _missing(self, known: NodeAnalysis) -> str:
        if self._type is None:
            return tr("This version of Layerloom does not know the type of this node. The file keeps it as it is.")
        if known.outputs or known.inputs:
            return ""
        if not self._editor.analysis.complete:
            return tr("Working out the shapes…")
        return tr("The shapes show as soon as what comes before this node is right.")

    def _make_row(self, param: Param) -> FieldRow:
        made = FieldRow(param, make_field(param, lambda: self._editor.folder))
        made.edited.connect(partial(self._set, param.name))
        made.finished.connect(self._editor.end_merge)
        made.reset_requested.connect(partial(self._reset, param.name))
        return made

    def _set(self, name: str, value: Value) -> None:
        if self.node in self._editor.graph.nodes:
            self._editor.set_param(self.node, name, value)

    def _reset(self, name: str) -> None:
        self._editor.reset_param(self.node, name)

    def _check_name(self, name: str) -> None:
        graph = self._editor.graph
        check_name(name, taken=graph.names - {graph.require(self.node).name})

    def _lay_out(self) -> None:
        layout = column(self, spacing=GRID + 1)
        layout.addLayout(self._header())
        layout.addWidget(self._complaint)
        self._complaint.hide()
        layout.addSpacing(GRID)
        for field_row in self.rows:
            layout.addWidget(field_row)
        if self.rows:
            layout.addSpacing(GRID)
            layout.addWidget(rule())
            layout.addSpacing(GRID)
        for widget in (self.shapes, self.facts, self._note, self.problems):
            layout.addWidget(widget)

    def _header(self) -> QHBoxLayout:
        texts: QVBoxLayout = column(spacing=0)
        texts.addWidget(self.name_field)
        type_id = ElidedLabel(self.type_id, tone="muted", mono=True)
        type_id.setContentsMargins(GRID + 2, 0, 0, 0)
        texts.addWidget(type_id)
        header = row(spacing=GRID)
        header.addWidget(ColorBar(self._type.family if self._type else "muted"))
        header.addLayout(texts, 1)
        return header


def node_facts(node: Node, known: NodeAnalysis) -> list[tuple[str, ...]]:
    """What is known about a node besides its shapes, as (name, figure) for people."""
    node_type = CATALOG.get(node.type)
    facts: list[tuple[str, ...]] = []
    if node_type is not None and node_type.role is Role.DATA and node.facts:
        facts.append((tr("Samples"), grouped(num_samples(facts_of(node)))))
    if node_type is not None and node_type.role is Role.LAYER and known.outputs:
        facts.append((tr("Parameters"), grouped(known.parameters)))
        facts.append((tr("MACs / sample"), grouped(known.macs)))
    return facts
