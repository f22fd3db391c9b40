"""How the layers of the drawing in training are: what the run saw of each last, and how its gradients went."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Sequence

from PySide6.QtCore import QObject, Signal

from graph.model import NodeId
from runtime.events import Event, Health, LayerHealth, RunStarted

KEPT = 40  # looks that a curve is drawn of


class Vitals(QObject):
    """Collects `Health`. `changed()`: there is something new. `latest` and the norms go by the ids of the nodes."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.latest: dict[NodeId, LayerHealth] = {}
        self.step = 0
        self._norms: dict[NodeId, deque[tuple[int, float]]] = {}  # by step
        self._run = ""

    def take(self, events: Iterable[Event]) -> None:
        """Note what happened."""
        before = self.step, len(self.latest)
        for event in events:
            if isinstance(event, RunStarted):
                self._begin(event)
            elif isinstance(event, Health):
                self._note(event)
        if before != (self.step, len(self.latest)):
            self.changed.emit()

    def clear(self) -> None:
        """Another document was opened."""
        self._forget()
        self.changed.emit()

    def norms(self, node: NodeId) -> Sequence[float]:
        """The last gradient norms of a node, the oldest first."""
        return tuple(norm for _, norm in self._norms.get(node, ()))

    def curve(self, node: NodeId) -> tuple[float, ...]:
        """The same as heights from 0 to 1, by their logarithms; empty where there are fewer than two."""
        norms = [math.log10(norm) for norm in self.norms(node) if norm > 0 and math.isfinite(norm)]
        if len(norms) < 2:
            return ()
        low, high = min(norms), max(norms)
        span = max(high - low, 1.0)  # less than a factor of ten in all is no drama
        middle = (low + high) / 2
        return tuple(round(0.5 + (norm - middle) / span, 3) for norm in norms)

    def continue_from(self, other: Vitals) -> None:
        """Know what another one knows."""
        self.latest, self.step, self._run = dict(other.latest), other.step, other._run
        self._norms = {node: norms.copy() for node, norms in other._norms.items()}
        self.changed.emit()

    def _begin(self, event: RunStarted) -> None:
        """A run that goes on keeps what was seen until there."""
        if not event.goes_on(self._run):
            self._forget()
        for node, norms in self._norms.items():
            self._norms[node] = deque((pair for pair in norms if pair[0] <= event.first_step), maxlen=KEPT)
        self._run = event.run

    def _forget(self) -> None:
        self.latest, self._norms, self.step = {}, {}, 0

    def _note(self, event: Health) -> None:
        self.latest, self.step = dict(event.layers), event.step
        for node, layer in event.layers.items():
            if layer.gradient_norm is not None:
                self._norms.setdefault(node, deque(maxlen=KEPT)).append((event.step, layer.gradient_norm))
