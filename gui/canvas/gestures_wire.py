"""The gesture that draws a wire, or takes the end of one elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPen
from PySide6.QtWidgets import QGraphicsPathItem

from graph.messages import EditError, tr
from graph.model import Link, NodeId, Port, Project
from graph.wiring import check_connect
from gui.canvas.connecting import first_fitting_input, first_fitting_output, inputs_for, outputs_for
from gui.canvas.gestures import OVERLAY_Z, Gesture, Modifiers
from gui.canvas.scene import Hit
from gui.canvas.wires import free_path

if TYPE_CHECKING:
    from gui.canvas.view import CanvasView


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
        self._seen = QRectF()
        self._project: Project = self.editor.view
        if moving is not None:
            self._project = self._project.with_graph(self.editor.graph.disconnect([moving]))

    def start(self, point: QPointF) -> None:
        self._origin = point
        self._wire.setPen(QPen(self.scene.colors("accent"), 2.0))
        self._wire.setZValue(OVERLAY_Z)
        self.scene.addItem(self._wire)
        if self._moving:
            self.scene.wires[self._moving].set_away(True)
        self.move(point, Modifiers.NoModifier)

    def move(self, point: QPointF, modifiers: Modifiers) -> None:
        self._dragged |= (point - self._origin).manhattanLength() * self.view.zoom >= self.view.drag_distance
        self._look_around()
        port, reason = self._aim(self.view.hit(point))
        at = self._position(port, output=not self._forward) if port and not reason else point
        fixed = self._position(self._fixed, output=self._forward)
        ends = (fixed, at) if self._forward else (at, fixed)
        self._wire.setPath(free_path(*ends, self.scene.graph.look.flow))
        self._wire.setPen(QPen(self.scene.colors("error" if reason else "accent"), 2.0))
        self.scene.pill.setVisible(bool(reason))
        if reason:
            self.scene.pill.show_refusal(reason, self.view.in_sight(point + QPointF(0, 44) / self.view.zoom))

    def end(self, point: QPointF, modifiers: Modifiers) -> None:
        hit = self.view.hit(point)
        port, reason = self._aim(hit)
        self.clear()
        if not self._dragged:
            self._click()
        elif port:
            self._connect(port)
        elif not reason and not hit.on_map:
            self._drop_in_void(point)

    def clear(self) -> None:
        self.scene.removeItem(self._wire)
        self.scene.pill.setVisible(False)
        self.scene.show_targets(None)
        if self._moving is not None and self._moving in self.scene.wires:
            self.scene.wires[self._moving].set_away(False)

    def _look_around(self) -> None:
        """Show where the wire can go, on the cards in sight: on all it would cost time in large drawings."""
        area = self.view.visible_area()
        if self._seen.contains(area):
            return
        self._seen = area.adjusted(-area.width() / 4, -area.height() / 4, area.width() / 4, area.height() / 4)
        here = self.scene.nodes_in(self._seen)
        targets = inputs_for if self._forward else outputs_for
        ports = targets(self._project, self._fixed, among=here)
        self.scene.show_targets(ports, source=self._fixed.node, among=here)

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
