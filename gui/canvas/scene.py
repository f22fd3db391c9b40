"""The scene: keeps one item a node and one a wire in step with the drawing, and tells what lies where."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtWidgets import QGraphicsScene

from graph.catalog import Catalog, Role
from graph.catalog.definitions import INPUT, OUTPUT
from graph.changes import Changes, diff
from graph.model import Graph, Link, NodeId, Port, Position, Project
from graph.problems import Problem
from gui.canvas.card import Card, card_of
from gui.canvas.geometry import shape_of
from gui.canvas.items import DRAGGED_Z, NODE_Z, NodeItem, Pictures, Pill
from gui.canvas.kinship import Kin, kinship
from gui.canvas.painting import Colors
from gui.canvas.wires import Pens, WireItem, carries_labels
from runtime.analysis import Analysis, NodeAnalysis

NOTHING_KNOWN = Analysis(complete=False)
DIMMED = 0.4  # opacity of cards that a wire cannot go to
END_REACH = 26.0  # how close to its target a wire is taken by its end


class Hit(NamedTuple):
    """What lies under a point, the uppermost thing first: a badge, a port, a card, a wire (by its end), or nothing."""

    node: NodeId | None = None
    port: Port | None = None
    is_output: bool = False
    on_badge: bool = False
    link: Link | None = None
    at_end: bool = False


class CanvasScene(QGraphicsScene):
    """Draws a project, as it is seen from one of its drawings. It never edits: values go in by `show_*`, the items follow.

    `vector` is on while a picture file is written, `zooming` while the zoom changes (cards are then scaled pictures).
    """

    def __init__(self, colors: Colors) -> None:
        super().__init__()
        self.colors = colors
        self.pens = Pens(colors)
        self.pictures = Pictures()
        self.pixel_ratio = 1.0
        self.vector = False
        self.zooming = False
        self.labels_visible = True
        self.project = Project()
        self.analysis = NOTHING_KNOWN
        self.nodes: dict[NodeId, NodeItem] = {}
        self.wires: dict[Link, WireItem] = {}
        self._problems: dict[NodeId, list[Problem]] = {}
        self._live: Mapping[str, float] = {}
        self.kin: dict[NodeId, Kin] = {}
        self._pointed_at: NodeId | None = None
        self._lit_kin: frozenset[NodeId] = frozenset()
        self._selected: tuple[frozenset[NodeId], frozenset[Link]] = (frozenset(), frozenset())
        self._lit: frozenset[NodeId] = frozenset()
        self._bounds: QRectF | None = None
        self.pill = Pill(self)
        self.addItem(self.pill)

    @property
    def graph(self) -> Graph:
        """The drawing on show."""
        return self.project.graph

    @property
    def catalog(self) -> Catalog:
        """Every node type that can be used in the document."""
        return self.project.catalog

    # ---- values in

    def show_project(self, project: Project) -> None:
        """Take the next value of the document; only what differs from the one before is touched."""
        old, self.project = self.project, project
        if project.graph is not old.graph:
            self._bounds = None
            self._follow(old.graph, project.graph)
            self._follow_kin()
        if project.catalog is not old.catalog:
            self._follow_types(old.catalog)
        if project.plan.split != old.plan.split:
            self._refresh(i for i, item in self.nodes.items() if self._role(item) is Role.DATA)

    def show_analysis(self, analysis: Analysis) -> None:
        """Take what is known about the drawing now: cards and wires whose figures changed are painted again."""
        old, self.analysis = self.analysis, analysis
        problems: dict[NodeId, list[Problem]] = {}
        for problem in analysis.problems:
            if problem.node is not None:
                problems.setdefault(problem.node, []).append(problem)
        before, self._problems = self._problems, problems
        ids = self.nodes.keys()
        self._refresh(i for i in ids if analysis.nodes.get(i) != old.nodes.get(i) or problems.get(i) != before.get(i))
        for link, wire in self.wires.items():
            wire.set_spec(analysis.spec(link.source))

    def show_selection(self, nodes: frozenset[NodeId], links: frozenset[Link]) -> None:
        """Mark exactly these as selected."""
        old_nodes, old_links = self._selected
        self._selected = (nodes, links)
        for i in (nodes ^ old_nodes) & self.nodes.keys():
            self.nodes[i].set_mood(selected=i in nodes)
        for link in (links ^ old_links) & self.wires.keys():
            self.wires[link].set_state(selected=link in links)
        self._light_kin()

    def point_at(self, node: NodeId | None) -> None:
        """The cursor is on the card of this node, or on none."""
        before, self._pointed_at = self._pointed_at, node
        for i in (before, node):
            if i is not None and i in self.nodes:
                self.nodes[i].set_mood(hovered=i == node)
        self._light_kin()

    def show_live(self, values: Mapping[str, float]) -> None:
        """Write the latest values of losses and metrics, by node name, on their cards."""
        old, self._live = self._live, dict(values)
        changed = {name for name in old.keys() | values.keys() if old.get(name) != values.get(name)}
        self._refresh(i for i, item in self.nodes.items() if item.node.name in changed)

    def show_colors(self, colors: Colors) -> None:
        """Paint everything in another theme."""
        self.colors, self.pens = colors, Pens(colors)
        self.pictures.clear()
        for wire in self.wires.values():
            wire.dress()
        self.update()

    def show_labels(self, visible: bool) -> None:
        """Show the shapes along wires, or not (zoomed out they would be specks)."""
        if visible != self.labels_visible:
            self.labels_visible = visible
            for wire in self.wires.values():
                wire.show_label(visible)

    def show_targets(self, ports: Iterable[Port] | None, *, source: NodeId | None = None) -> None:
        """While a wire is drawn from `source`: light up the ports that take it, dim the other cards; None ends that."""
        lit: dict[NodeId, set[str]] = {}
        for port in ports or ():
            lit.setdefault(port.node, set()).add(port.name)
        for i, item in self.nodes.items():
            item.setOpacity(1.0 if ports is None or i in lit or i == source else DIMMED)
        for i in self._lit | lit.keys():
            if i in self.nodes:
                self.nodes[i].set_mood(lit=frozenset(lit.get(i, ())))
        self._lit = frozenset(lit)

    # ---- moving on the screen

    def lift(self, ids: Iterable[NodeId], *, thin: bool) -> None:
        """Cards begin to move: they go on top; with `thin`, their wires are drawn the cheap way meanwhile."""
        for i in ids:
            self.nodes[i].setZValue(DRAGGED_Z)
            for wire in self.wires_of(i):
                wire.set_thin(thin)

    def place(self, places: Mapping[NodeId, Position]) -> None:
        """Show cards elsewhere, their wires with them; the drawing stays as it is."""
        for i, place in places.items():
            self.nodes[i].move_to(place)
        self._lay({wire.link: wire for i in places for wire in self.wires_of(i)}.values())

    def settle(self, ids: Iterable[NodeId]) -> None:
        """Cards stopped moving: they lie where the drawing says."""
        here = [i for i in ids if i in self.nodes]
        for i in here:
            self.nodes[i].setZValue(NODE_Z)
            for wire in self.wires_of(i):
                wire.set_thin(False)
        self.place({i: self.graph.nodes[i].position for i in here})

    def wires_of(self, node: NodeId) -> list[WireItem]:
        """The wires at a node."""
        links = (*self.graph.incoming(node), *self.graph.outgoing(node))
        return [self.wires[link] for link in links if link in self.wires]

    # ---- what lies where

    def hit(self, point: QPointF, slack: float) -> Hit:
        """What lies under a point of the scene, give or take `slack` units."""
        area = QRectF(point.x() - slack, point.y() - slack, 2 * slack, 2 * slack)
        items = self.items(area, Qt.ItemSelectionMode.IntersectsItemShape, Qt.SortOrder.DescendingOrder)
        cards = [item for item in items if isinstance(item, NodeItem)]
        for card in cards:
            if card.on_badge(point):
                return Hit(node=card.node.id, on_badge=True)
            if found := card.port_at(point, slack):
                return Hit(node=card.node.id, port=found[0], is_output=found[1])
        for card in cards:
            if card.body().contains(point):
                return Hit(node=card.node.id)
        wire = next((item for item in items if isinstance(item, WireItem)), None)
        return Hit(link=wire.link, at_end=wire.is_near_end(point, END_REACH)) if wire else Hit()

    def nodes_in(self, area: QRectF) -> frozenset[NodeId]:
        """The nodes whose cards touch an area of the scene."""
        items = self.items(area, Qt.ItemSelectionMode.IntersectsItemBoundingRect)
        return frozenset(i.node.id for i in items if isinstance(i, NodeItem) and i.body().intersects(area))

    def bounds(self) -> QRectF:
        """The area that the cards cover; null if there are none."""
        if self._bounds is None:
            bodies = [item.body() for item in self.nodes.values()]
            self._bounds = QRectF()
            if bodies:
                left, top = min(b.left() for b in bodies), min(b.top() for b in bodies)
                self._bounds = QRectF(
                    QPointF(left, top),
                    QPointF(max(b.right() for b in bodies), max(b.bottom() for b in bodies)),
                )
        return self._bounds

    def problems_of(self, node: NodeId) -> list[Problem]:
        """What is wrong with a node."""
        return self._problems.get(node, [])

    def found(self, node: NodeId) -> NodeAnalysis | None:
        """What is known about a node."""
        return self.analysis.nodes.get(node)

    def card(self, item: NodeItem) -> Card:
        """What the card of an item says now."""
        node = item.node
        return card_of(
            self.project,
            node,
            item.ports,
            found=self.found(node.id),
            problems=self.problems_of(node.id),
            live=self._live.get(node.name),
            kin=self.kin.get(node.id),
        )

    # ---- following the drawing

    def _follow(self, old: Graph, new: Graph) -> None:
        changes = diff(old, new)
        for link in changes.removed_links:
            wire = self.wires.pop(link)
            wire.drop_label()
            self.removeItem(wire)
        for i in changes.removed:
            self.removeItem(self.nodes.pop(i))
        for i in changes.added:
            node = new.nodes[i]
            item = self.nodes[i] = NodeItem(self, node, shape_of(new, node, self.catalog))
            self.addItem(item)
        if any(new.nodes[i].type == OUTPUT for i in (*changes.added, *changes.changed)) or changes.removed:
            self._refresh(i for i, item in self.nodes.items() if item.node.type == INPUT)  # one may be a state now
        stale = self._update_nodes(changes, new)
        ends = {end.node for link in (*changes.removed_links, *changes.added_links) for end in link}
        stale |= {i for i in ends.difference(changes.added) & self.nodes.keys() if self._reshape(i)}
        for link in changes.added_links:
            wire = self.wires[link] = WireItem(self, link, carries_labels=carries_labels(new, link, self.catalog))
            wire.spec = self.analysis.spec(link.source)
            wire.lay(self.nodes[link.source.node], self.nodes[link.target.node])
            self.addItem(wire)
        self._lay({wire.link: wire for i in stale for wire in self.wires_of(i)}.values())
        if stale or changes.added:  # a tall card may stand in their way now
            self._lay(wire for wire in self.wires.values() if wire.carries_labels)

    def _update_nodes(self, changes: Changes, graph: Graph) -> set[NodeId]:
        """Give items their new nodes; returns those whose wires must be laid again."""
        for i in changes.changed:
            self.nodes[i].node = graph.nodes[i]
            self.nodes[i].refresh()
            for wire in self.wires_of(i):
                wire.set_carries_labels(carries_labels(graph, wire.link, self.catalog))
        for i in changes.moved:
            self.nodes[i].node = graph.nodes[i]
            self.nodes[i].move_to(graph.nodes[i].position)
        return {*changes.moved, *(i for i in changes.changed if self._reshape(i))}

    def _follow_types(self, old: Catalog) -> None:
        """Blocks or code changed: so do the cards of the nodes that use them, and their ports."""
        stale = [i for i, item in self.nodes.items() if self.catalog.get(item.node.type) is not old.get(item.node.type)]
        moved = {i for i in stale if self._reshape(i)}
        self._bounds = None if moved else self._bounds
        self._refresh(stale)
        self._lay({wire.link: wire for i in moved for wire in self.wires_of(i)}.values())

    def _follow_kin(self) -> None:
        old, self.kin = self.kin, kinship(self.graph)
        if old or self.kin:
            ids = (old.keys() | self.kin.keys()) & self.nodes.keys()
            self._refresh(i for i in ids if old.get(i) != self.kin.get(i))
            self._light_kin()

    def _light_kin(self) -> None:
        """Light up the nodes that share their weights with one that is selected or under the cursor."""
        spoken_of = {*self._selected[0], self._pointed_at} & self.kin.keys()
        leaders = {self.kin[i].leader for i in spoken_of}
        for i in self._lit_kin | self.kin.keys():
            if i in self.nodes:
                self.nodes[i].set_mood(kin=i in self.kin and self.kin[i].leader in leaders)
        self._lit_kin = frozenset(self.kin)

    def _reshape(self, node: NodeId) -> bool:
        return self.nodes[node].reshape(shape_of(self.graph, self.graph.nodes[node], self.catalog))

    def _lay(self, wires: Iterable[WireItem]) -> None:
        for wire in wires:
            wire.lay(self.nodes[wire.link.source.node], self.nodes[wire.link.target.node])

    def _role(self, item: NodeItem) -> Role | None:
        node_type = self.catalog.get(item.node.type)
        return node_type.role if node_type else None

    def _refresh(self, ids: Iterable[NodeId]) -> None:
        for i in ids:
            self.nodes[i].refresh()
