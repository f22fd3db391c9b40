"""Spoils drawings at random, the way that people, other programs and other versions do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random

from graph.messages import EditError
from graph.model import BlockParam, Graph, Link, Node, Port, Project

VALUES = ("=1/0", "=width", "=nope", "=2 * width", 0, -1, 1, 3, 2.5, True, None, "x", "both", "scan", "repeat", (1, 2), ("=width", -1),
          10**6, "lengths", "=hidden")  # fmt: skip
PARAMS = (
    "use",
    "times",
    "state",
    "shape",
    "whole",
    "width",
    "direction",
    "shared_weights",
    "out_features",
    "dim",
    "nonsense",
)
TYPES = ("torch.nn.Linear", "layerloom.Output", "layerloom.Input", "layerloom.Add", "somebody.Else", "block.b1", "block.gone",
         "torch.nn.LSTM", "torch.nn.CrossEntropyLoss", "layerloom.data.Table")  # fmt: skip
NAMES = ("x", "forward", "t", "range", "layer", "lengths")
PORTS = ("input", "other", "gone", "lengths", "input0", "input1", "output")
BLOCK_PARAMS = ("width", "use", "x1", "range", "lambda", "hidden", "1x", "i")
TITLES = ("Linear", "nn", "Net", "super", "Block1", "range", "None")


def mutated(project: Project, random: Random) -> Project:
    """The project with one thing changed, for the worse more often than not."""
    scope = random.choice([None, *project.blocks])
    graph = project.drawing(scope)
    if not graph.nodes or random.random() < 0.2:
        return _definitions(project, random)
    one, other = random.choice([*graph.nodes.values()]), random.choice([*graph.nodes.values()])
    try:
        return project.with_drawing(scope, random.choice(_CHANGES)(graph, one, other, random))
    except EditError:
        return project


def _definitions(project: Project, random: Random) -> Project:
    if not project.blocks:
        return project
    block = random.choice([*project.blocks.values()])
    param = BlockParam(random.choice(BLOCK_PARAMS), random.choice([1, 2, True, 0.5, 1e300, -3]))
    return random.choice(
        [
            lambda: replace(project, definitions=project.definitions.remove(block.id)),
            lambda: project.with_block(replace(block, params=(*block.params, param))),
            lambda: project.with_block(replace(block, params=block.params[1:])),
            lambda: project.with_block(replace(block, name=random.choice(TITLES))),
        ]
    )()


def _set(graph: Graph, one: Node, other: Node, random: Random) -> Graph:
    return graph.set_params(one.id, {random.choice([*one.params, *PARAMS]): random.choice(VALUES)})


def _retype(graph: Graph, one: Node, other: Node, random: Random) -> Graph:
    return graph.put(replace(one, type=random.choice([other.type, *TYPES])))


def _wire(graph: Graph, one: Node, other: Node, random: Random) -> Graph:
    target = Port(one.id, random.choice(PORTS))
    return replace(graph, links={**graph.links, target: Link(Port(other.id, random.choice(PORTS)), target)})


def _unwire(graph: Graph, one: Node, other: Node, random: Random) -> Graph:
    return graph.disconnect(graph.incoming(one.id)[:1])


def _share(graph: Graph, one: Node, other: Node, random: Random) -> Graph:
    return graph.put(replace(one, shares=random.choice([other.id, one.id, "gone", None])))


_CHANGES: tuple[Callable[[Graph, Node, Node, Random], Graph], ...] = (
    _set,
    _set,
    _retype,
    _wire,
    _unwire,
    _share,
    lambda graph, one, other, random: graph.remove([one.id]),
    lambda graph, one, other, random: graph.share([one.id, other.id]),
    lambda graph, one, other, random: graph.unshare([one.id]),
    lambda graph, one, other, random: graph.merge(graph.only([one.id, other.id]))[0],
    lambda graph, one, other, random: graph.put(replace(one, name=random.choice([*NAMES, other.name]))),
)
