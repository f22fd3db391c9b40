"""Sweeps: many trainings of one drawing with other values at the places that its search names. Importable without torch."""

from __future__ import annotations

from graph.search_labels import place_label
from runtime.sweep_events import (
    FAILED,
    FINISHED,
    PRUNED,
    RUNNING,
    STOPPED,
    SweepEnded,
    SweepEvent,
    SweepStarted,
    TrialEnded,
    TrialReported,
    TrialStarted,
)  # fmt: skip
from runtime.sweep_folders import SWEEP_PREFIX, Sweep, Trial, list_sweeps, load_sweep, trial_project
from runtime.sweep_insight import importances, pareto
from runtime.sweep_problems import notes_of, problems_of
from runtime.sweep_session import SweepSession

__all__ = [
    "FAILED", "FINISHED", "PRUNED", "RUNNING", "STOPPED", "SWEEP_PREFIX", "Sweep", "SweepEnded", "SweepEvent", "SweepSession",
    "SweepStarted", "Trial", "TrialEnded", "TrialReported", "TrialStarted", "importances", "list_sweeps", "load_sweep",
    "notes_of", "pareto", "place_label", "problems_of", "trial_project",
]  # fmt: skip
