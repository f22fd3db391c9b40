"""Columns of words that are something else: numbers in another notation, dates, or a first line that names no columns."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import numpy as np

from graph.messages import DataError, msg
from runtime.data.records import PART_NAMES, TRAIN
from runtime.data.tables_columns import Numbers, Words, reads
from runtime.data.tables_pieces import Coded, Column

_DIGITS = r"(\d+([.,]\d+)?|\d{1,3}([.,'’ \u00a0\u202f]\d{3})+([.,]\d+)?)"
_NUMBER = re.compile(rf"[-+−]?\s?[$€£¥]?\s?[-+−]?{_DIGITS}\s?[%€$£¥]?")
_DATE = re.compile(r"(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.](\d{4}|\d{2}))([ T]\d{1,2}:\d{2}.*)?")


def doubt(file: str, column: str, words: Iterable[str]) -> DataError | None:
    """Why the words of a column are none that could be classes or features; None if they are."""
    there = [word for word in words if word]
    if there and all(map(_NUMBER.fullmatch, there)):
        return DataError(
            msg(
                "'{file}': column '{column}' holds numbers in another notation, such as '{cell}'. Write digits and a decimal point "
                "alone (1234.5), or leave the column out under 'ignore'.",
                file=file,
                column=column,
                cell=next((word for word in there if not reads(word)), there[0]),
            )
        )
    if there and all(map(_DATE.fullmatch, there)):
        return DataError(
            msg(
                "'{file}': column '{column}' holds dates, such as '{cell}', which are neither numbers nor classes. Write what matters "
                "of them (the year, the weekday) into columns of their own, and leave this one out under 'ignore'.",
                file=file,
                column=column,
                cell=there[0],
            )
        )
    return None


def require_parts(file: str, words: Iterable[str]) -> None:
    """Refuse words of a split that are names of parts but for some, which would make groups of all of them.

    Raises:
        DataError: naming the first that is none.
    """
    known = {word: PART_NAMES.get(word.lower()) for word in words}
    other = next((word for word, part in known.items() if part is None), None)
    if TRAIN in known.values() and other is not None:
        raise DataError(
            msg(
                "'{file}': the column under 'split_by' says 'train' in some rows and '{word}' in others, which is no part. "
                "Write train, validation or test in every row.",
                file=file,
                word=other,
            )
        )


def require_names(file: str, columns: Mapping[str, Numbers | Words], cells: Mapping[str, Column]) -> None:
    """Refuse a table whose first line is a row like the others.

    That is where every column of numbers is called by a number, and either a column of words has its name among them (each of
    them, where there are no numbers), or a number with a fraction stands again in its column.

    Raises:
        DataError: so it is.
    """
    numbers = [name for name, column in columns.items() if isinstance(column, Numbers)]
    words = [name for name in columns if name not in numbers]
    if not all(map(reads, numbers)):
        return
    seen = [name for name in words if _stands_in(name, cells[name])]
    seen += [name for name in numbers if "." in name and _stands_in(name, cells[name])]
    if len(seen) > (0 if numbers else len(words) - 1):
        raise DataError(
            msg(
                "'{file}' seems to have no line of column names: '{cell}' stands in its first line, and again below it. "
                "Write the names of the columns into the first line.",
                file=file,
                cell=seen[0],
            )
        )


def nameless(file: str, cell: str) -> DataError:
    """That the first line of a table, in which a cell stands twice, is a row."""
    return DataError(
        msg(
            "'{file}' seems to have no line of column names: '{cell}' stands twice in its first line, which looks like the rows "
            "below it. Write the names of the columns into the first line.",
            file=file,
            cell=cell,
        )
    )


def _stands_in(name: str, cells: Column) -> bool:
    if isinstance(cells, np.ndarray):
        return False
    return any(cell.strip() == name for cell in (cells.words if isinstance(cells, Coded) else cells))
