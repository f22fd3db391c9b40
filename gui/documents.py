"""The file behind the drawing: new, open, save, and where its runs go. Questions to the person are the window's."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal

from graph import files
from graph.messages import tr
from graph.model import Project
from gui.editor import Editor
from gui.settings import Settings
from runtime import examples
from runtime.places import state_folder

SUFFIX = ".layerloom"


class Documents(QObject):
    """Which file the editor's project is in. `changed` when it is another one, or its name or state changed."""

    changed = Signal()

    def __init__(self, editor: Editor, settings: Settings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._editor = editor
        self._settings = settings
        self.path: Path | None = None
        self._title = tr("Untitled")
        editor.saved_changed.connect(self.changed)

    @property
    def title(self) -> str:
        """The name in the title bar."""
        return self.path.name if self.path else self._title

    @property
    def runs_folder(self) -> Path:
        """Where the runs of this document go: beside its file, else in the application's own folder."""
        if self.path is not None:
            return self.path.with_suffix(".runs")
        return state_folder() / "runs" / f"{self._title}.runs"

    def new(self) -> None:
        """An empty drawing."""
        self._take(Project(), None, tr("Untitled"))

    def open(self, path: Path) -> None:
        """Open a file.

        Raises:
            FileError: it cannot be read; nothing is changed then.
        """
        path = path.absolute()
        try:
            project = files.load(path)
        except Exception:
            self._settings.forget_recent(path)
            raise
        self._take(project, path, path.stem)
        self._settings.add_recent(path)

    def open_example(self, name: str) -> None:
        """Open a built-in example; saving it asks for a place of its own."""
        self.open_copy(examples.path(name))

    def open_copy(self, path: Path) -> None:
        """Open a file that ships with the application; saving it asks for a place of its own.

        Raises:
            FileError: it cannot be read; nothing is changed then.
        """
        self._take(files.load(path), None, path.stem)

    def save(self, path: Path) -> None:
        """Write the project to a file, which is the document's file from then on.

        Raises:
            FileError: it cannot be written; the file, if there was one, is as before.
        """
        path = path.absolute()
        if path.suffix != SUFFIX:
            path = path.with_name(path.name + SUFFIX)
        if self._editor.project.name == Project().name:
            self._editor.rename_project(path.stem)
        project = self._editor.project
        files.save(project, path)
        self.path, self._editor.folder = path, path.parent
        self._settings.add_recent(path)
        self._editor.mark_saved(project)
        self.changed.emit()

    @property
    def recent(self) -> list[Path]:
        """Recent files that still exist."""
        return [path for path in self._settings.recent if path.is_file()]

    def _take(self, project: Project, path: Path | None, title: str) -> None:
        self.path, self._title = path, title
        self._editor.folder = path.parent if path else None
        self._editor.open(project)
        self.changed.emit()
