"""The view of the table of an import of weights: nodes in groups, how each entry was found as icon and words, a list to choose from."""

from __future__ import annotations

from PySide6.QtCore import (
    QAbstractItemModel,
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QRectF,
    QSize,
    Qt,
    QTimer,
    Slot,
)
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPen, QResizeEvent, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QCompleter,
    QFrame,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTreeView,
    QWidget,
)

from graph.messages import tr
from gui.icons import paint_icon
from gui.panels.summary_view import NO_GROUND
from gui.theme import GRID, mono_font, theme
from gui.weights_model import FIRST, FROM, HOW, LINE, NODE, SHAPE, WEIGHTS, Option, WeightsModel, sign
from runtime.importer.weights_report import MATCHED

Index = QModelIndex | QPersistentModelIndex
HEIGHT, ICON, FIGURES = 32, 16, 12  # pixels at 100 %: a row, an icon, the font of names and figures
PADDING = 2 * GRID
WIDTHS = (112, 136, 128, 272, 272)  # of columns, pixels at 100 %
LIST_WIDTH = 400  # pixels at 100 % of the list of entries
ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
OPTION = Qt.ItemDataRole.UserRole


class WeightsView(QTreeView):
    """A click on a cell of the file opens the list of entries; letters search in it."""

    def __init__(self, model: WeightsModel) -> None:
        super().__init__()
        self.setModel(model)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName(tr("What of the file belongs where"))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setRootIsDecorated(False)
        self.setUniformRowHeights(True)
        self.setMouseTracking(True)
        self.setEditTriggers(QAbstractItemView.EditTrigger.EditKeyPressed)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setItemDelegate(_Delegate(self))
        self.setStyleSheet(NO_GROUND)
        self.header().setSectionsMovable(False)
        self.header().setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        self.header().setStretchLastSection(True)
        theme.changed.connect(self._use_scale)
        self.clicked.connect(self._on_clicked)
        self._use_scale()

    @Slot()
    def _use_scale(self) -> None:
        """Columns share what room there is; the last one takes the rest."""
        share = min(1.0, self.viewport().width() / theme.px(sum(WIDTHS)))
        for column, width in enumerate(WIDTHS[:-1]):
            self.setColumnWidth(column, round(share * theme.px(width)))
        self.scheduleDelayedItemsLayout()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._use_scale()

    @Slot(QModelIndex)
    def _on_clicked(self, index: QModelIndex) -> None:
        if index.column() == FROM:
            self.edit(index)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (*ENTER, Qt.Key.Key_F2):
            if self.currentIndex().isValid():
                self.edit(self.currentIndex().siblingAtColumn(FROM))
        else:
            super().keyPressEvent(event)

    def drawRow(self, painter: QPainter, options: QStyleOptionViewItem, index: Index) -> None:
        """A line above each node; then the ground of the whole row."""
        area = QRectF(options.rect).adjusted(1, 1, -1, -1)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if index.data(FIRST) and index.row():
            painter.fillRect(
                QRect(options.rect.left(), options.rect.top(), options.rect.width(), 1), theme.color("border")
            )
        is_current = self.hasFocus() and self.currentIndex().row() == index.row()
        painter.setPen(QPen(theme.color("accent"), 2) if is_current else Qt.PenStyle.NoPen)
        selected = self.selectionModel().isRowSelected(index.row(), QModelIndex())
        painter.setBrush(theme.color("selection") if selected else Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(area, GRID, GRID)
        painter.restore()
        super().drawRow(painter, options, index)


class _Delegate(QStyledItemDelegate):
    def __init__(self, view: WeightsView) -> None:
        super().__init__(view)
        self._view = view

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(0, theme.px(HEIGHT))

    # ---- painting

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        line, column = index.data(LINE), index.column()
        area = option.rect.adjusted(PADDING, 0, -PADDING, 0)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if bool(option.state & QStyle.StateFlag.State_MouseOver) and not option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(option.rect, theme.color("hover"))
        if column == FROM:
            area = _paint_field(painter, option.rect)
        elif column == HOW:
            area = _paint_sign(painter, area, *sign(line))
        painter.setFont(mono_font(theme.px(FIGURES)) if column in (WEIGHTS, SHAPE, FROM) else option.font)
        painter.setPen(_ink(column, *sign(line), is_matched=line.state == MATCHED))
        if column != NODE or index.data(FIRST):
            text = painter.fontMetrics().elidedText(index.data(), Qt.TextElideMode.ElideMiddle, area.width())
            painter.drawText(area, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)
        painter.restore()

    # ---- choosing

    def createEditor(self, parent: QWidget, _option: QStyleOptionViewItem, index: Index) -> QWidget:
        combo = QComboBox(parent)
        combo.setEditable(True)
        combo.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        combo.setAccessibleName(tr("The entry of the file"))
        items = QStandardItemModel(combo)
        for option in self._view.model().options(index.data(LINE).place):  # type: ignore[attr-defined]
            items.appendRow(_item(option))
        combo.setModel(items)
        combo.view().setMinimumWidth(theme.px(LIST_WIDTH))
        completer = QCompleter(items, combo)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        combo.setCompleter(completer)
        combo.activated.connect(lambda: self._finish(combo))
        if (line := combo.lineEdit()) is not None:
            line.returnPressed.connect(lambda: self._finish(combo))
        QTimer.singleShot(0, combo, combo.showPopup)
        return combo

    def setEditorData(self, editor: QWidget, index: Index) -> None:
        assert isinstance(editor, QComboBox)
        match = index.data(LINE).match
        wanted = match.entry if match else None
        options = [editor.itemData(i, OPTION) for i in range(editor.count())]
        editor.setCurrentIndex(next((i for i, option in enumerate(options) if option.entry == wanted), 0))
        if (line := editor.lineEdit()) is not None:
            line.selectAll()

    def setModelData(self, editor: QWidget, model: QAbstractItemModel, index: Index) -> None:
        assert isinstance(editor, QComboBox) and isinstance(model, WeightsModel)
        at = _found(editor)
        line, option = index.data(LINE), editor.itemData(at, OPTION) if at >= 0 else None
        if option is not None and option.entry != (line.match.entry if line.match else None):
            model.choose(line.place, option)

    def updateEditorGeometry(self, editor: QWidget, option: QStyleOptionViewItem, _index: Index) -> None:
        editor.setGeometry(option.rect)

    def eventFilter(self, editor: QObject, event: QEvent) -> bool:
        """Enter chooses, and goes no further: behind it is the view, which would open the list again."""
        if isinstance(event, QKeyEvent) and event.key() in ENTER and isinstance(editor, QComboBox):
            if event.type() == QEvent.Type.KeyPress:
                self._finish(editor)
            return True
        return super().eventFilter(editor, event)

    def _finish(self, editor: QComboBox) -> None:
        """Take what was chosen, once, as several signals tell of it, and not before the key that chose it has been heard."""
        if not editor.property("done"):
            editor.setProperty("done", True)
            QTimer.singleShot(0, editor, lambda: self._close(editor))

    def _close(self, editor: QComboBox) -> None:
        self.commitData.emit(editor)
        self.closeEditor.emit(editor)


def _found(editor: QComboBox) -> int:
    """The option that is written there, else the first with these letters in it; -1 if there is none."""
    text = editor.currentText()
    exact = editor.findText(text, Qt.MatchFlag.MatchExactly | Qt.MatchFlag.MatchCaseSensitive)
    return exact if exact >= 0 else editor.findText(text, Qt.MatchFlag.MatchContains)


def _item(option: Option) -> QStandardItem:
    item = QStandardItem(option.text)
    item.setData(option, OPTION)
    item.setEnabled(option.fits)
    if not option.fits:
        item.setForeground(theme.color("faint"))
    return item


def _ink(column: int, _icon: str, role: str, *, is_matched: bool) -> QColor:
    if column == HOW:
        return theme.color("muted" if is_matched else role)
    return theme.color("muted" if column == SHAPE else "text")


def _paint_field(painter: QPainter, area: QRect) -> QRect:
    """What can be opened looks like a field; gives what is left of the area."""
    place = QRectF(area).adjusted(GRID, GRID, -GRID, -GRID)
    painter.setPen(QPen(theme.color("border"), 1))
    painter.setBrush(theme.color("field"))
    painter.drawRoundedRect(place, GRID, GRID)
    size = theme.px(ICON)
    arrow = QRectF(place.right() - size - GRID, place.center().y() - size / 2, size, size)
    paint_icon(painter, arrow, "chevron-down", role="muted")
    return place.toRect().adjusted(PADDING, 0, -size - 2 * GRID, 0)


def _paint_sign(painter: QPainter, area: QRect, name: str, role: str) -> QRect:
    """An icon before the words; gives what is left of the area."""
    size = theme.px(ICON)
    paint_icon(painter, QRectF(area.left(), area.center().y() - size / 2 + 1, size, size), name, role=role)
    return area.adjusted(size + PADDING, 0, 0, 0)
