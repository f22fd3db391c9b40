"""Cards that glide to their new places after an edit moved them, and back when it is undone."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from PySide6.QtCore import QAbstractAnimation

from graph.changes import diff
from graph.model import Graph, NodeId, Position
from gui.motion import animate

if TYPE_CHECKING:
    from gui.canvas.view import CanvasView

DURATION = 250  # milliseconds
MANY = 200  # more cards than this jump: gliding would stutter
REMEMBERED = 64  # steps whose undo glides too
Places = Mapping[NodeId, Position]


class Glide:
    """Works on the screen alone: the document has the new places at once."""

    def __init__(self, view: CanvasView) -> None:
        self._view, self._scene = view, view.scene()
        self._steps: deque[tuple[Graph, Graph]] = deque(maxlen=REMEMBERED)
        self._is_wanted = False
        self._movement: QAbstractAnimation | None = None
        self._ways: dict[NodeId, tuple[Position, Position]] = {}

    @contextmanager
    def during(self) -> Iterator[None]:
        """What is edited meanwhile moves by gliding."""
        self._is_wanted = True
        try:
            yield
        finally:
            self._is_wanted = False

    def before(self, old: Graph, new: Graph) -> Places:
        """The places on the screen of the cards that are to glide, before the scene takes the next drawing."""
        self.finish()
        if self._is_wanted:
            self._steps.append((old, new))
        elif not any({id(old), id(new)} == {id(a), id(b)} for a, b in self._steps):
            return {}
        moved = diff(old, new).moved
        return {i: self._scene.nodes[i].place for i in moved if i in self._scene.nodes} if len(moved) <= MANY else {}

    def start(self, places: Places) -> None:
        """Let cards that the scene has at their new places come there from these."""
        nodes = self._scene.nodes
        self._ways = {i: (place, nodes[i].place) for i, place in places.items() if i in nodes}
        if self._ways:
            self._show(0.0)
            self._movement = animate(DURATION, self._show, on_end=self._on_end, parent=self._view)

    def finish(self) -> None:
        """Every card is where it belongs now."""
        movement, self._movement = self._movement, None
        if movement is not None:
            movement.stop()
            self._on_end()

    def _show(self, progress: float) -> None:
        places = {}
        for i, ((x0, y0), (x1, y1)) in self._ways.items():
            places[i] = (x0 + (x1 - x0) * progress, y0 + (y1 - y0) * progress)
        self._scene.place(places)

    def _on_end(self) -> None:
        self._movement = None
        ways, self._ways = self._ways, {}
        self._scene.settle(ways)
