"""What a person can look at of a table: its first rows as they stand in the file, and figures about each column."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from runtime.data.looks import ROWS, class_counts, shown_number
from runtime.data.records import Arrays, ColumnLook, Loaded, Look

MEASURED = 200_000  # rows; of longer tables so many evenly over the file
BINS = 20
TARGET = "target"  # the port, before the name of its column


def look_at_table(values: Mapping[str, Any], loaded: Loaded, samples: Arrays) -> Look:
    """The raw cells of the first rows, empty where one is missing; the figures are of all rows, or of `MEASURED`."""
    first = loaded.store.read(np.arange(min(ROWS, loaded.samples)))
    names, words = _columns(loaded)
    rows = tuple(
        tuple(_cell(value, words.get(name, ())) for name, value in zip(names, row, strict=True))
        for row in _cells(first)
    )
    figures = []
    cells = _cells(_measured(loaded))
    for place, name in enumerate(names):
        figures.append(_figures(name, cells[:, place], words.get(name, ()), whole=loaded.samples <= MEASURED))
    return Look(header=names, rows=rows, counts=class_counts(loaded), columns=tuple(figures), broken=loaded.broken)


def _columns(loaded: Loaded) -> tuple[tuple[str, ...], dict[str, tuple[str, ...]]]:
    """The names of the columns, features first, and the words of those that hold words."""
    words = {name: tuple(word or "" for word in known) for name, known in loaded.categories.items()}
    targets = tuple(name if name == TARGET else f"{TARGET}: {name}" for name in loaded.targets)
    return (*loaded.columns, *targets), words | ({targets[0]: loaded.classes} if loaded.classes else {})


def _measured(loaded: Loaded) -> Arrays:
    count = loaded.samples
    rows = np.arange(count) if count <= MEASURED else np.linspace(0, count - 1, MEASURED).astype(np.int64)
    return loaded.store.read(rows)


def _cells(samples: Arrays) -> np.ndarray:
    """Features and target beside each other, float64."""
    return np.concatenate([samples["features"], samples["target"].reshape(len(samples["target"]), -1)], axis=1)


def _cell(value: float, words: tuple[str, ...]) -> str:
    if np.isnan(value):
        return ""
    return words[int(value)] if words else shown_number(value)


def _figures(name: str, cells: np.ndarray, words: tuple[str, ...], *, whole: bool) -> ColumnLook:
    """The figures of a column; how many different numbers there are is known only if these are `whole`, all cells."""
    there = cells[~np.isnan(cells)]
    if words:
        blank = sum(int((there == code).sum()) for code, word in enumerate(words) if not word)
        missing = len(cells) - len(there) + blank
        return ColumnLook(name=name, kind="category", missing=missing, distinct=sum(map(bool, words)))
    missing = len(cells) - len(there)
    if not len(there):
        return ColumnLook(name=name, kind="number", missing=missing, distinct=0)
    least, most = float(there.min()), float(there.max())
    histogram, _ = np.histogram(there, BINS, (least, most))
    return ColumnLook(
        name=name, kind="number", missing=missing, distinct=len(np.unique(there)) if whole else None, least=least, most=most,
        mean=float(there.mean()), deviation=float(there.std()), histogram=tuple(histogram.tolist()),
    )  # fmt: skip
