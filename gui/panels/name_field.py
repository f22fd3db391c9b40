"""A title that is edited in place."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent

from graph.messages import EditError, tr
from gui.panels.line_field import LineField
from gui.style import set_property


class NameField(LineField):
    """Enter or leaving renames, Escape gives up.

    `check` raises an `EditError` for a name that cannot be; `renamed(name)` gives one that can,
    `rejected(Message or None)` says why not.
    """

    renamed = Signal(str)
    rejected = Signal(object)

    def __init__(self, accessible_name: str, check: Callable[[str], None], *, kind: str = "title") -> None:
        super().__init__()
        self._name, self._check = "", check
        self.setProperty("kind", kind)
        self.setAccessibleName(accessible_name)
        self.setToolTip(tr("Rename"))
        self.editingFinished.connect(self._on_editing_finished)

    def show_name(self, name: str) -> None:
        """Show the name of the document, unless another one is being typed."""
        if not self.isModified() or name != self._name:
            self._name = name
            if name != self.text():
                self.setText(name)
                self.setCursorPosition(0)
            self._reject(None)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.isModified():
            self.setText(self._name)
            self._reject(None)
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.setCursorPosition(0)

    def _on_editing_finished(self) -> None:
        name = self.text().strip()
        if not self.isModified():
            return
        try:
            self._check(name)
        except EditError as error:
            self._reject(error.message)
            return
        self.setModified(False)
        self._reject(None)
        if name != self._name:
            self.renamed.emit(name)

    def _reject(self, message: object) -> None:
        set_property(self, "invalid", message is not None)
        self.rejected.emit(message)
