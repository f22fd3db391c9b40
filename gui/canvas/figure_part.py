"""Cuts a part out of a scene: some of the nodes, the wires between them, and stubs of the wires that lead elsewhere."""

from __future__ import annotations

import math
from collections.abc import Collection

from PySide6.QtCore import QPointF
from PySide6.QtGui import QPainterPath
from PySide6.QtWidgets import QGraphicsSimpleTextItem

from graph.framing import Held, Load, Sizes, framed, load_of
from graph.model import Link, NodeId
from gui.canvas.annotations import AnnotationItem, FrameItem, FrameTitle
from gui.canvas.items import NodeItem
from gui.canvas.scene import CanvasScene
from gui.canvas.wires import WireItem

STUB = 22.0  # canvas units that are left of a wire that leaves the part


_KEPT = (NodeItem, WireItem, QGraphicsSimpleTextItem, AnnotationItem, FrameTitle)


def keep_only(scene: CanvasScene, nodes: Collection[NodeId], annotations: Collection[str] = ()) -> frozenset[Link]:
    """Take everything else off the scene; gives the wires of which a stub is left.

    A frame among the annotations stands for all that lies in it. Frames around any of the nodes are kept too, as large as
    these need, with their notes if all of their nodes are there.
    """
    sizes = {i: (item.ports.width, item.ports.height) for i, item in scene.nodes.items()}
    part = load_of(scene.graph, nodes, annotations, sizes)
    _keep_annotations(scene, part, sizes)
    nodes = part.nodes
    for item in scene.items():
        if item.parentItem() is None and not isinstance(item, _KEPT):
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


def _keep_annotations(scene: CanvasScene, part: Load, sizes: Sizes) -> None:
    graph, items = scene.graph, scene.annotations.items
    kept, areas = set(part.annotations), {i: item.annotation.area for i, item in items.items()}
    frames, held = [i for i, item in items.items() if isinstance(item, FrameItem)], Held(graph, sizes)
    for i in sorted(frames, key=lambda i: areas[i][2] * areas[i][3]):  # inner ones first
        load = held.load(graph.look.annotations[i])
        inside = load.nodes & part.nodes
        if inside == load.nodes and inside:
            kept |= {i, *load.annotations}
        elif inside and i not in kept:
            cards = [(*graph.nodes[node].position, *sizes[node]) for node in inside]
            areas[i] = framed([*cards, *(areas[a] for a in load.annotations & kept)]) or areas[i]
            kept.add(i)
    scene.annotations.place(areas)
    for i, item in items.items():
        item.show_whole(i in kept)


def _piece(path: QPainterPath, *, from_start: bool) -> QPainterPath:
    """A straight piece at the start or at the end of a path, in its direction."""
    length, end = min(STUB, path.length() / 2), 0.0 if from_start else 1.0
    angle = math.radians(path.angleAtPercent(end))
    here, way = path.pointAtPercent(end), QPointF(math.cos(angle), -math.sin(angle)) * length
    piece = QPainterPath(here if from_start else here - way)
    piece.lineTo(here + way if from_start else here)
    return piece
