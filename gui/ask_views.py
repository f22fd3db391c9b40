"""The panels that ask the trained network: each is made when it is first looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QWidget

from graph.messages import tr
from gui.canvas.view import CanvasView
from gui.later import Later
from gui.workspace import Workspace

if TYPE_CHECKING:
    from gui.panels.explain import ExplainPanel


class AskViews(QObject):
    """`wanted(page)`: a panel should come to the front."""

    wanted = Signal(object)

    def __init__(self, workspace: Workspace, canvas: CanvasView) -> None:
        super().__init__(canvas)
        self._workspace, self._canvas = workspace, canvas
        self.explain = Later(self._make_explain)
        self._made: list[ExplainPanel] = []

    @property
    def tabs(self) -> tuple[tuple[QWidget, str], ...]:
        """The panels with their titles."""
        return ((self.explain, tr("Explain")),)

    def forget(self) -> None:
        """Another document was opened."""
        for panel in self._made:
            panel.clear()

    @Slot(int)
    def explain_sample(self, number: int) -> None:
        """Explain what the network says of a sample of the test part."""
        panel = self.explain.panel()
        panel.open_sample(number)  # type: ignore[attr-defined]
        self.wanted.emit(self.explain)

    def _make_explain(self) -> ExplainPanel:
        from gui.panels.explain import ExplainPanel

        panel = ExplainPanel(self._workspace.asker)
        self._made.append(panel)
        return panel
