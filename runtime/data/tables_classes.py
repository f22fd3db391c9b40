"""The target of a table: whether it holds classes, which ones, and the index of each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from graph.messages import DataError, msg
from runtime.data.records import CLASSIFICATION, REGRESSION
from runtime.data.rows import RowArray, in_pieces
from runtime.data.sources import MAX_CLASSES
from runtime.data.tables_rows import Layout, Read

MAX_GUESSED = 20  # different whole numbers that are taken for classes


@dataclass(frozen=True, eq=False, slots=True)
class Codes:
    """The classes by name, and the class of each (sorted) value that stands in the column."""

    names: tuple[str, ...]
    values: np.ndarray
    classes: np.ndarray

    def of(self, values: np.ndarray) -> np.ndarray:
        """The class indices of values."""
        return self.classes[np.searchsorted(self.values, values)]


def class_codes(file: str, layout: Layout, read: Read) -> Codes | None:
    """The classes of the target in sorted order, by number if all labels are numbers; None for a regression.

    Raises:
        DataError: there are too few or too many.
    """
    name = layout.targets[0]
    if len(layout.targets) > 1 or (layout.task == REGRESSION and name not in read.words):
        return None
    values = _distinct(read.answers)
    if name not in read.words and layout.task != CLASSIFICATION and not _look_like_classes(values, len(read.answers)):
        return None
    if values is not None and len(values) == 1:
        raise DataError(
            msg(
                "'{file}': every row has the same in column '{column}', so there is nothing to tell apart. "
                "Choose another column under 'target'.",
                file=file,
                column=name,
            )
        )
    if values is None:
        raise DataError(
            msg(
                "'{file}': column '{column}' holds more than {limit} different labels, too many for classes. "
                "Choose another column under 'target', or another task.",
                file=file,
                column=name,
                limit=MAX_CLASSES,
            )
        )
    known = read.words.get(name)
    labels = [known[int(value)] if known else int(value) for value in values]
    order = sorted(range(len(labels)), key=labels.__getitem__)
    classes = np.empty(len(labels), np.int64)
    classes[order] = np.arange(len(labels))
    return Codes(tuple(str(labels[place]) for place in order), values, classes)


def _look_like_classes(values: np.ndarray | None, samples: int) -> bool:
    if values is None or len(values) > min(MAX_GUESSED, samples / 2):
        return False
    return bool((values == np.round(values)).all())


def _distinct(answers: RowArray) -> np.ndarray | None:
    """The different values in the first column, sorted; None if they are more than `MAX_CLASSES`."""
    found = np.empty(0)
    for piece in in_pieces(answers):
        found = np.union1d(found, piece[:, 0])
        if len(found) > MAX_CLASSES:
            return None
    return found
