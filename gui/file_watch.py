"""Notices when somebody else changes, deletes or moves the file of a document: by what it holds, not by its times."""

from __future__ import annotations

import hashlib
import os
import threading
from enum import Enum, auto
from functools import partial
from pathlib import Path
from typing import NamedTuple

from PySide6.QtCore import QFileSystemWatcher, QObject, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QGuiApplication

from graph.atomic import check_regular
from graph.strict_json import MAX_BYTES
from gui.apart import Messenger, work_apart

SETTLING = 200  # milliseconds: programs write a file in several steps
PATIENCE = 1.0  # seconds that closing waits for a drive
LOOKING = 3000  # milliseconds between two looks while a file is gone: its folder may be gone too


class Disk(Enum):
    """How the file compares with what the document knows of it."""

    SAME = auto()
    CHANGED = auto()
    GONE = auto()
    UNREADABLE = auto()


class Seen(NamedTuple):
    """What was found: the state, the digest of what the file holds, and why it cannot be read."""

    disk: Disk
    digest: str | None = None
    error: OSError | None = None


class FileWatch(QObject):
    """Watches one file. `seen(Seen)` when its state or its contents are others than before."""

    seen = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._path: Path | None = None
        self._digest: str | None = None
        self._number = 0  # of what is watched: late answers about something else are dropped
        self._is_looking = self._look_again = False
        self._thread: threading.Thread | None = None
        self.last = Seen(Disk.SAME)
        self._watcher = QFileSystemWatcher(self)
        self._settling = QTimer(self, singleShot=True, interval=SETTLING)
        self._slow = QTimer(self, singleShot=True, interval=LOOKING)
        for signal in (self._watcher.directoryChanged, self._watcher.fileChanged):
            signal.connect(self._on_touched)
        for timer in (self._settling, self._slow):
            timer.timeout.connect(self.look)
        self._messenger = Messenger(self._on_looked)
        app = QGuiApplication.instance()
        if isinstance(app, QGuiApplication):  # network drives tell nothing: look when the person comes back
            app.applicationStateChanged.connect(self._on_application_state)

    def watch(self, path: Path | None, digest: str | None = None) -> None:
        """Watch this file, which held what `digest` stands for when it was read; None watches nothing."""
        self._number += 1
        self._path, self._digest = path, digest
        self.last = Seen(Disk.SAME, digest)
        self._is_looking = self._look_again = False
        for timer in (self._settling, self._slow):
            timer.stop()
        if watched := [*self._watcher.directories(), *self._watcher.files()]:
            self._watcher.removePaths(watched)
        self.look()

    def close(self) -> None:
        """Watch nothing, and wait a moment for a look under way."""
        self.watch(None)
        if self._thread is not None:
            self._thread.join(PATIENCE)

    @Slot()
    def look(self) -> None:
        """Look at the file, in a thread: a drive may take its time."""
        if self._path is None:
            return
        if self._is_looking:
            self._look_again = True
            return
        self._is_looking = True
        if files := self._watcher.files():  # one that was replaced is watched no longer, although it is in the list
            self._watcher.removePaths(files)
            self._watcher.addPaths(files)
        self._thread = work_apart(partial(self._work, self._number, self._path, self._digest), "layerloom-watch")

    def look_now(self) -> Seen:
        """What is there at this moment."""
        return look_at(self._path, self._digest) if self._path is not None else Seen(Disk.SAME)

    def _work(self, number: int, path: Path, digest: str | None) -> None:
        self._messenger.tell((number, look_at(path, digest), _places(path)))

    @Slot(object)
    def _on_looked(self, looked: tuple[int, Seen, list[str]]) -> None:
        number, found, places = looked
        if number != self._number:
            return
        self._is_looking = False
        if missing := set(places) - {*self._watcher.directories(), *self._watcher.files()}:
            self._watcher.addPaths(sorted(missing))
        if found.disk in (Disk.GONE, Disk.UNREADABLE):
            self._slow.start()
        if self._look_again or missing:  # something may have happened before it was watched
            self._look_again = False
            self._settling.start()
        if found[:2] != self.last[:2]:
            self.last = found
            self.seen.emit(found)

    @Slot()
    def _on_touched(self, _path: str) -> None:
        self._settling.start()

    @Slot(Qt.ApplicationState)
    def _on_application_state(self, state: Qt.ApplicationState) -> None:
        if state is Qt.ApplicationState.ApplicationActive:
            self.look()


def look_at(path: Path, digest: str | None) -> Seen:
    """Compare a file with the digest of what it held."""
    try:
        found = digest_of(path)
    except (FileNotFoundError, NotADirectoryError) as error:
        return Seen(Disk.GONE, error=error)
    except OSError as error:
        return Seen(Disk.UNREADABLE, error=error)
    return Seen(Disk.SAME if found == digest else Disk.CHANGED, found)


def digest_of(path: Path) -> str:
    """The SHA-256 of what a file holds; of one that is too large for a drawing, of its beginning.

    Raises:
        OSError: it cannot be read.
    """
    check_regular(os.stat(path).st_mode)
    with open(path, "rb") as file:
        return digest(file.read(MAX_BYTES + 1))


def digest(data: bytes) -> str:
    """The SHA-256 of what a file holds."""
    return hashlib.sha256(data).hexdigest()


def _places(path: Path) -> list[str]:
    """What has to be watched: the file, where it really is, its folder, and the folder of the link that leads there."""
    real = Path(os.path.realpath(path))
    return [str(place) for place in {real, real.parent, path.parent} if place.exists()]
