"""Kinds of numbers that an expression of a person cannot take, found by computing one sample of zeros.

Without memory PyTorch computes shapes alone, and lets pass what no device can compute, such as yes minus no.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

import torch

from graph.messages import msg
from graph.problems import Problem
from graph.tensor_expressions import written
from runtime.analysis import Dim, TensorSpec
from runtime.guard import check_source

if TYPE_CHECKING:
    from runtime.diagnosis import Situation

_MOST = 10_000_000  # numbers of a sample; larger ones are not tried
_OF_KINDS = re.compile(r"\bbool\b|not implemented for", re.IGNORECASE)


def check_kinds(s: Situation) -> Iterator[Problem]:
    """A subtraction of yes and no, the rounding of a mask, and the like."""
    error = _failure(s.values["expression"], tuple(s.inputs.values()))
    if error:
        kinds = ", ".join(f"{s.source(port)}: {spec.dtype}" for port, spec in s.inputs.items())
        text = msg("'{node}' cannot compute with these kinds of numbers ({kinds}). Put a ToDtype before it, or .float() into the "
                   "expression. PyTorch says: {error}", node=s.node.name, kinds=kinds, error=error)  # fmt: skip
        yield s.problem("wrong-dtype", text)


@lru_cache(maxsize=1024)
def _failure(text: str, specs: tuple[TensorSpec, ...]) -> str:
    """What PyTorch says of the kinds of numbers; empty where it has nothing to say of them."""
    sizes = [[_of_one_sample(dim) for dim in spec.shape] for spec in specs]
    if sum(torch.Size(size).numel() for size in sizes) > _MOST:
        return ""
    names = [f"x{i}" for i in range(len(specs))]
    expression = written(text, names)
    check_source(expression)
    zeros = (torch.zeros(size, dtype=getattr(torch, spec.dtype)) for size, spec in zip(sizes, specs, strict=True))
    try:
        with torch.no_grad():
            eval(expression, {"torch": torch, "nn": torch.nn, **dict(zip(names, zeros, strict=True))})
    except Exception as error:  # whatever it is, the analysis meets it again if it is of shapes
        found = str(error).strip().split("\n")[0][:300]
        return found if _OF_KINDS.search(found) else ""
    return ""


def _of_one_sample(dim: Dim) -> int:
    return dim if isinstance(dim, int) else int(dim.rpartition("·")[0] or 1)
