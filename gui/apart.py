"""Work in threads beside the window: nothing of Qt is touched, held or let go of there.

An object of Qt belongs to the thread of the window. A thread that speaks through a signal of such an object may do so in the very
moment in which the window destroys it; and one that lets go of its wrapper last destroys that, perhaps while the window is
destroying the rest of it. Both end the process. So a thread is started by `work_apart` and speaks through a `Messenger`, always.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import cache
from itertools import count
from typing import Any
from weakref import WeakMethod

from PySide6.QtCore import QObject, Signal, Slot
from shiboken6 import isValid

_numbers = count()
_held: dict[int, Callable[[], object]] = {}  # the work under way, with whom it belongs to


class _Post(QObject):
    """Brings letters into the thread of the window, where it lives as long as the process."""

    letters = Signal(object, object)  # whom, and what

    def __init__(self) -> None:
        super().__init__()
        self.letters.connect(self._deliver)

    @Slot(object, object)
    def _deliver(self, to: Callable[[Any], object], what: object) -> None:
        to(what)


@cache
def _post() -> _Post:
    return _Post()


class Messenger:
    """What a thread tells a method of an object of the window, which hears it in its own thread; nobody does once it is gone."""

    def __init__(self, listener: Callable[[Any], object]) -> None:
        """Made in the thread of the window; `listener` is a method."""
        self._listener = WeakMethod(listener)
        self._post = _post()

    def tell(self, what: object) -> None:
        """Tell it, from any thread."""
        self._post.letters.emit(self._hear, what)

    def _hear(self, what: object) -> None:
        listener = self._listener()
        if listener is not None and isValid(listener.__self__):
            listener(what)


def work_apart(work: Callable[[], object], name: str) -> threading.Thread:
    """Let `work`, which raises nothing, run in a thread of that name. Called in the thread of the window, which holds it, and
    lets go of it last."""
    number, post = next(_numbers), _post()
    _held[number] = work
    thread = threading.Thread(target=_run, args=([work], number, post), name=name, daemon=True)
    thread.start()
    return thread


def _run(box: list[Callable[[], object]], number: int, post: _Post) -> None:
    work = box.pop()  # the caller of this function holds the box, not what was in it
    try:
        work()
    finally:
        del work
        post.letters.emit(_let_go, number)


def _let_go(number: int) -> None:
    del _held[number]
