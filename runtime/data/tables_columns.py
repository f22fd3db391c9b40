"""Columns of a table as numbers: words become codes, what is missing NaN, what does not fit is told by its line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from graph.messages import DataError, Message, msg
from runtime.data.tables_pieces import MISSING, Coded, Column

MAX_WORDS = 50  # different words of a column of features
UNKNOWN = -1.0  # the code of a word that was not there before
_MOST = float(np.finfo(np.float32).max)


@dataclass(slots=True)
class Numbers:
    """A column of numbers: infinite is what does not fit, NaN what is missing."""

    whole: bool = False

    def encode(self, cells: Column) -> np.ndarray:
        """The cells as float64."""
        values = cells if isinstance(cells, np.ndarray) else as_numbers(_plain(cells))
        wrong = np.abs(values) > _MOST
        if self.whole:
            wrong |= values != np.round(values)
            wrong &= ~np.isnan(values)
        return np.where(wrong, np.inf, values)

    def complaint(self, file: str, line: int, name: str, cell: object) -> Message:
        """Why a cell does not fit."""
        value = float(as_numbers([str(cell)])[0])
        if np.isfinite(value) and abs(value) <= _MOST:
            return msg(
                "'{file}', line {line}: {value} in column '{column}' is no class. Classes are words or whole numbers; "
                "for other numbers choose the task 'regression'.",
                file=file, line=line, value=str(cell).strip(), column=name,
            )  # fmt: skip
        if reads(str(cell)):
            return msg(
                "'{file}', line {line}: the number in column '{column}' is infinite or too large for 32 bits. "
                "Mend that cell.",
                file=file, line=line, column=name,
            )  # fmt: skip
        return msg(
            "'{file}', line {line}: '{cell}' in column '{column}' is not a number. Write numbers with a "
            "decimal point, or leave the column out under 'ignore'.",
            file=file, line=line, cell=str(cell).strip()[:40], column=name,
        )  # fmt: skip


@dataclass(slots=True)
class Words:
    """A column of words, each with a code in the order in which they come; `most` is how many there may be.

    With `fixed` there are no others: what is unknown has the code `UNKNOWN`.
    """

    codes: dict[str, int] = field(default_factory=dict)
    most: int | None = None
    fixed: bool = False
    refuse: Callable[[Iterable[str]], DataError] | None = None

    def encode(self, cells: Column) -> np.ndarray:
        """The codes of the cells as float64.

        Raises:
            DataError: there are too many different words.
        """
        words, codes = _coded(cells)
        if not self.fixed:
            for word in words:
                if word is not None:
                    self.codes.setdefault(word, len(self.codes))
            if self.most is not None and len(self.codes) > self.most and self.refuse is not None:
                raise self.refuse(self.codes)
        known: dict[str | None, float] = {None: np.nan, **self.codes}
        return np.array([known.get(word, UNKNOWN) for word in words])[codes]

    def code_of_missing(self) -> float:
        """What stands for a missing word where that is a word of its own."""
        return UNKNOWN if self.fixed and "" not in self.codes else float(self.codes.setdefault("", len(self.codes)))

    def complaint(self, file: str, line: int, name: str, cell: object) -> Message:
        """Any word fits."""
        raise AssertionError(f"a word in {name} does not fit: {cell}")


def as_numbers(cells: Sequence[str]) -> np.ndarray:
    """The cells as float64: NaN where one is missing, infinite where one is no number."""
    try:
        return np.fromiter(map(float, cells), np.float64, len(cells))
    except ValueError:
        return np.fromiter(map(_number, cells), np.float64, len(cells))


def numeric_share(cells: Column) -> float:
    """Which share of the cells that are not missing are numbers; 1 if all are missing."""
    if isinstance(cells, np.ndarray):
        return 1.0
    there = [cell for cell in _plain(cells) if not _is_missing(cell)]
    return sum(map(reads, there)) / len(there) if there else 1.0


def _plain(cells: Sequence[str] | Coded) -> Sequence[str]:
    if isinstance(cells, Coded):
        return [cells.words[code] for code in cells.codes.tolist()]
    return cells


def _number(cell: str) -> float:
    if _is_missing(cell):
        return np.nan
    return float(cell) if reads(cell) else np.inf


def reads(cell: str) -> bool:
    """Whether a cell is a number."""
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _is_missing(cell: str) -> bool:
    return cell.strip().lower() in MISSING


def _coded(cells: Column) -> tuple[list[str | None], np.ndarray]:
    """The different words among the cells, None for a missing one, and for each cell the place of its word."""
    if isinstance(cells, np.ndarray):
        values, codes = np.unique(cells, return_inverse=True)
        return [None if np.isnan(value) else f"{value:.15g}" for value in values.tolist()], codes
    if not isinstance(cells, Coded):
        places: dict[str, int] = {}
        codes = np.fromiter((places.setdefault(cell, len(places)) for cell in cells), np.int64, len(cells))
        cells = Coded(list(places), codes)
    return [None if _is_missing(word) else word.strip() for word in cells.words], cells.codes
