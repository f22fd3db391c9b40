"""Why a network answers as it does: a sample of its data, the parts of it that count for an answer, and the attention in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QStackedLayout, QWidget

from graph.messages import Message, tr
from gui.asker import Asker
from gui.panels.empty import EmptyState
from gui.panels.explain_cards import OTHER, PART_NAMES, UNTRAINED, AttentionCard, SampleCard, WhyCard, Wish
from gui.panels.parts import CardRow
from runtime.asked_samples import TEST
from runtime.explanations import Asked, Explanation

if TYPE_CHECKING:
    from runtime.predict import Trained

SAMPLE, WHY = "explain-sample", "explain"  # keys of the questions
SOON = 60  # milliseconds that the person has for further changes before the network is asked


class ExplainPanel(QWidget):
    """Asks about one sample at a time, and only while it is on show."""

    failed = Signal(object)  # Message: a picture could not be written
    exported = Signal(object)  # Path

    def __init__(self, asker: Asker, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._asker = asker
        self._asked: Asked | None = None
        self._is_stale = True
        self.sample, self.why, self.attention = SampleCard(), WhyCard(), AttentionCard()
        self._complaint = EmptyState("image", tr("Nothing to explain yet"), _how_to())
        page = CardRow()
        for card, share in ((self.sample, 0), (self.why, 5), (self.attention, 4)):
            page.row.addWidget(card, share)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self._complaint)
        self._stack.addWidget(page)
        self._later = QTimer(self, singleShot=True, interval=SOON)
        self._later.timeout.connect(self._ask)
        self._explain_later = QTimer(self, singleShot=True, interval=SOON)
        self._explain_later.timeout.connect(self._explain)
        self.sample.chosen.connect(self._on_sample)
        self.why.place_chosen.connect(self._later.start)
        self.why.chosen.connect(self._explain_later.start)
        for card in (self.why, self.attention):
            card.failed.connect(self.failed)
            card.exported.connect(self.exported)
        asker.subject_changed.connect(self._on_subject_changed)
        self.setFocusProxy(self.sample.number)

    def open_sample(self, number: int) -> None:
        """Ask about sample `number` (from 0) of the test part."""
        self.sample.choose(TEST, number)

    @Slot()
    def clear(self) -> None:
        """Another document was opened."""
        self._asked, self._is_stale = None, True
        self.why.clear()
        self._complain(_how_to())

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._is_stale:
            self._later.start()

    @Slot()
    def _on_subject_changed(self) -> None:
        self._is_stale = True
        if self.isVisible():
            self._later.start()

    @Slot()
    def _on_sample(self) -> None:
        self.why.forget_place()
        self._later.start()

    @Slot()
    def _ask(self) -> None:
        part, number = self.sample.choice
        self._is_stale = False
        self._complaint.set_hint(tr("The network is being asked…"))
        self._asker.ask(
            _question(part, number, self.why.place_wish, is_first=self._asked is None),
            self._show,
            key=SAMPLE,
            failed=self._on_failed,
        )

    def _show(self, answer: tuple[str, Asked]) -> None:
        part, asked = answer
        self._asked = asked
        self._stack.setCurrentIndex(1)
        self.sample.show_asked(part, asked, self._note())
        self.why.show_asked(asked)
        self.attention.show_asked(asked)
        self.attention.setVisible(bool(asked.attention))
        self._explain()

    @Slot()
    def _explain(self) -> None:
        if self._asked is None or not self._asked.entries:
            return
        part, number = self.sample.choice
        wish = self.why.wish(self._asked)
        self._asker.ask(_explanation(part, number, wish), self.why.show_explanation, key=WHY, failed=self.why.complain)

    def _note(self) -> Message | None:
        """What is to be known about the network that answers."""
        if not self._asker.is_trained:
            return UNTRAINED
        return None if self._asker.is_current else OTHER

    def _on_failed(self, message: Message) -> None:
        """A sample cannot be asked about, as of a part that has none: another one can be chosen."""
        if self._asked is None:
            self._complain(message)
        else:
            self.sample.complain(message)

    def _complain(self, message: Message | str) -> None:
        self._complaint.set_hint(str(message))
        self._stack.setCurrentIndex(0)


def _how_to() -> str:
    return tr("Draw a network over data. This shows which parts of a sample count for what the network says of it.")


def _question(part: str, number: int, place: int | None, *, is_first: bool) -> Callable[[Trained], tuple[str, Asked]]:
    """What there is to ask about a sample, and the part that it is of: at first, one that has samples."""

    def ask(trained: Trained) -> tuple[str, Asked]:
        from runtime.asked_samples import part_of
        from runtime.sample_questions import about

        parts = [part, *PART_NAMES] if is_first else []
        there = next((name for name in parts if part_of(trained, name).count), part)
        return there, about(trained, there, number, place)

    return ask


def _explanation(part: str, number: int, wish: Wish) -> Callable[[Trained], Explanation]:
    def ask(trained: Trained) -> Explanation:
        from runtime.sample_questions import explained

        entry, answer, method, layer, place = wish
        return explained(trained, part, number, entry, answer, method, layer=layer, place=place)

    return ask
