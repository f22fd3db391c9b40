"""The view of the table of runs: rows of one ground, boxes in the colour of their curves, figures flush right."""

from __future__ import annotations

from PySide6.QtCore import (
    QEvent,
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QRectF,
    QSignalBlocker,
    QSize,
    Qt,
    QTimer,
    Signal,
    Slot,
)
from PySide6.QtGui import QContextMenuEvent, QFontMetrics, QKeyEvent, QKeySequence, QMouseEvent, QPainter, QPen
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
)

from graph.messages import tr
from gui.icons import paint_icon
from gui.panels.runs_model import COLOR, EDITABLE, SHOWN, RunsModel, is_figure
from gui.theme import GRID, mono_font, theme
from runtime.run_rows import RunRow

Index = QModelIndex | QPersistentModelIndex
HEIGHT, FIGURES, BOX = 28, 12, 14  # pixels at 100 %: a row, the font of figures, a box to tick
PADDING = 2 * GRID
WIDTHS = {SHOWN: 32, "date": 136, "name": 120, "tags": 96, "note": 160, "status": 88}  # pixels at 100 %
FIGURE_WIDTH, WORD_WIDTH, WIDEST = 72, 96, 280
_QUIET = ("date", "device", "optimizer", "folder", "meaning", "data", "project")

# The delegate fills whole rows itself; the style would fill each cell once more.
NO_GROUND = """
QTableView { selection-background-color: transparent; }
QTableView::item:selected, QTableView::item:hover, QTableView::item:focus { background: transparent; border-color: transparent; }
"""


class RunsView(QTableView):
    """Rows are selected, cells are written in. Space ticks; Delete, Undo and the menu key are the panel's (`pressed_key`).

    Titles are dragged to another place, and their edges; a double click on an edge fits the column again.

    `columns_moved(list)`: the columns in another order. `widths_changed()`: those that the person made, `widths`, are others.
    `menu_wanted(QPoint)`: in coordinates of the screen. `entered_row(RunRow)`: Enter or a double click.
    """

    menu_wanted = Signal(object)
    entered_row = Signal(object)
    delete_pressed = Signal()
    undo_pressed = Signal()
    columns_moved = Signal(object)
    widths_changed = Signal()

    def __init__(self, model: RunsModel) -> None:
        super().__init__()
        self._model = model
        self.widths: dict[str, int] = {}  # of columns that the person made as wide, in pixels at 100 %
        self._is_fitting = False
        self.can_undo = False  # whether Ctrl+Z puts deleted runs back, instead of a step of the drawing
        self._kept: tuple[set[str], str, str, int] | None = None
        self.setModel(model)
        self.setAccessibleName(tr("Runs"))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setMouseTracking(True)
        self.setTabKeyNavigation(False)
        self.setCornerButtonEnabled(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.EditKeyPressed | QAbstractItemView.EditTrigger.DoubleClicked)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setItemDelegate(_Cells(self))
        self.setStyleSheet(NO_GROUND)
        self._prepare_headers()
        model.about_to_arrange.connect(self._keep_place)
        model.arranged.connect(self._restore_place)
        self.clicked.connect(self._on_clicked)
        theme.changed.connect(self._use_scale)

    def _prepare_headers(self) -> None:
        header, rows = self.horizontalHeader(), self.verticalHeader()
        rows.hide()
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        header.setHighlightSections(False)
        header.setMinimumSectionSize(8 * GRID)
        header.setResizeContentsPrecision(0)  # widths fit the rows on the screen
        header.setSectionsClickable(True)
        header.sectionClicked.connect(self._on_title_clicked)
        header.setSectionsMovable(True)
        header.setFirstSectionMovable(False)  # the boxes to tick
        header.sectionMoved.connect(self._on_moved)
        header.sectionResized.connect(self._on_resized)
        header.sectionHandleDoubleClicked.connect(self._on_edge_clicked)
        self._use_scale()

    # ---- rows

    @property
    def selected(self) -> list[RunRow]:
        """The selected runs, from the top."""
        shown = self._model.shown
        return [shown[i] for i in sorted(index.row() for index in self.selectionModel().selectedRows())]

    def select(self, folders: set[str]) -> None:
        """Select the runs in folders of these names."""
        selection, last = QItemSelection(), len(self._model.columns) - 1
        for number, row in enumerate(self._model.shown):
            if row.folder in folders:
                selection.select(self._model.index(number, 0), self._model.index(number, last))
        self.selectionModel().select(selection, QItemSelectionModel.SelectionFlag.ClearAndSelect)

    def go_to(self, folder: str) -> None:
        """Select the run in the folder of this name alone, and show its row."""
        place = next((i for i, row in enumerate(self._model.shown) if row.folder == folder), None)
        if place is not None:
            self.setCurrentIndex(self._model.index(place, max(self.currentIndex().column(), 0)))

    def fit_columns(self) -> None:
        """Make the columns as wide as the person did, else as titles and the rows on the screen need, within reason."""
        header, self._is_fitting = self.horizontalHeader(), True
        for number, key in enumerate(self._model.columns):
            least = WIDTHS.get(key, FIGURE_WIDTH if is_figure(key) else WORD_WIDTH)
            wanted = (
                0 if key == SHOWN else max(self.sizeHintForColumn(number), header.sectionSizeHint(number) + PADDING)
            )
            fitting = min(max(theme.px(least), wanted), theme.px(WIDEST))
            self.setColumnWidth(number, theme.px(self.widths[key]) if key in self.widths else fitting)
        self._is_fitting = False

    @Slot()
    def _keep_place(self) -> None:
        index, shown = self.currentIndex(), self._model.shown
        current = shown[index.row()].folder if index.isValid() and index.row() < len(shown) else ""
        key = self._model.columns[index.column()] if index.isValid() else ""
        self._kept = ({row.folder for row in self.selected}, current, key, self.verticalScrollBar().value())

    @Slot()
    def _restore_place(self) -> None:
        if self._kept is None:
            return
        folders, current, key, scrolled = self._kept
        if folders:
            self.select(folders)
        place = next((i for i, row in enumerate(self._model.shown) if row.folder == current), None)
        if place is not None:
            columns = self._model.columns
            index = self._model.index(place, columns.index(key) if key in columns else 0)
            self.selectionModel().setCurrentIndex(index, QItemSelectionModel.SelectionFlag.NoUpdate)
        self.verticalScrollBar().setValue(scrolled)

    @Slot()
    def _use_scale(self) -> None:
        self.verticalHeader().setDefaultSectionSize(theme.px(HEIGHT))
        self.fit_columns()

    # ---- what the person does

    @Slot(int, int, int)
    def _on_moved(self, _section: int, before: int, now: int) -> None:
        """The model has the columns in their order: the header need not know another one."""
        header, columns = self.horizontalHeader(), list(self._model.columns)
        columns.insert(max(now, 1), columns.pop(before))
        with QSignalBlocker(header):
            header.moveSection(now, before)
        QTimer.singleShot(0, self, lambda: self.columns_moved.emit([key for key in columns if key != SHOWN]))

    @Slot(int, int, int)
    def _on_resized(self, section: int, _before: int, now: int) -> None:
        key = self._model.columns[section] if section < len(self._model.columns) else SHOWN
        if not self._is_fitting and key != SHOWN and now > 0:
            self.widths[key] = round(now / theme.factor)
            self.widths_changed.emit()

    @Slot(int)
    def _on_edge_clicked(self, section: int) -> None:
        self.widths.pop(self._model.columns[section], None)
        self.fit_columns()
        self.widths_changed.emit()

    @Slot(int)
    def _on_title_clicked(self, section: int) -> None:
        key = self._model.columns[section]
        if key == SHOWN:
            return
        before, falls = self._model.sorting
        self._model.sort_by(key, falls=not falls if key == before else is_figure(key) or key == "date")

    @Slot(QModelIndex)
    def _on_clicked(self, index: QModelIndex) -> None:
        if self._model.columns[index.column()] == SHOWN:
            row = self._model.shown[index.row()]
            self._model.tick([row], wanted=not self._model.is_ticked(row))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        super().mouseDoubleClickEvent(event)
        index = self.indexAt(event.position().toPoint())
        if index.isValid() and self._model.columns[index.column()] not in (SHOWN, *EDITABLE):
            self.entered_row.emit(self._model.shown[index.row()])

    def tick_selected(self) -> None:
        """Draw the curves of the selected runs; if all of them are drawn, no longer."""
        rows = self.selected
        if rows:
            self._model.tick(rows, wanted=not all(map(self._model.is_ticked, rows)))

    def write_in(self, key: str) -> None:
        """Let the person write in a cell of the current row; its column is shown."""
        row = self.currentIndex().row()
        if key in self._model.columns and row >= 0:
            index = self._model.index(row, self._model.columns.index(key))
            self.setCurrentIndex(index)
            self.edit(index)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            is_undo = self.can_undo and event.matches(QKeySequence.StandardKey.Undo)
            if is_undo or event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_F2):
                event.accept()
                return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Undo) and self.can_undo:
            self.undo_pressed.emit()
        elif event.key() == Qt.Key.Key_Delete:
            self.delete_pressed.emit()
        elif event.key() == Qt.Key.Key_Space:
            self.tick_selected()
        elif event.key() == Qt.Key.Key_F2:
            key = self._model.columns[self.currentIndex().column()] if self.currentIndex().isValid() else ""
            self.write_in(key if key in EDITABLE else "name")
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self.entered_row.emit(self._model.shown[self.currentIndex().row()])
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        at = event.globalPos()
        if event.reason() is QContextMenuEvent.Reason.Keyboard and self.currentIndex().isValid():
            at = self.viewport().mapToGlobal(self.visualRect(self.currentIndex()).bottomLeft())
        self.menu_wanted.emit(QPoint(at))


class _Cells(QStyledItemDelegate):
    """Paints a cell and its part of the ground of the row."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        font = mono_font(theme.px(FIGURES)) if _is_mono(index) else option.font
        return QSize(QFontMetrics(font).horizontalAdvance(index.data()) + 3 * PADDING, theme.px(HEIGHT))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        _paint_ground(painter, option, index)
        key = _key(index)
        if key == SHOWN:
            _paint_box(painter, option.rect, index.data(COLOR))
        else:
            area = option.rect.adjusted(PADDING, 0, -PADDING, 0)
            painter.setFont(mono_font(theme.px(FIGURES)) if _is_mono(index) else option.font)
            painter.setPen(theme.color(_ink(key, index)))
            text = painter.fontMetrics().elidedText(index.data(), Qt.TextElideMode.ElideRight, area.width())
            side = Qt.AlignmentFlag.AlignRight if is_figure(key) else Qt.AlignmentFlag.AlignLeft
            painter.drawText(area, side | Qt.AlignmentFlag.AlignVCenter, text)
        painter.restore()


def _key(index: Index) -> str:
    model = index.model()
    assert isinstance(model, RunsModel)
    return model.columns[index.column()]


def _is_mono(index: Index) -> bool:
    key = _key(index)
    return is_figure(key) or key in ("date", "folder", "meaning", "data")


def _ink(key: str, index: Index) -> str:
    if key == "status":
        model = index.model()
        assert isinstance(model, RunsModel)
        states = {"failed": "error", "damaged": "error", "finished": "good"}
        return states.get(model.shown[index.row()].status, "muted")
    return "muted" if key in _QUIET else "text"


def _paint_ground(painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
    state = option.state
    role = "selection" if state & QStyle.StateFlag.State_Selected else ""
    if not role and state & QStyle.StateFlag.State_MouseOver:
        role = "hover"
    if role:
        painter.fillRect(option.rect, theme.color(role))
    if state & QStyle.StateFlag.State_HasFocus:
        painter.setPen(QPen(theme.color("accent"), 2))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(QRectF(option.rect).adjusted(1, 1, -1, -1), GRID, GRID)


def _paint_box(painter: QPainter, area: QRect, role: str | None) -> None:
    """A box to tick; a ticked one has the colour of the curves of its run."""
    size = theme.px(BOX)
    box = QRectF(0, 0, size, size)
    box.moveCenter(QRectF(area).center())
    painter.setPen(QPen(theme.color(role or "outline"), 1.4))
    painter.setBrush(theme.color(role) if role else Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(box, 3, 3)
    if role:
        paint_icon(painter, box.adjusted(1, 1, -1, -1), "check", role="card")
