"""The file behind the drawing: new, open, save, keep safe, and where its runs go. Questions to the person are the window's."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Literal

from PySide6.QtCore import QObject, Signal, Slot

from graph import files
from graph.atomic import backup_path, explain
from graph.messages import FileError, Message, msg, tr
from graph.model import Project
from gui import safekeeping
from gui.autosave import Autosave
from gui.editor import Editor
from gui.file_watch import Disk, FileWatch, Seen, digest, digest_of
from gui.locks import FileLock, InUseError
from gui.recovery import Recovered
from gui.safekeeping import Origin, Session
from gui.settings import Settings
from runtime import examples
from runtime.places import state_folder

SUFFIX = files.SUFFIX
UNTITLED = "Untitled"  # names a folder of runs, in every language
Way = Literal["edit", "read-only", "anyway"]
Ask = Callable[[Message], bool]


class Documents(QObject):
    """Which file the editor's project is in, and that nothing of it is lost.

    `changed` when it is another one, or its name or state changed.
    `warned(Message)`: something the person should know. `disk_changed(Disk)`: the file was changed, deleted or given back by
    somebody else. `autosaved(datetime)`: the drawing is kept. `compare_requested(Project)`: the person wants to compare the
    drawing with what the file holds now.
    """

    changed = Signal()
    warned = Signal(object)
    disk_changed = Signal(object)
    autosaved = Signal(object)
    compare_requested = Signal(object)

    def __init__(
        self, editor: Editor, settings: Settings, parent: QObject | None = None, *, session: Session | None = None
    ) -> None:
        super().__init__(parent)
        self._editor = editor
        self._settings = settings
        self.path: Path | None = None
        self.is_read_only = False
        self._title = ""  # of what has no file; empty while it has no name at all
        self._digest: str | None = None  # of the file, as this document knows it
        self._filed: Project | None = None  # what the file holds, as this document knows it
        self._lock: FileLock | None = None
        self._is_shared = False  # the person knows that somebody else has the file open
        self._continues: tuple[tuple[str, str], ...] = ()  # what was recovered and is not saved yet
        self._begun: tuple[Path, ...] = ()
        self._is_open = True
        self.watch = FileWatch(self)
        self.watch.seen.connect(self._on_seen)
        session = session or safekeeping.session_in(safekeeping.sessions_folder())
        self.autosave = Autosave(editor, session, is_needed=self._is_at_risk, origin=self._origin)
        self.autosave.autosaved.connect(self.autosaved)
        self.autosave.failed.connect(self.warned)
        editor.saved_changed.connect(self.changed)

    @property
    def title(self) -> str:
        """The name in the title bar."""
        return self.path.name if self.path else self._title or tr("Untitled")

    @property
    def disk(self) -> Disk:
        """How the file compares with what was read from it or written to it last."""
        return self.watch.last.disk

    @property
    def is_clean(self) -> bool:
        """Whether the person has no changes that are not saved."""
        return self._editor.is_saved

    @property
    def runs_folder(self) -> Path:
        """Where the runs of this document go: beside its file, else in the application's own folder."""
        if self.path is not None:
            return self.path.with_suffix(".runs")
        return runs_of(self._title)

    @property
    def begun(self) -> tuple[Path, ...]:
        """The runs and sweeps that it began while it had no file, and that do not lie beside its file yet."""
        return self._begun

    @begun.setter
    def begun(self, runs: Iterable[Path]) -> None:
        self._begun = tuple(runs)
        self.autosave.renew()

    # ---- open and close

    def new(self) -> None:
        """An empty drawing."""
        self._take(Project(), None, "")

    def open(self, path: Path, way: Way = "edit") -> None:
        """Open a file. One that somebody else has open is opened "read-only" or "anyway" only.

        Raises:
            InUseError: somebody else has it open; nothing is changed then.
            FileError: it cannot be read; nothing is changed then.
        """
        path = path.absolute()
        lock = self._locked(path) if way == "edit" else None
        try:
            digest = _digest(path)
            project = files.load(path)
        except Exception:
            self._settings.forget_recent(path)
            if lock is not None and lock is not self._lock:
                lock.release()
            raise
        self._take(project, path, path.stem, lock=lock, digest=digest)
        self._is_shared, self.is_read_only = way == "anyway", way == "read-only"
        self.changed.emit()
        self._settings.add_recent(path)

    def open_example(self, name: str) -> None:
        """Open a built-in example; saving it asks for a place of its own."""
        self.open_copy(examples.path(name))

    def open_copy(self, path: Path) -> None:
        """Open what a file holds as a new document; saving it asks for a place of its own.

        Raises:
            FileError: it cannot be read; nothing is changed then.
        """
        self._take(files.load(path), None, path.stem)

    def open_made(self, project: Project, title: str) -> None:
        """Open a drawing that was made of something else as a new document, which is in no file yet."""
        self._take(project, None, title)
        self._filed = None
        self._editor.mark_saved(None)
        self.autosave.write_now()

    def open_recovered(self, kept: Recovered) -> None:
        """Open what a crash left over, as an unsaved drawing of the file that it came from.

        Raises:
            FileError: it cannot be read; nothing is changed then, and it stays where it is.
        """
        project = files.load(kept.copy)
        lock = FileLock(kept.original, self) if kept.original else None
        if lock is not None and lock.take() is not None:
            lock = None
        title = "" if kept.original is None and kept.title == tr("Untitled") else kept.title
        self._take(project, kept.original, title, lock=lock, digest=kept.digest)
        self._filed, self._continues, self._begun = None, (kept.key, *kept.continues), kept.runs
        self._editor.mark_saved(None)
        self.autosave.write_now()

    def close(self) -> None:
        """Leave the document on purpose: nothing of it is kept, and others may have its file."""
        self._is_open = False
        self.autosave.close()
        self._leave()
        self.watch.close()

    # ---- save

    def save(self, path: Path, *, ask: Ask | None = None) -> bool:
        """Write the project to a file, which is the document's file from then on. False if the person said no.

        `ask` is asked where saving would put an end to what somebody else wrote; without it that is an error.

        Raises:
            FileError: it cannot be written; the file, if there was one, is as before.
        """
        path = _with_suffix(path)
        if (doubt := self.doubt(path)) is not None:
            if ask is None:
                raise FileError(doubt)
            if not ask(doubt):
                return False
        name = partial(_named, path.stem)
        data = files.save(name(self._editor.project), path)
        self._editor.amend(name)
        project = self._editor.project
        self._know(path, digest(data), project)
        self._lock_anew(path)
        self.path, self._editor.folder, self.is_read_only = path, path.parent, False
        self._settings.add_recent(path)
        self._forget_recovered()
        self._editor.mark_saved(project)
        self.changed.emit()
        return True

    def doubt(self, path: Path) -> Message | None:
        """Why saving to this file should be asked about first; None where nobody else is concerned."""
        path = _with_suffix(path)
        is_own = self.path is not None and os.path.realpath(path) == os.path.realpath(self.path)
        if is_own and self.watch.look_now().disk is Disk.CHANGED:
            return msg(
                "'{file}' was changed by another program since you opened it. Saving puts your drawing in its place; "
                "the other version stays beside it as '{backup}'. Save?",
                file=str(path),
                backup=backup_path(Path(os.path.realpath(path))).name,
            )
        if is_own and (self._lock is not None or self._is_shared):
            return None
        lock = FileLock(path, self)
        holder = lock.take()
        lock.release()
        if holder is None:
            return None
        return msg(
            "'{file}' is open in {place}, which would not see what you save, and may overwrite it. Save?",
            file=str(path),
            place=holder.message,
        )

    @property
    def recent(self) -> list[Path]:
        """Recent files that still exist."""
        return [path for path in self._settings.recent if path.is_file()]

    # ---- when somebody else changed the file

    def reload(self) -> None:
        """Take what the file holds now, as one step that can be undone.

        Raises:
            FileError: it cannot be read; the drawing is as before.
        """
        assert self.path is not None
        digest, project = _digest(self.path), files.load(self.path)
        if project == self._editor.project:
            project = self._editor.project
        self._know(self.path, digest, project)
        self._editor.push(project, msg("Reload from the file"))
        self._editor.mark_saved(project)
        self.disk_changed.emit(self.disk)

    def keep_mine(self) -> None:
        """The person knows what is in the file now, and wants the drawing as it is here."""
        self._know(self.path, self.watch.last.digest, None)
        self._editor.mark_saved(None)
        self.disk_changed.emit(self.disk)

    def compare(self) -> None:
        """Ask for a comparison of the drawing with what the file holds now.

        Raises:
            FileError: the file cannot be read.
        """
        assert self.path is not None
        self.compare_requested.emit(files.load(self.path))

    @Slot(object)
    def _on_seen(self, seen: Seen) -> None:
        if seen.disk is Disk.GONE:
            self._editor.mark_saved(None)
        elif seen.disk is Disk.SAME:
            self._editor.mark_saved(self._filed)
        self.autosave.look()
        self.disk_changed.emit(seen.disk)

    # ---- machinery

    def _is_at_risk(self) -> bool:
        """Whether the file does not hold the present state."""
        return self._is_open and (not self._editor.is_saved or self.disk is not Disk.SAME)

    def _origin(self) -> Origin:
        path = str(self.path) if self.path else None
        return Origin(self.title, path, self._digest, continues=self._continues, runs=tuple(map(str, self._begun)))

    def _take(
        self,
        project: Project,
        path: Path | None,
        title: str,
        *,
        lock: FileLock | None = None,
        digest: str | None = None,
    ) -> None:
        self._leave(keep=lock)
        self._is_open = True
        self._lock, self._is_shared, self.is_read_only = lock, False, False
        self.path, self._title, self._begun = path, title, ()
        self._editor.folder = path.parent if path else None
        self._know(path, digest, project)
        self._editor.open(project)
        self.changed.emit()

    def _leave(self, *, keep: FileLock | None = None) -> None:
        """The document that was open is given up, or saved."""
        self.autosave.forget()
        self._forget_recovered()
        if self._lock is not None and self._lock is not keep:
            self._lock.release()
        self._lock = keep

    def _forget_recovered(self) -> None:
        safekeeping.forget_all(self._continues)
        self._continues = ()

    def _know(self, path: Path | None, digest: str | None, project: Project | None) -> None:
        self._digest, self._filed = digest, project
        self.watch.watch(path, digest)

    def _locked(self, path: Path) -> FileLock:
        """The lock of a file, taken; the one that there is for the file that is open already.

        Raises:
            InUseError: somebody else has it.
        """
        if self._lock is not None and os.path.realpath(self._lock.path) == os.path.realpath(path):
            return self._lock
        lock = FileLock(path, self)
        if (holder := lock.take()) is not None:
            raise InUseError(path, holder)
        return lock

    def _lock_anew(self, path: Path) -> None:
        """The lock of the file that was just saved, in the place of the one of the file before."""
        try:
            lock, self._is_shared = self._locked(path), False
        except InUseError:  # the person was asked, and saved all the same
            lock, self._is_shared = None, True
        if self._lock is not None and self._lock is not lock:
            self._lock.release()
        self._lock = lock


def runs_of(title: str) -> Path:
    """Where the runs of a drawing without a file go."""
    return state_folder() / "runs" / f"{title or UNTITLED}.runs"


def _named(name: str, project: Project) -> Project:
    """The project with a name, if it has none of its own."""
    return replace(project, name=name) if project.name == Project().name else project


def _with_suffix(path: Path) -> Path:
    path = path.absolute()
    return path if path.suffix == SUFFIX else path.with_name(path.name + SUFFIX)


def _digest(path: Path) -> str:
    try:
        return digest_of(path)
    except OSError as error:
        raise FileError(msg("'{file}' cannot be opened: {reason}", file=str(path), reason=explain(error))) from error
