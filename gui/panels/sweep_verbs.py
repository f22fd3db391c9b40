"""What a person can do with a trial of a sweep; what cannot be done says why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QMenu

from graph import files
from graph.messages import LayerloomError, Message, msg, tr
from graph.model import Project
from gui.icons import icon
from gui.workspace import Workspace
from runtime.runs import weights_in
from runtime.sweep_folders import Sweep, Trial, project_with, trial_project

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

NONE = msg("Choose a trial in the table first.")
NO_RUN = msg("The trial left no run: it ended before its first step.")


class SweepVerbs(QObject):
    """`told(Message, level)`. `open_requested(Path)`: a file is to become a new document. `curves_wanted()`: show its run."""

    told = Signal(object, str)
    open_requested = Signal(object)
    curves_wanted = Signal()

    def __init__(self, workspace: Workspace, owner: QWidget, current: Callable[[], Trial | None]) -> None:
        super().__init__(owner)
        self._workspace, self._owner, self._current = workspace, owner, current

    def menu(self) -> QMenu:
        """The menu of the trial with the cursor."""
        menu = QMenu(self._owner)
        menu.setToolTipsVisible(True)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for name, text, run, reason, key in (
            ("open", tr("Open as a project"), self.open, self.why_not(), "Enter"),
            ("check", tr("Use its values in the drawing"), self.use, self.why_not(), ""),
            ("chart", tr("Show its curves"), self.curves_wanted.emit, self.why_no_run(), ""),
            ("export", tr("Export…"), self.export, self.why_not_export(), ""),
            ("open", tr("Open its folder"), self.open_folder, self.why_no_run(), ""),
        ):
            action = menu.addAction(f"{text}\t{key}" if key else text, run)
            action.setIcon(icon(name, "muted"))
            action.setEnabled(reason is None)
            action.setToolTip("" if reason is None else str(reason))
        return menu

    # ---- why not

    def why_not(self) -> Message | None:
        """Why nothing can be done with a trial."""
        return NONE if self._current() is None or self._sweep is None else None

    def why_no_run(self) -> Message | None:
        """Why the run of the trial cannot be shown."""
        trial = self._current()
        return NONE if trial is None else NO_RUN if trial.run is None or not trial.run.is_dir() else None

    def why_not_export(self) -> Message | None:
        """Why the trial cannot be exported."""
        trial = self._current()
        if (reason := self.why_no_run()) is not None or trial is None or trial.run is None:
            return reason
        return (
            None if weights_in(trial.run) else msg("The trial left no weights: it ended before its first checkpoint.")
        )

    # ---- what is done

    def open(self) -> None:
        """Open the drawing with the values of the trial as a new document."""
        sweep, trial = self._sweep, self._current()
        if sweep is None or trial is None:
            self.told.emit(NONE, "warning")
            return
        path = sweep.path / f"trial_{trial.number}.layerloom"
        try:
            files.save(trial_project(sweep, trial), path)
        except LayerloomError as error:
            self.told.emit(error.message, "error")
        else:
            self.open_requested.emit(path)

    def use(self) -> None:
        """Write the values of the trial into the drawing in front, as one step; what is searched stays."""
        sweep, trial = self._sweep, self._current()
        if sweep is None or trial is None:
            self.told.emit(NONE, "warning")
            return

        def edit(project: Project) -> Project:
            return replace(project_with(project, sweep.search, trial.values), search=project.search)

        before = self._workspace.editor.project
        try:
            self._workspace.editor.change(edit, msg("Use the values of trial {number}", number=trial.number))
        except KeyError:
            self.told.emit(
                msg(
                    "The drawing is another one than the sweep had: a place is gone. Open the trial as a project instead."
                ),
                "warning",
            )
            return
        if self._workspace.editor.project is before:
            self.told.emit(msg("The drawing has the values of trial {number} already.", number=trial.number), "info")
        else:
            self.told.emit(msg("The drawing has the values of trial {number} now.", number=trial.number), "info")

    def export(self) -> None:
        """Take what the trial learned away."""
        trial = self._current()
        if trial is None or trial.run is None:
            return
        from gui.export_dialog import ExportDialog

        dialog = ExportDialog(trial.run, self._workspace.documents.runs_folder.parent, self._owner.window())
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.show()

    def open_folder(self) -> None:
        """Show the folder of the run of the trial in the program for files."""
        trial = self._current()
        if trial is not None and trial.run is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(trial.run)))

    @property
    def _sweep(self) -> Sweep | None:
        return self._workspace.sweeps.sweep
