"""Normalization layers."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from graph.catalog.common import CHANNELS, FEATURES, IMAGES, flag, inferred, layer, real, whole
from graph.catalog.types import Auto, Kind, Param

FAMILY = "normalization"
_layer = partial(layer, FAMILY)

_CHANNELS_HELP = "Number of channels of the input. Follows from the input unless you pin it."
_NUM_FEATURES = inferred("num_features", 1, _CHANNELS_HELP)
_EPS = real("eps", 1e-5, "A small number that keeps the division from failing.", minimum=0)
_MOMENTUM = real("momentum", 0.1, "Weight of the newest batch in the running statistics.", minimum=0, maximum=1)
_AFFINE = flag("affine", True, "Learns a scale and an offset for each channel.")
_RUNNING = flag("track_running_stats", True, "Remembers mean and variance from training and uses them afterwards.")

_BATCH_NORM = (
    _NUM_FEATURES, _EPS,
    replace(_MOMENTUM, optional=True,
            help="Weight of the newest batch in the running statistics; a plain average if empty."),
    _AFFINE, _RUNNING,
)  # fmt: skip

TYPES = (
    _layer("BatchNorm1d", "norm", "Brings every feature to mean 0 and variance 1 over the batch.",
           port=replace(CHANNELS, ndim=(2, 3)), trainable="affine", synonyms=("batch normalization", "bn"),
           params=_BATCH_NORM),
    _layer("BatchNorm2d", "norm", "Brings every channel to mean 0 and variance 1 over a batch of images.",
           port=IMAGES, trainable="affine", synonyms=("batch normalization", "bn"), params=_BATCH_NORM),
    _layer("LayerNorm", "norm", "Brings the last dimension of every sample to mean 0 and variance 1.",
           port=FEATURES, trainable="elementwise_affine", synonyms=("layer normalization", "ln"),
           params=(
               Param(name="normalized_shape", kind=Kind.INTS, minimum=1, required=True, auto=Auto("input", -1),
                     help="Sizes of the last dimensions to normalize over. Follows from the input unless you pin it."),
               _EPS,
               flag("elementwise_affine", True, "Learns a scale and an offset for each entry."),
               flag("bias", True, "Learns the offset too, not only the scale."),
           )),
    _layer("GroupNorm", "norm", "Brings groups of channels of every sample to mean 0 and variance 1.",
           port=CHANNELS, trainable="affine", summary="GroupNorm {num_groups}", synonyms=("group normalization",),
           params=(
               whole("num_groups", 4, "Number of groups; must divide the number of channels.",
                     minimum=1, required=True),
               inferred("num_channels", 1, _CHANNELS_HELP),
               _EPS, _AFFINE,
           )),
    _layer("InstanceNorm2d", "norm", "Brings every channel of every image to mean 0 and variance 1.",
           port=IMAGES, trainable="affine", synonyms=("instance normalization", "style"),
           params=(_NUM_FEATURES, _EPS, _MOMENTUM, replace(_AFFINE, default=False), replace(_RUNNING, default=False))),
    _layer("LocalResponseNorm", "lrn", "Divides each number by the strength of its neighbors in nearby channels.",
           port=replace(CHANNELS, ndim=(3, 4, 5)), summary="LocalResponseNorm {size}", synonyms=("lrn", "alexnet"),
           params=(
               whole("size", 5, "Number of nearby channels to look at.", minimum=1, required=True),
               real("alpha", 1e-4, "How much the neighbors count."),
               real("beta", 0.75, "The exponent of the neighbors' strength."),
               real("k", 1.0, "Added to the neighbors' strength."),
           )),
)  # fmt: skip
