"""The figures of a run: what losses and metrics are called there, and whether they should become small or large."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from graph.catalog.metric import FIGURES
from graph.catalog.types import Role
from graph.model import Node, Project
from graph.plan import Objective

LOSS = "loss"
DOWN, UP = "min", "max"


def total_names(objectives: Sequence[Objective]) -> list[str]:
    """What the weighted loss of each objective is called: `loss` for the first, `NAME_loss` for the others."""
    return [LOSS if i == 0 else f"{objective.name}_loss" for i, objective in enumerate(objectives)]


def figure_names(project: Project) -> dict[str, str]:
    """The figure of each loss and metric node, by the name of the node.

    A loss that is alone in its objective goes by the name of the whole (`loss`), a metric by its kind (`accuracy`) where the
    drawing has one of that kind; else both go by the name of their node, with `_node` behind it where that means something
    else already.
    """
    losses, metrics = _with_role(project, Role.LOSS), _with_role(project, Role.METRIC)
    objectives = _objectives(project)
    totals = total_names([objective for objective, _ in objectives])
    alone = {own[0].name: total for (_, own), total in zip(objectives, totals, strict=True) if len(own) == 1}
    kinds = Counter(node.type for node in metrics)
    short = {node.name: FIGURES[node.type][0] for node in metrics if kinds[node.type] == 1 and node.type in FIGURES}
    taken = {*totals, *short.values()}
    given = {**alone, **short}
    names = [node.name for node in (*losses, *metrics)]
    return {name: given.get(name) or (f"{name}_node" if name in taken else name) for name in names}


def watched_figures(project: Project) -> dict[str, str]:
    """The figures that a plan can watch, each with its direction; the loss of the first objective first."""
    names = figure_names(project)
    found = dict.fromkeys(total_names([objective for objective, _ in _objectives(project)]) or [LOSS], DOWN)
    found |= dict.fromkeys((names[node.name] for node in _with_role(project, Role.LOSS)), DOWN)
    for node in _with_role(project, Role.METRIC):
        found[names[node.name]] = FIGURES[node.type][1] if node.type in FIGURES else DOWN
    return found


def direction(figure: str, project: Project) -> str:
    """ "min" for a figure that is better the smaller it is, "max" for one that should become large."""
    return watched_figures(project).get(figure, DOWN)


def _objectives(project: Project) -> list[tuple[Objective, list[Node]]]:
    """The objectives that have losses, with these."""
    losses = _with_role(project, Role.LOSS)
    own = [(o, [n for n in losses if n.id in dict(o.losses)] if o.losses else losses) for o in project.plan.objectives]
    return [(objective, nodes) for objective, nodes in own if nodes]


def _with_role(project: Project, role: Role) -> list[Node]:
    catalog, nodes = project.catalog, project.graph.nodes.values()
    return [n for n in nodes if not n.bypassed and n.type in catalog and catalog[n.type].role is role]
