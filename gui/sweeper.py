"""Dead objects that hold each other are looked for in the thread of the window alone.

Python looks for them in whatever thread makes objects at that moment. An object of Qt that is found in a thread which works in
the background would be destroyed there, and the window with it sooner or later.
"""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, QTimer, Slot

from runtime.warmup import is_under_way

INTERVAL = 100  # milliseconds between two looks
YOUNG, MIDDLE, OLD = range(3)
# The old generation is looked through when this part of what was in it has come to it since (Modules/gcmodule.c of CPython 3.11:
# `long_lived_pending < long_lived_total / 4`), which keeps the time for it in proportion to what is made. `gc.collect` does not ask.
GROWN = 0.25


class Collector:
    """Does, when it is told to `look`, what the collector of Python does by itself, by the same thresholds."""

    def __init__(self) -> None:
        self._was_old = self._came = (
            0  # objects: in the old generation after the last look through it, and come to it since
        )

    def look(self) -> None:
        """Look through the oldest generation whose turn it is, and the younger ones with it.

        While PyTorch is loaded nothing is looked through: its many objects stay, and leave the generations at the end of that.
        """
        if is_under_way():
            return
        ages = zip(gc.get_count(), gc.get_threshold(), strict=True)
        due = [age for age, (count, most) in enumerate(ages) if count > most]
        if OLD in due and self._came < GROWN * self._was_old:
            due.remove(OLD)
        if due:
            self._look_through(due[-1])

    def _look_through(self, age: int) -> None:
        there = sum(len(gc.get_objects(generation)) for generation in (YOUNG, MIDDLE)) if age == MIDDLE else 0
        dead = gc.collect(age)
        if age == MIDDLE:
            self._came += there - dead
        elif age == OLD:
            self._was_old, self._came = len(gc.get_objects(OLD)), 0


class Sweeper(QObject):
    """As long as it lives, dead objects are looked for on a timer, and at no other time."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._collector = Collector()
        if gc.isenabled():
            gc.disable()
            self.destroyed.connect(lambda: gc.enable())
        timer = QTimer(self, interval=INTERVAL)
        timer.timeout.connect(self.sweep)
        timer.start()

    @Slot()
    def sweep(self) -> None:
        """Look now."""
        self._collector.look()
