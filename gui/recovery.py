"""What a crash left over: the drawings kept by applications that died, listed until they are saved or discarded."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from graph import files
from graph.atomic import explain, write_atomically
from graph.messages import FileError, LayerloomError, Message, msg, tr
from gui import safekeeping
from gui.apart import Messenger, work_apart
from gui.file_watch import Disk, digest_of, look_at
from gui.safekeeping import Claim, Origin


@dataclass(frozen=True)
class Recovered:
    """One drawing that was not saved.

    `copy` is the kept file, `digest` that of the original when it was read, `disk` how the original compares with that
    now; `num_nodes` is None and `problem` a sentence where the kept file is damaged. `runs` are those that it began while it
    had no file.
    """

    copy: Path
    title: str
    time: datetime
    original: Path | None = None
    digest: str | None = None
    continues: tuple[tuple[str, str], ...] = ()
    runs: tuple[Path, ...] = ()
    num_nodes: int | None = None
    disk: Disk = Disk.SAME
    problem: Message | None = None

    @property
    def key(self) -> tuple[str, str]:
        """The names of the session and the copy."""
        return self.copy.parent.name, self.copy.stem


class Recovery(QObject):
    """Finds what is left over. `found(list[Recovered])` whenever the list is another.

    Who found a dead session holds it, so that a second application does not offer the same drawings.
    """

    found = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._claims: list[Claim] = []
        self._turn = threading.Lock()
        self._thread: threading.Thread | None = None
        self._taken: set[Path] = set()
        self.items: list[Recovered] = []
        self._messenger = Messenger(self._on_looked)

    def look(self) -> None:
        """Look in a thread; the answer comes through `found`."""
        self._thread = work_apart(self._work, "layerloom-recovery")

    def recoverable(self) -> list[Recovered]:
        """The drawings of dead applications, the newest first.

        Not among them is what the original file holds too, and what a whole one of them continues.
        """
        with self._turn:
            self._claim_the_dead()
            items = [read(copy) for claim in self._claims for copy in safekeeping.kept_in(claim.folder)]
        for item in items:
            if item.copy not in self._taken and is_in_original(item):
                _forget(item)
        hidden = {key for item in items if item.problem is None for key in item.continues}
        items = [item for item in items if item.copy not in self._taken and item.key not in hidden]
        return sorted((item for item in items if item.copy.exists()), key=lambda item: item.time, reverse=True)

    def take(self, item: Recovered) -> None:
        """It is open now, as a document that looks after what is kept: no longer in the list."""
        self._taken.add(item.copy)
        self._without(item)

    def save_as(self, item: Recovered, path: Path) -> None:
        """Write what is kept to a file, as it is, and keep it no longer.

        Raises:
            FileError: it could not be read or written; it is kept as before.
        """
        try:
            data = item.copy.read_bytes()
        except OSError as error:
            text = msg("'{file}' cannot be opened: {reason}", file=str(item.copy), reason=explain(error))
            raise FileError(text) from error
        write_atomically(path, data, keep_backup=True)
        self.discard(item)

    def discard(self, item: Recovered) -> None:
        """The person does not want it."""
        _forget(item)
        self._without(item)

    def close(self) -> None:
        """The application ends: what is still listed, and what is open from there, is for the next start."""
        if self._thread is not None:
            self._thread.join()
        for claim in self._claims:
            claim.release()
        self._claims = []

    def _without(self, item: Recovered) -> None:
        self.items = [other for other in self.items if other is not item and other.copy.exists()]
        self.found.emit(self.items)

    def _claim_the_dead(self) -> None:
        ours = {claim.folder for claim in self._claims}
        with suppress(OSError):
            for folder in sorted(safekeeping.sessions_folder().iterdir()):
                if folder not in ours and folder.is_dir() and (claim := Claim(folder)).take():
                    self._claims.append(claim)

    def _work(self) -> None:
        self._messenger.tell(self.recoverable())

    @Slot(object)
    def _on_looked(self, items: list[Recovered]) -> None:
        self.items = items
        self.found.emit(items)


def read(copy: Path) -> Recovered:
    """What a kept file is, as far as it can be read."""
    origin = safekeeping.origin_of(copy) or Origin(tr("Untitled"), time=_modified(copy))
    original = Path(origin.path) if origin.path else None
    num_nodes, problem = None, None
    try:
        num_nodes = len(files.load(copy).graph.nodes)
    except LayerloomError as error:
        reason = error.message.values.get("reason", error.message)  # without the place, which the person does not know
        problem = msg("What was autosaved is damaged: {reason}", reason=reason)
    return Recovered(
        copy=copy,
        title=origin.title,
        time=datetime.fromtimestamp(origin.time),
        original=original,
        digest=origin.digest,
        continues=origin.continues,
        runs=tuple(map(Path, origin.runs)),
        num_nodes=num_nodes,
        disk=look_at(original, origin.digest).disk if original else Disk.SAME,
        problem=problem,
    )


def is_in_original(item: Recovered) -> bool:
    """Whether nothing was lost: the original file holds exactly what is kept."""
    kept = _digest(item.copy)
    return item.original is not None and kept is not None and _digest(item.original) == kept


def _forget(item: Recovered) -> None:
    """Keep it no longer, and what it continues neither; what a damaged one continues is the best that there is."""
    safekeeping.forget(item.copy)
    if item.problem is None:
        safekeeping.forget_all(item.continues)


def _digest(path: Path) -> str | None:
    try:
        return digest_of(path)
    except OSError:
        return None


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
