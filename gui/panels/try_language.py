"""A language model at work: a prompt, how tokens are drawn, text that appears token by token, and what is likely next."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QGridLayout, QStackedLayout, QTextEdit

from graph.catalog import Kind
from graph.messages import Message, tr
from gui.icons import icon
from gui.panels.card import Card
from gui.panels.parts import label, small_button
from gui.panels.try_answers import Bars
from gui.panels.try_entries import Complaint, NumberField, TextCard
from gui.theme import GRID, theme
from runtime.trying import TextEntry

if TYPE_CHECKING:
    from gui.panels.try_questions import Questions
    from runtime.predict import Trained

KEY = "write"
SLICE = 0.04  # seconds of tokens between two looks at the window
LIKELIEST = 10
LENGTH, MOST_LENGTH = 200, 5000
SIGNS = {" ": "␣", "\n": "↵", "\t": "⇥"}


class Drawing(NamedTuple):
    """The numbers of a `runtime.generate.Sampling`, which is there once torch is."""

    temperature: float
    top_k: int
    top_p: float


class PromptCard(TextCard):
    """The prompt, and how tokens are drawn. `drawn_otherwise()`: by other chances; `write_wanted()`, `stop_wanted()`: the button."""

    drawn_otherwise = Signal()
    write_wanted = Signal()
    stop_wanted = Signal()

    def __init__(self, entry: TextEntry) -> None:
        super().__init__(entry)
        self.title.setText(tr("Prompt"))
        self.field.setPlaceholderText(tr("Type how the text begins."))
        self.field.setAccessibleName(tr("Prompt"))
        self.temperature = NumberField(tr("Temperature"), 0.8, minimum=0.0, maximum=10.0)
        self.top_k = NumberField(tr("Top k"), 0, Kind.INT, minimum=0, maximum=10**6)
        self.top_p = NumberField(tr("Top p"), 1.0, minimum=0.01, maximum=1.0)
        self.seed = NumberField(tr("Seed"), 0, Kind.INT, minimum=0, maximum=2**31 - 1)
        self.length = NumberField(tr("Tokens"), LENGTH, Kind.INT, minimum=1, maximum=MOST_LENGTH)
        self.button = small_button(tr("Write"), "play")
        self._is_writing = False
        self._lay_out()
        for field in (self.temperature, self.top_k, self.top_p):
            field.edited.connect(self.drawn_otherwise)
        self.button.clicked.connect(self._on_clicked)
        self.setMinimumWidth(theme.px(400))

    @property
    def drawing(self) -> Drawing:
        """How a token is drawn."""
        return Drawing(float(self.temperature.number), int(self.top_k.number), float(self.top_p.number))

    def _lay_out(self) -> None:
        helps = (
            (self.temperature, tr("Below 1 the likely tokens become likelier; at 0 the likeliest is always taken.")),
            (self.top_k, tr("Only this many of the likeliest tokens are drawn from; 0: from all.")),
            (self.top_p, tr("Only the likeliest tokens that add up to this probability are drawn from.")),
            (self.seed, tr("The same seed gives the same text.")),
            (self.length, tr("How many tokens are written.")),
        )
        grid = QGridLayout()
        grid.setHorizontalSpacing(2 * GRID)
        grid.setVerticalSpacing(GRID)
        for number, (field, text) in enumerate(helps):
            field.setMinimumWidth(theme.px(48))
            field.setAccessibleDescription(text)
            name = label(field.accessibleName(), tone="muted")
            name.setBuddy(field)
            name.setToolTip(text)
            line, place = divmod(number, 3)
            grid.addWidget(name, line, 2 * place)
            grid.addWidget(field, line, 2 * place + 1)
        grid.addWidget(self.button, 1, 4, 1, 2)
        self.body.addLayout(grid)

    def show_writing(self, is_writing: bool) -> None:
        """Offer to stop, or to write."""
        self._is_writing = is_writing
        text = tr("Stop") if is_writing else tr("Write")
        self.button.setText(text)
        self.button.setAccessibleName(text)
        self.button.setIcon(icon("stop" if is_writing else "play", "muted"))

    @Slot()
    def _on_clicked(self) -> None:
        (self.stop_wanted if self._is_writing else self.write_wanted).emit()


class TextOut(Card):
    """The text: the prompt in a quiet color, and what the network wrote."""

    def __init__(self) -> None:
        super().__init__(tr("Text"))
        self._pieces: list[tuple[str, str]] = []  # texts and the roles of their colors
        self.text = QTextEdit()
        self.text.setProperty("kind", "plain")
        self.text.setReadOnly(True)
        self.text.setTabChangesFocus(True)
        self.text.setAccessibleName(tr("The text that the network writes"))
        self.text.setPlaceholderText(tr("Press Write, and the network goes on from the prompt."))
        self.complaint = Complaint()
        self._pages = QStackedLayout()
        self.body.addLayout(
            self._pages, 1
        )  # before the pages: the first is shown at once, and would be a window of its own
        self._pages.addWidget(self.text)
        self._pages.addWidget(self.complaint)
        self.setMinimumWidth(theme.px(300))
        theme.changed.connect(self._use_theme)

    def begin(self, prompt: str) -> None:
        """Start anew from a prompt."""
        self._pieces = []
        self.text.clear()
        self.complain("")
        self._add(prompt, "muted")

    @Slot(str)
    def add(self, piece: str) -> None:
        """Write on."""
        self._add(piece, "text")

    def complain(self, text: str) -> None:
        """Say why there is no text; nothing takes that away."""
        self.complaint.say(text)
        self._pages.setCurrentWidget(self.complaint if text else self.text)

    def _add(self, text: str, role: str) -> None:
        self._pieces.append((text, role))
        self._write(text, role)

    def _write(self, text: str, role: str) -> None:
        bar = self.text.verticalScrollBar()
        is_at_end = bar.value() >= bar.maximum() - GRID
        form = QTextCharFormat()
        form.setForeground(theme.color(role))
        cursor = QTextCursor(self.text.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        cursor.insertText(text, form)
        if is_at_end:
            bar.setValue(bar.maximum())

    @Slot()
    def _use_theme(self) -> None:
        self.text.clear()
        for text, role in self._pieces:
            self._write(text, role)


class NextTokens(Card):
    """The tokens that most likely come next, with the probabilities by which one is drawn."""

    def __init__(self) -> None:
        super().__init__(tr("Likeliest next"))
        self.title.setToolTip(
            tr("The next token is drawn by these chances, as temperature, top k and top p make them.")
        )
        self.bars = Bars()
        self.body.addWidget(self.bars, 1)
        self.setMinimumWidth(theme.px(230))

    def show_tokens(self, tokens: list[tuple[str, float]]) -> None:
        """Show these tokens; what cannot be seen of them is shown by signs."""
        names = ["".join(SIGNS.get(sign, sign) for sign in token) for token, _ in tokens]
        self.bars.show_shares(names, [share for _, share in tokens])


class Writer(QObject):
    """Lets the network write, some tokens at a time, so that it can be stopped and asked other things meanwhile.

    Signals: `written(str)`, `ended()`, `failed(Message)`.
    """

    written = Signal(str)
    ended = Signal()
    failed = Signal(object)

    def __init__(self, questions: Questions, parent: QObject) -> None:
        super().__init__(parent)
        self._questions = questions
        self._left = 0
        self._begin: Callable[[Trained], Any] | None = None

    @property
    def is_writing(self) -> bool:
        """Whether more is to come."""
        return self._left > 0

    def write(self, prompt: str, card: PromptCard) -> None:
        """Write on from a prompt, as a card says."""
        from runtime.generate import Sampling, write_on

        sampling = Sampling(*card.drawing)
        seed = int(card.seed.number)
        self._left = int(card.length.number)
        self._ask(lambda trained: write_on(trained, prompt, sampling, seed=seed), seed)

    def stop(self) -> None:
        """Write no more."""
        if self._left:
            self._left = 0
            self._questions.drop(KEY)
            self.ended.emit()

    def _ask(self, writing: Callable[[Trained], Any], seed: int) -> None:
        left = self._left
        self._questions.ask(KEY, lambda trained: _more(writing(trained), left, seed), self._take, self._fail)

    def _take(self, answer: tuple[Any, list[str], int]) -> None:
        writing, pieces, seed = answer
        self._left -= len(pieces)
        self.written.emit("".join(pieces))
        if self._left > 0:
            self._ask(lambda _: writing, seed)
        else:
            self._left = 0
            self.ended.emit()

    def _fail(self, message: Message) -> None:
        self._left = 0
        self.failed.emit(message)
        self.ended.emit()


def _more(writing: Any, left: int, seed: int) -> tuple[Any, list[str], int]:
    """The next pieces of a text, for some time; in the thread of the asker."""
    from runtime.own_random import OwnRandom

    pieces: list[str] = []
    until = time.monotonic() + SLICE
    with OwnRandom(seed):
        while len(pieces) < left and (not pieces or time.monotonic() < until):
            pieces.append(next(writing))
    return writing, pieces, seed


def likeliest(trained: Trained, text: str, drawing: Drawing) -> list[tuple[str, float]]:
    """The tokens that most likely follow a text, with the chances by which one is drawn."""
    from runtime.generate import Sampling, next_tokens
    from runtime.own_random import OwnRandom

    with OwnRandom(0):
        return next_tokens(trained, text, LIKELIEST, Sampling(*drawing))
