"""Folders of pictures: one folder a class, or that inside folders for training, validation and test."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from graph.messages import DataError, Message, msg
from runtime.data.image_files import Listing
from runtime.data.image_pixels import FORMATS, SUFFIXES
from runtime.data.records import PART_NAMES, TRAIN
from runtime.data.sources import MAX_CLASSES, listed, reading
from runtime.data.tables_pieces import Faults

OWN = frozenset({"__macosx", "thumbs.db", "desktop.ini"})  # what systems put into folders and archives


def list_folder(root: Path, faults: Faults) -> Listing:
    """The pictures in the folders of a folder, named like their classes, however deep inside.

    Where these are called like parts of the data ("train", "val", "test") and hold folders of classes, they say the split.

    Raises:
        DataError: the folders are no classes, or one is empty.
    """
    names = _folders(root)
    parts = {name: PART_NAMES[name.lower()] for name in names if name.lower() in PART_NAMES}
    if not (names and len(parts) == len(names) and TRAIN in parts.values() and any(_folders(root / n) for n in parts)):
        return _listing(root, {"": None}, faults)
    return _listing(root, dict(sorted(parts.items(), key=lambda entry: entry[1])), faults)


def _listing(root: Path, parts: dict[str, int | None], faults: Faults) -> Listing:
    """The pictures of the classes in the folders of parts; the class names are those of the training part."""
    classes = _folders(root / next(iter(parts)))
    if not 1 < len(classes) <= MAX_CLASSES:
        raise DataError(
            msg(
                "'{folder}' has {count} folders in it. Put the pictures of each class into a folder of its own, "
                "named like the class: at least 2, at most {limit}.",
                folder=root / next(iter(parts)),
                count=len(classes),
                limit=MAX_CLASSES,
            )
        )
    names: list[str] = []
    labels: list[int] = []
    rows: list[int | None] = []
    passed = [name for name in _entries(root) if (root / name).suffix.lower() in SUFFIXES]
    for folder, part in parts.items():
        _check_classes(root, folder, classes)
        for label, name in enumerate(classes):
            place = os.path.join(folder, name) if folder else name
            found = list(_pictures(root, place, passed)) if (root / place).is_dir() else []
            if not found and part in (None, TRAIN):
                raise DataError(
                    msg(
                        "The folder '{folder}' holds no pictures ({formats}). Add some, or remove the folder.",
                        folder=root / place,
                        formats=", ".join(FORMATS),
                    )
                )
            names += found
            labels += [label] * len(found)
            rows += [part] * len(found)
    return Listing(
        root=root,
        names=tuple(names),
        labels=np.array(labels, np.int64),
        classes=tuple(classes),
        parts=None if None in parts.values() else np.array(rows, np.int64),
        faults=faults,
        notes=_notes(passed),
    )


def _notes(passed: list[str]) -> tuple[Message, ...]:
    """That there are files that are no pictures of a class."""
    if not passed:
        return ()
    text = msg(
        "{count:,} files were passed over, as they are no pictures ({formats}) or lie in no folder of a class: {files}. Convert "
        "or move those that should be learned from.",
        count=len(passed),
        formats=", ".join(FORMATS),
        files=listed(passed, 3),
    )
    return (text,)


def _check_classes(root: Path, part: str, classes: list[str]) -> None:
    """A part has folders of classes, and no other than the training part."""
    found = _folders(root / part)
    if not found:
        raise DataError(
            msg(
                "'{folder}' has no folders of classes in it. Put the pictures of each class into a folder of its own there too, "
                "or take '{part}' away.",
                folder=root / part,
                part=part,
            )
        )
    if more := [name for name in found if name not in classes]:
        raise DataError(
            msg(
                "'{folder}' has classes that the training part does not have: {classes}. Name the folders alike.",
                folder=root / part,
                classes=listed(more),
            )
        )


def _folders(folder: Path) -> list[str]:
    return [name for name in _entries(folder) if (folder / name).is_dir()]


def _entries(folder: Path) -> list[str]:
    """What is in a folder, sorted, without what systems put there themselves."""
    with reading(folder):
        return sorted(name for name in os.listdir(folder) if not name.startswith(".") and name.lower() not in OWN)


def _pictures(root: Path, folder: str, passed: list[str]) -> Iterator[str]:
    """The pictures in a folder and in those inside it, seen from `root`, with / between names on every system.

    What is neither goes to `passed`.
    """
    with reading(root / folder), os.scandir(root / folder) as found:
        entries = sorted((e for e in found if not e.name.startswith(".")), key=lambda entry: entry.name)
    for entry in entries:
        place = f"{folder}/{entry.name}".replace(os.sep, "/")
        if os.path.splitext(entry.name)[1].lower() in SUFFIXES and entry.is_file():
            yield place
        elif entry.is_dir(follow_symlinks=False):
            yield from _pictures(root, place, passed)
        elif entry.name.lower() not in OWN:
            passed.append(place)
