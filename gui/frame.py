"""The rooms of a document in the window and where they stand: tool bar, library, canvas, tabs, status line."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, Qt, QUrl, Signal, Slot
from PySide6.QtGui import QDesktopServices, QDragEnterEvent, QDropEvent, QKeyEvent, QShowEvent
from PySide6.QtWidgets import QSplitter, QTabWidget, QWidget

from graph.messages import Message, msg, tr
from graph.model import NodeId
from gui.announcer import Announcer
from gui.ask_views import AskViews
from gui.canvas.breadcrumb import Breadcrumb
from gui.canvas.drops import dropped_files
from gui.canvas.view import CanvasView
from gui.later import Later
from gui.notice import Notice
from gui.panels.banner import DocumentBanner
from gui.panels.inspector import InspectorPanel
from gui.panels.library import LibraryPanel
from gui.panels.parts import column
from gui.panels.problems import ProblemsPanel
from gui.panes import Panes
from gui.run_views import RunViews
from gui.settings import Settings
from gui.status_line import StatusLine
from gui.sweep_views import sweep_tab, sweep_title
from gui.theme import theme
from gui.tool_bar import ToolBar
from gui.workspace import Workspace

if TYPE_CHECKING:
    from gui.panels.training import TrainingPanel

LIBRARY_WIDTH, SIDE_WIDTH, BOTTOM_HEIGHT = 232, 296, 200  # pixels at 100 %; the last is the least for plots
BOTTOM_SHARE = 0.3  # of the height: from the start, so that nothing moves when a run begins
PANELS = {"left": msg("Library and outline"), "side": msg("Side panel"), "bottom": msg("Lower panel")}


class Frame(QWidget):
    """Everything of one document between the menu bar and the lower edge. It holds nothing that cannot be made anew."""

    action_requested = Signal(str)  # the id of an action of the window
    part_wanted = Signal(str)  # the name of a part of the window that was put away
    opening_requested = Signal(object, str)  # Path of a file that is in use, and the way to open it all the same
    context_menu_requested = Signal(object, object)

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self.setAcceptDrops(True)
        self._editor, self._controller = workspace.editor, workspace.controller
        self._make_panels()
        self._place_panels()
        self.panes = Panes((self.tool_bar, *self.parts[:1], self.canvas, *self.parts[1:]), self)
        Announcer(self._editor, self.canvas)
        self._connect()
        self._factor = theme.factor
        self._is_down_chosen = False  # whether the person gave the lower panel its height
        theme.changed.connect(self._on_theme_changed)

    # ---- parts

    def _make_panels(self) -> None:
        editor, blocks = self._editor, self._workspace.block_editor
        self.tool_bar, self.banner = ToolBar(self._controller), DocumentBanner(self._workspace.documents)
        self.run_bar = self.tool_bar.run_bar
        self.canvas = CanvasView(editor)
        self.breadcrumb = Breadcrumb(self.canvas, editor, blocks)
        self.notice = Notice(self.canvas)
        self.library = LibraryPanel(editor, blocks)
        self.outline, self.history, self.summary, self.runs = (
            Later(make) for make in (self._make_outline, self._make_history, self._make_summary, self._make_runs)
        )
        self.sweep = sweep_tab(self, self._workspace)
        self.inspector = InspectorPanel(editor, blocks)
        self._training: TrainingPanel | None = None
        self._devices: list[tuple[str, str]] = []
        self.training, self.data, self.code = (
            Later(make) for make in (self._make_training, self._make_data, self._make_code)
        )
        self.problems = ProblemsPanel(editor, blocks)
        self.run_views = views = RunViews(self._workspace, self.canvas)
        self.metrics, self.checks, self.predictions, self.log = (
            views.metrics,
            views.checks,
            views.predictions,
            views.log,
        )
        self.ask_views = AskViews(self._workspace, self.canvas)
        self.status = StatusLine(editor)

    def _place_panels(self) -> None:
        """From outside to inside: with a style sheet, Qt dresses all that is in a widget anew when that moves into another."""
        whole = column(self)
        whole.addWidget(self.tool_bar)
        whole.addWidget(self.banner)
        self._down = QSplitter(Qt.Orientation.Vertical, childrenCollapsible=False)
        whole.addWidget(self._down, 1)
        self._across = QSplitter(Qt.Orientation.Horizontal, childrenCollapsible=False)
        self._down.addWidget(self._across)
        self.left = _tabs(
            self._across,
            (self.library, tr("Library")),
            (self.outline, tr("Outline")),
            (self.history, tr("History")),
        )
        self._across.addWidget(self.canvas)
        self.side = _tabs(
            self._across,
            (self.inspector, tr("Layer")),
            (self.training, tr("Training")),
            (self.data, tr("Data")),
            (self.code, tr("Code")),
        )
        self.bottom = _tabs(
            self._down,
            (self.metrics, tr("Live metrics")), (self.problems, tr("Problems")), (self.checks, tr("Checks")),
            (self.run_views.health, tr("Layer health")), (self.predictions, tr("Predictions")), *self.ask_views.tabs,
            (self.runs, tr("Runs")), (self.sweep, ""), (self.summary, tr("Summary")), (self.log, tr("Log")),
        )  # fmt: skip
        whole.addWidget(self.status)
        self._across.setStretchFactor(1, 1)
        self._down.setStretchFactor(0, 1)
        self._panels: dict[str, QWidget] = {"left": self.left, "side": self.side, "bottom": self.bottom}

    def _make_outline(self) -> QWidget:
        from gui.panels.outline import OutlinePanel

        panel = OutlinePanel(self._editor, self._workspace.block_editor)
        panel.inside_requested.connect(self.canvas.inside_requested)
        return panel

    def _make_history(self) -> QWidget:
        from gui.panels.history import HistoryPanel

        return HistoryPanel(self._editor)

    def _make_summary(self) -> QWidget:
        from gui.panels.summary import SummaryPanel

        panel = SummaryPanel(self._editor)
        panel.node_requested.connect(self._on_node_requested)
        panel.told.connect(self.notice.show_message)
        return panel

    def _make_runs(self) -> QWidget:
        from gui.panels.runs import RunsPanel

        panel = RunsPanel(self._workspace)
        panel.told.connect(self.notice.show_message)
        panel.open_requested.connect(self._on_copy_requested)
        return panel

    def _make_training(self) -> QWidget:
        from gui.panels.training import TrainingPanel

        self._training = TrainingPanel(self._editor)
        self._training.requested.connect(self.action_requested)
        self._training.reach_wanted.connect(self.run_views.reacher.show)
        if self._devices:
            self._training.set_devices(self._devices)
        return self._training

    def _make_data(self) -> QWidget:
        from gui.panels.data import DataPanel

        return DataPanel(self._editor)

    def _make_code(self) -> QWidget:
        from gui.panels.code import CodePanel

        return CodePanel(self._editor, self._workspace.block_editor)

    def _connect(self) -> None:
        self.tool_bar.requested.connect(self.action_requested)
        self.library.add_requested.connect(self._on_add_requested)
        self.problems.node_requested.connect(self._on_node_requested)
        self.inspector.why.node_requested.connect(self._on_node_requested)
        self.problems.count_changed.connect(self._on_problem_count)
        self.library.told.connect(self.notice.show_message)
        for panel in (self.inspector, self.problems):
            panel.code_requested.connect(self.canvas.inside_requested)
        self.canvas.problem_clicked.connect(self._on_problem_clicked)
        self.canvas.annotator.link_requested.connect(self._on_link_requested)
        self.canvas.nodeActivated.connect(self._on_node_activated)
        self.canvas.context_menu_requested.connect(self.context_menu_requested)
        self.inspector.show_vitals(self.run_views.vitals)
        self.run_views.node_requested.connect(self._on_node_requested)
        self.run_views.told.connect(self.notice.show_message)
        self.run_views.started.connect(self._on_started)
        self.predictions.sample_activated.connect(self.ask_views.explain_sample)
        self.ask_views.wanted.connect(self._bring)
        self.ask_views.node_requested.connect(self._on_node_requested)
        self.ask_views.told.connect(self.notice.show_message)
        self.checks.count_changed.connect(self._on_check_count)
        self.banner.save_as_requested.connect(self._on_save_as_requested)
        self.banner.open_requested.connect(self.opening_requested)
        self._workspace.documents.warned.connect(self.warn)
        self._workspace.documents.autosaved.connect(self.status.show_autosaved)
        self._editor.refused.connect(self.warn)
        self._controller.problems_wanted.connect(self._on_problems_wanted)
        for happened in (self._workspace.sweeps.shown, self._workspace.sweeps.changed):
            happened.connect(self._on_trials)
        self._on_trials()
        self._down.splitterMoved.connect(self._on_down_chosen)

    # ---- for the window

    def continue_from(self, other: Frame) -> None:
        """Show what another frame of the same document showed: its run, its panels in front, its place on the canvas."""
        for part, before in zip(self.parts, other.parts, strict=True):
            part.setCurrentIndex(before.currentIndex())
        self.canvas.go_to(other.canvas.camera)
        self.canvas.minimap.is_wanted = other.canvas.minimap.is_wanted
        self.library.search.setText(other.library.search.text())
        self.run_views.continue_from(other.run_views)
        if events := self._workspace.events:
            self.run_bar.show_past(events)

    @property
    def parts(self) -> tuple[QTabWidget, ...]:
        """The tabs around the canvas."""
        return (self.left, self.side, self.bottom)

    def prepare(self) -> None:
        """Make what the first picture did not need."""
        self.metrics.prepare_soon()

    def show_devices(self, devices: list[tuple[str, str]]) -> None:
        """The devices of this computer, by id and name."""
        self._devices = devices
        if self._training is not None:
            self._training.set_devices(devices)
        self.run_bar.device.set_devices(devices)
        self.status.show_ready()

    @Slot(object)
    def warn(self, message: Message) -> None:
        """Say why something did not happen."""
        self.notice.show_message(message, "warning")

    def show_export(self, run: Path | None, folder: Path) -> None:
        """Offer to take the trained network away, or the drawing where nothing is trained yet."""
        from gui.export_dialog import Drawn, ExportDialog

        drawn = Drawn(self._editor.project, self._editor.folder, self._workspace.documents.title)
        dialog = ExportDialog(run or drawn, folder, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.show()

    def forget_run(self) -> None:
        """Another document was opened: empty the panels of the last run."""
        self.run_views.forget()
        self.ask_views.forget()
        self.canvas.forget_places()

    def show_tab(self, page: QWidget) -> None:
        """Bring a panel to the front, its part of the window too, and give it the focus."""
        self._bring(page)
        page.setFocus(Qt.FocusReason.ShortcutFocusReason)

    @Slot(object)
    def _bring(self, page: QWidget) -> None:
        for name, part in self._panels.items():
            if isinstance(part, QTabWidget) and part.indexOf(page) >= 0:
                part.setCurrentWidget(page)
                if part.isHidden():
                    self.part_wanted.emit(name)

    def show_panels(self, shown: Mapping[str, bool]) -> None:
        """Show and hide the parts of the window around the canvas."""
        for name, visible in shown.items():
            self._panels[name].setVisible(visible)

    def save_layout(self, settings: Settings) -> None:
        """Remember the sizes of the panels."""
        settings.set_layout("across", self._across.saveState())
        if self._is_down_chosen:
            settings.set_layout("down", self._down.saveState())

    def restore_layout(self, settings: Settings, *, height: int) -> None:
        """Give the panels the sizes that they had, or those of a first start in a window of that height."""
        bottom = max(round(BOTTOM_SHARE * height), theme.px(BOTTOM_HEIGHT))
        self._restore(self._across, settings.layout("across"), [theme.px(LIBRARY_WIDTH), 1000, theme.px(SIDE_WIDTH)])
        self._restore(self._down, settings.layout("down"), [height - bottom, bottom])
        self._is_down_chosen = not settings.layout("down").isEmpty()

    # ---- handlers

    def showEvent(self, event: QShowEvent) -> None:
        """Now that the window has its height, the lower panel gets its share of it, unless the person gave it another."""
        super().showEvent(event)
        height = sum(self._down.sizes())
        bottom = max(round(BOTTOM_SHARE * self.window().height()), theme.px(BOTTOM_HEIGHT))
        if not self._is_down_chosen and height > 0:
            self._down.setSizes([height - bottom, bottom])

    @Slot()
    def _on_down_chosen(self) -> None:
        self._is_down_chosen = True

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        event.setAccepted(bool(dropped_files(event.mimeData())))

    def dropEvent(self, event: QDropEvent) -> None:
        """Files may be dropped anywhere in the window."""
        if self.canvas.take(event.mimeData()):
            event.acceptProposedAction()

    @Slot()
    def _on_theme_changed(self) -> None:
        """The panels at the sides grow with their text."""
        grown, self._factor = theme.factor / self._factor, theme.factor
        if grown != 1:
            left, middle, right = self._across.sizes()
            self._across.setSizes([round(left * grown), middle, round(right * grown)])

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape that no panel has a use for goes back to the canvas."""
        if event.key() == Qt.Key.Key_Escape:
            self.canvas.setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            super().keyPressEvent(event)

    @Slot(str)
    def _on_add_requested(self, type_id: str) -> None:
        self._editor.add_node(type_id, self.canvas.visible_center())

    @Slot(str)
    def _on_node_activated(self, _node: NodeId) -> None:
        self._bring(self.inspector)
        self.inspector.enter()

    @Slot(str)
    def _on_node_requested(self, node: NodeId) -> None:
        self._editor.select([node])
        self.canvas.center_on(node)

    @Slot(int)
    def _on_problem_count(self, count: int) -> None:
        self.bottom.setTabText(self.bottom.indexOf(self.problems), tr("Problems {count}", count=count))

    @Slot(str)
    def _on_link_requested(self, url: str) -> None:
        QDesktopServices.openUrl(QUrl(url))

    @Slot(str)
    def _on_problem_clicked(self, node: NodeId) -> None:
        self._editor.select([node])
        self._bring(self.problems)

    @Slot()
    def _on_save_as_requested(self) -> None:
        self.action_requested.emit("save_as")

    @Slot(object)
    def _on_copy_requested(self, path: Path) -> None:
        """The drawing of a run is opened as a new one: what was trained stays as it is."""
        self.opening_requested.emit(path, "copy")

    @Slot()
    def _on_problems_wanted(self) -> None:
        self._bring(self.problems)

    @Slot(int)
    def _on_check_count(self, count: int) -> None:
        title = tr("Checks {count}", count=count) if count else tr("Checks")
        self.bottom.setTabText(self.bottom.indexOf(self.checks), title)

    @Slot()
    def _on_trials(self) -> None:
        self.bottom.setTabText(self.bottom.indexOf(self.sweep), sweep_title(self._workspace.sweeps))

    @Slot()
    def _on_started(self) -> None:
        self._bring(self.metrics)

    @staticmethod
    def _restore(splitter: QSplitter, state: QByteArray, sizes: list[int]) -> None:
        if not splitter.restoreState(state):
            splitter.setSizes(sizes)


def _tabs(room: QSplitter, *pages: tuple[QWidget, str]) -> QTabWidget:
    tabs = QTabWidget(documentMode=True)
    room.addWidget(tabs)
    for page, title in pages:
        tabs.addTab(page, title)
    return tabs
