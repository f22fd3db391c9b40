"""Parameters and gradients as views of one long buffer each: few long steps for an optimizer instead of many short ones.

The optimizers of `torch.optim` that work number by number give the same bits whichever way the numbers are cut into
tensors (tests compare), so the cut is free: small tensors are joined, which saves the cost per tensor, and a
very long one is divided into pieces that stay in the processor's cache from one operation of the optimizer to the next.

Parameters that an optimizer knows for different numbers of steps (some came later) are in different pieces, each with its own count.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

PIECE = 2**18  # numbers; 1 MiB of float32, measured fastest between 2**14 and 2**23 with Adam

State = dict[str, Any]


def can_join(parameters: Sequence[nn.Parameter]) -> bool:
    """Whether these parameters can live in one buffer: on the CPU, of one dtype, each with memory of its own."""
    kinds = {(p.dtype, p.device.type) for p in parameters}
    apart = len({p.untyped_storage().data_ptr() for p in parameters}) == len(parameters)
    plain = all(p.device.type == "cpu" and p.dim() > 0 and p.is_contiguous() for p in parameters)
    return len(kinds) == 1 and apart and plain


class _Run(NamedTuple):
    """Parameters next to each other that are at the same step, and the pieces that hold them: the first number, and how many."""

    parameter: int
    num_parameters: int
    piece: int
    num_pieces: int


class FlatParameters:
    """Parameters of a model whose values and gradients were moved into one buffer each.

    The model computes with them as before. An optimizer is given `pieces` instead. `backward()` adds to the
    gradients in place, so they are set to zero before it, never to None.
    """

    def __init__(self, parameters: Iterable[nn.Parameter]) -> None:
        self.parameters = list(parameters)
        self._shapes = [p.shape for p in self.parameters]
        self._sizes = [p.numel() for p in self.parameters]
        self._values = torch.cat([p.detach().reshape(-1) for p in self.parameters])
        self.gradients = torch.zeros_like(self._values)
        self._cut_into([len(self.parameters)])
        cut = zip(self._values.split(self._sizes), self.gradients.split(self._sizes), strict=True)
        for parameter, shape, (values, gradients) in zip(self.parameters, self._shapes, cut, strict=True):
            parameter.data, parameter.grad = values.view(shape), gradients.view(shape)

    def _cut_into(self, lengths: Sequence[int]) -> None:
        """Make pieces of runs of so many parameters each."""
        self.pieces: list[nn.Parameter] = []
        self._runs: list[_Run] = []
        parameter = number = 0
        for length in lengths:
            size = sum(self._sizes[parameter : parameter + length])
            run = slice(number, number + size)
            cut = zip(self._values[run].split(PIECE), self.gradients[run].split(PIECE), strict=True)
            made = [_piece(values, gradients) for values, gradients in cut]
            self._runs.append(_Run(parameter, length, len(self.pieces), len(made)))
            self.pieces += made
            parameter, number = parameter + length, number + size

    def zero_grad(self) -> None:
        """Set every gradient to zero."""
        self.gradients.zero_()

    def state_of_parameters(self, state: State) -> State:
        """The state of an optimizer over `pieces` as one over `parameters`, as `torch.optim` would write it."""
        pieces: Mapping[int, State] = state["state"]
        rows: dict[int, State] = {}
        for run in self._runs:
            held = [pieces[i] for i in range(run.piece, run.piece + run.num_pieces) if i in pieces]
            whole = {key: self._joined(run, [row[key] for row in held]) for key in held[0]} if held else {}
            for i in range(run.num_parameters if held else 0):
                rows[run.parameter + i] = {
                    key: value[i].clone() if isinstance(value, list) else _copy(value) for key, value in whole.items()
                }
        return self._with_indices(state, rows, len(self.parameters))

    def state_of_pieces(self, state: State) -> State:
        """The reverse of `state_of_parameters`. The pieces are other ones afterwards where parameters are at different steps."""
        rows: Mapping[int, State] = state["state"]
        lengths = list(self._lengths(rows))
        if lengths != [run.num_parameters for run in self._runs]:
            self._cut_into(lengths)
        pieces: dict[int, State] = {}
        for run in self._runs:
            held = [rows[i] for i in range(run.parameter, run.parameter + run.num_parameters) if i in rows]
            for key, first in held[0].items() if held else ():
                is_elementwise = self._is_elementwise(first, self._shapes[run.parameter])
                cut = self._divided([row[key] for row in held]) if is_elementwise else [first] * run.num_pieces
                for i, value in enumerate(cut):
                    pieces.setdefault(run.piece + i, {})[key] = _copy(value)
        return self._with_indices(state, pieces, len(self.pieces))

    def _lengths(self, rows: Mapping[int, State]) -> Iterator[int]:
        """How many parameters next to each other are at the same step, from the first one on."""
        counts = [_counts(rows.get(i)) for i in range(len(self.parameters))]
        begins = [i for i, (before, after) in enumerate(pairwise(counts), start=1) if before != after]
        return (end - begin for begin, end in pairwise([0, *begins, len(counts)]))

    def _joined(self, run: _Run, values: list[Any]) -> list[Tensor] | Any:
        """Values of all pieces of a run as one a parameter; what is one for all (a step count) stays one."""
        if not self._is_elementwise(values[0], self.pieces[run.piece].shape):
            return values[0]
        place = slice(run.parameter, run.parameter + run.num_parameters)
        parts = torch.cat(values).split(self._sizes[place])
        return [part.view(shape) for part, shape in zip(parts, self._shapes[place], strict=True)]

    def _divided(self, values: list[Tensor]) -> list[Tensor]:
        return list(torch.cat([value.reshape(-1) for value in values]).split(PIECE))

    @staticmethod
    def _is_elementwise(value: object, shape: torch.Size) -> bool:
        """Whether a value of the state has an entry for each number of its tensor; a 0-dimensional one is a count."""
        return isinstance(value, Tensor) and value.dim() > 0 and value.shape == shape

    @staticmethod
    def _with_indices(state: State, rows: Mapping[int, State], count: int) -> State:
        (group,) = state["param_groups"]
        return {"state": dict(rows), "param_groups": [{**group, "params": list(range(count))}]}


def _piece(values: Tensor, gradients: Tensor) -> nn.Parameter:
    piece = nn.Parameter(values)
    piece.grad = gradients
    return piece


def _counts(row: State | None) -> State | None:
    """What of a row is one for all numbers of a parameter."""
    return row and {key: None if isinstance(value, Tensor) and value.dim() else value for key, value in row.items()}


def _copy(value: object) -> object:
    return value.clone() if isinstance(value, Tensor) else value
