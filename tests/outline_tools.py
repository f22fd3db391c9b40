"""Somebody in front of the Outline, with a keyboard and a screen reader."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from canvas_hand import NONE
from graph.model import Node, Project
from gui.block_editor import BlockEditor
from gui.editor import Editor
from gui.panels.outline import OutlinePanel
from gui.panels.outline_rows import Kind, Row
from panel_tools import show
from runtime.analyser import analyse

SPOKEN = Qt.ItemDataRole.AccessibleTextRole
ENTER, RIGHT, LEFT, UP, DOWN = Qt.Key.Key_Return, Qt.Key.Key_Right, Qt.Key.Key_Left, Qt.Key.Key_Up, Qt.Key.Key_Down


class Reader:
    """Somebody with a keyboard and a screen reader."""

    def __init__(self, qtbot, editor: Editor) -> None:
        self.editor, self.blocks = editor, BlockEditor(editor)
        self.panel = show(qtbot, OutlinePanel(editor, self.blocks), 280, 700)
        self.list = self.panel.list
        self.list.setFocus()

    def press(self, *pressed: str | Qt.Key, modifiers=NONE) -> None:
        """Press keys, or type texts, wherever the focus is."""
        for key in (key for keys in pressed for key in (keys if isinstance(keys, str) else [keys])):
            widget = QApplication.focusWidget()
            assert widget is not None, key
            QTest.keyClick(widget, key, modifiers)
            QApplication.processEvents()

    def go(self, name: str, detail: str = "") -> None:
        """Go to a node with the arrow keys, and to the first row below it that begins with a text."""
        self.press(Qt.Key.Key_Home)
        while self.row.name != name or self.row.kind is not Kind.NODE:
            before = self.list.currentIndex()
            self.press(DOWN)
            assert self.list.currentIndex() != before, name
        if detail:
            self.press(*(() if is_open(self, name) else (RIGHT,)), DOWN)
            while not self.row.text.startswith(detail):
                self.press(DOWN)
                assert self.row.kind is not Kind.NODE, detail

    @property
    def row(self) -> Row:
        row = self.list.row()
        assert row is not None
        return row

    @property
    def spoken(self) -> str:
        """What a screen reader says of the present row."""
        return self.list.currentIndex().data(SPOKEN)

    def all_spoken(self) -> list[str]:
        """Every row, read from the first to the last."""
        self.list.expandAll()
        self.press(Qt.Key.Key_Home)
        rows = [self.spoken]
        while self.list.indexBelow(self.list.currentIndex()).isValid():
            self.press(DOWN)
            rows.append(self.spoken)
        return rows

    def node(self, name: str) -> Node:
        node = self.editor.graph.node_named(name)
        assert node is not None, name
        return node


def analysed(project: Project) -> Editor:
    """An editor that is analysed after every edit."""
    editor = Editor(project)
    editor.changed.connect(lambda change: editor.set_analysis(analyse(change.new)))
    editor.set_analysis(analyse(project))
    return editor


def is_open(reader: Reader, name: str) -> bool:
    """Whether the rows below a node are on show."""
    return reader.list.isExpanded(reader.list.rows.index_of(reader.node(name).id))
