"""Find in the drawing: a box that filters all nodes of the document, and the way from one found node to the next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLabel, QListWidgetItem

from graph.messages import tr
from gui.canvas.chooser import Chooser, Entry
from gui.canvas.finding import Found, Page, pages, search
from gui.theme import theme

if TYPE_CHECKING:
    from gui.canvas.view import CanvasView
    from gui.editor import Editor

_ON_KEYS = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_F3)
_FROM_TOP = 16  # pixels


class Finder:
    """What was looked for last, and where the person is among what was found."""

    def __init__(self, editor: Editor, canvas: CanvasView) -> None:
        self._editor, self._canvas = editor, canvas
        self.query = ""
        self.found: Sequence[Found] = ()
        self.at: int | None = None  # none was gone to yet
        self._pages: list[Page] = []

    def read(self) -> None:
        """Look at the document as it is now."""
        self._pages = pages(self._editor.project, self._editor.analysis)
        self.look_for(self.query)

    def read_again(self) -> None:
        """Look at the document as it is now, and stay at the place among what was found."""
        at = self.at
        self.read()
        self.at = at if at is not None and at < len(self.found) else None

    @property
    def titles(self) -> dict[str, str]:
        """The names of the blocks of the document."""
        return {i: block.name for i, block in self._editor.project.blocks.items()}

    def look_for(self, query: str) -> Sequence[Found]:
        """Find nodes; those in the drawing on show glow."""
        self.query, self.at = query, None
        here = self._editor.scope
        self.found = sorted(search(query, self._pages), key=lambda found: found.scope != here)
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
        current = self.found[self.at].node if self.at is not None else None
        here = [found.node for found in self.found if found.scope == self._editor.scope]
        self._canvas.scene().show_found(here, current if current in here else None)

    def darken(self) -> None:
        """The search is over."""
        self._canvas.scene().show_found(())


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
        """Go on from the row that is chosen: to that itself if nobody has been there."""
        row = self.list.currentRow()
        if row >= 0:
            self._go(row if self._finder.at is None or self._finder.at != row else row + by)

    def _go(self, number: int) -> None:
        if self._finder.go(number) is not None and self._finder.at is not None:
            self.list.setCurrentRow(self._finder.at)
            self.edit.setFocus(Qt.FocusReason.PopupFocusReason)
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
