"""Tables from CSV and Parquet files: numbers and words as features, one column or several as the target.

What is larger than `CACHED_FROM` is read once, in pieces, into a file of float64 rows, from which rows are then taken.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import starmap
from pathlib import Path
from typing import Any

import numpy as np

from graph.messages import DataError, Message, msg
from runtime.data.records import CLASSIFICATION, PART_NAMES, Arrays, Loaded, Output, Statistics
from runtime.data.rows import RowArray, RowFile, RowWriter, cached, clear, in_pieces
from runtime.data.sources import Place, reading
from runtime.data.tables_classes import class_codes
from runtime.data.tables_columns import Numbers, Words
from runtime.data.tables_doubts import require_parts
from runtime.data.tables_pieces import Faults, TableFile
from runtime.data.tables_rows import FILL, Gaps, Layout, encode, fill_words, read_rows
from runtime.data.tables_source import open_table, require

CACHED_FROM = 64 * 2**20  # bytes of the file
ROWS = 65536  # at a time, while the training part is measured
_FORMAT = 2  # of the cache


@dataclass(frozen=True, eq=False, slots=True)
class TableStore:
    """The rows of a table as raw numbers, in memory or in a file: codes of words, NaN for what is missing."""

    arrays: Mapping[str, RowArray]
    width: int  # of the features as they leave the port

    @property
    def count(self) -> int:
        """Number of rows."""
        return len(self.arrays["features"])

    @property
    def nbytes(self) -> int:
        """Bytes of the rows as tensors."""
        return self.count * (4 * self.width + 4 * int(np.prod(self.arrays["target"].shape[1:])) + 4)

    def read(self, rows: np.ndarray) -> Arrays:
        """The rows of these numbers."""
        return {name: array[rows] for name, array in self.arrays.items()}


def read_table(place: Place, values: Mapping[str, object]) -> Loaded:
    """A table as `features` (N × F) and `target`.

    The target is the column of that name, the last one if none is named. Of a classification it becomes class indices
    (int64, N): labels sorted, as numbers if all are. Of a regression it becomes float64, N × 1, so that it meets the
    output of `Linear(..., 1)` without broadcasting; several columns, separated by commas, are N × T. With the task "auto" a
    column of text holds classes, and so does one of at most 20 different whole numbers that come twice each on average.

    Raises:
        DataError: the file is no table, or a cell does not fit.
    """
    table = open_table(place.path)
    layout = _layout(table, values)
    with reading(place.path):
        state = place.path.stat()
    if state.st_size < CACHED_FROM:
        return _loaded(place, layout, *_parse(table, layout, None))
    key = json.dumps([_FORMAT, str(place.path.resolve()), state.st_size, state.st_mtime_ns, asdict(layout)])
    with cached(key) as folder:
        if (known := _recall(folder)) is None:
            clear(folder)
            folder.mkdir()
            known = _parse(table, layout, folder)
        return _loaded(place, layout, *known)


def read_input(values: Mapping[str, object], facts: Mapping[str, Any], path: Path) -> Arrays:
    """Every row of a table that has the feature columns, in any order, for a trained model.

    Words that training did not know become zeros; missing cells are filled as in training, or refused.
    """
    table, names, words = open_table(path), tuple(facts["columns"]), facts.get("categories") or {}
    require(table, names)
    columns = {
        name: Words({word: code for code, word in enumerate(words[name])}, fixed=True) if name in words else Numbers()
        for name in names
    }
    table.words = frozenset(words).intersection(names)
    gaps, pieces = Gaps(path.name), []
    for piece in table.pieces(names, faults := Faults()):
        rows, lines = encode(path.name, columns, piece, faults)
        if values["missing"] == FILL:
            fill_words(rows, list(columns.values()))
        else:
            gaps.add(lines, names, np.isnan(rows))
        pieces.append(rows)
    gaps.refuse()
    if not pieces:
        raise DataError(msg("'{file}' has a line of column names, but no rows below it.", file=path.name))
    return {"features": np.concatenate(pieces)}


def fit(values: Mapping[str, object], loaded: Loaded, train: np.ndarray) -> Statistics:
    """What the training rows say of each column, in two exact passes.

    Of numbers `fill` is the mean of those that are there; `center` and `scale` are mean and standard deviation (of the
    population, what was missing filled), or the least and the range, or 0 and 1; the scale of a constant is 1. Of words it is
    which ones there are, in sorted order, with their codes; `width` is how many the whole table has.
    """
    names = loaded.columns
    places = [i for i, name in enumerate(names) if name not in loaded.categories]
    fill, least, most, seen = _measure(loaded, train, places)
    if values["scaling"] == "standardize":
        squares = sum(
            (((np.where(np.isnan(x), fill, x) - fill) ** 2).sum(axis=0) for x in _training(loaded, train, places)),
            np.zeros(len(places)),
        )
        center, spread = fill, np.sqrt(squares / len(train))
    elif values["scaling"] == "min-max":
        center, spread = least, most - least
    else:
        center, spread = np.zeros(len(places)), np.ones(len(places))
    varies = (most > least) | (values["scaling"] == "none")
    words = []
    for place, codes in seen.items():
        known = loaded.categories[names[place]]
        codes = sorted(codes, key=known.__getitem__)
        words.append({"name": names[place], "words": [known[c] for c in codes], "codes": codes, "width": len(known)})
    numbers = {"fill": fill, "center": center, "scale": np.where(varies, spread, 1.0)}
    listed = {key: array.tolist() for key, array in numbers.items()}
    return {"numbers": {"names": [names[i] for i in places], **listed}, "words": words, "columns": list(names)}


def transform(values: Mapping[str, object], statistics: Statistics, samples: Arrays) -> Arrays:
    """The numbers as (x - center) / scale in the order of their columns, then a column of 0 and 1 for each word."""
    if not statistics:
        return samples
    statistics = current(statistics)
    raw, numbers, columns = samples["features"], statistics["numbers"], statistics["columns"]
    places = [columns.index(name) for name in numbers["names"]]
    x = raw[:, places]
    x = (np.where(np.isnan(x), np.array(numbers["fill"]), x) - np.array(numbers["center"])) / np.array(numbers["scale"])
    hot = [_one_hot(raw[:, columns.index(entry["name"])], entry) for entry in statistics["words"]]
    return {**samples, "features": np.concatenate([x, *hot], axis=1) if hot else x}


def current(statistics: Statistics, columns: Sequence[str] | None = None) -> Statistics:
    """What `fit` gives; also for runs of version 0.1, which knew only mean and deviation of tables of numbers."""
    if not (moments := statistics.get("features")):
        return statistics
    mean, names = moments["mean"], list(columns or map(str, range(len(moments["mean"]))))
    numbers = {"names": names, "fill": mean, "center": mean, "scale": moments["std"]}
    return {"numbers": numbers, "words": [], "columns": names}


def _one_hot(codes: np.ndarray, entry: Mapping[str, Any]) -> np.ndarray:
    hot = np.zeros((len(codes), entry["width"]), np.float32)
    known = np.array(entry["codes"])
    hot[:, : len(known)] = codes[:, None] == known
    return hot


# ---- measuring


def _training(loaded: Loaded, train: np.ndarray, places: list[int] | None = None) -> Iterator[np.ndarray]:
    """The raw features of the training rows, some at a time."""
    order = np.sort(train)
    for start in range(0, len(order), ROWS):
        rows = loaded.store.read(order[start : start + ROWS])["features"]
        yield rows if places is None else rows[:, places]


def _measure(
    loaded: Loaded, train: np.ndarray, places: list[int]
) -> tuple[np.ndarray, np.ndarray, np.ndarray, dict[int, set[int]]]:
    """Mean, least and most of the numbers that are there (0 where none is), and the codes in each column of words."""
    seen: dict[int, set[int]] = {i: set() for i in range(len(loaded.columns)) if i not in places}
    total, count = np.zeros(len(places)), np.zeros(len(places))
    least, most = np.full(len(places), np.inf), np.full(len(places), -np.inf)
    for rows in _training(loaded, train):
        x = rows[:, places]
        gaps = np.isnan(x)
        total, count = total + np.where(gaps, 0, x).sum(axis=0), count + (~gaps).sum(axis=0)
        least = np.minimum(least, np.where(gaps, np.inf, x).min(axis=0))
        most = np.maximum(most, np.where(gaps, -np.inf, x).max(axis=0))
        for place, codes in seen.items():
            codes.update(np.unique(rows[:, place]).astype(int).tolist())
    there = count > 0
    return total / np.maximum(count, 1), np.where(there, least, 0.0), np.where(there, most, 0.0), seen


# ---- reading


def _layout(table: TableFile, values: Mapping[str, Any]) -> Layout:
    """Which columns are what.

    Raises:
        DataError: one does not exist, or none is left to learn from.
    """
    file = table.path.name
    if len(table.names) < 2:
        raise DataError(
            msg("'{file}' has only one column. Separate the cells with commas, semicolons or tabs.", file=file)
        )
    split_by, wish = str(values["split_by"] or "").strip(), str(values["target"] or "").strip()
    last = next(name for name in reversed(table.names) if name != split_by)
    targets = (wish,) if wish in table.names else tuple(_names(wish)) or (last,)
    ignored = tuple(_names(str(values["ignore"] or "")))
    require(table, [*targets, *ignored, *([split_by] if split_by else [])])
    features = tuple(name for name in table.names if name not in {*targets, *ignored, split_by})
    if not features:
        raise DataError(
            msg("'{file}' has no column left to learn from beside '{column}'.", file=file, column=", ".join(targets))
        )
    if len(targets) > 1 and values["task"] == CLASSIFICATION:
        raise DataError(
            msg("A classification has one column of classes; '{columns}' are several.", columns=", ".join(targets))
        )
    more = {key: str(values[key]) for key in ("task", "missing", "broken")}
    return Layout(features=features, targets=targets, split_by=split_by, **more)


def _names(text: str) -> list[str]:
    return [name for part in text.split(",") if (name := part.strip())]


def _parse(table: TableFile, layout: Layout, folder: Path | None) -> tuple[Mapping[str, RowArray], dict[str, Any]]:
    """The rows of a table, and what is known of them as JSON values; with a folder they go there."""
    token = secrets.token_hex(4)

    def writer(name: str, *shape: int, dtype: str = "<f8") -> RowWriter:
        return RowWriter(shape, None if folder is None else folder / f"{name}-{token}.rows", dtype)

    with writer("features", len(layout.features)) as features, writer("answers", len(layout.answers)) as answers:
        read = read_rows(table, layout, features, answers)
    codes = class_codes(table.path.name, layout, read)
    width = len(layout.targets)
    with writer("target", dtype="<i8") if codes else writer("target", width) as target:
        for piece in in_pieces(read.answers):
            target.add(codes.of(piece[:, 0]) if codes else piece[:, :width])
        arrays = {"features": read.features, "target": target.finish()}
    if layout.split_by:
        with writer("split", dtype="<i4") as split:
            for piece in in_pieces(read.answers):
                split.add(piece[:, -1])
            arrays["split"] = split.finish()
    about = {
        "fingerprint": table.fingerprint(),
        "categories": {name: read.words[name] for name in layout.features if name in read.words},
        "classes": codes.names if codes else (),
        "split_words": read.words.get(layout.split_by, ()),
        "broken": [[m.text, dict(m.values)] for m in _left_out(table, read.faults, read.dropped)],
        "skipped": read.faults.count + read.dropped,
    }
    if folder is not None:
        _keep(folder, token, arrays, about)
    return arrays, about


def _keep(folder: Path, token: str, arrays: Mapping[str, RowArray], about: Mapping[str, Any]) -> None:
    """Write down what is in the files of a folder, for `_recall`."""
    files = {name: [a.path.name, a.shape, a.dtype] for name, a in arrays.items() if isinstance(a, RowFile)}
    (folder / f"answers-{token}.rows").unlink()
    unfinished = folder / f"table-{token}.json"
    unfinished.write_text(json.dumps({**about, "files": files}), "utf-8")
    unfinished.replace(folder / "table.json")


def _left_out(table: TableFile, faults: Faults, dropped: int) -> tuple[Message, ...]:
    if not dropped:
        return faults.told()
    text = msg(
        "'{file}': {count:,} rows were left out because a value is missing.", file=table.path.name, count=dropped
    )
    return (text, *faults.told())


def _recall(folder: Path) -> tuple[Mapping[str, RowArray], dict[str, Any]] | None:
    """What `_parse` kept in a folder; None if it is not there, or not whole."""
    try:
        about = json.loads((folder / "table.json").read_text("utf-8"))
        found = {
            name: RowFile(folder / file, tuple(shape), dtype) for name, (file, shape, dtype) in about["files"].items()
        }
        whole = all(
            file.path.stat().st_size == np.prod(file.shape) * np.dtype(file.dtype).itemsize for file in found.values()
        )
    except (OSError, ValueError, KeyError):
        return None
    return (found, about) if whole else None


def _loaded(place: Place, layout: Layout, arrays: Mapping[str, RowArray], about: Mapping[str, Any]) -> Loaded:
    classes, categories = tuple(about["classes"]), {k: tuple(words) for k, words in about["categories"].items()}
    width = sum(len(categories.get(name, "1")) for name in layout.features)
    data = {name: arrays[name] for name in ("features", "target")}
    require_parts(place.path.name, about["split_words"])
    traits = _traits(arrays["split"][:], about["split_words"]) if "split" in arrays else {}
    dtype = "int64" if classes else "float32"
    return Loaded(
        title=place.title,
        fingerprint=about["fingerprint"],
        store=TableStore(data, width),
        outputs={
            "features": Output((width,), "float32"),
            "target": Output(tuple(data["target"].shape[1:]), dtype, len(classes) or None),
        },
        classes=classes,
        columns=layout.features,
        targets=layout.targets,
        categories=categories,
        labels=data["target"][:] if classes else None,
        broken=tuple(starmap(Message, about["broken"])),
        skipped=about["skipped"],
        notes=(),
        **traits,
    )


def _traits(codes: np.ndarray, words: tuple[str, ...]) -> dict[str, np.ndarray]:
    """The split that a column says, if all its words are names of parts; else the groups that it forms."""
    if all(word.lower() in PART_NAMES for word in words):
        return {"parts": np.array([PART_NAMES[word.lower()] for word in words])[codes]}
    return {"groups": codes}
