"""What was trained while a drawing had no file goes along when it gets one, so that its runs lie beside it."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from graph.messages import FileError
from gui.apart import Messenger, work_apart
from runtime.events import Event, RunStarted
from runtime.places import state_folder
from runtime.run_hold import is_written
from runtime.run_moving import copy, move, settle
from runtime.runs import EVENTS, FACTS
from runtime.sweep_folders import TRIALS

if TYPE_CHECKING:
    import threading

    from gui.documents import Documents
    from gui.run_controller import RunController
    from gui.sweep_controller import SweepController

AGAIN = 300  # milliseconds until it is looked again whether a run that has ended is let go of


class RunMover(QObject):
    """Knows which runs and sweeps the document began without a file. One that is under way is moved when it ends.

    `moved(old, new)`: a run or a sweep lies in another folder now. On another disk it is copied in a thread first.
    """

    moved = Signal(object, object)

    def __init__(
        self, documents: Documents, controller: RunController, sweeps: SweepController, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._documents, self._controller, self._sweeps = documents, controller, sweeps
        self._begun: list[Path] = []
        self._copying: Path | None = None
        self._copied: Path | FileError | None = None
        self._thread: threading.Thread | None = None
        self._again = QTimer(self, singleShot=True, interval=AGAIN)
        self._again.timeout.connect(self.move)
        self._messenger = Messenger(self._on_copied)
        controller.events.connect(self._on_events)
        controller.adopted.connect(self._on_adopted)
        sweeps.shown.connect(self._on_sweep)
        for happened in (documents.filed, controller.state_changed, sweeps.state_changed):
            happened.connect(self.move)

    def forget(self) -> None:
        """Another document was opened: what has no file stays where it is."""
        self._begun.clear()

    def close(self) -> None:
        """The document is left, and nothing of it is under way: what is still to be moved is moved now, if it takes long too."""
        while self._documents.path is not None and (self._begun or self._copying):
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
        for run in tuple(self._begun):
            if run in (*self._under_way(), self._copying):
                continue
            if any(is_written(run / name, run / FACTS) for name in (EVENTS, TRIALS)):
                self._again.start()
            else:
                self._move(run, self._documents.runs_folder)

    def _move(self, run: Path, runs: Path) -> None:
        try:
            if move(run, runs):
                self._has_moved(run, runs / run.name)
            elif self._copying is None:  # the others follow when it is there
                self._copying = run
                self._thread = work_apart(partial(self._copy, run, runs), "layerloom-move")
        except FileError as error:
            self._begun.remove(run)
            self._documents.warned.emit(error.message)

    def _copy(self, run: Path, runs: Path) -> None:
        """In a thread."""
        try:
            self._copied = copy(run, runs)
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
                shutil.rmtree(coming, ignore_errors=True)
                return
            if settle(coming, run):
                self._has_moved(run, coming.with_name(run.name))
        except FileError as error:
            self._begun = [other for other in self._begun if other != run]
            self._documents.warned.emit(error.message)

    def _has_moved(self, old: Path, new: Path) -> None:
        self._begun = [other for other in self._begun if other != old]
        self.moved.emit(old, new)

    def _under_way(self) -> tuple[Path | None, ...]:
        run = self._controller.last_run if self._controller.state.is_active else None
        sweep = self._sweeps.sweep if self._sweeps.is_active else None
        return run, sweep.path if sweep else None

    # ---- what begins

    def _note(self, run: Path) -> None:
        if run not in self._begun and run.is_relative_to(state_folder()):
            self._begun.append(run)

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
