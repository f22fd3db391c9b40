"""From a sketch to a project: scopes become blocks, what is alike one definition, what has one tensor shares its weights.

A block can share weights with another only as a whole, and a node only with nodes beside it. Where that does not do, scopes
are dissolved into the one around them until it does.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from graph.catalog.definitions import INPUT, OUTPUT, PREFIX
from graph.catalog.types import ordered_inputs
from graph.messages import msg
from graph.model import Block, Definitions, Graph, Link, Node, NodeId, Port, Project, Value
from graph.names import Names, stem_of
from runtime.importer.recording import Refusal, Scope
from runtime.importer.siblings import Siblings, mixed_scopes
from runtime.importer.sketch import Item, Key, Sketch, Spec, Wire, identifier

IDENTITY = "torch.nn.Identity"
CONTAINER = "Sequential"  # a class that says nothing of what is in it


@dataclass(frozen=True)
class Drawn:
    """A project and where everything is. `tensors` has for each parameter and buffer of the network its key, `constants` for
    each other one its numbers; `outputs` the port of each output by its name; `places` for each item the instances that
    lead to it, and its node.
    """

    project: Project
    tensors: Mapping[str, Key]
    constants: Mapping[str, object]
    outputs: Mapping[str, Port]
    inputs: Mapping[str, NodeId]
    places: Mapping[int, tuple[tuple[NodeId, ...], NodeId]]
    origins: Mapping[str | None, Origin] = field(default_factory=dict)


@dataclass(frozen=True)
class Origin:
    """What a drawing was made from: the class and the path of the module, the paths of its nodes, what is known to leave its ports.

    The drawing is that of a block, by whose id it is kept, or that of the project (None).
    """

    label: str
    path: str
    paths: Mapping[NodeId, str]
    announced: Mapping[Port, tuple[tuple[int, ...], str]]


@dataclass(frozen=True)
class _Made:
    """The drawing of a scope: its graph, its ports, the tensors in it by their names, and where its items are."""

    graph: Graph
    inputs: Mapping[Wire, str]
    outputs: Mapping[Wire, str]
    slots: tuple[tuple[str, Key], ...]
    constants: tuple[tuple[str, object], ...] = ()
    places: Mapping[int, tuple[tuple[NodeId, ...], NodeId]] = field(default_factory=dict)
    origin: Origin = field(default_factory=lambda: Origin("", "", {}, {}))


class Conflict(Refusal):
    """Two nodes have tensors in common that they cannot share. `keys` are those tensors."""

    keys: frozenset[Key] = frozenset()


class _Dissolve(Exception):
    def __init__(self, scopes: set[Scope]) -> None:
        super().__init__()
        self.scopes = scopes


def draw(sketch: Sketch, name: str, learns: Mapping[Key, bool]) -> Drawn:
    """The project of a sketch, not yet laid out. What holds parameters of which some learn is no block, so that its nodes can be frozen.

    Raises:
        Refusal: two nodes have a tensor in common and cannot share it.
    """
    dissolved = mixed_scopes(sketch.items, learns)
    while True:
        try:
            return _Drawer(sketch, dissolved).drawn(name)
        except _Dissolve as conflict:
            dissolved |= conflict.scopes


class _Drawer:
    def __init__(self, sketch: Sketch, dissolved: set[Scope]) -> None:
        self.sketch, self.dissolved = sketch, dissolved
        self.definitions: Definitions = sketch.definitions
        self.known: dict[tuple, str] = {}  # ids of blocks by what they are
        self.origins: dict[str | None, Origin] = {}
        self._made_of: dict[Scope, _Made] = {}
        siblings = Siblings(sketch.items)
        self.items = siblings.needed({wire.item for _, wire in sketch.outputs})
        self.chains = {item.number: self._chain(item.scope) for item in self.items}
        self.children: dict[Scope, dict[Item | Scope, None]] = defaultdict(dict)
        for item in self.items:
            chain = self.chains[item.number]
            for outer, inner in pairwise(chain):
                self.children[outer][inner] = None
            self.children[chain[-1]][item] = None
        self.sizes = Counter(scope for item in self.items for scope in item.scope.chain)
        self._dissolve_single()
        self.entering, leaving = self._crossing()
        self.leaving = siblings.spread(leaving)

    def _chain(self, scope: Scope) -> tuple[Scope, ...]:
        return tuple(s for s in scope.chain if s is self.sketch.root or s not in self.dissolved)

    def _dissolve_single(self) -> None:
        """A scope with one node in it says nothing that the node does not say; of two that hold the same, the outer one stays."""
        single = set()
        for scope, inner in self.children.items():
            if scope is not self.sketch.root and len(inner) == 1:
                (child,) = inner
                keeps = isinstance(child, Scope) and len(self.children[child]) > 1 and scope.label != CONTAINER
                single.add(child if keeps else scope)
        if single:
            raise _Dissolve(single)

    def name_of(self, item: Item) -> str:
        """What a node is called: as the module is that it stands for alone."""
        dissolved = [scope for scope in item.scope.chain if scope not in self.chains[item.number]]
        alone = next((scope for scope in dissolved if self.sizes[scope] == 1), None)
        tail = alone.path.rpartition(".")[2] if alone is not None else ""
        return item.name if not tail or tail.isdecimal() else tail

    def _crossing(self) -> tuple[dict[Scope, dict[Wire, None]], dict[Scope, dict[Wire, None]]]:
        """What enters and leaves each scope."""
        entering: dict[Scope, dict[Wire, None]] = defaultdict(dict)
        leaving: dict[Scope, dict[Wire, None]] = defaultdict(dict)
        uses = [(self.chains[item.number], wire) for item in self.items for wire in item.inputs.values()]
        uses += [((self.sketch.root,), wire) for _, wire in self.sketch.outputs]
        for chain, wire in uses:
            source = self.chains[wire.item]
            for scope in chain:
                if scope not in source:
                    entering[scope][wire] = None
            for scope in source:
                if scope not in chain:
                    leaving[scope][wire] = None
        return entering, leaving

    # ---- the whole

    def drawn(self, name: str) -> Drawn:
        made = self._made(self.sketch.root)
        graph, outputs = self._with_ends(made)
        project = Project(graph, name=name, definitions=self.definitions)
        inputs = {item.name: made.places[item.number][1] for item in self.items if item.type == INPUT}
        self.origins[None] = made.origin
        return Drawn(project, dict(made.slots), dict(made.constants), outputs, inputs, made.places, self.origins)

    def _with_ends(self, made: _Made) -> tuple[Graph, dict[str, Port]]:
        """The drawing with its Output nodes; what is given back as it came goes through an Identity."""
        graph, names, outputs = made.graph, Names(made.graph.names), {}
        for wish, wire in self.sketch.outputs:
            port = self._port(made, wire)
            if graph.nodes[port.node].type == INPUT or port in outputs.values():
                node = Node(graph.free_id(), IDENTITY, names.take("identity1"))
                graph = graph.add(node).connect(Link(port, Port(node.id, "input")))
                port = Port(node.id, "output")
            end = Node(graph.free_id(), OUTPUT, names.take(identifier(wish, "output")))
            graph = graph.add(end).connect(Link(port, Port(end.id, "input")))
            outputs[wish] = port
        return graph, outputs

    def _port(self, made: _Made, wire: Wire) -> Port:
        """The port in the drawing of the project that a wire leaves."""
        way, node = made.places[wire.item]
        if not way:
            return Port(node, wire.port)
        scope = self.chains[wire.item][1]
        return Port(way[0], self._made_of[scope].outputs[wire])

    # ---- one scope

    def _made(self, scope: Scope) -> _Made:
        if scope not in self._made_of:
            self._made_of[scope] = _Writer(self, scope).written()
        return self._made_of[scope]

    def block_for(self, scope: Scope, made: _Made) -> str:
        """The id of the definition with this drawing."""
        graph = made.graph
        links = tuple(graph.links.values())
        key = (scope.label, repr(tuple(graph.nodes.values())), links)
        if key not in self.known:
            block_id = self.definitions.free_id("b")
            name = free_title(scope.label, self.definitions.names)
            self.definitions = self.definitions.put_block(Block(block_id, name, graph))
            self.known[key] = block_id
            self.origins[block_id] = made.origin
        return self.known[key]


def free_title(label: str, taken: Container[str]) -> str:
    """A name for a block that is none of those, as near to the name of a class as possible."""
    name = identifier(label, "Block")
    name = name[:1].upper() + name[1:]
    number = 2
    while (name if number == 2 else f"{name}{number - 1}") in taken:
        number += 1
    return name if number == 2 else f"{name}{number - 1}"


@dataclass(slots=True)
class _Child:
    """A node that holds tensors, for the question who shares with whom."""

    node: Node
    keys: tuple[Key, ...]
    names: tuple[str, ...]
    source: Item | Scope


class _Writer:
    """Writes the drawing of one scope."""

    def __init__(self, drawer: _Drawer, scope: Scope) -> None:
        self.drawer, self.scope = drawer, scope
        self.graph = Graph()
        self.names = Names(())
        self.ports: dict[Wire, Port] = {}
        self.slots: dict[str, Key] = {}
        self.constants: dict[str, object] = {}
        self.places: dict[int, tuple[tuple[NodeId, ...], NodeId]] = {}
        self.holders: list[_Child] = []
        self.paths: dict[NodeId, str] = {}

    def written(self) -> _Made:
        is_root = self.scope is self.drawer.sketch.root
        inputs = {} if is_root else self._entries()
        for child in self.drawer.children[self.scope]:
            if isinstance(child, Item):
                self._item(child)
            else:
                self._instance(child)
        outputs = {} if is_root else self._ends()
        announced = {port: _announced(self.drawer.sketch.specs[wire]) for wire, port in self.ports.items()}
        known = {port: (spec.get("shape", ()), spec.get("dtype", "")) for port, spec in announced.items()}
        origin = Origin(self.scope.label, self.scope.path, self.paths, known)  # type: ignore[arg-type]
        slots, constants = tuple(self.slots.items()), tuple(self.constants.items())
        return _Made(self.graph, inputs, outputs, slots, constants, self.places, origin)

    def _entries(self) -> dict[Wire, str]:
        """The Input nodes, in the order of the arguments."""
        called = self.drawer.sketch.names.get(self.scope, {})
        order = {wire: i for i, wire in enumerate(called)}
        wires = sorted(self.drawer.entering[self.scope], key=lambda w: (order.get(w, len(order)), w))
        single = len(wires) == 1
        entries = {}
        for wire in wires:
            spec = self.drawer.sketch.specs[wire]
            wish = called.get(wire, "x" if single else "x1")
            node = self._add(INPUT, identifier(wish, "x"), _announced(spec))
            self.ports[wire] = Port(node.id, "output")
            entries[wire] = node.name
        return entries

    def _ends(self) -> dict[Wire, str]:
        wires = self.drawer.leaving[self.scope]
        ends = {}
        for wire in wires:
            node = self._add(OUTPUT, "output" if len(wires) == 1 else "output1", {})
            self.graph = self.graph.connect(Link(self.ports[wire], Port(node.id, "input")))
            ends[wire] = node.name
        return ends

    def _add(self, type_id: str, wish: str, params: Mapping[str, Value]) -> Node:
        node = Node(f"n{len(self.graph.nodes) + 1}", type_id, self.names.take(wish), params)
        self.graph = self.graph.add(node)
        return node

    def _item(self, item: Item) -> None:
        node = self._add(item.type, identifier(self.drawer.name_of(item), "node1"), item.params)
        for port, wire in item.inputs.items():
            self.graph = self.graph.connect(Link(self.ports[wire], Port(node.id, port)))
        for port in item.outputs:
            self.ports[Wire(item.number, port)] = Port(node.id, port)
        self.places[item.number], self.paths[node.id] = ((), node.id), item.path
        names, keys = tuple(n for n, _ in item.weights), tuple(k for _, k in item.weights)
        self._hold(_Child(node, keys, names, item))
        if item.constant is not None:
            self.constants[node.name] = item.constant

    def _instance(self, scope: Scope) -> None:
        made = self.drawer._made(scope)
        block = self.drawer.block_for(scope, made)
        tail = scope.path.rpartition(".")[2]
        stem = stem_of(scope.label, "block")
        node = self._add(PREFIX + block, identifier(f"{stem}{tail}" if tail.isdecimal() else tail or stem, stem), {})
        self.paths[node.id] = scope.path
        for wire, port in made.inputs.items():
            self.graph = self.graph.connect(Link(self.ports[wire], Port(node.id, port)))
        for wire, port in made.outputs.items():
            self.ports[wire] = Port(node.id, port)
        for number, (way, inner) in made.places.items():
            self.places[number] = ((node.id, *way), inner)
        names, keys = tuple(n for n, _ in made.slots), tuple(k for _, k in made.slots)
        if self._hold(_Child(node, keys, names, scope)):
            self.constants |= {f"{node.name}.{name}": tensor for name, tensor in made.constants}

    # ---- weights

    def _hold(self, child: _Child) -> bool:
        """Take the tensors of a node into account: its own, or those of a node that it shares with. Whether it has a module."""
        if not child.keys:
            return True
        mine = set(child.keys)
        for other in self.holders:
            if not mine & set(other.keys):
                continue
            if not self._can_share(child, other):
                scopes = {c.source for c in (child, other) if isinstance(c.source, Scope)}
                if scopes:
                    raise _Dissolve(scopes)
                raise self._refusal(child, other)
            leader = other.node.shares or other.node.id
            self.graph = self.graph.put(replace(self.graph.nodes[child.node.id], shares=leader))
            child.node = self.graph.nodes[child.node.id]
            break
        taken = {key for other in self.holders for key in other.keys}
        same = any(other.node.type == child.node.type and set(other.keys) == mine for other in self.holders)
        for name, key in zip(child.names, child.keys, strict=True):
            if not same and (child.node.shares is None or key not in taken):
                self.slots[f"{child.node.name}.{name}".rstrip(".")] = key
        self.holders.append(child)
        return not same

    def _can_share(self, child: _Child, other: _Child) -> bool:
        if child.node.type == other.node.type:
            settings = not isinstance(child.source, Item) or child.node.params == other.node.params
            return child.keys == other.keys and settings
        if not (isinstance(child.source, Item) and isinstance(other.source, Item)):
            return False
        if not (child.node.type.startswith("torch.") and other.node.type.startswith("torch.")):
            return False
        theirs = dict(zip(other.names, other.keys, strict=True))
        pairs = list(zip(child.names, child.keys, strict=True))
        common = {name for name, key in pairs if key in theirs.values()}
        return all(theirs.get(name) == key for name, key in pairs if name in common)

    def _refusal(self, child: _Child, other: _Child) -> Conflict:
        item = child.source
        assert isinstance(item, Item)
        reason = msg("it uses a tensor that '{other}' uses in another way, and nodes cannot share it as they are. Give one of them a "
                     "tensor of its own.", other=other.node.name)  # fmt: skip
        conflict = Conflict(child.node.name, item.place, reason)
        conflict.keys = frozenset(child.keys) & frozenset(other.keys)
        return conflict


def _announced(spec: Spec) -> dict[str, Value]:
    """What an Input node of a block says of its shape and kind."""
    shape = tuple(size for size in spec.shape[1:] if isinstance(size, int))
    whole = spec.is_batch and len(shape) == len(spec.shape) - 1 and all(shape)
    kind = spec.dtype if spec.dtype in ("int64", "bool") else "float32"
    return {**({"shape": shape} if whole else {}), **({"dtype": kind} if kind != "float32" else {})}


def nodes_in(project: Project) -> Iterator[Node]:
    """Every node of the project and its blocks."""
    for graph in (project.graph, *(block.graph for block in project.blocks.values())):
        yield from graph.nodes.values()


__all__: Sequence[str] = ("Drawn", "draw", "nodes_in", "ordered_inputs")
