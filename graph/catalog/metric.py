"""Metrics: what is measured beside the loss and never trained on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from graph.catalog.common import choice, real, whole
from graph.catalog.types import NodeType, Param, PortType, Role

FAMILY = "metric"

_SCORES = PortType(name="input", dtype="float", ndim=(2, 3, 4, 5), help="One score a class: batch × classes.")
_CLASSES = PortType(name="target", dtype="integer", target=True, help="The right classes, as whole numbers from 0.")
_ANY_SCORES = replace(_SCORES, ndim=(1, 2, 3, 4, 5), help="One score a class: batch × classes; or one for yes or no.")
_LABELS = replace(
    _CLASSES, dtype="any", help="The right classes, as whole numbers from 0; or 0 and 1 in the shape of the scores."
)
_PREDICTIONS = PortType(name="input", dtype="float", help="The predictions.")
_VALUES = PortType(name="target", dtype="float", target=True, help="The right values, in the shape of the input.")

_IGNORE = whole("ignore_index", -100, "Places with this target do not count.")
_THRESHOLD = real(
    "threshold", 0.5, "For yes or no: the answer is yes where the probability is above this.", minimum=0, maximum=1
)
_MEANING = choice("scores", ("auto", "logits", "probabilities"),
                  "What the scores are; auto goes by the loss that takes them, or the layer that makes them.")  # fmt: skip
_AVERAGE = choice("average", ("macro", "micro", "weighted"),
                  "The mean over classes (macro), over samples (micro), or over classes by their size (weighted).")  # fmt: skip
_CLASS_AVERAGE = choice(
    "average", ("macro", "weighted"), "The mean over classes, each alike (macro) or by its size (weighted)."
)
_THRESHOLDS = whole("thresholds", 0, "0 is exact and keeps all scores of an epoch; else so many thresholds, in little memory.",
                    minimum=0)  # fmt: skip
_DECIDED = (_THRESHOLD, _IGNORE, _MEANING)
_RANKED = (_CLASS_AVERAGE, _THRESHOLDS, _IGNORE, _MEANING)


def _metric(
    name: str, label: str, stem: str, text: str, *params: Param,
    inputs: tuple[PortType, PortType] = (_ANY_SCORES, _LABELS), synonyms: tuple[str, ...],
) -> NodeType:  # fmt: skip
    return NodeType(
        id=f"layerloom.metrics.{name}", label=label, family=FAMILY, role=Role.METRIC, stem=stem, help=text,
        summary=label, inputs=inputs, outputs=(), params=params, synonyms=synonyms,
    )  # fmt: skip


_CLASS_TYPES = (
    _metric("Accuracy", "Accuracy", "accuracy", "The share of samples whose highest score is the right class.",
            *_DECIDED, synonyms=("classification", "correct", "score")),
    _metric("TopKAccuracy", "Top-k accuracy", "top_k", "The share of samples whose right class is among the k highest scores.",
            whole("k", 5, "How many of the highest scores count.", minimum=1), _IGNORE,
            inputs=(_SCORES, _CLASSES), synonyms=("top5", "classification")),
    _metric("BalancedAccuracy", "Balanced accuracy", "balanced", "The mean of the recalls of the classes, however rare each is.",
            *_DECIDED, synonyms=("imbalanced", "classification", "macro recall")),
    _metric("Precision", "Precision score", "precision", "Of the samples that were given a class, the share that are of it.",
            _AVERAGE, *_DECIDED, synonyms=("positive predictive value", "classification")),
    _metric("Recall", "Recall", "recall", "Of the samples of a class, the share that were found.",
            _AVERAGE, *_DECIDED, synonyms=("sensitivity", "true positive rate", "classification")),
    _metric("Specificity", "Specificity", "specificity", "Of the samples that are not of a class, the share that were not given it.",
            _AVERAGE, *_DECIDED, synonyms=("true negative rate", "classification")),
    _metric("F1", "F1", "f_score", "The harmonic mean of precision and recall.",
            _AVERAGE, *_DECIDED, synonyms=("f-score", "classification")),
    _metric("FBeta", "F-beta", "f_beta", "As F1, with recall beta times as important as precision.",
            real("beta", 2.0, "How many times as important recall is as precision.", minimum=1e-3),
            _AVERAGE, *_DECIDED, synonyms=("f2", "f-score", "classification")),
    _metric("JaccardIndex", "IoU", "iou", "Intersection over union of what is and what was found, for pixels or samples (Jaccard index).",
            _AVERAGE, *_DECIDED, synonyms=("jaccard", "intersection over union", "segmentation", "miou")),
    _metric("Dice", "Dice", "dice", "Twice the overlap of what is and what was found over the sum of both; equal to F1 over all pixels.",
            _AVERAGE, *_DECIDED, synonyms=("segmentation", "overlap", "sorensen")),
    _metric("AUROC", "AUROC", "auroc", "How often a sample of a class gets a higher score than one of another (area under the ROC curve).",
            *_RANKED, synonyms=("auc", "roc", "ranking", "classification")),
    _metric("AveragePrecision", "Average precision", "average_precision", "The area under the curve of precision over recall.",
            *_RANKED, synonyms=("pr auc", "map", "classification")),
    _metric("MatthewsCorrCoef", "Matthews correlation", "matthews", "The correlation of right and predicted classes, from -1 to 1.",
            *_DECIDED, synonyms=("mcc", "phi", "classification")),
    _metric("CohenKappa", "Cohen's kappa", "kappa", "How much better than by chance right and predicted classes agree.",
            choice("weights", ("none", "linear", "quadratic"), "How much worse a mistake is between classes that are far apart."),
            *_DECIDED, synonyms=("agreement", "ordinal", "classification")),
    _metric("CalibrationError", "Calibration error", "calibration", "How far confidence is from the share of right answers, on average.",
            whole("n_bins", 15, "Into how many equal steps the confidence is divided.", minimum=1, maximum=1000), _IGNORE, _MEANING,
            synonyms=("ece", "confidence", "reliability")),
    _metric("HammingDistance", "Hamming distance", "hamming", "The share of labels that are wrong.",
            *_DECIDED, synonyms=("hamming loss", "multi-label")),
    _metric("ExactMatch", "Exact match", "exact_match", "The share of samples of which every label or place is right.",
            *_DECIDED, synonyms=("subset accuracy", "multi-label", "sequence accuracy")),
    _metric("Perplexity", "Perplexity", "perplexity", "Among how many tokens alike a language model seems to choose: 1 is certain.",
            _IGNORE, _MEANING, inputs=(_SCORES, _CLASSES), synonyms=("language model", "ppl", "text")),
)  # fmt: skip


def _of_numbers(name: str, label: str, stem: str, text: str, *synonyms: str) -> NodeType:
    return _metric(
        name, label, stem, text, inputs=(_PREDICTIONS, _VALUES), synonyms=(*synonyms, "regression")
    )  # fmt: skip


_NUMBER_TYPES = (
    _of_numbers("R2", "R²", "r_squared", "The share of the variance explained: 1 is perfect, 0 no better than the mean.",
                "r2", "determination"),
    _of_numbers("MeanAbsoluteError", "Mean absolute error", "mae", "How far the predictions are off on average.", "mae", "l1"),
    _of_numbers("MeanSquaredError", "Mean squared error", "mse", "The mean of the squared differences.", "mse", "l2"),
    _of_numbers("RootMeanSquaredError", "Root mean squared error", "rmse",
                "The root of the mean squared difference, in the unit of the values.", "rmse"),
    _of_numbers("MeanAbsolutePercentageError", "Mean absolute percentage error", "mape",
                "How far the predictions are off on average, as a share of the right values.", "mape", "relative error"),
    _of_numbers("ExplainedVariance", "Explained variance", "explained_variance",
                "As R², but a constant offset of all predictions does not count.", "evs"),
    _of_numbers("PearsonCorrCoef", "Pearson correlation", "pearson", "How straight the relation of predictions and values is.",
                "correlation", "linear"),
    _of_numbers("SpearmanCorrCoef", "Spearman correlation", "spearman", "How well the order of the predictions is that of the values.",
                "correlation", "rank"),
)  # fmt: skip

_MADE = replace(
    _PREDICTIONS, help="Samples that a network makes: images, points, or better what another network sees in them."
)
_REAL = replace(_VALUES, help="As many real samples, in the same shape.")
_CROWD = (
    whole("k", 5, "How many neighbours around each real sample count as near it.", minimum=1, maximum=1000),
    whole("limit", 2000, "Only so many samples of a pass are compared, the first ones.", minimum=2, maximum=100_000),
)
_SAMPLE_TYPES = (
    _metric("Density", "Density", "density", "How near made samples are to real ones: 1 where both are alike, 0 where none is real "
            "(Naeem et al., 2020). Not told while training changes the network.",
            *_CROWD, inputs=(_MADE, _REAL), synonyms=("gan", "fidelity", "precision", "quality", "generator", "prdc")),
    _metric("Coverage", "Coverage", "coverage", "The share of the real samples that have a made one near them, so how much of the data is "
            "made at all (Naeem et al., 2020). Not told while training changes the network.",
            *_CROWD, inputs=(_MADE, _REAL), synonyms=("gan", "diversity", "recall", "mode collapse", "generator", "prdc")),
)  # fmt: skip

TYPES = (*_CLASS_TYPES, *_NUMBER_TYPES, *_SAMPLE_TYPES)
OF_CLASSES = frozenset(t.id for t in _CLASS_TYPES)  # they compare scores with classes
OF_NUMBERS = frozenset(t.id for t in (*_NUMBER_TYPES, *_SAMPLE_TYPES))  # they compare numbers with numbers

# What the metrics are called among the figures of a run, and whether they should become small ("min") or large ("max").
FIGURES: Mapping[str, tuple[str, str]] = {
    f"layerloom.metrics.{name}": (figure, direction)
    for name, figure, direction in (
        ("Accuracy", "accuracy", "max"),
        ("TopKAccuracy", "top_k_accuracy", "max"),
        ("BalancedAccuracy", "balanced_accuracy", "max"),
        ("Precision", "precision", "max"),
        ("Recall", "recall", "max"),
        ("Specificity", "specificity", "max"),
        ("F1", "f1", "max"),
        ("FBeta", "f_beta", "max"),
        ("JaccardIndex", "iou", "max"),
        ("Dice", "dice", "max"),
        ("AUROC", "auroc", "max"),
        ("AveragePrecision", "average_precision", "max"),
        ("MatthewsCorrCoef", "matthews", "max"),
        ("CohenKappa", "cohen_kappa", "max"),
        ("CalibrationError", "calibration_error", "min"),
        ("HammingDistance", "hamming_distance", "min"),
        ("ExactMatch", "exact_match", "max"),
        ("Perplexity", "perplexity", "min"),
        ("R2", "r2", "max"),
        ("MeanAbsoluteError", "mean_absolute_error", "min"),
        ("MeanSquaredError", "mean_squared_error", "min"),
        ("RootMeanSquaredError", "root_mean_squared_error", "min"),
        ("MeanAbsolutePercentageError", "mean_absolute_percentage_error", "min"),
        ("ExplainedVariance", "explained_variance", "max"),
        ("PearsonCorrCoef", "pearson", "max"),
        ("SpearmanCorrCoef", "spearman", "max"),
        ("Density", "density", "max"),
        ("Coverage", "coverage", "max"),
    )
}
