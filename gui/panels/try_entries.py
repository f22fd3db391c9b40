"""What people enter into a network with: a row of a table, numbers, a class, a text, a sample. Pads are in files of their own."""

from __future__ import annotations

from typing import Any

import numpy as np
from PySide6.QtCore import QEvent, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent, QKeySequence, QWheelEvent
from PySide6.QtWidgets import QComboBox, QGridLayout, QPlainTextEdit, QSizePolicy, QWidget

from graph.catalog import Kind, Param
from graph.messages import EditError, tr
from gui.panels.card import Card
from gui.panels.line_field import LineField
from gui.panels.parts import ElidedLabel, ScrollColumn, breakable, label
from gui.panels.try_pictures import PictureGrid
from gui.panels.values import format_value, parse_value, step_value
from gui.style import set_property
from gui.theme import GRID, theme
from runtime.trying import SENTENCE, AnyEntry, ChoiceEntry, FieldsEntry, SampleEntry, TextEntry

FIELD = 72  # pixels at 100 %
MOST_FRAMES = 16
_STEPS = {Qt.Key.Key_Up: 1, Qt.Key.Key_Down: -1, Qt.Key.Key_PageUp: 10, Qt.Key.Key_PageDown: -10}


class Complaint(ScrollColumn):
    """Why there is no answer. It scrolls, so that a long sentence makes no card higher."""

    def __init__(self) -> None:
        super().__init__()
        self.column.setContentsMargins(0, 0, GRID, 0)
        self.words = label("", tone="error", wrap=True)
        self.column.addWidget(self.words)
        self.column.addStretch(1)

    def say(self, text: str) -> None:
        """Say something else."""
        self.words.setText(breakable(text))


class EntryCard(Card):
    """A card to enter something on, called like its data node. `changed()` for whatever a person does to its value."""

    changed = Signal()

    def __init__(self, entry: AnyEntry, parent: QWidget | None = None) -> None:
        super().__init__(entry.name, parent)
        self.key = entry.key

    def value(self) -> Any:
        """What is entered; None as long as that is nothing."""
        raise NotImplementedError

    def show_value(self, value: Any) -> None:
        """Show the value of a sample."""
        raise NotImplementedError


class NumberField(LineField):
    """A number, live: `edited(number)` for every text that is one. The arrow keys and the wheel step it."""

    edited = Signal(object)

    def __init__(self, name: str, value: float, kind: Kind = Kind.FLOAT, **limits: float) -> None:
        super().__init__()
        self.param = Param(name=name, kind=kind, help="", required=True, **limits)  # type: ignore[arg-type]
        self.number: float = value
        self.setProperty("mono", True)
        self.setAccessibleName(name)
        self.setMinimumWidth(theme.px(FIELD))
        self.show_number(value)
        self.textEdited.connect(self._on_edited)
        self.editingFinished.connect(self._tidy)

    def show_number(self, value: float) -> None:
        """Show a number that nobody typed."""
        self.number = value
        self._tidy()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if (steps := _STEPS.get(Qt.Key(event.key()))) is not None:
            self._step(steps)
        else:
            super().keyPressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus() and event.angleDelta().y():
            self._step(1 if event.angleDelta().y() > 0 else -1)
        else:
            event.ignore()

    def _step(self, steps: int) -> None:
        stepped = step_value(self.param, self.number, steps)
        if stepped != self.number:
            self.show_number(stepped)  # type: ignore[arg-type]
            self.edited.emit(stepped)

    @Slot(str)
    def _on_edited(self, text: str) -> None:
        try:
            value = parse_value(self.param, text)
        except EditError as error:
            set_property(self, "invalid", True)
            self.setToolTip(str(error.message))
            return
        set_property(self, "invalid", False)
        self.setToolTip("")
        self.number = value  # type: ignore[assignment]
        self.edited.emit(value)

    @Slot()
    def _tidy(self) -> None:
        """The number that counts, in place of a text that is none."""
        self.setText(format_value(self.param, self.number))
        self.setCursorPosition(0)
        set_property(self, "invalid", False)
        self.setToolTip("")


class WordField(QComboBox):
    """One of some words. The wheel does not change it unless it has the focus."""

    def __init__(self, name: str, words: tuple[str, ...]) -> None:
        super().__init__()
        self.addItems(list(words))
        self.setAccessibleName(name)
        self.setMinimumWidth(theme.px(FIELD))
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(4)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


class FieldsCard(EntryCard):
    """A field for each column of a table, in as many columns as there is room for."""

    def __init__(self, entry: FieldsEntry) -> None:
        super().__init__(entry)
        self.fields: dict[str, NumberField | WordField] = {}
        self._labels = []
        scroll = ScrollColumn()
        scroll.column.setContentsMargins(0, 0, GRID, 0)
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(2 * GRID)
        self._grid.setVerticalSpacing(GRID)
        scroll.column.addLayout(self._grid)
        scroll.column.addStretch(1)
        for found in entry.columns:
            field = WordField(found.name, found.words) if found.words else NumberField(found.name, float(found.start))
            if isinstance(field, NumberField):
                field.edited.connect(self.changed)
            else:
                field.activated.connect(self.changed)
            self.fields[found.name] = field
            name = ElidedLabel(found.name, tone="muted")
            name.setMinimumWidth(theme.px(FIELD) * 2 // 3)
            name.setBuddy(field)
            self._labels.append(name)
        self._place(3)
        self.body.addWidget(scroll, 1)
        self.setMinimumWidth(theme.px(440))

    def value(self) -> dict[str, float | str]:
        return {
            name: field.number if isinstance(field, NumberField) else field.currentText()
            for name, field in self.fields.items()
        }

    def show_value(self, value: dict[str, float | str]) -> None:
        for name, field in self.fields.items():
            if isinstance(field, NumberField):
                field.show_number(float(value[name]))
            else:
                field.setCurrentText(str(value[name]))

    def _place(self, columns: int) -> None:
        for number, (name, field) in enumerate(zip(self._labels, self.fields.values(), strict=True)):
            line, place = divmod(number, columns)
            self._grid.addWidget(name, line, 2 * place)
            self._grid.addWidget(field, line, 2 * place + 1)
            self._grid.setColumnStretch(2 * place, 2)
            self._grid.setColumnStretch(2 * place + 1, 3)


class ChoiceCard(EntryCard):
    """One of the classes of the data."""

    def __init__(self, entry: ChoiceEntry) -> None:
        super().__init__(entry)
        self.field = WordField(entry.name, entry.names)
        self.field.activated.connect(self.changed)
        self.body.addWidget(self.field)
        self.body.addStretch(1)
        self.setMinimumWidth(theme.px(120))

    def value(self) -> int:
        return self.field.currentIndex()

    def show_value(self, value: int) -> None:
        self.field.setCurrentIndex(value)


class LiveText(QPlainTextEdit):
    """A text to type, as a field. Tab leads on."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setProperty("kind", "field")
        self.setTabChangesFocus(True)
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumHeight(theme.px(32))

    def event(self, event: QEvent) -> bool:
        """The keys of the history are the window's while nothing was typed here."""
        document = self.document()
        if (
            isinstance(event, QKeyEvent)
            and event.type() == QEvent.Type.ShortcutOverride
            and any(event.matches(key) for key in (QKeySequence.StandardKey.Undo, QKeySequence.StandardKey.Redo))
            and not (document.isUndoAvailable() or document.isRedoAvailable())
        ):
            event.ignore()
            return False
        return super().event(event)


class TextCard(EntryCard):
    """A text. Below it, which of its words the network has never seen."""

    def __init__(self, entry: TextEntry) -> None:
        super().__init__(entry)
        self.field = LiveText(entry.name)
        hint = tr("Type a sentence, with blanks around its signs.") if entry.form == SENTENCE else tr("Type a text.")
        self.field.setPlaceholderText(hint)
        self.note = ElidedLabel(tone="faint")
        self.note.hide()
        self.body.addWidget(self.field, 1)
        self.body.addWidget(self.note)
        self.setMinimumWidth(theme.px(260))
        self._is_shown = False  # by the panel, not typed
        self.field.textChanged.connect(self._on_text)

    def value(self) -> str | None:
        text = self.field.toPlainText()
        return text if text.strip() else None

    def show_value(self, value: str) -> None:
        self._is_shown = True
        self.field.setPlainText(value)
        self._is_shown = False

    def show_unknown(self, words: tuple[str, ...]) -> None:
        """Say which words the network has never seen."""
        shown = ", ".join(words[:6]) + (" …" if len(words) > 6 else "")
        self.note.setText(tr("Never seen in training: {words}", words=shown))
        self.note.setToolTip("")
        self.note.setVisible(bool(words))

    @Slot()
    def _on_text(self) -> None:
        if self.value() is None:
            self.show_unknown(())
        if not self._is_shown:
            self.changed.emit()


class SampleCard(EntryCard):
    """A sample of the data that is too large to enter by hand: its frames, where it has some, or its shape."""

    def __init__(self, entry: SampleEntry) -> None:
        super().__init__(entry)
        self._value: np.ndarray | None = None
        self._frames = PictureGrid(tr("Frames of the sample"))
        self._shape = label("", tone="faint", mono=True)
        self._hint = label(tr("Take a sample of the data: it is too large to enter by hand."), tone="muted", wrap=True)
        self.header.addWidget(self._shape)
        self.body.addWidget(self._frames, 1)
        self.body.addWidget(self._hint)
        self.setMinimumWidth(theme.px(300))
        self._frames.hide()

    def value(self) -> np.ndarray | None:
        return self._value

    def show_value(self, value: np.ndarray) -> None:
        self._value = value
        frames = frames_of(value)
        self._frames.setVisible(bool(frames))
        self._frames.show_pictures(frames)
        self._hint.setVisible(not frames)
        self._shape.setText("×".join(map(str, value.shape)))


def frames_of(sample: np.ndarray) -> list[np.ndarray]:
    """A volume or clip (C × T × H × W) as pictures, at most `MOST_FRAMES` evenly taken; none of other samples."""
    if sample.ndim != 4 or sample.shape[0] not in (1, 3):
        return []
    places = np.unique(np.linspace(0, sample.shape[1] - 1, MOST_FRAMES).round().astype(int))
    return [sample[0, t] if sample.shape[0] == 1 else sample[:, t].transpose(1, 2, 0) for t in places]
