"""What a person has typed and not confirmed yet, and what is under way: both count before anything is closed."""

from __future__ import annotations

import shiboken6
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractSpinBox, QApplication, QComboBox, QLineEdit, QPlainTextEdit, QWidget

from graph.messages import tr

FIELDS = (QLineEdit, QPlainTextEdit, QComboBox, QAbstractSpinBox)


def finish_typing() -> None:
    """Confirm what stands in the field with the focus, as going elsewhere would; it keeps the focus if it stays."""
    from gui.canvas.popup import Popup  # boxes that ask are answered or given up, never confirmed by the way

    field = QApplication.focusWidget()
    if not isinstance(field, FIELDS) or _inside(field, Popup):
        return
    field.clearFocus()
    if shiboken6.isValid(field) and field.isVisible() and QApplication.focusWidget() is None:
        field.setFocus(Qt.FocusReason.OtherFocusReason)


def stopping_question(*, sweeps: bool) -> tuple[str, str]:
    """The title and the words of the question whether what is under way may be stopped: a sweep, or a run."""
    if sweeps:
        words = tr("A sweep is under way. Stop it? Its finished trials are kept, and it can be gone on with later.")
        return tr("Stop the sweep?"), words
    return tr("Stop the run?"), tr("A run is under way. Stop it? What it has learned so far is kept in its folder.")


def _inside(widget: QWidget, kind: type[QWidget]) -> bool:
    parent = widget.parentWidget()
    while parent is not None and not isinstance(parent, kind):
        parent = parent.parentWidget()
    return parent is not None
