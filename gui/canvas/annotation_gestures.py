"""The gestures on frames and notes, which move and resize them, and on the switch of a card."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF

from graph.areas import GRID, Area
from graph.framing import moved, with_areas
from graph.look import FRAME, with_look
from graph.messages import msg
from graph.model import NodeId, Position
from gui.canvas.annotations import CORNER_PART, EDGE, Grip
from gui.canvas.gestures import ALT, CONTROL, SHIFT, Gesture, Modifiers
from gui.canvas.gestures_move import Move, MoveNodes
from gui.canvas.hits import Hit
from gui.selecting import only_annotation

if TYPE_CHECKING:
    from gui.canvas.view import CanvasView

LEAST = {FRAME: (60.0, 60.0)}  # width and height to which one can be made small
LEAST_NOTE = (80.0, 40.0)


def annotation_gesture_for(view: CanvasView, hit: Hit, modifiers: Modifiers) -> Gesture | None:
    """The gesture that a press on a frame, a note or the switch of a card begins; None on anything else."""
    if hit.on_chevron and hit.node is not None and not modifiers & (ALT | SHIFT | CONTROL):
        return SwitchCard(view, hit.node)
    if hit.annotation is None:
        return None
    if hit.annotation.part in (EDGE, CORNER_PART):
        return ResizeAnnotation(view, hit.annotation)
    return MoveAnnotations(view, hit.annotation, modifiers)


class MoveAnnotations(Move):
    """Moves the selected frames and notes with what lies in them, and the selected cards, as `Move` does.

    Without a drag it is a click; with control on a link of a note it opens that.
    """

    def __init__(self, view: CanvasView, grip: Grip, modifiers: Modifiers) -> None:
        super().__init__(view, only_annotation(grip.id), modifiers)
        self._grip = grip

    def end(self, point: QPointF, modifiers: Modifiers) -> None:
        if not self._is_lifted:
            self._click(modifiers)
            return
        self.clear()
        if not self._offset.isNull():
            self.editor.edit(lambda graph: moved(graph, self._load, self._offset.toTuple()), msg("Move"))

    def _held(self) -> Position:
        left, top, *_ = self.editor.graph.look.annotations[self._grip.id].area
        return left, top

    def _click(self, modifiers: Modifiers) -> None:
        if self._grip.url and modifiers & CONTROL:
            self.editor.select(*self.before)
            self.view.annotator.open_link(self._grip.url)
        else:
            self.click()


class ResizeAnnotation(Gesture):
    """Drags edges of a frame or note to the grid, as one step; without a drag it is a click that selects.

    Control while dragging switches snapping off.
    """

    def __init__(self, view: CanvasView, grip: Grip) -> None:
        super().__init__(view)
        self._grip = grip
        self._annotation = self.editor.graph.look.annotations[grip.id]
        self._area = self._annotation.area
        self._is_dragged = False

    def start(self, point: QPointF) -> None:
        self._origin = point
        self.editor.select((), (), [self._grip.id])

    def move(self, point: QPointF, modifiers: Modifiers) -> None:
        offset = point - self._origin
        self._is_dragged |= offset.manhattanLength() * self.view.zoom >= self.view.drag_distance
        if self._is_dragged:
            self._area = self._resized(offset, is_free=bool(modifiers & CONTROL))
            self.scene.annotations.place({self._grip.id: self._area})

    def end(self, point: QPointF, modifiers: Modifiers) -> None:
        self.clear()
        if self._area != self._annotation.area:
            areas = {self._grip.id: self._area}
            self.editor.edit(lambda graph: with_look(graph, with_areas(graph.look, areas)), msg("Resize"))

    def clear(self) -> None:
        self.scene.annotations.settle([self._grip.id])

    def _resized(self, offset: QPointF, *, is_free: bool) -> Area:
        left, top, width, height = self._annotation.area
        least = LEAST.get(self._annotation.kind, LEAST_NOTE)
        grid = 1.0 if is_free else GRID
        x0, x1 = _edges(left, width, offset.x(), side=self._grip.side[0], least=least[0], grid=grid)
        y0, y1 = _edges(top, height, offset.y(), side=self._grip.side[1], least=least[1], grid=grid)
        return (x0, y0, x1 - x0, y1 - y0)


class SwitchCard(Gesture):
    """Makes a card small or whole; dragged, it moves the card."""

    def __init__(self, view: CanvasView, node: NodeId) -> None:
        super().__init__(view)
        self._node = node
        self._moving: MoveNodes | None = None

    def start(self, point: QPointF) -> None:
        self._origin = point

    def move(self, point: QPointF, modifiers: Modifiers) -> None:
        if self._moving is None:
            if (point - self._origin).manhattanLength() * self.view.zoom < self.view.drag_distance:
                return
            self._moving = MoveNodes(self.view, self._node, Modifiers.NoModifier)
            self._moving.start(self._origin)
        self._moving.move(point, modifiers)

    def end(self, point: QPointF, modifiers: Modifiers) -> None:
        if self._moving is not None:
            self._moving.end(point, modifiers)
        else:
            self.view.annotator.switch([self._node])

    def clear(self) -> None:
        if self._moving is not None:
            self._moving.clear()


def _edges(low: float, length: float, offset: float, *, side: int, least: float, grid: float) -> tuple[float, float]:
    """Where two opposite edges are when the one of that side follows, on the grid and at least so far apart."""
    high = low + length
    if side < 0:
        return min(grid * round((low + offset) / grid), high - least), high
    return low, max(grid * round((high + offset) / grid), low + least) if side > 0 else high
