"""Undo and redo over values: a list of states, each with the words that its step has in the menu and its time."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar

from graph.messages import Message
from graph.packing import Packed, forget_derived, pack, unpack
from graph.sameness import same

NEAR = 64  # so many of the newest states are there as they were made; of those before them, one in so many
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Step:
    """The edit that led to a state, and when (seconds since 1970). Steps with one `merge` key melt into one."""

    text: Message | None = None
    merge: object = None
    time: float = field(default_factory=time.time, compare=False)


class History(Generic[T]):
    """The states of a document. `value` is the present one; it changes by `push`, `undo`, `redo` and `go` only.

    No state is ever dropped. Old ones are kept as what tells them from the next one (see `graph.packing`).
    """

    def __init__(self, value: T) -> None:
        self._steps = [Step()]
        self._states: list[Any] = [value]
        self._at = 0
        self._saved: T | None = value

    @property
    def value(self) -> T:
        """The present state."""
        return self._states[self._at]

    @property
    def steps(self) -> Sequence[Step]:
        """All steps in the order in which they were made; the first one stands for opening the document."""
        return self._steps

    @property
    def index(self) -> int:
        """Which of the `steps` led to the present state."""
        return self._at

    def push(self, value: T, text: Message, *, merge: object = None) -> None:
        """Make `value` the present state; what could be redone is forgotten.

        With a `merge` key equal to that of the last step (a drag, a slider) both become one step.
        A value that says the same as the present one (see `graph.sameness`) is no step.
        """
        if same(value, self.value):
            return
        last = self._steps[self._at]
        del self._steps[self._at + 1 :], self._states[self._at + 1 :]
        if merge is not None and merge == last.merge and self._at > 0 and self.value is not self._saved:
            self._steps[self._at], self._states[self._at] = Step(last.text, merge), value
        else:
            self._steps.append(Step(text, merge))
            self._states.append(value)
            self._at += 1
            self._put_away(self._at - NEAR)

    def amend(self, edit: Callable[[T], T]) -> None:
        """Put what `edit` makes of them in the place of all states that have it to say, without a step.

        An old state that is kept as what tells it from the next one says what that says, where both said the same.
        """
        self._states = [state if isinstance(state, Packed) else edit(state) for state in self._states]

    def holds(self, is_it: Callable[[T], bool]) -> bool:
        """Whether there is such a state among those that are kept as they were made; for any thread."""
        return any(is_it(state) for state in list(self._states) if not isinstance(state, Packed))

    def end_merge(self) -> None:
        """What follows does not melt into the last step, even with the same key."""
        self._steps[self._at] = replace(self._steps[self._at], merge=None)

    def go(self, index: int) -> None:
        """Make the state at this index of `steps` the present one; before the first and after the last there are none."""
        left, self._at = self._at, max(0, min(len(self._steps) - 1, index))
        self._states[self._at] = self._state(self._at)
        self.end_merge()
        if left != self._at:
            self._put_away(left)

    def undo(self) -> None:
        """Go one step back, if there is one."""
        self.go(self._at - 1)

    def redo(self) -> None:
        """Go one step forward, if there is one."""
        self.go(self._at + 1)

    @property
    def undo_text(self) -> Message | None:
        """What `undo` would take back, or None."""
        return self._steps[self._at].text if self._at > 0 else None

    @property
    def redo_text(self) -> Message | None:
        """What `redo` would do again, or None."""
        return self._steps[self._at + 1].text if self._at + 1 < len(self._steps) else None

    def mark_saved(self, value: T | None) -> None:
        """`value` is what the file holds now; None when no file holds any state."""
        self._saved = value

    def is_saved_at(self, index: int) -> bool:
        """Whether the state at this index of `steps` is the one in the file."""
        return self._states[index] is self._saved

    @property
    def is_saved(self) -> bool:
        """Whether the present state is the one in the file."""
        return self.value is self._saved

    # ---- old states

    def _put_away(self, index: int) -> None:
        """Keep a state that is old enough in little room. The one in the file stays the very same value."""
        if not 0 <= index <= len(self._states) - 1 - NEAR or isinstance(self._states[index], Packed):
            return
        value, later = self._states[index], self._state(index + 1)
        forget_derived(value, later)
        if index % NEAR and value is not self._saved:
            self._states[index] = pack(value, later)

    def _state(self, index: int) -> T:
        """The state at an index, made anew from the first one after it that is there as it was made."""
        whole = next(i for i in range(index, len(self._states)) if not isinstance(self._states[i], Packed))
        value = self._states[whole]
        for i in range(whole - 1, index - 1, -1):
            value = unpack(self._states[i], value)
        return value
