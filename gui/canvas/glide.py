"""Cards, frames and notes that glide to their new places after an edit moved them, and back when it is undone."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QAbstractAnimation

from graph.areas import Area
from graph.changes import diff
from graph.model import Graph, NodeId, Position
from gui.motion import animate

if TYPE_CHECKING:
    from gui.canvas.view import CanvasView

DURATION = 250  # milliseconds
MANY = 200  # more cards than this jump: gliding would stutter
REMEMBERED = 64  # steps whose undo glides too


class Places(NamedTuple):
    """Where cards, frames and notes are on the screen, by id."""

    cards: Mapping[NodeId, Position] = {}
    areas: Mapping[str, Area] = {}


class Ways(NamedTuple):
    """From where to where they glide."""

    cards: Mapping[NodeId, tuple[Position, Position]] = {}
    areas: Mapping[str, tuple[Area, Area]] = {}


class Glide:
    """Works on the screen alone: the document has the new places at once."""

    def __init__(self, view: CanvasView) -> None:
        self._view, self._scene = view, view.scene()
        self._steps: deque[tuple[Graph, Graph]] = deque(maxlen=REMEMBERED)
        self._is_wanted = False
        self._movement: QAbstractAnimation | None = None
        self._ways = Ways()

    @contextmanager
    def during(self) -> Iterator[None]:
        """What is edited meanwhile moves by gliding."""
        self._is_wanted = True
        try:
            yield
        finally:
            self._is_wanted = False

    def before(self, old: Graph, new: Graph) -> Places:
        """The places on the screen of all that is to glide, before the scene takes the next drawing."""
        self.finish()
        if self._is_wanted:
            self._steps.append((old, new))
        elif not any({id(old), id(new)} == {id(a), id(b)} for a, b in self._steps):
            return Places()
        moved = diff(old, new).moved
        if len(moved) > MANY:
            return Places()
        nodes, annotations = self._scene.nodes, old.look.annotations
        refitted = (i for i, a in new.look.annotations.items() if i in annotations and annotations[i].area != a.area)
        return Places({i: nodes[i].place for i in moved if i in nodes}, {i: annotations[i].area for i in refitted})

    def start(self, places: Places) -> None:
        """Let what the scene has at its new place come there from these."""
        nodes, annotations = self._scene.nodes, self._scene.graph.look.annotations
        self._ways = Ways(
            {i: (place, nodes[i].place) for i, place in places.cards.items() if i in nodes},
            {i: (area, annotations[i].area) for i, area in places.areas.items() if i in annotations},
        )
        if any(self._ways):
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
        for i, ((x0, y0), (x1, y1)) in self._ways.cards.items():
            places[i] = (x0 + (x1 - x0) * progress, y0 + (y1 - y0) * progress)
        self._scene.place(places)
        areas: dict[str, Area] = {}
        for i, (start, end) in self._ways.areas.items():
            left, top, width, height = (a + (b - a) * progress for a, b in zip(start, end, strict=True))
            areas[i] = (left, top, width, height)
        self._scene.annotations.place(areas)

    def _on_end(self) -> None:
        self._movement = None
        ways, self._ways = self._ways, Ways()
        self._scene.annotations.settle(ways.areas)
        self._scene.settle(ways.cards)
