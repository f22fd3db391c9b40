"""Pooling layers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from graph.catalog.common import RANKS, Rank, flag, layer, real, whole
from graph.catalog.types import NodeType, Param, Ports, PortType
from graph.model import Value

FAMILY = "pooling"
_layer = partial(layer, FAMILY)

_CEIL_MODE = flag("ceil_mode", False, "Keeps a last window that reaches over the border.")
_COUNT_PADDING = flag("count_include_pad", True, "Counts the padding as zeros in the average.")
_DIVISOR = whole("divisor_override", None, "Divides by this number; by the size of the window if empty.",
                 minimum=1, optional=True)  # fmt: skip
_POWER = real("norm_type", 2.0, "The power: 1 adds up the window; the larger it is, the nearer to its largest number.",
              minimum=1e-6, required=True)  # fmt: skip
_RATIO = real("output_ratio", 0.5, "Size of the output as a share of that of the input, between 0 and 1.",
              minimum=1e-6, maximum=1 - 1e-6, required=True, keyword=True)  # fmt: skip
_RETURN_INDICES = flag(
    "return_indices", False, "Gives the places of the largest numbers as a second output, for MaxUnpool."
)
_INDICES = PortType(name="indices", dtype="integer", help="The places of the largest numbers, as MaxPool gives them.")
_SMALLER = ("downsample", "subsampling")


def _max(rank: Rank) -> NodeType:
    name = f"MaxPool{rank.dims}d"
    return _layer(
        name, "pool", f"Keeps the largest number of every window and so makes {rank.one} smaller.",
        port=rank.port, summary=f"{name} {{kernel_size}}", synonyms=("maximum", *_SMALLER),
        params=(
            *_window(rank), _padding(rank),
            rank.per_axis("dilation", 1, f"Distance between the points of a window, in {rank.units}.", minimum=1),
            _RETURN_INDICES, _CEIL_MODE,
        ),
        ports=partial(_with_indices, rank.port), counts=("return_indices",),
    )  # fmt: skip


def _average(rank: Rank) -> NodeType:
    name, divisor = f"AvgPool{rank.dims}d", (_DIVISOR,) if rank.dims > 1 else ()
    return _layer(
        name, "pool", f"Averages every window and so makes {rank.one} smaller.",
        port=rank.port, summary=f"{name} {{kernel_size}}", synonyms=("average", "mean", *_SMALLER),
        params=(*_window(rank), _padding(rank), _CEIL_MODE, _COUNT_PADDING, *divisor),
    )  # fmt: skip


def _adaptive_average(rank: Rank) -> NodeType:
    name = f"AdaptiveAvgPool{rank.dims}d"
    return _layer(
        name, "pool", f"Averages {rank.one} of any size down to a fixed size.", port=rank.port,
        summary=f"{name} {{output_size}}", synonyms=("global average pooling", "gap"), params=(_output_size(rank),),
    )  # fmt: skip


def _adaptive_max(rank: Rank) -> NodeType:
    name = f"AdaptiveMaxPool{rank.dims}d"
    return _layer(
        name, "pool", f"Keeps the largest numbers of {rank.one} of any size, down to a fixed size.", port=rank.port,
        summary=f"{name} {{output_size}}", synonyms=("global max pooling",),
        params=(_output_size(rank), _RETURN_INDICES), ports=partial(_with_indices, rank.port), counts=("return_indices",),
    )  # fmt: skip


def _power(rank: Rank) -> NodeType:
    name = f"LPPool{rank.dims}d"
    return _layer(
        name, "pool", f"Takes the norm of every window, between sum and maximum, and so makes {rank.one} smaller.",
        port=rank.port, summary=f"{name} p={{norm_type}}, {{kernel_size}}", synonyms=("power average", *_SMALLER),
        params=(_POWER, *_window(rank), _CEIL_MODE),
    )  # fmt: skip


def _fractional(rank: Rank) -> NodeType:
    name = f"FractionalMaxPool{rank.dims}d"
    return _layer(
        name, "pool", f"Keeps the largest number of windows at random distances and so makes {rank.one} a bit smaller.",
        port=rank.port, summary=f"{name} ×{{output_ratio}}", synonyms=("random", "stochastic", *_SMALLER),
        params=(_kernel_size(rank), _RATIO, _RETURN_INDICES), ports=partial(_with_indices, rank.port), counts=("return_indices",),
    )  # fmt: skip


def _unpool(rank: Rank) -> NodeType:
    name = f"MaxUnpool{rank.dims}d"
    shape = PortType(name="output_size", optional=True, help="Something in the shape that the output shall have.")
    return _layer(
        name, "unpool", f"Undoes a MaxPool{rank.dims}d: puts each number back to its place and zeros elsewhere.",
        port=rank.port, others=(replace(_INDICES, ndim=rank.port.ndim), shape), summary=f"{name} {{kernel_size}}",
        synonyms=("upsample", "segnet", "decoder"), params=(*_window(rank), _padding(rank)),
    )  # fmt: skip


def _with_indices(port: PortType, values: Mapping[str, Value]) -> Ports:
    """What a pooling takes and gives."""
    output = PortType(name="output", dtype=port.dtype)
    return (port,), (output, _INDICES) if values["return_indices"] else (output,)


def _window(rank: Rank) -> tuple[Param, Param]:
    text = f"Step of the window, in {rank.units}; the size of the window if empty."
    return _kernel_size(rank), rank.per_axis("stride", None, text, minimum=1, optional=True)


def _kernel_size(rank: Rank) -> Param:
    return rank.per_axis("kernel_size", 2, f"{rank.sizes} of the window, in {rank.units}.", minimum=1, required=True)


def _padding(rank: Rank) -> Param:
    text = f"{rank.units.capitalize()} added on every side of the input; at most half the window."
    return rank.per_axis("padding", 0, text, minimum=0)


def _output_size(rank: Rank) -> Param:
    return rank.per_axis("output_size", 1, f"{rank.sizes} of the output, in {rank.units}.", minimum=1, required=True)


TYPES = (
    *map(_max, RANKS),
    *map(_average, RANKS),
    *map(_adaptive_average, RANKS),
    *map(_adaptive_max, RANKS),
    *map(_power, RANKS),
    *(_fractional(rank) for rank in RANKS if rank.dims > 1),
    *map(_unpool, RANKS),
)
