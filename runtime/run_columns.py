"""The columns of a table of runs, how rows are sorted by them, and the expressions that choose rows."""

from __future__ import annotations

import difflib
import math
import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from graph.figure_titles import title_of
from graph.messages import Message, RunError, msg
from runtime.run_rows import BEST, LAST, PARTS, TEST, TRAIN, RunRow

Value: TypeAlias = str | int | float | None

# By id: the title, what it says of a row, and whether it is a number.
COLUMNS: Mapping[str, tuple[Message, Callable[[RunRow], Value], bool]] = {
    "date": (msg("Began"), lambda row: row.created.replace("T", " "), False),
    "name": (msg("Name"), lambda row: row.labels.name, False),
    "tags": (msg("Tags"), lambda row: ", ".join(row.labels.tags), False),
    "note": (msg("Note"), lambda row: row.labels.note, False),
    "status": (msg("Status"), lambda row: row.status, False),
    "epoch": (msg("Epoch"), lambda row: row.epoch, True),
    "epochs": (msg("Epochs planned"), lambda row: row.epochs, True),
    "optimizer": (msg("Optimizer"), lambda row: row.optimizer, False),
    "learning_rate": (msg("Learning rate"), lambda row: row.learning_rate, True),
    "batch_size": (msg("Batch size"), lambda row: row.batch_size, True),
    "seed": (msg("Seed"), lambda row: row.seed, True),
    "parameters": (msg("Parameters"), lambda row: row.parameters, True),
    "device": (msg("Device"), lambda row: row.device, False),
    "seconds": (msg("Seconds"), lambda row: row.seconds, True),
    "meaning": (msg("Drawing and plan"), lambda row: row.meaning, False),
    "data": (msg("Data"), lambda row: row.data, False),
    "project": (msg("Project"), lambda row: row.project, False),
    "folder": (msg("Folder"), lambda row: row.folder, False),
}
_PART_TITLES: Mapping[str, Message] = {
    TRAIN: msg("training"), LAST: msg("last"), BEST: msg("best"), TEST: msg("test"),
}  # fmt: skip
_HELP: Mapping[str, Callable[[str], Message]] = {
    TRAIN: lambda name: msg("{figure} of the training samples in the last epoch", figure=name),
    LAST: lambda name: msg("{figure} of the validation samples after the last epoch", figure=name),
    BEST: lambda name: msg("{figure} of the validation samples after the best epoch", figure=name),
    TEST: lambda name: msg("{figure} of the test samples", figure=name),
}
_ALIASES = {"lr": "learning_rate", "optimiser": "optimizer", "began": "date", "tag": "tags"}
_LOOKED_UP = (BEST, TEST, TRAIN)  # where a figure is looked for that is named without its part
_FIRST = (BEST, TEST)  # the parts of which a table shows figures unless it is asked for others
SHOWN_FIGURES = 2  # of each part
_OPERATORS: Mapping[str, Callable[[float | str, float | str], bool]] = {
    ">=": operator.ge, "<=": operator.le, "!=": operator.ne, "==": operator.eq,
    "=": operator.eq, ">": operator.gt, "<": operator.lt,
}  # fmt: skip
_SPACES = re.compile(r"\s*(>=|<=|!=|==|=|>|<)\s*")
_WORD = re.compile(r'(?:"[^"]*"|[^\s"])+')
_COMPARISON = re.compile(r"([^<>=!]+)(>=|<=|!=|==|=|>|<)(.*)", re.DOTALL)


class FilterError(RunError):
    """An expression that chooses rows, or the name of a column, cannot be understood."""


def figure_columns(rows: Iterable[RunRow]) -> list[str]:
    """The columns of the figures that any of the rows has: by part, in each in the order of their appearance."""
    found = dict.fromkeys(key for row in rows for key in row.figures)
    names = list(dict.fromkeys(key.partition(".")[2] for key in found))
    return sorted(found, key=lambda key: (_order(key.partition(".")[0]), names.index(key.partition(".")[2])))


def usual_columns(figures: Iterable[str]) -> list[str]:
    """The columns to show unless others are asked for; `figures` are those of `figure_columns`."""
    figures = list(figures)
    chosen = [k for part in _FIRST for k in [f for f in figures if f.startswith(f"{part}.")][:SHOWN_FIGURES]]
    after = ("optimizer", "learning_rate", "batch_size", "seed", "seconds", "device")
    return ["date", "name", "tags", "status", "epoch", *chosen, *after]


def column_title(key: str) -> Message:
    """What a column is called."""
    if key in COLUMNS:
        return COLUMNS[key][0]
    part, _, name = key.partition(".")
    return msg("{figure}, {part}", figure=title_of(name), part=_PART_TITLES.get(part, part))


def column_help(key: str) -> Message:
    """What a column holds, in a sentence or by its title."""
    part, _, name = key.partition(".")
    return _HELP[part](title_of(name)) if key not in COLUMNS and part in _HELP else column_title(key)


def is_number(key: str) -> bool:
    """Whether the values of a column are numbers."""
    return COLUMNS[key][2] if key in COLUMNS else True


def value_of(row: RunRow, key: str) -> Value:
    """What a column says of a row; None where nothing is known."""
    return COLUMNS[key][1](row) if key in COLUMNS else row.figures.get(key)


def column_named(word: str, figures: Sequence[str]) -> str:
    """The column that a word names: its id, an alias, or a figure without its part.

    Raises:
        FilterError: there is none.
    """
    key = _ALIASES.get(word.lower(), word.lower())
    for candidate in (key, word, *(f"{part}.{word}" for part in _LOOKED_UP)):
        if candidate in COLUMNS or candidate in figures:
            return candidate
    known = [*COLUMNS, *figures, *dict.fromkeys(f.partition(".")[2] for f in figures)]
    close = difflib.get_close_matches(word, known, n=1)
    if close:
        raise FilterError(msg("There is no column '{name}'. Did you mean {close}?", name=word, close=close[0]))
    raise FilterError(
        msg("There is no column '{name}'. The columns are: {columns}.", name=word, columns=", ".join(known))
    )


def sorted_rows(rows: Iterable[RunRow], key: str, *, largest_first: bool) -> list[RunRow]:
    """The rows by a column; those of which it says nothing come last either way, equals stay in their order."""
    known, unknown = [], []
    for row in rows:
        value = value_of(row, key)
        is_known = value is not None and value != "" and value == value
        (known if is_known else unknown).append((value.lower() if isinstance(value, str) else value, row))
    known.sort(key=lambda entry: entry[0], reverse=largest_first)
    return [row for _, row in (*known, *unknown)]


# ---- choosing rows


@dataclass(frozen=True)
class Filter:
    """Which rows are shown: all of `tests` must hold."""

    tests: tuple[Callable[[RunRow], bool], ...] = ()

    def __call__(self, row: RunRow) -> bool:
        return all(test(row) for test in self.tests)


def read_filter(text: str, figures: Sequence[str]) -> Filter:
    """The filter that an expression stands for: words, and comparisons such as `accuracy>0.95`, all of which must hold.

    A word is looked for in everything that a row says in words; `-word` must not be there. Quotation marks keep spaces.
    A column is compared by `>`, `>=`, `<`, `<=`, `=`, `!=` with a number, a percentage or a text; `tags=x` asks for one tag.

    Raises:
        FilterError: a comparison names no column, or compares words with a number.
    """
    words = _WORD.findall(_SPACES.sub(r"\1", text))
    return Filter(tuple(_test(word, figures) for word in words))


def _test(word: str, figures: Sequence[str]) -> Callable[[RunRow], bool]:
    if found := _COMPARISON.fullmatch(word):
        name, sign, value = (part.strip('"') for part in found.groups())
        return _comparison(column_named(name, figures), sign, value)
    if any(sign in word for sign in "<>="):
        raise FilterError(msg("'{word}' compares nothing. Write a column first, such as loss<0.1.", word=word))
    is_unwanted = len(word) > 1 and word.startswith("-")
    wanted = word.removeprefix("-" if is_unwanted else "").replace('"', "").lower()
    return lambda row: (wanted in _words(row)) is not is_unwanted


def _comparison(key: str, sign: str, text: str) -> Callable[[RunRow], bool]:
    compare = _OPERATORS[sign]
    if not is_number(key):
        return _text_comparison(key, sign, text.lower())
    wanted = _number(text)
    if wanted is None:
        raise FilterError(msg("'{column}' is compared with a number; '{text}' is none.", column=key, text=text))

    def test(row: RunRow) -> bool:
        value = value_of(row, key)
        return isinstance(value, int | float) and compare(value, wanted)

    return test


def _text_comparison(key: str, sign: str, wanted: str) -> Callable[[RunRow], bool]:
    compare, is_equality = _OPERATORS[sign], sign in ("=", "==", "!=")

    def test(row: RunRow) -> bool:
        if key == "tags" and is_equality:
            return (wanted in map(str.lower, row.labels.tags)) is (sign != "!=")
        value = str(value_of(row, key) or "").lower()
        # a day is compared with the day of a time
        return compare(value[: len(wanted)] if key == "date" and wanted else value, wanted)

    return test


def _number(text: str) -> float | None:
    try:
        value = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        return None
    return None if math.isnan(value) else value


def _words(row: RunRow) -> str:
    labels = row.labels
    said = (
        row.created.replace("T", " "), labels.name, ", ".join(labels.tags), labels.note, row.status,
        row.optimizer, row.device, row.meaning, row.data, row.project, row.folder,
    )  # fmt: skip
    return "\n".join(said).lower()


def _order(part: str) -> int:
    return (BEST, TEST, LAST, TRAIN).index(part) if part in PARTS else len(PARTS)
