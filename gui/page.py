"""A tab of the window: one document, the widgets around it, and what the menus can do with it."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QDialog, QWidget

from gui.block_actions import BlockActions
from gui.canvas_actions import CanvasActions
from gui.code_editors import CodeEditors
from gui.edit_actions import EditActions
from gui.frame import Frame
from gui.hints import Hints
from gui.panels.parts import column
from gui.run_actions import RunActions
from gui.shortcuts import Shortcuts
from gui.workspace import Workspace


class Page(QWidget):
    """The document in `workspace` stays as long as the page does; `frame` is made anew when the language changes."""

    action_requested = Signal(str)  # the id of an action of the window
    context_menu_requested = Signal(object, object)  # QPoint on the screen, NodeId or None
    file_dropped = Signal(object)  # Path of a drawing, dropped or pasted
    block_opened = Signal(object)  # Path, of a block of the library
    part_wanted = Signal(str)  # the name of a part of the window that was put away
    opening_requested = Signal(object, str)  # Path of a file that is in use, and the way to open it all the same

    def __init__(self, workspace: Workspace, shortcuts: Shortcuts, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.workspace, self._shortcuts = workspace, shortcuts
        workspace.setParent(self)
        self._whole = column(self)
        self.code_editors = CodeEditors(workspace.editor, workspace.block_editor, self)
        self.code_editors.allowed.connect(workspace.analyst.look_again)
        self._make()
        workspace.analyst.ready.connect(self._on_torch_ready)
        workspace.editor.changed.connect(self._on_changed)

    @property
    def owners(self) -> tuple[object, ...]:
        """Who does what the menus ask for in this document."""
        return (self.edit_actions, self.run_actions, self.block_actions, self.canvas_actions, self.frame.canvas)

    def make_anew(self) -> None:
        """Make the widgets again, in the language in use now; the document, its run and its history stay."""
        old = self.frame
        for dialog in old.findChildren(QDialog):
            dialog.close()
        self._whole.removeWidget(old)
        old.hide()
        self._make()
        self.frame.show()
        self._whole.activate()  # it has its size before it is arranged
        self.frame.continue_from(old)
        old.deleteLater()
        if self.workspace.analyst.is_ready:
            self._on_torch_ready()

    def show_document(self) -> None:
        """Another document was put in the place of the one before."""
        for hints in self.frame.canvas.findChildren(Hints):
            hints.hide()
        self.frame.forget_run()
        self.frame.notice.hide()

    def close_document(self, *, wait: bool = False) -> None:
        """Stop everything that goes on here; `wait` for what cannot stop at once."""
        self.code_editors.discard()
        self.workspace.close(wait=wait)

    def _make(self) -> None:
        workspace = self.workspace
        self.frame = frame = Frame(workspace, self)
        frame.canvas.set_shortcuts(self._shortcuts)
        codes = self.code_editors
        self.block_actions = BlockActions(workspace.editor, workspace.block_editor, frame.canvas, codes=codes)
        self.canvas_actions = CanvasActions(workspace.editor, frame.canvas)
        self.edit_actions = EditActions(self)
        self.run_actions = RunActions(workspace, workspace.settings, self)
        frame.inspector.block_requested.connect(self.block_actions.make_block)
        frame.library.open_requested.connect(self.block_opened)
        frame.part_wanted.connect(self.part_wanted)
        frame.opening_requested.connect(self.opening_requested)
        frame.action_requested.connect(self.action_requested)
        frame.canvas.action_requested.connect(self.action_requested)
        frame.canvas.file_dropped.connect(self.file_dropped)
        frame.context_menu_requested.connect(self.context_menu_requested)
        self._whole.addWidget(frame)
        self._on_changed()

    @Slot()
    def _on_torch_ready(self) -> None:
        from runtime.devices import available

        self.frame.show_devices([(device.id, device.name) for device in available()])
        self.frame.prepare()
        editor = self.workspace.editor
        editor.set_analysis(editor.analysis)

    @Slot()
    def _on_changed(self) -> None:
        editor = self.workspace.editor
        self.frame.tool_bar.show_history(editor.undo_text, editor.redo_text)
        self.frame.notice.outdate()
