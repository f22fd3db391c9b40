"""What a run says on the canvas: kept while the person looks into blocks, and shown on the cards of the drawing itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from graph.model import NodeId
from gui.canvas.living import Vital

if TYPE_CHECKING:
    from gui.canvas.view import CanvasView


class Life:
    """Remembers live values, health and reach for a view; `refresh` when another drawing or plan is shown."""

    def __init__(self, view: CanvasView) -> None:
        self._view = view
        self._live: Mapping[str, float] = {}
        self._vitals: Mapping[NodeId, Vital] = {}
        self._reach: frozenset[NodeId] | None = None

    def show_live(self, values: Mapping[str, float]) -> None:
        """Show the latest values of losses and metrics, by node name, on their cards."""
        self._live = values
        self.refresh()

    def show_vitals(self, vitals: Mapping[NodeId, Vital]) -> None:
        """Show how the gradients of these nodes went, and which are not well."""
        self._vitals = vitals
        self.refresh()

    def show_reach(self, nodes: Iterable[NodeId] | None) -> None:
        """Outline what a loss reaches and dim the rest; None ends that."""
        self._reach = None if nodes is None else frozenset(nodes)
        self.refresh()

    def refresh(self) -> None:
        """Show it all on the drawing on show: blocks have none of it."""
        living, editor = self._view.scene().living, self._view.editor
        inside = editor.scope is not None
        living.show_live({} if inside else self._live)
        living.show_vitals({} if inside else self._vitals)
        living.show_frozen(() if inside else editor.project.plan.frozen)
        if (reach := None if inside else self._reach) != living.reached or reach is not None:
            living.show_reach(reach)
