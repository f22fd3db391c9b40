"""What the menus do to compare the document in front: with a file, with what a run trained, with its own file on disk."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QFileDialog

from graph import files
from graph.messages import LayerloomError, Message, tr
from graph.model import Project
from gui.file_actions import file_filter
from gui.settings import Settings
from runtime.runs import PROJECT, list_runs, load_run

if TYPE_CHECKING:
    from gui.main_window import MainWindow


class CompareActions(QObject):
    """Methods named like the ids in `gui.actions` are what the menus call. The document in front is always the new one."""

    def __init__(self, window: MainWindow, settings: Settings) -> None:
        super().__init__(window)
        self._window, self._settings = window, settings

    def compare_files(self) -> None:
        """Choose a file and compare it with the document in front."""
        documents = self._window.documents
        start = str(documents.path.parent if documents.path else Path.home())
        name, _ = QFileDialog.getOpenFileName(self._window, tr("Compare with a file"), start, file_filter())
        if name:
            self.compare_with(Path(name))

    def compare_with_run(self) -> None:
        """Choose a run and compare what it trained with the document in front."""
        from gui.compare_runs import RunChooser

        folder = self._window.documents.runs_folder
        chooser = RunChooser(list_runs(folder), folder, self._window)
        chooser.chosen.connect(self._on_run_chosen)
        chooser.show()

    def compare_with(self, path: Path) -> None:
        """Compare a file with the document in front."""
        try:
            project = files.load(path)
        except LayerloomError as error:
            self._complain(error.message)
            return
        self._show(project, path.name, lambda: self._window.file_actions.open_path(path))

    @Slot(object)
    def show_disk(self, project: Project) -> None:
        """Compare the document in front with this, which its file holds."""
        documents = self._window.documents
        path = documents.path
        title = tr("{file} on the disk", file=documents.title)
        self._show(project, title, lambda: self._window.file_actions.open_copy(path) if path else None)

    # ---- machinery

    @Slot(object)
    def _on_run_chosen(self, path: Path) -> None:
        from gui.compare_runs import began

        try:
            run = load_run(path)
        except LayerloomError as error:
            self._complain(error.message)
            return
        title = tr("run {time}", time=began(run))
        self._show(run.project, title, lambda: self._window.file_actions.open_copy(path / PROJECT))

    def _show(self, old: Project, title: str, open_old: Callable[[], object]) -> None:
        """Show the comparison with the document in front. `open_old` brings the other side into a tab."""
        from gui.compare_window import CompareWindow

        window = self._window
        new = window.editor.project
        page = window.page
        dialog = CompareWindow(
            old,
            new,
            old_title=title,
            new_title=tr("{file} as it is now", file=window.documents.title),
            settings=self._settings,
            parent=window,
        )

        def open_side(project: Project) -> None:
            """The one at the left: the other document, or, after a swap, the one that was in front."""
            if project is old:
                open_old()
            elif page in window.pages:
                window.tabs.setCurrentWidget(page)
            window.activateWindow()

        dialog.open_requested.connect(open_side)
        dialog.show()

    def _complain(self, message: Message) -> None:
        self._window.notice.show_message(message, "error")
