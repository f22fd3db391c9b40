"""The page of keys and gestures."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Slot
from PySide6.QtWidgets import QDialog, QGridLayout, QPushButton, QVBoxLayout, QWidget

from graph.messages import Message, msg, tr
from gui.actions import MENUS, plain
from gui.panels.parts import DECORATION, Heading, ScrollColumn, column, label, row
from gui.shortcuts import Shortcuts, shown
from gui.theme import GRID, theme
from gui.tongue import tongue

WIDTH, HEIGHT = 824, 712
CAPS_WIDTH = 38 * GRID  # of the column of keys
LINE_OF_KEYS, AROUND_KEY = 18, 3  # letters in a line of it, and what the frame of a key takes
GESTURES: tuple[tuple[str | Message, Message], ...] = (
    ("Ctrl+←↑→↓", msg("Select the next node in that direction")),
    ("←↑→↓", msg("Move the selected nodes")),
    (msg("double-click"), msg("On a block: look inside. Alt+Up, or Backspace with nothing selected, goes out again")),
    (msg("double-click a wire"), msg("Put a layer into it; on a corner: take the corner out")),
    ("Esc", msg("Give up what is being dragged; from a panel: back to the canvas")),
    (msg("drag"), msg("From a port: draw a wire. On the canvas: select. With the middle button or Space: pan")),
    (msg("drag a card"), msg("It snaps to its neighbors; hold Ctrl to place it freely. On a wire: put it in")),
    (msg("Alt+drag a card"), msg("Pull it out; the wire heals. With Shift too: drag a copy away")),
    (msg("drag a wire"), msg("Bend it; near its end: take the end elsewhere")),
    (msg("Alt+click a wire"), msg("Remove it; Alt+drag across several removes them all")),
    (msg("Ctrl over a card"), msg("Show the whole path through it")),
    (msg("wheel"), msg("Zoom about the cursor; with Shift: go sideways")),
    (msg("fingers"), msg("One pans or moves a card, two zoom")),
)

Line = tuple[tuple[str, ...], str]  # keys, each as people read it, and what they do
Section = tuple[str, list[Line]]


class KeysDialog(QDialog):
    """Every key in force and every gesture, by menu, in two columns. It stays open beside the work, and follows changes."""

    def __init__(self, shortcuts: Shortcuts, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shortcuts = shortcuts
        self.setWindowTitle(tr("Keys and gestures"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        tongue.changed.connect(self.close)
        self._scroll = ScrollColumn()
        self._scroll.column.setContentsMargins(5 * GRID, 4 * GRID, 5 * GRID, 4 * GRID)
        self._page: QWidget | None = None
        close = QPushButton(tr("Close"), default=True)
        close.clicked.connect(self.close)
        layout = column(self)
        layout.addWidget(self._scroll, 1)
        foot = row()
        foot.setContentsMargins(5 * GRID, 3 * GRID, 5 * GRID, 4 * GRID)
        foot.addStretch(1)
        foot.addWidget(close)
        layout.addLayout(foot)
        shortcuts.changed.connect(self._show_keys)
        theme.changed.connect(self._show_keys)
        self._show_keys()
        self.resize(QSize(theme.px(WIDTH), theme.px(HEIGHT)).boundedTo(self.screen().availableSize() - DECORATION))

    @Slot()
    def _show_keys(self) -> None:
        if self._page is not None:
            self._page.hide()
            self._page.deleteLater()
        self._page = QWidget()
        columns = row(self._page, spacing=8 * GRID)
        for side in _in_two(key_sections(self._shortcuts)):
            columns.addLayout(_column(side), 1)
        self._scroll.column.addWidget(self._page)


def key_sections(shortcuts: Shortcuts) -> list[Section]:
    """Keys and what they do: the gestures of the canvas, and the actions that have keys, by menu."""
    sections: list[Section] = [(tr("Gestures"), [((str(keys),), str(text)) for keys, text in GESTURES])]
    for menu in MENUS:
        named = [entry for entry in menu.entries if entry and not entry.id.startswith("menu:")]
        lines = [(tuple(map(shown, keys)), plain(e.text)) for e in named if (keys := shortcuts.keys(e.id))]
        sections += [(plain(menu.title), lines)] if lines else []
    return sections


def _in_two(sections: list[Section]) -> tuple[list[Section], list[Section]]:
    """Each section goes to the side that is shorter so far."""
    sides: tuple[list[Section], list[Section]] = ([], [])
    for section in sections:
        min(sides, key=lambda side: sum(2 + len(entries) for _, entries in side)).append(section)
    return sides


def _column(sections: list[Section]) -> QVBoxLayout:
    made = column(spacing=GRID)
    for title, entries in sections:
        made.addWidget(Heading(title, first=True))
        made.addLayout(_table(entries))
        made.addSpacing(4 * GRID)
    made.addStretch(1)
    return made


def _table(entries: list[Line]) -> QGridLayout:
    grid = QGridLayout()
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setHorizontalSpacing(3 * GRID)
    grid.setVerticalSpacing(GRID)
    grid.setColumnMinimumWidth(0, theme.px(CAPS_WIDTH))
    grid.setColumnStretch(1, 1)
    for line, (keys, text) in enumerate(entries):
        grid.addWidget(_keys(keys), line, 0, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        words = label(text, wrap=True)
        words.setAlignment(Qt.AlignmentFlag.AlignTop)
        grid.addWidget(words, line, 1)
    return grid


def _keys(keys: tuple[str, ...]) -> QWidget:
    """Keys beside each other, in further lines where they are too wide together."""
    made = QWidget()
    lines, line, room = column(made, spacing=GRID), row(spacing=GRID), -1
    for key in keys:
        room -= len(key) + AROUND_KEY
        if room < 0:
            line = row(spacing=GRID)
            line.addStretch(1)
            lines.addLayout(line)
            room = LINE_OF_KEYS - len(key)
        cap = label(key, mono=True)
        cap.setProperty("kind", "key")
        line.insertWidget(line.count() - 1, cap)
    return made
