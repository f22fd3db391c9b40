"""Who has a file open: a lock in the state folder for each file, so that nothing lies beside the person's own files."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple
from weakref import WeakValueDictionary, ref

from PySide6.QtCore import QLockFile, QObject
from PySide6.QtWidgets import QWidget

from graph.messages import FileError, Message, msg
from runtime.places import state_folder

_ours: WeakValueDictionary[str, FileLock] = WeakValueDictionary()  # the locks that this application holds, by lock file


class Holder(NamedTuple):
    """Who has a file open: this application, perhaps in a tab of the window that asks, or another one."""

    is_here: bool
    host: str = ""
    is_in_this_window: bool = False

    @property
    def message(self) -> Message:
        """Who it is, to go into a sentence."""
        return msg("another tab of this window") if self.is_in_this_window else msg("another window of Layerloom")


class InUseError(FileError):
    """A file that somebody else has open. It can be opened all the same: read-only, as a copy, or anyway."""

    def __init__(self, path: Path, holder: Holder) -> None:
        self.path, self.holder = path, holder
        text = msg(
            "'{file}' is open in {place}. Open it read-only or as a copy, so that neither overwrites the other.",
            file=str(path),
            place=holder.message,
        )
        super().__init__(text)


class FileLock:
    """The right to write a file, for one document, its `owner`. A lock whose holder died is nobody's."""

    def __init__(self, path: Path, owner: QObject) -> None:
        self.path = path
        self._owner = ref(owner)
        self._lock = QLockFile(str(lock_file(path)))
        self._lock.setStaleLockTime(0)

    def take(self) -> Holder | None:
        """Take it; None if it is ours now, else who has it.

        Where no lock can be written (a full disk) it counts as ours: locks protect files, they must not keep them shut.
        """
        if self._lock.isLocked():
            return None
        with suppress(OSError):
            Path(self._lock.fileName()).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self._lock.tryLock(0) or self._lock.error() is not QLockFile.LockError.LockFailedError:
            _ours[self._lock.fileName()] = self
            return None
        process, host, _name = self._lock.getLockInfo()[-3:]
        if process != os.getpid():
            return Holder(False, host)
        return Holder(True, host, window_of(owner_of(self.path)) is window_of(self._owner()))

    def release(self) -> None:
        """Give it back."""
        if _ours.get(self._lock.fileName()) is self:
            del _ours[self._lock.fileName()]
        self._lock.unlock()


def owner_of(path: Path) -> QObject | None:
    """The document of this application that has the right to write a file."""
    lock = _ours.get(str(lock_file(path)))
    return lock._owner() if lock is not None else None


def window_of(owner: QObject | None) -> QWidget | None:
    """The window that a document is in; None for one without a window."""
    while owner is not None and not isinstance(owner, QWidget):
        owner = owner.parent()
    return owner.window() if owner is not None else None


def lock_file(path: Path) -> Path:
    """Where the lock of a file is: named after where the file really is, behind all links."""
    real = os.path.normcase(os.path.realpath(path))
    return state_folder() / "locks" / f"{hashlib.sha256(os.fsencode(real)).hexdigest()[:32]}.lock"
