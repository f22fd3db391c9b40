"""Regularization layers."""

from __future__ import annotations

from functools import partial

from graph.catalog.common import IMAGES, layer, real

FAMILY = "regularization"
_layer = partial(layer, FAMILY, params=(real("p", 0.5, "Share that is dropped, from 0 to 1.", minimum=0, maximum=1),))

TYPES = (
    _layer("Dropout", "dropout", "Sets random numbers to 0 while training, against learning by heart.",
           summary="Dropout p={p}", synonyms=("regularization", "overfitting")),
    _layer("Dropout2d", "dropout", "Sets random whole channels of images to 0 while training.",
           port=IMAGES, summary="Dropout2d p={p}", synonyms=("regularization", "overfitting", "channels")),
    _layer("AlphaDropout", "dropout", "Drops random numbers while training but keeps mean and variance, for SELU.",
           summary="AlphaDropout p={p}", synonyms=("regularization", "overfitting", "selu")),
)  # fmt: skip
