"""What flows through an ONNX graph while it runs here: tensors, and what is known without the numbers of any input."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeGuard

import numpy as np
import torch
from torch import Tensor

from graph.messages import Message

CLOSE = 1e-6  # how far a setting may be from the one that it stands for
FEWEST = 2  # numbers that a tensor of the file holds at least to be one that learns

# What a tensor was made from, as attributes of it: the one whose first two dimensions were exchanged; the steps, with the directions
# side by side, that a recurrent layer gave before they were put apart, and those where they only have to be put together again.
TURNED, APART, JOINED = "_layerloom_turned", "_layerloom_apart", "_layerloom_joined"


class Unable(Exception):
    """An operation that is used in a way which has no counterpart here."""

    def __init__(self, reason: Message) -> None:
        super().__init__(str(reason))
        self.reason = reason


class Held(NamedTuple):
    """A tensor that the file holds; `turned` where it is used with rows and columns exchanged."""

    name: str
    turned: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """Numbers that are known without those of an input, under the name that the graph gives them.

    `moves` says that they may follow the size of the batch; `held` is the tensor of the file that they are; `make` computes
    them from tensors of the file that learn, whose names are in `sources`.
    """

    array: np.ndarray
    name: str = ""
    moves: bool = False
    held: Held | None = None
    make: Callable[[], Tensor] | None = None
    sources: frozenset[str] = frozenset()

    @property
    def learns(self) -> bool:
        """Whether it is numbers to learn: some that the file holds, all of them finite, or what is computed from those."""
        if self.make is not None:
            return True
        array = self.array
        return (
            self.held is not None
            and array.dtype == np.float32
            and array.size >= FEWEST
            and bool(np.isfinite(array).all())
        )


Value = Tensor | Known


def exchanged(tensor: Tensor) -> Tensor:
    """With the first two dimensions exchanged; exchanged twice it is the tensor that it was."""
    if hasattr(tensor, TURNED):
        return getattr(tensor, TURNED)
    result = torch.transpose(tensor, 0, 1)
    setattr(result, TURNED, tensor)
    return result


def number_of(value: Any) -> int | float | bool | None:
    """The one number of what is known and does not follow the batch, as short as its kind lets it be; None for others."""
    if not isinstance(value, Known) or value.array.size != 1 or value.array.dtype.kind not in "fiub":
        return None
    item = value.array.reshape(())[()]
    if isinstance(item, np.floating):
        return float(str(item)) if np.isfinite(item) else float(item)
    return item.item()


def tensor_of(value: Known) -> Tensor:
    """A tensor with these numbers; one of the same number over and over follows the batch in its sizes."""
    array = value.array
    if value.moves and array.size and (array.reshape(-1)[0] == array).all():
        dtype = torch.from_numpy(array.reshape(-1)[:1].copy()).dtype
        return torch.full(tuple(int(size) for size in array.shape), array.reshape(-1)[0].item(), dtype=dtype)
    return torch.from_numpy(np.array(array, copy=True))


def holds(value: Any) -> TypeGuard[Known]:
    """Whether it is known, and of the kind that layers hold."""
    return isinstance(value, Known) and value.array.dtype == np.float32 and not value.moves


def short(number: float) -> float:
    """A setting that was kept as float32, as it was written: 1e-05, not 9.999999747378752e-06."""
    return float(f"{number:.7g}")
