"""The library: every node type by family, found by typing, taken to the canvas by dragging, Enter or a double click."""

from __future__ import annotations

from PySide6.QtCore import QMimeData, QModelIndex, QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QAction, QDrag, QKeyEvent, QMouseEvent, QPainter, QPixmap, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QLabel,
    QLineEdit,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTreeView,
    QWidget,
)

from graph.catalog import CATALOG, FAMILY_LABELS, NodeType
from graph.messages import tr, translate
from gui.editor import Editor
from gui.icons import icon, paint_icon
from gui.panels.line_field import LineField
from gui.panels.parts import MARGIN, column, label
from gui.panels.search import rank
from gui.theme import GRID, RADIUS, theme

NODE_TYPE_MIME = "application/x-layerloom-node-type"
ROW_HEIGHT, FAMILY_HEIGHT = 30, 30
_TYPE = Qt.ItemDataRole.UserRole + 1  # the NodeType of a row; families have none


class LibraryPanel(QWidget):
    """`add_requested(type_id)` asks for a new node of a type."""

    add_requested = Signal(str)

    def __init__(self, editor: Editor, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(tr("Library"))
        self.search = _SearchField()
        self.list = _TypeList()
        self._nothing = self._empty_note()
        self._lay_out()
        self.search.textChanged.connect(self._on_query_changed)
        self.search.down_pressed.connect(self.list.enter)
        self.search.returnPressed.connect(self.list.request_current)
        self.list.left_upwards.connect(self.focus_search)
        self.list.add_requested.connect(self.add_requested)
        self._on_query_changed("")

    def focus_search(self) -> None:
        """Put the cursor into the search field."""
        self.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.search.selectAll()

    def _lay_out(self) -> None:
        head = column(spacing=2 * GRID)
        head.setContentsMargins(0, 0, MARGIN, 0)
        head.addWidget(self.search)
        head.addWidget(self._nothing)
        layout = column(self, spacing=2 * GRID)
        layout.setContentsMargins(MARGIN, MARGIN, 0, 0)
        layout.addLayout(head)
        layout.addWidget(self.list, 1)

    def _empty_note(self) -> QLabel:
        return label(tr("Nothing found. Try another word, such as 'dense' or 'filter'."), tone="faint", wrap=True)

    def _on_query_changed(self, query: str) -> None:
        found = rank(query, CATALOG.values())
        self._nothing.setVisible(not found)
        if query.strip():
            self.list.show_found(found)
        else:
            self.list.show_families()


class _SearchField(LineField):
    """Where a person types what they look for. Down goes on into the list; Escape empties it."""

    down_pressed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setPlaceholderText(tr("Search {count} layers… /", count=len(CATALOG)))
        self.setAccessibleName(tr("Search the library"))
        self.addAction(icon("search", "faint"), QLineEdit.ActionPosition.LeadingPosition)
        self._clear = QAction(icon("close", "muted"), "", self)
        self._clear.setToolTip(tr("Show everything"))
        self._clear.triggered.connect(self.clear)
        self.textChanged.connect(self._on_text_changed)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Down:
            self.down_pressed.emit()
        elif event.key() == Qt.Key.Key_Escape and self.text():
            self.clear()
        else:
            super().keyPressEvent(event)

    def _on_text_changed(self, text: str) -> None:
        if text:
            self.addAction(self._clear, QLineEdit.ActionPosition.TrailingPosition)
        else:
            self.removeAction(self._clear)


class _TypeList(QTreeView):
    """Families with their node types; while searching, the types alone, best first."""

    add_requested = Signal(str)
    left_upwards = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName(tr("Layers"))
        self.setHeaderHidden(True)
        self.setIndentation(0)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setDragEnabled(True)
        self.setMouseTracking(True)
        self.setExpandsOnDoubleClick(False)
        self.setItemDelegate(_TypeDelegate(self))
        self.doubleClicked.connect(self._request)
        self._families = _family_model(self)
        self._found = QStandardItemModel(self)
        self._open: set[str] = set(FAMILY_LABELS)
        self.expanded.connect(lambda index: self._open.add(index.data(Qt.ItemDataRole.UserRole)))
        self.collapsed.connect(lambda index: self._open.discard(index.data(Qt.ItemDataRole.UserRole)))

    def show_families(self) -> None:
        """Show everything, by family, open and closed as the person left them."""
        self.setModel(self._families)
        open_ones = set(self._open)
        for number in range(self._families.rowCount()):
            index = self._families.index(number, 0)
            self.setExpanded(index, index.data(Qt.ItemDataRole.UserRole) in open_ones)

    def show_found(self, types: list[NodeType]) -> None:
        """Show these types only, with the first one ready for Enter."""
        self._found.clear()
        for node_type in types:
            self._found.appendRow(_type_item(node_type))
        self.setModel(self._found)
        self.setCurrentIndex(self._found.index(0, 0))

    def enter(self) -> None:
        """Take the focus and stand on a row: the second one found if the first is chosen already."""
        self.setFocus(Qt.FocusReason.TabFocusReason)
        if not self.currentIndex().isValid():
            self.setCurrentIndex(self.model().index(0, 0))
        elif self.model() is self._found and self.model().rowCount() > 1:
            self.setCurrentIndex(self.model().index(1, 0))

    def request_current(self) -> None:
        """Ask for a node of the type that the person stands on."""
        self._request(self.currentIndex())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        current = self.currentIndex()
        at_top = not current.isValid() or (current.row() == 0 and not current.parent().isValid())
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._activate(current)
        elif event.key() == Qt.Key.Key_Up and at_top:
            self.left_upwards.emit()
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        super().mousePressEvent(event)
        index = self.indexAt(event.position().toPoint())
        if event.button() == Qt.MouseButton.LeftButton and index.isValid() and index.data(_TYPE) is None:
            self.setExpanded(index, not self.isExpanded(index))

    def startDrag(self, _actions: Qt.DropAction) -> None:
        node_type = self.currentIndex().data(_TYPE)
        if node_type is not None:
            drag = QDrag(self)
            drag.setMimeData(type_mime(node_type))
            drag.setPixmap(self._picture(self.currentIndex()))
            drag.setHotSpot(QPoint(3 * GRID, ROW_HEIGHT // 2))
            drag.exec(Qt.DropAction.CopyAction)

    def _activate(self, index: QModelIndex) -> None:
        if index.data(_TYPE) is None:
            self.setExpanded(index, not self.isExpanded(index))
        else:
            self._request(index)

    def _request(self, index: QModelIndex) -> None:
        node_type = index.data(_TYPE)
        if node_type is not None:
            self.add_requested.emit(node_type.id)

    def _picture(self, index: QModelIndex) -> QPixmap:
        size = QSize(min(168, self.viewport().width()), ROW_HEIGHT)
        pixmap = QPixmap(size * self.devicePixelRatioF())
        pixmap.setDevicePixelRatio(self.devicePixelRatioF())
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        paint_type(painter, QRect(QPoint(), size), index.data(_TYPE), frame="accent")
        painter.end()
        return pixmap


class _TypeDelegate(QStyledItemDelegate):
    """Paints a family as a heading and a type as a little card with the bar of its family."""

    def sizeHint(self, _option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        return QSize(80, FAMILY_HEIGHT if index.data(_TYPE) is None else ROW_HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        state = option.state
        focused = bool(state & QStyle.StateFlag.State_Selected)
        hovered = bool(state & QStyle.StateFlag.State_MouseOver)
        area = QRect(option.rect)
        area.setRight(option.widget.width() - MARGIN - 1)
        painter.save()
        painter.setFont(option.font)
        if (node_type := index.data(_TYPE)) is not None:
            frame = "accent" if focused and option.widget.hasFocus() else "faint" if focused else ""
            paint_type(painter, area, node_type, frame=frame, hovered=hovered)
        else:
            is_open = bool(state & QStyle.StateFlag.State_Open)
            _paint_family(painter, area, index.data(), is_open=is_open, bright=focused and option.widget.hasFocus())
        painter.restore()


def type_mime(node_type: NodeType) -> QMimeData:
    """What a drag from the library carries."""
    mime = QMimeData()
    mime.setData(NODE_TYPE_MIME, node_type.id.encode())
    return mime


def paint_type(painter: QPainter, rect: QRect, node_type: NodeType, *, frame: str = "", hovered: bool = False) -> None:
    """Paint a type as a little card; `frame` is the theme role of its outline, if it has one."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    body = QRectF(rect).adjusted(0.5, 2.5, -0.5, -1.5)
    painter.setPen(theme.color(frame) if frame else Qt.PenStyle.NoPen)
    painter.setBrush(theme.color("hover" if hovered else "card"))
    painter.drawRoundedRect(body, RADIUS - 2, RADIUS - 2)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.color(node_type.family))
    painter.drawRoundedRect(QRectF(body.left(), body.top(), GRID, body.height()), 1.5, 1.5)
    painter.setPen(theme.color("text"))
    space = rect.adjusted(MARGIN + 2, 0, -2 * GRID, 0)
    text = painter.fontMetrics().elidedText(translate(node_type.label), Qt.TextElideMode.ElideRight, space.width())
    painter.drawText(space, Qt.AlignmentFlag.AlignVCenter, text)


def _paint_family(painter: QPainter, rect: QRect, name: str, *, is_open: bool, bright: bool) -> None:
    top = rect.top() + (rect.height() - 12) / 2 + 1
    paint_icon(
        painter, QRectF(rect.left() - 1, top, 12, 12), "chevron-down" if is_open else "chevron-right", role="muted"
    )
    font = painter.font()
    font.setWeight(font.Weight.DemiBold)
    painter.setFont(font)
    painter.setPen(theme.color("accent" if bright else "text"))
    painter.drawText(rect.adjusted(4 * GRID, 2, 0, 0), Qt.AlignmentFlag.AlignVCenter, name)


def _family_model(parent: QWidget) -> QStandardItemModel:
    model = QStandardItemModel(parent)
    for family, types in CATALOG.families().items():
        item = QStandardItem(str(FAMILY_LABELS[family]))
        item.setData(family, Qt.ItemDataRole.UserRole)
        item.setDragEnabled(False)
        for node_type in types:
            item.appendRow(_type_item(node_type))
        model.appendRow(item)
    return model


def _type_item(node_type: NodeType) -> QStandardItem:
    item = QStandardItem(translate(node_type.label))
    item.setData(node_type, _TYPE)
    item.setToolTip(translate(node_type.help))
    return item
