"""The cards of one way to try a network: entries at the left, the answer at the right, asked live."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtGui import QResizeEvent

from graph.messages import Message, tr
from gui.panels.parts import CardRow
from gui.panels.try_answers import AnswerCard
from gui.panels.try_codes import CodeCard, NoiseCard
from gui.panels.try_entries import ChoiceCard, EntryCard, FieldsCard, SampleCard, TextCard
from gui.panels.try_language import NextTokens, PromptCard, TextOut, Writer, likeliest
from gui.panels.try_nearest import with_words
from gui.panels.try_pad import PictureCard
from gui.panels.try_pairs import TranslationCard
from gui.panels.try_planes import CurveCard, PlaneCard
from gui.panels.try_questions import Questions
from runtime import trying
from runtime.trying import (
    BARS,
    DOTS,
    PICTURE,
    TRANSLATION,
    WRITING,
    AnyEntry,
    ChoiceEntry,
    CodeEntry,
    Drawn,
    FieldsEntry,
    Form,
    NumbersEntry,
    PictureEntry,
    PlaneEntry,
    Points,
    Taken,
    TextEntry,
    Trying,
    Way,
)

if TYPE_CHECKING:
    from gui.asker import Asker
    from runtime.predict import Trained

PACE = 60  # milliseconds between a change and the question
LOOKED_AT = 200  # samples whose codes are measured
MOST_PAD = 0.45  # of the width, where a picture is very wide
FIELD_SIDE = 64  # places across the plane that are asked
ANSWER, CODES, FIELD, FILE, OTHER, UNKNOWN = "answer", "codes", "field", "file", "other", "unknown"


class View(CardRow):
    """A way to try a network. `edited()`: what is entered is no sample of the data any more.

    Questions are asked one after the other: what changes while an answer is under way is asked when it has come.
    """

    edited = Signal()

    def __init__(self, asker: Asker) -> None:
        super().__init__()
        self.questions = Questions(asker, self)
        self._is_under_way = self._is_behind = False
        self._pace = QTimer(self, singleShot=True, interval=PACE)
        self._pace.timeout.connect(self._ask)

    def show_sample(self, taken: Taken, number: int) -> None:
        """Show a sample of the data as if it were entered; `number` is its own."""
        raise NotImplementedError

    def refresh(self) -> None:
        """Ask again, as another network answers."""
        self._is_under_way = False
        self.ask_soon()

    def stop(self) -> None:
        """Nobody looks here any more."""
        self._pace.stop()
        self.questions.drop()

    @Slot()
    def ask_soon(self) -> None:
        """Ask about what is entered now."""
        self._is_behind = self._is_under_way
        if not self._is_under_way and not self._pace.isActive():
            self._pace.start()

    @Slot()
    def _on_edited(self) -> None:
        self.edited.emit()
        self.ask_soon()

    def _question(self) -> Callable[[Trained], Any] | None:
        """What is asked about what is entered now; None where there is nothing to ask."""
        raise NotImplementedError

    def _show(self, answer: Any) -> None:
        raise NotImplementedError

    def complain(self, text: str) -> None:
        """Say why there is no answer; what is entered stays."""
        raise NotImplementedError

    @Slot()
    def _ask(self) -> None:
        question = self._question()
        if question is not None:
            self._is_under_way = True
            self.questions.ask(ANSWER, question, self._take, self._fail)

    def _take(self, answer: Any) -> None:
        self._end()
        self._show(answer)

    def _fail(self, message: Message) -> None:
        self._end()
        self.complain(str(message))

    def _end(self) -> None:
        self._is_under_way = False
        if self._is_behind:
            self.ask_soon()


class PlainView(View):
    """Entries, and one answer."""

    def __init__(self, asker: Asker, trying_: Trying, way: Way, form: Form) -> None:
        super().__init__(asker)
        self.trying, self.way, self.form = trying_, way, form
        self._number = 0
        self.cards: list[EntryCard] = [make_entry_card(entry) for entry in way.entries]
        self.answer = AnswerCard()
        self.answer.clear()
        for entry, card in zip(way.entries, self.cards, strict=True):
            self.row.addWidget(card, 0 if isinstance(card, PictureCard) else 3)
            card.changed.connect(self._on_edited)
            self._connect(entry, card)
        self.row.addWidget(self.answer, 4)
        planes = [entry for way in trying_.ways for entry in way.entries if isinstance(entry, PlaneEntry)]
        self.answer.show_plane(planes[0] if planes else None)
        self._measure()

    def show_sample(self, taken: Taken, number: int) -> None:
        self._number = number
        for card in self.cards:
            if card.key in taken.entered:
                card.show_value(taken.entered[card.key])
        self.answer.show_truth(taken.truth, taken.picture, taken.symbols)
        self.ask_soon()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        for card in self.cards:
            if isinstance(card, PictureCard):
                card.pad.give_room(round(MOST_PAD * self.width()))

    def show_form(self, form: Form) -> None:
        """Ask for another answer."""
        self.form = form
        self.answer.clear()
        self.refresh()

    def refresh(self) -> None:
        super().refresh()
        self._measure()

    @Slot()
    def _on_edited(self) -> None:
        self.answer.show_truth("")
        super()._on_edited()

    def _question(self) -> Callable[[Trained], Any] | None:
        entered = {card.key: self._value(card) for card in self.cards}
        empty_ones = [card for card in self.cards if card.value() is None]
        if empty_ones:
            self.answer.clear()
            self.answer.say(hint(empty_ones[0]))
            return None
        way, form = self.way, self.form
        self._ask_unknown()
        return lambda trained: with_words(trained, form, trying.answer(trained, way, form, entered))

    def _value(self, card: EntryCard) -> Any:
        """What is entered on a card: of noise for several things only that of the chosen one, where one answer is shown."""
        value = card.value()
        if isinstance(card, NoiseCard) and self.form.kind not in (PICTURE, DOTS):
            return value[card.chosen : card.chosen + 1]
        return value

    def _show(self, answer: Any) -> None:
        self.answer.show_result(answer)
        for card in self.cards:
            if isinstance(card, NoiseCard) and isinstance(answer, Points) and card.chosen < len(answer.points):
                self.answer.plane.at = tuple(answer.points[card.chosen].tolist())

    def complain(self, text: str) -> None:
        self.answer.complain(text)

    # ---- what some entries need beside

    def _connect(self, entry: AnyEntry, card: EntryCard) -> None:
        if isinstance(card, PictureCard) and isinstance(entry, PictureEntry):
            card.file_wanted.connect(lambda path: self._open(entry, card, path))
        elif isinstance(card, NoiseCard):
            self.answer.chosen.connect(card.choose)
        elif isinstance(card, CodeCard):
            card.other_wanted.connect(lambda: self._take_other(card))

    def _measure(self) -> None:
        """What the data is at a code, or what the network says all over the plane."""
        trying_, way, form = self.trying, self.way, self.form
        for entry, card in zip(way.entries, self.cards, strict=True):
            if isinstance(card, CodeCard) and isinstance(entry, CodeEntry) and trying_.samples:
                question = _codes_question(trying_, entry)
                self.questions.ask(CODES, question, lambda found, c=card: c.show_codes(*found), _ignore)
            if isinstance(card, PlaneCard) and form.kind == BARS and len(way.entries) == 1:
                self.questions.ask(FIELD, _field_question(way, form), card.plane.show_field, _ignore)

    def _open(self, entry: PictureEntry, card: PictureCard, path: Path) -> None:
        def show(pixels: np.ndarray) -> None:
            card.show_value(Drawn(ground=pixels))
            self._on_edited()

        self.questions.ask(FILE, lambda trained: trying.from_file(trained, entry, path), show, self._fail)

    def _take_other(self, card: CodeCard) -> None:
        trying_, way, number = self.trying, self.way, (self._number + 1) % max(1, self.trying.samples)
        self.questions.ask(
            OTHER,
            lambda trained: trying.take(trained, trying_, way, number),
            lambda taken: card.show_other(taken.entered[card.key]),
            self._fail,
        )

    def _ask_unknown(self) -> None:
        for entry, card in zip(self.way.entries, self.cards, strict=True):
            if isinstance(entry, TextEntry) and isinstance(card, TextCard):
                text = card.value() or ""
                self.questions.ask(UNKNOWN, _unknown_question(entry, text), card.show_unknown, _ignore)


class WritingView(View):
    """A language model: prompt, text, and the likeliest next tokens."""

    def __init__(self, asker: Asker, entry: TextEntry) -> None:
        super().__init__(asker)
        self.entry = entry
        self.prompt, self.text, self.next = PromptCard(entry), TextOut(), NextTokens()
        self.writer = Writer(self.questions, self)
        for card, share in ((self.prompt, 3), (self.text, 5), (self.next, 2)):
            self.row.addWidget(card, share)
        self.prompt.changed.connect(self._on_edited)
        self.prompt.drawn_otherwise.connect(self.ask_soon)
        self.prompt.write_wanted.connect(self._write)
        self.prompt.stop_wanted.connect(self.writer.stop)
        self.writer.written.connect(self.text.add)
        self.writer.ended.connect(self._on_ended)
        self.writer.failed.connect(lambda message: self.text.complain(str(message)))

    def show_sample(self, taken: Taken, number: int) -> None:
        self.prompt.show_value(taken.entered[self.entry.key])
        self.ask_soon()

    def refresh(self) -> None:
        self.writer.stop()
        super().refresh()

    def stop(self) -> None:
        self.writer.stop()
        super().stop()

    @Slot()
    def _write(self) -> None:
        self.text.begin(self.prompt.value() or "")
        self.prompt.show_writing(True)
        self.writer.write(self.prompt.value() or "", self.prompt)

    @Slot()
    def _on_ended(self) -> None:
        self.prompt.show_writing(False)
        self.ask_soon()

    def _question(self) -> Callable[[Trained], Any] | None:
        text, entry, drawing = self.prompt.value(), self.entry, self.prompt.drawing
        if text is None:
            self.next.show_tokens([])
            return None
        self.questions.ask(UNKNOWN, _unknown_question(entry, text), self.prompt.show_unknown, _ignore)
        return lambda trained: likeliest(trained, text, drawing)

    def _show(self, answer: Any) -> None:
        self.text.complain("")
        self.next.show_tokens(answer)

    def complain(self, text: str) -> None:
        self.next.show_tokens([])
        self.text.complain(text)


class TranslationView(View):
    """An encoder and decoder: a source, and what it says to it."""

    def __init__(self, asker: Asker, entry: TextEntry) -> None:
        super().__init__(asker)
        self.entry = entry
        self.source, self.answer = TextCard(entry), TranslationCard()
        self.row.addWidget(self.source, 3)
        self.row.addWidget(self.answer, 6)
        self.source.changed.connect(self._on_edited)
        self.answer.beams_changed.connect(self.ask_soon)

    def show_sample(self, taken: Taken, number: int) -> None:
        self.source.show_value(taken.entered[self.entry.key])
        self.answer.show_truth(taken.truth)
        self.ask_soon()

    @Slot()
    def _on_edited(self) -> None:
        self.answer.show_truth("")
        super()._on_edited()

    def _question(self) -> Callable[[Trained], Any] | None:
        text, beams, entry = self.source.value(), int(self.answer.beams.number), self.entry
        if text is None:
            self.answer.complain("")
            return None
        self.questions.ask(UNKNOWN, _unknown_question(entry, text), self.source.show_unknown, _ignore)
        return lambda trained: trying.translate(trained, text, beams=beams)

    def _show(self, answer: Any) -> None:
        self.answer.show_translation(answer)

    def complain(self, text: str) -> None:
        self.answer.complain(text)


def make_view(asker: Asker, trying_: Trying, way: Way, form: Form) -> View:
    """The cards that suit a way and an answer."""
    entry = way.entries[0]
    if form.kind == WRITING and isinstance(entry, TextEntry):
        return WritingView(asker, entry)
    if form.kind == TRANSLATION and isinstance(entry, TextEntry):
        return TranslationView(asker, entry)
    return PlainView(asker, trying_, way, form)


def make_entry_card(entry: AnyEntry) -> EntryCard:
    """The card to enter something on."""
    if isinstance(entry, PictureEntry):
        return PictureCard(entry)
    if isinstance(entry, FieldsEntry):
        return FieldsCard(entry)
    if isinstance(entry, PlaneEntry):
        return PlaneCard(entry)
    if isinstance(entry, NumbersEntry):
        return CurveCard(entry)
    if isinstance(entry, ChoiceEntry):
        return ChoiceCard(entry)
    if isinstance(entry, TextEntry):
        return TextCard(entry)
    if isinstance(entry, CodeEntry):
        return NoiseCard(entry) if entry.is_noise else CodeCard(entry)
    return SampleCard(entry)


def hint(card: EntryCard) -> str:
    """What to do where nothing is entered yet."""
    if isinstance(card, PictureCard):
        return tr("Draw on the pad, drop a picture file on it, or take a sample.")
    if isinstance(card, TextCard):
        return tr("Type something at the left, or take a sample.")
    return tr("Take a sample to begin with.")


def _field_question(way: Way, form: Form) -> Callable[[Trained], Any]:
    return lambda trained: trying.across(trained, way, form, side=FIELD_SIDE)


def _codes_question(trying_: Trying, entry: CodeEntry) -> Callable[[Trained], Any]:
    return lambda trained: trying.codes(trained, trying_, entry, LOOKED_AT)


def _unknown_question(entry: TextEntry, text: str) -> Callable[[Trained], Any]:
    return lambda trained: trying.unknown(trained, entry, text)


def _ignore(_message: Message) -> None:
    """What is only beside the answer may be missing; the answer itself says what is wrong."""
