"""Parameters and gradients as views of one long buffer each: few long steps for an optimizer instead of many short ones.

The optimizers of `torch.optim` that work number by number give the same bits whichever way the numbers are cut into
tensors (tests compare), so the cut is free: small tensors are joined, which saves the cost per tensor, and a
very long one is divided into pieces that stay in the processor's cache from one operation of the optimizer to the next.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

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


class FlatParameters:
    """Parameters of a model whose values and gradients were moved into one buffer each.

    The model computes with them as before. An optimizer is given `pieces` instead. `backward()` adds to the
    gradients in place, so they are set to zero before it, never to None.
    """

    def __init__(self, parameters: Iterable[nn.Parameter]) -> None:
        self.parameters = list(parameters)
        self._shapes = [p.shape for p in self.parameters]
        self._sizes = [p.numel() for p in self.parameters]
        values = torch.cat([p.detach().reshape(-1) for p in self.parameters])
        self.gradients = torch.zeros_like(values)
        self.pieces = [nn.Parameter(piece) for piece in values.split(PIECE)]
        for piece, gradient in zip(self.pieces, self.gradients.split(PIECE), strict=True):
            piece.grad = gradient
        for parameter, value, gradient in zip(
            self.parameters, self._cut(values), self._cut(self.gradients), strict=True
        ):
            parameter.data, parameter.grad = value, gradient

    def zero_grad(self) -> None:
        """Set every gradient to zero."""
        self.gradients.zero_()

    def state_of_parameters(self, state: State) -> State:
        """The state of an optimizer over `pieces` as one over `parameters`, as `torch.optim` would write it."""
        pieces: Mapping[int, State] = state["state"]
        if not pieces:
            return self._with_indices(state, {}, len(self.parameters))
        whole = {key: self._joined([pieces[i][key] for i in range(len(pieces))]) for key in pieces[0]}
        rows = {
            i: {key: value[i].clone() if isinstance(value, list) else _copy(value) for key, value in whole.items()}
            for i in range(len(self.parameters))
        }
        return self._with_indices(state, rows, len(self.parameters))

    def state_of_pieces(self, state: State) -> State:
        """The reverse of `state_of_parameters`."""
        rows: Mapping[int, State] = state["state"]
        if not rows:
            return self._with_indices(state, {}, len(self.pieces))
        pieces: dict[int, State] = {i: {} for i in range(len(self.pieces))}
        for key, first in rows[0].items():
            values = [rows[i][key] for i in range(len(rows))]
            cut = self._divided(values) if self._is_elementwise(first, self._shapes[0]) else [first] * len(self.pieces)
            for i, value in enumerate(cut):
                pieces[i][key] = _copy(value)
        return self._with_indices(state, pieces, len(self.pieces))

    def _joined(self, values: list[Any]) -> list[Tensor] | Any:
        """Values of all pieces as one a parameter; what is one for all (a step count) stays one."""
        if self._is_elementwise(values[0], self.pieces[0].shape):
            return self._cut(torch.cat(values))
        return values[0]

    def _divided(self, values: list[Tensor]) -> list[Tensor]:
        return list(torch.cat([value.reshape(-1) for value in values]).split(PIECE))

    def _cut(self, flat: Tensor) -> list[Tensor]:
        return [part.view(shape) for part, shape in zip(flat.split(self._sizes), self._shapes, strict=True)]

    @staticmethod
    def _is_elementwise(value: object, shape: torch.Size) -> bool:
        """Whether a value of the state has an entry for each number of its tensor; a 0-dimensional one is a count."""
        return isinstance(value, Tensor) and value.dim() > 0 and value.shape == shape

    @staticmethod
    def _with_indices(state: State, rows: Mapping[int, State], count: int) -> State:
        (group,) = state["param_groups"]
        return {"state": dict(rows), "param_groups": [{**group, "params": list(range(count))}]}


def _copy(value: object) -> object:
    return value.clone() if isinstance(value, Tensor) else value
