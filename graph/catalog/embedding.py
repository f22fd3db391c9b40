"""Embeddings: learned vectors for words, categories and other whole numbers."""

from __future__ import annotations

from functools import partial

from graph.catalog.common import choice, flag, layer, real, whole
from graph.catalog.types import PortType

FAMILY = "embedding"
_layer = partial(layer, FAMILY, output="float", trainable=True)

_INDICES = PortType(name="input", dtype="integer", help="Indices from 0, in any shape.")
_BAGS = PortType(name="input", dtype="integer", ndim=(2,), help="Indices from 0: batch × indices.")
_SIZES = (
    whole("num_embeddings", 1000, "Number of different indices: the size of the vocabulary.", minimum=1, required=True),
    whole("embedding_dim", 64, "Length of each vector.", minimum=1, required=True),
)
_PADDING_IDX = whole("padding_idx", None, "The index that stands for nothing and learns nothing; none if empty.",
                     optional=True)  # fmt: skip
_NORM = (
    real("max_norm", None, "Longer vectors are shortened to this length; none if empty.", minimum=1e-6, optional=True),
    real("norm_type", 2.0, "The p of the norm that measures the length.", minimum=1e-6),
    flag("scale_grad_by_freq", False, "Divides the gradient of an index by how often it is in the batch."),
)

TYPES = (
    _layer("Embedding", "embedding", "Looks up a learned vector for every whole number, such as the index of a word.",
           port=_INDICES, summary="Embedding {num_embeddings} × {embedding_dim}",
           synonyms=("lookup", "word vectors", "token", "vocabulary"), params=(*_SIZES, _PADDING_IDX, *_NORM)),
    _layer("EmbeddingBag", "embedding", "Looks up a learned vector for every whole number and joins those of a sample.",
           port=_BAGS, summary="EmbeddingBag {num_embeddings} × {embedding_dim}",
           synonyms=("bag of words", "lookup", "vocabulary"),
           params=(*_SIZES, *_NORM, choice("mode", ("mean", "sum", "max"), "How the vectors of a sample are joined."),
                   _PADDING_IDX)),
)  # fmt: skip
