"""Vision layers: they enlarge, shuffle and cut up images."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from graph.catalog.common import CHANNELS, IMAGES, RANKS, choice, layer, real, whole
from graph.catalog.types import PortType

FAMILY = "vision"
_layer = partial(layer, FAMILY)

_IMAGE = next(rank for rank in RANKS if rank.dims == 2)
_POINTS = replace(CHANNELS, ndim=(3, 4, 5))
_PATCHES = PortType(name="input", dtype="float", ndim=(3,), help="Patches: batch × numbers of a patch × patches.")
_OUTPUT_SIZE = _IMAGE.per_axis("output_size", 8, "Height and width of the output, in pixels.",
                               minimum=1, required=True, keyword=True)  # fmt: skip
_SLIDING = (
    _IMAGE.per_axis(
        "kernel_size", 2, "Height and width of a patch, in pixels.", minimum=1, required=True, keyword=True
    ),
    _IMAGE.per_axis("dilation", 1, "Distance between the points of a patch, in pixels.", minimum=1),
    _IMAGE.per_axis("padding", 0, "Pixels added on every side of the image.", minimum=0),
    _IMAGE.per_axis("stride", 1, "Step from patch to patch, in pixels.", minimum=1),
)
_MODES = ("nearest", "nearest-exact", "linear", "bilinear", "bicubic", "trilinear")

TYPES = (
    _layer("Upsample", "upsample", "Enlarges sequences, images or volumes by repeating or blending their points.",
           port=_POINTS, summary="Upsample ×{scale_factor}", synonyms=("resize", "enlarge", "interpolate"),
           params=(real("scale_factor", 2.0, "How many times larger the output becomes.", minimum=0.01,
                        required=True, keyword=True),
                   choice("mode", _MODES, "How new points are made: linear only for sequences, bilinear and bicubic only "
                                          "for images, trilinear only for volumes."))),
    _layer("PixelShuffle", "shuffle", "Makes images larger by turning channels into pixels.",
           port=IMAGES, summary="PixelShuffle ×{upscale_factor}", synonyms=("depth to space", "sub-pixel", "upsample"),
           params=(whole("upscale_factor", 2, "How many times larger the image becomes; its square divides the channels.",
                         minimum=1, required=True),)),
    _layer("PixelUnshuffle", "unshuffle", "Makes images smaller by turning pixels into channels.",
           port=IMAGES, summary="PixelUnshuffle ÷{downscale_factor}", synonyms=("space to depth", "downsample"),
           params=(whole("downscale_factor", 2, "How many times smaller the image becomes; divides height and width.",
                         minimum=1, required=True),)),
    _layer("ChannelShuffle", "shuffle", "Mixes the channels of several groups, after a convolution with groups.",
           port=_POINTS, summary="ChannelShuffle {groups}", synonyms=("shufflenet", "permute"),
           params=(whole("groups", 2, "Number of groups; must divide the number of channels.",
                         minimum=1, required=True),)),
    _layer("Unfold", "unfold", "Cuts images into patches, which may overlap, each a column of numbers.",
           port=IMAGES, summary="Unfold {kernel_size}", synonyms=("im2col", "patches", "sliding window"),
           params=_SLIDING),
    _layer("Fold", "fold", "Puts patches together into images and adds them up where they overlap.",
           port=_PATCHES, summary="Fold {output_size}", synonyms=("col2im", "patches"),
           params=(_OUTPUT_SIZE, *_SLIDING)),
)  # fmt: skip
