"""Which figure of a run stands on which card: figures go by their kind or by the name of a node."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from graph.catalog import CATALOG, Role
from graph.catalog.metric import FIGURES
from graph.model import Graph

LOSS = "loss"


def live_values(graph: Graph, figures: Mapping[str, float]) -> dict[str, float]:
    """The figures of a run by the names of the losses and metrics of the drawing that it trains.

    How figures are called is up to `graph.figures.figure_names`.
    """
    kinds = {node.name: FIGURES[node.type][0] for node in graph.nodes.values() if node.type in FIGURES}
    count = Counter(kinds.values())
    keys = {name: kind if count[kind] == 1 else name for name, kind in kinds.items()}
    losses = [n.name for n in graph.nodes.values() if n.type in CATALOG and CATALOG[n.type].role is Role.LOSS]
    keys |= {name: LOSS if len(losses) == 1 else name for name in losses}
    found = {name: figures.get(f"{name}_node", figures.get(key)) for name, key in keys.items()}
    return {name: value for name, value in found.items() if value is not None}
