"""Linear layers."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from graph.catalog.common import ANYTHING, FEATURES, flag, inferred, layer, whole

FAMILY = "linear"
_layer = partial(layer, FAMILY)

_SIDES = tuple(replace(FEATURES, name=name) for name in ("input1", "input2"))

TYPES = (
    _layer(
        "Linear", "fc", "Fully connected layer: every output is a weighted sum of all inputs, plus a bias.",
        port=FEATURES, trainable=True, summary="Linear {out_features}",
        synonyms=("dense", "fully connected", "fc", "affine"),
        params=(
            inferred("in_features", -1,
                     "Size of the last dimension of the input. Follows from the input unless you pin it."),
            whole("out_features", 64, "Number of outputs, one neuron each.", minimum=1, required=True),
            flag("bias", True, "Adds a learned number to each output."),
        ),
    ),
    _layer(
        "Bilinear", "bilinear", "Every output is a weighted sum of all products of a number of one input and one of the other.",
        port=_SIDES[0], others=_SIDES[1:], trainable=True, summary="Bilinear {out_features}",
        synonyms=("outer product", "interaction", "attention"),
        params=(
            inferred("in1_features", -1, "Size of the last dimension of input1. Follows from it unless you pin it.",
                     port="input1"),
            inferred("in2_features", -1, "Size of the last dimension of input2. Follows from it unless you pin it.",
                     port="input2"),
            whole("out_features", 64, "Number of outputs, one neuron each.", minimum=1, required=True),
            flag("bias", True, "Adds a learned number to each output."),
        ),
    ),
    _layer("Identity", "identity", "Passes its input on unchanged.", port=ANYTHING, synonyms=("skip", "nothing")),
)  # fmt: skip
