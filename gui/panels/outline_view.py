"""The tree of the Outline: keys, menu, and where the person is."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QElapsedTimer, QEvent, QItemSelection, QItemSelectionModel, QModelIndex, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QKeyEvent, QKeySequence, QMouseEvent
from PySide6.QtWidgets import QAbstractItemView, QApplication, QFrame, QLineEdit, QMenu, QTreeView

from graph.messages import tr
from graph.model import NodeId
from gui.block_editor import BlockEditor
from gui.editor import Editor
from gui.panels.outline_commands import command_for, commands_on
from gui.panels.outline_delegate import OutlineDelegate
from gui.panels.outline_model import ROW, OutlineModel
from gui.panels.outline_rows import Kind, Row
from gui.panels.outline_verbs import Verbs
from gui.theme import theme

WRITES = frozenset("0123456789=-.")  # what begins a value and no name
ARROW_REACH = 20  # pixels from the left where a click opens and closes
_SELECT = QItemSelectionModel.SelectionFlag


class OutlineView(QTreeView):
    """Signals: `chosen()`, the person selected other rows; `moved()`, they are on another row; `complained(Message or None)`,
    why what is typed does not fit; `inside_requested(NodeId)`, they want to read the code of a node."""

    chosen = Signal()
    moved = Signal()
    complained = Signal(object)
    inside_requested = Signal(str)

    def __init__(self, editor: Editor, blocks: BlockEditor, model: OutlineModel) -> None:
        super().__init__()
        self.rows = model
        self._follows = False
        self._open: set[NodeId] = set()
        self._typed = QElapsedTimer()  # since a letter of a search
        self._verbs = Verbs(editor, blocks, self)
        self.setAccessibleName(tr("Outline"))
        self.setAccessibleDescription(
            tr(
                "The layers in the order in which they run. Right opens one, Enter edits what the row shows, A adds a layer "
                "after it, C connects it, Delete removes. The menu key lists what can be done here."
            )
        )
        self.setHeaderHidden(True)
        self.setIndentation(0)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setExpandsOnDoubleClick(False)
        self.setMouseTracking(True)
        self.setItemDelegate(OutlineDelegate(self, self._verbs.editor_for))
        self.setModel(model)
        self.expanded.connect(self._on_expanded)
        self.collapsed.connect(self._on_collapsed)
        model.rowsInserted.connect(self._on_rows_inserted)
        theme.changed.connect(self.scheduleDelayedItemsLayout)

    # ---- where the person is

    def row(self) -> Row | None:
        """The row that the person is on."""
        return self.rows.row_at(self.currentIndex())

    def chosen_nodes(self) -> set[NodeId]:
        """The nodes of the selected rows."""
        return self._chosen(Kind.NODE)

    def chosen_notes(self) -> set[str]:
        """The selected frames and notes."""
        return self._chosen(Kind.NOTE)

    def go_to(self, node: NodeId) -> None:
        """Be on the row of a node."""
        self.setCurrentIndex(self.rows.index_of(node))

    def step(self, rows: int) -> None:
        """Go some rows down."""
        index = self.currentIndex()
        following = index.siblingAtRow(index.row() + rows)
        if following.isValid():
            self.setCurrentIndex(following)

    def select_current(self) -> None:
        """Select the row that the person is on."""
        self.selectionModel().select(self.currentIndex(), _SELECT.ClearAndSelect)

    def show_selection(self, nodes: frozenset[NodeId], notes: frozenset[str]) -> None:
        """Mark these as selected. The row that the person is on stays, if it is one of theirs."""
        if self.chosen_nodes() == nodes and self.chosen_notes() == notes:
            return
        keys = [*((Kind.NODE, node) for node in nodes), *((Kind.NOTE, note) for note in notes)]
        selection = self.rows.selection_of(keys)
        self._follows = True
        row = self.row()
        if not selection.isEmpty() and (row is None or (row.node not in nodes and row.key[-1] not in notes)):
            first = self.rows.index(selection.constFirst().top(), 0)
            self.selectionModel().setCurrentIndex(first, _SELECT.NoUpdate)
            self.scrollTo(first)
        self.selectionModel().select(selection, _SELECT.ClearAndSelect)
        self._follows = False

    # ---- events

    def event(self, event: QEvent) -> bool:
        """Keys that mean something on the row are not for the menus of the window."""
        row = self.row()
        kind = row.kind if row is not None else None
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and command_for(event, kind):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        row = self.row()
        command = command_for(event, row.kind if row is not None else None)
        if self._is_searching and event.text().isprintable() and event.text():
            self.keyboardSearch(event.text())
        elif command is not None:
            self._do(command.name)
        elif row is not None and row.kind is Kind.PARAM and event.text()[:1] in WRITES and event.text():
            self._write(event.text())
        elif event.key() == Qt.Key.Key_Left and row is not None and self.currentIndex().parent().isValid():
            self.setCurrentIndex(self.currentIndex().parent())
        elif event.key() == Qt.Key.Key_Escape or event.matches(QKeySequence.StandardKey.SelectAll):
            event.ignore()
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        super().mousePressEvent(event)
        index = self.indexAt(event.position().toPoint())
        on_arrow = index.isValid() and self.rows.hasChildren(index) and event.position().x() < theme.px(ARROW_REACH)
        if on_arrow and event.button() == Qt.MouseButton.LeftButton:
            self.setExpanded(index, not self.isExpanded(index))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if self.indexAt(event.position().toPoint()).isValid():
            enter = QKeyEvent(QKeyEvent.Type.KeyPress, Qt.Key.Key_Return, Qt.KeyboardModifier.NoModifier)
            self.keyPressEvent(enter)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        by_key = event.reason() == QContextMenuEvent.Reason.Keyboard
        if not by_key and (index := self.indexAt(event.pos())).isValid():
            self.setCurrentIndex(index)
        at = self.visualRect(self.currentIndex()).bottomLeft() if by_key else event.pos()
        self.menu().popup(self.viewport().mapToGlobal(at))

    def menu(self) -> QMenu:
        """What can be done on the present row."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        row = self.row()
        for command in commands_on(row.kind if row is not None else None):
            if command is None:
                menu.addSeparator()
                continue
            action = menu.addAction(str(command.text), partial(self._do, command.name))
            action.setShortcut(QKeySequence(command.keys[0]))
            action.setShortcutVisibleInContextMenu(True)
        return menu

    def selectionChanged(self, selected: QItemSelection, deselected: QItemSelection) -> None:
        super().selectionChanged(selected, deselected)
        if not self._follows:
            self.chosen.emit()

    def currentChanged(self, current: QModelIndex, previous: QModelIndex) -> None:
        super().currentChanged(current, previous)
        self.moved.emit()

    def keyboardSearch(self, search: str) -> None:
        """Go to the row that begins with what is typed; letters that follow soon belong to it, whatever else they mean."""
        self._typed.start()
        super().keyboardSearch(search)

    # ---- machinery

    def _chosen(self, kind: Kind) -> set[str]:
        return {key[1] for key in self.rows.keys_of(self.selectionModel().selection()) if key[0] == kind}

    @property
    def _is_searching(self) -> bool:
        return self._typed.isValid() and self._typed.elapsed() < QApplication.keyboardInputInterval()

    def follow(self, update: Callable[[], None]) -> None:
        """Let the model change without taking what Qt selects meanwhile for a choice of the person."""
        self._follows = True
        update()
        self._follows = False

    def _do(self, name: str) -> None:
        self._choose_current()
        getattr(self._verbs, name)()

    def _choose_current(self) -> None:
        """What is done is done with the row that the person is on: see that it is selected."""
        index = self.currentIndex()
        if index.isValid() and not self.selectionModel().isSelected(index):
            self.select_current()

    def _write(self, text: str) -> None:
        """Open the field of a parameter with what was typed in the place of its value."""
        self._verbs.edit_value()
        field = QApplication.focusWidget()
        if isinstance(field, QLineEdit) and self.isAncestorOf(field):
            field.insert(text)

    def _on_expanded(self, index: QModelIndex) -> None:
        self._open.add(index.data(ROW).node)

    def _on_collapsed(self, index: QModelIndex) -> None:
        self._open.discard(index.data(ROW).node)

    def _on_rows_inserted(self, parent: QModelIndex, first: int, last: int) -> None:
        """A node that an undo brought back is open again if it was."""
        if parent.isValid() or not self._open:
            return
        for place in range(first, last + 1):
            index = self.rows.index(place, 0)
            if index.data(ROW).node in self._open:
                self.setExpanded(index, True)
