"""Rows of numbers in memory or in a file, which may be larger than memory; and the cache that such files lie in."""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np

from graph.messages import DataError, msg
from runtime.places import cache_folder

KEPT_DAYS = 30  # that nobody read a file of the cache
_one_at_a_time = threading.Lock()  # a table that two threads ask for is read once


@dataclass(frozen=True, eq=False, slots=True)
class RowFile:
    """An array in a file (row after row from `offset` on), of which only the rows that are asked for are read."""

    path: Path
    shape: tuple[int, ...]
    dtype: str = "<f8"
    offset: int = 0

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: np.ndarray | slice) -> np.ndarray:
        """These rows, as an array in memory; the file is mapped no longer than that takes."""
        try:
            mapped = np.memmap(self.path, self.dtype, "r", self.offset, self.shape)
        except (OSError, ValueError) as error:
            raise DataError(
                msg("'{file}' was there when the data was read, and is gone or cut now. Read it again.", file=self.path)
            ) from error
        return np.array(mapped[rows])


RowArray = np.ndarray | RowFile


class RowWriter:
    """Takes rows one piece after the other, into memory or a file; a context that closes it.

    `shape` is that of a row, `()` for a single number.
    """

    def __init__(self, shape: tuple[int, ...], path: Path | None = None, dtype: str = "<f8") -> None:
        self._shape, self._path, self._dtype, self._count = shape, path, dtype, 0
        self._pieces: list[np.ndarray] = []
        self._stream: IO[bytes] | None = None if path is None else path.open("wb")

    def __enter__(self) -> RowWriter:
        return self

    def __exit__(self, *error: object) -> None:
        if self._stream is not None:
            self._stream.close()

    def add(self, rows: np.ndarray) -> None:
        """More rows."""
        self._count += len(rows)
        rows = np.ascontiguousarray(rows, self._dtype)
        if self._stream is None:
            self._pieces.append(rows)
        else:
            self._stream.write(rows.data if len(rows) else b"")

    def finish(self) -> RowArray:
        """All rows."""
        if self._stream is None or self._path is None:
            return np.concatenate([np.empty((0, *self._shape), self._dtype), *self._pieces])
        self._stream.flush()
        return RowFile(self._path, (self._count, *self._shape), self._dtype)


def in_pieces(rows: RowArray, size: int = 2**18) -> Iterator[np.ndarray]:
    """The rows, some at a time."""
    return (rows[start : start + size] for start in range(0, len(rows), size))


@contextmanager
def cached(key: str) -> Iterator[Path]:
    """The folder of the cache for what a text identifies, for one thread at a time. If the block fails, it is removed.

    Raises:
        DataError: the disk is full, or the folder cannot be written.
    """
    folder = cache_folder() / "data" / hashlib.sha256(key.encode()).hexdigest()[:32]
    try:
        with _one_at_a_time:
            folder.mkdir(parents=True, exist_ok=True)
            os.utime(folder)
            _forget_old(folder.parent)
            yield folder
    except OSError as error:
        clear(folder)
        raise DataError(
            msg(
                "What is read of large data is kept in '{folder}', which cannot be written ({reason}). Make room there.",
                folder=folder.parent,
                reason=error.strerror or str(error),
            )
        ) from error
    except BaseException:
        clear(folder)
        raise


def clear(folder: Path) -> None:
    """Remove the files of a folder of the cache, and the folder if that leaves it empty."""
    for file in folder.glob("*"):
        with contextlib.suppress(OSError):
            file.unlink()
    with contextlib.suppress(OSError):
        folder.rmdir()


def _forget_old(folder: Path) -> None:
    oldest = time.time() - KEPT_DAYS * 24 * 3600
    for entry in folder.iterdir():
        if entry.stat().st_mtime < oldest:
            clear(entry)
