"""A drawing made readable: what is alike is one block, what is done several times in a row a repeat. It computes what it did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from graph.catalog.definitions import CALL, INPUT, OUTPUT, PREFIX, REPEAT
from graph.layout import tidy
from graph.model import Block, Definitions, Graph, Link, Node, Port, Project, Scope
from runtime.importer.alike import MOST, merged
from runtime.importer.drawing import CONTAINER, Drawn, free_title
from runtime.importer.repeating import SHORTEST, Moves, with_repeats

FEW_PORTS, LINE = 2, 20.0  # as the window draws cards
WIDTH, HEIGHT, PITCH = 148.0, 66.0, 18.0


def gathered(drawn: Drawn) -> Drawn:
    """The drawing with as few blocks as say the same. Nothing is known of the places of its items, nor is it laid out."""
    labels = {block: origin.label for block, origin in drawn.origins.items() if block is not None}
    project = merged(drawn.project, most=0, labels=labels)
    before = project
    project, moves, ports = with_repeats(project, drawn.origins)
    after = project
    project, dropped = _without_shells(project)
    for block in project.blocks.values():
        project = project.with_block(replace(block, graph=_numbered(block.graph)))
    project = merged(project, most=MOST, labels=labels)
    project = _titled(project, labels)

    def moved(name: str) -> str:
        return _dropped(after, None, _moved(before, None, name, moves), dropped)

    tensors = {moved(name): key for name, key in drawn.tensors.items()}
    constants = {moved(name): value for name, value in drawn.constants.items()}
    outputs = {name: ports.get(port, port) for name, port in drawn.outputs.items()}
    return replace(drawn, project=project, tensors=tensors, constants=constants, outputs=outputs, places={})


def _moved(project: Project, scope: Scope, name: str, moves: Mapping[Scope, Moves]) -> str:
    """The name of a tensor, by what became of the nodes on the way to it."""
    first, _, rest = name.partition(".")
    node = project.drawing(scope).node_named(first)
    if rest and node is not None and node.type.startswith(PREFIX):
        rest = _moved(project, node.type.removeprefix(PREFIX), rest, moves)
    found = moves.get(scope, {}).get(first, first)
    return f"{found}.{rest}" if rest else found


# ---- blocks that hold a repeat alone


def _without_shells(project: Project) -> tuple[Project, dict[str, str]]:
    """Instances of blocks that only hold a repeat become that repeat. Also the names of those in the blocks, by block."""
    dropped: dict[str, str] = {}
    for block_id in project.definitions.nesting.order:
        block = project.blocks[block_id]
        inner = _only(block)
        users = [
            n for s in (None, *project.blocks) for n in project.drawing(s).nodes.values() if n.type == PREFIX + block_id
        ]
        if inner is None or any(n.shares or n.params.get("use", CALL) != CALL for n in users):
            continue
        if any(
            project.drawing(s).kin(n.id)[1:]
            for s in (None, *project.blocks)
            for n in users
            if n.id in project.drawing(s).nodes
        ):
            continue
        dropped[block_id] = inner.name
        for scope in (None, *project.blocks):
            project = project.with_drawing(scope, _opened(project.drawing(scope), block, inner))
        project = replace(project, definitions=project.definitions.remove(block_id))
    return project, dropped


def _only(block: Block) -> Node | None:
    """The repeat that is all that a block holds, where it takes and gives what the block does."""
    inner = [node for node in block.graph.nodes.values() if node.type not in (INPUT, OUTPUT)]
    ends = [node for node in block.graph.nodes.values() if node.type == OUTPUT]
    if len(inner) != 1 or inner[0].params.get("use") != REPEAT or len(ends) != 1:
        return None
    sources = {source.node for source in block.graph.inputs(inner[0].id).values()}
    entries = {node.id for node in block.graph.nodes.values() if node.type == INPUT}
    return inner[0] if sources == entries and len(block.graph.inputs(inner[0].id)) == len(entries) else None


def _opened(graph: Graph, block: Block, inner: Node) -> Graph:
    """A drawing with what a block holds in the place of its instances."""
    names = {block.graph.nodes[source.node].name: port for port, source in block.graph.inputs(inner.id).items()}
    given = next(link.source.name for link in block.graph.links.values() if link.source.node == inner.id)
    for node in list(graph.nodes.values()):
        if node.type != PREFIX + block.id:
            continue
        links = (*graph.incoming(node.id), *graph.outgoing(node.id))
        graph = graph.disconnect(links).put(replace(node, type=inner.type, params=inner.params))
        for source, target in links:
            target = Port(node.id, names[target.name]) if target.node == node.id else target
            source = Port(node.id, given) if source.node == node.id else source
            graph = graph.connect(Link(source, target))
    return graph


def _dropped(project: Project, scope: Scope, name: str, dropped: Mapping[str, str]) -> str:
    """The name of a tensor without the repeats that took the place of the blocks around them."""
    first, _, rest = name.partition(".")
    node = project.drawing(scope).node_named(first)
    if not rest or node is None or not node.type.startswith(PREFIX):
        return name
    head = first
    if node.params.get("use") == REPEAT and node.params.get("shared_weights") is not True:
        number, _, rest = rest.partition(".")
        head = f"{first}.{number}"
    block = node.type.removeprefix(PREFIX)
    if block in dropped:
        inner = _dropped(project, block, rest, dropped)
        return f"{head}.{inner.removeprefix(dropped[block] + '.')}"
    return f"{head}.{_dropped(project, block, rest, dropped)}"


# ---- names and places


def _numbered(graph: Graph) -> Graph:
    """The drawing with the ids of its nodes in their order."""
    ids = {old: f"n{number}" for number, old in enumerate(graph.nodes, start=1)}
    nodes = {ids[k]: replace(n, id=ids[k], shares=ids.get(n.shares or "")) for k, n in graph.nodes.items()}
    links = [Link(Port(ids[a.node], a.name), Port(ids[b.node], b.name)) for a, b in graph.links.values()]
    return replace(graph, nodes=nodes, links={link.target: link for link in links})


def _titled(project: Project, labels: Mapping[str, str]) -> Project:
    """With the names that are free now: numbers that tell blocks apart begin again."""
    stems: dict[str, set[str]] = {}
    for scope in (None, *project.blocks):
        for node in project.drawing(scope).nodes.values():
            if node.type.startswith(PREFIX):
                stems.setdefault(node.type.removeprefix(PREFIX), set()).add(node.name.rstrip("0123456789_"))
    taken = {code.name for code in project.definitions.codes.values()}
    for block in project.blocks.values():
        label, found = labels.get(block.id, block.name), stems.get(block.id, set())
        own = "".join(part[:1].upper() + part[1:] for part in found.pop().split("_")) if len(found) == 1 else ""
        label = own if label == CONTAINER and len(own) >= SHORTEST else label
        title = free_title(label, taken)
        taken.add(title)
        project = project.with_block(replace(block, name=title))
    return project


def placed(drawn: Drawn) -> Drawn:
    """The drawing with all of its nodes laid out."""
    project = drawn.project
    for scope in (None, *project.blocks):
        project = project.with_drawing(scope, _laid_out(project.drawing(scope), project.definitions))
    return replace(drawn, project=project)


def _laid_out(graph: Graph, definitions: Definitions) -> Graph:
    """A drawing with room for the ports of its nodes."""
    catalog = definitions.catalog
    sizes = {}
    for node in graph.nodes.values():
        node_type = catalog.of(node)
        into = len(node_type.input_ports(graph.inputs(node.id))) if node_type else 1
        out = len(node_type.outputs) if node_type else 1
        lines = max(into, out)
        variadic = node_type is not None and any(port.variadic for port in node_type.inputs)
        plain = max(HEIGHT, PITCH * (lines + 1) - 6)
        sizes[node.id] = (WIDTH, plain if variadic or lines <= FEW_PORTS else HEIGHT + LINE * lines + 4)
    return graph.move(tidy(graph, sizes=sizes))
