"""Metrics: what is measured beside the loss and never trained on."""

from __future__ import annotations

from collections.abc import Mapping

from graph.catalog.types import NodeType, PortType, Role

FAMILY = "metric"

_SCORES = PortType(name="input", dtype="float", ndim=(2, 3, 4, 5), help="One score a class: batch × classes.")
_CLASSES = PortType(name="target", dtype="integer", target=True, help="The right classes, as whole numbers from 0.")
_PREDICTIONS = PortType(name="input", dtype="float", help="The predictions.")
_VALUES = PortType(name="target", dtype="float", target=True, help="The right values, in the shape of the input.")


def _metric(name: str, label: str, stem: str, text: str, *inputs: PortType, synonyms: tuple[str, ...]) -> NodeType:
    return NodeType(
        id=f"layerloom.metrics.{name}", label=label, family=FAMILY, role=Role.METRIC, stem=stem, help=text,
        summary=label, inputs=inputs, outputs=(), synonyms=synonyms,
    )  # fmt: skip


TYPES = (
    _metric("Accuracy", "Accuracy", "accuracy", "The share of samples whose highest score is the right class.",
            _SCORES, _CLASSES, synonyms=("classification", "correct", "score")),
    _metric("R2", "R²", "r_squared", "The share of the variance explained: 1 is perfect, 0 no better than the mean.",
            _PREDICTIONS, _VALUES, synonyms=("r2", "regression", "determination")),
    _metric("MeanAbsoluteError", "Mean absolute error", "mae", "How far the predictions are off on average.",
            _PREDICTIONS, _VALUES, synonyms=("mae", "l1", "regression")),
)  # fmt: skip

# What the metrics are called among the figures of a run, and whether they should become small ("min") or large ("max").
FIGURES: Mapping[str, tuple[str, str]] = {
    "layerloom.metrics.Accuracy": ("accuracy", "max"),
    "layerloom.metrics.R2": ("r2", "max"),
    "layerloom.metrics.MeanAbsoluteError": ("mean_absolute_error", "min"),
}
