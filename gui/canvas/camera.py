"""How the camera over the canvas moves: flights from place to place, and what a wheel or a trackpad asks for."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QAbstractAnimation, QPointF, Qt
from PySide6.QtGui import QInputDevice, QWheelEvent

from gui.motion import animate

if TYPE_CHECKING:
    from gui.canvas.viewport import ZoomView

FLIGHT = 250  # milliseconds
NOTCH = 120.0  # what a wheel reports for one step of it
STEP = 1.2  # the zoom of one notch
SMOOTH = 110  # milliseconds over which a notch is spread
SIDEWAYS = 60.0  # pixels that a notch pans


class Camera(NamedTuple):
    """Where a person looks: pixels a canvas unit, the point in the middle, and whether the whole drawing is on show."""

    zoom: float
    center: QPointF
    fitted: bool


class Flight:
    """Moves a view to another camera; the zoom changes by the same share at every step."""

    def __init__(self, view: ZoomView) -> None:
        self._view = view
        self._movement: QAbstractAnimation | None = None
        self._start = self._end = Camera(1.0, QPointF(), False)

    def go(self, camera: Camera) -> None:
        """Set out from where the view is now."""
        self.stop()
        self._start, self._end = self._view.camera, camera
        self._movement = animate(FLIGHT, self._show, on_end=self._on_end, parent=self._view)

    def stop(self) -> None:
        """Stay here: the person goes elsewhere."""
        movement, self._movement = self._movement, None
        if movement is not None:
            movement.stop()

    def _show(self, progress: float) -> None:
        start, end = self._start, self._end
        zoom = start.zoom * (end.zoom / start.zoom) ** progress
        center = start.center + (end.center - start.center) * progress
        self._view.show_camera(end if progress >= 1.0 else Camera(zoom, center, False))

    def _on_end(self) -> None:
        self._movement = None


class Wheel:
    """A wheel zooms, smoothly from notch to notch; a trackpad pans; control and a trackpad zoom; shift pans sideways."""

    def __init__(self, view: ZoomView) -> None:
        self._view = view
        self._movement: QAbstractAnimation | None = None
        self._to_do = 0.0  # the logarithm of the zoom that is still to come
        self._done = 0.0  # the share of it that has come
        self._at = QPointF()

    def turn(self, event: QWheelEvent) -> None:
        """The person turns a wheel, or moves two fingers on a trackpad."""
        pixels, angle = QPointF(event.pixelDelta()), QPointF(event.angleDelta())
        is_zooming = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        if _is_trackpad(event) and not is_zooming:
            self._view.pan_by(angle * (SIDEWAYS / NOTCH) if pixels.isNull() else pixels)
        elif event.modifiers() & Qt.KeyboardModifier.ShiftModifier or angle.y() == 0:
            self._view.pan_by(QPointF(angle.x() or angle.y(), 0) * (SIDEWAYS / NOTCH))
        else:
            self._zoom(angle.y() / NOTCH, event.position())

    def stop(self) -> None:
        """What was still to come does not come."""
        movement, self._movement = self._movement, None
        if movement is not None:
            movement.stop()

    def _zoom(self, notches: float, at: QPointF) -> None:
        """Whole notches are spread over a moment; a wheel of high resolution is smooth by itself."""
        left = self._to_do * (1.0 - self._done) if self._movement is not None else 0.0
        self.stop()
        self._to_do, self._done, self._at = left + notches * math.log(STEP), 0.0, at
        smooth = SMOOTH if notches == round(notches) else 0
        self._movement = animate(smooth, self._show, on_end=self._on_end, parent=self._view)

    def _show(self, progress: float) -> None:
        self._view.zoom_by(math.exp(self._to_do * (progress - self._done)), self._at)
        self._done = progress

    def _on_end(self) -> None:
        self._movement = None


def _is_trackpad(event: QWheelEvent) -> bool:
    """Whether fingers did it: such events come in phases, or from a device that says what it is."""
    is_phased = event.phase() is not Qt.ScrollPhase.NoScrollPhase and not event.pixelDelta().isNull()
    return is_phased or event.device().type() is QInputDevice.DeviceType.TouchPad
