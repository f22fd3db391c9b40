"""Answers questions that need neither the window nor a trained network, each in a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable

from PySide6.QtCore import QObject, Signal, Slot

from gui.messenger import Messenger


class Thinker(QObject):
    """Answers the newest question only: `answered(what it gave)`."""

    answered = Signal(object)

    def __init__(self, name: str, parent: QObject | None = None) -> None:
        """`name` of its threads."""
        super().__init__(parent)
        self._name, self._number = name, 0

    def begin(self, question: Callable[[], object]) -> None:
        """Begin to answer a question, which takes the place of the one before."""
        self._number += 1
        messenger = Messenger()
        messenger.told.connect(self._on_done)
        task = (self._number, question, messenger)
        threading.Thread(target=_think, args=task, name=f"layerloom-{self._name}", daemon=True).start()

    def drop(self) -> None:
        """Nobody waits for the answer any more."""
        self._number += 1

    @Slot(object)
    def _on_done(self, found: tuple[int, object]) -> None:
        number, answer = found
        if number == self._number:
            self.answered.emit(answer)


def _think(number: int, question: Callable[[], object], messenger: Messenger) -> None:
    """In a thread: it holds nothing that the window owns."""
    messenger.told.emit((number, question()))
