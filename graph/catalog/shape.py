"""Nodes that change the shape of what flows through."""

from __future__ import annotations

from functools import partial

from graph.catalog.common import ANYTHING, layer, operation, whole
from graph.catalog.types import Kind, Param

FAMILY = "shape"
_layer = partial(layer, FAMILY)

TYPES = (
    _layer("Flatten", "flatten", "Puts several dimensions one after the other into a single one.",
           port=ANYTHING, summary="Flatten {start_dim}…{end_dim}", synonyms=("reshape", "view", "vector"),
           params=(whole("start_dim", 1, "The first dimension to merge; 0 is the batch."),
                   whole("end_dim", -1, "The last dimension to merge; -1 is the last of all."))),
    _layer("Unflatten", "unflatten", "Splits one dimension into several.",
           port=ANYTHING, summary="Unflatten {unflattened_size}", synonyms=("reshape", "view"),
           params=(whole("dim", 1, "The dimension to split.", required=True),
                   Param(name="unflattened_size", kind=Kind.INTS, minimum=-1, default=(-1, 1, 1), required=True,
                         help="The sizes to split it into; one of them may be -1 and follows."))),
    operation("Reshape", FAMILY, "reshape", "Gives every sample another shape with as many numbers.",
              inputs=(ANYTHING,), summary="Reshape {shape}", synonyms=("view", "flatten"),
              params=(Param(name="shape", kind=Kind.INTS, minimum=-1, default=(-1,), required=True,
                            help="The new shape without the batch; one size may be -1 and follows."),)),
)  # fmt: skip
