"""Undo and redo over values: a list of states, each with the words that its step has in the menu."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from graph.messages import Message

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Step(Generic[T]):
    """A state and the edit that led to it. Steps with the same `merge` key follow each other as one."""

    value: T
    text: Message | None = None
    merge: object = None


class History(Generic[T]):
    """The states of a document. `value` is the present one; it changes by `push`, `undo` and `redo` only."""

    def __init__(self, value: T) -> None:
        self._steps: list[Step[T]] = [Step(value)]
        self._at = 0
        self._saved: T | None = value

    @property
    def value(self) -> T:
        """The present state."""
        return self._steps[self._at].value

    def push(self, value: T, text: Message, *, merge: object = None) -> None:
        """Make `value` the present state; what could be redone is forgotten.

        With a `merge` key equal to that of the last step (a drag, a slider) both become one step.
        A value that is the present one already is no step.
        """
        if value is self.value:
            return
        last = self._steps[self._at]
        del self._steps[self._at + 1 :]
        if merge is not None and merge == last.merge and self._at > 0 and last.value is not self._saved:
            self._steps[self._at] = Step(value, last.text, merge)
        else:
            self._steps.append(Step(value, text, merge))
            self._at += 1

    def end_merge(self) -> None:
        """What follows does not melt into the last step, even with the same key."""
        last = self._steps[self._at]
        self._steps[self._at] = Step(last.value, last.text)

    def undo(self) -> None:
        """Go one step back, if there is one."""
        self._at = max(0, self._at - 1)
        self.end_merge()

    def redo(self) -> None:
        """Go one step forward, if there is one."""
        self._at = min(len(self._steps) - 1, self._at + 1)
        self.end_merge()

    @property
    def undo_text(self) -> Message | None:
        """What `undo` would take back, or None."""
        return self._steps[self._at].text if self._at > 0 else None

    @property
    def redo_text(self) -> Message | None:
        """What `redo` would do again, or None."""
        return self._steps[self._at + 1].text if self._at + 1 < len(self._steps) else None

    def mark_saved(self, value: T) -> None:
        """`value` is what the file holds now; None when no file holds any state."""
        self._saved = value

    @property
    def is_saved(self) -> bool:
        """Whether the present state is the one in the file."""
        return self.value is self._saved
