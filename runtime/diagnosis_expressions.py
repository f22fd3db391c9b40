"""Kinds of numbers that an expression of a person cannot take, found by computing one sample of zeros.

Without memory PyTorch computes shapes alone, and lets pass what no device can compute, such as yes minus no.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map_only

from graph.messages import msg
from graph.problems import Problem
from graph.tensor_expressions import written
from runtime.analysis import Dim, TensorSpec
from runtime.guard import check_source

if TYPE_CHECKING:
    from runtime.diagnosis import Situation

_MOST = 10_000_000  # numbers of a sample, and of all that is computed from it; what has more is not tried
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
        with torch.no_grad(), _Bounded():
            eval(expression, {"torch": torch, "nn": torch.nn, **dict(zip(names, zeros, strict=True))})
    except Exception as error:  # whatever it is, the analysis meets it again if it is of shapes; too large says nothing
        found = str(error).strip().split("\n")[0][:300]
        return found if _OF_KINDS.search(found) else ""
    return ""


class _TooLarge(Exception):
    """There is no memory to spare for an answer about kinds of numbers."""


class _Bounded(TorchDispatchMode):
    """Works out the size of each result before there is memory for it, and gives up once all together exceed the limit."""

    def __init__(self) -> None:
        super().__init__()
        self._left = _MOST

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        given = (args, kwargs or {})
        sizes_of, named = tree_map_only(torch.Tensor, lambda tensor: tensor.to("meta"), given)
        results = tree_leaves(func(*sizes_of, **named))
        self._left -= sum(result.numel() for result in results if isinstance(result, torch.Tensor))
        if self._left < 0:
            raise _TooLarge
        return func(*args, **given[1])


def _of_one_sample(dim: Dim) -> int:
    return dim if isinstance(dim, int) else int(dim.rpartition("·")[0] or 1)
