"""The drawing as an immutable value: an edit is a method that returns a new value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import count
from typing import TYPE_CHECKING, NamedTuple, Self

from graph import kinship
from graph.look import Look, within_reach
from graph.messages import EditError, Message, msg
from graph.names import Names, check_name, first_free
from graph.plan import Choice, Plan
from graph.search import Search

if TYPE_CHECKING:
    from graph.catalog import Catalog
    from graph.nesting import Nesting

NodeId = str
Scalar = bool | int | float | str | None
Value = Scalar | tuple[Scalar, ...]
Position = tuple[float, float]


class Port(NamedTuple):
    """One end of a wire: a node and the name of one of its ports."""

    node: NodeId
    name: str


class Link(NamedTuple):
    """A wire from an output port to an input port."""

    source: Port
    target: Port


@dataclass(frozen=True, slots=True)
class Node:
    """One node of a drawing.

    `params` holds only what the person set; everything else has the default of the node type.
    `facts` is what a data node learned about its data (see `runtime.data.describe`).
    `shares` is the id of the node whose weights this one uses too. `weight_init` and `bias_init` say how its weights
    begin (see `graph.catalog.initializers`); None leaves that to the project, and then to PyTorch.
    A `bypassed` node is switched off: what arrives at it goes on as it is (see `graph.bypassing`).
    `extra` keeps the fields of a newer file format through a round trip.
    """

    id: NodeId
    type: str
    name: str
    params: Mapping[str, Value] = field(default_factory=dict)
    position: Position = (0.0, 0.0)
    facts: Mapping[str, object] | None = None
    shares: NodeId | None = None
    weight_init: Choice | None = None
    bias_init: Choice | None = None
    bypassed: bool = False
    extra: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Graph:
    """Nodes and links. Every method that edits returns a new graph and leaves this one alone.

    `links` has at most one link an input, so it is keyed by the target port. `look` has no meaning for the network.
    """

    nodes: Mapping[NodeId, Node] = field(default_factory=dict)
    links: Mapping[Port, Link] = field(default_factory=dict)
    look: Look = field(default_factory=Look)

    @cached_property
    def _ends(self) -> tuple[Mapping[NodeId, tuple[Link, ...]], Mapping[NodeId, tuple[Link, ...]]]:
        into: dict[NodeId, list[Link]] = {}
        out: dict[NodeId, list[Link]] = {}
        for link in self.links.values():
            into.setdefault(link.target.node, []).append(link)
            out.setdefault(link.source.node, []).append(link)
        return ({k: tuple(v) for k, v in into.items()}, {k: tuple(v) for k, v in out.items()})

    def incoming(self, node: NodeId) -> tuple[Link, ...]:
        """The links that end at the node."""
        return self._ends[0].get(node, ())

    def outgoing(self, node: NodeId) -> tuple[Link, ...]:
        """The links that start at the node."""
        return self._ends[1].get(node, ())

    def inputs(self, node: NodeId) -> dict[str, Port]:
        """For each connected input of the node, the output port that feeds it."""
        return {link.target.name: link.source for link in self.incoming(node)}

    @cached_property
    def names(self) -> frozenset[str]:
        """The names in use."""
        return frozenset(node.name for node in self.nodes.values())

    @cached_property
    def types(self) -> frozenset[str]:
        """The types of the nodes."""
        return frozenset(node.type for node in self.nodes.values())

    def node_named(self, name: str) -> Node | None:
        """The node of that name, or None."""
        return next((node for node in self.nodes.values() if node.name == name), None)

    def free_name(self, stem: str) -> str:
        """The first of stem1, stem2, ... that no node has."""
        return first_free(stem, self.names)

    def free_id(self) -> NodeId:
        """An id that no node has: n1, n2, ... (ids of deleted nodes below the highest are not used again)."""
        numbers = (int(i[1:]) for i in self.nodes if i[:1] == "n" and i[1:].isdecimal() and i.isascii())
        return f"n{max(numbers, default=0) + 1}"

    def add(self, node: Node) -> Self:
        """Add a node.

        Raises:
            EditError: the id is taken, or the name is not a free identifier.
        """
        if node.id in self.nodes:
            raise EditError(msg("A node with the id '{id}' exists already.", id=node.id))
        check_name(node.name, taken=self.names)
        return replace(self, nodes={**self.nodes, node.id: node})

    def remove(self, ids: Iterable[NodeId]) -> Self:
        """Remove nodes and every link that touches them. Nodes that share their weights go on sharing among themselves."""
        gone = set(ids)
        return self._with(
            kinship.heirs({k: v for k, v in self.nodes.items() if k not in gone}),
            {k: v for k, v in self.links.items() if v.source.node not in gone and k.node not in gone},
        )

    def connect(self, link: Link) -> Self:
        """Add a wire. `graph.wiring.check_connect` says beforehand whether it makes sense.

        Raises:
            EditError: the input has a wire already, or an end does not exist.
        """
        for end in link:
            self.require(end.node)
        if link.target in self.links:
            raise EditError(has_a_wire(self, link.target))
        return replace(self, links={**self.links, link.target: link})

    def disconnect(self, links: Iterable[Link]) -> Self:
        """Remove wires; those that are not there are passed over."""
        gone = set(links)
        return self._with(self.nodes, {k: v for k, v in self.links.items() if v not in gone})

    def set_params(self, node: NodeId, values: Mapping[str, Value]) -> Self:
        """Set parameters of a node, keeping its others. What shares its weights follows (see `graph.kinship.following`)."""
        params = {**self.require(node).params, **values}
        return replace(self, nodes=kinship.with_params(self.nodes, node, params))

    def reset_params(self, node: NodeId, names: Iterable[str]) -> Self:
        """Give parameters of a node back to their defaults (or to `auto`). What shares its weights follows."""
        gone = set(names)
        params = {k: v for k, v in self.require(node).params.items() if k not in gone}
        return replace(self, nodes=kinship.with_params(self.nodes, node, params))

    def kin(self, node: NodeId) -> tuple[Node, ...]:
        """The nodes that share their weights with this one, itself included, in the order of the drawing."""
        return kinship.kin(self.nodes, self.require(node).id)

    def share(self, ids: Iterable[NodeId]) -> Self:
        """Let nodes share their weights: those of the first in the drawing (see `graph.kinship.shared`).

        Raises:
            EditError: there is only one.
        """
        return replace(self, nodes=kinship.shared(self.nodes, ids))

    def unshare(self, ids: Iterable[NodeId]) -> Self:
        """Give nodes weights of their own; those that shared with them go on sharing among themselves."""
        return replace(self, nodes=kinship.alone(self.nodes, ids))

    def set_facts(self, node: NodeId, facts: Mapping[str, object] | None) -> Self:
        """Remember what a data node learned about its data."""
        return self.put(replace(self.require(node), facts=facts))

    def rename(self, node: NodeId, name: str) -> Self:
        """Give a node another name.

        Raises:
            EditError: the name is not a free identifier.
        """
        check_name(name, taken=self.names - {self.require(node).name})
        return self.put(replace(self.nodes[node], name=name))

    def move(self, positions: Mapping[NodeId, Position]) -> Self:
        """Place nodes; positions are those of the upper left corner, in canvas units."""
        moved = {k: replace(self.require(k), position=within_reach(place)) for k, place in positions.items()}
        return replace(self, nodes={**self.nodes, **moved})

    def put(self, node: Node) -> Self:
        """Put a changed node in the place of the one with its id."""
        self.require(node.id)
        return replace(self, nodes={**self.nodes, node.id: node})

    def only(self, ids: Iterable[NodeId], annotations: Iterable[str] = ()) -> Self:
        """The part of the drawing with these nodes, the links between them, and these annotations."""
        kept = set(ids)
        part = self._with(
            kinship.heirs({k: v for k, v in self.nodes.items() if k in kept}),
            {k: v for k, v in self.links.items() if v.source.node in kept and k.node in kept},
        )
        return replace(part, look=part.look.without(part.look.annotations.keys() - set(annotations)))

    def merge(self, part: Graph, offset: Position = (0.0, 0.0)) -> tuple[Self, dict[NodeId, NodeId]]:
        """Add a copy of another drawing, with fresh ids and free names.

        Returns:
            The new graph, and for each id of `part` the id of its copy.
        """
        numbers = count(int(self.free_id()[1:]))
        nodes, names, ids = dict(self.nodes), Names(self.names), {}
        for node in part.nodes.values():
            ids[node.id] = new = f"n{next(numbers)}"
            x, y = node.position
            nodes[new] = replace(
                node, id=new, name=names.take(node.name), position=within_reach((x + offset[0], y + offset[1]))
            )
        for new in (i for i in ids.values() if nodes[i].shares is not None):
            nodes[new] = replace(nodes[new], shares=ids.get(nodes[new].shares or ""))
        copies = (
            Link(Port(ids[source.node], source.name), Port(ids[target.node], target.name))
            for source, target in part.links.values()
        )
        links = {**self.links, **{link.target: link for link in copies}}
        return replace(self, nodes=nodes, links=links, look=self.look.joined(part.look, ids, offset)), ids

    def _with(self, nodes: Mapping[NodeId, Node], links: Mapping[Port, Link]) -> Self:
        """With fewer nodes and links; what the look says of the others goes too."""
        made = replace(self, nodes=nodes, links=links)
        return replace(made, look=made.look.fitting(made))

    def require(self, node: NodeId) -> Node:
        """The node of that id.

        Raises:
            EditError: there is none.
        """
        if node not in self.nodes:
            raise EditError(msg("There is no node '{id}' in this drawing.", id=node))
        return self.nodes[node]


class BlockParam(NamedTuple):
    """A parameter of a block. The nodes in the block refer to it by its name: `=4 * channels` (see `graph.blocks`)."""

    name: str
    default: int | float | bool
    help: str = ""


@dataclass(frozen=True)
class Block:
    """A drawing with a name, to be used in other drawings: its Input and Output nodes are the ports of every instance."""

    id: str
    name: str
    graph: Graph = field(default_factory=Graph)
    params: tuple[BlockParam, ...] = ()
    help: str = ""
    extra: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Code:
    """Python that the person wrote: an `nn.Module` or a function of tensors, to be used as a node (see `graph.code`)."""

    id: str
    name: str
    text: str
    extra: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Definitions:
    """What a document defines besides its drawing, by id. The type of a node that uses it is `block.ID` or `code.ID`."""

    blocks: Mapping[str, Block] = field(default_factory=dict)
    codes: Mapping[str, Code] = field(default_factory=dict)

    @cached_property
    def catalog(self) -> Catalog:
        """Every node type that can be used in this document."""
        from graph.catalog.definitions import catalog_of  # the catalogue is described in terms of this module

        return catalog_of(self)

    @cached_property
    def nesting(self) -> Nesting:
        """How the blocks contain each other."""
        from graph.nesting import nesting_of  # needs the catalogue

        return nesting_of(self)

    @property
    def names(self) -> frozenset[str]:
        """The names in use."""
        return frozenset(d.name for part in (self.blocks, self.codes) for d in part.values())

    def free_id(self, letter: str) -> str:
        """An id that no definition has: b1, b2, ... for the letter b."""
        taken = {*self.blocks, *self.codes}
        return next(i for n in count(1) if (i := f"{letter}{n}") not in taken)

    def put_block(self, block: Block) -> Self:
        """Add a block, or put a changed one in the place of the one with its id."""
        return replace(self, blocks={**self.blocks, block.id: block})

    def put_code(self, code: Code) -> Self:
        """Add code, or put changed code in the place of that with its id."""
        return replace(self, codes={**self.codes, code.id: code})

    def remove(self, definition: str) -> Self:
        """Forget a definition. Nodes that use it become nodes of an unknown type."""
        blocks, codes = ({k: v for k, v in d.items() if k != definition} for d in (self.blocks, self.codes))
        return replace(self, blocks=blocks, codes=codes)


Scope = str | None  # the id of the block whose drawing is meant; None is that of the project itself


@dataclass(frozen=True)
class Project:
    """A document: the drawing, the plan to train it, and the blocks that it is made of.

    `weight_init` and `bias_init` say how weights begin whose layer does not say so; `search` says what a sweep may change.
    """

    graph: Graph = field(default_factory=Graph)
    plan: Plan = field(default_factory=Plan)
    name: str = "Network"
    extra: Mapping[str, object] = field(default_factory=dict)
    definitions: Definitions = field(default_factory=Definitions)
    weight_init: Choice | None = None
    bias_init: Choice | None = None
    search: Search = field(default_factory=Search)

    @property
    def blocks(self) -> Mapping[str, Block]:
        """The blocks of the document by id."""
        return self.definitions.blocks

    @property
    def catalog(self) -> Catalog:
        """Every node type that can be used in this document."""
        return self.definitions.catalog

    @cached_property
    def running(self) -> Project:
        """The project as it runs: without the nodes that are bypassed."""
        from graph.bypassing import running  # needs the catalogue

        return running(self)

    def with_graph(self, graph: Graph) -> Self:
        """The same project around another drawing."""
        return self if graph is self.graph else replace(self, graph=graph)

    def with_plan(self, plan: Plan) -> Self:
        """The same project with another training plan."""
        return self if plan is self.plan else replace(self, plan=plan)

    def with_block(self, block: Block) -> Self:
        """The same project with this form of a block."""
        return replace(self, definitions=self.definitions.put_block(block))

    def drawing(self, scope: Scope) -> Graph:
        """The drawing of a block, or that of the project."""
        return self.graph if scope is None else self.blocks[scope].graph

    def with_drawing(self, scope: Scope, graph: Graph) -> Self:
        """The same project with another drawing in that place."""
        if scope is None:
            return self.with_graph(graph)
        block = self.blocks[scope]
        return self if graph is block.graph else self.with_block(replace(block, graph=graph))

    def inside(self, scope: Scope) -> Self:
        """The project as it is seen from inside a block: that block's drawing in the place of its own."""
        return self if scope is None else replace(self, graph=self.blocks[scope].graph)


def has_a_wire(graph: Graph, target: Port) -> Message:
    """The sentence for an input that cannot take another wire."""
    return msg(
        "Input '{port}' of '{node}' has a wire already. Remove that wire first, or drop this one on another input.",
        port=target.name, node=graph.nodes[target.node].name,
    )  # fmt: skip
