"""The style for papers: pale boxes with thin outlines, dark wires with arrow heads, the shapes of tensors along them."""

from __future__ import annotations

import math
from collections.abc import Collection

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QFont, QFontMetricsF, QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QGraphicsPolygonItem, QGraphicsSimpleTextItem

from graph.look import RIGHT
from graph.model import Link, NodeId, Port, Position
from gui.canvas.annotations import FrameItem
from gui.canvas.card import SEPARATOR, Card
from gui.canvas.figure_annotations import FigureFrame, FigureNote, FigureTitle
from gui.canvas.geometry import NAME_ROW, PORT_PITCH, Shape
from gui.canvas.items import NodeItem
from gui.canvas.palette import Colors, ui_font
from gui.canvas.routing import LABEL_STUB, Route
from gui.canvas.routing_cards import Cards, Rect
from gui.canvas.routing_labels import SIDE, Labels
from gui.canvas.scene import CanvasScene
from gui.canvas.wires import LABEL_Z, Pens, WireItem
from gui.icons import family_icon, paint_icon
from gui.theme import GRID
from runtime.analysis import Analysis, TensorSpec

NAME, TEXT, SHAPE, PORT = 20, 17, 15, 12  # heights of the fonts, in canvas units
LEAST, LEAST_PORT = 13, 9  # to which a text, or the name of a port, shrinks before it is cut off
OUTLINE, WIRE = 1.2, 1.5
CORNER = 4.0
PADDING = 6.0
ICON = 18.0
SHEET = 4.0
HEAD = (10.0, 3.8)  # length of an arrow head, and half its width
LABEL_ROOM = 2 * (LABEL_STUB + SIDE) + 2  # what the space between columns must have beside a label, for wires that pass
GAPS = (60.0, 140.0)  # least and largest distance of columns
SPECK = 0.2  # pixels a unit below which texts are left out: nobody could tell them from dirt
CROWDED = 19.0  # height below which a line has no room in a box

_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class FigurePens(Pens):
    """Every wire thin and dark; those that carry targets dashed."""

    def pen(self, role: str, *, dashed: bool = False, width: float = WIRE) -> QPen:
        """The pen for a wire, whatever it looks like on the canvas."""
        pen = QPen(super().pen("text", dashed=dashed, width=WIRE))
        if dashed:
            pen.setDashPattern([4.0, 3.0])
        return pen


class Figure:
    """Dresses a scene for a paper: `dress` before the drawing is shown in it, `finish` when it is."""

    def __init__(self, scene: CanvasScene) -> None:
        self._scene = scene
        self._written: set[Port] = set()  # outputs whose shape stands along a wire

    def dress(self) -> None:
        """Let the scene paint its nodes and wires in this style."""
        self._scene.pens = FigurePens(self._scene.colors)
        self._scene.node_painter = self.paint_node

    def finish(self, stubs: Collection[Link] = ()) -> None:
        """Put arrow heads on the wires, and the shape of each output along one of them if there is room; none along stubs."""
        self._scene.show_labels(False)
        wires = [wire for wire in self._scene.wires.values() if wire.isVisible()]
        whole = [wire for wire in wires if wire.link not in stubs]
        places = Labels(self._cards(), self._scene.graph.look.flow, self._scene.annotations.texts())
        self._dress_annotations()
        for wire in wires:
            if wire.carries_labels and wire.route.curved and wire.link not in stubs:
                _straighten(wire)
            self._add_head(wire)
        for wire in whole:
            places.add_wire(wire.route.points)
        for wire in whole:
            if wire.link.source not in self._written and self._add_label(wire, places):
                self._written.add(wire.link.source)
        self._label_ports(places)

    def paint_node(self, painter: QPainter, item: NodeItem) -> None:
        """Paint a node with its upper left corner at the origin."""
        card, colors = item.card, self._scene.colors
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        _paint_box(painter, card, colors)
        if painter.worldTransform().m11() < SPECK:
            return
        _paint_lines(painter, card, _room(card.shape), shape=self._shape_of(item.node.id), colors=colors)
        if card.shape.named:
            _paint_ports(painter, card.shape, colors)

    def _shape_of(self, node: NodeId) -> str:
        """The shapes of the outputs that stand neither along a wire nor at a port; with their names if there are several."""
        found = self._scene.found(node)
        shapes = {name: sample_shape(spec) for name, spec in found.outputs.items()} if found else {}
        left = {name: shape for name, shape in shapes.items() if shape and Port(node, name) not in self._written}
        return SEPARATOR.join(left.values() if len(shapes) == 1 else (f"{name} {left[name]}" for name in left))

    def _dress_annotations(self) -> None:
        """Put frames and notes in this style in the place of those that are visible."""
        for item in self._scene.annotations.items.values():
            if item.isVisible():
                styles = (FigureFrame, FigureTitle) if isinstance(item, FrameItem) else (FigureNote,)
                for style in styles:
                    self._scene.addItem(style(item, self._scene.colors))
                item.show_whole(False)

    def _label_ports(self, places: Labels) -> None:
        """Where a node has several outputs, write the shapes that stand along no wire beside their ports."""
        for node, item in self._scene.nodes.items():
            found = self._scene.found(node) if item.isVisible() else None
            if found is None or len(found.outputs) < 2:
                continue
            for name, spec in found.outputs.items():
                port, text = Port(node, name), sample_shape(spec)
                if text and name in item.ports.outputs and port not in self._written:
                    spot = item.port_position(name, output=True)
                    corners = _beside(spot, _size(text), item.ports.flow)
                    corner = next((c for c in corners if places.claim(c, _size(text))), None)
                    if corner is not None:
                        self._write_at(text, corner)
                        self._written.add(port)

    def _add_head(self, wire: WireItem) -> None:
        """A head at the end of a wire, in the direction in which it arrives."""
        path = wire.path()
        end, angle = path.pointAtPercent(1.0), math.radians(path.angleAtPercent(1.0))
        along = QPointF(math.cos(angle), -math.sin(angle))
        back, across = end - along * HEAD[0], QPointF(-along.y(), along.x()) * HEAD[1]
        head = QGraphicsPolygonItem(QPolygonF([end, back + across, back - across]))
        head.setPen(QPen(Qt.PenStyle.NoPen))
        head.setBrush(self._scene.colors("text"))
        self._scene.addItem(head)

    def _add_label(self, wire: WireItem, places: Labels) -> bool:
        """Write a shape along a wire; False if there is none, or no room."""
        text = sample_shape(wire.spec) if wire.spec else ""
        corner = places.place(wire.route.points, _size(text), wire.link.source) if text else None
        if corner is None:
            return False
        self._write_at(text, corner)
        return True

    def _write_at(self, text: str, corner: Position) -> None:
        label = QGraphicsSimpleTextItem(text)
        label.setFont(ui_font(SHAPE))
        label.setBrush(QBrush(self._scene.colors("text")))
        label.setPos(*corner)
        label.setZValue(LABEL_Z)
        self._scene.addItem(label)

    def _cards(self) -> Cards:
        """Where the visible boxes are, for the places of the shapes between them."""
        cards = Cards()
        for node, item in self._scene.nodes.items():
            if item.isVisible():
                shape, (left, top) = item.ports, item.ports.turned(*item.place)
                right, bottom = shape.turned(shape.width, shape.height)
                cards.put(node, Rect(left, top, left + right, top + bottom))
        return cards


def sample_shape(spec: TensorSpec) -> str:
    """The shape of one sample, as papers write it: `16×10×10`; empty for a single number."""
    sizes = spec.shape[1:] if spec.shape[:1] == ("B",) else spec.shape
    return "×".join(map(str, sizes))


def label_gap(analysis: Analysis) -> float:
    """The distance of columns between which the shapes fit, within reason."""
    metrics = QFontMetricsF(ui_font(SHAPE))
    shapes = (sample_shape(spec) for found in analysis.nodes.values() for spec in found.outputs.values())
    widest = max((metrics.horizontalAdvance(shape) for shape in shapes), default=0.0)
    return GRID * math.ceil(min(max(GAPS[0], widest + LABEL_ROOM), GAPS[1]) / GRID)


def _size(text: str) -> tuple[float, float]:
    """Width and height of a shape."""
    metrics = QFontMetricsF(ui_font(SHAPE))
    return metrics.horizontalAdvance(text), metrics.height()


def _beside(spot: Position, size: tuple[float, float], flow: str) -> list[Position]:
    """Where a text may stand beside an output, its upper left corners: straight ahead, or beside a wire that leaves it."""
    (x, y), (width, height) = spot, size
    if flow == RIGHT:
        return [(x + 4, y - height / 2), (x + 6, y - height - 2), (x + 6, y + 2)]
    return [(x - width / 2, y + 3), (x + 5, y + 3), (x - width - 5, y + 3)]


def _straighten(wire: WireItem) -> None:
    """A wire over many lines to the next column turns at once, so that it does not cross what lies between."""
    flow = wire.route.flow
    (x0, y0), (x1, y1) = wire.route.turned(flow).points
    way = Route(((x0, y0), (x0 + LABEL_STUB, y0), (x0 + LABEL_STUB, y1), (x1, y1)))
    wire.show_route(way.turned(flow))


def _paint_box(painter: QPainter, card: Card, colors: Colors) -> None:
    area = QRectF(0, 0, card.shape.width, card.shape.height)
    outline = QPen(colors.mix(card.color, "text", 0.55), OUTLINE)
    if card.bypassed or not card.known:
        outline.setDashPattern([4.0, 3.0])
    painter.setPen(outline)
    painter.setBrush(colors("card") if card.bypassed else colors.mix(card.color, "card", 0.14))
    for sheet in range(card.sheets, 0, -1):
        painter.drawRoundedRect(area.translated(SHEET * sheet, SHEET * sheet), CORNER, CORNER)
    painter.drawRoundedRect(area, CORNER, CORNER)


def _paint_lines(painter: QPainter, card: Card, room: QRectF, *, shape: str, colors: Colors) -> None:
    """Name, parameters and shape below each other, as many as there is room for, with the icon at the right."""
    summary = [card.summary or card.right]
    if not shape:
        summary = _wrapped(summary[0], room.width())
    texts = [
        (card.name, ui_font(NAME, bold=True)),
        *((text, ui_font(TEXT)) for text in summary),
        (shape, ui_font(SHAPE)),
    ]
    texts = [line for line in texts if line[0]][: max(1, int(room.height() // CROWDED))]
    pitch = min(25.0, room.height() / len(texts))
    top = room.center().y() - pitch * len(texts) / 2
    mark = f"({card.kin.letter})" if card.kin else ""
    painter.setPen(colors("muted" if card.bypassed else "text"))
    for number, (text, font) in enumerate(texts):
        line = QRectF(room.left(), top + number * pitch, room.width(), pitch)
        if number == 0:
            icon = QRectF(line.right() - ICON, line.center().y() - ICON / 2, ICON, ICON)
            paint_icon(painter, icon, family_icon(card.color), color=colors.mix(card.color, "text", 0.6))
            line.setRight(icon.left() - 4)
            text = f"{text} {mark}".rstrip()
        _write(painter, line, text, font)


def _room(shape: Shape) -> QRectF:
    """Where the texts of a box stand: what the names of its ports leave."""
    area = QRectF(PADDING, 2, shape.width - 2 * PADDING, shape.height - 4)
    if shape.named:
        across = shape.flow == RIGHT
        area.setTop(2 if across else NAME_ROW)
        area.setBottom(min(_port_tops(shape), default=shape.height) if across else shape.height - NAME_ROW)
    return area


def _port_tops(shape: Shape) -> list[float]:
    return [y - PORT_PITCH / 2 for y in (*shape.inputs.values(), *shape.outputs.values())]


def _write(
    painter: QPainter, area: QRectF, text: str, font: QFont, *, side: Qt.AlignmentFlag = _LEFT, least: int = LEAST
) -> None:
    """A line of text: smaller where it does not fit, or without what may be left out; at last it is cut off."""
    while SEPARATOR in text and not _fits(text, least + 1, area.width()):
        text = text.rpartition(SEPARATOR)[0]
    font = QFont(font)
    while font.pixelSize() > least and QFontMetricsF(font).horizontalAdvance(text) > area.width():
        font.setPixelSize(font.pixelSize() - 1)
    painter.setFont(font)
    shown = QFontMetricsF(font).elidedText(text, Qt.TextElideMode.ElideRight, area.width() + 1)
    painter.drawText(area, side | Qt.TextFlag.TextDontClip, shown)


def _wrapped(text: str, width: float) -> list[str]:
    """The text in one line if it fits; else broken where the longer half is shortest."""
    words = text.split(" ")
    if len(words) == 1 or _fits(text, LEAST, width):
        return [text]
    halves = ([" ".join(words[:i]), " ".join(words[i:])] for i in range(1, len(words)))
    return min(halves, key=lambda pair: max(map(len, pair)))


def _fits(text: str, pixels: int, width: float) -> bool:
    return _width(text, pixels) <= width


def _paint_ports(painter: QPainter, shape: Shape, colors: Colors) -> None:
    """The names of the ports, each inside the box beside its place on the edge."""
    painter.setPen(colors("text"))
    if shape.flow != RIGHT:
        for ports, top in ((shape.inputs, 0.0), (shape.outputs, shape.height - NAME_ROW)):
            room = shape.width / max(1, len(ports)) - 2
            for name, x in ports.items():
                area = QRectF(x - room / 2, top, room, NAME_ROW)
                _write(painter, area, name, ui_font(PORT), side=Qt.AlignmentFlag.AlignCenter, least=LEAST_PORT)
        return
    for ports, others, side in ((shape.inputs, shape.outputs, _LEFT), (shape.outputs, shape.inputs, _RIGHT)):
        opposite = {y: name for name, y in others.items()}
        for name, y in ports.items():
            area = QRectF(PADDING, y - PORT_PITCH / 2, shape.width - 2 * PADDING, PORT_PITCH)
            taken = _width(opposite[y], PORT) + 8 if y in opposite else 0.0
            room = max(area.width() - taken, (area.width() - 8) / 2 if taken else area.width())
            area.setLeft(area.left() if side == _LEFT else area.right() - room)
            area.setWidth(room)
            _write(painter, area, name, ui_font(PORT), side=side, least=LEAST_PORT)


def _width(text: str, pixels: int) -> float:
    return QFontMetricsF(ui_font(pixels)).horizontalAdvance(text)
