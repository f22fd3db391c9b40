"""Steps by a recording of them (`runtime.training.recorded`), once it was seen to do just what the ordinary way does.

Seen means: on some batches in a row the step is made both ways from the same weights, statistics and random numbers, and
losses, outputs, gradients, statistics and random numbers are equal afterwards to the bit. All of that is then put back, and the
step itself is made the ordinary way. So a run has the same numbers whether or not anything is recorded.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves

from runtime.training.recorded import Evaluate, Result, Step, ordinary, record_step

START = 16  # steps of a shape before one is recorded: a short run would not get the time back
PROOFS = 3  # batches on which a recording has to prove itself
MAX_SHAPES = 4  # that are recorded in a run
GAIN = 1.02  # how many times faster a recording has to be than the ordinary way

_add, _copy = (getattr(torch, name) for name in ("_foreach_add_", "_foreach_copy_"))

Inputs = tuple[Tensor, ...]
Shapes = tuple[Any, ...]


@dataclass(slots=True)
class _Trial:
    """What is known of the steps with inputs of some shapes. `is_over`: `step` was proven, or is None for ever."""

    count: int = 0
    step: Step | None = None
    proofs: int = 0
    seconds: float = float("inf")  # of the step
    ordinary_seconds: float = float("inf")
    is_over: bool = False


class Replayed:
    """Gives results of steps for inputs whose step was recorded and proven; works towards that for the others."""

    def __init__(
        self, evaluate: Evaluate, module: nn.Module, parameters: Sequence[nn.Parameter], *, adds: bool = False
    ) -> None:
        """Nothing is recorded yet.

        Args:
            evaluate: the forward pass over the inputs, which computes with `module` in training.
            parameters: what gradients are of; they stay in the same memory.
            adds: gradients may have to be added to those that are there.
        """
        self._evaluate, self._module, self._parameters, self._adds = evaluate, module, parameters, adds
        self._trials: dict[Shapes, _Trial] = {}
        self._shapes: Shapes = ()
        self._step: Step | None = None
        self._places: list[Tensor] = []  # memory for gradients

    @property
    def is_used(self) -> bool:
        """Whether the last step was made by a recording."""
        return self._step is not None

    def __call__(self, inputs: Inputs, *, adds: bool = False) -> Result | None:
        """What a step over these inputs gives; None where it has to be made the ordinary way.

        The gradients become those of the parameters, or, if it `adds`, are added to those.
        """
        shapes = tuple([(tensor.shape, tensor.stride(), tensor.dtype) for tensor in inputs])
        if shapes != self._shapes or self._step is None:
            self._step = self._step_for(shapes, inputs)
            self._shapes = shapes
        if self._step is None:
            return None
        result = self._step(*inputs)
        if adds:
            _add([parameter.grad for parameter in self._parameters], result.gradients)
        else:
            self._put(result.gradients)
        return result

    def _put(self, gradients: Sequence[Tensor]) -> None:
        places = self._find_places()
        elsewhere = [pair for pair in zip(places, gradients, strict=True) if pair[0] is not pair[1]]
        if elsewhere:
            _copy(*zip(*elsewhere, strict=True))
        for parameter, place in zip(self._parameters, places, strict=True):
            if parameter.grad is not place:
                parameter.grad = place

    def _find_places(self) -> list[Tensor]:
        if not self._places:
            self._places = [torch.empty_like(p) if p.grad is None else p.grad for p in self._parameters]
        return self._places

    def _step_for(self, shapes: Shapes, inputs: Inputs) -> Step | None:
        trial = self._trials.setdefault(shapes, _Trial())
        if not trial.is_over:
            self._try(trial, inputs)
            return None
        return trial.step

    def _try(self, trial: _Trial, inputs: Inputs) -> None:
        """Come one step nearer to a recording that can be relied on."""
        trial.count += 1
        if trial.count < START or not self._module.training:
            return
        if trial.step is None:
            started = [other for other in self._trials.values() if other.count > START]
            trial.step = self._record(inputs) if len(started) < MAX_SHAPES else None
            trial.is_over = trial.step is None
        elif not self._prove(trial, inputs):
            trial.step, trial.is_over = None, True
        elif trial.proofs == PROOFS:
            trial.is_over = True
            if trial.seconds * GAIN > trial.ordinary_seconds:
                trial.step = None

    def _record(self, inputs: Inputs) -> Step | None:
        with self._traceless():
            try:
                places = () if self._adds else self._find_places()
                return record_step(self._evaluate, self._parameters, inputs, places)
            except Exception:  # whatever it is, the ordinary way meets it too or does without
                return None

    def _prove(self, trial: _Trial, inputs: Inputs) -> bool:
        """Make the step both ways; whether they were the same to the bit."""
        found, step = [], trial.step
        assert step is not None
        for make in (lambda: ordinary(self._evaluate, self._parameters, inputs), lambda: step(*inputs)):
            with self._traceless():
                began = time.perf_counter()
                try:
                    result = make()
                except Exception:
                    return False
                seconds = time.perf_counter() - began
                found.append(
                    (seconds, [*_tensors(result), *(b.clone() for b in self._module.buffers()), torch.get_rng_state()])
                )
        (ordinary_seconds, expected), (seconds, given) = found
        trial.ordinary_seconds = min(trial.ordinary_seconds, ordinary_seconds)
        trial.seconds = min(trial.seconds, seconds)
        trial.proofs += 1
        return len(expected) == len(given) and all(map(_is_same, expected, given))

    @contextmanager
    def _traceless(self) -> Iterator[None]:
        """Statistics of layers and random numbers are afterwards as before."""
        buffers = [(buffer, buffer.clone()) for buffer in self._module.buffers()]
        random = torch.get_rng_state()
        try:
            yield
        finally:
            torch.set_rng_state(random)
            with torch.no_grad():
                for buffer, before in buffers:
                    buffer.copy_(before)


def _tensors(result: Result) -> list[Tensor]:
    return [leaf.detach() for leaf in tree_leaves(tuple(result)) if isinstance(leaf, Tensor)]


def _is_same(a: Tensor, b: Tensor) -> bool:
    """Whether two tensors have the same form and the same bits (a NaN is like another)."""
    form = a.shape == b.shape and a.dtype == b.dtype and a.stride() == b.stride()
    return form and bool(torch.equal(a, b) or torch.allclose(a, b, rtol=0.0, atol=0.0, equal_nan=True))
