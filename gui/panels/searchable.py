"""Marks a field as one that a sweep tries other values of: a word in its menu, a sign beside its name, a chip below it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from PySide6.QtCore import QObject, Qt, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QSizePolicy, QToolButton, QVBoxLayout, QWidget

from graph.catalog import Param
from graph.messages import msg, tr
from graph.model import Value
from graph.search import Place, Space, value_at
from graph.search_labels import place_label
from gui.editor import Editor
from gui.icons import icon
from gui.panels.fields import ChoiceField
from gui.panels.form import FieldRow
from gui.panels.parts import SmallButton, column, flat_button, label, row
from gui.panels.searchable_editor import SpaceEditor
from gui.panels.searchable_spaces import SEARCHABLE, Labels, Words, space_text, suggested
from gui.theme import GRID

FirstSpace = Callable[[], Space]


@dataclass(frozen=True)
class Searched:
    """What there is to know of a place to let a person search it.

    `labels` are the words for values, `words` are texts that mean values; `first` gives what is tried at first, where that
    does not follow from the parameter.
    """

    place: Place
    param: Param
    labels: Labels = field(default_factory=dict)
    words: Words = field(default_factory=dict)
    first: FirstSpace | None = None


class SearchStrip(QWidget):
    """The chip that says what is tried at a place, and the card that changes it. Hidden while the place is not searched."""

    def __init__(self, editor: Editor, parent: QWidget | None = None, *, caption: str = "") -> None:
        super().__init__(parent)
        self._editor, self._caption = editor, caption
        self._searched: Searched | None = None
        self.chip: SmallButton | None = None
        self.remove_button: QToolButton | None = None
        self.card: SpaceEditor | None = None
        self._column: QVBoxLayout = column(self, spacing=GRID)
        self.hide()

    @property
    def space(self) -> Space | None:
        """What is tried there."""
        return self._editor.project.search.space_at(self._searched.place) if self._searched else None

    def show_place(self, searched: Searched) -> None:
        """Show what is tried at a place."""
        if self._searched is not None and self._searched.place != searched.place:
            self._drop_card()
        self._searched = searched
        space = self.space
        if space is None:
            self.hide()
            self._drop_card()
            return
        chip = self._chip()
        self.show()
        text = space_text(space, searched.labels)
        chip.setText(text)
        words = tr("A sweep tries {values} for {name}", values=text, name=self._label)
        chip.setAccessibleName(words)
        chip.setToolTip(words)
        if self.card is not None:
            self.card.show_space(space)

    @Slot()
    def open(self) -> None:
        """Let the person say what is tried there; a place that was not searched is from now on."""
        if self._searched is None:
            return
        if self.space is None:
            self._set(self._first())
        if self.space is not None and self.card is None:
            self._make_card(self.space)

    @Slot()
    def toggle(self) -> None:
        """Open the card, or close it."""
        if self.card is None:
            self.open()
        else:
            self.close_card()

    @Slot()
    def close_card(self) -> None:
        """Put the card away; the focus goes to the chip."""
        self._drop_card()
        if self.chip is not None:
            self.chip.setFocus(Qt.FocusReason.OtherFocusReason)

    @Slot()
    def remove(self) -> None:
        """Try no other values there any more."""
        self._set(None)

    # ---- machinery

    @property
    def _label(self) -> str:
        assert self._searched is not None
        return place_label(self._editor.project, self._searched.place)

    def _first(self) -> Space:
        assert self._searched is not None
        searched = self._searched
        if searched.first is not None:
            return searched.first()
        try:
            value = value_at(self._editor.project, searched.place)
        except KeyError:
            value = None
        return suggested(searched.param, searched.param.default if value is None else value, searched.words)

    def _set(self, space: Space | None) -> None:
        assert self._searched is not None
        place = self._searched.place
        text = msg("Search {name}", name=self._label) if space else msg("Do not search {name}", name=self._label)
        self._editor.change(lambda p: replace(p, search=p.search.with_space(place, space)), text)

    def _chip(self) -> SmallButton:
        if self.chip is None:
            self.chip = SmallButton("")
            self.chip.setProperty("kind", "chip")
            self.chip.setProperty("mono", True)
            self.chip.setIcon(icon("sweep", "accent"))
            self.chip.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
            self.chip.clicked.connect(self.toggle)
            self.remove_button = flat_button("close", tr("Do not search"))
            self.remove_button.clicked.connect(self.remove)
            line = row(spacing=2)
            if self._caption:
                line.addWidget(label(self._caption, tone="muted"))
            line.addStretch(1)
            line.addWidget(self.chip)
            line.addWidget(self.remove_button)
            self._column.insertLayout(0, line)
        return self.chip

    def _make_card(self, space: Space) -> None:
        assert self._searched is not None
        self.card = SpaceEditor(self._searched.param, labels=self._searched.labels, words=self._searched.words)
        self.card.edited.connect(self._set)
        self.card.removed.connect(self.remove)
        self.card.closed.connect(self.close_card)
        self._column.addWidget(self.card)
        self.card.show_space(space)
        self.card.show()
        self.card.enter()

    def _drop_card(self) -> None:
        if self.card is not None:
            self.card.hide()
            self.card.deleteLater()
            self.card = None


class SearchMark(QObject):
    """Makes the place that a row of a form edits searchable: by the menu of the row, or the sign that shows under the mouse."""

    def __init__(self, field_row: FieldRow, editor: Editor) -> None:
        super().__init__(field_row)
        self._row = field_row
        self.strip = SearchStrip(editor, field_row)
        self.sign: QToolButton | None = None
        field_row.add_below(self.strip)
        self.action = QAction(icon("sweep", "muted"), tr("Search this…"), field_row)
        self.action.triggered.connect(self.strip.open)
        field_row.add_action(self.action)
        field_row.hovered.connect(self._on_hovered)

    def show_place(self, searched: Searched) -> None:
        """Show what a sweep tries at the place that the row edits."""
        self.strip.show_place(searched)
        if self.sign is not None and self.strip.space is not None:
            self.sign.hide()

    @Slot(bool)
    def _on_hovered(self, inside: bool) -> None:
        wanted = inside and self.strip.space is None
        if wanted and self.sign is None:
            self.sign = flat_button("sweep", tr("Search this: let a sweep try other values"), role="faint")
            self.sign.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the menu of the field has it too
            self.sign.clicked.connect(self.strip.open)
            self._row.add_beside_name(self.sign)
        if self.sign is not None:
            self.sign.setVisible(wanted)


def mark(editor: Editor, rows: Iterable[tuple[Place, FieldRow]]) -> None:
    """Let these rows of a form be searched, each at its place, and show what is; rows whose values no sweep can try are left."""
    for place, field_row in rows:
        if field_row.param.kind not in SEARCHABLE:
            continue
        found = field_row.findChild(SearchMark, options=Qt.FindChildOption.FindDirectChildrenOnly)
        shown = found if isinstance(found, SearchMark) else SearchMark(field_row, editor)
        shown.show_place(Searched(place, field_row.param, _labels(field_row), field_row.words))


def _labels(field_row: FieldRow) -> dict[Value, str]:
    """The words of the choices of a row."""
    box = field_row.field
    return {box.itemData(i): box.itemText(i) for i in range(box.count())} if isinstance(box, ChoiceField) else {}
