"""Mean and spread of targets that are numbers, as measured on the training part."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from graph.catalog import CATALOG
from graph.messages import DataError
from graph.model import Node
from graph.plan import Plan
from graph.target_scaling import MOST_COLUMNS, split_key
from runtime.data.records import Loaded
from runtime.data.splits import split, traits_of

ROWS = 65536  # at a time
_NUMBERS_AT_A_TIME = 2**22
MOST_NUMBERS = (
    2**24
)  # of more than that (large pictures as targets), evenly spaced pieces are looked at: a fraction of a second

Read = Callable[[int, int], np.ndarray]  # the samples from one row to another


def target_facts(node: Node, loaded: Loaded, plan: Plan) -> dict[str, Any]:
    """What a data node remembers of its targets that are numbers: facts for `graph.facts.Facts`, none where there are none, or
    where they are not at hand without the inputs."""
    node_type, arrays = CATALOG.of(node), getattr(loaded.store, "arrays", {})
    ports = [port.name for port in (node_type.outputs if node_type else ()) if port.target]
    ports = [name for name in ports if name in arrays and "float" in loaded.outputs[name].dtype]
    if not ports:
        return {}
    try:
        train = split(loaded.samples, plan.split, seed=plan.seed, traits=traits_of([loaded])).train
    except DataError:  # said when it is trained
        return {}
    rows = np.sort(train)
    found = {}
    for name in ports:
        array = arrays[name]
        mean, spread = moments(lambda start, stop, array=array: array[rows[start:stop]], len(rows))
        if np.isfinite([*mean, *spread]).all():
            found[name] = {"mean": mean, "spread": spread}
    return {"moments": found, "measured_on": split_key(plan)} if found else {}


def moments(read: Read, count: int) -> tuple[list[float], list[float]]:
    """Mean and standard deviation (of the population), exact in two passes over up to `MOST_NUMBERS`: of each column where a sample is
    a row of a few numbers, else of all numbers."""
    first = np.asarray(read(0, 1))
    by_column = first.ndim == 2 and 1 < first.shape[1] <= MOST_COLUMNS
    width = first.shape[1] if by_column else 1
    size = max(1, first[:1].size)
    step = max(1, min(ROWS, _NUMBERS_AT_A_TIME // size))
    most = max(1, MOST_NUMBERS // (step * size))  # pieces
    starts = range(0, count, max(step, -(-count // most)))
    rows = sum(min(step, count - start) for start in starts)

    def total(of: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        whole = np.zeros(width)
        for start in starts:
            piece = np.asarray(read(start, min(start + step, count)), np.float64)
            whole += of(piece.reshape(-1, width)).sum(axis=0)
        return whole

    numbers = rows * size // width
    mean = total(lambda x: x) / max(1, numbers)
    spread = np.sqrt(total(lambda x: (x - mean) ** 2) / max(1, numbers))
    return mean.tolist(), spread.tolist()
