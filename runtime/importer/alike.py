"""Blocks that differ in a few numbers only become one, and what differs its parameters: the stages of a ResNet are one drawing."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from graph.binding import SIGN
from graph.blocks import check_param_name
from graph.catalog.definitions import INPUT, PREFIX
from graph.messages import EditError
from graph.model import Block, BlockParam, Definitions, Graph, Node, NodeId, Project, Value

MOST = 4  # parameters of a block: with more of them it says less than several blocks
Number = int | float
Vector = tuple[Number, ...]  # one number for each of the blocks

# What may differ, and how a parameter for it is called. Sizes may be multiples of each other.
SIZES = {
    "out_channels": "channels", "out_features": "features", "hidden_size": "hidden", "embedding_dim": "features",
    "normalized_shape": "features", "dim_feedforward": "hidden", "shape": "size", "unflattened_size": "size", "sizes": "size",
    "num_embeddings": "count", "num_heads": "heads", "nhead": "heads", "num_groups": "groups", "groups": "groups",
}  # fmt: skip
OTHERS = {"stride": "stride", "p": "dropout", "dropout": "dropout", "times": "blocks", "num_layers": "layers"}
NAMES = {**SIZES, **OTHERS}


class _Slot(NamedTuple):
    """A number in a drawing: of a setting, or of a place in one that is several numbers."""

    node: NodeId
    param: str
    place: int | None


@dataclass
class _Param:
    """A parameter to be: what it is in each of the blocks, and where it was found first."""

    vector: Vector
    kind: str
    node: str
    name: str = ""

    @property
    def usual(self) -> Number:
        """What it is in most of the blocks."""
        return Counter(self.vector).most_common(1)[0][0]


def merged(project: Project, *, most: int, labels: Mapping[str, str]) -> Project:
    """The project in which blocks of one form are one block with at most so many parameters; with none, those that are equal.

    What an Input says of its shape does not count. `labels` are the classes that blocks were made from, by their ids.
    """
    merger = _Merger(project.definitions, most, labels)
    definitions = merger.run()
    return replace(project, graph=merger.following(project.graph), definitions=definitions)


class _Merger:
    def __init__(self, definitions: Definitions, most: int, labels: Mapping[str, str]) -> None:
        self.definitions, self.most, self.labels = definitions, most, labels
        self.known: dict[
            str, tuple[str, Mapping[str, Number]]
        ] = {}  # of a block: which stands for it, with which values
        self.kept: dict[str, Block] = {}
        self.catalog = definitions.catalog

    def run(self) -> Definitions:
        """The definitions that are left; inner blocks are looked at before those around them."""
        depth = self.definitions.nesting.depth
        for level in sorted(set(depth.values())):
            self.catalog = replace(self.definitions, blocks={**self.definitions.blocks, **self.kept}).catalog
            blocks = [block for block in self.definitions.blocks.values() if depth[block.id] == level]
            found = [replace(block, graph=self.following(block.graph)) for block in blocks]
            for members in _groups(found, self._form):
                self._unite(members)
        return replace(self.definitions, blocks={i: self.kept[i] for i in self.definitions.blocks if i in self.kept})

    def following(self, graph: Graph) -> Graph:
        """A drawing whose instances are of the blocks that are left."""
        changed = {}
        for node in graph.nodes.values():
            if (found := self.known.get(node.type.removeprefix(PREFIX))) and node.type.startswith(PREFIX):
                changed[node.id] = replace(node, type=PREFIX + found[0], params={**node.params, **found[1]})
        return replace(graph, nodes={**graph.nodes, **changed})

    def _form(self, block: Block) -> object:
        """What blocks have in common that may become one."""
        nodes = tuple((n.id, n.type, n.name, n.shares, repr(tuple(self._fixed(n)))) for n in block.graph.nodes.values())
        return self.labels.get(block.id, block.name), nodes, tuple(block.graph.links.values()), block.params

    def _fixed(self, node: Node) -> Iterator[object]:
        for name, value in self._values(node):
            parts = value if isinstance(value, tuple) else (value,)
            yield name, type(value).__name__, tuple("number" if self._varies(node, name, p) else p for p in parts)

    def _exact(self, node: Node) -> object:
        return tuple(self._values(node))

    def _values(self, node: Node) -> Iterator[tuple[str, Value]]:
        """All settings of a node; not what an Input says of its shape."""
        node_type = self.catalog.get(node.type)
        known = {p.name: p.default for p in node_type.params} if node_type else {}
        for name, value in {**known, **node.params}.items():
            if node.type != INPUT or name != "shape":
                yield name, value

    def _varies(self, node: Node, name: str, value: object) -> bool:
        if not self.most or isinstance(value, bool) or not isinstance(value, (int, float)):
            return False
        return name in NAMES or (node.type.startswith(PREFIX) and name != "shared_weights")

    # ---- several blocks as one

    def _unite(self, members: Sequence[Block]) -> None:
        first = members[0]
        found = self._differences(members)
        params = _params_for(found)
        if len(params) > self.most:
            for equal in _groups(members, lambda block: repr([*map(self._exact, block.graph.nodes.values())])):
                self._unite(equal)
            return
        _name(params, first)
        graph = first.graph
        for slot, vector in found.items():
            graph = _with_expression(
                graph, slot, _expression(params, vector, slot), dict(self._values(graph.nodes[slot.node]))
            )
        own = tuple(BlockParam(p.name, p.usual) for p in params)
        self.kept[first.id] = replace(first, graph=graph, params=(*first.params, *own))
        for number, block in enumerate(members):
            values = {p.name: p.vector[number] for p in params if p.vector[number] != p.usual}
            self.known[block.id] = first.id, values

    def _differences(self, members: Sequence[Block]) -> dict[_Slot, Vector]:
        """Where the drawings have other numbers, in the order of their nodes."""
        found: dict[_Slot, Vector] = {}
        for node_id in members[0].graph.nodes:
            settings = [dict(self._values(block.graph.nodes[node_id])) for block in members]
            for name, value in settings[0].items():
                for place in range(len(value)) if isinstance(value, tuple) else (None,):
                    vector = tuple(_at(values[name], place) for values in settings)
                    if len(set(vector)) > 1:
                        found[_Slot(node_id, name, place)] = vector  # type: ignore[assignment]
        return found


def _groups(blocks: Iterable[Block], form: Callable[[Block], object]) -> list[list[Block]]:
    groups: dict[object, list[Block]] = defaultdict(list)
    for block in blocks:
        groups[form(block)].append(block)
    return list(groups.values())


def _at(value: Value, place: int | None) -> Value:
    return value[place] if isinstance(value, tuple) and place is not None else value


def _is_size(param: str) -> bool:
    return param not in OTHERS and param not in OTHERS.values()


def _kind(param: str) -> str:
    return NAMES.get(param, param)


def _multiple(vector: Vector, base: Vector) -> int | None:
    """How many times a vector is another."""
    times = vector[0] // base[0] if base[0] and all(isinstance(v, int) for v in (*vector, *base)) else 0
    return int(times) if times >= 1 and all(v == times * b for v, b in zip(vector, base, strict=True)) else None


def _params_for(found: Mapping[_Slot, Vector]) -> list[_Param]:
    """The fewest parameters that give all these numbers, in the order in which they are found."""
    params: list[_Param] = []
    order = sorted(found.items(), key=lambda entry: (entry[1], entry[0].param == "groups"))
    for slot, vector in order:
        if _source(params, vector, slot.param) is None:
            params.append(_Param(vector, _kind(slot.param), slot.node))
    places = {vector: number for number, vector in reversed(list(enumerate(found.values())))}
    return sorted(params, key=lambda p: places[p.vector])


def _source(params: Sequence[_Param], vector: Vector, param: str) -> tuple[_Param, int] | None:
    """The parameter that gives these numbers, and how many times it."""
    for known in params:
        if _is_size(known.kind) and _is_size(param):
            if (times := _multiple(vector, known.vector)) is not None:
                return known, times
        elif known.kind == _kind(param) and known.vector == vector:
            return known, 1
    return None


def _expression(params: Sequence[_Param], vector: Vector, slot: _Slot) -> str:
    found = _source(params, vector, slot.param)
    assert found is not None
    known, times = found
    return f"{SIGN}{known.name}" if times == 1 else f"{SIGN}{times} * {known.name}"


def _name(params: Sequence[_Param], block: Block) -> None:
    """Names: of several of one kind the last has the plain one, what is inside is hidden, or has that of its node before it."""
    taken: list[str] = []
    for param in params:
        same = [other for other in params if other.kind == param.kind]
        before = "hidden" if len(same) == 2 else block.graph.nodes[param.node].name
        stem = param.kind if param is same[-1] else f"{before}_{param.kind}"
        for name in (stem, *(f"{stem}{i}" for i in range(1, 100))):
            try:
                check_param_name(name, block, others=[*taken, *(p.name for p in block.params)])
            except EditError:
                continue
            param.name = name
            break
        taken.append(param.name)


def _with_expression(graph: Graph, slot: _Slot, text: str, values: Mapping[str, Value]) -> Graph:
    node, value = graph.nodes[slot.node], values[slot.param]
    if isinstance(value, tuple) and slot.place is not None:
        new: Value = tuple(text if i == slot.place else part for i, part in enumerate(value))
    else:
        new = text
    return graph.put(replace(node, params={**node.params, slot.param: new}))
