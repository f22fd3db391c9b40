"""The canvas as a widget: shows the editor's drawing and turns mouse, keys and drops into the editor's verbs."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QEvent, QPointF, Qt, Signal, Slot
from PySide6.QtGui import (
    QContextMenuEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
)
from PySide6.QtWidgets import QApplication, QToolTip, QWidget

from graph.messages import tr
from graph.model import Link, NodeId, Port, Position, Scope
from gui.canvas.adding import HALF_CARD, Adder
from gui.canvas.card import has_inside
from gui.canvas.geometry import WIDTH
from gui.canvas.gestures import DrawWire, Gesture, MoveNodes, Pan, PanByMinimap, RubberBand
from gui.canvas.keyboard import handle_key, neighbor
from gui.canvas.painting import Colors
from gui.canvas.popup import Popup
from gui.canvas.scene import CanvasScene, Hit
from gui.canvas.tips import spec_text, tip
from gui.canvas.viewport import Camera, ZoomView, is_legible
from gui.editor import Change, Editor
from gui.theme import theme
from runtime.analysis import Analysis

NODE_TYPE_MIME = "application/x-layerloom-node-type"
SLACK = 5.0  # pixels by which the cursor may miss a thing
NOTHING = Hit()
EXTENDING = Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.ControlModifier


class CanvasView(ZoomView):
    """The room people live in. It edits nothing itself: gestures and keys ask the editor."""

    nodeActivated = Signal(str)
    inside_requested = Signal(str)  # NodeId, of an instance of a block or of code
    leave_requested = Signal()
    problem_clicked = Signal(str)
    context_menu_requested = Signal(object, object)  # QPoint on the screen, NodeId or None

    def __init__(self, editor: Editor, parent: QWidget | None = None) -> None:
        super().__init__(CanvasScene(Colors(theme.name)), parent)
        self.editor = editor
        self.drag_distance = QApplication.startDragDistance()
        self._gesture: Gesture | None = None
        self._hovered = NOTHING
        self._cursor: QPointF | None = None  # where the mouse is in the viewport, None if elsewhere
        self._adder = Adder(self)
        self._space = False
        self._live: Mapping[str, float] = {}
        self._shown: Scope = editor.scope
        self._cameras: dict[Scope, Camera] = {}  # where the person was in the drawings that are not on show
        self.setAccessibleName(tr("Canvas"))
        self.setAccessibleDescription(
            tr(
                "The drawing of the network. Slash adds a layer, C connects the selected one, "
                "control and an arrow key go from layer to layer, Delete removes."
            )
        )
        self.setAcceptDrops(True)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        editor.changed.connect(self._on_changed)
        editor.analysed.connect(self._on_analysed)
        editor.selection_changed.connect(self._on_selection_changed)
        editor.scope_changed.connect(self._on_scope_changed)
        theme.changed.connect(self._on_theme_changed)
        self.scene().show_project(editor.view)
        self.scene().show_analysis(editor.view_analysis)
        self._on_selection_changed()
        self.keep_in_reach()
        self.choose_hints()

    @property
    def cursor_point(self) -> QPointF | None:
        """The point of the canvas under the mouse, None if it is elsewhere."""
        return None if self._cursor is None else self.mapToScene(self._cursor.toPoint())

    # ---- for the window

    def center_on(self, node: NodeId) -> None:
        """Bring a node into the middle, large enough to be read."""
        if not is_legible(self.zoom):
            self.zoom_to_actual()
        self.centerOn(self.scene().nodes[node].body().center())

    def set_live(self, values: Mapping[str, float]) -> None:
        """Show the latest values of losses and metrics, by node name, on their cards; a block has none."""
        self._live = values
        self.scene().show_live(values if self.editor.scope is None else {})

    def forget_places(self) -> None:
        """Another document was opened: its blocks were never looked at."""
        self._cameras.clear()

    def visible_center(self) -> Position:
        """A free place for a new card in the middle of what is on show."""
        return self._adder.free_place(self.center() - HALF_CARD)

    def sizes(self) -> dict[NodeId, tuple[float, float]]:
        """Width and height of every card."""
        return {i: (WIDTH, item.ports.height) for i, item in self.scene().nodes.items()}

    def hit(self, point: QPointF) -> Hit:
        """What lies under a point of the canvas; zoomed out, cards have no ports to hit."""
        hit = self.scene().hit(point, SLACK / self.zoom)
        return hit if is_legible(self.zoom) or not hit.port else Hit(node=hit.node)

    def quick_add(
        self, position: Position | None = None, *, source: Port | None = None, target: Port | None = None
    ) -> None:
        """Ask what to add at a point of the canvas (the cursor by default), wired to a port if one is given."""
        self._adder.ask_type(position, source=source, target=target)

    # ---- keys

    def remove_selected(self) -> None:
        """Remove what is selected."""
        self.editor.remove_selected()

    def remove_or_leave(self) -> None:
        """Remove what is selected; where nothing is, go out of the block."""
        if self.editor.selection or self.editor.selected_links or self.editor.scope is None:
            self.remove_selected()
        else:
            self.leave_requested.emit()

    def clear_selection(self) -> None:
        """Select nothing."""
        self.editor.select([])

    def connect_selected(self) -> None:
        """Ask which input to wire the selected node to."""
        if len(self.editor.selection) == 1:
            self._adder.ask_target(*self.editor.selection)

    def activate(self) -> None:
        """Open the selected node, as a double click does."""
        if len(self.editor.selection) == 1:
            self.nodeActivated.emit(*self.editor.selection)

    def nudge(self, dx: float, dy: float) -> None:
        """Move the selected nodes a little; nudges that follow each other are one step."""
        chosen = self.editor.selection
        places = {i: self.editor.graph.nodes[i].position for i in chosen}
        self.editor.move({i: (x + dx, y + dy) for i, (x, y) in places.items()}, merge=("nudge", chosen))

    def go(self, direction: tuple[float, float]) -> None:
        """Select the next node in a direction, along a wire where there is one."""
        graph, selection = self.editor.graph, self.editor.selection
        if len(selection) == 1:
            (here,) = selection
            following = neighbor(graph, here, direction)
        else:
            x, y = self.center().toTuple()
            distance = {i: abs(n.position[0] - x) + abs(n.position[1] - y) for i, n in graph.nodes.items()}
            following = min(selection or distance, key=distance.__getitem__, default=None)
        if following is not None:
            self.editor.select([following])
            self.ensureVisible(self.scene().nodes[following].body())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self._gesture is not None:
            if event.key() == Qt.Key.Key_Escape:
                self._cancel_gesture()
            return
        if event.key() == Qt.Key.Key_Space and not event.isAutoRepeat():
            self._space = True
            self.viewport().setCursor(Qt.CursorShape.OpenHandCursor)
        elif not handle_key(self, event):
            event.ignore()

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space and not event.isAutoRepeat():
            self._space = False
            self.viewport().unsetCursor()
        else:
            super().keyReleaseEvent(event)

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Tab adds a layer; shift and Tab leave the canvas."""
        return not forward and super().focusNextPrevChild(forward)

    # ---- mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if self._gesture is not None:
            return
        self._leave_hover()
        point = self.mapToScene(event.position().toPoint())
        self._gesture = self._gesture_for(event, point)
        if self._gesture is not None:
            self._gesture.start(point)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._cursor = event.position()
        point = self.mapToScene(event.position().toPoint())
        if self._gesture is not None:
            self._gesture.move(point, event.modifiers())
        elif not self._space:
            self._hover(point)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        gesture, self._gesture = self._gesture, None
        if gesture is not None:
            gesture.end(self.mapToScene(event.position().toPoint()), event.modifiers())

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.button() is not Qt.MouseButton.LeftButton:
            return
        point = self.mapToScene(event.position().toPoint())
        hit = self.hit(point)
        if hit.node is not None:
            self._open(hit.node)
        elif hit == NOTHING:
            self._cursor = event.position()
            self.quick_add()

    def _open(self, node: NodeId) -> None:
        opens = has_inside(self.editor.catalog.get(self.editor.graph.nodes[node].type))
        (self.inside_requested if opens else self.nodeActivated).emit(node)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        hit = self.hit(self.mapToScene(event.pos()))
        if hit.node is not None and hit.node not in self.editor.selection:
            self.editor.select([hit.node])
        elif hit.link is not None and hit.link not in self.editor.selected_links:
            self.editor.select([], [hit.link])
        self.context_menu_requested.emit(event.globalPos(), hit.node)

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._cursor = None
        self._leave_hover()

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            text = tip(self.scene(), self.hit(self.mapToScene(event.pos()))) if self._gesture is None else ""
            QToolTip.showText(event.globalPos(), text, self.viewport())
            return True
        return super().viewportEvent(event)

    def _gesture_for(self, event: QMouseEvent, point: QPointF) -> Gesture | None:
        """The gesture that a press begins; a press that is no drag acts at once."""
        button, modifiers = event.button(), event.modifiers()
        if button is Qt.MouseButton.MiddleButton or (button is Qt.MouseButton.LeftButton and self._space):
            return Pan(self)
        if button is not Qt.MouseButton.LeftButton:
            return None
        if self.minimap.visible and self.minimap.area().contains(event.position().toPoint()):
            return PanByMinimap(self)
        hit = self.hit(point)
        if hit.port is not None:
            return self._wire_from(hit.port, is_output=hit.is_output)
        if hit.on_badge and hit.node is not None:
            self.editor.select([hit.node])
            self.problem_clicked.emit(hit.node)
            return None
        if hit.node is not None:
            return MoveNodes(self, hit.node, modifiers)
        if hit.link is not None:
            return self._take_wire(hit.link, at_end=hit.at_end, adding=bool(modifiers & EXTENDING))
        return RubberBand(self, modifiers)

    def _wire_from(self, port: Port, *, is_output: bool) -> DrawWire:
        moving = None if is_output else self.editor.graph.links.get(port)
        if moving is not None:
            return DrawWire(self, moving.source, is_output=True, moving=moving)
        return DrawWire(self, port, is_output=is_output)

    def _take_wire(self, link: Link, *, at_end: bool, adding: bool) -> Gesture | None:
        if at_end and not adding:
            return DrawWire(self, link.source, is_output=True, moving=link)
        links, nodes = self.editor.selected_links, self.editor.selection
        self.editor.select(nodes if adding else [], links ^ {link} if adding else [link])
        return None

    def _cancel_gesture(self) -> None:
        gesture, self._gesture = self._gesture, None
        if gesture is not None:
            gesture.cancel()

    # ---- what is under the cursor

    def _hover(self, point: QPointF) -> None:
        hit = self.hit(point)
        if hit == self._hovered:
            return
        self._leave_hover()
        self._hovered = hit
        scene = self.scene()
        scene.point_at(hit.node)
        if hit.link is not None:
            wire = scene.wires[hit.link]
            wire.set_state(hovered=True)
            middle = wire.middle()
            scene.pill.show_text(spec_text(wire.spec), middle if self.in_sight(middle) == middle else point)
        self.viewport().setCursor(_cursor_for(hit))

    def _leave_hover(self) -> None:
        hit, self._hovered = self._hovered, NOTHING
        scene = self.scene()
        scene.point_at(None)
        if hit.link is not None:
            scene.pill.setVisible(False)
            if hit.link in scene.wires:
                scene.wires[hit.link].set_state(hovered=False)
        self.viewport().unsetCursor()

    # ---- drops from the library

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        event.setAccepted(event.mimeData().hasFormat(NODE_TYPE_MIME))

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        event.setAccepted(event.mimeData().hasFormat(NODE_TYPE_MIME))

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        event.accept()

    def dropEvent(self, event: QDropEvent) -> None:
        type_id = bytes(event.mimeData().data(NODE_TYPE_MIME).data()).decode("utf-8", "replace")
        if self.editor.can_add(type_id):
            self._adder.add_at(type_id, QPointF(self.mapToScene(event.position().toPoint())))
            event.acceptProposedAction()
            self.setFocus(Qt.FocusReason.OtherFocusReason)

    # ---- following the editor

    @Slot(object)
    def _on_changed(self, change: Change) -> None:
        self._cancel_gesture()
        self._leave_hover()
        self.scene().show_project(self.editor.view)
        self.keep_in_reach()
        self.choose_hints()
        emptied = bool(change.old.graph.nodes) != bool(change.new.graph.nodes)
        self.viewport().update(self.viewport().rect() if emptied else self.minimap.area())

    @Slot(object)
    def _on_scope_changed(self, scope: Scope) -> None:
        """Show another drawing, as it was left; one that was never looked at, whole."""
        self._cancel_gesture()
        self._leave_hover()
        for box in self.findChildren(Popup):
            box.shut()
        self._cameras[self._shown], self._shown = self.camera, scope
        self.scene().show_project(self.editor.view)
        self.scene().show_analysis(self.editor.view_analysis)
        self.set_live(self._live)
        self.keep_in_reach()
        self.go_to(self._cameras.get(scope))
        self.viewport().update()

    @Slot(object)
    def _on_analysed(self, _analysis: Analysis) -> None:
        self.scene().show_analysis(self.editor.view_analysis)

    @Slot()
    def _on_selection_changed(self) -> None:
        self.scene().show_selection(self.editor.selection, self.editor.selected_links)

    @Slot()
    def _on_theme_changed(self) -> None:
        self.scene().show_colors(Colors(theme.name))
        self.viewport().update()
        self.update()


def _cursor_for(hit: Hit) -> Qt.CursorShape:
    if hit.port is not None or hit.at_end:
        return Qt.CursorShape.CrossCursor
    return Qt.CursorShape.PointingHandCursor if hit.on_badge else Qt.CursorShape.ArrowCursor
