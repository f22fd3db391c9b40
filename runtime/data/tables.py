"""Tables from CSV files: numbers as features, one column as the target."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from graph.messages import DataError, msg
from runtime.data.arrays import loaded_arrays
from runtime.data.records import CLASSIFICATION, REGRESSION, Arrays, Loaded, Statistics
from runtime.data.sources import MAX_CLASSES, Place, check_size, fingerprint, listed, reading

DELIMITERS = ",;\t"
MISSING = frozenset({"", "na", "n/a", "nan", "null", "?"})  # in any case
MAX_GUESSED_CLASSES = 20
TEXT_OVERHEAD = 10  # bytes of memory for a byte of the file, while it is taken apart

Target = tuple[np.ndarray, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Table:
    """The text of a CSV file by columns; `lines` is the number of each row's line in the file."""

    file: str
    columns: Mapping[str, Sequence[str]]
    lines: Sequence[int]
    fingerprint: str

    def require(self, names: Sequence[str]) -> None:
        """Refuse columns that do not exist.

        Raises:
            DataError: naming those that do.
        """
        for name in names:
            if name not in self.columns:
                raise DataError(
                    msg(
                        "'{file}' has no column '{column}'. Its columns are: {columns}.",
                        file=self.file,
                        column=name,
                        columns=listed(self.columns),
                    )
                )

    def numbers(self, names: Sequence[str]) -> np.ndarray:
        """The columns as float64, rows × columns.

        Raises:
            DataError: a cell is missing or no finite number; the message says line and column.
        """
        self.check_complete(names)
        return np.stack([self._numbers(name) for name in names], axis=1)

    def check_complete(self, names: Sequence[str]) -> None:
        """Refuse missing values.

        Raises:
            DataError: listing the places.
        """
        gaps = [
            (self.lines[row], name)
            for name in names
            for row, cell in enumerate(self.columns[name])
            if cell.strip().lower() in MISSING
        ]
        if gaps:
            places = listed([f"{line} ({name})" for line, name in sorted(gaps)], limit=5)
            raise DataError(
                msg(
                    "'{file}' misses {count} values, in these lines: {places}. Fill them in, delete those lines, "
                    "or leave the columns out under 'ignore'.",
                    file=self.file,
                    count=len(gaps),
                    places=places,
                )
            )

    def _numbers(self, name: str) -> np.ndarray:
        cells = self.columns[name]
        values = as_numbers(cells)
        if values is None:
            row = next(i for i, cell in enumerate(cells) if as_numbers([cell]) is None)
            raise DataError(
                msg(
                    "'{file}', line {line}: '{cell}' in column '{column}' is not a number. Write numbers with a "
                    "decimal point, or leave the column out under 'ignore'.",
                    file=self.file,
                    line=self.lines[row],
                    cell=cells[row].strip()[:40],
                    column=name,
                )
            )
        with np.errstate(over="ignore"):
            wrong = np.flatnonzero(~np.isfinite(values.astype(np.float32))).tolist()
        if wrong:
            raise DataError(
                msg(
                    "'{file}', line {line}: the number in column '{column}' is infinite or too large for 32 bits. "
                    "Mend that cell.",
                    file=self.file,
                    line=self.lines[wrong[0]],
                    column=name,
                )
            )
        return values


def read_table(place: Place, values: Mapping[str, object]) -> Loaded:
    """A CSV file as `features` (N × F, float64) and `target`.

    The target is the column of that name, the last one if none is named. Of a classification it becomes class indices
    (int64, N): labels sorted, as numbers if all are. Of a regression it becomes float64, N × 1, so that it meets the
    output of `Linear(..., 1)` without broadcasting. With the task "auto" a column of text holds classes, and so does
    one of at most 20 different whole numbers that come twice each on average.

    Raises:
        DataError: the file is no table, or a cell does not fit.
    """
    table = parse(place.path)
    if len(table.columns) < 2:
        raise DataError(
            msg("'{file}' has only one column. Separate the cells with commas, semicolons or tabs.", file=table.file)
        )
    target = str(values["target"] or list(table.columns)[-1])
    ignored = [name for part in str(values["ignore"] or "").split(",") if (name := part.strip())]
    table.require([target, *ignored])
    features = [name for name in table.columns if name != target and name not in ignored]
    if not features:
        raise DataError(
            msg("'{file}' has no column left to learn from beside '{column}'.", file=table.file, column=target)
        )
    entry = table.numbers(features)
    answers, classes = _target(table, target, str(values["task"]))
    arrays = {"features": entry, "target": answers}
    return loaded_arrays(
        arrays, title=place.title, fingerprint=table.fingerprint, classes=classes, columns=tuple(features)
    )


def read_input(values: Mapping[str, object], facts: Mapping[str, Any], path: Path) -> Arrays:
    """Every row of a CSV file that has the feature columns, in any order, for a trained model."""
    table, columns = parse(path), list(facts["columns"])
    table.require(columns)
    return {"features": table.numbers(columns)}


def fit(values: Mapping[str, object], loaded: Loaded, train: np.ndarray) -> Statistics:
    """Mean and standard deviation (of the population) of each feature of the training rows; the deviation of a constant
    feature is taken as 1."""
    if values["scaling"] != "standardize":
        return {}
    rows = loaded.store.read(train)["features"]
    mean = rows.mean(axis=0)
    std = np.where(np.ptp(rows, axis=0) > 0, rows.std(axis=0), 1.0)
    return {"features": {"mean": mean.tolist(), "std": std.tolist()}}


def transform(values: Mapping[str, object], statistics: Statistics, samples: Arrays) -> Arrays:
    """The features as (x - mean) / std."""
    if not (moments := statistics.get("features")):
        return samples
    scaled = (samples["features"] - np.array(moments["mean"])) / np.array(moments["std"])
    return {**samples, "features": scaled}


def parse(path: Path) -> Table:
    """Read a CSV file: UTF-8, the names of the columns in the first line, separated by commas, semicolons or tabs.

    Raises:
        DataError: it is not such a file; the message says in which line.
    """
    text = _text(path)
    rows = _rows(text, path.name)
    _, header = next(rows, (1, []))
    names = [name.strip() for name in header]
    _check_header(names, path.name)
    body = list(rows)
    if not body:
        raise DataError(msg("'{file}' has a line of column names, but no rows below it.", file=path.name))
    for line, row in body:
        if len(row) != len(names):
            raise DataError(
                msg(
                    "'{file}', line {line} has {found} cells, but there are {wanted} columns. Mend that line.",
                    file=path.name,
                    line=line,
                    found=len(row),
                    wanted=len(names),
                )
            )
    columns = dict(zip(names, zip(*(row for _, row in body), strict=True), strict=True))
    return Table(path.name, columns, [line for line, _ in body], fingerprint([text.encode()]))


def as_numbers(cells: Sequence[str]) -> np.ndarray | None:
    """The cells as float64, or None if one of them is no number."""
    try:
        return np.array(cells, dtype=np.float64)
    except ValueError:
        return None


def _text(path: Path) -> str:
    """The text with line ends as \\n, so that the fingerprint does not depend on who checked the file out."""
    with reading(path):
        if path.is_dir():
            raise DataError(msg("'{file}' is a folder. Choose a CSV file for a table.", file=path))
        check_size(path, path.stat().st_size * TEXT_OVERHEAD)
        content = path.read_bytes()
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DataError(
            msg("'{file}', line {line} is not UTF-8 text. Save the table as 'CSV UTF-8'.", file=path.name, line=line)
        ) from error


def _rows(text: str, file: str) -> Iterator[tuple[int, list[str]]]:
    """The rows that are not blank, each with its line number (the last one, where a quoted cell spans several)."""
    first = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text), delimiter=max(DELIMITERS, key=first.count), strict=True)
    try:
        for row in reader:
            if row:
                yield reader.line_num, row
    except csv.Error as error:
        raise DataError(
            msg(
                "'{file}', line {line} cannot be read as CSV ({reason}). Check the quotation marks in it.",
                file=file,
                line=reader.line_num,
                reason=error,
            )
        ) from error


def _check_header(names: Sequence[str], file: str) -> None:
    if as_numbers([name or "?" for name in names]) is not None:
        raise DataError(
            msg("'{file}' starts with numbers. Write the names of the columns into the first line.", file=file)
        )
    seen: set[str] = set()
    for i, name in enumerate(names, start=1):
        if not name:
            raise DataError(msg("'{file}': column {number} has no name in the first line.", file=file, number=i))
        if name in seen:
            raise DataError(msg("'{file}' has two columns called '{column}'. Rename one.", file=file, column=name))
        seen.add(name)


# ---- the target


def _target(table: Table, name: str, task: str) -> Target:
    table.check_complete([name])
    numbers = as_numbers(table.columns[name])
    if task == "auto":
        task = CLASSIFICATION if numbers is None or _look_like_classes(numbers) else REGRESSION
    if task == REGRESSION:
        return table.numbers([name]), ()
    labels = [cell.strip() for cell in table.columns[name]] if numbers is None else _whole(table, name, numbers)
    return _indices(table, name, labels)


def _look_like_classes(numbers: np.ndarray) -> bool:
    distinct = len(np.unique(numbers))
    return bool(_is_whole(numbers).all()) and distinct <= min(MAX_GUESSED_CLASSES, len(numbers) / 2)


def _is_whole(numbers: np.ndarray) -> np.ndarray:
    return np.isfinite(numbers) & (numbers == np.round(numbers))


def _whole(table: Table, name: str, numbers: np.ndarray) -> list[int]:
    wrong = np.flatnonzero(~_is_whole(numbers)).tolist()
    if wrong:
        raise DataError(
            msg(
                "'{file}', line {line}: {value} in column '{column}' is no class. Classes are words or whole numbers; "
                "for other numbers choose the task 'regression'.",
                file=table.file,
                line=table.lines[wrong[0]],
                value=table.columns[name][wrong[0]].strip(),
                column=name,
            )
        )
    return [int(number) for number in numbers]


def _indices(table: Table, name: str, labels: list[str] | list[int]) -> Target:
    classes = {label: i for i, label in enumerate(sorted(set(labels)))}
    if not 1 < len(classes) <= MAX_CLASSES:
        raise DataError(
            msg(
                "'{file}': column '{column}' holds {count} different labels; a classification takes from 2 to {limit}. "
                "Choose another column under 'target', or another task.",
                file=table.file,
                column=name,
                count=len(classes),
                limit=MAX_CLASSES,
            )
        )
    return np.array([classes[label] for label in labels], dtype=np.int64), tuple(map(str, classes))
