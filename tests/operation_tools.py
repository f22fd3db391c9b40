"""Operations drawn alone, each input with data of its own."""

from __future__ import annotations

from typing import NamedTuple

import torch

from drawings import Drawing
from graph.model import Port

BATCH = 5
FLOATS, WHOLES, MARKS = "float32", "int64", "bool"


class Given(NamedTuple):
    """One input: the shape of a sample, and the dtype. Whole numbers go from 1 to 3."""

    shape: tuple[int, ...]
    dtype: str = FLOATS

    def tensor(self) -> torch.Tensor:
        shape = (BATCH, *self.shape)
        if self.dtype == FLOATS:
            return torch.rand(shape) + 0.5
        return torch.randint(1, 4, shape) if self.dtype == WHOLES else torch.rand(shape) > 0.5


SEQUENCE, WHOLE, MARK = Given((4, 6)), Given((4, 6), WHOLES), Given((4, 6), MARKS)
IMAGE, HEADS = Given((2, 8, 8)), Given((2, 4, 6))


def drawn(name: str, params: dict, inputs: tuple[Given | tuple[int, ...], ...]) -> Drawing:
    """The operation, called `result`, with data nodes data0, data1, ... for its inputs; a bare shape is of fractions."""
    d = Drawing()
    given = (i if isinstance(i, Given) else Given(i) for i in inputs)
    sources = [_data(d, f"data{i}", entry) for i, entry in enumerate(given)]
    d.add(f"op.{name}", "result", *sources, **params)
    return d


def _data(d: Drawing, name: str, given: Given) -> Port:
    answers = {"shape": [], "dtype": WHOLES}
    facts = {"samples": 9, "outputs": {"input": {"shape": list(given.shape), "dtype": given.dtype}, "target": answers}}
    d.add("data.Arrays", name, facts=facts, source="x.npz")
    return d.port(name, "input")
