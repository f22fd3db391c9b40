"""What begins inside a network: learned parameters, numbers of a certain shape, and positions in a sequence."""

from __future__ import annotations

import re
from functools import partial

from graph.catalog.common import choice, dimension, flag, operation, real
from graph.catalog.types import Kind, NodeType, Param, PortType, Role
from graph.messages import EditError, msg

FAMILY = "embedding"
_operation = partial(operation, family=FAMILY)

_LIKE = PortType(name="like", help="Anything of the batch: it says how many samples there are.")
_EVERY_SAMPLE = PortType(
    name="like", optional=True,
    help="Anything of the batch. Where it is wired, every sample gets the tensor: a first size of 1 becomes the size of the batch.",
)  # fmt: skip
_SEQUENCE = PortType(name="input", ndim=(2, 3, 4, 5), help="A sequence, batch first; only its length counts.")


TRIANGLES = ("lower", "upper")
COUNT = "count"


def fixed_numbers(text: str) -> tuple[float, ...]:
    """The numbers that a fixed tensor is told, or none where it is told a pattern.

    Raises:
        EditError: the text is neither.
    """
    words = text.split()
    if words == [COUNT] or (words and words[0] in TRIANGLES and re.fullmatch(r"\w+( -?[0-9]{1,4})?", " ".join(words))):
        return ()
    try:
        numbers = tuple(float(part) for part in text.split(","))
    except ValueError:
        numbers = ()
    if not numbers or any(number != number for number in numbers):
        raise EditError(
            msg("'{values}' are no numbers with commas between them. Write such as 0, 0.5, 1, or 'count', 'lower' or 'upper 1'.",
                values=text[:40])
        )  # fmt: skip
    return numbers


def _shape(default: tuple[int, ...], text: str) -> Param:
    return Param(name="shape", kind=Kind.INTS, minimum=1, default=default, required=True, help=text)


TYPES = (
    NodeType(
        id="layerloom.Parameter", label="Parameter", family=FAMILY, role=Role.LAYER, stem="parameter", trainable=True,
        help="A learned tensor of any shape: a class token, position embeddings, a temperature.", summary="Parameter {shape}",
        synonyms=("learned", "weight", "class token", "position embedding", "query", "torch.nn.Parameter"),
        inputs=(_EVERY_SAMPLE,),
        params=(
            _shape((1, 1, 64), "The whole shape. Begin with 1 if it meets a batch."),
            choice("start", ("zeros", "ones", "normal"), "What it holds before training."),
            real("std", 0.02, "The standard deviation of a normal start.", minimum=0, when=("start", "normal")),
        ),
    ),
    NodeType(
        id="layerloom.Fixed", label="FixedTensor", family=FAMILY, role=Role.LAYER, stem="fixed",
        help="A tensor that does not learn: a mask, a table of places, the mean of the data. It is kept with the weights.",
        inputs=(_EVERY_SAMPLE,), summary="FixedTensor {shape}",
        synonyms=("buffer", "constant", "mask", "register_buffer", "torch.nn.Buffer"),
        params=(
            _shape((1, 64), "The whole shape. Begin with 1 if it meets a batch."),
            choice("dtype", ("float32", "float64", "float16", "bfloat16", "int64", "int32", "bool"), "The kind of numbers."),
            Param(name="values", kind=Kind.TEXT, optional=True, reader=fixed_numbers,
                  help="Its numbers with commas between them, row after row, or one number for all; zeros if empty. 'count' counts "
                       "from 0, 'lower' and 'upper' are triangles of ones; 'upper 1' begins one above the diagonal."),
        ),
    ),
    _operation("Full", stem="full", text="One number everywhere, in a shape of your own for every sample.", inputs=(_LIKE,),
               outputs=(PortType(name="output", dtype="float"),), summary="Full {shape}",
               synonyms=("zeros", "ones", "constant", "initial state", "torch.full", "torch.zeros", "torch.ones"),
               params=(_shape((1,), "The shape of one sample, without the batch."),
                       real("fill_value", 0.0, "The number.", required=True))),
    _operation("Random", stem="random", text="Fresh random numbers in a shape of your own for every sample, in training and "
               "afterwards.", inputs=(_LIKE,), outputs=(PortType(name="output", dtype="float"),),
               summary="Random {distribution} {shape}",
               synonyms=("noise", "latent", "gaussian", "uniform", "generator", "torch.randn", "torch.rand"),
               params=(_shape((64,), "The shape of one sample, without the batch."),
                       choice("distribution", ("normal", "uniform"),
                              "Normal: mean 0 and deviation 1. Uniform: between 0 and 1."))),
    _operation("Positions", stem="positions", text="The numbers 0, 1, 2, ... of the places of a sequence, for position embeddings.",
               inputs=(_SEQUENCE,), outputs=(PortType(name="output", dtype="integer"),), summary="Positions dim {dim}",
               synonyms=("arange", "index", "time", "position ids", "torch.arange"),
               params=(dimension(1, "The dimension to number; 1 is right after the batch."),
                       flag("batch", True, "Give B × T, a row for every sample; else T alone, which stretches where it is added."))),
    _operation("PositionalEncoding", stem="positional", text="Sines and cosines of the place in a sequence, which tell a "
               "Transformer the order (Vaswani et al., 2017).",
               inputs=(PortType(name="input", dtype="float", ndim=(3,), help="Sequences: B × time × features."),),
               outputs=(PortType(name="output", dtype="float", ndim=(3,)),), summary="PositionalEncoding",
               synonyms=("sinusoidal", "position embedding", "transformer", "time step"),
               params=(flag("add", True, "Add the encoding to the input; else give it alone."),)),
)  # fmt: skip
