"""Arithmetic, number by number, and products of matrices."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from graph.catalog.common import ANYTHING, NUMBERS, choice, dimension, operation, real
from graph.catalog.types import Kind, NodeType, Param, Ports, PortType
from graph.model import Value
from graph.tensor_expressions import EQUATION, check_expression, inputs_of

FAMILY = "arithmetic"
_operation = partial(operation, family=FAMILY)

_ANY_NUMBER = (PortType(name="input", variadic=True, help="Wire as many as you like."),)
_FLOAT_OUT = (PortType(name="output", dtype="float"),)
_EITHER = (PortType(name="input", help="One side."), PortType(name="other", help="The other side."))

_SAME_OUT = (PortType(name="output"),)


def _function(
    name: str, stem: str, text: str, *synonyms: str, outputs: tuple[PortType, ...] = _FLOAT_OUT, label: str = ""
) -> NodeType:
    return _operation(
        name, stem=stem, text=text, inputs=(ANYTHING,), outputs=outputs, synonyms=synonyms, label=label
    )  # fmt: skip


def _expression_ports(values: Mapping[str, Value]) -> Ports:
    names = inputs_of(str(values["expression"]))
    return tuple(PortType(name=name, help="What this name stands for.") for name in names), _SAME_OUT


_EXPRESSION = "(a - b).abs().mean(dim=-1)"

TYPES = (
    _operation("Add", stem="add", text="Adds its inputs, number by number.", inputs=_ANY_NUMBER,
               synonyms=("plus", "sum", "residual", "skip connection", "torch.add")),
    _operation("Subtract", stem="subtract", text="Takes the second input away from the first, number by number.",
               inputs=(PortType(name="input", help="What is taken away from."),
                       PortType(name="other", help="What is taken away.")),
               synonyms=("minus", "difference", "torch.sub")),
    _operation("Multiply", stem="multiply", text="Multiplies its inputs, number by number.", inputs=_ANY_NUMBER,
               synonyms=("times", "product", "gate", "scale", "torch.mul")),
    _operation("Divide", stem="divide", text="Divides the first input by the second, number by number.",
               inputs=(PortType(name="input", help="What is divided."),
                       PortType(name="other", help="What it is divided by.")),
               outputs=_FLOAT_OUT, synonyms=("quotient", "ratio", "torch.div")),
    _operation("Scale", stem="scale", text="Multiplies every number by a factor and adds an offset.",
               inputs=(ANYTHING,), summary="× {factor} + {offset}", synonyms=("shift", "affine", "scalar", "torch.mul"),
               params=(real("factor", 1.0, "What every number is multiplied by.", required=True),
                       real("offset", 0.0, "What is added afterwards."))),
    _operation("Power", stem="power", text="Raises every number to a power.", inputs=(ANYTHING,),
               summary="Power {exponent}", synonyms=("exponent", "torch.pow"),
               params=(real("exponent", 2.0, "The power: 2 squares, 0.5 takes the square root.", required=True),)),
    _function("Negate", "negate", "Turns the sign of every number.", "minus", "torch.neg", outputs=_SAME_OUT),
    _function("Abs", "abs", "The size of every number without its sign.", "absolute", "torch.abs", outputs=_SAME_OUT),
    _function("Exp", "exp", "Raises e to the power of every number.", "exponential", "torch.exp"),
    _function("Log", "log", "The natural logarithm of every number; numbers must be above 0.", "ln", "torch.log",
              label="Logarithm"),
    _function("Sqrt", "sqrt", "The square root of every number; numbers must not be below 0.",
              "square root", "torch.sqrt"),
    _function("Square", "square", "Every number times itself.", "torch.square", outputs=_SAME_OUT),
    _function("Reciprocal", "reciprocal", "1 divided by every number.", "inverse", "torch.reciprocal"),
    _function("Rsqrt", "rsqrt", "1 divided by the square root of every number; numbers must be above 0.",
              "inverse square root", "torch.rsqrt"),
    _function("Sin", "sin", "The sine of every number.", "sine", "wave", "torch.sin"),
    _function("Cos", "cos", "The cosine of every number.", "cosine", "wave", "torch.cos"),
    _function("Sign", "sign", "-1, 0 or 1: the sign of every number.", "torch.sign", outputs=_SAME_OUT),
    _function("Round", "round", "Every number rounded to the nearest whole one; no gradient flows back.",
              "torch.round", outputs=_SAME_OUT),
    _function("Floor", "floor", "The next whole number below every number; no gradient flows back.",
              "round down", "torch.floor", outputs=_SAME_OUT),
    _function("Ceil", "ceil", "The next whole number above every number; no gradient flows back.",
              "round up", "torch.ceil", outputs=_SAME_OUT),
    _operation("Clamp", stem="clamp", text="Keeps every number between two bounds.", inputs=(ANYTHING,),
               summary="Clamp {min}…{max}", synonyms=("clip", "limit", "torch.clamp"),
               params=(real("min", 0.0, "Numbers below become this; empty: no lower bound.", optional=True),
                       real("max", 1.0, "Numbers above become this; empty: no upper bound.", optional=True))),
    _operation("Minimum", stem="minimum", text="The smaller of two numbers at every place.", inputs=_EITHER,
               synonyms=("smaller", "torch.minimum")),
    _operation("Maximum", stem="maximum", text="The larger of two numbers at every place.", inputs=_EITHER,
               synonyms=("larger", "maxout", "torch.maximum")),
    _operation("MatMul", stem="matmul", text="The matrix product over the last two dimensions; those before it are "
               "batches and stretch to fit.", inputs=(PortType(name="input", dtype="float", help="… × n × k."),
                                                      PortType(name="other", dtype="float", help="… × k × m.")),
               outputs=_FLOAT_OUT, synonyms=("matrix product", "dot product", "attention", "torch.matmul", "mm", "@")),
    _operation("BatchMatMul", stem="bmm", text="The matrix product of every sample: B × n × k times B × k × m.",
               inputs=(PortType(name="input", dtype="float", ndim=(3,), help="B × n × k."),
                       PortType(name="mat2", dtype="float", ndim=(3,), help="B × k × m.")),
               outputs=(PortType(name="output", dtype="float", ndim=(3,)),),
               synonyms=("matrix product", "torch.bmm")),
    _operation("Outer", stem="outer", text="Every number of one side times every number of the other, over the last "
               "dimension: … × n and … × m give … × n × m.", inputs=_EITHER,
               synonyms=("outer product", "tensor product", "torch.outer")),
    _operation("Cross", label="Vector product", stem="cross", text="The vector product of vectors of 3 numbers.",
               inputs=(PortType(name="input", dtype="float", help="One side."),
                       PortType(name="other", dtype="float", help="The other side.")),
               outputs=_FLOAT_OUT, summary="Vector product dim {dim}", synonyms=("cross product", "torch.linalg.cross"),
               params=(dimension(-1, "The dimension of the size 3; -1 is the last."),)),
    _operation("Einsum", stem="einsum", text="Multiplies its inputs and sums, as an equation over their dimensions says.",
               inputs=_ANY_NUMBER, summary="Einsum {equation}",
               synonyms=("einstein", "tensor contraction", "bilinear", "torch.einsum"),
               params=(Param(name="equation", kind=Kind.TEXT, pattern=EQUATION, default="bij,bjk->bik", required=True,
                             help="A letter for every dimension, a comma between the inputs, the output after the "
                                  "arrow. Letters that are missing there are summed over."),)),
    _operation("Concatenate", stem="concat", text="Joins its inputs along one dimension.", inputs=_ANY_NUMBER,
               summary="Concatenate dim {dim}", synonyms=("cat", "join", "merge", "dense connection", "torch.cat"),
               params=(dimension(1, "The dimension to join along; 1 is channels or features, -1 the last."),)),
    _operation("Stack", stem="stack", text="Lays its inputs, all of one shape, side by side along a new dimension.",
               inputs=_ANY_NUMBER, summary="Stack dim {dim}", synonyms=("join", "torch.stack"),
               params=(dimension(1, "The place of the new dimension; 1 is right after the batch."),)),
    _operation("Constant", stem="constant", text="One number everywhere, in the shape of the input.",
               inputs=(NUMBERS,), outputs=_FLOAT_OUT, summary="Constant {fill_value}",
               synonyms=("scalar", "ones", "zeros", "fill", "torch.full_like"),
               params=(real("fill_value", 1.0, "The number.", required=True),)),
    _operation("Noise", stem="noise", text="Fresh random numbers in the shape of the input, in training and afterwards.",
               inputs=(NUMBERS,), outputs=_FLOAT_OUT, summary="Noise {distribution} × {scale}",
               synonyms=("random", "gaussian", "normal", "latent", "torch.randn_like", "torch.rand_like"),
               params=(choice("distribution", ("normal", "uniform"),
                              "Normal: mean 0 and deviation 1. Uniform: between 0 and 1."),
                       real("scale", 1.0, "What the random numbers are multiplied by."))),
    _operation("ToDtype", stem="cast", text="Turns the numbers into another kind, such as fractions into whole numbers.",
               inputs=(ANYTHING,), summary="To {dtype}", synonyms=("cast", "convert", "type", "float", "torch.Tensor.to"),
               params=(choice("dtype", ("float32", "float64", "float16", "bfloat16", "int64", "int32", "bool"),
                              "The kind of numbers."),)),
    _operation("Detach", stem="detach", text="Passes the numbers on and lets no gradient back: what comes before does "
               "not learn from here.", inputs=(ANYTHING,), synonyms=("stop gradient", "freeze", "torch.Tensor.detach")),
    _operation("Expression", stem="expression", text="A line of tensor arithmetic of your own; every name in it is an input.",
               inputs=_expression_ports({"expression": _EXPRESSION})[0], ports=_expression_ports, summary="{expression}",
               synonyms=("formula", "custom", "lambda", "function", "code"),
               params=(Param(name="expression", kind=Kind.TEXT, reader=check_expression, default=_EXPRESSION, required=True,
                             help="Inputs, numbers, operators, and calls of tensor methods and functions, "
                                  "as in where(x > 0, x, 0.1 * x)."),)),
)  # fmt: skip
