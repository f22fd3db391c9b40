"""Work in a thread for a widget, which the thread of the window lets go of.

The thread that lets go of a widget last destroys it, and only that of the window may. So a widget whose method works in a thread
is held until that has ended, and the thread keeps nothing of it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import cache
from itertools import count

from PySide6.QtCore import QObject, Signal, Slot

_numbers = count()
_held: dict[int, QObject] = {}


class _Release(QObject):
    """Lives in the thread of the window, where it lets go of what is no longer needed."""

    ended = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.ended.connect(self._let_go)

    @Slot(int)
    def _let_go(self, number: int) -> None:
        _held.pop(number, None)


@cache
def _release() -> _Release:
    return _Release()


def work_apart(owner: QObject, work: Callable[[], object], name: str) -> threading.Thread:
    """Let `work`, a method of `owner` that raises nothing, run in a thread of that name. Called in the thread of the window."""
    number, release = next(_numbers), _release()
    _held[number] = owner
    thread = threading.Thread(target=_run, args=([work], number, release), name=name, daemon=True)
    thread.start()
    return thread


def _run(box: list[Callable[[], object]], number: int, release: _Release) -> None:
    work = box.pop()  # the caller of this function holds the box, not what was in it
    work()
    del work
    release.ended.emit(number)
