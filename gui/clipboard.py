"""Copies of parts of a drawing: to the clipboard as text, from there, and beside the original."""

from __future__ import annotations

from dataclasses import replace

from graph import files
from graph.adoption import adopt, retyped, used_definitions
from graph.catalog import Catalog
from graph.framing import load_of
from graph.messages import EditError, FileError, LayerloomError, Message, msg
from graph.model import Definitions, Graph, Position
from gui.canvas.geometry import card_sizes
from gui.editor import Editor

STEP = 24.0  # canvas units from the original to its copy


class Clipboard:
    """Copies what is selected in an editor: nodes, the wires between them, notes, and frames with what lies in them."""

    def __init__(self, editor: Editor) -> None:
        self._editor = editor
        self._pasted = 0  # times, at this place
        self._pasted_at: Position | None = None

    def copy_text(self) -> str:
        """The selected part of the drawing as text; empty if nothing is selected."""
        self._pasted, self._pasted_at = 0, None
        part = self._selected()
        return files.part_to_text(part, used_definitions(part, self._editor.project.definitions)) if part else ""

    def paste_text(self, text: str, position: Position | None = None) -> None:
        """Add what `copy_text` gave, its upper left corner at a place or a little beside the original, and select it.

        The text of a whole file will do too: its drawing is added, with what it defines.
        """
        try:
            part, others = _part_in(text, self._editor.catalog)
        except LayerloomError:
            self._editor.refused.emit(msg("The clipboard holds no part of a drawing. Copy some nodes first."))
            return
        definitions, types = adopt(self._editor.project.definitions, others)
        self._add(retyped(part, types), self._offset(part, position), msg("Paste"), definitions)

    def duplicate(self) -> None:
        """Add a copy of what is selected beside it and select it."""
        if part := self._selected():
            self._add(part, (STEP, STEP), msg("Duplicate"))

    def _selected(self) -> Graph | None:
        editor = self._editor
        if not editor.selection and not editor.selected_annotations:
            return None
        sizes = card_sizes(editor.graph, editor.catalog)
        load = load_of(editor.graph, editor.selection, editor.selected_annotations, sizes)
        return editor.graph.only(load.nodes, load.annotations)

    def _offset(self, part: Graph, position: Position | None) -> Position:
        corners = [node.position for node in part.nodes.values()]
        corners += [annotation.area[:2] for annotation in part.look.annotations.values()]
        self._pasted = self._pasted + 1 if position == self._pasted_at else 1
        self._pasted_at = position
        if position is None or not corners:
            return (STEP * self._pasted, STEP * self._pasted)
        left, top = min(x for x, _ in corners), min(y for _, y in corners)
        aside = STEP * (self._pasted - 1)
        return (position[0] - left + aside, position[1] - top + aside)

    def _add(self, part: Graph, offset: Position, text: Message, definitions: Definitions | None = None) -> None:
        editor = self._editor
        known = editor.graph.look.annotations.keys()
        try:
            merged, ids = editor.graph.merge(part, offset)
        except EditError as error:
            editor.refused.emit(error.message)
            return
        project = editor.project if definitions is None else replace(editor.project, definitions=definitions)
        if editor.push(project.with_drawing(editor.scope, merged), text):
            editor.select(ids.values(), annotations=editor.graph.look.annotations.keys() - known)


def _part_in(text: str, catalog: Catalog) -> tuple[Graph, Definitions]:
    """The part of a drawing that a text holds, or else the whole drawing.

    Raises:
        FileError: it holds neither.
    """
    try:
        return files.part_from_text(text, catalog)
    except FileError:
        project = files.from_text(text)
        return project.graph, project.definitions
