"""Activation functions."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from graph.catalog.common import CHANNELS, IMAGES, choice, layer, real, whole

FAMILY = "activation"
_layer = partial(layer, FAMILY)

_DIM = whole(
    "dim", 1, "The dimension that adds up to 1; 1 is classes or channels, -1 the last.", required=True, keyword=True
)
_LAMBDA = real("lambd", 0.5, "Numbers nearer to 0 than this become 0.")

TYPES = (
    _layer("ReLU", "relu", "Keeps positive numbers and turns negative ones into 0.",
           synonyms=("rectifier", "rectified linear unit")),
    _layer("LeakyReLU", "relu", "Keeps positive numbers and shrinks negative ones.",
           summary="LeakyReLU {negative_slope}",
           params=(real("negative_slope", 0.01, "Factor of negative numbers."),)),
    _layer("PReLU", "prelu", "Keeps positive numbers and scales negative ones by a learned factor.",
           port=CHANNELS, trainable=True, synonyms=("parametric relu",),
           params=(whole("num_parameters", 1, "Number of learned factors: 1, or one a channel.", minimum=1),
                   real("init", 0.25, "The factor to start with."))),
    _layer("ELU", "elu", "Keeps positive numbers and bends negative ones smoothly towards -alpha.",
           params=(real("alpha", 1.0, "How far below 0 the output can go."),)),
    _layer("CELU", "celu", "An ELU without a kink, whatever its alpha.",
           summary="CELU {alpha}", params=(real("alpha", 1.0, "How far below 0 the output can go.", minimum=1e-6),)),
    _layer("SELU", "selu", "An ELU scaled so that deep plain networks keep their signals at size 1."),
    _layer("GELU", "gelu", "A smooth ReLU that weights each number by its Gaussian rank.",
           params=(choice("approximate", ("none", "tanh"), "Computes it exactly, or faster with the help of tanh."),)),
    _layer("SiLU", "silu", "A smooth ReLU: each number times its sigmoid.", synonyms=("swish",)),
    _layer("Mish", "mish", "A smooth ReLU that dips a little below 0 before it rises."),
    _layer("Sigmoid", "sigmoid", "Squeezes every number between 0 and 1.", synonyms=("logistic",)),
    _layer("Tanh", "tanh", "Squeezes every number between -1 and 1.", synonyms=("hyperbolic tangent",)),
    _layer("Softplus", "softplus", "A smooth ReLU that is always positive.",
           params=(real("beta", 1.0, "How sharp the bend is."),
                   real("threshold", 20.0, "Above this the input is passed on as it is."))),
    _layer("Hardtanh", "hardtanh", "Cuts every number off at a lower and an upper limit.",
           summary="Hardtanh {min_val}…{max_val}", synonyms=("clip", "clamp"),
           params=(real("min_val", -1.0, "The lower limit."), real("max_val", 1.0, "The upper limit."))),
    _layer("ReLU6", "relu", "A ReLU that is cut off at 6."),
    _layer("RReLU", "relu", "Keeps positive numbers and shrinks negative ones by random factors while training.",
           summary="RReLU {lower}…{upper}", synonyms=("randomized leaky relu",),
           params=(real("lower", 1 / 8, "The smallest factor."), real("upper", 1 / 3, "The largest factor."))),
    _layer("Threshold", "threshold", "Keeps numbers above a threshold and puts a fixed number in place of the others.",
           summary="Threshold {threshold}, {value}",
           params=(real("threshold", 0.0, "Numbers up to this one are replaced.", required=True),
                   real("value", 0.0, "What replaces them.", required=True))),
    _layer("Hardswish", "hardswish", "A cheap SiLU made of straight and square pieces."),
    _layer("Hardsigmoid", "hardsigmoid", "A cheap Sigmoid made of straight pieces."),
    _layer("Hardshrink", "shrink", "Turns numbers near 0 into 0 and keeps the others.",
           summary="Hardshrink {lambd}", synonyms=("hard thresholding", "sparse"), params=(_LAMBDA,)),
    _layer("Softshrink", "shrink", "Turns numbers near 0 into 0 and brings the others nearer to it.",
           summary="Softshrink {lambd}", synonyms=("soft thresholding", "sparse"),
           params=(replace(_LAMBDA, minimum=0),)),
    _layer("Tanhshrink", "shrink", "Each number minus its tanh: small numbers nearly vanish."),
    _layer("Softsign", "softsign", "Squeezes every number between -1 and 1, more slowly than Tanh."),
    _layer("LogSigmoid", "logsigmoid", "The logarithm of Sigmoid.", synonyms=("log probabilities",)),
    _layer("GLU", "glu", "Halves a dimension: the first half times the sigmoid of the second.",
           summary="GLU dim {dim}", synonyms=("gated linear unit", "gate"),
           params=(whole("dim", -1, "The dimension to halve, which must be even; 1 is channels, -1 the last."),)),
    _layer("Softmax", "softmax", "Turns scores into probabilities that add up to 1.", port=CHANNELS,
           synonyms=("probabilities",), params=(_DIM,)),
    _layer("LogSoftmax", "logsoftmax", "Turns scores into the logarithms of probabilities, as NLLLoss wants them.",
           port=CHANNELS, synonyms=("log probabilities",), params=(_DIM,)),
    _layer("Softmin", "softmin", "Turns scores into probabilities that add up to 1; the smallest score gets the most.",
           port=CHANNELS, synonyms=("probabilities",), params=(_DIM,)),
    _layer("Softmax2d", "softmax", "Turns the channels of every pixel into probabilities that add up to 1.",
           port=IMAGES, synonyms=("probabilities", "segmentation")),
)  # fmt: skip
