"""How one layer is while it trains: its gradients as a curve, its weights as a histogram, and the figures of the last look."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSize
from PySide6.QtGui import QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QGridLayout, QSizePolicy, QWidget

from graph.messages import tr
from graph.model import NodeId, Project
from gui.canvas.marking import STATES
from gui.editor import Editor
from gui.figures import figure, percent
from gui.panels.parts import FactList, Heading, column, label
from gui.theme import GRID, theme
from gui.vitals import Vitals
from runtime.advice import what_to_try
from runtime.events import LayerHealth

HEIGHT = 32  # pixels at 100 % of a small drawing


class Sparkline(QWidget):
    """A thin curve of heights from 0 to 1."""

    def __init__(self) -> None:
        super().__init__()
        self._curve: tuple[float, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_curve(self, curve: Sequence[float], name: str) -> None:
        """Show these heights; `name` says it to a screen reader."""
        self._curve = tuple(curve)
        self.setAccessibleName(name)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(80, theme.px(HEIGHT))

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        paint_sparkline(painter, QRectF(self.rect()).adjusted(2, 4, -2, -4), self._curve)


class Histogram(QWidget):
    """Bars for counts in equal steps."""

    def __init__(self) -> None:
        super().__init__()
        self._counts: tuple[int, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_counts(self, counts: Sequence[int], name: str) -> None:
        """Show these counts; `name` says it to a screen reader and in the tool tip."""
        self._counts = tuple(counts)
        self.setAccessibleName(name)
        self.setToolTip(name)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(80, theme.px(HEIGHT))

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        paint_bars(painter, QRectF(self.rect()).adjusted(2, 2, -2, -2), self._counts)


class PulseView(QWidget):
    """The health of one node, from the last look on; hidden while there is none."""

    def __init__(self, editor: Editor, vitals: Vitals, node: NodeId) -> None:
        super().__init__()
        self._editor, self._vitals, self._node = editor, vitals, node
        self.curve, self.histogram, self.facts = Sparkline(), Histogram(), FactList()
        self._state = label("", tone="warning", wrap=True)
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(2 * GRID)
        grid.setColumnStretch(1, 1)
        self._drawn = {
            self.curve: label(tr("Gradient norm"), tone="muted"),
            self.histogram: label(tr("Weights"), tone="muted"),
        }
        for number, (drawing, name) in enumerate(self._drawn.items()):
            grid.addWidget(name, number, 0)
            grid.addWidget(drawing, number, 1)
        layout = column(self, spacing=GRID + 2)
        layout.addWidget(Heading(tr("While training")))
        layout.addWidget(self._state)
        layout.addLayout(grid)
        layout.addWidget(self.facts)
        self.refresh()

    def refresh(self) -> None:
        """Show the last look."""
        layer = self._vitals.latest.get(self._node)
        self.setVisible(layer is not None)
        if layer is None:
            return
        norms = self._vitals.norms(self._node)
        latest = figure(norms[-1]) if norms else ""
        self.curve.show_curve(self._vitals.curve(self._node), tr("Gradient norm: {value}", value=latest))
        span = tr("Weights from {low} to {high}", low=figure(layer.low), high=figure(layer.high))
        self.histogram.show_counts(layer.histogram, span)
        for drawing, there in ((self.curve, len(norms) > 1), (self.histogram, bool(layer.histogram))):
            drawing.setVisible(there)
            self._drawn[drawing].setVisible(there)
        self.facts.set_facts(health_facts(layer))
        self._state.setText(advice(layer, self._node, self._editor.project))
        self._state.setVisible(bool(layer.state))


def advice(layer: LayerHealth, node: NodeId, project: Project) -> str:
    """What is wrong with how a layer learns, and what to try; "" where nothing is."""
    if not layer.state:
        return ""
    found = project.graph.nodes.get(node)
    return str(what_to_try(layer.state, found.type if found else "", project) or STATES[layer.state][0])


def health_facts(layer: LayerHealth) -> list[tuple[str, ...]]:
    """What the last look found, as (name, figure) for people."""
    found = (
        (tr("Gradient norm"), layer.gradient_norm, figure),
        (tr("Update / weights"), layer.update_ratio, figure),
        (tr("Output mean"), layer.mean, figure),
        (tr("Output deviation"), layer.deviation, figure),
        (tr("Dead units"), layer.dead, percent),
    )
    return [(name, write(value)) for name, value, write in found if value is not None]


def paint_sparkline(painter: QPainter, area: QRectF, curve: Sequence[float], *, role: str = "good") -> None:
    """A thin curve of heights from 0 to 1."""
    if len(curve) < 2:
        return
    step = area.width() / (len(curve) - 1)
    points = [QPointF(area.left() + n * step, area.bottom() - y * area.height()) for n, y in enumerate(curve)]
    painter.setPen(QPen(theme.color(role), 1.2))
    painter.drawPolyline(QPolygonF(points))


def paint_bars(painter: QPainter, area: QRectF, counts: Sequence[int], *, role: str = "accent") -> None:
    """Bars for counts, the tallest as high as the area."""
    most = max(counts, default=0)
    if not most:
        return
    width = area.width() / len(counts)
    for number, count in enumerate(counts):
        height = area.height() * count / most
        bar = QRectF(area.left() + number * width, area.bottom() - height, max(1.0, width - 1), height)
        painter.fillRect(bar, theme.color(role))
