"""Convolution layers."""

from __future__ import annotations

from functools import partial

from graph.catalog.common import IMAGES, choice, flag, inferred, layer, pair, whole

FAMILY = "convolution"
_layer = partial(layer, FAMILY)

_IN_CHANNELS = inferred("in_channels", 1, "Number of channels of the input. Follows from the input unless you pin it.")
_OUT_CHANNELS = whole("out_channels", 16, "Number of channels that the convolution produces: one filter each.",
                      minimum=1, required=True)  # fmt: skip
_KERNEL_SIZE = pair("kernel_size", 3, "Height and width of the filters, in pixels.",
                    minimum=1, required=True, keyword=True)  # fmt: skip
_STRIDE = pair("stride", 1, "Step of the filters, in pixels.", minimum=1)
_DILATION = pair("dilation", 1, "Distance between the points of a filter, in pixels.", minimum=1)
_GROUPS = whole("groups", 1, "Splits the channels into groups apart from each other; must divide both channel counts.",
                minimum=1)  # fmt: skip
_BIAS = flag("bias", True, "Adds a learned number to each output channel.")

TYPES = (
    _layer(
        "Conv2d", "conv", "2D convolution: slides learned filters over an image.",
        port=IMAGES, trainable=True, summary="Conv2d {out_channels}, {kernel_size}",
        synonyms=("convolution", "filter", "cnn"),
        params=(
            _IN_CHANNELS, _OUT_CHANNELS, _KERNEL_SIZE, _STRIDE,
            pair("padding", 0, "Pixels added on every side of the input; 'same' keeps its size.",
                 minimum=0, choices=("same", "valid")),
            _DILATION, _GROUPS, _BIAS,
            choice("padding_mode", ("zeros", "reflect", "replicate", "circular"), "What the padding is filled with."),
        ),
    ),
    _layer(
        "ConvTranspose2d", "deconv", "Transposed 2D convolution: enlarges an image with learned filters.",
        port=IMAGES, trainable=True, summary="ConvTranspose2d {out_channels}, {kernel_size}",
        synonyms=("deconvolution", "upsample"),
        params=(
            _IN_CHANNELS, _OUT_CHANNELS, _KERNEL_SIZE, _STRIDE,
            pair("padding", 0, "Takes this many pixels away from every side of the output.", minimum=0),
            pair("output_padding", 0, "Pixels added on one side of the output.", minimum=0),
            _GROUPS, _BIAS, _DILATION,
        ),
    ),
)  # fmt: skip
