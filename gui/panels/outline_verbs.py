"""What the keys and the menu of the Outline do: verbs of the editor for the row that the person is on."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

from graph.binding import is_expression
from graph.blocks import check_title, make_block
from graph.catalog import Kind as ParamKind
from graph.catalog import Role
from graph.messages import EditError, msg, tr
from graph.model import NodeId, Port
from graph.names import check_name
from gui.block_editor import BlockEditor
from gui.canvas.naming import Naming
from gui.clipboard import Clipboard
from gui.editor import Editor
from gui.panels.fields import EntryField
from gui.panels.line_field import LineField
from gui.panels.name_field import NameField
from gui.panels.node_fields import field_for
from gui.panels.outline_choices import Boxes
from gui.panels.outline_rows import Kind, Row
from gui.panels.problems import CODE

if TYPE_CHECKING:
    from gui.panels.outline_view import OutlineView


class Verbs:
    """Methods named like the commands in `gui.panels.outline_commands` act on the present row of a view."""

    def __init__(self, editor: Editor, blocks: BlockEditor, view: OutlineView) -> None:
        self._editor, self._blocks, self._view = editor, blocks, view
        self._boxes, self._clipboard = Boxes(editor, view), Clipboard(editor)

    # ---- rows and values

    def edit_first(self) -> None:
        """Open a node and the field of its first parameter that is not worked out by itself."""
        node = self._node
        self._view.setExpanded(self._view.rows.index_of(node), True)
        first = self._view.rows.first_of(node, lambda row: row.param is not None and row.param.auto is None)
        if first.isValid():
            self._view.setCurrentIndex(first)
            self.edit_value()

    def edit_value(self) -> None:
        """Open the field of a parameter; yes becomes no at once."""
        row = self._row
        assert row.param is not None and row.node is not None
        node = self._editor.graph.nodes[row.node]
        value = node.params.get(row.param.name, row.param.default)
        if row.param.kind is ParamKind.BOOL and not is_expression(value):
            self._editor.set_param(row.node, row.param.name, not value)
            self._editor.end_merge()
        else:
            self._view.edit(self._view.currentIndex())

    def reset_value(self) -> None:
        """Give a parameter back to its default."""
        row = self._row
        if row.param is not None and row.param.name in self._editor.graph.nodes[self._node].params:
            self._editor.reset_param(self._node, row.param.name)

    def rename(self) -> None:
        """Open the name of the node."""
        index = self._view.rows.index_of(self._node)
        self._view.setCurrentIndex(index)
        self._view.edit(index)

    def edit_note(self) -> None:
        """Open the first line of a note, or the title of a frame."""
        self._view.edit(self._view.currentIndex())

    def editor_for(self, row: Row) -> QWidget:
        """The field that opens in a row."""
        if row.kind is Kind.PARAM and row.param is not None and row.node is not None:
            return self._param_field(row.node, row)
        if row.kind is Kind.NOTE:
            return self._note_field(row.key[1])
        return self._name_field(row.node or "")

    # ---- wires

    def connect(self) -> None:
        """Choose an input to wire the node to."""
        self._boxes.ask_target(self._node, self._below)

    def choose_source(self) -> None:
        """Choose an output that feeds the input."""
        if self._row.port is not None:
            self._boxes.ask_source(self._row.port, self._below)

    def disconnect(self) -> None:
        """Take the wire of the row away."""
        if self._row.link is not None:
            self._editor.disconnect_links([self._row.link])

    def go_along(self) -> None:
        """Go to the node at the other end of the wire."""
        row = self._row
        if row.link is not None:
            self._view.go_to((row.link.source if row.kind is Kind.FED else row.link.target).node)

    # ---- adding and removing

    def add_after(self) -> None:
        """Choose a layer that takes what leaves the row; of a node, its first output."""
        row, node = self._row, self._node
        leaves = row.port if row.kind is Kind.OUTPUT else self._first_output(node)
        self._boxes.ask_type(self._below, near=node, source=leaves)

    def insert(self) -> None:
        """Choose a layer to put into the wire."""
        link = self._row.link
        if link is not None:
            self._boxes.ask_type(self._below, near=link.source.node, source=link.source, target=link.target)

    def add_before(self) -> None:
        """Choose a layer that feeds the input."""
        self._boxes.ask_type(self._below, near=self._node, target=self._row.port)

    def add_loose(self) -> None:
        """Choose a layer, and leave it without a wire."""
        row = self._view.row()
        self._boxes.ask_type(self._below, near=row.node if row is not None else None)

    def remove(self) -> None:
        """Remove what is selected, and stay where it was."""
        self._editor.remove_selected()
        self._view.select_current()

    def cut(self) -> None:
        """Copy what is selected and remove it."""
        self.copy()
        self.remove()

    def copy(self) -> None:
        """Copy what is selected as text."""
        if text := self._clipboard.copy_text():
            QGuiApplication.clipboard().setText(text)

    def paste(self) -> None:
        """Add what was copied."""
        self._clipboard.paste_text(QGuiApplication.clipboard().text())

    def duplicate(self) -> None:
        """Add a copy of what is selected."""
        self._clipboard.duplicate()

    def bypass(self) -> None:
        """Switch what is selected off, or on again."""
        self._editor.bypass_selected()

    # ---- problems and blocks

    def apply_fix(self) -> None:
        """Mend the problem."""
        row = self._row
        if row.fix is not None:
            self._editor.apply_fix(row.fix)

    def go_to_fix(self) -> None:
        """Go to the first mend of the problem, or to the code that it is about."""
        problem = self._row.problem
        if problem is not None and problem.code == CODE:
            self._view.inside_requested.emit(self._node)
        elif problem is not None and problem.fixes:
            self._view.step(1)

    def look_inside(self) -> None:
        """Look into the block of an instance, or at the code of a node."""
        if not self._blocks.enter(self._node):
            self._view.inside_requested.emit(self._node)

    def go_back(self) -> None:
        """Go out of the block."""
        self._blocks.leave()

    def make_block(self) -> None:
        """Ask for a name, and put the selected nodes into a block of that name."""
        editor, name = self._editor, self._blocks.free_title("Block")
        try:
            make_block(editor.project, editor.scope, editor.selection, name=name)
        except EditError as error:
            editor.refused.emit(error.message)
            return
        definitions = editor.project.definitions
        hint = tr("Letters and digits, such as BasicBlock. Enter makes it.")
        box = Naming(
            self._view, tr("Name of the block"), name=name, hint=hint, check=lambda text: check_title(text, definitions)
        )
        box.named.connect(self._blocks.make_block)
        self._boxes.open(box, self._below)

    # ---- the list

    def expand_all(self) -> None:
        """Open every node."""
        self._view.expandAll()

    def collapse_all(self) -> None:
        """Close every node."""
        if (row := self._view.row()) is not None and row.node is not None:
            self._view.setCurrentIndex(self._view.rows.index_of(row.node))
        self._view.collapseAll()

    # ---- machinery

    @property
    def _row(self) -> Row:
        row = self._view.row()
        assert row is not None
        return row

    @property
    def _node(self) -> NodeId:
        node = self._row.node
        assert node is not None
        return node

    @property
    def _below(self) -> QPoint:
        """Where a box opens: under the present row."""
        return self._view.visualRect(self._view.currentIndex()).bottomLeft()

    def _first_output(self, node: NodeId) -> Port | None:
        node_type = self._editor.catalog.of(self._editor.graph.nodes[node])
        if node_type is None or node_type.role in (Role.LOSS, Role.METRIC) or not node_type.outputs:
            return None
        return Port(node, node_type.outputs[0].name)

    def _param_field(self, node: NodeId, row: Row) -> QWidget:
        param, graph, editor = row.param, self._editor.graph, self._editor
        assert param is not None
        field = field_for(editor, node, param)
        known = editor.view_analysis.nodes.get(node)
        value = graph.nodes[node].params.get(param.name, None if param.auto else param.default)
        field.show_value(value, known.resolved.get(param.name) if known is not None else None)
        field.committed.connect(lambda value: editor.set_param(node, param.name, value))
        field.finished.connect(editor.end_merge)
        field.rejected.connect(self._view.complained)
        if isinstance(field, EntryField):
            field.selectAll()
        return field

    def _name_field(self, node: NodeId) -> QWidget:
        editor, name = self._editor, self._editor.graph.nodes[node].name

        def check(text: str) -> None:
            check_name(text, taken=editor.graph.names - {name})

        field = NameField(tr("Name of the node"), check, kind="field")
        field.show_name(name)
        field.selectAll()
        field.renamed.connect(lambda text: editor.rename(node, text))
        field.rejected.connect(self._view.complained)
        return field

    def _note_field(self, note: str) -> QWidget:
        """A line for the first line of a text; what follows it stays."""
        editor = self._editor
        first, parting, rest = editor.graph.look.annotations[note].text.partition("\n")
        field = LineField(first)
        field.selectAll()

        def write() -> None:
            look, text = editor.graph.look, field.text() + parting + rest
            if note in look.annotations and look.annotations[note].text != text:
                editor.set_look(look.put(replace(look.annotations[note], text=text)), msg("Edit the text"))

        field.editingFinished.connect(write)
        return field
