"""The code editors that are open beside a document: they know it, outlive its widgets, and part from it when it is left."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtWidgets import QWidget

from graph.model import Code, Position
from gui.block_editor import BlockEditor
from gui.code_editor import CodeEditor
from gui.editor import Editor
from gui.tongue import tongue


class CodeEditors(QObject):
    """Opens one for each piece of code. What was written first becomes a node; what is written later changes that.

    `allowed()`: code may run now that could not before.
    """

    allowed = Signal()

    def __init__(self, editor: Editor, blocks: BlockEditor, parent: QWidget) -> None:
        super().__init__(parent)
        self._editor, self._blocks, self._parent = editor, blocks, parent
        editor.changed.connect(self._on_changed)
        tongue.changed.connect(self._on_language_changed)

    @property
    def unfinished(self) -> list[str]:
        """The names of the code that has changes which are not applied."""
        return [dialog.entry.name for dialog in self._open() if dialog.is_changed]

    def open(self, code: Code, place: Position) -> None:
        """Show the editor of a piece of code, or of new code without an id, whose node will stand at `place`."""
        for dialog in self._open():
            if code.id and dialog.property("code") == code.id:
                dialog.raise_()
                dialog.activateWindow()
                return
        names = self._editor.project.definitions.names - {code.name if code.id else ""}
        dialog = CodeEditor(code, self._parent, taken=names)
        dialog.setProperty("code", code.id)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.applied.connect(partial(self._put_code, dialog, place))
        dialog.allowed.connect(self.allowed)
        dialog.show()

    def show(self) -> None:
        """Bring those with changes to the front."""
        for dialog in self._open():
            if dialog.is_changed:
                dialog.raise_()
                dialog.activateWindow()

    def discard(self) -> None:
        """Close all, whatever is in them."""
        for dialog in self._open():
            dialog.discard()

    def _open(self) -> list[CodeEditor]:
        return [dialog for dialog in self._parent.findChildren(CodeEditor) if dialog.isVisible()]

    def _put_code(self, dialog: CodeEditor, place: Position, code: Code) -> None:
        definitions = self._editor.project.definitions
        code_id = dialog.property("code")
        if code_id not in definitions.codes:
            code_id = definitions.free_id("c")
            dialog.setProperty("code", code_id)
        self._blocks.put_code(replace(code, id=code_id), place)
        self.allowed.emit()

    @Slot()
    def _on_changed(self) -> None:
        """They belong to the document that they were opened in. One without any history was just opened itself."""
        if self._editor.undo_text is None and self._editor.redo_text is None:
            for dialog in self._open():
                dialog.part()

    @Slot()
    def _on_language_changed(self) -> None:
        """What was typed stays, in the words of the language before; an editor without changes is soon open again."""
        for dialog in self._open():
            if not dialog.is_changed:
                dialog.close()
