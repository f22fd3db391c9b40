"""Which samples of a test are shown one by one: the first, some of each cell of the confusion, and the worst mistakes."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor

from runtime.events import SamplePrediction

FIRST = 64
PER_CELL, MAX_OF_CELLS = 8, 512
WORST = 64
MAX_SIDE = 64  # pixels of a picture that is kept

Answer = tuple[float, float, float | None]  # target, guess, probability of the guess


class KeptSamples:
    """Takes the answers to a part batch by batch, and keeps few of them, however many there are."""

    def __init__(self, *, are_classes: bool) -> None:
        self._are_classes = are_classes
        self._cells: Counter[tuple[float, float]] = Counter()
        self._answers: dict[int, Answer] = {}
        self._pictures: dict[int, Any] = {}
        self._stay: set[int] = set()  # whatever comes later
        self._worst: list[tuple[float, int]] = []  # a heap of (how bad, minus the number): the earlier one stays of two
        self.taken = 0

    def take(self, answers: Iterable[Answer], inputs: Tensor) -> None:
        """The answers to the next samples, in their order, and what the network was given for them."""
        chosen = [n for n, answer in enumerate(answers, start=self.taken) if self._is_kept(n, answer)]
        kept = [number for number in chosen if number in self._answers]
        pictures = _pictures(inputs[[number - self.taken for number in kept]]) if kept else None
        if pictures is not None:
            self._pictures.update(zip(kept, pictures, strict=True))
        self.taken += len(inputs)

    def samples(self, indices: Sequence[int]) -> tuple[SamplePrediction, ...]:
        """What was kept, in order. `indices` are the numbers of the part's samples in the data."""
        return tuple(
            SamplePrediction(int(indices[n]), *self._answers[n], image=self._pictures.get(n), number=n)
            for n in sorted(self._answers)
        )

    def _is_kept(self, number: int, answer: Answer) -> bool:
        target, guess, confidence = answer
        if number < FIRST or self._has_room(target, guess):
            self._stay.add(number)
            self._answers[number] = answer
        badness = float(confidence or 0.0) if self._are_classes else abs(target - guess)
        if target != guess and badness == badness:  # not NaN
            self._note_mistake(number, answer, badness)
        return number in self._answers

    def _has_room(self, target: float, guess: float) -> bool:
        if not self._are_classes or self._cells[target, guess] >= PER_CELL or self._cells.total() >= MAX_OF_CELLS:
            return False
        self._cells[target, guess] += 1
        return True

    def _note_mistake(self, number: int, answer: Answer, badness: float) -> None:
        entry = (badness, -number)
        if len(self._worst) < WORST:
            heapq.heappush(self._worst, entry)
        elif entry > self._worst[0]:
            _, gone = heapq.heapreplace(self._worst, entry)
            if -gone not in self._stay:
                self._answers.pop(-gone, None)
                self._pictures.pop(-gone, None)
        else:
            return
        self._answers[number] = answer


def _pictures(inputs: Tensor) -> Any:
    """Height × width (× 3) in 0..1 as NumPy arrays, at most `MAX_SIDE` high and wide; None where the inputs are no pictures."""
    if inputs.dim() != 4 or inputs.shape[1] not in (1, 3) or not inputs.is_floating_point():
        return None
    side = max(inputs.shape[2:])
    if side > MAX_SIDE:
        size = [max(1, round(length * MAX_SIDE / side)) for length in inputs.shape[2:]]
        inputs = torch.nn.functional.interpolate(inputs.float(), size, mode="area")
    pixels = inputs.clamp(0, 1).permute(0, 2, 3, 1).float().cpu()
    return (pixels[..., 0] if inputs.shape[1] == 1 else pixels).numpy().copy()
