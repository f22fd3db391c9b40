"""The cards of an explanation: which sample, which question about it with its answer, and the attention in it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from PySide6.QtCore import QSignalBlocker, Qt, Signal, Slot
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QComboBox, QSizePolicy, QStyle, QStyleOptionComboBox, QStylePainter

from graph.messages import Message, msg, tr
from gui.figures import THIN_SPACE, figure, grouped, percent
from gui.panels.card import Card
from gui.panels.explain_views import NOTHING_COUNTS, AttentionView, ExplanationView, shown_scores, visible
from gui.panels.parts import ScrollColumn, breakable, column, complain, flat_button, label, number_box, row
from gui.panels.picture_view import PictureView
from gui.style import set_property
from gui.theme import GRID, theme
from runtime.asked_samples import TEST, TRAIN, VALIDATION
from runtime.explanations import GRAD_CAM, METHODS, Asked, AttentionMap, Entry, Explanation, Said

SAMPLE_WIDTH, ATTENTION_WIDTH, MOST_WIDTH = 252, 260, 240  # pixels at 100 %: the last of a list of choices
MOST_ANSWERS, FIRST_WORDS = 200, 40
NARROW = "\u202f"  # a thin space at which no line breaks
UNTRAINED = msg("Not trained yet: these are the weights of the beginning.")
OTHER = msg("The drawing has changed since it was trained. This is the network that was trained.")
PART_NAMES = {TEST: msg("Test"), VALIDATION: msg("Validation"), TRAIN: msg("Training")}


class Wish(NamedTuple):
    """What an explanation is wanted of."""

    entry: Entry
    answer: int
    method: str
    layer: str
    place: int = 0


class SampleCard(Card):
    """Chooses a sample of a part, and shows it with its right answer and what the network says. `chosen()`: another one."""

    chosen = Signal()

    def __init__(self) -> None:
        super().__init__(tr("Sample"))
        self.part, self.number = Choices(tr("Part of the data")), number_box(tr("Number of the sample"))
        for name, text in PART_NAMES.items():
            self.part.addItem(str(text), name)
        self.number.setRange(1, 1)
        before, after = (
            flat_button("chevron-left", tr("Sample before")),
            flat_button("chevron-right", tr("Next sample")),
        )
        before.clicked.connect(self.number.stepDown)
        after.clicked.connect(self.number.stepUp)
        self.title.hide()  # the choices say it, and there is little height
        self.header.setSpacing(GRID)
        for widget, share in ((self.part, 1), (before, 0), (self.number, 0), (after, 0)):
            self.header.addWidget(widget, share)
        self.picture, self.words = PictureView(), label("", wrap=True)
        self.right, self.said = label("", tone="muted", wrap=True), label("", wrap=True)
        self.note = label("", tone="warning", wrap=True)
        self.body.addWidget(self._shown(), 1)
        self.part.currentIndexChanged.connect(self._on_part)
        self.number.valueChanged.connect(self.chosen)
        theme.changed.connect(self._use_width)
        self._use_width()

    @property
    def choice(self) -> tuple[str, int]:
        """The part, and the number in it from 0."""
        return self.part.currentData(), self.number.value() - 1

    def choose(self, part: str, number: int) -> None:
        """Ask about another sample."""
        with QSignalBlocker(self.part), QSignalBlocker(self.number):
            self.part.setCurrentIndex(self.part.findData(part))
            self.number.setMaximum(max(self.number.maximum(), number + 1))
            self.number.setValue(number + 1)
        self.chosen.emit()

    def show_asked(self, part: str, asked: Asked, note: Message | None) -> None:
        """Show a sample of a part and what is said of it, and what is to be said about the network."""
        with QSignalBlocker(self.part), QSignalBlocker(self.number):
            self.part.setCurrentIndex(self.part.findData(part))
            self.number.setMaximum(max(1, asked.count))
        self.number.setToolTip(tr("{count} samples", count=grouped(asked.count)))
        self.picture.setVisible(asked.picture is not None)
        self.picture.show_array(asked.picture)
        tokens = [visible(word) for entry in asked.entries for word in entry.words if word]
        self.words.setText(" ".join(tokens[:FIRST_WORDS]) + (" …" if len(tokens) > FIRST_WORDS else ""))
        self.words.setVisible(bool(tokens))
        right, said, is_right = _verdict(asked.said)
        for place, text in ((self.right, right), (self.said, said)):
            place.setText(text)
            place.setVisible(bool(text))
        set_property(self.said, "tone", {True: "good", False: "error", None: ""}[is_right])
        self.complain(note)

    def complain(self, note: Message | None) -> None:
        """Say what is to be known about the network, or why there is nothing new."""
        complain(self.note, note)

    @Slot()
    def _on_part(self) -> None:
        """Another part: its first sample, as it may have fewer."""
        with QSignalBlocker(self.number):
            self.number.setValue(1)
        self.chosen.emit()

    def _shown(self) -> ScrollColumn:
        """The sample, and beside or above it what is said of it: that is read without scrolling."""
        beside, scroll = row(spacing=2 * GRID), ScrollColumn()
        verdict = column(spacing=GRID)
        for widget in (self.right, self.said, self.note):
            verdict.addWidget(widget)
        verdict.addStretch(1)
        beside.addWidget(self.picture, 0, Qt.AlignmentFlag.AlignTop)
        beside.addLayout(verdict, 1)
        scroll.column.setContentsMargins(0, GRID, 0, 0)
        scroll.column.addLayout(beside)
        scroll.column.addWidget(self.words)
        scroll.column.addStretch(1)
        return scroll

    @Slot()
    def _use_width(self) -> None:
        self.setFixedWidth(theme.px(SAMPLE_WIDTH))


class WhyCard(Card):
    """Which parts of the sample count, by a method and for an answer to choose. `chosen()`: another question.

    Of a network that answers many places, one is chosen. `place_chosen()`: another one, whose answer is to be asked for.
    """

    chosen = Signal()
    place_chosen = Signal()

    def __init__(self) -> None:
        super().__init__(tr("What counts for the answer"))
        self.method, self.answer = Choices(tr("Method")), Choices(tr("Answer"))
        self.entry, self.layer = Choices(tr("Input")), Choices(tr("Layer"))
        for name, method in METHODS.items():
            self.method.addItem(str(method.label), name)
            tip = f"{method.help} ({method.source})"
            self.method.setItemData(self.method.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
        self.place = number_box(tr("Place whose answer is explained"))
        self.place.valueChanged.connect(self._on_place)
        self.place_wish: int | None = None  # what the person chose for this sample
        self._place_name = label(tr("Place"), tone="muted")
        self._place_name.setBuddy(self.place)
        self.header.addWidget(self._place_name)
        self.header.addWidget(self.place)
        for choices in (self.method, self.layer, self.answer, self.entry):
            self.header.addWidget(choices, 2)
            choices.currentIndexChanged.connect(self._on_chosen)
        self.header.setStretchFactor(self.title, 3)
        self.view, self.note = ExplanationView(), label("", tone="muted", wrap=True)
        self.complaint = label("", tone="warning", wrap=True)
        scroll = ScrollColumn(spacing=GRID)
        scroll.column.setContentsMargins(0, 0, GRID, 0)
        scroll.column.addWidget(self.view, 1)
        scroll.column.addWidget(self.complaint)
        scroll.column.addWidget(self.note)
        self.body.addWidget(scroll, 1)
        self.add_pictures(self.add_menu())
        self._on_method()

    def wish(self, asked: Asked) -> Wish:
        """What is to be explained."""
        entry = asked.entries[max(0, self.entry.currentIndex())]
        answer = self.answer.currentData()
        answer = 0 if answer is None else answer
        return Wish(entry, answer, self.method.currentData(), self.layer.currentText(), asked.said.place)

    def clear(self) -> None:
        """Forget what was explained: another network answers."""
        self.place_wish = None
        self.view.show_explanation(None)
        self.note.setText("")
        complain(self.complaint, None)

    def forget_place(self) -> None:
        """Another sample: ask about its usual place."""
        self.place_wish = None

    def show_asked(self, asked: Asked) -> None:
        """Offer what there is to ask about a sample; the answer of the network is chosen."""
        self.answer.offer(_answers(asked.said), keep=False)
        self.answer.setVisible(self.answer.count() > 1)
        self.entry.offer([(entry.name, entry.number) for entry in asked.entries])
        self.entry.setVisible(len(asked.entries) > 1)
        self.layer.offer([(name, name) for name in asked.layers])
        self._offer_places(asked)
        self._on_method()

    def _offer_places(self, asked: Asked) -> None:
        said = asked.said
        words = next((entry.words for entry in asked.entries if len(entry.words) == said.places), ())
        with QSignalBlocker(self.place):
            self.place.setRange(1, max(1, said.places))
            self.place.setValue(said.place + 1)
        self.place.setSuffix(f"  {visible(words[said.place])}" if words else "")
        for widget in (self._place_name, self.place):
            widget.setVisible(said.places > 1)

    @Slot(int)
    def _on_place(self, number: int) -> None:
        self.place_wish = number - 1
        self.place_chosen.emit()

    def show_explanation(self, found: Explanation) -> None:
        """Show it."""
        complain(self.complaint, None)
        self.view.show()
        self.view.show_explanation(found)
        self.note.setText(" ".join(_notes(found)))
        self.note.setToolTip(str(METHODS[found.method].source))

    def complain(self, message: Message) -> None:
        """Say why there is no explanation."""
        self.view.hide()
        complain(self.complaint, message)

    def paint_content(self, painter: QPainter) -> None:
        painter.translate(self.view.mapTo(self, self.view.rect().topLeft()))
        self.view.paint(painter)

    @Slot()
    def _on_chosen(self) -> None:
        self._on_method()
        self.chosen.emit()

    def _on_method(self) -> None:
        self.layer.setVisible(self.method.currentData() == GRAD_CAM and self.layer.count() > 0)


class AttentionCard(Card):
    """How much each step looks at each other: a layer and a head to choose."""

    def __init__(self) -> None:
        super().__init__(tr("Attention"))
        self.layer, self.head, self.view = Choices(tr("Layer")), Choices(tr("Head")), AttentionView()
        for choices in (self.layer, self.head):
            self.header.addWidget(choices, 3)
            choices.currentIndexChanged.connect(self._show)
        self.header.setStretchFactor(self.title, 2)
        self.body.addWidget(self.view, 1)
        self.add_pictures(self.add_menu())
        self._maps: tuple[AttentionMap, ...] = ()
        self._entries: tuple[Entry, ...] = ()
        theme.changed.connect(self._use_width)
        self._use_width()

    def show_asked(self, asked: Asked) -> None:
        """Show the attention for a sample."""
        self._maps, self._entries = asked.attention, asked.entries
        self.layer.offer([(found.name, found.name) for found in asked.attention])
        heads = max((len(found.weights) for found in asked.attention), default=1)
        self.head.offer([(tr("Mean of the heads"), -1), *((tr("Head {n}", n=n + 1), n) for n in range(heads))])
        self.head.setVisible(heads > 1)
        self._show()

    def paint_content(self, painter: QPainter) -> None:
        painter.translate(self.view.pos())
        self.view.paint(painter)

    @Slot()
    def _show(self) -> None:
        if not self._maps:
            self.view.show_map(None, None, ((), ()))
            return
        found = self._maps[max(0, self.layer.currentIndex())]
        head = self.head.currentData()
        words = tuple(self._words(length) for length in found.weights.shape[1:])
        self.view.show_map(
            found, None if head is None or not 0 <= head < len(found.weights) else head, (words[0], words[1])
        )

    def _words(self, length: int) -> tuple[str, ...]:
        """The words of the input that is as long."""
        return next((entry.words for entry in self._entries if len(entry.words) == length), ())

    @Slot()
    def _use_width(self) -> None:
        self.setMinimumWidth(theme.px(ATTENTION_WIDTH))


class Choices(QComboBox):
    """One of several, no wider than there is room."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setToolTip(name)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(6)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self._use_scale)
        self._use_scale()

    @Slot()
    def _use_scale(self) -> None:
        self.setMaximumWidth(theme.px(MOST_WIDTH))

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Words that do not fit end in three dots."""
        painter, option = QStylePainter(self), QStyleOptionComboBox()
        self.initStyleOption(option)
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        edit = QStyle.SubControl.SC_ComboBoxEditField
        room = self.style().subControlRect(QStyle.ComplexControl.CC_ComboBox, option, edit, self).width()
        option.currentText = self.fontMetrics().elidedText(self.currentText(), Qt.TextElideMode.ElideRight, room)
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)

    def offer(self, choices: list[tuple[str, object]], *, keep: bool = True) -> None:
        """Offer these texts with their values; what was chosen stays, else the first is."""
        chosen = self.currentData()
        with QSignalBlocker(self):
            self.clear()
            for text, value in choices:
                self.addItem(text, value)
            if keep and (at := self.findData(chosen)) >= 0:
                self.setCurrentIndex(at)


def _notes(found: Explanation) -> list[str]:
    """What is to be known about an explanation."""
    method = METHODS[found.method]
    most, shown = (figure(float(np.abs(scores).max())) for scores in (found.scores, shown_scores(found)))
    if not found.scores.any():
        return [str(NOTHING_COUNTS)]
    texts = [str(method.help)]
    if found.gap is not None:
        texts.append(tr("The sum misses it by {gap}.", gap=figure(found.gap)))
    if method.signed:
        texts.append(tr("Blue speaks for the answer, red against it."))
    if most != shown:
        texts.append(
            tr(
                "The places that only fill up count more than any word: up to {most}, words up to {shown}.",
                most=most,
                shown=shown,
            )
        )
    return texts


def _answers(said: Said) -> list[tuple[str, object]]:
    """The answers to ask about: classes with their probabilities, the likeliest first; or numbers."""
    if not said.chances:
        if len(said.scores) == 1:
            return [(figure(said.scores[0]), 0)]
        return [
            (tr("Output {n}: {value}", n=n + 1, value=figure(v)), n) for n, v in enumerate(said.scores[:MOST_ANSWERS])
        ]
    if len(said.scores) == 1:
        return [(tr("yes: {share}", share=percent(said.chances[0])), 0)]
    order = sorted(range(len(said.chances)), key=lambda n: -said.chances[n])[:MOST_ANSWERS]
    return [(f"{_class_name(said, n)}  {percent(said.chances[n])}", n) for n in order]


def _verdict(said: Said) -> tuple[str, str, bool | None]:
    """The right answer, what the network says, and whether that is right: empty or None where it is not known."""
    right, answer, is_right = "", "", None
    if said.target is not None:
        right = _class_name(said, int(said.target)) if said.chances else figure(said.target)
    if len(said.chances) > 1:
        best = max(range(len(said.chances)), key=lambda n: said.chances[n])
        answer = f"{breakable(_class_name(said, best))} ({percent(said.chances[best]).replace(THIN_SPACE, NARROW)})"
        is_right = None if said.target is None else best == int(said.target)
    elif said.chances:
        answer = tr("yes: {share}", share=percent(said.chances[0]))
    elif len(said.scores) == 1:
        answer = figure(said.scores[0])
    return (
        tr("Right: {answer}", answer=breakable(right)) if right else "",
        tr("Network: {answer}", answer=answer) if answer else "",
        is_right,
    )


def _class_name(said: Said, number: int) -> str:
    name = said.classes[number] if 0 <= number < len(said.classes) else str(number)
    return name if name.strip() else visible(name)
