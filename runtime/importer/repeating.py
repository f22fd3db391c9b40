"""Loops over modules: what a drawing does several times in a row with weights of their own becomes one block that is repeated.

A loop shows in the paths of modules: `layers.0`, `layers.1`, and so on do the same, each on what the one before gave.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from graph.blocks import make_block
from graph.catalog.definitions import INPUT, OUTPUT, PREFIX, REPEAT
from graph.model import Graph, Link, Node, NodeId, Port, Project, Scope
from graph.names import first_free, stem_of
from runtime.importer.drawing import Origin, free_title
from runtime.importer.sketch import identifier

NUMBER = re.compile(r"\d+")
SHORTEST = 3  # letters of a name that says something
Moves = dict[str, str]  # the names of nodes that hold weights before, and where these are now


@dataclass(frozen=True)
class _Loop:
    """So many nodes in a row, from one on, that are done so many times. `entry` is what the first takes, and `end` which node
    of each time gives what the next takes; `path` is that of the list of modules.
    """

    rows: Sequence[Sequence[Node]]
    entry: Port
    end: tuple[int, str]
    path: str
    shared: bool = False


def with_repeats(
    project: Project, origins: Mapping[Scope, Origin]
) -> tuple[Project, dict[Scope, Moves], Mapping[Port, Port]]:
    """The project with its loops; where weights are now, by the drawing; and what ports of the project's drawing became."""
    moves: dict[Scope, Moves] = {scope: {} for scope in (None, *project.blocks)}
    places: dict[Scope, tuple[Scope, NodeId]] = {}  # of blocks that are made here: the drawing and the instance
    ports: dict[Port, Port] = {}
    waiting: list[Scope] = list(moves)
    origins = dict(origins)
    for scope in waiting:
        origin = origins.get(scope)
        while origin is not None and (loop := _found(project, scope, origin)) is not None:
            project, made, moved = _rolled(project, scope, loop, origin)
            instance = project.drawing(scope).nodes[made]
            if scope is None:
                last = loop.rows[-1][loop.end[0]].id
                ports[Port(last, loop.end[1])] = Port(made, _output_of(project, instance))
            if scope in places:
                _carry(project, moves, places, scope, moved)
            else:
                moves[scope].update(moved)
            for block in project.blocks.keys() - set(waiting):
                waiting.append(block)
                origins[block], places[block] = origin, (scope, made)
            origin = replace(origin, paths={**origin.paths, made: ""})
    return project, moves, ports


def _carry(
    project: Project,
    moves: dict[Scope, Moves],
    places: Mapping[Scope, tuple[Scope, NodeId]],
    scope: Scope,
    moved: Moves,
) -> None:
    """Tell the drawing around a block that was made here what its nodes are called now: only that one has known their names."""
    around, made = places[scope]
    head = project.drawing(around).nodes[made].name
    runs = [f"{head}.{number}" for number in range(int(str(project.drawing(around).nodes[made].params["times"])))]
    further = {f"{run}.{old}": f"{run}.{new}" for run in runs for old, new in moved.items()}
    if around in places:
        _carry(project, moves, places, around, further)
    else:
        moves[around] = {old: further.get(new, new) for old, new in moves[around].items()}


def _output_of(project: Project, instance: Node) -> str:
    block = project.blocks[instance.type.removeprefix(PREFIX)]
    return next(n.name for n in block.graph.nodes.values() if n.type == OUTPUT)


# ---- finding


def _found(project: Project, scope: Scope, origin: Origin) -> _Loop | None:
    """The first loop in a drawing."""
    graph = project.drawing(scope)
    nodes = [node for node in graph.nodes.values() if node.type not in (INPUT, OUTPUT)]
    for start, node in enumerate(nodes):
        path = origin.paths.get(node.id, "")
        again = [other.shares for other in nodes[start + 1 : start + 2]] == [
            node.id
        ]  # one module, called again at once
        if again and (loop := _loop(project, graph, nodes[start:], 1, path)):
            return loop
        for of, _ in _places(path):
            period = _period(nodes[start:], origin.paths, of)
            for early in range(min(start + 1, period)):
                own = _of_list(nodes[start - early :], period, origin.paths, of)
                if loop := _loop(project, graph, own, period, of):
                    return loop
    return None


def _places(path: str) -> Iterator[tuple[str, int]]:
    """The lists that a module may be in: the path of each, and the number in it."""
    parts = path.split(".")
    for i, part in enumerate(parts):
        if NUMBER.fullmatch(part):
            yield ".".join(parts[:i]), int(part)


def _number(path: str, of: str) -> int | None:
    return next((number for found, number in _places(path) if found == of), None)


def _period(nodes: Sequence[Node], paths: Mapping[NodeId, str], path: str) -> int:
    """How many nodes later the next entry of a list begins; 0 where none does."""
    first = _number(paths.get(nodes[0].id, ""), path)
    for distance, node in enumerate(nodes):
        number = _number(paths.get(node.id, ""), path)
        if number is not None and number != first:
            return distance
    return 0


def _of_list(nodes: Sequence[Node], period: int, paths: Mapping[NodeId, str], path: str) -> Sequence[Node]:
    """As many of the nodes as there are entries of a list among them: what follows it alike is another loop, with another name."""
    for start in range(0, len(nodes), period):
        if all(_number(paths.get(node.id, ""), path) is None for node in nodes[start : start + period]):
            return nodes[:start]
    return nodes


def _loop(project: Project, graph: Graph, nodes: Sequence[Node], period: int, path: str) -> _Loop | None:
    """The loop that begins with these nodes, as long as it goes on."""
    rows = [nodes[i : i + period] for i in range(0, len(nodes), period)]
    if period == 1 and not nodes[0].type.startswith(PREFIX):
        return None
    if not any(node.type.startswith(PREFIX) or _holds(project, node) for node in rows[0]):
        return None
    loop = None
    for count in range(2, len(rows) + 1):
        made = _checked(graph, rows[:count], path, project.plan.frozen if graph is project.graph else ())
        if made is None:
            if loop is not None or count > 2:
                break
            return None
        loop = made if _is_closed(graph, made) else loop
    if loop is None or (loop.shared and period > 1):
        return None
    return loop if period > 1 or _takes_first(project, graph, loop) else None


def _holds(project: Project, node: Node) -> bool:
    node_type = project.catalog.of(node)
    return node_type is not None and node_type.is_trainable(node)


def _checked(graph: Graph, rows: Sequence[Sequence[Node]], path: str, frozen: Collection[NodeId]) -> _Loop | None:
    """The loop of these rows, if each does the same on one value that the row before gave."""
    first = rows[0]
    shared = first[0].shares is None and len(first) == 1 and all(row[0].shares == first[0].id for row in rows[1:])
    entries: set[Port] = set()
    ends: set[tuple[int, str]] = set()
    inner = {node.id: i for i, node in enumerate(first)}
    for number, row in enumerate(rows):
        before = {node.id: i for i, node in enumerate(rows[number - 1])} if number else {}
        own = {node.id: i for i, node in enumerate(row)}
        pairs = list(zip(first, row, strict=False))
        alike = all(_is_like(a, b, shared=shared) and (a.id in frozen) == (b.id in frozen) for a, b in pairs)
        if len(row) != len(first) or not alike:
            return None
        for model, node in zip(first, row, strict=True):
            theirs, mine = graph.inputs(model.id), graph.inputs(node.id)
            if theirs.keys() != mine.keys():
                return None
            for port, source in mine.items():
                wanted = theirs[port]
                if source.node in own:
                    same = wanted.node in inner and (inner[wanted.node], wanted.name) == (own[source.node], source.name)
                elif source.node in before:
                    entries.add(wanted)
                    ends.add((before[source.node], source.name))
                    same = wanted.node not in inner
                else:
                    same = source == wanted
                if not same:
                    return None
    if len(entries) != 1 or len(ends) != 1:
        return None
    return _Loop(rows, entries.pop(), ends.pop(), path, shared)


def _is_like(a: Node, b: Node, *, shared: bool) -> bool:
    return (a.type, a.params) == (b.type, b.params) and (shared or (a.shares is None and b.shares is None))


def _is_closed(graph: Graph, loop: _Loop) -> bool:
    """Whether nothing else looks at what happens in between, and the value of the first is one that goes through."""
    place, name = loop.end
    inside = {node.id for row in loop.rows for node in row}
    last = loop.rows[-1][place].id
    for link in (link for node_id in inside for link in graph.outgoing(node_id)):
        if link.target.node not in inside and link.source != Port(last, name):
            return False
    heads = {i for i, node in enumerate(loop.rows[0]) if loop.entry in graph.inputs(node.id).values()}
    kin = {n.id for row in loop.rows for node in row for n in graph.kin(node.id)}
    return bool(heads) and kin <= inside


def _takes_first(project: Project, graph: Graph, loop: _Loop) -> bool:
    """Whether a block takes what goes on as its first input alone, and gives nothing else: what a repeat hands on."""
    node = loop.rows[0][0]
    block = project.blocks[node.type.removeprefix(PREFIX)]
    entries = [n.name for n in block.graph.nodes.values() if n.type == INPUT]
    ends = [n for n in block.graph.nodes.values() if n.type == OUTPUT]
    taking = [port for port, source in graph.inputs(node.id).items() if source == loop.entry]
    return taking == entries[:1] and len(ends) == 1


# ---- making


def _rolled(project: Project, scope: Scope, loop: _Loop, origin: Origin) -> tuple[Project, NodeId, Moves]:
    """The drawing with one instance in the place of a loop."""
    graph = project.drawing(scope)
    last = Port(loop.rows[-1][loop.end[0]].id, loop.end[1])
    leaving = [link for link in graph.outgoing(last.node) if link.source == last]
    lists = _lists(loop, origin.paths)
    several = len(set(lists.values())) > 1  # no one of them says what an entry of all of them is
    tail = "layers" if several else identifier(loop.path.rpartition(".")[2], "layers")
    made, inner = loop.rows[0][0].id, {}
    if len(loop.rows[0]) > 1:
        title = free_title(_one_of(tail) or "Layer", project.definitions.names)
        wishes = {node: _stem(path) for node, path in lists.items()} if several else {}
        project, made, inner = _as_block(project, scope, loop, leaving, title, origin, wishes)
    project = _several(project, scope, made, loop, leaving)
    graph = project.drawing(scope)
    block = project.blocks[graph.nodes[made].type.removeprefix(PREFIX)]
    wish = tail if several or loop.path != origin.path else f"{stem_of(block.name, 'layer')}s"
    wish = graph.nodes[made].name if loop.shared else wish
    name = wish if wish == graph.nodes[made].name or wish not in graph.names else first_free(wish, graph.names)
    project = project.with_drawing(scope, graph.rename(made, name))
    if scope is None:
        gone = {node.id for row in loop.rows for node in row}
        frozen = tuple(dict.fromkeys(made if i in gone else i for i in project.plan.frozen))
        project = project.with_plan(replace(project.plan, frozen=frozen))
    return project, made, dict(_moved(loop, name, inner))


def _as_block(
    project: Project,
    scope: Scope,
    loop: _Loop,
    leaving: Sequence[Link],
    title: str,
    origin: Origin,
    wishes: Mapping[NodeId, str],
) -> tuple[Project, NodeId, Moves]:
    """The first row alone, as a block; its instance; and the names of nodes in it that are others now, by their `wishes`."""
    first = loop.rows[0]
    end = Port(first[loop.end[0]].id, loop.end[1])
    alone = project.drawing(scope).remove([node.id for row in loop.rows[1:] for node in row])
    for link in leaving:
        alone = alone.connect(Link(end, link.target))
    project = project.with_drawing(scope, alone)
    project, made = make_block(project, scope, [n.id for n in first], name=title, announced=origin.announced)
    project = _first_entry(project, scope, made, loop.entry)
    block = project.blocks[project.drawing(scope).nodes[made].type.removeprefix(PREFIX)]
    graph, renamed = block.graph, {}
    for node in (node for node in first if node.type.startswith(PREFIX) or node.id in wishes):
        name = wishes.get(node.id) or node.name.rstrip(
            "0123456789_"
        )  # its number in the list says nothing in one entry
        if name not in graph.names and name == identifier(name, "layer"):
            graph, renamed[node.name] = graph.rename(node.id, name), name
    return project.with_block(replace(block, graph=graph)), made, renamed


def _several(project: Project, scope: Scope, made: NodeId, loop: _Loop, leaving: Sequence[Link]) -> Project:
    """With an instance that runs as often as the loop does."""
    graph = project.drawing(scope)
    graph = graph.remove([node.id for row in loop.rows[1:] for node in row])
    source = Port(made, _output_of(project, graph.nodes[made]))
    graph = graph.disconnect([k for k in graph.links.values() if k.target in {link.target for link in leaving}])
    for link in leaving:
        graph = graph.connect(Link(source, link.target))
    use = {"use": REPEAT, "times": len(loop.rows), **({"shared_weights": True} if loop.shared else {})}
    node = graph.nodes[made]
    return project.with_drawing(scope, graph.put(replace(node, params={**node.params, **use}, shares=None)))


def _first_entry(project: Project, scope: Scope, made: NodeId, entry: Port) -> Project:
    """With the Input first, called x, that takes what goes from run to run."""
    graph = project.drawing(scope)
    block = project.blocks[graph.nodes[made].type.removeprefix(PREFIX)]
    taking = next(name for name, source in graph.inputs(made).items() if source == entry)
    node = next(n for n in block.graph.nodes.values() if n.type == INPUT and n.name == taking)
    nodes = {node.id: node, **block.graph.nodes}
    inner = replace(block.graph, nodes=nodes)
    if "x" not in inner.names:
        inner = inner.rename(node.id, "x")
        link = graph.links[Port(made, taking)]
        graph = graph.disconnect([link]).connect(Link(link.source, Port(made, "x")))
    return project.with_block(replace(block, graph=inner)).with_drawing(scope, graph)


def _lists(loop: _Loop, paths: Mapping[NodeId, str]) -> dict[NodeId, str]:
    """The lists that the nodes of the first row are entries of: those in which the next row has other entries."""
    found: dict[NodeId, str] = {}
    for node, after in zip(loop.rows[0], loop.rows[1], strict=True):
        for path, number in _places(paths.get(node.id, "")):
            if _number(paths.get(after.id, ""), path) not in (None, number):
                found.setdefault(node.id, path)
    return found


def _stem(path: str) -> str:
    """What an entry of the list of a path is called, as a node: norm, of `encoder.norms`."""
    tail = path.rpartition(".")[2]
    return tail[:-1] if tail.endswith("s") and not tail.endswith("ss") else tail


def _one_of(tail: str) -> str:
    """What one of several is called, as a block: a Layer of `layers`."""
    one = _stem(tail)
    one = "".join(part[:1].upper() + part[1:] for part in one.split("_"))
    return one if len(one) >= SHORTEST and one.isalpha() else ""


def _moved(loop: _Loop, name: str, inner: Moves) -> Iterator[tuple[str, str]]:
    for number, row in enumerate(loop.rows):
        for model, node in zip(loop.rows[0], row, strict=True):
            run = name if loop.shared else f"{name}.{number}"
            yield node.name, run if len(row) == 1 else f"{run}.{inner.get(model.name, model.name)}"
