"""Forms: fields with names, complaints and ways back to the default, and the line that explains the one in use."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QAction, QEnterEvent
from PySide6.QtWidgets import QApplication, QGridLayout, QLabel, QLineEdit, QSizePolicy, QWidget

from graph.catalog import Kind, Param
from graph.catalog.types import shown
from graph.messages import tr, translate
from graph.model import Value
from gui.panels.fields import Field
from gui.panels.parts import ElidedLabel, complain, flat_button, label, row
from gui.theme import GRID


class FieldRow(QWidget):
    """One parameter: its name, its field, and below it why an entry does not fit.

    Signals: `edited(value)` for every entry that fits, `finished()` at the end of an interaction, `reset_requested()` to
    give the parameter back to its default, `asked()` to know why an `auto` value is what it is, and `hovered(bool)` as the
    mouse comes and goes. `words` are texts that its field takes for values.
    """

    edited = Signal(object)
    finished = Signal()
    reset_requested = Signal()
    asked = Signal()
    hovered = Signal(bool)

    def __init__(self, param: Param, field: Field, *, name: str = "") -> None:
        super().__init__()
        self.param, self.field = param, field
        self.words: Mapping[str, Value] = {}
        shown, text = name or param.name, translate(param.help)
        self._label = ElidedLabel(shown, tone="muted")
        self.reset_button = flat_button("reset", tr("Back to automatic") if param.auto else tr("Back to the default"))
        self.reset_button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._reset_action = QAction(self.reset_button.toolTip(), self)
        self.why_button = flat_button("info", "")
        self.why_button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._complaint = label("", tone="error", wrap=True)
        self.field.setAccessibleName(shown)
        self.explain(text)
        self._lay_out()
        self._connect()

    def show_value(self, value: Value, *, is_set: bool, inferred: Value = None) -> None:
        """Show a value of the document. `is_set`: it was entered, and there is a way back."""
        self.field.show_value(value, inferred)
        self.reset_button.setVisible(is_set)
        self._reset_action.setEnabled(is_set)
        question = tr("Why is this {size}?", size=shown(inferred))
        self.why_button.setToolTip(question)
        self.why_button.setAccessibleName(question)
        self.why_button.setVisible(self.param.auto is not None and not is_set and inferred is not None)

    @property
    def complaint(self) -> str:
        """Why the entry does not fit; empty if it does."""
        return self._complaint.text()

    def explain(self, text: str) -> None:
        """Say what the parameter is for."""
        self._label.setToolTip("\n".join(filter(None, (self._label.text(), text))))
        self.field.setToolTip(text)
        self.field.setWhatsThis(text)
        self.field.setAccessibleDescription(text)

    def complain(self, message: object) -> None:
        """Show under the field why an entry does not fit; None takes it away."""
        complain(self._complaint, message)

    def add_action(self, action: QAction) -> None:
        """Put an entry into the menus of the name and of the field."""
        for widget in (self.field, self._label):
            widget.addAction(action)

    def add_beside_name(self, button: QWidget) -> None:
        """Put a small button behind the name."""
        self._name_line.insertWidget(1, button)

    def add_below(self, widget: QWidget) -> None:
        """Put something below the field, across the row."""
        self._grid.addWidget(widget, self._grid.rowCount(), 0, 1, 2)

    def enterEvent(self, event: QEnterEvent) -> None:
        super().enterEvent(event)
        self.hovered.emit(True)

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.hovered.emit(False)

    def _lay_out(self) -> None:
        self._label.setBuddy(self.field)
        self._complaint.hide()
        self.field.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._name_line = name = row(spacing=GRID)
        name.addWidget(self._label, 1)
        name.addWidget(self.reset_button)
        name.addWidget(self.why_button)
        self._grid = grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(2 * GRID)
        grid.setVerticalSpacing(2)
        grid.setColumnStretch(0, 10)
        grid.setColumnStretch(1, 12)
        grid.addLayout(name, 0, 0)
        if self.param.kind is Kind.FILE:  # paths are long
            grid.addWidget(self.field, 1, 0, 1, 2)
        else:
            grid.addWidget(self.field, 0, 1)
        grid.addWidget(self._complaint, 2, 0, 1, 2)

    def _connect(self) -> None:
        self.field.committed.connect(self.edited)
        self.field.finished.connect(self.finished)
        self.field.rejected.connect(self.complain)
        self.reset_button.clicked.connect(self.reset_requested)
        self._reset_action.triggered.connect(self.reset_requested)
        self.why_button.clicked.connect(self.asked)
        self.add_action(self._reset_action)
        for widget in (self.field, self._label):
            if not isinstance(widget, QLineEdit):
                widget.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)


class HelpLine(QLabel):
    """Explains, at the foot of a panel, the field that has the focus."""

    def __init__(self, panel: QWidget) -> None:
        super().__init__()
        self._panel = panel
        self.setProperty("tone", "faint")
        self.setWordWrap(True)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.hide()
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        app.focusChanged.connect(self._on_focus_changed)

    def refresh(self) -> None:
        """The field with the focus may mean something else now, or be gone."""
        self._explain(QApplication.focusWidget())

    def _on_focus_changed(self, _old: QWidget | None, new: QWidget | None) -> None:
        if new is not None:
            self._explain(new)

    def _explain(self, field: QWidget | None) -> None:
        here = field is not None and self._panel.isAncestorOf(field) and field.isVisibleTo(self._panel)
        text = field.whatsThis() if field is not None and here else ""
        self.setText(text)
        self.setVisible(bool(text))
