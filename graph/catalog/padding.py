"""Padding layers: what is added around sequences, images and volumes."""

from __future__ import annotations

from graph.catalog.common import RANKS, Rank, layer, real
from graph.catalog.types import Kind, NodeType, Param

FAMILY = "padding"

_SIDES = {
    1: "Positions added left and right; one number stands for both.",
    2: "Pixels added left, right, above and below; one number stands for all four.",
    3: "Voxels added left, right, above, below, in front and behind; one number stands for all six.",
}


def _pad(rank: Rank, kind: str, text: str, *more: Param) -> NodeType:
    name = f"{kind}Pad{rank.dims}d"
    padding = Param(name="padding", kind=Kind.INTS, length=2 * rank.dims, minimum=0, default=1, required=True,
                    help=_SIDES[rank.dims])  # fmt: skip
    return layer(
        FAMILY, name, "pad", text, port=rank.port, summary=f"{name} {{padding}}",
        synonyms=("padding", "border"), params=(padding, *more),
    )  # fmt: skip


def _constant(rank: Rank) -> NodeType:
    value = real("value", 0.0, "The number that the border is filled with.", required=True)
    return _pad(rank, "Constant", f"Adds a border of one number to {rank.many}.", value)


TYPES = (
    *(_pad(rank, "Zero", f"Adds a border of zeros to {rank.many}.") for rank in RANKS),
    *map(_constant, RANKS),
    *(_pad(rank, "Reflection", f"Adds a border to {rank.many} that mirrors what lies inside.") for rank in RANKS),
    *(_pad(rank, "Replication", f"Adds a border to {rank.many} that repeats the outermost numbers.") for rank in RANKS),
    *(_pad(rank, "Circular", f"Adds a border to {rank.many} that continues from the opposite side.") for rank in RANKS),
)
