"""The rows of a table as numbers, piece by piece: what is broken is skipped or refused, what is missing told, left out or kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from graph.messages import DataError, msg
from runtime.data.records import CLASSIFICATION, REGRESSION, MendableError
from runtime.data.rows import RowArray, RowWriter
from runtime.data.sources import listed
from runtime.data.tables_columns import MAX_WORDS, Numbers, Words, numeric_share
from runtime.data.tables_doubts import doubt, require_names
from runtime.data.tables_pieces import Faults, Piece, TableFile

REFUSE, DROP, FILL = "refuse", "drop rows", "fill"  # what is done with missing cells
SKIP = "skip"  # what is done with broken rows; or REFUSE

Columns = Mapping[str, Numbers | Words]


@dataclass(frozen=True, slots=True)
class Layout:
    """Which columns of a table are what, and what is done with missing and broken cells."""

    features: tuple[str, ...]
    targets: tuple[str, ...] = ()
    split_by: str = ""
    task: str = "auto"
    missing: str = REFUSE
    broken: str = REFUSE

    @property
    def answers(self) -> tuple[str, ...]:
        """The columns that are no features: targets, and what the split goes by."""
        return (*self.targets, *([self.split_by] if self.split_by else []))


@dataclass(slots=True)
class Gaps:
    """Missing cells: how many, and the first of them."""

    file: str
    count: int = 0
    first: list[tuple[int, str]] = field(default_factory=list)

    def add(self, lines: np.ndarray, names: tuple[str, ...], missing: np.ndarray) -> None:
        """Those of some rows (rows × columns, bool)."""
        self.count += int(missing.sum())
        if len(self.first) < 5:
            self.first += [(int(lines[row]), names[column]) for row, column in np.argwhere(missing)[:5].tolist()]

    def refuse(self) -> None:
        """Refuse them, if there are any.

        Raises:
            DataError: listing the first places.
        """
        if self.count:
            raise MendableError(
                msg(
                    "'{file}' misses {count} values, in these lines: {places}. Fill them in, delete those lines, "
                    "choose under 'missing' what to do with them, or leave the columns out under 'ignore'.",
                    file=self.file,
                    count=self.count,
                    places=listed([f"{line} ({name})" for line, name in sorted(self.first)], limit=5)
                    + (", …" if self.count > 5 else ""),
                ),
                ("missing", FILL),
                ("missing", DROP),
            )


@dataclass(frozen=True, eq=False, slots=True)
class Read:
    """The rows of a table: features (N × F) and answers (N × A), float64, with what the codes of words stand for."""

    features: RowArray
    answers: RowArray
    words: Mapping[str, tuple[str, ...]]
    faults: Faults
    dropped: int


def read_rows(table: TableFile, layout: Layout, features: RowWriter, answers: RowWriter) -> Read:
    """All rows of a table, which go to two writers.

    The first piece says which columns hold numbers: those where at least half of the cells are some.

    Raises:
        DataError: something is broken or missing that is not to be skipped, or no row is left.
    """
    faults, gaps = Faults(layout.broken == SKIP), Gaps(table.path.name)
    names, dropped, columns = (*layout.features, *layout.answers), 0, None
    for piece in table.pieces(names, faults):
        if columns is None:
            columns = _columns_for(table, layout, piece)
            require_names(table.path.name, columns, piece.columns)
            table.words = frozenset(name for name, column in columns.items() if isinstance(column, Words))
        rows, lines = encode(table.path.name, columns, piece, faults)
        rows, found = _mend(rows, lines, layout, columns, gaps)
        dropped += len(lines) - found
        features.add(rows[:, : len(layout.features)])
        answers.add(rows[:, len(layout.features) :])
    gaps.refuse()
    held = answers.finish()
    if not len(held):
        raise _no_rows(table, faults, dropped)
    words = {name: tuple(c.codes) for name, c in (columns or {}).items() if isinstance(c, Words)}
    _require_words(table.path.name, layout, words)
    return Read(features.finish(), held, words, faults, dropped)


def encode(file: str, columns: Columns, piece: Piece, faults: Faults) -> tuple[np.ndarray, np.ndarray]:
    """The rows of a piece that are not broken (float64, NaN for what is missing), and their lines."""
    rows = np.stack([column.encode(piece.columns[name]) for name, column in columns.items()], axis=1)
    wrong = np.isinf(rows)
    for row in np.flatnonzero(wrong.any(axis=1)).tolist():
        name = list(columns)[int(wrong[row].argmax())]
        faults.add(columns[name].complaint(file, int(piece.lines[row]), name, piece.columns[name][row]))
    whole = ~wrong.any(axis=1)
    return rows[whole], np.asarray(piece.lines)[whole]


def fill_words(rows: np.ndarray, columns: Sequence[Numbers | Words]) -> None:
    """A missing word is a word of its own."""
    for number, column in enumerate(columns):
        if isinstance(column, Words) and (gaps := np.isnan(rows[:, number])).any():
            rows[gaps, number] = column.code_of_missing()


def _mend(rows: np.ndarray, lines: np.ndarray, layout: Layout, columns: Columns, gaps: Gaps) -> tuple[np.ndarray, int]:
    """The rows with what is missing treated as the person chose, and how many there are."""
    missing, width = np.isnan(rows), len(layout.features)
    if layout.missing == REFUSE:
        gaps.add(lines, tuple(columns), missing)
        return rows, len(rows)
    unusable = missing if layout.missing == DROP else missing[:, width:]
    rows = rows[~unusable.any(axis=1)]
    if layout.missing == FILL:
        fill_words(rows, list(columns.values())[:width])
    return rows, len(rows)


def _columns_for(table: TableFile, layout: Layout, piece: Piece) -> Columns:
    """How each column is read, judged by the first rows."""
    found: dict[str, Numbers | Words] = {}
    for name in layout.features:
        numeric = numeric_share(piece.columns[name]) >= 0.5
        found[name] = Numbers() if numeric else Words(most=MAX_WORDS, refuse=partial(_too_many_words, table, name))
    for name in layout.targets:
        words = len(layout.targets) == 1 and layout.task != REGRESSION and numeric_share(piece.columns[name]) < 1
        found[name] = Words() if words else Numbers(whole=layout.task == "classification")
    if layout.split_by:
        found[layout.split_by] = Words()
    return found


def _require_words(file: str, layout: Layout, words: Mapping[str, tuple[str, ...]]) -> None:
    """Refuse columns whose words are something else; a person who says that they are classes knows better."""
    targets = () if layout.task == CLASSIFICATION else layout.targets
    for name in (*layout.features, *targets):
        if (error := doubt(file, name, words.get(name, ()))) is not None:
            raise error


def _too_many_words(table: TableFile, name: str, words: Iterable[str]) -> DataError:
    return doubt(table.path.name, name, words) or DataError(
        msg(
            "'{file}': column '{column}' holds more than {limit} different words, too many for a column of features each. "
            "Leave it out under 'ignore', or group its words.",
            file=table.path.name,
            column=name,
            limit=MAX_WORDS,
        )
    )


def _no_rows(table: TableFile, faults: Faults, dropped: int) -> DataError:
    file = table.path.name
    if faults.count or dropped:
        return DataError(
            msg(
                "'{file}' has no row left: {broken} are broken and {missing} miss a value. Mend the file.",
                file=file,
                broken=faults.count,
                missing=dropped,
            )
        )
    return DataError(msg("'{file}' has a line of column names, but no rows below it.", file=file))
