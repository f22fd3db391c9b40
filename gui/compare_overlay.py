"""What the canvas of a comparison shows: the new drawing with what the old one had besides, at its old place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from graph.areas import Area, overlap
from graph.catalog.definitions import CODE_PREFIX, PREFIX, block_of, code_of
from graph.compare import DrawingDifference, Kind, NodeDifference, WireDifference
from graph.model import Graph, Link, Node, NodeId, Port, Position, Project
from graph.pairing import Both
from gui.canvas.geometry import HEIGHT, WIDTH, card_sizes
from gui.canvas.marking import Mark

MARKS: Mapping[Kind, Mark] = {Kind.ADDED: Mark.ADDED, Kind.REMOVED: Mark.REMOVED, Kind.CHANGED: Mark.CHANGED}
GAP = 16.0  # canvas units between a ghost and a card that stands where it was
SQUARE = 256.0  # canvas units
TRIES = 24  # places that a ghost is tried at before it lies over a card


@dataclass(frozen=True)
class Overlay:
    """A project to show, seen from one of its drawings, and how its nodes and links differ.

    `ghosts` gives for removed nodes, by their old ids, the ids that they have here; `gone` the same for removed links.
    """

    project: Project
    nodes: Mapping[NodeId, Mark]
    links: Mapping[Link, Mark]
    ghosts: Mapping[NodeId, NodeId]
    gone: Mapping[Link, Link]

    def node_of(self, difference: NodeDifference) -> NodeId:
        """The id here of a node that differs."""
        return difference.new if difference.new is not None else self.ghosts[difference.old or ""]

    def link_of(self, difference: WireDifference) -> Link:
        """A wire that differs, in the ids here."""
        return self.gone[difference.link] if difference.kind is Kind.REMOVED else difference.link


def overlay(old: Project, new: Project, difference: DrawingDifference) -> Overlay:
    """The drawing of a difference. A block that only the old document has is shown as it was there."""
    if difference.kind is Kind.REMOVED:
        seen = old.inside(difference.old)
        nodes, links = seen.graph.nodes, seen.graph.links.values()
        marks = dict.fromkeys(nodes, Mark.REMOVED), dict.fromkeys(links, Mark.REMOVED)
        return Overlay(seen, *marks, ghosts={i: i for i in nodes}, gone={link: link for link in links})
    both, seen = Both(old, new), new.inside(difference.new)
    was = old.drawing(difference.old) if difference.kind is Kind.CHANGED else Graph()
    removed = [was.nodes[n.old] for n in difference.nodes if n.kind is Kind.REMOVED and n.old is not None]
    ghosts = {node.id: f"-{node.id}" for node in removed}
    ids = both.nodes(was, seen.graph) | ghosts
    gone = {link: Link(*(Port(ids[end.node], end.name) for end in link)) for link in difference.removed_links}
    project = _with_ghosts(both, seen, {ghosts[node.id]: node for node in removed}, list(gone.values()))
    links = {**dict.fromkeys(difference.added_links, Mark.ADDED), **dict.fromkeys(gone.values(), Mark.REMOVED)}
    shown = Overlay(project, {}, links, ghosts, gone)
    return replace(shown, nodes={shown.node_of(node): MARKS[node.kind] for node in difference.nodes})


def _with_ghosts(both: Both, project: Project, removed: Mapping[NodeId, Node], gone: list[Link]) -> Project:
    """The project with nodes and links that it does not have, where they hide none of its cards."""
    project = _with_types(both, project, list(removed.values()))
    ghosts = {i: replace(node, id=i, type=_type(both, node), shares=None) for i, node in removed.items()}
    graph = project.graph
    graph = replace(graph, nodes={**graph.nodes, **ghosts}, links=_joined(graph, gone))
    return project.with_graph(graph.move(_free_places(graph, project, ghosts)))


def _joined(graph: Graph, gone: list[Link]) -> dict[Port, Link]:
    """The links with those that are gone before them: an input then has both wires, and belongs to the new one."""
    apart = {
        Port(f"-{number}", "") if link.target in graph.links else link.target: link for number, link in enumerate(gone)
    }
    return {**apart, **graph.links}


def _type(both: Both, node: Node) -> str:
    """The type that a removed node has here."""
    now = both.type_now(node)
    if now is not None:
        return now
    prefix = CODE_PREFIX if node.type.startswith(CODE_PREFIX) else PREFIX
    return f"{prefix}-{node.type.removeprefix(prefix)}"


def _with_types(both: Both, project: Project, removed: list[Node]) -> Project:
    """The project with the blocks and the code of removed nodes that it does not have."""
    definitions, before = project.definitions, both.old.definitions
    for node in removed:
        if both.type_now(node) is not None:
            continue
        if (block := block_of(node, before)) is not None:
            definitions = definitions.put_block(replace(block, id=f"-{block.id}"))
        elif (code := code_of(node, before)) is not None:
            definitions = definitions.put_code(replace(code, id=f"-{code.id}"))
    return project if definitions is project.definitions else replace(project, definitions=definitions)


def _free_places(graph: Graph, project: Project, ghosts: Mapping[NodeId, Node]) -> dict[NodeId, Position]:
    """Places for ghosts where they hide no card: their old ones, or the nearest above or below."""
    sizes = card_sizes(graph, project.catalog)
    taken = _Areas((*node.position, *sizes[i]) for i, node in graph.nodes.items() if i not in ghosts)
    places = {}
    for i, ghost in ghosts.items():
        areas = [(*place, *sizes[i]) for place in _near(ghost.position)]
        area = next((a for a in areas if not taken.meet(a)), areas[0])
        taken.add(area)
        places[i] = area[:2]
    return places


class _Areas:
    """Areas, sorted into the squares that they touch, so that a neighbor is found without asking all."""

    def __init__(self, areas: Iterable[Area]) -> None:
        self._squares: dict[tuple[int, int], list[Area]] = {}
        for area in areas:
            self.add(area)

    def add(self, area: Area) -> None:
        for square in self._touched(area):
            self._squares.setdefault(square, []).append(area)

    def meet(self, area: Area) -> bool:
        return any(overlap(area, a) for square in self._touched(area) for a in self._squares.get(square, ()))

    @staticmethod
    def _touched(area: Area) -> Iterator[tuple[int, int]]:
        left, top, width, height = area
        for x in range(int(left // SQUARE), int((left + width) // SQUARE) + 1):
            for y in range(int(top // SQUARE), int((top + height) // SQUARE) + 1):
                yield x, y


def _near(place: Position) -> Iterator[Position]:
    x, y = place
    yield place
    for step in range(1, TRIES // 4 + 1):
        for dx, dy in ((0, step), (0, -step), (step, 0), (-step, 0)):
            yield x + dx * (WIDTH + GAP), y + dy * (HEIGHT + GAP)
