"""Nodes that share their weights: whether they can, which parameters that is, and that they are counted once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from math import prod

from graph import fixes
from graph.catalog import Catalog, Kind, Role
from graph.kinship import alike, model_of
from graph.messages import msg
from graph.model import Graph, Node, NodeId
from graph.problems import Fix, Problem
from runtime.analysis import NodeAnalysis
from runtime.instances import signatures

Known = Mapping[NodeId, NodeAnalysis]


def followers(graph: Graph, known: Known) -> Iterator[tuple[Node, Node]]:
    """Each node that uses the weights of another, with that other, as far as both are understood.

    The other is of its type where one that it shares with is: they have one module. Else the weights of two are tied.
    """
    understood = {i: node for i, node in graph.nodes.items() if i in known and known[i].outputs}
    for node in understood.values():
        leader = understood.get(node.shares) if node.shares else None
        if leader is not None:
            yield node, model_of(understood, node) or leader


def tied(node: Node, leader: Node, known: Known, catalog: Catalog) -> tuple[str, ...]:
    """The parameters that two layers of different types have in common: those of the same name and shape."""
    mine, theirs = (_shapes(n, known, catalog) for n in (node, leader))
    return tuple(name for name, shape in mine.items() if name and theirs.get(name) == shape)


def check_sharing(graph: Graph, known: Known, catalog: Catalog) -> Iterator[Problem]:
    """Nodes that cannot share their weights although they are meant to."""
    for node, leader in followers(graph, known):
        if node.type == leader.type and not alike(node, leader, catalog.of(node)):
            continue  # validation says so
        if node.type == leader.type and len(set(signatures([known[node.id], known[leader.id]]))) > 1:
            text = msg("'{node}' cannot share the weights of '{leader}', because other sizes arrive at it: {mine} instead of {theirs}.",
                       node=node.name, leader=leader.name, mine=_arriving(known[node.id]), theirs=_arriving(known[leader.id]))  # fmt: skip
            yield Problem("bad-sharing", text, node.id, fixes=(fixes.unshare(node),))
        elif node.type != leader.type and not tied(node, leader, known, catalog):
            text = msg("'{node}' and '{leader}' have no weights of the same name and shape that they could share ({mine}; {theirs}).",
                       node=node.name, leader=leader.name, mine=_listed(_shapes(node, known, catalog)),
                       theirs=_listed(_shapes(leader, known, catalog)))  # fmt: skip
            mends = (*_fitted(node, leader, known, catalog), fixes.unshare(node))
            yield Problem("bad-sharing", text, node.id, fixes=mends)


def _fitted(node: Node, leader: Node, known: Known, catalog: Catalog) -> Iterator[Fix]:
    """Each one setting of a node with which it has a weight of the leader's shape: out_features for an Embedding's rows."""
    found, node_type = known[node.id], catalog[node.type]
    mine, theirs = (_shapes(n, known, catalog) for n in (node, leader))
    weights = [name for name in mine if name and name in theirs]
    sizes = dict.fromkeys(size for name in weights for size in theirs[name])
    for param in (p for p in node_type.params if p.kind is Kind.INT and p.auto is None):
        for size in sizes:
            changed = {node.id: replace(found, resolved={**found.resolved, param.name: size})}
            shapes = _shapes(node, changed, catalog)
            if any(shapes.get(name) == theirs[name] for name in weights):
                yield fixes.set_param(node.id, param.name, size)


def without_shared(graph: Graph, known: Known, catalog: Catalog) -> dict[NodeId, NodeAnalysis]:
    """What is known, with shared parameters counted only where they belong."""
    counted = dict(known)
    for node, leader in followers(graph, known):
        own = known[node.id].parameters
        if node.type == leader.type:
            shared = own
        else:
            shapes = _shapes(node, known, catalog)
            shared = sum(prod(shapes[name]) for name in tied(node, leader, known, catalog))
        counted[node.id] = replace(known[node.id], parameters=own - shared)
    return counted


def _shapes(node: Node, known: Known, catalog: Catalog) -> dict[str, tuple[int, ...]]:
    node_type = catalog.of(node)
    if node_type is None or node_type.role is not Role.LAYER or not node_type.id.startswith("torch."):
        return {}
    from runtime.shapes import parameter_shapes  # imports torch

    return parameter_shapes(node_type, known[node.id].resolved)


def _arriving(found: NodeAnalysis) -> str:
    return ", ".join(map(str, found.inputs.values()))


def _listed(shapes: Mapping[str, tuple[int, ...]]) -> str:
    return ", ".join(f"{name} {' × '.join(map(str, shape))}" for name, shape in shapes.items()) or "-"
