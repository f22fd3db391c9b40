"""Whether a module does the same for every batch: what Python found out by sizes says for which others it could do something else.

A batch of another size goes the same way where all that Python finds out by sizes stays the same. So each recording stands for
many batches; one that no recording stands for is tried, until there is none left. Batches up to `ALL` are all looked at, and
above them those where something changes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from graph.messages import msg
from runtime.importer.recording import Mode, Recording, Refusal, Size
from runtime.importer.sizes import Follow, Look, Turn
from runtime.importer.uniting import check_batch

ALL, TOP = 1024, 2**16  # samples of a batch
MOST = 16  # recordings of other batches
BUDGET = 2**22  # numbers of a batch that is tried
LADDER = (2, 8, 16, 64, 128, 256)  # batches that are tried where Python has sizes
SMALL = 2**16  # numbers of these
LOST = range(1, 65)  # those where it does with them what cannot be seen, such as looking one up
PROBES = (1, 2, 3, 5, 8, 41, 97, 1009)  # by which two things that Python found out are told apart
Again = Callable[[int, bool], "Recording | None"]


@dataclass(frozen=True)
class Run:
    """A recording of so many samples."""

    recording: Recording
    batch: int
    training: bool


def check_sizes(whole: Recording, runs: Sequence[Run], sample: int, again: Again) -> None:
    """See whether other batches go the same way. `sample` is how many numbers one has; `again` runs the module on a batch of this
    size, in training or not, or gives None where it does not take it. Call it before `fold`.

    Raises:
        Refusal: they do not; the message names what Python found out, and its line.
    """
    largest = max(BUDGET // max(1, sample), 1)
    for training in sorted({run.training for run in runs}):
        sides = _Sides(whole, training)
        known = [(run.batch, sides.deciding(run.recording)) for run in runs if run.training == training]
        tried: set[int] = {batch for batch, _ in known}
        for _ in range(MOST):
            found = _uncovered(sides, known, tried)
            if found is None:
                break
            batch, turn = found
            if batch > largest:
                raise _refusal(turn, batch, msg("So large a batch cannot be tried here"))
            recording = again(batch, training)
            tried.add(batch)
            if recording is None:  # it takes no batch that goes this way
                known.append((batch, [t._replace(value=sides.value(t.follow, batch)) for t in known[0][1]]))
                continue
            try:
                check_batch(whole, recording, batch, training=training)
            except Refusal as refusal:
                raise _refusal(turn, batch, msg("The module does something else then")) from refusal
            known.append((batch, sides.deciding(recording)))
        else:
            raise _refusal(turn, batch, msg("The module goes too many ways to try them all"))
        lost = any(turn.is_lost for _, turns in known for turn in turns)
        more = (*LOST, *LADDER) if lost else LADDER if sides.any_asked([run.recording for run in runs]) else ()
        for batch in dict.fromkeys(n for n in more if n * sample <= SMALL and n not in tried):
            if (recording := again(batch, training)) is not None:
                check_batch(whole, recording, batch, training=training)


def _refusal(turn: Turn, batch: int, what: object) -> Refusal:
    reason = msg("it looks at the size of the batch, and finds something else in a batch of {batch}. {what}, and a drawing does the same "
                 "for every batch: let the operations follow from the shapes alone.", batch=batch, what=what)  # fmt: skip
    return Refusal(turn.shown, turn.place, reason)


class _Sides:
    """What things follow from sizes are for a batch of any size."""

    def __init__(self, whole: Recording, training: bool) -> None:
        self.whole, self.training = whole, training
        self.follows_batch = False

    def deciding(self, recording: Recording) -> list[Turn]:
        """What was found out in a recording by sizes that follow the batch, each once."""
        found: dict[object, Turn] = {}
        for turn in recording.turns:
            self.follows_batch = False
            form = (turn.shown, turn.is_lost, *(self.value(side, n) for side in turn.sides for n in PROBES))
            if self.follows_batch:
                found.setdefault(form, turn)
        return list(found.values())

    def any_asked(self, recordings: Sequence[Recording]) -> bool:
        """Whether Python was told a size that follows the batch."""
        asked = {number for recording in recordings for number in recording.asked}
        return any(isinstance(part, Size) for number in asked for part in self.whole.shapes[number])

    def value(self, follow: Follow, batch: int) -> Any:
        """What it is for a batch of this size; None where it cannot be computed."""
        try:
            return follow(self._look(batch))
        except (ArithmeticError, ValueError):
            return None

    def _look(self, batch: int) -> Look:
        def look(number: int, dim: int | None) -> int:
            shape = self.whole.shapes[number]
            if dim is None:
                return math.prod(size(part) for part in shape)
            return size(shape[dim])

        def size(part: Any) -> int:
            part = (part.training if self.training else part.evaluation) if isinstance(part, Mode) else part
            self.follows_batch |= isinstance(part, Size)
            return part.times * batch if isinstance(part, Size) else part

        return look

    def holds(self, turn: Turn, was: int, batch: int) -> bool:
        """Whether it is as for the batch that it was found for; numbers may grow with the batch as they did."""
        value = self.value(turn.follow, batch)
        if isinstance(turn.value, bool) or not isinstance(value, (int, float)):
            return value == turn.value
        few, more = self.value(turn.follow, 3), self.value(turn.follow, 5)
        growth = (more - few) / 2 if few is not None and more is not None else 0.0
        return math.isclose(value, turn.value + growth * (batch - was), rel_tol=1e-9, abs_tol=1e-9)


def _uncovered(sides: _Sides, known: Sequence[tuple[int, Sequence[Turn]]], tried: set[int]) -> tuple[int, Turn] | None:
    """The smallest batch that goes another way than all that are known, and what is otherwise in it: rather a decision than a number."""
    for batch in _candidates(sides, known):
        if batch in tried:
            continue
        other = [[turn for turn in turns if not sides.holds(turn, was, batch)] for was, turns in known]
        if all(other):
            return batch, min(other[0], key=lambda turn: not isinstance(turn.value, bool))
    return None


def _candidates(sides: _Sides, known: Sequence[tuple[int, Sequence[Turn]]]) -> Iterator[int]:
    """All batches up to `ALL`, and above those where something may change."""
    if not any(turns for _, turns in known):
        return
    yield from range(1, ALL + 1)
    edges = {2**power for power in range(10, TOP.bit_length())}
    for turn in (turn for _, turns in known for turn in turns):
        for side in turn.sides:
            value = sides.value(side, 1)
            edges |= {int(value)} if isinstance(value, (int, float)) and math.isfinite(value) else set()
    yield from sorted(n for edge in edges for n in (edge - 1, edge, edge + 1) if ALL < n <= TOP)
