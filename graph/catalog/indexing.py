"""Parts of a tensor, its dimensions in another order or number, and borders around it."""

from __future__ import annotations

from functools import partial

from graph.catalog.common import ANYTHING, choice, dimension, dimensions, flag, operation, real, whole
from graph.catalog.types import Kind, Param, PortType

FAMILY = "shape"
_operation = partial(operation, family=FAMILY)
_of_anything = partial(_operation, inputs=(ANYTHING,))

_ALONG = dimension(1, "The dimension to go along; 1 is right after the batch, -1 the last.")


def _sizes(name: str, default: tuple[int, ...] | None, text: str, *, minimum: int | None = None, **more) -> Param:
    return Param(name=name, kind=Kind.INTS, default=default, minimum=minimum, help=text, **more)


TYPES = (
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
