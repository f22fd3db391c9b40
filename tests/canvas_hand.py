"""A hand for the canvas: real mouse and key events at places of the drawing."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from graph.model import Graph, Link, NodeId, Port
from gui.canvas.chooser import Chooser
from gui.canvas.view import CanvasView

LEFT, MIDDLE = Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton
NONE, SHIFT, CONTROL = (
    Qt.KeyboardModifier.NoModifier,
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.ControlModifier,
)


class Hand:
    """Presses, moves and lets go on the viewport of a view; places are points of the canvas."""

    def __init__(self, view: CanvasView) -> None:
        self.view = view
        self._buttons = Qt.MouseButton.NoButton

    # ---- places

    def on(self, node: NodeId) -> QPointF:
        """The middle of a card."""
        return self.view.scene().nodes[node].body().center()

    def at(self, port: Port, *, output: bool) -> QPointF:
        """The middle of a port."""
        return QPointF(*self.view.scene().nodes[port.node].port_position(port.name, output=output))

    def pixel(self, point: QPointF) -> QPoint:
        """Where a point of the canvas is in the viewport."""
        return self.view.mapFromScene(point)

    # ---- mouse

    def press(self, point: QPointF, *, button=LEFT, modifiers=NONE) -> None:
        self._buttons |= button
        QTest.mousePress(self.view.viewport(), button, modifiers, self.pixel(point))

    def move(self, point: QPointF, *, modifiers=NONE) -> None:
        """QTest.mouseMove tells no buttons and takes no modifiers, so the event is made here."""
        here = QPointF(self.pixel(point))
        there = self.view.viewport().mapToGlobal(here)
        event = QMouseEvent(QEvent.Type.MouseMove, here, there, Qt.MouseButton.NoButton, self._buttons, modifiers)
        QApplication.sendEvent(self.view.viewport(), event)

    def release(self, point: QPointF, *, button=LEFT, modifiers=NONE) -> None:
        self._buttons &= ~button
        QTest.mouseRelease(self.view.viewport(), button, modifiers, self.pixel(point))

    def click(self, point: QPointF, *, modifiers=NONE) -> None:
        self.press(point, modifiers=modifiers)
        self.release(point, modifiers=modifiers)

    def double_click(self, point: QPointF) -> None:
        self.click(point)
        pixel = self.pixel(point)  # where it stays, even if the canvas moves
        QTest.mouseDClick(self.view.viewport(), LEFT, NONE, pixel)
        QTest.mouseRelease(self.view.viewport(), LEFT, NONE, pixel)

    def double_press(self, point: QPointF, *, button=LEFT, modifiers=NONE) -> None:
        """What a quick second press is told as; its release follows."""
        self._buttons |= button
        here = QPointF(self.pixel(point))
        there = self.view.viewport().mapToGlobal(here)
        event = QMouseEvent(QEvent.Type.MouseButtonDblClick, here, there, button, self._buttons, modifiers)
        QApplication.sendEvent(self.view.viewport(), event)

    def lose(self) -> None:
        """The buttons are let go where nobody hears it."""
        self._buttons = Qt.MouseButton.NoButton

    def drag(self, start: QPointF, end: QPointF, *, button=LEFT, modifiers=NONE) -> None:
        """A drag in four steps; the way on the screen is that of the beginning, even if the canvas moves meanwhile."""
        pixels = [QPointF(self.pixel(start + (end - start) * step / 4)) for step in range(5)]
        self.press(start, button=button, modifiers=modifiers)
        for pixel in pixels[1:]:
            self.move(self.view.mapToScene(pixel.toPoint()), modifiers=modifiers)
        self.release(self.view.mapToScene(pixels[-1].toPoint()), button=button, modifiers=modifiers)

    # ---- keys

    def key(self, key: Qt.Key | str, modifiers=NONE) -> None:
        QTest.keyClick(self.view, key, modifiers)

    def box(self) -> Chooser | None:
        """The box that is open over the canvas."""
        return next((box for box in self.view.findChildren(Chooser) if box.isVisible()), None)

    def type(self, text: str) -> None:
        """Type into the open box."""
        QTest.keyClicks(self.box().edit, text)

    def type_key(self, key: Qt.Key) -> None:
        """Press a key in the open box."""
        QTest.keyClick(self.box().edit, key)


def linked(graph: Graph) -> set[tuple[str, str]]:
    """The wires as pairs `conv1.output`, `relu1.input`."""

    def words(port: Port) -> str:
        return f"{graph.nodes[port.node].name}.{port.name}"

    return {(words(link.source), words(link.target)) for link in graph.links.values()}


def link_into(graph: Graph, node: NodeId) -> Link:
    """The only wire that ends at a node."""
    (link,) = graph.incoming(node)
    return link
