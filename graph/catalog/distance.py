"""Distances: how far two tensors are from each other."""

from __future__ import annotations

from functools import partial

from graph.catalog.common import flag, layer, real, whole
from graph.catalog.types import PortType

FAMILY = "distance"
_layer = partial(
    layer,
    FAMILY,
    port=PortType(name="x1", dtype="float", help="One side."),
    others=(PortType(name="x2", dtype="float", help="The other side, in the same shape."),),
)

TYPES = (
    _layer("CosineSimilarity", "cosine", "How far two vectors point the same way: 1 the same, 0 across, -1 opposite.",
           summary="CosineSimilarity dim {dim}", synonyms=("angle", "cosine distance"),
           params=(whole("dim", 1, "The dimension that holds the vectors; the output lacks it."),
                   real("eps", 1e-8, "A small number that keeps the division from failing.", minimum=0))),
    _layer("PairwiseDistance", "distance", "How far two vectors, which lie in the last dimension, are apart.",
           summary="PairwiseDistance p={p}", synonyms=("euclidean", "manhattan", "l2", "norm"),
           params=(real("p", 2.0, "The p of the norm: 2 measures straight, 1 along the axes."),
                   real("eps", 1e-6, "A small number added to every difference.", minimum=0),
                   flag("keepdim", False, "Keeps the last dimension, with size 1."))),
)  # fmt: skip
