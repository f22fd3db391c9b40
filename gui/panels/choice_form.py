"""A choice from a table (an optimizer, a schedule) with the parameters of what is chosen."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import cast

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QWidget

from graph.catalog import Kind, Param
from graph.catalog.optimizers import ChoiceType
from graph.messages import translate
from graph.model import Value
from graph.plan import Choice
from gui.panels.fields import ChoiceField, make_field
from gui.panels.form import FieldRow
from gui.panels.parts import column, empty
from gui.theme import GRID


class ChoiceForm(QWidget):
    """`edited(Choice, part)`: another type was chosen (part "type") or the parameter `part` was set.

    The parameters that `first` names stand above the choice, under the words that it gives.
    """

    edited = Signal(object, str)
    finished = Signal()

    def __init__(self, types: Mapping[str, ChoiceType], *, name: str, first: Mapping[str, str] | None = None) -> None:
        super().__init__()
        self._types, self._first = types, dict(first or {})
        self._choice = Choice("")
        self.rows: dict[str, FieldRow] = {}
        self.type_row = self._make_type_row(name)
        self._above, self._below = column(spacing=GRID + 1), column(spacing=GRID + 1)
        layout = column(self, spacing=GRID + 1)
        layout.addLayout(self._above)
        layout.addWidget(self.type_row)
        layout.addLayout(self._below)

    def show_choice(self, choice: Choice) -> None:
        """Show a choice of the plan."""
        old, self._choice = self._choice, choice
        if old.type != choice.type:
            self._build_rows()
        self.type_row.show_value(choice.type, is_set=False)
        chosen = self._types.get(choice.type)
        self.type_row.explain(translate(chosen.help) if chosen else "")
        for name, value in (chosen.values(choice) if chosen else {}).items():
            self.rows[name].show_value(cast(Value, value), is_set=value != self.rows[name].param.default)

    def _build_rows(self) -> None:
        empty(self._above)
        empty(self._below)
        self.rows = {}
        chosen = self._types.get(self._choice.type)
        for param in chosen.params if chosen else ():
            self.rows[param.name] = self._make_row(param)
            place = self._above if param.name in self._first else self._below
            place.addWidget(self.rows[param.name])

    def _make_type_row(self, name: str) -> FieldRow:
        labels = {type_id: translate(entry.label) for type_id, entry in self._types.items()}
        param = Param(name=name, kind=Kind.CHOICE, choices=tuple(labels), help="")
        field = ChoiceField(param, labels)
        for number, entry in enumerate(self._types.values()):
            field.setItemData(number, translate(entry.help), Qt.ItemDataRole.ToolTipRole)
        made = FieldRow(param, field)
        made.edited.connect(self._on_type_chosen)
        made.finished.connect(self.finished)
        return made

    def _make_row(self, param: Param) -> FieldRow:
        made = FieldRow(param, make_field(param), name=self._first.get(param.name, ""))
        made.edited.connect(partial(self._on_param_edited, param.name))
        made.finished.connect(self.finished)
        made.reset_requested.connect(partial(self._on_reset, param.name))
        return made

    def _on_type_chosen(self, type_id: str) -> None:
        """What was set and exists in the new type too is kept."""
        kept = {name: value for name, value in self._choice.params.items() if self._types[type_id].param(name)}
        if type_id != self._choice.type:
            self.edited.emit(Choice(type_id, kept), "type")

    def _on_param_edited(self, name: str, value: Value) -> None:
        self.edited.emit(Choice(self._choice.type, {**self._choice.params, name: value}), name)

    def _on_reset(self, name: str) -> None:
        kept = {key: value for key, value in self._choice.params.items() if key != name}
        self.edited.emit(Choice(self._choice.type, kept), name)
