"""Normalization layers."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from graph.catalog.common import CHANNELS, FEATURES, RANKS, Rank, flag, inferred, layer, real, whole
from graph.catalog.types import Auto, Kind, NodeType, Param, PortType

FAMILY = "normalization"
_layer = partial(layer, FAMILY)

_CHANNELS_HELP = "Number of channels of the input. Follows from the input unless you pin it."
_NUM_FEATURES = inferred("num_features", 1, _CHANNELS_HELP)
_EPS = real("eps", 1e-5, "A small number that keeps the division from failing.", minimum=0)
_MOMENTUM = real("momentum", 0.1, "Weight of the newest batch in the running statistics.", minimum=0, maximum=1)
_AFFINE = flag("affine", True, "Learns a scale and an offset for each channel.")
_RUNNING = flag("track_running_stats", True, "Remembers mean and variance from training and uses them afterwards.")
_NORMALIZED_SHAPE = Param(
    name="normalized_shape", kind=Kind.INTS, minimum=1, required=True, auto=Auto("input", -1),
    help="Sizes of the last dimensions to normalize over. Follows from the input unless you pin it.",
)  # fmt: skip

_BATCH_NORM = (
    _NUM_FEATURES, _EPS,
    replace(_MOMENTUM, optional=True,
            help="Weight of the newest batch in the running statistics; a plain average if empty."),
    _AFFINE, _RUNNING,
)  # fmt: skip
_INSTANCE_NORM = (_NUM_FEATURES, _EPS, _MOMENTUM, replace(_AFFINE, default=False), replace(_RUNNING, default=False))


def _batch_norm(dims: int, text: str, port: PortType) -> NodeType:
    return _layer(f"BatchNorm{dims}d", "norm", text, port=port, trainable="affine",
                  synonyms=("batch normalization", "bn"), params=_BATCH_NORM)  # fmt: skip


def _instance_norm(rank: Rank) -> NodeType:
    return _layer(
        f"InstanceNorm{rank.dims}d", "norm", f"Brings every channel of {rank.one} to mean 0 and variance 1.",
        port=rank.port, trainable="affine", synonyms=("instance normalization", "style"), params=_INSTANCE_NORM,
    )  # fmt: skip


TYPES = (
    _batch_norm(1, "Brings every feature to mean 0 and variance 1 over the batch.", replace(CHANNELS, ndim=(2, 3))),
    *(_batch_norm(rank.dims, f"Brings every channel to mean 0 and variance 1 over a batch of {rank.many}.", rank.port)
      for rank in RANKS if rank.dims > 1),
    _layer("LayerNorm", "norm", "Brings the last dimension of every sample to mean 0 and variance 1.",
           port=FEATURES, trainable="elementwise_affine", synonyms=("layer normalization", "ln"),
           params=(
               _NORMALIZED_SHAPE, _EPS,
               flag("elementwise_affine", True, "Learns a scale and an offset for each entry."),
               flag("bias", True, "Learns the offset too, not only the scale."),
           )),
    _layer("RMSNorm", "norm", "Divides the last dimension of every sample by its root mean square.",
           port=FEATURES, trainable="elementwise_affine", synonyms=("root mean square normalization", "llama"),
           params=(
               _NORMALIZED_SHAPE,
               real("eps", None, "A small number that keeps the division from failing; the smallest step above 1 if empty.",
                    minimum=0, optional=True),
               flag("elementwise_affine", True, "Learns a scale for each entry."),
           )),
    _layer("GroupNorm", "norm", "Brings groups of channels of every sample to mean 0 and variance 1.",
           port=CHANNELS, trainable="affine", summary="GroupNorm {num_groups}", synonyms=("group normalization",),
           params=(
               whole("num_groups", 4, "Number of groups; must divide the number of channels.",
                     minimum=1, required=True),
               inferred("num_channels", 1, _CHANNELS_HELP),
               _EPS, _AFFINE,
           )),
    *map(_instance_norm, RANKS),
    _layer("LocalResponseNorm", "lrn", "Divides each number by the strength of its neighbors in nearby channels.",
           port=replace(CHANNELS, ndim=(3, 4, 5)), summary="LocalResponseNorm {size}", synonyms=("lrn", "alexnet"),
           params=(
               whole("size", 5, "Number of nearby channels to look at.", minimum=1, required=True),
               real("alpha", 1e-4, "How much the neighbors count."),
               real("beta", 0.75, "The exponent of the neighbors' strength."),
               real("k", 1.0, "Added to the neighbors' strength."),
           )),
)  # fmt: skip
