"""The canvas of a comparison: it is looked at, and not drawn on."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal, Slot
from PySide6.QtGui import QHelpEvent, QKeyEvent, QMouseEvent, QPainter
from PySide6.QtWidgets import QApplication, QToolTip, QWidget

from graph.messages import tr
from graph.model import Link, NodeId
from gui.canvas.palette import Colors, ui_font
from gui.canvas.scene import CanvasScene
from gui.canvas.viewport import Camera, ZoomView, is_legible
from gui.compare_overlay import Overlay
from gui.theme import theme

SLACK = 5.0  # pixels by which the cursor may miss a wire
STEP = 60.0  # pixels that an arrow key pans


class CompareCanvas(ZoomView):
    """Pans with the mouse or the arrows, zooms with the wheel, + and -. Signals: `node_clicked(NodeId)`, `link_clicked(Link)`."""

    node_clicked = Signal(str)
    link_clicked = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(CanvasScene(Colors(theme.name)), parent)
        self._pressed: QPointF | None = None
        self._last = QPointF()
        self._panned = False
        self.setAccessibleName(tr("Both drawings, one over the other"))
        self.setAccessibleDescription(
            tr("Arrows pan, plus and minus zoom, 0 shows all. What was removed has a dashed frame.")
        )
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.viewport().setCursor(Qt.CursorShape.OpenHandCursor)
        theme.changed.connect(self._on_theme_changed)

    # ---- what it shows

    def show_overlay(self, overlay: Overlay) -> None:
        """Show another pair of drawings, whole."""
        scene = self.scene()
        scene.show_found(())
        scene.show_selection(frozenset(), frozenset())
        scene.show_project(overlay.project)
        scene.show_marks(overlay.nodes, overlay.links)
        self.keep_in_reach()
        self.choose_hints()
        self.fit()
        self.viewport().update()

    def show_node(self, node: NodeId) -> None:
        """Let a card glow, and bring it into the middle."""
        scene = self.scene()
        scene.show_selection(frozenset(), frozenset())
        scene.show_found([node], node)
        self._go_to(scene.nodes[node].body())

    def show_link(self, link: Link) -> None:
        """Let the cards at both ends of a wire glow, and bring it into the middle."""
        scene = self.scene()
        scene.show_selection(frozenset(), frozenset({link}))
        scene.show_found([end.node for end in link])
        self._go_to(scene.nodes[link.source.node].body().united(scene.nodes[link.target.node].body()))

    def show_nothing(self) -> None:
        """Let nothing glow."""
        self.scene().show_found(())
        self.scene().show_selection(frozenset(), frozenset())

    def _go_to(self, area: QRectF) -> None:
        whole = self.camera_on(area)
        zoom = min(self.zoom if is_legible(self.zoom) else 1.0, whole.zoom)
        self.fly_to(Camera(zoom, area.center(), False))

    # ---- hands

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.hold_still()
        self._pressed = self._last = event.position()
        self._panned = False

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._pressed is None:
            self._point_at(event.position())
            return
        away = (event.position() - self._pressed).manhattanLength()
        if self._panned or away >= QApplication.startDragDistance():
            self._panned = True
            self.viewport().setCursor(Qt.CursorShape.ClosedHandCursor)
            self.pan_by(event.position() - self._last)
            self._last = event.position()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        was_click = self._pressed is not None and not self._panned
        self._pressed = None
        self._point_at(event.position())
        if was_click and event.button() is Qt.MouseButton.LeftButton:
            hit = self.scene().hit(self.mapToScene(event.position().toPoint()), SLACK / self.zoom)
            if hit.node is not None:
                self.node_clicked.emit(hit.node)
            elif hit.link is not None:
                self.link_clicked.emit(hit.link)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        arrow, zoom = _ARROWS.get(event.key()), _ZOOMS.get(event.key())
        if arrow is not None:
            self.pan_by(QPointF(*arrow) * STEP)
        elif zoom is not None:
            zoom(self)
        else:
            event.ignore()

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            hit = self.scene().hit(self.mapToScene(event.pos()), SLACK / self.zoom)
            node = self.scene().graph.nodes.get(hit.node or "")
            QToolTip.showText(event.globalPos(), node.name if node is not None else "", self.viewport())
            return True
        return super().viewportEvent(event)

    def _point_at(self, pixel: QPointF) -> None:
        """The cursor says whether a click would choose something."""
        hit = self.scene().hit(self.mapToScene(pixel.toPoint()), SLACK / self.zoom)
        chooses = hit.node is not None or hit.link is not None
        self.viewport().setCursor(Qt.CursorShape.PointingHandCursor if chooses else Qt.CursorShape.OpenHandCursor)

    def _paint_hint(self, painter: QPainter) -> None:
        painter.setFont(ui_font(theme.px(13)))
        painter.setPen(self.scene().colors("muted"))
        painter.drawText(
            self.viewport().rect(), Qt.AlignmentFlag.AlignCenter, tr("Neither of the two has a node here.")
        )

    @Slot()
    def _on_theme_changed(self) -> None:
        self.scene().show_colors(Colors(theme.name))
        self.viewport().update()
        self.update()


_ARROWS = {
    Qt.Key.Key_Left.value: (1.0, 0.0),
    Qt.Key.Key_Right.value: (-1.0, 0.0),
    Qt.Key.Key_Up.value: (0.0, 1.0),
    Qt.Key.Key_Down.value: (0.0, -1.0),
}
_ZOOMS = {
    Qt.Key.Key_Plus.value: ZoomView.zoom_in,
    Qt.Key.Key_Equal.value: ZoomView.zoom_in,
    Qt.Key.Key_Minus.value: ZoomView.zoom_out,
    Qt.Key.Key_1.value: ZoomView.zoom_to_actual,
    Qt.Key.Key_0.value: ZoomView.fit,
    Qt.Key.Key_F.value: ZoomView.fit,
    Qt.Key.Key_Home.value: ZoomView.fit,
}
