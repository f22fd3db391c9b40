"""The gestures on frames and notes, which move and resize them, and on the switch of a card."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF

from graph.areas import Area
from graph.framing import Load, load_of, moved, with_areas
from graph.look import FRAME, with_look
from graph.messages import msg
from graph.model import NodeId, Position
from gui.canvas.annotations import CORNER_PART, EDGE, Grip
from gui.canvas.geometry import snap
from gui.canvas.gestures import ALT, CONTROL, SHIFT, Gesture, Modifiers
from gui.canvas.gestures_move import MANY_WIRES, MoveNodes
from gui.canvas.hits import Hit

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


class MoveAnnotations(Gesture):
    """Moves the selected frames and notes with what lies in them, and the selected cards, as one step.

    Without a drag it is a click that selects; with control on a link of a note it opens that.
    """

    def __init__(self, view: CanvasView, grip: Grip, modifiers: Modifiers) -> None:
        super().__init__(view)
        self._grip = grip
        self._adding = bool(modifiers & (SHIFT | CONTROL))
        self._was_selected = grip.id in self.editor.selected_annotations
        self._before = (self.editor.selection, self.editor.selected_links, self.editor.selected_annotations)
        self._load: Load | None = None
        self._offset: Position = (0.0, 0.0)

    def start(self, point: QPointF) -> None:
        self._origin = point
        if not self._was_selected:
            nodes, links, others = self._before if self._adding else ((), (), frozenset())
            self.editor.select(nodes, links, others | {self._grip.id})

    def move(self, point: QPointF, modifiers: Modifiers) -> None:
        offset = point - self._origin
        if self._load is None:
            if offset.manhattanLength() * self.view.zoom < self.view.drag_distance:
                return
            self._load = self._lifted()
        left, top, *_ = self.editor.graph.look.annotations[self._grip.id].area
        x, y = snap((left + offset.x(), top + offset.y()))
        self._offset = (x - left, y - top)
        self.scene.carry(self._load, self._offset)

    def end(self, point: QPointF, modifiers: Modifiers) -> None:
        load = self._load
        if load is None:
            self._click(modifiers)
            return
        self._drop()
        if self._offset != (0.0, 0.0):
            self.editor.edit(lambda graph: moved(graph, load, self._offset), msg("Move"))

    def cancel(self) -> None:
        self._drop()
        self.editor.select(*self._before)

    def _lifted(self) -> Load:
        load = load_of(self.editor.graph, self.editor.selection, self.editor.selected_annotations, self.view.sizes())
        thin = len({wire.link for i in load.nodes for wire in self.scene.wires_of(i)}) > MANY_WIRES
        self.scene.lift(load.nodes, thin=thin)
        self.view.set_hasty(thin)
        return load

    def _drop(self) -> None:
        if self._load is not None:
            self.scene.settle(self._load.nodes)
            self.scene.annotations.settle(self._load.annotations)
            self.view.set_hasty(False)

    def _click(self, modifiers: Modifiers) -> None:
        if self._grip.url and modifiers & CONTROL:
            self.editor.select(*self._before)
            self.view.annotator.open_link(self._grip.url)
        elif self._adding and self._was_selected:
            nodes, links, others = self._before
            self.editor.select(nodes, links, others - {self._grip.id})
        elif not self._adding:
            self.editor.select((), (), [self._grip.id])


class ResizeAnnotation(Gesture):
    """Drags edges of a frame or note to the grid, as one step; without a drag it is a click that selects."""

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
            self._area = self._resized(offset)
            self.scene.annotations.place({self._grip.id: self._area})

    def end(self, point: QPointF, modifiers: Modifiers) -> None:
        self.cancel()
        if self._area != self._annotation.area:
            areas = {self._grip.id: self._area}
            self.editor.edit(lambda graph: with_look(graph, with_areas(graph.look, areas)), msg("Resize"))

    def cancel(self) -> None:
        self.scene.annotations.settle([self._grip.id])

    def _resized(self, offset: QPointF) -> Area:
        left, top, width, height = self._annotation.area
        least = LEAST.get(self._annotation.kind, LEAST_NOTE)
        x0, x1 = _edges(left, width, offset.x(), side=self._grip.side[0], least=least[0])
        y0, y1 = _edges(top, height, offset.y(), side=self._grip.side[1], least=least[1])
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

    def cancel(self) -> None:
        if self._moving is not None:
            self._moving.cancel()


def _edges(low: float, length: float, offset: float, *, side: int, least: float) -> tuple[float, float]:
    """Where two opposite edges are when the one of that side follows, on the grid and at least so far apart."""
    high = low + length
    if side < 0:
        return min(snap((low + offset, 0.0))[0], high - least), high
    return low, max(snap((high + offset, 0.0))[0], low + least) if side > 0 else high
