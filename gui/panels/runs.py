"""Everything that was trained from a drawing: a table to sort, filter, label and compare, and the curves beside it."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import QPoint, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QAction, QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLineEdit,
    QMenu,
    QPushButton,
    QSplitter,
    QStackedLayout,
    QToolButton,
    QWidget,
)

from graph.messages import LayerloomError, tr
from gui.icons import icon
from gui.panels.empty import EmptyState
from gui.panels.parts import ElidedLabel, breakable, column, complain, flat_button, label, row, small_button
from gui.panels.runs_model import SHOWN, RunsModel
from gui.panels.runs_reader import RunsReader
from gui.panels.runs_side import RunsSide
from gui.panels.runs_verbs import RunsVerbs
from gui.panels.runs_view import RunsView
from gui.theme import GRID, theme
from gui.workspace import Workspace
from runtime.events import EpochEnded, Event
from runtime.run_columns import COLUMNS, FilterError, column_title, read_filter
from runtime.run_rows import Labels, RunRow, write_labels
from runtime.run_table import KEPT_DAYS, trashed

PACE = 200  # milliseconds between two arrangements of the table while rows come in
TYPED = 150  # milliseconds after a key until the filter is applied
FILTER_WIDTH = 300  # pixels at 100 %
MARGIN = 3 * GRID
REMEMBERED = "runs"  # the name of what is remembered of the table
TABLE_SHARE = 0.58  # of the width


class RunsPanel(QWidget):
    """The runs of the document of a workspace. It reads them when it is shown, and when a run here begins, goes on or ends.

    `told(Message, level)`: a sentence for the person. `open_requested(Path)`: a file is to be opened as a new document.
    """

    told = Signal(object, str)
    open_requested = Signal(object)

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._folder = workspace.documents.runs_folder
        self._is_stale, self._is_divided, self._fits = True, False, False
        self._coming: list[RunRow] = []
        self._names: list[str] | None = None
        self.model = RunsModel()
        self.model.setParent(self)
        self.view = RunsView(self.model)
        self.side = RunsSide(self.model)
        self.reader = RunsReader(self)
        self.verbs = RunsVerbs(workspace, self.model, self.view, self)
        self._pace = QTimer(self, singleShot=True, interval=PACE)
        self._typed = QTimer(self, singleShot=True, interval=TYPED)
        self._build()
        self._connect()
        self._recall_columns()

    # ---- parts

    def _build(self) -> None:
        table = QWidget()
        inside = column(table)
        inside.addLayout(self._make_head())
        self.complaint = label("", tone="error", wrap=True)
        self.complaint.setContentsMargins(MARGIN, 0, MARGIN, GRID)
        self.complaint.hide()
        inside.addWidget(self.complaint)
        inside.addWidget(self.view, 1)
        self.strip = self._make_strip()
        inside.addWidget(self.strip)
        self.splitter = QSplitter(Qt.Orientation.Horizontal, childrenCollapsible=False)
        self.splitter.addWidget(table)
        self.splitter.addWidget(self.side)
        self.splitter.setStretchFactor(0, 3)
        self.splitter.setStretchFactor(1, 2)
        hint = tr("Press Train: every run is kept here, to compare, to continue and to take away.")
        self.empty = EmptyState("history", tr("No runs yet"), hint)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self.empty)
        self._stack.addWidget(self.splitter)
        self.setFocusProxy(self.view)

    def _make_head(self) -> QHBoxLayout:
        self.filter = QLineEdit(clearButtonEnabled=True)
        self.filter.setPlaceholderText(tr("Filter: words, accuracy>0.95"))
        self.filter.setAccessibleName(tr("Filter the runs"))
        self.filter.setToolTip(
            breakable(tr("Words to find, -words to leave out, and comparisons of columns: test.loss<0.1 status=finished tags=good"))
        )  # fmt: skip
        for button in self.filter.findChildren(QToolButton):
            button.setAccessibleName(tr("Clear"))
        self.filter.setMaximumWidth(theme.px(FILTER_WIDTH))
        sign = self.filter.addAction(icon("search", "faint"), QLineEdit.ActionPosition.LeadingPosition)
        sign.setText(tr("Filter the runs"))  # what a screen reader says of it
        self.count = label("", tone="muted")
        self.columns_button = QPushButton(tr("Columns"))
        self.columns_button.setProperty("kind", "menu")
        self.columns_menu = QMenu(self.columns_button)
        self.columns_button.setMenu(self.columns_menu)
        self.more = flat_button("more", tr("More about all runs"))
        self.more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.more_menu = QMenu(self.more)
        self.more.setMenu(self.more_menu)
        line = row()
        line.setContentsMargins(MARGIN, 2 * GRID, MARGIN, 2 * GRID)
        line.addWidget(self.filter, 1)
        line.addWidget(self.count)
        line.addStretch(1)
        line.addWidget(self.columns_button)
        line.addWidget(self.more)
        return line

    def _make_strip(self) -> QWidget:
        """The line below the table after runs were deleted."""
        strip = QWidget()
        line = row(strip)
        line.setContentsMargins(MARGIN, GRID, MARGIN, GRID)
        self.deleted_words = ElidedLabel(tone="muted")
        self.undo_button = small_button(tr("Undo"), "undo")
        close = flat_button("close", tr("Close this message"))
        close.clicked.connect(strip.hide)
        line.addWidget(self.deleted_words, 1)
        line.addWidget(self.undo_button)
        line.addWidget(close)
        strip.hide()
        return strip

    def _connect(self) -> None:
        self._pace.timeout.connect(self._put)
        self._typed.timeout.connect(self._apply_filter)
        self.filter.textChanged.connect(lambda: self._typed.start())
        self.filter.returnPressed.connect(self._enter_table)
        self.columns_menu.aboutToShow.connect(self._fill_columns)
        self.more_menu.aboutToShow.connect(self._fill_more)
        self.reader.rows_read.connect(self._on_rows)
        self.reader.table_read.connect(self._on_table)
        self.reader.curves_read.connect(self.side.take_curves)
        self.reader.settings_read.connect(self.side.take_settings)
        self.side.settings_wanted.connect(self.reader.read_settings)
        self.side.row_chosen.connect(lambda folder: self.view.go_to(folder))
        self.model.labelled.connect(self._on_labelled)
        self.view.selectionModel().selectionChanged.connect(self._on_selected)
        self.model.arranged.connect(self._on_selected)
        self.view.columns_moved.connect(self._choose)
        self.view.widths_changed.connect(self._remember_columns)
        self.view.menu_wanted.connect(self._on_menu_wanted)
        self.view.entered_row.connect(self._on_entered)
        self.view.delete_pressed.connect(self.verbs.delete)
        self.view.undo_pressed.connect(self.verbs.undo)
        self.side.curves_wanted.connect(lambda run: self.reader.read_curves(run.path))
        self.side.canvas_wanted.connect(lambda: self.verbs.compare_on_canvas(self.side.pair))
        self.undo_button.clicked.connect(self.verbs.undo)
        for source in (self.side, self.verbs):
            source.told.connect(self.told)
        self.verbs.open_requested.connect(self.open_requested)
        self.verbs.changed.connect(self.refresh)
        self.verbs.deleted.connect(self._on_deleted)
        workspace = self._workspace
        workspace.documents.changed.connect(self._on_document_changed)
        workspace.controller.events.connect(self._on_events)
        for signal in (workspace.controller.started, workspace.controller.ended, workspace.controller.adopted):
            signal.connect(self._on_run_changed)
        workspace.mover.moved.connect(self._on_run_changed)
        for keys, run in ((QKeySequence.StandardKey.Refresh, self.refresh), (QKeySequence.StandardKey.Find, self.find)):
            QShortcut(keys, self, run, context=Qt.ShortcutContext.WidgetWithChildrenShortcut)

    # ---- reading

    @Slot()
    def refresh(self) -> None:
        """Read what changed on the disk."""
        self._is_stale = not self.isVisible()
        if not self._is_stale:
            controller = self._workspace.controller
            self.model.live = controller.last_run if self._workspace.is_running else None
            self.reader.read_table(self._folder)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self._is_divided:
            self._is_divided = True
            self.splitter.setSizes([round(TABLE_SHARE * self.width()), round((1 - TABLE_SHARE) * self.width())])
        self.refresh()

    @Slot(object, object)
    def _on_rows(self, folder: Path, rows: list[RunRow]) -> None:
        if folder == self._folder:
            self._coming += rows
            if not self._pace.isActive():
                self._pace.start(PACE if self.model.count else 0)

    @Slot(object, object)
    def _on_table(self, folder: Path, names: list[str]) -> None:
        if folder == self._folder:
            self._names = names
            self._pace.start(0)

    @Slot()
    def _put(self) -> None:
        """Show what was read; not while the person writes in a cell."""
        if self.view.state() == self.view.State.EditingState:
            self._pace.start(PACE)
            return
        rows, names, self._coming, self._names = self._coming, self._names, [], None
        changed = [run for run in rows if self.model.row_of(run.folder) != run]
        gone = names is not None and bool(self.model.names - set(names))
        if changed or gone:
            before = self.model.columns
            self.model.put(changed, keep=names)
            if before != self.model.columns or not self._fits:
                self._fits = bool(self.model.count)
                QTimer.singleShot(0, self.view, self.view.fit_columns)  # when its rows are on the screen
            self.side.refresh()
        self._show_count()
        self._stack.setCurrentIndex(1 if self.model.count or self.verbs.can_undo else 0)
        if self.model.shown and not self.view.currentIndex().isValid():
            self.view.setCurrentIndex(self.model.index(0, 1))

    @Slot()
    def _on_document_changed(self) -> None:
        folder = self._workspace.documents.runs_folder
        if folder != self._folder:
            self._folder = folder
            self._coming, self._names = [], None
            self.model.clear()
            self.side.forget()
            self.verbs.forget()
            self._stack.setCurrentIndex(0)
            self.refresh()

    @Slot(object)
    def _on_events(self, events: list[Event]) -> None:
        if any(isinstance(event, EpochEnded) for event in events):
            self.refresh()

    @Slot()
    def _on_run_changed(self, *_event: object) -> None:
        self.refresh()

    # ---- filter, columns, menus

    @Slot()
    def find(self) -> None:
        """Put the cursor into the filter."""
        self.filter.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.filter.selectAll()

    @Slot()
    def _enter_table(self) -> None:
        self._apply_filter()
        self.view.setFocus(Qt.FocusReason.OtherFocusReason)

    @Slot()
    def _apply_filter(self) -> None:
        self._typed.stop()
        try:
            self.model.filter_by(read_filter(self.filter.text(), self.model.figures))
        except FilterError as error:
            complain(self.complaint, error.message)
            return
        complain(self.complaint, None)
        self._show_count()

    def _show_count(self) -> None:
        shown, count = len(self.model.shown), self.model.count
        text = (
            tr("{shown} of {count} runs", shown=shown, count=count)
            if shown != count
            else tr("{count} runs", count=count)
            if count != 1
            else tr("1 run")
        )
        self.count.setText(text)

    @Slot()
    def _fill_columns(self) -> None:
        self.columns_menu.clear()
        for key in (*COLUMNS, *self.model.figures):
            action = QAction(
                str(column_title(key)), self.columns_menu, checkable=True, checked=key in self.model.columns
            )
            action.toggled.connect(partial(self._on_column_toggled, key))
            self.columns_menu.addAction(action)
        self.columns_menu.addSeparator()
        self.columns_menu.addAction(tr("The usual columns"), self._choose_usual)

    def _on_column_toggled(self, key: str, wanted: bool) -> None:
        order = [*COLUMNS, *self.model.figures]
        shown = [column for column in self.model.columns if column not in (SHOWN, key)]
        if wanted:
            after = sum(order.index(column) < order.index(key) for column in shown)
            shown.insert(after, key)
        self._choose(shown)

    @Slot(object)
    def _choose(self, columns: list[str] | None) -> None:
        self.model.choose_columns(columns)
        self.view.fit_columns()
        self._remember_columns()

    def _choose_usual(self) -> None:
        self.view.widths.clear()
        self._choose(None)

    @Slot()
    def _remember_columns(self) -> None:
        """Which columns, in which order and how wide: for the runs of all documents, as they are the habit of a person."""
        chosen = self.model.chosen
        told = {} if chosen is None else {"columns": " ".join(chosen)}
        widths = {f"width {key}": str(width) for key, width in self.view.widths.items()}
        self._workspace.settings.set_choices(REMEMBERED, told | widths)

    def _recall_columns(self) -> None:
        told = self._workspace.settings.choices(REMEMBERED)
        widths = ((key.removeprefix("width "), text) for key, text in told.items() if key.startswith("width "))
        self.view.widths = {key: int(text) for key, text in widths if text.isascii() and text.isdecimal()}
        if "columns" in told:
            self.model.choose_columns(told["columns"].split())

    @Slot()
    def _fill_more(self) -> None:
        self.more_menu.clear()
        count = len(trashed(self._folder))
        self.more_menu.addAction(tr("Read the folder again"), self.refresh)
        export = partial(self.verbs.export_tensorboard, list(self.model.shown))
        self.more_menu.addAction(tr("Export the listed runs for TensorBoard…"), export).setEnabled(
            bool(self.model.shown)
        )
        self.more_menu.addAction(
            tr("Tick no runs"), lambda: self.model.tick([r for r, _ in self.model.ticked], wanted=False)
        )
        self.more_menu.addSeparator()
        put_back = partial(self.verbs.put_back_all, self._folder)
        back = self.more_menu.addAction(tr("Put {count} deleted runs back", count=count), put_back)
        gone = self.more_menu.addAction(tr("Empty the trash…"), lambda: self.verbs.ask_to_empty(self._folder))
        back.setEnabled(bool(count))
        gone.setEnabled(bool(count))

    @Slot(object)
    def _on_menu_wanted(self, at: QPoint) -> None:
        for key in ("name", "tags", "note"):
            if key not in self.model.columns:
                self._on_column_toggled(key, True)
        self.verbs.menu(list_differences=self.list_differences).popup(at)

    # ---- what the person does

    @Slot()
    def list_differences(self) -> None:
        """Show what differs between the two selected runs, beside the table."""
        self.side.difference_choice.setChecked(True)

    @Slot()
    def _on_selected(self, *_selection: object) -> None:
        self.side.show_pair(self.verbs.pair)
        self.side.mark({run.folder for run in self.view.selected})
        self._show_count()

    @Slot(object)
    def _on_entered(self, _run: RunRow) -> None:
        self.view.tick_selected()

    @Slot(object, object)
    def _on_labelled(self, run: RunRow, labels: Labels) -> None:
        try:
            write_labels(run.path, labels)
        except LayerloomError as error:
            self.told.emit(error.message, "error")
        else:
            self.model.relabel(run, labels)
            self.side.refresh()

    @Slot(int)
    def _on_deleted(self, count: int) -> None:
        self.view.can_undo = self.verbs.can_undo
        self.deleted_words.setText(
            tr("{count} runs deleted. They are kept in the trash for {days} days.", count=count, days=KEPT_DAYS)
        )
        self.strip.setVisible(count > 0)
        if count == 0:
            self.view.setFocus(Qt.FocusReason.OtherFocusReason)
