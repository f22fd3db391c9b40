"""What the comparison of canvases draws, and two who draw it: ours, and bare items as the floor that Qt sets.

The drawing is a chain of two-input nodes with skip links, laid out in rows that run back and forth; its first node is a
hub. The bare scene shows less: a box with one text, its picture kept, and a plain curve a wire.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

DX, DY, HUB_LINKS = 194.0, 130.0, 64


def links(count: int) -> Iterator[tuple[int, int, int]]:
    """Source, target and input of every wire."""
    for i in range(1, count):
        yield i - 1, i, 0
        if i <= HUB_LINKS:
            if i > 1:
                yield 0, i, 1
        else:
            yield i - 3, i, 1


def place(i: int, count: int) -> tuple[float, float]:
    """Where node i lies: rows that run back and forth."""
    columns = max(1, math.ceil(math.sqrt(count)))
    row, column = divmod(i, columns)
    return (column if row % 2 == 0 else columns - 1 - column) * DX, row * DY


class Contender:
    """What is measured. The defaults are those of a plain `QGraphicsView`."""

    view: Any
    module = ""  # that has to be installed

    def prepare(self, count: int) -> None:
        """Make ready what costs nothing later."""
        self.count = count

    def build(self) -> None:
        """Show the drawing."""
        raise NotImplementedError

    def annotate(self) -> None:
        """Show what is known about the drawing."""

    def fit(self) -> None:
        """Show the whole drawing."""
        raise NotImplementedError

    @property
    def zoom(self) -> float:
        return self.view.transform().m11()

    def zoom_to(self, zoom: float) -> None:
        """Show it in another size."""
        raise NotImplementedError

    def look_at(self, zoom: float, i: int) -> None:
        """Bring a node into the middle."""
        self.zoom_to(zoom)
        x, y = place(i, self.count)
        self.view.centerOn(x + 74, y + 33)

    def pan(self, dx: int, dy: int) -> None:
        """Move the drawing by pixels."""
        for bar, pixels in ((self.view.horizontalScrollBar(), dx), (self.view.verticalScrollBar(), dy)):
            bar.setValue(bar.value() + pixels)

    def start_move(self) -> None:
        """The hub begins to move."""

    def move(self, x: float, y: float) -> None:
        """Put the hub elsewhere."""
        raise NotImplementedError

    def save(self, path: Path) -> None:
        """Write the drawing."""
        raise NotImplementedError

    def load(self, path: Path) -> None:
        """Show the drawing in a file."""
        raise NotImplementedError


class Ours(Contender):
    """The canvas of the application, driven through the editor."""

    def __init__(self) -> None:
        from PySide6.QtWidgets import QApplication

        from gui.canvas.view import CanvasView
        from gui.editor import Editor
        from gui.style import apply_style

        apply_style(QApplication.instance())
        self.editor = Editor()
        self.view = CanvasView(self.editor)

    def prepare(self, count: int) -> None:
        """Make the document, as the file reader does."""
        super().prepare(count)
        from graph.model import Graph, Link, Node, Port, Project
        from runtime.analysis import Analysis, NodeAnalysis, TensorSpec

        types = ("layerloom.Add", "layerloom.Multiply", "layerloom.Subtract")
        nodes = {f"n{i}": Node(f"n{i}", types[i % 3], f"node{i}", position=place(i, count)) for i in range(count)}
        ends: dict[str, tuple[str, str]] = dict(
            zip(types, (("input0", "input1"),) * 2 + (("input", "other"),), strict=True)
        )
        from graph.catalog import CATALOG

        ends[types[2]] = tuple(port.name for port in CATALOG[types[2]].input_ports())[:2]
        wires = [Link(Port(f"n{a}", "output"), Port(f"n{b}", ends[types[b % 3]][k])) for a, b, k in links(count)]
        self.project = Project(Graph(nodes, {link.target: link for link in wires}))
        spec = {"output": TensorSpec(("B", 64, 28, 28), "float32")}
        self.analysis = Analysis({i: NodeAnalysis(outputs=spec, parameters=1234) for i in nodes})

    def build(self) -> None:
        """Show the drawing."""
        self.editor.open(self.project)

    def annotate(self) -> None:
        """Everything that people see on the cards and wires is there before frames are measured."""
        self.editor.set_analysis(self.analysis)

    def fit(self) -> None:
        self.view.fit()

    def zoom_to(self, zoom: float) -> None:
        self.view.zoom_by(zoom / self.view.zoom)

    def start_move(self) -> None:
        self.view.scene().lift(["n0"], thin=True)
        self.view.set_hasty(True)

    def move(self, x: float, y: float) -> None:
        self.view.scene().place({"n0": (x, y)})

    def save(self, path: Path) -> None:
        from graph import files

        files.save(self.project, path)

    def load(self, path: Path) -> None:
        from graph import files

        self.editor.open(files.load(path))


class Bare(Contender):
    """What Qt can do at best with items: one kept picture a node, one path a wire."""

    def __init__(self) -> None:
        from PySide6.QtCore import Qt
        from PySide6.QtGui import QColor
        from PySide6.QtWidgets import QGraphicsScene, QGraphicsView

        self.scene = QGraphicsScene()
        self.scene.setBackgroundBrush(QColor("#191c22"))
        self.view = QGraphicsView(self.scene)
        self.view.setViewportUpdateMode(QGraphicsView.ViewportUpdateMode.MinimalViewportUpdate)
        self.view.setOptimizationFlags(
            QGraphicsView.OptimizationFlag.DontAdjustForAntialiasing
            | QGraphicsView.OptimizationFlag.DontSavePainterState
        )
        self.view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.view.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.view.setFrameShape(QGraphicsView.Shape.NoFrame)

    def prepare(self, count: int) -> None:
        super().prepare(count)
        self.places = [place(i, count) for i in range(count)]
        self.links = list(links(count))

    def build(self) -> None:
        from PySide6.QtGui import QColor, QPen
        from PySide6.QtWidgets import QGraphicsPathItem

        pen = QPen(QColor("#8b93a1"), 2.0)
        self.wires: list = []
        self.at_hub: list[int] = []
        for number, (source, target, entry) in enumerate(self.links):
            wire = QGraphicsPathItem(self._path(source, target, entry))
            wire.setPen(pen)
            self.scene.addItem(wire)
            self.wires.append(wire)
            if source == 0:
                self.at_hub.append(number)
        item_type = _bare_item()
        self.nodes = [item_type(i, *self.places[i]) for i in range(self.count)]
        for node in self.nodes:
            self.scene.addItem(node)
        self.view.setSceneRect(self.scene.itemsBoundingRect().adjusted(-20_000, -20_000, 20_000, 20_000))

    def fit(self) -> None:
        from PySide6.QtCore import Qt

        self.view.fitInView(
            self.scene.itemsBoundingRect().adjusted(-48, -48, 48, 48), Qt.AspectRatioMode.KeepAspectRatio
        )
        self._hint()

    def zoom_to(self, zoom: float) -> None:
        factor = zoom / self.view.transform().m11()
        self.view.scale(factor, factor)
        self._hint()

    def move(self, x: float, y: float) -> None:
        self.places[0] = (x, y)
        self.nodes[0].setPos(x, y)
        for number in self.at_hub:
            self.wires[number].setPath(self._path(*self.links[number]))

    def save(self, path: Path) -> None:
        path.write_text(json.dumps({"places": self.places, "links": self.links}), "utf-8")

    def load(self, path: Path) -> None:
        found = json.loads(path.read_text("utf-8"))
        self.places, self.links = [tuple(at) for at in found["places"]], found["links"]
        self.build()

    def _hint(self) -> None:
        from PySide6.QtGui import QPainter

        self.view.setRenderHint(QPainter.RenderHint.Antialiasing, self.view.transform().m11() >= 0.5)

    def _path(self, source: int, target: int, entry: int):
        from PySide6.QtGui import QPainterPath

        (ax, ay), (bx, by) = self.places[source], self.places[target]
        ax, ay, by = ax + 148.0, ay + 33.0, by + 22.0 * (entry + 1)
        reach = max(40.0, abs(bx - ax) / 2)
        path = QPainterPath()
        path.moveTo(ax, ay)
        path.cubicTo(ax + reach, ay, bx - reach, by, bx, by)
        return path


def _bare_item():
    from PySide6.QtCore import QPointF, QRectF, Qt
    from PySide6.QtGui import QColor, QPainter, QPixmap
    from PySide6.QtWidgets import QGraphicsItem

    outline, body = QRectF(-6, -2, 160, 70), QRectF(0, 0, 148, 66)
    colors = [QColor(name) for name in ("#5b9cff", "#4fc3f7", "#ffcc4d")]
    pictures: dict[int, QPixmap] = {}

    class Item(QGraphicsItem):
        def __init__(self, number: int, x: float, y: float) -> None:
            super().__init__()
            self.number = number
            self.setPos(x, y)
            self.setZValue(1.0)

        def boundingRect(self) -> QRectF:
            return outline

        def paint(self, painter: QPainter, option: object, widget: object = None) -> None:
            if painter.worldTransform().m11() < 0.35:
                painter.fillRect(body, colors[self.number % 3])
                return
            if self.number not in pictures:
                pictures[self.number] = self._draw()
            painter.drawPixmap(QPointF(-6, -2), pictures[self.number])

        def _draw(self) -> QPixmap:
            picture = QPixmap(160, 70)
            picture.fill(Qt.GlobalColor.transparent)
            painter = QPainter(picture)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.translate(6, 2)
            painter.setBrush(QColor("#272c35"))
            painter.drawRoundedRect(body, 8, 8)
            painter.setPen(QColor("white"))
            painter.drawText(body, Qt.AlignmentFlag.AlignCenter, f"node{self.number}")
            for x, y in ((0, 22), (0, 44), (148, 33)):
                painter.drawEllipse(QPointF(x, y), 5, 5)
            painter.end()
            return picture

    return Item
