"""What a run and its plan say about the cards of a drawing: live values, the health of layers, what is frozen, what a loss reaches."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from graph.model import NodeId

if TYPE_CHECKING:
    from gui.canvas.scene import CanvasScene

UNREACHED = 0.35  # opacity of what a loss does not reach


class Vital(NamedTuple):
    """How a node is: its live value, its gradient norms as heights from 0 to 1, what is wrong with them, whether it is frozen."""

    live: float | None = None
    curve: tuple[float, ...] = ()
    state: str = ""
    frozen: bool = False


CALM = Vital()


class Living:
    """Keeps what is known for the cards of a scene; those whose knowledge changed are painted again."""

    def __init__(self, scene: CanvasScene) -> None:
        self._scene = scene
        self._live: Mapping[str, float] = {}
        self._vitals: Mapping[NodeId, Vital] = {}
        self._frozen: frozenset[NodeId] = frozenset()
        self._reached: frozenset[NodeId] | None = None

    def of(self, node: NodeId, name: str) -> Vital:
        """How a node is."""
        found = self._vitals.get(node, CALM)
        live, frozen = self._live.get(name), node in self._frozen
        return found if live is None and not frozen else found._replace(live=live, frozen=frozen)

    def show_live(self, values: Mapping[str, float]) -> None:
        """Write the latest values of losses and metrics, by node name, on their cards."""
        old, self._live = self._live, dict(values)
        changed = {name for name in old.keys() | values.keys() if old.get(name) != values.get(name)}
        self._tell(i for i, item in self._scene.nodes.items() if item.node.name in changed)

    def show_vitals(self, vitals: Mapping[NodeId, Vital]) -> None:
        """Draw how the gradients of these nodes went, and mark those that are not well."""
        old, self._vitals = self._vitals, dict(vitals)
        self._tell(i for i in old.keys() | vitals.keys() if old.get(i) != vitals.get(i))

    def show_frozen(self, nodes: Iterable[NodeId]) -> None:
        """Mark exactly these as frozen."""
        old, self._frozen = self._frozen, frozenset(nodes)
        self._refresh(old ^ self._frozen)

    def show_reach(self, nodes: Iterable[NodeId] | None) -> None:
        """Outline what a loss reaches and dim the rest; None ends that."""
        self._reached = None if nodes is None else frozenset(nodes)
        for node, item in self._scene.nodes.items():
            reached = self._reached is not None and node in self._reached
            item.set_mood(reached=reached)
            item.setOpacity(1.0 if self._reached is None or reached else UNREACHED)

    @property
    def reached(self) -> frozenset[NodeId] | None:
        """What is outlined as reached by a loss; None where nothing is shown of that."""
        return self._reached

    def _tell(self, ids: Iterable[NodeId]) -> None:
        for item in (self._scene.nodes[i] for i in ids if i in self._scene.nodes):
            item.tell(self.of(item.node.id, item.node.name))

    def _refresh(self, ids: Iterable[NodeId]) -> None:
        for i in ids:
            if i in self._scene.nodes:
                self._scene.nodes[i].refresh()
