"""Other node editors in the comparison of canvases, where they are installed, each through its own calls."""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path
from typing import Any

from canvas_contenders import Bare, Contender, Ours, links, place


class NodeGraph(Contender):
    """NodeGraphQt, or its successor; undo is not recorded."""

    module = "NodeGraphQt"

    def __init__(self) -> None:
        library: Any = importlib.import_module(self.module)

        class Bench(library.BaseNode):
            __identifier__ = "bench"
            NODE_NAME = "Bench"

            def __init__(self) -> None:
                super().__init__()
                for name in ("a", "b"):
                    self.add_input(name)
                self.add_output("out")

        self.graph = library.NodeGraph()
        self.graph.register_node(Bench)
        self.view = self.graph.viewer()

    def build(self) -> None:
        self.nodes = [
            self.graph.create_node(
                "bench.Bench", name=f"node {i}", pos=list(place(i, self.count)), selected=False, push_undo=False
            )
            for i in range(self.count)
        ]
        for a, b, k in links(self.count):
            self.nodes[a].output(0).connect_to(self.nodes[b].input(k), push_undo=False)

    def fit(self) -> None:
        self._show(_bounds(self.count))

    def zoom_to(self, zoom: float) -> None:
        self._show(_around(self.view, self.view.mapToScene(self.view.viewport().rect().center()), zoom))

    def look_at(self, zoom: float, i: int) -> None:
        self._show(_around(self.view, _middle(i, self.count), zoom))

    def pan(self, dx: int, dy: int) -> None:
        self.view._set_viewer_pan(dx / self.zoom, dy / self.zoom)  # as its mouseMoveEvent does

    def move(self, x: float, y: float) -> None:
        self.nodes[0].view.setPos(x, y)

    def save(self, path: Path) -> None:
        self.graph.save_session(str(path))

    def load(self, path: Path) -> None:
        self.graph.load_session(str(path))

    def _show(self, area) -> None:
        self.view._scene_range = area  # the viewer keeps a range of its own
        self.view._update_scene()


class OdenGraph(NodeGraph):
    """The same with another binding."""

    module = "OdenGraphQt"


class Flowchart(Contender):
    """The flowcharts of pyqtgraph."""

    module = "pyqtgraph.flowchart"

    def __init__(self) -> None:
        import pyqtgraph.flowchart as flowchart
        from pyqtgraph.flowchart import library

        class Bench(flowchart.Node):
            nodeName = "Bench"

            def __init__(self, name: str) -> None:
                super().__init__(name, terminals={"a": {"io": "in"}, "b": {"io": "in"}, "out": {"io": "out"}})

            def process(self, display: bool = True, **_values: object) -> dict[str, object]:
                return {"out": 0}

        types = library.LIBRARY.copy()
        types.addNodeType(Bench, [("Bench",)])
        self.chart = flowchart.Flowchart(terminals={"x": {"io": "in"}, "y": {"io": "out"}}, library=types)
        self.view = self.chart.widget().cwWin.centralWidget().view
        self.view.setParent(None)
        self.box = self.chart.viewBox

    @property
    def zoom(self) -> float:
        return 1 / self.box.viewPixelSize()[0]

    def build(self) -> None:
        self.nodes = [
            self.chart.createNode("Bench", name=f"node {i}", pos=place(i, self.count)) for i in range(self.count)
        ]
        for a, b, k in links(self.count):
            self.chart.connectTerminals(self.nodes[a]["out"], self.nodes[b]["ab"[k]])

    def fit(self) -> None:
        self.box.setRange(_bounds(self.count), padding=0)

    def zoom_to(self, zoom: float) -> None:
        self.box.setRange(_around(self.view, self.box.viewRect().center(), zoom), padding=0)

    def look_at(self, zoom: float, i: int) -> None:
        self.box.setRange(_around(self.view, _middle(i, self.count), zoom), padding=0)

    def pan(self, dx: int, dy: int) -> None:
        width, height = self.box.viewPixelSize()
        self.box.translateBy(x=dx * width, y=dy * height)

    def move(self, x: float, y: float) -> None:
        self.nodes[0].graphicsItem().setPos(x, y)

    def save(self, path: Path) -> None:
        self.chart.saveFile(str(path))

    def load(self, path: Path) -> None:
        self.chart.loadFile(str(path))


def _bounds(count: int):
    from PySide6.QtCore import QRectF

    xs, ys = zip(*(place(i, count) for i in range(count)), strict=True)
    return QRectF(-100, -100, max(xs) + 400, max(ys) + 350)


def _middle(i: int, count: int):
    from PySide6.QtCore import QPointF

    return QPointF(*place(i, count)) + QPointF(74, 33)


def _around(view, middle, zoom: float):
    from PySide6.QtCore import QRectF

    width, height = view.viewport().width() / zoom, view.viewport().height() / zoom
    return QRectF(middle.x() - width / 2, middle.y() - height / 2, width, height)


PEERS: dict[str, type[Contender]] = {"NodeGraphQt": NodeGraph, "OdenGraphQt": OdenGraph, "flowchart": Flowchart}
CONTENDERS: dict[str, type[Contender]] = {"ours": Ours, "bare": Bare, **PEERS}


def installed(name: str) -> bool:
    """Whether a contender can take part here."""
    module = CONTENDERS[name].module
    return not module or importlib.util.find_spec(module.partition(".")[0]) is not None
