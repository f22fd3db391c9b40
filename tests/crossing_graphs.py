"""The drawings on which Tidy up is compared with Graphviz `dot`: shipped ones, classics, and seeded random ones."""

from __future__ import annotations

import random
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

from graph import files
from graph.model import Graph, Link, Node, Port

ROOT = Path(__file__).resolve().parent.parent
SHIPPED = ("unet", "gpt2_small", "densenet121", "resnet50", "mobilenet_v2", "vit_b_16")
RANDOM = ((20, 4, 1), (30, 5, 2), (40, 6, 3), (60, 6, 4), (80, 8, 5), (100, 8, 6), (120, 10, 7))  # nodes, layers, seed
REACH = 3  # layers that a wire of a random drawing may go


def crossing_graphs() -> dict[str, Graph]:
    """All of them, by name."""
    found = {name: graph for file in SHIPPED for name, graph in _shipped(file)}
    found["DenseNet block of 6"] = _drawn(f"n{a} n{b}" for a in range(7) for b in range(a + 1, 7))
    found["U-Net of 5 levels"] = _drawn(_u_net(5))
    found["attention of 8 heads"] = _drawn(_attention(8))
    found["Inception"] = _drawn(_inception(3))
    found |= {f"random {nodes}": _layered(nodes, layers, seed) for nodes, layers, seed in RANDOM}
    return found


def edges(graph: Graph) -> list[tuple[str, str]]:
    """The wires as pairs of nodes."""
    return list(dict.fromkeys((link.source.node, link.target.node) for link in graph.links.values()))


def _shipped(file: str) -> Iterable[tuple[str, Graph]]:
    project = files.from_text((ROOT / "resources" / "architectures" / f"{file}.layerloom").read_text("utf-8"))
    graphs = {file: project.graph} | {f"{file}: {b.name}": b.graph for b in project.definitions.blocks.values()}
    return ((name, graph) for name, graph in graphs.items() if len(graph.links) > len(graph.nodes))


def _drawn(wires: Iterable[str]) -> Graph:
    pairs = [wire.split() for wire in wires]
    links = [Link(Port(a, "output"), Port(b, f"input{i}")) for i, (a, b) in enumerate(pairs)]
    return Graph({n: Node(n, "t", n) for pair in pairs for n in pair}, {link.target: link for link in links})


def _u_net(levels: int) -> Iterable[str]:
    for i in range(levels):
        yield from (f"in{i} down{i}", f"down{i} in{i + 1}", f"up{i + 1} join{i}", f"down{i} join{i}", f"join{i} up{i}")
    yield f"in{levels} up{levels}"


def _attention(heads: int) -> Iterable[str]:
    for i in range(heads):
        for name in "qkv":
            yield f"x {name}{i}"
        yield from (f"q{i} score{i}", f"k{i} score{i}", f"score{i} soft{i}", f"soft{i} mix{i}", f"v{i} mix{i}")
        yield f"mix{i} cat"


def _inception(modules: int) -> Iterable[str]:
    for i in range(modules):
        for branch, depth in enumerate((1, 2, 3, 2)):
            way = [f"cat{i}", *(f"m{i}b{branch}d{d}" for d in range(depth)), f"cat{i + 1}"]
            yield from (f"{a} {b}" for a, b in pairwise(way))


def _layered(nodes: int, layers: int, seed: int) -> Graph:
    """A drawing in layers that begins with one node: a wire from an earlier layer into every node, and half as many again."""
    chance = random.Random(seed)
    layer_of = [i if i < layers else chance.randrange(1, layers) for i in range(nodes)]

    def feeder(node: int) -> int:
        low = max(0, layer_of[node] - chance.choice((1, 1, 1, REACH)))
        return chance.choice([i for i in range(nodes) if low <= layer_of[i] < layer_of[node]])

    later = [i for i in range(nodes) if layer_of[i]]
    wires = [(feeder(i), i) for i in later] + [(feeder(i), i) for i in chance.choices(later, k=nodes // 2)]
    return _drawn(f"n{a} n{b}" for a, b in dict.fromkeys(wires))
