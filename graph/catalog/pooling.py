"""Pooling layers."""

from __future__ import annotations

from functools import partial

from graph.catalog.common import IMAGES, flag, layer, pair, whole

FAMILY = "pooling"
_layer = partial(layer, FAMILY, port=IMAGES)

_WINDOW = (
    pair("kernel_size", 2, "Height and width of the window, in pixels.", minimum=1, required=True),
    pair("stride", None, "Step of the window, in pixels; the size of the window if empty.", minimum=1, optional=True),
    pair("padding", 0, "Pixels added on every side of the input; at most half the window.", minimum=0),
)
_CEIL_MODE = flag("ceil_mode", False, "Keeps a last window that reaches over the border.")
_OUTPUT_SIZE = pair("output_size", 1, "Height and width of the output, in pixels.", minimum=1, required=True)

TYPES = (
    _layer(
        "MaxPool2d", "pool", "Keeps the largest number of every window and so makes an image smaller.",
        summary="MaxPool2d {kernel_size}", synonyms=("maximum", "downsample", "subsampling"),
        params=(*_WINDOW, pair("dilation", 1, "Distance between the points of a window, in pixels.", minimum=1),
                _CEIL_MODE),
    ),
    _layer(
        "AvgPool2d", "pool", "Averages every window and so makes an image smaller.",
        summary="AvgPool2d {kernel_size}", synonyms=("average", "mean", "downsample", "subsampling"),
        params=(
            *_WINDOW, _CEIL_MODE,
            flag("count_include_pad", True, "Counts the padding as zeros in the average."),
            whole("divisor_override", None, "Divides by this number; by the size of the window if empty.",
                  minimum=1, optional=True),
        ),
    ),
    _layer(
        "AdaptiveAvgPool2d", "pool", "Averages an image of any size down to a fixed size.",
        summary="AdaptiveAvgPool2d {output_size}", synonyms=("global average pooling", "gap"), params=(_OUTPUT_SIZE,),
    ),
    _layer(
        "AdaptiveMaxPool2d", "pool", "Keeps the largest numbers of an image of any size, down to a fixed size.",
        summary="AdaptiveMaxPool2d {output_size}", synonyms=("global max pooling",), params=(_OUTPUT_SIZE,),
    ),
)  # fmt: skip
