"""What a run that is watched gives of itself, and whether its silence means that it has ended. Importable without torch."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

LEAST = 120.0  # seconds of silence that mean nothing
FIRST = 600.0  # the same before it is known how often the run says something: it may compile, or load its data
PATIENCE = 5  # silences as long as the longest usual one that mean nothing


class Signs:
    """Compares how long a run has been silent with how often it says something usually.

    `age` is how old its newest line was when it was first looked at; `is_written` whether a process writes it, as far as known.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.age = 0.0
        self.is_written: bool | None = None
        self.run = ""  # its folder, as its own machine knows it
        self.here: Path | None = None  # the same as this machine knows it
        self._clock, self._heard = clock, clock()
        self._usual, self._work = 0.0, -1.0
        self._is_past, self._is_paused, self._is_told = True, False, False

    @property
    def usual(self) -> float:
        """The longest time between two signs so far, in seconds; 0 before there were two."""
        return self._usual

    def hear(self, line: str) -> None:
        """A line of its events came."""
        try:
            record = json.loads(line)
            kind, work = record.get("event"), record.get("seconds")
        except (ValueError, AttributeError):
            return
        now = self._clock()
        if not self._is_past:
            self._usual, self.age = max(self._usual, now - self._heard), 0.0
        self._heard, self._is_told, self._is_paused = now, False, kind == "Paused"
        if kind == "RunStarted":
            self._work, self.run = -1.0, str(record.get("run", ""))
        elif kind == "StepsEnded" and isinstance(work, int | float):  # of work since the run began
            self._usual = max(self._usual, work - self._work if self._work >= 0 else 0.0)
            self._work = work

    def silence(self) -> float | None:
        """Nothing more has come: the seconds without a sign, once they mean that it has probably ended; else None."""
        self._is_past = False
        quiet = self._clock() - self._heard + self.age
        limit = max(LEAST, PATIENCE * self._usual) if self._usual else FIRST
        if self._is_told or self._is_paused or self.is_written or quiet < limit:
            return None
        self._is_told = True
        return quiet
