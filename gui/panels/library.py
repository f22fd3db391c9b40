"""The library: every node type by family, and the blocks of the drawing and of files; found by typing, added by dragging,
Enter or a double click."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QAction, QKeyEvent
from PySide6.QtWidgets import QLabel, QLineEdit, QMenu, QWidget

from graph.catalog import CATALOG, FAMILY_LABELS, NodeType
from graph.catalog.definitions import PREFIX
from graph.messages import FileError, msg, tr
from gui.block_editor import BlockEditor
from gui.editor import Change, Editor
from gui.icons import icon
from gui.panels.line_field import LineField, add_sign
from gui.panels.parts import MARGIN, column, label
from gui.panels.search import OWN, rank
from gui.panels.type_list import TypeList
from gui.shelf import file_of, is_on_shelf, shelf_type
from gui.theme import GRID
from runtime.library import Entry, my_blocks, my_folder, put_away, ready_blocks

DOCUMENT, READY, MINE = "document", "ready", "mine"
BLOCKS_AFTER = "network"  # the family behind which the sections of blocks stand


class LibraryPanel(QWidget):
    """`add_requested(type_id)` asks for a new node of a type; `saved(Path)`: a block was written to the person's own.

    `open_requested(Path)` asks to open the file of a block; `told(Message)` says what was done.
    """

    add_requested = Signal(str)
    saved = Signal(object)
    open_requested = Signal(object)
    told = Signal(object)

    def __init__(self, editor: Editor, blocks: BlockEditor | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(tr("Library"))
        self._editor, self._blocks = editor, blocks or BlockEditor(editor)
        self._shelves: dict[str, list[NodeType]] = {}  # the types of blocks in files, as far as they were read
        self.search = _SearchField()
        self.list = TypeList()
        self._nothing = self._empty_note()
        self._make_sections()
        self._lay_out()
        self._connect()
        self._on_query_changed("")

    def focus_search(self) -> None:
        """Put the cursor into the search field."""
        self.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.search.selectAll()

    def menu_for(self, node_type: NodeType) -> QMenu:
        """What can be done with a type."""
        menu = QMenu(self)
        menu.addAction(icon("plus", "muted"), tr("Add to the drawing"), partial(self.add_requested.emit, node_type.id))
        if is_on_shelf(node_type.id):
            self._offer_file(menu, file_of(node_type.id))
        elif node_type.family in OWN:
            self._offer_definition(menu, node_type)
        return menu

    def _offer_file(self, menu: QMenu, path: Path) -> None:
        menu.addAction(icon("open", "muted"), tr("Open the file"), partial(self.open_requested.emit, path))
        if path.parent == my_folder():
            menu.addSeparator()
            menu.addAction(icon("delete", "muted"), tr("Delete"), partial(self._put_away, path))

    def _offer_definition(self, menu: QMenu, node_type: NodeType) -> None:
        if node_type.id.startswith(PREFIX):
            block = node_type.id.removeprefix(PREFIX)
            menu.addAction(tr("Look inside"), partial(self._blocks.go_to, block))
            menu.addSeparator()
            menu.addAction(tr("Rename…"), self.list.rename_current)
            menu.addAction(icon("save", "muted"), tr("Save to my blocks"), partial(self._blocks.keep, block))
        menu.addSeparator()
        menu.addAction(icon("delete", "muted"), tr("Delete"), partial(self._blocks.delete, node_type.id))

    # ---- parts

    def _make_sections(self) -> None:
        for family, types in CATALOG.families().items():
            self.list.add_section(family, str(FAMILY_LABELS[family]), is_open=True)
            self.list.fill_section(family, types)
            if family == BLOCKS_AFTER:
                self.list.add_section(DOCUMENT, tr("Blocks here"), is_open=True)
                self.list.add_section(READY, tr("Ready blocks"), is_open=False, load=partial(self._read, READY))
                self.list.add_section(MINE, tr("My blocks"), is_open=False, load=partial(self._read, MINE))
        self._show_defined()

    def _lay_out(self) -> None:
        head = column(spacing=2 * GRID)
        head.setContentsMargins(0, 0, MARGIN, 0)
        head.addWidget(self.search)
        head.addWidget(self._nothing)
        layout = column(self, spacing=2 * GRID)
        layout.setContentsMargins(MARGIN, MARGIN, 0, 0)
        layout.addLayout(head)
        layout.addWidget(self.list, 1)

    def _connect(self) -> None:
        self.search.textChanged.connect(self._on_query_changed)
        self.search.down_pressed.connect(self.list.enter)
        self.search.returnPressed.connect(self.list.request_current)
        self.list.left_upwards.connect(self.focus_search)
        self.list.add_requested.connect(self.add_requested)
        self.list.renamed.connect(self._rename)
        self.list.delete_requested.connect(self._blocks.delete)
        self.list.menu_requested.connect(self._open_menu)
        self._blocks.kept.connect(self._on_kept)
        self._editor.changed.connect(self._on_changed)

    def _empty_note(self) -> QLabel:
        return label(tr("Nothing found. Try another word, such as 'dense' or 'filter'."), tone="faint", wrap=True)

    # ---- what is in it

    def _defined(self) -> list[NodeType]:
        """The types of the document itself."""
        return [node_type for type_id, node_type in self._editor.catalog.items() if type_id not in CATALOG]

    def _show_defined(self) -> None:
        self.list.fill_section(DOCUMENT, self._defined(), editable=True)
        self.search.set_count(len(self._editor.catalog))

    def _read(self, shelf: str) -> list[NodeType]:
        """The types of the blocks in files; they are read when they are needed for the first time."""
        if shelf not in self._shelves:
            self._shelves[shelf] = [shelf_type(entry) for entry in _ENTRIES[shelf]()]
            hint = tr("Save a block here by its menu.") if shelf == MINE else ""
            self.list.fill_section(shelf, self._shelves[shelf], hint=hint)
        return self._shelves[shelf]

    def _on_query_changed(self, query: str) -> None:
        if query.strip():
            found = rank(query, self._editor.catalog.values(), [*self._read(READY), *self._read(MINE)])
            self._nothing.setVisible(not found)
            self.list.show_found(found)
        else:
            self._nothing.hide()
            self.list.show_sections()

    def _on_changed(self, change: Change) -> None:
        if change.old.definitions is not change.new.definitions:
            self._show_defined()
            if self.search.text().strip():
                self._on_query_changed(self.search.text())

    # ---- what the person asks for

    def _open_menu(self, node_type: NodeType, at: QPoint) -> None:
        menu = self.menu_for(node_type)
        menu.exec(at)
        menu.deleteLater()

    def _rename(self, type_id: str, name: str) -> None:
        block = type_id.removeprefix(PREFIX)
        if block in self._editor.project.blocks:
            self._blocks.change_block(block, name=name)

    def _on_kept(self, name: str, path: Path) -> None:
        """Show the block that was written to the person's own there, and say where its file is."""
        self._read_mine_again()
        self.search.clear()
        self.list.open_section(MINE, name)
        self.saved.emit(path)
        self.told.emit(msg("'{block}' is among your blocks now, in {file}.", block=name, file=str(path)))

    def _put_away(self, path: Path) -> None:
        """Take the file of a block out of the person's own."""
        try:
            kept = put_away(path)
        except FileError as error:
            self._editor.refused.emit(error.message)
            return
        self._read_mine_again()
        self._on_query_changed(self.search.text())
        self.told.emit(msg("'{block}' is no longer among your blocks. The file is kept as {file}.",
                           block=path.stem, file=str(kept)))  # fmt: skip

    def _read_mine_again(self) -> None:
        self._shelves.pop(MINE, None)
        self._read(MINE)


def _mine() -> list[Entry]:
    return my_blocks(my_folder())


_ENTRIES: dict[str, Callable[[], list[Entry]]] = {READY: ready_blocks, MINE: _mine}


class _SearchField(LineField):
    """Where a person types what they look for. Down goes on into the list; Escape empties it."""

    down_pressed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName(tr("Search the library"))
        sign = QAction(icon("search", "faint"), "", self)
        sign.triggered.connect(self.selectAll)
        add_sign(self, sign, QLineEdit.ActionPosition.LeadingPosition, name=tr("Search the library"))
        self._clear = QAction(icon("close", "muted"), "", self)
        self._clear.triggered.connect(self.clear)
        self.textChanged.connect(self._on_text_changed)

    def set_count(self, count: int) -> None:
        """Say among how many layers it searches."""
        self.setPlaceholderText(tr("Search {count} layers… /", count=count))
        self.setToolTip(self.placeholderText())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Down:
            self.down_pressed.emit()
        elif event.key() == Qt.Key.Key_Escape and self.text():
            self.clear()
        else:
            super().keyPressEvent(event)

    def _on_text_changed(self, text: str) -> None:
        if text:
            add_sign(self, self._clear, QLineEdit.ActionPosition.TrailingPosition, name=tr("Show everything"))
        else:
            self.removeAction(self._clear)
