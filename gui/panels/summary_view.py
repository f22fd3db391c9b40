"""The view of the table of the network: figures flush right in the fixed-width font, shares as bars."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPen
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTreeView,
)

from graph.messages import tr
from gui.canvas.card import UNKNOWN_ROLE
from gui.icons import family_icon, paint_icon
from gui.panels.summary_model import COLUMNS, NAME, ROW, SHARE, SummaryModel
from gui.theme import GRID, THEMES, mono_font, theme
from runtime.summary import Row

Index = QModelIndex | QPersistentModelIndex
HEIGHT, ICON, FIGURES = 28, 16, 12  # pixels at 100 %: a row, an icon, the font of figures
PADDING = 2 * GRID
BAR = 48  # pixels at 100 % of the bar of a share of all
WIDTHS = (48, 160, 152, 168, 112, 136, 144, 136, 104)  # of columns, pixels at 100 %
WIDEST = 320  # pixels at 100 % to which a column of words grows by itself

# The view fills whole rows itself; the style would fill each cell once more, and leave out the place of the arrows.
NO_GROUND = """
QTreeView { selection-background-color: transparent; }
QTreeView::item:selected, QTreeView::item:hover, QTreeView::branch:selected, QTreeView::branch:hover { background: transparent; }
"""

_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class SummaryView(QTreeView):
    """`row_entered(index)`: Enter or a double click on a row."""

    row_entered = Signal(QModelIndex)

    def __init__(self, model: SummaryModel) -> None:
        super().__init__()
        self.setModel(model)
        self.setAccessibleName(tr("Summary of the network"))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setTreePosition(NAME)
        self.setIndentation(4 * GRID)
        self.setUniformRowHeights(True)
        self.setMouseTracking(True)
        self.setExpandsOnDoubleClick(False)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setItemDelegate(_Delegate(self))
        self.setStyleSheet(NO_GROUND)
        self._prepare_header()
        theme.changed.connect(self._use_scale)
        self.doubleClicked.connect(self.row_entered)

    def _prepare_header(self) -> None:
        header = self.header()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        header.setStretchLastSection(False)
        header.setSectionsMovable(False)
        header.setMinimumSectionSize(8 * GRID)
        header.setSectionsClickable(True)
        header.setSortIndicatorShown(True)
        header.setSortIndicator(0, Qt.SortOrder.AscendingOrder)
        self.setSortingEnabled(True)
        self._use_scale()

    def fit_columns(self) -> None:
        """Make the columns of words as wide as what is in the first rows, within reason."""
        for column, width in enumerate(WIDTHS):
            if not COLUMNS[column].is_figure:
                wanted = self.sizeHintForColumn(column)
                self.setColumnWidth(column, min(max(theme.px(width), wanted), theme.px(WIDEST)))

    @Slot()
    def _use_scale(self) -> None:
        for column, width in enumerate(WIDTHS):
            self.setColumnWidth(column, max(theme.px(width), self.header().sectionSizeHint(column)))
        self.scheduleDelayedItemsLayout()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self.row_entered.emit(self.currentIndex())
        else:
            super().keyPressEvent(event)

    def drawRow(self, painter: QPainter, options: QStyleOptionViewItem, index: Index) -> None:
        """The ground of the whole row first: selected rows are filled, the one that keys go to has a frame."""
        area = QRectF(options.rect).adjusted(1, 1, -1, -1)
        selected = self.selectionModel().isSelected(index)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        at = self.currentIndex()
        current = self.hasFocus() and (at.row(), at.parent()) == (index.row(), index.parent())
        painter.setPen(QPen(theme.color("accent"), 2) if current else Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("selection") if selected else Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(area, GRID, GRID)
        painter.restore()
        super().drawRow(painter, options, index)


class _Delegate(QStyledItemDelegate):
    def __init__(self, view: SummaryView) -> None:
        super().__init__(view)

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        extra = theme.px(ICON) + GRID + PADDING if index.column() == NAME else 0
        words = option.fontMetrics.horizontalAdvance(index.data()) + 2 * PADDING + extra
        return QSize(words, theme.px(HEIGHT))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        column, row = COLUMNS[index.column()], index.data(ROW)
        area = option.rect.adjusted(PADDING, 0, -PADDING, 0)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if bool(option.state & QStyle.StateFlag.State_MouseOver) and not option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(option.rect, theme.color("hover"))
        if index.column() == NAME:
            area = _paint_family(painter, area, row)
        share = index.data(SHARE)
        if share:
            area = _paint_bar(painter, area, share)
        is_mono = column.is_figure or column.key == "output"
        painter.setFont(mono_font(theme.px(FIGURES)) if is_mono else option.font)
        painter.setPen(_ink(index.column()))
        text = painter.fontMetrics().elidedText(index.data(), Qt.TextElideMode.ElideRight, area.width())
        painter.drawText(area, _RIGHT if column.is_figure else _LEFT, text)
        painter.restore()


def _ink(column: int) -> QColor:
    """Names and figures stand out; what only explains them is quiet."""
    quiet = column == 0 or COLUMNS[column].key == "type"
    return theme.color("muted" if quiet else "text")


def _paint_family(painter: QPainter, area: QRect, row: Row) -> QRect:
    """The icon of the family; gives what is left of the area."""
    size = theme.px(ICON)
    role = row.family if row.family in THEMES[theme.name] else UNKNOWN_ROLE
    place = QRectF(area.left(), area.center().y() - size / 2 + 1, size, size)
    paint_icon(painter, place, family_icon(role), role=role)
    return area.adjusted(size + PADDING, 0, 0, 0)


def _paint_bar(painter: QPainter, area: QRect, share: float) -> QRect:
    """The bar of a share from the left, on a faint one for the whole; gives what is left of the area."""
    width, height = theme.px(BAR), theme.px(2 * GRID - 2)
    place = QRectF(area.left(), area.center().y() - height / 2 + 1, width, height)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.color("hover"))
    painter.drawRoundedRect(place, 2, 2)
    painter.setBrush(theme.color("accent"))
    painter.drawRoundedRect(QRectF(place.left(), place.top(), max(2.0, width * share), height), 2, 2)
    return area.adjusted(width + GRID, 0, 0, 0)
