"""Work for the panel of sweeps in the background, one piece at a time."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QObject, Signal, Slot

from graph.messages import LayerloomError, RunError
from gui.apart import Messenger, work_apart
from runtime.session import failure


class Work(QObject):
    """`done(answer)`: what a piece of work gave, or the `LayerloomError` that it raised."""

    done = Signal(object)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.is_busy = False
        self._messenger = Messenger(self._on_told)

    def start(self, job: Callable[[], object]) -> None:
        """Do a piece of work; the one before is over."""
        assert not self.is_busy
        self.is_busy = True
        work_apart(partial(self._work, job), "layerloom-sweeps")

    def _work(self, job: Callable[[], object]) -> None:
        try:
            answer = job()
        except LayerloomError as error:
            answer = error
        except Exception as error:  # a mistake of ours: said, and the next piece of work goes on
            answer = RunError(failure(error).message)
        self._messenger.tell(answer)

    @Slot(object)
    def _on_told(self, answer: object) -> None:
        self.is_busy = False
        self.done.emit(answer)
