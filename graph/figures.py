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


def compared_figures(project: Project) -> dict[str, dict[str, str]]:
    """The figures that branches of a drawing have in common: by heading, and what each is called beside the others.

    Objectives that all minimize losses of the same kinds with the same weights are compared by `loss`, under their names;
    metrics of one kind by that kind, under the words of their names that the others do not have.
    """
    objectives, names = _objectives(project), figure_names(project)
    totals = total_names([objective for objective, _ in objectives])
    alike = {tuple((n.type, dict(o.losses).get(n.id, 1.0)) for n in own) for o, own in objectives}
    found = {}
    if len(objectives) > 1 and len(alike) == 1:
        found[LOSS] = {total: objective.name for (objective, _), total in zip(objectives, totals, strict=True)}
    by_kind: dict[str, list[str]] = {}
    for node in _with_role(project, Role.METRIC):
        by_kind.setdefault(FIGURES[node.type][0] if node.type in FIGURES else node.type, []).append(node.name)
    for kind, nodes in by_kind.items():
        if len(nodes) > 1 and kind not in found:
            found[kind] = {names[node]: label for node, label in zip(nodes, _apart(nodes), strict=True)}
    return found


def _apart(names: Sequence[str]) -> list[str]:
    """Names without the words that they all begin or end with; as they are where nothing would be left of one."""
    words = [name.split("_") for name in names]
    shortest = min(map(len, words))
    first = next((i for i in range(shortest) if len({w[i] for w in words}) > 1), shortest)
    last = next((i for i in range(shortest) if len({w[-1 - i] for w in words}) > 1), shortest)
    if first + last >= shortest:
        return list(names)
    return ["_".join(w[first : len(w) - last]) for w in words]


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
