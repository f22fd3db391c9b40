"""All runs of a folder as a table, and its trash. Importable without torch.

Rows are read once and kept in `runs.index` beside the runs. Each row there says when the folder
and its facts were changed last; where that differs from what is there, the row is read again, so that the index can be thrown away
at any time. The trash is a folder inside the folder of the runs, so that going there and back is one renaming.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import time
from collections.abc import Generator, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from graph.atomic import explain, write_atomically
from graph.messages import FileError, RunError, msg
from runtime.run_rows import RunRow, read_row
from runtime.runs import EVENTS, FACTS, PROJECT, RUNNING

INDEX, TRASH = "runs.index", "trash"
KEPT_DAYS = 30  # in the trash
QUIET_SECONDS = 120  # without a word after which a run that did not end counts as given up
BATCH = 50  # rows that are read between two reports
_VERSION = 2
_NAME = re.compile(r"\d{4}-\d\d-\d\d_\d{6}_[0-9a-f]{4}")
Key = list[int]


class RunTable:
    """The runs of a folder. `rows` and `load` may be called again at any time; only what changed is read again.

    One thread at a time may use it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._known: dict[str, tuple[Key, RunRow]] | None = None

    def rows(self) -> list[RunRow]:
        """The rows of all runs, newest first."""
        for _ in self.load():
            pass
        assert self._known is not None
        return [row for _, (_, row) in sorted(self._known.items(), key=lambda entry: entry[0], reverse=True)]

    def load(self) -> Generator[list[RunRow], None, None]:
        """Rows as they are found, in no order: first all that are known already, then those that must be read."""
        known = self._known if self._known is not None else self._read_index()
        keys = {name: _key(f"{self.folder}/{name}") for name in run_names(self.folder)}
        fresh = {name: known[name] for name, key in keys.items() if name in known and self._is_fresh(known[name], key)}
        gone = len(known.keys() - keys.keys())
        self._known = fresh
        yield [row for _, row in fresh.values()]
        stale = sorted(keys.keys() - fresh.keys(), reverse=True)
        try:
            for start in range(0, len(stale), BATCH):
                batch = [self._read(name, keys[name]) for name in stale[start : start + BATCH]]
                self._known.update((row.folder, (key, row)) for key, row in batch)
                yield [row for _, row in batch]
        finally:  # also where nobody wants the rest
            if gone or any(self._known[name][1].status != RUNNING for name in stale if name in self._known):
                self._write_index()

    def _is_fresh(self, known: tuple[Key, RunRow], key: Key) -> bool:
        before, row = known
        return before == (key if row.status != RUNNING else [*key, *_stamp(f"{row.place}/{EVENTS}")])

    def _read(self, name: str, key: Key) -> tuple[Key, RunRow]:
        """The row, and what tells whether it is still right: of a run under way its events too."""
        path = self.folder / name
        events = _stamp(path / EVENTS)  # before they are read
        row = read_row(path)
        return (key if row.status != RUNNING else [*key, *events]), row

    def _read_index(self) -> dict[str, tuple[Key, RunRow]]:
        with suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
            record = json.loads((self.folder / INDEX).read_bytes())
            if record["version"] == _VERSION:
                return {name: (key, row) for name, key, row in self._indexed(record["rows"])}
        return {}

    def _indexed(self, rows: dict[str, Any]) -> Iterator[tuple[str, Key, RunRow]]:
        for name, (key, values) in rows.items():
            yield name, key, RunRow.from_values(f"{self.folder}/{name}", values)

    def _write_index(self) -> None:
        rows = {name: [key, list(row.to_record().values())] for name, (key, row) in (self._known or {}).items()}
        text = json.dumps({"version": _VERSION, "rows": rows}, ensure_ascii=False, separators=(",", ":"))
        with suppress(FileError):  # without it the rows are read again
            write_atomically(self.folder / INDEX, text.encode())


def run_names(folder: Path) -> list[str]:
    """The names of the folders of runs, newest first; none where there is no such folder."""
    try:
        with os.scandir(folder) as entries:
            return sorted((e.name for e in entries if _NAME.fullmatch(e.name) and e.is_dir()), reverse=True)
    except OSError:
        return []


def is_runs_folder(path: Path) -> bool:
    """Whether a folder holds runs, and is not one itself."""
    return path.is_dir() and not (path / FACTS).exists() and not (path / PROJECT).exists()


# ---- trash


def delete_run(path: Path) -> Path:
    """Put a run into the trash of its folder; gives where it lies there. What lies there too long is deleted for good.

    Raises:
        RunError: something is still training there.
        FileError: it cannot be moved.
    """
    if _is_alive(path):
        raise RunError(msg("The run '{run}' is being written to. Stop it first, or wait until it ends.", run=path.name))
    place = path.parent / TRASH / path.name
    _move(path, place)
    with suppress(OSError):
        os.utime(place)  # from now on it waits
    empty_trash(path.parent, older_than=KEPT_DAYS)
    return place


def restore_run(place: Path) -> Path:
    """Take a run out of the trash; gives where it lies now.

    Raises:
        FileError: it is no longer there, or cannot be moved.
    """
    path = place.parent.parent / place.name
    _move(place, path)
    return path


def trashed(folder: Path) -> list[Path]:
    """The runs in the trash of a folder of runs, the one that was deleted last first."""
    trash = folder / TRASH
    found = [trash / name for name in run_names(trash)]
    return sorted(found, key=_deleted_at, reverse=True)


def empty_trash(folder: Path, *, older_than: float = 0.0) -> int:
    """Delete what has been in the trash for so many days, for good; gives how many runs that were."""
    limit = time.time() - older_than * 86_400
    old = [path for path in trashed(folder) if older_than <= 0 or _deleted_at(path) < limit]
    for path in old:
        shutil.rmtree(path, ignore_errors=True)
    with suppress(OSError):
        (folder / TRASH).rmdir()  # where nothing is left in it
    return sum(not path.exists() for path in old)


def _move(source: Path, target: Path) -> None:
    try:
        if target.exists():
            raise FileExistsError(17, f"'{target.name}' is there already")
        target.parent.mkdir(exist_ok=True)
        os.rename(source, target)
    except OSError as error:
        raise FileError(
            msg("The run '{run}' cannot be moved: {reason}", run=source.name, reason=explain(error))
        ) from error


def _deleted_at(path: Path) -> float:
    with suppress(OSError):
        return path.stat().st_mtime
    return 0.0


def _is_alive(path: Path) -> bool:
    """Whether a run that did not end was written to a moment ago."""
    if read_row(path).status != RUNNING:
        return False
    times = (_deleted_at(path / name) for name in (EVENTS, FACTS, "checkpoints"))
    return time.time() - max(times) < QUIET_SECONDS


# ---- what a row was read from


def _key(path: str) -> Key:
    """When a run was changed: another key, another row. Files that take the place of others change their folder too."""
    return [*_stamp(path)[:1], *_stamp(f"{path}/{FACTS}")]


def _stamp(path: str | Path) -> Key:
    """When a file was written last, and its size; zeros where there is none."""
    try:
        found = os.stat(path)
    except OSError:
        return [0, 0]
    return [found.st_mtime_ns, found.st_size]


def find_run(folder: Path, word: str, rows: Iterable[RunRow]) -> RunRow:
    """The run that a word means: the name of its folder, its beginning or end, or the name that the person gave it.

    Raises:
        RunError: there is none, or several.
    """
    rows = list(rows)
    exact = [row for row in rows if word in (row.folder, row.labels.name)]
    found = exact or [row for row in rows if row.folder.startswith(word) or row.folder.endswith(word)]
    if len(found) == 1:
        return found[0]
    if not found:
        raise RunError(msg("There is no run '{run}' in '{folder}'. List them with: runs", run=word, folder=folder))
    names = ", ".join(row.folder for row in found[:5])
    raise RunError(msg("'{run}' may be any of these runs: {names}. Write more of the name.", run=word, names=names))
