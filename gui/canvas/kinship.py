"""Which nodes of a drawing share their weights: a letter and a color for each group, the same on all of its cards."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from graph.model import Graph, NodeId

COLORS = ("metric", "speed", "validation", "rate", "good", "pooling")
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class Kin(NamedTuple):
    """The group that a node belongs to; `leads` says that the weights are its own, which the others use too."""

    letter: str
    color: str
    leader: NodeId
    leads: bool


def kinship(graph: Graph) -> dict[NodeId, Kin]:
    """The nodes that share their weights with others, each with its group."""
    followers = {node.id: node.shares for node in graph.nodes.values() if node.shares in graph.nodes}
    leaders = set(followers.values())
    groups = {leader: number for number, leader in enumerate(node for node in graph.nodes if node in leaders)}
    members = {**{leader: leader for leader in groups}, **followers}
    return {
        node: Kin(_letter(groups[leader]), COLORS[groups[leader] % len(COLORS)], leader, leads=node == leader)
        for node, leader in members.items()
        if leader is not None
    }


def families(kin: Mapping[NodeId, Kin]) -> dict[NodeId, frozenset[NodeId]]:
    """The members of each group, by its leader."""
    found: dict[NodeId, set[NodeId]] = {}
    for node, group in kin.items():
        found.setdefault(group.leader, set()).add(node)
    return {leader: frozenset(members) for leader, members in found.items()}


def _letter(number: int) -> str:
    """A to Z, then A2, B2, …"""
    turn, place = divmod(number, len(_LETTERS))
    return _LETTERS[place] + (str(turn + 1) if turn else "")
