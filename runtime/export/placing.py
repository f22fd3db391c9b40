"""Puts verified files where the person wants them: all of them or none."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from graph.atomic import explain, write_atomically
from graph.messages import ExportError, FileError, msg
from runtime.export.receipt import files_of

Files = Mapping[str, bytes]


def hashes(files: Files) -> dict[str, str]:
    """The SHA-256 of each file, in hexadecimal."""
    return {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}


def check_target(path: Path, *, folder: bool) -> None:
    """Refuse a place before work is done for it.

    A folder may be replaced if it is empty, or if it holds nothing but an earlier export that its receipt lists.

    Raises:
        ExportError: nothing can be written there, or something else is there.
    """
    if not path.parent.is_dir():
        raise ExportError(msg("There is no folder {folder}. Create it first, or choose another.", folder=path.parent))
    if not os.access(path.parent, os.W_OK):
        raise ExportError(msg("You may not write into {folder}. Choose another folder.", folder=path.parent))
    if path.exists() and path.is_dir() is not folder:
        raise ExportError(msg("{path} is in the way. Choose another name.", path=path))
    if path.is_dir() and not _all_files(path) <= files_of(path):
        raise ExportError(
            msg("{path} holds other files, which an export would remove. Choose a new folder.", path=path)
        )


def _all_files(folder: Path) -> set[str]:
    """What is in a folder and in those inside it, but for what Python leaves there by itself."""
    found = (entry.relative_to(folder) for entry in folder.rglob("*") if not entry.is_dir())
    return {entry.as_posix() for entry in found if "__pycache__" not in entry.parts}


def place(path: Path, files: Files, *, folder: bool) -> None:
    """Make `path` a folder with exactly these files, or the only one of them, in one step.

    Raises:
        ExportError: it could not be written; what was there before is still there.
    """
    with _as_export_errors(path):
        if folder:
            _place_folder(path, files)
        else:
            (content,) = files.values()
            write_atomically(path, content)


def write_files(folder: Path, files: Files) -> None:
    """Write files into a folder; a name may lead into folders inside it.

    Raises:
        FileError: one cannot be written.
        OSError: nor can a folder.
    """
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, content)
        if path.suffix == ".sh":
            path.chmod(path.stat().st_mode | 0o111)


def remove(path: Path) -> None:
    """Remove an export, file or folder."""
    with suppress(OSError):
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def _place_folder(path: Path, files: Files) -> None:
    with tempfile.TemporaryDirectory(
        prefix=f".{path.name}-", suffix=".tmp", dir=path.parent, ignore_cleanup_errors=True
    ) as workplace:
        fresh, earlier = Path(workplace, "fresh"), Path(workplace, "earlier")
        fresh.mkdir()
        write_files(fresh, files)
        if path.exists():
            os.replace(path, earlier)
        try:
            os.replace(fresh, path)
        except OSError:
            if earlier.exists():
                os.replace(earlier, path)
            raise


@contextmanager
def _as_export_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except FileError as error:
        raise ExportError(error.message) from error
    except OSError as error:
        raise ExportError(
            msg("'{file}' could not be saved: {reason}", file=path.name, reason=explain(error))
        ) from error
