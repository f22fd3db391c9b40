"""The drawing as an immutable value: an edit is a method that returns a new value."""

from __future__ import annotations

import keyword
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import count
from typing import NamedTuple, Self

from graph.messages import EditError, Message, msg
from graph.plan import Choice, Plan

NodeId = str
Scalar = bool | int | float | str | None
Value = Scalar | tuple[Scalar, ...]
Position = tuple[float, float]

# Names that a submodule cannot have: the attributes of torch.nn.Module (a test compares with torch).
MODULE_ATTRIBUTES = frozenset(
    """T_destination add_module apply bfloat16 buffers call_super_init children compile cpu cuda
    double dump_patches eval extra_repr float forward get_buffer get_extra_state get_parameter
    get_submodule half ipu load_state_dict modules mtia named_buffers named_children named_modules
    named_parameters parameters register_backward_hook register_buffer register_forward_hook
    register_forward_pre_hook register_full_backward_hook register_full_backward_pre_hook
    register_load_state_dict_post_hook register_load_state_dict_pre_hook register_module
    register_parameter register_state_dict_post_hook register_state_dict_pre_hook requires_grad_
    set_extra_state set_submodule share_memory state_dict to to_empty train training type xpu
    zero_grad self model torch nn math""".split()
)
MAX_NAME = 64


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
    extra: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Graph:
    """Nodes and links. Every method that edits returns a new graph and leaves this one alone.

    `links` has at most one link an input, so it is keyed by the target port.
    """

    nodes: Mapping[NodeId, Node] = field(default_factory=dict)
    links: Mapping[Port, Link] = field(default_factory=dict)

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

    def node_named(self, name: str) -> Node | None:
        """The node of that name, or None."""
        return next((node for node in self.nodes.values() if node.name == name), None)

    def free_name(self, stem: str) -> str:
        """The first of stem1, stem2, ... that no node has."""
        return _free_name(stem, self.names)

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
        """Remove nodes and every link that touches them."""
        gone = set(ids)
        return replace(
            self,
            nodes={k: v for k, v in self.nodes.items() if k not in gone},
            links={k: v for k, v in self.links.items() if v.source.node not in gone and k.node not in gone},
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
        return replace(self, links={k: v for k, v in self.links.items() if v not in gone})

    def set_params(self, node: NodeId, values: Mapping[str, Value]) -> Self:
        """Set parameters of a node, keeping its others."""
        return self.put(replace(self.require(node), params={**self.nodes[node].params, **values}))

    def reset_params(self, node: NodeId, names: Iterable[str]) -> Self:
        """Give parameters of a node back to their defaults (or to `auto`)."""
        gone = set(names)
        params = {k: v for k, v in self.require(node).params.items() if k not in gone}
        return self.put(replace(self.nodes[node], params=params))

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
        moved = {k: replace(self.require(k), position=(float(x), float(y))) for k, (x, y) in positions.items()}
        return replace(self, nodes={**self.nodes, **moved})

    def put(self, node: Node) -> Self:
        """Put a changed node in the place of the one with its id."""
        self.require(node.id)
        return replace(self, nodes={**self.nodes, node.id: node})

    def only(self, ids: Iterable[NodeId]) -> Self:
        """The part of the drawing with these nodes and the links between them."""
        kept = set(ids)
        return replace(
            self,
            nodes={k: v for k, v in self.nodes.items() if k in kept},
            links={k: v for k, v in self.links.items() if v.source.node in kept and k.node in kept},
        )

    def merge(self, part: Graph, offset: Position = (0.0, 0.0)) -> tuple[Self, dict[NodeId, NodeId]]:
        """Add a copy of another drawing, with fresh ids and free names.

        Returns:
            The new graph, and for each id of `part` the id of its copy.
        """
        numbers = count(int(self.free_id()[1:]))
        nodes, names, ids = dict(self.nodes), set(self.names), {}
        for node in part.nodes.values():
            name = node.name if node.name not in names else _free_name(node.name.rstrip("0123456789"), names)
            check_name(name, taken=names)
            names.add(name)
            ids[node.id] = new = f"n{next(numbers)}"
            x, y = node.position
            nodes[new] = replace(node, id=new, name=name, position=(x + offset[0], y + offset[1]))
        copies = (
            Link(Port(ids[source.node], source.name), Port(ids[target.node], target.name))
            for source, target in part.links.values()
        )
        return replace(self, nodes=nodes, links={**self.links, **{link.target: link for link in copies}}), ids

    def require(self, node: NodeId) -> Node:
        """The node of that id.

        Raises:
            EditError: there is none.
        """
        if node not in self.nodes:
            raise EditError(msg("There is no node '{id}' in this drawing.", id=node))
        return self.nodes[node]


@dataclass(frozen=True)
class Project:
    """A document: the drawing and the plan to train it."""

    graph: Graph = field(default_factory=Graph)
    plan: Plan = field(default_factory=Plan)
    name: str = "Network"
    extra: Mapping[str, object] = field(default_factory=dict)

    def with_graph(self, graph: Graph) -> Self:
        """The same project around another drawing."""
        return self if graph is self.graph else replace(self, graph=graph)

    def with_plan(self, plan: Plan) -> Self:
        """The same project with another training plan."""
        return self if plan is self.plan else replace(self, plan=plan)


def _free_name(stem: str, names: Container[str]) -> str:
    return next(name for i in count(1) if (name := f"{stem}{i}") not in names)


def check_name(name: str, *, taken: Container[str] = ()) -> None:
    """Refuse a name that cannot become an attribute of the generated module.

    Raises:
        EditError: it is not an ASCII identifier, is reserved, or is in use.
    """
    if not (name.isascii() and name.isidentifier()) or name.startswith("_") or len(name) > MAX_NAME:
        raise EditError(
            msg(
                "'{name}' cannot be a name: use up to {limit} letters, digits and underscores, "
                "starting with a letter, such as conv1.",
                name=name,
                limit=MAX_NAME,
            )
        )
    if keyword.iskeyword(name) or keyword.issoftkeyword(name) or name in MODULE_ATTRIBUTES:
        raise EditError(msg("'{name}' cannot be a name: Python or PyTorch uses that word. Try {name}1.", name=name))
    if name in taken:
        raise EditError(msg("Another node is called '{name}'. Choose a name that is free.", name=name))


def has_a_wire(graph: Graph, target: Port) -> Message:
    """The sentence for an input that cannot take another wire."""
    return msg(
        "Input '{port}' of '{node}' has a wire already. Remove that wire first, or drop this one on another input.",
        port=target.name,
        node=graph.nodes[target.node].name,
    )
