"""Mouse and keys of a person at the window, as the tests use them."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt
from PySide6.QtGui import QDropEvent, QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from gui.canvas.view import NODE_TYPE_MIME, CanvasView

LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


class Hands:
    """Works one canvas. Points are in canvas units; every verb sends real events to the widget."""

    def __init__(self, canvas: CanvasView) -> None:
        self.canvas = canvas

    @property
    def graph(self):
        return self.canvas.editor.graph

    def at(self, x: float, y: float) -> QPoint:
        return self.canvas.mapFromScene(QPointF(x, y))

    def node_at(self, name: str) -> QPoint:
        x, y = self.graph.node_named(name).position
        return self.at(x + 70, y + 40)

    def port_at(self, node: str, port: str) -> QPoint:
        found = self.graph.node_named(node)
        shape = self.canvas.scene().nodes[found.id].shape
        side = (0.0, shape.inputs) if port in shape.inputs else (148.0, shape.outputs)
        return self.at(found.position[0] + side[0], found.position[1] + side[1][port])

    def drop(self, type_id: str, x: float, y: float) -> str:
        """Let a type from the library fall on the canvas; the name of the new node."""
        before = self.graph.names
        mime = QMimeData()
        mime.setData(NODE_TYPE_MIME, type_id.encode())
        place = QPointF(self.at(x, y))
        action = Qt.DropAction.CopyAction
        event = QDropEvent(place, action, mime, LEFT, NONE, QEvent.Type.Drop)
        QApplication.sendEvent(self.canvas.viewport(), event)
        (name,) = self.graph.names - before
        return name

    def drag(self, start: QPoint, end: QPoint, modifiers: Qt.KeyboardModifier = NONE) -> None:
        self.press(start, modifiers)
        for i in range(1, 6):
            self.move(start + (end - start) * i / 5, modifiers)
        self.release(end, modifiers)

    def press(self, point: QPoint, modifiers: Qt.KeyboardModifier = NONE) -> None:
        QTest.mousePress(self.canvas.viewport(), LEFT, modifiers, point)

    def move(self, point: QPoint, modifiers: Qt.KeyboardModifier = NONE) -> None:
        viewport = self.canvas.viewport()
        place, there = QPointF(point), QPointF(viewport.mapToGlobal(point))
        event = QMouseEvent(QEvent.Type.MouseMove, place, there, Qt.MouseButton.NoButton, LEFT, modifiers)
        QApplication.sendEvent(viewport, event)

    def release(self, point: QPoint, modifiers: Qt.KeyboardModifier = NONE) -> None:
        QTest.mouseRelease(self.canvas.viewport(), LEFT, modifiers, point)

    def click(self, point: QPoint, modifiers: Qt.KeyboardModifier = NONE) -> None:
        QTest.mouseClick(self.canvas.viewport(), LEFT, modifiers, point)

    def wire(self, source: tuple[str, str], target: tuple[str, str]) -> None:
        self.drag(self.port_at(*source), self.port_at(*target))

    def keys(self, text: str) -> None:
        QTest.keyClicks(QApplication.focusWidget() or self.canvas, text)

    def key(self, key: Qt.Key, modifiers: Qt.KeyboardModifier = NONE) -> None:
        QTest.keyClick(QApplication.focusWidget() or self.canvas, key, modifiers)
