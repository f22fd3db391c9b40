"""Cuts a part out of a scene: some of the nodes, the wires between them, and stubs of the wires that lead elsewhere."""

from __future__ import annotations

from collections.abc import Collection

from PySide6.QtGui import QPainterPath
from PySide6.QtWidgets import QGraphicsSimpleTextItem

from graph.model import Link, NodeId
from gui.canvas.items import NodeItem
from gui.canvas.scene import CanvasScene
from gui.canvas.wires import WireItem

STUB = 22.0  # canvas units that are left of a wire that leaves the part
STEPS = 8  # straight pieces of a stub


def keep_only(scene: CanvasScene, nodes: Collection[NodeId]) -> frozenset[Link]:
    """Take everything else off the scene; gives the wires of which a stub is left."""
    for item in scene.items():
        if item.parentItem() is None and not isinstance(item, (NodeItem, WireItem, QGraphicsSimpleTextItem)):
            item.setVisible(False)
    for node, item in scene.nodes.items():
        item.setVisible(node in nodes)
    stubs = set()
    for link, wire in scene.wires.items():
        leaves, arrives = link.source.node in nodes, link.target.node in nodes
        if leaves != arrives:
            wire.drop_label()
            wire.setPath(_piece(wire.path(), from_start=leaves))
            stubs.add(link)
        elif not leaves:
            wire.set_away(True)
    return frozenset(stubs)


def _piece(path: QPainterPath, *, from_start: bool) -> QPainterPath:
    """The first or the last stretch of a path, in its direction."""
    length = min(STUB, path.length() / 2)
    begin = 0.0 if from_start else path.length() - length
    lengths = (begin + length * step / STEPS for step in range(STEPS + 1))
    points = [path.pointAtPercent(path.percentAtLength(along)) for along in lengths]
    piece = QPainterPath(points[0])
    for point in points[1:]:
        piece.lineTo(point)
    return piece
