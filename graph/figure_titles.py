"""What people call the figures of runs, and the goals of a sweep."""

from __future__ import annotations

from collections.abc import Mapping

from graph.messages import Message, msg
from graph.search import LATENCY, MACS, PARAMETERS

TITLES: Mapping[str, Message] = {
    "loss": msg("Loss"),
    "accuracy": msg("Accuracy"),
    "r2": msg("R²"),
    "mean_absolute_error": msg("Mean abs. error"),
    "top_k_accuracy": msg("Top-k accuracy"),
    "balanced_accuracy": msg("Balanced accuracy"),
    "f1": msg("F1"),
    "f_beta": msg("F-beta"),
    "iou": msg("IoU"),
    "auroc": msg("AUROC"),
    "matthews": msg("Matthews correlation"),
    "cohen_kappa": msg("Cohen's kappa"),
    "precision": msg("Precision score"),
    "recall": msg("Recall"),
    "specificity": msg("Specificity"),
    "dice": msg("Dice"),
    "average_precision": msg("Average precision"),
    "calibration_error": msg("Calibration error"),
    "hamming_distance": msg("Hamming distance"),
    "exact_match": msg("Exact match"),
    "perplexity": msg("Perplexity"),
    "mean_squared_error": msg("Mean sq. error"),
    "root_mean_squared_error": msg("Root mean sq. error"),
    "mean_absolute_percentage_error": msg("Mean abs. % error"),
    "explained_variance": msg("Explained variance"),
    "pearson": msg("Pearson correlation"),
    "spearman": msg("Spearman correlation"),
}
COST_TITLES: Mapping[str, Message] = {
    PARAMETERS: msg("Parameters"),
    MACS: msg("MACs"),
    LATENCY: msg("Latency"),
}
# The first letter of others is not made a small one: it may be that of a name.
_OF_VALIDATION: Mapping[str, Message] = {
    "loss": msg("Validation loss"),
    "accuracy": msg("Validation accuracy"),
}


def title_of(key: str) -> str:
    """The title of a figure: translated where it is a known one, else its own words."""
    return str(TITLES.get(key) or key.replace("_", " ").capitalize())


def goal_title(goal: str) -> Message:
    """What a goal of a sweep is called: a cost, or a figure of the validation samples."""
    of_validation = _OF_VALIDATION.get(goal) or msg("Validation {figure}", figure=title_of(goal))
    return COST_TITLES.get(goal) or of_validation
