"""Many numbers into one along a dimension: sums, means, extremes."""

from __future__ import annotations

from functools import partial

from graph.catalog.common import ANYTHING, NUMBERS, dimension, dimensions, flag, operation, real, whole
from graph.catalog.types import NodeType, Param, PortType

FAMILY = "arithmetic"

_SEVERAL = dimensions((-1,), "The dimension to go along, or several; 0 is the batch, -1 the last.")
_ONE = dimension(-1, "The dimension to go along; 0 is the batch, -1 the last.")
_KEEP = flag("keepdim", False, "Keep the dimension with the size 1, so that the result fits the input again.")
_CORRECTION = whole(
    "correction", 1, "What the number of values is lowered by: 1 for a sample, 0 for the whole.", minimum=0
)


def _reduction(
    name: str, stem: str, text: str, *synonyms: str, port: PortType = NUMBERS, dim: Param = _SEVERAL,
    gives: str = "", params: tuple[Param, ...] = (),
) -> NodeType:  # fmt: skip
    return operation(
        name, FAMILY, stem, text, inputs=(port,), outputs=(PortType(name="output", dtype=gives or port.dtype),),
        summary=f"{name} dim {{dim}}", synonyms=("reduce", *synonyms), params=(dim, _KEEP, *params),
    )  # fmt: skip


def _with_places(
    name: str, stem: str, text: str, *synonyms: str, first: tuple[Param, ...] = (), then: tuple[Param, ...] = ()
) -> NodeType:
    """The numbers that were found along a dimension, and where they were."""
    return operation(
        name, FAMILY, stem, text, inputs=(ANYTHING,), outputs=_FOUND, summary=f"{name} dim {{dim}}", synonyms=synonyms,
        params=(*first, _ONE, *then),
    )  # fmt: skip


_FOUND = (
    PortType(name="values", help="The numbers."),
    PortType(name="indices", dtype="integer", help="Their places along the dimension."),
)
_index_of = partial(_reduction, port=ANYTHING, dim=_ONE, gives="integer")

TYPES = (
    _reduction("Sum", "sum", "Adds up the numbers along a dimension.", "total", "torch.sum", port=ANYTHING),
    _reduction("Mean", "mean", "The mean of the numbers along a dimension.", "average", "pool", "torch.mean"),
    _reduction("Max", "max", "The largest number along a dimension.", "largest", "pool", "torch.amax", port=ANYTHING),
    _reduction("Min", "min", "The smallest number along a dimension.", "smallest", "torch.amin", port=ANYTHING),
    _reduction("Variance", "variance", "The variance of the numbers along a dimension.", "torch.var",
               params=(_CORRECTION,)),
    _reduction("StandardDeviation", "std", "The standard deviation of the numbers along a dimension.", "torch.std",
               params=(_CORRECTION,)),
    _reduction("Norm", "norm", "The length of the vectors along a dimension.", "euclidean", "l1", "l2",
               "torch.linalg.vector_norm", params=(real("ord", 2.0, "2: Euclidean; 1: the sum of sizes.", minimum=0),)),
    _reduction("LogSumExp", "logsumexp", "The logarithm of the sum of exponentials along a dimension: a soft maximum.",
               "softmax", "energy", "torch.logsumexp"),
    _index_of("ArgMax", "argmax", "The place of the largest number along a dimension.", "predicted class", "index",
              "torch.argmax"),
    _index_of("ArgMin", "argmin", "The place of the smallest number along a dimension.", "nearest", "index",
              "torch.argmin"),
    _with_places("MaxWithIndices", "maxat", "The largest number along a dimension, and its place.", "largest", "torch.max",
                 then=(_KEEP,)),
    _with_places("MinWithIndices", "minat", "The smallest number along a dimension, and its place.", "smallest", "torch.min",
                 then=(_KEEP,)),
    _with_places("TopK", "topk", "The k largest numbers along a dimension, and their places.", "largest", "best",
                 "beam", "mixture of experts", "torch.topk",
                 first=(whole("k", 1, "How many.", minimum=1, required=True),),
                 then=(flag("largest", True, "The largest numbers; else the smallest."),
                       flag("sorted", True, "Whether they come in order."))),
    _with_places("Sort", "sort", "The numbers along a dimension in order, and where they were.", "order", "rank", "torch.sort",
                 then=(flag("descending", False, "The largest first."),)),
    _reduction("Product", "product", "Multiplies the numbers along a dimension.", "times", "torch.prod", port=ANYTHING,
               dim=_ONE),
    _reduction("Any", "any", "Yes where at least one number along a dimension is not 0.", "or", "torch.any", port=ANYTHING,
               gives="any"),
    _reduction("All", "all", "Yes where no number along a dimension is 0.", "and", "torch.all", port=ANYTHING, gives="any"),
    operation("CumulativeSum", FAMILY, "cumsum", "The sum of all numbers so far along a dimension.",
              inputs=(ANYTHING,), summary="CumulativeSum dim {dim}", synonyms=("running total", "torch.cumsum"),
              params=(_ONE,)),
)  # fmt: skip
