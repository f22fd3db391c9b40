"""Regularization layers."""

from __future__ import annotations

from functools import partial

from graph.catalog.common import CHANNELS, RANKS, Rank, layer, real
from graph.catalog.types import NodeType

FAMILY = "regularization"
_layer = partial(layer, FAMILY, params=(real("p", 0.5, "Share that is dropped, from 0 to 1.", minimum=0, maximum=1),))
_AGAINST = ("regularization", "overfitting")


def _channels(rank: Rank) -> NodeType:
    name = f"Dropout{rank.dims}d"
    return _layer(name, "dropout", f"Sets random whole channels of {rank.many} to 0 while training.",
                  port=rank.port, summary=f"{name} p={{p}}", synonyms=(*_AGAINST, "channels"))  # fmt: skip


TYPES = (
    _layer("Dropout", "dropout", "Sets random numbers to 0 while training, against learning by heart.",
           summary="Dropout p={p}", synonyms=_AGAINST),
    *map(_channels, RANKS),
    _layer("AlphaDropout", "dropout", "Drops random numbers while training but keeps mean and variance, for SELU.",
           summary="AlphaDropout p={p}", synonyms=(*_AGAINST, "selu")),
    _layer("FeatureAlphaDropout", "dropout",
           "Drops random whole channels while training but keeps mean and variance, for SELU.",
           port=CHANNELS, summary="FeatureAlphaDropout p={p}", synonyms=(*_AGAINST, "selu", "channels")),
)  # fmt: skip
