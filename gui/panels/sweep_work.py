"""Work for the panel of sweeps in the background, one piece at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable

from PySide6.QtCore import QObject, Signal, Slot

from graph.messages import LayerloomError, RunError
from gui.messenger import Messenger
from runtime.session import failure


class Work(QObject):
    """`done(answer)`: what a piece of work gave, or the `LayerloomError` that it raised."""

    done = Signal(object)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.is_busy = False
        self._messenger = Messenger()
        self._messenger.told.connect(self._on_told)

    def start(self, job: Callable[[], object]) -> None:
        """Do a piece of work; the one before is over."""
        assert not self.is_busy
        self.is_busy = True
        threading.Thread(target=self._work, args=(job,), name="layerloom-sweeps", daemon=True).start()

    def _work(self, job: Callable[[], object]) -> None:
        try:
            answer = job()
        except LayerloomError as error:
            answer = error
        except Exception as error:  # a mistake of ours: said, and the next piece of work goes on
            answer = RunError(failure(error).message)
        self._messenger.told.emit(answer)

    @Slot(object)
    def _on_told(self, answer: object) -> None:
        self.is_busy = False
        self.done.emit(answer)
