"""What lies under a point of the canvas."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QPointF, QRectF, Qt

from graph.model import Link, NodeId, Port
from gui.canvas.along import distance
from gui.canvas.annotations import BODY, Grip
from gui.canvas.items import NodeItem
from gui.canvas.marking import CHEVRON
from gui.canvas.wires import WireItem

if TYPE_CHECKING:
    from gui.canvas.scene import CanvasScene

END_REACH = 26.0  # how close to its target a wire is taken by its end


class Hit(NamedTuple):
    """What lies under a point, the uppermost thing first.

    That is the minimap, a badge, a port, the switch of a card, a card, a wire (by its end), a part of a frame or note, or
    nothing.
    """

    node: NodeId | None = None
    port: Port | None = None
    is_output: bool = False
    on_badge: bool = False
    link: Link | None = None
    at_end: bool = False
    on_chevron: bool = False
    annotation: Grip | None = None
    on_map: bool = False


def hit_at(scene: CanvasScene, point: QPointF, slack: float) -> Hit:
    """What lies under a point of a scene, give or take `slack` units."""
    area = QRectF(point.x() - slack, point.y() - slack, 2 * slack, 2 * slack)
    items = scene.items(area, Qt.ItemSelectionMode.IntersectsItemShape, Qt.SortOrder.DescendingOrder)
    top: NodeItem | None = None  # the card that covers all below it, their ports too
    for card in (item for item in items if isinstance(item, NodeItem)):
        if card.on_badge(point):
            return Hit(node=card.node.id, on_badge=True)
        if found := card.port_at(point, slack):
            return Hit(node=card.node.id, port=found[0], is_output=found[1])
        if card.body().contains(point):
            top = card
            break
    if title := scene.annotations.title_at(point, scene.scale):
        return Hit(annotation=title)
    if top is not None:
        return Hit(node=top.node.id, on_chevron=slack <= CHEVRON and top.on_chevron(point))
    grip = scene.annotations.grip_at(point, slack)
    if grip is not None and grip.part == BODY:  # a note lies over the wires
        return Hit(annotation=grip)
    wires = [(distance(item.path(), point), item) for item in items if isinstance(item, WireItem)]
    away, wire = min(wires, key=lambda pair: pair[0], default=(0.0, None))
    if wire is not None and away <= slack + wire.pen().widthF():  # its shape takes in what it runs around
        return Hit(link=wire.link, at_end=wire.is_near_end(point, END_REACH))
    return Hit(annotation=grip)
