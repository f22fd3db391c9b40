"""The rooms of the window and where they stand: tool bar, library, canvas, tabs, status line."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QByteArray, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QMenu, QPushButton, QSplitter, QTabWidget, QWidget

from graph.messages import Message, msg, tr
from graph.model import NodeId
from gui.block_editor import BlockEditor
from gui.canvas.breadcrumb import Breadcrumb
from gui.canvas.view import CanvasView
from gui.editor import Editor
from gui.icons import icon
from gui.live import live_values
from gui.notice import Notice
from gui.panels.code import CodePanel
from gui.panels.data import DataPanel
from gui.panels.inspector import InspectorPanel
from gui.panels.library import LibraryPanel
from gui.panels.log import LogPanel
from gui.panels.metrics import MetricsPanel
from gui.panels.parts import column, row
from gui.panels.predictions import PredictionsPanel
from gui.panels.problems import ProblemsPanel
from gui.panels.training import TrainingPanel
from gui.run_bar import RunBar
from gui.run_controller import RunController
from gui.settings import Settings
from gui.status_line import StatusLine
from gui.theme import GRID

LIBRARY_WIDTH, SIDE_WIDTH = 216, 296
BOTTOM_SHARE = 0.3  # of the height of the window


class Frame(QWidget):
    """Everything between the menu bar and the lower edge."""

    open_requested = Signal()
    save_requested = Signal()
    tidy_requested = Signal()
    undo_requested = Signal()
    redo_requested = Signal()
    context_menu_requested = Signal(object, object)

    def __init__(self, editor: Editor, controller: RunController, blocks: BlockEditor) -> None:
        super().__init__()
        self._editor, self._controller, self._blocks = editor, controller, blocks
        self._make_panels()
        self._panels = {
            "library": (msg("Library"), self.library),
            "side": (msg("Side panel"), self.side),
            "bottom": (msg("Lower panel"), self.bottom),
        }
        whole = column(self)
        whole.addWidget(self._make_tool_bar())
        whole.addWidget(self._make_splitters(), 1)
        whole.addWidget(self.status)
        self._connect()

    # ---- parts

    def _make_panels(self) -> None:
        self.canvas = CanvasView(self._editor)
        self.breadcrumb = Breadcrumb(self.canvas, self._editor, self._blocks)
        self.notice = Notice(self.canvas)
        self.library = LibraryPanel(self._editor, self._blocks)
        self.inspector, self.training = InspectorPanel(self._editor, self._blocks), TrainingPanel(self._editor)
        self.data, self.code = DataPanel(self._editor), CodePanel(self._editor, self._blocks)
        self.metrics, self.problems = MetricsPanel(), ProblemsPanel(self._editor, self._blocks)
        self.predictions, self.log = PredictionsPanel(), LogPanel()
        self.status = StatusLine(self._editor)
        self.side = _tabs(
            (self.inspector, tr("Layer")),
            (self.training, tr("Training")),
            (self.data, tr("Data")),
            (self.code, tr("Code")),
        )
        self.bottom = _tabs(
            (self.metrics, tr("Live metrics")), (self.problems, tr("Problems")),
            (self.predictions, tr("Predictions")), (self.log, tr("Log")),
        )  # fmt: skip

    def _make_tool_bar(self) -> QWidget:
        bar = QWidget()
        bar.setObjectName("toolBar")
        line = row(bar)
        line.setContentsMargins(3 * GRID, 2 * GRID, 3 * GRID, 2 * GRID)
        self._open = _button(tr("Open"), tip=tr("Open a drawing (Ctrl+O)"))
        self._save = _button(tr("Save"), tip=tr("Save the drawing (Ctrl+S)"))
        self._undo = _button("", symbol="undo", name=tr("Undo"))
        self._redo = _button("", symbol="redo", name=tr("Redo"))
        self._tidy = _button(tr("Tidy up"), tip=tr("Place the nodes in rows (Ctrl+T)"))
        self.run_bar = RunBar(self._controller)
        for button in (self._open, self._save, self._undo, self._redo, self._tidy):
            line.addWidget(button)
        line.addWidget(self.run_bar, 1)
        return bar

    def _make_splitters(self) -> QSplitter:
        self._across = QSplitter(Qt.Orientation.Horizontal, childrenCollapsible=False)
        for widget in (self.library, self.canvas, self.side):
            self._across.addWidget(widget)
        self._across.setStretchFactor(1, 1)
        self._down = QSplitter(Qt.Orientation.Vertical, childrenCollapsible=False)
        self._down.addWidget(self._across)
        self._down.addWidget(self.bottom)
        self._down.setStretchFactor(0, 1)
        return self._down

    def _connect(self) -> None:
        self._open.clicked.connect(self.open_requested)
        self._save.clicked.connect(self.save_requested)
        self._tidy.clicked.connect(self.tidy_requested)
        self._undo.clicked.connect(self._editor.undo)
        self._redo.clicked.connect(self._editor.redo)
        self.library.add_requested.connect(self._on_add_requested)
        self.problems.node_requested.connect(self._on_node_requested)
        self.problems.count_changed.connect(self._on_problem_count)
        self.library.told.connect(self.notice.show_message)
        for panel in (self.inspector, self.problems):
            panel.code_requested.connect(self.canvas.inside_requested)
        self.canvas.problem_clicked.connect(self._on_problem_clicked)
        self.canvas.nodeActivated.connect(self._on_node_activated)
        self.canvas.context_menu_requested.connect(self.context_menu_requested)
        for panel in (self.metrics, self.predictions):
            panel.failed.connect(lambda message: self.notice.show_message(message, "error"))
            panel.exported.connect(lambda path: self.notice.show_message(msg("Written to {file}.", file=path)))
        self._controller.problems_wanted.connect(lambda: self.bottom.setCurrentWidget(self.problems))
        self._controller.started.connect(lambda _event: self.bottom.setCurrentWidget(self.metrics))
        self._controller.events.connect(self._on_events)

    # ---- for the window

    def prepare(self) -> None:
        """Make what the first picture did not need."""
        self.metrics.prepare()

    def show_devices(self, devices: list[tuple[str, str]]) -> None:
        """The devices of this computer, by id and name."""
        self.training.set_devices(devices)
        self.run_bar.device.set_devices(devices)
        self.status.show_ready()

    def show_history(self, undo: Message | None, redo: Message | None) -> None:
        """What undo and redo would do."""
        for button, step, text in (
            (self._undo, undo, tr("Undo: {step} (Ctrl+Z)", step=undo)),
            (self._redo, redo, tr("Redo: {step} (Ctrl+Shift+Z)", step=redo)),
        ):
            button.setEnabled(step is not None)
            button.setToolTip(text if step else tr("Nothing to do here yet"))

    def show_export(self, run: Path | None, folder: Path) -> None:
        """Offer to take the trained network away."""
        if run is None:
            self.notice.show_message(
                msg("Nothing is trained yet. Press Train first, then export what it learned."), "warning"
            )
            return
        from gui.export_dialog import ExportDialog

        dialog = ExportDialog(run, folder, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.show()

    def forget_run(self) -> None:
        """Another document was opened: empty the panels of the last run."""
        for panel in (self.metrics, self.predictions, self.log):
            panel.clear()
        self.canvas.set_live({})
        self.canvas.forget_places()

    def fill_panel_menu(self, menu: QMenu) -> None:
        """One entry a panel that shows and hides it."""
        for text, panel in self._panels.values():
            action = menu.addAction(str(text))
            action.setCheckable(True)
            action.setChecked(True)
            action.toggled.connect(panel.setVisible)

    def save_layout(self, settings: Settings) -> None:
        """Remember the sizes of the panels."""
        settings.set_layout("across", self._across.saveState())
        settings.set_layout("down", self._down.saveState())

    def restore_layout(self, settings: Settings, *, height: int) -> None:
        """Give the panels the sizes that they had, or those of a first start in a window of that height."""
        bottom = round(BOTTOM_SHARE * height)
        self._restore(self._across, settings.layout("across"), [LIBRARY_WIDTH, 1000, SIDE_WIDTH])
        self._restore(self._down, settings.layout("down"), [height - bottom, bottom])

    # ---- handlers

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
        self.side.show()
        self.side.setCurrentWidget(self.inspector)
        self.inspector.enter()

    @Slot(str)
    def _on_node_requested(self, node: NodeId) -> None:
        self._editor.select([node])
        self.canvas.center_on(node)

    @Slot(int)
    def _on_problem_count(self, count: int) -> None:
        self.bottom.setTabText(self.bottom.indexOf(self.problems), tr("Problems {count}", count=count))

    @Slot(str)
    def _on_problem_clicked(self, node: NodeId) -> None:
        self._editor.select([node])
        self.bottom.setCurrentWidget(self.problems)

    @Slot(object)
    def _on_events(self, events: list) -> None:
        self.metrics.take(events)
        self.predictions.take(events)
        self.log.take(events)
        self._show_live(events)

    def _show_live(self, events: list) -> None:
        for event in reversed(events):
            if series := getattr(event, "series", None):
                latest = {key: values[-1] for key, values in series.items() if values}
                trained = self._controller.trained or self._editor.project
                self.canvas.set_live(live_values(trained.graph, latest))
                return

    @staticmethod
    def _restore(splitter: QSplitter, state: QByteArray, sizes: list[int]) -> None:
        if not splitter.restoreState(state):
            splitter.setSizes(sizes)


def _tabs(*pages: tuple[QWidget, str]) -> QTabWidget:
    tabs = QTabWidget(documentMode=True)
    for page, title in pages:
        tabs.addTab(page, title)
    return tabs


def _button(text: str, *, symbol: str = "", tip: str = "", name: str = "") -> QPushButton:
    button = QPushButton(text)
    if symbol:
        button.setIcon(icon(symbol))
        button.setProperty("kind", "icon")
    button.setToolTip(tip or name)
    button.setAccessibleName(name or text)
    return button
