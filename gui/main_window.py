"""The window: documents in tabs, the menus over them, and the only one who asks the person questions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QPoint, QSize, Qt, Slot
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QMainWindow, QMenu, QMessageBox, QStackedWidget, QTabWidget, QWidget

from graph.messages import Message, tr
from graph.model import NodeId
from gui import actions
from gui.analyst import Analyst
from gui.block_editor import BlockEditor
from gui.canvas.view import CanvasView
from gui.compare_actions import CompareActions
from gui.documents import Documents
from gui.editor import Editor
from gui.file_actions import FileActions
from gui.frame import PANELS, Frame
from gui.notice import Notice
from gui.page import Page
from gui.panels.parts import DECORATION, column
from gui.run_controller import RunController
from gui.settings import Settings
from gui.shortcuts import Shortcuts
from gui.tongue import tongue
from gui.unfinished import finish_typing, stopping_question
from gui.view_actions import ViewActions
from gui.workspace import Workspace
from runtime import examples

FIRST_EXAMPLE = "lenet5_digits"
FIRST_SIZE = QSize(1600, 960)
ON_NODE = (("cut", "copy", "paste", "duplicate", "delete"), ("bypass", "collapse", "add_frame", "tidy_selection"))
ON_CANVAS = (("quick_add", "add_note", "paste", "select_all"), ("tidy", "fit"))


class MainWindow(QMainWindow):
    """Documents in tabs, one of them in front. What the menus do is in the objects named `..._actions`."""

    def __init__(self, settings: Settings, shortcuts: Shortcuts | None = None) -> None:
        super().__init__()
        self._settings = settings
        self._started = False
        self._front: Page | None = None  # the tab whose panels have the sizes that count
        self.actions_by_id: dict[str, actions.Action] = {}
        self.shortcuts = shortcuts or Shortcuts(settings, self)
        self.tabs = QTabWidget(
            documentMode=True, tabsClosable=True, movable=True, elideMode=Qt.TextElideMode.ElideMiddle
        )
        self.tabs.setObjectName("documents")
        self.tabs.setTabBarAutoHide(True)
        self.tabs.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # else Tab is caught while the tab bar is hidden
        self.file_actions = FileActions(self, settings)
        middle = QWidget()
        self._lines = column(middle)
        self._lines.addWidget(self.tabs, 1)
        self.setCentralWidget(middle)
        self._name_parts()
        self.compare_actions = CompareActions(self, settings)
        self.view_actions = ViewActions(self, settings)
        self.add_page()
        self._fill_menus()
        self._connect()
        self._restore_geometry()
        self._front = self.page
        self.canvas.setFocus()

    # ---- the document in front

    @property
    def page(self) -> Page:
        """The tab in front."""
        page = self.tabs.currentWidget()
        assert isinstance(page, Page)
        return page

    @property
    def pages(self) -> list[Page]:
        """All tabs, from left to right."""
        return [page for i in range(self.tabs.count()) if isinstance(page := self.tabs.widget(i), Page)]

    @property
    def workspace(self) -> Workspace:
        """The document in front."""
        return self.page.workspace

    @property
    def frame(self) -> Frame:
        """The widgets around the document in front."""
        return self.page.frame

    @property
    def editor(self) -> Editor:
        """The value of the document in front."""
        return self.workspace.editor

    @property
    def block_editor(self) -> BlockEditor:
        """The blocks of the document in front."""
        return self.workspace.block_editor

    @property
    def documents(self) -> Documents:
        """The file of the document in front."""
        return self.workspace.documents

    @property
    def controller(self) -> RunController:
        """The run of the document in front."""
        return self.workspace.controller

    @property
    def analyst(self) -> Analyst:
        """Who analyses the document in front."""
        return self.workspace.analyst

    @property
    def canvas(self) -> CanvasView:
        """The canvas of the document in front."""
        return self.frame.canvas

    @property
    def notice(self) -> Notice:
        """Where the document in front says what happened."""
        return self.frame.notice

    # ---- tabs

    def add_page(self, workspace: Workspace | None = None) -> Page:
        """A new tab, in front: for this document, or for an empty one."""
        workspace = workspace or Workspace(self._settings)
        page = Page(workspace, self.shortcuts, self.tabs.findChild(QStackedWidget))
        workspace.documents.changed.connect(self._on_documents_changed)
        workspace.documents.compare_requested.connect(self.compare_actions.show_disk)
        workspace.controller.state_changed.connect(self._on_documents_changed)
        workspace.sweeps.state_changed.connect(self._on_documents_changed)
        workspace.editor.changed.connect(self._on_history_changed)
        page.action_requested.connect(self.run_action)
        page.block_opened.connect(self.file_actions.open_block)
        page.opening_requested.connect(self.file_actions.open_in_way)
        page.file_dropped.connect(self.file_actions.open_path)
        page.context_menu_requested.connect(self._on_context_menu)
        page.part_wanted.connect(self.view_actions.show_panel)
        self._keep_layout()
        self.tabs.setCurrentIndex(self.tabs.addTab(page, workspace.documents.title))
        self._arrange(page)
        self._on_documents_changed()
        self._on_keys_changed()
        if self._started:
            workspace.analyst.start()
        return page

    def remove_page(self, page: Page) -> None:
        """Take a tab away; the last one makes room for an empty drawing."""
        self._keep_layout()
        page.close_document()
        self._front = None
        self.tabs.removeTab(self.tabs.indexOf(page))
        page.deleteLater()
        if not self.tabs.count():
            self.add_page()

    def next_tab(self) -> None:
        """Bring the tab to the right to the front."""
        self.tabs.setCurrentIndex((self.tabs.currentIndex() + 1) % self.tabs.count())

    def previous_tab(self) -> None:
        """Bring the tab to the left to the front."""
        self.tabs.setCurrentIndex((self.tabs.currentIndex() - 1) % self.tabs.count())

    def close_tab(self) -> None:
        """Close the document in front."""
        self._close_page(self.page)

    def new_window(self) -> None:
        """Open another window."""
        from gui.app import open_window

        open_window(self._settings, self.shortcuts).start_background()

    # ---- start and end

    def show_document(self, path: Path | None) -> None:
        """Open the file, or the first example."""
        if path is None or path.parent == examples.FOLDER:
            self.file_actions.open_example(path.stem if path else FIRST_EXAMPLE)
        else:
            self.file_actions.open_path(path)

    def start_background(self) -> None:
        """What can wait until the window is on the screen: analysis, torch, plots."""
        self._started = True
        for page in self.pages:
            page.workspace.analyst.start()
        self.file_actions.recovery.look()

    def closeEvent(self, event: QCloseEvent) -> None:
        for page in self.pages:
            if not self._may_leave(page):
                event.ignore()
                return
        self._settings.set_layout("window", self.saveGeometry())
        self._keep_layout()
        for page in self.pages:
            page.close_document(wait=True)
        self.file_actions.recovery.close()
        event.accept()

    # ---- layout

    def arrange(self) -> None:
        """Put the panels where the settings say."""
        for page in self.pages:
            self._arrange(page)

    def arrange_panels(self) -> None:
        """Show and hide panels as the settings say."""
        for page in self.pages:
            page.frame.show_panels(self._panels_shown())

    # ---- questions

    def ask_about_changes(self) -> QMessageBox.StandardButton:
        """Ask whether to save the changes: Save, Discard or Cancel."""
        question = tr("'{title}' has changes that are not saved. Save them?", title=self.documents.title)
        choices = QMessageBox.StandardButton
        return QMessageBox.question(
            self, tr("Save the changes?"), question, choices.Save | choices.Discard | choices.Cancel, choices.Save
        )

    def ask(self, question: Message) -> bool:
        """Ask whether to go on."""
        buttons = QMessageBox.StandardButton.Yes | QMessageBox.StandardButton.Cancel
        answer = QMessageBox.question(self, tr("Save the drawing"), str(question), buttons)
        return answer == QMessageBox.StandardButton.Yes

    @Slot(str)
    def run_action(self, name: str) -> None:
        """Do what an entry of the menus does."""
        if name in self.actions_by_id:
            self.actions_by_id[name].run()

    # ---- machinery

    def _connect(self) -> None:
        self.tabs.currentChanged.connect(self._on_page_changed)
        self.tabs.tabCloseRequested.connect(self._on_close_requested)
        tongue.changed.connect(self._on_language_changed)
        self.shortcuts.changed.connect(self._on_keys_changed)

    def _fill_menus(self) -> None:
        owners: tuple[Callable[[], object], ...] = (
            lambda: self.file_actions,
            lambda: self.file_actions.imports,
            lambda: self.compare_actions,
            lambda: self.view_actions,
            *(lambda i=i: self.page.owners[i] for i in range(len(self.page.owners))),
        )
        self.actions_by_id, self.menus = actions.fill(
            self.menuBar(), self, *owners, shortcuts=self.shortcuts, tell=self._warn
        )
        self.file_actions.fill_menus(self.menus)
        self.view_actions.fill_menus(self.menus)
        self._on_history_changed()
        self._on_keys_changed()

    def _name_parts(self) -> None:
        """What lies around the documents, in the language in use."""
        self.tabs.tabBar().setAccessibleName(tr("Open drawings"))
        self._lines.insertWidget(0, self.file_actions.make_recovery_panel())

    def _keep_layout(self) -> None:
        """The panels of the document that was in front have the sizes that the person gave them."""
        if self._front is not None:
            self._front.frame.save_layout(self._settings)

    def _arrange(self, page: Page) -> None:
        page.frame.restore_layout(self._settings, height=self.height())
        page.frame.show_panels(self._panels_shown())

    def _warn(self, message: Message) -> None:
        self.frame.warn(message)

    def _panels_shown(self) -> dict[str, bool]:
        return {name: name not in self._settings.hidden_panels for name in PANELS}

    def _close_page(self, page: Page) -> None:
        self.tabs.setCurrentWidget(page)
        if self._may_leave(page):
            self.remove_page(page)

    def _may_leave(self, page: Page) -> bool:
        """Whether a document may be left: its run ended and its changes saved or given up."""
        finish_typing()
        if page.workspace.is_busy or page.code_editors.unfinished or not page.workspace.editor.is_saved:
            self.tabs.setCurrentWidget(page)
        if page.workspace.is_busy and not self._may_stop(page.workspace):
            return False
        if page.code_editors.unfinished and not self._may_discard_code(page):
            return False
        if not page.workspace.editor.is_saved:
            answer = self.ask_about_changes()
            if answer == QMessageBox.StandardButton.Cancel:
                return False
            if answer == QMessageBox.StandardButton.Save and not self.file_actions.save():
                return False
        return True

    def _may_stop(self, workspace: Workspace) -> bool:
        title, question = stopping_question(sweeps=workspace.sweeps.is_active)
        buttons = QMessageBox.StandardButton.Yes | QMessageBox.StandardButton.Cancel
        return QMessageBox.question(self, title, question, buttons) == QMessageBox.StandardButton.Yes

    def _may_discard_code(self, page: Page) -> bool:
        names = ", ".join(f"'{name}'" for name in page.code_editors.unfinished)
        question = tr("What you wrote in the Python of {names} is not applied yet. Discard it?", names=names)
        cancel, discard = QMessageBox.StandardButton.Cancel, QMessageBox.StandardButton.Discard
        if QMessageBox.question(self, tr("Discard the Python?"), question, discard | cancel, cancel) == discard:
            return True
        page.code_editors.show()
        return False

    @Slot(int)
    def _on_page_changed(self, index: int) -> None:
        if index >= 0:
            self._keep_layout()
            self._front = self.page
            self._arrange(self.page)
            self._on_documents_changed()
            self._on_history_changed()
            self.canvas.setFocus(Qt.FocusReason.OtherFocusReason)

    @Slot(int)
    def _on_close_requested(self, index: int) -> None:
        page = self.tabs.widget(index)
        if isinstance(page, Page):
            self._close_page(page)

    @Slot()
    def _on_documents_changed(self) -> None:
        """Names of files and signs of what is not saved, in the tabs and in the title."""
        for i, page in enumerate(self.pages):
            documents = page.workspace.documents
            unsaved = "" if page.workspace.editor.is_saved else " •"
            running = "▶ " if page.workspace.is_busy else ""
            self.tabs.setTabText(i, f"{running}{documents.title}{unsaved}")
            self.tabs.setTabToolTip(i, str(documents.path or documents.title))
        if self.tabs.count():
            self.setWindowTitle(f"{self.documents.title}[*] — Layerloom")
            self.setWindowModified(not self.editor.is_saved)

    @Slot()
    def _on_history_changed(self) -> None:
        steps = {"undo": self.editor.undo_text, "redo": self.editor.redo_text}
        words = {
            "undo": tr("&Undo: {step}", step=steps["undo"]),
            "redo": tr("&Redo: {step}", step=steps["redo"]),
        }
        for name, step in steps.items():
            if name in self.actions_by_id:
                self.actions_by_id[name].setText(words[name] if step else str(actions.TEXTS[name]))

    @Slot()
    def _on_keys_changed(self) -> None:
        keys = {name: self.shortcuts.text(name) for name in self.actions_by_id}
        for page in self.pages:
            page.frame.tool_bar.show_keys(keys)

    @Slot()
    def _on_language_changed(self) -> None:
        """Every word is made anew; documents, runs and history stay as they are."""
        finish_typing()
        self._keep_layout()
        for page in self.pages:
            page.make_anew()
            self._arrange(page)
        self._name_parts()
        self._fill_menus()
        self._on_documents_changed()

    @Slot(object, object)
    def _on_context_menu(self, place: QPoint, node: NodeId | None) -> None:
        menu = QMenu(self)
        own = self.page.block_actions.offered(on_node=node is not None)
        for group in (*(ON_NODE if node else ON_CANVAS), own):
            menu.addActions([self.actions_by_id[name] for name in group if name in self.actions_by_id])
            menu.addSeparator()
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        actions.follow(menu)
        menu.popup(place)

    def _restore_geometry(self) -> None:
        if not self.restoreGeometry(self._settings.layout("window")):
            self.resize(FIRST_SIZE.boundedTo(self.screen().availableSize() - DECORATION))
        self.arrange()
