"""Several recordings of one module made one: what follows the batch, what follows the mode, and what is always the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import torch

from graph.messages import msg
from runtime.importer.recording import Constant, Mode, Recording, Ref, Refusal, Size, Step, Weight, parts, replaced
from runtime.importer.tracing_names import CHANCE, REASONS, NameOf, name_of

_DIFFERS = msg("it runs differently for another batch size or another mode, so one drawing cannot stand for it. Let the operations "
               "follow from the shapes alone.")  # fmt: skip
_UNKNOWN = msg("it takes a tensor that comes from no operation that can be seen, and that changes from run to run.")


def unite(few: Recording, more: Recording, training: Recording, batches: tuple[int, int]) -> Recording:
    """The recording that holds for every batch and both modes; two are of evaluation, of these batch sizes.

    Raises:
        Refusal: they do not fit together; the message names the first operation that differs.
    """
    for a, b in ((few, more), (few, training)):
        _check_same(a, b)
    union = _Union(few, more, training, batches)
    steps = [union.step(i) for i in range(len(few.steps))]
    outputs = tuple(
        (name, union.value((a, b, c), "return", few.end))
        for (name, a), (_, b), (_, c) in zip(few.outputs, more.outputs, training.outputs, strict=True)
    )
    made_by = {number: step for step in few.steps for number in step.results}
    shapes = {n: union.shape(n, made_by.get(n)) for n in few.shapes}
    _check_decided(few, steps)
    return replace(few, steps=steps, outputs=outputs, shapes=shapes)


def _shown(step: Step) -> NameOf:
    return NameOf(step.name, step.name) if step.layer is not None else name_of(step.called)


def _check_decided(recording: Recording, steps: Sequence[Step]) -> None:
    """Refuse decisions by tensors that follow the batch or the mode."""
    following: set[int] = set()
    for step in steps:
        for part in parts((step.args, dict(step.kwargs))):
            if isinstance(part, (Size, Mode)) or (isinstance(part, Ref) and part.number in following):
                following.update(step.results)
    for number, shown, place in recording.decided:
        if number in following:
            raise Refusal(shown, place, REASONS["decision"])


def _check_same(a: Recording, b: Recording) -> None:
    for one, other in zip(a.steps, b.steps, strict=False):
        same = (one.name, one.path, one.scope.path, len(one.results)) == (
            other.name,
            other.path,
            other.scope.path,
            len(other.results),
        )
        if not same:
            raise Refusal(_shown(other).shown, other.place or one.place, _DIFFERS)
    if len(a.steps) != len(b.steps):
        longer = a if len(a.steps) > len(b.steps) else b
        step = longer.steps[min(len(a.steps), len(b.steps))]
        raise Refusal(_shown(step).shown, step.place, _DIFFERS)
    if [name for name, _ in a.outputs] != [name for name, _ in b.outputs]:
        raise Refusal("return", a.end, _DIFFERS)


class _Union:
    def __init__(self, few: Recording, more: Recording, training: Recording, batches: tuple[int, int]) -> None:
        self.all = (few, more, training)
        self.batches = batches

    def step(self, index: int) -> Step:
        steps = [recording.steps[index] for recording in self.all]
        first = steps[0]
        shown, place = _shown(first).shown, first.place
        args = self.value(tuple(step.args for step in steps), shown, place)
        kwargs = self.value(tuple(dict(step.kwargs) for step in steps), shown, place)
        if len({step.learns for step in steps}) > 1:
            raise Refusal(shown, place, _DIFFERS)
        return replace(first, args=args, kwargs=kwargs, in_place=any(step.in_place for step in steps))

    def shape(self, number: int, step: Step | None) -> tuple[Any, ...]:
        """The shape of a tensor by its number; `step` is what gave it."""
        shapes = tuple(tuple(recording.shapes[number]) for recording in self.all)
        return self.value(shapes, _shown(step).shown if step else "forward", step.place if step else None)

    def value(self, values: Sequence[Any], shown: str, place: Any) -> Any:
        """One value for those of the recordings."""
        first = values[0]
        if any(type(value) is not type(first) for value in values):
            return self._mode(values, shown, place)
        if isinstance(first, (tuple, list)):
            if len({len(value) for value in values}) > 1:
                raise Refusal(shown, place, _DIFFERS)
            made = [self.value(group, shown, place) for group in zip(*values, strict=True)]
            return tuple(made) if isinstance(first, tuple) else made
        if isinstance(first, dict):
            if len({tuple(value) for value in values}) > 1:
                raise Refusal(shown, place, _DIFFERS)
            return {key: self.value([value[key] for value in values], shown, place) for key in first}
        if isinstance(first, slice):
            ends = [(value.start, value.stop, value.step) for value in values]
            return slice(*self.value(ends, shown, place))
        if isinstance(first, Constant):
            tensors = [value.tensor for value in values]
            if any(
                t.shape != tensors[0].shape or t.dtype != tensors[0].dtype or not _same(t, tensors[0]) for t in tensors
            ):
                raise Refusal(shown, place, _UNKNOWN)
            return first
        if isinstance(first, (Ref, Weight)):
            if any(value != first for value in values):
                raise Refusal(shown, place, _DIFFERS)
            return first
        return self._scalar(values, shown, place)

    def _scalar(self, values: Sequence[Any], shown: str, place: Any) -> Any:
        a, b, c = values
        if a == b == c or (a != a and b != b and c != c):
            return a
        if isinstance(a, int) and not isinstance(a, bool) and a == c and a != b:
            few, more = self.batches
            if a % few == 0 and b % more == 0 and a // few == b // more:
                return Size(a // few)
            reason = msg("it is given the number {a} for a batch of {few} and {b} for one of {more}, which is no multiple of the batch. "
                         "Let it follow from the shapes.", a=a, b=b, few=few, more=more)  # fmt: skip
            raise Refusal(shown, place, reason)
        return self._mode(values, shown, place)

    def _mode(self, values: Sequence[Any], shown: str, place: Any) -> Any:
        a, b, c = values
        plain = (bool, int, float, str, type(None))
        if type(a) is type(b) and a == b and isinstance(a, plain) and isinstance(c, plain):
            return Mode(a, c)
        raise Refusal(shown, place, _DIFFERS)


def _same(a: torch.Tensor, b: torch.Tensor) -> bool:
    if a.shape != b.shape or a.dtype != b.dtype:
        return False
    return bool(torch.equal(a, b) or (a.is_floating_point() and torch.allclose(a, b, 0.0, 0.0, equal_nan=True)))


# ---- other batches


def check_batch(whole: Recording, other: Recording, batch: int, *, training: bool = False) -> None:
    """See whether what holds for the batches that were united holds for another one. Call it before `fold`.

    Raises:
        Refusal: it does not; the message names the first operation that differs.
    """
    _check_same(whole, other)
    for one, step in zip(whole.steps, other.steps, strict=True):
        shown, given = _shown(step).shown, (one.args, dict(one.kwargs))
        if not _is_like(given, (step.args, dict(step.kwargs)), batch, training=training):
            reason = msg("with a batch of {batch} it is given something else than with other batches, so one drawing cannot stand for "
                         "it. Let the operations follow from the shapes alone.", batch=batch)  # fmt: skip
            raise Refusal(shown, step.place, reason)
        for number in step.results:
            wanted, found = _of_batch(whole.shapes[number], batch), tuple(other.shapes[number])
            if wanted != found:
                reason = msg("with a batch of {batch} it gives {found}, and by what it does with other batches it would be {wanted}. Name "
                             "the dimensions that it is meant for, such as squeeze(-1).", batch=batch, found=_sizes(found),
                             wanted=_sizes(wanted))  # fmt: skip
                raise Refusal(shown, step.place, reason)


def _of_batch(shape: tuple[Any, ...], batch: int) -> tuple[int, ...]:
    return tuple(size.times * batch if isinstance(size, Size) else size for size in shape)


def _sizes(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape)) or "scalar"


def _is_like(one: Any, other: Any, batch: int, *, training: bool) -> bool:
    """Whether a value that holds for all batches is this one with that many samples."""
    mine, theirs = list(parts(one)), list(parts(other))
    if len(mine) != len(theirs):
        return False
    for a, b in zip(mine, theirs, strict=True):
        a = (a.training if training else a.evaluation) if isinstance(a, Mode) else a
        a = a.times * batch if isinstance(a, Size) else a
        same = (
            _same(a.tensor, b.tensor)
            if isinstance(a, Constant) and isinstance(b, Constant)
            else a == b or (a != a and b != b)
        )
        if not same:
            return False
    return True


# ---- what depends on nothing


def fold(recording: Recording, others: Sequence[Recording]) -> None:
    """Replace what steps give that depend on nothing by what they gave; those steps go."""
    known: dict[int, Constant] = {}
    kept = []
    change: Callable[[Any], Any] = lambda part: known.get(part.number, part) if isinstance(part, Ref) else part  # noqa: E731
    for step in recording.steps:
        step = replace(step, args=replaced(step.args, change), kwargs=replaced(step.kwargs, change))
        fixed = step.layer is None and step.name not in CHANCE and not any(
            isinstance(part, (Ref, Weight, Size, Mode)) for part in parts((step.args, dict(step.kwargs)))
        )  # fmt: skip
        fixed = fixed and all(_same(recording.tensors[n], other.tensors[n]) for n in step.results for other in others)
        if fixed:
            known |= {number: Constant(recording.tensors[number]) for number in step.results}
        else:
            kept.append(step)
    recording.steps = kept
    recording.outputs = tuple((name, replaced(value, change)) for name, value in recording.outputs)
