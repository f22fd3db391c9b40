"""The wire item: one path from an output to an input, with its shape written along it where there is room."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QFontMetricsF, QPainterPath, QPen
from PySide6.QtWidgets import QGraphicsPathItem, QGraphicsSimpleTextItem

from graph.catalog import CATALOG, Catalog, Role
from graph.look import RIGHT
from graph.model import Graph, Link, Position
from gui.canvas.items import NodeItem
from gui.canvas.marking import Mark
from gui.canvas.palette import Colors
from gui.canvas.routing import End, Route, route
from gui.theme import mono_font
from runtime.analysis import TensorSpec

if TYPE_CHECKING:
    from gui.canvas.scene import CanvasScene

WIRE_Z = 0.0
RAISED_Z = 1.0
LABEL_Z = 2.0
WIDTH = 2.0
WIDE = 3.0
LABEL_PIXELS = 10


class Pens:
    """The pens of wires, shared by all."""

    def __init__(self, colors: Colors) -> None:
        self._colors = colors
        self._made: dict[tuple[str, bool, float], QPen] = {}
        self.all_thin = False  # seen from afar, many wires are a pixel wide

    def pen(self, role: str, *, dashed: bool = False, width: float = WIDTH) -> QPen:
        """A pen of that colour; one of the width 0 is a pixel wide at every zoom and cheap to draw."""
        key = (role, dashed, width)
        if key not in self._made:
            pen = QPen(self._colors(role), width)
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
        self.on_path = False
        self.mark: Mark | None = None
        self.route = Route(((0.0, 0.0), (0.0, 0.0)))
        self.spec: TensorSpec | None = None
        self._label: QGraphicsSimpleTextItem | None = None
        self._thin = False
        self.dress()  # its height is right as it is: WIRE_Z is 0

    def lay(self, source: NodeItem, target: NodeItem) -> None:
        """Run from card to card as they lie on the screen."""
        self.canvas.router.lay(self, source, target)

    def show_route(self, way: Route) -> None:
        """Run along a way."""
        if way != self.route:
            self.route = way
            self.setPath(way.path())

    def set_carries_labels(self, carries: bool) -> None:
        """Whether it runs from data to a loss or metric."""
        if carries != self.carries_labels:
            self.carries_labels = carries
            self.canvas.router.drop(self.link)
            self.dress()

    def set_spec(self, spec: TensorSpec | None) -> None:
        """Say what flows through it."""
        if spec != self.spec:
            self.spec = spec
            self.canvas.router.rewrite()

    def set_state(
        self, *, selected: bool | None = None, hovered: bool | None = None, on_path: bool | None = None
    ) -> None:
        """Mark it as selected, as under the cursor, or as part of the path through what is under the cursor."""
        before = (self.selected, self.hovered, self.on_path)
        state = tuple(
            old if new is None else new for old, new in zip(before, (selected, hovered, on_path), strict=True)
        )
        if state != before:
            self.selected, self.hovered, self.on_path = state
            self.setZValue(RAISED_Z if any(state) else WIRE_Z)
            self.dress()

    def set_mark(self, mark: Mark | None) -> None:
        """Mark it as added, removed or changed."""
        if mark is not self.mark:
            self.mark = mark
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
        role, width = self._look()
        dashed, pens = self.carries_labels or self.mark is Mark.REMOVED, self.canvas.pens
        self.setPen(pens.pen(role, dashed=dashed, width=0.0 if self._thin or pens.all_thin else width))
        if self._label is not None:
            self._label.setVisible(self.canvas.labels_visible and not self.hovered)
            self._label.setBrush(self.canvas.colors("faint"))

    def _look(self) -> tuple[str, float]:
        if self.selected:
            return "accent", WIDE
        if self.hovered:
            return "text", WIDE
        if self.on_path:
            return "accent", WIDTH
        if self.mark is not None:
            return self.mark.value, WIDE
        return "data" if self.carries_labels else "wire", WIDTH

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

    def text_size(self) -> tuple[float, float] | None:
        """Width and height of the text that it would show along its way; None if it has nothing to say."""
        if self.spec is None:
            return None
        return label_metrics().horizontalAdvance(self.spec.compact), label_metrics().height()

    def show_text(self, corner: Position | None) -> None:
        """Write what flows through it, with the upper left corner there; None: there is no room for it."""
        if corner is None or self.spec is None:
            self.drop_label()
            return
        label = self._label or self._make_label()
        label.setText(self.spec.compact)
        label.setPos(*corner)

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


def free_path(start: QPointF, end: QPointF, flow: str = RIGHT) -> QPainterPath:
    """The path of a wire that is being drawn in a drawing of that flow, from an output to an input or to the cursor."""
    points = [(p.x(), p.y()) if flow == RIGHT else (p.y(), p.x()) for p in (start, end)]
    if points[1][0] > points[0][0]:
        return Route(tuple(points), curved=True).turned(flow).path()
    source, target = (End(x, y, y - 33.0, y + 33.0) for x, y in points)
    return route(source, target).turned(flow).path()


@lru_cache(maxsize=1)
def label_metrics() -> QFontMetricsF:
    """Measures the text along wires."""
    return QFontMetricsF(mono_font(LABEL_PIXELS))
