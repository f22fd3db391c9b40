"""The plan of a drawing with what the options of `train` ask for."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from graph.messages import ProjectError, msg, tr
from graph.model import Project
from graph.plan import BY_NORM, EMA, Choice, Objective, Plan

# Option, and the fields of the plan that its value becomes.
_OF_PLAN: Mapping[str, Callable[[Any, Plan], dict[str, Any]]] = {
    **{
        name: (lambda value, plan, name=name: {name: value})
        for name in (
            "epochs", "batch_size", "seed", "device", "precision", "compile", "channels_last", "deterministic", "monitor",
        )
    },
    "ema": lambda decay, plan: {"averaging": EMA, "averaging_decay": decay},
    "early_stopping": lambda epochs, plan: {"patience": epochs},
    "split": lambda method, plan: {"split": replace(plan.split, method=method)},
}  # fmt: skip
# Option, and the fields of every objective that its value becomes.
_OF_OBJECTIVE: Mapping[str, Callable[[Any, Objective], dict[str, Any]]] = {
    "optimizer": lambda type_id, objective: {"optimizer": Choice(type_id)},
    "scheduler": lambda type_id, objective: {"scheduler": Choice(type_id)},
    "lr": lambda rate, objective: {
        "optimizer": replace(objective.optimizer, params={**objective.optimizer.params, "lr": rate})
    },
    "warmup": lambda steps, objective: {"warmup": steps},
    "accumulate": lambda batches, objective: {"accumulate": batches},
    "clip_norm": lambda norm, objective: {"clip": BY_NORM, "clip_at": norm},
}


def wished_plan(project: Project, args: Namespace) -> Plan:
    """The plan of a project with what the options ask for.

    Raises:
        ProjectError: a node to freeze is not in the drawing.
    """
    plan = project.plan
    for name, change in _OF_PLAN.items():
        if (value := getattr(args, name)) is not None:
            plan = replace(plan, **change(value, plan))
    if args.freeze is not None:
        plan = replace(plan, frozen=tuple(_node(project, name) for name in args.freeze))
    return replace(plan, objectives=tuple(_wished_objective(objective, args) for objective in plan.objectives))


def _wished_objective(objective: Objective, args: Namespace) -> Objective:
    for name, change in _OF_OBJECTIVE.items():
        if (value := getattr(args, name)) is not None:
            objective = replace(objective, **change(value, objective))
    return objective


def _node(project: Project, name: str) -> str:
    node = project.graph.node_named(name)
    if node is None:
        names = ", ".join(other.name for other in project.graph.nodes.values()) or tr("none")
        raise ProjectError(
            msg("There is no node '{name}' in this drawing. Its nodes: {names}.", name=name, names=names)
        )
    return node.id
