"""Small pictures of the values that leave the nodes, under their cards, while a sample is followed through the network."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QImage, QPainter, QPainterPath
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from graph.look import RIGHT
from graph.model import NodeId, Port
from gui.canvas.geometry import CORNER
from gui.canvas.painting import NAMED

if TYPE_CHECKING:
    from gui.canvas.items import NodeItem
    from gui.canvas.scene import CanvasScene

SIDE, AWAY, EDGE = 40.0, 7.0, 3.0  # canvas units: of the frame, from its card, around the picture
NEAR, LEAST = 4.0, 12.0  # canvas units where cards are close: from both of them, and the depth of the frame at least
FRAME_RADIUS = 4.0
BUDGET = 0.012  # seconds that pictures may take before the canvas goes on; others are made a moment later
MOMENT = 15  # milliseconds


class NodeValue(NamedTuple):
    """What left a node: a picture of it, made when it is first seen, by its size and the pixels of the screen in one of those; and a
    line about what left an output, by its name."""

    picture: Callable[[QSize, float], QImage]
    text: Callable[[str], str]


class Values:
    """The values in the drawing of a scene."""

    def __init__(self, scene: CanvasScene) -> None:
        self._scene = scene
        self._values: Mapping[NodeId, NodeValue] = {}
        self._items: dict[NodeId, ValueItem] = {}
        self._spent = 0.0
        self._waiting: list[ValueItem] = []
        self._later = QTimer(scene, singleShot=True, interval=MOMENT)
        self._later.timeout.connect(self._go_on)

    def show(self, values: Mapping[NodeId, NodeValue]) -> None:
        """Show exactly these, at the nodes that are there."""
        is_new, self._values = values is not self._values, values
        self._waiting.clear()
        nodes = self._scene.nodes
        for node, item in list(self._items.items()):
            if node not in values or item.parentItem() is not nodes.get(node):
                del self._items[node]
                self._take_off(item)
        for node in values.keys() & nodes.keys():
            if node not in self._items:
                self._items[node] = ValueItem(self._scene, nodes[node], values[node])
            elif is_new:
                self._items[node].show_value(values[node])

    @property
    def shown(self) -> Mapping[NodeId, ValueItem]:
        """The pictures that are there, seen or not."""
        return self._items

    def make(self, item: ValueItem, size: QSize, ratio: float) -> QImage | None:
        """The picture of an item; None if there was no time, it will be asked to paint again."""
        if self._spent > BUDGET:
            self._waiting.append(item)
            return None
        started = perf_counter()
        picture = item.value.picture(size, ratio)
        self._spent += perf_counter() - started
        if not self._later.isActive():
            self._later.start()
        return picture

    def _go_on(self) -> None:
        self._spent = 0.0
        waiting, self._waiting = self._waiting, []
        for item in waiting:
            item.update()

    def text(self, source: Port) -> str:
        """A line about what left an output; empty where nothing is known."""
        value = self._values.get(source.node)
        return value.text(source.name) if value is not None and source.node in self._items else ""

    def _take_off(self, item: ValueItem) -> None:
        item.setParentItem(None)  # type: ignore[arg-type]
        if item.scene() is not None:
            self._scene.removeItem(item)


class ValueItem(QGraphicsItem):
    """A framed picture at the output of a card; it moves with it. From afar nothing is painted."""

    def __init__(self, canvas: CanvasScene, card: NodeItem, value: NodeValue) -> None:
        super().__init__(card)
        self._canvas, self._card, self.value = canvas, card, value
        self._placed: tuple[object, QRectF] = (None, QRectF())  # for which arrangement, and where then
        self._free: tuple[object, QPainterPath | None] = (None, None)
        self._picture: QImage | None = None
        self._for: tuple[QSize, float, str] = (QSize(), 0.0, "")  # size in pixels, their ratio, the theme
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)

    def show_value(self, value: NodeValue) -> None:
        """Show another value."""
        self.value, self._for = value, (QSize(), 0.0, "")
        self.update()

    def area(self) -> QRectF:
        """The frame, as seen from the card: under its end, or beside it where wires leave downwards.

        Where the next card is close the frame is flatter and wider, so that the picture lies between the two.
        """
        state = (self._canvas.arrangement, self._card.place, self._card.ports)
        if self._placed[0] != state:
            frame, room = self._frame(AWAY, SIDE, SIDE), self._room(self._frame(0.0, AWAY + SIDE + NEAR, SIDE))
            if room is not None:
                depth = max(LEAST, room - 2 * NEAR)
                frame = self._frame(NEAR, depth, SIDE * SIDE / depth)
            self._placed = state, frame
        return self._placed[1]

    def _frame(self, away: float, depth: float, length: float) -> QRectF:
        """A frame as far from its card, as deep from there on, and as long along the edge; never longer than the edge."""
        shape = self._card.ports
        if shape.flow != RIGHT:
            length = min(length, shape.height)
            return QRectF(shape.width + away, shape.height - length, depth, length)
        length = min(length, shape.width)
        return QRectF(shape.width - length, shape.height + away, length, depth)

    def _room(self, wanted: QRectF) -> float | None:
        """How far it is to the nearest card in an area beside the card; None if there is none."""
        canvas, shape = self._canvas, self._card.ports
        others = canvas.nodes_in(self.mapRectToScene(wanted)) - {self._card.node.id}
        rooms = []
        for other in (canvas.nodes[i] for i in others):
            body = self.mapRectFromScene(other.body())
            above = NEAR if other.card.kin else 0.0  # the mark of shared weights stands on the upper edge
            rooms.append(body.top() - above - shape.height if shape.flow == RIGHT else body.left() - shape.width)
        return min(rooms, default=None)

    def boundingRect(self) -> QRectF:
        shape = self._card.ports  # wherever the frame may be, as that depends on the other cards
        beside = QRectF(0, 0, shape.width, shape.height)
        deep = AWAY + SIDE + 1
        return beside.adjusted(-1, -1, deep, 1) if shape.flow != RIGHT else beside.adjusted(-1, -1, 1, deep)

    def shape(self) -> QPainterPath:
        path = QPainterPath()
        path.addRect(self.area())
        return path

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        canvas, scale = self._canvas, painter.worldTransform().m11()
        if canvas.node_painter is not None or scale < NAMED:
            return
        painter.save()  # the view does not
        area = self.area()
        self._leave_cards_free(painter, area)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(canvas.colors("border"))
        painter.setBrush(canvas.colors("card"))
        painter.drawRoundedRect(area, FRAME_RADIUS, FRAME_RADIUS)
        edge = min(EDGE, min(area.width(), area.height()) / 10)
        inner = area.adjusted(edge, edge, -edge, -edge)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, canvas.zooming)
        if (picture := self._pictured((inner.size() * scale).toSize(), canvas.pixel_ratio)) is not None:
            painter.drawImage(inner, picture)
        painter.restore()

    def _leave_cards_free(self, painter: QPainter, area: QRectF) -> None:
        """Other cards lie on top."""
        canvas, state = self._canvas, (self._canvas.arrangement, self._card.place)
        if self._free[0] != state:
            nodes = canvas.nodes_in(self.mapRectToScene(area)) - {self._card.node.id}
            self._free = state, self._without([canvas.nodes[i].body() for i in nodes]) if nodes else None
        if self._free[1] is not None:
            painter.setClipPath(self._free[1])

    def _without(self, bodies: Iterable[QRectF]) -> QPainterPath:
        free = QPainterPath()
        free.addRect(self.boundingRect())
        for body in bodies:
            taken = QPainterPath()
            taken.addRoundedRect(self.mapRectFromScene(body), CORNER, CORNER)
            free -= taken
        return free

    def _pictured(self, size: QSize, ratio: float) -> QImage | None:
        """The picture in the size that it is seen in; while the zoom changes, and until there is time, the one before."""
        wanted = (size, ratio, self._canvas.colors.name)
        if self._picture is None or (wanted != self._for and not self._canvas.zooming):
            made = self._canvas.values.make(self, size, ratio)
            if made is not None:
                self._picture, self._for = made, wanted
        return self._picture
