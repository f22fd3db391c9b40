"""What was trained while a drawing had no file goes along when it gets one, so that its runs lie beside it."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from graph.messages import FileError
from gui.apart import Messenger, work_apart
from runtime.events import Event, RunStarted
from runtime.places import state_folder
from runtime.run_hold import is_written
from runtime.run_moving import Staging, copy, move, settle, sweep_up
from runtime.runs import EVENTS, FACTS
from runtime.sweep_folders import TRIALS

if TYPE_CHECKING:
    import threading

    from gui.documents import Documents
    from gui.run_controller import RunController
    from gui.sweep_controller import SweepController

PATIENCE = 1.0  # seconds that closing waits for what sweeps up
AGAIN = 300  # milliseconds until it is looked again whether a run that has ended is let go of


class RunMover(QObject):
    """Notes which runs and sweeps the document begins without a file. One that is under way is moved when it ends.

    `moved(old, new)`: a run or a sweep lies in another folder now. On another disk it is copied in a thread first. What a killed
    process left of that is swept up when a document is opened, and its runs are moved then.
    """

    moved = Signal(object, object)

    def __init__(
        self, documents: Documents, controller: RunController, sweeps: SweepController, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._documents, self._controller, self._sweeps = documents, controller, sweeps
        self._copying: Path | None = None
        self._copied: Staging | FileError | None = None
        self._thread: threading.Thread | None = None
        self._swept: Path | None = None  # the folder of runs that was swept up last
        self._sweeping: threading.Thread | None = None
        self._again = QTimer(self, singleShot=True, interval=AGAIN)
        self._again.timeout.connect(self.move)
        self._messenger, self._from_sweeping = Messenger(self._on_copied), Messenger(self._on_swept)
        controller.events.connect(self._on_events)
        controller.adopted.connect(self._on_adopted)
        sweeps.shown.connect(self._on_sweep)
        for happened in (documents.changed, controller.state_changed, sweeps.state_changed):
            happened.connect(self.move)
        documents.changed.connect(self._sweep_up)

    def close(self) -> None:
        """The document is left, and nothing of it is under way: what is still to be moved is moved now, if it takes long too."""
        if self._sweeping is not None:
            self._sweeping.join(PATIENCE)
        while self._documents.path is not None and (self._documents.begun or self._copying):
            self.move()
            if self._thread is None:
                return
            self._thread.join()
            self._settle()

    @Slot()
    def move(self, _what: object = None) -> None:
        """Move what can be moved, if the document has a file; what is still written a little later."""
        if self._documents.path is None:
            return
        for run in self._documents.begun:
            if run in (*self._under_way(), self._copying):
                continue
            if not run.is_dir():  # it was deleted, or came along with another copy of the drawing
                self._forget(run)
            elif any(is_written(run / name, run / FACTS) for name in (EVENTS, TRIALS)):
                self._again.start()
            else:
                self._move(run, self._documents.runs_folder)

    def _move(self, run: Path, runs: Path) -> None:
        try:
            if move(run, runs):
                self._has_moved(run, runs / run.name)
            elif self._copying is None:  # the others follow when it is there
                self._copying = run
                self._thread = work_apart(partial(self._copy, run, runs, self._documents.begun), "layerloom-move")
        except FileError as error:
            self._forget(run)
            self._documents.warned.emit(error.message)

    def _copy(self, run: Path, runs: Path, waiting: tuple[Path, ...]) -> None:
        """In a thread."""
        try:
            self._copied = copy(run, runs, waiting=waiting)
        except FileError as error:
            self._copied = error
        self._messenger.tell(run)

    @Slot(object)
    def _on_copied(self, run: Path) -> None:
        if run == self._copying:
            self._settle()
            self.move()

    def _settle(self) -> None:
        """The copy takes the place of its run, unless that was gone on with meanwhile."""
        run, coming = self._copying, self._copied
        self._copying = self._thread = self._copied = None
        assert run is not None and coming is not None
        try:
            if isinstance(coming, FileError):
                raise coming
            if run in self._under_way():
                coming.drop()
                return
            if settle(coming, run):
                self._has_moved(run, coming.folder.with_name(run.name))
        except FileError as error:
            self._forget(run)
            self._documents.warned.emit(error.message)

    def _has_moved(self, old: Path, new: Path) -> None:
        self._forget(old)
        self.moved.emit(old, new)

    def _forget(self, run: Path) -> None:
        self._documents.begun = (other for other in self._documents.begun if other != run)

    def _under_way(self) -> tuple[Path | None, ...]:
        run = self._controller.last_run if self._controller.state.is_active else None
        sweep = self._sweeps.sweep if self._sweeps.is_active else None
        return run, sweep.path if sweep else None

    # ---- what a killed process left

    @Slot()
    def _sweep_up(self) -> None:
        if self._documents.runs_folder != self._swept:
            self._swept = self._documents.runs_folder
            self._sweeping = work_apart(partial(self._sweep, self._swept), "layerloom-sweep-up")

    def _sweep(self, runs: Path) -> None:
        """In a thread: what is left of a copy there, and of runs that were moved from the folders of drawings without a file."""
        for folder in _without_file():
            sweep_up(folder)
        self._from_sweeping.tell((runs, sweep_up(runs)))

    @Slot(object)
    def _on_swept(self, found: tuple[Path, list[Path]]) -> None:
        """Runs that were to come into this folder are moved again. Only those of drawings without a file: a file may say anything."""
        runs, waiting = found
        if runs == self._documents.runs_folder and self._documents.path is not None:
            for run in waiting:
                if run.parent in _without_file() and run.is_dir():
                    self._note(run)
            self.move()

    # ---- what begins

    def _note(self, run: Path) -> None:
        if run not in self._documents.begun and run.is_relative_to(state_folder()):
            self._documents.begun = (*self._documents.begun, run)

    @Slot(object)
    def _on_events(self, events: list[Event]) -> None:
        for event in events:
            if isinstance(event, RunStarted) and event.run and not self._controller.watched:
                self._note(Path(event.run))

    @Slot(object)
    def _on_adopted(self, run: Path) -> None:
        self._note(run)
        self.move()  # it may have been saved while they were imported

    @Slot()
    def _on_sweep(self) -> None:
        if self._sweeps.is_active and self._sweeps.sweep is not None:
            self._note(self._sweeps.sweep.path)


def _without_file() -> list[Path]:
    """The folders with runs of drawings that have no file."""
    try:
        return list((state_folder() / "runs").iterdir())
    except OSError:
        return []
