"""Activation functions."""

from __future__ import annotations

from functools import partial

from graph.catalog.common import CHANNELS, choice, layer, real, whole

FAMILY = "activation"
_layer = partial(layer, FAMILY)

_DIM = whole(
    "dim", 1, "The dimension that adds up to 1; 1 is classes or channels, -1 the last.", required=True, keyword=True
)

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
    _layer("Hardswish", "hardswish", "A cheap SiLU made of straight and square pieces."),
    _layer("Softmax", "softmax", "Turns scores into probabilities that add up to 1.", port=CHANNELS,
           synonyms=("probabilities",), params=(_DIM,)),
    _layer("LogSoftmax", "logsoftmax", "Turns scores into the logarithms of probabilities, as NLLLoss wants them.",
           port=CHANNELS, synonyms=("log probabilities",), params=(_DIM,)),
)  # fmt: skip
