"""The figures of a run that a plan can watch: what they are called, and whether they should become small or large."""

from __future__ import annotations

from collections import Counter

from graph.catalog.metric import FIGURES
from graph.catalog.types import Role
from graph.model import Project

LOSS = "loss"
DOWN, UP = "min", "max"


def watched_figures(project: Project) -> dict[str, str]:
    """The figures that the losses and metrics of a drawing give, each with its direction; the total loss first.

    A metric goes by its kind where it is the only one of it, else by the name of its node (`runtime.training.record`).
    """
    catalog, nodes = project.catalog, [n for n in project.graph.nodes.values() if not n.bypassed]
    losses = [n.name for n in nodes if n.type in catalog and catalog[n.type].role is Role.LOSS]
    kinds = Counter(n.type for n in nodes)
    found = {LOSS: DOWN, **(dict.fromkeys(losses, DOWN) if len(losses) > 1 else {})}
    for node in nodes:
        if node.type in FIGURES:
            figure, direction_of_it = FIGURES[node.type]
            found[figure if kinds[node.type] == 1 else node.name] = direction_of_it
    return found


def direction(figure: str, project: Project) -> str:
    """ "min" for a figure that is better the smaller it is, "max" for one that should become large."""
    return watched_figures(project).get(figure, DOWN)
