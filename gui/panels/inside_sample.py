"""Chooses the sample that is followed through the network, and shows it with its right answer and what the network says."""

from __future__ import annotations

import random

from PySide6.QtCore import QSignalBlocker, Qt, Signal, Slot
from PySide6.QtWidgets import QSpinBox

from graph.messages import Message, tr
from gui.figures import THIN_SPACE, figure, grouped, percent
from gui.panels.explain_cards import NARROW, PART_NAMES, Choices
from gui.panels.inside_views import PortraitView
from gui.panels.parts import ScrollColumn, breakable, column, flat_button, label, number_box, row, small_button
from gui.style import set_property
from gui.theme import GRID, theme
from runtime.portraits_steps import LAST, Walk

WIDTH, PICTURE = 236, 84  # pixels at 100 %
MOST = 44  # characters of an answer that are shown; all of them are in the tool tip


class SampleBox(ScrollColumn):
    """`chosen()`: another sample, run of a block or time is wanted."""

    chosen = Signal()

    def __init__(self) -> None:
        super().__init__(spacing=GRID + 2)
        self.setAccessibleName(tr("Sample"))
        self.part, self.number = Choices(tr("Part of the data")), number_box(tr("Number of the sample"))
        for name, text in PART_NAMES.items():
            self.part.addItem(str(text), name)
        self.run = number_box(tr("Run of the block"))
        self.call = number_box(tr("Time that it is computed"))
        self.random = small_button(tr("At random"))
        self.random.setToolTip(tr("Take any sample of this part"))
        self.picture, self.right = PortraitView(), label("", tone="muted", wrap=True)
        self.said, self.losses = label("", wrap=True), label("", tone="muted", mono=True, wrap=True)
        self.note = label("", tone="warning", wrap=True)
        self._was_chosen = False  # a person chose the part; until then it is the first that has samples
        self._name_fields()
        self._lay_out()
        self.part.currentIndexChanged.connect(self._on_part)
        for field in (self.number, self.run, self.call):
            field.valueChanged.connect(self.chosen)
        self.random.clicked.connect(self.choose_any)
        theme.changed.connect(self._use_scale)
        self._use_scale()

    @property
    def choice(self) -> tuple[str | None, int]:
        """The part (None until one was chosen) and the number in it from 0."""
        return self.part.currentData() if self._was_chosen else None, self.number.value() - 1

    @property
    def place(self) -> tuple[int, int]:
        """Which run of a block is meant, and which time of several that it was computed, from 0."""
        return self.run.value() - 1, self.call.value() - 1 if self.call.isEnabled() else LAST

    @Slot()
    def choose_any(self) -> None:
        """Take any sample of the part."""
        self.number.setValue(random.randint(1, self.number.maximum()))

    def choose(self, part: str, number: int) -> None:
        """Ask for a sample of a part, by its number from 0."""
        with QSignalBlocker(self.part), QSignalBlocker(self.number):
            self.part.setCurrentIndex(self.part.findData(part))
            self.number.setMaximum(max(self.number.maximum(), number + 1))
            self.number.setValue(number + 1)
        self._was_chosen = True
        self.chosen.emit()

    def show_walk(self, walk: Walk, note: Message | None) -> None:
        """Show the sample of a walk, and say what is to be said about the network."""
        wish, count = walk.wish, walk.counts[walk.wish.part or ""]
        with QSignalBlocker(self.part), QSignalBlocker(self.number):
            self.part.setCurrentIndex(self.part.findData(wish.part))
            self.number.setRange(1, count)
            self.number.setValue(wish.number + 1)
        self.number.setToolTip(tr("{count} samples", count=grouped(count)))
        _offer(self.run, walk.runs, wish.run + 1)
        _offer(self.call, walk.calls if wish.way else 1, walk.calls if wish.call == LAST else wish.call + 1)
        given = walk.given[0] if walk.given else None
        self.picture.show_portrait(given, absent=tr("No input"))
        self._show_verdict(walk)
        self.complain(note)

    def complain(self, note: Message | None) -> None:
        """Say what is to be known, or why there is nothing new."""
        self.note.setText("" if note is None else str(note))
        self.note.setVisible(note is not None)

    def _show_verdict(self, walk: Walk) -> None:
        verdict = walk.verdict
        self.right.setText(tr("Right: {answer}", answer=_short(verdict.right)) if verdict.right else "")
        self.right.setToolTip(verdict.right)
        chance = "" if verdict.chance is None else f" ({percent(verdict.chance).replace(THIN_SPACE, NARROW)})"
        self.said.setText(tr("Network: {answer}", answer=_short(verdict.said) + chance) if verdict.said else "")
        self.said.setToolTip(verdict.said)
        tone = {True: "good", False: "error", None: ""}[verdict.is_right]
        set_property(self.said, "tone", tone)
        self.losses.setText("\n".join(f"{breakable(name)} {figure(value)}" for name, value in walk.losses.items()))
        for part in (self.right, self.said, self.losses):
            part.setVisible(bool(part.text()))

    @Slot()
    def _on_part(self) -> None:
        self._was_chosen = True
        with QSignalBlocker(self.number):
            self.number.setValue(1)
        self.chosen.emit()

    def _name_fields(self) -> None:
        for field, prefix in ((self.number, ""), (self.run, f"{tr('run')} "), (self.call, f"{tr('time')} ")):
            field.setRange(1, 1)
            field.setPrefix(prefix)
        for field in (self.run, self.call):
            field.hide()

    def _lay_out(self) -> None:
        before, after = (
            flat_button("chevron-left", tr("Sample before")),
            flat_button("chevron-right", tr("Next sample")),
        )
        before.clicked.connect(self.number.stepDown)
        after.clicked.connect(self.number.stepUp)
        first, second = row(spacing=GRID), row(spacing=GRID)
        for widget, share in ((self.part, 1), (self.random, 0)):
            first.addWidget(widget, share)
        for widget, share in ((before, 0), (self.number, 1), (after, 0)):
            second.addWidget(widget, share)
        for widget in (self.run, self.call):
            second.addWidget(widget, 1)
        words = column(spacing=GRID)
        for widget in (self.right, self.said, self.losses):
            words.addWidget(widget)
        words.addStretch(1)
        shown = row()
        shown.addWidget(self.picture, 0, Qt.AlignmentFlag.AlignTop)
        shown.addLayout(words, 1)
        layout = self.column
        layout.setContentsMargins(0, 0, 0, 0)
        for line in (first, second, shown):
            layout.addLayout(line)
        layout.addWidget(self.note)
        layout.addStretch(1)

    @Slot()
    def _use_scale(self) -> None:
        self.setFixedWidth(theme.px(WIDTH))
        self.picture.setFixedSize(theme.px(PICTURE), theme.px(PICTURE))


def _short(answer: str) -> str:
    """As much of an answer as there is room for."""
    return breakable(answer if len(answer) <= MOST else answer[: MOST - 1].rstrip() + "…")


def _offer(field: QSpinBox, count: int, value: int) -> None:
    """Let choose from 1 to a count, where there is something to choose."""
    with QSignalBlocker(field):
        field.setRange(1, max(1, count))
        field.setValue(value)
        field.setSuffix(f" / {count}")
    field.setEnabled(count > 1)
    field.setVisible(count > 1)
