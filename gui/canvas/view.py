"""The canvas as a widget: shows the editor's drawing and turns mouse, keys and drops into the editor's verbs."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QEvent, QMimeData, QPointF, QRectF, Qt, Signal, Slot
from PySide6.QtGui import (
    QContextMenuEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QFocusEvent,
    QHelpEvent,
    QHideEvent,
    QKeyEvent,
    QMouseEvent,
    QNativeGestureEvent,
    QTouchEvent,
)
from PySide6.QtWidgets import QApplication, QToolTip, QWidget

from graph.framing import load_of, moved
from graph.messages import Message, msg, tr
from graph.model import Link, NodeId, Port, Position, Scope
from gui.canvas.adding import HALF_CARD, Adder
from gui.canvas.annotator import Annotator
from gui.canvas.context_menu import ask_for_menu
from gui.canvas.drops import Drops
from gui.canvas.fingers import Fingers
from gui.canvas.glide import Glide
from gui.canvas.key_words import what_keys_do
from gui.canvas.keyboard import handle_key, neighbor
from gui.canvas.life import Life
from gui.canvas.painting import Colors
from gui.canvas.pointer import Pointer
from gui.canvas.popup import Popup
from gui.canvas.scene import CanvasScene, Hit
from gui.canvas.tips import tip
from gui.canvas.viewport import Camera, ZoomView, is_legible
from gui.editor import Change, Editor
from gui.theme import theme
from runtime.analysis import Analysis

SLACK = 5.0  # pixels by which the cursor may miss a thing
PLAIN = Qt.KeyboardModifier.NoModifier


class CanvasView(ZoomView):
    """The room people live in. It edits nothing itself: gestures and keys ask the editor."""

    nodeActivated = Signal(str)
    inside_requested = Signal(str)  # NodeId, of an instance of a block or of code
    leave_requested = Signal()
    problem_clicked = Signal(str)
    file_dropped = Signal(object)  # Path of a drawing that was let go here
    action_requested = Signal(str)  # an id of `gui.actions` whose key was pressed here, and that others do
    context_menu_requested = Signal(object, object)  # QPoint on the screen, NodeId or None

    def __init__(self, editor: Editor, parent: QWidget | None = None) -> None:
        super().__init__(CanvasScene(Colors(theme.name)), parent)
        self.editor = editor
        self.drag_distance = QApplication.startDragDistance()
        self._adder, self.glide, self.pointer = Adder(self), Glide(self), Pointer(self)
        self.annotator = Annotator(self)
        self._drops, self._fingers = Drops(self, self._adder), Fingers(self)
        self.life = Life(self)
        self._shown: Scope = editor.scope
        self._cameras: dict[Scope, Camera] = {}  # where the person was in the drawings that are not on show
        self._selections = 0  # that there have been: nudges of one and the same follow each other
        self.setAccessibleName(tr("Canvas"))
        self.keys_changed.connect(self._on_keys_changed)
        self._on_keys_changed()
        self.setAcceptDrops(True)
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_AcceptTouchEvents)
        self.viewport().ungrabGesture(Qt.GestureType.PanGesture)  # a scroll area has its own idea of two fingers
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        editor.changed.connect(self._on_changed)
        editor.analysed.connect(self._on_analysed)
        editor.selection_changed.connect(self._on_selection_changed)
        editor.scope_changed.connect(self._on_scope_changed)
        theme.changed.connect(self._on_theme_changed)
        self.camera_moved.connect(self.pointer.look_again)
        self.scene().show_project(editor.view)
        self.scene().show_analysis(editor.view_analysis)
        self._on_selection_changed()
        self.keep_in_reach()
        self.choose_hints()

    @property
    def cursor_point(self) -> QPointF | None:
        """The point of the canvas under the mouse, None if it is elsewhere."""
        return self.pointer.point

    # ---- for the window

    def center_on(self, node: NodeId) -> None:
        """Bring a node into the middle, large enough to be read."""
        if not is_legible(self.zoom):
            self.zoom_to_actual()
        self.centerOn(self.scene().nodes[node].body().center())

    def fly_to_node(self, node: NodeId) -> float:
        """Bring a node into the middle as `center_on` does, by moving there; the zoom that it will be seen in."""
        zoom = self.zoom if is_legible(self.zoom) else 1.0
        self.fly_to(Camera(zoom, self.scene().nodes[node].body().center(), False))
        return zoom

    def fly_to_nodes(self, nodes: Iterable[NodeId]) -> None:
        """Show these nodes as large as they can be, by moving there."""
        area = QRectF()
        for node in nodes:
            area = area.united(self.scene().nodes[node].body())
        self.fly_to(self.camera_on(area))

    def fly_home(self) -> None:
        """Show the whole drawing as `fit` does, by moving there."""
        self.fly_to(self.camera_on(self.scene().bounds())._replace(fitted=True))

    def forget_places(self) -> None:
        """Another document was opened: its blocks were never looked at."""
        self._cameras.clear()

    def visible_center(self) -> Position:
        """A free place for a new card in the middle of what is on show."""
        return self._adder.free_place(self.center() - HALF_CARD)

    def sizes(self) -> dict[NodeId, tuple[float, float]]:
        """Width and height of every card."""
        return {i: item.body().size().toTuple() for i, item in self.scene().nodes.items()}

    def hit(self, point: QPointF) -> Hit:
        """What lies under a point of the canvas in the view; zoomed out, cards have no ports to hit."""
        if self.minimap.visible and self.minimap.area().contains(self.mapFromScene(point)):
            return Hit(on_map=True)
        hit = self.scene().hit(point, SLACK / self.zoom)
        return hit if is_legible(self.zoom) or not hit.port else Hit(node=hit.node)

    def quick_add(
        self, position: Position | None = None, *, source: Port | None = None, target: Port | None = None
    ) -> None:
        """Ask what to add at a point of the canvas, wired to a port if one is given.

        Without a point it is asked what to put into the wire under the cursor, or the one that is selected; else what
        follows the node that is selected, or what to add at the cursor. A wire that came to lie under a cursor at rest is
        not meant where a node was selected since.
        """
        link = self._wire_meant() if position is None else None
        if link is not None:
            self.insert_at(link, self.scene().wires[link].middle())
        elif position is None and len(self.editor.selection) == 1:
            self._adder.ask_after(*self.editor.selection)
        else:
            self._adder.ask_type(position, source=source, target=target)

    def insert_at(self, link: Link, point: QPointF) -> None:
        """Ask what to put into a wire at a point of it."""
        self._adder.ask_inside(link, point)

    def hold_still(self) -> None:
        """Nothing moves by itself any more."""
        super().hold_still()
        self.glide.finish()
        self._fingers.rest()

    def _wire_meant(self) -> Link | None:
        pointed = self.pointer.has_moved or len(self.editor.selection) != 1
        if pointed and self.pointer.point is not None and (link := self.hit(self.pointer.point).link) is not None:
            return link
        chosen = self.editor.selected_links
        return next(iter(chosen)) if len(chosen) == 1 and not self.editor.selection else None

    # ---- keys

    def delete(self) -> None:
        """Remove what is selected."""
        self.editor.remove_selected()

    def remove_or_leave(self) -> None:
        """Remove what is selected; where nothing is, go out of the block."""
        editor = self.editor
        if editor.selection or editor.selected_links or editor.selected_annotations or editor.scope is None:
            self.delete()
        else:
            self.leave_requested.emit()

    def clear_selection(self) -> None:
        """Select nothing."""
        self.editor.select([])

    def why_not(self, action: str) -> Message | None:
        """Why an action of the menus cannot be done now; None if it can."""
        editor = self.editor
        needs_node = action == "connect_selected" or (action == "activate" and len(editor.selected_annotations) != 1)
        return msg("Select one node first: click on it.") if needs_node and len(editor.selection) != 1 else None

    def connect_selected(self) -> None:
        """Ask which input to wire the selected node to."""
        if len(self.editor.selection) == 1:
            self._adder.ask_target(*self.editor.selection)

    def activate(self) -> None:
        """Open the selected node, frame or note, as a double click does."""
        if len(self.editor.selection) == 1:
            self.nodeActivated.emit(*self.editor.selection)
        elif not self.editor.selection:
            self.annotator.edit_text()

    def nudge(self, dx: float, dy: float) -> None:
        """Move what is selected a little; nudges that follow each other are one step."""
        editor = self.editor
        load = load_of(editor.graph, editor.selection, editor.selected_annotations, self.sizes())
        if load.nodes or load.annotations:
            editor.edit(lambda graph: moved(graph, load, (dx, dy)), msg("Move"), merge=("nudge", self._selections))

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
        if self.pointer.gesture is not None:
            if event.key() == Qt.Key.Key_Escape:
                self.pointer.cancel()
            return
        if event.key() == Qt.Key.Key_Space and not event.isAutoRepeat():
            self.pointer.set_panning(True)
        elif event.key() == Qt.Key.Key_Control:
            self.pointer.modify(event.modifiers() | Qt.KeyboardModifier.ControlModifier)
        elif not handle_key(self, event):
            event.ignore()

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space and not event.isAutoRepeat():
            self.pointer.set_panning(False)
        elif event.key() == Qt.Key.Key_Control:
            self.pointer.modify(event.modifiers() & ~Qt.KeyboardModifier.ControlModifier)
        else:
            super().keyReleaseEvent(event)

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Tab adds a layer; shift and Tab leave the canvas. From what floats over it, both lead on."""
        return not (forward and self.hasFocus()) and super().focusNextPrevChild(forward)

    # ---- mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.pointer.press(event.position(), button=event.button(), modifiers=event.modifiers())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self.pointer.move(event.position(), buttons=event.buttons(), modifiers=event.modifiers())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self.pointer.release(event.position(), button=event.button(), modifiers=event.modifiers())

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        is_plain = event.button() is Qt.MouseButton.LeftButton and event.modifiers() == PLAIN
        if not is_plain or self.pointer.is_panning or not self.pointer.double_click(event.position()):
            self.mousePressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if self.pointer.gesture is None:
            ask_for_menu(self, event)

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.pointer.leave()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.pointer.cancel()
        self.pointer.leave()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.pointer.forget_keys()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.WindowDeactivate:  # others hear that the button is let go
            self.pointer.cancel()
        return super().event(event)

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            text = tip(self.scene(), self.hit(self.mapToScene(event.pos()))) if self.pointer.gesture is None else ""
            QToolTip.showText(event.globalPos(), text, self.viewport())
            return True
        if isinstance(event, QTouchEvent) and self._fingers.touch(event):
            event.accept()
            return True
        if isinstance(event, QNativeGestureEvent) and self._fingers.native(event):
            return True
        return super().viewportEvent(event)

    # ---- drops

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        event.setAccepted(self._drops.enter(event.mimeData()))

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        self._drops.move(self.mapToScene(event.position().toPoint()))
        event.accept()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._drops.leave()
        event.accept()

    def dropEvent(self, event: QDropEvent) -> None:
        self._drops.move(self.mapToScene(event.position().toPoint()))
        if self._drops.drop(self.mapToScene(event.position().toPoint())):
            event.acceptProposedAction()
            self.setFocus(Qt.FocusReason.OtherFocusReason)

    def take(self, mime: QMimeData) -> bool:
        """Files were dropped beside the canvas: as if they were dropped in its middle. Whether anything came of it."""
        return self._drops.enter(mime) and self._drops.drop(self.center())

    # ---- following the editor

    @Slot(object)
    def _on_changed(self, change: Change) -> None:
        self.pointer.cancel()
        self.scene().pill.setVisible(False)
        was_empty = self.scene().is_empty
        places = self.glide.before(self.scene().graph, self.editor.graph)
        self.scene().show_project(self.editor.view)
        self.life.refresh()
        self.keep_in_reach()
        self.glide.start(places)
        self.choose_hints()
        emptied = was_empty != self.scene().is_empty
        self.viewport().update(self.viewport().rect() if emptied else self.minimap.area())

    @Slot(object)
    def _on_scope_changed(self, scope: Scope) -> None:
        """Show another drawing, as it was left; one that was never looked at, whole."""
        self.hold_still()
        self.pointer.cancel()
        self.scene().pill.setVisible(False)
        for box in self.findChildren(Popup):
            if not box.outlives_drawing:
                box.shut()
        self._cameras[self._shown], self._shown = self.camera, scope
        self.scene().show_project(self.editor.view)
        self.scene().show_analysis(self.editor.view_analysis)
        self.life.refresh()
        self.keep_in_reach()
        self.go_to(self._cameras.get(scope))
        self.viewport().update()

    @Slot(object)
    def _on_analysed(self, _analysis: Analysis) -> None:
        self.scene().show_analysis(self.editor.view_analysis)

    @Slot()
    def _on_selection_changed(self) -> None:
        self._selections += 1
        self.pointer.rest()
        self.scene().show_selection(self.editor.selection, self.editor.selected_links, self.editor.selected_annotations)

    @Slot()
    def _on_keys_changed(self) -> None:
        self.setAccessibleDescription(what_keys_do(self.shortcuts))
        self.viewport().update()  # the hint of an empty canvas names one

    @Slot()
    def _on_theme_changed(self) -> None:
        self.scene().show_colors(Colors(theme.name))
        self.viewport().update()
        self.update()
