"""The scene: keeps one item a node and one a wire in step with the drawing, and tells what lies where."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QGraphicsScene

from graph.bypassing import origin
from graph.catalog import Catalog, Role
from graph.catalog.definitions import INPUT, OUTPUT
from graph.changes import Changes, diff
from graph.framing import Load, moved_areas, moved_bends
from graph.look import Look
from graph.model import Graph, Link, NodeId, Port, Position, Project
from graph.problems import Problem
from gui.bulk import bulk
from gui.canvas.annotation_layer import AnnotationLayer
from gui.canvas.card import Card, card_of
from gui.canvas.geometry import shape_of
from gui.canvas.hits import Hit, hit_at
from gui.canvas.items import DRAGGED_Z, NODE_Z, NodeItem, Pictures, Pill
from gui.canvas.kinship import Kin, families, kinship
from gui.canvas.living import Living
from gui.canvas.marking import Find, Mark
from gui.canvas.palette import Colors
from gui.canvas.routing_scene import Router
from gui.canvas.values import Values
from gui.canvas.wires import Pens, WireItem, carries_labels
from runtime.analysis import Analysis, NodeAnalysis, TensorSpec

NOTHING_KNOWN = Analysis(complete=False)
DIMMED = 0.4  # opacity of cards that a wire cannot go to


class CanvasScene(QGraphicsScene):
    """Draws a project, as it is seen from one of its drawings. It never edits: values go in by `show_*`, the items follow.

    `node_painter` paints the nodes in their stead while a picture file is written, `zooming` is on while the zoom changes
    (cards are then scaled pictures).
    """

    def __init__(self, colors: Colors) -> None:
        super().__init__()
        self.colors = colors
        self.pens = Pens(colors)
        self.pictures = Pictures()
        self.pixel_ratio = 1.0
        self.node_painter: Callable[[QPainter, NodeItem], None] | None = None
        self.zooming = False
        self.labels_visible = True
        self.project = Project()
        self.analysis = NOTHING_KNOWN
        self.nodes: dict[NodeId, NodeItem] = {}
        self.wires: dict[Link, WireItem] = {}
        self.router = Router(self)
        self._problems: dict[NodeId, list[Problem]] = {}
        self.living, self.values = Living(self), Values(self)
        self.kin: dict[NodeId, Kin] = {}
        self._families: Mapping[NodeId, frozenset[NodeId]] = {}
        self.annotations = AnnotationLayer(self)
        self._marks: Mapping[NodeId, Mark] = {}
        self._marked_links: Mapping[Link, Mark] = {}
        self._finds: Mapping[NodeId, Find] = {}
        self._pointed_at: NodeId | None = None
        self._lit_kin: frozenset[NodeId] = frozenset()
        self._selected: tuple[frozenset[NodeId], frozenset[Link]] = (frozenset(), frozenset())
        self._lit: frozenset[NodeId] = frozenset()
        self._bounds: QRectF | None = None
        self.arrangement = 0  # grows whenever cards come, go, move, or look otherwise from afar
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
            with bulk():
                self._follow(old.graph, project.graph)
            self._follow_kin()
        if project.catalog is not old.catalog:
            self._follow_types(old.catalog)
        if project.plan.split != old.plan.split:
            self._refresh(i for i, item in self.nodes.items() if self._role(item) is Role.DATA)
        self.router.settle()

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
            wire.set_spec(self.spec(link.source))
        self.router.settle()

    def show_selection(
        self, nodes: frozenset[NodeId], links: frozenset[Link], annotations: frozenset[str] = frozenset()
    ) -> None:
        """Mark exactly these as selected."""
        self.annotations.show_selection(annotations)
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

    def show_marks(self, marks: Mapping[NodeId, Mark], links: Mapping[Link, Mark] | None = None) -> None:
        """Mark nodes and wires as added, removed or changed, and no others."""
        old, self._marks = self._marks, dict(marks)
        for i in (old.keys() | marks.keys()) & self.nodes.keys():
            self.nodes[i].set_mood(mark=marks.get(i))
        before, self._marked_links = self._marked_links, dict(links or {})
        for link in (before.keys() | self._marked_links.keys()) & self.wires.keys():
            self.wires[link].set_mark(self._marked_links.get(link))

    def show_found(self, ids: Iterable[NodeId], current: NodeId | None = None) -> None:
        """Let the cards glow that a search found, the one that the person is at more than the others; none ends that."""
        old, self._finds = self._finds, {i: Find.CURRENT if i == current else Find.ONE_OF for i in ids}
        for i in (old.keys() | self._finds.keys()) & self.nodes.keys():
            self.nodes[i].set_mood(find=self._finds.get(i, Find.NO))

    def show_colors(self, colors: Colors) -> None:
        """Paint everything in another theme."""
        self.colors, self.pens = colors, Pens(colors)
        self.pictures.clear()
        self._refresh(self.nodes)
        self.annotations.dress()
        for wire in self.wires.values():
            wire.dress()
        self.update()

    def show_labels(self, visible: bool) -> None:
        """Show the shapes along wires, or not (zoomed out they would be specks)."""
        if visible != self.labels_visible:
            self.labels_visible = visible
            self.annotations.lift_titles(not visible)
            for wire in self.wires.values():
                wire.show_label(visible)

    def show_targets(self, ports: Iterable[Port] | None, *, source: NodeId = "", among: Iterable[NodeId] = ()) -> None:
        """A wire is drawn from `source`: of `among`, light up the ports that take it, dim other cards; None ends that."""
        lit: dict[NodeId, set[str]] = {}
        for port in ports or ():
            lit.setdefault(port.node, set()).add(port.name)
        for i in self.nodes if ports is None else among:
            self.nodes[i].setOpacity(1.0 if ports is None or i in lit or i == source else DIMMED)
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

    def carry(self, load: Load, offset: Position) -> None:
        """Show cards, frames and notes elsewhere, and with them the corners of the wires between the cards."""
        dx, dy = offset
        places = {i: self.graph.nodes[i].position for i in load.nodes}
        self.place({i: (x + dx, y + dy) for i, (x, y) in places.items()})
        self.annotations.place(moved_areas(self.graph, load, offset))
        for target, points in moved_bends(self.graph, load, offset).items():
            self.router.bend(self.wires[self.graph.links[target]], points)

    def settle(self, ids: Iterable[NodeId]) -> None:
        """Cards stopped moving: they lie where the drawing says."""
        here = [i for i in ids if i in self.nodes]
        for i in here:
            self.nodes[i].setZValue(NODE_Z)
            for wire in self.wires_of(i):
                wire.set_thin(False)
        self.place({i: self.graph.nodes[i].position for i in here})
        self.router.settle()

    def wires_of(self, node: NodeId) -> list[WireItem]:
        """The wires at a node."""
        links = (*self.graph.incoming(node), *self.graph.outgoing(node))
        return [self.wires[link] for link in links if link in self.wires]

    # ---- what lies where

    def hit(self, point: QPointF, slack: float) -> Hit:
        """What lies under a point of the scene, give or take `slack` units."""
        return hit_at(self, point, slack)

    def nodes_in(self, area: QRectF) -> frozenset[NodeId]:
        """The nodes whose cards touch an area of the scene."""
        items = self.items(area, Qt.ItemSelectionMode.IntersectsItemBoundingRect)
        return frozenset(i.node.id for i in items if isinstance(i, NodeItem) and i.body().intersects(area))

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to see."""
        return not self.nodes and not self.annotations.items

    def is_covered(self, area: QRectF) -> bool:
        """Whether cards or notes lie in an area."""
        return bool(self.nodes_in(area)) or self.annotations.has_note_in(area)

    def bounds(self) -> QRectF:
        """The area that cards, frames and notes cover; null if there are none."""
        if self._bounds is None:
            bodies = [item.body() for item in self.nodes.values()]
            self._bounds = self.annotations.bounds()
            if bodies:
                left, top = min(b.left() for b in bodies), min(b.top() for b in bodies)
                cards = QRectF(
                    QPointF(left, top),
                    QPointF(max(b.right() for b in bodies), max(b.bottom() for b in bodies)),
                )
                self._bounds = self._bounds.united(cards)
        return self._bounds

    @property
    def scale(self) -> float:
        """Pixels a canvas unit in the view; 1 where there is none."""
        views = self.views()
        return views[0].transform().m11() if views else 1.0

    def spec(self, source: Port) -> TensorSpec | None:
        """What leaves an output: where a node is switched off, what arrives at it."""
        graph = self.graph
        if source.node in graph.nodes and graph.nodes[source.node].bypassed:
            passed = origin(graph, source, self.catalog)
            return self.analysis.spec(passed) if passed is not None else None
        return self.analysis.spec(source) if self.analysis.nodes else None

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
            vital=self.living.of(node.id, node.name),
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
            self._add_node(new, i)
        self.annotations.follow(new.look)
        if any(new.nodes[i].type == OUTPUT for i in (*changes.added, *changes.changed)) or changes.removed:
            self._refresh(i for i, item in self.nodes.items() if item.node.type == INPUT)  # one may be a state now
        stale = self._update_nodes(changes, new)
        ends = {end.node for link in (*changes.removed_links, *changes.added_links) for end in link}
        ends.update(_restyled(old.look, new.look, new))
        stale |= {i for i in ends.difference(changes.added) & self.nodes.keys() if self._reshape(i)}
        retyped = any(new.nodes[i].type != old.nodes[i].type for i in changes.changed)
        self.arrangement += bool(stale or changes.added or changes.removed or retyped)
        if stale or changes.added or changes.removed or changes.looks:
            self._bounds = None
        for link in changes.added_links:
            wire = self.wires[link] = WireItem(self, link, carries_labels=carries_labels(new, link, self.catalog))
            wire.spec = self.spec(link.source)
            wire.lay(self.nodes[link.source.node], self.nodes[link.target.node])
            self.addItem(wire)
        rebent = [self.wires[new.links[target]] for target in _rebent(old.look, new.look) if target in new.links]
        self._lay(
            ({wire.link: wire for i in stale for wire in self.wires_of(i)} | {w.link: w for w in rebent}).values()
        )
        if stale or changes.added:  # a tall card may stand in their way now
            self._lay(wire for wire in self.wires.values() if wire.carries_labels)

    def _add_node(self, graph: Graph, node: NodeId) -> None:
        item = self.nodes[node] = NodeItem(self, graph.nodes[node], shape_of(graph, graph.nodes[node], self.catalog))
        if node in self._marks or node in self._finds:
            item.set_mood(mark=self._marks.get(node), find=self._finds.get(node, Find.NO))
        self.addItem(item)

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
        self.arrangement += 1
        self._refresh(stale)
        self._lay({wire.link: wire for i in moved for wire in self.wires_of(i)}.values())

    def _follow_kin(self) -> None:
        old, self.kin = self.kin, kinship(self.graph)
        self._families = families(self.kin)
        if old or self.kin:
            ids = (old.keys() | self.kin.keys()) & self.nodes.keys()
            self._refresh(i for i in ids if old.get(i) != self.kin.get(i))
            self._light_kin()

    def _light_kin(self) -> None:
        """Light up the nodes that share their weights with one that is selected or under the cursor."""
        spoken_of = {*self._selected[0], self._pointed_at} & self.kin.keys()
        lit = frozenset().union(*{self._families[self.kin[i].leader] for i in spoken_of})
        for i in (lit ^ self._lit_kin) & self.nodes.keys():
            self.nodes[i].set_mood(kin=i in lit)
        self._lit_kin = lit

    def _reshape(self, node: NodeId) -> bool:
        item = self.nodes[node]
        if item.node.bypassed:  # another wire may pass now
            item.refresh()
        return item.reshape(shape_of(self.graph, self.graph.nodes[node], self.catalog))

    def _lay(self, wires: Iterable[WireItem]) -> None:
        for wire in wires:
            wire.lay(self.nodes[wire.link.source.node], self.nodes[wire.link.target.node])

    def _role(self, item: NodeItem) -> Role | None:
        node_type = self.catalog.get(item.node.type)
        return node_type.role if node_type else None

    def _refresh(self, ids: Iterable[NodeId]) -> None:
        for i in ids:
            self.nodes[i].refresh()


def _restyled(old: Look, new: Look, graph: Graph) -> Iterable[NodeId]:
    """The nodes whose cards may have another shape because the drawing looks otherwise."""
    return graph.nodes if old.flow != new.flow else old.collapsed ^ new.collapsed


def _rebent(old: Look, new: Look) -> set[Port]:
    """The inputs whose wires got other corners."""
    if old.bends is new.bends:
        return set()
    return {target for target in old.bends.keys() | new.bends.keys() if old.bends.get(target) != new.bends.get(target)}
