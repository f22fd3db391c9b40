"""The wire item: one path from an output to an input, with its shape written along it where there is room."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainterPath, QPen
from PySide6.QtWidgets import QGraphicsPathItem, QGraphicsSimpleTextItem

from graph.catalog import CATALOG, Catalog, Role
from graph.model import Graph, Link
from gui.canvas.items import NodeItem
from gui.canvas.painting import Colors
from gui.canvas.routing import BELOW, LABEL_STUB, End, Route, route
from gui.theme import mono_font
from runtime.analysis import TensorSpec

if TYPE_CHECKING:
    from gui.canvas.scene import CanvasScene

WIRE_Z = 0.0
RAISED_Z = 1.0
LABEL_Z = 2.0
WIDTH = 2.0
LABEL_PIXELS = 10
LABEL_ROOM = 28.0  # what a level stretch must have beside the label


class Pens:
    """The pens of wires, shared by all."""

    def __init__(self, colors: Colors) -> None:
        self._colors = colors
        self._made: dict[tuple[str, bool, bool], QPen] = {}

    def pen(self, role: str, *, dashed: bool = False, thin: bool = False) -> QPen:
        """A pen of that colour; a `thin` one is a pixel wide at every zoom and cheap to draw."""
        key = (role, dashed, thin)
        if key not in self._made:
            pen = QPen(self._colors(role), 0.0 if thin else WIDTH)
            pen.setCapStyle(Qt.PenCapStyle.FlatCap)
            if dashed:
                pen.setDashPattern([3.0, 2.0])
            self._made[key] = pen
        return self._made[key]


class WireItem(QGraphicsPathItem):
    """One wire. It is plain C++ to Qt: nothing of it runs Python while it is painted."""

    def __init__(self, canvas: CanvasScene, link: Link, *, carries_labels: bool) -> None:
        super().__init__()
        self.canvas = canvas
        self.link = link
        self.carries_labels = carries_labels
        self.selected = False
        self.hovered = False
        self.route = Route(((0.0, 0.0), (0.0, 0.0)))
        self.spec: TensorSpec | None = None
        self._label: QGraphicsSimpleTextItem | None = None
        self._thin = False
        self.dress()  # its height is right as it is: WIRE_Z is 0

    def lay(self, source: NodeItem, target: NodeItem) -> None:
        """Run from card to card as they lie on the screen."""
        start = _end(source, self.link.source.name, output=True)
        end = _end(target, self.link.target.name, output=False)
        if self.carries_labels:
            end = end._replace(bottom=self._lowest(start, end))
        self.route = route(start, end, below=self.carries_labels)
        self.setPath(self.route.path())
        self._place_label()

    def _lowest(self, start: End, end: End) -> float:
        """The lower edge of the target, or of a taller card that a wire right below the target would run behind."""
        left, right = sorted((start.x + LABEL_STUB, end.x - LABEL_STUB))
        crossed = self.canvas.nodes_in(QRectF(left, end.bottom, right - left, BELOW))
        return max([end.bottom, *(self.canvas.nodes[node].body().bottom() for node in crossed)])

    def set_carries_labels(self, carries: bool) -> None:
        """Whether it runs from data to a loss or metric."""
        if carries != self.carries_labels:
            self.carries_labels = carries
            self.dress()

    def set_spec(self, spec: TensorSpec | None) -> None:
        """Say what flows through it."""
        if spec != self.spec:
            self.spec = spec
            self._place_label()

    def set_state(self, *, selected: bool | None = None, hovered: bool | None = None) -> None:
        """Mark it as selected or as under the cursor."""
        state = (self.selected if selected is None else selected, self.hovered if hovered is None else hovered)
        if state != (self.selected, self.hovered):
            self.selected, self.hovered = state
            self.setZValue(RAISED_Z if any(state) else WIRE_Z)
            self.dress()

    def set_thin(self, thin: bool) -> None:
        """Draw it a pixel wide for as long as it moves."""
        if thin != self._thin:
            self._thin = thin
            self.dress()

    def set_away(self, away: bool) -> None:
        """Take it off the screen while the person holds its end elsewhere."""
        self.setVisible(not away)
        self.show_label(self.canvas.labels_visible and not away)

    def dress(self) -> None:
        """Take the pen that the state and the theme ask for."""
        role = "accent" if self.selected else "text" if self.hovered else "data" if self.carries_labels else "wire"
        self.setPen(self.canvas.pens.pen(role, dashed=self.carries_labels, thin=self._thin))
        if self._label is not None:
            self._label.setVisible(self.canvas.labels_visible and not self.hovered)
            self._label.setBrush(self.canvas.colors("faint"))

    def show_label(self, visible: bool) -> None:
        """Show the shape along the wire, or not."""
        if self._label is not None:
            self._label.setVisible(visible)

    def drop_label(self) -> None:
        """Take the label off the scene."""
        if self._label is not None:
            self.canvas.removeItem(self._label)
            self._label = None

    @property
    def label(self) -> str:
        """The text along the wire; empty where there is none."""
        return self._label.text() if self._label is not None else ""

    def middle(self) -> QPointF:
        """Where to speak about the wire."""
        x, y, _ = self.route.anchor
        return QPointF(x, y)

    def is_near_end(self, point: QPointF, reach: float) -> bool:
        """Whether a point is on the last stretch of the wire, close to its target."""
        x, y = self.route.points[-1]
        return abs(point.x() - x) + abs(point.y() - y) <= reach

    def _place_label(self) -> None:
        if self.spec is None:
            self.drop_label()
            return
        text = self.spec.compact
        x, y, room = self.route.anchor
        width = label_metrics().horizontalAdvance(text)
        if width + LABEL_ROOM > room:
            self.drop_label()
            return
        label = self._label or self._make_label()
        label.setText(text)
        label.setPos(round(x - width / 2), round(y - label_metrics().height() - 2))

    def _make_label(self) -> QGraphicsSimpleTextItem:
        self._label = label = QGraphicsSimpleTextItem()
        label.setFont(mono_font(LABEL_PIXELS))
        label.setBrush(self.canvas.colors("faint"))
        label.setZValue(LABEL_Z)
        label.setVisible(self.canvas.labels_visible)
        self.canvas.addItem(label)
        return label


def carries_labels(graph: Graph, link: Link, catalog: Catalog = CATALOG) -> bool:
    """Whether a wire runs from data straight to a loss or metric: drawn dashed, apart from the flow of the network."""
    source, target = (catalog.get(graph.nodes[end.node].type) for end in link)
    return bool(source and target and source.role is Role.DATA and target.role in (Role.LOSS, Role.METRIC))


def free_path(start: QPointF, end: QPointF) -> QPainterPath:
    """The path of a wire that is being drawn, from an output to an input or to the cursor."""
    ends = [End(point.x(), point.y(), point.y() - 33.0, point.y() + 33.0) for point in (start, end)]
    if end.x() > start.x():
        return Route(((start.x(), start.y()), (end.x(), end.y())), curved=True).path()
    return route(*ends).path()


@lru_cache(maxsize=1)
def label_metrics() -> QFontMetricsF:
    """Measures the text along wires."""
    return QFontMetricsF(mono_font(LABEL_PIXELS))


def _end(item: NodeItem, port: str, *, output: bool) -> End:
    x, y = item.port_position(port, output=output)
    top = item.place[1]
    return End(x, y, top, top + item.ports.height)
