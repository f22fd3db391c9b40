"""How often the window shows what a run does: the thread that trains shares the interpreter with the one that paints."""

from __future__ import annotations

from time import monotonic, thread_time

from PySide6.QtWidgets import QWidget

from runtime.events import FINAL, Paused

FASTEST, SLOWEST = 100, 2000  # milliseconds between two shows: as often as a person can read, and still alive
# Shares of a core, for all that the thread of the window does meanwhile: events, figures, plots, painting. The beginning of a run,
# which is all of a short one, is lively, until so many seconds of a core were spent.
LIVELY, STEADY, IN_HAND = 0.04, 0.01, 0.4
QUIET = (Paused, *FINAL)  # events after which nothing comes for a while


class Pace:
    """Spaces the shows of a run by what they cost on this computer, with what is on the screen. Of one thread, for one run."""

    def __init__(self) -> None:
        self._first = self._spent = thread_time()
        self._until = 0.0

    @property
    def is_resting(self) -> bool:
        """Whether it is too early for the next show."""
        return monotonic() < self._until

    def begin(self) -> None:
        """Something is shown now. The rest after it follows from what this thread computed since the last time: waiting for others
        does not count, painting does."""
        before, self._spent = self._spent, thread_time()
        share = LIVELY if self._spent - self._first < IN_HAND else STEADY
        rest = 1000 * (self._spent - before) / share
        self._until = monotonic() + max(FASTEST, min(SLOWEST, rest)) / 1000


def is_seen(widget: QWidget) -> bool:
    """Whether any of a widget is on the screen: neither hidden nor scrolled away, in a window that is not an icon."""
    return widget.isVisible() and not widget.window().isMinimized() and not widget.visibleRegion().isEmpty()
