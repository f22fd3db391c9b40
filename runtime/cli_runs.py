"""The verb `runs`: the runs of a drawing as a table, CSV or JSON, and what differs between two of them."""

from __future__ import annotations

import csv
import json
import math
import sys
from argparse import Namespace
from collections.abc import Iterator, Sequence
from pathlib import Path
from shlex import quote
from typing import Any

from graph.compare import compare
from graph.messages import RunError, msg, tr
from graph.plan import WHOLE
from runtime import cli_text
from runtime.cli_diff import difference_lines, difference_records
from runtime.cli_targets import find_file
from runtime.run_columns import (
    FilterError,
    Value,
    column_named,
    column_title,
    figure_columns,
    is_number,
    read_filter,
    sorted_rows,
    usual_columns,
    value_of,
)
from runtime.run_rows import DAMAGED, RunRow, read_row
from runtime.run_table import RunTable, find_run, is_runs_folder
from runtime.runs import load_run, runs_folder
from runtime.tensorboard import export_runs

DONE, USAGE = 0, 2
ALWAYS = ("folder",)  # stands in every table: it names the run for other verbs


def runs(args: Namespace) -> int:
    """Print the runs, or what differs between two of them."""
    try:
        return _compare(args) if args.compare else _list(args)
    except FilterError as error:
        print(cli_text.error_text(error), file=sys.stderr)
        return USAGE


# ---- the list


def _list(args: Namespace) -> int:
    folder = _folder(args.target)
    rows = RunTable(folder).rows()
    figures = figure_columns(rows)
    if args.filter:
        rows = list(filter(read_filter(args.filter, figures), rows))
    if args.sort:
        word, falls = args.sort.removeprefix("-"), args.sort.startswith("-")
        rows = sorted_rows(rows, column_named(word, figures), largest_first=falls)
    if args.export_tensorboard is not None:
        return _export(rows, args)
    if args.json:
        columns = [column_named(word, figures) for word in args.columns or ()]
        for row in rows:
            print(json.dumps(_record(row, columns), ensure_ascii=False))
        return DONE
    columns = [column_named(word, figures) for word in args.columns or usual_columns(figures)]
    columns += [key for key in ALWAYS if key not in columns and not args.columns]
    if args.csv:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([_plain(value_of(row, key)) for key in columns] for row in rows)
        return DONE
    print(_table(columns, rows) if rows else _nothing(folder, is_filtered=bool(args.filter)))
    return DONE


def _export(rows: Sequence[RunRow], args: Namespace) -> int:
    """Write the runs that can be read for TensorBoard, and say where."""
    made = export_runs([row for row in rows if row.status != DAMAGED], args.export_tensorboard)
    if args.json:
        print(json.dumps({"what": "tensorboard", "folders": list(map(str, made))}, ensure_ascii=False))
        return DONE
    print(
        tr(
            "{count} runs written. See them with: tensorboard --logdir {folder}",
            count=len(made),
            folder=quote(str(args.export_tensorboard)),
        )
    )
    return DONE


def _folder(word: str) -> Path:
    """The folder of the runs that a word means: the folder itself, or that of a drawing.

    Raises:
        FileError: there is no such file.
        RunError: it is the folder of one run.
    """
    path = Path(word)
    if is_runs_folder(path):
        return path
    if path.is_dir():
        raise RunError(
            msg("'{path}' is the folder of one run. Name the folder that it lies in: {folder}", path=path, folder=path.absolute().parent)
        )  # fmt: skip
    found = find_file(word)
    return runs_folder(found if path.exists() else Path(found.name))


def _nothing(folder: Path, *, is_filtered: bool) -> str:
    if is_filtered:
        return tr("None of the runs in {folder} fits the filter.", folder=folder)
    return tr("There are no runs in {folder} yet. Train first.", folder=folder)


def _table(columns: Sequence[str], rows: Sequence[RunRow]) -> str:
    head = [key if "." in key else str(column_title(key)) for key in columns]
    cells = [[_text(key, value_of(row, key)) for key in columns] for row in rows]
    return cli_text.table(head, cells, right=[i for i, key in enumerate(columns) if is_number(key)])


def _text(key: str, value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.1f}" if key == "seconds" else f"{value:.4f}" if "." in key else f"{value:g}"
    return tr("all") if key == "batch_size" and value == WHOLE else str(value)


def _plain(value: Value) -> Value:
    return "" if value is None else value


def _record(row: RunRow, columns: Sequence[str]) -> dict[str, Any]:
    """A run for programs: everything, or the columns that were asked for. What is no number in JSON is null."""
    if columns:
        return {key: _finite(value_of(row, key)) for key in columns}
    record = {"folder": row.folder, "path": str(row.path), **row.to_record()}
    return {**record, "figures": {key: _finite(value) for key, value in row.figures.items()}}


def _finite(value: Value) -> Value:
    return None if isinstance(value, float) and not math.isfinite(value) else value


# ---- two runs


def _compare(args: Namespace) -> int:
    one, other = (_row(word, args.target) for word in args.compare)
    old, new = (load_run(row.path).project for row in (one, other))
    comparison = compare(old, new)
    if args.json:
        for line in difference_records(comparison, old, new):
            print(line)
        for key, before, after in _figures(one, other):
            record = {"what": "figure", "name": key, "old": _finite(before), "new": _finite(after)}
            print(json.dumps(record, ensure_ascii=False))
        return DONE
    print(f"{one.folder} → {other.folder}")
    for line in difference_lines(comparison):
        print(line)
    rows = [[key, _text(key, before), _text(key, after)] for key, before, after in _figures(one, other)]
    if rows:
        print(f"\n{cli_text.table([tr('Figure'), one.folder, other.folder], rows, right=(1, 2))}")
    return DONE


def _row(word: str, target: str | None) -> RunRow:
    """The run that a word means: a folder, or one by its name among those of the target.

    Raises:
        RunError: there is none, or several.
    """
    if Path(word).is_dir() and not is_runs_folder(Path(word)):
        return read_row(Path(word))
    if target is None:
        raise RunError(msg("There is no run '{run}'. Name its folder, or the drawing first.", run=word))
    folder = _folder(target)
    return find_run(folder, word, RunTable(folder).rows())


def _figures(one: RunRow, other: RunRow) -> Iterator[tuple[str, Value, Value]]:
    for key in (*figure_columns([one, other]), "seconds", "parameters"):
        before, after = value_of(one, key), value_of(other, key)
        if (before, after) != (None, None):
            yield key, before, after
