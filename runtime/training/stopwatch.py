"""Seconds of work, pauses left out."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Stopwatch:
    """Runs from its creation on."""

    def __init__(self) -> None:
        self._start = time.monotonic()

    @property
    def seconds(self) -> float:
        """The seconds so far."""
        return time.monotonic() - self._start

    @seconds.setter
    def seconds(self, value: float) -> None:
        self._start = time.monotonic() - value

    @contextmanager
    def held(self) -> Iterator[None]:
        """Do not count what happens inside the block."""
        since = time.monotonic()
        try:
            yield
        finally:
            self._start += time.monotonic() - since
