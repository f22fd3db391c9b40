"""Layer health: a row a layer of the run on show, with its gradients, its weights, its output, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRectF,
    QSize,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHeaderView,
    QStackedLayout,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from graph.messages import Message, msg, tr
from graph.model import NodeId
from gui.canvas.marking import STATES
from gui.editor import Editor
from gui.figures import figure, percent
from gui.panels.empty import EmptyState
from gui.panels.pulse import advice, paint_bars, paint_sparkline
from gui.theme import GRID, mono_font, theme
from gui.vitals import Vitals
from runtime.events import LayerHealth

Index = QModelIndex | QPersistentModelIndex
NODE = Qt.ItemDataRole.UserRole
CURVE, BARS = NODE + 1, NODE + 2  # heights from 0 to 1; counts
ROW_HEIGHT, FIGURES, PADDING = 28, 12, 2 * GRID  # pixels at 100 %


class Column(NamedTuple):
    """Title, tip and width in pixels of a column, and what it says of a layer."""

    title: Message
    tip: Message
    width: int
    text: Callable[[LayerHealth], str]


def _or_nothing(value: float | None, write: Callable[[float], str] = figure) -> str:
    return "" if value is None else write(value)


COLUMNS = (
    Column(msg("Layer"), msg("The name in the drawing"), 152, lambda layer: ""),
    Column(msg("State"), msg("What is wrong with how it learns"), 104,
           lambda layer: str(STATES[layer.state][0]) if layer.state else tr("well")),
    Column(msg("Gradient norm"), msg("How long the gradient of all its parameters is"), 120,
           lambda layer: _or_nothing(layer.gradient_norm)),
    Column(msg("Gradients"), msg("The same over the last looks, each about a second apart"), 112, lambda layer: ""),
    Column(msg("Update / weights"), msg("How far a step moves the weights, relative to them; about 0.001 is usual"), 128,
           lambda layer: _or_nothing(layer.update_ratio)),
    Column(msg("Output mean"), msg("The mean of what leaves it"), 112, lambda layer: _or_nothing(layer.mean)),
    Column(msg("Output deviation"), msg("The standard deviation of what leaves it"), 128, lambda layer: _or_nothing(layer.deviation)),
    Column(msg("Dead units"), msg("The share of units that are 0 for every sample of a batch"), 104,
           lambda layer: _or_nothing(layer.dead, percent)),
    Column(msg("Weights"), msg("How often weights of each size occur"), 128, lambda layer: ""),
)  # fmt: skip
NAME, STATE, GRADIENTS, WEIGHTS = 0, 1, 3, 8
WORDS = (NAME, STATE)


class HealthModel(QAbstractTableModel):
    """The layers of the drawing that the last look saw, in the order of the drawing."""

    def __init__(self, editor: Editor, vitals: Vitals, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._editor, self._vitals = editor, vitals
        self._rows: list[NodeId] = []
        vitals.changed.connect(self._on_changed)

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index | None = None) -> int:
        return len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return str(COLUMNS[section].title)
        return str(COLUMNS[section].tip) if role == Qt.ItemDataRole.ToolTipRole else None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        node = self._rows[index.row()]
        layer = self._vitals.latest.get(node, LayerHealth())
        if role == NODE:
            return node
        if role == CURVE:
            return self._vitals.curve(node) if index.column() == GRADIENTS else ()
        if role == BARS:
            return layer.histogram if index.column() == WEIGHTS else ()
        if role == Qt.ItemDataRole.DisplayRole:
            return self._name(node) if index.column() == NAME else COLUMNS[index.column()].text(layer)
        if role == Qt.ItemDataRole.ForegroundRole and index.column() == STATE:
            return theme.color(STATES[layer.state][1] if layer.state else "good")
        if role == Qt.ItemDataRole.ToolTipRole and index.column() == STATE:
            return advice(layer, node, self._editor.project) or None
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{COLUMNS[index.column()].title}: {self.data(index)}"
        return None

    def _name(self, node: NodeId) -> str:
        found = self._editor.project.graph.nodes.get(node)
        return found.name if found else node

    @Slot()
    def _on_changed(self) -> None:
        order = {node: place for place, node in enumerate(self._editor.project.graph.nodes)}
        rows = sorted(self._vitals.latest, key=lambda node: order.get(node, len(order)))
        if rows != self._rows:
            self.beginResetModel()
            self._rows = rows
            self.endResetModel()
        elif rows:
            self.dataChanged.emit(self.index(0, 0), self.index(len(rows) - 1, len(COLUMNS) - 1))


class HealthPanel(QWidget):
    """The table, or what it will show. `node_requested(id)`: Enter or a double click on a layer."""

    node_requested = Signal(str)

    def __init__(self, editor: Editor, vitals: Vitals, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(tr("Layer health"))
        self._vitals = vitals
        self.model = HealthModel(editor, vitals, self)
        self.table = HealthTable(self.model)
        self.table.entered_row.connect(lambda index: self.node_requested.emit(index.data(NODE)))
        hint = tr(
            "While a network trains, its layers are looked at about once a second: gradients, steps, outputs, weights."
        )
        self._empty = EmptyState("chart", tr("Nothing looked at yet"), hint)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self._empty)
        self._stack.addWidget(self.table)
        vitals.changed.connect(self._choose)
        self._choose()

    @Slot()
    def _choose(self) -> None:
        self._stack.setCurrentWidget(self.table if self._vitals.latest else self._empty)


class HealthTable(QTableView):
    """`entered_row(index)`: Enter or a double click on a row."""

    entered_row = Signal(QModelIndex)

    def __init__(self, model: HealthModel) -> None:
        super().__init__()
        self.setModel(model)
        self.setAccessibleName(tr("Layer health"))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setShowGrid(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTabKeyNavigation(False)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setItemDelegate(_Delegate(self))
        self.verticalHeader().hide()
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.doubleClicked.connect(self.entered_row)
        theme.changed.connect(self._use_scale)
        self._use_scale()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self.entered_row.emit(self.currentIndex())
        else:
            super().keyPressEvent(event)

    @Slot()
    def _use_scale(self) -> None:
        self.verticalHeader().setDefaultSectionSize(theme.px(ROW_HEIGHT))
        for number, described in enumerate(COLUMNS):
            self.setColumnWidth(number, max(theme.px(described.width), self.horizontalHeader().sectionSizeHint(number)))


class _Delegate(QStyledItemDelegate):
    """Figures in the fixed-width font, curves and bars as drawings."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(option.fontMetrics.horizontalAdvance(str(index.data())) + 2 * PADDING, theme.px(ROW_HEIGHT))

    def initStyleOption(self, option: QStyleOptionViewItem, index: Index) -> None:
        super().initStyleOption(option, index)
        if index.column() not in WORDS:
            option.font = mono_font(theme.px(FIGURES))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        super().paint(painter, option, index)
        area = QRectF(option.rect).adjusted(PADDING, 5, -PADDING, -5)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        paint_sparkline(painter, area, index.data(CURVE))
        paint_bars(painter, area, index.data(BARS))
        painter.restore()
