"""Dimensions that an operation names: whether they exist, and whether one of them is the batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from graph.messages import msg
from graph.problems import Problem
from runtime.analysis import TensorSpec

if TYPE_CHECKING:
    from runtime.diagnosis import Situation

Check = Callable[["Situation"], Iterator[Problem]]

_DIMS = ("dim", "dims", "dim0", "dim1", "dim2")


def first(s: Situation) -> tuple[str, TensorSpec]:
    """The first input: its port, and what arrives there."""
    return next(iter(s.inputs.items()))


def given(s: Situation) -> dict[str, object]:
    """The words for a node and what feeds its first input."""
    port, spec = first(s)
    return {"node": s.node.name, "source": s.source(port), "given": spec}


def _entries(value: Any) -> tuple[int, ...]:
    return value if isinstance(value, tuple) else (value,)


def named_dims(s: Situation) -> list[int]:
    """All dimensions that the parameters name."""
    return [dim for name in _DIMS if name in s.values for dim in _entries(s.values[name])]


def check_dims(s: Situation, *, new: int = 0) -> Iterator[Problem]:
    """Every dimension exists (`new` more than the input has), and none is named twice."""
    port, spec = first(s)
    count = len(spec.shape) + new
    dims = named_dims(s)
    for dim in dims:
        if not -count <= dim < count:
            text = msg("'{node}' works on dimension {dim}, but '{source}' gives {given}. "
                       "Choose a dimension from 0, the batch, to {last}, or count from the end: -1 is the last.",
                       **given(s), dim=dim, last=count - 1)  # fmt: skip
            yield s.problem("dimension-range", text, port=port)
            return
    twice = next((dim for i, dim in enumerate(dims) if dim % count in [d % count for d in dims[:i]]), None)
    if twice is not None and s.node.type != "layerloom.Transpose":
        text = msg("'{node}' names dimension {dim} twice. Name every dimension once.", node=s.node.name, dim=twice)
        yield s.problem("dimension-twice", text, port=port)


def check_permutation(s: Situation) -> Iterator[Problem]:
    """Every dimension has its place."""
    port, spec = first(s)
    count, dims = len(spec.shape), named_dims(s)
    if len(dims) != count:
        text = msg("'{node}' puts {count} dimensions into order, but '{source}' gives {given}. "
                   "Name every dimension once: the numbers from 0 to {last}.",
                   **given(s), count=len(dims), last=count - 1)  # fmt: skip
        yield s.problem("permutation", text, port=port)


def _along_batch(s: Situation) -> int | None:
    """The first dimension of those named that is the batch."""
    shape = first(s)[1].shape
    count = len(shape)
    return next((d for d in named_dims(s) if -count <= d < count and isinstance(shape[d], str)), None)


def check_keeps_batch(s: Situation) -> Iterator[Problem]:
    """Nothing is taken out of the batch."""
    dim = _along_batch(s)
    if dim is not None:
        text = msg("'{node}' would take samples out of the batch, because dimension {dim} of '{source}' ({given}) is the batch. "
                   "Choose another dimension.", **given(s), dim=dim)  # fmt: skip
        yield s.problem("batch-dimension", text, port=first(s)[0])


def check_mixes_samples(s: Situation) -> Iterator[Problem]:
    """A warning where the samples of a batch meet."""
    dim = _along_batch(s)
    if dim is not None:
        text = msg("'{node}' mixes the samples of a batch, because dimension {dim} of '{source}' ({given}) is the batch. "
                   "Check that this is meant.", **given(s), dim=dim)  # fmt: skip
        yield s.problem("batch-dimension", text, port=first(s)[0], warn=True)


def size_along(s: Situation) -> int | None:
    """The size of the one dimension that the node works on, if it exists and is a number."""
    shape, (dim,) = first(s)[1].shape, named_dims(s)
    size = shape[dim] if -len(shape) <= dim < len(shape) else None
    return size if isinstance(size, int) else None
