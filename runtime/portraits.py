"""A portrait of a tensor: what can be drawn of the value of one sample, by its shape and meaning, and the facts about it.

Records of numpy arrays, made in bounded time and size however large the tensor is. Importable without torch.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

IMAGE, MAPS, MATRIX, VECTOR, NUMBER, SCORES, WORDS = KINDS = (
    "image", "maps", "matrix", "vector", "number", "scores", "words",
)  # fmt: skip
BINS = 32
MAX_MAPS = 64  # of which a grid is drawn
MAX_SIDE = 256  # numbers along one side of what is drawn; of more, every second, third ...
MAX_VECTOR = 1024
MAX_COUNTED = 2**20  # numbers that the facts are of; of more, an even selection
FIRST = 12  # numbers that stand in the text
MAX_WORDS = 512
BEST = 10  # classes that are named where there are more

Naming = Callable[[int], str]


@dataclass(frozen=True, slots=True)
class Meaning:
    """What is known of a value besides its numbers.

    `name_of` names the indices that it holds, or for which it has scores; `chances` are the probabilities of scores.
    `is_picture` says that three channels are red, green and blue.
    """

    name_of: Naming | None = None
    chances: Sequence[float] | None = None
    is_picture: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """The figures of a value. `zeros` is a share; `histogram` counts finite numbers in `BINS` bins from `low` to `high`; `first` are
    its first numbers. `every` says that the figures are those of every so many-th number only. `odd` counts NaN and infinity."""

    count: int
    low: float = math.nan
    high: float = math.nan
    mean: float = math.nan
    deviation: float = math.nan
    zeros: float = 0.0
    histogram: tuple[int, ...] = ()
    first: tuple[float, ...] = ()
    every: int = 1
    odd: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Portrait:
    """A value to draw.

    `kind` is one of `KINDS`. `shape` is that of the value of the sample, without the batch; `drawn` what is drawn: rows × columns
    of a matrix, height × width (× 3, from 0 to 1) of an image, maps × height × width, or the numbers of a vector. `low` and `high`
    are the ends of the one scale of colours for all of it. `columns` is how many maps stand beside each other, where that has a
    meaning (the frames of a clip). `words` are tokens, or the names of classes with their `chances`, the likeliest first.
    `steps` says that of every side only each so many-th number is drawn.
    """

    kind: str
    shape: tuple[int, ...]
    dtype: str
    facts: Facts
    drawn: np.ndarray
    low: float = 0.0
    high: float = 1.0
    words: tuple[str, ...] = ()
    chances: tuple[float, ...] = ()
    columns: int | None = None
    left_out: int = 0
    step: int = 1

    @property
    def is_signed(self) -> bool:
        """Whether numbers on both sides of zero are drawn."""
        return self.low < 0 < self.high


def portrait_of(value: Tensor, meaning: Meaning = Meaning()) -> Portrait:
    """The portrait of the value of one sample, without its batch dimension."""
    shape, dtype = tuple(value.shape), str(value.dtype).removeprefix("torch.")
    whole = value.detach().cpu()
    if whole.is_complex():
        whole = whole.abs()
    facts = facts_of(whole)
    words, chances = _named(whole, meaning)
    kind, drawn, more = _drawing(whole, meaning)
    low, high = _ends(drawn)
    if kind == IMAGE and low >= 0 and high <= 1:
        low, high = 0.0, 1.0
    if kind == IMAGE and drawn.ndim == 3:
        drawn = (drawn - low) / ((high - low) or 1)
    if words:
        kind = SCORES if chances else WORDS
    return Portrait(kind, shape, dtype, facts, drawn, low, high, words, chances, **more)


def facts_of(value: Tensor) -> Facts:
    """The figures of a tensor of any shape and type."""
    import torch

    flat = value.reshape(-1)
    first = tuple(flat[:FIRST].double().tolist())
    every = max(1, -(-flat.numel() // MAX_COUNTED))
    numbers = flat[::every].float()
    finite = numbers[torch.isfinite(numbers)]
    odd = numbers.numel() - finite.numel()
    if not finite.numel():
        return Facts(flat.numel(), first=first, every=every, odd=odd)
    low, high = float(finite.min()), float(finite.max())
    counts = torch.histc(finite, BINS, low, high) if high > low else torch.tensor([finite.numel()])
    return Facts(
        count=flat.numel(),
        low=low,
        high=high,
        mean=float(finite.mean(dtype=torch.float64)),
        deviation=float(finite.double().std(correction=0)),
        zeros=float((numbers == 0).float().mean()),
        histogram=tuple(int(count) for count in counts.tolist()),
        first=first,
        every=every,
        odd=odd,
    )


def _named(value: Tensor, meaning: Meaning) -> tuple[tuple[str, ...], tuple[float, ...]]:
    """Tokens or classes by name, or the likeliest classes with their probabilities."""
    if meaning.name_of is None:
        return (), ()
    if meaning.chances is not None:
        best = sorted(enumerate(meaning.chances), key=lambda entry: -entry[1])[:BEST]
        return tuple(meaning.name_of(number) for number, _ in best), tuple(chance for _, chance in best)
    if value.is_floating_point() or value.dim() > 1:
        return (), ()
    return tuple(meaning.name_of(int(number)) for number in value.reshape(-1)[:MAX_WORDS].tolist()), ()


def _drawing(value: Tensor, meaning: Meaning) -> tuple[str, np.ndarray, dict[str, Any]]:
    """The kind, the numbers that are drawn, and what else there is to say of them."""
    value = value.float()
    if value.numel() <= 1:
        return NUMBER, _array(value.reshape(-1)), {}
    while value.dim() > 1 and value.shape[-1] == 1:  # features of one place
        value = value.squeeze(-1)
    if value.dim() == 2 and value.shape[0] == 1:
        value = value[0]
    if value.dim() == 1:
        step = max(1, -(-len(value) // MAX_VECTOR))
        return VECTOR, _array(value[::step]), {"step": step}
    step = max(1, -(-max(value.shape[-2:]) // MAX_SIDE))
    value = value[..., ::step, ::step]
    if value.dim() == 2:
        return MATRIX, _array(value), {"step": step}
    if value.dim() == 3 and value.shape[0] == 1:
        return IMAGE, _array(value[0]), {"step": step}
    if value.dim() == 3 and value.shape[0] == 3 and meaning.is_picture:
        return IMAGE, _array(value.permute(1, 2, 0)), {"step": step}
    columns = int(value.shape[-3]) if value.dim() > 3 and value.shape[-3] <= MAX_MAPS else None
    maps, limit = value.reshape(-1, *value.shape[-2:]), MAX_MAPS // (columns or 1) * (columns or 1)
    return MAPS, _array(maps[:limit]), {"columns": columns, "left_out": max(0, len(maps) - limit), "step": step}


def _array(value: Tensor) -> np.ndarray:
    """The numbers alone, so that a small part of a large tensor does not keep all of it."""
    import numpy as np

    return np.array(value.numpy())


def _ends(drawn: np.ndarray) -> tuple[float, float]:
    """The smallest and the largest finite number; 0 and 1 where there is none."""
    import numpy as np

    finite = drawn[np.isfinite(drawn)]
    return (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
