"""Where unsaved drawings outlive a crash: a folder for each running application, locked for as long as that lives.

<state folder>/sessions/<session>/lock           held by the application, stale as soon as it is dead
                                 /<copy>.layerloom    a drawing as it was last kept
                                 /<copy>.json         its `Origin`
"""

from __future__ import annotations

import atexit
import errno
import json
import os
import secrets
import threading
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Annotated

import msgspec
from PySide6.QtCore import QLockFile

from graph import files
from graph.atomic import write_atomically
from graph.conversion import convert
from graph.model import Project
from runtime.places import state_folder

LOCK = "lock"
RECORD = ".json"
MAX_RECORD = 1_000_000  # bytes
NAME = r"^[0-9a-f]{16}$"
TRIES = 10
Name = Annotated[str, msgspec.Meta(pattern=NAME)]
Moment = Annotated[float, msgspec.Meta(ge=0, le=4e9)]


@dataclass(frozen=True)
class Origin:
    """Where a kept drawing came from: `digest` is that of the file at `path` when it was read, `time` when it was kept.

    `continues` are the (session, copy) of the kept drawings that it was recovered from, of which it is the continuation. `runs`
    are the folders of what it began while it had no file.
    """

    title: str
    path: str | None = None
    digest: str | None = None
    time: Moment = field(default_factory=time.time)
    continues: tuple[tuple[Name, Name], ...] = ()
    runs: tuple[str, ...] = ()


def sessions_folder() -> Path:
    """Where the sessions of all running and dead applications are."""
    return state_folder() / "sessions"


class Session:
    """The folder of this running application; it is made when something is kept in it first. Any thread may ask for it."""

    def __init__(self, root: Path | None = None) -> None:
        self._root = root or sessions_folder()
        self._turn = threading.Lock()
        self._claim: Claim | None = None

    def folder(self) -> Path:
        """The folder.

        Raises:
            OSError: it cannot be made.
        """
        with self._turn:
            if self._claim is None or not self._claim.folder.is_dir():
                self._claim = _begin(self._root)
            return self._claim.folder

    def end(self) -> None:
        """The application ends on purpose: the folder goes, unless something is still kept in it."""
        with self._turn:
            if self._claim is not None:
                self._claim.release()
            self._claim = None


@cache
def session_in(root: Path) -> Session:
    """The session of this application in a folder of sessions; it ends with the application."""
    session = Session(root)
    atexit.register(session.end)
    return session


class Claim:
    """The right to a session: its own application's, or that of who found its application dead."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = QLockFile(str(folder / LOCK))
        self._lock.setStaleLockTime(0)

    def take(self) -> bool:
        """Whether nobody who lives has it. It is ours then."""
        return self._lock.tryLock(0)

    def release(self) -> None:
        """Give it up; a folder in which nothing is kept goes away."""
        if not kept_in(self.folder):
            for path in _listed(self.folder):
                if path.name != LOCK:
                    with suppress(OSError):
                        path.unlink()
        self._lock.unlock()
        with suppress(OSError):
            self.folder.rmdir()


def _begin(root: Path) -> Claim:
    """A new session. One whose folder another application cleared away before it was locked is given up for the next."""
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    for _ in range(TRIES):
        folder = root / new_name()
        folder.mkdir(mode=0o700)
        claim = Claim(folder)
        if claim.take():
            return claim
        with suppress(OSError):
            folder.rmdir()
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))  # the folder could be made, a file in it could not


def new_name() -> str:
    """A name for a session or a copy that none has."""
    return secrets.token_hex(8)


def keep(project: Project, path: Path, origin: Origin) -> None:
    """Write a drawing and where it came from, the drawing first.

    Raises:
        FileError: it could not be read back, or not be written; what was kept before is whole.
    """
    write_atomically(path, files.to_bytes(project))
    write_atomically(path.with_suffix(RECORD), json.dumps(asdict(origin), indent=1).encode())


def forget(path: Path) -> None:
    """Keep a drawing no longer."""
    for gone in (path, path.with_suffix(RECORD)):
        with suppress(OSError):
            gone.unlink()


def forget_all(copies: tuple[tuple[str, str], ...]) -> None:
    """Keep these copies no longer."""
    for session, copy in copies:
        forget(sessions_folder() / session / f"{copy}{files.SUFFIX}")


def kept_in(folder: Path) -> list[Path]:
    """The drawings kept in a session."""
    return [path for path in _listed(folder) if path.suffix == files.SUFFIX]


def origin_of(path: Path) -> Origin | None:
    """Where a kept drawing came from; None if that is not known, or damaged."""
    try:
        with open(path.with_suffix(RECORD), "rb") as file:
            record = json.loads(file.read(MAX_RECORD))
        return convert(record, Origin)
    except (OSError, ValueError, RecursionError):
        return None


def _listed(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []
