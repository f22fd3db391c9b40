"""One open document: its value, its file, its run, and what is known about it. It has no widgets."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Slot

from gui.analyst import Analyst
from gui.asker import Asker
from gui.block_editor import BlockEditor
from gui.clipboard import Clipboard
from gui.documents import Documents
from gui.editor import Editor
from gui.run_controller import RunController, RunState
from gui.run_mover import RunMover
from gui.settings import Settings
from gui.sweep_controller import SweepController
from runtime.events import Event, Health, Pictured, Recalled, RunStarted, StepsEnded


class Workspace(QObject):
    """What stays when the widgets around a document are made anew.

    `events` are those of the run on show, of the many `StepsEnded` in a row and of all `Health` only the last.
    """

    def __init__(self, settings: Settings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.settings = settings
        self.editor = Editor(parent=self)
        self.block_editor = BlockEditor(self.editor)
        self.documents = Documents(self.editor, settings, self)
        self.controller = RunController(self.editor, self)
        self.controller.is_isolated = lambda: settings.own_process
        self.controller.is_logged = lambda: settings.tensorboard
        self.controller.num_processes = lambda: settings.processes
        self.controller.is_sharded = lambda: settings.shard
        self.sweeps = SweepController(self.editor, self)
        self.analyst = Analyst(self.editor, self)
        self.asker = Asker(self.editor, self.controller, self)
        self.mover = RunMover(self.documents, self.controller, self.sweeps, self)
        self.clipboard = Clipboard(self.editor)
        self.events: list[Event] = []
        self.documents.changed.connect(self._on_document_changed)
        self.controller.events.connect(self._on_events)
        for part in (self.controller, self.sweeps, self.asker):
            self.mover.moved.connect(part.follow)
        self._on_document_changed()

    @property
    def is_pristine(self) -> bool:
        """Whether nothing would be missed if another document took its place: no file, no step, no run."""
        editor = self.editor
        untouched = editor.is_saved and editor.undo_text is None and editor.redo_text is None
        is_unused = self.controller.last_run is None and self.sweeps.sweep is None
        return self.documents.path is None and untouched and is_unused and not (self.is_running or self.is_busy)

    @property
    def is_running(self) -> bool:
        """Whether a run is under way."""
        return self.controller.state.is_active

    @property
    def is_busy(self) -> bool:
        """Whether a run or a sweep is under way that ends with the document; one that is only watched goes on."""
        is_watching = self.controller.state is RunState.WATCHING
        return (self.is_running and not is_watching) or self.sweeps.is_active

    def take(self, opening: Callable[[Documents], object]) -> None:
        """Let `opening`, which gets the documents of this workspace, put another document in the place of this one.

        Raises:
            LayerloomError: what `opening` raises; nothing is changed then.
        """
        opening(self.documents)
        self.controller.forget()
        self.sweeps.forget()
        self.asker.forget()
        self.events.clear()

    def close(self, *, wait: bool = False) -> None:
        """Stop the run, the sweep and the analysis; what was trained stays in its folder.

        Args:
            wait: until the analysis under way has ended, as when the application ends.
        """
        self.controller.shutdown()
        self.sweeps.shutdown()
        self.mover.close()
        self.analyst.close(wait=wait)
        self.asker.close(wait=wait)
        self.documents.close()

    @Slot()
    def _on_document_changed(self) -> None:
        self.controller.runs_folder = self.sweeps.runs_folder = self.documents.runs_folder

    @Slot(object)
    def _on_events(self, events: list[Event]) -> None:
        for event in events:
            if isinstance(event, RunStarted):
                self.events.clear()
            elif isinstance(event, StepsEnded) and self.events and isinstance(self.events[-1], StepsEnded):
                self.events.pop()
            elif isinstance(event, Health):
                self._forget_health()
            if not isinstance(event, Recalled | Pictured):  # those are in the curves and cards, and may be large
                self.events.append(event)

    def _forget_health(self) -> None:
        """Only the last look at the layers is kept: of those before there is one at most, near the end."""
        for place in reversed(range(len(self.events))):
            if isinstance(self.events[place], Health):
                del self.events[place]
                return
