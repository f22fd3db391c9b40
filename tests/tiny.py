"""A tiny catalogue of arithmetic nodes, and drawings in one line: what tests of the graph need."""

from __future__ import annotations

from graph.catalog import Catalog, Kind, NodeType, Param, PortType, Role
from graph.model import Graph, Link, Node, Port, Project

X = PortType(name="x")
TARGET = PortType(name="target", dtype="integer", target=True)
FACTS = {
    "samples": 3,
    "outputs": {"value": {"shape": [2], "dtype": "float32"}, "answer": {"shape": [], "dtype": "int64", "classes": 4}},
}


def _type(name: str, role: Role, inputs: tuple[PortType, ...], *outputs: PortType, **more) -> NodeType:
    return NodeType(
        id=name,
        label=name.title(),
        family="tiny",
        role=role,
        help="A node.",
        stem=name,
        inputs=inputs,
        outputs=outputs,
        **more,
    )


FACTOR = Param(name="factor", kind=Kind.INT, default=2, minimum=1, help="The factor.")
DTYPE = Param(name="dtype", kind=Kind.CHOICE, default="float32", choices=("float32", "int64"), help="The dtype.")
TINY = Catalog(
    (
        _type("numbers", Role.DATA, (), PortType(name="value", dtype="float"),
              PortType(name="answer", dtype="integer", target=True)),
        _type("given", Role.INPUT, (), PortType(name="out"), params=(DTYPE,)),
        _type("times", Role.LAYER, (X,), PortType(name="out"), params=(FACTOR,)),
        _type("weight", Role.LAYER, (PortType(name="x", dtype="float"),), PortType(name="out"), trainable=True),
        _type("sum", Role.OPERATION, (PortType(name="term", variadic=True),), PortType(name="out")),
        _type("minus", Role.OPERATION, (X, PortType(name="y")), PortType(name="out")),
        _type("goal", Role.LOSS, (X, TARGET), PortType(name="out")),
        _type("score", Role.METRIC, (X, TARGET)),
        _type("result", Role.OUTPUT, (X,)),
    )
)  # fmt: skip


def draw(*wires: str, **nodes: str) -> Graph:
    """A drawing whose nodes are called and identified by the keywords, of the types that those give.

    A wire is "a > b" (first output, first free input) or names ports: "a.answer > g.target". Nonsense is drawn as well.
    """
    graph = Graph({name: node(name, type_id) for name, type_id in nodes.items()})
    for wire in wires:
        source, target = (end.strip().partition(".")[::2] for end in wire.split(">"))
        output = Port(source[0], source[1] or _first_output(graph, source[0]))
        link = Link(output, Port(target[0], target[1] or _free_input(graph, target[0])))
        graph = Graph(graph.nodes, {**graph.links, link.target: link})
    return graph


def node(name: str, type_id: str, **params) -> Node:
    """A node whose name is its id; data knows its facts."""
    return Node(name, type_id, name, params, facts=FACTS if type_id == "numbers" else None)


def link(source: str, target: str) -> Link:
    """The wire between two ports that are written "node.port"."""
    return Link(Port(*source.split(".")), Port(*target.split(".")))


def trainable() -> Project:
    """The smallest drawing that can be trained."""
    graph = draw("d > w", "w > g", "d.answer > g.target", d="numbers", w="weight", g="goal")
    return Project(graph)


def _first_output(graph: Graph, name: str) -> str:
    return TINY[graph.nodes[name].type].outputs[0].name


def _free_input(graph: Graph, name: str) -> str:
    wired = graph.inputs(name)
    return next(p.name for p in TINY[graph.nodes[name].type].input_ports(wired) if p.name not in wired)
