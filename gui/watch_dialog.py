"""Asks which run that goes on elsewhere is to be shown: a folder that this machine sees, or one on another machine by ssh."""

from __future__ import annotations

import os
from pathlib import Path

from PySide6.QtCore import Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QDialog, QFileDialog, QHBoxLayout, QLineEdit, QPushButton, QWidget

from graph.messages import Message, msg, tr
from gui.panels.parts import column, complain, label, row
from gui.settings import Settings
from gui.theme import GRID, theme
from gui.workspace import Workspace
from runtime.job_folder import RUNS
from runtime.watched import remote_of

WIDTH = 560  # pixels at 100 %
EDGE = 5 * GRID
REMEMBERED = "watch"  # the name of what is remembered


class WatchDialog(QDialog):
    """Remembers the place; what is wrong with it is said before anything begins."""

    def __init__(self, workspace: Workspace, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace, self._settings = workspace, settings
        self.setWindowTitle(tr("Watch a run"))
        self.setMinimumWidth(theme.px(WIDTH))
        self._build()
        self.place.textChanged.connect(lambda: self._complain(None))

    def _build(self) -> None:
        whole = self._whole = column(self, spacing=3 * GRID)
        whole.setContentsMargins(EDGE, EDGE, EDGE, EDGE)
        whole.addWidget(label(tr("Watch a run that goes on elsewhere"), tone="title"))
        text = tr("Its figures come into the plots of this window as they are written, such as those of an exported job on a cluster. "
                  "Closing this window, or watching no longer, does not stop it.")  # fmt: skip
        whole.addWidget(label(text, tone="muted", wrap=True))
        whole.addLayout(self._make_place())
        hint = tr(
            "The folder of a run, or one that holds runs, for the latest. On another machine: HOST:PATH, as your ssh knows it."
        )
        whole.addWidget(label(hint, tone="muted", wrap=True))
        self.error = label("", tone="error", wrap=True)
        self.error.hide()
        whole.addWidget(self.error)
        whole.addStretch(1)
        whole.addLayout(self._make_buttons())

    def _make_place(self) -> QHBoxLayout:
        self.place = QLineEdit(self._settings.choices(REMEMBERED).get("place", ""))
        self.place.setPlaceholderText("cluster:jobs/lenet_job/runs")
        self.place.setAccessibleName(tr("Where the run is"))
        self.place.selectAll()
        browse = QPushButton(tr("Choose…"), autoDefault=False)
        browse.clicked.connect(self._browse)
        line = row()
        line.addWidget(self.place, 1)
        line.addWidget(browse)
        return line

    def _make_buttons(self) -> QHBoxLayout:
        self.watch_button = QPushButton(tr("Watch"), default=True)
        self.watch_button.setProperty("kind", "primary")
        self.watch_button.clicked.connect(self.start)
        cancel = QPushButton(tr("Cancel"), autoDefault=False)
        cancel.clicked.connect(self.reject)
        line = row()
        line.addStretch(1)
        line.addWidget(cancel)
        line.addWidget(self.watch_button)
        return line

    @Slot()
    def start(self) -> None:
        """Watch, or say what is wrong with the place."""
        place = self.place.text().strip()
        if remote_of(place) is None:
            place = _folder_of_runs(os.path.expanduser(place))
        if not place:
            self._complain(msg("Say where the run is: choose its folder."))
        elif remote_of(place) is None and not Path(place).is_dir():
            reason = msg(
                "There is no folder '{folder}' to watch. Check the path; on another machine it is HOST:PATH.",
                folder=place,
            )
            self._complain(reason)
        elif self._workspace.is_running:
            self._complain(msg("A run is under way. Stop it first, or wait until it ends."))
        else:
            self._settings.set_choices(REMEMBERED, {"place": place})
            self._workspace.controller.watch(place)
            self.accept()

    def _complain(self, reason: Message | None) -> None:
        complain(self.error, reason)
        self._fit()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Take the height that the wrapped texts need at this width."""
        self._whole.activate()
        self.setFixedHeight(self._whole.totalHeightForWidth(self.width()))

    @Slot()
    def _browse(self) -> None:
        start = self.place.text() if Path(self.place.text()).is_dir() else str(self._workspace.documents.runs_folder)
        if name := QFileDialog.getExistingDirectory(self, tr("Choose the folder of a run"), start):
            self.place.setText(name)


def _folder_of_runs(place: str) -> str:
    """An exported job has its runs in a folder of it."""
    return str(Path(place, RUNS)) if place and Path(place, RUNS).is_dir() else place
