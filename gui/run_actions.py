"""What the Train menu does with the document in front."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QWidget

from graph.messages import LayerloomError, Message, msg, tr
from gui.run_controller import ELSEWHERE, RunState
from gui.run_menu import GOING_ON
from gui.settings import Settings
from gui.workspace import Workspace
from runtime.events import OVERFIT, RANGE
from runtime.runs import FINISHED, load_run

NO_RUN = msg("No run is under way.")
BUSY = msg("A run is under way. Stop it first, or wait until it ends.")


class RunActions:
    """Methods named like the ids in `gui.actions` are what the menus call."""

    def __init__(self, workspace: Workspace, settings: Settings, window: QWidget) -> None:
        self._workspace, self._settings, self._window = workspace, settings, window
        self._controller = workspace.controller

    def why_not(self, action: str) -> Message | None:
        """Why an action cannot be done now; None if it can."""
        running, going_on = self._workspace.is_running, self._controller.state in GOING_ON
        stale = msg("The drawing is as it was when the run began.")
        none = ELSEWHERE if self._controller.state is RunState.WATCHING else NO_RUN
        reasons = {
            "stop": None if running else NO_RUN,
            "stop_after_epoch": None if going_on else none,
            "save_checkpoint": None if going_on else none,
            "use_new_drawing": none if not going_on else None if self._controller.is_stale else stale,
            **dict.fromkeys(("overfit", "find_rate", "continue_run", "watch_run"), BUSY if running else None),
        }
        return reasons.get(action)

    def train_or_pause(self) -> None:
        """What the big button does now."""
        self._controller.toggle()

    def stop(self) -> None:
        """End the run."""
        self._controller.stop()

    def stop_after_epoch(self) -> None:
        """End the run with the epoch under way."""
        self._controller.stop_after_epoch()

    def save_checkpoint(self) -> None:
        """Write a checkpoint now."""
        self._controller.save_now()

    def use_new_drawing(self) -> None:
        """Let the run under way go on with the drawing as it is now."""
        self._controller.use_new_drawing()

    def overfit(self) -> None:
        """See whether the network can learn one batch by heart."""
        self._controller.train(mode=OVERFIT)

    def find_rate(self) -> None:
        """Try learning rates from small to large."""
        self._controller.train(mode=RANGE)

    @property
    def has_own_process(self) -> bool:
        """Whether runs get a process of their own."""
        return self._settings.own_process

    def own_process(self) -> None:
        """Give runs a process of their own from now on, or no longer."""
        self._settings.own_process = not self._settings.own_process

    @property
    def has_tensorboard(self) -> bool:
        """Whether runs write event files of TensorBoard."""
        return self._settings.tensorboard

    def tensorboard(self) -> None:
        """Write event files of TensorBoard from the next run on, or no longer."""
        self._settings.tensorboard = not self._settings.tensorboard

    def continue_run(self) -> None:
        """Choose the folder of a run and go on with it."""
        start = str(self._workspace.documents.runs_folder)
        name = QFileDialog.getExistingDirectory(self._window, tr("Choose the folder of a run"), start)
        if name and (reason := self._why_whole(Path(name))) is not None:
            self._controller.refused.emit(reason)
        elif name:
            self._controller.train(Path(name))

    def _why_whole(self, path: Path) -> Message | None:
        with suppress(LayerloomError):  # whoever goes on with it says what is wrong with it
            run, epochs = load_run(path), self._workspace.editor.project.plan.epochs
            return why_whole(run.status, run.facts["result"].get("epoch"), max(run.epochs, epochs))
        return None

    def watch_run(self) -> None:
        """Show a run that goes on elsewhere, such as that of an exported job."""
        from gui.watch_dialog import WatchDialog

        dialog = WatchDialog(self._workspace, self._settings, self._window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.show()


def why_whole(status: str, epoch: int | None, epochs: int) -> Message | None:
    """Why a run cannot go on: it came to its end, and the plan wants no more epochs than it has."""
    if status != FINISHED or epoch is None or epoch < epochs:
        return None
    return msg(
        "All {count} epochs of this run are trained. Set more epochs under Training, then continue it.", count=epoch
    )
