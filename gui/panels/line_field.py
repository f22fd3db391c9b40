"""The line edit of the panels: undo and redo are those of the drawing, unless something is being typed."""

from __future__ import annotations

from PySide6.QtCore import QEvent
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QLineEdit, QToolButton

_HISTORY = (QKeySequence.StandardKey.Undo, QKeySequence.StandardKey.Redo)


def add_sign(field: QLineEdit, action: QAction, position: QLineEdit.ActionPosition, *, name: str) -> None:
    """Put an icon that can be clicked into a line edit; `name` is what a screen reader and the tool tip say of it."""
    before = set(field.findChildren(QToolButton))
    field.addAction(action, position)
    action.setToolTip(name)
    for button in set(field.findChildren(QToolButton)) - before:
        button.setAccessibleName(name)


class LineField(QLineEdit):
    """Leaves the keys of the history to the window while its text is as it was set."""

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and not self.isModified() and _is_history(event):
            event.ignore()
            return False
        return super().event(event)


def _is_history(event: QEvent) -> bool:
    return isinstance(event, QKeyEvent) and any(event.matches(key) for key in _HISTORY)
