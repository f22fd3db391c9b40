"""Hypothesis strategies for whole projects, sensible or not, as files may hold them."""

from __future__ import annotations

import string

from hypothesis import strategies as st

from graph.look import FLOWS, FRAME, NOTE, Annotation, Look, with_look
from graph.model import Block, BlockParam, Code, Definitions, Graph, Link, Node, Port, Project
from graph.plan import DEVICES, Choice, Objective, Plan, Split

TYPES = ("torch.nn.Linear", "torch.nn.Conv2d", "layerloom.Add", "layerloom.data.Images", "somebody.Else", "层")
PORTS = ("input", "output", "input0", "x y", "标签")

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
numbers = st.integers(-(2**63) + 1, 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
plain = st.none() | st.booleans() | numbers | texts
params = st.dictionaries(texts, plain | st.lists(plain, max_size=4).map(tuple), max_size=4)
json_values = st.recursive(
    plain, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3), max_leaves=6
)
extras = st.dictionaries(texts.map("x-{}".format), json_values, max_size=2)
coordinates = st.floats(-1e6, 1e6)
shares = st.floats(0, 1)
choices = st.builds(Choice, st.sampled_from(["torch.optim.Adam", "constant"]), params)
counts = st.integers(1, 1000)
ids = st.text(string.ascii_letters + string.digits + "_.-", min_size=1, max_size=8)
losses = st.lists(st.tuples(ids, coordinates), max_size=2).map(tuple)
objectives = st.builds(Objective, texts, losses, st.lists(ids, max_size=2).map(tuple), choices, choices, counts)


@st.composite
def graphs(draw) -> Graph:
    """Up to eight nodes with any links between them, cycles and unknown types included."""
    taken = draw(st.lists(ids, unique=True, max_size=8))
    nodes = {
        node_id: Node(
            node_id,
            draw(st.sampled_from(TYPES)),
            f"node{i}",
            draw(params),
            (draw(coordinates), draw(coordinates)),
            draw(st.none() | st.dictionaries(texts, json_values, max_size=3)),
            draw(st.none() | ids),
            draw(st.none() | choices),
            draw(st.none() | choices),
            draw(st.booleans()),
            draw(extras),
        )
        for i, node_id in enumerate(taken)
    }
    ports = st.builds(Port, st.sampled_from(taken), st.sampled_from(PORTS)) if taken else st.nothing()
    links = draw(st.lists(st.builds(Link, ports, ports), max_size=8)) if taken else []
    graph = Graph(nodes, {link.target: link for link in links})
    return with_look(graph, draw(looks(graph)))


@st.composite
def looks(draw, graph: Graph) -> Look:
    """Any look that belongs to a drawing."""
    points = st.tuples(coordinates, coordinates)
    areas = st.tuples(coordinates, coordinates, st.floats(1, 1e4), st.floats(1, 1e4))
    written = st.builds(Annotation, ids, st.sampled_from([FRAME, NOTE]), texts, areas, st.sampled_from(["", "accent"]))
    annotations = draw(st.lists(written, max_size=3))
    bent = draw(st.lists(st.sampled_from(list(graph.links)), max_size=2)) if graph.links else []
    collapsed = draw(st.frozensets(st.sampled_from(list(graph.nodes)))) if graph.nodes else frozenset()
    return Look(
        {annotation.id: annotation for annotation in annotations},
        {target: draw(st.lists(points, min_size=1, max_size=3).map(tuple)) for target in bent},
        collapsed,
        draw(st.sampled_from(FLOWS)),
    )


titles = st.from_regex(r"[A-Z][a-zA-Z0-9]{0,8}\Z", fullmatch=True)
block_params = st.builds(BlockParam, texts, st.booleans() | numbers, texts)


@st.composite
def definitions(draw) -> Definitions:
    """Up to three blocks and two pieces of code."""
    taken = draw(st.lists(ids, unique=True, max_size=5))
    blocks = {
        i: Block(
            i, draw(titles), draw(graphs()), tuple(draw(st.lists(block_params, max_size=2))), draw(texts), draw(extras)
        )
        for i in taken[:3]
    }
    codes = {i: Code(i, draw(titles), draw(texts), draw(extras)) for i in taken[3:]}
    return Definitions(blocks, codes)


@st.composite
def projects(draw) -> Project:
    """A project with all that a file can hold."""
    plan = Plan(
        Split(draw(shares), draw(shares), draw(shares)),
        tuple(draw(st.lists(objectives, max_size=2))),
        draw(counts),
        draw(counts),
        draw(st.integers(0, 2**63 - 1)),
        draw(st.sampled_from(DEVICES)),
    )
    sections = {name: value for name in ("plan", "layout") if (value := draw(extras))}
    begins = (draw(st.none() | choices), draw(st.none() | choices))
    return Project(draw(graphs()), plan, draw(texts), {**draw(extras), **sections}, draw(definitions()), *begins)
