"""What a drag of the mouse does: one class a gesture, each with start, move, end and cancel.

A gesture shows on the scene what would happen, and asks the editor for it when it ends; cancelled, it leaves no trace.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPen
from PySide6.QtWidgets import QGraphicsPathItem, QGraphicsRectItem

from graph.messages import EditError, tr
from graph.model import Link, NodeId, Port, Position, Project
from graph.wiring import check_connect
from gui.canvas.connecting import first_fitting_input, first_fitting_output, inputs_for, outputs_for
from gui.canvas.geometry import snap
from gui.canvas.scene import Hit
from gui.canvas.wires import free_path

if TYPE_CHECKING:
    from gui.canvas.view import CanvasView

Modifiers = Qt.KeyboardModifier
SHIFT, CONTROL = Modifiers.ShiftModifier, Modifiers.ControlModifier
MANY_WIRES = 12  # from here on wires that move are drawn thin
OVERLAY_Z = 5.0


class Gesture:
    """Points are in canvas units."""

    def __init__(self, view: CanvasView) -> None:
        self.view = view
        self.scene = view.scene()
        self.editor = view.editor

    def start(self, point: QPointF) -> None:
        """The drag begins."""

    def move(self, point: QPointF, modifiers: Modifiers) -> None:
        """The cursor is here now."""

    def end(self, point: QPointF, modifiers: Modifiers) -> None:
        """The button is let go: do it."""

    def cancel(self) -> None:
        """Leave everything as it was."""


class Pan(Gesture):
    """Moves the canvas under the cursor."""

    def start(self, point: QPointF) -> None:
        self._held = point
        self.view.viewport().setCursor(Qt.CursorShape.ClosedHandCursor)

    def move(self, point: QPointF, modifiers: Modifiers) -> None:
        self.view.pan_by((point - self._held) * self.view.zoom)

    def end(self, point: QPointF, modifiers: Modifiers) -> None:
        self.view.viewport().unsetCursor()

    def cancel(self) -> None:
        self.view.viewport().unsetCursor()


class PanByMinimap(Gesture):
    """Shows the place of the drawing that the cursor points at in the minimap."""

    def start(self, point: QPointF) -> None:
        self.move(point, Modifiers.NoModifier)

    def move(self, point: QPointF, modifiers: Modifiers) -> None:
        self.view.centerOn(self.view.minimap.to_scene(QPointF(self.view.mapFromScene(point))))


class RubberBand(Gesture):
    """Selects the nodes that a rectangle touches; with shift it adds them, with control it toggles them."""

    def __init__(self, view: CanvasView, modifiers: Modifiers) -> None:
        super().__init__(view)
        self._before = self.editor.selection
        self._links = self.editor.selected_links
        self._modifiers = modifiers
        self._band = QGraphicsRectItem()

    def start(self, point: QPointF) -> None:
        self._origin = point
        colors = self.scene.colors
        self._band.setPen(QPen(colors("accent"), 0.0))
        self._band.setBrush(colors("accent", 0.12))
        self._band.setZValue(OVERLAY_Z)
        self.scene.addItem(self._band)

    def move(self, point: QPointF, modifiers: Modifiers) -> None:
        area = QRectF(self._origin, point).normalized()
        self._band.setRect(area)
        self.editor.select(self._combined(self.scene.nodes_in(area)), self._kept_links())

    def end(self, point: QPointF, modifiers: Modifiers) -> None:
        self.scene.removeItem(self._band)
        if not self._band.rect().isValid():  # a click on nothing
            self.editor.select(self._combined(frozenset()), self._kept_links())

    def cancel(self) -> None:
        self.scene.removeItem(self._band)
        self.editor.select(self._before, self._links)

    def _combined(self, touched: frozenset[NodeId]) -> frozenset[NodeId]:
        if self._modifiers & CONTROL:
            return self._before ^ touched
        return self._before | touched if self._modifiers & SHIFT else touched

    def _kept_links(self) -> frozenset[Link]:
        return self._links if self._modifiers & (SHIFT | CONTROL) else frozenset()


class MoveNodes(Gesture):
    """Moves the selected cards on the grid, as one step; without a drag it is a click that selects."""

    def __init__(self, view: CanvasView, node: NodeId, modifiers: Modifiers) -> None:
        super().__init__(view)
        self._node = node
        self._adding = bool(modifiers & (SHIFT | CONTROL))
        self._was_selected = node in self.editor.selection
        self._before = (self.editor.selection, self.editor.selected_links)
        self._moved: dict[NodeId, Position] = {}

    def start(self, point: QPointF) -> None:
        self._origin = point
        if not self._was_selected:
            self.editor.select((self.editor.selection if self._adding else frozenset()) | {self._node})

    def move(self, point: QPointF, modifiers: Modifiers) -> None:
        offset = point - self._origin
        if not self._moved:
            if offset.manhattanLength() * self.view.zoom < self.view.drag_distance:
                return
            self._lift()
        graph = self.editor.graph
        anchor = graph.nodes[self._node].position
        x, y = snap((anchor[0] + offset.x(), anchor[1] + offset.y()))
        dx, dy = x - anchor[0], y - anchor[1]
        places = {i: graph.nodes[i].position for i in self._moved}
        self._moved = {i: (px + dx, py + dy) for i, (px, py) in places.items()}
        self.scene.place(self._moved)

    def end(self, point: QPointF, modifiers: Modifiers) -> None:
        if not self._moved:
            self._click()
            return
        moved = self._drop()
        if any(self.editor.graph.nodes[i].position != place for i, place in moved.items()):
            self.editor.move(moved)

    def cancel(self) -> None:
        self._drop()
        self.editor.select(*self._before)

    def _lift(self) -> None:
        self._moved = {i: self.editor.graph.nodes[i].position for i in self.editor.selection}
        wires = {wire.link for i in self._moved for wire in self.scene.wires_of(i)}
        thin = len(wires) > MANY_WIRES
        self.scene.lift(self._moved, thin=thin)
        self.view.set_hasty(thin)

    def _drop(self) -> dict[NodeId, Position]:
        moved, self._moved = self._moved, {}
        self.scene.settle(moved)
        self.view.set_hasty(False)
        return moved

    def _click(self) -> None:
        if self._adding and self._was_selected:
            self.editor.select(self.editor.selection - {self._node}, self.editor.selected_links)
        elif not self._adding:
            self.editor.select([self._node])


class DrawWire(Gesture):
    """Draws a wire from a port, in either direction, or takes the end of an existing one elsewhere (`moving`).

    A drop on a port or on a card connects; in the void a new wire asks what to add there, an existing one is removed.
    """

    def __init__(self, view: CanvasView, fixed: Port, *, is_output: bool, moving: Link | None = None) -> None:
        super().__init__(view)
        self._fixed = fixed
        self._forward = is_output
        self._moving = moving
        self._wire = QGraphicsPathItem()
        self._dragged = False
        self._project: Project = self.editor.view
        if moving is not None:
            self._project = self._project.with_graph(self.editor.graph.disconnect([moving]))

    def start(self, point: QPointF) -> None:
        self._origin = point
        self._wire.setPen(QPen(self.scene.colors("accent"), 2.0))
        self._wire.setZValue(OVERLAY_Z)
        self.scene.addItem(self._wire)
        targets = inputs_for if self._forward else outputs_for
        self.scene.show_targets(targets(self._project, self._fixed), source=self._fixed.node)
        if self._moving:
            self.scene.wires[self._moving].set_away(True)
        self.move(point, Modifiers.NoModifier)

    def move(self, point: QPointF, modifiers: Modifiers) -> None:
        self._dragged |= (point - self._origin).manhattanLength() * self.view.zoom >= self.view.drag_distance
        port, reason = self._aim(self.view.hit(point))
        at = self._position(port, output=not self._forward) if port and not reason else point
        fixed = self._position(self._fixed, output=self._forward)
        self._wire.setPath(free_path(fixed, at) if self._forward else free_path(at, fixed))
        self._wire.setPen(QPen(self.scene.colors("error" if reason else "accent"), 2.0))
        self.scene.pill.setVisible(bool(reason))
        if reason:
            self.scene.pill.show_refusal(reason, self.view.in_sight(point + QPointF(0, 44) / self.view.zoom))

    def end(self, point: QPointF, modifiers: Modifiers) -> None:
        hit = self.view.hit(point)
        port, reason = self._aim(hit)
        self.cancel()
        if not self._dragged:
            self._click()
        elif port:
            self._connect(port)
        elif not reason:
            self._drop_in_void(point)

    def cancel(self) -> None:
        self.scene.removeItem(self._wire)
        self.scene.pill.setVisible(False)
        self.scene.show_targets(None)
        if self._moving is not None and self._moving in self.scene.wires:
            self.scene.wires[self._moving].set_away(False)

    def _aim(self, hit: Hit) -> tuple[Port | None, str]:
        """The port that a drop here would connect to, and why it would be refused (empty if not)."""
        if hit.port == self._fixed or (hit.node is None and hit.port is None):
            return None, ""
        if hit.port is None or hit.is_output == self._forward:
            return self._fitting(hit.node) if hit.node else (None, "")
        return hit.port, self._refusal(hit.port)

    def _fitting(self, node: NodeId) -> tuple[Port | None, str]:
        find = first_fitting_input if self._forward else first_fitting_output
        port = find(self._project, self._fixed, node)
        if port is not None:
            return port, ""
        name = self.editor.graph.nodes[node].name
        if self._forward:
            return None, tr(
                "'{node}' has no free input for this wire. Drop it on an input to replace the wire there.", node=name
            )
        return None, tr("'{node}' has no output that can feed this input.", node=name)

    def _link(self, port: Port) -> Link:
        return Link(self._fixed, port) if self._forward else Link(port, self._fixed)

    def _refusal(self, port: Port) -> str:
        link, graph = self._link(port), self._project.graph
        occupied = [graph.links[link.target]] if link.target in graph.links else []
        try:
            check_connect(graph.disconnect(occupied), link, self._project.catalog)
        except EditError as error:
            return str(error)
        return ""

    def _connect(self, port: Port) -> None:
        if self._moving is None:
            self.editor.connect_ports(*self._link(port))
        elif port != self._moving.target:
            self.editor.rewire(self._moving, port)

    def _drop_in_void(self, point: QPointF) -> None:
        if self._moving is not None:
            self.editor.disconnect_links([self._moving])
        elif self._forward:
            self.view.quick_add((point.x(), point.y()), source=self._fixed)
        else:
            self.view.quick_add((point.x(), point.y()), target=self._fixed)

    def _click(self) -> None:
        if self._moving is not None:
            self.editor.select([], [self._moving])
        else:
            self.editor.select([self._fixed.node])

    def _position(self, port: Port, *, output: bool) -> QPointF:
        return QPointF(*self.scene.nodes[port.node].port_position(port.name, output=output))
