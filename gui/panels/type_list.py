"""The list of the library: sections with node types, and while searching the types alone, best first."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QAbstractItemModel, QMimeData, QModelIndex, QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QDrag,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPen,
    QPixmap,
    QStandardItem,
    QStandardItemModel,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QLineEdit,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTreeView,
    QWidget,
)

from graph.catalog import FAMILY_LABELS, NodeType
from graph.messages import tr, translate
from gui.icons import family_icon, paint_icon
from gui.panels.line_field import LineField
from gui.panels.parts import MARGIN
from gui.panels.search import OWN, label_of
from gui.shelf import is_on_shelf
from gui.theme import GRID, RADIUS, theme

NODE_TYPE_MIME = "application/x-layerloom-node-type"
ROW_HEIGHT, SECTION_HEIGHT = 30, 30  # pixels at 100 %, as the next two
ICON, FAMILY_ICON = 12, 16
SECTION = Qt.ItemDataRole.UserRole  # the key of a section
TYPE = Qt.ItemDataRole.UserRole + 1  # the NodeType of a row; sections have none
HINT = Qt.ItemDataRole.UserRole + 2  # of a row that is only words

Types = Sequence[NodeType]


class TypeList(QTreeView):
    """Sections are put in once, with their types or with what finds them when the section is opened first.

    Signals: `add_requested(type id)`, `renamed(type id, name)`, `delete_requested(type id)`, `left_upwards()` with the
    arrow key at the top, and `menu_requested(NodeType, QPoint on the screen)`.
    """

    add_requested = Signal(str)
    renamed = Signal(str, str)
    delete_requested = Signal(str)
    left_upwards = Signal()
    menu_requested = Signal(object, object)

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
        self.setItemDelegate(_Delegate(self))
        self.doubleClicked.connect(self._request)
        self._sections, self._found = QStandardItemModel(self), QStandardItemModel(self)
        self._loaders: dict[str, Callable[[], object]] = {}
        self._open: set[str] = set()
        self.expanded.connect(lambda index: self._open.add(index.data(SECTION)))
        self.collapsed.connect(lambda index: self._open.discard(index.data(SECTION)))
        self.setModel(self._sections)
        theme.changed.connect(self.scheduleDelayedItemsLayout)

    # ---- contents

    def add_section(self, key: str, title: str, *, is_open: bool, load: Callable[[], object] | None = None) -> None:
        """Add an empty section at the end; `load` is called when it is opened for the first time, to fill it."""
        item = QStandardItem(title)
        item.setData(key, SECTION)
        item.setDragEnabled(False)
        self._sections.appendRow(item)
        if load is not None:
            self._loaders[key] = load
        if is_open:
            self._open.add(key)

    def fill_section(self, key: str, types: Types, *, hint: str = "", editable: bool = False) -> None:
        """Put these types into a section, or the words of `hint` where there are none; without both it is hidden."""
        self._loaders.pop(key, None)
        item = self._section(key)
        item.removeRows(0, item.rowCount())
        for node_type in types:
            item.appendRow(_type_item(node_type, editable=editable))
        if hint and not types:
            item.appendRow(_hint_item(hint))
        self._show_sections()

    def open_section(self, key: str, label: str = "") -> None:
        """Open a section, and stand on the type of that label."""
        self._load(key)
        section = self._section(key)
        self.setExpanded(section.index(), True)
        for row in range(section.rowCount()):
            if section.child(row).text() == label:
                self.setCurrentIndex(section.child(row).index())

    def show_sections(self) -> None:
        """Show everything, by section, open and closed as the person left them."""
        self.setModel(self._sections)
        self._show_sections()

    def show_found(self, types: Types) -> None:
        """Show these types only, with the first one ready for Enter."""
        self._found.clear()
        for node_type in types:
            self._found.appendRow(_type_item(node_type))
        self.setModel(self._found)
        self.setCurrentIndex(self._found.index(0, 0))

    # ---- for the panel

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

    def rename_current(self) -> None:
        """Let the person type another name for the type that they stand on, if it can have one."""
        if self.currentIndex().flags() & Qt.ItemFlag.ItemIsEditable:
            self.edit(self.currentIndex())

    # ---- events

    def keyPressEvent(self, event: QKeyEvent) -> None:
        current = self.currentIndex()
        at_top = not current.isValid() or (current.row() == 0 and not current.parent().isValid())
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._activate(current)
        elif event.key() == Qt.Key.Key_Up and at_top:
            self.left_upwards.emit()
        elif event.key() == Qt.Key.Key_Right and current.data(TYPE) is None:
            self._open_or_close(current, True)
        elif event.key() == Qt.Key.Key_F2:
            self.rename_current()
        elif event.key() == Qt.Key.Key_Delete and _is_defined(current.data(TYPE)):
            self.delete_requested.emit(current.data(TYPE).id)
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        if not self.selectionModel().hasSelection():  # somebody who comes by keys sees where they are
            self.setCurrentIndex(self.currentIndex())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        super().mousePressEvent(event)
        index = self.indexAt(event.position().toPoint())
        if event.button() == Qt.MouseButton.LeftButton and index.isValid() and index.data(TYPE) is None:
            self._open_or_close(index, not self.isExpanded(index))

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        by_key = event.reason() == QContextMenuEvent.Reason.Keyboard
        index = self.currentIndex() if by_key else self.indexAt(event.pos())
        if (node_type := index.data(TYPE)) is not None:
            self.setCurrentIndex(index)
            at = self.viewport().mapToGlobal(self.visualRect(index).bottomLeft()) if by_key else event.globalPos()
            self.menu_requested.emit(node_type, at)

    def startDrag(self, _actions: Qt.DropAction) -> None:
        node_type = self.currentIndex().data(TYPE)
        if node_type is not None:
            drag = QDrag(self)
            drag.setMimeData(type_mime(node_type))
            drag.setPixmap(self._picture(self.currentIndex()))
            drag.setHotSpot(QPoint(3 * GRID, theme.px(ROW_HEIGHT) // 2))
            drag.exec(Qt.DropAction.CopyAction)

    # ---- machinery

    def _section(self, key: str) -> QStandardItem:
        rows = (self._sections.item(row) for row in range(self._sections.rowCount()))
        return next(item for item in rows if item.data(SECTION) == key)

    def _show_sections(self) -> None:
        if self.model() is not self._sections:
            return
        open_ones = set(self._open)
        for row in range(self._sections.rowCount()):
            index = self._sections.index(row, 0)
            key = index.data(SECTION)
            self.setRowHidden(row, QModelIndex(), key not in self._loaders and not self._sections.rowCount(index))
            self.setExpanded(index, key in open_ones)

    def _load(self, key: str) -> None:
        if (load := self._loaders.pop(key, None)) is not None:
            load()

    def _open_or_close(self, index: QModelIndex, is_open: bool) -> None:
        if is_open and index.data(SECTION) is not None:
            self._load(index.data(SECTION))
        self.setExpanded(index, is_open)

    def _activate(self, index: QModelIndex) -> None:
        if index.data(TYPE) is None:
            self._open_or_close(index, not self.isExpanded(index))
        else:
            self._request(index)

    def _request(self, index: QModelIndex) -> None:
        node_type = index.data(TYPE)
        if node_type is not None:
            self.add_requested.emit(node_type.id)

    def _picture(self, index: QModelIndex) -> QPixmap:
        size = QSize(min(theme.px(168), self.viewport().width()), theme.px(ROW_HEIGHT))
        pixmap = QPixmap(size * self.devicePixelRatioF())
        pixmap.setDevicePixelRatio(self.devicePixelRatioF())
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        paint_type(painter, QRect(QPoint(), size), index.data(TYPE), frame="accent", alone=True)
        painter.end()
        return pixmap


class _Delegate(QStyledItemDelegate):
    """Paints a section as a heading and a type as a little card with the bar of its family; edits a name in place."""

    def __init__(self, view: TypeList) -> None:
        super().__init__(view)
        self._view = view

    def sizeHint(self, _option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        return QSize(80, theme.px(SECTION_HEIGHT if index.data(TYPE) is None else ROW_HEIGHT))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        state = option.state
        focused = bool(state & (QStyle.StateFlag.State_Selected | QStyle.StateFlag.State_HasFocus))
        hovered = bool(state & QStyle.StateFlag.State_MouseOver)
        area = self._area(option)
        painter.save()
        painter.setFont(option.font)
        if (node_type := index.data(TYPE)) is not None:
            frame = "accent" if focused and option.widget.hasFocus() else "faint" if focused else ""
            alone = not index.parent().isValid()
            paint_type(painter, area, node_type, frame=frame, hovered=hovered, alone=alone)
        elif index.data(HINT):
            _paint_hint(painter, area, index.data())
        else:
            is_open = bool(state & QStyle.StateFlag.State_Open)
            bright = focused and option.widget.hasFocus()
            _paint_section(painter, area, index, is_open=is_open, bright=bright)
        painter.restore()

    def createEditor(self, parent: QWidget, _option: QStyleOptionViewItem, _index: QModelIndex) -> QWidget:
        field = LineField(parent)
        field.setAccessibleName(tr("Name of the block"))
        return field

    def updateEditorGeometry(self, editor: QWidget, option: QStyleOptionViewItem, _index: QModelIndex) -> None:
        editor.setGeometry(self._area(option).adjusted(GRID, 1, 0, 0))

    def setModelData(self, editor: QWidget, _model: QAbstractItemModel, index: QModelIndex) -> None:
        if isinstance(editor, QLineEdit):
            self._view.renamed.emit(index.data(TYPE).id, editor.text().strip())

    @staticmethod
    def _area(option: QStyleOptionViewItem) -> QRect:
        area = QRect(option.rect)
        area.setRight(option.widget.width() - MARGIN - 1)
        return area


def type_mime(node_type: NodeType) -> QMimeData:
    """What a drag from the library carries."""
    mime = QMimeData()
    mime.setData(NODE_TYPE_MIME, node_type.id.encode())
    return mime


def paint_type(
    painter: QPainter, rect: QRect, node_type: NodeType, *, frame: str = "", hovered: bool = False, alone: bool = False
) -> None:
    """Paint a type as a little card; `frame` is the theme role of its outline, if it has one.

    Where it stands `alone`, under no heading, it has the icon of its family.
    """
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    body = QRectF(rect).adjusted(1, 2.5, -1, -1.5)
    painter.setPen(QPen(theme.color(frame), 2 if frame == "accent" else 1) if frame else Qt.PenStyle.NoPen)
    painter.setBrush(theme.color("hover" if hovered else "card"))
    painter.drawRoundedRect(body, RADIUS - 2, RADIUS - 2)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.color(node_type.family))
    painter.drawRoundedRect(QRectF(body.left(), body.top(), GRID, body.height()), 1.5, 1.5)
    space, small = rect.adjusted(MARGIN + 2, 0, -2 * GRID, 0), theme.px(ICON)
    if alone:
        _paint_family(painter, rect, rect.left() + MARGIN, node_type.family)
        space.setLeft(rect.left() + MARGIN + theme.px(FAMILY_ICON) + 2 * GRID)
    if is_on_shelf(node_type.id):
        top = body.center().y() - small / 2
        paint_icon(painter, QRectF(space.right() - small, top, small, small), "open", role="muted")
        space.adjust(0, 0, -small - GRID, 0)
    painter.setPen(theme.color("text"))
    text = painter.fontMetrics().elidedText(label_of(node_type), Qt.TextElideMode.ElideRight, space.width())
    painter.drawText(space, Qt.AlignmentFlag.AlignVCenter, text)


def _paint_section(painter: QPainter, rect: QRect, index: QModelIndex, *, is_open: bool, bright: bool) -> None:
    small = theme.px(ICON)
    top = rect.top() + (rect.height() - small) / 2 + 1
    arrow = "chevron-down" if is_open else "chevron-right"
    if bright:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.color("accent"), 2))
        painter.drawRoundedRect(QRectF(rect).adjusted(-3, 3, -1, -2), RADIUS - 2, RADIUS - 2)
    paint_icon(painter, QRectF(rect.left() - 1, top, small, small), arrow, role="muted")
    left = rect.left() + small + GRID
    _paint_family(painter, rect, left, section_family(index.data(SECTION)))
    font = painter.font()
    font.setWeight(font.Weight.DemiBold)
    painter.setFont(font)
    painter.setPen(theme.color("text"))
    space = rect.adjusted(left - rect.left() + theme.px(FAMILY_ICON) + GRID, 2, 0, 0)
    text = painter.fontMetrics().elidedText(index.data(), Qt.TextElideMode.ElideRight, space.width())
    painter.drawText(space, Qt.AlignmentFlag.AlignVCenter, text)


def section_family(key: str) -> str:
    """The family that a section shows: its key, but for those of blocks, which have keys of their own."""
    return key if key in FAMILY_LABELS else "block"


def _paint_family(painter: QPainter, rect: QRect, left: int, family: str) -> None:
    size = theme.px(FAMILY_ICON)
    top = rect.top() + (rect.height() - size) // 2 + 1
    paint_icon(painter, QRectF(left, top, size, size), family_icon(family), role=family)


def _paint_hint(painter: QPainter, rect: QRect, text: str) -> None:
    font = painter.font()
    font.setPixelSize(theme.px(12))
    painter.setFont(font)
    painter.setPen(theme.color("faint"))
    space = rect.adjusted(4 * GRID, 0, 0, 0)
    text = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, space.width())
    painter.drawText(space, Qt.AlignmentFlag.AlignVCenter, text)


def _is_defined(node_type: NodeType | None) -> bool:
    """Whether the document defines the type."""
    return node_type is not None and node_type.family in OWN and not is_on_shelf(node_type.id)


def _type_item(node_type: NodeType, *, editable: bool = False) -> QStandardItem:
    item = QStandardItem(label_of(node_type))
    item.setData(node_type, TYPE)
    item.setToolTip(translate(node_type.help))
    item.setEditable(editable and node_type.family == "block")
    return item


def _hint_item(text: str) -> QStandardItem:
    item = QStandardItem(text)
    item.setData(True, HINT)
    item.setToolTip(text)
    item.setFlags(Qt.ItemFlag.ItemIsEnabled)
    return item
