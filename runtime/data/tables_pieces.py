"""Pieces of a table: rows of cells in columns, as files of any kind give them, and what is broken among them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np

from graph.messages import Message, msg
from runtime.data.records import Choice, MendableError

MISSING = frozenset({"", "na", "n/a", "nan", "null", "?"})  # in any case
LISTED = 100  # how many broken rows or files are told one by one


@dataclass(frozen=True, eq=False, slots=True)
class Coded:
    """Cells as words that are told by their number."""

    words: list[str]
    codes: np.ndarray

    def __getitem__(self, row: int) -> str:
        return self.words[self.codes[row]]


Column = Sequence[str] | Coded | np.ndarray  # words, or float64 numbers with NaN for what is missing


class Piece(NamedTuple):
    """Some rows: the number of each in the file (its last line; in Parquet it is counted from 1), and their cells."""

    lines: Sequence[int]
    columns: Mapping[str, Column]


@dataclass(slots=True)
class Faults:
    """What is broken: refused at once, or counted to be skipped, and the first `LISTED` kept."""

    skip: bool = False
    count: int = 0
    kept: list[Message] = field(default_factory=list)

    def add(self, message: Message, *choices: Choice) -> None:
        """One more row or file that is broken; `choices` mend it, besides skipping it.

        Raises:
            DataError: nothing is to be skipped.
        """
        if not self.skip:
            raise MendableError(message, *choices, ("broken", "skip"))
        self.count += 1
        if self.count <= LISTED:
            self.kept.append(message)

    def told(self) -> tuple[Message, ...]:
        """What is kept, and how many more there are."""
        more = self.count - len(self.kept)
        return (*self.kept, *([msg("… and {count:,} more.", count=more)] if more else []))


class TableFile(Protocol):
    """A table: the names of its columns, and its rows."""

    path: Path
    names: tuple[str, ...]
    words: frozenset[str] | None  # which columns hold words; None as long as nobody knows

    def pieces(self, used: Sequence[str], faults: Faults) -> Iterator[Piece]:
        """The rows once, with at least these columns. Raises: DataError."""
        ...

    def fingerprint(self) -> str:
        """What identifies the content, known when all pieces were read."""
        ...


def as_column(cells: Any) -> Any:
    """An array of pyarrow as words or numbers (yes and no as 1 and 0); None if it holds anything else."""
    import pyarrow
    import pyarrow.types as types

    if isinstance(cells, pyarrow.ChunkedArray):
        cells = cells.combine_chunks()
    if types.is_dictionary(cells.type):
        cells = cells.dictionary_decode()
    if types.is_string(cells.type) or types.is_large_string(cells.type):
        coded = cells.fill_null("").dictionary_encode()
        return Coded(coded.dictionary.to_pylist(), coded.indices.to_numpy(zero_copy_only=False))
    if types.is_boolean(cells.type) or types.is_decimal(cells.type):
        return np.array([np.nan if cell is None else float(cell) for cell in cells.to_pylist()])
    if types.is_integer(cells.type) or types.is_floating(cells.type):
        return np.asarray(cells.to_numpy(zero_copy_only=False), dtype=np.float64)
    return None
