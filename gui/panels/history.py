"""The history of the document: every step in words with its time; a click or Enter goes there."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import QKeyEvent, QPainter, QPen, QResizeEvent
from PySide6.QtWidgets import QFrame, QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from graph.messages import tr
from gui.editor import Editor
from gui.icons import paint_icon
from gui.panels.parts import column, label
from gui.theme import GRID, RADIUS, mono_font, theme

ROW, ICON = 28, 12  # pixels at 100 %, as the size of the time
BAR = 3  # pixels: the mark of the present state
TIME_SIZE = 12
SAVED = Qt.ItemDataRole.UserRole
PRESENT = Qt.ItemDataRole.UserRole + 1
LATER = Qt.ItemDataRole.UserRole + 2
TIME = Qt.ItemDataRole.UserRole + 3
Index = QModelIndex | QPersistentModelIndex


class HistoryPanel(QWidget):
    """All states of an editor's document, the first at the top. It follows what happens in the editor."""

    def __init__(self, editor: Editor, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._editor = editor
        self.model = Steps(editor)
        self.model.setParent(self)
        self.list = StepList(self.model)
        self._count = label("", tone="faint")
        self._count.setContentsMargins(3 * GRID, GRID, 3 * GRID, GRID)
        layout = column(self)
        layout.addWidget(self.list, 1)
        layout.addWidget(self._count)
        self.list.travelled.connect(editor.travel_to)
        self.model.refreshed.connect(self._on_refreshed)
        theme.changed.connect(self.list.scheduleDelayedItemsLayout)
        self._on_refreshed()

    @Slot()
    def _on_refreshed(self) -> None:
        count, at = self.model.rowCount() - 1, self._editor.history.index
        undone = count - at
        words = tr("1 step") if count == 1 else tr("{count} steps", count=count)
        self._count.setText(tr("{steps}, {count} of them undone", steps=words, count=undone) if undone else words)
        self.list.stand_on(at)


class Steps(QAbstractListModel):
    """The states as rows. `refreshed()` after each change, also of which of them is the present or the saved one."""

    refreshed = Signal()

    def __init__(self, editor: Editor) -> None:
        super().__init__()
        self._editor = editor
        self._history = editor.history
        self._count, self._at = len(self._history.steps), self._history.index
        self._shown = list(self._history.steps)
        editor.changed.connect(self._refresh)
        editor.saved_changed.connect(self._refresh)

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else self._count

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        read = _READ.get(role)
        return read(self, index.row()) if read is not None and index.row() < len(self._history.steps) else None

    def text(self, row: int) -> str:
        """What was done, in words."""
        text = self._history.steps[row].text
        return tr("The beginning") if text is None else str(text)

    def time(self, row: int) -> str:
        """When it was done: the time, before today the day too."""
        when, now = datetime.fromtimestamp(self._history.steps[row].time), datetime.now()
        return f"{when:%H:%M}" if when.date() == now.date() else f"{when:%Y-%m-%d %H:%M}"

    def is_present(self, row: int) -> bool:
        """Whether this is the state on the canvas."""
        return row == self._history.index

    def is_later(self, row: int) -> bool:
        """Whether this state was undone, and can be redone."""
        return row > self._history.index

    def is_saved(self, row: int) -> bool:
        """Whether the file holds this state."""
        return self._history.is_saved_at(row)

    def words(self, row: int) -> str:
        """All about a row, for a screen reader and the tool tip."""
        marks = [
            (self.is_present(row), tr("now")),
            (self.is_later(row), tr("undone")),
            (self.is_saved(row), tr("saved")),
        ]
        return ", ".join([self.text(row), self.time(row), *(word for holds, word in marks if holds)])

    @Slot()
    def _refresh(self, *_change: object) -> None:
        if self._editor.history is not self._history:
            self.beginResetModel()
            self._history = self._editor.history
            self._count, self._at = len(self._history.steps), self._history.index
            self._shown = list(self._history.steps)
            self.endResetModel()
        first = self._first_changed()
        old, new = self._count, len(self._history.steps)
        if new > old:
            self.beginInsertRows(QModelIndex(), old, new - 1)
            self._count = new
            self.endInsertRows()
        elif new < old:
            self.beginRemoveRows(QModelIndex(), new, old - 1)
            self._count = new
            self.endRemoveRows()
        if first < min(old, new):
            self.dataChanged.emit(self.index(first), self.index(min(old, new) - 1))
        self._shown, self._at = list(self._history.steps), self._history.index
        self.refreshed.emit()

    def _first_changed(self) -> int:
        """The first row that says something else than before: another step, or one that was undone or redone."""
        steps = enumerate(zip(self._shown, self._history.steps, strict=False))
        other = next((row for row, (shown, step) in steps if shown is not step), self._count)
        at = self._history.index
        return other if at == self._at else min(other, at, self._at)


_READ = {
    Qt.ItemDataRole.DisplayRole: Steps.text,
    Qt.ItemDataRole.AccessibleTextRole: Steps.words,
    Qt.ItemDataRole.ToolTipRole: Steps.words,
    TIME: Steps.time,
    PRESENT: Steps.is_present,
    LATER: Steps.is_later,
    SAVED: Steps.is_saved,
}


class StepList(QListView):
    """The rows on the screen. `travelled(row)`: a click or Enter."""

    travelled = Signal(int)

    def __init__(self, model: Steps) -> None:
        super().__init__()
        self.setModel(model)
        self.setAccessibleName(tr("History"))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setItemDelegate(_Delegate(self))
        self.clicked.connect(self._on_clicked)
        model.refreshed.connect(self.viewport().update)

    def stand_on(self, row: int) -> None:
        """Show a row as the one that the keys start from."""
        self.setCurrentIndex(self.model().index(row, 0))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.scrollTo(self.currentIndex())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and self.currentIndex().isValid():
            self.travelled.emit(self.currentIndex().row())
        else:
            super().keyPressEvent(event)

    @Slot(QModelIndex)
    def _on_clicked(self, index: QModelIndex) -> None:
        self.travelled.emit(index.row())


class _Delegate(QStyledItemDelegate):
    """Paints a row: the bar of the present state, the words, whether the file holds it, the time."""

    def sizeHint(self, _option: QStyleOptionViewItem, _index: Index) -> QSize:
        return QSize(0, theme.px(ROW))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        _paint_ground(painter, option, is_present=index.data(PRESENT))
        area = option.rect.adjusted(3 * GRID, 0, -3 * GRID, 0)
        right = _paint_time(painter, area, index.data(TIME))
        if index.data(SAVED):
            words = option.fontMetrics.horizontalAdvance(index.data())
            right = _paint_saved(painter, area, right, room=right - area.left() - words)
        painter.setFont(option.font)
        painter.setPen(theme.color("muted" if index.data(LATER) else "text"))
        space = QRect(area.left(), area.top(), right - area.left() - 2 * GRID, area.height())
        text = painter.fontMetrics().elidedText(index.data(), Qt.TextElideMode.ElideRight, space.width())
        painter.drawText(space, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)
        painter.restore()


def _paint_ground(painter: QPainter, option: QStyleOptionViewItem, *, is_present: bool) -> None:
    box = QRectF(option.rect).adjusted(GRID, 1, -GRID, -1)
    has_cursor = option.state & QStyle.StateFlag.State_HasFocus
    painter.setPen(QPen(theme.color("accent"), 2) if has_cursor else Qt.PenStyle.NoPen)
    hovered = option.state & QStyle.StateFlag.State_MouseOver
    role = "selection" if is_present else "hover" if hovered else ""
    painter.setBrush(theme.color(role) if role else Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(box.adjusted(1, 1, -1, -1), RADIUS, RADIUS)
    if is_present:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("accent"))
        painter.drawRoundedRect(QRectF(box.left(), box.top() + GRID, BAR, box.height() - 2 * GRID), 1.5, 1.5)


def _paint_time(painter: QPainter, area: QRect, time: str) -> int:
    """Paint the time at the right; gives where it begins."""
    painter.setFont(mono_font(theme.px(TIME_SIZE)))
    painter.setPen(theme.color("muted"))
    painter.drawText(area, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, time)
    return area.right() - painter.fontMetrics().horizontalAdvance(time)


def _paint_saved(painter: QPainter, area: QRect, right: int, *, room: int) -> int:
    """Paint the mark of the state in the file left of `right`, with its word where there is room; gives where it begins."""
    word, size = tr("saved"), theme.px(ICON)
    width = painter.fontMetrics().horizontalAdvance(word)
    left = right - 2 * GRID
    if width + size + 6 * GRID <= room:
        left -= width
        painter.setPen(theme.color("good"))
        painter.drawText(QRect(left, area.top(), right - left, area.height()), Qt.AlignmentFlag.AlignVCenter, word)
        left -= GRID
    left -= size
    top = area.top() + (area.height() - size) / 2
    paint_icon(painter, QRectF(left, top, size, size), "save", role="good")
    return left
