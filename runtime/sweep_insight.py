"""What a sweep tells: which trials nothing beats, and which places mattered. Importable without torch."""

from __future__ import annotations

from collections.abc import Mapping

from graph.search_labels import place_label
from runtime.sweep_folders import Sweep


def pareto(sweep: Sweep) -> list[int]:
    """The numbers of the finished trials that no other finished trial beats: none is as good in all goals and better in one."""
    signs = [-1.0 if direction == "max" else 1.0 for direction in sweep.directions]
    points = {
        t.number: tuple(sign * value for sign, value in zip(signs, t.goals, strict=True) if value is not None)
        for t in sweep.finished
    }

    def beaten(point: tuple[float, ...]) -> bool:
        return any(all(a <= b for a, b in zip(o, point, strict=True)) and o != point for o in points.values())

    return [number for number, point in points.items() if not beaten(point)]


def importances(sweep: Sweep) -> Mapping[str, Mapping[str, float]]:
    """How much each place decides about each goal: by goal, shares by the label of the place, the largest first.

    Raises:
        RunError: nobody can tell; the message says why.
    """
    from runtime.sweep_optuna import importance

    labels = [place_label(sweep.project, entry.place) for entry in sweep.search.entries]
    found = {}
    for index, goal in enumerate(sweep.goals):
        shares = sorted(importance(sweep, index).items(), key=lambda share: (-share[1], share[0]))
        found[goal] = {labels[entry]: share for entry, share in shares}
    return found
