"""What a person can do with the selected runs: the entries of the menu of the table, each with the reason why not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QUrl, Signal, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog, QMenu, QMessageBox

from graph.messages import LayerloomError, Message, msg, tr
from graph.model import Project
from gui.apart import Messenger, work_apart
from gui.icons import icon
from gui.panels.runs_model import RunsModel
from gui.panels.runs_view import RunsView
from gui.run_actions import why_whole
from gui.workspace import Workspace
from runtime.importer import TAG
from runtime.run_rows import DAMAGED, RunRow
from runtime.run_table import delete_run, empty_trash, restore_run, trashed
from runtime.runs import PROJECT, load_run, weights_in

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

NONE, ONE, TWO = (
    msg("Select a run first."),
    msg("Select one run."),
    msg("Select two runs, the second one with Ctrl held down."),
)
BROKEN = msg("The run is damaged: its drawing or its facts cannot be read.")
IMPORTED = msg("Its weights were imported, not trained here. Train from its weights instead: that is a new run.")
BUSY = msg("A run is under way. Stop it first, or wait until it ends.")


class RunsVerbs(QObject):
    """`changed()`: runs came or went. `told(Message, level)`. `open_requested(Path)`: a file is to become a new document.
    `deleted(int)`: so many runs were put into the trash by the last step, 0 after they were put back."""

    changed = Signal()
    told = Signal(object, str)
    open_requested = Signal(object)
    deleted = Signal(int)

    def __init__(self, workspace: Workspace, model: RunsModel, view: RunsView, owner: QWidget) -> None:
        super().__init__(owner)
        self._workspace, self._model, self._view, self._owner = workspace, model, view, owner
        self._messenger = Messenger(self._on_told)
        self._undo: list[list[Path]] = []  # what the last steps put into the trash

    def menu(self, *, list_differences: Callable[[], object]) -> QMenu:
        """The menu of the selected runs; what cannot be done says why."""
        menu = QMenu(self._owner)
        menu.setToolTipsVisible(True)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        ticked = bool(self._view.selected) and all(map(self._model.is_ticked, self._view.selected))
        curves = tr("Leave the curves out") if ticked else tr("Show the curves")
        for entry in (
            ("chart", curves, self._view.tick_selected, self._why_not_some(), "Space"),
            ("compare", tr("Differences on the canvas"), self.compare_on_canvas, self.why_not_two(), ""),
            ("table", tr("List the differences"), list_differences, self.why_not_two(), ""),
            ("compare", tr("Differences from the drawing in front"), self.compare_with_front, self._why_not_one(), ""),
            None,
            ("open", tr("Open the drawing as a document"), self.open_drawing, self._why_not_one(), ""),
            ("play", tr("Continue this run"), self.go_on, self._why_not_go_on(), ""),
            ("play", tr("Train from its weights"), self.train_from, self._why_not_train_from(), ""),
            ("export", tr("Export…"), self.export, self._why_not_export(), ""),
            ("chart", tr("Export for TensorBoard…"), self.export_tensorboard, self._why_not_some(), ""),
            None,
            ("", tr("Rename"), lambda: self._view.write_in("name"), self._why_not_one(), "F2"),
            ("", tr("Write tags"), lambda: self._view.write_in("tags"), self._why_not_one(), ""),
            ("", tr("Write a note"), lambda: self._view.write_in("note"), self._why_not_one(), ""),
            None,
            ("open", tr("Open its folder"), self.open_folder, self._why_not_some(), ""),
            ("delete", tr("Delete"), self.delete, self._why_not_some(), "Del"),
        ):
            if entry is None:
                menu.addSeparator()
                continue
            name, text, run, reason, key = entry
            action = menu.addAction(f"{text}\t{key}" if key else text, run)
            if name:
                action.setIcon(icon(name, "muted"))
            action.setEnabled(reason is None)
            action.setToolTip("" if reason is None else str(reason))
        return menu

    # ---- why not

    def _why_not_some(self) -> Message | None:
        return None if self._view.selected else NONE

    def _why_not_one(self) -> Message | None:
        selected = self._view.selected
        if len(selected) != 1:
            return ONE
        return BROKEN if selected[0].status == DAMAGED else None

    def why_not_two(self) -> Message | None:
        """Why the selected runs cannot be compared with each other."""
        selected = self._view.selected
        if len(selected) != 2:
            return TWO
        return BROKEN if any(run.status == DAMAGED for run in selected) else None

    def _why_not_go_on(self) -> Message | None:
        reason = BUSY if self._workspace.is_running else self._why_not_one()
        if reason is not None:
            return reason
        row, plan = self._view.selected[0], self._workspace.editor.project.plan
        return (
            IMPORTED if TAG in row.labels.tags else why_whole(row.status, row.epoch, max(row.epochs or 0, plan.epochs))
        )

    def _why_not_train_from(self) -> Message | None:
        return BUSY if self._workspace.is_running else self._why_not_export()

    def _why_not_export(self) -> Message | None:
        if (reason := self._why_not_one()) is not None:
            return reason
        has_weights = weights_in(self._view.selected[0].path) is not None
        return None if has_weights else msg("The run left no weights: it ended before its first checkpoint.")

    # ---- what is done

    @property
    def pair(self) -> tuple[RunRow, RunRow] | None:
        """The two selected runs, the older one first."""
        if self.why_not_two() is not None:
            return None
        one, other = sorted(self._view.selected, key=lambda run: run.folder)
        return one, other

    def compare_on_canvas(self, pair: tuple[RunRow, RunRow] | None = None) -> None:
        """Show two runs in the window for comparing: these, or the selected ones."""
        if (pair := pair or self.pair) is None:
            self.told.emit(self.why_not_two() or TWO, "warning")
            return
        one, other = pair
        old, new = (self._project(run) for run in pair)
        if old is not None and new is not None:
            sides = {id(old): one.path, id(new): other.path}
            self._compare(old, new, (_words(one), _words(other)), lambda side: self._open(sides.get(id(side))))

    def compare_with_front(self) -> None:
        """Show the selected run and the drawing in front in the window for comparing."""
        run = self._view.selected[0]
        old, documents = self._project(run), self._workspace.documents
        if old is not None:
            titles = (_words(run), tr("{file} as it is now", file=documents.title))
            now = self._workspace.editor.project
            self._compare(old, now, titles, lambda side: self._open(run.path) if side is old else None)

    def _compare(
        self, old: Project, new: Project, titles: tuple[str, str], on_open: Callable[[Project], object]
    ) -> None:
        from gui.compare_window import CompareWindow

        dialog = CompareWindow(
            old, new, old_title=titles[0], new_title=titles[1],
            settings=self._workspace.settings, parent=self._owner.window(),
        )  # fmt: skip
        dialog.open_requested.connect(on_open)
        dialog.show()

    def open_drawing(self) -> None:
        """Open what the selected run trained as a new document."""
        self._open(self._view.selected[0].path)

    def _open(self, path: Path | None) -> None:
        if path is not None:
            self.open_requested.emit(path / PROJECT)

    def go_on(self) -> None:
        """Go on with the selected run, as far as the plan in front or its own says."""
        self._workspace.controller.train(self._view.selected[0].path)

    def train_from(self) -> None:
        """Train the drawing in front from the weights of the selected run on, as a new run."""
        self._workspace.controller.train(source=self._view.selected[0].path)

    def export(self) -> None:
        """Take what the selected run learned away."""
        from gui.export_dialog import ExportDialog

        run = self._view.selected[0].path
        dialog = ExportDialog(run, run.parent.parent, self._owner.window())
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.show()

    def export_tensorboard(self, rows: Sequence[RunRow] = ()) -> None:
        """Write event files of these runs, or of the selected ones, into a folder that the person chooses."""
        wanted = [row for row in rows or self._view.selected if row.status != DAMAGED]
        start = str(self._workspace.documents.runs_folder.parent)
        folder = QFileDialog.getExistingDirectory(self._owner, tr("Where to write files for TensorBoard"), start)
        if folder:
            work_apart(partial(_write_events, wanted, Path(folder), self._messenger), "layerloom-tensorboard")

    @Slot(object)
    def _on_told(self, told: tuple[Message, str]) -> None:
        self.told.emit(*told)

    def open_folder(self) -> None:
        """Show the folder of the selected run in the program for files."""
        QDesktopServices.openUrl(QUrl.fromLocalFile(self._view.selected[0].place))

    # ---- trash

    @property
    def can_undo(self) -> bool:
        """Whether deleted runs can be put back."""
        return bool(self._undo)

    def delete(self) -> None:
        """Put the selected runs into the trash; one that is trained stays."""
        moved: list[Path] = []
        live = self._workspace.controller.last_run if self._workspace.is_running else None
        for run in self._view.selected:
            if live is not None and live.absolute() == run.path.absolute():
                self.told.emit(BUSY, "warning")
                continue
            try:
                moved.append(delete_run(run.path))
            except LayerloomError as error:
                self.told.emit(error.message, "error")
        if moved:
            self._undo.append(moved)
            self.deleted.emit(len(moved))
            self.changed.emit()

    def undo(self) -> None:
        """Put back what was deleted last."""
        if not self._undo:
            return
        for place in self._undo.pop():
            try:
                restore_run(place)
            except LayerloomError as error:
                self.told.emit(error.message, "error")
        self.deleted.emit(len(self._undo[-1]) if self._undo else 0)
        self.changed.emit()

    def put_back_all(self, folder: Path) -> None:
        """Put back everything that is in the trash."""
        for place in trashed(folder):
            with suppress(LayerloomError):  # one of the same name is there again
                restore_run(place)
        self._undo.clear()
        self.deleted.emit(0)
        self.changed.emit()

    def ask_to_empty(self, folder: Path) -> None:
        """Delete what is in the trash for good, if the person says so."""
        count = len(trashed(folder))
        question = tr(
            "Delete {count} runs in the trash for good? Their weights and figures cannot be brought back.", count=count
        )
        buttons = QMessageBox.StandardButton
        answer = QMessageBox.question(self._owner, tr("Empty the trash"), question, buttons.Yes | buttons.Cancel)
        if answer == buttons.Yes:
            empty_trash(folder)
            self._undo.clear()
            self.deleted.emit(0)

    def forget(self) -> None:
        """Another folder of runs is shown."""
        self._undo.clear()
        self.deleted.emit(0)

    def _project(self, run: RunRow) -> Project | None:
        try:
            return load_run(run.path).project
        except LayerloomError as error:
            self.told.emit(error.message, "error")
            return None


def _words(run: RunRow) -> str:
    return run.labels.name or tr("run {time}", time=run.created.replace("T", " ")[:16] or run.folder)


def _write_events(rows: Sequence[RunRow], folder: Path, messenger: Messenger) -> None:
    """In a thread of its own: a thousand runs take some time."""
    from runtime.tensorboard import export_runs

    try:
        count = len(export_runs(rows, folder))
    except LayerloomError as error:
        messenger.tell((error.message, "error"))
    else:
        text = msg("{count} runs written. See them with: tensorboard --logdir {folder}",
                   count=count, folder=quote(str(folder)))  # fmt: skip
        messenger.tell((text, "info"))
