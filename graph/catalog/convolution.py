"""Convolution layers."""

from __future__ import annotations

from functools import partial

from graph.catalog.common import RANKS, Rank, choice, flag, inferred, layer, whole
from graph.catalog.types import NodeType, Param

FAMILY = "convolution"
_layer = partial(layer, FAMILY, trainable=True)

_IN_CHANNELS = inferred("in_channels", 1, "Number of channels of the input. Follows from the input unless you pin it.")
_OUT_CHANNELS = whole("out_channels", 16, "Number of channels that the convolution produces: one filter each.",
                      minimum=1, required=True)  # fmt: skip
_GROUPS = whole("groups", 1, "Splits the channels into groups apart from each other; must divide both channel counts.",
                minimum=1)  # fmt: skip
_BIAS = flag("bias", True, "Adds a learned number to each output channel.")
_PADDING_MODE = choice(
    "padding_mode", ("zeros", "reflect", "replicate", "circular"), "What the padding is filled with."
)


def _convolution(rank: Rank) -> NodeType:
    name, units = f"Conv{rank.dims}d", rank.units.capitalize()
    return _layer(
        name, "conv", f"{rank.dims}D convolution: slides learned filters over {rank.one}.",
        port=rank.port, summary=f"{name} {{out_channels}}, {{kernel_size}}", synonyms=("convolution", "filter", "cnn"),
        params=(
            *_filters(rank),
            rank.per_axis("padding", 0, f"{units} added on every side of the input; 'same' keeps its size.",
                          minimum=0, choices=("same", "valid")),
            _dilation(rank), _GROUPS, _BIAS, _PADDING_MODE,
        ),
    )  # fmt: skip


def _transposed(rank: Rank) -> NodeType:
    name, units = f"ConvTranspose{rank.dims}d", rank.units
    return _layer(
        name, "deconv", f"Transposed {rank.dims}D convolution: enlarges {rank.one} with learned filters.",
        port=rank.port, summary=f"{name} {{out_channels}}, {{kernel_size}}", synonyms=("deconvolution", "upsample"),
        params=(
            *_filters(rank),
            rank.per_axis("padding", 0, f"Takes this many {units} away from every side of the output.", minimum=0),
            rank.per_axis("output_padding", 0, f"{units.capitalize()} added on one side of the output.", minimum=0),
            _GROUPS, _BIAS, _dilation(rank),
        ),
    )  # fmt: skip


def _filters(rank: Rank) -> tuple[Param, ...]:
    """The filters of a convolution: how many, how large, and how they step."""
    return (
        _IN_CHANNELS, _OUT_CHANNELS,
        rank.per_axis("kernel_size", 3, f"{rank.sizes} of the filters, in {rank.units}.",
                      minimum=1, required=True, keyword=True),
        rank.per_axis("stride", 1, f"Step of the filters, in {rank.units}.", minimum=1),
    )  # fmt: skip


def _dilation(rank: Rank) -> Param:
    return rank.per_axis("dilation", 1, f"Distance between the points of a filter, in {rank.units}.", minimum=1)


TYPES = (*map(_convolution, RANKS), *map(_transposed, RANKS))
