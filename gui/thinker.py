"""Answers questions that need neither the window nor a trained network, each in a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable

from PySide6.QtCore import QObject, Signal, Slot


class Thinker(QObject):
    """Answers the newest question only: `answered(what it gave)`."""

    answered = Signal(object)
    _done = Signal(int, object)

    def __init__(self, name: str, parent: QObject | None = None) -> None:
        """`name` of its threads."""
        super().__init__(parent)
        self._name, self._number = name, 0
        self._done.connect(self._on_done)

    def begin(self, question: Callable[[], object]) -> None:
        """Begin to answer a question, which takes the place of the one before."""
        self._number += 1
        work = _Work(self._number, question)
        work.done.connect(self._done)
        threading.Thread(target=work.run, name=f"layerloom-{self._name}", daemon=True).start()

    def drop(self) -> None:
        """Nobody waits for the answer any more."""
        self._number += 1

    @Slot(int, object)
    def _on_done(self, number: int, answer: object) -> None:
        if number == self._number:
            self.answered.emit(answer)


class _Work(QObject):
    """One question. It belongs to its thread, so that the answer finds nobody if the thinker is gone by then."""

    done = Signal(int, object)

    def __init__(self, number: int, question: Callable[[], object]) -> None:
        super().__init__()
        self._number, self._question = number, question

    def run(self) -> None:
        """Find the answer and tell it."""
        self.done.emit(self._number, self._question())
