"""Parts of a tensor, its dimensions in another order or number, and borders around it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from graph.catalog.common import ANYTHING, choice, dimension, dimensions, flag, operation, real, whole
from graph.catalog.types import Kind, Param, Ports, PortType

FAMILY = "shape"
_operation = partial(operation, family=FAMILY)
_of_anything = partial(_operation, inputs=(ANYTHING,))

_PIECES = 2  # of a new node that cuts something up
_MAX_PIECES = 64
_ALONG = dimension(1, "The dimension to go along; 1 is right after the batch, -1 the last.")


def _sizes(name: str, default: tuple[int, ...] | None, text: str, *, minimum: int | None = None, **more) -> Param:
    return Param(name=name, kind=Kind.INTS, default=default, minimum=minimum, help=text, **more)


def _pieces(values: Mapping[str, Any], *, count: str) -> Ports:
    """One output for every piece: as many as the parameter `count` says, or as it has entries."""
    pieces = values[count]
    return (ANYTHING,), _outputs(pieces if isinstance(pieces, int) else len(pieces))


def _outputs(count: int) -> tuple[PortType, ...]:
    return tuple(PortType(name=f"output{i}") for i in range(count))


def _cutting(name: str, count: Param, **more):
    return _of_anything(name, outputs=_outputs(_PIECES), ports=partial(_pieces, count=count.name), counts=(count.name,),
                        params=(count, _ALONG), **more)  # fmt: skip


TYPES = (
    _cutting("Split", _sizes("split_sizes", (1, 1), "The sizes of the pieces; together the size of the dimension.",
                             minimum=1, required=True),
             stem="split", text="Cuts a dimension into pieces of certain sizes; every piece is an output.",
             grows="split_sizes", summary="Split {split_sizes}", synonyms=("divide", "sections", "query key value", "torch.split")),
    _cutting("Chunk", whole("chunks", _PIECES, "The number of pieces.", minimum=2, maximum=_MAX_PIECES, required=True),
             stem="chunk", text="Cuts a dimension into equal pieces; every piece is an output.",
             grows="chunks", summary="Chunk into {chunks}", synonyms=("split", "halves", "gates", "query key value", "torch.chunk")),
    _cutting("Unbind", whole("count", _PIECES, "The size of the dimension, which is the number of outputs.",
                             minimum=2, maximum=_MAX_PIECES, required=True),
             stem="unbind", text="Takes a dimension apart: every place of it is an output, without the dimension.",
             summary="Unbind into {count}", synonyms=("unstack", "query key value", "torch.unbind")),
    _of_anything("Slice", stem="slice", text="A stretch of a dimension, as x[start:stop:step] in Python.",
                 summary="Slice dim {dim} from {start}", synonyms=("crop", "part", "range", "index"),
                 params=(_ALONG, whole("start", 0, "The first place; negative counts from the end."),
                         whole("stop", None, "The place after the last; empty: to the end; negative counts from the end.",
                               optional=True),
                         whole("step", 1, "How far from one place to the next; 2 takes every other one.", minimum=1))),
    _of_anything("Select", stem="select", text="One place of a dimension, which disappears, as x[:, index] in Python.",
                 summary="Select {index} of dim {dim}", synonyms=("index", "last step", "class token", "torch.select"),
                 params=(_ALONG, whole("index", 0, "The place; negative counts from the end.", required=True))),
    _of_anything("Narrow", stem="narrow", text="A stretch of a dimension with a certain length.",
                 summary="Narrow dim {dim}, {length} from {start}", synonyms=("crop", "part", "slice", "torch.narrow"),
                 params=(_ALONG, whole("start", 0, "The first place; negative counts from the end.", required=True),
                         whole("length", 1, "How many places.", minimum=1, required=True))),
    _of_anything("ChunkPiece", stem="piece", text="Cuts a dimension into equal pieces and gives one of them.",
                 summary="Piece {index} of {chunks}", synonyms=("split", "chunk", "half", "gate", "torch.chunk"),
                 params=(whole("chunks", 2, "The number of pieces.", minimum=1, required=True), _ALONG,
                         whole("index", 0, "The piece, the first is 0.", minimum=0, required=True))),
    _operation("Gather", stem="gather", text="Picks the numbers along a dimension at the places that the index names.",
               inputs=(ANYTHING, PortType(name="index", dtype="integer", help="Places; as many dimensions as the input.")),
               summary="Gather dim {dim}", synonyms=("index", "lookup", "pick", "torch.gather"), params=(_ALONG,)),
    _operation("TakeAlongDim", stem="take", text="As Gather, with an index that stretches to fit the input.",
               inputs=(ANYTHING, PortType(name="indices", dtype="integer", help="Places; as many dimensions as the input.")),
               summary="TakeAlongDim dim {dim}", synonyms=("index", "gather", "lookup", "torch.take_along_dim"), params=(_ALONG,)),
    _of_anything("IndexSelect", stem="pick", text="Some places of a dimension, in an order of your own, as x[:, [0, 2]] in Python.",
                 summary="IndexSelect {index} of dim {dim}", synonyms=("reorder", "channels", "torch.index_select"),
                 params=(_ALONG, _sizes("index", (0,), "The places, the first is 0; one may come several times.",
                                        minimum=0, required=True))),
    _operation("ScatterAdd", stem="scatter", text="Adds the numbers of the source to the input, at the places along a "
               "dimension that the index names.",
               inputs=(ANYTHING, PortType(name="index", dtype="integer", help="Places; as many dimensions as the input."),
                       PortType(name="src", help="What is added; as many numbers as the index has places.")),
               summary="ScatterAdd dim {dim}", synonyms=("accumulate", "segment sum", "histogram", "torch.scatter_add"),
               params=(_ALONG,)),
    _of_anything("Diagonal", stem="diagonal", text="The diagonal of matrices, in the place of their two dimensions.",
                 summary="Diagonal {offset}", synonyms=("trace", "torch.diagonal"),
                 params=(whole("offset", 0, "0: the main diagonal; 1: the one above it; -1: the one below.", required=True),
                         dimension(-2, "The dimension of the rows.", name="dim1"),
                         dimension(-1, "The dimension of the columns.", name="dim2"))),
    _of_anything("Tril", stem="tril", text="The lower triangle of matrices, the last two dimensions; zeros elsewhere.",
                 summary="Tril {diagonal}", synonyms=("triangle", "causal", "torch.tril"),
                 params=(whole("diagonal", 0, "The last diagonal that stays: 0 is the main one, 1 the one above it."),)),
    _of_anything("Triu", stem="triu", text="The upper triangle of matrices, the last two dimensions; zeros elsewhere.",
                 summary="Triu {diagonal}", synonyms=("triangle", "causal", "torch.triu"),
                 params=(whole("diagonal", 0, "The first diagonal that stays: 0 is the main one, 1 the one above it."),)),
    _of_anything("Movedim", stem="movedim", text="Moves dimensions to other places; the others keep their order.",
                 summary="Movedim {source} to {destination}", synonyms=("moveaxis", "channels last", "torch.movedim"),
                 params=(dimensions((1,), "The dimension to move, or several; 0 is the batch.", name="source"),
                         dimensions((-1,), "Its new place, or theirs; -1 is the end.", name="destination"))),
    _of_anything("Permute", stem="permute", text="Puts the dimensions into another order.", summary="Permute {dims}",
                 synonyms=("transpose", "channels last", "reorder", "torch.permute"),
                 params=(dimensions((0, 2, 1), "The old dimensions in their new order; 0 is the batch.", name="dims"),)),
    _of_anything("Transpose", stem="transpose", text="Exchanges two dimensions.", summary="Transpose {dim0}, {dim1}",
                 synonyms=("swap", "matrix", "channels last", "torch.transpose"),
                 params=(dimension(1, "One dimension; 0 is the batch.", name="dim0"),
                         dimension(2, "The other dimension; -1 is the last.", name="dim1"))),
    _of_anything("Squeeze", stem="squeeze", text="Removes a dimension of the size 1.", summary="Squeeze dim {dim}",
                 synonyms=("drop dimension", "torch.squeeze"),
                 params=(dimension(1, "The dimension to remove; -1 is the last."),)),
    _of_anything("Unsqueeze", stem="unsqueeze", text="Puts in a new dimension of the size 1.", summary="Unsqueeze dim {dim}",
                 synonyms=("add dimension", "expand_dims", "torch.unsqueeze"),
                 params=(dimension(1, "The place of the new dimension; -1 is the end."),)),
    _of_anything("Expand", stem="expand", text="Repeats dimensions of the size 1 without taking memory.",
                 summary="Expand {size}", synonyms=("broadcast", "stretch", "torch.Tensor.expand"),
                 params=(_sizes("size", (-1,), "The new sizes without the batch; -1 keeps a size.",
                                minimum=-1, required=True),)),
    _of_anything("Repeat", stem="repeat", text="Lays copies side by side along every dimension.", summary="Repeat {repeats}",
                 synonyms=("tile", "copy", "torch.tile", "torch.Tensor.repeat"),
                 params=(_sizes("repeats", (2,), "The number of copies along every dimension, without the batch.",
                                minimum=1, required=True),)),
    _of_anything("RepeatInterleave", stem="repeateach", text="Repeats every place of a dimension some times: a a b b.",
                 summary="RepeatInterleave {repeats} dim {dim}",
                 synonyms=("upsample", "copy", "grouped query attention", "torch.repeat_interleave"),
                 params=(whole("repeats", 2, "How often every place comes.", minimum=1, required=True), _ALONG)),
    _operation("OneHot", stem="onehot", text="Turns every class number into a row that is 1 at its place and 0 elsewhere.",
               inputs=(PortType(name="input", dtype="integer", help="Class numbers, the first class is 0."),),
               outputs=(PortType(name="output", dtype="integer"),), summary="OneHot {num_classes}",
               synonyms=("categorical", "dummy", "condition", "torch.nn.functional.one_hot"),
               params=(whole("num_classes", 10, "The number of classes.", minimum=1, required=True),)),
    _of_anything("Pad", stem="border", text="Adds a border of one value, or cuts one off.", summary="Pad {pad}",
                 synonyms=("padding", "border", "crop", "torch.nn.functional.pad"),
                 params=(_sizes("pad", (1, 1), "What is added before and after the last dimension, then the one before it, "
                                "and so on; negative cuts off.", required=True),
                         real("value", 0.0, "The value of the border."))),
    _operation("Interpolate", stem="resize", text="Enlarges or shrinks signals, images or volumes by blending their numbers.",
               inputs=(PortType(name="input", dtype="float", ndim=(3, 4, 5), help="Batch × channels × sizes."),),
               outputs=(PortType(name="output", dtype="float", ndim=(3, 4, 5)),), summary="Interpolate {mode}",
               synonyms=("resize", "upsample", "downsample", "torch.nn.functional.interpolate"),
               params=(_sizes("size", None, "The new sizes without batch and channels; where given, they hold instead of "
                              "the scale.", minimum=1, optional=True),
                       real("scale_factor", 2.0, "How many times larger it becomes.", minimum=0.01),
                       choice("mode", ("nearest", "nearest-exact", "linear", "bilinear", "bicubic", "trilinear", "area"),
                              "How new numbers are made; linear is for 3 dimensions, bilinear and bicubic for 4, "
                              "trilinear for 5."),
                       flag("align_corners", False, "Whether the corners stay in place; for linear to trilinear."))),
    _of_anything("Roll", stem="roll", text="Moves the numbers along dimensions; what leaves at one end comes in at the other.",
                 summary="Roll {shifts} dim {dims}", synonyms=("shift", "shifted window", "torch.roll"),
                 params=(_sizes("shifts", (1,), "How far, for every dimension.", required=True),
                         dimensions((1,), "The dimension to move along, or several.", name="dims"))),
    _of_anything("Flip", stem="flip", text="Turns the order along dimensions around.", summary="Flip dim {dims}",
                 synonyms=("reverse", "mirror", "torch.flip"),
                 params=(dimensions((-1,), "The dimension to turn around, or several.", name="dims"),)),
)  # fmt: skip
