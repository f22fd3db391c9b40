"""What a network is given: for each input the sizes of one sample, the kind of numbers, and of whole ones how many there are."""

from __future__ import annotations

import argparse
from typing import NamedTuple

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QComboBox, QGridLayout, QHBoxLayout, QLabel, QLineEdit, QSpinBox, QToolButton, QWidget

from graph.messages import RunError, msg, tr
from gui.panels.parts import column, flat_button, label, number_box, row, small_button
from gui.theme import GRID, theme
from runtime.cli_values import shape
from runtime.importer.module_apart import Given

KINDS = ("float32", "int64", "bool")
WHOLE = "int64"
MOST = 10**9 - 1
KIND_WIDTH, COUNT_WIDTH = 112, 112  # pixels at 100 %
SIZES, KIND, BELOW, COUNT, REMOVE = range(1, 6)  # columns; the first is that of names


class _Line(NamedTuple):
    name: QLabel
    sizes: QLineEdit
    kind: QComboBox
    below: QLabel
    count: QSpinBox
    remove: QToolButton


class InputsForm(QWidget):
    """A line for each input, at least `least` of them. `changed()`: something was typed or chosen."""

    changed = Signal()

    def __init__(self, least: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._least = least
        self.lines: list[_Line] = []
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(2 * GRID)
        self._grid.setVerticalSpacing(GRID + 2)
        self._grid.setColumnStretch(SIZES, 1)
        self.add_button = small_button(tr("Add an input"), "plus")
        self.add_button.setAutoDefault(False)
        self.add_button.clicked.connect(lambda: self.add().setFocus())
        whole = column(self, spacing=2 * GRID)
        whole.addLayout(self._grid)
        whole.addLayout(self._foot())
        for _ in range(least):
            self.add()

    def _foot(self) -> QHBoxLayout:
        line = row()
        line.addWidget(self.add_button)
        line.addStretch(1)
        return line

    @property
    def given(self) -> list[Given]:
        """What the lines say.

        Raises:
            RunError: a line has no sizes.
        """
        return [_read(number, line) for number, line in enumerate(self.lines, start=1)]

    def add(self) -> QLineEdit:
        """One more line; the field for its sizes."""
        sizes = QLineEdit()
        sizes.setPlaceholderText("3, 32, 32")
        sizes.textChanged.connect(self.changed)
        kind = QComboBox()
        kind.addItems(KINDS)
        kind.setMinimumWidth(theme.px(KIND_WIDTH))
        count = number_box("")
        count.setRange(2, MOST)
        count.setMinimumWidth(theme.px(COUNT_WIDTH))
        remove = flat_button("close", "")
        made = _Line(label("", tone="muted"), sizes, kind, label(tr("below"), tone="muted"), count, remove)
        remove.clicked.connect(lambda: self._remove(made))
        kind.currentTextChanged.connect(self._arrange)
        self.lines.append(made)
        self._arrange()
        return sizes

    def _remove(self, line: _Line) -> None:
        self.lines.remove(line)
        for widget in line:
            self._grid.removeWidget(widget)
            widget.deleteLater()
        self._arrange()

    @Slot()
    def _arrange(self) -> None:
        for at, line in enumerate(self.lines):
            for place, widget in enumerate(line):
                self._grid.addWidget(widget, at, place)
            line.name.setText(tr("Input {number}", number=at + 1))
            line.sizes.setAccessibleName(tr("Sizes of one sample of input {number}", number=at + 1))
            line.kind.setAccessibleName(tr("Kind of numbers of input {number}", number=at + 1))
            line.count.setAccessibleName(tr("Numbers of input {number} are below", number=at + 1))
            line.remove.setAccessibleName(tr("Leave input {number} out", number=at + 1))
            line.remove.setToolTip(line.remove.accessibleName())
            line.remove.setVisible(len(self.lines) > self._least)
            for widget in (line.below, line.count):
                widget.setVisible(line.kind.currentText() == WHOLE)
        self.changed.emit()


def _read(number: int, line: _Line) -> Given:
    try:
        sizes = shape(line.sizes.text())
    except argparse.ArgumentTypeError as error:
        raise RunError(msg("Input {number}: {problem}", number=number, problem=str(error))) from error
    kind = line.kind.currentText()
    return Given(sizes, kind, line.count.value() if kind == WHOLE else 2)
