"""Short ways to draw networks in tests."""

from __future__ import annotations

from itertools import combinations

from graph.catalog import Catalog
from graph.layout import WRAP, tidy
from graph.model import Block, BlockParam, Definitions, Graph, Link, Node, Port, Project
from graph.plan import Objective, Plan

IMAGES = {
    "samples": 1797,
    "outputs": {
        "image": {"shape": [1, 32, 32], "dtype": "float32"},
        "label": {"shape": [], "dtype": "int64", "classes": 10},
    },
    "classes": [str(i) for i in range(10)],
    "fingerprint": "sha256:0",
}
SMALL_IMAGES = {**IMAGES, "outputs": {**IMAGES["outputs"], "image": {"shape": [1, 8, 8], "dtype": "float32"}}}
TABLE = {
    "samples": 442,
    "outputs": {
        "features": {"shape": [10], "dtype": "float32"},
        "target": {"shape": [1], "dtype": "float32"},
    },
    "fingerprint": "sha256:1",
}
SHORT = {"nn": "torch.nn.", "op": "layerloom.", "metric": "layerloom.metrics.", "data": "layerloom.data."}


class Drawing:
    """Builds a project node by node: `d.add("nn.Linear", "fc1", d["image"], out_features=10)` returns its output port.

    Blocks are drawn the same way: `as_block` gives the definitions that have the drawing too, for the next drawing.
    """

    def __init__(self, name: str = "Net", plan: Plan | None = None, definitions: Definitions | None = None) -> None:
        self.name, self.plan, self.graph = name, plan or Plan(), Graph()
        self.definitions = definitions or Definitions()

    def add(
        self, type_id: str, name: str, *sources: Port, facts: dict | None = None, shares: str | None = None, **params
    ) -> Port:
        """Add a node, wired to its first inputs. `block.Bottleneck` is an instance of the block of that name.

        Args:
            shares: the name of the node whose weights it uses too.
        """
        leader = self.id(shares) if shares else None
        node = Node(f"n{len(self.graph.nodes) + 1}", self._type(type_id), name, params, facts=facts, shares=leader)
        node_type = self.definitions.catalog[node.type].of(node)
        self.graph = self.graph.add(node)
        for i, source in enumerate(sources):
            free = [p.name for p in node_type.input_ports(self.graph.inputs(node.id))]
            self.wire(source, name, free[i])
        return Port(node.id, node_type.outputs[0].name if node_type.outputs else "")

    def wire(self, source: Port, name: str, port: str) -> None:
        """Wire an output to the input of that name of a node."""
        self.graph = self.graph.connect(Link(source, Port(self.id(name), port)))

    def id(self, name: str) -> str:
        return self.graph.node_named(name).id

    def port(self, name: str, port: str = "output") -> Port:
        return Port(self.id(name), port)

    def ports(self, name: str) -> tuple[Port, ...]:
        """All outputs of a node."""
        node = self.graph.node_named(name)
        return tuple(Port(node.id, port.name) for port in self.definitions.catalog.of(node).outputs)

    def as_block(self, *params: BlockParam, help: str = "", wrap: int = WRAP) -> Definitions:
        """The definitions with this drawing as a block, laid out; after `wrap` columns a new row begins."""
        block = Block(self.definitions.free_id("b"), self.name, self._placed(wrap), params, help)
        return self.definitions.put_block(block)

    @property
    def project(self) -> Project:
        return Project(self.graph, self.plan, self.name, definitions=self.definitions)

    @property
    def placed(self) -> Project:
        """The project, laid out."""
        return self.project.with_graph(self._placed(WRAP))

    def _placed(self, wrap: int) -> Graph:
        from gui.canvas.geometry import card_shapes  # most drawings of the tests need no window

        catalog = self.definitions.catalog
        sizes, shapes = card_sizes(self.graph, catalog), card_shapes(self.graph, catalog)
        return self.graph.move(tidy(self.graph, sizes=sizes, ports=shapes, wrap=wrap))

    def _type(self, type_id: str) -> str:
        head, _, tail = type_id.partition(".")
        if head == "block":
            tail = next(block.id for block in self.definitions.blocks.values() if block.name == tail)
        return SHORT.get(head, f"{head}.") + tail


def card_sizes(graph: Graph, catalog: Catalog) -> dict[str, tuple[float, float]]:
    """Width and height of the cards that the window shows for the nodes."""
    from gui.canvas.geometry import WIDTH, shape_of  # most drawings of the tests need no window

    return {node.id: (WIDTH, shape_of(graph, node, catalog).height) for node in graph.nodes.values()}


def overlapping(graph: Graph, catalog: Catalog) -> list[tuple[str, str]]:
    """The names of the nodes whose cards touch each other."""
    sizes = card_sizes(graph, catalog)

    def apart(a: Node, b: Node, axis: int) -> bool:
        first, second = sorted((a, b), key=lambda node: node.position[axis])
        return second.position[axis] > first.position[axis] + sizes[first.id][axis]

    pairs = combinations(graph.nodes.values(), 2)
    return [(a.name, b.name) for a, b in pairs if not (apart(a, b, 0) or apart(a, b, 1))]


def with_images(name: str = "Net", facts: dict = IMAGES, plan: Plan | None = None) -> tuple[Drawing, Port, Port]:
    """A drawing with digits in it, and their image and label ports."""
    d = Drawing(name, plan)
    d.add(
        "data.Images", "digits", facts=facts, source="builtin:digits", image_size=facts["outputs"]["image"]["shape"][1]
    )
    return d, d.port("digits", "image"), d.port("digits", "label")


def lenet5(plan: Plan | None = None) -> Drawing:
    """LeNet-5 on 32 x 32 digits, with its loss and accuracy."""
    d, x, label = with_images("LeNet5", plan=plan)
    for i, channels in ((1, 6), (2, 16)):
        x = d.add("nn.Conv2d", f"conv{i}", x, out_channels=channels, kernel_size=5)
        x = d.add("nn.Tanh", f"tanh{i}", x)
        x = d.add("nn.AvgPool2d", f"pool{i}", x, kernel_size=2)
    x = d.add("nn.Flatten", "flatten", x)
    for i, features in ((1, 120), (2, 84)):
        x = d.add("nn.Linear", f"fc{i}", x, out_features=features)
        x = d.add("nn.Tanh", f"tanh{i + 2}", x)
    x = d.add("nn.Linear", "logits", x, out_features=10)
    d.add("nn.CrossEntropyLoss", "loss", x, label)
    d.add("metric.Accuracy", "accuracy", x, label)
    return d


def mlp(plan: Plan | None = None, hidden: tuple[int, ...] = (64, 32)) -> Drawing:
    """A multilayer perceptron on 8 x 8 digits, with its loss and accuracy."""
    d, x, label = with_images("Mlp", SMALL_IMAGES, plan=plan)
    x = d.add("nn.Flatten", "flatten", x)
    for i, features in enumerate(hidden, 1):
        x = d.add("nn.Linear", f"fc{i}", x, out_features=features)
        x = d.add("nn.ReLU", f"relu{i}", x)
    x = d.add("nn.Linear", "logits", x, out_features=10)
    d.add("nn.CrossEntropyLoss", "loss", x, label)
    d.add("metric.Accuracy", "accuracy", x, label)
    return d


def plan_with(**objective) -> Plan:
    """A plan with one objective of these settings."""
    return Plan(objectives=(Objective(**objective),))
