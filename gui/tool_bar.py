"""The tool bar: open, save, undo, redo, tidy up, export, and the strip that runs the training."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QPushButton, QWidget

from graph.messages import Message, msg, tr
from gui.icons import icon
from gui.panels.parts import row
from gui.run_bar import RunBar
from gui.run_controller import RunController
from gui.theme import GRID

TIPS = {
    "open": msg("Open a drawing"),
    "save": msg("Save the drawing"),
    "undo": msg("Undo"),
    "redo": msg("Redo"),
    "tidy": msg("Place the nodes in rows"),
    "export_model": msg("Export the network"),
}


class ToolBar(QWidget):
    """`requested` gives the id of the action that a button stands for."""

    requested = Signal(str)

    def __init__(self, controller: RunController, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("toolBar")
        self._keys: Mapping[str, str] = {}
        self._steps: dict[str, Message | None] = {"undo": None, "redo": None}
        self.buttons = {
            "open": _button(tr("Open")),
            "save": _button(tr("Save")),
            "undo": _button("", symbol="undo", name=tr("Undo")),
            "redo": _button("", symbol="redo", name=tr("Redo")),
            "tidy": _button(tr("Tidy up")),
            "export_model": _button("", symbol="export", name=tr("Export the network")),
        }
        self.run_bar = RunBar(controller)
        self.run_bar.more_button.requested.connect(self.requested)
        line = row(self)
        line.setContentsMargins(3 * GRID, 2 * GRID, 3 * GRID, 2 * GRID)
        for name, button in self.buttons.items():
            button.setProperty("action", name)
            button.clicked.connect(self._on_clicked)
            line.addWidget(button)
        line.addWidget(self.run_bar, 1)
        self._show_tips()

    def show_history(self, undo: Message | None, redo: Message | None) -> None:
        """What undo and redo would do; None where there is nothing to do."""
        self._steps = {"undo": undo, "redo": redo}
        for name, step in self._steps.items():
            self.buttons[name].setEnabled(step is not None)
        self._show_tips()

    def show_keys(self, keys: Mapping[str, str]) -> None:
        """The keys in force, by the id of the action."""
        self._keys = keys
        self._show_tips()

    def _show_tips(self) -> None:
        for name, button in self.buttons.items():
            words = str(TIPS[name])
            if name in self._steps:
                step = self._steps[name]
                words = f"{words}: {step}" if step else tr("Nothing to do here yet")
            key = self._keys.get(name, "")
            button.setToolTip(f"{words} ({key})" if key and button.isEnabled() else words)

    def _on_clicked(self) -> None:
        sender = self.sender()
        assert isinstance(sender, QPushButton)
        self.requested.emit(sender.property("action"))


def _button(text: str, *, symbol: str = "", name: str = "") -> QPushButton:
    button = QPushButton(text)
    if symbol:
        button.setIcon(icon(symbol))
        button.setProperty("kind", "icon")
    button.setAccessibleName(name or text)
    return button
