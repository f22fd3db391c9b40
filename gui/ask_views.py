"""The panels that ask the trained network: each is made when it is first looked at."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QWidget

from graph.messages import Message, msg, tr
from gui.canvas.view import CanvasView
from gui.later import Later
from gui.workspace import Workspace

if TYPE_CHECKING:
    from gui.panels.explain import ExplainPanel
    from gui.panels.inside import InsidePanel
    from gui.panels.projection import ProjectionPanel
    from gui.panels.trying import TryPanel


class AskPanel(Protocol):
    """What all of them can do."""

    def clear(self) -> None: ...


class AskViews(QObject):
    """`wanted(page)`: a panel should come to the front. `node_requested(id)`: show a node. `told(Message, tone)`: something to say in
    the corner."""

    wanted = Signal(object)
    node_requested = Signal(str)
    told = Signal(object, str)

    def __init__(self, workspace: Workspace, canvas: CanvasView) -> None:
        super().__init__(canvas)
        self._workspace, self._canvas = workspace, canvas
        self._made: list[AskPanel] = []
        makers = (self._make_trying, self._make_inside, self._make_explain, self._make_embeddings)
        self.trying, self.inside, self.explain, self.embeddings = (self._later(make) for make in makers)

    @property
    def tabs(self) -> tuple[tuple[QWidget, str], ...]:
        """The panels with their titles."""
        titles = (tr("Try"), tr("Inside"), tr("Explain"), tr("Embeddings"))
        return tuple(zip((self.trying, self.inside, self.explain, self.embeddings), titles, strict=True))

    def forget(self) -> None:
        """Another document was opened."""
        for panel in self._made:
            panel.clear()

    @Slot(int)
    def explain_sample(self, number: int) -> None:
        """Explain what the network says of a sample of the test part."""
        self.explain.panel().open_sample(number)  # type: ignore[attr-defined]
        self.wanted.emit(self.explain)

    def _later(self, make: Callable[[], QWidget]) -> Later:
        def made() -> QWidget:
            panel = make()
            self._made.append(panel)  # type: ignore[arg-type]
            for signal, slot in (("failed", self._on_failed), ("exported", self._on_exported)):
                if hasattr(panel, signal):
                    getattr(panel, signal).connect(slot)
            return panel

        return Later(made)

    def _make_trying(self) -> TryPanel:
        from gui.panels.trying import TryPanel

        return TryPanel(self._workspace.asker)

    def _make_inside(self) -> InsidePanel:
        from gui.panels.inside import InsidePanel

        panel = InsidePanel(self._workspace.editor, self._workspace.asker)
        panel.node_requested.connect(self.node_requested)
        panel.values_changed.connect(self._canvas.life.show_values)
        return panel

    def _make_explain(self) -> ExplainPanel:
        from gui.panels.explain import ExplainPanel

        return ExplainPanel(self._workspace.asker)

    def _make_embeddings(self) -> ProjectionPanel:
        from gui.panels.projection import ProjectionPanel

        return ProjectionPanel(self._workspace.asker)

    @Slot(object)
    def _on_failed(self, message: Message) -> None:
        self.told.emit(message, "error")

    @Slot(object)
    def _on_exported(self, path: object) -> None:
        self.told.emit(msg("Written to {file}.", file=path), "info")
