"""What a run says on the canvas: kept while the person looks into blocks, and shown on the cards of the drawing itself.

The values of a sample are shown in the drawing that they are of.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from graph.model import NodeId, Scope
from gui.canvas.living import Vital
from gui.canvas.values import NodeValue

if TYPE_CHECKING:
    from gui.canvas.view import CanvasView


class Life:
    """Remembers live values, health and reach for a view; `refresh` when another drawing or plan is shown."""

    def __init__(self, view: CanvasView) -> None:
        self._view = view
        self._live: Mapping[str, float] = {}
        self._vitals: Mapping[NodeId, Vital] = {}
        self._reach: frozenset[NodeId] | None = None
        self._values: tuple[Scope, Mapping[NodeId, NodeValue]] = (None, {})

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

    def show_values(self, values: Mapping[NodeId, NodeValue] | None) -> None:
        """Show what leaves the nodes of the drawing on show for one sample; None takes it off."""
        self._values = self._view.editor.scope, values or {}
        self._view.scene().values.show(self._values[1])

    def refresh(self) -> None:
        """Show it all on the drawing on show: blocks have none of it, but for the values of a sample."""
        living, editor = self._view.scene().living, self._view.editor
        inside = editor.scope is not None
        living.show_live({} if inside else self._live)
        living.show_vitals({} if inside else self._vitals)
        living.show_frozen(() if inside else editor.project.plan.frozen)
        if (reach := None if inside else self._reach) != living.reached or reach is not None:
            living.show_reach(reach)
        of, values = self._values
        self._view.scene().values.show(values if of == editor.scope else {})
