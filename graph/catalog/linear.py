"""Linear layers."""

from __future__ import annotations

from functools import partial

from graph.catalog.common import ANYTHING, FEATURES, flag, inferred, layer, whole

FAMILY = "linear"
_layer = partial(layer, FAMILY)

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
    _layer("Identity", "identity", "Passes its input on unchanged.", port=ANYTHING, synonyms=("skip", "nothing")),
)  # fmt: skip
