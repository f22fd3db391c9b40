"""Edits that make blocks, take them apart, and bring those of another document in."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from graph.binding import SIGN, defaults, is_expression
from graph.catalog import Role
from graph.catalog.definitions import CALL, CODE_PREFIX, INPUT, OUTPUT, PREFIX, block_of
from graph.expressions import names_in
from graph.messages import EditError, msg
from graph.model import (
    Block,
    BlockParam,
    Code,
    Definitions,
    Graph,
    Link,
    Node,
    NodeId,
    Port,
    Position,
    Project,
    Scope,
    Value,
)
from graph.names import check_name, first_free, stem_of
from graph.topology import cycles

INSET = 200.0  # from the nodes of a new block to its Input and Output nodes
PITCH = 96.0

Announced = Mapping[Port, tuple[tuple[int, ...], str]]  # shape of a sample and dtype of what leaves a port


# ---- making


def make_block(
    project: Project, scope: Scope, ids: Iterable[NodeId], *, name: str, announced: Announced | None = None
) -> tuple[Project, NodeId]:
    """Put nodes into a new block and an instance of it in their place; the drawing means the same.

    Args:
        scope: where they are.
        name: of the block; becomes the name of its class.
        announced: what is known to leave ports, for the Input nodes of the block.

    Returns:
        The new project, and the id of the instance.

    Raises:
        EditError: they cannot be a block, because of what they are or how they are wired.
    """
    graph = project.drawing(scope)
    chosen = [node for node in graph.nodes.values() if node.id in set(ids)]
    inside = {node.id for node in chosen}
    _check_choice(project, graph, chosen)
    check_title(name, project.definitions)
    entering = list(
        dict.fromkeys(k.source for n in chosen for k in graph.incoming(n.id) if k.source.node not in inside)
    )
    leaving = _leaving(project, graph, inside)
    inner = graph.only(inside)
    inner, entries = _with_inputs(inner, graph, entering, announced or {})
    inner, ends = _with_outputs(inner, graph, leaving)
    params = tuple(_params_used(project, scope, chosen))
    block = Block(project.definitions.free_id("b"), name, inner, params)
    instance = Node(
        graph.free_id(), PREFIX + block.id, graph.free_name(stem_of(name, "block")),
        params={param.name: f"{SIGN}{param.name}" for param in params}, position=_center(chosen),
    )  # fmt: skip
    outer = _with_instance(graph, instance, inside)
    for source, entry in entries.items():
        outer = outer.connect(Link(source, Port(instance.id, entry)))
    for link in graph.links.values():
        if link.source in ends and link.target.node not in inside:
            outer = outer.connect(Link(Port(instance.id, ends[link.source]), link.target))
    if cycles(outer):
        raise EditError(
            msg(
                "These nodes cannot be one block: a wire leaves them and comes back over nodes that are not selected. Select those too."
            )
        )
    made = project.with_block(block).with_drawing(scope, outer)
    return _with_objectives(made, inside, instance.id) if scope is None else made, instance.id


def check_title(name: str, definitions: Definitions) -> None:
    """Refuse a name that no block or code can have, or that another has.

    Raises:
        EditError: it is not letters and digits beginning with a letter, is a word of Python, or is in use.
    """
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9]{0,63}", name):
        raise EditError(
            msg("'{name}' cannot be the name of a block: use letters and digits, beginning with a letter, such as BasicBlock.",
                name=name)
        )  # fmt: skip
    check_name(name, taken=definitions.names)


def _check_choice(project: Project, graph: Graph, chosen: list[Node]) -> None:
    if not chosen:
        raise EditError(msg("Nothing is selected. Select the nodes that the block should hold."))
    for node in chosen:
        node_type = project.catalog.get(node.type)
        if node_type is not None and node_type.role in (Role.DATA, Role.LOSS, Role.METRIC, Role.INPUT, Role.OUTPUT):
            raise EditError(
                msg("'{node}' cannot be in a block: data, losses, metrics, inputs and outputs stay outside. Leave it out of the selection.",
                    node=node.name)
            )  # fmt: skip
        outside = [kin.name for kin in graph.kin(node.id) if kin not in chosen]
        if outside:
            raise EditError(
                msg("'{node}' shares its weights with '{other}', which would stay outside. Select both, or give it its own weights first.",
                    node=node.name, other=outside[0])
            )  # fmt: skip


def _leaving(project: Project, graph: Graph, inside: set[NodeId]) -> list[Port]:
    """The outputs of the chosen nodes that others use; where there are none, those that nobody uses."""
    used = {k.source for k in graph.links.values() if k.source.node in inside and k.target.node not in inside}
    ports = []
    for node in graph.nodes.values():
        node_type = project.catalog.of(node) if node.id in inside else None
        ports += [Port(node.id, port.name) for port in (node_type.outputs if node_type else ())]
    loose = [p for p in ports if p.name == ports[0].name and not graph.outgoing(p.node)] if ports else []
    return [port for port in ports if port in used] or loose


def _with_inputs(
    inner: Graph, graph: Graph, entering: list[Port], announced: Announced
) -> tuple[Graph, dict[Port, str]]:
    entries: dict[Port, str] = {}
    left, top = _corner(inner)
    for number, source in enumerate(entering):
        stem = "x" if len(entering) == 1 else graph.nodes[source.node].name
        name = _free(stem, inner)
        shape, dtype = announced.get(source, ((), ""))
        known: dict[str, Value] = {"shape": shape, "dtype": dtype}
        params = {key: value for key, value in known.items() if value}
        node = Node(_free_id(inner, graph), INPUT, name, params, (left - INSET, top + PITCH * number))
        inner = inner.add(node)
        entries[source] = name
        for link in graph.outgoing(source.node):
            if link.source == source and link.target.node in inner.nodes:
                inner = inner.connect(Link(Port(node.id, "output"), link.target))
    return inner, entries


def _with_outputs(inner: Graph, graph: Graph, leaving: list[Port]) -> tuple[Graph, dict[Port, str]]:
    ends: dict[Port, str] = {}
    right = max((node.position[0] for node in inner.nodes.values()), default=0.0)
    for number, port in enumerate(leaving):
        name = _free("output" if len(leaving) == 1 else f"{graph.nodes[port.node].name}_out", inner)
        place = (right + INSET, inner.nodes[port.node].position[1] + PITCH * number * (len(leaving) > 1))
        node = Node(_free_id(inner, graph), OUTPUT, name, position=place)
        inner = inner.add(node).connect(Link(port, Port(node.id, "input")))
        ends[port] = name
    return inner, ends


def _params_used(project: Project, scope: Scope, chosen: list[Node]) -> Iterable[BlockParam]:
    """The parameters of the block around that the chosen nodes refer to: the new block gets them too."""
    around = project.blocks[scope].params if scope is not None else ()
    names = {name for node in chosen for value in node.params.values() for name in _names_of(value)}
    return (param for param in around if param.name in names)


def _names_of(value: Value) -> tuple[str, ...]:
    if isinstance(value, tuple):
        return tuple(name for entry in value for name in _names_of(entry))
    return names_in(value[len(SIGN) :].strip()) if isinstance(value, str) and is_expression(value) else ()


def _with_instance(graph: Graph, instance: Node, inside: set[NodeId]) -> Graph:
    """The drawing without the nodes, and the instance at the place that the first of them has in its order."""
    nodes: dict[NodeId, Node] = {}
    for key, node in graph.nodes.items():
        if key in inside:
            nodes.setdefault(instance.id, instance)
        else:
            nodes[key] = node
    return replace(graph.remove(inside), nodes=nodes)


def _with_objectives(project: Project, inside: set[NodeId], instance: NodeId) -> Project:
    """The plan, where objectives that train one of the nodes train the instance."""
    objectives = tuple(
        replace(o, parameters=tuple(dict.fromkeys(instance if i in inside else i for i in o.parameters)))
        for o in project.plan.objectives
    )
    return (
        project
        if objectives == project.plan.objectives
        else project.with_plan(replace(project.plan, objectives=objectives))
    )


# ---- taking apart


def dissolve(project: Project, scope: Scope, instance: NodeId) -> tuple[Project, tuple[NodeId, ...]]:
    """Put the nodes of a block in the place of an instance that calls it.

    Returns:
        The new project, and the ids of the nodes.

    Raises:
        EditError: the node is no such instance, or shares its weights.
    """
    graph = project.drawing(scope)
    node = graph.require(instance)
    block = block_of(node, project.definitions)
    if block is None or node.params.get("use", CALL) != CALL or len(graph.kin(instance)) > 1:
        raise EditError(
            msg(
                "'{node}' cannot be taken apart: only an instance that calls its block, with weights of its own, can.",
                node=node.name,
            )
        )
    texts = {name: _as_text(node.params.get(name, value)) for name, value in defaults(block).items()}
    part = replace(
        block.graph,
        nodes={
            k: replace(n, params={p: _substituted(v, texts) for p, v in n.params.items()})
            for k, n in block.graph.nodes.items()
        },
    )
    ports = {n.name: k for k, n in block.graph.nodes.items() if n.type in (INPUT, OUTPUT)}
    left, top = _corner(part)
    feeding, leaving = graph.inputs(instance), graph.outgoing(instance)
    merged, ids = graph.remove([instance]).merge(
        part.remove(ports.values()), (node.position[0] - left, node.position[1] - top)
    )
    ends: dict[str, Port] = {}
    for link in block.graph.links.values():
        source, target = block.graph.nodes[link.source.node], block.graph.nodes[link.target.node]
        start = feeding.get(source.name) if source.type == INPUT else Port(ids[source.id], link.source.name)
        if target.type == OUTPUT and start is not None:
            ends[target.name] = start
        elif source.type == INPUT and start is not None:
            merged = merged.connect(Link(start, Port(ids[target.id], link.target.name)))
    for link in leaving:
        if link.source.name in ends:
            merged = merged.connect(Link(ends[link.source.name], link.target))
    return project.with_drawing(scope, merged), tuple(ids.values())


def _as_text(value: Value) -> str:
    return f"({value[len(SIGN) :].strip()})" if isinstance(value, str) and is_expression(value) else repr(value)


def _substituted(value: Value, texts: Mapping[str, str]) -> Value:
    """An expression with other texts in the place of its names; a number where none is left."""
    if isinstance(value, tuple):
        return tuple(_substituted(entry, texts) for entry in value)  # type: ignore[misc]
    if not isinstance(value, str) or not is_expression(value):
        return value
    text = re.sub(r"[A-Za-z_]\w*", lambda found: texts.get(found[0], found[0]), value[len(SIGN) :].strip())
    return SIGN + ast.unparse(ast.parse(text, mode="eval"))


# ---- definitions of other documents


def adopt(own: Definitions, others: Definitions) -> tuple[Definitions, dict[str, str]]:
    """Take the definitions of another document in; what is there already, word for word, is not taken twice.

    Returns:
        All definitions, and for each type id of `others` the type id that it has now.
    """
    types: dict[str, str] = {}
    for code in others.codes.values():
        same = next((c for c in own.codes.values() if c.text == code.text), None)
        kept = same or Code(own.free_id("c"), _free_title(code.name, own, keep=True), code.text, code.extra)
        own = own if same else own.put_code(kept)
        types[CODE_PREFIX + code.id] = CODE_PREFIX + kept.id
    for block in _inner_first(others):
        graph = retyped(block.graph, types)
        same_block = next(
            (b for b in own.blocks.values() if replace(b, id=block.id) == replace(block, graph=graph)), None
        )
        kept_block = same_block or replace(block, id=own.free_id("b"), name=_free_title(block.name, own), graph=graph)
        own = own if same_block else own.put_block(kept_block)
        types[PREFIX + block.id] = PREFIX + kept_block.id
    return own, types


def _meaning(block: Block) -> Block:
    """The block without the places of its nodes."""
    return replace(block, graph=block.graph.move(dict.fromkeys(block.graph.nodes, (0.0, 0.0))))


def used_definitions(graph: Graph, definitions: Definitions) -> Definitions:
    """The definitions that a drawing uses, directly or through others."""
    blocks: dict[str, Block] = {}
    codes: dict[str, Code] = {}
    waiting = [node.type for node in graph.nodes.values()]
    while waiting:
        type_id = waiting.pop()
        block = definitions.blocks.get(type_id.removeprefix(PREFIX)) if type_id.startswith(PREFIX) else None
        code = definitions.codes.get(type_id.removeprefix(CODE_PREFIX)) if type_id.startswith(CODE_PREFIX) else None
        if block is not None and block.id not in blocks:
            blocks[block.id] = block
            waiting += [node.type for node in block.graph.nodes.values()]
        if code is not None:
            codes[code.id] = code
    return Definitions(
        {k: v for k, v in definitions.blocks.items() if k in blocks},
        {k: v for k, v in definitions.codes.items() if k in codes},
    )


def retyped(graph: Graph, types: Mapping[str, str]) -> Graph:
    """The drawing with other types in the place of these."""
    changed = {k: replace(n, type=types[n.type]) for k, n in graph.nodes.items() if types.get(n.type, n.type) != n.type}
    return replace(graph, nodes={**graph.nodes, **changed}) if changed else graph


def _inner_first(definitions: Definitions) -> list[Block]:
    order: dict[str, Block] = {}

    def visit(block: Block, above: frozenset[str]) -> None:
        for node in block.graph.nodes.values():
            inner = block_of(node, definitions)
            if inner is not None and inner.id not in above and inner.id not in order:
                visit(inner, above | {inner.id})
        order.setdefault(block.id, block)

    for block in definitions.blocks.values():
        visit(block, frozenset({block.id}))
    return list(order.values())


def _free_title(name: str, definitions: Definitions, *, keep: bool = False) -> str:
    """The name, or the first of it with 2, 3, ... that is free. The name of code is that of its class, and is kept."""
    if keep or name not in definitions.names:
        return name
    return first_free(name.rstrip("0123456789"), definitions.names | {f"{name.rstrip('0123456789')}1"})


# ---- places and names


def _corner(graph: Graph) -> Position:
    places = [node.position for node in graph.nodes.values()] or [(0.0, 0.0)]
    return min(x for x, _ in places), min(y for _, y in places)


def _center(nodes: list[Node]) -> Position:
    xs, ys = zip(*(node.position for node in nodes), strict=True)
    return (min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2


def _free(stem: str, graph: Graph) -> str:
    return stem if stem not in graph.names else graph.free_name(stem.rstrip("0123456789"))


def _free_id(inner: Graph, graph: Graph) -> NodeId:
    return first_free("n", {*inner.nodes, *graph.nodes})
