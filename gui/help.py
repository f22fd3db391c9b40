"""The page of keys and gestures."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QDialog, QGridLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from graph.messages import tr
from gui.actions import key_sections
from gui.panels.parts import DECORATION, Heading, ScrollColumn, column, label, row
from gui.theme import GRID

WIDTH, HEIGHT = 720, 712


class KeysDialog(QDialog):
    """Every key and gesture, by menu, in two columns. It stays open beside the work."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Keys and gestures"))
        scroll = ScrollColumn()
        scroll.column.setContentsMargins(5 * GRID, 4 * GRID, 5 * GRID, 4 * GRID)
        columns = row(spacing=8 * GRID)
        for side in _in_two(key_sections()):
            columns.addLayout(_column(side), 1)
        scroll.column.addLayout(columns)
        close = QPushButton(tr("Close"), default=True)
        close.clicked.connect(self.close)
        layout = column(self)
        layout.addWidget(scroll, 1)
        foot = row()
        foot.setContentsMargins(5 * GRID, 3 * GRID, 5 * GRID, 4 * GRID)
        foot.addStretch(1)
        foot.addWidget(close)
        layout.addLayout(foot)
        self.resize(QSize(WIDTH, HEIGHT).boundedTo(self.screen().availableSize() - DECORATION))


Section = tuple[str, list[tuple[str, str]]]


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


def _table(entries: list[tuple[str, str]]) -> QGridLayout:
    grid = QGridLayout()
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setHorizontalSpacing(3 * GRID)
    grid.setVerticalSpacing(GRID)
    grid.setColumnMinimumWidth(0, 28 * GRID)
    grid.setColumnStretch(1, 1)
    for line, (keys, text) in enumerate(entries):
        grid.addWidget(_key(keys), line, 0, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        grid.addWidget(label(text, wrap=True), line, 1)
    return grid


def _key(keys: str) -> QLabel:
    made = label(keys, mono=True)
    made.setProperty("kind", "key")
    return made
