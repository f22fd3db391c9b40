"""The table of the trials of a sweep: the best stands out, what was ended early or failed steps back."""

from __future__ import annotations

from PySide6.QtCore import (
    QEvent,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRectF,
    QSize,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import QContextMenuEvent, QFontMetrics, QKeyEvent, QMouseEvent, QPainter, QPen
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
from gui.panels.runs_view import NO_GROUND
from gui.panels.sweep_model import STATUS, TrialsModel
from gui.theme import GRID, mono_font, theme
from runtime.sweep_events import FAILED, FINISHED, PRUNED, STOPPED
from runtime.sweep_folders import Trial

Index = QModelIndex | QPersistentModelIndex
HEIGHT, FIGURES = 28, 12  # pixels at 100 %: a row, the font of figures
PADDING = 2 * GRID
LEAST, WORDS, WIDEST = 56, 116, 220
_TAKEN = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class TrialsView(QTableView):
    """Rows are selected. `opened(Trial)`: Enter or a double click. `menu_wanted(QPoint)`, in coordinates of the screen.
    `current_changed(Trial or None)`: another row has the cursor."""

    opened = Signal(object)
    menu_wanted = Signal(object)
    current_changed = Signal(object)

    def __init__(self, model: TrialsModel) -> None:
        super().__init__()
        self._model = model
        self._kept: tuple[int | None, int, int] = (None, 0, 0)
        self._fitted: list[str] = []
        self._is_arranging = False
        self.follows = True  # nobody chose a trial yet: the cursor may go to the best one
        self.setModel(model)
        self.setAccessibleName(tr("Trials"))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setMouseTracking(True)
        self.setTabKeyNavigation(False)
        self.setCornerButtonEnabled(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setItemDelegate(_Cells(self))
        self.setStyleSheet(NO_GROUND)
        header, rows = self.horizontalHeader(), self.verticalHeader()
        rows.hide()
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        header.setHighlightSections(False)
        header.setResizeContentsPrecision(0)  # widths fit the rows on the screen
        header.setSectionsClickable(True)
        header.sectionClicked.connect(lambda section: model.sort_by(model.columns[section]))
        model.about_to_arrange.connect(self._keep_place)
        model.arranged.connect(self._restore_place)
        self.selectionModel().currentRowChanged.connect(self._on_current_changed)
        theme.changed.connect(self._use_scale)
        self._use_scale()

    @property
    def current(self) -> Trial | None:
        """The trial with the cursor."""
        row = self.currentIndex().row()
        return self._model.shown[row] if 0 <= row < len(self._model.shown) else None

    def go_to(self, number: int) -> None:
        """Put the cursor on a trial that the person chose."""
        self.follows = False
        self.show_row(number)

    def show_row(self, number: int) -> None:
        """Put the cursor on a trial."""
        if (row := self._model.row_of(number)) is not None:
            column = max(0, self.currentIndex().column())
            self.setCurrentIndex(self._model.index(row, column))
            self.scrollTo(self._model.index(row, column))

    def fit_columns(self) -> None:
        """Make the columns as wide as titles and the rows on the screen need, within reason."""
        header = self.horizontalHeader()
        for number in range(len(self._model.columns)):
            wanted = max(self.sizeHintForColumn(number), header.sectionSizeHint(number) + PADDING)
            least = WORDS if self._model.columns[number].kind == STATUS else LEAST
            self.setColumnWidth(number, min(max(theme.px(least), wanted), theme.px(WIDEST)))

    @Slot()
    def _keep_place(self) -> None:
        current = self.current
        number = current.number if current else None
        self._kept = number, self.currentIndex().column(), self.verticalScrollBar().value()
        self._is_arranging = True

    @Slot()
    def _restore_place(self) -> None:
        number, column, scrolled = self._kept
        row = None if number is None else self._model.row_of(number)
        if row is not None:
            flags = QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows
            self.selectionModel().setCurrentIndex(self._model.index(row, max(0, column)), flags)
            self.verticalScrollBar().setValue(scrolled)
        self._is_arranging = False
        titles = [column.title for column in self._model.columns]
        rows = min(len(self._model.shown), 3)
        if self._fitted != [*titles, str(rows)]:
            self._fitted = [*titles, str(rows)]
            self.fit_columns()
        if row is None:
            self.current_changed.emit(self.current)

    @Slot()
    def _on_current_changed(self) -> None:
        if not self._is_arranging:
            self.follows = self.follows and not self.hasFocus()
            self.current_changed.emit(self.current)

    @Slot()
    def _use_scale(self) -> None:
        self.verticalHeader().setDefaultSectionSize(theme.px(HEIGHT))
        self.fit_columns()

    # ---- what the person does

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        super().mouseDoubleClickEvent(event)
        if self.indexAt(event.position().toPoint()).isValid() and self.current is not None:
            self.opened.emit(self.current)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and event.key() in _TAKEN:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in _TAKEN and self.current is not None:
            self.opened.emit(self.current)
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
        font = option.font if _is_word(index) else mono_font(theme.px(FIGURES))
        return QSize(QFontMetrics(font).horizontalAdvance(index.data() or "") + 3 * PADDING, theme.px(HEIGHT))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        trial, model = _trial(index), _model(index)
        column = model.columns[index.column()]
        _paint_ground(painter, option, is_best=model.is_best(trial), is_first=index.column() == 0)
        area = option.rect.adjusted(PADDING, 0, -PADDING, 0)
        font = option.font if _is_word(index) else mono_font(theme.px(FIGURES))
        font.setBold(model.is_best(trial))
        painter.setFont(font)
        painter.setPen(theme.color(_ink(trial, column.kind, is_best=model.is_best(trial))))
        text = painter.fontMetrics().elidedText(index.data() or "", Qt.TextElideMode.ElideRight, area.width())
        side = Qt.AlignmentFlag.AlignRight if column.is_number else Qt.AlignmentFlag.AlignLeft
        painter.drawText(area, side | Qt.AlignmentFlag.AlignVCenter, text)
        painter.restore()


def _model(index: Index) -> TrialsModel:
    model = index.model()
    assert isinstance(model, TrialsModel)
    return model


def _trial(index: Index) -> Trial:
    return _model(index).shown[index.row()]


def _is_word(index: Index) -> bool:
    return _model(index).columns[index.column()].kind == STATUS


def _ink(trial: Trial, kind: str, *, is_best: bool) -> str:
    if kind == STATUS:
        return "good" if is_best else {FAILED: "error", FINISHED: "muted"}.get(trial.status, "faint")
    return "faint" if trial.status in (PRUNED, FAILED, STOPPED) else "text"


def _paint_ground(painter: QPainter, option: QStyleOptionViewItem, *, is_best: bool, is_first: bool) -> None:
    state = option.state
    role = "selection" if state & QStyle.StateFlag.State_Selected else ""
    if not role and state & QStyle.StateFlag.State_MouseOver:
        role = "hover"
    if role:
        painter.fillRect(option.rect, theme.color(role))
    if is_best and is_first:
        painter.fillRect(
            QRectF(option.rect.left(), option.rect.top() + 3, 3, option.rect.height() - 6), theme.color("good")
        )
    if state & QStyle.StateFlag.State_HasFocus:
        painter.setPen(QPen(theme.color("accent"), 2))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(QRectF(option.rect).adjusted(1, 1, -1, -1), GRID, GRID)
