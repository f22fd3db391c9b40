"""Answers questions that need neither the window nor a trained network, each in a thread of its own."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QObject, Signal, Slot

from gui.apart import Messenger, work_apart


class Thinker(QObject):
    """Answers the newest question only: `answered(what it gave)`."""

    answered = Signal(object)

    def __init__(self, name: str, parent: QObject | None = None) -> None:
        """`name` of its threads."""
        super().__init__(parent)
        self._name, self._number = name, 0
        self._messenger = Messenger(self._on_done)

    def begin(self, question: Callable[[], object]) -> None:
        """Begin to answer a question, which takes the place of the one before."""
        self._number += 1
        work_apart(partial(self._think, self._number, question), f"layerloom-{self._name}")

    def drop(self) -> None:
        """Nobody waits for the answer any more."""
        self._number += 1

    def _think(self, number: int, question: Callable[[], object]) -> None:
        self._messenger.tell((number, question()))

    @Slot(object)
    def _on_done(self, found: tuple[int, object]) -> None:
        number, answer = found
        if number == self._number:
            self.answered.emit(answer)
