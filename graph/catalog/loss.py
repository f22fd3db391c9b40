"""Losses: what training makes small. Each is the mean over the batch.

Those of PyTorch compare predictions with answers; `layerloom.MeanLoss` takes what a drawing computes itself.
"""

from __future__ import annotations

from dataclasses import replace

from graph.catalog.common import choice, flag, real, whole
from graph.catalog.types import MAX_NUMBER, Kind, NodeType, Param, PortType, Role, shown
from graph.messages import EditError, msg

FAMILY = "loss"
MEAN = "layerloom.MeanLoss"

_SCORES = PortType(name="input", dtype="float", ndim=(2, 3, 4, 5), help="One score a class: batch × classes.")
_FLAT_SCORES = replace(_SCORES, ndim=(2,))
_CLASSES = PortType(name="target", dtype="integer", target=True, help="The right classes, as whole numbers from 0.")
_CLASSES_OR_SHARES = replace(_CLASSES, dtype="any", help="The right classes, as whole numbers from 0; or the share of each "
                             "class, fractions in the shape of the scores.")  # fmt: skip
_PREDICTIONS = PortType(name="input", dtype="float", help="The predictions.")
_VALUES = PortType(name="target", dtype="float", target=True, help="The right values, in the shape of the input.")
_PROBABILITIES = replace(_PREDICTIONS, help="Probabilities from 0 to 1, as Sigmoid makes them.")
_LOGARITHMS = replace(_PREDICTIONS, help="Logarithms of probabilities, as LogSoftmax makes them.")
_DISTRIBUTION = replace(_VALUES, help="The right probabilities, in the shape of the input.")
_SIGNS = replace(_VALUES, help="1 or -1 for every number of the input.")
_PAIR_SIGNS = replace(_VALUES, help="1 or -1 for every pair.")
_CLASS_LISTS = replace(_CLASSES, ndim=(2,), help="The right classes of each sample, then -1: batch × classes.")
_NUMBER_PAIR = tuple(PortType(name=f"input{i}", dtype="float", help="One side of the pairs.") for i in (1, 2))
_VECTOR_PAIR = tuple(replace(side, ndim=(2,), help="One side of the pairs: batch × features.") for side in _NUMBER_PAIR)
_TRIPLET = (
    PortType(name="anchor", dtype="float", help="What the others are compared with: batch × features."),
    PortType(name="positive", dtype="float", help="What should be near, in the shape of the anchor."),
    PortType(name="negative", dtype="float", help="What should be far, in the shape of the anchor."),
)
_GAUSSIAN = (
    replace(_PREDICTIONS, help="The predicted means."), _VALUES,
    PortType(name="var", dtype="float", help="The predicted variances, at least 0, in the shape of the input."),
)  # fmt: skip
_LABELED = (
    replace(_LOGARITHMS, name="log_probs", ndim=(3,),
            help="Logarithms of probabilities, as LogSoftmax makes them: batch × steps × classes."),
    replace(_CLASSES, name="targets", ndim=(2,), help="The right labels in their order, then anything: batch × labels."),
    PortType(name="input_lengths", dtype="integer", ndim=(1,), help="How many steps of each sample are real."),
    PortType(name="target_lengths", dtype="integer", ndim=(1,), help="How many labels of each sample are real."),
)  # fmt: skip


def read_weights(text: str) -> tuple[float, ...]:
    """The numbers of a list such as "0.5, 2, 1".

    Raises:
        EditError: it is no list of finite numbers from 0 on, or all of them are 0.
    """
    try:
        weights = tuple(float(part) for part in text.split(","))
    except ValueError:
        weights = ()
    if not weights or not all(0 <= weight < MAX_NUMBER for weight in weights) or not any(weights):
        raise EditError(
            msg("'{text}' is no list of weights. Write numbers from 0 on between commas, such as '0.5, 2, 1', not all of them 0.",
                text=shown(text))
        )  # fmt: skip
    return weights


def _check_weights(text: str) -> None:
    read_weights(text)


def _weights(name: str, text: str) -> Param:
    return Param(name=name, kind=Kind.TEXT, default=None, optional=True, reader=_check_weights, help=text)


_WEIGHT = _weights("weight", "How much each class counts, one number a class, such as '0.5, 2, 1'; all alike if empty.")
_POS_WEIGHT = _weights(
    "pos_weight", "How much more a 1 counts than a 0, such as '3', or a number for each score; alike if empty."
)

_IGNORE_INDEX = whole("ignore_index", -100, "Samples with this target do not count.")
_MARGIN = real("margin", 1.0, "How clear the difference must be.")
_NO_MARGIN = replace(_MARGIN, default=0.0)


def _loss(
    name: str, text: str, *params: Param, inputs: tuple[PortType, ...] = (_PREDICTIONS, _VALUES), synonyms=()
) -> NodeType:
    return NodeType(
        id=f"torch.nn.{name}", label=name, family=FAMILY, role=Role.LOSS, stem="loss", help=text, summary=name,
        inputs=inputs, outputs=(PortType(name="output", dtype="float", ndim=(0,)),), params=params, synonyms=synonyms,
    )  # fmt: skip


TYPES = (
    _loss("CrossEntropyLoss", "For classes: small when the right class has the top score; takes scores, no Softmax.",
          _WEIGHT, _IGNORE_INDEX,
          real("label_smoothing", 0.0, "Share of certainty taken from the right class, from 0 to 1.",
               minimum=0, maximum=1),
          inputs=(_SCORES, _CLASSES_OR_SHARES), synonyms=("classification", "softmax", "logits")),
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
          _POS_WEIGHT, synonyms=("binary cross entropy", "sigmoid", "multi-label", "classification")),
    _loss("BCELoss", "For yes or no: compares probabilities, from Sigmoid, with targets of 0 and 1.",
          inputs=(_PROBABILITIES, _VALUES), synonyms=("binary cross entropy", "classification")),
    _loss("SoftMarginLoss", "For yes or no: compares scores, without Sigmoid, with targets of 1 and -1.",
          inputs=(_PREDICTIONS, _SIGNS), synonyms=("logistic", "binary", "classification")),
    _loss("NLLLoss", "For classes: takes the logarithms of probabilities that LogSoftmax makes.",
          _WEIGHT, _IGNORE_INDEX, inputs=(_SCORES, _CLASSES), synonyms=("negative log likelihood", "classification")),
    _loss("MultiMarginLoss", "For classes: 0 once the right class has the top score by a margin.",
          whole("p", 1, "The power of what is missing: 1 or 2.", minimum=1, maximum=2), _MARGIN, _WEIGHT,
          inputs=(_FLAT_SCORES, _CLASSES), synonyms=("hinge", "svm", "classification")),
    _loss("MultiLabelMarginLoss", "For several classes a sample: 0 once the right ones have the top scores by 1.",
          inputs=(_FLAT_SCORES, _CLASS_LISTS), synonyms=("hinge", "multi-label", "classification")),
    _loss("MultiLabelSoftMarginLoss", "For several classes a sample: compares scores, without Sigmoid, with 0 and 1.",
          _WEIGHT, inputs=(_SCORES, _VALUES), synonyms=("multi-label", "sigmoid", "classification")),
    _loss("KLDivLoss", "For distributions: how far the predicted probabilities are from the right ones.",
          choice("reduction", ("batchmean", "mean"), "Divides the sum by the number of samples (batchmean) or of all numbers (mean).",
                 required=True, keyword=True),
          flag("log_target", False, "The targets are logarithms too."),
          inputs=(_LOGARITHMS, _DISTRIBUTION), synonyms=("kullback leibler", "distillation", "relative entropy")),
    _loss("PoissonNLLLoss", "For counts: how unlikely they are, given how often something is predicted to happen.",
          flag("log_input", True, "The predictions are logarithms."),
          flag("full", False, "Adds the term that does not depend on the predictions."),
          real("eps", 1e-8, "A small number that keeps the logarithm from failing.", minimum=0),
          synonyms=("count", "poisson", "regression")),
    _loss("GaussianNLLLoss", "For numbers with an uncertainty: how unlikely they are, given predicted means and variances.",
          flag("full", False, "Adds the term that does not depend on the predictions."),
          real("eps", 1e-6, "The least variance, which keeps the division from failing.", minimum=1e-12),
          inputs=_GAUSSIAN, synonyms=("negative log likelihood", "uncertainty", "variance", "regression")),
    _loss("CTCLoss", "For labels without places, such as the letters of speech: how unlikely their order is, wherever they "
          "are (batch first; Graves et al., 2006).",
          whole("blank", 0, "The class that means no label.", minimum=0),
          flag("zero_infinity", False, "Counts samples with more labels than steps as 0."),
          inputs=_LABELED, synonyms=("connectionist temporal classification", "speech", "handwriting", "alignment")),
    _loss("CosineEmbeddingLoss", "For pairs: turns vectors the same way where the target is 1, apart where it is -1.",
          replace(_NO_MARGIN, minimum=-1, maximum=1), inputs=(*_VECTOR_PAIR, _PAIR_SIGNS),
          synonyms=("similarity", "siamese", "metric learning")),
    _loss("HingeEmbeddingLoss", "For distances: small where the target is 1, larger than a margin where it is -1.",
          _MARGIN, inputs=(_PREDICTIONS, _SIGNS), synonyms=("similarity", "siamese", "metric learning")),
    _loss("MarginRankingLoss", "For ranks: the first side is larger where the target is 1, the second where it is -1.",
          _NO_MARGIN, inputs=(*_NUMBER_PAIR, _PAIR_SIGNS), synonyms=("ranking", "order")),
    _loss("TripletMarginLoss", "For triplets: what belongs together comes nearer than what does not, by a margin.",
          replace(_MARGIN, minimum=1e-6),
          real("p", 2.0, "The p of the norm: 2 measures straight, 1 along the axes."),
          real("eps", 1e-6, "A small number added to every difference.", minimum=0),
          flag("swap", False, "Uses the distance from positive to negative where it is the smaller one."),
          inputs=_TRIPLET, synonyms=("siamese", "metric learning", "face recognition")),
    NodeType(
        id=MEAN, label="MeanLoss", family=FAMILY, role=Role.LOSS, stem="loss", summary="MeanLoss",
        help="For a loss that you compute yourself: the mean of whatever arrives. To make it large instead, give it a weight of "
             "-1 in the training plan.",
        inputs=(replace(_PREDICTIONS, help="What should become small, in any shape."),),
        outputs=(PortType(name="output", dtype="float", ndim=(0,)),),
        synonyms=("own loss", "custom loss", "expression", "hinge", "wasserstein", "kullback leibler", "penalty"),
    ),
)  # fmt: skip
