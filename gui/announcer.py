"""Tells a screen reader what is selected on the canvas, whose cards it cannot see, and where they can be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot
from PySide6.QtGui import QAccessible

from graph.messages import tr
from gui.canvas.key_words import what_keys_do
from gui.editor import Editor
from gui.panels.outline_rows import Drawing, problems_by_node
from gui.saying import say

if TYPE_CHECKING:
    from gui.canvas.view import CanvasView


class Announcer(QObject):
    """Keeps the description of the canvas true, and says what was selected while the canvas has the focus."""

    def __init__(self, editor: Editor, canvas: CanvasView) -> None:
        super().__init__(canvas)
        self._editor, self._canvas = editor, canvas
        self.said = ""
        editor.selection_changed.connect(self._on_selection_changed)
        canvas.keys_changed.connect(self._on_keys_changed)
        self._describe("")

    @Slot(object)
    def _on_selection_changed(self, _nodes: object) -> None:
        if not QAccessible.isActive():
            return
        self.said = selection_sentence(self._editor)
        self._describe(self.said)
        if self._canvas.hasFocus():
            say(self._canvas, self.said)

    @Slot()
    def _on_keys_changed(self) -> None:
        self._describe(self.said)

    def _describe(self, selected: str) -> None:
        where = tr("The Outline, beside the library, reads and edits the same drawing row by row.")
        keys = what_keys_do(self._canvas.shortcuts)
        self._canvas.setAccessibleDescription(" ".join(filter(None, (selected, keys, where))))


def selection_sentence(editor: Editor) -> str:
    """What is selected on the canvas, in words."""
    graph, chosen = editor.graph, editor.selection
    if len(chosen) == 1:
        (node,) = chosen
        project, analysis = editor.view, editor.view_analysis
        return Drawing(project, analysis, (), problems_by_node(project, analysis)).sentence(node)
    if chosen:
        return tr("{count} nodes selected", count=len(chosen))
    if len(editor.selected_links) == 1:
        ((source, target),) = editor.selected_links
        ends = (f"{graph.nodes[end.node].name}.{end.name}" for end in (source, target))
        return tr("Wire from {source} to {target}", source=next(ends), target=next(ends))
    return tr("Nothing is selected")
