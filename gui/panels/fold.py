"""A section of a panel that can be folded away; what was set in it is then told beside its title."""

from __future__ import annotations

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QToolButton, QVBoxLayout, QWidget

from gui.icons import icon
from gui.panels.parts import ElidedLabel, column, row, rule
from gui.theme import GRID


class Fold(QWidget):
    """A title with a triangle, and a column below it (`column`). It begins folded. A part of a section has no `line` above."""

    def __init__(self, title: str, *, line: bool = True) -> None:
        super().__init__()
        self.button = QToolButton()
        self.button.setProperty("kind", "fold")
        self.button.setText(title)
        self.button.setAccessibleName(title)
        self.button.setCheckable(True)
        self.button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._summary = ElidedLabel(tone="faint", align_right=True)
        self._inside = QWidget()
        self.column: QVBoxLayout = column(self._inside, spacing=GRID + 1)
        head = row(spacing=GRID)
        head.addWidget(self.button)
        head.addWidget(self._summary, 1)
        head.addStretch(0)
        layout = column(self, spacing=2 * GRID if line else GRID + 1)
        layout.setContentsMargins(0, 2 * GRID if line else 0, 0, 0)
        if line:
            layout.addWidget(rule())
        layout.addLayout(head)
        layout.addWidget(self._inside)
        self.button.toggled.connect(self._on_toggled)
        self._on_toggled(False)

    def set_summary(self, text: str) -> None:
        """What was set inside; shown while it is folded."""
        self._summary.setToolTip("")
        self._summary.setText(text)
        self.button.setAccessibleDescription(text)

    def open(self) -> None:
        """Show what is inside."""
        self.button.setChecked(True)

    @Slot(bool)
    def _on_toggled(self, is_open: bool) -> None:
        self.button.setIcon(icon("chevron-down" if is_open else "chevron-right", "muted"))
        self._inside.setVisible(is_open)
        self._summary.setVisible(not is_open)
