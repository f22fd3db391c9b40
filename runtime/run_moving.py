"""Runs and sweeps that go into another folder of runs: whole or not at all, to another disk too. Importable without torch.

What is not whole yet lies in a folder of its own among the runs, with a lock that its process holds: `sweep_up` takes away what
a killed one left.
"""

from __future__ import annotations

import errno
import json
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from graph.atomic import explain
from graph.messages import FileError, RunError, msg
from runtime.run_hold import hold

COMING, STAGED = (
    ".coming-",
    ".importing-",
)  # before the name of a folder for a run that is copied, for runs that are written
GONE = ".gone-"  # before the name of a run that is not whole any more: there is another one of it elsewhere
LOCK = "lock"  # beside them; it tells which runs are copied
ABANDONED = 86_400  # seconds after which what has no lock that can be asked is taken for left
TRIES = 10


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


@dataclass(frozen=True)
class Staging:
    """A folder among runs that counts for nothing, and is not swept up until `drop`, or the end of this process."""

    folder: Path
    lock: IO[bytes]

    @property
    def run(self) -> Path:
        """The run in it, or the folder of runs."""
        return self.folder / "run"

    def drop(self) -> None:
        """It goes, with what is in it."""
        self.lock.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def copy(run: Path, runs: Path, *, waiting: Sequence[Path] = ()) -> Staging:
    """A copy of a run in another folder of runs, which counts for nothing until `settle`. It may take long.

    Args:
        waiting: runs that are to follow. `sweep_up` tells them too, if this process is killed.

    Raises:
        FileError: it cannot be written; nothing of it stays.
    """
    coming = None
    try:
        coming = _begin(runs, COMING, (run, *waiting))
        shutil.copytree(run, coming.run)
    except OSError as error:
        if coming is not None:
            coming.drop()
        raise _unmovable(run, runs, error) from error
    return coming


def settle(coming: Staging, run: Path) -> bool:
    """Let a copy take the place of the run that it was made of; False, and no copy any more, where that has other files by now.

    Raises:
        FileError: that cannot be; the run is where it was.
    """
    target, gone = coming.folder.with_name(run.name), run.with_name(f"{GONE}{run.name}")
    try:
        if _sizes(coming.run) != _sizes(run):  # somebody went on with it, here or elsewhere
            return False
        _rename(coming.run, target)
    except OSError as error:
        raise _unmovable(run, target.parent, error) from error
    finally:
        coming.drop()
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
    sweep_up(runs)
    try:
        staging = _begin(runs, STAGED)
    except OSError as error:
        raise FileError(
            msg("The runs cannot be written to '{path}': {reason}", path=runs, reason=explain(error))
        ) from error
    try:
        yield staging.run
        if not is_wanted():
            raise RunError(msg("The import was cancelled."))
        for run in staging.run.iterdir():
            try:
                _rename(run, runs / run.name)
            except OSError as error:
                raise _unmovable(run, runs, error) from error
    finally:
        staging.drop()


def sweep_up(runs: Path) -> list[Path]:
    """Take away what killed processes left in a folder of runs; what another one is writing stays.

    Returns:
        The runs of which copies were left, and those that were to follow: they are where they were.
    """
    waiting: list[Path] = []
    for left in _listed(runs):
        with suppress(OSError):
            if left.name.startswith(GONE):
                shutil.rmtree(left, ignore_errors=True)
            elif left.name.startswith((COMING, STAGED)) and (told := _told_by_the_dead(left)) is not None:
                waiting += told
                shutil.rmtree(left, ignore_errors=True)
    return list(dict.fromkeys(waiting))


def _begin(runs: Path, prefix: str, copied: Sequence[Path] = ()) -> Staging:
    """A new staging folder. One that was swept up before it was held is given up for the next."""
    for _ in range(TRIES):
        folder = runs / f"{prefix}{secrets.token_hex(4)}"
        folder.mkdir(parents=True)
        lock = (folder / LOCK).open("xb")
        lock.write(json.dumps([str(run) for run in copied]).encode())
        lock.flush()
        if hold(lock) is not False and (folder / LOCK).exists():
            return Staging(folder, lock)
        lock.close()
    raise OSError(errno.EBUSY, os.strerror(errno.EBUSY), str(runs))


def _told_by_the_dead(left: Path) -> list[Path] | None:
    """The runs that somebody was copying into a staging folder; None where that may be somebody who lives."""
    is_free = None
    with suppress(FileNotFoundError), (left / LOCK).open("r+b") as lock:
        is_free = hold(lock)
        if is_free:
            return _runs_in(lock.read())
    is_old = time.time() - left.stat().st_mtime > ABANDONED
    return [] if is_free is None and is_old else None


def _runs_in(told: bytes) -> list[Path]:
    with suppress(ValueError, TypeError):
        return [Path(run) for run in json.loads(told) if isinstance(run, str)]
    return []


def _listed(runs: Path) -> list[Path]:
    try:
        return list(runs.iterdir())
    except OSError:
        return []


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
