"""A table that lists pictures: the path of each, its class, and what the split goes by."""

from __future__ import annotations

import os.path
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from graph.messages import DataError, msg
from runtime.data.image_files import Listing
from runtime.data.image_pixels import SUFFIXES
from runtime.data.records import PART_NAMES
from runtime.data.sources import MAX_CLASSES
from runtime.data.tables_doubts import require_parts
from runtime.data.tables_pieces import Faults, TableFile
from runtime.data.tables_source import open_table, require

LIST_SUFFIXES = frozenset({".csv", ".tsv"})
PATH_NAMES = ("path", "file", "filename", "file_name", "filepath", "file_path", "image", "image_path", "picture")
LABEL_NAMES = ("label", "class", "target", "category", "labels", "y")


def read_list(path: Path, values: Mapping[str, Any], faults: Faults) -> Listing:
    """The pictures that a CSV file lists; relative paths start from its folder.

    Classes are sorted, as numbers if all of them are. The column `split_by` says the split if all its words are names of
    parts, else it forms groups.

    Raises:
        DataError: the file is no list, or has too few or too many classes; or a row or picture is missing, and nothing is to be
            skipped.
    """
    table = open_table(path)
    _check_header(table)
    columns = _columns(table, values)
    names, words, traits = _rows(table, columns, faults)
    if not names:
        raise DataError(msg("'{file}' lists no pictures. Write one into each line.", file=path.name))
    known = sorted(set(words))
    if all(word.lstrip("-").isdecimal() for word in known):
        known.sort(key=int)
    if not 1 < len(known) <= MAX_CLASSES:
        raise DataError(
            msg(
                "'{file}' lists pictures of {count} classes in column '{column}'; it takes from 2 to {limit}. "
                "Choose another column under 'label_column'.",
                file=path.name,
                count=len(known),
                column=columns[1],
                limit=MAX_CLASSES,
            )
        )
    require_parts(path.name, traits)
    numbers = {word: number for number, word in enumerate(known)}
    return Listing(
        root=path.parent,
        names=tuple(names),
        labels=np.array([numbers[word] for word in words], np.int64),
        classes=tuple(known),
        fingerprint=table.fingerprint(),
        faults=faults,
        notes=(),
        **_split(traits),
    )


def _columns(table: TableFile, values: Mapping[str, Any]) -> tuple[str, ...]:
    """The columns of paths and of classes, and the one that the split goes by, if there is one.

    Raises:
        DataError: one does not exist, or it is the same twice.
    """
    chosen = {key: str(values[key] or "").strip() for key in ("path_column", "label_column", "split_by")}
    split_by = chosen["split_by"]
    free = [name for name in table.names if name != split_by]
    paths = chosen["path_column"] or _known(free, PATH_NAMES) or free[0]
    labels = chosen["label_column"] or _known(free, LABEL_NAMES) or free[-1]
    used = (paths, labels, *([split_by] if split_by else []))
    require(table, used)
    if len(set(used)) < len(used):
        raise DataError(
            msg(
                "'{file}' needs a column of paths and another one of classes. "
                "Choose them under 'path_column' and 'label_column'.",
                file=table.path.name,
            )
        )
    return used


def _known(names: Sequence[str], wanted: Sequence[str]) -> str:
    return next((name for want in wanted for name in names if name.lower() == want), "")


def _check_header(table: TableFile) -> None:
    if any(Path(name).suffix.lower() in SUFFIXES for name in table.names):
        raise DataError(
            msg(
                "'{file}' begins with a picture. Write the names of the columns into the first line, such as 'path,label'.",
                file=table.path.name,
            )
        )


def _rows(table: TableFile, columns: Sequence[str], faults: Faults) -> tuple[list[str], list[str], list[str]]:
    """Paths, classes, and what the split goes by."""
    names: list[str] = []
    words: list[str] = []
    traits: list[str] = []
    for piece in table.pieces(columns, faults):
        cells = zip(piece.lines, *(piece.columns[name] for name in columns), strict=True)
        for line, *row in cells:
            name, word, *trait = (str(cell).strip() for cell in row)
            place = name.replace("\\", "/")
            if not name or not word:
                faults.add(
                    msg(
                        "'{file}', line {line} has no path or no class. Fill it in, or remove the line.",
                        file=table.path.name,
                        line=line,
                    )
                )
            elif not os.path.isfile(table.path.parent / place):  # a name may be too long for `Path.is_file`
                faults.add(
                    msg(
                        "'{file}', line {line}: there is no picture '{picture}'. Paths start from the folder of the list.",
                        file=table.path.name,
                        line=line,
                        picture=name,
                    )
                )
            else:
                names.append(place)
                words.append(word)
                traits += trait
    return names, words, traits


def _split(words: Sequence[str]) -> dict[str, np.ndarray]:
    if not words:
        return {}
    if all(word.lower() in PART_NAMES for word in words):
        return {"parts": np.array([PART_NAMES[word.lower()] for word in words], np.int64)}
    return {"groups": np.unique(np.array(words), return_inverse=True)[1]}
