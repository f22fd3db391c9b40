"""The Outline: the drawing on the canvas as a tree that can be read and edited by keyboard alone."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QAbstractItemDelegate, QWidget

from graph.messages import tr
from gui.block_editor import BlockEditor
from gui.editor import Editor
from gui.panels.outline_commands import commands_on, main_key
from gui.panels.outline_model import OutlineModel
from gui.panels.outline_rows import Drawing, Kind, drawing_of
from gui.panels.outline_view import OutlineView
from gui.panels.parts import MARGIN, breakable, column, complain, label
from gui.saying import say
from gui.theme import GRID

HINTS = 3  # what the foot of the panel says can be done on a row


class OutlinePanel(QWidget):
    """Shows every node, wire and parameter of the drawing in the order in which they run, and edits them.

    `inside_requested(NodeId)` asks to show the code of a node.
    """

    inside_requested = Signal(str)

    def __init__(self, editor: Editor, block_editor: BlockEditor, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(tr("Outline"))
        self._editor, self._blocks = editor, block_editor
        self._is_behind = False  # whether the document has changed since this was last on show
        self._model = OutlineModel(self._drawing(), self)
        self.list = OutlineView(editor, block_editor, self._model)
        self._complaint, self._hint = label("", tone="error", wrap=True), label("", tone="faint", wrap=True)
        self._complaint.hide()
        self._lay_out()
        self.setFocusProxy(self.list)
        self.list.chosen.connect(self._on_chosen)
        self.list.moved.connect(self._on_moved)
        self.list.complained.connect(self._on_complained)
        self.list.itemDelegate().closeEditor.connect(self._on_editor_closed)
        self.list.inside_requested.connect(self.inside_requested)
        editor.changed.connect(self._on_changed)
        editor.analysed.connect(self._on_changed)
        editor.scope_changed.connect(self._on_scope_changed)
        editor.selection_changed.connect(self._on_selection_changed)
        self._on_selection_changed()
        self._show_hint()

    @property
    def complaint(self) -> str:
        """Why what is typed does not fit; empty if it does."""
        return self._complaint.text()

    @property
    def hint(self) -> str:
        """What the foot of the panel says can be done."""
        return self._hint.text()

    def _lay_out(self) -> None:
        foot = column(spacing=GRID)
        foot.setContentsMargins(MARGIN, 0, MARGIN, 2 * GRID)
        foot.addWidget(self._complaint)
        foot.addWidget(self._hint)
        layout = column(self, spacing=GRID)
        layout.setContentsMargins(GRID, 2 * GRID, 0, 0)
        layout.addWidget(self.list, 1)
        layout.addLayout(foot)

    def _drawing(self, before: Drawing | None = None) -> Drawing:
        editor, path = self._editor, self._blocks.path
        back = ""
        if editor.scope is not None:
            back = path[-2].name if len(path) > 1 else editor.project.name
        return drawing_of(editor.view, editor.view_analysis, scope=editor.scope, back=back, before=before)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._is_behind:
            self._on_changed()
        self._on_selection_changed()

    @Slot(object)
    def _on_changed(self, _what: object = None) -> None:
        self._is_behind = not self.isVisible()  # nobody looks: the canvas need not wait
        if not self._is_behind:
            self.list.follow(partial(self._model.show, self._drawing(self._model.drawing)))
            self._show_hint()

    @Slot(object)
    def _on_scope_changed(self, _scope: object) -> None:
        self._is_behind = False
        self.list.follow(partial(self._model.reset, self._drawing()))
        self._show_hint()

    @Slot()
    def _on_selection_changed(self, _nodes: object = None) -> None:
        if self._is_behind:
            return
        self.list.show_selection(self._editor.selection, self._editor.selected_annotations)

    @Slot()
    def _on_chosen(self) -> None:
        self._editor.select(self.list.chosen_nodes(), annotations=self.list.chosen_notes())

    @Slot(object)
    def _on_complained(self, message: object) -> None:
        complain(self._complaint, message)
        say(self.list, "" if message is None else str(message))

    @Slot(QWidget, QAbstractItemDelegate.EndEditHint)
    def _on_editor_closed(self, _editor: QWidget, hint: QAbstractItemDelegate.EndEditHint) -> None:
        if hint is QAbstractItemDelegate.EndEditHint.RevertModelCache:
            complain(self._complaint, None)

    @Slot()
    def _on_moved(self) -> None:
        complain(self._complaint, None)
        self._show_hint()

    @Slot()
    def _show_hint(self) -> None:
        row = self.list.row()
        if not self._editor.graph.nodes:
            self._hint.setText(tr("Nothing is drawn yet. Press A to add the first layer."))
            return
        commands = [command for command in commands_on(row.kind if row is not None else None) if command is not None]
        keys = [f"{main_key(command)}: {str(command.text).rstrip('…')}" for command in commands[:HINTS]]
        is_problem = row is not None and row.kind in (Kind.PROBLEM, Kind.FAULT)
        problem = row.spoken if row is not None and is_problem else ""  # its row is too short for all of it
        self._hint.setText("\n".join(filter(None, (breakable(problem), " · ".join(keys)))))
