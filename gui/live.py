"""Which figure of a run stands on which card."""

from __future__ import annotations

from collections.abc import Mapping

from graph.figures import figure_names
from graph.model import Project


def live_values(project: Project, figures: Mapping[str, float]) -> dict[str, float]:
    """The figures of a run by the names of the losses and metrics of the drawing that it trains."""
    return {name: figures[key] for name, key in figure_names(project).items() if key in figures}
