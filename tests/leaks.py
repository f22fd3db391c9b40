"""What a GUI test left behind: windows, running timers, threads."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from weakref import WeakSet

import shiboken6
from PySide6.QtCore import QCoreApplication, QEvent, QObject, QThread, QTimer
from PySide6.QtWidgets import QApplication

OWNED_BY_QT = {"QTipLabel"}  # made once by Qt and kept
PATIENCE = 30.0  # seconds that a thread has to end: it may be loading PyTorch


class Watch:
    """Notes what exists when it is made and what starts while it is `watching`; `leaks()` names what is still there."""

    def __init__(self) -> None:
        self._windows = set(_windows())
        self._threads = set(threading.enumerate())
        self._started: WeakSet[QObject] = WeakSet()

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Note every QTimer and QThread that Python starts."""
        starts = {kind: kind.start for kind in (QTimer, QThread)}
        for kind, start in starts.items():
            kind.start = self._noting(start)
        try:
            yield
        finally:
            for kind, start in starts.items():
                kind.start = start

    def leaks(self) -> list[str]:
        """One phrase for each thing left behind, after giving threads time to end and garbage to go."""
        deadline = time.monotonic() + PATIENCE
        while (found := self._find()) and time.monotonic() < deadline:
            gc.collect()
            time.sleep(0.02)
            QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
            QCoreApplication.processEvents()
        return found

    def _find(self) -> list[str]:
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        return [
            *(f"window {w!r}" for w in _windows() if w not in self._windows),
            *(f"running {o!r}" for o in list(self._started) if shiboken6.isValid(o) and _runs(o)),
            *(f"thread {t.name}" for t in threading.enumerate() if t not in self._threads),
        ]

    def _noting(self, start: Callable) -> Callable:
        def noting(thing: QObject, *arguments) -> None:
            self._started.add(thing)
            start(thing, *arguments)

        return noting


def _windows() -> list:
    if QApplication.instance() is None:
        return []
    return [w for w in QApplication.topLevelWidgets() if w.metaObject().className() not in OWNED_BY_QT]


def _runs(thing: QObject) -> bool:
    return thing.isActive() if isinstance(thing, QTimer) else thing.isRunning()
