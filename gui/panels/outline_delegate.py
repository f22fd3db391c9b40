"""How rows of the Outline are painted, and the fields that open in them."""

from __future__ import annotations

from collections.abc import Callable

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
)
from PySide6.QtGui import QKeyEvent, QPainter, QPen
from PySide6.QtWidgets import (
    QAbstractItemDelegate,
    QLineEdit,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTreeView,
    QWidget,
)

from graph.problems import Severity
from gui.icons import family_icon, paint_icon
from gui.panels.outline_model import ROW, TOP
from gui.panels.outline_rows import Kind, Row
from gui.theme import GRID, RADIUS, mono_font, theme

NODE_HEIGHT, ROW_HEIGHT = 44, 28  # pixels at 100 %, as all that follow
ICON, ARROW, BAR = 16, 12, GRID
SMALL, MONO = 12, 11  # pixels of text
INDENT = 6 * GRID  # of the rows below a node
SHARE = 0.44  # of the width, that the name of a parameter has
_ICONS = {Severity.ERROR: "error", Severity.WARNING: "warning"}
_COLORS = {
    Kind.CURE: "accent",
    Kind.FAULT: "text",
    Kind.FIX: "accent",
    Kind.BACK: "accent",
    Kind.INSIDE: "accent",
    Kind.PROBLEM: "text",
}
_SIGNS = {
    Kind.BACK: "chevron-left",
    Kind.INSIDE: "chevron-right",
    Kind.FIX: "check",
    Kind.CURE: "check",
    Kind.NOTE: "new",
}
Index = QModelIndex | QPersistentModelIndex
MakeEditor = Callable[[Row], QWidget | None]


class OutlineDelegate(QStyledItemDelegate):
    """`make_editor` gives the field for a row; it writes into the document by itself. Escape gives up."""

    def __init__(self, view: QTreeView, make_editor: MakeEditor) -> None:
        super().__init__(view)
        self._view, self._make_editor = view, make_editor
        self._open: QWidget | None = None  # the field that is open
        self.closeEditor.connect(self._on_closed)

    # ---- sizes and painting

    def sizeHint(self, _option: QStyleOptionViewItem, index: Index) -> QSize:
        is_node = index.internalId() == TOP and self._view.model().hasChildren(index)
        return QSize(80, theme.px(NODE_HEIGHT if is_node else ROW_HEIGHT))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        row: Row = index.data(ROW)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(option.font)
        self._paint_ground(painter, option, index)
        if row.kind is Kind.NODE:
            self._paint_node(painter, option, row)
        else:
            self._paint_detail(painter, option, row)
        painter.restore()

    def _paint_ground(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Selected rows are filled; the one that keys go to has a frame while the list has the focus."""
        area = QRectF(option.rect).adjusted(1, 1, -1, -1)
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        hovered = bool(option.state & QStyle.StateFlag.State_MouseOver)
        current = index == self._view.currentIndex() and self._view.hasFocus()
        painter.setPen(QPen(theme.color("accent"), 2) if current else Qt.PenStyle.NoPen)
        painter.setBrush(
            theme.color("selection" if selected else "hover") if selected or hovered else Qt.BrushStyle.NoBrush
        )
        painter.drawRoundedRect(area, RADIUS, RADIUS)

    def _paint_node(self, painter: QPainter, option: QStyleOptionViewItem, row: Row) -> None:
        area = option.rect.adjusted(GRID, 0, -2 * GRID, 0)
        arrow = "chevron-down" if option.state & QStyle.StateFlag.State_Open else "chevron-right"
        paint_icon(painter, _square(area.left(), area, ARROW), arrow, role="muted")
        left = area.left() + theme.px(ARROW) + GRID
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color(row.color))
        painter.drawRoundedRect(QRectF(left, area.top() + 2 * GRID, BAR, area.height() - 4 * GRID), 1.5, 1.5)
        paint_icon(painter, _square(left + BAR + GRID, area, ICON), family_icon(row.color), role=row.color)
        area.setLeft(left + BAR + theme.px(ICON) + 3 * GRID)
        if row.severity is not None:
            mark = _ICONS[row.severity]
            paint_icon(painter, _square(area.right() - theme.px(ICON), area, ICON), mark, role=mark)
            area.setRight(area.right() - theme.px(ICON) - GRID)
        upper = QRect(area.left(), area.top() + GRID, area.width(), area.height() // 2 - GRID)
        if not row.note and not row.count:  # one line, in the middle
            upper = QRect(area)
        lower = upper.translated(0, upper.height())
        upper.setLeft(_write(painter, upper, row.name, role="text", bold=True) + 2 * GRID)
        _write(painter, upper, row.value, role="muted", size=SMALL)
        end = _write(painter, lower, row.note, role=row.color, mono=True)
        _write(
            painter,
            lower.adjusted(end - lower.left() + 2 * GRID, 0, 0, 0),
            row.count,
            role="muted",
            mono=True,
            right=True,
        )

    def _paint_detail(self, painter: QPainter, option: QStyleOptionViewItem, row: Row) -> None:
        indent = INDENT if row.node is not None else 2 * GRID
        area = option.rect.adjusted(indent, 0, -2 * GRID, 0)
        sign = _ICONS[row.severity] if row.severity is not None else _SIGNS.get(row.kind, "")
        if sign:
            role = sign if row.severity is not None else _COLORS.get(row.kind, "muted")
            paint_icon(painter, _square(area.left(), area, ICON), sign, role=role)
            area.setLeft(area.left() + theme.px(ICON) + GRID)
        role = _COLORS.get(row.kind, "muted")
        if row.kind is not Kind.PARAM:
            area.setLeft(_write(painter, area, row.name, role=role, size=SMALL) + 2 * GRID)
            _write(painter, area, row.value, role="text", size=SMALL)
            return
        name = QRect(area.topLeft(), QSize(_name_width(option.rect) - indent, area.height()))
        _write(painter, name, row.name, role=role, size=SMALL)
        area.setLeft(name.right() + 3 * GRID)
        _write(painter, area, row.value, role="text", mono=True)

    # ---- editors

    def createEditor(self, parent: QWidget, _option: QStyleOptionViewItem, index: Index) -> QWidget:
        row: Row = index.data(ROW)
        editor = self._make_editor(row)
        assert editor is not None, row.kind
        editor.setParent(parent)
        self._open = editor
        editor.setAccessibleName(row.name)
        editor.setAccessibleDescription(row.help)
        if isinstance(editor, QLineEdit):
            editor.editingFinished.connect(lambda: self._close_right(editor))
        else:
            editor.finished.connect(lambda: self._close(editor))  # type: ignore[attr-defined]
        return editor

    def updateEditorGeometry(self, editor: QWidget, option: QStyleOptionViewItem, index: Index) -> None:
        row: Row = index.data(ROW)
        area = QRect(option.rect)
        if row.kind is Kind.PARAM:
            area.setLeft(area.left() + _name_width(area) + GRID)
        height = min(area.height(), editor.sizeHint().height())
        editor.setGeometry(area.left(), area.top() + (area.height() - height) // 2, area.width(), height)

    def setEditorData(self, editor: QWidget, _index: Index) -> None:
        """The field has its value from the document; what is being typed stays."""

    def setModelData(self, editor: QWidget, _model: QAbstractItemModel, _index: Index) -> None:
        """The field writes into the document by itself."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.FocusOut and watched is not self._open:
            return False
        if not isinstance(event, QKeyEvent) or event.type() != QEvent.Type.KeyPress or not isinstance(watched, QWidget):
            return super().eventFilter(watched, event)
        if event.key() == Qt.Key.Key_Escape:
            watched.blockSignals(True)  # leaving takes what was typed; giving up does not
            self._close(watched, QAbstractItemDelegate.EndEditHint.RevertModelCache)
        elif event.key() in (Qt.Key.Key_Tab, Qt.Key.Key_Backtab):
            self._view.setFocus(Qt.FocusReason.TabFocusReason)
        else:
            watched.keyPressEvent(event)
        event.accept()  # what the field has no use for is not meant for the list either
        return True

    def _close_right(self, editor: QLineEdit) -> None:
        """Close the field, unless it says why its text does not fit and the person is still in it."""
        if not (editor.property("invalid") and editor.hasFocus()):
            self._close(editor)

    def _close(
        self, editor: QWidget, hint: QAbstractItemDelegate.EndEditHint = QAbstractItemDelegate.EndEditHint.NoHint
    ) -> None:
        if editor is self._open:
            self.closeEditor.emit(editor, hint)

    def _on_closed(self) -> None:
        self._open = None


def _name_width(row: QRect) -> int:
    return INDENT + int(SHARE * (row.width() - INDENT))


def _square(left: float, area: QRect, size: int) -> QRectF:
    side = theme.px(size)
    return QRectF(left, area.top() + (area.height() - side) / 2, side, side)


def _write(
    painter: QPainter,
    area: QRect,
    text: str,
    *,
    role: str,
    size: int = 0,
    bold: bool = False,
    mono: bool = False,
    right: bool = False,
) -> int:
    """Write a text, cut where there is no room; gives its right end."""
    if not text or area.width() <= 0:
        return area.left()
    before = painter.font()
    font = mono_font(theme.px(MONO)) if mono else painter.font()
    if size:
        font.setPixelSize(theme.px(size))
    if bold:
        font.setWeight(font.Weight.DemiBold)
    painter.setFont(font)
    painter.setPen(theme.color(role))
    shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, area.width())
    side = Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft
    painter.drawText(area, side | Qt.AlignmentFlag.AlignVCenter, shown)
    width = painter.fontMetrics().horizontalAdvance(shown)
    painter.setFont(before)
    return area.left() + width
