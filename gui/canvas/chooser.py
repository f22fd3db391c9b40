"""A small box over the canvas to type in and choose from: a line edit and a list, worked by keyboard or mouse."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from PySide6.QtCore import QModelIndex, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from gui.canvas.popup import BOX_WIDTH, Popup
from gui.icons import family_icon, paint_icon
from gui.saying import say
from gui.theme import theme

ROW_HEIGHT = 26
MAX_ROWS = 8
MAX_ENTRIES = 200
BAR_HEIGHT, ICON = 14, 16
ENTRY = Qt.ItemDataRole.UserRole  # the entry of a row
_STEPS = {
    Qt.Key.Key_Down: 1,
    Qt.Key.Key_Up: -1,
    Qt.Key.Key_PageDown: MAX_ROWS,
    Qt.Key.Key_PageUp: -MAX_ROWS,
}


class Entry(NamedTuple):
    """One line to choose: its words, a quieter word at the right, whose family's icon and color it has, what it is for."""

    text: str
    detail: str
    family: str
    value: object
    tip: str = ""


class Chooser(Popup):
    """Finds entries while the person types. `chosen` gives the value of the one taken; the box closes either way.

    Other boxes derive from it: their entries have a `value` and a `tip` too, and rows of their own.
    """

    chosen = Signal(object)
    width_of_box = BOX_WIDTH
    row_height = ROW_HEIGHT
    max_rows = MAX_ROWS

    def __init__(self, parent: QWidget, find: Callable[[str], Sequence[Any]], *, title: str, nothing: str) -> None:
        super().__init__(parent, title)
        self._find = find
        self.list = QListWidget()
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        self.list.setUniformItemSizes(True)
        self.list.setMouseTracking(True)
        self.list.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.list.setItemDelegate(self.make_rows())
        self.list.setAccessibleName(title)
        self._nothing = QLabel(nothing)
        self._nothing.setProperty("tone", "muted")
        self._nothing.setWordWrap(True)
        for widget in (self.list, self._nothing):
            self._lines.addWidget(widget)
        self.edit.textChanged.connect(self._fill)
        self.list.itemClicked.connect(self._take)
        self.list.currentItemChanged.connect(self._on_current_changed)
        self._fill("")

    def make_rows(self) -> QStyledItemDelegate:
        """What paints the rows."""
        return _Rows(self.list)

    def words_of(self, entry: Any) -> str:
        """A row as it is read out."""
        return f"{entry.text} ({entry.detail})" if entry.detail else entry.text

    def can_take(self, entry: Any) -> bool:
        """Whether the entry can be chosen now."""
        return True

    def room(self) -> QSize:
        """As high as with a full list."""
        return QSize(theme.px(self.width_of_box), self._height(self.max_rows))

    def entries(self) -> list[Any]:
        """What the list offers now, best first."""
        return [self.list.item(row).data(ENTRY) for row in range(self.list.count())]

    def on_key(self, key: Qt.Key) -> bool:
        if key in _STEPS:
            row = self.list.currentRow() + _STEPS[key]
            self.list.setCurrentRow(max(0, min(row, self.list.count() - 1)))
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Tab):
            self._take(self.list.currentItem())
        else:
            return super().on_key(key)
        return True

    def _take(self, item: QListWidgetItem | None) -> None:
        if item is not None and self.can_take(item.data(ENTRY)):
            value = item.data(ENTRY).value
            self.shut()
            self.chosen.emit(value)

    def _fill(self, text: str) -> None:
        self.list.clear()
        for entry in self._find(text)[:MAX_ENTRIES]:
            item = QListWidgetItem(self.words_of(entry))
            item.setData(ENTRY, entry)
            item.setToolTip(entry.tip)
            self.list.addItem(item)
        rows = self.list.count()
        self.list.setCurrentRow(0 if rows else -1)
        self.list.setFixedHeight(theme.px(self.row_height) * min(rows, self.max_rows))
        self.list.setVisible(rows > 0)
        self._nothing.setVisible(rows == 0)
        self.setFixedSize(theme.px(self.width_of_box), self._height(rows))

    @Slot(QListWidgetItem)
    def _on_current_changed(self, item: QListWidgetItem | None) -> None:
        """The focus stays in the line: say there which row is chosen."""
        self.edit.setAccessibleDescription(item.text() if item is not None else self._nothing.text())
        say(self.edit, self.edit.accessibleDescription())

    def _height(self, rows: int) -> int:
        body = theme.px(self.row_height) * min(rows, self.max_rows)
        if not rows:
            self._nothing.ensurePolished()
            body = max(2 * theme.px(ROW_HEIGHT), self._nothing.heightForWidth(theme.px(self.width_of_box) - 16))
        return self.edit.sizeHint().height() + body + 24


class _Rows(QStyledItemDelegate):
    """A line of the list: the bar and the icon of the family in its color, the words, the quieter word."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        return QSize(theme.px(BOX_WIDTH) - 24, theme.px(ROW_HEIGHT))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        entry: Entry = index.data(ENTRY)
        area = QRectF(option.rect)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        state = option.state
        if state & (QStyle.StateFlag.State_Selected | QStyle.StateFlag.State_MouseOver):
            painter.setBrush(theme.color("selection" if state & QStyle.StateFlag.State_Selected else "hover"))
            painter.drawRoundedRect(area, 4, 4)
        painter.setBrush(theme.color(entry.family))
        bar, icon = theme.px(BAR_HEIGHT), theme.px(ICON)
        painter.drawRoundedRect(QRectF(area.left() + 4, area.center().y() - bar / 2, 4, bar), 1, 1)
        at = QRectF(area.left() + 12, area.top() + (area.height() - icon) / 2, icon, icon)
        paint_icon(painter, at, family_icon(entry.family), role=entry.family)
        words = area.adjusted(20 + icon, 0, -8, 0)
        text = option.fontMetrics.elidedText(entry.text, Qt.TextElideMode.ElideMiddle, int(words.width()))
        left = int(words.width()) - option.fontMetrics.horizontalAdvance(text) - 8
        detail = option.fontMetrics.elidedText(entry.detail, Qt.TextElideMode.ElideRight, max(left, 0))
        painter.setPen(theme.color("muted"))
        painter.drawText(words, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, detail)
        painter.setPen(theme.color("text"))
        painter.drawText(words, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)
        painter.restore()
