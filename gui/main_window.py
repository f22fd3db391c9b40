"""The window: puts the rooms together, and is the only one who asks the person questions."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSize, Qt, QTimer, Slot
from PySide6.QtGui import QCloseEvent, QGuiApplication
from PySide6.QtWidgets import QFileDialog, QMainWindow, QMenu, QMessageBox

from graph import layout
from graph.messages import LayerloomError, language, languages, msg, tr
from graph.model import NodeId
from gui import actions
from gui.analyst import Analyst
from gui.block_actions import BlockActions
from gui.block_editor import BlockEditor
from gui.documents import SUFFIX, Documents
from gui.editor import Editor
from gui.frame import Frame
from gui.panels.parts import DECORATION
from gui.run_controller import RunController
from gui.settings import Settings
from gui.theme import theme
from runtime import examples
from runtime.events import Failed, Finished, Stopped
from runtime.library import FOLDER as READY_BLOCKS

FIRST_EXAMPLE = "lenet5_digits"
FIRST_SIZE = QSize(1600, 960)
LANGUAGES = {"en": "English", "zh_CN": "简体中文"}


class MainWindow(QMainWindow):
    """One document in one window. Methods named like the ids in `gui.actions` are what the menus call."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._settings = settings
        self.editor = Editor(parent=self)
        self.block_editor = BlockEditor(self.editor)
        self.documents = Documents(self.editor, settings, self)
        self.controller = RunController(self.editor, self)
        self.analyst = Analyst(self.editor, self)
        self.frame = Frame(self.editor, self.controller, self.block_editor)
        self.canvas, self.notice = self.frame.canvas, self.frame.notice
        self.block_actions = BlockActions(self.editor, self.block_editor, self.canvas)
        self.setCentralWidget(self.frame)
        self.actions_by_id, self._menus = actions.fill(self.menuBar(), self, self.block_actions)
        self._fill_menus()
        self._connect()
        self._restore_layout()

    # ---- start and end

    def show_document(self, path: Path | None) -> None:
        """Open the file, or the first example."""
        if path is None or path.parent == examples.FOLDER:
            self._open(lambda: self.documents.open_example(path.stem if path else FIRST_EXAMPLE))
        elif not self._open(lambda: self.documents.open(path)):
            self.documents.new()

    def start_background(self) -> None:
        """What can wait until the window is on the screen: analysis, torch, plots."""
        self.analyst.start()

    def closeEvent(self, event: QCloseEvent) -> None:
        if not self._may_leave(closing=True):
            event.ignore()
            return
        self._settings.set_layout("window", self.saveGeometry())
        self.frame.save_layout(self._settings)
        self.controller.shutdown()
        self.analyst.close()
        event.accept()

    # ---- File

    def new(self) -> None:
        """Start an empty drawing."""
        if self._may_leave():
            self._open(self.documents.new)

    def open(self) -> None:
        """Choose a file and open it."""
        name, _ = QFileDialog.getOpenFileName(self, tr("Open a drawing"), self._start_folder(), _file_filter())
        if name:
            self.open_path(Path(name))

    def open_path(self, path: Path) -> None:
        """Open a file."""
        if self._may_leave():
            self._open(lambda: self.documents.open(path))

    def open_block(self, path: Path) -> None:
        """Open the file of a block: one of the person's own, or a copy of one that ships."""
        opening = self.documents.open_copy if path.parent == READY_BLOCKS else self.documents.open
        if self._may_leave():
            self._open(lambda: opening(path))

    def open_example(self, name: str) -> None:
        """Open a built-in example."""
        if self._may_leave():
            self._open(lambda: self.documents.open_example(name))

    def save(self) -> bool:
        """Save to the document's file; ask for one if there is none. True if it was saved."""
        return self._save(self.documents.path) if self.documents.path else self.save_as()

    def save_as(self) -> bool:
        """Choose a file and save to it. True if it was saved."""
        start = self.documents.path or Path(self._start_folder()) / f"{self.documents.title}{SUFFIX}"
        name, _ = QFileDialog.getSaveFileName(self, tr("Save the drawing"), str(start), _file_filter())
        return bool(name) and self._save(Path(name))

    def export_model(self) -> None:
        """Take away what was trained."""
        self.frame.show_export(self.controller.last_run, Path(self._start_folder()))

    def export_picture(self) -> None:
        """Write the drawing as a picture."""
        start = Path(self._start_folder()) / f"{Path(self.documents.title).stem}.svg"
        kinds = tr("Pictures") + " (*.svg *.png *.pdf)"
        name, _ = QFileDialog.getSaveFileName(self, tr("Export a picture"), str(start), kinds)
        if not name:
            return
        from gui.canvas.picture import render_picture

        try:
            render_picture(self.editor.view, self.editor.view_analysis, Path(name), theme=theme.name)
        except LayerloomError as error:
            self.notice.show_message(error.message, "error")
        else:
            self.notice.show_message(msg("The picture is in {file}.", file=name))

    # ---- Edit

    def undo(self) -> None:
        """Take the last step back."""
        self.editor.undo()

    def redo(self) -> None:
        """Do the step that was taken back again."""
        self.editor.redo()

    def cut(self) -> None:
        """Copy the selection and remove it."""
        self.copy()
        self.editor.remove_selected()

    def copy(self) -> None:
        """Copy the selection as text."""
        if text := self.editor.copy_text():
            QGuiApplication.clipboard().setText(text)

    def paste(self) -> None:
        """Add what was copied."""
        self.editor.paste_text(QGuiApplication.clipboard().text())

    def duplicate(self) -> None:
        """Add a copy of the selection."""
        self.editor.duplicate()

    def delete(self) -> None:
        """Remove the selection."""
        self.editor.remove_selected()

    def select_all(self) -> None:
        """Select every node."""
        self.editor.select_all()

    # ---- View

    def zoom_in(self) -> None:
        """Look closer."""
        self.canvas.zoom_in()

    def zoom_out(self) -> None:
        """Look from further away."""
        self.canvas.zoom_out()

    def zoom_to_actual(self) -> None:
        """Show the drawing in its own size."""
        self.canvas.zoom_to_actual()

    def fit(self) -> None:
        """Show the whole drawing."""
        self.canvas.fit()

    def use_theme(self, name: str) -> None:
        """Use a theme from now on."""
        self._settings.theme = name
        theme.use(name)

    def use_language(self, code: str) -> None:
        """Use a language from the next start on."""
        self._settings.language = code
        self.notice.show_message(msg("The language changes when Layerloom starts again."))

    # ---- Graph

    def quick_add(self) -> None:
        """Search a layer and add it where the person looks."""
        self.canvas.quick_add()

    def tidy(self) -> None:
        """Place the nodes in rows and layers."""
        self.editor.move(layout.tidy(self.editor.graph, sizes=self.canvas.sizes()))
        self.canvas.fit()

    def find_layer(self) -> None:
        """Go to the search field of the library."""
        self.frame.library.focus_search()

    # ---- Train

    def train_or_pause(self) -> None:
        """What the big button does now."""
        self.controller.toggle()

    def stop(self) -> None:
        """End the run."""
        self.controller.stop()

    def continue_run(self) -> None:
        """Choose the folder of a run and go on with it."""
        name = QFileDialog.getExistingDirectory(self, tr("Choose the folder of a run"), str(self.documents.runs_folder))
        if name:
            self.controller.train(Path(name))

    # ---- Help

    def show_keys(self) -> None:
        """List keys and gestures."""
        from gui.help import KeysDialog

        dialog = self.findChild(KeysDialog) or KeysDialog(self)
        dialog.show()
        dialog.raise_()
        dialog.activateWindow()

    def about(self) -> None:
        """Say what this is."""
        text = tr("Layerloom: draw a neural network, see at once whether it is right, train it while you watch, "
                  "and take it away as ordinary PyTorch.")  # fmt: skip
        QMessageBox.about(self, tr("About Layerloom"), text)

    # ---- machinery

    def _connect(self) -> None:
        self.documents.changed.connect(self._on_document_changed)
        self.editor.changed.connect(self._on_history_changed)
        self.editor.refused.connect(lambda message: self.notice.show_message(message, "warning"))
        self.controller.refused.connect(lambda message: self.notice.show_message(message, "warning"))
        self.controller.ended.connect(self._on_run_ended)
        self.frame.open_requested.connect(self.open)
        self.frame.save_requested.connect(self.save)
        self.frame.tidy_requested.connect(self.tidy)
        self.frame.context_menu_requested.connect(self._on_context_menu)
        QGuiApplication.styleHints().colorSchemeChanged.connect(lambda _scheme: theme.use(self._settings.theme))
        self.analyst.ready.connect(self._on_torch_ready)
        self.frame.library.open_requested.connect(self.open_block)
        self.frame.inspector.block_requested.connect(self.block_actions.make_block)
        self.block_actions.allowed.connect(self.analyst.look_again)
        self._on_document_changed()
        self._on_history_changed(None)
        self.canvas.setFocus()

    @Slot()
    def _on_torch_ready(self) -> None:
        from runtime.devices import available

        self.frame.show_devices([(device.id, device.name) for device in available()])
        self.frame.prepare()

    @Slot(object)
    def _on_run_ended(self, event: Finished | Stopped | Failed) -> None:
        if isinstance(event, Failed):
            self.notice.show_message(event.message, "error")

    @Slot()
    def _on_document_changed(self) -> None:
        self.setWindowTitle(f"{self.documents.title}[*] — Layerloom")
        self.setWindowModified(not self.editor.is_saved)
        self.controller.runs_folder = self.documents.runs_folder

    @Slot(object)
    def _on_history_changed(self, _change: object) -> None:
        for name, step, text in (
            ("undo", self.editor.undo_text, tr("&Undo: {step}", step=self.editor.undo_text)),
            ("redo", self.editor.redo_text, tr("&Redo: {step}", step=self.editor.redo_text)),
        ):
            self.actions_by_id[name].setText(text if step else str(actions.TEXTS[name]))
            self.actions_by_id[name].setEnabled(step is not None)
        self.frame.show_history(self.editor.undo_text, self.editor.redo_text)
        self.notice.outdate()

    @Slot(object, object)
    def _on_context_menu(self, place, node: NodeId | None) -> None:
        menu = QMenu(self)
        names = (
            ("cut", "copy", "paste", "duplicate", "delete")
            if node
            else ("quick_add", "paste", "select_all", "tidy", "fit")
        )
        for group in (names, self.block_actions.offered(on_node=node is not None)):
            menu.addActions([self.actions_by_id[name] for name in group])
            menu.addSeparator()
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(place)

    def _fill_menus(self) -> None:
        self._menus["recent"].aboutToShow.connect(self._fill_recent)
        for name in examples.names():
            self._menus["examples"].addAction(name, lambda name=name: self.open_example(name))
        themes = {"system": tr("Like the system"), "dark": tr("Dark"), "light": tr("Light")}
        actions.fill_choices(self._menus["theme"], themes, self._settings.theme, self.use_theme)
        names = {code: LANGUAGES.get(code, code) for code in languages()}
        actions.fill_choices(self._menus["language"], names, self._settings.language or language(), self.use_language)
        self.frame.fill_panel_menu(self._menus["panels"])

    @Slot()
    def _fill_recent(self) -> None:
        menu = self._menus["recent"]
        menu.clear()
        for path in self.documents.recent:
            menu.addAction(str(path), lambda path=path: self.open_path(path))
        if menu.isEmpty():
            menu.addAction(tr("No files yet")).setEnabled(False)

    def _open(self, opening) -> bool:
        try:
            opening()
        except LayerloomError as error:
            self.notice.show_message(error.message, "error")
            return False
        self.controller.forget()
        self.frame.forget_run()
        self.notice.hide()
        QTimer.singleShot(0, self.canvas.fit)
        return True

    def _save(self, path: Path) -> bool:
        try:
            self.documents.save(path)
        except LayerloomError as error:
            self.notice.show_message(error.message, "error")
            return False
        self.notice.show_message(msg("Saved to {file}.", file=self.documents.path))
        return True

    def _may_leave(self, *, closing: bool = False) -> bool:
        """Whether the present document may be left: its run ended and its changes saved or given up."""
        if self.controller.state.is_active and not self._may_stop_run():
            return False
        if not self.editor.is_saved:
            answer = self.ask_about_changes()
            if answer == QMessageBox.StandardButton.Cancel:
                return False
            if answer == QMessageBox.StandardButton.Save and not self.save():
                return False
        if self.controller.state.is_active and not closing:
            self.controller.shutdown()
        return True

    def _may_stop_run(self) -> bool:
        question = tr("A run is under way. Stop it? What it has learned so far is kept in its folder.")
        buttons = QMessageBox.StandardButton.Yes | QMessageBox.StandardButton.Cancel
        return QMessageBox.question(self, tr("Stop the run?"), question, buttons) == QMessageBox.StandardButton.Yes

    def ask_about_changes(self) -> QMessageBox.StandardButton:
        """Ask whether to save the changes: Save, Discard or Cancel."""
        question = tr("'{title}' has changes that are not saved. Save them?", title=self.documents.title)
        choices = QMessageBox.StandardButton
        return QMessageBox.question(
            self, tr("Save the changes?"), question, choices.Save | choices.Discard | choices.Cancel, choices.Save
        )

    def _start_folder(self) -> str:
        return str(self.documents.path.parent if self.documents.path else Path.home())

    def _restore_layout(self) -> None:
        if not self.restoreGeometry(self._settings.layout("window")):
            self.resize(FIRST_SIZE.boundedTo(self.screen().availableSize() - DECORATION))
        self.frame.restore_layout(self._settings, height=self.height())


def _file_filter() -> str:
    return f"{tr('Layerloom drawings')} (*{SUFFIX})"
