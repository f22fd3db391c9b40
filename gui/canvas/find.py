"""Find in the drawing: a box that filters all nodes of the document, and the way from one found node to the next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLabel, QListWidgetItem

from graph.messages import tr
from graph.model import Scope
from gui.canvas.chooser import Chooser, Entry
from gui.canvas.finding import Found, Page, pages, search
from gui.theme import theme

if TYPE_CHECKING:
    from gui.canvas.view import CanvasView
    from gui.editor import Editor

_ON_KEYS = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_F3)
_FROM_TOP = 16  # pixels


class Finder(QObject):
    """What was looked for last, and where the person is among what was found."""

    def __init__(self, editor: Editor, canvas: CanvasView) -> None:
        super().__init__(canvas)
        self._editor, self._canvas = editor, canvas
        self.query = ""
        self.found: Sequence[Found] = ()
        self.at: int | None = None  # none was gone to yet
        self._pages: list[Page] = []
        self._is_lit = False
        editor.scope_changed.connect(self._on_scope_changed)

    def read(self) -> None:
        """Look at the document as it is now, from the beginning."""
        self.at = None
        self.read_again()

    def read_again(self) -> None:
        """Look at the document as it is now, and stay at the place among what was found."""
        self._pages = pages(self._editor.project, self._editor.analysis)
        self.look_for(self.query)

    @property
    def titles(self) -> dict[str, str]:
        """The names of the blocks of the document."""
        return {i: block.name for i, block in self._editor.project.blocks.items()}

    def look_for(self, query: str) -> Sequence[Found]:
        """Find nodes; those in the drawing on show glow. Looking for the same again, one stays where one was."""
        here, before = self._editor.scope, self.found[self.at] if self.at is not None else None
        self.found = sorted(search(query, self._pages), key=lambda found: found.scope != here)
        if query != self.query:
            self.at = None
        elif before is not None:
            same = (n for n, found in enumerate(self.found) if found[:2] == before[:2])
            self.at = next(same, self.at if self.at is not None and self.at < len(self.found) else None)
        self.query = query
        self.glow()
        return self.found

    def step(self, by: int) -> Found | None:
        """Go to the next one (1) or the one before (-1), round and round; None if nothing was found."""
        if not self.found:
            return None
        start = -1 if by > 0 else 0
        return self.go((start if self.at is None else self.at) + by)

    def go(self, number: int) -> Found | None:
        """Go to one of those that were found: into its drawing, and to its card."""
        self.at = number % len(self.found)
        found = self.found[self.at]
        self._editor.look_into(found.scope)
        if found.node not in self._editor.graph.nodes:
            return None
        self._editor.select([found.node])
        self._canvas.fly_to_node(found.node)
        self.glow()
        return found

    def glow(self) -> None:
        """Let those glow that are in the drawing on show."""
        self._is_lit = True
        scope = self._editor.scope
        here = [found.node for found in self.found if found.scope == scope]
        current = self.found[self.at] if self.at is not None else None
        self._canvas.scene().show_found(here, current.node if current is not None and current.scope == scope else None)

    def darken(self) -> None:
        """The search is over."""
        self._is_lit = False
        self._canvas.scene().show_found(())

    @Slot(object)
    def _on_scope_changed(self, _scope: Scope) -> None:
        """In another drawing the same ids are other nodes."""
        if self._is_lit:
            self.glow()


class FindBox(Chooser):
    """Stays open while the person goes from one to the next; Escape closes it."""

    outlives_drawing = True
    width_of_box = 320

    def __init__(self, canvas: CanvasView, finder: Finder) -> None:
        self._finder = finder
        finder.read()
        query = finder.query
        super().__init__(
            canvas,
            self._entries,
            title=tr("Find by name, type, value or shape"),
            nothing=tr("Nothing of that kind. Try a name, conv2d, kernel 5, 28x28, or a word of a problem."),
        )
        self._count = QLabel()
        self._count.setProperty("tone", "muted")
        self._count.setContentsMargins(4, 0, 0, 0)
        self._lines.addWidget(self._count)
        self.edit.setText(query)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)  # so that a click on a row does not give the focus to the canvas
        self.setFocusProxy(self.edit)
        self._show_count()
        self.edit.textChanged.connect(self._show_count)
        canvas.editor.changed.connect(self._on_news)
        canvas.editor.analysed.connect(self._on_news)

    def show_up(self) -> None:
        """Open at the upper edge of the canvas."""
        self.open_at(QPoint(self._owner.width() - theme.px(self.width_of_box) - _FROM_TOP, _FROM_TOP))
        self.edit.selectAll()

    def shut(self) -> None:
        self._finder.darken()
        super().shut()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress and event.key() in _ON_KEYS:
            is_back = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            self._step(-1 if is_back else 1)
            return True
        return super().eventFilter(watched, event)

    def _entries(self, query: str) -> list[Entry]:
        return [self._entry(number, found) for number, found in enumerate(self._finder.look_for(query))]

    def _entry(self, number: int, found: Found) -> Entry:
        blocks = self._finder.titles
        detail = f"{blocks[found.scope]} › {found.type_label}" if found.scope is not None else found.type_label
        return Entry(found.name, detail, found.family, number)

    def _step(self, by: int) -> None:
        """Go to the row that was chosen; from where one is, which may be none of the rows, to the next."""
        row, at = self.list.currentRow(), self._finder.at
        if at is not None and row in (at, -1):
            self._go(at + by)
        elif row >= 0:
            self._go(row)

    def _go(self, number: int) -> None:
        found = self._finder.go(number)
        if found is not None:
            self._choose_row()
            self.edit.setAccessibleDescription(found.name)
            self.edit.setFocus(Qt.FocusReason.PopupFocusReason)
        self._show_count()

    def _choose_row(self) -> None:
        """The row of where one is; none if that is not among the rows."""
        at = self._finder.at
        if at is not None:
            self.list.setCurrentRow(at if at < self.list.count() else -1)

    @Slot(object)
    def _on_news(self, _news: object) -> None:
        """The document is another one than when it was searched."""
        if self.isVisible():
            row = self.list.currentRow()
            self._finder.read_again()
            self._fill(self.edit.text())
            self.list.setCurrentRow(min(row, self.list.count() - 1))
            self._choose_row()
            self._show_count()

    def _take(self, item: QListWidgetItem | None) -> None:
        if item is not None:
            self._go(self.list.row(item))

    @Slot()
    def _show_count(self) -> None:
        count, at = len(self._finder.found), self._finder.at
        self._count.setVisible(count > 0)
        self._count.setText(
            tr("{count} found · Enter goes there", count=count)
            if at is None
            else tr("{number} of {count} · Enter or F3 for the next", number=at + 1, count=count)
        )
        self.setFixedSize(theme.px(self.width_of_box), self._height(self.list.count()))

    def _height(self, rows: int) -> int:
        return super()._height(rows) + (theme.px(24) if rows else 0)
