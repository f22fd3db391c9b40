"""Transforms that are measured on the training part and applied to everything that the model sees."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from graph.catalog import CATALOG
from graph.model import Node
from runtime.data.sources import TABLE

Moments = Mapping[str, list[float]]


def measure(node: Node, arrays: Mapping[str, np.ndarray], train: np.ndarray) -> dict[str, Moments]:
    """What the transforms of a data node need to know, by port, from the rows `train` alone; JSON values.

    A table that is standardized: mean and standard deviation (of the population) of each feature; the deviation of a
    constant feature is taken as 1.
    """
    node_type = CATALOG[node.type]
    if node_type.id != TABLE or not node_type.values(node)["standardize"]:
        return {}
    rows = arrays["features"][train]
    mean = rows.mean(axis=0)
    std = np.where(np.ptp(rows, axis=0) > 0, rows.std(axis=0), 1.0)
    return {"features": {"mean": mean.tolist(), "std": std.tolist()}}


def apply(statistics: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Transform the arrays of one data node, by port, with what `measure` found: (x - mean) / std."""
    return {port: _standardize(array, statistics.get(port)) for port, array in arrays.items()}


def _standardize(array: np.ndarray, moments: Moments | None) -> np.ndarray:
    return array if moments is None else (array - np.array(moments["mean"])) / np.array(moments["std"])
