"""Losses: what training makes small. Each is the mean over the batch."""

from __future__ import annotations

from graph.catalog.common import real, whole
from graph.catalog.types import NodeType, Param, PortType, Role

FAMILY = "loss"

_SCORES = PortType(name="input", dtype="float", ndim=(2, 3, 4, 5), help="One score a class: batch × classes.")
_CLASSES = PortType(name="target", dtype="integer", target=True, help="The right classes, as whole numbers from 0.")
_PREDICTIONS = PortType(name="input", dtype="float", help="The predictions.")
_VALUES = PortType(name="target", dtype="float", target=True, help="The right values, in the shape of the input.")
_IGNORE_INDEX = whole("ignore_index", -100, "Samples with this target do not count.")


def _loss(
    name: str, text: str, *params: Param, inputs: tuple[PortType, ...] = (_PREDICTIONS, _VALUES), synonyms=()
) -> NodeType:
    return NodeType(
        id=f"torch.nn.{name}", label=name, family=FAMILY, role=Role.LOSS, stem="loss", help=text, summary=name,
        inputs=inputs, outputs=(PortType(name="output", dtype="float", ndim=(0,)),), params=params, synonyms=synonyms,
    )  # fmt: skip


TYPES = (
    _loss("CrossEntropyLoss", "For classes: small when the right class has the top score; takes scores, no Softmax.",
          _IGNORE_INDEX,
          real("label_smoothing", 0.0, "Share of certainty taken from the right class, from 0 to 1.",
               minimum=0, maximum=1),
          inputs=(_SCORES, _CLASSES), synonyms=("classification", "softmax", "logits")),
    _loss("MSELoss", "For numbers: the mean of the squared differences.",
          synonyms=("mean squared error", "regression", "l2")),
    _loss("L1Loss", "For numbers: the mean of the absolute differences.",
          synonyms=("mean absolute error", "mae", "regression")),
    _loss("SmoothL1Loss", "For numbers: squared near 0 and absolute further out, so that outliers count less.",
          real("beta", 1.0, "The difference at which it turns from squared to absolute.", minimum=0),
          synonyms=("huber", "regression")),
    _loss("HuberLoss", "For numbers: squared for small differences and straight for large ones.",
          real("delta", 1.0, "The difference at which it turns from squared to straight.", minimum=1e-6),
          synonyms=("robust", "regression")),
    _loss("BCEWithLogitsLoss", "For yes or no: compares scores, without Sigmoid, with targets of 0 and 1.",
          synonyms=("binary cross entropy", "sigmoid", "multi-label", "classification")),
    _loss("NLLLoss", "For classes: takes the logarithms of probabilities that LogSoftmax makes.",
          _IGNORE_INDEX, inputs=(_SCORES, _CLASSES), synonyms=("negative log likelihood", "classification")),
)  # fmt: skip
