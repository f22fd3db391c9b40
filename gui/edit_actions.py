"""What the menus do with the document in front, beside what is drawn on its canvas: history, clipboard, panels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtGui import QGuiApplication

from graph.messages import Message, msg
from gui.canvas.drops import drawings_in

if TYPE_CHECKING:
    from gui.page import Page


class EditActions:
    """Methods named like the ids in `gui.actions` are what the menus call."""

    def __init__(self, page: Page) -> None:
        self._page, self._workspace, self._frame = page, page.workspace, page.frame
        self._editor = page.workspace.editor

    def why_not(self, action: str) -> Message | None:
        """Why an action cannot be done now; None if it can."""
        editor = self._editor
        chosen = editor.selection or editor.selected_annotations
        reasons = {
            "undo": None if editor.undo_text else msg("There is nothing to undo."),
            "redo": None if editor.redo_text else msg("There is nothing to redo."),
            "delete": None if chosen or editor.selected_links else msg("Select what to delete first."),
            **dict.fromkeys(("cut", "copy", "duplicate"), None if chosen else msg("Select what to copy first.")),
        }
        return reasons.get(action)

    # ---- Edit

    def undo(self) -> None:
        """Take the last step back."""
        self._editor.undo()

    def redo(self) -> None:
        """Do the step that was taken back again."""
        self._editor.redo()

    def cut(self) -> None:
        """Copy the selection and remove it."""
        self.copy()
        self._editor.remove_selected()

    def copy(self) -> None:
        """Copy the selection as text."""
        if text := self._workspace.clipboard.copy_text():
            QGuiApplication.clipboard().setText(text)

    def paste(self) -> None:
        """Add what was copied: at the cursor if it is over the canvas, else beside where it was, and go there.

        Drawings copied as files are opened.
        """
        clipboard = QGuiApplication.clipboard()
        mime = clipboard.mimeData()
        drawings = drawings_in(mime) if mime is not None else []
        for path in drawings:
            self._page.file_dropped.emit(path)
        if not drawings:
            canvas = self._frame.canvas
            at = canvas.cursor_point
            self._workspace.clipboard.paste_text(clipboard.text(), at.toTuple() if at is not None else None)
            self._go_to_selection()

    def _go_to_selection(self) -> None:
        canvas, area = self._frame.canvas, self._frame.canvas.visible_area()
        if not all(area.contains(canvas.scene().nodes[i].body()) for i in self._editor.selection):
            canvas.fly_to_nodes(self._editor.selection)

    def duplicate(self) -> None:
        """Add a copy of the selection."""
        self._workspace.clipboard.duplicate()

    def delete(self) -> None:
        """Remove the selection."""
        self._editor.remove_selected()

    def select_all(self) -> None:
        """Select everything."""
        self._editor.select_all()

    # ---- panels

    def next_pane(self) -> None:
        """Go to the next part of the window."""
        self._frame.panes.go(1)

    def previous_pane(self) -> None:
        """Go to the part of the window before."""
        self._frame.panes.go(-1)

    def show_history(self) -> None:
        """List the steps that led here."""
        self._frame.show_tab(self._frame.history)

    def show_outline(self) -> None:
        """Show the drawing as a list that can be edited by keys alone."""
        self._frame.show_tab(self._frame.outline)

    def show_sweep(self) -> None:
        """Show what is searched, and the trials of sweeps."""
        self._frame.show_tab(self._frame.sweep)

    def show_summary(self) -> None:
        """Show the table of the layers."""
        self._frame.show_tab(self._frame.summary)

    def find_layer(self) -> None:
        """Go to the search field of the library."""
        self._frame.show_tab(self._frame.library)
        self._frame.library.focus_search()
