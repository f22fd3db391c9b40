"""Edits that make blocks, take them apart, and change their parameters."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from graph.binding import SIGN, bound, defaults, is_expression
from graph.catalog import Role
from graph.catalog.definitions import CALL, INPUT, OUTPUT, PREFIX, RESERVED, block_of
from graph.catalog.types import misfits
from graph.expressions import names_in, renamed
from graph.messages import EditError, msg
from graph.model import Block, BlockParam, Definitions, Graph, Link, Node, NodeId, Port, Position, Project, Scope, Value
from graph.names import check_name, first_free, stem_of
from graph.topology import cycles

INSET = 200.0  # from the nodes of a new block to its Input and Output nodes
PITCH = 96.0
FUNCTIONS = frozenset({"max", "min", "range", "round", "super"})  # that the constructor of a block calls

Announced = Mapping[Port, tuple[tuple[int, ...], str]]  # shape of a sample and dtype of what leaves a port


# ---- making


def make_block(
    project: Project, scope: Scope, ids: Iterable[NodeId], *, name: str, announced: Announced | None = None
) -> tuple[Project, NodeId]:
    """Put nodes into a new block and an instance of it in their place; the drawing means the same.

    The layers are the same with the same weights, but a seed gives them other ones to begin with where a layer outside
    stood between them in the order of the drawing: weights are drawn in that order, and the block has one place in it.

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
    around = project.blocks[scope].params if scope is not None else ()
    params = tuple(_params_used(around, chosen))
    taken = FUNCTIONS.union(param.name for param in params)
    inner, entries = _with_inputs(graph.only(inside), graph, entering, announced or {}, taken=taken)
    inner, ends = _with_outputs(inner, graph, leaving, taken=taken)
    block = Block(project.definitions.free_id("b"), name, inner, params)
    instance = Node(
        graph.free_id(), PREFIX + block.id, first_free(stem_of(name, "block"), graph.names.union(p.name for p in around)),
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
    return _retargeted(made, dict.fromkeys(inside, (instance.id,))) if scope is None else made, instance.id


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
    """The outputs of the chosen nodes that others use; where there are none, the first of each node that nobody uses."""
    used = {k.source for k in graph.links.values() if k.source.node in inside and k.target.node not in inside}
    ports, loose = list[Port](), list[Port]()
    for node in (node for node in graph.nodes.values() if node.id in inside):
        node_type = project.catalog.of(node)
        own = [Port(node.id, port.name) for port in (node_type.outputs if node_type else ())]
        ports += own or sorted(port for port in used if port.node == node.id)  # a type that is not known has no ports
        loose += own[:1] if not graph.outgoing(node.id) else []
    return [port for port in ports if port in used] or loose


def _with_inputs(
    inner: Graph, graph: Graph, entering: list[Port], announced: Announced, *, taken: frozenset[str]
) -> tuple[Graph, dict[Port, str]]:
    entries: dict[Port, str] = {}
    left, top = _corner(inner)
    for number, source in enumerate(entering):
        stem = "x" if len(entering) == 1 else graph.nodes[source.node].name
        name = _free(stem, inner.names | taken)
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


def _with_outputs(
    inner: Graph, graph: Graph, leaving: list[Port], *, taken: frozenset[str]
) -> tuple[Graph, dict[Port, str]]:
    ends: dict[Port, str] = {}
    right = max((node.position[0] for node in inner.nodes.values()), default=0.0)
    for number, port in enumerate(leaving):
        name = _free("output" if len(leaving) == 1 else f"{graph.nodes[port.node].name}_out", inner.names | taken)
        place = (right + INSET, inner.nodes[port.node].position[1] + PITCH * number * (len(leaving) > 1))
        node = Node(_free_id(inner, graph), OUTPUT, name, position=place)
        inner = inner.add(node).connect(Link(port, Port(node.id, "input")))
        ends[port] = name
    return inner, ends


def _params_used(around: Iterable[BlockParam], chosen: list[Node]) -> Iterable[BlockParam]:
    """The parameters of the block around that the chosen nodes refer to: the new block gets them too."""
    names = {name for node in chosen for value in node.params.values() for name in _names_of(value)}
    return (param for param in around if param.name in names)


def _names_of(value: Value) -> tuple[str, ...]:
    if isinstance(value, tuple):
        return tuple(name for entry in value for name in _names_of(entry))
    return names_in(_body(value)) if isinstance(value, str) and is_expression(value) else ()


def _with_instance(graph: Graph, instance: Node, inside: set[NodeId]) -> Graph:
    """The drawing without the nodes, and the instance at the place that the first of them has in its order."""
    nodes: dict[NodeId, Node] = {}
    for key, node in graph.nodes.items():
        if key in inside:
            nodes.setdefault(instance.id, instance)
        else:
            nodes[key] = node
    return replace(graph.remove(inside), nodes=nodes)


def _retargeted(project: Project, targets: Mapping[NodeId, Sequence[NodeId]]) -> Project:
    """The plan, where objectives that train one of these nodes train others in its place."""
    objectives = tuple(
        replace(o, parameters=tuple(dict.fromkeys(new for i in o.parameters for new in targets.get(i, (i,)))))
        for o in project.plan.objectives
    )
    plan = project.plan
    return project if objectives == plan.objectives else project.with_plan(replace(plan, objectives=objectives))


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
    new = tuple(ids.values())
    apart = project.with_drawing(scope, merged)
    return (_without_objectives(apart, instance, new) if scope is None else apart), new


def _without_objectives(project: Project, instance: NodeId, new: tuple[NodeId, ...]) -> Project:
    """The plan, where objectives that train the instance train those of its nodes that have parameters."""
    types = {i: project.catalog.of(project.graph.nodes[i]) for i in new}
    learning = [i for i, found in types.items() if found is not None and found.is_trainable(project.graph.nodes[i])]
    return _retargeted(project, {instance: learning or new})


def _as_text(value: Value) -> str:
    return _body(value) if isinstance(value, str) and is_expression(value) else repr(value)


def _substituted(value: Value, texts: Mapping[str, str]) -> Value:
    """An expression with other texts in the place of its names; a number where none is left."""
    if isinstance(value, tuple):
        return tuple(_substituted(entry, texts) for entry in value)  # type: ignore[misc]
    reworded = _reworded(value, texts)
    try:
        return bound(reworded, {})
    except EditError:  # it names parameters of the block around, or cannot be worked out (validation says so)
        return reworded


# ---- parameters


def check_param_name(name: str, block: Block, *, others: Collection[str] = ()) -> None:
    """Refuse a name that a parameter of a block cannot have; `others` are the names of its other parameters.

    Raises:
        EditError: it is no identifier, means something else in a block, or is in use there.
    """
    check_name(name)
    if name in FUNCTIONS:
        raise EditError(
            msg("'{name}' is a function that blocks call, so no parameter can be called so. Try {name}1.", name=name)
        )
    if name in RESERVED:
        raise EditError(
            msg(
                "'{name}' says how a block is run: every instance has a setting of that name already. Try {name}1.",
                name=name,
            )
        )
    if name in block.graph.names:
        raise EditError(msg("A node of {block} is called '{name}'. Choose another name for the parameter.",
                            block=block.name, name=name))  # fmt: skip
    if name in others:
        raise EditError(
            msg("{block} has a parameter '{name}' already. Choose another name.", block=block.name, name=name)
        )


def set_params(project: Project, scope: str, params: Sequence[BlockParam]) -> Project:
    """Give a block other parameters; instances lose the values of those that are gone.

    Raises:
        EditError: one of them cannot be called so, or one that is gone is still used in the block.
    """
    block = project.blocks[scope]
    for number, param in enumerate(params):
        check_param_name(param.name, block, others=[p.name for p in params[:number]])
    kept = {param.name for param in params}
    for gone in (param.name for param in block.params if param.name not in kept):
        users = [n.name for n in block.graph.nodes.values() if any(gone in _names_of(v) for v in n.params.values())]
        if users:
            raise EditError(
                msg("'{name}' cannot be removed, because these nodes use it: {nodes}. Give them numbers or another parameter first.",
                    name=gone, nodes=", ".join(users))
            )  # fmt: skip
    changed = project.with_block(replace(block, params=tuple(params)))
    node_type = changed.catalog[PREFIX + scope]

    def fitting(node: Node) -> Node:
        gone = {name for name, reason in misfits(node_type.params, node.params) if reason is None}
        return replace(node, params={k: v for k, v in node.params.items() if k not in gone}) if gone else node

    return _at_instances(changed, scope, fitting)


def rename_param(project: Project, scope: str, old: str, new: str) -> Project:
    """Give a parameter of a block another name; what refers to it follows, and so do the values at instances.

    Raises:
        EditError: it cannot be called so.
    """
    block = project.blocks[scope]
    check_param_name(new, block, others=[p.name for p in block.params if p.name != old])
    params = tuple(p._replace(name=new) if p.name == old else p for p in block.params)
    nodes = {
        k: replace(n, params={p: _reworded(v, {old: new}) for p, v in n.params.items()})
        for k, n in block.graph.nodes.items()
    }
    changed = project.with_block(replace(block, params=params, graph=replace(block.graph, nodes=nodes)))
    return _at_instances(
        changed,
        scope,
        lambda node: replace(node, params={new if k == old else k: v for k, v in node.params.items()}),
    )


def _reworded(value: Value, texts: Mapping[str, str]) -> Value:
    """A value with other texts in the place of names in its expressions."""
    if isinstance(value, tuple):
        return tuple(_reworded(entry, texts) for entry in value)  # type: ignore[misc]
    if not isinstance(value, str) or not is_expression(value):
        return value
    new = renamed(_body(value), texts)
    return value if new == _body(value) else SIGN + new


def _body(value: str) -> str:
    return value[len(SIGN) :].strip()


def _at_instances(project: Project, block: str, change: Callable[[Node], Node]) -> Project:
    """The project with a change of all instances of a block."""
    places: tuple[Scope, ...] = (None, *project.blocks)
    for place in places:
        graph = project.drawing(place)
        changed = {k: new for k, n in graph.nodes.items() if n.type == PREFIX + block and (new := change(n)) != n}
        if changed:
            project = project.with_drawing(place, replace(graph, nodes={**graph.nodes, **changed}))
    return project


# ---- places and names


def _corner(graph: Graph) -> Position:
    places = [node.position for node in graph.nodes.values()] or [(0.0, 0.0)]
    return min(x for x, _ in places), min(y for _, y in places)


def _center(nodes: list[Node]) -> Position:
    xs, ys = zip(*(node.position for node in nodes), strict=True)
    return (min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2


def _free(stem: str, taken: Collection[str]) -> str:
    return stem if stem not in taken else first_free(stem.rstrip("0123456789"), taken)


def _free_id(inner: Graph, graph: Graph) -> NodeId:
    return first_free("n", {*inner.nodes, *graph.nodes})
