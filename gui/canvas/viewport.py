"""A view that pans, zooms and fits, paints the grid behind the scene and the minimap over it. It knows no editor."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QFocusEvent, QPainter, QPaintEvent, QResizeEvent, QTransform, QWheelEvent
from PySide6.QtWidgets import QFrame, QGraphicsView, QWidget

from graph.messages import tr
from gui.canvas.camera import Camera, Flight, Wheel
from gui.canvas.grid import Grid
from gui.canvas.key_words import how_to_begin
from gui.canvas.minimap import Minimap
from gui.canvas.painting import LEGIBLE, ui_font
from gui.canvas.scene import CanvasScene
from gui.icons import paint_icon
from gui.shortcuts import Shortcuts
from gui.theme import theme

ZOOM_STEP = 1.2
MIN_ZOOM, MAX_ZOOM = 0.04, 4.0
FIT_MARGIN = 48.0
SHARPEN_AFTER = 140  # ms without zooming after which cards are painted sharp again
SMOOTH_ABOVE = 0.5  # zoomed out further, wires of big drawings are not anti-aliased
MANY_WIRES = 300
LABELS_ABOVE = 0.7
REACH = 20_000.0  # how far one can pan beyond the drawing, in canvas units
TEXT_ROOM = (184.0, 32.0)  # half of the size of the largest text beside the cursor, in pixels at 100 %
TOP, BOTTOM = Qt.Edge.TopEdge, Qt.Edge.BottomEdge
FRAME = 2  # width of the focus frame, in pixels
KEYBOARD = (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason, Qt.FocusReason.ShortcutFocusReason)


class ZoomView(QGraphicsView):
    """The camera over the scene. Whoever moves it ends the flight that it may be on."""

    keys_changed = Signal()  # `shortcuts` say other keys now
    camera_moved = Signal()

    def __init__(self, scene: CanvasScene, parent: QWidget | None = None) -> None:
        super().__init__(scene, parent)
        self._scene = scene
        self.shortcuts = Shortcuts()
        self._grid = Grid()
        self._hasty = False
        self._left_over = QPointF()
        self._framed = False
        self._covered = {TOP: 0, BOTTOM: 0}  # pixels at that edge that something lies over
        self._fitted = False  # the whole drawing is on show, and stays so when the size changes
        self.minimap = Minimap(self)
        self._wheel, self._flight = Wheel(self), Flight(self)
        self._sharpen = QTimer(self, singleShot=True, interval=SHARPEN_AFTER)
        self._sharpen.timeout.connect(self._on_zoom_settled)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setViewportMargins(FRAME, FRAME, FRAME, FRAME)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setViewportUpdateMode(QGraphicsView.ViewportUpdateMode.MinimalViewportUpdate)
        self.setOptimizationFlag(QGraphicsView.OptimizationFlag.DontAdjustForAntialiasing)
        self.setOptimizationFlag(QGraphicsView.OptimizationFlag.DontSavePainterState)
        self.setTransformationAnchor(QGraphicsView.ViewportAnchor.NoAnchor)
        self.setResizeAnchor(QGraphicsView.ViewportAnchor.AnchorViewCenter)
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSceneRect(QRectF(-REACH, -REACH, 2 * REACH, 2 * REACH))
        self.choose_hints()

    def set_shortcuts(self, shortcuts: Shortcuts) -> None:
        """Obey these keys, and name them."""
        self.shortcuts = shortcuts
        shortcuts.changed.connect(self.keys_changed)
        self.keys_changed.emit()

    def scene(self) -> CanvasScene:
        """The scene on show."""
        return self._scene

    # ---- where we are

    @property
    def zoom(self) -> float:
        """Pixels a canvas unit."""
        return self.transform().m11()

    @property
    def camera(self) -> Camera:
        """Where the person looks now."""
        return Camera(self.zoom, self.center(), self._fitted)

    def visible_area(self) -> QRectF:
        """The part of the canvas on show."""
        return self.mapToScene(self.viewport().rect()).boundingRect()

    def in_sight(self, point: QPointF) -> QPointF:
        """The point, or the nearest one around which a short text can be seen whole."""
        area, (width, height) = self.visible_area(), map(theme.px, TEXT_ROOM)
        x = min(max(point.x(), area.left() + width / self.zoom), area.right() - width / self.zoom)
        y = min(max(point.y(), area.top() + height / self.zoom), area.bottom() - height / self.zoom)
        return QPointF(x, y)

    def center(self) -> QPointF:
        """The point of the canvas in the middle of the view."""
        return self.mapToScene(self.viewport().rect()).boundingRect().center()

    # ---- moving

    def centerOn(self, *place) -> None:
        """Bring a place into the middle."""
        self._flight.stop()
        self._fitted = False
        super().centerOn(*place)

    def ensureVisible(self, *place) -> None:
        """Pan only as far as a place is out of sight."""
        self._flight.stop()
        super().ensureVisible(*place)

    def pan_by(self, pixels: QPointF) -> None:
        """Move the drawing on the screen. What is less than a pixel is kept for the next time."""
        self._flight.stop()
        self._fitted = False
        horizontal, vertical = self.horizontalScrollBar(), self.verticalScrollBar()
        wanted = pixels + self._left_over
        x, y = round(wanted.x()), round(wanted.y())
        self._left_over = wanted - QPointF(x, y)
        horizontal.setValue(horizontal.value() - x)
        vertical.setValue(vertical.value() - y)

    def zoom_in(self) -> None:
        """Show the drawing larger."""
        self.zoom_by(ZOOM_STEP)

    def zoom_out(self) -> None:
        """Show the drawing smaller."""
        self.zoom_by(1 / ZOOM_STEP)

    def zoom_to_actual(self) -> None:
        """One pixel a canvas unit."""
        self.zoom_by(1 / self.zoom)

    def zoom_by(self, factor: float, at: QPointF | None = None) -> None:
        """Zoom about a point of the viewport (its middle by default), which keeps its place."""
        self._flight.stop()
        fixed = self.viewport().rect().center() if at is None else at.toPoint()
        before = self.mapToScene(fixed)
        self._begin_zooming()
        self._set_zoom(self.zoom * factor)
        self.pan_by(QPointF(self.mapToScene(fixed) - before) * self.zoom)

    def go_to(self, camera: Camera | None) -> None:
        """Look where somebody looked before; at the whole drawing if nothing of it is there, or nobody did."""
        self.hold_still()
        if camera is not None and not camera.fitted:
            self._set_zoom(camera.zoom)
            self.centerOn(camera.center)
            if self.visible_area().intersects(self._scene.bounds()):
                return
        self.fit()

    def fit(self) -> None:
        """Show the whole drawing, at most at actual size, until the person zooms or pans."""
        self.hold_still()
        self._look(self.camera_on(self._scene.bounds())._replace(fitted=True))

    def hold_still(self) -> None:
        """Give up where the view is moving to by itself."""
        self._flight.stop()
        self._wheel.stop()

    def fly_to(self, camera: Camera) -> None:
        """Go somewhere else by moving there, so that the person sees the way."""
        self._wheel.stop()
        self._flight.go(camera)

    def camera_on(self, area: QRectF) -> Camera:
        """Where to look so that an area can be seen whole, at most at actual size; a null one from where we are."""
        if area.isNull():
            return Camera(1.0, self.center(), False)
        room, margin = self.viewport().rect(), FIT_MARGIN / 2 if any(self._covered.values()) else FIT_MARGIN
        top, bottom = (self._covered[edge] + margin for edge in (TOP, BOTTOM))
        width, height = max(1.0, room.width() - 2 * FIT_MARGIN), max(1.0, room.height() - top - bottom)
        zoom = within(min(1.0, width / max(1.0, area.width()), height / max(1.0, area.height())))
        return Camera(zoom, area.center() + QPointF(0, (bottom - top) / 2 / zoom), False)

    def _look(self, camera: Camera) -> None:
        self._set_zoom(camera.zoom)
        super().centerOn(camera.center)
        self._fitted = camera.fitted

    def show_camera(self, camera: Camera) -> None:
        """Look from there, in a hurry: another place follows in a moment."""
        self._begin_zooming()
        self._look(camera)

    def cover(self, edge: Qt.Edge, pixels: int) -> None:
        """Something lies over this much of the upper or the lower edge: a whole drawing is shown beside it."""
        self._covered[edge] = pixels
        if self._fitted:
            self.fit()

    def _set_zoom(self, zoom: float) -> None:
        zoom = within(zoom)
        self.setTransform(QTransform.fromScale(zoom, zoom))
        self._scene.show_labels(zoom >= LABELS_ABOVE)
        self.choose_hints()
        self.camera_moved.emit()

    def _begin_zooming(self) -> None:
        """Paint cards fast until the zoom stays as it is for a moment."""
        self._scene.zooming = True
        self._sharpen.start()

    def _on_zoom_settled(self) -> None:
        self._scene.zooming = False
        self.viewport().update()

    def keep_in_reach(self) -> None:
        """Let every part of the drawing be panned to."""
        bounds = self._scene.bounds()
        needed = bounds.adjusted(-REACH / 2, -REACH / 2, REACH / 2, REACH / 2)
        if not bounds.isNull() and not self.sceneRect().contains(needed):
            center = self.center()
            self.setSceneRect(self.sceneRect().united(bounds.adjusted(-REACH, -REACH, REACH, REACH)))
            self.centerOn(center)

    # ---- how it is painted

    def set_hasty(self, hasty: bool) -> None:
        """Paint fast rather than smooth, for as long as much is moving."""
        self._hasty = hasty
        self.choose_hints()

    def choose_hints(self) -> None:
        """Anti-alias wires unless there are so many that it would be felt and too small to be seen."""
        from_afar = self.zoom < SMOOTH_ABOVE and len(self._scene.wires) >= MANY_WIRES
        self.setRenderHint(QPainter.RenderHint.Antialiasing, not self._hasty and not from_afar)
        if from_afar != self._scene.pens.all_thin:
            self._scene.pens.all_thin = from_afar
            for wire in self._scene.wires.values():
                wire.dress()

    def drawBackground(self, painter: QPainter, rect: QRectF) -> None:
        self._scene.pixel_ratio = ratio = painter.device().devicePixelRatioF()
        view = painter.worldTransform()
        painter.resetTransform()
        self._grid.paint(painter, view.mapRect(rect), view, colors=self._scene.colors, ratio=ratio)
        painter.setWorldTransform(view)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        empty = self._scene.is_empty
        if not empty and not (event.rect().intersects(self.minimap.area()) and self.minimap.visible):
            return
        painter = QPainter(self.viewport())
        try:
            if empty:
                self._paint_hint(painter)
            else:
                self.minimap.paint(painter, self._scene.colors)
        finally:
            painter.end()

    def _paint_hint(self, painter: QPainter) -> None:
        """How to begin, in the middle of an empty canvas."""
        middle = self.viewport().rect().center()
        line = QRectF(0, middle.y() - 10, self.viewport().width(), 20)
        paint_icon(painter, QRectF(middle.x() - 16, middle.y() - 56, 32, 32), "plus", role="faint")
        for text, bold in (
            (tr("Nothing drawn yet"), True),
            (how_to_begin(self.shortcuts), False),
            (tr("The File menu has examples."), False),
        ):
            painter.setFont(ui_font(theme.px(13), bold=bold))
            painter.setPen(self._scene.colors("text" if bold else "muted"))
            painter.drawText(line, Qt.AlignmentFlag.AlignCenter, text)
            line.translate(0, theme.px(24))

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        super().scrollContentsBy(dx, dy)
        stale = self.viewport().rect() if self._scene.is_empty else self.minimap.area()
        self.viewport().update(stale.united(stale.translated(dx, dy)))
        self.camera_moved.emit()

    def event(self, event: QEvent) -> bool:
        if event.type() != QEvent.Type.Paint:
            return super().event(event)
        painter = QPainter(self)  # the frame around the viewport
        painter.fillRect(self.rect(), self._scene.colors("accent" if self._framed else "canvas"))
        painter.end()
        return True

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self._frame(event.reason() in KEYBOARD)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._frame(False)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._fitted:
            self._begin_zooming()
            self.fit()
        self.viewport().update()  # minimap and hint have moved

    def wheelEvent(self, event: QWheelEvent) -> None:
        self._wheel.turn(event)
        event.accept()

    def _frame(self, framed: bool) -> None:
        self._framed = framed
        self.update()


def within(zoom: float) -> float:
    """The nearest zoom that there is."""
    return max(MIN_ZOOM, min(MAX_ZOOM, zoom))


def is_legible(zoom: float) -> bool:
    """Whether cards show their ports at this zoom."""
    return zoom >= LEGIBLE
