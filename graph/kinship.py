"""Nodes that share their weights: who shares with whom, and which of their settings must agree for that."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from graph.messages import EditError, msg

if TYPE_CHECKING:
    from graph.catalog.types import NodeType
    from graph.model import Node, NodeId, Value

Nodes = Mapping["NodeId", "Node"]


def kin(nodes: Nodes, node: NodeId) -> tuple[Node, ...]:
    """The nodes that share their weights with this one, itself included, in the order of the drawing."""
    leader = nodes[node].shares or node
    return tuple(n for n in nodes.values() if n.id in (leader, node) or n.shares == leader)


def model_of(nodes: Nodes, node: Node) -> Node | None:
    """The node whose module a node uses: the one that it shares with, or, where that is of another type, the first of its
    own type that shares with it too. None if the node has a module of its own.
    """
    leader = nodes.get(node.shares) if node.shares else None
    if leader is None or leader is node:
        return None
    if leader.type == node.type:
        return leader
    first = next(n for n in nodes.values() if n.shares == leader.id and n.type == node.type)
    return None if first is node else first


def with_owners(nodes: Nodes, ids: Iterable[NodeId]) -> frozenset[NodeId]:
    """These nodes, and those whose weights they use."""
    wanted = [nodes[i] for i in ids]
    models = {model.id for node in wanted if (model := model_of(nodes, node)) is not None}
    leaders = {node.shares for node in wanted if node.shares in nodes and node.shares is not None}
    return frozenset({node.id for node in wanted} | models | leaders)


def shared(nodes: Nodes, ids: Iterable[NodeId]) -> Nodes:
    """The nodes, of which these share their weights: those of the first of them. Where several are of one type, they take
    the settings of the first of that type that decide its weights, and its initialization.

    Raises:
        EditError: there is only one.
    """
    chosen = set(ids) & nodes.keys()
    if len(chosen) < 2:
        raise EditError(msg("Sharing needs at least two nodes. Select those that should have the same weights."))
    members = {n.id for member in chosen for n in kin(nodes, member)}
    leader, *others = (n for n in nodes.values() if n.id in members)
    changed = {leader.id: replace(leader, shares=None)}
    models = {leader.type: leader}
    for other in others:
        model = models.setdefault(other.type, other)
        changed[other.id] = replace(
            other, shares=leader.id, params=following(other, model), weight_init=model.weight_init, bias_init=model.bias_init
        )  # fmt: skip
    return {**nodes, **changed}


def alone(nodes: Nodes, ids: Iterable[NodeId]) -> Nodes:
    """The nodes, of which these have weights of their own; those that shared with them go on sharing among themselves."""
    gone = set(ids)
    rest = heirs({k: v for k, v in nodes.items() if k not in gone})
    return {k: rest.get(k) or replace(v, shares=None) for k, v in nodes.items()}


def heirs(nodes: Nodes) -> Nodes:
    """The nodes, where the first of those that shared the weights of a node that is gone takes its place."""
    if all(node.shares is None or node.shares in nodes for node in nodes.values()):
        return nodes
    places: dict[NodeId, NodeId] = {}
    kept = {}
    for node in nodes.values():
        if node.shares is not None and node.shares not in nodes:
            heir = places.setdefault(node.shares, node.id)
            node = replace(node, shares=None if heir == node.id else heir)
        kept[node.id] = node
    return kept


# ---- settings


def with_params(nodes: Nodes, node: NodeId, params: Mapping[str, Value]) -> Nodes:
    """The nodes with other settings of one; nodes of its type that share its weights follow as far as the weights need it."""
    changed = replace(nodes[node], params=params)
    others = (n for n in kin(nodes, node) if n.type == changed.type and n.id != node)
    return {**nodes, node: changed, **{n.id: replace(n, params=following(n, changed)) for n in others}}


def alike(node: Node, other: Node, node_type: NodeType | None = None) -> bool:
    """Whether the settings of two nodes of one type allow that they share their weights.

    A setting that is left out is the default of `node_type`, their type; those of the catalogue are known without it.
    """
    known = _defaults(node, node_type)
    return {**known, **_own(node)} == {**known, **_own(other)} and _held(node) == _held(other)


def following(node: Node, model: Node) -> Mapping[str, Value]:
    """The settings of a node, changed to those of another of its type as far as the weights need it.

    A layer takes them all. An instance of a block takes the values of the block's parameters, and how it runs only where
    it would hold other modules: a call and a scan of one cell can share.
    """
    if node is model or alike(node, model):
        return node.params
    kept = node if _held(node) == _held(model) else model
    return {**_own(model), **_use(kept)}


def _defaults(node: Node, node_type: NodeType | None) -> Mapping[str, Value]:
    from graph.catalog import CATALOG  # the catalogue is described in terms of the model

    known = node_type or CATALOG.get(node.type)
    return {param.name: param.default for param in known.params} if known is not None else {}


def _own(node: Node) -> Mapping[str, Value]:
    """The settings of a layer, or of an instance without how it runs its block."""
    use = _use(node)
    return {name: value for name, value in node.params.items() if name not in use}


def _use(node: Node) -> Mapping[str, Value]:
    """How an instance runs its block, as far as it says so; nothing for a layer."""
    from graph.catalog.definitions import PREFIX, RESERVED  # the catalogue is described in terms of the model

    return {k: v for k, v in node.params.items() if k in RESERVED} if node.type.startswith(PREFIX) else {}


def _held(node: Node) -> tuple[Any, ...]:
    """What an instance holds: one module, a list of them for the runs of a repeat, or a pair for both directions."""
    from graph.catalog.definitions import BOTH, REPEAT, SCAN, USE_PARAMS

    use = {**{param.name: param.default for param in USE_PARAMS}, **_use(node)}
    if use["use"] == REPEAT and use["shared_weights"] is not True:
        return "list", use["times"], use["shared_weights"]
    return ("pair",) if use["use"] == SCAN and use["direction"] == BOTH else ("one",)
