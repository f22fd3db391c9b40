"""Runs and sweeps that go into another folder of runs: whole or not at all, to another disk too. Importable without torch."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from graph.atomic import explain
from graph.messages import FileError, RunError, msg

COMING, GONE = ".coming-", ".gone-"  # before the name of a folder that is not whole yet, or not any more
STAGED = ".importing-"  # the same of a folder with runs that are being written
ABANDONED = 86_400  # seconds after which what a killed process left there goes


def move(run: Path, runs: Path) -> bool:
    """Move the folder of a run or a sweep into another folder of runs; False where that is on another disk.

    Raises:
        FileError: it cannot be moved; it is where it was.
    """
    try:
        runs.mkdir(parents=True, exist_ok=True)
        _rename(run, runs / run.name)
    except OSError as error:
        if error.errno == errno.EXDEV:
            return False
        raise _unmovable(run, runs, error) from error
    return True


def copy(run: Path, runs: Path) -> Path:
    """A copy of a run in another folder of runs, which counts for nothing until `settle`. It may take long.

    Raises:
        FileError: it cannot be written; nothing of it stays.
    """
    coming = runs / f"{COMING}{run.name}"
    shutil.rmtree(coming, ignore_errors=True)
    try:
        shutil.copytree(run, coming)
    except OSError as error:
        shutil.rmtree(coming, ignore_errors=True)
        raise _unmovable(run, runs, error) from error
    return coming


def settle(coming: Path, run: Path) -> bool:
    """Let a copy take the place of the run that it was made of; False, and no copy any more, where that has other files by now.

    Raises:
        FileError: that cannot be; the run is where it was.
    """
    target, gone = coming.with_name(run.name), run.with_name(f"{GONE}{run.name}")
    if _sizes(coming) != _sizes(run):  # somebody went on with it, here or elsewhere
        shutil.rmtree(coming, ignore_errors=True)
        return False
    try:
        _rename(coming, target)
    except OSError as error:
        shutil.rmtree(coming, ignore_errors=True)
        raise _unmovable(run, target.parent, error) from error
    try:
        os.rename(run, gone)  # so that no half of it is ever a run
    except OSError:  # it is there twice, which loses nothing
        return True
    shutil.rmtree(gone, ignore_errors=True)
    return True


@contextmanager
def staged(runs: Path, is_wanted: Callable[[], bool]) -> Iterator[Path]:
    """A folder in which runs are written that come among the others at the end, if they are wanted; whatever happens, it goes.

    Raises:
        RunError: they are not wanted any more.
        FileError: they cannot be moved.
    """
    for left in runs.glob(f"{STAGED}*"):  # of a process that was killed
        with suppress(OSError):
            if time.time() - left.stat().st_mtime > ABANDONED:
                shutil.rmtree(left, ignore_errors=True)
    staging = runs / f"{STAGED}{secrets.token_hex(4)}"
    try:
        yield staging
        if not is_wanted():
            raise RunError(msg("The import was cancelled."))
        for run in staging.iterdir():
            try:
                _rename(run, runs / run.name)
            except OSError as error:
                raise _unmovable(run, runs, error) from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _sizes(folder: Path) -> dict[Path, int]:
    """How large each file is: what is written of a run grows."""
    return {path.relative_to(folder): path.stat().st_size for path in folder.rglob("*") if path.is_file()}


def _rename(source: Path, target: Path) -> None:
    if target.exists():  # an empty folder would be replaced
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
    os.rename(source, target)


def _unmovable(run: Path, runs: Path, error: OSError) -> FileError:
    return FileError(
        msg(
            "The run '{run}' stays in '{before}', as it cannot be moved to '{folder}': {reason}",
            run=run.name,
            folder=runs,
            reason=explain(error),
            before=run.parent,
        )
    )
