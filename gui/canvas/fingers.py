"""Fingers on a touch screen and gestures of a trackpad: one finger drags or pans, two pan and pinch, a flick runs on."""

from __future__ import annotations

from collections.abc import Mapping
from time import monotonic
from typing import TYPE_CHECKING

from PySide6.QtCore import QAbstractAnimation, QEvent, QPointF, Qt, QTimer
from PySide6.QtGui import QContextMenuEvent, QEventPoint, QInputDevice, QNativeGestureEvent, QTouchEvent
from PySide6.QtWidgets import QApplication

from gui.motion import animate, motion

if TYPE_CHECKING:
    from gui.canvas.view import CanvasView

TAP = 10.0  # pixels that a finger may tremble and still tap
DOUBLE_TAP = 0.4  # seconds
HOLD = 600  # milliseconds that a finger rests until the menu comes
FLICK = 250.0  # pixels a second from which on the canvas runs on
RUNS_FOR = 700  # milliseconds
RUNS_OUT = 0.25  # how far it runs: seconds at the speed of the finger
LATELY = 0.08  # seconds of the way of a finger that its speed is taken from


class Fingers:
    """Turns touch into what the mouse does. A finger on a card, a port or a wire is a mouse; elsewhere it pans."""

    def __init__(self, view: CanvasView) -> None:
        self._view = view
        self._is_pointing = False  # a finger does what the mouse would
        self._is_pinching = False
        self._way: list[tuple[float, QPointF]] = []  # times and places of the finger that pans
        self._before: Mapping[int, QPointF] = {}  # where the fingers were
        self._start = QPointF()
        self._last_tap = (0.0, QPointF())
        self._hold = QTimer(view, singleShot=True, interval=HOLD)
        self._hold.timeout.connect(self._on_held)
        self._is_over = False  # this touch means nothing more: it asked for the menu, or a mouse is dragging something
        self._run: QAbstractAnimation | None = None
        self._ran = 0.0

    def touch(self, event: QTouchEvent) -> bool:
        """Fingers are put down, moved or lifted; whether that means anything here."""
        if event.device().type() is not QInputDevice.DeviceType.TouchScreen:
            return False
        points = {point.id(): self._pixel(point) for point in event.points()}
        down = {p.id(): points[p.id()] for p in event.points() if p.state() is not QEventPoint.State.Released}
        kind = event.type()
        if kind is QEvent.Type.TouchCancel:
            self._cancel()
        elif kind is QEvent.Type.TouchBegin and len(down) == 1:
            self._begin(*down.values())
        elif len(down) >= 2:
            self._pinch(down)
        elif kind is QEvent.Type.TouchEnd:
            self._lift(next(iter(points.values())))
        elif down and not self._is_pinching:
            self._drag(next(iter(down.values())))
        self._before = down
        return True

    def native(self, event: QNativeGestureEvent) -> bool:
        """A gesture that the system recognized on a trackpad; whether it means anything here."""
        kind = event.gestureType()
        if kind is Qt.NativeGestureType.ZoomNativeGesture:
            self._view.zoom_by(1.0 + event.value(), event.position())
        elif kind is Qt.NativeGestureType.PanNativeGesture:
            self._view.pan_by(event.delta())
        elif kind is Qt.NativeGestureType.SmartZoomNativeGesture:
            self._view.zoom_to_actual() if self._view.zoom < 1.0 else self._view.fit()
        else:
            return False
        return True

    def rest(self) -> None:
        """Stop running on."""
        run, self._run = self._run, None
        if run is not None:
            run.stop()

    def _begin(self, pixel: QPointF) -> None:
        self._give_up()
        self.rest()
        self._is_pinching, self._is_over = False, self._view.pointer.gesture is not None
        if self._is_over:
            return
        self._hold.start()
        self._start, self._way = pixel, [(monotonic(), pixel)]
        self._is_pointing = not self._view.pointer.is_over_nothing(pixel)
        if self._is_pointing:
            self._view.pointer.press(pixel)

    def _drag(self, pixel: QPointF) -> None:
        if _length(pixel - self._start) > TAP:
            self._hold.stop()
        if self._is_over:
            return
        if self._is_pointing:
            self._view.pointer.move(pixel)
        elif self._way:
            self._view.pan_by(pixel - self._way[-1][1])
            self._way.append((monotonic(), pixel))

    def _pinch(self, down: Mapping[int, QPointF]) -> None:
        """Two fingers hold two places of the canvas between them."""
        self._hold.stop()
        self._give_up()
        self._is_pinching, self._way = True, []
        first, second = list(down)[:2]
        if first not in self._before or second not in self._before:
            return
        (a, b), (before_a, before_b) = ((points[first], points[second]) for points in (down, self._before))
        apart, were_apart = _length(a - b), _length(before_a - before_b)
        self._view.pan_by((a + b - before_a - before_b) / 2)
        if were_apart > 0 and apart > 0:
            self._view.zoom_by(apart / were_apart, (a + b) / 2)

    def _pixel(self, point: QEventPoint) -> QPointF:
        return self._view.viewport().mapFromGlobal(point.globalPosition())

    def _lift(self, pixel: QPointF) -> None:
        self._hold.stop()
        if self._is_over:
            return
        is_tap = not self._is_pinching and _length(pixel - self._start) <= TAP
        if self._is_pointing:
            self._view.pointer.release(pixel)
        elif is_tap:
            self._view.clear_selection()
        elif not self._is_pinching:
            self._run_on()
        if is_tap:
            self._tap(pixel)
        self._is_pointing = self._is_pinching = False

    def _tap(self, pixel: QPointF) -> None:
        """The second of two quick taps on the same spot is a double click."""
        now, (then, there) = monotonic(), self._last_tap
        is_double = now - then <= DOUBLE_TAP and _length(pixel - there) <= 2 * TAP
        self._last_tap = (0.0, pixel) if is_double else (now, pixel)
        if is_double:
            self._view.pointer.double_click(pixel)

    def _run_on(self) -> None:
        """The canvas goes on as fast as the finger went, and slows down."""
        now = monotonic()
        lately = [(at, where) for at, where in self._way if now - at <= LATELY]
        if motion.is_reduced or len(lately) < 2 or lately[-1][0] <= lately[0][0]:
            return
        speed = (lately[-1][1] - lately[0][1]) / (lately[-1][0] - lately[0][0])
        if _length(speed) < FLICK:
            return
        way, self._ran = speed * RUNS_OUT, 0.0

        def step(progress: float) -> None:
            self._view.pan_by(way * (progress - self._ran))
            self._ran = progress

        self._run = animate(RUNS_FOR, step, on_end=self._on_run_ended, parent=self._view)

    def _on_run_ended(self) -> None:
        self._run = None

    def _on_held(self) -> None:
        """A finger that rests asks for the menu of what is under it."""
        self._give_up()
        self._is_over = True
        pixel, viewport = self._start.toPoint(), self._view.viewport()
        event = QContextMenuEvent(QContextMenuEvent.Reason.Other, pixel, viewport.mapToGlobal(pixel))
        QApplication.sendEvent(viewport, event)

    def _cancel(self) -> None:
        self._hold.stop()
        self._give_up()
        self._is_pinching = False

    def _give_up(self) -> None:
        """The finger is no mouse any more: what it dragged is as it was."""
        if self._is_pointing:
            self._view.pointer.cancel()
        self._is_pointing = False


def _length(way: QPointF) -> float:
    return (way.x() ** 2 + way.y() ** 2) ** 0.5
