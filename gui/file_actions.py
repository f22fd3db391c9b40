"""What the File menu does: which document is opened where, and what is asked before."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QTimer, Slot
from PySide6.QtWidgets import QApplication, QFileDialog, QMenu

from graph.messages import LayerloomError, msg, tr
from graph.model import Project
from gui.documents import SUFFIX, Documents
from gui.import_actions import ImportActions
from gui.locks import InUseError, owner_of, window_of
from gui.page import Page
from gui.panels.recovery import RecoveryPanel
from gui.recovery import Recovered, Recovery
from gui.settings import Settings
from gui.workspace import Workspace
from runtime import examples
from runtime.library import FOLDER as READY_BLOCKS

if TYPE_CHECKING:
    from gui.main_window import MainWindow


class FileActions(QObject):
    """Methods named like the ids in `gui.actions` are what the menus call. A document opens in a tab of its own, unless the
    one in front has nothing in it that would be missed."""

    def __init__(self, window: MainWindow, settings: Settings) -> None:
        super().__init__(window)
        self._window, self._settings = window, settings
        self.imports = ImportActions(self, window)
        self.recovery = Recovery(self)
        self.recovery_panel: RecoveryPanel | None = None

    def fill_menus(self, menus: dict[str, QMenu]) -> None:
        """Fill the submenus that offer files."""
        self._recent = menus["recent"]
        self._recent.aboutToShow.connect(self._fill_recent)
        for name in examples.names():
            menus["examples"].addAction(name, lambda name=name: self.open_example(name))

    # ---- opening

    def start_page(self) -> None:
        """Show recent files and the gallery."""
        from gui.start_page import StartPage

        window = self._window
        for old in window.findChildren(StartPage):
            old.leave()
        page = StartPage(window.tabs, window.documents.recent)
        page.new_requested.connect(self.new)
        page.open_requested.connect(self.open)
        page.file_requested.connect(self.open_path)
        page.example_requested.connect(self.open_example)
        page.left.connect(lambda: window.canvas.setFocus(Qt.FocusReason.OtherFocusReason))
        page.open()

    def quit(self) -> None:
        """Close every window."""
        QApplication.closeAllWindows()

    def new(self) -> None:
        """Start an empty drawing."""
        self._open(Documents.new)

    def open(self) -> None:
        """Choose files and open them."""
        names, _ = QFileDialog.getOpenFileNames(self._window, tr("Open drawings"), self._start_folder(), file_filter())
        for name in names:
            self.open_path(Path(name))

    def open_path(self, path: Path) -> None:
        """Open a file, or bring it to the front if it is open; weights go onto the drawing in front, modules become drawings."""
        if (bring := self.imports.way_of(path)) is not None:
            bring(path)
            return
        if (page := self._page_of(path)) is not None:
            self._window.tabs.setCurrentWidget(page)
            return
        self._open(lambda documents: documents.open(path))

    def open_in_way(self, path: Path, way: str) -> None:
        """Open a file that somebody else has open: "read-only", "anyway", or a "copy" of it; or "go" to where it is."""
        if way == "go":
            self._go_to(path)
        elif way == "copy":
            self._open(lambda documents: documents.open_copy(path))
        else:
            self._open(lambda documents: documents.open(path, "anyway" if way == "anyway" else "read-only"))

    def _go_to(self, path: Path) -> None:
        """Bring the tab that may write a file to the front, in whatever window of this application it is."""
        owner = owner_of(path)
        window = window_of(owner)
        if not isinstance(window, type(self._window)):
            self.open_path(path)  # it was closed meanwhile
            return
        window.tabs.setCurrentWidget(next(page for page in window.pages if page.workspace.documents is owner))
        window.setWindowState(window.windowState() & ~Qt.WindowState.WindowMinimized)
        window.raise_()
        window.activateWindow()

    def open_block(self, path: Path) -> None:
        """Open the file of a block: one of the person's own, or a copy of one that ships."""
        if path.parent == READY_BLOCKS:
            self._open(lambda documents: documents.open_copy(path))
        else:
            self.open_path(path)

    def open_copy(self, path: Path) -> None:
        """Open what a file holds as a new drawing without a file."""
        self._open(lambda documents: documents.open_copy(path))

    def open_example(self, name: str) -> None:
        """Open a built-in example."""
        self._open(lambda documents: documents.open_example(name))

    # ---- saving

    def save(self) -> bool:
        """Save to the document's file; ask for one if there is none. True if it was saved."""
        documents = self._window.documents
        return self._save(documents.path) if documents.path and not documents.is_read_only else self.save_as()

    def save_as(self) -> bool:
        """Choose a file and save to it. True if it was saved."""
        documents = self._window.documents
        start = documents.path or Path(self._start_folder()) / f"{documents.title}{SUFFIX}"
        name, _ = QFileDialog.getSaveFileName(self._window, tr("Save the drawing"), str(start), file_filter())
        return bool(name) and self._save(Path(name))

    def open_made(self, project: Project, title: str) -> bool:
        """Open a drawing that was made of something else, as one that is in no file. True if it is in front now."""
        return self._open(lambda documents: documents.open_made(project, title))

    @property
    def start_folder(self) -> Path:
        """Where files are looked for first."""
        return Path(self._start_folder())

    def export_model(self) -> None:
        """Take away what was trained."""
        self._window.frame.show_export(self._window.controller.last_run, Path(self._start_folder()))

    def export_picture(self) -> None:
        """Write the drawing as a picture."""
        from gui.picture_dialog import PictureDialog

        window = self._window
        title = Path(window.documents.title).stem
        choices = self._settings.choices("picture")
        dialog = PictureDialog(window.editor, Path(self._start_folder()), title, window.page, choices=choices)
        dialog.told.connect(window.notice.show_message)
        dialog.finished.connect(lambda _result: self._settings.set_choices("picture", choices))
        dialog.show()

    # ---- what a crash left over

    def make_recovery_panel(self) -> RecoveryPanel:
        """The list of what a crash left over, in the place of the one before."""
        if self.recovery_panel is not None:
            self.recovery_panel.deleteLater()
        self.recovery_panel = panel = RecoveryPanel(self.recovery)
        panel.open_requested.connect(self._on_recover)
        panel.save_as_requested.connect(self._on_save_recovered)
        return panel

    def show_recovered(self) -> None:
        """List the drawings that were not saved when Layerloom ended."""
        if self.recovery.items and self.recovery_panel is not None:
            self.recovery_panel.show()
        else:
            self._window.notice.show_message(msg("Nothing is left to recover: every drawing was saved or given up."))

    @Slot(object)
    def _on_recover(self, item: Recovered) -> None:
        if self._open(lambda documents: documents.open_recovered(item)):
            self.recovery.take(item)

    @Slot(object)
    def _on_save_recovered(self, item: Recovered) -> None:
        start = str(Path(self._start_folder()) / f"{Path(item.title).stem}{SUFFIX}")
        name, _ = QFileDialog.getSaveFileName(self._window, tr("Save the drawing"), start, file_filter())
        if not name:
            return
        try:
            self.recovery.save_as(item, Path(name))
        except LayerloomError as error:
            self._window.notice.show_message(error.message, "error")
        else:
            self._window.notice.show_message(msg("Saved to {file}.", file=name))

    # ---- machinery

    def _page_of(self, path: Path) -> Page | None:
        """The tab that has a file open."""
        wanted = path.absolute()
        return next((page for page in self._window.pages if page.workspace.documents.path == wanted), None)

    def _open(self, opening: Callable[[Documents], object]) -> bool:
        """Open a document in the tab in front if nothing there would be missed, else in a new one."""
        window = self._window
        reused = window.workspace.is_pristine
        workspace = window.workspace if reused else Workspace(self._settings, self)
        try:
            workspace.take(opening)
        except LayerloomError as error:
            if not reused:
                workspace.close()
                workspace.deleteLater()
            if isinstance(error, InUseError):
                window.frame.banner.ask_how_to_open(error)
            else:
                window.notice.show_message(error.message, "error")
            return False
        page = window.page if reused else window.add_page(workspace)
        page.show_document()
        QTimer.singleShot(0, page.frame.canvas, page.frame.canvas.fit)
        page.frame.canvas.setFocus(Qt.FocusReason.OtherFocusReason)
        return True

    def _save(self, path: Path) -> bool:
        window = self._window
        try:
            if not window.documents.save(path, ask=window.ask):
                return False
        except LayerloomError as error:
            window.notice.show_message(error.message, "error")
            return False
        window.notice.show_message(msg("Saved to {file}.", file=window.documents.path))
        return True

    def _start_folder(self) -> str:
        path = self._window.documents.path
        return str(path.parent if path else Path.home())

    @Slot()
    def _fill_recent(self) -> None:
        menu = self._recent
        menu.clear()
        for path in self._window.documents.recent:
            menu.addAction(str(path), lambda path=path: self.open_path(path))
        if menu.isEmpty():
            menu.addAction(tr("No files yet")).setEnabled(False)


def file_filter() -> str:
    """What a dialog for files offers: drawings."""
    return f"{tr('Layerloom drawings')} (*{SUFFIX})"
