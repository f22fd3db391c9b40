"""Multiply-accumulates of the layers that most networks are made of: PyTorch's own count takes longer than the layer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod
from typing import Any

from runtime.analysis import TensorSpec

Values = Mapping[str, Any]


def _numbers(spec: TensorSpec) -> int:
    """How many numbers one sample has; none where there is no batch, since those are computed once for all samples."""
    if all(isinstance(size, int) for size in spec.shape):
        return 0
    return prod(_sizes(spec))


def _sizes(spec: TensorSpec) -> list[int]:
    """The sizes of one sample; a multiple of the batch counts as that many samples."""
    return [size if isinstance(size, int) else int(size.rpartition("·")[0] or 1) for size in spec.shape]


def _kernel(values: Values, given: TensorSpec) -> int:
    size = values["kernel_size"]
    return prod(size) if isinstance(size, tuple) else size ** (len(given.shape) - 2)


def _linear(values: Values, given: TensorSpec, result: TensorSpec) -> int:
    return _numbers(result) * values["in_features"]


def _convolution(values: Values, given: TensorSpec, result: TensorSpec) -> int:
    return _numbers(result) * _kernel(values, given) * values["in_channels"] // values["groups"]


def _transposed(values: Values, given: TensorSpec, result: TensorSpec) -> int:
    return _numbers(given) * _kernel(values, given) * values["out_channels"] // values["groups"]


# Every number of the result is a sum over the kernel and the channels of its group; of a transposed convolution, every
# number of the input adds to as many results. The tests compare with torch.utils.flop_counter.FlopCounterMode.
COUNTED: Mapping[str, Callable[[Values, TensorSpec, TensorSpec], int]] = {
    "torch.nn.Linear": _linear,
    **{f"torch.nn.Conv{dims}d": _convolution for dims in (1, 2, 3)},
    **{f"torch.nn.ConvTranspose{dims}d": _transposed for dims in (1, 2, 3)},
}
# Families (without parameters to learn) and types of one input that give it back in its shape whatever its sizes, once
# they did so for one of as many dimensions and of that dtype.
KEEPING_FAMILIES = frozenset({"activation", "regularization"})
KEEPING_TYPES = frozenset(f"torch.nn.BatchNorm{dims}d" for dims in (1, 2, 3))
