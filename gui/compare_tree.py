"""The list of differences by drawing: nodes and wires with their signs, and below them what differs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QFont, QKeyEvent, QPainter, QPen
from PySide6.QtWidgets import (
    QFrame,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTreeWidget,
    QTreeWidgetItem,
    QTreeWidgetItemIterator,
)

from graph.compare import Comparison, DrawingDifference, Kind, NodeDifference, WireDifference, drawing_title
from graph.messages import Message, msg, tr
from gui.canvas.marking import paint_mark
from gui.canvas.palette import Colors
from gui.compare_overlay import MARKS
from gui.icons import paint_icon
from gui.theme import GRID, RADIUS, theme

ROW, DETAIL, ARROW = 28, 22, 12  # pixels at 100 %
SIGN = 7.0  # the radius of a sign, in pixels at 100 %
ROLE = Qt.ItemDataRole.UserRole
KINDS = {Kind.ADDED: msg("added"), Kind.REMOVED: msg("removed"), Kind.CHANGED: msg("changed")}
Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True)
class Row:
    """A row: its words, a note at the right, its sign, and what it is about. Headings and details are no stops."""

    text: str
    note: str = ""
    kind: Kind | None = None
    drawing: DrawingDifference | None = None
    node: NodeDifference | None = None
    wire: WireDifference | None = None
    is_heading: bool = False
    is_stop: bool = False

    @property
    def words(self) -> str:
        """All that the row says, for a screen reader and the tool tip."""
        return ", ".join(filter(None, (str(KINDS[self.kind]) if self.kind else "", self.text, self.note)))


class DifferenceTree(QTreeWidget):
    """Shows a comparison. `row_chosen(Row)`: the person went to a row, or something else did by `step` or `choose`."""

    row_chosen = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName(tr("Differences"))
        self.setHeaderHidden(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setMouseTracking(True)
        self.setIndentation(4 * GRID)
        self.setExpandsOnDoubleClick(False)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setItemDelegate(_Cells(self))
        self.currentItemChanged.connect(self._on_current_changed)
        theme.changed.connect(self.scheduleDelayedItemsLayout)

    def show_comparison(self, comparison: Comparison) -> None:
        """Show other differences; the drawing of the project is always there, and is chosen."""
        self.clear()
        drawings = comparison.drawings
        if not any(not drawing.is_block for drawing in drawings):
            drawings = (DrawingDifference(""), *drawings)
        for drawing in drawings:
            self._add_drawing(drawing)
        for title, texts in ((tr("Training plan"), comparison.training), (tr("Code"), comparison.code)):
            if texts:
                self._add_settings(self._add(self, Row(title, str(len(texts)), is_heading=True)), texts, drawings[0])
        self.expandAll()
        self._go(self.topLevelItem(0))

    @property
    def row(self) -> Row | None:
        """The row that was gone to last."""
        return row_of(self.currentItem())

    @property
    def stops(self) -> list[QTreeWidgetItem]:
        """The differences one after the other."""
        return [item for item in self._items() if (row := row_of(item)) is not None and row.is_stop]

    @property
    def number(self) -> int:
        """Which of the stops the person is at, from 1; 0 at none."""
        item = self.currentItem()
        while item is not None and not (row_of(item) or Row("")).is_stop:
            item = item.parent()
        return 0 if item is None else self.stops.index(item) + 1

    def step(self, by: int) -> None:
        """Go to the next difference (1) or the one before (-1), round and round."""
        items, here = self._items(), self.currentItem()
        at = items.index(here) if here is not None else -1
        stops = [i for i, item in enumerate(items) if (row_of(item) or Row("")).is_stop]
        if stops:
            ahead = [i for i in stops if (i > at if by > 0 else i < at)]
            self._go(items[(ahead or stops)[0 if by > 0 else -1]])

    def choose(self, node: NodeDifference | None = None, wire: WireDifference | None = None) -> None:
        """Go to the row of a node or a wire."""
        for item in self._items():
            row = row_of(item)
            if row is not None and row.kind is not None and (row.node or row.wire) is (node or wire):
                self._go(item)
                return

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.row is not None:
            self.row_chosen.emit(self.row)
        else:
            super().keyPressEvent(event)

    def drawBranches(self, painter: QPainter, area: QRect, index: Index) -> None:
        """Only the arrow: Qt gives it the ground of a chosen row."""
        painter.fillRect(area, theme.color("window"))
        if not self.model().hasChildren(index):
            return
        size = theme.px(ARROW)
        place = QRectF(area.right() - size, area.center().y() - size / 2, size, size)
        paint_icon(painter, place, "chevron-down" if self.isExpanded(index) else "chevron-right", role="muted")

    # ---- rows

    def _add_drawing(self, drawing: DrawingDifference) -> None:
        is_new = drawing.kind is not Kind.CHANGED
        count = len(drawing.nodes) + len(drawing.wires) + len(drawing.settings)
        note = str(count) if count else "" if is_new else tr("the same")
        kind = drawing.kind if is_new else None
        top = self._add(self, Row(str(drawing_title(drawing)), note, kind, drawing, is_heading=True, is_stop=is_new))
        self._add_settings(top, drawing.settings, drawing)
        for node in drawing.nodes:
            row = Row(node.name, node.type, node.kind, drawing, node=node, is_stop=not is_new)
            item = self._add(top, row)
            for text in node.details:
                self._add(item, Row(str(text), drawing=drawing, node=node))
        for wire in drawing.wires:
            self._add(top, Row(wire.name, tr("wire"), wire.kind, drawing, wire=wire, is_stop=True))

    def _add_settings(self, top: QTreeWidgetItem, texts: tuple[Message, ...], drawing: DrawingDifference) -> None:
        for text in texts:
            self._add(top, Row(str(text), kind=Kind.CHANGED, drawing=drawing, is_stop=True))

    @staticmethod
    def _add(parent: QTreeWidget | QTreeWidgetItem, row: Row) -> QTreeWidgetItem:
        item = QTreeWidgetItem(parent)
        item.setText(0, row.text)
        item.setData(0, ROLE, row)
        item.setToolTip(0, row.words)
        item.setData(0, Qt.ItemDataRole.AccessibleTextRole, row.words)
        return item

    def _go(self, item: QTreeWidgetItem | None) -> None:
        if item is None:
            return
        self.setCurrentItem(item)
        self.scrollToItem(item)

    def _items(self) -> list[QTreeWidgetItem]:
        return list(_walk(self))

    @Slot()
    def _on_current_changed(self) -> None:
        if self.row is not None:
            self.row_chosen.emit(self.row)


def row_of(item: QTreeWidgetItem | None) -> Row | None:
    """What an item of the tree says."""
    return item.data(0, ROLE) if item is not None else None


def _walk(tree: QTreeWidget) -> Iterator[QTreeWidgetItem]:
    walk = QTreeWidgetItemIterator(tree)
    while (item := walk.value()) is not None:
        yield item
        walk += 1


class _Cells(QStyledItemDelegate):
    """Paints a row: the sign as on the canvas, the words, the note at the right."""

    def sizeHint(self, _option: QStyleOptionViewItem, index: Index) -> QSize:
        row: Row = index.data(ROLE)
        return QSize(0, theme.px(ROW if row.is_heading or row.kind is not None else DETAIL))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        row: Row = index.data(ROLE)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        _paint_ground(painter, option)
        area = QRectF(option.rect).adjusted(2 * GRID, 0, -3 * GRID, 0)
        if row.kind is not None:
            size = SIGN * theme.factor
            painter.save()
            painter.translate(area.left() + size - 3, area.center().y() - 3)
            paint_mark(painter, MARKS[row.kind], size, colors=Colors(theme.name))
            painter.restore()
            area.setLeft(area.left() + 2 * size + 2 * GRID)
        _paint_words(painter, area, row, option.font)
        painter.restore()


def _paint_ground(painter: QPainter, option: QStyleOptionViewItem) -> None:
    state, box = option.state, QRectF(option.rect).adjusted(1, 1, -GRID, -1)
    chosen = state & QStyle.StateFlag.State_Selected
    has_cursor = state & QStyle.StateFlag.State_HasFocus
    painter.setPen(QPen(theme.color("accent"), 2) if has_cursor else Qt.PenStyle.NoPen)
    role = "selection" if chosen else "hover" if state & QStyle.StateFlag.State_MouseOver else ""
    painter.setBrush(theme.color(role) if role else Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(box, RADIUS, RADIUS)


def _paint_words(painter: QPainter, area: QRectF, row: Row, font: QFont) -> None:
    """The words get the room that they need, the note what is left of it."""
    font = QFont(font)
    font.setWeight(QFont.Weight.DemiBold if row.is_heading else QFont.Weight.Normal)
    painter.setFont(font)
    metrics = painter.fontMetrics()
    is_detail = not row.is_heading and row.kind is None
    text = metrics.elidedText(row.text, Qt.TextElideMode.ElideRight, int(area.width()))
    painter.setPen(theme.color("muted" if is_detail else "text"))
    painter.drawText(area, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)
    area.setLeft(area.left() + metrics.horizontalAdvance(text) + 3 * GRID)
    note = metrics.elidedText(row.note, Qt.TextElideMode.ElideRight, int(area.width()))
    if len(note) > 1 or note == row.note:
        painter.setPen(theme.color("muted"))
        painter.drawText(area, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, note)
